"""One voice as it grows in the cache: overlapping windows in, final stretches out.

Windows of 6 s begin every 4 s and are cross-faded over 1 s. Even and odd windows never overlap among themselves, so
each kind has a file of its own; a stretch of the voice is final once its window and both neighbours are there. That
makes the order of work free, a killed run resumable, and the result the same.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.cache import output_error
from engine.confidence import Judgement, confidence, together
from engine.seals import read_sealed, write_sealed
from engine.types import STRETCH_S, ConfidenceSpan, IsolatedVoice, PcmStore, PersonConfidence

FloatArray = NDArray[np.float32]
WINDOW_S, HOP_S = 6, STRETCH_S
_FADE_S, _SKIRT_S = 1.0, 0.5  # windows overlap by 2 s: 0.5 s unused, 1 s cross-fade, 0.5 s unused
VERSION = 8
_VOICE, _STATE = "voice.f32", "state.json"


def window_count(source: PcmStore) -> int:
    """Windows that a file needs."""
    return max(1, math.ceil(source.duration_s / HOP_S))


def window_bytes(sample_rate_hz: int, channels: int) -> int:
    """Space that a window takes in the cache, with its stretch of the voice."""
    return (WINDOW_S + HOP_S) * sample_rate_hz * channels * 4


def window_start_s(k: int) -> float:
    """When window k begins; before 0 for the first."""
    return k * HOP_S - (WINDOW_S - HOP_S) / 2


def source_window(source: PcmStore, k: int) -> FloatArray:
    """The sound under window k, (6 s, channels), silence beyond the ends."""
    low, high, skip = _written(k, source)
    window = np.zeros((WINDOW_S * source.sample_rate_hz, source.channels), np.float32)
    window[skip : skip + high - low] = source.open()[low:high]
    return window


@dataclass
class VoiceFile:
    """A person's voice in its cache folder.

    Attributes:
        done: windows that are in even.f32 or odd.f32, with the CRC-32 of what they wrote.
        judged: what is thought of the voice, per second of the file.
    """

    folder: Path
    source: PcmStore
    person: int
    done: dict[int, int] = field(default_factory=dict)
    judged: dict[int, Judgement] = field(default_factory=dict)

    @classmethod
    def open(cls, folder: Path, source: PcmStore, person: int) -> VoiceFile:
        """Go on with what is there, or begin.

        Raises:
            OutputError: the cache is full or cannot be written.
        """
        size = 4 * source.n_samples * source.channels
        fresh = False
        with _disk_errors(folder):
            for name in (_layer(0), _layer(1), _VOICE):
                path = folder / name
                if not path.exists() or path.stat().st_size != size:
                    fresh = True
                    with path.open("wb") as file:
                        file.truncate(size)  # zeros; sparse where the file system can
        state = (None if fresh else read_sealed(folder / _STATE)) or {"done": {}, "judged": {}}
        judged = {int(second): Judgement(*values) for second, values in state["judged"].items()}
        return cls(folder, source, person, {int(k): told for k, told in state["done"].items()}, judged)

    def mend(self, windows: list[int]) -> None:
        """Forget the windows that are not as they were written, so that they are computed again; join the others anew.

        Raises:
            OutputError: the cache cannot be read or written.
        """
        with _disk_errors(self.folder):
            for k in windows:
                low, high, _ = _written(k, self.source)
                if k in self.done and zlib.crc32(self._map(_layer(k))[low:high]) != self.done[k]:
                    del self.done[k]
            for k in windows:  # mapped anew for each, or all that was read stays in memory
                span, joined = self._stretch(k)
                if self.is_final(k) and not np.array_equal(self._map(_VOICE)[span], joined, equal_nan=True):
                    self._write(_VOICE, span.start, joined)

    def store(self, *, complete: bool = True) -> PcmStore:
        """The voice for clients."""
        return voice_in(self.folder, self.source, complete=complete)

    def is_final(self, k: int) -> bool:
        """Whether stretch k (hop k to k + 1) will not change: its window and both neighbours are there."""
        count = window_count(self.source)
        return 0 <= k < count and all(j in self.done for j in (k - 1, k, k + 1) if 0 <= j < count)

    def add(self, k: int, window: FloatArray) -> tuple[float, float] | None:
        """Take in window k, (6 s, channels).

        Returns:
            The stretch in seconds that became final or was made anew, or None while neighbours are missing.

        Raises:
            OutputError: the disk is full or the cache cannot be written.
        """
        low, high, skip = _written(k, self.source)
        part = np.ascontiguousarray((window * _fade(k, self.source)[:, None])[skip : skip + high - low], "<f4")
        with _disk_errors(self.folder):
            self._write(_layer(k), low, part)
            self.done[k] = zlib.crc32(part.data)
            final = [j for j in (k - 1, k, k + 1) if self.is_final(j)]
            for j in final:
                span, joined = self._stretch(j)
                self._write(_VOICE, span.start, joined)
            judged = {second: astuple(judgement) for second, judgement in self.judged.items()}
            write_sealed(self.folder / _STATE, {"done": self.done, "judged": judged})
        if not final:
            return None
        return float(final[0] * HOP_S), min(float((final[-1] + 1) * HOP_S), self.source.duration_s)

    def result(self, windows: list[int], av_offset_ms: float | None, calibration: tuple[float, float]) -> IsolatedVoice:
        """What a client gets; confidence over the asked-for windows (`engine.confidence`)."""
        final = [k for k in sorted(self.done) if self.is_final(k)]
        spans: list[tuple[float, float]] = []
        for k in final:
            end = min(float((k + 1) * HOP_S), self.source.duration_s)
            if spans and spans[-1][1] == k * HOP_S:
                spans[-1] = (spans[-1][0], end)
            else:
                spans.append((float(k * HOP_S), end))
        judged = {s: self.judged[s] for s in seconds_of(windows, self.source) if s in self.judged}
        told = PersonConfidence(
            self.person,
            confidence(together(list(judged.values())), calibration),
            tuple(
                ConfidenceSpan(s, min(s + 1, self.source.duration_s), round(confidence(j, calibration), 4), j)
                for s, j in judged.items()
            ),
        )
        whole = len(final) == window_count(self.source)
        return IsolatedVoice(self.person, self.store(complete=whole), tuple(spans), told, av_offset_ms)

    def _map(self, name: str) -> Any:
        shape = (self.source.n_samples, self.source.channels)
        return np.memmap(self.folder / name, np.dtype("<f4"), "r", shape=shape)

    def _stretch(self, k: int) -> tuple[slice, FloatArray]:
        """Where stretch k lies, and what its windows make together."""
        rate = self.source.sample_rate_hz
        span = slice(k * HOP_S * rate, min((k + 1) * HOP_S * rate, self.source.n_samples))
        joined, other = np.array(self._map(_layer(k))[span]), self._map(_layer(k + 1))[span]
        side = rate * (WINDOW_S - HOP_S) // 2  # what the neighbours reach in; between them nothing was ever written
        if k > 0:
            joined[:side] += other[:side]
        if k < window_count(self.source) - 1:
            joined[HOP_S * rate - side :] += other[HOP_S * rate - side :]
        return span, joined

    def _write(self, name: str, start: int, samples: FloatArray) -> None:
        with (self.folder / name).open("r+b") as file:  # not through a memory map: a full disk would end the program
            file.seek(start * self.source.channels * 4)
            file.write(np.ascontiguousarray(samples, "<f4").data)


def _layer(k: int) -> str:
    """The file of a window."""
    return "odd.f32" if k % 2 else "even.f32"


def voice_in(folder: Path, source: PcmStore, *, complete: bool = True) -> PcmStore:
    """The store of a voice folder, whether or not it exists yet."""
    path = folder / _VOICE
    return PcmStore(path, source.sample_rate_hz, source.channels, source.n_samples, source.layout, complete)


def seconds_of(windows: list[int], source: PcmStore) -> range:
    """The whole seconds of the file that windows are about."""
    return range(min(windows) * HOP_S, min((max(windows) + 1) * HOP_S, math.ceil(source.duration_s)))


def _written(k: int, source: PcmStore) -> tuple[int, int, int]:
    """First and last sample (end exclusive) of window k that lie in the file, and how many lie before it."""
    rate = source.sample_rate_hz
    start = round(window_start_s(k) * rate)
    low, high = max(start, 0), min(start + WINDOW_S * rate, source.n_samples)
    return low, max(low, high), low - start


def _fade(k: int, source: PcmStore) -> FloatArray:
    """Weights of a window's samples: 0, a raised-cosine rise, 1, a fall, 0; neighbours add up to one."""
    rate = source.sample_rate_hz
    skirt, length = round(_SKIRT_S * rate), round(_FADE_S * rate)
    rise = (0.5 - 0.5 * np.cos(np.pi * (np.arange(length) + 0.5) / length)).astype(np.float32)
    weights = np.ones(WINDOW_S * rate, np.float32)
    if k > 0:
        weights[:skirt] = 0
        weights[skirt : skirt + length] = rise
    if k < window_count(source) - 1:
        tail = len(weights) - skirt
        weights[tail:] = 0
        weights[tail - length : tail] = 1 - rise
    return weights


@contextmanager
def _disk_errors(path: Path) -> Iterator[None]:
    """Turn a full disk or a missing permission into a sentence."""
    try:
        yield
    except OSError as error:
        raise output_error(path, error) from error
