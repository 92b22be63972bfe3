"""Finished clips of a training set in the making, one file each, so that a stopped run loses nothing.

A clip is named after its file's path, size and time of change; `VERSION` stands for the method.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.cache import output_error, write_then_rename
from engine.data.clip import Source, Taken
from engine.data.pictures import Pictures
from engine.errors import InputError

VERSION = 1  # of what is kept; a higher number makes older clips void
FOLDER = "clips"
_ARRAYS = ("audio", "lips", "mouths", "attributes")  # of `Taken`; pictures have a file of their own


class ClipStore:
    """The finished clips below a folder.

    Args:
        folder: of the training set.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder / FOLDER

    def key(self, source: Source) -> str:
        """How a source's clip is called.

        Raises:
            OSError: the file is gone or cannot be looked at.
        """
        status = source.path.stat()
        facts = (VERSION, source.path.absolute(), status.st_size, status.st_mtime_ns, source.has_face)
        return hashlib.blake2b(
            "\0".join(map(str, facts)).encode("utf-8", "surrogateescape"), digest_size=12
        ).hexdigest()

    def has(self, key: str, factors: Sequence[float], *, pictures: bool = False) -> bool:
        """Whether the clip is finished, with these variants of its voice, and with its pictures where asked for."""
        return all(path.is_file() for path in self._files(key, factors, pictures))

    def why_rejected(self, key: str) -> str | None:
        """Why the source was left out; None where it was not."""
        try:
            return self._reject(key).read_text(encoding="utf-8")
        except OSError:
            return None

    def reject(self, key: str, why: str) -> None:
        """Remember that a source is left out.

        Raises:
            OutputError: the folder is full or cannot be written.
        """
        with write_then_rename(self._made(self._reject(key))) as part:
            part.write_text(why, encoding="utf-8")

    def forget_rejection(self, key: str) -> None:
        """Try this source again."""
        self._reject(key).unlink(missing_ok=True)

    def keep(self, key: str, taken: Taken) -> None:
        """Keep a finished clip, with its pictures where it has some.

        Raises:
            OutputError: the folder is full or cannot be written.
        """
        arrays = {name: getattr(taken, name) for name in _ARRAYS}
        with write_then_rename(self._made(self._clip(key))) as part, part.open("wb") as file:
            np.savez(file, **arrays)
        if taken.pictures is not None:
            with write_then_rename(self._pictures(key)) as part, part.open("wb") as file:
                np.savez(file, **taken.pictures._asdict())

    def keep_morphs(self, key: str, factors: Sequence[float], morphs: Sequence[NDArray[np.int16]]) -> None:
        """Keep the variants of a clip's voice, one per factor.

        Raises:
            OutputError: the folder is full or cannot be written.
        """
        with write_then_rename(self._made(self._morphs(key, factors))) as part, part.open("wb") as file:
            np.save(file, np.stack(list(morphs)))

    def load(self, key: str, *, pictures: bool = False) -> Taken:
        """A finished clip, with its pictures where they are asked for.

        Raises:
            InputError: it is damaged; it is forgotten, so that the next run makes it again.
        """
        audio, lips, mouths, attributes = self._arrays(self._clip(key), _ARRAYS)
        taken = Taken(audio, lips, mouths, attributes)
        if not pictures:
            return taken
        there = Pictures(*self._arrays(self._pictures(key), Pictures._fields))
        if len(there.mouths) != len(taken.lips):
            why = f"{len(there.mouths)} pictures for {len(taken.lips)} frames"
            raise self._damaged(self._pictures(key), ValueError(why))
        return taken._replace(pictures=there)

    def load_morphs(self, key: str, factors: Sequence[float]) -> NDArray[np.int16]:
        """The variants of a finished clip's voice, (factors, n) int16.

        Raises:
            InputError: as for `load`.
        """
        path = self._morphs(key, factors)
        try:
            with path.open("rb") as file:
                return np.asarray(np.load(file, allow_pickle=False), np.int16)
        except (OSError, ValueError, EOFError) as error:
            raise self._damaged(path, error) from error

    def size_bytes(self, key: str, factors: Sequence[float], *, pictures: bool = False) -> int:
        """About what the clip takes up in the pack."""
        return sum(path.stat().st_size for path in self._files(key, factors, pictures))

    def _files(self, key: str, factors: Sequence[float], pictures: bool) -> list[Path]:
        """All that a finished clip consists of."""
        morphs = [self._morphs(key, factors)] if factors else []
        return [self._clip(key), *morphs, *([self._pictures(key)] if pictures else [])]

    def _arrays(self, path: Path, names: Sequence[str]) -> list[NDArray[Any]]:
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                return [arrays[name] for name in names]
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise self._damaged(path, error) from error

    def _damaged(self, path: Path, error: Exception) -> InputError:
        path.unlink(missing_ok=True)
        return InputError(
            f"A finished clip, {path.name}, is damaged and was dropped.",
            "Run the command again: it makes this clip anew and keeps the others.",
            details=f"{type(error).__name__}: {error}",
        )

    def _made(self, path: Path) -> Path:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise output_error(path, error) from error
        return path

    def _clip(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.npz"

    def _pictures(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}-pictures.npz"

    def _morphs(self, key: str, factors: Sequence[float]) -> Path:
        return self.folder / key[:2] / f"{key}-{'-'.join(f'{factor:g}' for factor in factors)}.npy"

    def _reject(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.rejected"
