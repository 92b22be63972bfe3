"""What runs in a worker process: it takes one request at a time, calls the engine and sends back what happens.

No Qt here. The parent sends the next request only after the outcome of the one before.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import inspect
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any

from engine.errors import EngineError, JobCancelled, known_error
from engine.jobs import CancelToken, Progress, ThinnedProgress
from engine.limits import bound_memory

REPORT_INTERVAL_S = 0.05


@dataclass(frozen=True)
class JobRequest:
    """Call `function` of the engine module with these arguments; all of it is pickled."""

    job_id: int
    function: str
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Reported:
    """The job got further."""

    job_id: int
    progress: Progress


@dataclass(frozen=True)
class Succeeded:
    """The job gave a value."""

    job_id: int
    value: Any


@dataclass(frozen=True)
class Failed:
    """The job failed; every failure arrives as an `EngineError`, with the traceback in `details`."""

    job_id: int
    error: EngineError


@dataclass(frozen=True)
class Stopped:
    """The job stopped because it was asked to."""

    job_id: int


Message = Reported | Succeeded | Failed | Stopped


def main(connection: Connection, cancelled: ctypes.c_bool, engine_module: str, niceness: int) -> None:
    """Serve requests until the parent closes the connection.

    Args:
        connection: requests in, messages out.
        cancelled: shared with the parent, which sets it when the running job shall stop.
        engine_module: name of the module with the functions of `engine.api`.
        niceness: how much this process steps back behind the window and its sound, 0 to 19.
    """
    with contextlib.suppress(ValueError, OSError):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    _step_back(niceness)
    bound_memory()
    while True:
        try:
            request = connection.recv()
        except (EOFError, OSError):
            return
        try:
            _serve(request, connection, cancelled, engine_module)
        except (BrokenPipeError, ConnectionError):
            return


def _step_back(niceness: int) -> None:
    """Leave the processor to the window whenever it wants it; on Linux also by not pushing aside what runs."""
    if niceness and hasattr(os, "nice"):
        os.nice(niceness)
        if hasattr(os, "SCHED_BATCH"):
            with contextlib.suppress(OSError):
                os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def _serve(request: JobRequest, connection: Connection, cancelled: ctypes.c_bool, engine_module: str) -> None:
    try:
        function = getattr(importlib.import_module(engine_module), request.function)
        value = _call(function, request, connection, cancelled)
        connection.send(Succeeded(request.job_id, value))
    except JobCancelled:
        connection.send(Stopped(request.job_id))
    except (BrokenPipeError, ConnectionError):
        raise
    except Exception as error:  # noqa: BLE001 - the one place where a job's bug becomes a sentence
        connection.send(Failed(request.job_id, known_error(error)))


def _call(function: Callable[..., Any], request: JobRequest, connection: Connection, cancelled: ctypes.c_bool) -> Any:
    kwargs = dict(request.kwargs)
    parameters = inspect.signature(function).parameters
    if "on_progress" in parameters:
        kwargs["on_progress"] = ThinnedProgress(
            lambda progress: connection.send(Reported(request.job_id, progress)), REPORT_INTERVAL_S
        )
    if "cancel" in parameters:
        kwargs["cancel"] = CancelToken(lambda: cancelled.value)
    return function(*request.args, **kwargs)
