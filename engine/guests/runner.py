"""Asks a guest model for voices, and checks what comes back.

The arrays of a call go through a file that both ends map, made for it and removed after it: mixture, streams, seen and
room for the voices, one after the other, float32.
"""

from __future__ import annotations

import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.cache import output_error
from engine.contract import MODEL_RATE_HZ, FloatArray
from engine.errors import ModelError
from engine.guests.process import AGAIN, INSTALL, Answer, GuestDiedError, Load, Process, Program, Separate, Separated
from engine.jobs import CancelToken

_END_S = 2.0  # for an idle guest to end by itself


@dataclass(frozen=True)
class Limits:
    """What a guest may take before it is ended.

    Attributes:
        load_s: seconds to load.
        call_s: seconds for any call, and in addition: call_per_s: per second of sound and face.
        memory_bytes: resident size of its process, read about 20 times a second; watched on Linux alone.
    """

    load_s: float = 180.0
    call_s: float = 60.0
    call_per_s: float = 20.0
    memory_bytes: int = 6 * 10**9


DEFAULT_LIMITS = Limits()


class Runner:
    """Asks one guest, in a process that is started when it is needed; for one thread at a time.

    After any error the process is ended, since nobody knows what state it is in; the next call starts another. It also
    ends when this object or this interpreter does.

    Args:
        program: what is run. limits: what it may take.

    Attributes:
        warnings: sentences for the user about guests that had to be started again.
    """

    def __init__(self, program: Program, limits: Limits = DEFAULT_LIMITS) -> None:
        self.program = program
        self.limits = limits
        self.warnings: list[str] = []
        self._process: Process | None = None
        self._finalizer: weakref.finalize[..., Runner]  # ends the process; there is one where there is a process
        self._calls = 0
        self._worked_s = 0.0
        self._given_s = 0.0

    def __enter__(self) -> Runner:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pid(self) -> int | None:
        """Of the guest's process; None while there is none."""
        return self._process.pid if self._process is not None and self._process.alive else None

    @property
    def real_time_factor(self) -> float | None:
        """Seconds of work per second of sound and face over all calls that succeeded; None before the first."""
        return self._worked_s / self._given_s if self._given_s else None

    def start(self, cancel: CancelToken | None = None) -> None:
        """Start the process and let it load its model, unless that is done.

        Raises:
            ModelError: it cannot be started, or did not load within its limits.
            JobCancelled: the user asked to stop.
        """
        self._ready(cancel or CancelToken())

    def separate(
        self, mixture: FloatArray, streams: FloatArray, seen: FloatArray, cancel: CancelToken | None = None
    ) -> FloatArray:
        """Ask for the voices of P faces; a guest that ends by itself in the call is started and asked once more.

        Args:
            mixture: (T,) float32 at 16 kHz. streams: (P, M, ...) float32. seen: (P, M) float32.
            cancel: heard within 0.2 s, by killing the process.

        Returns:
            (P, T) float32, finite.

        Raises:
            ModelError: the guest raised an error, ended twice, took too long or too much memory, or gave back
                something else; the message says what.
            OutputError: there is no space for the arrays in the folder of temporary files.
            JobCancelled: the user asked to stop.
        """
        cancel = cancel or CancelToken()
        try:
            return self._separate(mixture, streams, seen, cancel)
        except GuestDiedError as error:
            sentence = f"{error.message} It was started again."
            if sentence not in self.warnings:
                self.warnings.append(sentence)
        return self._separate(mixture, streams, seen, cancel)

    def close(self) -> None:
        """End the process, if there is one; the next call starts another."""
        if self._process is not None:
            self._finalizer.detach()
            self._process.end(_END_S)
            self._process = None

    def _ready(self, cancel: CancelToken) -> Process:
        if self._process is not None:
            if self._process.alive:
                return self._process
            self._finalizer()
        self._process = process = Process(self.program, self.limits.memory_bytes)
        self._finalizer = weakref.finalize(self, process.end)
        with _ended_by_errors(process):
            process.ask(Load(self.program.device, str(process.folder)), self.limits.load_s, cancel)
        return process

    def _separate(self, mixture: FloatArray, streams: FloatArray, seen: FloatArray, cancel: CancelToken) -> FloatArray:
        process = self._ready(cancel)
        self._calls += 1
        file = process.folder / f"{self._calls}.f32"
        request = Separate(self._calls, str(file), len(mixture), streams.shape)
        given_s = len(mixture) / MODEL_RATE_HZ * len(streams)
        with _ended_by_errors(process):
            try:
                _write(file, mixture, streams, seen)
                started = time.perf_counter()
                answer = process.ask(request, self.limits.call_s + self.limits.call_per_s * given_s, cancel)
                took_s = time.perf_counter() - started
                voices = _voices(self.program.name, answer, file, (len(streams), len(mixture)))
            finally:
                with suppress(OSError):  # gone with its folder, or still mapped by a guest that will be ended
                    file.unlink()
        self._worked_s += took_s
        self._given_s += given_s
        return voices


@contextmanager
def _ended_by_errors(process: Process) -> Iterator[None]:
    """End the process when the block raises: an answer that comes late would be taken for that of the next call."""
    try:
        yield
    except BaseException:
        process.end()
        raise


def _write(file: Path, mixture: FloatArray, streams: FloatArray, seen: FloatArray) -> None:
    """Make the file of one call; room for voices that nobody fills holds no numbers.

    It is written, not mapped: where the disk is full, a map kills the process that writes into it.
    """
    room = np.full((len(streams), len(mixture)), np.nan)
    try:
        with file.open("wb") as out:
            for values in (mixture, streams, seen, room):
                out.write(np.ascontiguousarray(values, np.float32).data)
    except OSError as error:
        raise output_error(file, error) from error


def _voices(name: str, answer: Answer, file: Path, shape: tuple[int, int]) -> FloatArray:
    """Take the voices (P, T) out of the file.

    Raises:
        ModelError: the guest gave back another form, or what is no number.
    """
    assert isinstance(answer, Separated)
    if (answer.dtype, answer.shape) != ("float32", shape):
        raise ModelError(
            f"The model {name} gave back {answer.dtype} of the shape {answer.shape}; float32 of {shape} was expected.",
            INSTALL,
        )
    shared = np.memmap(file, np.float32, "r")
    voices = np.array(shared[shared.size - shape[0] * shape[1] :]).reshape(shape)
    bad = voices.size - int(np.isfinite(voices).sum())
    if bad:
        raise ModelError(f"The model {name} gave back {bad} values out of {voices.size} that are not numbers.", AGAIN)
    return voices
