"""Programme loudness and true peak, measured in a stream.

Source: Recommendation ITU-R BS.1770-5, "Algorithms to measure audio programme loudness and true-peak audio level".
Differs: the filters are designed for the sound's own rate instead of resampling it to 48 kHz.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.signal import firwin, sosfilt, upfirdn

from engine.types import FloatArray

Float64Array = NDArray[np.float64]

STEP_S = 0.1
STEPS_PER_BLOCK = 4
ABSOLUTE_GATE_LUFS = -70.0
RELATIVE_GATE_LU = -10.0
SURROUND_WEIGHT = 1.41

# Analogue prototypes behind the 48 kHz coefficients that BS.1770 prints in its Tables 1 and 2.
_SHELF_HZ, _SHELF_Q, _SHELF_DB = 1681.974450955533, 0.7071752369554196, 3.999843853973347
_SHELF_BAND_POWER = 0.4996667741545416
_HIGHPASS_HZ, _HIGHPASS_Q = 38.13547087602444, 0.5003270373238773

_TAPS_PER_PHASE = 12

# Loudness weights where they are not 1 for all channels, in FFmpeg's channel order: the low-frequency channel does not
# count, channels at 60 to 120 degrees count 1.41.
_LAYOUT_WEIGHTS: dict[str, tuple[float, ...]] = {
    "2.1": (1, 1, 0),
    "3.1": (1, 1, 1, 0),
    "4.1": (1, 1, 1, 0, 1),
    "quad": (1, 1, SURROUND_WEIGHT, SURROUND_WEIGHT),
    "quad(side)": (1, 1, SURROUND_WEIGHT, SURROUND_WEIGHT),
    "5.0": (1, 1, 1, SURROUND_WEIGHT, SURROUND_WEIGHT),
    "5.0(side)": (1, 1, 1, SURROUND_WEIGHT, SURROUND_WEIGHT),
    "5.1": (1, 1, 1, 0, SURROUND_WEIGHT, SURROUND_WEIGHT),
    "5.1(side)": (1, 1, 1, 0, SURROUND_WEIGHT, SURROUND_WEIGHT),
    "6.1": (1, 1, 1, 0, 1, SURROUND_WEIGHT, SURROUND_WEIGHT),
    "7.0": (1, 1, 1, 1, 1, SURROUND_WEIGHT, SURROUND_WEIGHT),
    "7.1": (1, 1, 1, 0, 1, 1, SURROUND_WEIGHT, SURROUND_WEIGHT),
}


class LoudnessMeter:
    """Integrated loudness and true peak of sound that arrives in blocks; memory grows by 8 bytes per 100 ms.

    Args:
        sample_rate_hz: rate of the sound.
        channels: how many channels the blocks have.
        layout: FFmpeg's layout name, for the channel weights; an unknown one counts all channels alike.
    """

    def __init__(self, sample_rate_hz: int, channels: int, layout: str = "") -> None:
        self._sections = k_weighting(sample_rate_hz)
        self._state = np.zeros((len(self._sections), 2, channels))
        weights = _LAYOUT_WEIGHTS.get(layout, ())
        self._weights = np.array(weights if len(weights) == channels else (1.0,) * channels)
        self._step_samples = max(1, round(STEP_S * sample_rate_hz))
        self._steps: list[float] = []
        self._open_energy, self._open_samples = 0.0, 0
        self._peak = _PeakMeter(sample_rate_hz, channels)

    def add(self, block: FloatArray) -> None:
        """Take the next stretch, shape (n, channels), full scale 1.0."""
        if not len(block):
            return
        self._peak.add(block)
        filtered, self._state = sosfilt(self._sections, block.astype(np.float64), axis=0, zi=self._state)
        energy = (filtered**2) @ self._weights  # (n, C) -> (n,)
        first = min(self._step_samples - self._open_samples, len(energy))
        self._open_energy += float(energy[:first].sum())
        self._open_samples += first
        if self._open_samples < self._step_samples:
            return
        self._steps.append(self._open_energy / self._step_samples)
        whole, left = divmod(len(energy) - first, self._step_samples)
        middle = energy[first : first + whole * self._step_samples]
        self._steps.extend(middle.reshape(whole, self._step_samples).mean(axis=1))  # (n,) -> (steps, samples)
        self._open_energy, self._open_samples = float(energy[len(energy) - left :].sum()), left

    def integrated_lufs(self) -> float | None:
        """Gated loudness of all that was added; None for silence or less than 400 ms."""
        steps = np.array(self._steps)
        if len(steps) < STEPS_PER_BLOCK:
            return None
        power = np.convolve(steps, np.full(STEPS_PER_BLOCK, 1 / STEPS_PER_BLOCK), "valid")
        power = power[power > _power(ABSOLUTE_GATE_LUFS)]
        if not len(power):
            return None
        power = power[power > _power(_lufs(float(power.mean())) + RELATIVE_GATE_LU)]
        return _lufs(float(power.mean()))

    def true_peak(self) -> float:
        """Largest magnitude between the samples too, 1.0 is full scale (0 dBTP)."""
        return self._peak.value()


class _PeakMeter:
    """True peak by oversampling to at least 176.4 kHz (4 times for 44.1 and 48 kHz)."""

    def __init__(self, sample_rate_hz: int, channels: int) -> None:
        self._factor = 4 if sample_rate_hz < 88200 else 2 if sample_rate_hz < 176400 else 1
        length = _TAPS_PER_PHASE * self._factor
        self._filter = (
            firwin(length, 1 / self._factor, window=("kaiser", 5.0)) * self._factor if self._factor > 1 else np.ones(1)
        )
        phases = np.abs(self._filter).reshape(-1, self._factor).sum(axis=0)  # (taps,) -> (taps per phase, phases)
        self._largest_factor = float(phases.max())
        self._tail = np.zeros((_TAPS_PER_PHASE - 1, channels), np.float32)
        self._largest = 0.0

    def add(self, block: FloatArray) -> None:
        joined = np.concatenate([self._tail, block])
        self._tail = joined[-(_TAPS_PER_PHASE - 1) :]
        sample_peak = float(np.abs(joined).max())
        self._largest = max(self._largest, float(np.abs(block).max()))
        if self._factor > 1 and sample_peak * self._largest_factor > self._largest:  # else no peak can be higher
            between = upfirdn(self._filter, joined, up=self._factor, axis=0)
            # Not the start, where the filter has not seen all of its past, nor the end, where the future is missing.
            whole = between[(_TAPS_PER_PHASE - 1) * self._factor : len(joined) * self._factor]
            self._largest = max(self._largest, float(np.abs(whole).max()))

    def value(self) -> float:
        if self._factor > 1:  # what still rings out of the filter at the end of the sound
            after = upfirdn(self._filter, self._tail, up=self._factor, axis=0)[len(self._tail) * self._factor :]
            return max(self._largest, float(np.abs(after).max()))
        return self._largest


def k_weighting(sample_rate_hz: int) -> Float64Array:
    """The K-weighting of BS.1770 (its Figures 1 and 2) for a sample rate, as two second-order sections (2, 6)."""
    k = math.tan(math.pi * _SHELF_HZ / sample_rate_hz)
    high = 10 ** (_SHELF_DB / 20)
    band = high**_SHELF_BAND_POWER
    a0 = 1 + k / _SHELF_Q + k * k
    shelf = [
        (high + band * k / _SHELF_Q + k * k) / a0,
        2 * (k * k - high) / a0,
        (high - band * k / _SHELF_Q + k * k) / a0,
        1.0,
        2 * (k * k - 1) / a0,
        (1 - k / _SHELF_Q + k * k) / a0,
    ]
    k = math.tan(math.pi * _HIGHPASS_HZ / sample_rate_hz)
    a0 = 1 + k / _HIGHPASS_Q + k * k
    highpass = [1.0, -2.0, 1.0, 1.0, 2 * (k * k - 1) / a0, (1 - k / _HIGHPASS_Q + k * k) / a0]
    return np.array([shelf, highpass])


def _lufs(power: float) -> float:
    return -0.691 + 10 * math.log10(power)


def _power(lufs: float) -> float:
    return float(10 ** ((lufs + 0.691) / 10))
