"""What users type, as values: times, ranges, points, shares."""

from __future__ import annotations

import argparse
import math
import re

_CLOCK = re.compile(r"(?:(?:(\d+):)?(\d{1,2}):)?(\d+(?:\.\d*)?|\.\d+)")


def seconds(text: str) -> float:
    """A time as seconds: "75.5", "1:15.5" or "0:01:15.5"."""
    match = _CLOCK.fullmatch(text.strip())
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time; use seconds or h:mm:ss")
    hours, minutes, rest = match.groups()
    value = int(hours or 0) * 3600 + int(minutes or 0) * 60 + float(rest)
    if minutes is not None and (float(rest) >= 60 or (hours is not None and int(minutes) >= 60)):
        raise argparse.ArgumentTypeError(f"{text!r} is not a time; minutes and seconds go up to 59")
    return value


def time_range(text: str) -> tuple[float, float]:
    """A range "A-B" of times; without B it goes to the end of the file."""
    start_text, dash, end_text = text.partition("-")
    if not dash or not start_text.strip():
        raise argparse.ArgumentTypeError(f"{text!r} is not a range; use A-B, such as 12.5-30 or 0:01:00-0:02:30")
    start = seconds(start_text)
    end = seconds(end_text) if end_text.strip() else math.inf
    if end <= start:
        raise argparse.ArgumentTypeError(f"{text!r} is not a range; the end must be later than the start")
    return start, end


def point(text: str) -> tuple[float, float, float]:
    """A point in the picture at a time, "SECONDS,X,Y"."""
    parts = text.split(",")
    if len(parts) != 3:
        raise argparse.ArgumentTypeError(f"{text!r} is not SECONDS,X,Y, such as 12.5,640,300")
    return seconds(parts[0]), _number(parts[1]), _number(parts[2])


def share(text: str) -> float:
    """A number from 0 to 1."""
    value = _number(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not a share from 0 to 1")
    return value


def count(text: str) -> int:
    """A whole number from 1."""
    if not text.strip().isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1")
    return int(text)


def loudness(text: str) -> float:
    """A loudness in LUFS, above -70 and up to 0."""
    value = _number(text)
    if not -70 < value <= 0:
        raise argparse.ArgumentTypeError(f"{text} is not a loudness above -70 and up to 0 LUFS")
    return value


def clock(time_s: float) -> str:
    """Seconds for reading: "1:15.5", "1:01:15.5"."""
    tenths = round(time_s * 10)
    hours, rest = divmod(tenths, 36000)
    minutes, rest = divmod(rest, 600)
    if hours:
        return f"{hours}:{minutes:02d}:{rest / 10:04.1f}"
    return f"{minutes}:{rest / 10:04.1f}"


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number")
    return value
