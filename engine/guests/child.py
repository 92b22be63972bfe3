"""What every process started for a guest has in common: a clean environment, and an end with all its children."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from typing import Any

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
