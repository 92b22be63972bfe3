"""StorageClient: how large the cache is, what is deleted of it, and how large it may become."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Signal

from avsep_gui.calls import Calls
from avsep_gui.jobs import JobRunner, JobState
from avsep_gui.state.document import Document, OpenState
from engine.errors import EngineError
from engine.types import CacheClearing, CacheUsage

MARGIN_S = 2.0  # clocks of file systems are coarse


class StorageClient(QObject):
    """Asks the engine, in the process for quick answers, so that counting files never holds up the window.

    Signals:
        changed(): a size, or whether something is under way.
        cleared(object): `CacheClearing`.
        failed(object): an `EngineError` about the cache.
    """

    changed = Signal()
    cleared = Signal(object)
    failed = Signal(object)

    def __init__(self, runner: JobRunner, document: Document, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._runner = runner
        self._document = document
        self._calls = Calls(runner, self)
        self._opened_at: float | None = None
        self._counting: int | None = None
        self._clearing: int | None = None
        self.usage: CacheUsage | None = None
        document.open_state_changed.connect(self._on_open_state_changed)

    @property
    def busy(self) -> bool:
        """Whether sizes are being counted or files deleted."""
        return self._counting is not None or self._clearing is not None

    @property
    def clearing(self) -> bool:
        """Whether files are being deleted."""
        return self._clearing is not None

    def titles(self) -> tuple[str, ...]:
        """What is being computed at this moment, in the user's words."""
        return tuple(job.title for job in self._runner.jobs() if job.title and job.state is not JobState.QUEUED)

    def in_use_since(self) -> float | None:
        """Since when (seconds of the epoch) the open video and the jobs under way use the cache; None: nothing does."""
        now, ticks = time.time(), time.monotonic()
        times = [now - (ticks - job.started_at) for job in self._runner.jobs() if job.state is not JobState.QUEUED]
        if self._opened_at is not None:
            times.append(self._opened_at)
        return min(times) - MARGIN_S if times else None

    def count(self) -> None:
        """Find out how much there is; answered by `changed`."""
        if self._counting is not None:
            self._calls.drop(self._counting)
        self._counting = self._submit("cache_usage", self._on_usage, self.failed.emit)
        self.changed.emit()

    def clear(self, kinds: tuple[str, ...] | None) -> None:
        """Delete these kinds (None: all) but for what is in use; answered by `cleared`."""
        if self._clearing is None:
            since = self.in_use_since()
            self._clearing = self._submit("clear_cache", self._on_cleared, self._on_error, kinds, spare_since=since)
            self.changed.emit()

    def set_limit(self, limit_bytes: int) -> None:
        """Let the cache take so much; answered by `changed`."""
        self._submit("set_cache_limit", lambda _: self.count(), self._on_error, limit_bytes)

    def _submit(
        self,
        function: str,
        on_success: Callable[[Any], None],
        on_error: Callable[[EngineError], None],
        *args: Any,
        **kwargs: Any,
    ) -> int:
        return self._calls.submit(
            "light", function, *args, on_success=on_success, on_error=on_error, on_end=self._on_end, **kwargs
        )

    def _on_end(self, job_id: int) -> None:
        if job_id == self._clearing:
            self._clearing = None
        if job_id == self._counting:
            self._counting = None
        self.changed.emit()

    def _on_usage(self, usage: CacheUsage) -> None:
        self.usage = usage
        self.changed.emit()

    def _on_cleared(self, clearing: CacheClearing) -> None:
        self.cleared.emit(clearing)
        self.count()

    def _on_error(self, error: EngineError) -> None:
        self.failed.emit(error)
        self.count()

    def _on_open_state_changed(self) -> None:
        state = self._document.open_state
        if state is OpenState.OPENING:
            self._opened_at = time.time()
        elif state is not OpenState.OPEN:
            self._opened_at = None
