"""Mouth pictures of any size and colour, cut out of a film whose people are known.

One more pass over the stretches of the film that are asked for; what grows with the film's length goes to disk. A cache
entry holds the mouths of one person in one size and colour, and which of them are there.
"""

from __future__ import annotations

import math
import os
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.cache import entry, output_error, write_then_rename
from engine.contract import MOUTH_WIDTH, Crops
from engine.jobs import CancelToken, Progress, ProgressCallback
from engine.media.reader import Frame, read_frames
from engine.types import FaceAnalysis
from engine.vision.lips import MOUTH_PX, RATE_HZ, LipStream, mouth_crop, mouth_shape
from engine.vision.people import MAX_WIDTH_PX
from engine.vision.track import LOST_S

FloatArray = NDArray[np.float32]
Image = NDArray[np.uint8]
Rows = NDArray[np.bool_]

VERSION = 3  # of the method: a higher number makes old cache entries void

_KIND = "crops"
_SUMS = "sums.u32"
_STAGE = "Cutting out mouths"
_REACH_S = LOST_S / 2 + 0.05  # a visible row has a picture that is nearer: no track bridges more than twice as much
_SKIP_ROWS = 10 * RATE_HZ  # less is not worth a jump, since key frames are up to so far apart
_WAITING_BYTES = 2**23  # of mouths per person that are not yet written


def cut_mouths(
    analysis: FaceAnalysis,
    form: Crops,
    streams: Mapping[str, LipStream],
    rows: Mapping[str, Rows],
    *,
    on_progress: ProgressCallback,
    cancel: CancelToken,
) -> dict[str, LipStream]:
    """Give people's streams mouths of a form, as `mouth_crop` cuts them; only what is not in the cache is decoded.

    Row k shows the picture nearest to t = k / 25 s, of two equally near ones the later; the mouth is cut where it is at
    the time of that picture.

    Args:
        streams: by `person_key`, those of `engine.vision.people.load_lips`.
        rows: by the same, (M,) bool: which rows are asked for.

    Returns:
        By the same, the stream with its mouths, (M, size_px, size_px) or (M, size_px, size_px, 3) uint8, memory-mapped.
        They are zero where not visible; rows that were never asked for may be zero too.

    Raises:
        InputError: the picture cannot be decoded.
        OutputError: the cache is full or cannot be written.
        JobCancelled: asked for through `cancel`; what was written stays for the next time.
    """
    if (form.size_px, form.colour, form.width) == (MOUTH_PX, "grey", MOUTH_WIDTH):
        return dict(streams)  # the analysis keeps these
    faces = [_Face.open(analysis, person, form, stream, rows[person]) for person, stream in sorted(streams.items())]
    _cut(analysis.media.path, faces, on_progress, cancel)
    return {face.person: replace(face.stream, mouths=face.mouths.read()) for face in faces}


@dataclass
class _Mouths:
    """A person's mouths in a cache folder.

    Attributes:
        shape: (M, size, size) or (M, size, size, 3).
        sums: (M,) uint32, checksums of the rows that are there, above 0; the others do not count.
    """

    folder: Path
    shape: tuple[int, ...]
    sums: NDArray[np.uint32]
    _waiting: dict[int, Image] = field(default_factory=dict)

    @classmethod
    def open(cls, folder: Path, shape: tuple[int, ...]) -> _Mouths:
        """Go on with what is there, or begin.

        Raises:
            OutputError: the cache is full or cannot be written.
        """
        path, sums = folder / "mouths.u8", np.zeros(shape[0], np.uint32)
        size = math.prod(shape)
        try:
            if path.exists() and path.stat().st_size == size and (folder / _SUMS).is_file():
                stored = np.fromfile(folder / _SUMS, np.uint32)
                sums = stored if len(stored) == len(sums) else sums
            else:
                (folder / _SUMS).unlink(missing_ok=True)
                with path.open("ab") as file:
                    file.truncate(size)  # zeros; sparse where the file system can
        except OSError as error:
            raise output_error(path, error) from error
        return cls(folder, shape, sums)

    def holds(self, asked: Rows) -> Rows:
        """(M,) bool: which of some rows are there as they were written."""
        mouths, there = self.read(), asked & (self.sums > 0)
        for row in np.flatnonzero(there):
            there[row] = self.sums[row] == _checksum(mouths[row])
        return there

    def add(self, row: int, mouth: Image) -> None:
        """Take in a row.

        Raises:
            OutputError: the cache is full or cannot be written.
        """
        self._waiting[row] = mouth
        if len(self._waiting) * mouth.size >= _WAITING_BYTES:
            self.keep()

    def keep(self) -> None:
        """Write the rows taken in, then note that they are there. Raises like `add`."""
        if not self._waiting:
            return
        path = self.folder / "mouths.u8"
        try:
            with path.open("r+b") as file:  # not through a memory map: a full disk would end the program
                for row, mouth in self._waiting.items():
                    file.seek(row * mouth.size)
                    file.write(mouth.tobytes())
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise output_error(path, error) from error
        for row, mouth in self._waiting.items():
            self.sums[row] = _checksum(mouth)
        self._waiting = {}
        with write_then_rename(self.folder / _SUMS) as part:
            self.sums.tofile(part)

    def read(self) -> Image:
        """All rows, memory-mapped."""
        return np.memmap(self.folder / "mouths.u8", np.uint8, "r", shape=self.shape)


