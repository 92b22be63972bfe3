"""Every condition of a recipe changes what it should, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.data import scene
from engine.data.recipe import Recipe
from engine.data.scene import check_files, disturb, make_scene
from engine.errors import InputError

FRAMES, MARGIN = 72, 10
RECIPE = Recipe("m", "c", "test", "a.mp4", 1.0, "b.mp4", 0.8, 2.88, 3.0)
NOISY = {"noise": "rain.wav", "noise_start_s": 0.25}


@pytest.fixture(autouse=True)
def clips(monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[np.ndarray, ...]]:
    """Clips of 6 s whose lip positions count the frames; rain.wav lasts one second, d.wav has no picture."""
    rng = np.random.default_rng(0)
    made = {}
    for name, seconds, filmed in (
        ("a.mp4", 6, 1),
        ("b.mp4", 6, 1),
        ("c.mp4", 6, 1),
        ("d.wav", 6, 0),
        ("rain.wav", 1, 0),
    ):
        audio = (rng.standard_normal(16_000 * seconds) * 3000).astype(np.int16)
        lips = np.zeros((25 * seconds * filmed, 240), np.float32)
        lips[:, :80] = np.arange(len(lips))[:, None]
        lips[:, 80:160] = 1.0
        made[name] = audio, lips, np.full(128, len(made), np.float32)
    monkeypatch.setattr(scene, "_load", lambda path, *, filmed: made[path.name])
    monkeypatch.setattr(scene, "_clip", lambda row, path: made[path.name])
    return made


def _make(**changes: object) -> scene.Scene:
    return make_scene(replace(RECIPE, **changes), Path(), MARGIN)


def _db(a: np.ndarray, b: np.ndarray) -> float:
    return float(20 * np.log10(a.std() / b.std()))


def test_a_plain_mixture_is_the_sum_of_its_voices() -> None:
    made = _make()
    assert made.voices.shape == (2, FRAMES * 640) and made.filmed == (0, 1)
    np.testing.assert_allclose(made.mixture, made.voices.sum(0))
    assert made.voices[0].std() == pytest.approx(1, abs=1e-4)
    assert _db(made.voices[0], made.voices[1]) == pytest.approx(3, abs=1e-3)
    assert made.lips.shape == (2, FRAMES + 2 * MARGIN, 240) and made.seen.all()
    np.testing.assert_array_equal(made.lips[0, :, 0], 25 - MARGIN + np.arange(FRAMES + 2 * MARGIN))


@pytest.mark.parametrize("delay", [-9, -1, 0, 5, 9])
def test_a_delay_moves_the_lips_by_exactly_that_many_frames(delay: int) -> None:
    plain, late = _make(), _make(delay_frames=delay)
    np.testing.assert_array_equal(late.mixture, plain.mixture)
    np.testing.assert_array_equal(late.lips[0, :, 0], plain.lips[0, :, 0] - delay)  # late: row k shows an earlier frame
    first, last = MARGIN + delay, MARGIN + delay + FRAMES  # where the frames of the sound went: all still in view
    np.testing.assert_array_equal(late.lips[:, first:last], plain.lips[:, MARGIN : MARGIN + FRAMES])
    assert late.seen[:, first:last].all()


def test_no_margin_hides_the_picture_beyond_the_sound() -> None:
    made = _make(margin_frames=0, delay_frames=9)
    assert not made.seen[:, :MARGIN].any() and not made.seen[:, -MARGIN:].any()
    assert made.seen[:, MARGIN:-MARGIN].all() and not made.lips[:, :MARGIN].any()
    assert made.lips[0, MARGIN, 0] == 25 - 9
    some = _make(margin_frames=4).seen
    assert some.sum() == 2 * (FRAMES + 8)
    np.testing.assert_array_equal(_make(margin_frames=40).seen, _make().seen)


def test_frames_beyond_the_clip_are_unseen() -> None:
    made = _make(target_start_s=0.04)
    np.testing.assert_array_equal(made.seen[0], np.arange(FRAMES + 2 * MARGIN) >= MARGIN - 1)
    assert not made.lips[0, : MARGIN - 1].any()


def test_jitter_is_seeded_bounded_and_keeps_the_order() -> None:
    plain, shaken = _make(), _make(jitter_frames=1.5, seed=4)
    np.testing.assert_array_equal(shaken.lips, _make(jitter_frames=1.5, seed=4).lips)
    assert not np.array_equal(shaken.lips, _make(jitter_frames=1.5, seed=5).lips)
    np.testing.assert_array_equal(shaken.mixture, plain.mixture)
    error = shaken.lips[0, :, 0] - plain.lips[0, :, 0]
    assert error.std() > 0.3 and np.abs(error).max() <= 1.5 + 1e-5
    assert (np.diff(shaken.lips[0, :, 0]) >= 0).all()
    np.testing.assert_allclose(shaken.lips[0, 1:-1, 80], (shaken.lips[0, 2:, 0] - shaken.lips[0, :-2, 0]) / 2)
    assert not np.array_equal(error, shaken.lips[1, :, 0] - plain.lips[1, :, 0])  # each face has its own


@pytest.mark.parametrize("share", [0.1, 0.3, 1.0])
def test_drop_outs_lose_that_share_in_runs(share: float) -> None:
    made = _make(drop_share=share, seed=2)
    rows = FRAMES + 2 * MARGIN
    for face in range(2):
        lost = made.seen[face] == 0
        assert lost.sum() == round(share * rows)
        assert not made.lips[face, lost].any()
        runs = np.diff(np.concatenate([[0], lost.astype(int)])).clip(0).sum()
        assert lost.sum() / runs >= 3
    np.testing.assert_array_equal(made.seen, _make(drop_share=share, seed=2).seen)
    if share < 1:
        assert not np.array_equal(made.seen, _make(drop_share=share, seed=3).seen)
        assert not np.array_equal(made.seen[0], made.seen[1])


@pytest.mark.parametrize("snr", [0.0, 10.0, 20.0])
def test_noise_is_added_to_the_mixture_alone(snr: float) -> None:
    plain, loud = _make(), _make(**NOISY, snr_db=snr)
    np.testing.assert_array_equal(loud.voices, plain.voices)
    np.testing.assert_array_equal(loud.lips, plain.lips)
    noise = loud.mixture - plain.mixture
    assert _db(plain.mixture, noise) == pytest.approx(snr, abs=0.01)
    np.testing.assert_allclose(noise[:16_000], noise[16_000:32_000], atol=1e-5)  # repeated, since it lasts one second


def test_a_third_talker_has_a_face_and_a_level() -> None:
    made = _make(interferer2="c.mp4", interferer2_start_s=0.4, sir2_db=-2.0)
    assert made.voices.shape[0] == made.lips.shape[0] == 3 and made.filmed == (0, 1, 2)
    assert _db(made.voices[0], made.voices[2]) == pytest.approx(-2, abs=1e-3)
    assert made.lips[2, MARGIN, 0] == 10
    np.testing.assert_array_equal(made.attributes, np.arange(3)[:, None].repeat(128, 1))


def test_a_talker_without_a_picture_is_heard_but_not_seen() -> None:
    made = _make(interferer="d.wav")
    assert made.voices.shape[0] == 2 and made.filmed == (0,) and made.lips.shape[0] == 1
    with pytest.raises(InputError, match=r"m: the target d\.wav has no picture"):
        _make(target="d.wav")


def test_unusable_stretches_are_named(clips: dict[str, tuple[np.ndarray, ...]]) -> None:
    with pytest.raises(InputError, match=r"m: b\.mp4 is silent or ends before 7\.88 s \(it has 6\.00 s\)"):
        _make(interferer_start_s=5.0)
    clips["b.mp4"][0][:] = 7
    with pytest.raises(InputError, match=r"b\.mp4 is silent"):
        _make()
    with pytest.raises(InputError, match=r"rain\.wav ends before 3 s"):
        _make(interferer="c.mp4", noise="rain.wav", noise_start_s=3.0, snr_db=0.0)
    clips["rain.wav"][0][:] = 0
    with pytest.raises(InputError, match=r"rain\.wav is silent"):
        _make(interferer="c.mp4", **NOISY, snr_db=0.0)


def test_a_window_between_two_frames_is_interpolated() -> None:
    features = np.arange(10, dtype=np.float32)[:, None].repeat(240, 1)
    lips, seen = disturb(features, np.array([2.0, 2.25, 8.5, 9.5]), 0.0, 0.0, np.random.default_rng(0))
    np.testing.assert_allclose(lips[:, 0], [2, 2.25, 8.5, 0])
    np.testing.assert_array_equal(seen, [1, 1, 1, 0])


def test_missing_files_are_counted_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").touch()
    rows = [RECIPE, replace(RECIPE, id="n", **NOISY, snr_db=1.0)]
    with pytest.raises(InputError, match=r"2 of the 3 files .* the first is b\.mp4") as caught:
        check_files(rows, tmp_path)
    assert "--root" in caught.value.remedy
    for name in ("b.mp4", "rain.wav"):
        (tmp_path / name).touch()
    check_files(rows, tmp_path)
