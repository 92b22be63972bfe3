"""What an export will write and whether there is room for it. No widgets, no engine."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QCoreApplication

from avsep_gui.words import size
from engine.types import MediaInfo

BYTES_PER_SAMPLE = {".wav": 4.0, ".flac": 2.0, ".m4a": 0.3, ".opus": 0.25}
VIDEO_ENDINGS = (".mp4", ".mkv", ".mov")
SOUND_ENDINGS = (".wav", ".flac", ".m4a", ".opus")
SPARE_BYTES = 50_000_000
CLOSE_UP_BYTES_PER_S = 1_200_000


@dataclass(frozen=True)
class ExportKind:
    """A choice of the dialog: its id, words, the file endings of it, and of the sound files in a folder."""

    id: str
    title: str
    endings: tuple[str, ...]
    is_folder: bool = False


def kinds() -> tuple[ExportKind, ...]:
    """What can be exported."""

    def text(words: str) -> str:
        return QCoreApplication.translate("ExportPlan", words)

    return (
        ExportKind("voice", text("The voice, as a sound file"), SOUND_ENDINGS),
        ExportKind("video", text("The video, with voice, everyone else and original as sound tracks"), VIDEO_ENDINGS),
        ExportKind(
            "folder", text("A folder: one file per person, everyone else, report and timeline"), SOUND_ENDINGS, True
        ),
        ExportKind("close_up", text("A close-up: a video that follows the face, with the voice alone"), VIDEO_ENDINGS),
    )


def suggested_name(media: MediaInfo, name: str, kind: ExportKind, ending: str) -> str:
    """A file name from the video's and the person's, without characters that file systems refuse."""
    safe = "".join("_" if letter in '<>:"/\\|?*' or ord(letter) < 32 else letter for letter in name).strip(" .")
    stem = f"{media.path.stem} - {safe or 'voice'}"
    if kind.id == "close_up":
        stem += QCoreApplication.translate("ExportPlan", " - close-up")
    return stem if kind.is_folder else stem + ending


def expected_bytes(media: MediaInfo, kind: ExportKind, ending: str, people: int, *, close_up_s: float = 0.0) -> float:
    """About how much an export will take, on the safe side.

    Args:
        close_up_s: how long the close-ups are that belong to it; 0 for none.
    """
    audio = media.audio[0] if media.audio else None
    samples = media.duration_s * audio.sample_rate_hz * audio.channels if audio is not None else 0.0
    films = close_up_s * CLOSE_UP_BYTES_PER_S * people
    if kind.id == "close_up":
        return films
    if kind.id == "video":
        return media.path.stat().st_size + 3 * samples * 0.4
    files = 1 if kind.id == "voice" else people + 2
    return samples * BYTES_PER_SAMPLE.get(ending, 4.0) * files + films


def free_bytes(folder: Path) -> int:
    """Room on the disk of a folder."""
    return shutil.disk_usage(folder).free


def problem(output: Path, needed_bytes: float, source: Path) -> str:
    """Why the export cannot go there, in one sentence; empty when it can."""

    def text(words: str) -> str:
        return QCoreApplication.translate("ExportPlan", words)

    folder = output.parent
    if not output.name:
        return text("Give the file a name.")
    if not folder.is_dir():
        return text("There is no folder {0}.").format(folder)
    if not os.access(folder, os.W_OK):
        return text("You may not write to {0}. Choose another folder.").format(folder)
    if output.exists() and source.exists() and output.samefile(source):
        return text("This would replace the video itself. Choose another name.")
    free = free_bytes(folder)
    if free < needed_bytes + SPARE_BYTES:
        return text("There is not enough room: about {0} needed, {1} free.").format(
            size(needed_bytes + SPARE_BYTES), size(free)
        )
    return ""
