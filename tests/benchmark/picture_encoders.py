"""Encoders of close-ups on the pictures of real ones: time against the first, size, PSNR and SSIM of the brightness.

    python -m tests.benchmark.picture_encoders CLIP... [--shape 1:1] [--seconds 8] [--rounds 3]

For each clip the close-up of the person seen most is filmed once; then every encoder that works here gets the same
pictures. Times are processor seconds and seconds on the clock, medians over the rounds, as ratios to the first.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from statistics import median

import av
import cv2
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace

from engine import api
from engine.export.close_up import CloseUp, _camera, _filmed
from engine.export.close_up_edit import CloseUpEdit
from engine.jobs import CancelToken
from engine.media.picture import CHOICES, PictureCoding, works

# For comparison; not used, because AVSep's own window shows AV1 only where the graphics card decodes it.
OTHERS = (
    PictureCoding("libsvtav1", "AV1, preset 10, CRF 20", {"preset": "10", "crf": "20"}),
    PictureCoding("libsvtav1", "AV1, preset 8, CRF 23", {"preset": "8", "crf": "23"}),
)
RATE = Fraction(25)


@dataclass(frozen=True)
class Made:
    """One encoding: seconds of the processor and on the clock, bytes, dB, SSIM."""

    processor_s: float
    clock_s: float
    size: int
    psnr_db: float
    ssim: float


def filmed(clip: Path, shape: str, seconds: float) -> list[np.ndarray]:
    """The pictures of a close-up of who is seen most, yuv420p, (1.5 h, w) each."""
    analysis = api.find_faces(clip)
    video = analysis.media.video
    assert video is not None
    range_s = (0.0, min(seconds, analysis.media.duration_s))
    close_up = CloseUp(clip, analysis, analysis.people[0], shape, range_s, "Ann")
    camera, size_px, _ = _camera(close_up, video)
    edit = CloseUpEdit(size_px, 1.0, close_up.name)
    colours = {"src_colorspace": Colorspace.ITU709, "dst_colorspace": Colorspace.ITU709}
    return [
        VideoFrame.from_ndarray(edit.picture(frame, view), format="rgb24")
        .reformat(format="yuv420p", dst_color_range=ColorRange.MPEG, **colours)
        .to_ndarray()
        for frame, view in _filmed(close_up, camera, CancelToken())
    ]


def encode(pictures: list[np.ndarray], coding: PictureCoding, path: Path) -> Made:
    """Encode, decode and compare."""
    height, width = pictures[0].shape[0] * 2 // 3, pictures[0].shape[1]
    began_s, worked_s = time.perf_counter(), time.process_time()
    with av.open(str(path), "w") as container:
        stream = container.add_stream(coding.encoder, rate=RATE)
        coding.prepare(stream.codec_context, (width, height), RATE)
        stream.time_base = stream.codec_context.time_base
        for number, picture in enumerate(pictures):
            frame = VideoFrame.from_ndarray(picture, format="yuv420p")
            frame.pts, frame.time_base = round(number / RATE / stream.time_base), stream.time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    clock_s, processor_s = time.perf_counter() - began_s, time.process_time() - worked_s
    errors, likenesses = [], []
    with av.open(str(path)) as container:
        for wanted, frame in zip(pictures, container.decode(video=0), strict=True):
            one, other = (picture[:height].astype(np.float32) for picture in (frame.to_ndarray(), wanted))
            errors.append(float(((one - other) ** 2).mean()))
            if len(errors) % 5 == 1:
                likenesses.append(ssim(one, other))
    psnr_db = 10 * np.log10(255**2 / np.mean(errors))
    return Made(processor_s, clock_s, path.stat().st_size, float(psnr_db), float(np.mean(likenesses)))


def ssim(one: np.ndarray, other: np.ndarray) -> float:
    """Structural similarity (Wang et al. 2004) of two pictures, (h, w) float32 of 0 to 255; windows of 11 pixels."""

    def near(picture: np.ndarray) -> np.ndarray:
        return cv2.GaussianBlur(picture, (11, 11), 1.5)

    a, b = near(one), near(other)
    spread_a, spread_b, both = near(one * one) - a * a, near(other * other) - b * b, near(one * other) - a * b
    alike = (2 * a * b + 6.5025) * (2 * both + 58.5225)
    return float((alike / ((a * a + b * b + 6.5025) * (spread_a + spread_b + 58.5225))).mean())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clips", type=Path, nargs="+")
    parser.add_argument("--shape", default="1:1")
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    os.environ.setdefault("SVT_LOG", "1")
    codings = [coding for coding in (*CHOICES, *OTHERS) if works(coding)]
    print("| clip | encoder | processor | clock | size | kbit/s | PSNR | SSIM |\n|---|---|---|---|---|---|---|---|")
    for clip in given.clips:
        pictures = filmed(clip, given.shape, given.seconds)
        rounds = []
        with tempfile.TemporaryDirectory() as folder:
            for _ in range(given.rounds):
                rounds.append([encode(pictures, coding, Path(folder, "made.mkv")) for coding in codings])
        first, seconds = rounds[0][0], float(len(pictures) / RATE)
        for number, coding in enumerate(codings):
            made = rounds[0][number]
            ratios = [
                median(getattr(one[number], name) / getattr(one[0], name) for one in rounds)
                for name in ("processor_s", "clock_s")
            ]
            row = [clip.stem, f"{coding.encoder} ({coding.format})", *(f"x {ratio:.2f}" for ratio in ratios)]
            row += [f"x {made.size / first.size:.2f}", f"{made.size * 8 / seconds / 1000:.0f}"]
            print(f"| {' | '.join([*row, f'{made.psnr_db:.1f} dB', f'{made.ssim:.4f}'])} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
