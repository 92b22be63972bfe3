"""Gains that make voice and rest as loud as the original, measured on short blocks where the voice is audible."""

from __future__ import annotations

from typing import Any

import numpy as np

from avsep_gui.player.mixer import to_stereo
from avsep_gui.state.intervals import Intervals

BLOCK_S = 0.4
MOST_BLOCKS = 60
GATE = 10.0 ** (-50.0 / 20.0)
GAIN_BOUNDS = (0.5, 4.0)


def matching_gains(original: Any, voice: Any, rate_hz: int, ready: Intervals) -> tuple[float, float]:
    """Gains for voice and rest that bring each to the original's mean level.

    Args:
        original, voice: arrays (samples, channels) on one clock.
        ready: where the voice is valid, in seconds; at most a minute's worth of short blocks in it is read.

    Returns:
        Two factors between -6 and +12 dB; 1.0 where a signal is too quiet to be measured.
    """
    starts = [
        start + offset
        for start, end in ready
        for offset in np.arange(0.0, max(0.0, end - start - BLOCK_S) + 1e-6, BLOCK_S)
        if end - start >= BLOCK_S
    ]
    if len(starts) > MOST_BLOCKS:
        starts = [starts[int(index)] for index in np.linspace(0, len(starts) - 1, MOST_BLOCKS)]
    powers: list[tuple[float, float, float]] = []
    for start in starts:
        low = int(start * rate_hz)
        high = low + int(BLOCK_S * rate_hz)
        whole = to_stereo(np.asarray(original[low:high]))
        alone = to_stereo(np.asarray(voice[low:high]))
        count = min(len(whole), len(alone))
        whole, alone = whole[:count], alone[:count]
        if count:
            powers.append((_power(whole), _power(alone), _power(whole - alone)))
    return _gain(powers, 1), _gain(powers, 2)


def _power(samples: Any) -> float:
    return float(np.mean(np.square(samples, dtype=np.float64)))


def _gain(powers: list[tuple[float, float, float]], which: int) -> float:
    audible = [row for row in powers if row[which] > GATE**2]
    if not audible:
        return 1.0
    original = sum(row[0] for row in audible)
    other = sum(row[which] for row in audible)
    return float(np.clip(np.sqrt(original / other), *GAIN_BOUNDS))
