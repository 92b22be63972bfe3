"""The margin between voice and rest: sign, size, place."""

from __future__ import annotations

import torch

from engine.agreement import lip_voice_margin
from engine.audio.stft import compressed_magnitude


def _spectra() -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    loudness = torch.rand(2, 1, 40).repeat_interleave(20, 2) * 3
    spectra = torch.randn(2, 33, 800, dtype=torch.complex64) * loudness
    return spectra[:1], spectra[1:]


def test_the_right_voice_is_above_zero_and_the_wrong_one_below() -> None:
    voice, rest = _spectra()
    hint = compressed_magnitude(voice)
    right = lip_voice_margin(hint, voice, rest)
    assert right.shape == (1, 800)
    assert right.min() > 0.5
    torch.testing.assert_close(lip_voice_margin(hint, rest, voice), -right)


def test_lips_that_tell_nothing_give_about_zero() -> None:
    voice, rest = _spectra()
    assert lip_voice_margin(torch.ones(1, 33, 800), voice, rest).abs().max() < 1e-3


def test_a_swap_in_the_middle_is_seen_there() -> None:
    voice, rest = _spectra()
    hint = compressed_magnitude(torch.cat([voice[..., :400], rest[..., 400:]], -1))
    margin = lip_voice_margin(hint, voice, rest)[0]
    assert margin[:250].min() > 0.2
    assert margin[550:].max() < -0.2
