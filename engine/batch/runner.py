"""A run: the files of a queue, each to somebody of a crew, until none waits."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from engine.batch.crew import Crew, Task
from engine.batch.item import Batch, BatchItem, BatchOutcome
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


def threads_each(workers: int) -> int:
    """How many threads each of so many workers computes on.

    It counts how many are wanted, not how many there is work or memory for: a batch that is gone on with gives the
    same bytes, and sound depends on the threads in its last bits.
    """
    return max(1, physical_cores() // workers)


def may_look_ahead(workers: int, waiting: int) -> bool:
    """Whether a process beside so many workers may find the people of the next file: a core and memory are left."""
    return physical_cores() > workers and allowed_workers(workers + 1, waiting) > workers


def run(path: Path, batch: Batch, crew: Crew, *, on_item: OnItem, cancel: CancelToken) -> Batch:
    """Do everything that waits, and save the queue at each step.

    Args:
        path: of the queue, which is held by the caller (`engine.batch.store.opened`).
        crew: who does the files; closed at the end.

    Returns:
        The queue as it ended.

    Raises:
        JobCancelled: asked to stop; what was begun waits again, and the queue is saved.
        OutputError: the queue cannot be saved.
    """
    running = _Run(path, batch, crew, on_item)
    try:
        running.go(cancel)
    finally:
        running.close()
    return running.batch


class _Run:
    def __init__(self, path: Path, batch: Batch, crew: Crew, on_item: OnItem) -> None:
        self._path = path
        self.batch = batch.interrupted()
        self._crew = crew
        self._on_item = on_item

    def go(self, cancel: CancelToken) -> None:
        self._save()
        while self.batch.count("waiting", "running"):
            if cancel.cancelled:
                self._stop()
                raise JobCancelled
            self._give_work()
            self._hear()

    def close(self) -> None:
        self._crew.close()
        self.batch = self.batch.interrupted()
        self._save()
        sweep(self.batch)

    def _give_work(self) -> None:
        for _ in range(self._crew.room()):
            item = self.batch.next()
            if item is None:
                return
            item = item.begun()
            self._crew.give(Task(self.batch.folder, item, self.batch.existing))
            self._change(item)

    def _hear(self) -> None:
        for item, answer in self._crew.hear(_STEP_S):
            if isinstance(answer, Progress):
                self._on_item(item, answer)
            elif isinstance(answer, BatchOutcome):
                self._change(item.done(answer))
            elif isinstance(answer, EngineError):
                self._change(item.failed(answer))
            else:
                self._change(item.waiting())

    def _stop(self) -> None:
        """Let what runs come to a safe point, for a while."""
        self._crew.stop()
        until = time.monotonic() + _STOP_S
        while self._crew.busy() and time.monotonic() < until:
            self._hear()

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
