"""Tiles: the pictures of the lanes in pieces on a fixed ladder of time scales, and the bounded store that keeps them.

Columns of level n last 2 ** n seconds, so that a tile of one level spans two tiles of the level below.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from avsep_gui.state.intervals import Intervals
from engine.types import SpectrogramImage, WaveformPeaks

Picture = Literal["waveform", "linear", "log", "mel"]

ROWS = 128
FLOOR_DB = -120.0
STEPS_PER_DB = 2
LIMIT_BYTES = 48 * 2**20
# Finer columns than these show nothing new: a tenth of a spectrogram's window, a sample of the waveform.
FINEST_SPECTROGRAM, FINEST_WAVEFORM = -9, -15
SPECTROGRAM_COLUMNS, WAVEFORM_COLUMNS = 512, 1024
MOST_LEVELS_UP, MOST_LEVELS_DOWN = 24, 2


@dataclass(frozen=True, slots=True)
class TileKey:
    """Which piece of which picture of which sound.

    Attributes:
        sound: path of the `PcmStore`.
        picture: "waveform", or the scale of a spectrogram.
        level: its columns last 2 ** level seconds.
        index: how many tiles of that level lie before it.
    """

    sound: str
    picture: Picture
    level: int
    index: int

    @property
    def columns(self) -> int:
        """How many columns it has."""
        return columns_of(self.picture)

    @property
    def column_s(self) -> float:
        """How long a column lasts."""
        return 2.0**self.level

    @property
    def start_s(self) -> float:
        """Where it begins."""
        return self.index * self.columns * self.column_s

    @property
    def end_s(self) -> float:
        """Where it ends."""
        return (self.index + 1) * self.columns * self.column_s

    @property
    def parent(self) -> TileKey:
        """The tile of the next coarser level that holds this one."""
        return TileKey(self.sound, self.picture, self.level + 1, self.index // 2)

    @property
    def children(self) -> tuple[TileKey, TileKey]:
        """The two tiles of the next finer level that this one holds."""
        first, second = 2 * self.index, 2 * self.index + 1
        level = self.level - 1
        return TileKey(self.sound, self.picture, level, first), TileKey(self.sound, self.picture, level, second)


@dataclass(frozen=True)
class Tile:
    """A piece of a picture.

    Attributes:
        values: spectrogram: (rows, columns) uint8, half decibels above -120 dB; waveform: (2, columns) float32.
        ready: which parts of it had been computed when it was made; empty for a sound that is there from the start.
    """

    key: TileKey
    values: NDArray[np.uint8] | NDArray[np.float32] = field(repr=False)
    ready: Intervals = ()

    def column(self, at_s: float) -> int:
        """The column of a moment, cut to the tile."""
        return min(max(int((at_s - self.key.start_s) // self.key.column_s), 0), self.key.columns - 1)


def make_tile(key: TileKey, value: SpectrogramImage | WaveformPeaks, ready: Intervals = ()) -> Tile:
    """A tile of what the engine gave."""
    if isinstance(value, WaveformPeaks):
        return Tile(key, value.peaks, ready)
    steps = np.rint((value.level_db - FLOOR_DB) * STEPS_PER_DB)
    return Tile(key, np.clip(steps, 0, 255).astype(np.uint8), ready)


def level_db(value: int) -> float:
    """The level that a value of a spectrogram's tile stands for, 0 dB for full scale."""
    return FLOOR_DB + value / STEPS_PER_DB


def columns_of(picture: Picture) -> int:
    """How many columns the tiles of a picture have; those of waveforms are quick and small."""
    return WAVEFORM_COLUMNS if picture == "waveform" else SPECTROGRAM_COLUMNS


def top_level(picture: Picture, duration_s: float) -> int:
    """The level whose first tile holds a whole sound."""
    return math.ceil(math.log2(max(duration_s, 1.0) / columns_of(picture)))


def level_for(picture: Picture, column_s: float, duration_s: float) -> int:
    """The level whose columns are nearest to this length, where there is a picture of it."""
    finest = FINEST_WAVEFORM if picture == "waveform" else FINEST_SPECTROGRAM
    return min(max(round(math.log2(column_s)), finest), max(finest, top_level(picture, duration_s)))


def keys_between(sound: str, picture: Picture, level: int, start_s: float, end_s: float) -> list[TileKey]:
    """The tiles of a level that a stretch touches, from left to right; none before the beginning."""
    span_s = columns_of(picture) * 2.0**level
    first, last = max(0, math.floor(start_s / span_s)), math.ceil(end_s / span_s)
    return [TileKey(sound, picture, level, index) for index in range(first, max(last, first + 1))]


class TileCache:
    """Keeps the tiles that were used last.

    Args:
        limit_bytes: what they may take up together.
    """

    def __init__(self, limit_bytes: int = LIMIT_BYTES) -> None:
        self._limit_bytes = limit_bytes
        self._tiles: OrderedDict[TileKey, Tile] = OrderedDict()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._tiles)

    def __iter__(self) -> Iterator[Tile]:
        return iter(tuple(self._tiles.values()))

    @property
    def size_bytes(self) -> int:
        """What the tiles take up."""
        return self._bytes

    def get(self, key: TileKey) -> Tile | None:
        """A tile, which counts as used now; None where it is not kept."""
        tile = self._tiles.get(key)
        if tile is not None:
            self._tiles.move_to_end(key)
        return tile

    def put(self, tile: Tile) -> None:
        """Keep a tile in place of an older one; those that were not used for longest make room."""
        self._forget(tile.key)
        self._tiles[tile.key] = tile
        self._bytes += tile.values.nbytes
        while self._bytes > self._limit_bytes and len(self._tiles) > 1:
            self._forget(next(iter(self._tiles)))

    def drop(self, sound: str) -> None:
        """Forget everything about a sound."""
        for key in [key for key in self._tiles if key.sound == sound]:
            self._forget(key)

    def clear(self) -> None:
        """Forget everything."""
        self._tiles.clear()
        self._bytes = 0

    def cover(self, sound: str, picture: Picture, level: int, start_s: float, end_s: float) -> list[Tile]:
        """What can be drawn of a stretch now: coarse tiles first, which those of the wanted level are drawn over."""
        found: dict[TileKey, Tile] = {}
        for key in keys_between(sound, picture, level, start_s, end_s):
            for tile in self._instead(key):
                found[tile.key] = tile
        return sorted(found.values(), key=lambda tile: -tile.key.level)

    def at(self, sound: str, picture: Picture, level: int, at_s: float) -> Tile | None:
        """The tile that is drawn on top at a moment."""
        key = keys_between(sound, picture, level, at_s, at_s)[0]
        holding = [tile for tile in self._instead(key) if tile.key.start_s <= at_s < tile.key.end_s]
        return holding[-1] if holding else None

    def _instead(self, key: TileKey) -> Iterator[Tile]:
        """The tile itself, or the next coarser one and then the next finer ones."""
        tile = self.get(key)
        if tile is not None:
            yield tile
            return
        above = key
        for _ in range(MOST_LEVELS_UP):
            above = above.parent
            coarse = self.get(above)
            if coarse is not None:
                yield coarse
                break
        below: tuple[TileKey, ...] = (key,)
        for _ in range(MOST_LEVELS_DOWN):
            below = tuple(child for parent in below for child in parent.children)
            finer = [tile for tile in map(self.get, below) if tile is not None]
            yield from finer
            if len(finer) == len(below):
                return

    def _forget(self, key: TileKey) -> None:
        tile = self._tiles.pop(key, None)
        if tile is not None:
            self._bytes -= tile.values.nbytes
