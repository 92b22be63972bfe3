"""An engine that needs no models: the functions of `engine.api`, with tones for voices.

How it behaves is in the file's name: "slow", "stuck" (ignores cancelling), "crash" (the process dies while isolating),
"nobody", "nosound", "broken" (cannot be opened), "three" (person 2 leaves at 8 s, person 3 comes at 12 s). The voice
of person n is a sine of n * 300 Hz at 0.2; the original is the sum of the first two voices. Another model than
`compact` gives each voice half as loud.

The models are those of `_ROWS`; which are installed, imported or the default is in a file of the folder that
AVSEP_FAKE_STATE names. How adding behaves is in the model's name or in that of the file it is taken from: "slow",
"failing".
The names of CUDA devices are in that file too.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from engine import api
from engine.api import about, cache_usage, clear_cache, licence_text, set_cache_limit  # noqa: F401 - the engine's own
from engine.casting import person_key
from engine.confidence import Judgement
from engine.contract import Declaration
from engine.errors import DeviceError, InputError, ModelError, NoFaceError, OutputError
from engine.jobs import CancelToken, Progress, ignore_progress
from engine.types import (
    AudioInfo,
    ConfidenceSpan,
    ContainerFit,
    DeviceInfo,
    Download,
    FaceAnalysis,
    FaceTrack,
    IsolatedVoice,
    IsolationResult,
    MediaInfo,
    ModelInfo,
    OutputFile,
    PcmStore,
    Person,
    PersonConfidence,
    SeparationResult,
    SpectrogramImage,
    VideoInfo,
    WaveformPeaks,
)

RATE = 16000
DURATION_S = 20.0
N = int(RATE * DURATION_S)


def tone(person_id):
    return 0.2 * np.sin(2 * np.pi * 300.0 * person_id * np.arange(N) / RATE).astype("<f4")


def _store(path, name):
    return PcmStore(path.with_name(f"{path.stem}.{name}.f32"), RATE, 1, N, "mono", complete=False)


def probe(path):
    if "broken" in path.name:
        raise InputError(f"{path.name} is not a video.", "Choose another file.", details="moov atom not found")
    video = VideoInfo(0, "h264", 640, 360, 25.0, False, 0, 0.0)
    audio = () if "nosound" in path.name else (AudioInfo(1, "aac", RATE, 1, "mono", 0.0),)
    return MediaInfo(path, DURATION_S, video, audio)


def decode_audio(path, *, audio_index=None, on_progress=ignore_progress, cancel=None):
    store = _store(path, "source")
    if not store.path.exists():
        (tone(1) + tone(2)).tofile(store.path)
    return PcmStore(store.path, RATE, 1, N, "mono")


def _person(person_id, left, start_s=0.0, end_s=DURATION_S):
    times = np.arange(start_s, end_s, 0.2)
    moved = left + 2.0 * times
    boxes = np.stack([moved, np.full_like(times, 80), moved + 120, np.full_like(times, 230)], axis=1)
    second = np.arange(int(DURATION_S))
    visible = (second >= start_s) & (second < end_s)
    speaking = (visible & (second // 5 % 2 == (person_id - 1) % 2)).astype(np.float32)
    return Person(
        person_id,
        f"Person {person_id}",
        end_s - start_s,
        float(speaking.sum()),
        None,
        (FaceTrack(start_s, end_s, tuple(boxes[0]), times, boxes.astype(np.float32)),),
        np.full((64, 64, 3), 60 * person_id, np.uint8),
        visible.astype(np.float32),
        speaking,
    )


def find_faces(path, *, on_progress=ignore_progress, cancel=None):
    cancel = cancel or CancelToken()
    for step in range(5):
        cancel.checkpoint()
        on_progress(Progress("Finding people", step, 5))
        time.sleep(0.2 if "slow" in path.name else 0.01)
    people = () if "nobody" in path.name else (_person(1, 60.0), _person(2, 380.0))
    if "three" in path.name:
        people = (_person(1, 60.0), _person(2, 380.0, 0.0, 8.0), _person(3, 380.0, 12.0, 20.0))
    return FaceAnalysis(probe(path), people, (), "fake")


def match_photo(path, photo, *, on_progress=ignore_progress, cancel=None):
    if "empty" in photo.name:
        raise NoFaceError(f"No face is seen in “{photo.name}”.", "Choose a photo that shows the face from the front.")
    apart = 0.9 if "stranger" in photo.name else 0.3
    return ((2, apart), (1, apart + 0.2))


def face_picture(path, at_s, box_px):
    return np.full((160, 160, 3), int(at_s), np.uint8)


def voice(person_id, model):
    return tone(person_id) * (1.0 if _resolved(model) == "compact" else 0.5)


def voice_store(request, person_id):
    return _store(request.video, f"{_resolved(request.model)}.voice{person_key(request.cast, person_id)}")


def isolate(request, *, on_progress=ignore_progress, cancel=None):
    cancel = cancel or CancelToken()
    name = request.video.name
    if "crash" in name:
        os._exit(9)
    person_id = request.person_ids[0]
    store = voice_store(request, person_id)
    if not store.path.exists():
        np.zeros(N, "<f4").tofile(store.path)
    file = np.memmap(store.path, "<f4", "r+", shape=(N,))
    start, end = request.range_s or (0.0, DURATION_S)
    wanted = voice(person_id, request.model)
    with request.video.with_name("calls.jsonl").open("a") as log:
        call = {"call": "isolate", "person": person_id, "range": request.range_s, "model": request.model}
        if request.cast:
            call["cast"] = [[part.person, part.found] for part in request.cast]
        log.write(json.dumps(call) + "\n")
    at = start
    while at < end:
        if "stuck" not in name:
            cancel.checkpoint()
        stop = min(end, at + 2.0)
        a, b = int(at * RATE), int(stop * RATE)
        there = np.array_equal(file[a:b], wanted[a:b])
        file[a:b] = wanted[a:b]
        file.flush()
        on_progress(Progress("Isolating the voice", stop - start, end - start, (at, stop), person_id))
        if not there:
            time.sleep(1.0 if "slow" in name or "stuck" in name else 0.01)
        at = stop
    judged = Judgement(1.0, 0.1, 1.0)
    spans = tuple(ConfidenceSpan(s, s + 1.0, 0.9 if int(s) % 7 else 0.2, judged) for s in np.arange(start, end))
    result = IsolatedVoice(person_id, store, ((start, end),), PersonConfidence(person_id, 0.8, spans), None)
    return IsolationResult(decode_audio(request.video), (result,), request.model, "cpu")


def separate(request, *, on_progress=ignore_progress, cancel=None):
    on_progress(Progress("Writing", 1, 2))
    time.sleep(2.0 if "slow" in request.video.name else 0.0)
    output = Path(request.output)
    text = {key: value for key, value in asdict(request).items() if key not in ("video", "output")}
    output.write_text(json.dumps(text))
    return SeparationResult(
        request.model, "cpu", DURATION_S, 1.0, 0.05, {}, 100.0, RATE, 1, -140.0, 0,
        (OutputFile(output, 1, "voice"),), (), (),
    )  # fmt: skip


def container_fit(path, suffix):
    if "subtitled" in path.name and suffix == ".mp4":
        return ContainerFit(True, 1, ("subtitle",))
    return ContainerFit(not ("odd" in path.name and suffix == ".mov"), 0, ())


new_batch_items, changed_batch_item = api.new_batch_items, api.changed_batch_item
load_batch, save_batch, end_batch = api.load_batch, api.save_batch, api.end_batch


def check_batch(batch, *, on_progress=ignore_progress, cancel=None):
    if "full" in batch.folder.name:
        raise OutputError(f"“{batch.folder}” has no space left.", "Choose another folder.")


def do_batch_item(batch, item_id, *, on_progress=ignore_progress, cancel=None):
    """Appends a line to batch.log beside the file; the result says what was asked for."""
    item = batch.item(item_id)
    with item.input.with_name("batch.log").open("a") as log:
        log.write(f"{item.input.name}\n")
    probe(item.input)
    find_faces(item.input, on_progress=on_progress, cancel=cancel)
    if "crash" in item.input.name:
        os._exit(9)
    place = batch.folder / item.output
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(f"{item.rule.text} {item.options.model} {item.options.write}")
    return api.BatchOutcome((OutputFile(Path(item.output), 1, "voice"),), (1,), DURATION_S, 1.0)


def spectrogram(sound, *, start_s, end_s, columns, rows, max_hz=8000.0, scale="mel"):
    level = np.full((rows, columns), -90.0, np.float32)
    if sound.path.exists() and np.any(sound.open()[: RATE * 2]):
        level[rows // 8] = -12.0
    return SpectrogramImage(level, start_s, end_s, max_hz, scale)


def waveform(sound, *, start_s, end_s, columns):
    swing = 0.3 + 0.2 * np.sin(np.linspace(0, 20, columns))
    return WaveformPeaks(np.stack([-swing, swing]).astype(np.float32), start_s, end_s)


_OURS = Declaration("Apache-2.0", "Apache-2.0", "LRS3 and VoxCeleb2 talkers, as a test would have it", 3_100_000)
_THEIRS = Declaration(
    "Apache-2.0", "MIT", "recordings of others", 68_500_000, devices=("cpu", "cuda"), real_time_factor=13.9
)
_ROWS = (
    ModelInfo("compact", "A network that comes with AVSep", _OURS, "c" * 64, True, 6_300_000, pace=0.3),
    ModelInfo("tiny", "Untrained network for tests", _OURS, "t" * 64, True),
    ModelInfo("guest-fast", "A quick engine of others", _THEIRS, guest=True, sha256="", installed=False, pace=0.5),
    ModelInfo(
        "guest-slow", "A large engine of others", _THEIRS, guest=True, sha256="", installed=False, pace=7.0,
        published="SI-SNRi of 15.1 dB on two talkers of LRS2",
    ),
    ModelInfo("guest-failing", "An engine that cannot be had", _THEIRS, guest=True, sha256="", installed=False),
    ModelInfo(
        "guest-barred", "An engine for other computers", _THEIRS, guest=True, sha256="", installed=False,
        hindrance="It needs Python 3.11 or newer with venv, which this computer does not have.",
    ),
)  # fmt: skip
_PACKAGES = Download("Python packages", 200_000_000, "pypi.org")
_WEIGHTS = Download("weights", 735_000_000, "huggingface.co")


def _state_path():
    folder = os.environ.get("AVSEP_FAKE_STATE")
    return Path(folder) / "models.json" if folder else None


def read_state():
    """Which guests are installed, which models were imported, and the default."""
    path = _state_path()
    there = json.loads(path.read_text()) if path is not None and path.exists() else {}
    return {"installed": [], "imported": [], "default": "compact", "adds": []} | there


def change_state(**changes):
    path = _state_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(read_state() | changes))


def _resolved(model):
    return read_state()["default"] if model == "default" else model


def list_models():
    state = read_state()
    rows = [
        replace(row, installed=True, sha256=row.name[-1] * 64, size_bytes=1_700_000_000)
        if row.name in state["installed"]
        else row
        for row in _ROWS
    ]
    rows += [
        ModelInfo(name, "A training run", _OURS, name[0] * 64, True, 6_300_000, imported=True)
        for name in state["imported"]
    ]
    default = next(row for row in rows if row.name == state["default"])
    return (replace(default, name="default", stands_for=default.name), *rows)


def model_downloads(name, *, source=None, wheels=None):
    if name in read_state()["installed"]:
        return ()
    return (() if wheels else (_PACKAGES,)) + (() if source else (_WEIGHTS,))


def add_model(name, *, source=None, wheels=None, offline=False, on_progress=ignore_progress, cancel=None):
    cancel = cancel or CancelToken()
    state = read_state()
    given = {"name": name, "source": source and source.name, "wheels": wheels and wheels.name, "offline": offline}
    change_state(adds=[*state["adds"], given])
    slow = name == "guest-slow" and source is None
    for step in range(10):
        cancel.checkpoint()
        on_progress(Progress("Downloading the weights", step, 10))
        time.sleep(0.2 if slow else 0.02)
        if "failing" in name and step == 3:
            raise ModelError(
                f"The weights of {name} are not what their authors published.",
                "Try again later.",
                details="SHA-256 is 0000, not 1111",
            )
    change_state(installed=[*read_state()["installed"], name])


def remove_model(name):
    state = read_state()
    change_state(
        installed=[other for other in state["installed"] if other != name],
        imported=[other for other in state["imported"] if other != name],
        default="compact" if state["default"] == name else state["default"],
    )


def import_model(path, *, on_progress=ignore_progress, cancel=None):
    on_progress(Progress("Reading the model", 1, 2))
    if not path.with_suffix(".json").exists():
        raise InputError(f"“{path.name}” has no description beside it.", "Keep its .json file in the same folder.")
    change_state(imported=[*read_state()["imported"], path.stem])
    return path.stem


def set_default_model(name):
    change_state(default=name)


def device_info(device="auto"):
    cuda = read_state().get("cuda", [])
    number = 0 if device == "auto" and cuda else int(device.removeprefix("cuda:")) if "cuda" in device else None
    if number is not None and number >= len(cuda):
        raise DeviceError(f"There is no device {device}.", "Use cpu, or auto to let AVSep choose.")
    if number is not None:
        return DeviceInfo(f"cuda:{number}", cuda[number], f"CUDA device {number}: {cuda[number]}")
    return DeviceInfo("cpu", "CPU: 2 cores", "no CUDA device")
