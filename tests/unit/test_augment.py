"""Rooms, noise, late and frozen pictures, each against a slow plain version."""

from __future__ import annotations

import numpy as np
import pytest

from engine.data import augment
from engine.vision.lips import landmark_features

RATE_HZ = 16_000


def _rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_chance_comes_as_often_as_asked_and_never_costs_a_draw_at_zero() -> None:
    rng = _rng()
    assert not any(augment.chance(rng, 0.0) for _ in range(10))
    assert rng.random() == _rng().random()
    assert 250 < sum(augment.chance(rng, 0.3) for _ in range(1000)) < 350
    assert all(augment.chance(rng, 1.0) for _ in range(10))


@pytest.mark.parametrize(("rt60_s", "direct_db"), [(0.15, 12.0), (0.6, -3.0)])
def test_a_room_has_the_direct_sound_and_the_decay_asked_for(rt60_s: float, direct_db: float) -> None:
    responses = [augment.room_response(_rng(seed), rt60_s, direct_db, RATE_HZ).astype(float) for seed in range(40)]
    for response in responses:
        assert response[0] == 1.0 and not response[1:16].any()
        assert len(response) == round(rt60_s * RATE_HZ)
        assert 10 * np.log10(1.0 / np.sum(response[1:] ** 2)) == pytest.approx(direct_db, abs=0.01)
    energy = np.mean([response**2 for response in responses], 0)
    blocks = [10 * np.log10(block.mean()) for block in np.array_split(energy[320:], 8)]
    slopes = np.diff(blocks) / ((len(energy) - 320) / 8 / RATE_HZ)
    assert slopes.mean() == pytest.approx(-60 / rt60_s, rel=0.03)  # averaged over 40 rooms


def test_a_voice_in_a_room_is_a_convolution_of_which_the_early_part_is_kept() -> None:
    voice = _rng(1).standard_normal(700).astype(np.float32)
    response = augment.room_response(_rng(2), 0.02, 0.0, RATE_HZ)
    early = 200
    assert response[early:].any()
    wet, kept = augment.in_room(voice, response, early)
    plain = [np.convolve(voice.astype(float), part)[:700] for part in (response, response[:early])]
    gain = np.sqrt(np.mean(voice**2.0) / np.mean(plain[1] ** 2))
    np.testing.assert_allclose(wet, plain[0] * gain, atol=1e-5)
    np.testing.assert_allclose(kept, plain[1] * gain, atol=1e-5)
    assert augment.rms(kept) == pytest.approx(augment.rms(voice), rel=1e-5)
    for silent in augment.in_room(np.zeros(700, np.float32), response, early):
        assert not silent.any()


def test_levels() -> None:
    voices = 3 * _rng(3).standard_normal(5000).astype(np.float32)
    noise = 40 * _rng(4).standard_normal(5000).astype(np.float32)
    scaled = augment.at_snr(noise, voices, 7.0)
    assert 10 * np.log10(np.mean(voices**2.0) / np.mean(scaled**2.0)) == pytest.approx(7.0, abs=1e-3)
    assert np.corrcoef(scaled, noise)[0, 1] > 0.999999
    assert not augment.at_snr(np.zeros(5000, np.float32), voices, 7.0).any()
    loud = voices * augment.gain_to(voices, -26.0)
    assert 10 * np.log10(np.mean(loud**2.0)) == pytest.approx(-26.0, abs=1e-3)
    assert np.isfinite(augment.gain_to(np.zeros(10, np.float32), -26.0))


def test_hiss_has_more_low_than_high_frequencies_and_no_mean() -> None:
    power = np.abs(np.fft.rfft(augment.hiss(_rng(5), 1 << 14))) ** 2
    assert power[1:50].mean() > 10 * power[-4000:].mean() > 0
    assert abs(augment.hiss(_rng(5), 1000).mean()) < 1e-9


def test_a_short_sound_begins_anew() -> None:
    sound = np.arange(5, dtype=np.int16)
    assert augment.looped(sound, 3, 9).tolist() == [(3 + n) % 5 for n in range(9)]


