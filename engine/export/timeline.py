"""An editor timeline in OpenTimelineIO's JSON form: picture, voices, everyone else and original, in sync.

Written by hand against the schemas Timeline.1, Stack.1, Track.1, Clip.1, Gap.1, ExternalReference.1, TimeRange.1 and
RationalTime.1, which every release of OpenTimelineIO reads.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from engine.cache import write_then_rename
from engine.export.report import dump
from engine.types import MediaInfo, PcmStore

Json = dict[str, Any]


@dataclass(frozen=True)
class TimelineSound:
    """One sound track of a timeline: its title and the file, beside the timeline, that it plays."""

    title: str
    file_name: str


def write_timeline(
    path: Path,
    media: MediaInfo,
    source: PcmStore,
    sounds: list[TimelineSound],
    *,
    with_picture: bool,
    starts_s: float = 0.0,
    stamped: bool = False,
) -> None:
    """Write a timeline whose sounds lie beside it and whose picture and original are the source file.

    Args:
        starts_s: seconds since midnight at the source's t = 0, from its timecode: where editors begin to count in it.
        stamped: whether the sounds begin to count there too.

    Raises:
        OutputError: it cannot be written.
    """
    source_url = media.path.absolute().as_uri()
    rate, length = float(source.sample_rate_hz), float(source.n_samples)
    zero_samples = round(starts_s * rate)
    tracks = []
    fps = media.video.avg_fps if media.video is not None else rate
    if with_picture and media.video is not None:
        start = round(media.video.start_s * fps)
        frames = round(media.duration_s * fps)
        zero = round(starts_s * fps)
        clip = _clip(media.path.name, source_url, fps, zero, start=start, duration=frames - start, available=frames)
        tracks.append(_track("Picture", "Video", ([_gap(start, fps)] if start > 0 else []) + [clip]))
    for sound in sounds:
        zero = zero_samples if stamped else 0
        clip = _clip(sound.title, quote(sound.file_name), rate, zero, start=0, duration=length, available=length)
        tracks.append(_track(sound.title, "Audio", [clip]))
    clip = _clip(media.path.name, source_url, rate, zero_samples, start=0, duration=length, available=length)
    tracks.append(_track("Original", "Audio", [clip]))
    timeline = {
        "OTIO_SCHEMA": "Timeline.1",
        "metadata": {},
        "name": media.path.stem,
        "global_start_time": _time(round(starts_s * fps), fps) if starts_s else None,
        "tracks": _item("Stack.1", "tracks") | {"children": tracks},
    }
    with write_then_rename(path) as temporary:
        temporary.write_text(dump(timeline) + "\n", encoding="utf-8")


def _item(schema: str, name: str, source_range: Json | None = None) -> Json:
    return {
        "OTIO_SCHEMA": schema,
        "metadata": {},
        "name": name,
        "source_range": source_range,
        "effects": [],
        "markers": [],
    }


def _track(name: str, kind: str, children: list[Json]) -> Json:
    return _item("Track.1", name) | {"kind": kind, "children": children}


def _clip(name: str, url: str, rate: float, zero: float, *, start: float, duration: float, available: float) -> Json:
    """A stretch of a file, whose own counting begins at `zero`."""
    reference = {
        "OTIO_SCHEMA": "ExternalReference.1",
        "metadata": {},
        "name": name,
        "available_range": _range(zero, available, rate),
        "target_url": url,
    }
    return _item("Clip.1", name, _range(zero + start, duration, rate)) | {"media_reference": reference}


def _gap(duration: float, rate: float) -> Json:
    return _item("Gap.1", "", _range(0, duration, rate))


def _range(start: float, duration: float, rate: float) -> Json:
    return {"OTIO_SCHEMA": "TimeRange.1", "start_time": _time(start, rate), "duration": _time(duration, rate)}


def _time(value: float, rate: float) -> Json:
    return {"OTIO_SCHEMA": "RationalTime.1", "rate": rate, "value": float(value)}
