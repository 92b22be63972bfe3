"""The command line in this process: options, JSON keys, exit codes, what goes to which stream."""

from __future__ import annotations

import io
import json
import os
import signal
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from engine import api, registry
from engine.cli import main
from engine.errors import EngineError, InputError, ModelError, NoFaceError, OutputError, UsageError
from engine.jobs import Progress
from engine.types import FaceAnalysis
from tests.helpers.fake_isolation import FakeEngine, installed


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    monkeypatch.chdir(tmp_path)
    return installed(tmp_path, monkeypatch)


class Run:
    """One run of the command line: exit code and what it wrote."""

    def __init__(self, capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> None:
        self.code = main([str(argument) for argument in arguments])
        self.out, self.err = capsys.readouterr()

    @property
    def json(self) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self.out)
        return answer


def test_probe(engine: FakeEngine, capsys: pytest.CaptureFixture[str]) -> None:
    run = Run(capsys, "probe", "talk.mp4", "--json")
    assert run.code == 0 and run.err == ""
    assert run.json["duration_s"] == 3.0
    video = {"width": 640, "height": 360, "avg_fps": 25.0, "is_vfr": False, "rotation_deg": 0, "start_s": 0.0}
    assert video.items() <= run.json["video"].items()
    audio = {"index": 1, "codec": "aac", "sample_rate_hz": 48_000, "channels": 2, "layout": "stereo", "start_s": 0.0}
    assert audio.items() <= run.json["audio"][0].items()
    text = Run(capsys, "probe", "talk.mp4")
    assert "640 x 360" in text.out and "48000 Hz, stereo" in text.out and text.err == ""


def test_faces(engine: FakeEngine, capsys: pytest.CaptureFixture[str]) -> None:
    run = Run(capsys, "faces", "talk.mp4", "--json")
    assert run.code == 0
    first, second = run.json["people"]
    assert set(first) == {"id", "label", "visible_s", "speaking_s", "av_offset_ms", "thumbnail", "tracks"}
    assert (first["id"], first["label"], first["av_offset_ms"], first["thumbnail"]) == (1, "Person 1", 40.0, None)
    assert second["av_offset_ms"] is None
    assert first["tracks"] == [{"start_s": 0.0, "end_s": 2.5, "box_px": [165.0, 100.0, 245.0, 200.0]}]
    assert "Person 2" in Run(capsys, "faces", "talk.mp4").out


def test_faces_without_a_face_is_an_answer(engine: FakeEngine, capsys: pytest.CaptureFixture[str]) -> None:
    engine.labels = ()
    run = Run(capsys, "faces", "talk.mp4", "--json")
    assert (run.code, run.json) == (0, {"people": []})


def test_thumbnails_are_pictures(engine: FakeEngine, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    run = Run(capsys, "faces", "talk.mp4", "--thumbnails", "new/faces 🎤", "--json")
    assert run.code == 0
    path = tmp_path / run.json["people"][0]["thumbnail"]
    assert path == tmp_path / "new/faces 🎤/person-1.png"
    picture = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None and picture.shape == (24, 16, 3) and picture[0, 0].tolist() == [50, 100, 200]
    again = Run(capsys, "faces", "talk.mp4", "--thumbnails", "new/faces 🎤", "--json")
    assert (again.code, again.json["error"]["code"]) == (1, "output_exists")
    assert Run(capsys, "faces", "talk.mp4", "--thumbnails", "new/faces 🎤", "--overwrite").code == 0


RESULT_KEYS = {
    "model",
    "device",
    "duration_s",
    "wall_s",
    "real_time_factor",
    "stages",
    "peak_rss_mb",
    "sample_rate_hz",
    "channels",
    "null_test_db",
    "offset_samples",
    "outputs",
    "confidence",
    "warnings",
    "estimate",
}


def test_separate(engine: FakeEngine, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    run = Run(capsys, "separate", "talk.mp4", "--person", "1", "-o", "voice.wav", "--json")
    assert run.code == 0 and run.err == "" and set(run.json) == RESULT_KEYS
    assert run.json["outputs"] == [{"path": "voice.wav", "person": 1, "kind": "voice"}]
    told = {"start_s": 0.0, "end_s": 3.0, "value": 0.9, "visible": 1.0, "improvement_db": 10.0, "removed_db": 0.0}
    assert run.json["confidence"] == [{"person": 1, "mean": 0.9, "spans": [told]}]
    assert run.json["offset_samples"] == 0 and run.json["null_test_db"] < -120
    assert (tmp_path / "voice.wav").exists()
    text = Run(capsys, "separate", "talk.mp4", "--everyone", "-o", "out")
    assert text.code == 0 and f"out{os.sep}rest.wav" in text.out and "A note of the isolation." in text.out


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "takes about 90 s for a second of one voice on this computer (estimated): about 4 min. Less with --range"),
        (("--range", "0-2"), "(estimated): about 4 min.\n"),
        (("--person", "2"), "about 4 min for each voice."),
        (("--progress", "json"), ""),
    ],
)
def test_a_slow_model_is_announced(
    engine: FakeEngine,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    options: tuple[str, ...],
    said: str,
) -> None:
    monkeypatch.setattr("engine.api.model_info", lambda name: replace(engine.model_info(name), pace=90.0))
    run = Run(capsys, "separate", "talk.mp4", "--person", "1", *options, "-o", "out", "--json")
    assert run.code == 0 and said in run.err and (bool(said) == ("takes about" in run.err))


