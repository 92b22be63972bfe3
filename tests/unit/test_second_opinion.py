"""AVSep's own model beside another: the delay it finds, its judgement of the other's voices, strong disagreement."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest

from engine.contract import Declaration, WindowMasks
from engine.isolation import second_opinion
from engine.isolation.job import isolate
from engine.isolation.lags import Lags
from engine.isolation.second_opinion import opinion
from engine.jobs import CancelToken
from engine.media.reader import decode_audio
from engine.types import IsolationRequest, IsolationResult

GUEST = Declaration(people=1)
OURS = Declaration(people=4, faces_together=True, margin_frames=5, finds_lag=True, judges=True)
LOW, HIGH = slice(0, 90), slice(90, None)  # rows of a mask: halves of a noise that serve as two voices
TRUSTED_DB = 12.0


@dataclass
class Half:
    """Lets the same part of the spectrum through for every face, and keeps what it was given."""

    declaration: Declaration
    part: slice
    quality_db: float = 0.0
    late_frames: int = 0
    device: str = "cpu"
    warnings: list[str] = field(default_factory=list)
    seen: list[np.ndarray] = field(default_factory=list)
    lags: list[np.ndarray | None] = field(default_factory=list)
    closed: int = 0

    def masks(self, mixture: np.ndarray, lips: np.ndarray, seen: np.ndarray, lag: np.ndarray | None) -> WindowMasks:
        self.seen.append(seen)
        self.lags.append(lag)
        people, frames = len(lips), len(mixture) // 160
        mask = np.zeros((people, 257, frames), np.complex64)
        mask[:, self.part] = 1
        return WindowMasks(
            mask,
            np.zeros((people, frames, 2 * self.declaration.margin_frames + 1), np.float32),
            np.ones((people, frames), np.float32),
            np.full((people, frames), self.quality_db, np.float32),
        )

    def lag_probabilities(self, match: np.ndarray) -> np.ndarray:
        return np.eye(match.shape[-1], dtype=np.float32)[self.declaration.margin_frames + self.late_frames]

    def close(self) -> None:
        self.closed += 1


Run = Callable[..., IsolationResult]


@pytest.fixture
def run(clip: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Separate the first seconds with a guest ("tiny" in name alone) and ours beside it."""

    def go(guest: Half, ours: Half, **more: object) -> IsolationResult:
        for place in ("engine.isolation.job", "engine.isolation.second_opinion"):
            told = {"tiny": guest.declaration, second_opinion.ADVISER: ours.declaration}
            monkeypatch.setattr(f"{place}.declaration", told.__getitem__)
        models = {"tiny": guest, second_opinion.ADVISER: ours}
        monkeypatch.setattr("engine.separator.open_model", lambda name, device, cancel: models[name])
        return isolate(replace(IsolationRequest(clip, (1,), model="tiny", range_s=(0.0, 9.0)), **more))  # type: ignore[arg-type]

    return go


