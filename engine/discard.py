"""A folder is deleted: out of sight at once, then file by file."""

from __future__ import annotations

import re
import secrets
import shutil
from contextlib import suppress
from pathlib import Path

from engine.cache import TEMP_PREFIX, output_error
from engine.errors import OutputError


def discard(folder: Path, what: str) -> bool:
    """Delete a folder, also what earlier calls could not delete of it; it has its name no more before a file goes.

    Args:
        what: what is in it, for the errors.

    Returns:
        Whether it was there.

    Raises:
        OutputError: a program uses it, or it cannot be deleted, or not all of it.
    """
    start = f"{TEMP_PREFIX}{folder.name}-"
    with suppress(OSError):
        for left in folder.parent.iterdir():
            if re.fullmatch(re.escape(start) + "[0-9a-f]{12}", left.name):
                shutil.rmtree(left, ignore_errors=True)
    gone = folder.with_name(f"{start}{secrets.token_hex(6)}")
    try:
        folder.rename(gone)
    except FileNotFoundError:
        return False
    except PermissionError as error:
        raise OutputError(
            f"“{folder}” cannot be removed: it is in use, or permission is missing.",
            "Close the other windows and jobs of AVSep, then try again.",
            details=f"{type(error).__name__}: {error}",
        ) from error
    except OSError as error:
        raise output_error(folder, error) from error
    try:
        shutil.rmtree(gone)
    except OSError as error:
        raise OutputError(
            f"{what} is removed, but some of its files could not be deleted.",
            f"Delete the folder “{gone}”.",
            details=f"{type(error).__name__}: {error}",
        ) from error
    return True