def test_every_option_arrives(
    engine: FakeEngine, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    got: list[Any] = []

    def separate(request: Any, **_: Any) -> Any:
        got.append(request)
        raise UsageError("Seen.")

    monkeypatch.setattr(api, "separate", separate)
    options = (
        "--at=0:01.5,10,20 --model tiny --device cuda:1 --range 0:00:01-2 --mix-back 0.2 --absent hold --loudness -16 "
        "--format flac --overwrite --picture none --audio-index 3 --offline --verbose --progress none --json -o out"
    )
    assert Run(capsys, "separate", "talk.mp4", *options.split()).code == 2
    (request,) = got
    assert (request.video, request.output, request.at) == (Path("talk.mp4"), Path("out"), (1.5, 10.0, 20.0))
    assert (request.model, request.device, request.range_s) == ("tiny", "cuda:1", (1.0, 2.0))
    assert (request.mix_back, request.absent, request.loudness_lufs) == (0.2, "hold", -16.0)
    assert (request.format, request.overwrite, request.picture, request.audio_index) == ("flac", True, "none", 3)
    assert (request.person_ids, request.everyone) == ((), False)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [(["2"], (2,)), (["2", "1"], (2, 1)), (["ann"], (1,)), (["Bob", "1"], (2, 1)), (["bob", "ANN"], (2, 1))],
)
def test_people_by_id_or_name(
    engine: FakeEngine, capsys: pytest.CaptureFixture[str], wanted: list[str], expected: tuple[int, ...]
) -> None:
    engine.labels = ("Ann", "Bob")
    options = [part for name in wanted for part in ("--person", name)]
    assert Run(capsys, "separate", "talk.mp4", *options, "-o", "out").code == 0
    assert engine.requests[0].person_ids == expected


