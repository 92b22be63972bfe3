"""The cache on disk: where computed things live, how a file is named by its content, how a file appears whole.

Layout: `<root>/<kind>/<key>/`, one folder per entry. What is inside belongs to the module that owns the kind. The
modification time of the folder says when the entry was last asked for.
"""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import platformdirs

from engine.errors import InputError, OutputError

CACHE_DIR_VARIABLE = "AVSEP_CACHE_DIR"
DEFAULT_LIMIT_BYTES = 20 * 2**30
PROBE_BYTES = 2**20
IN_USE_S = 3600.0
TEMP_PREFIX = ".avsep-"


def cache_root() -> Path:
    """The folder of the cache: `$AVSEP_CACHE_DIR`, or the user's cache folder. It may not exist yet."""
    chosen = os.environ.get(CACHE_DIR_VARIABLE)
    return Path(chosen).absolute() if chosen else Path(platformdirs.user_cache_dir("avsep", appauthor=False))


def content_key(path: Path) -> str:
    """Name a file by what is in it, so that a renamed or moved file finds its results again.

    The key covers the size and three stretches of 1 MiB (head, middle, tail): constant time for any length.

    Returns:
        32 hexadecimal digits.

    Raises:
        InputError: missing, a folder, empty, not readable, or on a drive that is gone.
    """
    digest = hashlib.blake2b(digest_size=16)
    size = check_input(path)
    try:
        with path.open("rb") as file:
            digest.update(size.to_bytes(8, "little"))
            for start in sorted({0, max(0, (size - PROBE_BYTES) // 2), max(0, size - PROBE_BYTES)}):
                file.seek(start)
                digest.update(file.read(PROBE_BYTES))
    except OSError as error:
        raise input_error(path, error) from error
    return digest.hexdigest()


def check_input(path: Path) -> int:
    """Make sure that a file is there and can be read.

    Returns:
        Its size in bytes, above 0.

    Raises:
        InputError: missing, a folder, a device, empty, not readable, or on a drive that is gone.
    """
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise InputError(f"“{path.name or path}” is a folder, not a file.", "Choose a video or sound file in it.")
        if not stat.S_ISREG(status.st_mode):
            raise InputError(f"“{path.name}” is not an ordinary file.", "Choose a video or sound file.")
        with path.open("rb"):
            pass
    except (OSError, ValueError) as error:
        raise input_error(path, error) from error
    if status.st_size == 0:
        raise InputError(f"“{path.name}” is empty (0 bytes).", "Copy or download the file again.")
    return status.st_size


def input_error(path: Path, error: OSError | ValueError) -> InputError:
    """Say in the user's words why a file cannot be read."""
    number = error.errno if isinstance(error, OSError) else None
    details = f"{type(error).__name__}: {error}"
    if number in (errno.ENOENT, errno.ENOTDIR):
        folder = path.absolute().parent
        if not folder.exists():
            return InputError(
                f"“{path.name}” was not found: the folder “{folder}” is not there.",
                "Connect the drive or the network folder again, or choose the file at its new place.",
                details=details,
            )
        return InputError(
            f"“{path.name}” was not found in “{folder}”.",
            "Check the name, or choose the file at its new place.",
            details=details,
        )
    if number in (errno.EACCES, errno.EPERM):
        return InputError(
            f"“{path.name}” cannot be read: permission is missing.",
            "Give yourself permission to read the file, or copy it to a folder of your own.",
            details=details,
        )
    if number in (errno.EIO, errno.ENODEV, errno.ENXIO, errno.ESTALE, errno.ENOTCONN, errno.EHOSTDOWN):
        return InputError(
            f"“{path.name}” cannot be read: its drive does not answer.",
            "Connect the drive again, or copy the file to this computer.",
            details=details,
        )
    if number == errno.ENAMETOOLONG or isinstance(error, ValueError):
        return InputError(
            f"“{path.name[:60]}…” is not a possible file name.", "Check the name of the file.", details=details
        )
    return InputError(
        f"“{path.name}” cannot be read ({error}).", "Copy the file to another folder and try again.", details=details
    )


def output_error(path: Path, error: OSError) -> OutputError:
    """Say in the user's words why a file cannot be written."""
    details = f"{type(error).__name__}: {error}"
    folder = path.absolute().parent
    number = error.errno
    if number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return OutputError(
            f"“{path.name}” could not be written: there is no space left in “{folder}”.",
            "Free some space or choose another folder.",
            details=details,
        )
    if number == errno.EROFS:
        return OutputError(
            f"“{path.name}” could not be written: “{folder}” is read-only.", "Choose another folder.", details=details
        )
    if number in (errno.EACCES, errno.EPERM):
        return OutputError(
            f"“{path.name}” could not be written: permission is missing for “{folder}”.",
            "Choose a folder of your own, or give yourself permission to write there.",
            details=details,
        )
    if number in (errno.ENOENT, errno.ENOTDIR):
        return OutputError(
            f"“{path.name}” could not be written: the folder “{folder}” is not there.",
            "Create the folder, connect its drive again, or choose another one.",
            details=details,
        )
    if number == errno.EISDIR:
        return OutputError(f"“{path.name}” is a folder.", "Choose another file name.", details=details)
    if number == errno.ENAMETOOLONG:
        return OutputError(
            f"“{path.name[:60]}…” is too long for a file name.", "Choose a shorter name.", details=details
        )
    return OutputError(
        f"“{path.name}” could not be written ({error}).", "Choose another folder and try again.", details=details
    )


def entry(kind: str, key: str) -> Path:
    """The folder of one cache entry, created where needed and marked as used now.

    Args:
        kind: what is kept ("audio", "faces"); one folder name.
        key: which one; one folder name.

    Raises:
        OutputError: the cache folder cannot be created or written.
    """
    folder = cache_root() / kind / key
    try:
        folder.mkdir(parents=True, exist_ok=True)
        os.utime(folder)
    except OSError as error:
        raise output_error(folder, error) from error
    return folder


def prune(limit_bytes: int = DEFAULT_LIMIT_BYTES) -> None:
    """Delete the entries that were not used for longest until the cache fits, sparing those of the last hour.

    Never raises for what it cannot delete: an entry in use elsewhere is simply left for the next time.
    """
    found: list[tuple[float, int, Path]] = []
    for folder in cache_root().glob("*/*"):
        with suppress(OSError):
            if folder.is_dir():
                found.append((folder.stat().st_mtime, _size_bytes(folder), folder))
    total = sum(size for _, size, _ in found)
    newest_to_delete = time.time() - IN_USE_S
    for used, size, folder in sorted(found):
        if total <= limit_bytes or used > newest_to_delete:
            return
        shutil.rmtree(folder, ignore_errors=True)
        total -= size


def _size_bytes(folder: Path) -> int:
    """Space that the files below a folder take up on the disk (holes in sparse files do not count)."""
    total = 0
    for file in folder.rglob("*"):
        with suppress(OSError):
            status = file.lstat()
            if stat.S_ISREG(status.st_mode):
                blocks = getattr(status, "st_blocks", None)  # not on Windows
                total += status.st_size if blocks is None else blocks * 512
    return total


@contextmanager
def write_then_rename(path: Path) -> Iterator[Path]:
    """Write a file so that it appears under its name only when it is whole, replacing what was there.

    Yields a temporary path in the same folder, with the same suffix. On success the file is flushed to the disk and
    renamed; on any error or cancellation it is removed.

    Raises:
        OutputError: the folder is missing, full, read-only or closed to the user; also for such an `OSError` raised
            by the caller's block.
    """
    # The stem is not kept in the temporary name: a name of 250 bytes would grow too long.
    temporary = path.absolute().parent / f"{TEMP_PREFIX}{secrets.token_hex(6)}{path.suffix}"
    try:
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    except OSError as error:
        raise output_error(path, error) from error
    try:
        yield temporary
        _flush_to_disk(temporary)
        temporary.replace(path)
    except OSError as error:
        raise output_error(path, error) from error
    finally:
        with suppress(OSError):
            temporary.unlink()


def _flush_to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDWR | getattr(os, "O_BINARY", 0))
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
