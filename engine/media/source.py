"""Opening a file of the user, and what must be known about it before anything in it gets a time."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.layout import AudioLayout
from av.audio.stream import AudioStream
from av.buffer import Buffer
from av.container import InputContainer
from av.packet import Packet
from av.stream import Discard, Disposition, Stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from engine.cache import check_input, input_error
from engine.errors import InputError

# Text that FFmpeg would show as a picture of letters, and lists that only name other files, which it would open.
TEXT_FORMATS = frozenset({"tty", "sbg", "vplayer"})
LIST_FORMATS = frozenset(
    {"hls", "concat", "dash", "imf", "sdp", "rtsp", "rtp", "sap", "image2", "vobsub", "dvdvideo"}
    | {"avisynth", "vapoursynth"}
)
# Packets looked at for the first frame of every stream; a stream that starts later is taken at its word.
HEAD_PACKETS = 2000

log = logging.getLogger(__name__)

# FFmpeg writes to stderr by default; PyAV keeps it silent. Stated here because the command line depends on it.
av.logging.set_level(None)


# What a stream that names only a number of channels is taken to hold, as other programs do.
USUAL_LAYOUTS = {1: "mono", 2: "stereo", 3: "2.1", 4: "4.0", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}


@dataclass(frozen=True)
class Turn:
    """What the player does to a decoded picture before it is shown: transpose first, then mirror.

    Attributes:
        clockwise_deg: the turn without its mirroring, 0, 90, 180 or 270.
    """

    transpose: bool = False
    mirror_x: bool = False
    mirror_y: bool = False
    clockwise_deg: int = 0


@dataclass(frozen=True)
class SoundHead:
    """The first samples of a sound stream, as decoded.

    Attributes:
        start_s: when they sound, on the container's clock.
        packet_s: the time stamp of the first packet, earlier where an encoder's run-in is cut.
    """

    start_s: Fraction
    packet_s: Fraction
    sample_rate_hz: int
    channels: int
    layout: str


@dataclass(frozen=True)
class PictureHead:
    """The first picture of a video stream; sizes before the turn.

    Attributes:
        start_s: when it appears, on the container's clock.
        packet_s: the time stamp of the first packet, earlier where the file was trimmed without encoding it anew.
    """

    start_s: Fraction
    packet_s: Fraction
    width: int
    height: int
    turn: Turn


@dataclass(frozen=True)
class Heads:
    """How the streams of a file begin.

    Attributes:
        zero_s: the container's time that is the file's t = 0.
        picture_index: the stream with the picture, None where there is none. Cover art is no picture.
        sound: by stream index, in the file's order.
    """

    zero_s: Fraction
    picture_index: int | None
    picture: PictureHead | None
    sound: dict[int, SoundHead]


@contextmanager
def open_media(path: Path) -> Iterator[InputContainer]:
    """Open a file for demuxing and decoding; nothing that it names is fetched from elsewhere.

    Raises:
        InputError: missing, empty, a folder, not readable, or not media.
    """
    check_input(path)
    options = {"protocol_whitelist": "file", "format_whitelist": _formats()}
    try:
        # An absolute path cannot be taken for an option or a protocol, whatever the name is.
        container = av.open(str(path.absolute()), "r", metadata_errors="replace", container_options=options)
    except (av.error.FFmpegError, ValueError) as error:
        raise _not_media(path, error) from error
    except OSError as error:
        raise input_error(path, error) from error
    with container:
        if container.format.name in TEXT_FORMATS:
            raise _not_media(path, None)
        yield container


@lru_cache(maxsize=1)
def _formats() -> str:
    """The formats that are opened, as FFmpeg takes a list: all that it knows but those that open other files."""
    return ",".join(sorted(av.formats_available - LIST_FORMATS))


def packets(container: InputContainer, path: Path, *streams: Stream) -> Iterator[Packet[Stream]]:
    """All packets of some streams in the file's order, the empty ones that flush the decoders last.

    A file that breaks off ends here without an error: what came before is good.

    Raises:
        InputError: the drive is gone.
    """
    wanted = {stream.index for stream in streams}
    for stream in container.streams:
        stream.discard = Discard.default if stream.index in wanted else Discard.all
    try:
        yield from container.demux(streams)
    except (av.error.InvalidDataError, av.error.EOFError) as error:
        log.warning("%s breaks off: %s", path.name, error)
        for stream in streams:
            flush: Packet[Stream] = Packet()
            flush.stream = stream
            yield flush
    except OSError as error:
        raise input_error(path, error) from error


def decode(packet: Packet[Stream]) -> list[AudioFrame | VideoFrame]:
    """The frames of a packet, none where it is damaged."""
    try:
        return [frame for frame in packet.decode() if isinstance(frame, AudioFrame | VideoFrame)]
    except (av.error.FFmpegError, ValueError) as error:
        log.debug("a packet could not be decoded: %s", error)
        return []


def picture_stream(container: InputContainer) -> VideoStream | None:
    """The stream with the moving picture: the first one that is not a cover or a thumbnail."""
    still = Disposition.attached_pic | Disposition.timed_thumbnails
    return next((stream for stream in container.streams.video if not stream.disposition & still), None)


def heads(path: Path) -> Heads:
    """Decode the first frame of every stream; remembered until the file changes.

    Raises:
        InputError: not media, or neither picture nor sound can be decoded.
    """
    check_input(path)
    status = path.stat()
    return _heads(path.absolute(), (status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_size))


@lru_cache(maxsize=64)
def _heads(path: Path, _state: tuple[int, int, int, int]) -> Heads:
    with open_media(path) as container:
        picture = picture_stream(container)
        sounds = [stream for stream in container.streams.audio if stream.codec_context is not None]
        if picture is None and not sounds:
            raise InputError(
                f"“{path.name}” holds neither picture nor sound.",
                "Choose a video or sound file.",
                details=str(container),
            )
        first = _first_frames(container, path, [*([picture] if picture else []), *sounds])
        picture_head = None
        if picture is not None:
            picture_head = _picture_head(picture, first.get(picture.index))
        sound_heads = {}
        for stream in sounds:
            head = _sound_head(stream, first.get(stream.index))
            if head is not None:
                sound_heads[stream.index] = head
        if picture_head is None and not sound_heads:
            raise InputError(
                f"“{path.name}” is damaged: nothing in it can be decoded.",
                "Copy or download the file again, or repair it with the program that made it.",
            )
        starts = [head.start_s for head in sound_heads.values()]
        if picture_head is not None:
            starts.append(picture_head.start_s)
        return Heads(min(starts), picture.index if picture_head and picture else None, picture_head, sound_heads)


def _first_frames(
    container: InputContainer, path: Path, streams: list[VideoStream | AudioStream]
) -> dict[int, tuple[Fraction | None, AudioFrame | VideoFrame]]:
    """By stream index: the time stamp of the first packet and the first frame."""
    first: dict[int, tuple[Fraction | None, AudioFrame | VideoFrame]] = {}
    stamps: dict[int, Fraction | None] = {}
    for count, packet in enumerate(packets(container, path, *streams)):
        index = packet.stream_index
        if index in first:
            continue
        stamps.setdefault(index, None if packet.pts is None else packet.pts * packet.time_base)
        found = decode(packet)
        if found:
            first[index] = (stamps[index], found[0])
        if len(first) == len(streams) or count > HEAD_PACKETS:
            break
    return first


def _picture_head(
    stream: VideoStream, first: tuple[Fraction | None, AudioFrame | VideoFrame] | None
) -> PictureHead | None:
    if first is not None and isinstance(frame := first[1], VideoFrame):
        start_s = timestamp(frame) or Fraction(0)
        packet_s = start_s if first[0] is None else first[0]
        return PictureHead(start_s, packet_s, frame.width, frame.height, turn_of(frame))
    if stream.codec_context is None or not stream.codec_context.width or stream.time_base is None:
        return None
    start_s = (stream.start_time or 0) * stream.time_base
    return PictureHead(start_s, start_s, stream.codec_context.width, stream.codec_context.height, Turn())


def _sound_head(stream: AudioStream, first: tuple[Fraction | None, AudioFrame | VideoFrame] | None) -> SoundHead | None:
    if first is not None and isinstance(frame := first[1], AudioFrame):
        start_s = timestamp(frame) or Fraction(0)
        packet_s = start_s if first[0] is None else first[0]
        return SoundHead(start_s, packet_s, frame.sample_rate, frame.layout.nb_channels, layout_name(frame.layout))
    context = stream.codec_context
    if not context.sample_rate or not context.layout.nb_channels or stream.time_base is None:
        return None
    start_s = (stream.start_time or 0) * stream.time_base
    return SoundHead(start_s, start_s, context.sample_rate, context.layout.nb_channels, layout_name(context.layout))


def timestamp(frame: AudioFrame | VideoFrame) -> Fraction | None:
    """When a frame begins, in seconds on the container's clock; None where the file does not say."""
    stamp = frame.dts if frame.pts is None else frame.pts
    return None if stamp is None or frame.time_base is None else stamp * frame.time_base


