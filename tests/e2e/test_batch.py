"""`avsep batch` as users run it: processes of its own, drawn clips, the `tiny` model; killed, cancelled, bad files."""

from __future__ import annotations

import csv
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from engine import api
from engine.batch.store import load_batch, queue_path
from tests.helpers.faces import LOOKS, ClipPerson, draw_face, write_clip

pytestmark = pytest.mark.slow

AVSEP = [sys.executable, "-m", "engine.cli", "batch"]
RATE = 16_000
SECONDS = 2.0


def _sound(seed: int) -> np.ndarray:
    noise = np.random.default_rng(seed).standard_normal((round(SECONDS * RATE), 2)) * 0.1
    return noise.astype(np.float32)


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three clips in a folder and one below it: persons 0 and 1 of `LOOKS`, in changing places."""
    folder = tmp_path_factory.mktemp("films")
    (folder / "more 🎤").mkdir()
    for number, name in enumerate(("talk 2.mp4", "talk 10.mp4", "more 🎤/talk.mp4")):
        left, right = (LOOKS[0], LOOKS[1]) if number != 1 else (LOOKS[1], LOOKS[0])
        people = [ClipPerson(left, (160, 150)), ClipPerson(right, (480, 150))]
        write_clip(folder / name, people, _sound(number), duration_s=SECONDS, sample_rate_hz=RATE)
    return folder


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AVSEP_CACHE_DIR", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def warm_cache(films: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where the people of the clips are found already."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("warm")
        patch.setenv("AVSEP_CACHE_DIR", str(folder))
        for film in films.rglob("*.mp4"):
            api.find_faces(film)
        yield folder


def _start(*arguments: str | Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*AVSEP, *map(str, arguments), "--model", "tiny", "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip


def _run(*arguments: str | Path, code: int = 0) -> dict[str, Any]:
    process = _start(*arguments)
    out, err = process.communicate(timeout=300)
    assert process.returncode == code, (out, err)
    assert "Traceback" not in err
    answer: dict[str, Any] = json.loads(out)
    return answer


def _results(folder: Path) -> dict[str, bytes]:
    """All results but the reports, which name times."""
    files = (path for path in folder.rglob("*") if path.suffix in (".wav", ".otio", ".mp4"))
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def _finished(folder: Path) -> dict[Path, int]:
    """When the results of what is done were written."""
    if not queue_path(folder).exists():
        return {}
    items = load_batch(queue_path(folder)).items
    outputs = [folder / output.path for item in items if item.outcome for output in item.outcome.outputs]
    return {path: path.stat().st_mtime_ns for path in outputs}


@pytest.mark.parametrize("everything", [True, False], ids=["power", "parent"])
def test_killed_again_and_again_it_gives_the_same_bytes(films: Path, tmp_path: Path, everything: bool) -> None:
    """As when the power fails, where all processes end at once; and where only the first one is killed."""
    began = time.monotonic()
    whole = _run(films, "--everyone", "-o", tmp_path / "whole")
    took_s = time.monotonic() - began
    assert (whole["done"], whole["failed"], whole["skipped"]) == (3, 0, 0)
    shutil.rmtree(tmp_path / "cache")
    out, done = tmp_path / "killed", dict[Path, int]()
    chance = random.Random(5 if everything else 6)
    for _ in range(7):
        process = _start(films, "--everyone", "-o", out, "--resume")
        try:
            process.communicate(timeout=chance.uniform(0.2, 0.6) * took_s)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL) if everything else process.kill()
            process.communicate()
        now = _finished(out)
        assert done.items() <= now.items()  # what was done stays, and is not done again
        done = now
    result = _run("--resume", "-o", out)
    assert (result["done"], result["failed"]) == (3, 0)
    assert done.items() <= _finished(out).items()
    assert _results(out) == _results(tmp_path / "whole")
    assert not list(out.rglob(".avsep-*"))
    attempts = [item["attempts"] for item in result["items"]]
    assert max(attempts) > 1, "no run was killed while it worked"


def test_what_is_left_of_a_batch_becomes_what_it_would_have_been(
    films: Path, warm_cache: Path, tmp_path: Path, monkeypatch
) -> None:
    """Also where the last file has the computer to itself: its worker computes on as many threads as before."""
    monkeypatch.setenv("AVSEP_CACHE_DIR", str(warm_cache))
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    two = [films / "talk 2.mp4", films / "talk 10.mp4"]
    _run(*two, "-o", tmp_path / "whole", "--workers", "2")
    shutil.rmtree(warm_cache / "voices")
    _run(two[0], "-o", tmp_path / "parts", "--workers", "2")
    _run(two[1], "-o", tmp_path / "parts", "--workers", "2", "--resume")
    assert _results(tmp_path / "parts") == _results(tmp_path / "whole") != {}


def test_five_bad_files_do_not_stop_the_good_ones(films: Path, warm_cache: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("AVSEP_CACHE_DIR", str(warm_cache))
    bad = tmp_path / "bad"
    bad.mkdir()
    (bad / "text.mp4").write_text("no video at all")
    (bad / "empty.mp4").touch()
    (bad / "cut.mp4").write_bytes((films / "talk 2.mp4").read_bytes()[:3000])
    write_clip(bad / "mute.mp4", [ClipPerson(LOOKS[0], (160, 150))], duration_s=1.0)
    write_clip(bad / "wall.mp4", [], _sound(9), duration_s=1.0, sample_rate_hz=RATE)
    result = _run(bad, films, bad / "missing.mp4", "-o", tmp_path / "out", "--workers", "2", code=1)
    assert (result["done"], result["failed"], result["skipped"]) == (3, 6, 0)
    codes = {Path(item["input"]).name: item["error"] and item["error"]["code"] for item in result["items"]}
    assert codes == {
        "text.mp4": "input_unreadable", "empty.mp4": "input_unreadable", "cut.mp4": "input_unreadable",
        "mute.mp4": "no_sound", "wall.mp4": "no_face", "missing.mp4": "input_unreadable",
        "talk 2.mp4": None, "talk 10.mp4": None, "talk.mp4": None,
    }  # fmt: skip
    for item in result["items"]:
        assert {"input", "status", "outputs", "error"} <= set(item)
        assert all((tmp_path / "out" / output["path"]).is_file() for output in item["outputs"])
        assert bool(item["outputs"]) == (item["status"] == "done") == (item["error"] is None)
    assert json.loads((tmp_path / "out" / "summary.json").read_text()) == result
    with (tmp_path / "out" / "summary.csv").open(newline="", encoding="utf-8") as file:
        assert [row["status"] for row in csv.DictReader(file)] == [item["status"] for item in result["items"]]
    text = (tmp_path / "out" / "summary.txt").read_text(encoding="utf-8")
    assert text.startswith("9 files: 3 done, 6 failed.") and "missing.mp4" in text

    write_clip(bad / "wall.mp4", [ClipPerson(LOOKS[0], (160, 150))], _sound(9), duration_s=1.0, sample_rate_hz=RATE)
    assert _run("--resume", "-o", tmp_path / "out", code=1)["failed"] == 6  # what failed is left alone
    again = _run("--retry", "-o", tmp_path / "out", code=1)
    assert (again["done"], again["failed"]) == (4, 5)
    assert {Path(item["input"]).name: item["attempts"] for item in again["items"]}["talk 2.mp4"] == 1


def test_the_person_on_a_photo_in_every_file(films: Path, warm_cache: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("AVSEP_CACHE_DIR", str(warm_cache))
    photo = tmp_path / "Anna.png"
    cv2.imwrite(str(photo), draw_face(400, look=LOOKS[1])[..., ::-1])
    result = _run(films, "--photo", photo, "-o", tmp_path / "out", "--name", "{number:02} {stem}", "--write", "voice")
    sides = {}
    for item in result["items"]:
        people = {person.id: person for person in api.find_faces(Path(item["input"])).people}
        sides[Path(item["input"]).name] = people[item["people"][0]].tracks[0].box_px[0] > 320
    assert sides == {"talk 2.mp4": True, "talk 10.mp4": False, "talk.mp4": True}
    assert sorted(_results(tmp_path / "out")) == ["01 talk 2.wav", "02 talk 10.wav", "03 talk.wav"]

    first = result["items"][0]["people"][0]
    same = _run(films, "--same-person", str(first), "-o", tmp_path / "same", "--write", "voice")
    assert [item["people"] for item in same["items"]] == [item["people"] for item in result["items"]]

    named = _run(films / "talk 2.mp4", "--photo", photo, "-o", tmp_path / "named")
    assert named["items"][0]["outputs"][0]["path"] == "talk 2/Anna.wav"


def test_a_manifest_says_it_for_each_file(films: Path, warm_cache: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("AVSEP_CACHE_DIR", str(warm_cache))
    manifest = films.parent / "list.csv"
    rows = [
        ["Input", "Person", "Output", "Range"],
        [f"{films.name}/talk 2.mp4", "everyone", "all", ""],
        [f"{films.name}/talk 10.mp4", "2", "two.flac", "0.5-1.5"],
        [f"{films.name}/talk 10.mp4", "", "film.mp4", ""],
    ]
    with manifest.open("w", newline="", encoding="utf-8-sig") as file:
        csv.writer(file, delimiter=";").writerows(rows)
    result = _run("--manifest", manifest, "-o", tmp_path / "out")
    assert [[output["kind"] for output in item["outputs"]] for item in result["items"]] == [
        ["voice", "voice", "rest", "timeline", "report"], ["voice"], ["video"],
    ]  # fmt: skip
    assert [item["output"] for item in result["items"]] == ["all", "two.flac", "film.mp4"]
    assert result["items"][1]["people"] == [2]


def test_cancelled_it_can_be_gone_on_with(films: Path, tmp_path: Path) -> None:
    process = _start(films, "-o", tmp_path / "out")
    queue = queue_path(tmp_path / "out")
    until = time.monotonic() + 60
    while time.monotonic() < until and not (queue.exists() and load_batch(queue).count("running")):
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130 and "Traceback" not in err
    answer = json.loads(out)
    assert answer["error"]["code"] == "cancelled" and answer["waiting"] >= 1
    assert load_batch(queue).count("running") == 0
    busy = _run("x.mp4", "-o", tmp_path / "out", code=2)
    assert "--resume" in busy["error"]["remedy"]
    assert _run("--resume", "-o", tmp_path / "out")["done"] == 3


def test_two_at_once_on_one_batch_are_refused(films: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = _start(films, "-o", out)
    until = time.monotonic() + 60
    while time.monotonic() < until and not queue_path(out).exists():
        time.sleep(0.05)
    error = _run("--resume", "-o", out, code=1)["error"]
    assert "worked on elsewhere" in error["message"]
    first.communicate(timeout=120)
    assert first.returncode == 0
