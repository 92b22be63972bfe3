"""What happens to disks and files while work goes on: a sentence with its code, nothing damaged, and the same result
once the trouble is over."""

from __future__ import annotations

import ctypes
import os
import random
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from engine import api
from engine.cache import CACHE_DIR_VARIABLE
from engine.errors import EngineError
from engine.types import SeparationRequest
from tests.guarantees.finding import Finding, Scope
from tests.guarantees.mutations import seed_files
from tests.guarantees.runs import SECONDS, Run, fresh, leftovers, make_film, results, separate

PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER = 24, 1, 2, 3
FULL = 16
DAMAGES = ("cut", "garbled", "emptied", "removed")


def full_disks(scope: Scope) -> list[Finding]:
    """Files that cannot grow, and small disks that are really full."""
    finding = Finding("A full disk is told; nothing is damaged, and with space the run goes on to the same bytes")
    import resource

    stage = _Stage(scope.folder, 6.0)
    chance = random.Random(scope.seed)
    for number in range(FULL if not scope.short else 1 if os.geteuid() else 0):
        most = int(10 ** chance.uniform(3.5, 6.0))

        def bound(most: int = most) -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

        finding.case(f"no file beyond {most} bytes", stage.trouble("output", before=bound, warm=number % 2 > 0))
    for megabytes in (2,) if scope.short else (1, 2, 3, 5, 8):
        for full in ("cache",) if scope.short else ("cache", "killed"):
            with _small_disk(scope.folder / full, megabytes) as mounted:
                if mounted:
                    finding.case(f"{full} on a disk of {megabytes} MB", stage.trouble("output", warm=full != "cache"))
    if os.geteuid():
        finding.worst = "small disks were not tried: that needs root"
    return [finding]


@contextmanager
def _small_disk(place: Path, megabytes: int) -> Iterator[bool]:
    """A disk of its own under a folder; False where this user cannot have one."""
    fresh(place)
    size = f"size={megabytes}m"
    mounted = (
        os.geteuid() == 0
        and not subprocess.run(
            ["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(place)], capture_output=True, check=False
        ).returncode
    )
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(place)], check=True)


def lost_places(scope: Scope) -> list[Finding]:
    """Folders that are removed, permissions that are taken away, films that are replaced, while work goes on."""
    finding = Finding("A folder, a permission or the film itself lost on the way is told; nothing is damaged")
    stage = _Stage(scope.folder, SECONDS)
    out, cache, film = stage.folder / "killed", stage.folder / "cache", stage.film

    def close(folder: Path) -> Callable[[], None]:
        return lambda: folder.chmod(0o500)

    cases: list[tuple[str, str, str, Callable[[], None]]] = [
        ("the folder of the results goes", "output", "Isolating", lambda: shutil.rmtree(out)),
        ("the folder of the results is closed", "output", "Isolating", close(out)),
        ("the film is replaced by one as long and as old", "input_changed", "Isolating", stage.replace_film),
        ("the film goes on growing", "input_changed", "Finding people", stage.grow_film),
    ]
    closed = (("film", film, 0o000), ("cache", cache, 0o500), ("results", out, 0o500))
    if scope.short:
        cases, closed = cases[::2], ()
    else:
        cases += [
            ("the cache goes", "output", "Isolating", lambda: shutil.rmtree(cache)),
            ("the cache goes early", "output", "Finding people", lambda: shutil.rmtree(cache)),
            ("the voices are closed", "output", "Finding people", lambda: (cache / "voices").mkdir(mode=0o500)),
        ]
    for name, code, when, happen in cases:
        finding.case(
            name, stage.trouble(code, {when: happen}, before=_bound_by_permissions, warm=when != "Finding people")
        )
    for name, path, mode in closed:
        code = "input_unreadable" if name == "film" else "output"

        def shut(path: Path = path, mode: int = mode) -> None:
            path.chmod(mode)

        finding.case(f"{name} closed from the start", stage.trouble(code, at_first=shut, before=_bound_by_permissions))
    return [finding]


def _bound_by_permissions() -> None:
    """Root may do anything: go on as one who may not. Holds from the next program that this process becomes."""
    if os.geteuid() == 0:
        libc = ctypes.CDLL(None)
        for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER):
            libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)


