"""A close-up of one person as a video: the picture follows the face, the sound is the voice alone.

The edit is a moviepy clip, frame by frame of the film. moviepy's own writer is not used, because it knows a constant
rate only, rounded to two digits: here every picture keeps the time that it has in the film.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from pathlib import Path
from typing import Any

from av.audio.stream import AudioStream
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace
from av.video.stream import VideoStream

from engine.cache import write_then_rename
from engine.export.camera import ASPECTS, Camera, View
from engine.export.close_up_edit import CloseUpEdit
from engine.jobs import CancelToken, Progress, ProgressCallback
from engine.media.encode import Coding, TrackEncoder, first_that_takes, lossless, lossy, open_output
from engine.media.frames import Frame, frame_at, read_frames
from engine.media.picture import PictureCoding, picture_coding
from engine.media.remux import FORMATS
from engine.media.source import heads, open_media
from engine.media.tracks import SoundTrack
from engine.types import CloseUpShape, FaceAnalysis, Person, VideoInfo
from engine.vision.shots import ShotSignature

STAGE = "Filming the close-up"
SHORT_SIDES_PX = (1080, 720, 540, 360)
# How much of its size in the film a close-up is usually enlarged at most, and how much where a face is small.
USUAL_ENLARGEMENT, MOST_ENLARGEMENT = 2.0, 3.0
# Cuts are known by the pictures that were looked at, 25 a second; films may have more.
CUT_BEFORE_S = 0.045
CUT_CHANGE = 0.28
BT709 = 1


@dataclass(frozen=True)
class CloseUp:
    """What a close-up is made of.

    Attributes:
        range_s: which part of the film; its start is the video's t = 0.
        name: written into the picture while the face is seen; "" for none.
    """

    source: Path
    analysis: FaceAnalysis
    person: Person
    shape: CloseUpShape
    range_s: tuple[float, float]
    name: str = ""


def write_close_up(
    path: Path, close_up: CloseUp, voice: SoundTrack, *, on_progress: ProgressCallback, cancel: CancelToken
) -> list[str]:
    """Write a close-up with `voice`, which begins with the range, as its only sound track.

    The suffix of `path` chooses the container: sound as AAC at 256 kbit/s or more in .mp4 and .mov, as FLAC in .mkv.
    The picture is H.264, or else the best that can be encoded here for the container.

    Returns:
        Sentences about what the user should know of the result.

    Raises:
        UsageError: the container cannot hold the sound. InputError: the film cannot be read.
        OutputError: the file cannot be written, or no picture be encoded. JobCancelled: asked to stop.
    """
    video = close_up.analysis.media.video
    assert video is not None
    coding = picture_coding(path.suffix.lower())
    camera, size_px, enlargement = _camera(close_up, video)
    edit = CloseUpEdit(size_px, _pixel_aspect(close_up.source), close_up.name)
    suffix = path.suffix.lower()
    options = {} if suffix == ".mkv" else {"movie_timescale": str(lcm(coding.clock_hz, voice.sample_rate_hz))}
    start_s, end_s = close_up.range_s
    with write_then_rename(path) as temporary, open_output(temporary, FORMATS[suffix], options) as container:
        stream = _picture_stream(container, coding, size_px, video.avg_fps)
        encoder = TrackEncoder(container, voice, _sound_coding(voice, path))
        encoder.stream.metadata["title"] = encoder.stream.metadata["handler_name"] = voice.title
        sound = encoder.packets()
        waiting = next(sound, None)
        for packet in _picture_packets(stream, close_up, camera, edit, cancel):
            while waiting is not None and _time(waiting) <= _time(packet):
                container.mux(waiting)
                waiting = next(sound, None)
            done_s = min(max(0.0, float(_time(packet))), end_s - start_s)
            container.mux(packet)
            on_progress(Progress(STAGE, done_s, end_s - start_s))
        while waiting is not None:
            cancel.checkpoint()
            container.mux(waiting)
            waiting = next(sound, None)
    on_progress(Progress(STAGE, end_s - start_s, end_s - start_s))
    notes = [*edit.notes, *([coding.note] if coding.note else [])]
    if enlargement > USUAL_ENLARGEMENT:
        notes.append(
            f"{close_up.person.label} is small in the picture: the close-up is enlarged {enlargement:.1f} times."
        )
    return notes


def close_up_size(analysis: FaceAnalysis, person: Person, shape: CloseUpShape) -> tuple[int, int]:
    """Width and height of a close-up in pixels: as large as the film's pixels allow, 1080 at most, both even."""
    video = analysis.media.video
    assert video is not None
    return _size(Camera(person.tracks, (), analysis.media.duration_s, (video.width, video.height), shape), shape)


