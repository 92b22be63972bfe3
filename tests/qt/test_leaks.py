"""The look at what a test leaves behind sees each kind of leak, and nothing where there is none."""

from __future__ import annotations

import gc
import logging
import subprocess
import sys
import threading
import weakref

import leaks
import pytest
from leaks import Standing, bad_records, left_since
from PySide6.QtCore import QCoreApplication, QEvent, QObject, QThread, QTimer
from PySide6.QtWidgets import QLabel

from avsep_gui import app as app_module
from avsep_gui.player import player as player_module
from avsep_gui.player.output import SilentOutput
from avsep_gui.state.shelf import Shelf


@pytest.fixture
def seen(qapp, monkeypatch):
    """What the look says now that it did not say before."""
    monkeypatch.setattr(leaks, "PATIENCE_S", 0.0)
    before = Standing.now()
    return lambda: left_since(before)


def test_nothing_is_seen_where_nothing_is(seen):
    assert seen() == []


def test_a_thread(seen):
    done = threading.Event()
    thread = threading.Thread(target=done.wait, name="forgotten")
    thread.start()
    assert any("forgotten" in words for words in seen())
    done.set()
    thread.join()
    assert seen() == []


def test_a_thread_of_qt(seen):
    thread = QThread()
    thread.start()
    assert any(words.startswith("running QThread") for words in seen())
    thread.quit()
    thread.wait()


def test_a_process(seen):
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert any(words.startswith(f"process {process.pid}") for words in seen())
    process.communicate(b"\n")
    assert seen() == []


def test_a_timer(seen):
    owner = QObject()
    timer = QTimer(owner)
    assert seen() == []
    timer.start(60_000)
    assert seen() == ["active timer QTimer “” of QObject “”"]
    timer.stop()


def test_an_object_of_the_window(seen):
    shelf = Shelf()
    assert seen() == ["object Shelf “”"]
    shelf.deleteLater()
    QCoreApplication.sendPostedEvents(shelf, QEvent.Type.DeferredDelete.value)
    assert seen() == ["object Shelf, deleted in Qt"]
    del shelf
    assert seen() == []


def test_a_widget(seen):
    label = QLabel()
    label.setObjectName("lost")
    assert seen() == ["widget QLabel “lost”"]
    label.deleteLater()
    assert seen() == []


@pytest.mark.logs("said on purpose")
def test_warnings_in_the_log(caplog):
    logging.getLogger("engine.somewhere").warning("said on purpose: %d", 7)
    logging.getLogger("avsep_gui.somewhere").info("by the way")
    logging.getLogger("others").error("none of ours")
    assert bad_records(caplog, ()) == ["engine.somewhere: said on purpose: 7"]
    assert bad_records(caplog, ("on purpose",)) == []


def test_a_window_that_closed_is_gone_with_all_it_had(qapp, monkeypatch):
    monkeypatch.setattr(player_module, "open_output", lambda mixer, rate: (SilentOutput(mixer, rate), True))
    app_module.configure(qapp)
    window = app_module.make_window("fake_engine")
    parts = [weakref.ref(part) for part in (window, window.document, window.player, window.workspace.timeline)]
    window.show()
    window.close()
    window.deleteLater()
    del window
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    gc.collect()
    assert [part() for part in parts] == [None] * 4
