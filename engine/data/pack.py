"""Turn corpora of talking-face clips and of speech into one compact training set.

Layout of a pack (a folder):
    clips.csv    name, corpus, speaker, split, audio_start, audio_samples, video_start, video_frames
    audio.i16    all clips one after the other, 16 kHz mono int16
    lips.f16     landmark features (frames, 240) float16 at 25 Hz, same order (`engine.vision.lips`)
    mouths.u8    mouth pictures (frames, 32, 32) uint8
Clips without a face have video_frames = 0.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import EngineError, InputError
from engine.vision import landmarks
from engine.vision.lips import LANDMARK_FEATURES, MOUTH_PX, RATE_HZ, landmark_features, mouth_crop

SAMPLE_RATE_HZ = 16_000
_DETECT_EVERY = 5
_SUFFIXES = {".mp4", ".mkv", ".mov", ".avi", ".mpg", ".webm", ".opus", ".wav", ".flac", ".m4a", ".ogg"}


@dataclass(frozen=True)
class Clip:
    """A row of clips.csv; starts and lengths count samples at 16 kHz and frames at 25 Hz."""

    name: str
    corpus: str
    speaker: str
    split: str
    audio_start: int
    audio_samples: int
    video_start: int
    video_frames: int


@dataclass(frozen=True)
class Source:
    """A file to take in, and what is known of it."""

    path: Path
    name: str
    corpus: str
    speaker: str
    split: str
    has_face: bool


@dataclass(frozen=True)
class Rejected:
    """A file that was left out, and why."""

    path: Path
    why: str


class Pack:
    """A training set on disk, memory-mapped.

    Attributes:
        clips: the rows of clips.csv.
        audio: (samples,) int16. lips: (frames, 240) float16. mouths: (frames, 32, 32) uint8.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        table = folder / "clips.csv"
        if not table.is_file():
            raise InputError(f"There is no training set in {folder}.", "Make one first; see CONTRIBUTING.md.")
        kinds: dict[str, Any] = {f.name: int if f.type == "int" else str for f in fields(Clip)}
        with table.open(newline="", encoding="utf-8") as file:
            self.clips = [Clip(**{k: kinds[k](v) for k, v in row.items()}) for row in csv.DictReader(file)]
        self.audio = np.memmap(folder / "audio.i16", np.int16, "r")
        self.lips = np.memmap(folder / "lips.f16", np.float16, "r").reshape(-1, LANDMARK_FEATURES)
        self.mouths = np.memmap(folder / "mouths.u8", np.uint8, "r").reshape(-1, MOUTH_PX, MOUTH_PX)

    def morph(self, factor: float) -> NDArray[np.int16]:
        """The audio with pitch and formants times `factor` (`engine.data.morph`); filmed clips only."""
        return np.memmap(self.folder / f"audio_x{factor}.i16", np.int16, "r")


