"""PcmReader: reads stretches of a decoded sound while another process may still write it."""

from __future__ import annotations

import threading
import weakref

import numpy as np

from engine.types import FloatArray, PcmStore

SAMPLE_BYTES = 4


class PcmReader:
    """Looks like an array (samples, channels) that can be sliced; what is not in the file reads as zeros.

    Any thread may read. Plain reads instead of a memory map: a mapped file that somebody cuts off ends the whole
    process (SIGBUS).

    Raises:
        OSError: the file does not exist or cannot be opened.
    """

    def __init__(self, store: PcmStore) -> None:
        self._store = store
        self._one_at_a_time = threading.Lock()
        self._file = store.path.open("rb", buffering=0)
        weakref.finalize(self, self._file.close)

    def __len__(self) -> int:
        """Samples per channel."""
        return self._store.n_samples

    def __getitem__(self, part: slice) -> FloatArray:
        """Samples from `part.start` up to `part.stop`, float32, shape (samples, channels)."""
        start, stop, _ = part.indices(len(self))
        channels = self._store.channels
        block = np.zeros((max(0, stop - start), channels), np.float32)
        with self._one_at_a_time:
            self._file.seek(start * channels * SAMPLE_BYTES)
            data = self._file.read(block.size * SAMPLE_BYTES)
        values = np.frombuffer(data, "<f4", count=len(data) // SAMPLE_BYTES)
        block.reshape(-1)[: len(values)] = values
        return block
