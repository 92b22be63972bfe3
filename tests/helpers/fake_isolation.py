"""An engine in which people and voices are known beforehand, for tests of what comes after the separation.

The sound is noise and tones from a seed. Person 1 is 0.3 of it, person 2 is 0.25 of it, so that every sum is known.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from engine import api
from engine.confidence import Judgement
from engine.contract import Declaration
from engine.errors import UsageError
from engine.jobs import CancelToken, Progress, ProgressCallback, ignore_progress
from engine.types import (
    AudioInfo,
    ConfidenceSpan,
    DeviceInfo,
    FaceAnalysis,
    FaceTrack,
    FloatArray,
    IsolatedVoice,
    IsolationRequest,
    IsolationResult,
    MediaInfo,
    ModelInfo,
    PcmStore,
    Person,
    PersonConfidence,
    VideoInfo,
)

SHARES = {1: 0.3, 2: 0.25}


@dataclass
class FakeEngine:
    """Answers of the engine's front door for one file, `video`; put in place by `install`.

    Attributes:
        voices: what `isolate` gives where it is not a share of the source, by person.
        requests: what `isolate` was asked for.
    """

    folder: Path
    video: Path
    rate: int = 48_000
    layout: str = "stereo"
    channels: int = 2
    seconds: float = 3.0
    labels: tuple[str, ...] = ("Person 1", "Person 2")
    voices: dict[int, FloatArray] = field(default_factory=dict)
    requests: list[IsolationRequest] = field(default_factory=list)

    def __post_init__(self) -> None:
        rng = np.random.default_rng(5)
        count = round(self.seconds * self.rate)
        time_s = np.arange(count)[:, None] / self.rate
        tone = 0.2 * np.sin(2 * np.pi * np.array([220.0, 330.0, 440.0, 60.0, 550.0, 660.0])[: self.channels] * time_s)
        self.samples: FloatArray = (tone + 0.05 * rng.standard_normal((count, self.channels))).astype(np.float32)
        if not self.video.exists():
            self.video.write_bytes(b"a video")

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("probe", "find_faces", "isolate", "device_info", "list_models", "model_info"):
            monkeypatch.setattr(api, name, getattr(self, name))

    def probe(self, path: Path) -> MediaInfo:
        video = VideoInfo(0, "h264", 640, 360, 25.0, False, 0, 0.0)
        audio = AudioInfo(1, "aac", self.rate, self.channels, self.layout, 0.0, "", "eng")
        return MediaInfo(path, self.seconds, video, (audio,))

    def find_faces(
        self, path: Path, *, on_progress: ProgressCallback = ignore_progress, cancel: CancelToken | None = None
    ) -> FaceAnalysis:
        on_progress(Progress("Finding people", 1, 1))
        people = tuple(self.person(number, label) for number, label in enumerate(self.labels, 1))
        return FaceAnalysis(self.probe(path), people, (), "key")

    def person(self, number: int, label: str) -> Person:
        """Person n has a face of 80 x 100 pixels at x = 160 n, which moves right by 10 pixels in the first second."""
        left = 160.0 * number
        boxes = np.array([[left, 100, left + 80, 200], [left + 10, 100, left + 90, 200]], np.float32)
        box = (left + 5, 100.0, left + 85, 200.0)
        track = FaceTrack(0.0, self.seconds - 0.5, box, np.array([0.0, 1.0]), boxes)
        per_second = np.ones(max(1, round(self.seconds)), np.float32)
        picture = np.full((24, 16, 3), (200, 100, 50), np.uint8)
        offset = None if number > 1 else 40.0
        return Person(number, label, self.seconds - 0.5, 1.5, offset, (track,), picture, per_second, per_second)

    def isolate(
        self,
        request: IsolationRequest,
        *,
        on_progress: ProgressCallback = ignore_progress,
        cancel: CancelToken | None = None,
    ) -> IsolationResult:
        self.requests.append(request)
        on_progress(Progress("Isolating", 1, 1))
        source = self.store("source", self.samples)
        voices = tuple(
            IsolatedVoice(
                number,
                self.store(f"voice{number}", self.voices.get(number, self.samples * np.float32(SHARES[number]))),
                ((0.0, self.seconds),),
                PersonConfidence(number, 0.9, (ConfidenceSpan(0.0, self.seconds, 0.9, Judgement(1.0, 0.1, 1.0)),)),
                None,
            )
            for number in request.person_ids
        )
        return IsolationResult(source, voices, "tiny", "cpu", ("A note of the isolation.",))

    def store(self, name: str, samples: FloatArray) -> PcmStore:
        path = self.folder / f"{name}.f32"
        path.write_bytes(np.ascontiguousarray(samples, "<f4").tobytes())
        return PcmStore(path, self.rate, self.channels, len(samples), self.layout)

    def device_info(self, device: str = "auto") -> DeviceInfo:
        return DeviceInfo("cpu", "a processor", "CPU: 2 cores, no CUDA device")

    def list_models(self) -> tuple[ModelInfo, ...]:
        return tuple(
            ModelInfo(name, f"Model {name}", Declaration(licence="Apache-2.0"), "ab" * 32, name != "gone")
            for name in ("default", "tiny", "gone")
        )

    def model_info(self, name: str) -> ModelInfo:
        for row in self.list_models():
            if row.name == name:
                return row
        raise UsageError(f"There is no model called {name!r}.", "Use another one.")


def installed(folder: Path, monkeypatch: pytest.MonkeyPatch, video: Path | None = None) -> FakeEngine:
    """A fake engine in place of the real one, for `video`, else for "talk.mp4" in the folder."""
    stores = folder / "stores"
    stores.mkdir()
    engine = FakeEngine(stores, video or folder / "talk.mp4")
    engine.install(monkeypatch)
    return engine
