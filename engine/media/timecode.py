"""The timecode that cameras and editors write into a film: what the clock said when it began."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from engine.media.source import open_media

_FORM = re.compile(r"(\d{2}):(\d{2}):(\d{2})([:;.])(\d{2,3})")
NTSC = Fraction(1000, 1001)
DAY_S = 24 * 3600


@dataclass(frozen=True)
class Timecode:
    """Where a film begins on the clock of its recording.

    Attributes:
        frames: pictures since midnight, as counted.
        fps: pictures a second.
    """

    text: str
    frames: int
    fps: Fraction

    @property
    def seconds(self) -> float:
        """Seconds since midnight."""
        return float(self.frames / self.fps)


def start_timecode(path: Path, avg_fps: float) -> Timecode | None:
    """The timecode of a film's first picture, from its timecode track or its tags; None where it has none.

    Raises:
        InputError: the file cannot be read.
    """
    with open_media(path) as container:
        tags = [container.metadata, *(stream.metadata for stream in container.streams)]
    texts = [text for tag in tags for key, text in tag.items() if key.lower() == "timecode"]
    return next((found for text in texts if (found := parse_timecode(text, avg_fps)) is not None), None)


def parse_timecode(text: str, avg_fps: float) -> Timecode | None:
    """A timecode from "hh:mm:ss:ff", with ";" or "." before the pictures where numbers are dropped.

    Dropping keeps 29.97 and 59.94 pictures a second near the clock: two (four) numbers are left out each minute but
    every tenth.

    Returns:
        None for what is no timecode, or where the rate is not known.

    Source: SMPTE ST 12-1, drop-frame compensation.
    """
    match = _FORM.fullmatch(text.strip())
    nominal = round(avg_fps)
    if match is None or nominal < 1 or not math.isfinite(avg_fps):
        return None
    hours, minutes, seconds, frames = (int(match[part]) for part in (1, 2, 3, 5))
    if hours > 23 or minutes > 59 or seconds > 59 or frames >= nominal:
        return None
    count = (hours * 3600 + minutes * 60 + seconds) * nominal + frames
    if match[4] != ":":
        whole_minutes = hours * 60 + minutes
        count -= round(nominal / 15) * (whole_minutes - whole_minutes // 10)
    is_ntsc = abs(avg_fps - nominal * NTSC) < abs(avg_fps - nominal)
    return Timecode(match[0], count, nominal * NTSC if is_ntsc else Fraction(nominal))
