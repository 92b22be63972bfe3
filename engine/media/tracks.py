"""Sound on its way into a file: what a track is, and how its blocks are checked and quantised."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.types import FloatArray, PcmStore

SampleFormat = Literal["f32", "s24", "s16"]
BLOCK_SAMPLES = 1 << 16


@dataclass(frozen=True)
class Stamp:
    """When sound was recorded, for editors that put it in its place by that.

    Attributes:
        samples: from midnight to the first sample.
        date: "yyyy-mm-dd". time: "hh:mm:ss".
    """

    samples: int
    date: str
    time: str


@dataclass(frozen=True)
class SoundTrack:
    """Sound to write, in blocks, from t = 0 of the source.

    Attributes:
        layout: FFmpeg's name of the channel layout ("mono", "stereo", "5.1").
        n_samples: samples per channel, exactly what the blocks sum to.
        blocks: starts from the beginning at each call; gives (n, channels) float32 arrays, full scale 1.0.
        language: ISO 639-2 code ("eng"), empty where unknown.
        stamp: written into .wav files (Broadcast Wave); None for none.
    """

    title: str
    sample_rate_hz: int
    channels: int
    layout: str
    n_samples: int
    blocks: Callable[[], Iterator[FloatArray]]
    language: str = ""
    stamp: Stamp | None = None


def store_track(store: PcmStore, title: str, language: str = "") -> SoundTrack:
    """A track of everything in a store."""

    def blocks() -> Iterator[FloatArray]:
        for start in range(0, store.n_samples, BLOCK_SAMPLES):  # opened anew, or all that was read stays in memory
            yield np.asarray(store.open()[start : start + BLOCK_SAMPLES], np.float32)

    return SoundTrack(title, store.sample_rate_hz, store.channels, store.layout, store.n_samples, blocks, language)


def checked_blocks(track: SoundTrack) -> Iterator[FloatArray]:
    """The track's blocks, at most `BLOCK_SAMPLES` long each.

    Raises:
        ValueError: a block has another number of channels, or all of them are not `n_samples` together.
    """
    total = 0
    for block in track.blocks():
        if block.ndim != 2 or block.shape[1] != track.channels:
            raise ValueError(f"a block of “{track.title}” has shape {block.shape}, not (n, {track.channels})")
        total += len(block)
        for start in range(0, len(block), BLOCK_SAMPLES):
            yield np.ascontiguousarray(block[start : start + BLOCK_SAMPLES], np.float32)
    if total != track.n_samples:
        raise ValueError(f"“{track.title}” gave {total} samples, not {track.n_samples}")


def quantised(block: FloatArray, bits: int) -> NDArray[np.int32]:
    """Samples as integers of so many bits: rounded to the nearest step, limited to full scale."""
    full_scale = 2.0 ** (bits - 1)
    steps = np.rint(np.nan_to_num(block.astype(np.float64)) * full_scale)
    return np.clip(steps, -full_scale, full_scale - 1).astype(np.int32)
