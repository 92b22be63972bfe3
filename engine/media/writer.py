"""The only encoder: sound files, and videos that get new sound while their picture stays bit for bit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from engine import cache
from engine.errors import OutputError, OutputExistsError, UsageError
from engine.jobs import CancelToken, ProgressCallback, ignore_progress
from engine.media.encode import Coding, first_that_takes, lossless, lossy, write_encoded
from engine.media.remux import FORMATS, remux
from engine.media.tracks import SampleFormat, SoundTrack, store_track
from engine.media.wav import write_wav

__all__ = ["SampleFormat", "SoundTrack", "store_track", "write_sound", "write_video"]


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
    or more, ALAC where AAC does not take the rate or the layout. .opus: 160 kbit/s or more, at 48 kHz where Opus
    does not take the rate.

    Raises:
        UsageError: another suffix, or channels that the format does not take.
        OutputExistsError: `path` is there and `overwrite` is False.
        OutputError: the folder is missing, full or closed.
    """
    suffix = _known_suffix(path, (".wav", ".flac", ".m4a", ".opus"))
    with _new_file(path, overwrite) as temporary:
        if suffix == ".wav":
            write_wav(temporary, track, sample_format, on_progress, cancel)
            return
        choices: tuple[Coding, ...]
        if suffix == ".flac":
            choices = (lossless("flac", 16 if sample_format == "s16" else 24),)
        elif suffix == ".m4a":
            choices = (lossy("aac", track.channels), lossless("alac"))
        else:
            choices = (lossy("libopus", track.channels),)
        container_format = {".flac": "flac", ".m4a": "ipod", ".opus": "opus"}[suffix]
        coding = first_that_takes(track, path, *choices)
        write_encoded(temporary, container_format, track, coding, on_progress, cancel)


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

    The suffix of `path` chooses the container: AAC at 256 kbit/s or more (ALAC where AAC does not
    take the rate or the layout) in .mp4 and .mov, FLAC in .mkv. Kept from the source where the container takes it:
    picture time stamps, rotation, start offset, sound (with `keep_sound`; encoded anew where its coding does not fit),
    subtitles, covers, chapters, metadata, languages. The new file's clock begins at the source's t = 0.

    Raises:
        UsageError: another suffix, or a source stream that the container cannot hold.
        InputError: the source cannot be read. NoPictureError: it has no picture.
        OutputExistsError: `path` is there and `overwrite` is False.
        OutputError: the folder is missing, full or closed.
    """
    suffix = _known_suffix(path, tuple(FORMATS))
    if path.exists() and source.exists() and path.samefile(source):
        raise OutputError(f"“{path.name}” is the source itself.", "Choose another name for the output.")
    with _new_file(path, overwrite) as temporary:
        remux(temporary, suffix, source, tracks, keep_sound, on_progress, cancel)


def _known_suffix(path: Path, known: tuple[str, ...]) -> str:
    suffix = path.suffix.lower()
    if suffix not in known:
        raise UsageError(f"“{path.name}” has an unknown type.", f"End the name with one of: {', '.join(known)}.")
    return suffix


@contextmanager
def _new_file(path: Path, overwrite: bool) -> Iterator[Path]:
    """A temporary file that takes the name `path` when it is complete."""
    _refuse_existing(path, overwrite)
    with cache.write_then_rename(path) as temporary:
        yield temporary
        _refuse_existing(path, overwrite)  # somebody else may have written it in the meantime


def _refuse_existing(path: Path, overwrite: bool) -> None:
    try:
        if path.is_dir():
            raise OutputError(f"“{path.name or path}” is a folder.", "Choose another file name.")
        exists = path.exists() or path.is_symlink()
    except OSError as error:
        raise cache.output_error(path, error) from error
    if exists and not overwrite:
        raise OutputExistsError(f"“{path.name}” is there already.", "Choose another name, or allow it to be replaced.")
