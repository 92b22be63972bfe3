"""Silence where a person is silent: the gate on a separated voice.

A separator lets some of the others through while the person says nothing, and there nothing hides it. How likely the
voice sounds (`engine.models.separated.Separated.activity`) opens and closes a gate, slow to close and early to open, so
that no word loses its edge and breath between words stays.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
BoolArray = NDArray[np.bool_]
# Set on conversations of the validation talkers: own speech loses less than 0.1 dB.
_OPEN, _STAY = 0.7, 0.5  # likely enough to open; to stay open
_BEFORE_S, _AFTER_S = 0.1, 0.15  # open so long before and after
_BRIDGE_S = 0.4  # shorter pauses stay as they are
_FADE_S = 0.06
_CLOSED = 10 ** (-30 / 20)


def gate_gain(activity: FloatArray, rate_hz: float) -> FloatArray:
    """Gain over time.

    Args:
        activity: (N,), how likely the voice sounds, 0..1. rate_hz: of the frames.

    Returns:
        (N,), 1 where open, -30 dB where closed, ramps of 60 ms between, outside what is to be heard.
    """
    sounds = activity >= _STAY
    for start, end in _stretches(sounds):
        if activity[start:end].max() < _OPEN:
            sounds[start:end] = False
    opened = np.zeros(len(activity), bool)
    for start, end in _stretches(sounds):
        opened[max(0, start - round(_BEFORE_S * rate_hz)) : end + round(_AFTER_S * rate_hz)] = True
    for start, end in _stretches(~opened):
        if start > 0 and end < len(opened) and end - start <= _BRIDGE_S * rate_hz:
            opened[start:end] = True
    ramp = max(1, round(_FADE_S * rate_hz / 2))
    padded = np.pad(opened.astype(np.float32), ramp, mode="edge")
    smooth = np.convolve(padded, np.ones(2 * ramp + 1, np.float32) / (2 * ramp + 1), "valid")
    return np.asarray(_CLOSED + (1 - _CLOSED) * smooth, np.float32)


def _stretches(where: BoolArray) -> list[tuple[int, int]]:
    """Starts and ends (exclusive) of the runs of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], where.astype(np.int8), [0]])))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))
