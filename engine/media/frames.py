"""Pictures of a file, as displayed, each with its time on the file's clock."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.reformatter import Colorspace, Interpolation, VideoReformatter
from av.video.stream import VideoStream
from numpy.typing import NDArray

from engine.errors import InputError, NoPictureError
from engine.jobs import CancelToken
from engine.media.source import Turn, decode, heads, open_media, packets, timestamp, turn_of

# How much earlier to look when a seek lands behind the wanted time, as it does in broadcast streams.
SEEK_BACK_S = (Fraction(0), Fraction(2), Fraction(10))
UNSPECIFIED_COLORSPACE = 2
HD_HEIGHT_PX = 720


@dataclass(frozen=True)
class Frame:
    """One picture.

    Attributes:
        time_s: when it appears, on the file's clock.
        rgb: (h, w, 3) uint8, turned for display.
        scale: pixels of `rgb` per displayed pixel of the file, at most 1.
    """

    time_s: float
    rgb: NDArray[np.uint8] = field(repr=False)
    scale: float


def read_frames(
    path: Path,
    *,
    start_s: float = 0.0,
    end_s: float | None = None,
    max_width: int | None = None,
    every_s: float | None = None,
    cancel: CancelToken | None = None,
) -> Iterator[Frame]:
    """The pictures with start_s <= time < end_s, in order.

    Args:
        max_width: larger pictures are reduced to this many pixels across, as displayed.
        every_s: gives the first picture of each such step only; None gives all.

    Raises:
        NoPictureError: the file has no video stream.
        InputError: the file cannot be read, or no picture in it can be decoded.
        JobCancelled: asked for through `cancel`.
    """
    cancel = cancel or CancelToken()
    shown = _Display(max_width)
    due_s = start_s
    for time_s, frame in _pictures_from(path, start_s, cancel):
        if end_s is not None and time_s >= end_s:
            return
        if time_s < due_s:
            continue
        if every_s:
            # Half a clock tick of grace, so that rounded time stamps do not slip into the next step.
            due_s = start_s + (math.floor((time_s - start_s) / every_s + 1e-6) + 1) * every_s - 1e-6
        yield Frame(time_s, *shown.rgb(frame))


def frame_at(path: Path, time_s: float, *, max_width: int | None = None, cancel: CancelToken | None = None) -> Frame:
    """The picture on the screen at a time: the last one that began by then; the first before the start.

    Raises:
        NoPictureError: the file has no video stream.
        InputError: the file cannot be read, or no picture in it can be decoded.
    """
    shown: tuple[float, VideoFrame] | None = None
    for found in _pictures_from(path, time_s, cancel or CancelToken()):
        if shown is not None and found[0] > time_s + 1e-6:
            break
        shown = found
    if shown is None:
        raise _no_picture_decoded(path)
    return Frame(shown[0], *_Display(max_width).rgb(shown[1]))


def _pictures_from(path: Path, time_s: float, cancel: CancelToken) -> Iterator[tuple[float, VideoFrame]]:
    """Decoded pictures in order, from one that is on the screen at `time_s` or before, to the end."""
    begin = heads(path)
    if begin.picture is None or begin.picture_index is None:
        raise NoPictureError(f"“{path.name}” has no picture.", "Choose a video file.")
    wanted_s = Fraction(time_s) + begin.zero_s
    for back_s in (*SEEK_BACK_S, None):
        with open_media(path) as container:
            stream = container.streams[begin.picture_index]
            assert isinstance(stream, VideoStream)
            seeks = back_s is not None and wanted_s - back_s > begin.picture.start_s
            if seeks and not _seek(container, stream, wanted_s - (back_s or 0)):
                continue
            usable = False
            for found_s, frame in _decoded(container, path, stream, cancel):
                if not usable and seeks and found_s > wanted_s:
                    break
                usable = True
                yield float(found_s - begin.zero_s), frame
            if usable:
                return
    raise _no_picture_decoded(path)


def _seek(container: InputContainer, stream: VideoStream, target_s: Fraction) -> bool:
    try:
        container.seek(math.floor(target_s / (stream.time_base or Fraction(1))), stream=stream)
    except (av.error.FFmpegError, OSError):
        return False
    return True


def _decoded(
    container: InputContainer, path: Path, stream: VideoStream, cancel: CancelToken
) -> Iterator[tuple[Fraction, VideoFrame]]:
    stream.thread_type = "AUTO"
    step_s = 1 / (stream.guessed_rate or stream.average_rate or Fraction(25))
    last_s: Fraction | None = None
    for packet in packets(container, path, stream):
        cancel.checkpoint()
        for frame in decode(packet):
            if not isinstance(frame, VideoFrame):
                continue
            found_s = timestamp(frame)
            if found_s is None:  # old containers leave some out
                found_s = Fraction(0) if last_s is None else last_s + step_s
            last_s = found_s
            yield found_s, frame


class _Display:
    """Brings decoded pictures to RGB, the asked-for width and the displayed orientation."""

    def __init__(self, max_width: int | None) -> None:
        self._max_width = max_width
        self._reformatter = VideoReformatter()

    def rgb(self, frame: VideoFrame) -> tuple[NDArray[np.uint8], float]:
        """The picture, (h, w, 3) uint8, and its scale."""
        turn = turn_of(frame)
        shown_width = frame.height if turn.transpose else frame.width
        scale = min(1.0, self._max_width / shown_width) if self._max_width else 1.0
        small = self._reformatter.reformat(
            frame,
            width=max(1, round(frame.width * scale)),
            height=max(1, round(frame.height * scale)),
            format="rgb24",
            src_colorspace=_colorspace(frame),
            interpolation=Interpolation.BILINEAR,
        )
        return turned(cast("NDArray[np.uint8]", small.to_ndarray()), turn), scale


def turned(rgb: NDArray[np.uint8], turn: Turn) -> NDArray[np.uint8]:
    """A decoded picture, (h, w, 3), as it is displayed; contiguous."""
    if turn.transpose:
        rgb = rgb.transpose(1, 0, 2)
    if turn.mirror_x:
        rgb = rgb[:, ::-1]
    if turn.mirror_y:
        rgb = rgb[::-1]
    return np.ascontiguousarray(rgb)


def _colorspace(frame: VideoFrame) -> int | None:
    """What the picture's colours mean: files that do not say follow BT.709 in HD, as players assume."""
    if frame.colorspace == UNSPECIFIED_COLORSPACE and min(frame.width, frame.height) >= HD_HEIGHT_PX:
        return Colorspace.ITU709
    return None


def _no_picture_decoded(path: Path) -> InputError:
    return InputError(
        f"The picture of “{path.name}” is damaged: nothing of it can be decoded.",
        "Copy or download the file again, or repair it with the program that made it.",
    )
