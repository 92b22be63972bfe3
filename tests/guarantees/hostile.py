"""Hostile files through the worker process of the window: no hang, no crash of the caller, no memory blow-up, no write
elsewhere, and of what is refused a sentence.

Each file goes through `probe`, `find_faces`, `decode_audio` and `separate` of one worker, as the window starts it.
"""

from __future__ import annotations

import itertools
import os
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import chdir, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

from avsep_gui.worker import Failed, JobRequest, Reported, Stopped, Succeeded
from avsep_gui.worker_process import WorkerProcess
from engine.errors import EngineError
from engine.limits import memory_limit_bytes
from engine.types import SeparationRequest
from tests.guarantees.finding import Finding, Scope
from tests.guarantees.messages import codes
from tests.guarantees.mutations import mutants, references, seed_files

FILES, FILES_SHORT = 2200, 44
LIMIT_S = 60.0
"""How long one call may take before it is asked to stop. What lasts long must say so and stop; all else is a hang."""
GRACE_S = 30.0
REFUSALS = frozenset({"unexpected"})
"""Codes that no file may lead to."""


@dataclass
class Trial:
    """What a worker made of files.

    Attributes:
        answers: how often each code was the answer; "ok" for a result, "stopped" for a call that was asked to stop.
        deaths: calls during which the worker process died.
        slowest_s, most_bytes: of a call; of the worker.
    """

    worker: WorkerProcess
    answers: Counter[str] = field(default_factory=Counter)
    deaths: list[str] = field(default_factory=list)
    slowest_s: float = 0.0
    most_bytes: int = 0
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def call(self, function: str, *args: object, **kwargs: object) -> tuple[Any, str | None]:
        """Call the engine in the worker; its value (None where it failed), and what was wrong with the answer."""
        began, number = time.monotonic(), next(self.numbers)
        self.worker.send(JobRequest(number, function, args, kwargs))
        asked = 0.0
        while True:
            for message in self.worker.messages():
                self.slowest_s = max(self.slowest_s, time.monotonic() - began)
                if message is None:
                    self.worker.kill()
                    self.deaths.append(function)
                    return None, None
                if isinstance(message, Succeeded):
                    self.answers["ok"] += 1
                    return message.value, None
                if isinstance(message, Stopped):
                    self.answers["stopped"] += 1
                    return None, None
                if isinstance(message, Failed):
                    self.answers[message.error.code] += 1
                    return None, complaint(message.error)
                assert isinstance(message, Reported)
            self.most_bytes = max(self.most_bytes, peak_bytes(self.worker.pid))
            now = time.monotonic()
            if not asked and now - began > LIMIT_S:
                self.worker.ask_to_cancel()
                asked = now
            if asked and now - asked > GRACE_S:
                self.worker.kill()
                return None, f"{function} went on for {GRACE_S:.0f} s after it was asked to stop"
            time.sleep(0.002)


def complaint(error: EngineError) -> str | None:
    """What is wrong with an answer; None where it is a sentence with a known code and a remedy."""
    if error.code in REFUSALS:
        return f"{error.message} [{error.details[-300:]}]"
    if error.code not in codes() or not error.message.strip() or not error.remedy.strip():
        return f"no sound answer: {error.code!r}, {error.message!r}, {error.remedy!r}"
    return None


def peak_bytes(pid: int | None) -> int:
    """The most memory that a process had; 0 where that is not known."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
        return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM:"))
    except (OSError, StopIteration):
        return 0


def hostile_files(scope: Scope) -> list[Finding]:
    """Damaged files of many containers, and files that name others."""
    answers = Finding("A hostile file gets a result or a sentence, in bounded time and memory")
    places = Finding("A hostile file leads to no write and no read outside of cache and results")
    home = Home(scope.folder)
    seeds = seed_files(home.make("seeds"))
    with home.entered(), _worker() as trial:
        before = home.contents()
        count = FILES_SHORT if scope.short else FILES
        for mutant in mutants(seeds, count, scope.seed):
            path = home.inputs / mutant.name
            path.write_bytes(mutant.data)
            answers.case(mutant.name, _whole_way(trial, path, home.results))
            changed = "" if path.read_bytes() == mutant.data else "the file itself was changed"
            path.unlink()
            places.case(mutant.name, changed or _difference(before, home.contents()))
            home.tidy()
        secret = home.make("elsewhere") / "secret.ts"
        secret.write_bytes(seeds["ts"])
        shutil.copy(secret, home.inputs / "secret.ts")
        for name, data in references(home.inputs / "secret.ts").items():
            path = home.inputs / name
            path.write_bytes(data)
            value, trouble = trial.call("probe", path)
            places.case(name, trouble or ("" if value is None else "another file was read through it"))
            path.unlink()
    limit = memory_limit_bytes(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    answers.case("memory of the worker", None if trial.most_bytes <= limit else f"{trial.most_bytes / 1e9:.1f} GB")
    told = ", ".join(f"{count} {code}" for code, count in trial.answers.most_common())
    answers.worst = (
        f"slowest call {trial.slowest_s:.1f} s, most memory {trial.most_bytes / 1e6:.0f} MB, worker died "
        f"{len(trial.deaths)} times; answers: {told}"
    )
    return [answers, places]


def _whole_way(trial: Trial, path: Path, results: Path) -> str | None:
    """One file through all calls; the first thing that was wrong."""
    media, wrong = trial.call("probe", path)
    calls: list[tuple[str, Callable[[], tuple[Any, str | None]]]] = [
        ("decode_audio", lambda: trial.call("decode_audio", path)),
        ("find_faces", lambda: trial.call("find_faces", path)),
        ("separate", lambda: trial.call("separate", _request(path, results))),
    ]
    for name, call in calls if media is not None else []:
        _, trouble = call()
        wrong = wrong or (f"{name}: {trouble}" if trouble else None)
    return wrong


def _request(path: Path, results: Path) -> SeparationRequest:
    return SeparationRequest(path, results / "out", everyone=True, model="tiny", device="cpu")


@contextmanager
def _worker() -> Iterator[Trial]:
    worker = WorkerProcess("hostile", "engine.api")
    try:
        yield Trial(worker)
    finally:
        worker.kill()
        worker.wait_for_end()


class Home:
    """A user's folders in which nothing may appear but in cache and results."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.inputs, self.results, self._cache = self.make("films"), self.make("results"), self.make("cache")
        self._own = {name: self.make(name) for name in ("home", "tmp", "data", "cwd")}

    def make(self, name: str) -> Path:
        """A new folder."""
        (self._folder / name).mkdir()
        return self._folder / name

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Processes that are started now see these folders as the user's."""
        names = {"HOME": "home", "TMPDIR": "tmp", "AVSEP_DATA_DIR": "data"}
        values = {name: str(self._own[place]) for name, place in names.items()} | {"AVSEP_CACHE_DIR": str(self._cache)}
        with mock.patch.dict(os.environ, values), chdir(self._own["cwd"]):
            yield

    def contents(self) -> dict[str, tuple[int, int]]:
        """Sizes and times of all files that are in neither cache nor results nor among the films."""
        left_out = (self.inputs, self.results, self._cache)
        files = (path for path in self._folder.rglob("*") if not any(path.is_relative_to(one) for one in left_out))
        return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in files if path.is_file()}

    def tidy(self) -> None:
        """Empty cache and results."""
        for folder in (self.results, self._cache):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()


def _difference(before: dict[str, tuple[int, int]], now: dict[str, tuple[int, int]]) -> str:
    return ", ".join(sorted(path for path in before.keys() | now.keys() if before.get(path) != now.get(path)))
