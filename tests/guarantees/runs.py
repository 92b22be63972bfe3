"""Commands in processes of their own, that can be killed or troubled on their way, and what they leave."""

from __future__ import annotations

import json
import math
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from engine.cache import CACHE_DIR_VARIABLE, TEMP_PREFIX
from tests.helpers.faces import LOOKS, ClipPerson, write_clip

AVSEP = [sys.executable, "-W", "ignore", "-m", "engine.cli"]
ROOT = Path(__file__).resolve().parents[2]
LIMIT_S = 600.0
SECONDS = 14.0


def make_film(path: Path, seed: int = 0, seconds: float = SECONDS) -> Path:
    """A film of two people that are found, over noise; long enough for four windows, quick to look through."""
    people = [ClipPerson(LOOKS[0], (160, 150)), ClipPerson(LOOKS[1], (480, 150))]
    noise = np.random.default_rng(seed).standard_normal((round(seconds * 8000), 2)) * 0.1
    write_clip(path, people, noise.astype(np.float32), duration_s=seconds, fps=Fraction(4), sample_rate_hz=8000)
    return path


@dataclass
class Run:
    """A command while it runs, or how it ended.

    Attributes:
        progress: what it told, as it told it.
    """

    process: subprocess.Popen[str]
    progress: list[dict[str, Any]] = field(default_factory=list)
    noise: str = ""
    out: str = ""

    @property
    def exit_code(self) -> int | None:
        """Its exit code; negative when it was killed."""
        return self.process.returncode

    @property
    def answer(self) -> dict[str, Any]:
        """The JSON object on stdout; empty where there is none."""
        try:
            answer: dict[str, Any] = json.loads(self.out)
        except ValueError:
            return {}
        return answer

    @property
    def code(self) -> str:
        """The code of the error; empty where there is none."""
        return str(self.answer.get("error", {}).get("code", ""))

    def wait(self, on_stage: dict[str, Callable[[], None]] | None = None) -> Run:
        """Wait for its end.

        Args:
            on_stage: what to do when a stage is first told.
        """
        left = dict(on_stage or {})
        assert self.process.stderr is not None
        for line in self.process.stderr:
            told = self._hear(line)
            for stage in [stage for stage in left if told.get("stage") == stage]:
                left.pop(stage)()
        self.out, _ = self.process.communicate(timeout=LIMIT_S)
        return self

    def killed_after(self, seconds: float) -> bool:
        """Kill it and all that it started, unless it ends before; whether it was killed."""
        try:
            self.out, told = self.process.communicate(timeout=seconds)
            killed = False
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            _, told = self.process.communicate()
            killed = True
        for line in told.splitlines(keepends=True):
            self._hear(line)
        return killed

    def _hear(self, line: str) -> dict[str, Any]:
        """Take in a line of stderr: what it tells of progress, or nothing."""
        try:
            told: dict[str, Any] = json.loads(line)
        except ValueError:
            self.noise += line
            return {}
        self.progress.append(told)
        return told

    @property
    def phase(self) -> str:
        """What it was at when it last told."""
        stages = [told["stage"] for told in self.progress if told.get("stage")]
        return stages[-1] if stages else "before the work"

    def complaint(self) -> str | None:
        """What is wrong with it, if it should have succeeded."""
        if self.exit_code == 0:
            return None
        return f"exit code {self.exit_code}: {self.answer.get('error') or self.noise[-300:]}"


def start(
    cache: Path, *arguments: str | Path, before: Callable[[], None] | None = None, all_cores: bool = False
) -> Run:
    """Start a command with a cache of its own.

    Args:
        before: called in the new process before it becomes the command.
        all_cores: it decides itself on how many it computes; else it is bound as the suite is (`OMP_NUM_THREADS`).
    """
    environment = os.environ | {CACHE_DIR_VARIABLE: str(cache), "PYTHONDONTWRITEBYTECODE": "1"}
    if all_cores:
        environment.pop("OMP_NUM_THREADS", None)
    process = subprocess.Popen(
        [*AVSEP, *map(str, arguments), "--json", "--progress=json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True, preexec_fn=before,
        cwd=ROOT, env=environment,
    )  # fmt: skip
    return Run(process)


def separate(cache: Path, film: Path, out: Path, *more: str, before: Callable[[], None] | None = None) -> Run:
    """Start to separate a film: one person into a sound file, everyone into anything else."""
    who = ["--person=1"] if out.suffix == ".wav" else ["--everyone"]
    return start(cache, "separate", film, *who, "--model=tiny", "--device=cpu", "-o", out, *more, before=before)


def results(place: Path) -> dict[str, bytes | str]:
    """Everything at a place, hidden files too; of reports what does not name times or memory."""
    files = [place] if place.is_file() else sorted(path for path in place.rglob("*") if path.is_file())
    found: dict[str, bytes | str] = {}
    for file in files:
        name = file.relative_to(place.parent).as_posix()
        found[name] = _plain_report(file) if file.suffix == ".json" else file.read_bytes()
    return found


def _plain_report(file: Path) -> str:
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        return f"not whole: {error}"
    for key in ("wall_s", "real_time_factor", "stages", "peak_rss_mb", "written_at"):
        told.pop(key, None)
    return json.dumps(told, sort_keys=True)


def leftovers(folder: Path) -> list[str]:
    """Hidden files and folders of ours below a folder."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob(f"{TEMP_PREFIX}*"))


def moments(count: int, longest_s: float, seed: int) -> list[float]:
    """Random moments, spread over the whole of a run, in random order, later ones more often: first come imports."""
    chance = random.Random(seed)
    spread = [math.sqrt((k + chance.random()) / count) * longest_s for k in range(count)]
    chance.shuffle(spread)
    return spread


def timed(run: Run) -> tuple[Run, float]:
    """Wait for the end of a run, and how long that took."""
    began = time.monotonic()
    return run.wait(), time.monotonic() - began


def fresh(folder: Path) -> Path:
    """An empty folder of that name."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
