"""Recovery: what a window has not saved, in a file that outlives a crash and that no other window takes while it lives.

A window that has something open keeps one file and, beside it, a lock that names its process. A file whose lock can be
had belongs to a window that ended without closing; who finds it holds the lock from then on.
"""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QLockFile

from avsep_gui.state.project import SUFFIX, Project, write_project
from avsep_gui.state.project_reader import read_project
from engine.errors import InputError

logger = logging.getLogger(__name__)

LOCK = ".lock"


@dataclass(frozen=True)
class Abandoned:
    """A recovery file that nobody writes any more; its lock is held here. It was written at `at_s` (Unix time)."""

    path: Path
    project: Project
    at_s: float
    lock: QLockFile

    def discard(self) -> None:
        """Delete it."""
        self.path.unlink(missing_ok=True)
        self.lock.unlock()

    def release(self) -> None:
        """Leave it for the next start."""
        self.lock.unlock()


class Recovery:
    """The recovery file of one window."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path: Path | None = None
        self._lock: QLockFile | None = None

    @property
    def path(self) -> Path | None:
        """The file, None while this window has none."""
        return self._path

    def write(self, project: Project) -> None:
        """Keep this as what is not saved.

        Raises:
            OSError: it cannot be written.
        """
        if self._path is None:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            path = self._folder / f"{os.getpid()}-{secrets.token_hex(4)}{SUFFIX}"
            lock = _lock(path)
            if lock is None:
                raise OSError(f"{path} cannot be locked")
            self._path, self._lock = path, lock
        write_project(self._path, project, safe=False)

    def adopt(self, found: Abandoned) -> None:
        """Go on with a file that another window left, in place of one's own."""
        self.remove()
        self._path, self._lock = found.path, found.lock

    def remove(self) -> None:
        """Everything is saved, or nothing is to be kept."""
        if self._path is not None:
            with contextlib.suppress(OSError):
                self._path.unlink(missing_ok=True)
        self.release()

    def release(self) -> None:
        """Leave the file for the next start, and begin another one."""
        if self._lock is not None:
            self._lock.unlock()
        self._path, self._lock = None, None


def abandoned(folder: Path) -> list[Abandoned]:
    """What windows left that ended without closing, latest first. Files that cannot be read are left where they are."""
    found: list[Abandoned] = []
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        lock = _lock(path)
        if lock is None:
            continue
        try:
            found.append(Abandoned(path, read_project(path), path.stat().st_mtime, lock))
        except (InputError, OSError) as error:
            logger.info("%s is left alone: %s", path, error)
            lock.unlock()
    return sorted(found, key=lambda one: one.at_s, reverse=True)


def _lock(path: Path) -> QLockFile | None:
    """The lock of a recovery file, or None while a living process holds it."""
    lock = QLockFile(str(path) + LOCK)
    lock.setStaleLockTime(0)  # only a dead process gives it up, however old it is
    return lock if lock.tryLock(0) else None