def voices(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    wanted, other = 0.1 * rng.standard_normal((2, 3 * 16_000)).astype(np.float32)
    return wanted, other


def said(voice: np.ndarray, own: np.ndarray, mixture: np.ndarray, trust_db: float = TRUSTED_DB) -> tuple[float, float]:
    """Quality and apartness in dB, in the middle."""
    told = opinion(mixture, voice[None], own[None], np.full((1, 300), trust_db, np.float32))
    return float(told.quality_db[0, 150]), float(told.apart_db[0, 150])


def test_a_voice_like_ours_is_as_good_as_ours() -> None:
    wanted, other = voices()
    quality, apart = said(wanted, wanted, wanted + other)
    assert quality == pytest.approx(TRUSTED_DB, abs=0.01) and apart < -60


def test_the_other_voice_the_mixture_and_nothing_are_no_improvement() -> None:
    wanted, other = voices()
    mixture = wanted + other
    for voice, quality, apart in ((other, -3.0, 3.0), (mixture, 0.0, 0.0), (0 * mixture, 0.0, 0.0)):
        assert said(voice, wanted, mixture) == (pytest.approx(quality, abs=0.5), pytest.approx(apart, abs=0.3))


def test_a_judgement_that_is_not_trusted_says_little_about_a_voice_that_differs() -> None:
    wanted, other = voices()
    assert said(wanted, other, wanted + other, trust_db=0.0)[0] == pytest.approx(-5, abs=0.5)


def test_silence_is_judged_with_numbers() -> None:
    nothing = np.zeros((1, 48_000), np.float32)
    told = opinion(nothing[0], nothing, nothing, np.zeros((1, 300), np.float32))
    assert np.isfinite(told.quality_db).all() and np.isfinite(told.apart_db).all()


def test_agreement_of_a_guest_that_gives_our_voice_is_ours(run: Run) -> None:
    result = run(Half(GUEST, LOW), Half(OURS, LOW, TRUSTED_DB))
    (told,) = {round(span.judgement.improvement_db, 1) for span in result.voices[0].confidence.spans}
    assert told == TRUSTED_DB
    assert result.voices[0].confidence.mean > 0.9
    assert not result.warnings


def test_strong_disagreement_is_said_with_time_and_model(run: Run) -> None:
    result = run(Half(GUEST, HIGH), Half(OURS, LOW, TRUSTED_DB))
    assert result.voices[0].confidence.mean < 0.6
    (sentence,) = result.warnings
    assert sentence.startswith("Person 1: tiny and AVSep's own model disagree strongly in 14 s, first at 0:00")


def test_a_disagreement_in_which_ours_is_not_sure_is_not_strong(run: Run) -> None:
    assert "disagree strongly" not in " ".join(run(Half(GUEST, HIGH), Half(OURS, LOW, -3.0)).warnings)


def test_neither_is_given_more_people_at_once_than_it_takes(run: Run) -> None:
    guest = Half(replace(GUEST, people=4), LOW)
    ours = Half(replace(OURS, people=1), LOW)
    result = run(guest, ours, person_ids=(1, 2))
    assert [voice.person_id for voice in result.voices] == [1, 2]
    assert {len(seen) for seen in ours.seen} == {1}
    assert max(len(seen) for seen in guest.seen) == 2


@pytest.mark.parametrize("late_frames", [0, 3])
def test_a_guest_sees_the_pictures_as_late_as_ours_finds_them(run: Run, late_frames: int) -> None:
    """Person 2 of the film is away from frame 100 on."""
    guest = Half(GUEST, LOW)
    run(guest, Half(OURS, LOW, late_frames=late_frames), person_ids=(2,))
    assert np.flatnonzero(guest.seen[0][0] == 0)[0] == 100 - late_frames


def test_ours_judges_with_the_delay_that_it_found_and_both_are_closed(run: Run) -> None:
    guest, ours = Half(GUEST, LOW), Half(OURS, LOW, late_frames=2)
    result = run(guest, ours)
    assert all(lag is None for lag in guest.lags)
    assert ours.lags[-1] is not None and ours.lags[-1].argmax(1).tolist() == [7, 7]
    assert result.voices[0].av_offset_ms == pytest.approx(-80.0)
    assert (guest.closed, ours.closed) == (1, 1)


@pytest.mark.parametrize(
    ("lag", "frames"), [([0, 0.2, 0.2, 0.6, 0], 1), ([0.2, 0.2, 0.2, 0.2, 0.2], 0), ([1, 0, 0, 0, 0], -2)]
)
def test_a_delay_counts_where_it_is_sure(tmp_path: Path, clip: Path, lag: list[float], frames: int) -> None:
    source = decode_audio(clip, cancel=CancelToken())
    lags = Lags(tmp_path, source)
    lags.known["1"] = np.asarray(lag, np.float32)
    assert (lags.delay_frames("1"), lags.delay_frames("2")) == (frames, 0)
