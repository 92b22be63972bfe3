"""What is in a file: streams, sizes, rates, starts on the file's clock."""

from __future__ import annotations

from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Stream
from av.video.stream import VideoStream
from numpy.typing import NDArray

from engine.media.source import Heads, PictureHead, heads, open_media, packets
from engine.types import AudioInfo, MediaInfo, VideoInfo

# Pictures looked at to tell a constant frame rate from a varying one.
RATE_PACKETS = 600
INDEX_ENTRIES = 50_000
# Times that differ by less were rounded by some container on the way.
ROUNDING_S = 0.001
# Names that muxers give to every sound track.
GENERIC_TITLES = frozenset({"", "SoundHandler", "Core Media Audio", "Apple Sound Media Handler", "Sound Media Handler"})


def probe(path: Path) -> MediaInfo:
    """Say what is in a file. `rotation_deg` is the clockwise turn that a player applies: 0, 90, 180 or 270.

    Raises:
        InputError: missing, unreadable, not media, or neither picture nor sound inside.
    """
    begin = heads(path)
    with open_media(path) as container:
        video = None
        if begin.picture is not None and begin.picture_index is not None:
            stream = container.streams[begin.picture_index]
            assert isinstance(stream, VideoStream)
            video = _video_info(container, path, stream, begin.picture, begin.zero_s)
        audio = tuple(_audio_info(stream, begin) for stream in container.streams.audio if stream.index in begin.sound)
    return MediaInfo(path, duration_s(path), video, audio)


def duration_s(path: Path) -> float:
    """Length from the file's t = 0 to the end of its longest stream, in seconds.

    Raises:
        InputError: the file cannot be read.
    """
    begin = heads(path)
    used = [*begin.sound, *([] if begin.picture_index is None else [begin.picture_index])]
    with open_media(path) as container:
        ends = [end for index in used if (end := stream_end(container.streams[index])) is not None]
        if len(ends) == len(used):
            return float(max(ends) - begin.zero_s)
        if container.duration:
            return float(Fraction((container.start_time or 0) + container.duration, av.time_base) - begin.zero_s)
        last = Fraction(0)
        for packet in packets(container, path, *(container.streams[index] for index in used)):
            if packet.pts is not None:
                last = max(last, (packet.pts + (packet.duration or 0)) * packet.time_base)
        return float(max(last - begin.zero_s, Fraction(0)))


def stream_end(stream: Stream) -> Fraction | None:
    """Where a stream ends by its own declaration, on the container's clock; None where nothing is declared."""
    if not stream.duration or stream.time_base is None:
        return None
    return ((stream.start_time or 0) + stream.duration) * stream.time_base


def _video_info(
    container: InputContainer, path: Path, stream: VideoStream, head: PictureHead, zero_s: Fraction
) -> VideoInfo:
    size = (head.height, head.width) if head.turn.transpose else (head.width, head.height)
    times_s, step = _picture_times_s(container, path, stream)
    rate = float(stream.average_rate or stream.guessed_rate or 0)
    if len(times_s) > 1 and times_s[-1] > times_s[0]:
        measured = step * (len(times_s) - 1) / float(times_s[-1] - times_s[0])
        if abs(rate - measured) > 0.01 * measured:  # containers may declare their clock instead
            rate = measured
    return VideoInfo(
        index=stream.index,
        codec=stream.codec_context.codec.canonical_name if stream.codec_context is not None else "unknown",
        width=size[0],
        height=size[1],
        avg_fps=rate,
        is_vfr=_varies(times_s, float(stream.time_base or 0)),
        rotation_deg=head.turn.clockwise_deg,
        start_s=float(head.start_s - zero_s),
    )


def _picture_times_s(container: InputContainer, path: Path, stream: VideoStream) -> tuple[NDArray[np.float64], int]:
    """Times of every n-th picture in rising order, and n; for looking at their spacing only."""
    entries, step = stream.index_entries, 1
    if stream.frames and len(entries) >= stream.frames:  # other indices hold key pictures only
        # A change of rate anywhere shows, without reading the file.
        step = max(1, len(entries) // INDEX_ENTRIES)
        stamps = [entry.timestamp for entry in entries[::step]]
    else:
        found = packets(container, path, stream)
        stamps = sorted(packet.pts for packet in islice(found, RATE_PACKETS) if packet.pts is not None)
    return np.array(stamps, np.float64) * float(stream.time_base or 0), step


def _varies(times_s: NDArray[np.float64], clock_s: float) -> bool:
    """Whether pictures come at uneven times, beyond what containers' clocks round."""
    if len(times_s) < 3:
        return False
    # The last step is left out: files often end with a picture of another length.
    steps = np.diff(times_s)[:-1]
    usual = float(np.median(steps))
    return bool(np.any(np.abs(steps - usual) > max(2.01 * clock_s, ROUNDING_S) + 0.02 * usual))


def _audio_info(stream: AudioStream, begin: Heads) -> AudioInfo:
    head = begin.sound[stream.index]
    title = stream.metadata.get("title") or stream.metadata.get("handler_name", "")
    language = stream.metadata.get("language", "")
    return AudioInfo(
        index=stream.index,
        codec=stream.codec_context.codec.canonical_name,
        sample_rate_hz=head.sample_rate_hz,
        channels=head.channels,
        layout=head.layout,
        start_s=float(head.start_s - begin.zero_s),
        title="" if title.strip() in GENERIC_TITLES else title.strip(),
        language="" if language == "und" else language,
    )