def _size(camera: Camera, shape: CloseUpShape) -> tuple[int, int]:
    aspect = ASPECTS[shape]
    usual_px = camera.usual_height() * min(1.0, aspect)
    short = next((side for side in SHORT_SIDES_PX if side <= USUAL_ENLARGEMENT * usual_px), SHORT_SIDES_PX[-1])
    return (_even(short * aspect), short) if aspect >= 1 else (short, _even(short / aspect))


def _camera(close_up: CloseUp, video: VideoInfo) -> tuple[Camera, tuple[int, int], float]:
    """The camera, the size of its pictures, and how much they are usually enlarged."""
    analysis, tracks = close_up.analysis, close_up.person.tracks
    options: dict[str, Any] = {"pixel_aspect": _pixel_aspect(close_up.source)}
    film = (analysis.cuts_s, analysis.media.duration_s, (video.width, video.height), close_up.shape)
    camera = Camera(tracks, *film, **options)
    size_px = _size(camera, close_up.shape)
    least_px = size_px[1] / MOST_ENLARGEMENT
    enlargement = size_px[1] / max(camera.usual_height(), least_px)
    return Camera(tracks, *film, **options, least_px=least_px), size_px, enlargement


def _picture_packets(
    stream: VideoStream, close_up: CloseUp, camera: Camera, edit: CloseUpEdit, cancel: CancelToken
) -> Iterator[Packet[VideoStream]]:
    start_s, clock = close_up.range_s[0], stream.codec_context.time_base
    last = -1
    for frame, view in _filmed(close_up, camera, cancel):
        ticks = round((frame.time_s - start_s) * clock.denominator)
        if ticks <= last:
            continue
        last = ticks
        made = VideoFrame.from_ndarray(edit.picture(frame, view), format="rgb24")
        made = made.reformat(
            format="yuv420p",
            src_colorspace=Colorspace.ITU709,
            dst_colorspace=Colorspace.ITU709,
            dst_color_range=ColorRange.MPEG,
        )
        made.pts, made.time_base = ticks, clock
        yield from stream.encode(made)
        cancel.checkpoint()
    yield from stream.encode(None)


def _filmed(close_up: CloseUp, camera: Camera, cancel: CancelToken) -> Iterator[tuple[Frame, View]]:
    """The pictures of the range, each with what is seen of it."""
    before: ShotSignature | None = None
    for frame in _pictures(close_up.source, close_up.range_s, cancel):
        shot = None
        ahead = [n for n, cut_s in enumerate(camera.cuts_s, 1) if 0 < cut_s - frame.time_s - 1e-6 < CUT_BEFORE_S]
        if ahead:
            now = ShotSignature(frame.rgb)
            shot = ahead[0] if before is not None and now.change(before) > CUT_CHANGE else ahead[0] - 1
            before = now if shot == ahead[0] - 1 else before
        elif any(0 < cut_s - frame.time_s < 3 * CUT_BEFORE_S for cut_s in camera.cuts_s):
            before = ShotSignature(frame.rgb)
        yield frame, camera.view_at(frame.time_s, shot=shot)


def _pictures(source: Path, range_s: tuple[float, float], cancel: CancelToken) -> Iterator[Frame]:
    """What is on the screen in a range; what is on it at its start begins with it."""
    start_s, end_s = range_s
    if start_s <= 0:
        yield from read_frames(source, end_s=end_s, cancel=cancel)
        return
    first = frame_at(source, start_s, cancel=cancel)
    yield Frame(max(start_s, first.time_s), first.rgb, first.scale)
    yield from read_frames(source, start_s=max(start_s, first.time_s) + 1e-6, end_s=end_s, cancel=cancel)


def _picture_stream(container: Any, coding: PictureCoding, size_px: tuple[int, int], fps: float) -> VideoStream:
    rate = Fraction(max(1.0, fps)).limit_denominator(1001)
    stream: VideoStream = container.add_stream(coding.encoder, rate=rate)
    context = stream.codec_context
    coding.prepare(context, size_px, rate)
    stream.time_base = context.time_base
    context.colorspace = context.color_primaries = context.color_trc = BT709
    context.color_range = ColorRange.MPEG
    return stream


def _sound_coding(voice: SoundTrack, path: Path) -> Coding:
    if path.suffix.lower() == ".mkv":
        return first_that_takes(voice, path, lossless("flac"))
    return first_that_takes(voice, path, lossy("aac", voice.channels), lossless("alac"))


def _pixel_aspect(source: Path) -> float:
    """Width over height of a displayed pixel."""
    begin = heads(source)
    if begin.picture is None or begin.picture_index is None:
        return 1.0
    with open_media(source) as container:
        stream = container.streams[begin.picture_index]
        assert isinstance(stream, VideoStream)
        aspect = float(stream.sample_aspect_ratio or 1)
    return 1 / aspect if begin.picture.turn.transpose else aspect


def _time(packet: Packet[AudioStream] | Packet[VideoStream]) -> Fraction:
    return (packet.dts or 0) * packet.time_base


def _even(length: float) -> int:
    return 2 * round(length / 2)
