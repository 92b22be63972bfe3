"""The Python environment of a guest engine: made from pinned requirements, complete or not ready, easily removed.

Virtual environments do not bear moving, so one is made in its place, and a file named `READY` says that it is
complete. While it is made, that file has a name of its own; giving it the final name is the last step.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import secrets
import shlex
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from engine import cache
from engine.discard import discard
from engine.errors import EngineError, ModelError, OutputError
from engine.guests.child import clean_variables, run
from engine.guests.pythons import INSTALL_VENV, find_python, version_of
from engine.jobs import CancelToken, Progress, ProgressCallback, ignore_progress

READY = "avsep-ready"

_MOST_MINOR = 100  # versions of Python 3 that a marker may tell of
_REQUIREMENTS = "requirements.txt"
_MAKING = "Making a Python environment"
_INSTALLING = "Installing packages"
_ISOLATED = ("-I", "-u", "-X", "utf8")  # neither the current folder nor the user's own packages are looked at
_LEADING_ELSEWHERE = ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_USER", "PIP_PYTHON", "PIP_DRY_RUN")
_SOURCE_OPTIONS = ("-i", "--index-url", "--extra-index-url", "-f", "--find-links", "--trusted-host")
_PACKAGE_FILE = re.compile(r"\S+\.(?:whl|tar\.gz|zip)(?=\s|$)")


@dataclass(frozen=True)
class Environment:
    """A virtual environment with exactly the packages that a guest needs.

    Attributes:
        folder: where it is or shall be; all of it belongs to the environment.
        requirements: lines such as "numpy==2.1.0", with hashes if wanted, and pip options, one to a line, such as
            "--extra-index-url URL" or "--no-binary NAME". Direct addresses ("name @ URL") are not taken, since a folder
            of wheels could not stand in for them.
    """

    folder: Path
    requirements: tuple[str, ...]

    def __post_init__(self) -> None:
        for line in self.requirements:
            if re.search(r"@|://", _requirement(line)) or "\n" in line:
                raise ValueError(f"not a requirement from an index: {line!r}")

    @property
    def python(self) -> Path:
        """Its interpreter; it exists if `is_ready`."""
        return self.folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")

    def is_complete(self) -> bool:
        """Whether it was made whole, of these requirements, and its interpreter is there; nothing is started for it."""
        return self._made_with() is not None and self.python.exists()

    def is_ready(self) -> bool:
        """Whether it is complete, and its interpreter starts and is of the version that it was made with."""
        version = self._made_with()
        return version is not None and version == version_of(self.python)

    def _made_with(self) -> tuple[int, int] | None:
        """The version of Python of which the marker tells; None without a marker of these requirements."""
        try:
            marker = (self.folder / READY).read_text(encoding="ascii")
        except (OSError, ValueError):
            return None
        versions = ((3, minor) for minor in range(_MOST_MINOR))
        return next((version for version in versions if marker == self._marker(version)), None)

    def _marker(self, version: tuple[int, int]) -> str:
        return hashlib.sha256(json.dumps([self.requirements, version]).encode()).hexdigest()

    def create(
        self,
        *,
        wheels: Path | None = None,
        offline: bool = False,
        on_progress: ProgressCallback = ignore_progress,
        cancel: CancelToken | None = None,
    ) -> None:
        """Make it; does nothing if it is ready, and replaces whatever else is in its folder.

        The user's PIP_* variables count (proxy, index, certificates). Nothing is left behind when it fails.

        Args:
            wheels: folder with all packages, used instead of the index.
            offline: refuse to use the network; then `wheels` is needed.

        Raises:
            ModelError: no Python that fits, a package that is not found or does not install, or the network was
                needed and not allowed; `details` has the end of what pip said.
            OutputError: the disk is full, or the folder cannot be written or emptied.
            JobCancelled: asked to stop; pip and its children are ended at once.
        """
        if self.is_ready():
            return
        self._check_source(wheels, offline)
        base = find_python()
        self.remove()
        cancel = cancel or CancelToken()
        draft = self.folder / f"{cache.TEMP_PREFIX}{secrets.token_hex(6)}"
        try:
            self.folder.mkdir(parents=True)
            draft.touch()
            on_progress(Progress(_MAKING, 0, 1))
            self._make(base, cancel)
            on_progress(Progress(_MAKING, 1, 1))
            self._install(wheels, on_progress, cancel)
            self._finish(draft)
        except OSError as error:
            raise cache.output_error(self.folder, error) from error
        finally:
            if draft.exists():  # else the folder is complete, or another process has begun anew in it
                with suppress(EngineError):
                    self.remove()
        on_progress(Progress(_INSTALLING, 1, 1))

    def size_bytes(self) -> int:
        """Length of all its files; 0 if it is not there."""
        return length_of(self.folder)

    def remove(self) -> None:
        """Delete it; does nothing if it is not there. It is not ready any more before the first file goes.

        Raises:
            OutputError: a program uses it, or it cannot be deleted.
        """
        discard(self.folder, f"“{self.folder.name}”")

    def _check_source(self, wheels: Path | None, offline: bool) -> None:
        if wheels is not None and not wheels.is_dir():
            raise ModelError(f"The folder of wheels “{wheels}” was not found.", "Check its name.")
        if offline and wheels is None:
            raise ModelError(
                f"“{self.folder.name}” needs Python packages from the network, and its use was not allowed.",
                "Allow it (leave out --offline), or give a folder that holds the wheels.",
            )

    def _make(self, base: Path, cancel: CancelToken) -> None:
        status, said = run(
            [str(base), *_ISOLATED, "-m", "venv", str(self.folder)], cwd=self.folder.parent, cancel=cancel
        )
        if status:
            raise self._failure(
                said,
                f"“{base}” could not make a Python environment.",
                INSTALL_VENV,
            )

    def _install(self, wheels: Path | None, on_progress: ProgressCallback, cancel: CancelToken) -> None:
        packages = [line for line in map(_requirement, self.requirements) if line]
        (self.folder / _REQUIREMENTS).write_text("\n".join(packages), encoding="utf-8")
        command = [str(self.python), *_ISOLATED, "-m", "pip", "--no-input", "--disable-pip-version-check", "install"]
        command += ["--only-binary", ":all:", *_options(self.requirements, with_sources=wheels is None)]
        if wheels is not None:
            command += ["--no-index", "--find-links", str(wheels.absolute())]
        watch = _PipWatch(len(packages), on_progress)
        status, said = run(
            [*command, "--requirement", str(self.folder / _REQUIREMENTS)],
            cwd=self.folder,
            cancel=cancel,
            on_line=watch.on_line,
            variables=_pip_variables(wheels is None),
        )
        if status:
            raise self._failure(
                said,
                f"The Python packages of “{self.folder.name}” could not be installed.",
                "Try again; the details say what pip reported.",
            )

    def _failure(self, said: str, message: str, remedy: str) -> EngineError:
        """Say in the user's words why pip or venv failed; `message` and `remedy` if the reason is not a known one."""
        if re.search(r"Errno 28\b|No space left on device|not enough space on the disk", said):
            error = cache.output_error(self.folder, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
            return OutputError(error.message, error.remedy, details=said)
        for pattern, known, what_to_do in _REASONS:
            if found := re.search(pattern, said):
                reason = known.format(package=found.groupdict().get("package"))
                return ModelError(f"{message.removesuffix('.')}: {reason}", what_to_do, details=said)
        return ModelError(message, remedy, details=said)

    def _finish(self, draft: Path) -> None:
        """Say that it is complete, by a file that is still that of this call."""
        version = version_of(self.python)
        if version is None:
            raise ModelError(f"The Python in “{self.folder}” does not start.", "Install another Python and try again.")
        try:
            with draft.open("r+b") as file:
                file.write(self._marker(version).encode())
                os.fsync(file.fileno())
            draft.replace(self.folder / READY)
        except FileNotFoundError:
            raise ModelError(
                f"Another process has begun to install “{self.folder.name}” as well.", "Wait for it to end."
            ) from None


_REASONS = (  # what pip says, what it means, what to do; the first that fits counts
    (
        r"CERTIFICATE_VERIFY_FAILED|confirming the ssl certificate",
        "the certificate of the package index cannot be trusted.",
        "Check the date of this computer; behind a company's proxy, name its certificates in PIP_CERT.",
    ),
    (
        r"DO NOT MATCH THE HASHES",
        "a package is not the expected one: its hash differs.",
        "Try again; if that does not help, update AVSep.",
    ),
    (
        r"NewConnectionError|ConnectTimeoutError|Read timed out|ProxyError|ProtocolError|Max retries exceeded",
        "the package index cannot be reached.",
        "Check the connection to the internet and the proxy, then try again.",
    ),
    (
        r"No matching distribution found for (?P<package>\S+)",
        "there is no package for this Python and system that fits {package}.",
        "Check that the index or the folder of wheels has it; it may ask for another version of Python.",
    ),
    (
        r"ResolutionImpossible|conflicting dependencies",
        "the packages do not go together.",
        "Update AVSep, or report this as a fault of AVSep.",
    ),
)


def length_of(folder: Path) -> int:
    """Bytes of all files below a folder; 0 if it is not there."""
    total = 0
    for inner, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                total += (Path(inner) / name).lstat().st_size
    return total


def _requirement(line: str) -> str:
    """The line if it names a package, "" if it is an option, a comment or empty."""
    line = line.strip()
    return "" if line.startswith(("-", "#")) else line


def _options(requirements: tuple[str, ...], *, with_sources: bool) -> list[str]:
    """The options among the lines as arguments; on request without those that name an index or another source."""
    arguments: list[str] = []
    for line in requirements:
        words = shlex.split(line) if line.strip().startswith("-") else []
        if words and (with_sources or words[0].partition("=")[0] not in _SOURCE_OPTIONS):
            arguments += words
    return arguments


def _pip_variables(with_sources: bool) -> dict[str, str]:
    """What pip may be told from outside; without sources, a folder of wheels is all that it looks at."""
    variables = {name: value for name, value in clean_variables().items() if name not in _LEADING_ELSEWHERE}
    if not with_sources:
        variables.pop("PIP_FIND_LINKS", None)
        variables["PIP_CONFIG_FILE"] = os.devnull
    return variables


class _PipWatch:
    """Turns what pip says into progress: a package is collected, then its file is fetched; last, all are installed.

    How many packages there will be is known only if each has a line of its own, so the share never goes back.
    """

    def __init__(self, packages: int, on_progress: ProgressCallback) -> None:
        self._packages = packages
        self._on_progress = on_progress
        self._collected: set[str] = set()
        self._fetched: set[str] = set()
        self._share = 0.0

    def on_line(self, line: str) -> None:
        word, _, rest = line.strip().partition(" ")
        if word == "Collecting":
            self._collected.add(rest.split()[0])
            self._report(f"Collecting {rest.split()[0]}")
        elif line.strip().startswith(("Downloading", "Using cached", "Processing")):
            self._on_file(line)
        elif line.startswith("Installing collected packages"):
            self._report(_INSTALLING)

    def _on_file(self, line: str) -> None:
        found = _PACKAGE_FILE.search(line)
        if found is None:
            return
        name = re.split(r"[/\\]", found[0])[-1]
        self._fetched.add(name)
        size = re.search(r"\([\d.]+ [kMG]?B\)", line)
        self._report(f"Downloading {name} {size[0]}" if size else f"Collecting {name}")

    def _report(self, stage: str) -> None:
        packages = max(self._packages, len(self._collected), len(self._fetched), 1)
        done = max(len(self._collected), len(self._fetched)) + len(self._fetched)
        self._share = max(self._share, min(0.95, 0.95 * (done - 1) / (2 * packages)))
        self._on_progress(Progress(stage, max(0.0, self._share), 1.0))
