"""Lip streams on disk: written row by row while the video plays by, read by person afterwards."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.format import dtype_to_descr, write_array_header_1_0
from numpy.typing import NDArray

from engine.casting import in_part
from engine.types import CastPart
from engine.vision.lips import MOUTH_PX, RATE_HZ, LipStream, mouth_crop
from engine.vision.track import LOST_S

FloatArray = NDArray[np.float32]
Image = NDArray[np.uint8]

_ROW = np.dtype([("row", "<i8"), ("points", "<f4", (68, 2)), ("mouth", "u1", (MOUTH_PX, MOUTH_PX))])
_FLUSH_ROWS = 250
_LONGEST_GAP_S = LOST_S + 0.05


class TrackRecorder:
    """Puts one track's samples on the 25 Hz clock and keeps them in a file.

    Landmarks between two frames are interpolated by time; the mouth picture is that of the nearer frame.

    Args:
        path: where the rows go; created with the first flush.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._rows: list[tuple[int, FloatArray, Image]] = []
        self._last: tuple[float, FloatArray, Image] | None = None

    def add(self, time_s: float, rgb: Image, points_px: FloatArray, scale: float) -> None:
        """Take in a sample.

        Args:
            time_s: the frame's time, later than the one before.
            rgb: the frame, (h, w, 3) uint8.
            points_px: (68, 2), landmarks in pixels of `rgb`.
            scale: pixels of `rgb` per displayed pixel.
        """
        mouth = _mouth(rgb, points_px)
        points = np.asarray(points_px / scale, np.float32)
        first = int(np.ceil(time_s * RATE_HZ - 1e-4))
        if self._last is None or time_s - self._last[0] > _LONGEST_GAP_S:
            if first - time_s * RATE_HZ < 1e-4:
                self._rows.append((first, points, mouth))
        else:
            last_s, last_points, last_mouth = self._last
            row = int(np.floor(last_s * RATE_HZ + 1e-4)) + 1
            while row <= time_s * RATE_HZ + 1e-4:
                share = min(1.0, (row / RATE_HZ - last_s) / (time_s - last_s))
                between = np.asarray(last_points + share * (points - last_points), np.float32)
                self._rows.append((row, between, mouth if share >= 0.5 else last_mouth))
                row += 1
        self._last = (time_s, points, mouth)
        if len(self._rows) >= _FLUSH_ROWS:
            self._flush()

    def finish(self) -> Path:
        """Write what is left and give the file."""
        self._flush()
        return self._path

    def discard(self) -> None:
        """Delete what was kept."""
        self._rows = []
        self._path.unlink(missing_ok=True)

    def _flush(self) -> None:
        with self._path.open("ab") as file:
            if self._rows:
                file.write(np.array(self._rows, _ROW).tobytes())
        self._rows = []


def _mouth(rgb: Image, points_px: FloatArray) -> Image:
    """The mouth picture, cut from the face's surroundings so that the cost does not follow the frame's size."""
    height, width = rgb.shape[:2]
    low, high = points_px.min(0), points_px.max(0)
    margin = 0.6 * float((high - low).max())
    left, top = (int(max(0, v - margin)) for v in low)
    right, bottom = int(min(width, high[0] + margin)) + 1, int(min(height, high[1] + margin)) + 1
    part = np.ascontiguousarray(rgb[top:bottom, left:right])
    if part.size == 0:
        return np.zeros((MOUTH_PX, MOUTH_PX), np.uint8)
    return mouth_crop(part, np.asarray(points_px - [left, top], np.float32))


class Rows(NamedTuple):
    """A track's rows up to its end, memory-mapped: grid rows (n,), landmarks (n, 68, 2), mouths (n, 32, 32)."""

    row: NDArray[np.int64]
    points_px: FloatArray
    mouths: Image


def read_rows(path: Path, end_s: float) -> Rows:
    """The rows of a `TrackRecorder`'s file that lie not after `end_s`."""
    if path.stat().st_size == 0:
        return Rows(np.zeros(0, np.int64), np.zeros((0, 68, 2), np.float32), np.zeros((0, 32, 32), np.uint8))
    table = np.memmap(path, _ROW, "r")
    rows = np.asarray(table["row"])
    count = int(np.searchsorted(rows, end_s * RATE_HZ + 1e-3, "right"))
    return Rows(rows[:count], table["points"][:count], table["mouth"][:count])


