"""Confidence over a stretch: energies add, silence and unseen faces tell little."""

from __future__ import annotations

import numpy as np
import pytest

from engine.confidence import Judgement, confidence, judge, together

RATE = 8000
CURVE = (0.5, -1.0)


def _noise(seconds: float, gain: float, seed: int) -> np.ndarray:
    return (gain * np.random.default_rng(seed).standard_normal(round(seconds * RATE))).astype(np.float32)


def test_one_quality_is_the_improvement_whatever_the_sound() -> None:
    mixture, voice = _noise(1, 0.1, 1), _noise(1, 0.05, 2)
    for sound in (mixture, np.stack([mixture, mixture], 1)):
        same = voice if sound.ndim == 1 else np.stack([voice, voice], 1)
        told = judge(sound, same, RATE, np.full(100, 7.0, np.float32))
        assert told.improvement_db == pytest.approx(7)
        assert told.removed == pytest.approx(np.square(mixture - voice).mean(), rel=1e-5)


def test_loud_moments_count_for_more() -> None:
    mixture = np.concatenate([_noise(0.5, 0.3, 1), _noise(0.5, 0.003, 2)])
    quality = np.repeat(np.asarray([2, 20], np.float32), 50)
    assert judge(mixture, 0 * mixture, RATE, quality).improvement_db == pytest.approx(2, abs=0.1)
    assert judge(mixture, 0 * mixture, RATE, quality[::-1]).improvement_db == pytest.approx(20, abs=0.6)


def test_parts_together_are_the_whole() -> None:
    mixture, voice = _noise(3, 0.2, 1), _noise(3, 0.1, 2)
    mixture[RATE : 2 * RATE] *= 5
    quality = np.random.default_rng(3).uniform(-5, 20, 300).astype(np.float32)
    parts = [
        judge(
            mixture[k * RATE : (k + 1) * RATE], voice[k * RATE : (k + 1) * RATE], RATE, quality[k * 100 : (k + 1) * 100]
        )
        for k in range(3)
    ]
    whole = judge(mixture, voice, RATE, quality)
    assert together(parts).improvement_db == pytest.approx(whole.improvement_db)
    assert together(parts).removed == pytest.approx(whole.removed)


def test_a_voice_kept_whole_counts_by_what_it_could_have_lost() -> None:
    mixture = _noise(1, 0.1, 1)
    told = judge(mixture, mixture, RATE, np.full(100, 3, np.float32))
    assert told.removed_db == pytest.approx(10 * np.log10(np.square(mixture).mean()) - 15, abs=0.01)


def test_silence_has_a_judgement() -> None:
    nothing = np.zeros(RATE, np.float32)
    assert judge(nothing, nothing, RATE, np.full(100, 4, np.float32)).improvement_db == pytest.approx(4)


def test_nothing_is_known_of_who_is_not_seen() -> None:
    assert confidence(Judgement(1.0, 0.1, 0.0), CURVE) == 0
    assert confidence(Judgement(1.0, 0.1, 0.5), CURVE) == pytest.approx(0.5 * confidence(Judgement(1, 0.1, 1), CURVE))
    seen, unseen = Judgement(3.0, 0.3, 1.0), Judgement(1.0, 0.1, 0.0)
    assert together([seen, unseen]) == seen, "what was not seen is no part of it"
    assert confidence(together([unseen, unseen]), CURVE) == confidence(together([]), CURVE) == 0
    assert confidence(Judgement(1, 10**-0.2, 1.0), CURVE) == pytest.approx(0.5)
