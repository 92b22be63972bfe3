"""Processes for a guest: a clean environment, an end with all their children, and programs run to their end."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from engine.jobs import CancelToken

_POLL_S = 0.1
_TAIL_LINES = 40
NO_WINDOW: int = getattr(subprocess, "CREATE_NO_WINDOW", 0)  # Windows would open a console
_LEADING_ELSEWHERE = ("VIRTUAL_ENV", "CONDA_PREFIX", "__PYVENV_LAUNCHER__")


def clean_variables() -> dict[str, str]:
    """Environment variables for a Python of its own: without those that lead it to other packages."""
    variables = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("PYTHON") and name not in _LEADING_ELSEWHERE
    }
    if getattr(sys, "frozen", False):  # a bundle points the loader at its own libraries, and keeps the value it found
        variables.pop("LD_LIBRARY_PATH", None)
        if (before := variables.pop("LD_LIBRARY_PATH_ORIG", None)) is not None:
            variables["LD_LIBRARY_PATH"] = before
    return variables


def end_with_children(process: subprocess.Popen[Any]) -> None:
    """Kill a process, started in a session of its own, with all that it started, and wait for its end."""
    if sys.platform == "win32":
        command = ["taskkill", "/F", "/T", "/PID", str(process.pid)]
        subprocess.run(command, capture_output=True, check=False, creationflags=NO_WINDOW)
        process.kill()
    else:
        with suppress(ProcessLookupError, PermissionError):  # the latter on macOS, if all of them have ended
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def run(
    command: list[str],
    *,
    cwd: Path,
    cancel: CancelToken,
    on_line: Callable[[str], None] = lambda line: None,
    variables: dict[str, str] | None = None,
) -> tuple[int, str]:
    """Run a program to its end, and end it with all its children if asked to stop.

    Args:
        on_line: is given each line of what it says, standard error among it.
        variables: its environment; `clean_variables` if None.

    Returns:
        Its exit status, and the last lines that it said.

    Raises:
        OSError: it cannot be started.
        JobCancelled: asked to stop.
    """
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env=clean_variables() if variables is None else variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
        creationflags=NO_WINDOW,
    )
    assert process.stdout is not None
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    reader = threading.Thread(target=_read_lines, args=(process.stdout, lines), daemon=True)
    reader.start()
    tail: deque[str] = deque(maxlen=_TAIL_LINES)
    try:
        for line in _lines_until_end(lines, cancel):
            tail.append(line)
            on_line(line)
        process.wait()
    finally:
        if process.returncode is None:
            end_with_children(process)
        reader.join()
    return process.returncode, "\n".join(tail)


def _read_lines(stream: IO[str], lines: queue.SimpleQueue[str | None]) -> None:
    with stream:
        for line in stream:
            lines.put(line.rstrip())
    lines.put(None)


def _lines_until_end(lines: queue.SimpleQueue[str | None], cancel: CancelToken) -> Iterator[str]:
    while True:
        cancel.checkpoint()
        with suppress(queue.Empty):
            line = lines.get(timeout=_POLL_S)
            if line is None:
                return
            yield line