def layout_name(layout: AudioLayout) -> str:
    """A channel layout's name; the usual one where a stream says only how many channels it has."""
    if re.fullmatch(r"\d+ channels", layout.name):
        return USUAL_LAYOUTS.get(layout.nb_channels, layout.name)
    return layout.name


def turn_of(frame: VideoFrame) -> Turn:
    """How a picture is to be turned for display, from its display matrix."""
    side_data: Mapping[str, Buffer] = cast(Mapping[str, Buffer], frame.side_data)  # declared too narrowly by PyAV
    try:
        matrix = np.frombuffer(bytes(side_data["DISPLAYMATRIX"]), np.int32)
    except (KeyError, ValueError):  # ValueError: a kind of side data beside it that PyAV does not know
        return Turn()
    # Column vectors: x' = a x + c y, y' = b x + d y, with y pointing down.
    a, b, c, d = (int(matrix[i]) for i in (0, 1, 3, 4))
    clockwise_deg = -round(frame.rotation / 90) * 90 % 360
    if abs(b) + abs(c) > abs(a) + abs(d):
        return Turn(True, c < 0, b < 0, clockwise_deg)
    return Turn(False, a < 0, d < 0, clockwise_deg)


def _not_media(path: Path, error: Exception | None) -> InputError:
    return InputError(
        f"“{path.name}” is not a video or sound file, or it is damaged beyond reading.",
        "Check that it plays elsewhere, or copy or download it again.",
        details=f"{type(error).__name__}: {error}" if error else "",
    )
