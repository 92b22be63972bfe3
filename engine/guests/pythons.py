"""Pythons on this computer, and whether environments can be made with them."""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from engine.errors import ModelError
from engine.guests.child import NO_WINDOW, clean_variables

OLDEST_PYTHON = (3, 11)
INSTALL_VENV = "Install Python's venv and pip (on Debian and Ubuntu: the package python3-venv), then try again."
_VENV = ("venv", "ensurepip")  # modules that some systems leave out of their Python
_QUESTION_S = 60.0


def find_python() -> Path:
    """An interpreter to make environments with: the running one, or one on PATH if AVSep is a bundle without one.

    Raises:
        ModelError: there is none of version 3.11 or newer.
    """
    if not getattr(sys, "frozen", False):
        return Path(sys.executable)
    seen = []
    for path in _pythons_on_path():
        version = version_of(path)
        if version is not None and version >= OLDEST_PYTHON:
            return path
        seen.append(f"{path}: {'.'.join(map(str, version)) if version else 'does not start'}")
    raise ModelError(
        "This needs Python 3.11 or newer, and none was found on this computer.",
        "Install it from python.org or with the system's package manager, then try again.",
        details="\n".join(seen),
    )


def python_hindrance() -> ModelError | None:
    """Why no environment can be made on this computer; None where one can, as far as can be told before.

    Nothing is started for it, but in a bundle the Pythons on PATH are, each once.
    """
    if getattr(sys, "frozen", False):
        try:
            python = find_python()
        except ModelError as error:
            return error
        library = _library(python)
        whole = library is None or all((library / name).is_dir() for name in _VENV)
    else:
        python = Path(sys.executable)
        whole = all(find_spec(name) is not None for name in _VENV)
    return None if whole else ModelError(f"“{python}” cannot make Python environments.", INSTALL_VENV)


def system() -> str:
    """The system that packages must be made for, such as "linux-x86_64", "darwin-arm64" or "win32-x86_64"."""
    machine = platform.machine().lower()
    known = {"amd64": "x86_64", "aarch64": "arm64"}.get(machine, machine)
    return f"{sys.platform}-{known if sys.maxsize > 2**32 else '32bit'}"


def _pythons_on_path() -> Iterator[Path]:
    """Interpreters by likely names, the version that this bundle was tested with first."""
    own = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for name in dict.fromkeys((own, "python3", "python", "python3.13", "python3.12", "python3.11")):
        if (found := shutil.which(name)) and not _asks_to_be_installed(Path(found)):
            yield Path(found)


def _asks_to_be_installed(python: Path) -> bool:
    """Whether it is what macOS has in place of a Python, which opens a window when it is started."""
    tools = (Path("/Library/Developer/CommandLineTools"), Path("/Applications/Xcode.app"))
    return sys.platform == "darwin" and python.parent == Path("/usr/bin") and not any(tool.exists() for tool in tools)


def version_of(python: Path) -> tuple[int, int] | None:
    """Version of an interpreter, or None if it does not start."""
    try:
        status = python.stat()
    except OSError:
        return None
    return _ask_version(python, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=64)
def _ask_version(python: Path, mtime_ns: int, size_bytes: int) -> tuple[int, int] | None:
    """Start an interpreter once per content of its file."""
    try:
        major, minor = map(int, _ask(python, "import sys; print(*sys.version_info[:2])").split())
    except ValueError:
        return None
    return major, minor


@lru_cache(maxsize=64)
def _library(python: Path) -> Path | None:
    """Where an interpreter has its standard library; None if it does not tell."""
    told = _ask(python, "import sysconfig; print(sysconfig.get_path('stdlib'))").strip()
    return Path(told) if told and Path(told).is_dir() else None


def _ask(python: Path, question: str) -> str:
    """What an interpreter prints; "" if it fails."""
    try:
        return subprocess.run(
            [str(python), "-I", "-X", "utf8", "-c", question],
            env=clean_variables(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=_QUESTION_S,
            check=True,
            creationflags=NO_WINDOW,
        ).stdout
    except (OSError, subprocess.SubprocessError, ValueError):
        return ""
