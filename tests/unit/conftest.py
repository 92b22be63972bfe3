"""A film that needs no pictures: made-up people over noise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.types import Cast, FaceAnalysis, FaceTrack, MediaInfo, Person
from engine.vision.lips import LipStream

SECONDS = 13.7
RATE = 22_050
FRAMES = round(SECONDS * 25)


def _person(number: int) -> Person:
    empty = np.zeros(0, np.float32)
    times = np.arange(FRAMES) / 25
    track = FaceTrack(0.0, float(times[-1]), (0, 0, 9, 9), times, np.tile(np.float32([0, 0, 9, 9]), (FRAMES, 1)))
    return Person(number, f"Person {number}", 1.0, 1.0, None, (track,), np.zeros((4, 4, 3), np.uint8), empty, empty)


@pytest.fixture
def clip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A sound file of noise whose "faces" are two fabricated people; person 2 is away from 4 s to 9 s."""
    rng = np.random.default_rng(0)
    path = tmp_path / "talk.wav"
    seed = int.from_bytes(str(tmp_path).encode()[-4:], "little")
    noise = np.random.default_rng(seed).standard_normal((round(SECONDS * RATE), 2)) * 0.1
    soundfile.write(path, noise, RATE, subtype="FLOAT")
    frames = FRAMES
    points = rng.standard_normal((frames, 68, 2)).astype(np.float32).cumsum(0) * 0.2 + rng.random((68, 2)) * 100
    away = np.ones(frames, bool)
    away[100:225] = False
    mouths = np.zeros((frames, 32, 32), np.uint8)

    def find_faces(video: Path, **_: object) -> FaceAnalysis:
        return FaceAnalysis(MediaInfo(video, SECONDS, None, ()), (_person(1), _person(2)), (), "key")

    def load_lips(key: str, person_id: int, cast: Cast = ()) -> LipStream:
        return LipStream(points.astype(np.float32), np.ones(frames, bool) if person_id == 1 else away, mouths)

    monkeypatch.setattr("engine.vision.people.find_faces", find_faces)
    monkeypatch.setattr("engine.vision.people.load_lips", load_lips)
    return path
