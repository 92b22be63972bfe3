"""Objectives on the separated voice itself."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from engine.audio.stft import compressed_magnitude, stft
from engine.config import StftConfig

_LEAST_LIKE = 0.1  # correlation of an estimate of -20 dB


def si_sdr(estimate: Tensor, target: Tensor, *, eps: float = 1e-8) -> Tensor:
    """Scale-invariant signal-to-distortion ratio, for estimates the right way up.

    The ratio as published is blind to polarity, and networks that learn from it may settle upside down. Below -20 dB it
    goes on here in a straight line over the correlation, so that the opposite of the target is the worst of all.

    Args:
        estimate: (..., T) float32, any scale. target: (..., T), same sample rate.
        eps: added to energies, so that silence gives a finite value.

    Returns:
        Ratio in dB, shape (...); higher is better, -116 is the opposite of the target.

    Raises:
        ValueError: the shapes differ.

    Source: Le Roux et al., "SDR - half-baked or well done?", ICASSP 2019, Eq. (5), after removing means.
    """
    if estimate.shape != target.shape:
        raise ValueError(f"shapes differ: {tuple(estimate.shape)} and {tuple(target.shape)}")
    estimate = estimate - estimate.mean(-1, keepdim=True)
    target = target - target.mean(-1, keepdim=True)
    energies = (estimate.square().sum(-1) + eps) * (target.square().sum(-1) + eps)
    correlation = (estimate * target).sum(-1) / energies.sqrt()
    scale = (estimate * target).sum(-1, keepdim=True) / (target.square().sum(-1, keepdim=True) + eps)
    wanted = scale * target
    ratio = 10 * torch.log10((wanted.square().sum(-1) + eps) / ((estimate - wanted).square().sum(-1) + eps))
    slope = 20 / (math.log(10) * _LEAST_LIKE * (1 - _LEAST_LIKE**2))
    line = 10 * math.log10(_LEAST_LIKE**2 / (1 - _LEAST_LIKE**2)) + slope * (correlation - _LEAST_LIKE)
    return torch.where(correlation > _LEAST_LIKE, ratio, line)


def compressed_magnitude_l1(estimate_spectrum: Tensor, target: Tensor, config: StftConfig) -> Tensor:
    """Mean distance of ^0.3-compressed magnitudes, target scaled to unit mean square.

    Args:
        estimate_spectrum: (B, F, N) complex64. target: (B, T) float32.

    Returns:
        (B,) float32.
    """
    level = target.square().mean(-1, keepdim=True).sqrt().clamp_min(1e-4)[..., None]
    wanted = compressed_magnitude(stft(target, config) / level)
    return (compressed_magnitude(estimate_spectrum / level) - wanted).abs().mean((-1, -2))


def swap_hinge(own: Tensor, other: Tensor, margin_db: float = 3.0) -> Tensor:
    """Punish an estimate that is not nearer to its own voice than to the other by a margin; (B,) dB (models.md 10)."""
    return torch.relu(margin_db - (own - other))


def sounding(voice: Tensor, hop_samples: int, *, floor_db: float = -30.0, bridge_frames: int = 10) -> Tensor:
    """Where a voice sounds, pauses between words bridged.

    Args:
        voice: (R, T) float32, T a multiple of the hop. floor_db: against its mean energy, below which it is silent.
        bridge_frames: a frame belongs to a sound so near on either side.

    Returns:
        (R, N) float32, 1 where it sounds; a silent voice sounds nowhere.
    """
    energy = voice.unfold(-1, hop_samples, hop_samples).square().mean(-1)
    loud = energy > (energy.mean(-1, keepdim=True) * 10 ** (floor_db / 10)).clamp_min(1e-10)
    return functional.max_pool1d(loud.float(), 2 * bridge_frames + 1, 1, bridge_frames)
