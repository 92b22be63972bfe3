"""Where an export goes: what OUT means, how files in a folder are named, and whether they can be written."""

from __future__ import annotations

import os
import shutil
import tempfile
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from engine.cache import output_error
from engine.errors import OutputError, OutputExistsError, UsageError
from engine.types import AudioInfo, OutputKind, Person, SeparationRequest

TargetKind = Literal["sound", "video", "folder"]

SOUND_FORMATS = ("wav", "flac", "m4a", "opus")
VIDEO_FORMATS = ("mp4", "mkv", "mov")
REST_NAME, REPORT_NAME = "rest", "report.json"

CLOSE_UP_ENDING = " - close-up"

# Bytes per second of one track at 256 kbit/s and 160 kbit/s, and per sample where the size follows the samples.
_COMPRESSED_BYTES_PER_S = {"m4a": 32_000, "opus": 20_000, "mp4": 32_000, "mov": 32_000}
_BYTES_PER_SAMPLE = {"wav": 4, "flac": 3, "mkv": 3}
SPARE_BYTES = 16 * 2**20

_FORBIDDEN = frozenset('<>:"/\\|?*')
_RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}
_LONGEST_STEM_BYTES = 120


@dataclass(frozen=True)
class Target:
    """What OUT means.

    Attributes:
        kind: one sound file, one video file, or a folder.
        folder: where the files appear; for `kind` "folder" it may not exist yet.
        format: suffix without the dot, of the file or of the sound files in the folder.
    """

    kind: TargetKind
    folder: Path
    format: str


@dataclass(frozen=True)
class PlannedFile:
    """A file to write. `person` counts the chosen people and is None for what belongs to nobody."""

    name: str
    kind: OutputKind
    person: int | None


def find_target(request: SeparationRequest) -> Target:
    """Say what `request.output` means, and make sure that it can be written as far as that is known beforehand.

    Raises:
        UsageError: an unknown suffix or format, or both contradict each other, or OUT is the video itself.
        OutputExistsError: the file exists and `overwrite` is False.
        OutputError: its folder is missing or cannot be written.
    """
    target = _classify(request)
    if target.kind != "folder":
        if request.output.resolve() == request.video.resolve():
            raise UsageError(f"“{request.output}” is the video itself.", "Choose another name for the result.")
        _check_free(request.output, request.overwrite)
    elif request.output.exists() and not request.output.is_dir():
        raise OutputExistsError(f"“{request.output}” is a file, not a folder.", "Choose another name.")
    try:
        with tempfile.TemporaryFile(dir=_existing_folder(target)):
            pass
    except OSError as error:
        raise output_error(request.output, error) from error
    return target


def plan_files(target: Target, request: SeparationRequest, people: tuple[Person, ...]) -> tuple[PlannedFile, ...]:
    """List the files of an export, the report last.

    Raises:
        UsageError: several people for one sound file or one close-up.
        OutputExistsError: one of them exists and `overwrite` is False.
    """
    if target.kind == "video" and request.close_up is not None:
        if len(people) > 1:
            raise UsageError(
                f"A close-up follows one person, not {len(people)}.", "Give a folder, or choose one person."
            )
        return (PlannedFile(request.output.name, "video", 0),)
    if target.kind == "video":
        return (PlannedFile(request.output.name, "video", None),)
    if target.kind == "sound":
        if len(people) > 1:
            raise UsageError(
                f"{len(people)} voices do not fit into one file, “{request.output.name}”.",
                "Give a folder, or a video file with one track each, or choose one person.",
            )
        return (PlannedFile(request.output.name, "voice", 0),)
    stems = file_stems(people)
    files = [PlannedFile(f"{stem}.{target.format}", "voice", which) for which, stem in enumerate(stems)]
    if request.close_up is not None:
        files += [PlannedFile(f"{stem}{CLOSE_UP_ENDING}.mp4", "video", which) for which, stem in enumerate(stems)]
    files.append(PlannedFile(f"{REST_NAME}.{target.format}", "rest", None))
    files.append(PlannedFile(f"{timeline_stem(request.video)}.otio", "timeline", None))
    files.append(PlannedFile(REPORT_NAME, "report", None))
    for file in files:
        _check_free(target.folder / file.name, request.overwrite)
    return tuple(files)


def check_close_ups(
    target: Target, request: SeparationRequest, people: tuple[Person, ...], range_s: tuple[float, float]
) -> list[str]:
    """Make sure that there is somebody to be filmed.

    Returns:
        Sentences about people of a folder who are not seen in the range.

    Raises:
        UsageError: the one person of a close-up is not seen in it.
    """
    unseen = [person.label for person in people if request.close_up is not None and not _is_seen(person, range_s)]
    if unseen and target.kind == "video":
        raise UsageError(
            f"{unseen[0]} is not seen between {range_s[0]:.1f} and {range_s[1]:.1f} s: there is no face to follow.",
            "Choose another part of the film, or a video file without --close-up.",
        )
    return [f"{name} is not seen there: the close-up shows the whole picture." for name in unseen]


def _is_seen(person: Person, range_s: tuple[float, float]) -> bool:
    return any(track.start_s < range_s[1] and track.end_s > range_s[0] for track in person.tracks if len(track.times_s))


