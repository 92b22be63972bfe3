"""What a batch saves against a loop of `avsep separate`, and what a file costs as the batch grows.

python -m tests.benchmark.batch OUT [--model compact] [--pairs 3] [--files 6] [--many 10 100 300]

Drawn clips of 4 s, each with a cache of its own. Pairs are taken in turns, so that a busy machine weighs on both. For
long batches the clips are one second, the model is `tiny`, and memory is the largest of the process and its workers.
Time of the processor is that of all processes; unlike the other it hardly depends on what else the machine does.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np

from tests.helpers.faces import LOOKS, ClipPerson, write_clip

RATE = 48_000
AVSEP = (sys.executable, "-m", "engine.cli")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--model", default="compact")
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--files", type=int, default=6)
    parser.add_argument("--many", type=int, nargs="*", default=(10, 100, 300))
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    if given.pairs:
        against_a_loop(given.out, given.model, given.pairs, given.files)
    for count in given.many:
        many(given.out, count)


def against_a_loop(out: Path, model: str, pairs: int, files: int) -> None:
    films = drawn(out / "films", files, 4.0)
    ways = {"loop of separate": lambda: loop(films, out, model)}
    for workers in (1, 2):
        ways[f"batch, {workers} at a time"] = lambda workers=workers: batch(films, out, model, workers)
    took: dict[str, list[float]] = {name: [] for name in ways}
    needed: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(pairs):
        for name, way in ways.items():
            fresh(out)
            began, used = time.perf_counter(), processor_s()
            way()
            took[name].append(time.perf_counter() - began)
            needed[name].append((processor_s() - used) / files)
    base = took["loop of separate"]
    for name, seconds in took.items():
        ratios = [one / other for one, other in zip(base, seconds, strict=True)]
        each = ", ".join(f"{second / files:.1f}" for second in seconds)
        print(
            f"{name:20s} {each} s a file, {statistics.median(needed[name]):.1f} of the processor; "
            f"{statistics.median(ratios):.2f} times as quick (median of pairs)",
            flush=True,
        )


def many(out: Path, count: int) -> None:
    films = drawn(out / f"many {count}", count, 1.0)
    fresh(out)
    began, used = time.perf_counter(), processor_s()
    process = subprocess.Popen(
        [*AVSEP, "batch", str(films), "-o", str(out / "voices"), "--model", "tiny", "--write", "voice", "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment(out), text=True,
    )  # fmt: skip
    held: list[float] = []
    watcher = threading.Thread(target=watch, args=(process, held))
    watcher.start()
    answer = json.loads(process.communicate()[0])
    watcher.join()
    took, used = time.perf_counter() - began, processor_s() - used
    walls = [item["wall_s"] for item in answer["items"]]
    first, last = statistics.median(walls[: count // 2]), statistics.median(walls[count // 2 :])
    quarters = (held[len(held) * part // 4 : len(held) * (part + 1) // 4] for part in range(4))
    by_quarter = ", ".join(f"{statistics.median(part):.0f}" for part in quarters)
    print(
        f"{count:4d} files: {answer['done']} done, {took / count:.2f} s a file, {used / count:.2f} of the processor "
        f"(a worker's share: first half {first:.2f}, second {last:.2f}), peak memory {max(held):.0f} MB, "
        f"median of each quarter {by_quarter}",
        flush=True,
    )


def loop(films: Path, out: Path, model: str) -> None:
    for film in sorted(films.iterdir()):
        command = (*AVSEP, "separate", str(film), "--everyone", "-o", str(out / "voices" / film.stem), "--model", model)
        (out / "voices").mkdir(exist_ok=True)
        subprocess.run(command, check=True, capture_output=True, env=environment(out))


def batch(films: Path, out: Path, model: str, workers: int) -> None:
    command = [*AVSEP, "batch", str(films), "--everyone", "-o", str(out / "voices"), "--model", model]
    subprocess.run([*command, "--workers", str(workers)], check=True, capture_output=True, env=environment(out))


def drawn(folder: Path, count: int, seconds: float) -> Path:
    """Clips of two people, each with other sound."""
    if folder.exists() and len(list(folder.iterdir())) == count:
        return folder
    folder.mkdir(exist_ok=True)
    people = [ClipPerson(LOOKS[0], (160, 150)), ClipPerson(LOOKS[1], (480, 150))]
    for number in range(count):
        noise = np.random.default_rng(number).standard_normal((round(seconds * RATE), 2)) * 0.1
        write_clip(folder / f"{number}.mp4", people, noise.astype(np.float32), duration_s=seconds, sample_rate_hz=RATE)
    return folder


def fresh(out: Path) -> None:
    for name in ("cache", "voices"):
        shutil.rmtree(out / name, ignore_errors=True)


def environment(out: Path) -> dict[str, str]:
    return os.environ | {"AVSEP_CACHE_DIR": str(out / "cache")}


def processor_s() -> float:
    """What all processes took that were started here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def watch(process: subprocess.Popen[str], held: list[float]) -> None:
    while process.poll() is None:
        try:
            listing = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
            held.append(sum(memory_mb(pid) for pid in (str(process.pid), *listing)))
        except OSError:
            continue
        time.sleep(0.5)


def memory_mb(pid: str) -> float:
    """Memory that a process alone holds (what it shares with others counts for a part), in MB."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0


if __name__ == "__main__":
    main()