def _checksum(mouth: Image) -> int:
    """CRC-32 of a row, never 0."""
    return zlib.crc32(np.ascontiguousarray(mouth).data) or 1


@dataclass
class _Face:
    """One person whose mouth is cut out.

    Attributes:
        missing: (M,) bool, rows that are asked for, visible and not there.
        joined: (M,) bool, whether a row and the next one show the same face in the same shot.
    """

    person: str
    form: Crops
    stream: LipStream
    mouths: _Mouths
    missing: Rows
    joined: Rows

    @classmethod
    def open(cls, analysis: FaceAnalysis, person: str, form: Crops, stream: LipStream, asked: Rows) -> _Face:
        """See what is there already. Raises like `_Mouths.open`."""
        count = len(stream.visible)
        key = f"{analysis.key}-{VERSION}-{person}-{form.size_px}-{form.colour}-{form.width:g}"
        mouths = _Mouths.open(entry(_KIND, key), (count, *mouth_shape(form)))
        shots = np.searchsorted(np.asarray(analysis.cuts_s) - 1e-4, np.arange(count + 1) / RATE_HZ, "right")
        seen = np.append(stream.visible, False)
        joined = seen[:-1] & seen[1:] & (shots[:-1] == shots[1:])
        wanted = asked & stream.visible
        return cls(person, form, stream, mouths, wanted & ~mouths.holds(wanted), joined)

    def cut(self, row: int, frame: Frame) -> None:
        """Keep the mouth in a frame as a row. Raises like `_Mouths.add`."""
        points = self._points_px(row, frame.time_s) * np.float32(frame.scale)
        self.mouths.add(row, mouth_crop(frame.rgb, points, self.form.size_px, self.form.colour, self.form.width))

    def _points_px(self, row: int, time_s: float) -> FloatArray:
        """Landmarks (68, 2) at the time of a frame near a row, between rows by time, in displayed pixels."""
        points = self.stream.points_px
        before = math.floor(time_s * RATE_HZ)
        if not (0 <= before < len(points) and self.joined[before]):
            return np.asarray(points[row], np.float32)
        share = np.float32(time_s * RATE_HZ - before)
        return np.asarray(points[before] + share * (points[before + 1] - points[before]), np.float32)


def _cut(video: Path, faces: list[_Face], on_progress: ProgressCallback, cancel: CancelToken) -> None:
    """Cut out what is missing, in the order of the film."""
    wanted = np.flatnonzero(np.any([face.missing for face in faces], 0))
    finished = 0
    for stretch in np.split(wanted, np.flatnonzero(np.diff(wanted) > _SKIP_ROWS) + 1):
        if not len(stretch):
            continue
        start_s, end_s = stretch[0] / RATE_HZ - _REACH_S, stretch[-1] / RATE_HZ + _REACH_S
        frames = read_frames(video, start_s=max(0.0, start_s), end_s=end_s, max_width=MAX_WIDTH_PX, cancel=cancel)
        for row, frame in _nearest(frames, stretch.tolist()):
            cancel.checkpoint()
            for face in faces:
                if face.missing[row]:
                    face.cut(row, frame)
            finished += 1
            on_progress(Progress(_STAGE, finished, len(wanted)))
    for face in faces:
        face.mouths.keep()


def _nearest(frames: Iterable[Frame], rows: list[int]) -> Iterator[tuple[int, Frame]]:
    """Every row, in order, with the frame that is nearest to its time; nothing where there are no frames."""
    last: Frame | None = None
    number = 0
    for frame in frames:
        if last is not None and frame.time_s <= last.time_s:  # a damaged file may repeat a time
            continue
        while last is not None and number < len(rows) and 2 * rows[number] / RATE_HZ < last.time_s + frame.time_s:
            yield rows[number], last
            number += 1
        last = frame
    if last is not None:
        for row in rows[number:]:
            yield row, last
