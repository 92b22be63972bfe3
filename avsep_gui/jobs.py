"""JobRunner: queues, priorities and outcomes of the engine calls that run in worker processes."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Literal

from PySide6.QtCore import QCoreApplication, QObject, QTimer, Signal

from avsep_gui.engine_words import error_in_words, in_words
from avsep_gui.pace import Pace
from avsep_gui.soon import Soon
from avsep_gui.worker import Failed, JobRequest, Message, Reported, Stopped, Succeeded
from avsep_gui.worker_process import WorkerProcess
from engine.errors import EngineError
from engine.jobs import Progress

WorkerName = Literal["light", "heavy", "shelf", "batch"]

POLL_MS = 15
HEAR_S = 0.005
FIGURES_S = 0.1
CANCEL_GRACE_S = 1.5
SHELF_GRACE_S = 6.0  # what is being added may have started processes, which a kill would leave behind
LIGHT_NICENESS = 5
HEAVY_NICENESS = 10
BATCH_NICENESS = 15


class Priority(int, Enum):
    """Order inside a queue; a lower number runs first, and interrupts a running job that can be resumed."""

    PREVIEW = 0
    NORMAL = 1
    BACKGROUND = 2
    LATER = 3


class JobState(Enum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    CANCELLING = "cancelling"
    DONE = "done"


@dataclass
class Job:
    """One engine call.

    Attributes:
        title: what it does, in the user's words; empty for calls that the jobs drawer does not show.
        resumable: the engine keeps what is done, so the job may be interrupted and started again.
        stage, fraction, time_left_s: the latest progress; `time_left_s` is None while unknown.
    """

    id: int
    worker: WorkerName
    request: JobRequest
    title: str
    priority: Priority
    resumable: bool
    state: JobState = JobState.QUEUED
    stage: str = ""
    fraction: float = 0.0
    time_left_s: float | None = None
    started_at: float = 0.0
    cancel_deadline: float = 0.0
    pre_empted: bool = False
    pace: Pace = field(default_factory=Pace)


class JobRunner(QObject):
    """Runs engine calls in processes: "light" for quick answers, "heavy" for long work, "shelf" for adding models.

    "batch" does many files behind all that. The processes of "shelf" and "batch" start with their first calls, so that
    they are not there in usual runs.

    Signals:
        progressed(int, object): job id, `Progress`.
        succeeded(int, object): job id, the value.
        failed(int, object): job id, `EngineError`.
        cancelled(int): job id.
        jobs_changed(): the list or a state in it changed, told once for all that one event changed, after it; figures
            that changed are told ten times a second.

    Args:
        engine_module: name of the module with the functions of `engine.api`.
    """

    progressed = Signal(int, object)
    succeeded = Signal(int, object)
    failed = Signal(int, object)
    cancelled = Signal(int)
    jobs_changed = Signal()

    def __init__(self, engine_module: str = "engine.api", parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workers: dict[WorkerName, WorkerProcess] = {
            "light": WorkerProcess("light", engine_module, niceness=LIGHT_NICENESS),
            "heavy": WorkerProcess("heavy", engine_module, niceness=HEAVY_NICENESS),
            "shelf": WorkerProcess("shelf", engine_module, niceness=HEAVY_NICENESS),
            "batch": WorkerProcess("batch", engine_module, niceness=BATCH_NICENESS),
        }
        self._running: dict[WorkerName, Job | None] = dict.fromkeys(self._workers)
        self._queues: dict[WorkerName, list[Job]] = {name: [] for name in self._workers}
        self._next_id = 1
        self._closed = False
        self._figures_changed = False
        self._figures_told = 0.0
        self._timer = QTimer(self)
        self._timer.setInterval(POLL_MS)
        self._timer.timeout.connect(self._poll)
        self._changed = Soon(self.jobs_changed.emit, self)

    def start(self) -> None:
        """Start the processes of daily work now, so that the first call does not wait for them."""
        for name in ("light", "heavy"):
            self._workers[name].start()

    def pids(self) -> dict[WorkerName, int | None]:
        """Process ids of the workers that live."""
        return {name: process.pid for name, process in self._workers.items()}

    def jobs(self) -> list[Job]:
        """Everything running or waiting, running first."""
        running = [job for job in self._running.values() if job is not None]
        return running + [job for name in ("heavy", "shelf", "batch", "light") for job in self._queues[name]]

    def submit(
        self,
        worker: WorkerName,
        function: str,
        *args: Any,
        title: str = "",
        priority: Priority = Priority.NORMAL,
        resumable: bool = False,
        **kwargs: Any,
    ) -> int:
        """Queue a call of the engine and return the job's id.

        Args:
            worker: which process.
            function: name in `engine.api`; `on_progress` and `cancel` are filled in.
            title: what the jobs drawer shows; empty hides the job there.
            resumable: a job of higher priority may interrupt it; it then starts again by itself.
        """
        if self._closed:
            raise RuntimeError("the JobRunner is shut down")
        job_id = self._next_id
        self._next_id += 1
        request = JobRequest(job_id, function, args, kwargs)
        self._enqueue(Job(job_id, worker, request, title, priority, resumable))
        self._make_way(worker)
        self._pump(worker)
        self._timer.start()
        self._changed.ask()
        return job_id

    def set_priority(self, job_id: int, priority: Priority) -> None:
        """Move a job that runs or waits to another priority."""
        for job in self.jobs():
            if job.id == job_id:
                job.priority = priority
                self._queues[job.worker].sort(key=_order)
                self._make_way(job.worker)

    def cancel(self, job_id: int) -> None:
        """Ask a job to stop; a running one is killed with its process when it has not stopped in time."""
        for queue in self._queues.values():
            for job in queue:
                if job.id == job_id:
                    queue.remove(job)
                    job.state = JobState.DONE
                    self.cancelled.emit(job_id)
                    self._changed.ask()
                    return
        for name, running in self._running.items():
            if running is not None and running.id == job_id and running.state is JobState.RUNNING:
                running.state = JobState.CANCELLING
                running.pre_empted = False
                grace_s = SHELF_GRACE_S if name == "shelf" else CANCEL_GRACE_S
                running.cancel_deadline = time.monotonic() + grace_s
                self._workers[name].ask_to_cancel()
                self._changed.ask()

    def shut_down(self, wait_s: float = CANCEL_GRACE_S) -> None:
        """Cancel everything, wait at most `wait_s` seconds, kill what is left. Emits nothing; cannot be undone."""
        self._closed = True
        self._timer.stop()
        self._changed.stop()
        for queue in self._queues.values():
            queue.clear()
        busy = [name for name, job in self._running.items() if job is not None]
        for name in busy:
            self._workers[name].ask_to_cancel()
        deadline = time.monotonic() + wait_s
        for name in busy:
            self._workers[name].wait_for_outcome(max(0.0, deadline - time.monotonic()))
            self._running[name] = None
        for process in self._workers.values():
            process.kill()
        for process in self._workers.values():
            process.wait_for_end()

    def _enqueue(self, job: Job) -> None:
        queue = self._queues[job.worker]
        queue.append(job)
        queue.sort(key=_order)

    def _make_way(self, worker: WorkerName) -> None:
        running, queue = self._running[worker], self._queues[worker]
        if running is None or not queue or not running.resumable or running.state is not JobState.RUNNING:
            return
        if queue[0].priority < running.priority:
            running.pre_empted = True
            self._workers[worker].ask_to_cancel()

    def _pump(self, worker: WorkerName) -> None:
        if self._running[worker] is not None or not self._queues[worker]:
            return
        job = self._queues[worker].pop(0)
        job.state, job.started_at, job.pace = JobState.RUNNING, time.monotonic(), Pace()
        self._running[worker] = job
        self._workers[worker].send(job.request)

    def _poll(self) -> None:
        until = time.monotonic() + HEAR_S
        for name, process in self._workers.items():
            for message in process.messages():
                self._on_message(name, message)
                if self._closed:
                    return
                if time.monotonic() > until:  # the rest next time, after what has to be painted now
                    break
            running = self._running[name]
            stopping = running is not None and running.state is JobState.CANCELLING
            if running is not None and stopping and time.monotonic() > running.cancel_deadline:
                process.kill()
                self._finish(name)
                self.cancelled.emit(running.id)
            if self._closed:
                return
            self._pump(name)
        if self._figures_changed and time.monotonic() - self._figures_told >= FIGURES_S:
            self._figures_changed, self._figures_told = False, time.monotonic()
            self._changed.ask()
        if not any(self._running.values()) and not any(self._queues.values()):
            self._timer.stop()

    def _finish(self, worker: WorkerName) -> None:
        job = self._running[worker]
        if job is not None:
            job.state = JobState.DONE
        self._running[worker] = None
        self._changed.ask()

    def _on_message(self, worker: WorkerName, message: Message | None) -> None:
        job = self._running[worker]
        if job is None:
            return
        if message is None:
            self._on_death(worker, job)
        elif message.job_id != job.id:
            return
        elif isinstance(message, Reported):
            self._on_progress(job, message.progress)
        elif isinstance(message, Succeeded):
            self._finish(worker)
            self.succeeded.emit(job.id, message.value)
        elif isinstance(message, Failed):
            self._finish(worker)
            self.failed.emit(job.id, error_in_words(message.error))
        elif isinstance(message, Stopped):
            self._finish(worker)
            if job.pre_empted:
                job.pre_empted, job.state = False, JobState.QUEUED
                self._enqueue(job)
            else:
                self.cancelled.emit(job.id)

    def _on_progress(self, job: Job, progress: Progress) -> None:
        job.stage, job.fraction = in_words(progress.stage), progress.fraction
        job.time_left_s = job.pace.add(time.monotonic(), progress.stage, progress.fraction)
        self.progressed.emit(job.id, progress)
        self._figures_changed = True

    def _on_death(self, worker: WorkerName, job: Job) -> None:
        was_cancelled = job.state is JobState.CANCELLING
        self._workers[worker].kill()
        self._finish(worker)
        if was_cancelled:
            self.cancelled.emit(job.id)
            return
        error = EngineError(
            QCoreApplication.translate("JobRunner", "The engine stopped unexpectedly; the job “{0}” was lost.").format(
                job.title or job.request.function
            ),
            QCoreApplication.translate("JobRunner", "It starts again by itself: try once more, or a shorter part."),
            details=f"The process that ran engine.{job.request.function} ended without an answer.",
        )
        self.failed.emit(job.id, error)


def _order(job: Job) -> tuple[int, int]:
    return job.priority, job.id