@pytest.mark.parametrize(
    ("labels", "words"), [(("Ann", "Bob"), "Nobody is called"), (("Eve", "eve"), "Several people")]
)
def test_names_that_do_not_decide(
    engine: FakeEngine, capsys: pytest.CaptureFixture[str], labels: tuple[str, ...], words: str
) -> None:
    engine.labels = labels
    run = Run(capsys, "separate", "talk.mp4", "--person", "Eve", "-o", "out", "--json")
    assert run.code == 2 and words in run.json["error"]["message"] and labels[0] in run.json["error"]["remedy"]


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("nonsense",),
        ("probe",),
        ("probe", "a", "b"),
        ("probe", "a", "--nonsense"),
        ("separate", "talk.mp4", "-o", "x.wav"),
        ("separate", "talk.mp4", "--person", "1"),
        ("separate", "talk.mp4", "--person", "1", "--everyone", "-o", "x.wav"),
        ("separate", "talk.mp4", "--everyone", "-o", "x.mp3"),
        ("separate", "talk.mp4", "--person", "1", "-o", "x.wav", "--absent", "maybe"),
        ("separate", "talk.mp4", "--person", "1", "-o", "x.wav", "--mix-back", "2"),
        ("separate", "talk.mp4", "--person", "1", "-o", "x.wav", "--range", "3-2"),
        ("separate", "talk.mp4", "--person", "1", "-o", "x.wav", "--over"),
        ("models",),
        ("models", "info"),
        ("models", "info", "nonsense"),
    ],
)
def test_wrong_use_is_2_with_and_without_json(
    engine: FakeEngine, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    run = Run(capsys, *arguments, "--json")
    assert run.code == 2 and run.err == ""
    assert set(run.json["error"]) == {"code", "message", "remedy"} and run.json["error"]["code"] == "usage"
    plain = Run(capsys, *arguments)
    assert plain.code == 2 and plain.out == "" and plain.err.startswith("avsep: ") and plain.err.count("\n") == 1


@pytest.mark.parametrize(
    ("error", "code", "name"),
    [
        (InputError("No.", "Do."), 3, "input_unreadable"),
        (NoFaceError("No."), 3, "no_face"),
        (OutputError("No."), 1, "output"),
        (ModelError("No.", details="below"), 1, "model"),
        (UsageError("No."), 2, "usage"),
        (EngineError("No."), 1, "failed"),
        (ValueError("surprise"), 1, "unexpected"),
        (MemoryError(), 1, "memory"),
        (KeyboardInterrupt(), 130, "cancelled"),
    ],
)
def test_failures(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    code: int,
    name: str,
) -> None:
    def fail(_: Path) -> None:
        raise error

    monkeypatch.setattr(api, "probe", fail)
    run = Run(capsys, "probe", "x", "--json")
    assert (run.code, run.json["error"]["code"], run.err) == (code, name, "")
    plain = Run(capsys, "probe", "x")
    assert plain.code == code and plain.out == "" and "Traceback" not in plain.err and plain.err.count("\n") == 1
    if isinstance(error, Exception):
        verbose = Run(capsys, "probe", "x", "--verbose", "--json")
        assert "Traceback" in verbose.err and verbose.json["error"]["code"] == name
        assert not isinstance(error, ModelError) or "below" in verbose.err


def test_options_may_stand_before_the_command(engine: FakeEngine, capsys: pytest.CaptureFixture[str]) -> None:
    run = Run(capsys, "--json", "--offline", "--progress", "json", "probe", "talk.mp4")
    assert run.code == 0 and run.json["duration_s"] == 3.0


def test_a_file_called_json_is_not_the_option(capsys: pytest.CaptureFixture[str]) -> None:
    run = Run(capsys, "probe", "--", "--json")
    assert run.code == 3 and run.out == "" and "--json" in run.err


def test_libraries_that_print_do_not_spoil_the_json(
    engine: FakeEngine, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = engine.probe

    def noisy(path: Path) -> Any:
        print("a library says hello")
        return honest(path)

    monkeypatch.setattr(api, "probe", noisy)
    run = Run(capsys, "probe", "talk.mp4", "--json")
    assert run.json["duration_s"] == 3.0 and "hello" in run.err


def test_progress_as_json_lines(engine: FakeEngine, capsys: pytest.CaptureFixture[str]) -> None:
    run = Run(capsys, "separate", "talk.mp4", "--person", "1", "-o", "v.wav", "--json", "--progress", "json")
    lines = [json.loads(line) for line in run.err.splitlines()]
    assert run.code == 0 and {"Finding people", "Isolating", "Checking the result"} <= {line["stage"] for line in lines}
    assert set(lines[0]) == {"stage", "completed", "total", "fraction", "ready_s", "person"}
    assert all(0 <= line["completed"] <= line["total"] for line in lines)


def test_progress_as_a_bar_and_none_off_a_terminal(engine: FakeEngine, capsys: pytest.CaptureFixture[str]) -> None:
    bar = Run(capsys, "faces", "talk.mp4", "--progress", "bar")
    assert "\rFinding people" in bar.err and "100%" in bar.err and bar.err.endswith("\n")
    assert Run(capsys, "faces", "talk.mp4").err == ""


def test_a_lost_progress_reader_does_not_stop_the_job(
    engine: FakeEngine, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stderr", Gone())
    run = Run(capsys, "separate", "talk.mp4", "--person", "1", "-o", "v.wav", "--json", "--progress", "json")
    assert run.code == 0 and run.json["outputs"]


def test_names_that_the_terminal_cannot_show(
    engine: FakeEngine, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.labels = ("Zoë 🎤", "Bob")
    narrow = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", narrow)
    assert main(["faces", "talk.mp4"]) == 0
    narrow.seek(0)
    assert "Zo\\xeb \\U0001f3a4" in narrow.read()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_is_130_and_leaves_nothing(
    engine: FakeEngine,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    number: signal.Signals,
) -> None:
    honest = engine.isolate

    def interrupted(*arguments: Any, **options: Any) -> Any:
        signal.raise_signal(number)
        return honest(*arguments, **options)

    monkeypatch.setattr(api, "isolate", interrupted)
    before = signal.getsignal(number)
    run = Run(capsys, "separate", "talk.mp4", "--person", "1", "-o", "out", "--json")
    assert (run.code, run.json["error"]["code"]) == (130, "cancelled")
    assert not (tmp_path / "out").exists()
    assert signal.getsignal(number) is before


def test_a_second_interrupt_stops_at_once(
    engine: FakeEngine, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stubborn(*_: Any, **__: Any) -> FaceAnalysis:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        raise AssertionError("still here")

    monkeypatch.setattr(api, "find_faces", stubborn)
    assert Run(capsys, "faces", "talk.mp4").code == 130


def test_the_command_line_runs_in_any_thread(engine: FakeEngine, capsys: pytest.CaptureFixture[str]) -> None:
    codes: list[int] = []
    thread = threading.Thread(target=lambda: codes.append(main(["faces", "talk.mp4", "--json"])))
    thread.start()
    thread.join()
    assert codes == [0]


def test_models(engine: FakeEngine, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run(capsys, "models", "list", "--json")
    keys = {"name", "licence", "trained_on", "sample_rate_hz", "parameters", "sha256", "installed"}
    assert run.code == 0 and keys <= set(run.json["models"][0])
    assert [row["installed"] for row in run.json["models"]] == [True, True, False]
    info = Run(capsys, "models", "info", "tiny", "--json")
    assert [row["name"] for row in info.json["models"]] == ["tiny"]
    assert "Apache-2.0" in Run(capsys, "models", "info", "tiny").out

    def verify(name: str) -> None:
        if name == "gone":
            raise ModelError("The weights file is damaged.", "Install it again.")

    monkeypatch.setattr(registry, "verify", verify)
    checked = Run(capsys, "models", "verify", "--json")
    assert checked.code == 1
    assert [row["verified"] for row in checked.json["models"]] == [True, True, False]
    assert "damaged" in checked.json["models"][2]["problem"]
    assert Run(capsys, "models", "verify", "tiny", "default").code == 0


@pytest.mark.parametrize("outcome", [(True, 0.1), (False, 0.1), ModelError("The weights are missing.")])
def test_doctor(
    engine: FakeEngine, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, outcome: Any
) -> None:
    from engine.isolation import supply

    def self_test(model: str) -> supply.SelfTest:
        assert model == "compact"
        if isinstance(outcome, Exception):
            raise outcome
        return supply.SelfTest(passed=outcome[0], real_time_factor=outcome[1])

    monkeypatch.setattr(supply, "self_test", self_test)
    monkeypatch.setattr(registry, "verify", lambda name: None)
    run = Run(capsys, "doctor", "--json")
    passed = outcome == (True, 0.1)
    assert run.code == (0 if passed else 1)
    assert {"device", "why", "torch", "codecs", "models", "self_test"} <= set(run.json)
    assert run.json["version"] and run.json["build"] is None and run.json["installed_as"] in ("source", "package")
    assert run.json["device"] == "cpu" and run.json["codecs"]["encoders"]["aac"] is True
    assert run.json["codecs"]["close_ups"] == dict.fromkeys((".mp4", ".mov", ".mkv"), "libx264")
    assert run.json["self_test"]["passed"] is passed
    assert run.json["self_test"]["real_time_factor"] == (None if isinstance(outcome, Exception) else 0.1)
    assert run.json["models"][0] == {"name": "default", "passed": True, "problem": None}
    text = Run(capsys, "doctor").out
    assert ("passed, 0.10 x real time" in text) is passed and "Network" in text
    assert ".mov H.264 (libx264)" in text


def test_train(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    from engine.train import loop

    answer = {"run_dir": "runs/a", "step": 10, "best": {"metric": "val_si_sdri_db", "value": 1.25}}
    got: list[Any] = []

    def run(config: Path, *, resume: bool, on_progress: Any, cancel: Any) -> dict[str, Any]:
        got.append((config, resume))
        return answer

    monkeypatch.setattr(loop, "run", run)
    assert Run(capsys, "train", "a.toml", "--resume", "--json").json == answer
    assert "step 10, best val_si_sdri_db 1.25" in Run(capsys, "train", "a.toml").out
    assert got == [(Path("a.toml"), True), (Path("a.toml"), False)]


def test_evaluate(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    from engine import evaluate

    decibels = {"si_sdri": 9.5, "sdri": 9.75, "si_sdri_alone": 8.25, "pesq_wb": 2.5, "stoi": 0.875}
    shares = {"wrong_talker_rate": 0.25, "both_faces_right": 0.75, "wrong_talker_rate_alone": 0.5}
    interval = {name: [value - 0.1, value + 0.1] for name, value in (decibels | shares).items()}
    part = {"n": 2, "metrics": decibels, **shares, "ci95": interval}
    unknown = {**part, "both_faces_right": None, "metrics": decibels | {"pesq_wb": None}}
    answer = {**part, "by": {"corpus": {"grid": part}, "delay_frames": {"-9": unknown}}, "warnings": ["No PESQ."]}
    got: list[Any] = []

    def run(
        mixtures: Path, *, model: str, root: Path, device: str, table: Any, overwrite: bool, **_: Any
    ) -> dict[str, Any]:
        got.append((mixtures, model, root, device, table, overwrite))
        return answer

    monkeypatch.setattr(evaluate, "run", run)
    chosen = ["--model", "tiny", "--root", "d", "--csv", "t.csv", "--overwrite"]
    assert Run(capsys, "evaluate", *chosen, "--mixtures", "m.csv", "--json").json == answer
    text = Run(capsys, "evaluate", "--mixtures", "m.csv").out
    assert "+9.50 [+9.40, +9.60]" in text and "25.0% [15.0%, 35.0%]" in text
    assert "2.50 [2.40, 2.60]" in text and "0.875 [0.775, 0.975]" in text
    assert "grid" in text and "together" in text and "Note: No PESQ." in text
    assert next(line for line in text.splitlines() if line.startswith("delay_frames -9")).split().count("none") == 2
    assert got == [
        (Path("m.csv"), "tiny", Path("d"), "auto", Path("t.csv"), True),
        (Path("m.csv"), "default", Path(), "auto", None, False),
    ]
    assert Run(capsys, "evaluate", "--model", "tiny", "--json").code == 2


def test_the_window_gets_the_video(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    from avsep_gui import __main__ as window

    got: list[list[str]] = []
    monkeypatch.setattr(window, "main", lambda arguments: got.append(arguments) or 7)
    assert Run(capsys, "gui", "a b.mp4").code == 7 and Run(capsys, "gui").code == 7
    assert got == [["a b.mp4"], []]


def test_progress_is_thinned(engine: FakeEngine, capsys: pytest.CaptureFixture[str], monkeypatch: Any) -> None:
    def many(path: Path, *, on_progress: Any, cancel: Any) -> FaceAnalysis:
        for step in range(2001):
            on_progress(Progress("Finding people", step, 2000))
        return engine.find_faces(path)

    monkeypatch.setattr(api, "find_faces", many)
    run = Run(capsys, "faces", "talk.mp4", "--progress", "json")
    lines = [json.loads(line) for line in run.err.splitlines()]
    assert 2 <= len(lines) < 60 and lines[-1]["fraction"] == 1.0 and lines[0]["fraction"] == 0.0
