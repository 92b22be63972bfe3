"""Progress and cancellation of long calls, in plain Python so that CLI, window and tests share them."""

from __future__ import annotations

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
