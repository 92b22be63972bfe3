"""Windows of a file: they add up, in any order, after any stop, and out of memory is survived."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch

from engine import isolation
from engine.config import StftConfig
from engine.contract import Crops, Declaration, WindowMasks
from engine.errors import DeviceError, JobCancelled, ModelError, NoFaceError, UsageError
from engine.isolation import HOP_S, isolate, voice_store, windows_of
from engine.jobs import CancelToken, Progress
from engine.registry import build, declaration
from engine.separator import Separator
from engine.types import FaceAnalysis, IsolationRequest, MediaInfo, Person
from engine.vision.lips import LipStream

SECONDS = 13.7
RATE = 22_050


def _person(number: int) -> Person:
    empty = np.zeros(0, np.float32)
    return Person(number, f"Person {number}", 1.0, 1.0, None, (), np.zeros((4, 4, 3), np.uint8), empty, empty)


@pytest.fixture
def clip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A sound file of noise whose "faces" are two fabricated people; person 2 is away from 4 s to 9 s."""
    rng = np.random.default_rng(0)
    path = tmp_path / "talk.wav"
    seed = int.from_bytes(str(tmp_path).encode()[-4:], "little")
    noise = np.random.default_rng(seed).standard_normal((round(SECONDS * RATE), 2)) * 0.1
    soundfile.write(path, noise, RATE, subtype="FLOAT")
    frames = round(SECONDS * 25)
    points = rng.standard_normal((frames, 68, 2)).astype(np.float32).cumsum(0) * 0.2 + rng.random((68, 2)) * 100
    away = np.ones(frames, bool)
    away[100:225] = False
    mouths = np.zeros((frames, 32, 32), np.uint8)

    def find_faces(video: Path, **_: object) -> FaceAnalysis:
        return FaceAnalysis(MediaInfo(video, SECONDS, None, ()), (_person(1), _person(2)), (), "key")

    def load_lips(key: str, person_id: int) -> LipStream:
        return LipStream(points.astype(np.float32), np.ones(frames, bool) if person_id == 1 else away, mouths)

    monkeypatch.setattr("engine.vision.people.find_faces", find_faces)
    monkeypatch.setattr("engine.vision.people.load_lips", load_lips)
    return path


def _ones(self: Separator, mixture: np.ndarray, lips: np.ndarray, seen: np.ndarray, lag: object) -> WindowMasks:
    frames = len(mixture) // 160
    lags = 2 * self.model.config.max_lag_frames + 1
    return WindowMasks(
        np.ones((len(lips), 257, frames), np.complex64),
        np.zeros((len(lips), frames, lags), np.float32),
        activity=np.ones((len(lips), frames), np.float32),
        quality=np.zeros((len(lips), frames), np.float32),
    )


def test_windows_cover_a_range_with_both_neighbours() -> None:
    assert windows_of(SECONDS, None) == [0, 1, 2, 3]
    assert windows_of(SECONDS, (5.0, 6.0)) == [0, 1, 2]
    assert windows_of(0.5, None) == [0]
    for bad in ((3.0, 3.0), (14.0, 15.0), (-1.0, 2.0)):
        with pytest.raises(UsageError, match="range"):
            windows_of(SECONDS, bad)


def test_an_open_mask_gives_the_source_back(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Separator, "masks", _ones)
    result = isolate(IsolationRequest(clip, (1,), model="tiny"))
    voice, source = result.voices[0].voice, result.source
    assert voice.complete
    assert (voice.n_samples, voice.channels, voice.sample_rate_hz) == (source.n_samples, 2, RATE)
    assert np.abs(voice.open() - source.open()).max() < 1e-4
    assert result.voices[0].ready_s == ((0.0, pytest.approx(SECONDS, abs=1e-3)),)


