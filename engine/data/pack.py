"""The training set on disk: one compact folder made of many clips.

Layout of a pack (a folder):
    clips.csv       name, corpus, speaker, split, audio_start, audio_samples, video_start, video_frames
    audio.i16       all clips one after the other, 16 kHz mono int16
    lips.f16        landmark features (frames, 240) float16 at 25 Hz, same order (`engine.vision.lips`)
    mouths.u8       mouth pictures (frames, 32, 32) uint8
    attributes.f16  face vectors (clips, 128) float16 (`engine.data.attributes`); older packs have none
    delays.csv      by how many frames pictures come late against their sound (`engine.data.sync`); may be missing
    audio_x*.i16    other voices of the clips with a face (`engine.data.morph`), where asked for
    mouths_96.u8    larger mouth pictures (frames, 96, 96) uint8, and
    faces_224.u8    face pictures (clips with a face, 2, 224, 224, 3) uint8 (`engine.data.pictures`), likewise
    imagined.csv, imagined.f16  stretches of clips without a face and lips for them (`engine.data.imagined`), likewise
Clips without a face have video_frames = 0 and come last.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from engine.cache import input_error, output_error, write_then_rename
from engine.data.attributes import ATTRIBUTES, face_vector
from engine.data.clip import SAMPLE_RATE_HZ, Rejected, Source, Taken, take_in
from engine.data.pictures import FACE_PICTURE_PX, FACES, MOUTH_PICTURE_PX
from engine.data.table import read_table, write_table
from engine.errors import InputError
from engine.jobs import CancelToken, Progress, ProgressCallback, ignore_progress
from engine.vision.lips import LANDMARK_FEATURES, MOUTH_PX, RATE_HZ

__all__ = [
    "SAMPLE_RATE_HZ",
    "TABLE",
    "Clip",
    "Pack",
    "Rejected",
    "Source",
    "Taken",
    "add_attributes",
    "take_in",
    "write_pack",
]

TABLE = "clips.csv"
IMAGINED = "imagined"  # corpus of the stretches of imagined.csv
IMAGINED_TABLE, IMAGINED_LIPS = f"{IMAGINED}.csv", f"{IMAGINED}.f16"
DELAYS = "delays.csv"
_ATTRIBUTES = "attributes.f16"
_PICTURES = f"mouths_{MOUTH_PICTURE_PX}.u8", f"faces_{FACE_PICTURE_PX}.u8"


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
class PictureDelay:
    """A row of delays.csv: a clip's name, and how late its pictures come against its sound, in frames at 25 Hz."""

    name: str
    frames: float


