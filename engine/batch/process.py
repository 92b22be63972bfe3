"""The crew of this computer: processes, each of which does one file after the other and tells how far it is.

One of them, the scout, only looks ahead: it finds the people of a file whose turn comes next, while others separate.
What it finds is in the cache, and it decides nothing: a worker then does the file as if nobody had looked, and meets
there what is wrong with it.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection, wait
from multiprocessing.synchronize import Event

from engine.batch.crew import Answer, Task, died
from engine.batch.item import BatchItem
from engine.errors import JobCancelled, known_error
from engine.jobs import CancelToken, Progress, ProgressCallback, ThinnedProgress
from engine.limits import bound_memory

_REPORT_S = 0.1
_END_S = 5.0

Deed = Callable[[Task, ProgressCallback, CancelToken], Answer]
"""What a process does with a file. It can be pickled, and raises what `do_task` and `look_at` raise."""


def do_task(task: Task, on_progress: ProgressCallback, cancel: CancelToken) -> Answer:
    """A worker's deed (`engine.batch.work.do_item`)."""
    from engine.batch.work import do_item

    return do_item(task.folder, task.item, task.existing, on_progress=on_progress, cancel=cancel)


def look_at(task: Task, on_progress: ProgressCallback, cancel: CancelToken) -> Answer:
    """The scout's deed: find the people (`engine.api.find_faces`)."""
    from engine import api

    api.find_faces(task.item.input, on_progress=on_progress, cancel=cancel)
    return None


class Processes:
    """A crew of up to `count` workers, started as they are needed.

    Args:
        threads: how many each computes on, where OMP_NUM_THREADS says nothing. Sound depends on it in its last bits.
        ahead: whether there is a scout too, which is at most one file ahead of the workers.
        work, look: what they do.
    """

    def __init__(
        self, count: int, threads: int, *, ahead: bool = False, work: Deed = do_task, look: Deed = look_at
    ) -> None:
        self._count = count
        self._threads = threads
        self._ahead = ahead
        self._work, self._look = work, look
        self._workers: list[_Process] = []
        self._scout: _Process | None = None
        self._seen: Task | None = None  # what the scout has looked at, until a worker is free
        self._stopped = False

    def room(self) -> int:
        """How many workers do nothing or are not started yet, and whether the scout can look at another file."""
        scouting = self._seen is not None or (self._scout is not None and self._scout.task is not None)
        return self._free_workers() + (self._ahead and not scouting)

    def give(self, task: Task) -> None:
        """Let a worker do a file; where all are at one, the scout looks at it first."""
        if self._free_workers():
            self._let_work(task)
            return
        if self._scout is None:
            self._scout = _Process(self._look, threads=1)
        self._scout.give(task)

    def hear(self, wait_s: float) -> list[tuple[BatchItem, Answer]]:
        """What came in, after at most `wait_s` seconds."""
        lines = {process.line: process for process in self._processes()}
        heard = [heard for line in wait(list(lines), wait_s) for heard in self._hear(lines[line])]  # type: ignore[index]
        if self._seen is not None and (self._stopped or self._free_workers()):
            task, self._seen = self._seen, None
            if self._stopped:
                heard.append((task.item, None))
            else:
                self._let_work(task)
        return heard

    def busy(self) -> bool:
        """Whether a file did not end."""
        return self._seen is not None or any(process.task is not None for process in self._processes())

    def stop(self) -> None:
        """Ask those that work to stop."""
        self._stopped = True
        for process in self._processes():
            process.stop()

    def close(self) -> None:
        """End the processes."""
        for process in self._processes():
            process.end()
        self._workers.clear()
        self._scout = self._seen = None

    def _processes(self) -> list[_Process]:
        return self._workers if self._scout is None else [*self._workers, self._scout]

    def _free_workers(self) -> int:
        return self._count - sum(worker.task is not None for worker in self._workers)

    def _let_work(self, task: Task) -> None:
        worker = next((worker for worker in self._workers if worker.task is None), None)
        if worker is None:
            worker = _Process(self._work, self._threads)
            self._workers.append(worker)
        worker.give(task)

    def _hear(self, process: _Process) -> list[tuple[BatchItem, Answer]]:
        task, is_scout = process.task, process is self._scout
        try:
            answer: Answer = process.line.recv()
        except (EOFError, OSError):
            process.end()
            answer = None if task is None else died(task.item, f"exit code {process.exit_code}")
            if is_scout:
                self._scout = None
            else:
                self._workers.remove(process)
        if task is None:
            return []
        if not isinstance(answer, Progress):
            process.task = None
            if is_scout:
                self._seen = task
                return []
        return [(task.item, answer)]


class _Process:
    """A process and the line to it. It ends with the process that started it, also when that one is killed.

    Args:
        deed: what it does with a file. threads: how many it computes on, where OMP_NUM_THREADS says nothing.
    """

    def __init__(self, deed: Deed, threads: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._cancel: Event = context.Event()
        self.line, other = context.Pipe()
        self._process = context.Process(target=_serve, args=(other, self._cancel, deed, threads), daemon=True)
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


def _serve(line: Connection, cancel: Event, deed: Deed, threads: int) -> None:
    with contextlib.suppress(ValueError, OSError):
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to all processes; the first one decides
    os.environ.setdefault("OMP_NUM_THREADS", str(threads))
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # threads that spin while they wait hold up the other processes
    _end_with_parent()
    bound_memory()
    while True:
        try:
            task: Task = line.recv()
            line.send(_answer(deed, task, line, cancel))
        except (EOFError, OSError):
            return


def _answer(deed: Deed, task: Task, line: Connection, cancel: Event) -> Answer:
    try:
        return deed(task, ThinnedProgress(line.send, _REPORT_S), CancelToken(cancel.is_set))
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
