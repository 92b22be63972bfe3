"""Masks and sound: a mask found at 16 kHz mono applied to sound of any rate and any number of channels."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from engine.audio.stft import istft, stft
from engine.config import StftConfig

FloatArray = NDArray[np.float32]
_CARRY_FROM_HZ = 4000.0
_MOST_GAIN = 4.0  # where voices cancel, one is louder than the mixture; more would blow up what other channels hold


def apply_mask(sound: FloatArray, sample_rate_hz: int, mask: NDArray[np.complex64], config: StftConfig) -> FloatArray:
    """Filter every channel with the mask; the stereo picture stays.

    Up to 8 kHz the mask itself counts; above, the model sees nothing, and the level of its gain between 4 and 8 kHz
    is carried on (product contract, guarantee 3).

    Args:
        sound: (n, channels) float32, the window that the mask was found on, at the source's rate.
        mask: (F, N) complex64 on the model's grid.

    Returns:
        (n, channels) float32.
    """
    hop = round(config.hop_samples * sample_rate_hz / config.sample_rate_hz)
    n_fft = 2 * round(config.n_fft * sample_rate_hz / config.sample_rate_hz / 2)
    window = torch.hann_window(round(config.window_samples * sample_rate_hz / config.sample_rate_hz))
    wave = torch.from_numpy(np.ascontiguousarray(sound.T))
    spectrum = torch.stft(wave, n_fft, hop, len(window), window, return_complex=True, pad_mode="constant")
    times = np.arange(spectrum.shape[-1]) * hop / sample_rate_hz
    bins = np.arange(spectrum.shape[-2]) * sample_rate_hz / n_fft
    gain = torch.from_numpy(_on_grid(mask, bins, times, config))
    return torch.istft(spectrum * gain, n_fft, hop, len(window), window, length=len(sound)).T.numpy()


def masked(mixture: FloatArray, mask: NDArray[np.complex64], config: StftConfig) -> FloatArray:
    """Voices (P, T) at the model's rate from a mixture (T,) and its masks (P, F, N)."""
    return istft(torch.from_numpy(mask) * stft(torch.from_numpy(mixture[None]), config), config).numpy()


def mask_of(waves: FloatArray, mixture: FloatArray, config: StftConfig) -> NDArray[np.complex64]:
    """Masks of voices that a model gives as sound: what `masked` makes these voices of.

    Args:
        waves: (P, T) float32 at the model's rate. mixture: (T,), T a multiple of the hop.

    Returns:
        (P, F, N) complex64; no gain is above 12 dB, and it is 0 where the mixture is silent.
    """
    heard = stft(torch.from_numpy(mixture[None]), config)
    mask = stft(torch.from_numpy(waves), config) * heard.conj() / heard.abs().square().clamp_min(1e-20)
    return (mask * (_MOST_GAIN / mask.abs().clamp_min(_MOST_GAIN))).numpy()


def _on_grid(
    mask: NDArray[np.complex64], bins_hz: NDArray[np.float64], times_s: NDArray[np.float64], config: StftConfig
) -> NDArray[np.complex64]:
    """The mask at other frequencies and times (bilinear; as it is where the grids agree)."""
    spacing_hz, top_hz = config.sample_rate_hz / config.n_fft, config.sample_rate_hz / 2
    low = round(_CARRY_FROM_HZ / spacing_hz)
    carried = np.abs(mask[low:]).mean(0, dtype=np.float32)
    rows = np.minimum(bins_hz / spacing_hz, len(mask) - 1)
    by_row = _lerp(mask, rows)
    by_row[bins_hz > top_hz] = carried
    columns = np.minimum(times_s * config.sample_rate_hz / config.hop_samples, mask.shape[1] - 1)
    return np.ascontiguousarray(_lerp(by_row.T, columns).T)


def _lerp(values: NDArray[np.complex64], at: NDArray[np.float64]) -> NDArray[np.complex64]:
    """Rows of `values` at fractional indices."""
    low = np.floor(at).astype(int)
    part = (at - low).astype(np.float32)[:, None]
    high = np.minimum(low + 1, len(values) - 1)
    return np.asarray(values[low] * (1 - part) + values[high] * part, np.complex64)
