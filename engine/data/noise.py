"""Recorded noise beside a training set: noise.i16 (16 kHz mono int16, one recording after the other) and noise.csv.

It has files of its own, so that it can be added to a pack that a training run is reading. All of it is for training.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.cache import output_error, write_then_rename
from engine.data.augment import FloatArray, looped
from engine.data.clip import Rejected, Source, take_in
from engine.data.table import read_table, write_table
from engine.errors import InputError
from engine.jobs import CancelToken, Progress, ProgressCallback, ignore_progress

TABLE, SOUND = "noise.csv", "noise.i16"
_LOUD_ENOUGH = 20.0  # of 32767, standard deviation of a stretch that is worth hearing
_TRIES = 20


@dataclass(frozen=True)
class NoiseClip:
    """A row of noise.csv; start and length count samples at 16 kHz."""

    name: str
    start: int
    samples: int


class Noise:
    """The noise of a training set, memory-mapped.

    Attributes:
        clips: the rows of noise.csv. audio: (samples,) int16.

    Raises:
        InputError: there is none in the folder, or its files do not fit each other.
    """

    def __init__(self, folder: Path) -> None:
        table = folder / TABLE
        if not table.is_file():
            raise InputError(
                f"There is no noise in the training set {folder}.",
                "Add recordings with engine.data.noise.add_noise, or set noise_share to 0.",
            )
        self.clips = read_table(table, NoiseClip)
        wanted = 2 * sum(clip.samples for clip in self.clips)
        size = (folder / SOUND).stat().st_size if (folder / SOUND).is_file() else 0
        if not wanted or size != wanted:
            raise InputError(f"{folder / SOUND} has {size} bytes; {TABLE} asks for {wanted}.", "Add the noise again.")
        self.audio: NDArray[np.int16] = np.memmap(folder / SOUND, np.int16, "r")

    def draw(self, rng: np.random.Generator, samples: int) -> FloatArray:
        """A stretch of some recording, (samples,) float32; shorter ones begin anew, silent stretches are avoided."""
        for _ in range(_TRIES):
            clip = self.clips[int(rng.integers(len(self.clips)))]
            start = int(rng.integers(clip.samples))
            whole = self.audio[clip.start : clip.start + clip.samples]
            sound = np.asarray(looped(whole, start, samples), np.float32)
            if sound.std() > _LOUD_ENOUGH:
                break
        return np.asarray(sound - sound.mean(), np.float32)


def add_noise(
    folder: Path,
    files: Sequence[Path],
    *,
    on_progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> list[Rejected]:
    """Put recordings of noise beside a pack, in place of those that are there; the pack itself is not touched.

    Args:
        files: recordings without speech, for training only.

    Returns:
        The files left out, and why.

    Raises:
        InputError: none of the files can be used. OutputError: the folder is full or cannot be written.
        JobCancelled: asked for through `cancel`.
    """
    cancel = cancel or CancelToken()
    rows: list[NoiseClip] = []
    rejected: list[Rejected] = []
    at = 0
    # The table is entered first, so renamed last: it is there only when the sound is.
    with write_then_rename(folder / TABLE) as table, write_then_rename(folder / SOUND) as part:
        with part.open("wb") as sound:
            for number, path in enumerate(files, 1):
                cancel.checkpoint()
                taken = take_in(Source(path, path.name, "noise", "", "train", has_face=False), cancel)
                if isinstance(taken, Rejected):
                    rejected.append(taken)
                else:
                    sound.write(taken.audio.tobytes())
                    rows.append(NoiseClip(path.name, at, len(taken.audio)))
                    at += len(taken.audio)
                on_progress(Progress("Adding noise", number, len(files)))
        if not rows:
            raise InputError(f"None of the {len(files)} files of noise can be used.", "Choose sound files.")
        write_table(table, NoiseClip, rows)
        try:
            (folder / TABLE).unlink(missing_ok=True)
        except OSError as error:
            raise output_error(folder / TABLE, error) from error
    return rejected
