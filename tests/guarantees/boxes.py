"""The edit lists of MP4 and QuickTime files, read from the bytes (ISO/IEC 14496-12)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

_INSIDE = {b"moov", b"trak", b"mdia", b"edts"}


@dataclass(frozen=True)
class Track:
    """A track: its kind ("vide", "soun"), how much of its media is skipped, and how long it plays, in seconds.

    `waits_s` is how long nothing plays before it.
    """

    kind: str
    skipped_s: Fraction
    plays_s: Fraction
    waits_s: Fraction


def tracks(path: Path) -> list[Track]:
    """All tracks of a file that has one edit, or an empty one before it."""
    found = list(_boxes(path.read_bytes()))
    movie_hz = next(_clock(body) for name, body in found if name == b"mvhd")
    starts = [k for k, (name, _) in enumerate(found) if name == b"trak"]
    made = []
    for first, last in zip(starts, [*starts[1:], len(found)], strict=True):
        inside = dict(reversed(found[first:last]))
        media_hz, kind = _clock(inside[b"mdhd"]), inside[b"hdlr"][8:12].decode()
        edits = _edits(inside[b"elst"])
        waits = sum(duration for duration, start in edits if start < 0)
        plays, skipped = next((duration, start) for duration, start in edits if start >= 0)
        made.append(Track(kind, Fraction(skipped, media_hz), Fraction(plays, movie_hz), Fraction(waits, movie_hz)))
    return made


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Names and bodies, parents before children."""
    place = 0
    while place + 8 <= len(data):
        size, name = struct.unpack_from(">I4s", data, place)
        head = 8
        if size == 1:
            (size,), head = struct.unpack_from(">Q", data, place + 8), 16
        body = data[place + head : place + (size or len(data))]
        yield name, body if name != b"mdat" else b""
        if name in _INSIDE:
            yield from _boxes(body)
        place += size or len(data)


def _clock(body: bytes) -> int:
    """Ticks a second of an mvhd or mdhd box."""
    return int(struct.unpack_from(">I", body, 20 if body[0] == 1 else 12)[0])


def _edits(body: bytes) -> list[tuple[int, int]]:
    """(duration, start in the media) of each edit; the start is -1 for an empty one."""
    (count,) = struct.unpack_from(">I", body, 4)
    form, step = (">Qq", 20) if body[0] == 1 else (">Ii", 12)
    return [struct.unpack_from(form, body, 8 + k * step) for k in range(count)]
