"""`avsep batch --watch`: a folder that files come into while it runs; half-written ones wait until they are whole."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from engine.batch.store import load_batch, queue_path
from tests.helpers.faces import LOOKS, ClipPerson, write_clip

pytestmark = pytest.mark.slow
RATE = 16_000


def until(condition: Callable[[], bool], most_s: float = 120.0) -> None:
    stop = time.monotonic() + most_s
    while not condition():
        assert time.monotonic() < stop, "waited in vain"
        time.sleep(0.1)


def test_what_comes_into_the_folder_is_done_once_it_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AVSEP_CACHE_DIR", str(tmp_path / "cache"))
    inbox, out = tmp_path / "inbox", tmp_path / "out"
    inbox.mkdir()
    sound = (np.random.default_rng(1).standard_normal((RATE, 1)) * 0.1).astype(np.float32)
    clip = tmp_path / "clip.mp4"
    write_clip(clip, [ClipPerson(LOOKS[0], (160, 150))], sound, duration_s=1.0, sample_rate_hz=RATE)
    whole = clip.read_bytes()
    command = [sys.executable, "-m", "engine.cli", "batch", str(inbox), "-o", str(out), "--watch", "--model", "tiny"]
    process = subprocess.Popen([*command, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def items() -> list[tuple[str, str]]:
        return [(item.input.name, item.status) for item in load_batch(queue_path(out)).items]

    try:
        until(lambda: queue_path(out).exists())
        assert items() == [], "an empty folder is no error"
        (inbox / "one.mp4").write_bytes(whole)
        with (inbox / "slow.mp4").open("wb") as file:
            for part in np.array_split(np.frombuffer(whole, np.uint8), 9):
                file.write(part.tobytes())
                file.flush()
                assert ("slow.mp4", "failed") not in items()
                time.sleep(1.0)
        until(lambda: sorted(items()) == [("one.mp4", "done"), ("slow.mp4", "done")])
        (inbox / "later").mkdir()
        (inbox / "later" / "one.mp4").write_bytes(whole)
        (inbox / "bad.mp4").write_text("no video")
        until(lambda: len(items()) == 4 and all(status in ("done", "failed") for _, status in items()))
    finally:
        process.send_signal(signal.SIGINT)
        answer, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    told = json.loads(answer)
    assert (told["done"], told["failed"], told["waiting"]) == (3, 1, 0)
    assert {item["output"] for item in told["items"]} == {"one", "slow", "later/one", "bad"}
    assert all(item["attempts"] == 1 for item in told["items"])
