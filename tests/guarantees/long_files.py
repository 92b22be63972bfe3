"""Long films: two hours against ten minutes, end to end, in a process of its own that is watched from outside."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import soundfile

from engine.cache import TEMP_PREFIX, disk_usage
from tests.guarantees.finding import Finding, Scope
from tests.guarantees.long_films import LOOP_S, RATE_HZ, write_long_film, write_loop
from tests.helpers.media_files import packet_hashes

MINUTES = (10, 120)
SIZE, FPS = (1920, 1080), 5  # few pictures a second: what is tried is the length
MOST_GROWTH = 1.2
LOOK_EVERY_S = 1.0


@dataclass(frozen=True)
class Watched:
    """A run of the command line.

    Attributes:
        peak_bytes: most memory, as the system saw it. spill_bytes: most working space in the cache.
    """

    exit_code: int
    answer: dict[str, Any]
    told: str
    peak_bytes: int
    spill_bytes: int


def long_films(scope: Scope) -> list[Finding]:
    """Two hours of 1080p are done like ten minutes; in the full form alone."""
    if scope.short:
        return []
    length = ", ".join(f"{minutes} min" for minutes in MINUTES)
    done = Finding(f"Films of {length} (1080p, {FPS} pictures/s, 48 kHz stereo, model tiny) are done whole")
    memory = Finding("Peak memory of 2 hours is at most 1.2 times that of 10 minutes", headline="Peak memory")
    spill = Finding("Working space stays below what was said before, and nothing is left behind")
    loop = write_loop(scope.folder / "loop.mp4", SIZE, fps=FPS)
    runs = []
    for minutes in MINUTES:
        film = write_long_film(scope.folder / f"film {minutes}.mp4", loop, minutes)
        out, video = scope.folder / f"voices {minutes}", scope.folder / f"voices {minutes}.mkv"
        cache = scope.folder / f"cache {minutes}"
        run = watch(["separate", film, "--person", "1", "--model", "tiny", "-o", out], cache)
        done.case(f"{minutes} min into a folder", _whole(run, out, minutes))
        spill.case(f"{minutes} min", _untidy(run, out, cache))
        again = watch(["separate", film, "--person", "1", "--model", "tiny", "-o", video], cache)
        kept = again.exit_code == 0 and packet_hashes(video) == packet_hashes(film)
        done.case(f"{minutes} min into a video", None if kept else f"picture not kept: {again.answer.get('error')}")
        runs.append((run, again))
        for path in (*out.glob("*"), video):
            path.unlink(missing_ok=True)
    for which, name in enumerate(("folder", "video")):
        short, long = (pair[which].peak_bytes / 1e6 for pair in runs)
        memory.case(name, f"{long:.0f} MB against {short:.0f} MB" if long > MOST_GROWTH * short else None)
    short, long = (pair[0].peak_bytes / 1e6 for pair in runs)
    memory.worst = f"{long:.0f} MB, {long / short:.2f} times that of {MINUTES[0]} minutes"
    done.worst = "; ".join(f"{_minutes(run):.0f} min of work" for run, _ in runs)
    spill.worst = "; ".join(f"{run.spill_bytes / 1e9:.1f} GB" for run, _ in runs)
    return [done, memory, spill, _foresight([run for run, _ in runs])]


def watch(arguments: list[str | Path], cache: Path) -> Watched:
    """Run `avsep ... --json` and look at its memory and its cache while it works."""
    told, answer = cache.with_name(f"{cache.name}.txt"), cache.with_name(f"{cache.name}.json")
    command = [sys.executable, "-m", "engine.cli", *map(str, arguments), "--json"]
    environment = os.environ | {"AVSEP_CACHE_DIR": str(cache)}
    peak = spill = 0
    with told.open("w") as said, answer.open("w") as given:  # files: a pipe would be full of long answers
        process = subprocess.Popen(command, stdout=given, stderr=said, env=environment)
        while process.poll() is None:
            peak, spill = max(peak, _peak_bytes(process.pid)), max(spill, disk_usage(cache)[0])
            time.sleep(LOOK_EVERY_S)
    return Watched(process.returncode, json.loads(answer.read_bytes()), told.read_text(), peak, spill)


def _peak_bytes(process_id: int) -> int:
    try:
        lines = Path(f"/proc/{process_id}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), 0)


def _whole(run: Watched, out: Path, minutes: int) -> str | None:
    if run.exit_code:
        return f"exit code {run.exit_code}: {run.answer.get('error')}"
    wanted = round(minutes * 60 / LOOP_S) * LOOP_S * RATE_HZ
    found = {path.name: soundfile.info(path).frames for path in out.glob("*.wav")}
    if len(found) != 2 or set(found.values()) != {wanted}:
        return f"{found} samples instead of {wanted}"
    null_db, offset = run.answer["null_test_db"], run.answer["offset_samples"]
    return None if null_db <= -120 and offset == 0 else f"null {null_db:.0f} dBFS, offset {offset}"


def _untidy(run: Watched, out: Path, cache: Path) -> str | None:
    left = [path.name for folder in (out, cache) for path in folder.rglob("*") if _is_left_over(path)]
    if left:
        return f"left behind: {left}"
    said = run.answer["estimate"]["cache_bytes"]
    return None if run.spill_bytes <= 1.05 * said else f"{run.spill_bytes / 1e9:.2f} GB, {said / 1e9:.2f} GB were said"


def _is_left_over(path: Path) -> bool:
    return path.name.startswith((TEMP_PREFIX, "work-"))


def _foresight(runs: list[Watched]) -> Finding:
    """What was said before the work, beside what came."""
    found = Finding("Memory and size of the result are said before the work, within a quarter")
    shares = []
    for minutes, run in zip(MINUTES, runs, strict=True):
        said = run.answer["estimate"]
        share = run.peak_bytes / 1e6 / said["memory_mb"]
        shares.append(f"{minutes} min: memory {share:.2f}, size")
        found.case(f"memory of {minutes} min", None if 0.75 <= share <= 1.25 else f"{share:.2f} times what was said")
        size = 2 * minutes * 60 * RATE_HZ * 2 * 4
        share = size / said["output_bytes"]
        shares[-1] += f" {share:.2f} times"
        found.case(f"size of {minutes} min", None if 0.75 <= share <= 1.25 else f"{share:.2f} times what was said")
        found.case(f"said on {minutes} min", None if "of working space" in run.told else f"nothing said: {run.told!r}")
    found.worst = "; ".join(shares)
    return found


def _minutes(run: Watched) -> float:
    return float(run.answer.get("wall_s", 0.0)) / 60
