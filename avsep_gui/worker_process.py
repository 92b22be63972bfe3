"""The parent's side of a worker process: start, send, read, cancel, kill. Nothing here waits, but for the last end."""

from __future__ import annotations

import contextlib
import ctypes
import multiprocessing
import threading
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from queue import Empty, SimpleQueue

from avsep_gui import worker
from avsep_gui.worker import JobRequest, Message, Reported

END_S = 2.0


class WorkerProcess:
    """A process that runs one engine call at a time. A dead one is started again by the next `send`.

    Args:
        name: shown in process lists.
        engine_module: name of the module with the functions of `engine.api`.
        niceness: how much the process steps back behind the window, 0 to 19.
    """

    def __init__(self, name: str, engine_module: str, *, niceness: int = 0) -> None:
        self.name = name
        self._engine_module = engine_module
        self._niceness = niceness
        self._life: _Life | None = None
        self._ending: list[_Life] = []

    @property
    def pid(self) -> int | None:
        """Process id while the process lives."""
        return self._life.pid if self._life is not None else None

    def start(self) -> None:
        """Start the process if it does not live."""
        if self._life is None or self._life.ended:
            self._life = _Life(self.name, self._engine_module, self._niceness)

    def send(self, request: JobRequest) -> None:
        """Hand over a request; only when nothing runs."""
        self.start()
        assert self._life is not None
        self._life.cancelled.value = False
        self._life.requests.put(request)

    def messages(self) -> Iterator[Message | None]:
        """Take what has arrived, one by one; None says that the process ended."""
        with contextlib.suppress(Empty):
            while self._life is not None:
                yield self._life.messages.get_nowait()

    def ask_to_cancel(self) -> None:
        """Tell the running job to stop."""
        if self._life is not None:
            self._life.cancelled.value = True

    def kill(self) -> None:
        """End the process, without waiting for its end."""
        if self._life is not None:
            self._life.kill()
            self._ending = [life for life in self._ending if life.under_way] + [self._life]
            self._life = None

    def wait_for_outcome(self, wait_s: float) -> None:
        """Block until the running job ended, the process died, or `wait_s` seconds are over; drops messages."""
        if self._life is None:
            return
        deadline = time.monotonic() + wait_s
        with contextlib.suppress(Empty):
            while isinstance(self._life.messages.get(timeout=max(0.001, deadline - time.monotonic())), Reported):
                pass

    def wait_for_end(self) -> None:
        """Block until all that was killed is gone, at most a few seconds."""
        for life in self._ending:
            life.wait_for_end()


class _Life:
    """One process from its start to its end. What takes time happens in two threads.

    One starts the process (some ten milliseconds, and more on a busy computer), pickles and sends; one reads, so that
    unpickling a large result never holds up the window. A job is cancelled by a byte in memory that both share, and
    not by an event: its lock could be left taken by a process that is killed.
    """

    def __init__(self, name: str, engine_module: str, niceness: int) -> None:
        self.requests: SimpleQueue[JobRequest | None] = SimpleQueue()
        self.messages: SimpleQueue[Message | None] = SimpleQueue()
        self.ended = False
        context = multiprocessing.get_context("spawn")
        self.cancelled = context.RawValue(ctypes.c_bool, False)
        self._ours, self._theirs = context.Pipe(duplex=True)
        arguments = (self._theirs, self.cancelled, engine_module, niceness)
        self._process = context.Process(target=worker.main, args=arguments, name=f"avsep-{name}", daemon=True)
        self._started = self._killed = False
        self._thread = threading.Thread(target=self._run, name=f"avsep-{name}", daemon=True)
        self._thread.start()

    @property
    def pid(self) -> int | None:
        """Process id from its start to its end."""
        return self._process.pid if self._started and not self.ended else None

    @property
    def under_way(self) -> bool:
        """Whether anything of it is left."""
        return self._thread.is_alive()

    def kill(self) -> None:
        """End the process now, or as soon as it is started."""
        self._killed = True
        if self._started:
            self._process.kill()

    def wait_for_end(self) -> None:
        """Block until it is gone, at most a few seconds."""
        self._thread.join(END_S)

    def _run(self) -> None:
        try:
            self._process.start()
        except OSError:  # no memory or no process to be had
            self._theirs.close()
            self._ours.close()
            self._tell_end()
            return
        self._theirs.close()
        self._started = True
        if self._killed:
            self._process.kill()
        reader = threading.Thread(target=self._read, name=f"{self._thread.name}-reader", daemon=True)
        reader.start()
        # A process that died this moment is noticed by the reader, which reports the end.
        with contextlib.suppress(BrokenPipeError, ConnectionError):
            while (request := self.requests.get()) is not None:
                self._ours.send(request)
        reader.join()
        self._process.join()
        self._ours.close()

    def _read(self) -> None:
        connection: Connection = self._ours
        with contextlib.suppress(EOFError, OSError):
            while True:
                self.messages.put(connection.recv())
        self._tell_end()

    def _tell_end(self) -> None:
        self.ended = True
        self.messages.put(None)
        self.requests.put(None)
