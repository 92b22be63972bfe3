"""A file that one process at a time can hold."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from engine.cache import output_error
from engine.errors import EngineError, OutputError

_STEP_S = 0.05


@contextmanager
def held(
    path: Path, message: str, remedy: str, *, wait_s: float = 0.0, busy: type[EngineError] = OutputError
) -> Iterator[None]:
    """Hold a file that only one process at a time can hold; the system frees it when the process ends, however.

    Args:
        path: an empty file, made where it is not there; it stays.
        message, remedy: of the error where another process holds it.
        wait_s: how long another process may take to let go.
        busy: the class of that error.

    Raises:
        EngineError: another process holds it. OutputError: it cannot be made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("ab")
    except OSError as error:
        raise output_error(path, error) from error
    with file:
        until = time.monotonic() + wait_s
        while True:
            try:
                _lock(file)
                break
            except OSError as error:
                if time.monotonic() >= until:
                    raise busy(message, remedy, details=str(error)) from error
            time.sleep(_STEP_S)
        yield


if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[bytes]) -> None:
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
