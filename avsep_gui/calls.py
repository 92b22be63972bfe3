"""Calls: engine calls together with what follows when they end; nothing follows on a call that was dropped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject

from avsep_gui.jobs import JobRunner, Priority, WorkerName
from engine.errors import EngineError
from engine.jobs import Progress


@dataclass
class _Handlers:
    on_success: Callable[[Any], None]
    on_error: Callable[[EngineError], None] | None = None
    on_progress: Callable[[Progress], None] | None = None
    on_cancel: Callable[[], None] | None = None
    on_end: Callable[[int], None] | None = None


class Calls(QObject):
    """The jobs of one client. Jobs of other clients of the same `JobRunner` are none of its business."""

    def __init__(self, runner: JobRunner, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._runner = runner
        self._handlers: dict[int, _Handlers] = {}
        runner.succeeded.connect(self._on_succeeded)
        runner.failed.connect(self._on_failed)
        runner.cancelled.connect(self._on_cancelled)
        runner.progressed.connect(self._on_progressed)

    def submit(
        self,
        worker: WorkerName,
        function: str,
        *args: Any,
        on_success: Callable[[Any], None],
        on_error: Callable[[EngineError], None] | None = None,
        on_progress: Callable[[Progress], None] | None = None,
        on_cancel: Callable[[], None] | None = None,
        on_end: Callable[[int], None] | None = None,
        title: str = "",
        priority: Priority = Priority.NORMAL,
        resumable: bool = False,
        **kwargs: Any,
    ) -> int:
        """Queue a call (`JobRunner.submit`) and return the job's id.

        Args:
            on_end: called with the job's id before any other of them, however the job ended.
        """
        job_id = self._runner.submit(
            worker, function, *args, title=title, priority=priority, resumable=resumable, **kwargs
        )
        self._handlers[job_id] = _Handlers(on_success, on_error, on_progress, on_cancel, on_end)
        return job_id

    def under_way(self) -> list[int]:
        """The jobs that were neither answered nor dropped."""
        return list(self._handlers)

    def cancel(self, job_id: int) -> None:
        """Ask a job to stop; `on_cancel` follows."""
        self._runner.cancel(job_id)

    def drop(self, *job_ids: int) -> None:
        """Cancel jobs and forget them: late answers are ignored."""
        for job_id in job_ids:
            self._handlers.pop(job_id, None)
        for job_id in job_ids:
            self._runner.cancel(job_id)

    def set_priority(self, job_id: int, priority: Priority) -> None:
        """Move a job to another priority."""
        self._runner.set_priority(job_id, priority)

    def _take(self, job_id: int) -> _Handlers | None:
        handlers = self._handlers.pop(job_id, None)
        if handlers is not None and handlers.on_end is not None:
            handlers.on_end(job_id)
        return handlers

    def _on_succeeded(self, job_id: int, value: object) -> None:
        handlers = self._take(job_id)
        if handlers is not None:
            handlers.on_success(value)

    def _on_failed(self, job_id: int, error: EngineError) -> None:
        handlers = self._take(job_id)
        if handlers is not None and handlers.on_error is not None:
            handlers.on_error(error)

    def _on_cancelled(self, job_id: int) -> None:
        handlers = self._take(job_id)
        if handlers is not None and handlers.on_cancel is not None:
            handlers.on_cancel()

    def _on_progressed(self, job_id: int, progress: Progress) -> None:
        handlers = self._handlers.get(job_id)
        if handlers is not None and handlers.on_progress is not None:
            handlers.on_progress(progress)
