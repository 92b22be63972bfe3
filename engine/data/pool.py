"""Work on many items in processes of their own: one may die without taking the others' work with it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.synchronize import Event
from typing import TypeVar

from engine.errors import EngineError
from engine.jobs import CancelToken

Job = TypeVar("Job")
Result = TypeVar("Result")

_POLL_S = 0.2
_wish = CancelToken()  # in a worker: the parent's wish to stop


def for_each(
    function: Callable[[Job, CancelToken], Result],
    jobs: Iterable[Job],
    *,
    workers: int,
    on_result: Callable[[Job, Result], None],
    on_crash: Callable[[Job], None],
    cancel: CancelToken,
) -> None:
    """Call a function for every job in worker processes, in no fixed order.

    When a process dies (a crash in a decoder, no memory left), the jobs in flight are tried again one at a time, so
    that only the guilty one is reported as crashed. Workers end with this process, however it ends.

    Args:
        function: of a module's top level; honours the token that it is given.
        on_result, on_crash: called in this process.

    Raises:
        EngineError: no worker could be started; or what `function` raised.
        JobCancelled: asked for through `cancel`.
    """
    waiting, suspects = deque(jobs), deque[Job]()
    while waiting or suspects:
        if suspects:
            lost = _run(function, suspects, 1, 1, on_result, cancel)
            if lost:
                on_crash(lost[0])
        else:
            suspects.extend(_run(function, waiting, workers, 2 * workers, on_result, cancel))


def _run(
    function: Callable[[Job, CancelToken], Result],
    jobs: deque[Job],
    workers: int,
    in_flight: int,
    on_result: Callable[[Job, Result], None],
    cancel: CancelToken,
) -> list[Job]:
    """Take jobs off the queue until it is empty or a worker dies; the jobs that were in flight then."""
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    running: dict[Future[Result], Job] = {}
    with ProcessPoolExecutor(workers, context, _begin, (stop,)) as pool:
        try:
            _check(pool)
            while jobs or running:
                cancel.checkpoint()
                while jobs and len(running) < in_flight:
                    running[pool.submit(_call, function, jobs[0])] = jobs[0]
                    jobs.popleft()
                for future in wait(running, _POLL_S, FIRST_COMPLETED).done:
                    result = future.result()
                    on_result(running.pop(future), result)
        except BrokenProcessPool:
            return list(running.values())
        except BaseException:
            stop.set()
            pool.shutdown(cancel_futures=True)
            raise
    return []


def _check(pool: ProcessPoolExecutor) -> None:
    """Tell a machine on which no process starts from a job that kills its process."""
    try:
        pool.submit(os.getpid).result()
    except (BrokenProcessPool, OSError) as error:
        raise EngineError(
            f"No worker process could be started ({error}).", "Close other programs, or ask for fewer workers."
        ) from error


def _begin(stop: Event) -> None:
    """Set up a worker: Ctrl-C is the parent's affair, one thread each, and no life after the parent's."""
    global _wish
    _wish = CancelToken(stop.is_set)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    import cv2

    cv2.setNumThreads(1)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _call(function: Callable[[Job, CancelToken], Result], job: Job) -> Result:
    return function(job, _wish)
