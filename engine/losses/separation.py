"""Objectives on the separated voice itself."""

from __future__ import annotations

import torch
from torch import Tensor

from engine.audio.stft import compressed_magnitude, stft
from engine.config import StftConfig


def si_sdr(estimate: Tensor, target: Tensor, *, eps: float = 1e-8) -> Tensor:
    """Scale-invariant signal-to-distortion ratio.

    Args:
        estimate: (..., T) float32, any scale. target: (..., T), same sample rate.
        eps: added to energies, so that silence gives a finite value.

    Returns:
        Ratio in dB, shape (...); higher is better.

    Raises:
        ValueError: the shapes differ.

    Source: Le Roux et al., "SDR - half-baked or well done?", ICASSP 2019, Eq. (5), after removing means.
    """
    if estimate.shape != target.shape:
        raise ValueError(f"shapes differ: {tuple(estimate.shape)} and {tuple(target.shape)}")
    estimate = estimate - estimate.mean(-1, keepdim=True)
    target = target - target.mean(-1, keepdim=True)
    scale = (estimate * target).sum(-1, keepdim=True) / (target.square().sum(-1, keepdim=True) + eps)
    wanted = scale * target
    return 10 * torch.log10((wanted.square().sum(-1) + eps) / ((estimate - wanted).square().sum(-1) + eps))


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
