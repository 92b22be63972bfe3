"""Which files: named ones, folders with all below them, patterns; without what is excluded."""

from __future__ import annotations

import fnmatch
import glob
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.errors import InputError
from engine.jobs import CancelToken

VIDEO_SUFFIXES = frozenset(
    f".{ending}"
    for ending in (
        *("mp4", "mov", "mkv", "avi", "webm", "m4v", "mpg", "mpeg", "ts", "mts", "m2ts", "wmv", "flv", "ogv", "3gp"),
        *("mxf", "vob", "asf"),
    )
)


@dataclass(frozen=True)
class FoundInput:
    """A file, and the folder below which it was found: "" for one that was named itself."""

    path: Path
    below: str = ""


def find_inputs(
    wanted: Sequence[str | Path],
    *,
    exclude: Sequence[str] = (),
    outside: Path | None = None,
    may_be_none: bool = False,
    cancel: CancelToken | None = None,
) -> tuple[FoundInput, ...]:
    """List the files that are meant, each once, in the order given; in folders by name, numbers by their value.

    Args:
        wanted: files, which need not be there; folders, of which all videos count, also in folders below; patterns
            with `*`, `?`, `[...]` and `**`. Hidden files and folders are left out.
        exclude: patterns; a file is left out if one fits its name, its path, or a folder on the way.
        outside: the folder that results go to; absolute; where it lies below a folder that is named, or a
            pattern reaches into it, nothing in it counts.
        may_be_none: nothing to be found is no error.

    Raises:
        InputError: a folder cannot be read, or nothing is left.
    """
    found: dict[str, FoundInput] = {}
    for one in wanted:
        for file in _expand(os.fspath(one), outside, cancel or CancelToken()):
            if not _excluded(file.path, exclude):
                found.setdefault(os.path.normcase(file.path), file)
    if not found and not may_be_none:
        names = ", ".join(f"“{os.fspath(one)}”" for one in wanted[:3])
        raise InputError(
            f"There are no videos in {names}{' and others' if len(wanted) > 3 else ''}.",
            "Name video files, or folders that have some.",
        )
    return tuple(found.values())


def _expand(text: str, outside: Path | None, cancel: CancelToken) -> Iterator[FoundInput]:
    path = Path(os.path.abspath(text))  # noqa: PTH100 - unlike Path.absolute, it resolves ".."
    if path.is_dir():
        yield from _in_folder(path, outside, cancel)
    elif not os.path.lexists(path) and glob.has_magic(text):
        for match in sorted(glob.glob(text, recursive=True), key=_by_number):  # noqa: PTH207 - patterns may be absolute
            cancel.checkpoint()
            file = Path(os.path.abspath(match))  # noqa: PTH100
            is_result = outside is not None and file.is_relative_to(outside) and not path.is_relative_to(outside)
            if file.is_file() and not is_result:
                yield FoundInput(file)
    else:
        yield FoundInput(path)


def _in_folder(folder: Path, outside: Path | None, cancel: CancelToken) -> Iterator[FoundInput]:
    def on_error(error: OSError) -> None:
        if Path(error.filename or folder) == folder:
            raise InputError(
                f"The folder “{folder}” cannot be read ({error.strerror}).",
                "Give yourself permission to read it, or connect its drive again.",
            ) from error

    for root, folders, files in os.walk(folder, onerror=on_error):
        cancel.checkpoint()
        wanted = (name for name in folders if not name.startswith(".") and Path(root, name) != outside)
        folders[:] = sorted(wanted, key=_by_number)
        for name in sorted(files, key=_by_number):
            if not name.startswith(".") and Path(name).suffix.lower() in VIDEO_SUFFIXES:
                below = Path(root).relative_to(folder).as_posix()
                yield FoundInput(Path(root, name), "" if below == "." else below)


def _excluded(path: Path, patterns: Sequence[str]) -> bool:
    steps = (path, *path.parents)
    return any(
        fnmatch.fnmatch(step.name, pattern) or fnmatch.fnmatch(os.fspath(step), pattern)
        for pattern in patterns
        for step in steps
    )


def _by_number(name: str) -> list[tuple[int, int, str]]:
    """Sort key: "talk 2" before "talk 10"."""
    parts = re.split(r"([0-9]+)", name.casefold())
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts]
