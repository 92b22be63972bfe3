"""The only encoder: sound files, and videos that get new sound while their picture stays bit for bit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from engine.jobs import CancelToken, ProgressCallback, ignore_progress
from engine.types import FloatArray

SampleFormat = Literal["f32", "s24", "s16"]


@dataclass(frozen=True)
class SoundTrack:
    """Sound to write, in blocks, from t = 0 of the source.

    Attributes:
        layout: FFmpeg's name of the channel layout ("mono", "stereo", "5.1").
        n_samples: samples per channel, exactly what the blocks sum to.
        blocks: starts from the beginning at each call; gives (n, channels) float32 arrays, full scale 1.0.
        language: ISO 639-2 code ("eng"), empty where unknown.
    """

    title: str
    sample_rate_hz: int
    channels: int
    layout: str
    n_samples: int
    blocks: Callable[[], Iterator[FloatArray]]
    language: str = ""


def write_sound(
    path: Path,
    track: SoundTrack,
    *,
    overwrite: bool = False,
    sample_format: SampleFormat = "f32",
    on_progress: ProgressCallback = ignore_progress,
    cancel: CancelToken,
) -> None:
    """Write one sound file; the suffix of `path` chooses how.

    .wav: `sample_format`, RF64 when 4 GiB are not enough. .flac: 24 bit (16 with "s16"). .m4a: AAC at 256 kbit/s
    or more. .opus: 160 kbit/s, at 48 kHz where Opus does not take the rate.

    Raises:
        UsageError: another suffix, or channels that the format does not take.
        OutputExistsError: `path` is there and `overwrite` is False.
        OutputError: the folder is missing, full or closed.
    """
    raise NotImplementedError


def write_video(
    path: Path,
    source: Path,
    tracks: Sequence[SoundTrack],
    *,
    overwrite: bool = False,
    keep_sound: bool = True,
    on_progress: ProgressCallback = ignore_progress,
    cancel: CancelToken,
) -> None:
    """Write a video with the source's picture, bit for bit, and new sound tracks before its own.

    The suffix of `path` chooses the container: .mp4 and .mov carry AAC at 256 kbit/s or more, .mkv carries FLAC. Kept
    from the source where the container takes it: picture time stamps, rotation, start offset, sound (with
    `keep_sound`), subtitles, chapters, metadata, languages.

    Raises:
        UsageError: another suffix, or a source stream that the container cannot hold.
        InputError: the source cannot be read. NoPictureError: it has no picture.
        OutputExistsError: `path` is there and `overwrite` is False.
        OutputError: the folder is missing, full or closed.
    """
    raise NotImplementedError
