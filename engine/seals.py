"""Checksums of what the cache keeps, so that what was damaged since is found and made again, and not believed."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

from engine.cache import write_then_rename

_BLOCK_BYTES = 1 << 22


def write_sealed(path: Path, value: Any) -> None:
    """Write a JSON value with its checksum.

    Raises:
        OutputError: it cannot be written.
    """
    text = json.dumps(value)
    with write_then_rename(path) as part:
        part.write_text(f"{zlib.crc32(text.encode()):08x} {text}\n", encoding="ascii")


def read_sealed(path: Path) -> Any:
    """The value that `write_sealed` wrote; None where there is none, or it was damaged."""
    try:
        told, _, text = path.read_bytes().rstrip(b"\n").partition(b" ")
        return json.loads(text) if told == b"%08x" % zlib.crc32(text) else None
    except (OSError, ValueError, RecursionError):
        return None


def checksum(path: Path) -> int:
    """CRC-32 of a file; remembered until the file changes.

    Raises:
        OSError: it cannot be read.
    """
    status = path.stat()
    return _checksum(path, status.st_mtime_ns, status.st_ctime_ns, status.st_size)


@lru_cache(maxsize=256)
def _checksum(path: Path, _modified_ns: int, _changed_ns: int, _size: int) -> int:
    found = 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            found = zlib.crc32(block, found)
    return found


def seal(path: Path, files: Iterable[Path]) -> None:
    """Note the checksums of files beside them, in `path`.

    Raises:
        OSError: one cannot be read. OutputError: the note cannot be written.
    """
    write_sealed(path, {file.name: checksum(file) for file in files})


def intact(path: Path) -> bool:
    """Whether all files that `seal` noted in `path` are there as they were."""
    sums = read_sealed(path)
    try:
        return sums is not None and all(checksum(path.with_name(name)) == told for name, told in sums.items())
    except OSError:
        return False
