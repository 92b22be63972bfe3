"""A worker of the local run: a fresh process that does one file after the other and tells how far it is."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.synchronize import Event
from pathlib import Path

from engine.batch.item import BatchItem, BatchOutcome, Existing
from engine.errors import EngineError, JobCancelled, known_error
from engine.jobs import CancelToken, Progress, ThinnedProgress
from engine.limits import bound_memory

_REPORT_S = 0.1
_END_S = 5.0

Answer = Progress | BatchOutcome | EngineError | None
"""What a worker sends: how far it is, and at last the outcome, why it failed, or None where it was stopped."""


@dataclass(frozen=True)
class Task:
    """One file to be done."""

    folder: Path
    item: BatchItem
    existing: Existing


class Worker:
    """A process and the line to it. It ends with the process that started it, also when that one is killed.

    Args:
        threads: how many it computes on, where OMP_NUM_THREADS says nothing.
    """

    def __init__(self, threads: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._cancel: Event = context.Event()
        self.line, other = context.Pipe()
        self._process = context.Process(target=_serve, args=(other, self._cancel, threads), daemon=True)
        self._process.start()
        other.close()
        self.task: Task | None = None

    @property
    def exit_code(self) -> int | None:
        """How the process ended, None while it lives."""
        return self._process.exitcode

    def give(self, task: Task) -> None:
        """Let it do a file."""
        self.task = task
        self.line.send(task)

    def stop(self) -> None:
        """Ask it to stop what it does; it answers with None."""
        self._cancel.set()

    def end(self) -> None:
        """End the process: at once if it does something, else as soon as it notices."""
        self.line.close()
        if self.task is None:
            self._process.join(_END_S)
        if self._process.is_alive():
            self._process.kill()
        self._process.join(_END_S)


def _serve(line: Connection, cancel: Event, threads: int) -> None:
    with contextlib.suppress(ValueError, OSError):
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to all processes; the first one decides
    os.environ.setdefault("OMP_NUM_THREADS", str(threads))
    _end_with_parent()
    bound_memory()
    while True:
        try:
            task: Task = line.recv()
            line.send(_do(task, line, cancel))
        except (EOFError, OSError):
            return


def _do(task: Task, line: Connection, cancel: Event) -> Answer:
    from engine.batch.work import do_item

    report, token = ThinnedProgress(line.send, _REPORT_S), CancelToken(cancel.is_set)
    try:
        return do_item(task.folder, task.item, task.existing, on_progress=report, cancel=token)
    except JobCancelled:
        return None
    except (BrokenPipeError, ConnectionError):
        raise
    except Exception as error:  # noqa: BLE001 - one bad file never stops the rest
        return known_error(error)


def _end_with_parent() -> None:
    """Nobody is left to hear the result when the parent was killed, and another run may already be at it."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        watch = threading.Thread(target=lambda: (wait([parent.sentinel]), os._exit(1)), daemon=True)
        watch.start()