def test_a_seen_person_who_says_nothing_is_silent(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is not seen is another matter: what to do there is the absence policy's."""

    def still(*a: Any) -> WindowMasks:
        open_ = _ones(*a)
        return dataclasses.replace(open_, activity=0 * open_.activity)

    monkeypatch.setattr(Separator, "masks", still)
    result = isolate(IsolationRequest(clip, (1, 2), model="tiny", absent="hold"))
    seen, sometimes = (voice.voice.open() for voice in result.voices)
    source = result.source.open()
    assert np.abs(seen).max() < 0.04 * np.abs(source).max()
    assert "Person 1 was not heard: their voice is all but silent." in result.warnings
    away = slice(round(5.5 * RATE), round(7.5 * RATE))
    assert np.abs(sometimes[away] - source[away]).max() < 1e-4


def test_two_people_with_one_voice_are_named(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Separator, "masks", _ones)
    said = isolate(IsolationRequest(clip, (1, 2), model="tiny", range_s=(0.0, 4.0))).warnings
    assert any(line.startswith("Persons 1 and 2 have the same voice in 4 s, first at 0:00") for line in said)
    assert not any("not heard" in line for line in said)

    def halves(*a: Any) -> WindowMasks:
        out = _ones(*a)
        out.mask[0, 128:] = out.mask[1:, :128] = 0
        return out

    monkeypatch.setattr(Separator, "masks", halves)
    monkeypatch.setenv("AVSEP_CACHE_DIR", str(clip.parent / "other"))
    said = isolate(IsolationRequest(clip, (1, 2), model="tiny", range_s=(0.0, 4.0))).warnings
    assert not any("same voice" in line for line in said)


def test_absence_is_silent_held_or_original(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    half = lambda *a: dataclasses.replace(_ones(*a), mask=_ones(*a).mask * np.float32(0.5))  # noqa: E731
    monkeypatch.setattr(Separator, "masks", half)
    away, here = slice(round(4.5 * RATE), round(8.5 * RATE)), slice(RATE, 3 * RATE)
    for policy, expected in (("silence", 0.0), ("hold", 0.5), ("original", 1.0)):
        result = isolate(IsolationRequest(clip, (2,), model="tiny", absent=policy))  # type: ignore[arg-type]
        voice, source = result.voices[0].voice.open(), result.source.open()
        assert np.abs(voice[away] - expected * source[away]).max() < 1e-4, policy
        assert np.abs(voice[here] - 0.5 * source[here]).max() < 1e-4, policy


def test_order_and_stops_do_not_change_the_result(clip: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    request = IsolationRequest(clip, (1, 2), model="tiny")
    plain = [v.voice.open().copy() for v in isolate(request).voices]

    monkeypatch.setenv("AVSEP_CACHE_DIR", str(tmp_path / "other"))
    token, seen = CancelToken(), []

    def stop(progress: Progress) -> None:
        if progress.stage == "Isolating":
            seen.append(progress)
            if len(seen) == 4:
                token.cancel()

    backwards = dataclasses.replace(request, from_s=12.0)
    with pytest.raises(JobCancelled):
        isolate(backwards, on_progress=stop, cancel=token)
    again = isolate(backwards)
    for one, other in zip(plain, again.voices, strict=True):
        np.testing.assert_array_equal(one, other.voice.open())


def test_a_preview_is_part_of_the_whole(clip: Path) -> None:
    ready: list[tuple[float, float]] = []
    preview = isolate(
        IsolationRequest(clip, (1,), model="tiny", range_s=(0.5, 3.5), from_s=1.0),
        on_progress=lambda p: ready.append(p.ready_s) if p.ready_s else None,
    )
    assert preview.voices[0].ready_s == ((0.0, float(HOP_S)),)
    assert not preview.voices[0].voice.complete
    assert ready == [(0.0, float(HOP_S))]
    heard = preview.voices[0].voice.open()[: HOP_S * RATE].copy()
    whole = isolate(IsolationRequest(clip, (1,), model="tiny"))
    store = voice_store(IsolationRequest(clip, (1,), model="tiny"), 1)
    assert whole.voices[0].voice.path == preview.voices[0].voice.path == store.path
    np.testing.assert_array_equal(whole.voices[0].voice.open()[: HOP_S * RATE], heard)
    assert len(whole.voices[0].confidence.spans) == 14
    assert all(0 <= s.value <= 1 for s in whole.voices[0].confidence.spans)


def test_nothing_is_computed_twice(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    request = IsolationRequest(clip, (1,), model="tiny")
    isolate(request)

    def refuse(*_: object) -> None:
        raise AssertionError("computed again")

    monkeypatch.setattr(Separator, "load", refuse)
    assert isolate(request).voices[0].voice.complete


def test_wrong_people_are_named(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="no person 3"):
        isolate(IsolationRequest(clip, (3,), model="tiny"))
    with pytest.raises(UsageError, match="no model called"):
        isolate(IsolationRequest(clip, (1,), model="nonsense"))
    nobody: Callable[..., FaceAnalysis] = lambda video, **_: FaceAnalysis(MediaInfo(video, 1.0, None, ()), (), (), "k")  # noqa: E731
    monkeypatch.setattr("engine.vision.people.find_faces", nobody)
    with pytest.raises(NoFaceError):
        isolate(IsolationRequest(clip, (1,), model="tiny"))


def test_out_of_memory_halves_the_work_and_says_so() -> None:
    separator = Separator(build("tiny"), torch.device("meta"), declaration("tiny"))
    separator.device = torch.device("cuda")  # pretended: only its type is looked at
    whole = Separator(build("tiny"), torch.device("cpu"), declaration("tiny"))
    rng = np.random.default_rng(1)
    sound = rng.standard_normal(6 * 16_000).astype(np.float32)
    lips, seen = rng.standard_normal((2, 170, 240)).astype(np.float32), np.ones((2, 170), np.float32)
    sizes: list[int] = []

    def run(mixture: np.ndarray, *rest: object) -> WindowMasks:
        sizes.append(len(mixture))
        if len(mixture) > 50_000 and separator.device.type != "cpu":
            raise DeviceError("The GPU ran out of memory.", "")
        return whole._run(mixture, *rest)  # type: ignore[arg-type]

    separator._run = run  # type: ignore[method-assign]
    out = separator.masks(sound, lips, seen, None)
    assert out.mask.shape == (2, 257, 600)
    assert out.match.shape == (2, 600, 21)
    assert sizes == [96_000, 48_000, 48_000]
    assert separator.warnings == ["The GPU ran out of memory. Going on with half as much at a time."]


def test_out_of_memory_ends_on_the_cpu_and_says_so() -> None:
    separator = Separator(build("tiny"), torch.device("cpu"), declaration("tiny"))
    separator.device = torch.device("cuda")
    plain = Separator(build("tiny"), torch.device("cpu"), declaration("tiny"))
    rng = np.random.default_rng(1)
    sound = rng.standard_normal(2 * 16_000).astype(np.float32)
    lips, seen = rng.standard_normal((1, 70, 240)).astype(np.float32), np.ones((1, 70), np.float32)

    def run(*given: object) -> WindowMasks:
        if separator.device.type != "cpu":
            raise DeviceError("The GPU ran out of memory.", "")
        return plain._run(*given)  # type: ignore[arg-type]

    separator._run = run  # type: ignore[method-assign]
    out = separator.masks(sound, lips, seen, None)
    np.testing.assert_array_equal(out.mask, plain.masks(sound, lips, seen, None).mask)
    assert "Going on with the CPU" in separator.warnings[0]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (Declaration(video_rate_hz=30), "30 Hz pictures"),
        (Declaration(grid=StftConfig(8000)), "8000 Hz sound"),
        (Declaration(lips=Crops(112)), "grey mouths of 112 pixels"),
        (Declaration(lips=Crops(32, "rgb")), "rgb mouths of 32 pixels"),
    ],
)
def test_a_model_that_cannot_be_served_is_refused(
    clip: Path, monkeypatch: pytest.MonkeyPatch, asked: Declaration, said: str
) -> None:
    model = Separator(build("tiny"), torch.device("cpu"), asked)
    monkeypatch.setattr("engine.separator.open_model", lambda name, device: model)
    with pytest.raises(ModelError, match=said):
        isolate(IsolationRequest(clip, (1,), model="tiny"))


def test_self_test_passes_with_tiny() -> None:
    report = isolation.self_test("tiny", "cpu", seconds=2)
    assert report["passed"]
    assert report["real_time_factor"] > 0
