"""`avsep batch --cluster`: a real Dask cluster of three worker processes on this computer, one of which is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.batch.cluster import _look
from engine.batch.store import load_batch, queue_path
from tests.helpers.clusters import running_cluster
from tests.helpers.faces import LOOKS, ClipPerson, write_clip

pytest.importorskip("distributed")
pytestmark = pytest.mark.slow

RATE = 16_000
GOOD = 6
WORKERS = 3


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six clips of one person, a text file and an empty one."""
    folder = tmp_path_factory.mktemp("films")
    for number in range(GOOD):
        sound = (np.random.default_rng(number).standard_normal((RATE, 1)) * 0.1).astype(np.float32)
        person = ClipPerson(LOOKS[number % 2], (160, 150))
        write_clip(folder / f"{number}.mp4", [person], sound, duration_s=1.0, sample_rate_hz=RATE)
    (folder / "text.mp4").write_text("no video at all")
    (folder / "empty.mp4").touch()
    return folder


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    cache = str(tmp_path_factory.mktemp("cache"))
    with running_cluster(WORKERS, OMP_NUM_THREADS="1", AVSEP_CACHE_DIR=cache) as running:
        yield running


def start(*arguments: str | Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "engine.cli", "batch", *map(str, arguments), "--model", "tiny", "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def ended(process: subprocess.Popen[str], code: int) -> dict[str, Any]:
    out, err = process.communicate(timeout=300)
    assert process.returncode == code, (out, err)
    assert "Traceback" not in err
    answer: dict[str, Any] = json.loads(out)
    return answer


def results(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.suffix in (".wav", ".otio"))
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def wait_for_running(folder: Path) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if queue_path(folder).exists() and load_batch(queue_path(folder)).count("running"):
            return
        time.sleep(0.05)
    raise AssertionError("nothing was begun")


def test_a_worker_dies_and_every_file_ends_once_with_the_same_bytes(
    cluster: dict[str, Any], films: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    far = start(films, "-o", tmp_path / "far", "--cluster", cluster["address"], "--progress", "json")
    wait_for_running(tmp_path / "far")
    os.kill(cluster["pids"][0], signal.SIGKILL)
    result = ended(far, 1)
    assert (result["done"], result["failed"], result["waiting"]) == (GOOD, 2, 0)
    assert len(result["items"]) == GOOD + 2
    assert all(item["attempts"] == 1 for item in result["items"])
    errors = {Path(item["input"]).name: item["error"]["code"] for item in result["items"] if item["error"]}
    assert errors == {"text.mp4": "input_unreadable", "empty.mp4": "input_unreadable"}
    assert not [path for path in (tmp_path / "far").rglob(".avsep-*") if path.is_file() and path.name != "lock"]

    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    near = ended(start(films, "-o", tmp_path / "near"), 1)
    assert near["done"] == GOOD
    assert results(tmp_path / "far") == results(tmp_path / "near")
    assert len(results(tmp_path / "far")) >= 2 * GOOD


def test_cancelled_it_can_be_gone_on_with_anywhere(cluster: dict[str, Any], films: Path, tmp_path: Path) -> None:
    far = start(films, "-o", tmp_path, "--cluster", cluster["address"])
    wait_for_running(tmp_path)
    far.send_signal(signal.SIGINT)
    answer = ended(far, 130)
    assert answer["error"]["code"] == "cancelled"
    assert load_batch(queue_path(tmp_path)).count("running") == 0
    assert ended(start("--resume", "-o", tmp_path), 1)["done"] == GOOD


def test_a_graphics_card_is_asked_for_where_none_is(cluster: dict[str, Any], films: Path, tmp_path: Path) -> None:
    address = cluster["address"]
    answer = ended(start(films / "0.mp4", "-o", tmp_path, "--cluster", address, "--device", "cuda"), 1)
    error = answer["items"][0]["error"]
    assert "has a graphics card" in error["message"] and "--resources GPU=1" in error["remedy"]


def test_nobody_answers(films: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT", "1s")
    monkeypatch.setattr("engine.batch.cluster._ANSWER_S", 1.0)
    error = ended(start(films, "-o", tmp_path, "--cluster", "127.0.0.1:9"), 2)["error"]
    assert error["message"] == "No scheduler answers at “127.0.0.1:9”."
    assert "dask scheduler" in error["remedy"]


def test_a_cluster_without_workers(films: Path, tmp_path: Path) -> None:
    with running_cluster(0) as empty:
        error = ended(start(films, "-o", tmp_path, "--cluster", empty["address"]), 2)["error"]
    assert "has no workers" in error["message"] and "dask worker" in error["remedy"]


def test_what_a_worker_is_asked_first(tmp_path: Path) -> None:
    (tmp_path / "mark").touch()
    assert _look(str(tmp_path / "mark"))[0]
    assert not _look(str(tmp_path / "elsewhere" / "mark"))[0]
