"""Stretches of time that are ready, as sorted and disjoint (start, end) pairs in seconds."""

from __future__ import annotations

from collections.abc import Iterable

Intervals = tuple[tuple[float, float], ...]
JOIN_S = 1e-3


def union(intervals: Iterable[tuple[float, float]]) -> Intervals:
    """Sort and join intervals; gaps below a millisecond close, empty intervals vanish."""
    joined: list[tuple[float, float]] = []
    for start, end in sorted(intervals):
        if end <= start:
            continue
        if joined and start <= joined[-1][1] + JOIN_S:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return tuple(joined)


def complement(intervals: Intervals, start: float, end: float) -> Intervals:
    """The gaps of `intervals` inside (start, end)."""
    gaps: list[tuple[float, float]] = []
    at = start
    for left, right in intervals:
        if right <= start or left >= end:
            continue
        if left > at:
            gaps.append((at, left))
        at = max(at, right)
    if at < end:
        gaps.append((at, end))
    return tuple(gap for gap in gaps if gap[1] - gap[0] > JOIN_S)


def covers(intervals: Intervals, start: float, end: float) -> bool:
    """Whether everything from `start` to `end` is inside."""
    return any(left <= start + JOIN_S and end <= right + JOIN_S for left, right in intervals)


def contains(intervals: Intervals, at: float) -> bool:
    """Whether the moment `at` is inside."""
    return any(left <= at < right for left, right in intervals)


def share(intervals: Intervals, duration: float) -> float:
    """Which part of `duration` the intervals fill, 0 to 1."""
    return 0.0 if duration <= 0 else min(1.0, sum(end - start for start, end in intervals) / duration)
