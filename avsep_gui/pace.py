"""How long a job will still take, from its measured speed, and durations in words."""

from __future__ import annotations

from collections import deque

from PySide6.QtCore import QCoreApplication

WINDOW_S = 15.0
LEAST_ELAPSED_S = 1.0


class Pace:
    """Estimates the time left from the share done in the last seconds of the present stage."""

    def __init__(self) -> None:
        self._stage = ""
        self._seen: deque[tuple[float, float]] = deque()

    def add(self, now_s: float, stage: str, fraction: float) -> float | None:
        """Note progress and return the seconds left, or None while it is too early to say.

        Args:
            now_s: a monotonic clock.
            stage: a new stage starts a new measurement.
            fraction: share done, 0 to 1.
        """
        if stage != self._stage:
            self._stage = stage
            self._seen.clear()
        self._seen.append((now_s, fraction))
        while len(self._seen) > 2 and now_s - self._seen[0][0] > WINDOW_S:
            self._seen.popleft()
        elapsed_s = now_s - self._seen[0][0]
        gained = fraction - self._seen[0][1]
        if elapsed_s < LEAST_ELAPSED_S or gained <= 0.0:
            return None
        return (1.0 - fraction) * elapsed_s / gained


def time_left_text(seconds: float | None) -> str:
    """A duration as an estimate in words ("about 2 min left"); empty for None."""
    if seconds is None:
        return ""
    if seconds < 8:
        return QCoreApplication.translate("Pace", "a few seconds left")
    if seconds < 55:
        return QCoreApplication.translate("Pace", "about {0} s left").format(int(round(seconds / 5.0) * 5))
    if seconds < 3300:
        return QCoreApplication.translate("Pace", "about {0} min left").format(max(1, round(seconds / 60.0)))
    return QCoreApplication.translate("Pace", "about {0} h left").format(f"{seconds / 3600.0:.1f}")
