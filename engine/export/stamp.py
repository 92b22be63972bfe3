"""When the sound of an export was recorded, so that editors put it under its picture by the clock."""

from __future__ import annotations

from datetime import datetime

from engine.errors import InputError
from engine.media.timecode import DAY_S, start_timecode
from engine.media.tracks import Stamp
from engine.types import MediaInfo


def stamp_of(media: MediaInfo, sample_rate_hz: int) -> Stamp:
    """The stamp of sound that begins at the film's t = 0: its timecode, or midnight where it has none."""
    made = datetime.fromtimestamp(media.path.stat().st_mtime)
    starts_s = 0.0
    if media.video is not None:
        try:
            timecode = start_timecode(media.path, media.video.avg_fps)
        except InputError:  # it was read a moment ago; the stamp is not what such a job should fail by
            timecode = None
        if timecode is not None:
            starts_s = (timecode.seconds - media.video.start_s) % DAY_S
    return Stamp(round(starts_s * sample_rate_hz), f"{made:%Y-%m-%d}", f"{made:%H:%M:%S}")