class Pack:
    """A training set on disk, memory-mapped.

    Attributes:
        clips: the rows of clips.csv. row_of: a clip's row by its name.
        audio: (samples,) int16. lips: (frames, 240) float16. mouths: (frames, 32, 32) uint8.
        attributes: (clips, 128) float16, row by row as in `clips`, zeros without a face; None in an older pack.
        has_pictures: whether `mouth_pictures_of` and `face_pictures_of` have any.
        imagined: stretches of clips without a face, whose lips `lips_of` knows too; empty where none were imagined.

    Raises:
        InputError: there is no training set in the folder, or its files do not fit each other.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        table = folder / TABLE
        if not table.is_file():
            raise InputError(
                f"There is no training set in {folder}.",
                "Make one with `avsep prepare`, or finish it by calling again.",
            )
        self.clips = read_table(table, Clip)
        self.row_of = {clip.name: number for number, clip in enumerate(self.clips)}
        samples = sum(clip.audio_samples for clip in self.clips)
        frames = sum(clip.video_frames for clip in self.clips)
        self.audio = _mapped(folder / "audio.i16", np.int16, (samples,))
        self.lips = _mapped(folder / "lips.f16", np.float16, (frames, LANDMARK_FEATURES))
        self.mouths = _mapped(folder / "mouths.u8", np.uint8, (frames, MOUTH_PX, MOUTH_PX))
        self.attributes: np.memmap[Any, np.dtype[np.float16]] | None = None
        if (folder / _ATTRIBUTES).is_file() and self.clips:
            _check_size(folder / _ATTRIBUTES, 2 * ATTRIBUTES * len(self.clips))
            self.attributes = np.memmap(folder / _ATTRIBUTES, np.float16, "r", shape=(len(self.clips), ATTRIBUTES))
        self.has_pictures = all((folder / name).is_file() for name in _PICTURES)
        mouth, face = (MOUTH_PICTURE_PX,) * 2, (FACES, FACE_PICTURE_PX, FACE_PICTURE_PX, 3)
        self._mouth_pictures = self._face_pictures = np.zeros((0, *mouth), np.uint8)
        if self.has_pictures:
            filmed = sum(clip.video_frames > 0 for clip in self.clips)
            self._mouth_pictures = _mapped(folder / _PICTURES[0], np.uint8, (frames, *mouth))
            self._face_pictures = _mapped(folder / _PICTURES[1], np.uint8, (filmed, *face))
        there = folder / IMAGINED_TABLE
        self.imagined = read_table(there, Clip) if there.is_file() else []
        frames = sum(clip.video_frames for clip in self.imagined)
        self._imagined_lips: NDArray[np.float16] = (
            _mapped(folder / IMAGINED_LIPS, np.float16, (frames, LANDMARK_FEATURES)) if frames else self.lips[:0]
        )
        there = folder / DELAYS
        measured = read_table(there, PictureDelay) if there.is_file() else []
        self._delays = {row.name: row.frames for row in measured}
        self._imagined_names = {clip.name for clip in self.imagined}

    def lips_of(self, clip: Clip) -> NDArray[np.float16]:
        """Landmark features of a clip, filmed or imagined, (frames, 240)."""
        lips = self._imagined_lips if clip.name in self._imagined_names else self.lips
        return lips[clip.video_start : clip.video_start + clip.video_frames]

    def mouth_pictures_of(self, clip: Clip) -> NDArray[np.uint8]:
        """Mouth pictures of a filmed clip, (frames, 96, 96) grey; none in a set without pictures."""
        return self._mouth_pictures[clip.video_start : clip.video_start + clip.video_frames]

    def face_pictures_of(self, clip: Clip) -> NDArray[np.uint8]:
        """Face pictures of a filmed clip, (2, 224, 224, 3) red, green, blue; only of a set with pictures."""
        return np.asarray(self._face_pictures[self.row_of[clip.name]])

    def delay_of(self, clip: Clip) -> float:
        """By how many frames the pictures of a clip come late against its sound; 0 where nobody measured."""
        return self._delays.get(clip.name, 0.0)

    def morph(self, factor: float) -> NDArray[np.int16]:
        """The audio with pitch and formants times `factor` (`engine.data.morph`), filmed clips only.

        A pack made without such variants gives the audio itself.
        """
        path = morph_path(self.folder, factor)
        return np.memmap(path, np.int16, "r") if path.is_file() and path.stat().st_size else self.audio


def morph_path(folder: Path, factor: float) -> Path:
    """Where a pack keeps the variant of its voices."""
    return folder / f"audio_x{factor}.i16"


def _check_size(path: Path, wanted_bytes: int) -> None:
    try:
        size = path.stat().st_size
    except OSError as error:
        raise input_error(path, error) from error
    if size != wanted_bytes:
        raise InputError(
            f"{path} has {size} bytes; its clips.csv asks for {wanted_bytes}.", "Make the training set again."
        )


def _mapped(path: Path, kind: type[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """A file of the pack as an array of this shape; an empty file cannot be memory-mapped, and is an empty array."""
    count = int(np.prod(shape))
    _check_size(path, count * np.dtype(kind).itemsize)
    return np.memmap(path, kind, "r", shape=shape) if count else np.zeros(shape, kind)


def write_pack(
    clips: Iterable[tuple[Source, Taken, Sequence[NDArray[np.int16]]]],
    folder: Path,
    *,
    factors: Sequence[float] = (),
    with_pictures: bool = False,
) -> list[Clip]:
    """Write a pack. Its files appear when all are whole; until then an older pack of the folder stays usable.

    Args:
        clips: what to put in, those with a face first; with each the variants of its voice, one per factor
            (none needed without a face).
        factors: of the variants.
        with_pictures: write the pictures, which every clip with a face then has; otherwise none has.

    Returns:
        The rows of clips.csv.

    Raises:
        OutputError: the folder is full or cannot be written.
        ValueError: a clip with a face comes after one without, or its pictures are missing.
    """
    rows: list[Clip] = []
    audio_at = video_at = 0
    try:
        with ExitStack() as stack:
            # Entered first, so renamed last: a table is there only when everything that it speaks of is.
            table = stack.enter_context(write_then_rename(folder / TABLE))
            audio_file, lips_file, mouths_file, attributes_file = (
                _opened(stack, folder / name) for name in ("audio.i16", "lips.f16", "mouths.u8", _ATTRIBUTES)
            )
            morph_files = [_opened(stack, morph_path(folder, factor)) for factor in factors]
            picture_files = [_opened(stack, folder / name) for name in _PICTURES if with_pictures]
            for source, taken, morphs in clips:
                if len(taken.lips) and rows and not rows[-1].video_frames:
                    raise ValueError("clips with a face must come first in the pack")
                audio_file.write(taken.audio.tobytes())
                lips_file.write(taken.lips.tobytes())
                mouths_file.write(taken.mouths.tobytes())
                attributes_file.write(taken.attributes.tobytes())
                if len(taken.lips):
                    for file, variant in zip(morph_files, morphs, strict=True):
                        file.write(variant.tobytes())
                    for file, shown in zip(picture_files, taken.pictures or (), strict=True):
                        file.write(shown.tobytes())
                names = (source.name, source.corpus, source.speaker, source.split)
                rows.append(Clip(*names, audio_at, len(taken.audio), video_at, len(taken.lips)))
                audio_at += len(taken.audio)
                video_at += len(taken.lips)
            write_table(table, Clip, rows)
            (folder / TABLE).unlink(missing_ok=True)
            for kind in ("audio_x*.i16", f"{IMAGINED}.*", DELAYS, *_PICTURES):
                for old in folder.glob(kind):
                    old.unlink()
    except OSError as error:
        raise output_error(folder / TABLE, error) from error
    return rows


def _opened(stack: ExitStack, path: Path) -> BinaryIO:
    """A file to write that gets its name when the stack ends."""
    temporary = stack.enter_context(write_then_rename(path))
    return stack.enter_context(temporary.open("wb"))


def add_attributes(
    folder: Path,
    root: Path,
    *,
    on_progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> None:
    """Add the face vectors to a pack that has none, from the videos that it was made of.

    What was computed before a stop is kept beside the pack and used again.

    Args:
        root: the folder that the names in clips.csv are relative to.

    Raises:
        InputError: there is no pack, or a video is missing or cannot be read.
        OutputError: the folder is full or cannot be written.
        JobCancelled: asked for through `cancel`.
    """
    pack, cancel = Pack(folder), cancel or CancelToken()
    if pack.attributes is not None:
        return
    # Named after the table, so that rows of another pack are never taken for this one's.
    known = hashlib.blake2b((folder / TABLE).read_bytes(), digest_size=8).hexdigest()
    part = folder / f"attributes-{known}.part"
    row_bytes = 2 * ATTRIBUTES
    try:
        with part.open("ab") as file:
            done = file.tell() // row_bytes
            file.truncate(done * row_bytes)
            for number, clip in enumerate(pack.clips[done:], done + 1):
                cancel.checkpoint()
                vector = np.zeros(ATTRIBUTES, np.float16)
                if clip.video_frames:
                    vector = face_vector(root / clip.name, clip.video_frames / RATE_HZ, cancel)
                file.write(vector.tobytes())
                file.flush()
                on_progress(Progress("Looking at faces", number, len(pack.clips)))
        part.replace(folder / _ATTRIBUTES)
    except OSError as error:
        raise output_error(part, error) from error
