"""The crew of this computer: fresh processes, each of which does one file after the other and tells how far it is."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from multiprocessing.connection import Connection, wait
from multiprocessing.synchronize import Event

from engine.batch.crew import Answer, Task, died
from engine.batch.item import BatchItem
from engine.device import physical_cores
from engine.errors import JobCancelled, known_error
from engine.jobs import CancelToken, Progress, ThinnedProgress
from engine.limits import bound_memory

_REPORT_S = 0.1
_END_S = 5.0


class Processes:
    """A crew of up to `count` processes, started as they are needed."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._threads = max(1, physical_cores() // count)
        self._workers: list[_Worker] = []

    def room(self) -> int:
        """How many do nothing, or are not started yet."""
        return self._count - sum(worker.task is not None for worker in self._workers)

    def give(self, task: Task) -> None:
        """Let one of them do a file."""
        worker = next((worker for worker in self._workers if worker.task is None), None)
        if worker is None:
            worker = _Worker(self._threads)
            self._workers.append(worker)
        worker.give(task)

    def hear(self, wait_s: float) -> list[tuple[BatchItem, Answer]]:
        """What came in, after at most `wait_s` seconds."""
        lines = {worker.line: worker for worker in self._workers}
        return [heard for line in wait(list(lines), wait_s) for heard in self._hear(lines[line])]  # type: ignore[index]

    def busy(self) -> bool:
        """Whether one of them works."""
        return any(worker.task is not None for worker in self._workers)

    def stop(self) -> None:
        """Ask those that work to stop."""
        for worker in self._workers:
            worker.stop()

    def close(self) -> None:
        """End the processes."""
        for worker in self._workers:
            worker.end()
        self._workers.clear()

    def _hear(self, worker: _Worker) -> list[tuple[BatchItem, Answer]]:
        task = worker.task
        try:
            answer: Answer = worker.line.recv()
        except (EOFError, OSError):
            self._workers.remove(worker)
            worker.end()
            return [] if task is None else [(task.item, died(task.item, f"exit code {worker.exit_code}"))]
        if task is None:
            return []
        if not isinstance(answer, Progress):
            worker.task = None
        return [(task.item, answer)]


class _Worker:
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
        with contextlib.suppress(BrokenPipeError, ConnectionError):  # it died: its line says so next
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
