"""The local run: files of a queue, each to a worker process, until none waits."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from multiprocessing.connection import wait
from pathlib import Path

from engine.batch.item import Batch, BatchItem, BatchOutcome
from engine.batch.process import Task, Worker
from engine.batch.store import save_batch
from engine.batch.work import sweep
from engine.device import physical_cores
from engine.errors import EngineError, JobCancelled
from engine.jobs import CancelToken, Progress

OnItem = Callable[[BatchItem, Progress | None], None]
"""Told of every change of a file's status (no progress), and of progress within the work on it."""

BYTES_EACH = 2 * 2**30
"""Memory that one file may take; measured peaks lie between 0.7 and 1.5 GB."""
_STEP_S = 0.2
_STOP_S = 20.0


def allowed_workers(wanted: int, waiting: int) -> int:
    """How many files are done at a time: not more than wait, nor than fit into the memory that is free; at least 1."""
    free = free_memory_bytes()
    by_memory = wanted if free is None else int(free // BYTES_EACH)
    return max(1, min(wanted, waiting, by_memory))


def run(path: Path, batch: Batch, *, workers: int, on_item: OnItem, cancel: CancelToken) -> Batch:
    """Do everything that waits, and save the queue at each step.

    Args:
        path: of the queue, which is held by the caller (`engine.batch.store.opened`).

    Returns:
        The queue as it ended.

    Raises:
        JobCancelled: asked to stop; what was begun waits again, and the queue is saved.
        OutputError: the queue cannot be saved.
    """
    local = _Run(path, batch, workers, on_item)
    try:
        local.go(cancel)
    finally:
        local.close()
    return local.batch


class _Run:
    def __init__(self, path: Path, batch: Batch, workers: int, on_item: OnItem) -> None:
        self._path = path
        self.batch = batch.interrupted()
        self._on_item = on_item
        self._count = workers
        self._threads = max(1, physical_cores() // workers)
        self._workers: list[Worker] = []

    def go(self, cancel: CancelToken) -> None:
        self._save()
        while self.batch.count("waiting", "running"):
            if cancel.cancelled:
                self._stop()
                raise JobCancelled
            self._give_work()
            for line in wait([worker.line for worker in self._workers], _STEP_S):
                worker = next(worker for worker in self._workers if worker.line is line)
                self._hear(worker)

    def close(self) -> None:
        for worker in self._workers:
            worker.end()
        self.batch = self.batch.interrupted()
        self._save()
        sweep(self.batch)

    def _give_work(self) -> None:
        idle = [worker for worker in self._workers if worker.task is None]
        while (item := self.batch.next()) is not None and (idle or len(self._workers) < self._count):
            worker = idle.pop() if idle else Worker(self._threads)
            if worker not in self._workers:
                self._workers.append(worker)
            item = item.begun()
            worker.give(Task(self.batch.folder, item, self.batch.existing))
            self._change(item)

    def _hear(self, worker: Worker) -> None:
        assert worker.task is not None
        item = worker.task.item
        try:
            answer = worker.line.recv()
        except (EOFError, OSError):
            self._workers.remove(worker)
            worker.end()
            self._change(item.failed(_died(item, worker.exit_code)))
            return
        if isinstance(answer, Progress):
            self._on_item(item, answer)
            return
        worker.task = None
        if isinstance(answer, BatchOutcome):
            self._change(item.done(answer))
        elif isinstance(answer, EngineError):
            self._change(item.failed(answer))
        else:
            self._change(item.waiting())

    def _stop(self) -> None:
        """Let what runs come to a safe point, for a while."""
        for worker in self._workers:
            worker.stop()
        for _ in range(round(_STOP_S / _STEP_S)):
            busy = [worker for worker in self._workers if worker.task is not None]
            if not busy:
                return
            for line in wait([worker.line for worker in busy], _STEP_S):
                self._hear(next(worker for worker in busy if worker.line is line))

    def _change(self, item: BatchItem) -> None:
        self.batch = self.batch.with_item(item)
        self._save()
        self._on_item(item, None)

    def _save(self) -> None:
        save_batch(self._path, self.batch)


def free_memory_bytes() -> int | None:
    """Memory that programs can still get without others being pushed out; None where the system does not tell."""
    if sys.platform == "win32":
        return _free_memory_windows()
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    except (OSError, ValueError):
        return None


def _free_memory_windows() -> int | None:
    import ctypes

    class Status(ctypes.Structure):
        _fields_ = (
            ("length", ctypes.c_ulong),
            ("load", ctypes.c_ulong),
            *((name, ctypes.c_ulonglong) for name in ("total", "available", "a", "b", "c", "d", "e")),
        )

    status = Status(length=ctypes.sizeof(Status))
    told: bool = ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status))  # type: ignore[attr-defined]
    return int(status.available) if told else None


def _died(item: BatchItem, code: int | None) -> EngineError:
    return EngineError(
        f"The process that worked on “{item.input.name}” ended unexpectedly.",
        "Try it again with --retry; if memory was short, with fewer workers.",
        details=f"exit code {code}",
    )
