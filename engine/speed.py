"""How long a model takes on this computer: as its jobs showed, or reckoned from what it declares."""

from __future__ import annotations

import hashlib
import json
import os
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata
from pathlib import Path

import numpy as np

from engine.cache import entry, write_then_rename
from engine.contract import Declaration
from engine.device import physical_cores
from engine.errors import EngineError
from engine.isolation.voice_file import HOP_S, WINDOW_S

_KIND = "speeds"
_YARDSTICK_S = 2.5e-3  # of one core of the computer on which the models' `real_time_factor` was measured
_SHARED_OUT = 0.85  # power of the number of cores by which they help
FACES = "faces"  # what finding people is kept as, beside the fingerprints of models
PICTURES = 25
_FACES_S = 0.45  # for `PICTURES` pictures of 1920x1080 with two people
_LEAST_S = 8  # of voice, before a job says how fast a model is
_LATEST = 0.5  # what the latest job counts, beside those before it


@dataclass(frozen=True)
class Pace:
    """Seconds for a second of one voice in a film; `measured` here, or reckoned."""

    seconds: float
    measured: bool


class Watch:
    """Measures a job while it goes on; loading the model and what goes before the first window do not count."""

    def __init__(self) -> None:
        self._began, self._voice_s = time.perf_counter(), 0.0

    def add(self, voice_s: float) -> None:
        """So many more seconds of voice are done, those of all people together."""
        self._voice_s += voice_s

    def keep(self, fingerprint: str, device: str) -> None:
        """Remember the pace of a model on a device; does nothing where the cache cannot be written."""
        if self._voice_s < _LEAST_S:
            return
        pace, before = (time.perf_counter() - self._began) / self._voice_s, _kept(fingerprint, device)
        if before is not None:
            pace = _LATEST * pace + (1 - _LATEST) * before
        with suppress(EngineError, OSError), write_then_rename(_file(fingerprint, device)) as part:
            part.write_text(json.dumps({"pace": pace}), encoding="utf-8")


def likely_device() -> str:
    """Where models run unless the user chooses; torch is loaded for that only if it was built for more than the CPU."""
    from engine.device import device_info

    return "cpu" if metadata.version("torch").endswith("+cpu") else device_info("auto").device


def pace_of(declared: Declaration, fingerprint: str, device: str) -> Pace | None:
    """What a model would take.

    Args:
        fingerprint: of an installed model; "" else. device: where it would run, "cpu" or "cuda:0".

    Returns:
        None where nothing is known: not declared, or another kind of device than a CPU that was not tried yet.
    """
    measured = _kept(fingerprint, device) if fingerprint else None
    if measured is not None:
        return Pace(measured, True)
    if declared.real_time_factor is None or device != "cpu":
        return None
    overlap = WINDOW_S / HOP_S  # what windows hear beside the part that they are for
    return Pace(declared.real_time_factor * overlap * _yardstick_s() / _YARDSTICK_S / _cores() ** _SHARED_OUT, False)


def pace_of_faces() -> Pace:
    """What finding the people takes for `PICTURES` pictures."""
    measured = _kept(FACES, "cpu")
    if measured is not None:
        return Pace(measured, True)
    return Pace(_FACES_S * _yardstick_s() / _YARDSTICK_S, False)


def _cores() -> int:
    """As many as torch is let use."""
    told = os.environ.get("OMP_NUM_THREADS", "")
    return int(told) if told.isdecimal() and int(told) else physical_cores()


@lru_cache(maxsize=1)
def _yardstick_s() -> float:
    """Seconds of one core for some Fourier transforms, the shortest of a few tries; other programs do not count."""
    fine = time.get_clock_info("thread_time").resolution < _YARDSTICK_S / 1000
    clock = time.thread_time if fine else time.perf_counter
    sound = np.random.default_rng(0).standard_normal((64, 4096)).astype(np.float32)
    tries = []
    for _ in range(6):
        began = clock()
        np.fft.irfft(np.fft.rfft(sound))
        tries.append(clock() - began)
    return min(tries)


def _kept(fingerprint: str, device: str) -> float | None:
    with suppress(EngineError, OSError, ValueError, TypeError, KeyError, RecursionError):
        pace = float(json.loads(_file(fingerprint, device).read_text(encoding="utf-8"))["pace"])
        return pace if 0 < pace < 1e4 else None
    return None


def _file(fingerprint: str, device: str) -> Path:
    key = hashlib.blake2b(f"{fingerprint}|{device}".encode(), digest_size=16).hexdigest()
    return entry(_KIND, key) / "speed.json"