def follow_face(frames: Iterable[NDArray[np.uint8]]) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Landmarks and mouths of a close-up with one face, at the frames' own rate.

    Args:
        frames: pictures, (h, w, 3) uint8.

    Returns:
        points (M, 68, 2) float32 in pixels and mouths (M, 32, 32) uint8.

    Raises:
        InputError: no face in more than a third of the frames looked at.
    """
    pictures = list(frames)
    marks = sorted({*range(0, len(pictures), _DETECT_EVERY), len(pictures) - 1} - {-1})
    boxes: dict[int, NDArray[np.float32]] = {}
    for mark in marks:
        found = landmarks.find_boxes(pictures[mark])
        if len(found) == 0:
            found = landmarks.find_boxes(pictures[mark], upsample=1)
        if len(found):
            boxes[mark] = found[np.argmax(found[:, 2] - found[:, 0])]
    if len(boxes) * 3 < len(marks) * 2 or not boxes:
        raise InputError(f"A face in only {len(boxes)} of {len(marks)} pictures.", "Use a close-up of one face.")
    known = np.asarray(sorted(boxes))
    corners = np.asarray([boxes[int(k)] for k in known])
    every = np.stack([np.interp(np.arange(len(pictures)), known, corners[:, c]) for c in range(4)], 1)
    points = np.concatenate(
        [landmarks.shape_68(p, box[None].astype(np.float32)) for p, box in zip(pictures, every, strict=True)]
    )
    mouths = np.stack([mouth_crop(p, s) for p, s in zip(pictures, points, strict=True)])
    return points, mouths


def _decode_16k(path: Path) -> NDArray[np.int16]:
    import av

    parts: list[NDArray[np.int16]] = []
    with av.open(str(path.resolve()), metadata_errors="ignore") as file:
        if not file.streams.audio:
            raise InputError(f"There is no sound in {path.name}.", "Use clips with sound.")
        resampler = av.AudioResampler("s16", "mono", SAMPLE_RATE_HZ)
        for frame in file.decode(audio=0):
            parts += [r.to_ndarray()[0] for r in resampler.resample(frame)]
        parts += [r.to_ndarray()[0] for r in resampler.resample(None)]
    return np.concatenate(parts) if parts else np.zeros(0, np.int16)


def _decode_25fps(path: Path) -> Iterator[NDArray[np.uint8]]:
    import av

    with av.open(str(path.resolve()), metadata_errors="ignore") as file:
        stream = file.streams.video[0]
        if stream.average_rate is None or abs(float(stream.average_rate) - RATE_HZ) > 0.1:
            raise InputError(f"{path.name} has {stream.average_rate} pictures a second, not {RATE_HZ}.", "Convert it.")
        for frame in file.decode(stream):
            yield np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)


def take_in(source: Source) -> tuple[NDArray[np.int16], NDArray[np.float16], NDArray[np.uint8]] | Rejected:
    """Sound (n,) int16 at 16 kHz, lip features (M, 240) and mouths (M, 32, 32) of one file, or why it is left out."""
    try:
        audio = _decode_16k(source.path)
        if len(audio) < SAMPLE_RATE_HZ // 2 or not np.any(np.abs(audio) > 50):
            return Rejected(source.path, "shorter than half a second or silent")
        if not source.has_face:
            return audio, np.zeros((0, LANDMARK_FEATURES), np.float16), np.zeros((0, MOUTH_PX, MOUTH_PX), np.uint8)
        points, mouths = follow_face(_decode_25fps(source.path))
    except (EngineError, OSError, ValueError) as error:
        return Rejected(source.path, str(error))
    return audio, landmark_features(points).astype(np.float16), mouths


def write_pack(sources: list[Source], folder: Path, *, workers: int = 1) -> list[Rejected]:
    """Take in every source and write a pack; sources that cannot be used are returned with the reason."""
    folder.mkdir(parents=True, exist_ok=True)
    clips: list[Clip] = []
    rejected: list[Rejected] = []
    audio_at = video_at = 0
    with (
        (folder / "audio.i16").open("wb") as audio_file,
        (folder / "lips.f16").open("wb") as lips_file,
        (folder / "mouths.u8").open("wb") as mouths_file,
        ProcessPoolExecutor(workers) as pool,
    ):
        for source, taken in zip(sources, pool.map(take_in, sources, chunksize=4), strict=True):
            if isinstance(taken, Rejected):
                rejected.append(taken)
                continue
            audio, lips, mouths = taken
            audio_file.write(audio.tobytes())
            lips_file.write(lips.tobytes())
            mouths_file.write(mouths.tobytes())
            names = (source.name, source.corpus, source.speaker, source.split)
            clips.append(Clip(*names, audio_at, len(audio), video_at, len(lips)))
            audio_at += len(audio)
            video_at += len(lips)
    with (folder / "clips.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [f.name for f in fields(Clip)])
        writer.writeheader()
        writer.writerows(asdict(clip) for clip in clips)
    return rejected


def media_below(folder: Path) -> list[Path]:
    """All sound and video files below a folder, in a fixed order."""
    return sorted(p for p in folder.rglob("*") if p.suffix.lower() in _SUFFIXES)
