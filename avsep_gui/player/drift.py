"""Drift: how far the picture runs ahead of the sound, and how fast it must run to meet it again."""

from __future__ import annotations

WEIGHT = 0.3
LEAST_S = 0.008
MOST_SLOWER, MOST_FASTER = 0.5, 0.15  # a decoder can always wait


class Drift:
    """An observer: it knows what it asked for, so the estimate moves with a correction and does not lag behind it.

    A plain average would still tell of a drift that is made up for already, and be answered too much each time.
    """

    def __init__(self) -> None:
        self.ahead_s = 0.0
        self.pace = 1.0
        self._at: float | None = None

    def restart(self) -> None:
        """Another run begins at normal pace; what was before says nothing of it."""
        self.ahead_s, self.pace, self._at = 0.0, 1.0, None

    def note(self, ahead_s: float, now_s: float) -> None:
        """A picture came `ahead_s` seconds before the sound that belongs to it; `now_s` is the time of the film."""
        if self._at is None:
            self.ahead_s = ahead_s
        else:
            self.ahead_s += (self.pace - 1.0) * max(0.0, now_s - self._at)
            self.ahead_s += WEIGHT * (ahead_s - self.ahead_s)
        self._at = now_s

    def correct(self, within_s: float) -> float:
        """The pace, as a factor of the speed, at which picture and sound meet within some seconds of the film."""
        faster = -self.ahead_s / within_s if abs(self.ahead_s) > LEAST_S else 0.0
        self.pace = 1.0 + min(MOST_FASTER, max(-MOST_SLOWER, faster))
        return self.pace
