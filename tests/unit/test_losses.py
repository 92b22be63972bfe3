"""Objectives against slow plain versions, on asymmetric shapes."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from engine import metrics
from engine.audio.stft import istft, stft
from engine.config import StftConfig
from engine.losses.separation import compressed_magnitude_l1, si_sdr, sounding, swap_hinge

CONFIG = StftConfig()


def test_si_sdr_known_values() -> None:
    torch.manual_seed(0)
    target = torch.randn(3, 16_000)
    noise = torch.randn(3, 16_000)
    noise -= (noise * target).sum(-1, keepdim=True) / target.square().sum(-1, keepdim=True) * target
    noise *= target.norm(dim=-1, keepdim=True) / noise.norm(dim=-1, keepdim=True) / 10
    torch.testing.assert_close(si_sdr(target + noise, target), torch.full((3,), 20.0), atol=0.05, rtol=0)
    torch.testing.assert_close(si_sdr(3 * (target + noise), target), si_sdr(target + noise, target))


def test_si_sdr_agrees_with_the_reporting_metric() -> None:
    rng = np.random.default_rng(1)
    target = rng.standard_normal(5000).astype(np.float32)
    estimate = target + 0.7 * rng.standard_normal(5000).astype(np.float32) + 0.1
    loss = si_sdr(torch.from_numpy(estimate), torch.from_numpy(target)).item()
    assert loss == pytest.approx(metrics.si_sdr(estimate, target), abs=1e-3)


def test_si_sdr_falls_all_the_way_to_the_opposite_of_the_target() -> None:
    torch.manual_seed(4)
    target, noise = torch.randn(2, 16_000)
    angles = torch.linspace(0.05, math.pi - 0.05, 40)
    values = si_sdr(angles.cos()[:, None] * target + angles.sin()[:, None] * noise, target.expand(40, -1))
    assert (values.diff() < 0).all()
    assert values[-1] < -100
    upside_down = (-target + 0.1 * noise).requires_grad_()
    si_sdr(upside_down, target).backward()
    assert upside_down.grad is not None and (upside_down.grad @ target) > 0  # there is a way back


def test_si_sdr_refuses_other_shapes_and_survives_silence() -> None:
    with pytest.raises(ValueError, match="shapes differ"):
        si_sdr(torch.zeros(2, 8), torch.zeros(2, 9))
    assert torch.isfinite(si_sdr(torch.zeros(1, 8), torch.zeros(1, 8))).all()


def test_magnitude_distance_against_a_plain_version() -> None:
    torch.manual_seed(2)
    target, estimate = torch.randn(2, 24 * 160) * 0.3, torch.randn(2, 24 * 160) * 0.3
    fast = compressed_magnitude_l1(stft(estimate, CONFIG), target, CONFIG)
    for row in range(2):
        level = target[row].square().mean().sqrt()
        a = stft(estimate[row : row + 1] / level, CONFIG)[0].abs().square().add(1e-6).pow(0.15)
        b = stft(target[row : row + 1] / level, CONFIG)[0].abs().square().add(1e-6).pow(0.15)
        assert fast[row].item() == pytest.approx((a - b).abs().mean().item(), rel=1e-4)


def test_swap_hinge() -> None:
    own, other = torch.tensor([10.0, 1.0, -5.0]), torch.tensor([0.0, 0.0, 5.0])
    assert swap_hinge(own, other).tolist() == [0.0, 2.0, 13.0]


def test_stft_round_trip() -> None:
    torch.manual_seed(3)
    wave = torch.randn(2, 40 * 160)
    back = istft(stft(wave, CONFIG), CONFIG)
    torch.testing.assert_close(back[:, :-400], wave[:, :-400], atol=1e-5, rtol=0)


def test_bootstrap_interval_holds_the_mean_and_widens_with_fewer_groups() -> None:
    rng = np.random.default_rng(4)
    groups = [[float(v), float(v + 0.1)] for v in rng.standard_normal(200)]
    low, high = metrics.bootstrap_ci95(groups)
    mean = np.mean([v for g in groups for v in g])
    assert low < mean < high
    few = metrics.bootstrap_ci95(groups[:20])
    assert few[1] - few[0] > 2 * (high - low)


def test_a_voice_sounds_between_its_words_and_not_in_long_pauses() -> None:
    voice = torch.zeros(2, 16_000)
    voice[0, 3200:4800], voice[0, 5600:8000] = 0.1, 0.2  # words with 50 ms between, then nothing
    sounds = sounding(voice, 160)
    assert sounds.shape == (2, 100)
    assert sounds[0, 20:50].min() == 1 and sounds[0, :9].max() == sounds[0, 61:].max() == 0
    assert sounds[1].max() == 0
