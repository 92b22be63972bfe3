"""A guest behind the contract: its level, its windows, its faces; and the shared suite, for two kinds of guests."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from engine.audio.fullband import masked
from engine.contract import Declaration, FloatArray
from engine.errors import JobCancelled, ModelError
from engine.guests.model import GuestModel, _starts
from engine.guests.process import Program
from engine.guests.runner import Runner
from engine.jobs import CancelToken
from tests.conformance.puppets import Given, puppets
from tests.conformance.test_calls import *  # noqa: F403 - the tests of the suite run here on the `model` below
from tests.conformance.test_calls import EDGE, apart_db
from tests.conformance.test_films import *  # noqa: F403

GAIN = Path(__file__).with_name("programs") / "gain.py"
DECLARATION = Declaration(licence="CC0-1.0", code_licence="Apache-2.0", trained_on="nothing", people=2, margin_frames=1)
# The guest's gain is that of each moment, so windows give what the whole gives, to single precision.
SAME_DB = -100.0


def guest(*settings: str, own_level: bool = False, least_s: float = 0.0, **declared: object) -> GuestModel:
    runner = Runner(Program("gain", Path(sys.executable), GAIN, settings))
    return GuestModel(runner, replace(DECLARATION, **declared), own_level, least_s)


@pytest.fixture(scope="module", params=["whole", "in windows, of its own level"])
def model(request: pytest.FixtureRequest) -> Iterator[GuestModel]:
    if request.param == "whole":
        made = guest("people=2", "level_db=-25")
    else:
        made = guest(
            "people=1", "shortest=25", "longest=40", "own_level=0.1", own_level=True, least_s=1, window_s=1.6, people=1
        )
    yield made
    made.close()


@pytest.fixture(scope="module")
def two(model: GuestModel) -> Given:
    return puppets(2, 2).given(model.declaration)


@pytest.fixture(scope="module")
def talk() -> Given:
    return puppets(5.2, 3).given(DECLARATION)


@pytest.fixture(scope="module")
def expected(talk: Given) -> Iterator[FloatArray]:
    """Voices of three faces, in one call of the guest."""
    whole = guest("level_db=-25", people=3)
    yield masked_by(whole, talk)
    whole.close()


def masked_by(model: GuestModel, given: Given) -> FloatArray:
    return masked(given.mixture, model.masks(given.mixture, given.lips, given.seen, None).mask, model.declaration.grid)


def test_the_gain_of_the_guest_is_that_of_the_voices(talk: Given, expected: FloatArray) -> None:
    mean = np.abs(talk.lips).mean(-1)
    around = np.stack([mean[:, k : k + mean.shape[1] - 2] for k in range(3)]).mean(0)
    gain = np.where(talk.seen[:, 1:-1] > 0, around / (around + 1), 1)
    assert apart_db(expected[:, :-EDGE], (np.repeat(gain, 640, 1) * talk.mixture)[:, :-EDGE]) < SAME_DB


def test_windows_and_groups_of_faces_make_no_difference(talk: Given, expected: FloatArray) -> None:
    for frames in (1, 3, 12, 29, 129):
        parted = guest("people=2", f"shortest={frames}", f"longest={frames}", window_s=frames / 25)
        assert apart_db(masked_by(parted, talk), expected) < SAME_DB
        parted.close()


def test_windows_cover_all_and_share_a_fade() -> None:
    for length in (1, 3, 4, 25, 150):
        for frames in range(length, 5 * length + 7):
            starts = _starts(frames, length)
            shared = min(25, length // 4)
            assert starts[0] == 0 and starts[-1] + length == frames
            assert all(0 < b - a <= length - shared for a, b in pairwise(starts))


def test_a_level_of_its_own_is_brought_to_that_of_the_mixture(talk: Given) -> None:
    model = guest("own_level=0.1", "longest=50", own_level=True, window_s=2.0)
    loud = np.linspace(0.1, 4, len(talk.mixture), dtype=np.float32)
    steady = replace(talk, mixture=talk.mixture * loud, lips=np.ones_like(talk.lips))
    for voice in masked_by(model, steady):  # one gain throughout: the mixture itself explains most of it
        assert apart_db(voice[:-EDGE], steady.mixture[:-EDGE]) < SAME_DB
    model.close()


def test_a_level_of_its_own_is_the_one_that_explains_most(talk: Given) -> None:
    model = guest("own_level=0.1", own_level=True, people=3)
    for voice in masked_by(model, talk):
        rest = talk.mixture - voice
        assert abs(voice @ rest) < 1e-3 * (voice @ voice)
    model.close()


def test_short_sound_is_filled_up_for_a_guest_that_needs_more(talk: Given, expected: FloatArray) -> None:
    model = guest("shortest=30", "longest=30", least_s=1.2)
    short = Given(talk.mixture[:6400], talk.lips[:2, :12], talk.seen[:2, :12])
    assert apart_db(masked_by(model, short)[:, :-EDGE], expected[:2, : 6400 - EDGE]) < SAME_DB
    model.close()


def test_silence_and_faces_never_seen_are_not_asked_for(talk: Given) -> None:
    model = guest(people=3)
    silent = model.masks(np.zeros_like(talk.mixture), talk.lips, talk.seen, None)
    assert not silent.mask.any()
    nobody = model.masks(talk.mixture, np.zeros_like(talk.lips), np.zeros_like(talk.seen), None)
    np.testing.assert_array_equal(nobody.mask, 1)
    assert model.runner.pid is None
    late = replace(talk, mixture=np.concatenate([np.zeros(80_000, np.float32), talk.mixture[80_000:]]))
    windows = guest("silence=0", window_s=1.0)
    assert not masked_by(windows, late)[:, : 80_000 - EDGE].any()
    windows.close()


def test_nothing_is_told_of_lags_activity_and_quality(talk: Given) -> None:
    model = guest(people=3)
    out = model.masks(np.zeros_like(talk.mixture), talk.lips, talk.seen, None)
    assert out.match.shape == (3, 520, 3) and not out.match.any()
    assert out.activity.shape == out.quality.shape == (3, 520)
    assert (out.activity == 1).all() and not out.quality.any()
    np.testing.assert_array_equal(model.lag_probabilities(np.ones((2, 520, 3), np.float32)), [0, 1, 0])


def test_a_cancel_and_an_error_of_the_guest_get_through(talk: Given) -> None:
    refusing = guest("people=0")
    with pytest.raises(ModelError, match="failed with “ValueError: 2 people”"):
        masked_by(refusing, talk)
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(JobCancelled):
        masked_by(replace(refusing, cancel=cancel), talk)
    assert refusing.runner.pid is None


def test_it_says_where_it_runs_and_what_was_done_otherwise() -> None:
    model = guest()
    model.runner.warnings.append("It was started again.")
    assert model.device == "cpu" and model.warnings == ["It was started again."]
