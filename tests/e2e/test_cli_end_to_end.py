"""The command line as users run it: a process of its own, the sample clip, the `tiny` model."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from engine import api
from engine.metrics import si_sdr, snr
from engine.resources import resource
from tests.helpers.media_files import packet_hashes

pytestmark = pytest.mark.slow

AVSEP = [sys.executable, "-m", "engine.cli"]
SECONDS = 16.0


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copy(resource("sample/two_talkers.mp4"), tmp_path_factory.mktemp("sample")))


@pytest.fixture(scope="module", autouse=True)
def warm_cache(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The faces are found once; every command of this module then reads them from the cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AVSEP_CACHE_DIR", str(tmp_path_factory.mktemp("end_to_end")))
        api.find_faces(sample)
        yield


def _run(*arguments: str | Path, code: int = 0, **options: Any) -> dict[str, Any]:
    """Run a command with --json; its answer."""
    done = subprocess.run(
        [*AVSEP, *map(str, arguments), "--json"], capture_output=True, text=True, check=False, timeout=300, **options
    )
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_version_answers_at_once_and_loads_nothing_heavy() -> None:
    took = []
    for _ in range(5):
        start = time.perf_counter()
        done = subprocess.run([*AVSEP, "--version"], capture_output=True, text=True, check=True)
        took.append(time.perf_counter() - start)
    assert done.stdout.startswith("avsep ") and min(took) < 0.5
    code = (
        "import sys; from engine.cli import main; main(['--version']);"
        "sys.exit(any(name in sys.modules for name in ('numpy', 'torch', 'av', 'cv2', 'scipy', 'PySide6')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, stdout=subprocess.DEVNULL).returncode == 0


def test_from_a_face_to_its_voice(sample: Path, tmp_path: Path) -> None:
    people = _run("faces", sample, "--thumbnails", tmp_path / "faces")["people"]
    assert len(people) == 2 and all(Path(person["thumbnail"]).exists() for person in people)
    track = people[1]["tracks"][0]
    left, top, right, bottom = track["box_px"]
    at = f"{(track['start_s'] + track['end_s']) / 2},{(left + right) / 2},{(top + bottom) / 2}"
    output = tmp_path / "voice.wav"
    result = _run("separate", sample, "--at", at, "--model", "tiny", "-o", output, "--device", "cpu")
    assert result["outputs"] == [{"path": str(output), "person": people[1]["id"], "kind": "voice"}]
    assert (result["model"], result["device"]) == ("tiny", "cpu")
    assert result["null_test_db"] <= -120 and result["offset_samples"] == 0
    media, info = _run("probe", sample), soundfile.info(output)
    assert (info.samplerate, info.channels) == (media["audio"][0]["sample_rate_hz"], media["audio"][0]["channels"])
    assert info.frames == api.decode_audio(sample).n_samples == round(SECONDS * info.samplerate)


def test_everyone_into_a_folder_adds_up_to_the_original(sample: Path, tmp_path: Path) -> None:
    result = _run("separate", sample, "--everyone", "--model", "tiny", "-o", tmp_path / "out", "--progress", "json")
    kinds = [output["kind"] for output in result["outputs"]]
    assert kinds == ["voice", "voice", "rest", "timeline", "report"]
    sounds = [
        soundfile.read(tmp_path / "out" / output["path"], dtype="float32")[0]
        for output in result["outputs"]
        if output["kind"] in ("voice", "rest")
    ]
    original = api.decode_audio(sample).open()
    assert 20 * np.log10(np.abs(sum(map(np.float64, sounds)) - original).max()) <= -120
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert result.pop("estimate")["output_bytes"] == sum(sound.nbytes for sound in sounds)
    assert result.items() <= report.items() and report["input"]["name"] == sample.name


def test_the_weights_that_ship_take_each_voice_out_of_the_rest(sample: Path, tmp_path: Path) -> None:
    """Right person, right level, right way up: a voice upside down would sound right, and the rest hold it twice."""
    for person in (1, 2):
        _run("separate", sample, "--person", str(person), "-o", tmp_path / f"{person}.wav")
    mixture = api.decode_audio(sample).open().mean(1)
    truths = [soundfile.read(resource(f"sample/voice_{n}.flac"), dtype="float32")[0].mean(1) for n in (1, 2)]
    voices = [soundfile.read(tmp_path / f"{n}.wav", dtype="float32")[0].mean(1) for n in (1, 2)]
    for own, other, voice in zip(truths, truths[::-1], voices, strict=True):
        assert si_sdr(voice, own) > si_sdr(mixture, own) + 1 > si_sdr(voice, other)
        assert snr(voice, own) > snr(mixture, own) + 1
        assert np.square((mixture - voice)[own != 0]).mean() < np.square(mixture[own != 0]).mean()


def test_into_a_video_with_the_picture_untouched(sample: Path, tmp_path: Path) -> None:
    output = tmp_path / "result.mp4"
    result = _run("separate", sample, "--person", "1", "--person", "2", "--model", "tiny", "-o", output)
    assert [entry["kind"] for entry in result["outputs"]] == ["video"]
    assert [entry[0] for entry in packet_hashes(output)] == [entry[0] for entry in packet_hashes(sample)]
    assert len(_run("probe", output)["audio"]) == 4


@pytest.mark.parametrize("name", ["-x.mp4", "q'u\"o te.mp4", "🎤 é.mp4", "new\nline.mp4", "n" * 200 + ".mp4"])
def test_awkward_names(sample: Path, tmp_path: Path, name: str) -> None:
    shutil.copy(sample, tmp_path / name)
    output = f"{name[:30]}.out.wav"
    options = ["--person=1", "--model=tiny", "--range=1-3", "--json", f"--output={output}"]
    done = subprocess.run([*AVSEP, "separate", *options, "--", name], capture_output=True, check=True, cwd=tmp_path)
    result = json.loads(done.stdout)
    assert result["outputs"][0]["path"] == output and (tmp_path / output).exists()


def test_unusable_inputs_are_3(tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("this is not a video\n" * 100)
    (tmp_path / "empty.mp4").touch()
    separate = ["separate", "--everyone", "-o", tmp_path / "out.wav"]
    for command, names in ((["probe"], ("text.mp4", "empty.mp4", "missing.mp4", ".")), (separate, ("text.mp4",))):
        for name in names:
            error = _run(*command, tmp_path / name, code=3)["error"]
            assert error["message"] and error["remedy"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty.mp4", "text.mp4"]


def test_a_reader_that_leaves_early_hears_nothing_of_it() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run([*AVSEP, "models", "list"], stdout=writing, stderr=subprocess.PIPE, check=False)
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


def _start(sample: Path, output: Path, stage: str, cache: Path) -> subprocess.Popen[str]:
    """Start a separation with a cache of its own and wait until it reports a stage."""
    process = subprocess.Popen(
        [*AVSEP, "separate", sample, "--person", "1", "--model", "tiny", "-o", output, "--json", "--progress", "json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"AVSEP_CACHE_DIR": str(cache)},
    )
    assert process.stderr is not None
    for line in process.stderr:
        if json.loads(line)["stage"] == stage:
            return process
    raise AssertionError(f"{stage} was never reported")


def test_ctrl_c_ends_with_130_and_nothing_half_written(sample: Path, tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    process = _start(sample, tmp_path / "results" / "out", "Finding people", tmp_path / "cache")
    sent = time.perf_counter()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130 and json.loads(out)["error"]["code"] == "cancelled"
    assert "Traceback" not in err and time.perf_counter() - sent < 20
    assert not list((tmp_path / "results").iterdir())


def test_a_killed_run_leaves_no_result_and_can_be_repeated(sample: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    shutil.copytree(os.environ["AVSEP_CACHE_DIR"], cache)
    shutil.rmtree(cache / "voices", ignore_errors=True)
    process = _start(sample, tmp_path / "voice.wav", "Isolating", cache)
    process.kill()
    process.communicate(timeout=60)
    assert not (tmp_path / "voice.wav").exists()
    again = _run(
        "separate", sample, "--person", "1", "--model", "tiny", "-o", tmp_path / "voice.wav",
        env=os.environ | {"AVSEP_CACHE_DIR": str(cache)},
    )  # fmt: skip
    assert again["null_test_db"] <= -120 and soundfile.info(tmp_path / "voice.wav").duration == SECONDS
