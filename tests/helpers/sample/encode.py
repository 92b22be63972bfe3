"""Writes pictures and sound as a video file."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

_LAYOUTS = {1: "mono", 2: "stereo", 6: "5.1"}
_BLOCK = 1024


def write_video(
    path: Path,
    frames: Iterable[NDArray[np.uint8]],
    sound: NDArray[np.float32] | None,
    *,
    size: tuple[int, int],
    fps: Fraction = Fraction(25),
    sample_rate_hz: int = 48000,
    crf: int = 26,
    preset: str = "veryfast",
    audio_bit_rate: int = 160_000,
) -> None:
    """Encode H.264 and AAC; the same input gives the same file.

    Args:
        frames: (h, w, 4) uint8 blue, green, red, unused.
        sound: (T, channels) float32, or None for a silent file without an audio stream.
        size: width and height in pixels, both even.
    """
    options = {"fflags": "+bitexact"}
    if path.suffix in (".mp4", ".mov"):
        options["movflags"] = "+faststart"
    with av.open(str(path), "w", options=options) as container:
        video = container.add_stream("libx264", rate=fps)
        video.width, video.height, video.pix_fmt = *size, "yuv420p"
        video.time_base = 1 / fps
        video.codec_context.thread_count = 1  # the thread count changes the bits
        video.options = {"crf": str(crf), "preset": preset, "tune": "animation"}
        video.codec_context.color_range, video.codec_context.colorspace = 1, 1
        video.codec_context.color_primaries, video.codec_context.color_trc = 1, 1  # 1: bt.709, limited range
        audio = None
        if sound is not None:
            audio = container.add_stream("aac", rate=sample_rate_hz, layout=_LAYOUTS[sound.shape[1]])
            audio.bit_rate = audio_bit_rate
        written = 0
        for k, pixels in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels[:, :, :3]), format="bgr24")
            frame = frame.reformat(format="yuv420p", dst_colorspace="ITU709")
            frame.pts = k
            frame.time_base = 1 / fps
            container.mux(video.encode(frame))
            while audio is not None and sound is not None and written < min(len(sound), (k + 1) / fps * sample_rate_hz):
                written = _write_sound(container, audio, sound, written)
        container.mux(video.encode(None))
        if audio is not None and sound is not None:
            while written < len(sound):
                written = _write_sound(container, audio, sound, written)
            container.mux(audio.encode(None))


def _write_sound(
    container: av.container.OutputContainer, audio: av.AudioStream, sound: NDArray[np.float32], start: int
) -> int:
    """Encode one block; returns where the next one starts."""
    block = np.ascontiguousarray(sound[start : start + _BLOCK].T, np.float32)
    frame = av.AudioFrame.from_ndarray(block, format="fltp", layout=_LAYOUTS[sound.shape[1]])
    frame.sample_rate, frame.pts, frame.time_base = audio.rate, start, Fraction(1, audio.rate)
    container.mux(audio.encode(frame))
    return start + block.shape[1]
