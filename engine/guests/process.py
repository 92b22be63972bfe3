"""A guest model's process: started, asked, watched and ended from here; `side.py` is the other end of its pipes.

A message is one line of JSON, and a dataclass on this side; arrays are in a file (`engine.guests.runner`).
"""

from __future__ import annotations

import json
import os
import queue
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from engine.cache import output_error
from engine.device import physical_cores
from engine.errors import ModelError
from engine.guests.child import clean_variables, end_with_children
from engine.guests.files import guest_file
from engine.jobs import CancelToken

DETAILS = 2000  # characters of what a guest said last that an error keeps
_LOOK_S = 0.05  # between two looks at cancel, memory and time
_LONGEST_LINE = 2**16
_WORKS = 0.05  # of the time that it is waited for; what takes less of a processor than that sleeps
_PATIENCE = 10.0
_KEPT_BYTES = 4 * DETAILS  # of the guest's stderr: a character takes four bytes at most
SIDE = guest_file("side.py")
_LESS = "Close other programs, or choose another model."
AGAIN = "Try again; if it happens again, choose another model."
INSTALL = "Install the model again, or choose another one."


@dataclass(frozen=True)
class Program:
    """What is run.

    Attributes:
        name: of the model, for sentences.
        python: interpreter of the guest's own environment, 3.9 or later, with NumPy.
        script: the guest program (see `side.py`). arguments: given to its `load`.
        device: kind it shall run on, "cpu" or "cuda".
    """

    name: str
    python: Path
    script: Path
    arguments: tuple[str, ...] = ()
    device: str = "cpu"


@dataclass(frozen=True)
class Load:
    """Asks the guest to load its model. `folder` is what it removes when this side is gone."""

    device: str
    folder: str


@dataclass(frozen=True)
class Separate:
    """Asks for the voices of the arrays in `file`: T samples, then streams of this shape (P, M, ...)."""

    call: int
    file: str
    samples: int
    streams: tuple[int, ...]


@dataclass(frozen=True)
class Loaded:
    """The model is ready."""


@dataclass(frozen=True)
class Separated:
    """What the guest gave back; it is in the file where it is float32 of the shape (P, T)."""

    call: int
    dtype: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Failed:
    """The guest raised an error; `reason` is "memory" or "error", `details` the traceback."""

    reason: str
    message: str
    details: str


@dataclass(frozen=True)
class Unreadable:
    """A line that is no answer."""

    line: str


Answer = Loaded | Separated | Failed | Unreadable


def read_answer(line: bytes) -> Answer:
    """Read one line of the guest's."""
    try:
        told = json.loads(line)
        if told["kind"] == "loaded":
            return Loaded()
        if told["kind"] == "separated":
            return Separated(int(told["call"]), str(told["dtype"]), tuple(int(size) for size in told["shape"]))
        if told["kind"] == "failed":
            return Failed(str(told["reason"]), str(told["message"]), str(told["details"]))
    except (ValueError, TypeError, KeyError, RecursionError):
        pass
    return Unreadable(line[:80].decode(errors="replace").rstrip())


class GuestDiedError(ModelError):
    """The guest's process ended by itself in the middle of a call."""