class _Stage:
    """A film, what becomes of it undisturbed, and a place to disturb it."""

    def __init__(self, folder: Path, seconds: float) -> None:
        self.folder = folder
        self.film, self._copy = make_film(folder / "film.mp4", seconds=seconds), folder / "copy.mp4"
        shutil.copy2(self.film, self._copy)
        reference = separate(folder / "warm", self.film, folder / "whole").wait()
        if reference.complaint():
            raise AssertionError(reference.complaint())
        self._wanted = results(folder / "whole")
        shutil.rmtree(folder / "warm" / "voices")

    def replace_film(self) -> None:
        """Put something else in its place, of the same length and age."""
        status = self.film.stat()
        content = bytearray(self.film.read_bytes())
        content[len(content) // 3] ^= 0xFF
        self.film.write_bytes(content)
        os.utime(self.film, ns=(status.st_atime_ns, status.st_mtime_ns))

    def grow_film(self) -> None:
        """Write on, as a recorder does."""
        with self.film.open("ab") as file:
            file.write(b"more")

    def trouble(
        self,
        code: str,
        on_stage: dict[str, Callable[[], None]] | None = None,
        *,
        before: Callable[[], None] | None = None,
        at_first: Callable[[], None] | None = None,
        warm: bool = True,
    ) -> str | None:
        """Separate with a trouble on the way, and again without it; what was not as it has to be.

        Args:
            code: what the first run may fail with; that it succeeds is right too, if the result is whole.
            before, at_first: done in its process before it begins, and before there is one.
            warm: the people of the film are known.
        """
        cache, out = self.folder / "cache", self.folder / "killed"
        for place in (cache, out):
            place.mkdir(exist_ok=True)
            _empty(place)
        if warm:
            shutil.copytree(self.folder / "warm", cache, dirs_exist_ok=True)
        (out / "mine.txt").write_text("mine")
        if at_first is not None:
            at_first()
        first = separate(cache, self.film, out / "result", before=before).wait(on_stage)
        wrong = self._judge(first, code, out)
        shutil.copy2(self._copy, self.film)
        self.film.chmod(0o644)
        for place in (cache, out):
            place.mkdir(exist_ok=True)
            place.chmod(0o700)
        if wrong or first.exit_code == 0:
            return wrong
        shutil.copytree(cache, self.folder / "spacious")
        again = separate(self.folder / "spacious", self.film, self.folder / "again").wait()
        made = results(self.folder / "again") if again.exit_code == 0 else {}
        for place in ("spacious", "again"):
            shutil.rmtree(self.folder / place, ignore_errors=True)
        if again.complaint():
            return f"afterwards: {again.complaint()}"
        plain = {Path(name).name: content for name, content in made.items()}
        return None if plain == {Path(name).name: content for name, content in self._wanted.items()} else "other bytes"

    def _judge(self, run: Run, code: str, out: Path) -> str | None:
        if run.noise and "Traceback" in run.noise:
            return f"a traceback: {run.noise[-400:]}"
        if run.exit_code == 0:
            made = {Path(name).name: content for name, content in results(out / "result").items()}
            return None if made.keys() == {Path(name).name for name in self._wanted} else f"made: {sorted(made)}"
        error = run.answer.get("error", {})
        if run.code != code or not error.get("message") or not error.get("remedy"):
            return f"exit code {run.exit_code}, {run.answer.get('error')} {run.noise[-200:]}"
        if (out / "result").exists():
            return "a result is there though the run failed"
        if out.exists() and any(out.iterdir()) and (out / "mine.txt").read_text() != "mine":
            return "a file that was there was changed"
        left = leftovers(out) if os.access(out, os.W_OK) and out.stat().st_mode & 0o200 else []
        return f"left behind: {left}" if left else None


def _empty(folder: Path) -> None:
    folder.chmod(0o700)
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def damaged_caches(scope: Scope) -> list[Finding]:
    """Each file of the cache is cut, garbled, emptied or removed between two runs."""
    finding = Finding("Whatever happened to the cache, the result is the same")
    film = scope.folder / "film.mp4"
    film.write_bytes(seed_files(scope.folder)["mp4"])
    before = os.environ.get(CACHE_DIR_VARIABLE)
    os.environ[CACHE_DIR_VARIABLE] = str(scope.folder / "cache")
    try:
        wanted = _separated(film, scope.folder / "whole")
        shutil.copytree(scope.folder / "cache", scope.folder / "good")
        files = [path.relative_to(scope.folder / "good") for path in sorted((scope.folder / "good").rglob("*"))]
        files = [path for path in files if (scope.folder / "good" / path).is_file()]
        for number, file in enumerate(files):
            for how in DAMAGES[number % 4 : number % 4 + 1] if scope.short else DAMAGES:
                shutil.rmtree(scope.folder / "cache")
                shutil.copytree(scope.folder / "good", scope.folder / "cache")
                _damage(scope.folder / "cache" / file, how, random.Random(f"{scope.seed} {file.name} {how}"))
                case = f"{file.parts[0]}/{file.name} {how}"
                try:
                    made = _separated(film, scope.folder / "again")
                    finding.case(case, None if made == wanted else "another result")
                except EngineError as error:
                    finding.case(case, f"{type(error).__name__}: {error}")
                shutil.rmtree(scope.folder / "again", ignore_errors=True)
    finally:
        if before is None:
            del os.environ[CACHE_DIR_VARIABLE]
        else:
            os.environ[CACHE_DIR_VARIABLE] = before
    finding.worst = f"{len(files)} files"
    return [finding]


def _separated(film: Path, out: Path) -> dict[str, bytes | str]:
    api.separate(SeparationRequest(film, out, everyone=True, model="tiny", device="cpu"))
    return {Path(name).name: content for name, content in results(out).items()}


def _damage(file: Path, how: str, chance: random.Random) -> None:
    content = bytearray(file.read_bytes())
    if how == "removed":
        file.unlink()
        return
    if how == "garbled":
        for _ in range(1 + len(content) // 1000):
            content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    file.write_bytes(content[: {"cut": len(content) // 2, "emptied": 0}.get(how, len(content))])
