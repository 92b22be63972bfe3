"""Progress and cancellation of long calls, in plain Python so that CLI, window and tests share them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from engine.errors import JobCancelled


@dataclass(frozen=True)
class Progress:
    """How far a job is.

    Attributes:
        stage: what is being done, in the user's words ("Finding people").
        completed: units done, 0 <= completed <= total.
        total: units in this stage.
        ready_s: (start, end) in seconds of the result that became usable with this step, or None.
        person_id: whose result became usable, or None.
    """

    stage: str
    completed: float
    total: float
    ready_s: tuple[float, float] | None = None
    person_id: int | None = None

    @property
    def fraction(self) -> float:
        """Share done, 0 to 1."""
        return 0.0 if self.total <= 0 else min(1.0, max(0.0, self.completed / self.total))


ProgressCallback = Callable[[Progress], None]


def ignore_progress(progress: Progress) -> None:
    """A `ProgressCallback` for callers who do not look."""


class ThinnedProgress:
    """A `ProgressCallback` that passes on as much as one can follow; always a new stage, or a part that became ready.

    Args:
        pass_on: gets what is not left out.
        least_s: time between two that are like each other, in seconds.
    """

    def __init__(self, pass_on: ProgressCallback, least_s: float) -> None:
        self._pass_on = pass_on
        self._least_s = least_s
        self._stage: str | None = None
        self._last_s = 0.0

    def __call__(self, progress: Progress) -> None:
        """Pass it on, or leave it out."""
        now_s = time.monotonic()
        if progress.ready_s is None and progress.stage == self._stage and now_s - self._last_s < self._least_s:
            return
        self._stage, self._last_s = progress.stage, now_s
        self._pass_on(progress)


class CancelToken:
    """A wish to stop, asked for from outside and honoured at `checkpoint`.

    Args:
        is_set: answers whether the wish was uttered elsewhere, for instance an Event of another process.
    """

    def __init__(self, is_set: Callable[[], bool] | None = None) -> None:
        self._is_set = is_set
        self._cancelled = False

    def cancel(self) -> None:
        """Ask the job to stop at its next checkpoint."""
        self._cancelled = True

    @property
    def cancelled(self) -> bool:
        """Whether the job was asked to stop."""
        return self._cancelled or (self._is_set is not None and self._is_set())

    def checkpoint(self) -> None:
        """Stop here if asked to.

        Raises:
            JobCancelled: the job was asked to stop.
        """
        if self.cancelled:
            raise JobCancelled
