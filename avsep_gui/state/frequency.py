"""Where a frequency lies on the axis of a spectrogram, for every scale that the engine draws."""

from __future__ import annotations

import math
from typing import Literal

Scale = Literal["linear", "log", "mel"]

SCALES: tuple[Scale, ...] = ("mel", "log", "linear")
MAX_HZ = 8000.0
LOG_LOWEST_HZ = 40.0
# What may be written beside the axis, what helps most first.
MARKS_HZ = (1000.0, 4000.0, 2000.0, 500.0, 200.0, 100.0, 6000.0, 8000.0, 3000.0, 5000.0, 7000.0)


def share_of(hz: float, scale: Scale) -> float:
    """The height of a frequency, 0 at the lower edge of the picture and 1 at 8 kHz; outside for what lies outside."""
    if scale == "linear":
        return hz / MAX_HZ
    if scale == "log":
        return math.log(max(hz, 1e-3) / LOG_LOWEST_HZ) / math.log(MAX_HZ / LOG_LOWEST_HZ)
    return math.log1p(hz / 700.0) / math.log1p(MAX_HZ / 700.0)


def hz_at(share: float, scale: Scale) -> float:
    """The frequency at a height, the inverse of `share_of`."""
    if scale == "linear":
        return share * MAX_HZ
    if scale == "log":
        return float(LOG_LOWEST_HZ * (MAX_HZ / LOG_LOWEST_HZ) ** share)
    return 700.0 * math.expm1(share * math.log1p(MAX_HZ / 700.0))


def marks(scale: Scale, height: float, apart: float, lowest: float = 0.0) -> list[tuple[float, str]]:
    """Labels of an axis of this height that keep this distance, as (share, "4 kHz"), low ones first.

    Args:
        lowest: nothing is written below this share.
    """
    chosen: list[tuple[float, str]] = []
    for hz in MARKS_HZ:
        share = share_of(hz, scale)
        room = all(abs(share - other) * height >= apart for other, _ in chosen)
        if room and share >= lowest and apart / 2 <= share * height <= height - apart / 2:
            chosen.append((share, f"{hz / 1000:g} kHz"))
    return sorted(chosen)
