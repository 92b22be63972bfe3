"""Where files lie: read-only folders, full disks, drives that are gone. What cannot be set up here is not counted."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.guarantees.command import avsep, refusal
from tests.guarantees.finding import Finding, Scope
from tests.guarantees.inputs import Film, cast, make, sound

SMALL_BYTES = 2 << 20


def difficult_places(scope: Scope) -> list[Finding]:
    """Inputs and results on disks that are read-only, full or gone."""
    found = Finding("Read-only and full disks, drives that are gone: done, or refused before the work with a remedy")
    film = make(scope.folder, Film("film", sounds=(sound(192_000),), suffix=".mkv", cast=cast(1))).path
    wanted = ["--person", "1", "--model", "tiny"]
    untried = []
    with _disk(scope.folder / "read-only", film.stat().st_size + SMALL_BYTES) as disk:
        if disk is None:
            untried.append("read-only and full disk")
        else:
            own = Path(shutil.copy(film, disk))
            _mount("remount,ro", disk)
            found.case("a film on a read-only disk", avsep("faces", own).trouble())
            out = scope.folder / "voice.wav"
            found.case("a film on a read-only disk, separated", avsep("separate", own, *wanted, "-o", out).trouble())
            answer = avsep("separate", film, *wanted, "-o", disk / "voice.wav")
            found.case("a result on a read-only disk", refusal(answer, 1, "output"))
            answer = avsep("batch", film, "--model", "tiny", "-o", disk / "many")
            found.case("a batch on a read-only disk", refusal(answer, 1, "output"))
            _mount("remount,rw", disk)
            answer = avsep("separate", film, *wanted, "-o", disk / "voice.wav")
            found.case("a result on a full disk", refusal(answer, 1, "output") or _left(disk, own))
            answer = avsep("separate", film, *wanted, "-o", disk / "all")
            found.case("a folder on a full disk", refusal(answer, 1, "output") or _left(disk, own))
            with _cache_in(disk / "cache"):
                answer = avsep("separate", film, *wanted, "-o", scope.folder / "second.wav")
            found.case("a cache on a full disk", refusal(answer, 1, "output"))
            taken = (scope.folder / "second.wav").exists()
            found.case("a cache on a full disk leaves no result", "half a result" if taken else None)
    gone = scope.folder / "drive" / "film.mkv"
    for command in (["probe", gone], ["faces", gone], ["separate", gone, *wanted, "-o", scope.folder / "x.wav"]):
        found.case(
            f"{command[0]}: a film on a drive that is gone", refusal(avsep(*command), 3, "input_unreadable", gone.name)
        )
    answer = avsep("separate", film, *wanted, "-o", scope.folder / "drive" / "voice.wav")
    found.case("a result on a drive that is gone", refusal(answer, 1, "output"))
    found.worst = f"not tried here: {', '.join(untried)}" if untried else ""
    return [found]


def _left(disk: Path, own: Path) -> str | None:
    """What lies on a disk beside the film."""
    left = [path.name for path in disk.iterdir() if path != own]
    return f"left behind: {left}" if left else None


@contextmanager
def _disk(folder: Path, size_bytes: int) -> Iterator[Path | None]:
    """A small disk of its own; None where there is no right to mount one."""
    folder.mkdir()
    try:
        if sys.platform != "linux" or os.geteuid() != 0 or not _mount(f"size={size_bytes}", folder, "tmpfs"):
            yield None
            return
        try:
            yield folder
        finally:
            subprocess.run(["umount", folder], check=True)
    finally:
        folder.rmdir()


def _mount(options: str, folder: Path, kind: str = "") -> bool:
    form = ["-t", kind, kind] if kind else []
    return subprocess.run(["mount", "-o", options, *form, folder], check=False, capture_output=True).returncode == 0


@contextmanager
def _cache_in(folder: Path) -> Iterator[None]:
    before = os.environ["AVSEP_CACHE_DIR"]
    os.environ["AVSEP_CACHE_DIR"] = str(folder)
    try:
        yield
    finally:
        os.environ["AVSEP_CACHE_DIR"] = before
