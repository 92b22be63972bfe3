"""The model's short-time Fourier transform and its inverse."""

from __future__ import annotations

import torch
from torch import Tensor

from engine.config import StftConfig


def stft(wave: Tensor, config: StftConfig) -> Tensor:
    """Complex spectrum, centred frames.

    Args:
        wave: (B, T) float32, T a multiple of the hop.

    Returns:
        (B, F, T / hop) complex64; the last centred frame, half of which lies past the end, is left out.
    """
    window = torch.hann_window(config.window_samples, device=wave.device)
    spectrum = torch.stft(
        wave, config.n_fft, config.hop_samples, config.window_samples, window, return_complex=True, pad_mode="constant"
    )
    return spectrum[..., :-1]


def istft(spectrum: Tensor, config: StftConfig) -> Tensor:
    """Inverse of `stft`: (B, F, N) complex64 -> (B, N * hop) float32."""
    window = torch.hann_window(config.window_samples, device=spectrum.device)
    padded = torch.nn.functional.pad(spectrum, (0, 1))
    length = spectrum.shape[-1] * config.hop_samples
    return torch.istft(padded, config.n_fft, config.hop_samples, config.window_samples, window, length=length)


def compressed_magnitude(spectrum: Tensor, eps: float = 1e-6) -> Tensor:
    """|X|^0.3 of a complex spectrum, with a floor that keeps gradients finite."""
    return (spectrum.real.square() + spectrum.imag.square() + eps).pow(0.15)


def compress(spectrum: Tensor, power: float = 0.3, eps: float = 1e-8) -> Tensor:
    """Power-compress magnitudes, keep phases: |X|^p e^(j angle X)."""
    squared = spectrum.real.square() + spectrum.imag.square() + eps
    return spectrum * squared.pow((power - 1.0) / 2.0)