def check_space(target: Target, request: SeparationRequest, sound: AudioInfo, duration_s: float, voices: int) -> None:
    """Make sure that an export fits on its disk.

    Raises:
        OutputError: it does not; the message names what is needed and what is free.
    """
    picture_bytes = request.video.stat().st_size
    needed = needed_bytes(target.kind, target.format, sound, duration_s, voices, picture_bytes) + SPARE_BYTES
    folder = _existing_folder(target)
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise OutputError(
            f"The result needs about {size_text(needed)}, but “{folder}” has {size_text(free)} free.",
            "Free some space, choose another folder, or choose a compressed format such as flac or m4a.",
        )


def needed_bytes(
    kind: TargetKind, format_: str, sound: AudioInfo, duration_s: float, voices: int, picture_bytes: int
) -> int:
    """About how large an export becomes.

    Args:
        picture_bytes: size of the source file, whose picture a video export copies.
    """
    tracks = voices if kind == "sound" else voices + 1
    compressed = _COMPRESSED_BYTES_PER_S.get(format_)
    per_sample = _BYTES_PER_SAMPLE.get(format_, 4) * sound.channels
    per_s = compressed if compressed is not None else per_sample * sound.sample_rate_hz
    return int(tracks * per_s * duration_s) + (picture_bytes if kind == "video" else 0)


def file_stems(people: tuple[Person, ...]) -> list[str]:
    """File names (without suffix) for people's voices: from the labels, safe on every system, each different."""
    taken = {REST_NAME, Path(REPORT_NAME).stem}
    stems = []
    for person in people:
        stem = safe = safe_name(person.label) or f"Person {person.id}"
        number = 2
        while stem.casefold() in taken:
            stem, number = f"{safe} ({number})", number + 1
        taken.add(stem.casefold())
        stems.append(stem)
    return stems


def timeline_stem(video: Path) -> str:
    """File name (without suffix) of the editor timeline: the video's, made safe."""
    return safe_name(video.stem) or "timeline"


def _classify(request: SeparationRequest) -> Target:
    output, wanted = request.output, request.format
    if wanted is not None and wanted not in SOUND_FORMATS + VIDEO_FORMATS:
        raise UsageError(
            f"There is no format {wanted!r}.", f"Use {', '.join(SOUND_FORMATS)} or, for one video, a video file name."
        )
    suffix = output.suffix.lower().removeprefix(".")
    if output.is_dir() or not suffix:
        if wanted in VIDEO_FORMATS:
            raise UsageError(
                f"“{output}” is a folder, and a folder holds sound files, not {wanted}.",
                f"Give a file name that ends in .{wanted}.",
            )
        return Target("folder", output, wanted or "wav")
    if suffix not in SOUND_FORMATS + VIDEO_FORMATS:
        raise UsageError(
            f"“{output.name}” has an ending that is not known: .{suffix}.",
            f"Use {', '.join('.' + name for name in SOUND_FORMATS + VIDEO_FORMATS)}, or the name of a folder.",
        )
    if wanted is not None and wanted != suffix:
        raise UsageError(f"“{output.name}” ends in .{suffix}, but the format is {wanted}.", "Leave one of them out.")
    if suffix in SOUND_FORMATS and request.close_up is not None:
        raise UsageError(
            f"“{output.name}” is a sound file, but a close-up is a video.",
            f"End the name with {', '.join('.' + name for name in VIDEO_FORMATS)}, or give a folder.",
        )
    if suffix in VIDEO_FORMATS and request.picture == "none":
        raise UsageError(
            f"“{output.name}” is a video, but its picture was not wanted.",
            "Choose a sound file such as .wav or .m4a, or a folder.",
        )
    return Target("sound" if suffix in SOUND_FORMATS else "video", output.parent, suffix)


def _existing_folder(target: Target) -> Path:
    """The folder that must be there now: the one of the file, or the one in which the target folder will be made."""
    made_later = target.kind == "folder" and not target.folder.exists()
    return target.folder.parent if made_later else target.folder


def _check_free(path: Path, overwrite: bool) -> None:
    if path.is_dir():
        raise OutputError(f"“{path}” is a folder.", "Choose another name.")
    if not overwrite and os.path.lexists(path):
        raise OutputExistsError(f"“{path}” exists already.", "Choose another name, or ask to overwrite it.")


def safe_name(label: str) -> str:
    """A label as a file name (without suffix) that every system takes; "" where nothing of it can stay."""
    text = unicodedata.normalize("NFC", label)
    text = "".join(
        "_" if character in _FORBIDDEN or unicodedata.category(character) in ("Cc", "Cs") else character
        for character in text
    )
    while len(text.encode()) > _LONGEST_STEM_BYTES:
        text = text[:-1]
    text = text.strip(" .").lstrip("-")
    return f"{text}_" if text.casefold() in _RESERVED else text


def size_text(n_bytes: int) -> str:
    """A size with its unit, for messages."""
    return f"{n_bytes / 1e9:.1f} GB" if n_bytes >= 1e9 else f"{n_bytes / 1e6:.0f} MB"
