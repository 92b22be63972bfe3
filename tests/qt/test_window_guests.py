"""A guest engine in trouble: the window says what happened, stays, and works on."""

from __future__ import annotations

import os
import sys

import pytest
from conftest import WAIT_MS

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")


@pytest.fixture
def engine_name():
    return "guest_engine"


def errors(window):
    return [notice.text for notice in window.notices.shown() if notice.level == "error"]


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        ("load-die", "ended by itself with signal 9 (SIGKILL) while loading"),
        ("load-error", "failed with “ValueError: no lips in the picture” while loading"),
        ("call-die", "ended by itself with signal 9 (SIGKILL) in a call"),
        ("call-leave", "ended by itself with exit code 3 in a call"),
        ("call-hang", "gave no answer within 2 s in a call"),
        ("call-error", "failed with “ValueError: no lips in the picture” in a call"),
        ("call-not_a_number", "gave back 8 values out of 16000 that are not numbers"),
        ("call-shorter", "gave back float32 of the shape (1, 15999)"),
        ("call-nothing", "gave back object of the shape ()"),
        pytest.param("call-memory", "ran out of memory in a call", marks=LINUX),
    ],
)
def test_the_window_says_what_happened_and_stays(qtbot, window, opened, trouble, words):
    opened(f"{trouble}.mp4")
    workers = window._runner.pids()
    window.document.pick(1)
    qtbot.waitUntil(lambda: bool(errors(window)), timeout=2 * WAIT_MS)
    assert f"The model borrowed {words}" in errors(window)[0]
    assert not window.document.voice(1).ready
    assert window._runner.pids() == workers, "the worker survives its guest"
    window.notices.clear()
    opened("call-chatter.mp4")
    window.document.pick(2)
    qtbot.waitUntil(lambda: bool(window.document.voice(2).ready), timeout=2 * WAIT_MS)
    assert not errors(window)


def test_a_guest_that_hangs_is_cancelled_with_its_job(qtbot, window, opened):
    path = opened("call-hang.mp4")
    window.document.pick(1)
    note = path.with_name(path.name + ".note")
    qtbot.waitUntil(note.exists, timeout=2 * WAIT_MS)
    pid = int(note.read_text())
    window.client.drop_jobs()
    qtbot.waitUntil(lambda: not alive(pid), timeout=WAIT_MS)


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
