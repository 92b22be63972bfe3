"""The cache on disk: where computed things live, how a file is named by its content, how a file appears whole.

Layout: `<root>/<kind>/<key>/`, one folder per entry. What is inside belongs to the module that owns the kind. The
modification time of the folder says when the entry was last asked for.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import secrets
import shutil
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from engine.errors import InputError, OutputError, UsageError
from engine.jobs import Progress, ProgressCallback
from engine.resources import data_folder

CACHE_DIR_VARIABLE = "AVSEP_CACHE_DIR"
DEFAULT_LIMIT_BYTES = 20 * 10**9
LEAST_LIMIT_BYTES = 10**9
PROBE_BYTES = 2**20
WHOLE_BYTES = 64 * PROBE_BYTES
IN_USE_S = 3600.0
MARK_EVERY_S = 60.0
LEFT_S = 86_400.0
TEMP_PREFIX = ".avsep-"
WORK_PREFIX = "work-"
_LIMIT_FILE = "cache.json"
_MOST_LIMIT_FILE_BYTES = 4096


def cache_root() -> Path:
    """The folder of the cache: `$AVSEP_CACHE_DIR`, or the user's cache folder. It may not exist yet."""
    chosen = os.environ.get(CACHE_DIR_VARIABLE)
    return Path(chosen).absolute() if chosen else Path(platformdirs.user_cache_dir("avsep", appauthor=False))


def content_key(path: Path) -> str:
    """Name a file by what is in it, so that a renamed or moved file finds its results again.

    The key covers the size and all of a file of up to 64 MiB; of a longer one three stretches of 1 MiB (head, middle,
    tail) and when it was last changed, so that it takes a moment for any length. That time is taken in steps of 2 s,
    which it keeps on any file system that the file is moved to.

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
            if size <= WHOLE_BYTES:
                digest.update(file.read())
            else:
                changed = int(os.fstat(file.fileno()).st_mtime) // 2
                digest.update(changed.to_bytes(8, "little", signed=True))
                for start in (0, (size - PROBE_BYTES) // 2, size - PROBE_BYTES):
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


def in_use(on_progress: ProgressCallback, *folders: Path) -> ProgressCallback:
    """A callback that also marks entries as used now, once a minute: a long job's are not old while it goes on."""
    marked_at = time.monotonic()

    def on_work(progress: Progress) -> None:
        nonlocal marked_at
        now = time.monotonic()
        if now - marked_at >= MARK_EVERY_S:
            marked_at = now
            for folder in folders:
                with suppress(OSError):
                    os.utime(folder)
        on_progress(progress)

    return on_work


def kept_limit() -> int:
    """How many bytes the cache may take: what the user chose, else `DEFAULT_LIMIT_BYTES`."""
    try:
        with _limit_path().open("rb") as file:
            told = json.loads(file.read(_MOST_LIMIT_FILE_BYTES))
        limit = told["limit_bytes"]
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return DEFAULT_LIMIT_BYTES
    return limit if isinstance(limit, int) and limit >= LEAST_LIMIT_BYTES else DEFAULT_LIMIT_BYTES


def keep_limit(limit_bytes: int) -> None:
    """Let the cache take so much from now on, in the window and on the command line.

    Raises:
        UsageError: less than `LEAST_LIMIT_BYTES`. OutputError: the choice cannot be kept.
    """
    if limit_bytes < LEAST_LIMIT_BYTES:
        raise UsageError(
            f"The cache cannot work with {limit_bytes / 1e9:g} GB.", f"Give it {LEAST_LIMIT_BYTES / 1e9:g} GB or more."
        )
    path = _limit_path()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise output_error(path, error) from error
    with write_then_rename(path) as part:
        part.write_text(json.dumps({"limit_bytes": limit_bytes}) + "\n", encoding="utf-8")


def _limit_path() -> Path:
    return data_folder() / _LIMIT_FILE


