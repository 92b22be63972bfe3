"""An engine that needs no models: the functions of `engine.api`, with tones for voices.

How it behaves is in the file's name: "slow", "stuck" (ignores cancelling), "crash" (the process dies while isolating),
"nobody", "nosound", "broken" (cannot be opened). The voice of person n is a sine of n * 300 Hz at 0.2; the original is
the sum of both voices.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np

from engine.confidence import Judgement
from engine.contract import Declaration
from engine.errors import InputError
from engine.jobs import CancelToken, Progress, ignore_progress
from engine.types import (
    AudioInfo,
    ConfidenceSpan,
    DeviceInfo,
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


def _person(person_id, left):
    times = np.arange(0, DURATION_S, 0.2)
    moved = left + 2.0 * times
    boxes = np.stack([moved, np.full_like(times, 80), moved + 120, np.full_like(times, 230)], axis=1)
    seconds = int(DURATION_S)
    speaking = (np.arange(seconds) // 5 % 2 == person_id - 1).astype(np.float32)
    return Person(
        person_id,
        f"Person {person_id}",
        DURATION_S,
        float(speaking.sum()),
        None,
        (FaceTrack(0.0, DURATION_S, tuple(boxes[0]), times, boxes.astype(np.float32)),),
        np.full((64, 64, 3), 60 + 80 * person_id, np.uint8),
        np.ones(seconds, np.float32),
        speaking,
    )


def find_faces(path, *, on_progress=ignore_progress, cancel=None):
    cancel = cancel or CancelToken()
    for step in range(5):
        cancel.checkpoint()
        on_progress(Progress("Finding people", step, 5))
        time.sleep(0.2 if "slow" in path.name else 0.01)
    people = () if "nobody" in path.name else (_person(1, 60.0), _person(2, 380.0))
    return FaceAnalysis(probe(path), people, (), "fake")


def voice_store(request, person_id):
    return _store(request.video, f"voice{person_id}")


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
    voice = tone(person_id)
    with request.video.with_name("calls.jsonl").open("a") as log:
        log.write(json.dumps({"call": "isolate", "person": person_id, "range": request.range_s}) + "\n")
    at = start
    while at < end:
        if "stuck" not in name:
            cancel.checkpoint()
        stop = min(end, at + 2.0)
        a, b = int(at * RATE), int(stop * RATE)
        file[a:b] = voice[a:b]
        file.flush()
        on_progress(Progress("Isolating the voice", stop - start, end - start, (at, stop), person_id))
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


def spectrogram(sound, *, start_s, end_s, columns, rows, max_hz=8000.0, scale="mel"):
    level = np.full((rows, columns), -90.0, np.float32)
    if sound.path.exists() and np.any(sound.open()[: RATE * 2]):
        level[rows // 8] = -12.0
    return SpectrogramImage(level, start_s, end_s, max_hz, scale)


def waveform(sound, *, start_s, end_s, columns):
    swing = 0.3 + 0.2 * np.sin(np.linspace(0, 20, columns))
    return WaveformPeaks(np.stack([-swing, swing]).astype(np.float32), start_s, end_s)


def list_models():
    return (ModelInfo("default", "Default", Declaration(licence="Apache-2.0"), "0" * 64, True),)


def device_info(device="auto"):
    return DeviceInfo("cpu", "CPU: 2 cores", "no CUDA device")