def test_bursts_have_every_length_and_stay_inside() -> None:
    rng = _rng(6)
    found = [augment.burst(rng, 20, (1, 15)) for _ in range(3000)]
    assert {part.stop - part.start for part in found} == set(range(1, 16))
    assert min(part.start for part in found) == 0 and max(part.stop for part in found) >= 19
    assert max(part.stop for part in found) <= 20
    assert all(part.stop - part.start == 3 for part in (augment.burst(rng, 4, (9, 9)) for _ in range(10)))


def test_jitter_stays_within_reach_in_order_and_is_used_up() -> None:
    rows = 7.0 + 1.1 * np.arange(500)
    moved = augment.jittered(_rng(7), rows, 1.1)
    off = moved - rows
    assert np.abs(off).max() <= 1.1 and off.max() > 0.8 and off.min() < -0.8
    assert (np.diff(moved) >= 0).all()
    np.testing.assert_array_equal(rows, 7.0 + 1.1 * np.arange(500))


def test_frozen_pictures_show_the_last_one_before_them() -> None:
    rows = np.arange(8.0)
    assert augment.frozen(rows, slice(3, 6)).tolist() == [0, 1, 2, 2, 2, 2, 6, 7]
    assert augment.frozen(rows, slice(0, 2)).tolist() == [0, 0, 2, 3, 4, 5, 6, 7]
    assert rows.tolist() == list(range(8))


def test_a_mouth_that_rests_keeps_the_picture_of_the_nearest_frame_that_is_seen() -> None:
    mouths = np.arange(1, 8, dtype=np.uint8)[:, None, None] * np.ones((7, 2, 3), np.uint8)
    seen = np.asarray([1, 1, 1, 0, 0, 1, 1], np.float32)
    mouths[seen == 0] = 0
    rests = np.asarray([0, 0, 1, 1, 1, 1, 0], bool)
    for frame, kept in ((1, 2), (3, 3), (4, 6), (6, 7)):
        held = augment.held(mouths, seen, rests, frame)
        assert held[:, 1, 2].tolist() == [1, 2, kept, 0, 0, kept, 7]
    assert augment.held(0 * mouths, 0 * seen, rests, 3).tolist() == (0 * mouths).tolist()
    lips = np.zeros((7, 6), np.float32)
    lips[:, 2:4] = np.asarray([3, -2, 2.5, 0, 0, 5, 4])[:, None]
    assert augment.stillest(lips, seen) == 1 and augment.stillest(lips, np.ones(7, np.float32)) == 3


def test_mouths_are_cut_at_one_place_which_may_be_any() -> None:
    rng = _rng(9)
    mouths = np.arange(2 * 5 * 5, dtype=np.uint8).reshape(2, 5, 5)
    corners = set()
    for _ in range(100):
        cut = augment.cropped(rng, mouths, 4)
        assert cut.shape == (2, 4, 4) and np.array_equal(cut[1] - cut[0], np.full((4, 4), 25))
        corners.add(int(cut[0, 0, 0]))
    assert corners == {0, 1, 5, 6}


def test_a_picture_in_other_light() -> None:
    face = _rng(10).integers(0, 256, (4, 5, 3), np.uint8)
    assert np.array_equal(augment.recoloured(face, 1.0, 1.0), face)
    assert np.array_equal(augment.recoloured(face, 0.5, 1.0), np.round(face * 0.5).astype(np.uint8))
    grey = augment.recoloured(face, 1.0, 0.0)
    assert np.ptp(grey, axis=2).max() == 0 and np.abs(grey[..., 0] - face.mean(2)).max() <= 0.5
    assert augment.recoloured(face, 9.0, 1.0).max() == 255


def test_motion_is_what_the_vision_code_makes_of_the_same_positions() -> None:
    rng = _rng(8)
    base = rng.uniform(0, 200, (68, 2))
    points = (base + rng.standard_normal((30, 68, 2))).astype(np.float32)
    visible = np.ones(30, bool)
    visible[11:14] = False
    features = landmark_features(points, visible)
    np.testing.assert_allclose(augment.with_motion(features[:, :80], visible.astype(np.float32)), features, atol=1e-6)


def test_a_single_picture_has_no_motion_and_an_unseen_one_nothing() -> None:
    shape = np.ones((5, 2), np.float32)
    features = augment.with_motion(shape, np.asarray([0, 1, 0, 0, 0], np.float32))
    assert features[1].tolist() == [1, 1, 0, 0, 0, 0]
    assert not features[[0, 2, 3, 4]].any()
