"""Lowest and highest sample of every short block of a sound, kept beside it, so that an overview misses no peak."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from engine.types import FloatArray, PcmStore

BLOCK_SAMPLES = 1024
_AT_ONCE = 64 * BLOCK_SAMPLES


class PeakMeter:
    """Takes a sound piece by piece, in order, and remembers the extremes of each block over all channels."""

    def __init__(self) -> None:
        self._waiting: list[FloatArray] = []
        self._n_waiting = 0
        self._found: list[FloatArray] = []

    def add(self, samples: FloatArray) -> None:
        """Take the next samples, (n, channels)."""
        self._waiting.append(np.stack([samples.min(axis=1), samples.max(axis=1)], axis=1))
        self._n_waiting += len(samples)
        if self._n_waiting >= _AT_ONCE:
            self._measure()

    def add_silence(self, count: int) -> None:
        """Take `count` samples of silence."""
        for first in range(0, count, _AT_ONCE):
            self.add(np.zeros((min(_AT_ONCE, count - first), 1), np.float32))

    def peaks(self, n_samples: int) -> FloatArray:
        """Lowest and highest per block of the first `n_samples`, (blocks, 2); the last block may be shorter."""
        self.add_silence(-self._n_waiting % BLOCK_SAMPLES)
        self._measure()
        every = np.concatenate([np.zeros((0, 2), np.float32), *self._found])
        return np.asarray(every[: -(-n_samples // BLOCK_SAMPLES)], np.float32)

    def _measure(self) -> None:
        if not self._waiting:
            return
        together = np.concatenate(self._waiting)
        whole = len(together) // BLOCK_SAMPLES * BLOCK_SAMPLES
        blocks = together[:whole].reshape(-1, BLOCK_SAMPLES, 2)  # (n, 2) -> (blocks, samples, 2)
        self._found.append(np.stack([blocks[..., 0].min(axis=1), blocks[..., 1].max(axis=1)], axis=1))
        self._waiting, self._n_waiting = [together[whole:]], len(together) - whole


def peaks_path(sound: Path) -> Path:
    """Where the peaks of a sound file are kept."""
    return sound.with_suffix(".peaks")


def read_peaks(sound: PcmStore) -> FloatArray | None:
    """The peaks that are kept of a sound, (blocks, 2); None where there are none."""
    try:
        peaks = np.fromfile(peaks_path(sound.path), "<f4").reshape(-1, 2)
    except (OSError, ValueError):
        return None
    return np.nan_to_num(peaks, posinf=0.0, neginf=0.0) if len(peaks) == -(-sound.n_samples // BLOCK_SAMPLES) else None