def prune(limit_bytes: int | None = None) -> None:
    """Delete the entries that were not used for longest until the cache fits, sparing those of the last hour.

    Never raises for what it cannot delete: an entry in use elsewhere is simply left for the next time.

    Args:
        limit_bytes: None stands for `kept_limit`.
    """
    limit = kept_limit() if limit_bytes is None else limit_bytes
    found = list(entries())
    total = sum(one.size_bytes for one in found)
    newest_to_delete = time.time() - IN_USE_S
    for one in sorted(found, key=lambda one: one.used_at):
        if total <= limit or one.used_at > newest_to_delete:
            break
        if delete_entry(one.folder):
            total -= one.size_bytes
    sweep()


@dataclass(frozen=True)
class Entry:
    """One entry as it was found.

    Attributes:
        used_at: when it was last asked for, seconds of the epoch. unreadable: folders in it that could not be read.
    """

    kind: str
    folder: Path
    used_at: float
    size_bytes: int
    unreadable: int = 0


def entries(on_unreadable: Callable[[Path], None] = lambda _: None) -> Iterator[Entry]:
    """Go through the cache; what is deleted meanwhile is left out.

    Args:
        on_unreadable: told of each folder above the entries that could not be read.
    """
    for kind in _folders(cache_root(), on_unreadable):
        for folder in _folders(kind, on_unreadable):
            with suppress(OSError):
                used_at = folder.stat().st_mtime
                size_bytes, unreadable = disk_usage(folder)
                yield Entry(kind.name, folder, used_at, size_bytes, unreadable)


def _folders(parent: Path, on_unreadable: Callable[[Path], None]) -> list[Path]:
    try:
        with os.scandir(parent) as found:
            return [Path(one) for one in found if not one.name.startswith(TEMP_PREFIX) and _is_folder(one)]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError:
        on_unreadable(parent)
        return []


def _is_folder(found: os.DirEntry[str]) -> bool:
    with suppress(OSError):
        return found.is_dir(follow_symlinks=False)
    return False


def delete_entry(folder: Path) -> bool:
    """Delete an entry, as a whole or not at all: one that is open on Windows, or that is not ours, stays as it is."""
    gone = cache_root() / f"{TEMP_PREFIX}{secrets.token_hex(6)}"
    try:
        folder.rename(gone)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    shutil.rmtree(gone, ignore_errors=True)
    return True


def sweep() -> None:
    """Delete what a stopped program had left: of the entries that it was deleting, and of files that it was writing."""
    with suppress(OSError):
        for folder in cache_root().glob(f"{TEMP_PREFIX}*"):
            shutil.rmtree(folder, ignore_errors=True)
        for left in (*cache_root().glob(f"*/*/{TEMP_PREFIX}*"), *cache_root().glob(f"*/*/{WORK_PREFIX}*")):
            if left.stat().st_mtime < time.time() - LEFT_S:
                shutil.rmtree(left) if left.is_dir() else left.unlink()


def disk_usage(folder: Path, *, apart_from: Path | None = None) -> tuple[int, int]:
    """Space that the files below a folder take up on the disk (holes in sparse files do not count).

    Args:
        apart_from: a folder below it that does not count.

    Returns:
        Bytes, and how many folders could not be read. What is deleted meanwhile counts for nothing.
    """
    total = unreadable = 0
    waiting = [folder]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as found:
                for one in found:
                    with suppress(OSError):
                        status = one.stat(follow_symlinks=False)
                        if stat.S_ISDIR(status.st_mode):
                            waiting += [Path(one)] if Path(one) != apart_from else []
                        elif stat.S_ISREG(status.st_mode):
                            blocks = getattr(status, "st_blocks", None)  # not on Windows
                            total += status.st_size if blocks is None else blocks * 512
        except FileNotFoundError:
            continue
        except OSError:
            unreadable += 1
    return total, unreadable


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