def row_count(duration_s: float) -> int:
    """Rows of a lip stream over a file of this length."""
    return max(1, int(np.ceil(duration_s * RATE_HZ - 1e-6)))


class _RowFile:
    """An array on disk (.npy) that is zero but for the rows that are put into it.

    Not a memory map: a full disk would end the program.
    """

    def __init__(self, path: Path, kind: np.dtype[Any], shape: tuple[int, ...]) -> None:
        self._path, self._kind, self._row_bytes = path, kind, kind.itemsize * math.prod(shape[1:])
        with path.open("wb") as file:
            write_array_header_1_0(file, {"descr": dtype_to_descr(kind), "fortran_order": False, "shape": shape})
            self._start = file.tell()
            file.truncate(self._start + shape[0] * self._row_bytes)

    def put(self, rows: NDArray[np.int64], values: NDArray[Any]) -> None:
        """Write values (n, ...) as these rows (n,)."""
        with self._path.open("r+b") as file:
            for part in np.split(np.arange(len(rows)), np.flatnonzero(np.diff(rows) != 1) + 1):
                if len(part):
                    file.seek(self._start + int(rows[part[0]]) * self._row_bytes)
                    file.write(np.ascontiguousarray(values[part[0] : part[-1] + 1], self._kind).data)


def _stream_files(folder: Path, name: str, n_rows: int) -> tuple[_RowFile, _RowFile]:
    """Landmarks and mouths of one person, nothing in them."""
    points = _RowFile(folder / f"{name}-points.npy", np.dtype("<f4"), (n_rows, 68, 2))
    return points, _RowFile(folder / f"{name}-mouths.npy", np.dtype("u1"), (n_rows, MOUTH_PX, MOUTH_PX))


def write_person(folder: Path, name: str, tracks: Iterable[Rows], n_rows: int) -> LipStream:
    """Join tracks into one person's stream on disk.

    Args:
        folder: where the files go.
        name: how they begin.
        tracks: rows of the person's tracks.
        n_rows: length of the stream.

    Returns:
        The stream, memory-mapped.
    """
    points, mouths = _stream_files(folder, name, n_rows)
    visible = np.zeros(n_rows, bool)
    for track in tracks:
        for start in range(0, len(track.row), _FLUSH_ROWS):
            part = slice(start, start + _FLUSH_ROWS)
            rows = track.row[part]
            inside = (rows >= 0) & (rows < n_rows)
            points.put(rows[inside], track.points_px[part][inside])
            mouths.put(rows[inside], track.mouths[part][inside])
            visible[rows[inside]] = True
    np.save(folder / f"{name}-visible.npy", visible)
    return read_person(folder, name)


def join_streams(folder: Path, name: str, parts: Sequence[tuple[LipStream, CastPart]]) -> None:
    """Write one person's stream from stretches of others; where two show a face at once, the first of them counts.

    Args:
        folder: where the files go.
        name: how they begin.
        parts: streams of one length, and which stretch of each.
    """
    count = len(parts[0][0].visible)
    points, mouths = _stream_files(folder, name, count)
    visible = np.zeros(count, bool)
    for stream, part in parts:
        rows = np.flatnonzero(stream.visible & in_part(part, np.arange(count) / RATE_HZ) & ~visible)
        for start in range(0, len(rows), _FLUSH_ROWS):
            some = rows[start : start + _FLUSH_ROWS]
            points.put(some, stream.points_px[some])
            mouths.put(some, stream.mouths[some])
        visible[rows] = True
    np.save(folder / f"{name}-visible.npy", visible)


def read_person(folder: Path, name: str) -> LipStream:
    """A stream that `write_person` wrote, memory-mapped.

    Raises:
        OSError, ValueError: it is missing or damaged.
    """
    return LipStream(
        np.load(folder / f"{name}-points.npy", "r", allow_pickle=False),
        np.load(folder / f"{name}-visible.npy", allow_pickle=False),
        np.load(folder / f"{name}-mouths.npy", "r", allow_pickle=False),
    )


def person_files(name: str) -> Sequence[str]:
    """The files of one person's stream."""
    return [f"{name}-{part}.npy" for part in ("points", "mouths", "visible")]
