"""A mask of the model's grid on sound of other rates and channels."""

from __future__ import annotations

import numpy as np
import pytest

from engine.audio.fullband import apply_mask, mask_of, masked
from engine.audio.resample import to_mono_16k
from engine.config import StftConfig

CONFIG = StftConfig()
FRAMES = 200


def _sound(rate: int, channels: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    return (rng.standard_normal((2 * rate, channels)) * 0.1).astype(np.float32)


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 22050, 44100, 48000, 96000])
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_a_mask_of_ones_changes_nothing(rate: int, channels: int) -> None:
    sound = _sound(rate, channels)
    out = apply_mask(sound, rate, np.ones((CONFIG.bins, FRAMES), np.complex64), CONFIG)
    assert out.shape == sound.shape
    inner = slice(rate // 20, -rate // 20)
    assert np.abs(out - sound)[inner].max() < 1e-4


def test_channels_keep_their_balance() -> None:
    sound = _sound(48000, 1) * np.array([[1.0, 0.25]], np.float32)
    rng = np.random.default_rng(1)
    mask = rng.random((CONFIG.bins, FRAMES)).astype(np.complex64)
    out = apply_mask(sound, 48000, mask, CONFIG)
    assert np.abs(out[:, 1] - 0.25 * out[:, 0]).max() < 1e-6


def test_the_gain_is_carried_on_above_8_khz() -> None:
    rate = 48000
    t = np.arange(2 * rate) / rate
    high = np.sin(2 * np.pi * 15_000 * t)[:, None].astype(np.float32)
    mask = np.ones((CONFIG.bins, FRAMES), np.complex64)
    mask[128:] = 0.25  # 4-8 kHz
    out = apply_mask(high, rate, mask, CONFIG)
    inner = slice(rate // 10, -rate // 10)
    assert np.abs(out[inner]).max() == pytest.approx(0.25, abs=0.01)


def test_a_step_in_time_stays_in_place() -> None:
    rate = 44100
    mask = np.ones((CONFIG.bins, FRAMES), np.complex64)
    mask[:, 100:] = 0
    out = np.abs(apply_mask(_sound(rate, 1), rate, mask, CONFIG))
    assert out[: int(0.96 * rate)].mean() > 0.05
    assert out[int(1.03 * rate) :].max() < 1e-3


def test_voices_given_as_sound_become_masks_that_give_them_back() -> None:
    mixture = _sound(16_000, 1)[:, 0]
    voices = np.stack([0.3 * mixture, np.roll(mixture, 5) * np.linspace(0, 1, len(mixture), dtype=np.float32)])
    back = masked(mixture, mask_of(voices, mixture, CONFIG), CONFIG)
    assert np.abs(back[0] - voices[0])[:-400].max() < 1e-5
    assert np.square(back[1] - voices[1])[:-400].sum() < 0.1 * np.square(voices[1]).sum()
    mask = mask_of(100 * voices, mixture, CONFIG)
    assert np.abs(mask).max() == pytest.approx(4)
    assert not mask_of(voices, 0 * mixture, CONFIG).any()


@pytest.mark.parametrize("rate", [8000, 44100, 48000])
def test_mono_16k_keeps_a_tone(rate: int) -> None:
    t = np.arange(rate) / rate
    tone = np.sin(2 * np.pi * 1000 * t)[:, None].astype(np.float32)
    mono = to_mono_16k(np.repeat(tone, 2, 1), rate)
    assert len(mono) == 16_000
    expected = np.sin(2 * np.pi * 1000 * np.arange(16_000) / 16_000)
    assert np.abs(mono - expected)[800:-800].max() < 0.02