class Process:
    """One life of a guest, from its start to its end.

    Args:
        program: what is run. memory_bytes: what it may hold; watched on Linux alone, and only while it is asked.

    Attributes:
        folder: its working folder, where the arrays are; removed at the end.

    Raises:
        ModelError: the interpreter cannot be started. OutputError: there is no folder for temporary files.
    """

    def __init__(self, program: Program, memory_bytes: int) -> None:
        self.program = program
        self.memory_bytes = memory_bytes
        self._loaded = False
        self._ended = False
        self._answers: queue.SimpleQueue[Answer | None] = queue.SimpleQueue()
        self._said = bytearray()
        self.folder = _temporary_folder()
        try:
            self._popen = self._start()
        except OSError as error:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise ModelError(
                f"The model {program.name} cannot be started with “{program.python}”.",
                INSTALL,
                details=f"{type(error).__name__}: {error}",
            ) from error
        assert self._popen.stdout is not None and self._popen.stderr is not None
        self._threads = (
            threading.Thread(target=_listen, args=(self._popen.stdout, self._answers), daemon=True),
            threading.Thread(target=_drain, args=(self._popen.stderr, self._said), daemon=True),
        )
        for thread in self._threads:
            thread.start()

    def _start(self) -> subprocess.Popen[bytes]:
        program = self.program
        # Isolated (-I): neither the user's Python settings nor the folder of side.py are seen by the guest.
        python = [str(program.python.absolute()), "-I", "-X", "utf8"]
        return subprocess.Popen(
            [*python, str(SIDE), str(program.script.absolute()), *program.arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            cwd=self.folder,
            env={"OMP_NUM_THREADS": str(physical_cores()), **clean_variables()},
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )

    @property
    def pid(self) -> int:
        """Number of the process, and of the group of all that it starts."""
        return self._popen.pid

    @property
    def alive(self) -> bool:
        """Whether it can be asked."""
        return not self._ended and self._popen.poll() is None

    def ask(self, message: Load | Separate, limit_s: float, cancel: CancelToken) -> Loaded | Separated:
        """Send a message and wait for its answer; after an error the process is to be ended.

        Raises:
            GuestDiedError: it ended by itself in a call. ModelError: it failed, or gave no answer in `limit_s` seconds.
            JobCancelled: the user asked to stop.
        """
        self._send(message)
        answer = self._wait(limit_s, cancel)
        if isinstance(answer, Failed):
            if answer.reason == "memory":
                raise self._error("ran out of memory", _LESS, details=answer.details)
            raise self._error(f"failed with “{answer.message}”", AGAIN, details=answer.details)
        if isinstance(answer, Loaded) and isinstance(message, Load):
            self._loaded = True
            return answer
        if isinstance(answer, Separated) and isinstance(message, Separate) and answer.call == message.call:
            return answer
        told = answer.line if isinstance(answer, Unreadable) else answer
        raise self._error(f"gave an answer that AVSep does not understand, “{told}”,", INSTALL)

    def _send(self, message: Load | Separate) -> None:
        line = json.dumps({"kind": type(message).__name__.lower(), **asdict(message)}).encode() + b"\n"
        assert self._popen.stdin is not None
        with suppress(OSError):  # a guest that is gone is noticed by who waits for its answer
            self._popen.stdin.write(line)

    def _wait(self, limit_s: float, cancel: CancelToken) -> Answer:
        began_s, worked_s = time.monotonic(), _worked_s(self.pid)
        while True:
            cancel.checkpoint()
            try:
                answer = self._answers.get(timeout=_LOOK_S)
            except queue.Empty:
                answer = None
                if self.alive:
                    self._check(time.monotonic() - began_s, _worked_s(self.pid) - worked_s, limit_s)
                    continue
            if answer is None:
                raise self._death()
            return answer

    def _check(self, waited_s: float, worked_s: float, limit_s: float) -> None:
        """Give up a guest that takes too much memory, that hangs, or that works for longer than it may.

        On a computer that is busy with other things, a guest is waited for while it works: ten times as long at most.
        """
        held, allowed = _resident_bytes(self.pid), self.memory_bytes
        if held > allowed:
            raise self._error(f"took {held / 1e9:.2f} GB of memory, with {allowed / 1e9:.2f} GB allowed,", _LESS)
        works = _WORKS * waited_s < worked_s < limit_s and waited_s < _PATIENCE * limit_s
        if waited_s > limit_s and not works:
            raise self._error(f"gave no answer within {limit_s:.4g} s", AGAIN)

    def _death(self) -> ModelError:
        with suppress(subprocess.TimeoutExpired):
            self._popen.wait(1.0)
        code = self._popen.returncode
        self.end()
        how = "closed its pipe" if code is None else f"ended by itself with {_exit_words(code)}"
        return self._error(how, AGAIN, kind=GuestDiedError if self._loaded else ModelError)

    def _error(self, what: str, remedy: str, *, details: str = "", kind: type[ModelError] = ModelError) -> ModelError:
        when = "in a call" if self._loaded else "while loading"
        said = self._said.decode(errors="replace")[-DETAILS:]
        return kind(f"The model {self.program.name} {what} {when}.", remedy, details=details or said)

    def end(self, grace_s: float = 0.0) -> None:
        """End the process and all that it started, and remove its folder; a second time this does nothing.

        Args:
            grace_s: for an idle guest to end by itself.
        """
        if self._ended:
            return
        self._ended = True
        assert self._popen.stdin is not None
        self._popen.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self._popen.wait(grace_s)
        end_with_children(self._popen)
        for thread in self._threads:
            if thread is not threading.current_thread():  # the collector may call this from anywhere
                thread.join(1.0)
        shutil.rmtree(self.folder, ignore_errors=True)


def _temporary_folder() -> Path:
    try:
        return Path(tempfile.mkdtemp(prefix="avsep-guest-"))
    except OSError as error:
        raise output_error(Path(error.filename or tempfile.gettempdir()), error) from error


def _listen(pipe: IO[bytes], answers: queue.SimpleQueue[Answer | None]) -> None:
    """Hand on every answer, None after the last; a line that is none is the last."""
    with pipe:
        for line in iter(lambda: pipe.readline(_LONGEST_LINE), b""):
            answer = read_answer(line)
            answers.put(answer)
            if isinstance(answer, Unreadable):
                return
    answers.put(None)


def _drain(pipe: IO[bytes], said: bytearray) -> None:
    """Read what the guest prints, so that it never waits for a reader, and keep the end of it."""
    with pipe:
        for part in iter(lambda: pipe.read(_KEPT_BYTES), b""):
            said[:] = (said + part)[-_KEPT_BYTES:]


def _resident_bytes(pid: int) -> int:
    """Memory that a process holds now; 0 where the system does not tell."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def _worked_s(pid: int) -> float:
    """Processor time of a process so far, in seconds; 0 where the system does not tell."""
    try:
        told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return 0.0


def _exit_words(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    names = {number.value: number.name for number in signal.Signals}
    return f"signal {-code} ({names.get(-code, 'unknown')})"
