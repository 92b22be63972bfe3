"""The parent's side of a worker process: start, send, read, cancel, kill."""

from __future__ import annotations

import contextlib
import multiprocessing
import threading
import time
from multiprocessing.connection import Connection
from queue import Empty, SimpleQueue

from avsep_gui import worker
from avsep_gui.worker import JobRequest, Message, Reported


class WorkerProcess:
    """One spawned process that runs one engine call at a time.

    A thread reads what the process sends, so that unpickling a large result never holds up the window. A dead
    process is started again by the next `send`.

    Args:
        name: shown in process lists.
        engine_module: name of the module with the functions of `engine.api`.
        niceness: how much the process steps back behind the window, 0 to 19.
    """

    def __init__(self, name: str, engine_module: str, *, niceness: int = 0) -> None:
        self.name = name
        self._engine_module = engine_module
        self._niceness = niceness
        self._context = multiprocessing.get_context("spawn")
        self._process: multiprocessing.process.BaseProcess | None = None
        self._connection: Connection | None = None
        self._reader: threading.Thread | None = None
        self._messages: SimpleQueue[Message | None] = SimpleQueue()
        self._cancel = self._context.Event()

    @property
    def pid(self) -> int | None:
        """Process id while the process lives."""
        return self._process.pid if self._process is not None and self._process.is_alive() else None

    def start(self) -> None:
        """Start the process if it does not live."""
        if self._process is not None and self._process.is_alive():
            return
        self._dispose()
        ours, theirs = self._context.Pipe(duplex=True)
        self._cancel = self._context.Event()
        self._messages = SimpleQueue()
        self._process = self._context.Process(
            target=worker.main,
            args=(theirs, self._cancel, self._engine_module, self._niceness),
            name=f"avsep-{self.name}",
            daemon=True,
        )
        self._process.start()
        theirs.close()
        self._connection = ours
        self._reader = threading.Thread(
            target=_read_all, args=(ours, self._messages), name=f"avsep-{self.name}-reader", daemon=True
        )
        self._reader.start()

    def send(self, request: JobRequest) -> None:
        """Hand over a request; only when nothing runs."""
        self.start()
        self._cancel.clear()
        assert self._connection is not None
        # A process that died this moment is noticed by the reader, which reports the end.
        with contextlib.suppress(BrokenPipeError, ConnectionError):
            self._connection.send(request)

    def take_messages(self) -> list[Message | None]:
        """What arrived since the last call; None says that the process ended."""
        messages: list[Message | None] = []
        with contextlib.suppress(Empty):
            while True:
                messages.append(self._messages.get_nowait())
        return messages

    def ask_to_cancel(self) -> None:
        """Set the event that the running job looks at."""
        self._cancel.set()

    def kill(self) -> None:
        """End the process at once."""
        if self._process is not None and self._process.is_alive():
            self._process.kill()
        self._dispose()

    def wait_for_outcome(self, wait_s: float) -> None:
        """Block until the running job ended, the process died, or `wait_s` seconds are over; drops messages."""
        deadline = time.monotonic() + wait_s
        with contextlib.suppress(Empty):
            while isinstance(self._messages.get(timeout=max(0.001, deadline - time.monotonic())), Reported):
                pass

    def _dispose(self) -> None:
        if self._process is not None:
            self._process.join(2.0)
            self._process = None
        if self._reader is not None:
            self._reader.join(2.0)
            self._reader = None
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _read_all(connection: Connection, messages: SimpleQueue[Message | None]) -> None:
    while True:
        try:
            messages.put(connection.recv())
        except (EOFError, OSError):
            messages.put(None)
            return
