"""Where results are made before they have their names, and how they get them: all of them, or none.

Results are made in a hidden folder beside their place, which a lock keeps for the run that made it: what a killed run
left goes with the next one. A new folder gets its name as a whole. Files for a folder that was there are moved one by
one; what a killed run had moved by then is taken back, so that the same command can be given again.
"""

from __future__ import annotations

import secrets
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from engine.cache import TEMP_PREFIX, output_error
from engine.errors import EngineError, OutputExistsError
from engine.locks import held
from engine.seals import read_sealed, write_sealed

_LOCK, _MOVES = ".lock", "moves.json"
_LEFT_S = 3600.0


@dataclass(frozen=True)
class Staging:
    """A place for results.

    Attributes:
        folder: where they are made. place: the folder where they appear.
        whole: the folder itself is new, and appears as a whole.
    """

    folder: Path
    place: Path
    whole: bool

    def publish(self, names: Sequence[str], *, overwrite: bool) -> None:
        """Give finished files their places, in order.

        Raises:
            OutputExistsError: somebody else was quicker. OutputError: a file cannot be moved.
        """
        try:
            if self.whole:
                if self.place.exists():
                    raise _exists(self.place)
                self.folder.rename(self.place)
                return
            for name in names:
                if not overwrite and (self.place / name).exists():
                    raise _exists(self.place / name)
            if not overwrite and len(names) > 1:
                write_sealed(self.folder.with_name(_MOVES), {name: _identity(self.folder / name) for name in names})
            for name in names:
                (self.folder / name).replace(self.place / name)
        except OSError as error:
            raise output_error(self.place, error) from error


@contextmanager
def staging(place: Path, *, whole: bool) -> Iterator[Staging]:
    """A place for results on the disk where they will be, gone afterwards.

    Args:
        place: the folder where results appear.
        whole: it is not there yet, and the results are all of it.

    Raises:
        OutputError: it cannot be made; also for an `OSError` of the block.
    """
    parent = place.parent if whole else place
    _clear(parent, place)
    work = parent / f"{TEMP_PREFIX}{secrets.token_hex(6)}"
    lock = work.with_name(work.name + _LOCK)
    try:
        with ExitStack() as stack:
            stack.callback(_remove, lock)
            stack.enter_context(held(lock, f"“{lock}” is in use.", "Try again."))
            stack.callback(shutil.rmtree, work, ignore_errors=True)
            (work / "out").mkdir(parents=True)
            yield Staging(work / "out", place, whole)
    except OSError as error:
        raise output_error(place, error) from error


def _clear(parent: Path, place: Path) -> None:
    """Remove what runs left that were killed; never raises."""
    with suppress(OSError):
        for lock in list(parent.glob(f"{TEMP_PREFIX}*{_LOCK}")):
            work = lock.with_name(lock.name.removesuffix(_LOCK))
            if not work.is_dir():  # its run just begins, or just ends
                if time.time() - lock.stat().st_mtime > _LEFT_S:
                    _remove(lock)
                continue
            with suppress(EngineError), held(lock, "It is in use.", "Wait."):
                _take_back(work, place)
                shutil.rmtree(work, ignore_errors=True)
                _remove(lock)


def _take_back(work: Path, place: Path) -> None:
    """Remove results that were moved before their run was killed, if they are still the same files."""
    moves = read_sealed(work / _MOVES) or {}
    if any((work / "out" / name).exists() for name in moves):
        for name, identity in moves.items():
            with suppress(OSError):
                if _identity(place / name) == identity:
                    (place / name).unlink()


def _identity(file: Path) -> list[int]:
    """What stays when a file is moved, and is another for any other."""
    status = file.stat()
    return [status.st_ino, status.st_size, status.st_mtime_ns]


def _remove(file: Path) -> None:
    with suppress(OSError):
        file.unlink()


def _exists(place: Path) -> OutputExistsError:
    return OutputExistsError(f"“{place}” exists already.", "Choose another name, or ask to overwrite it.")
