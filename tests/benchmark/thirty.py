"""Thirty clips, five of them bad in different ways, as one batch: undisturbed, killed three times, and on a cluster.

    python -m tests.benchmark.thirty OUT [--data DATA] [--files 30] [--kills 3] [--seed 0]

The good clips are the first seconds of the scenes in DATA/clips, where that is given, and drawn ones. The same list is
done by `avsep batch`; then again, where the whole of its processes is killed at random moments and gone on with; then
on three workers of a Dask cluster, one of which is killed in the middle. Everything is compared byte for byte; reports
without what they say of time and memory. The exit code is 1 if anything did not hold.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from engine.batch.item import Batch
from engine.batch.store import WORK_NAME, load_batch, queue_path
from tests.guarantees.runs import Run, fresh, leftovers, results, start, timed
from tests.helpers.clusters import running_cluster
from tests.helpers.faces import LOOKS, ClipPerson, write_clip

SECONDS = 2.0
RATE = 16_000
WORKERS = 3
CODES = {
    "empty.mp4": "input_unreadable",
    "text.mp4": "input_unreadable",
    "cut off.mp4": "input_unreadable",
    "silent film.mp4": "no_sound",
    "nobody.mp4": "no_face",
}
"""The bad clips, and what is to be said of each (docs/exit_codes.md)."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--data", type=Path, help="the folder with clips/")
    parser.add_argument("--files", type=int, default=30)
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    proof = Proof(given.out, make_films(fresh(given.out) / "films", given.files - len(CODES), given.data))
    took_s = proof.undisturbed()
    proof.killed(given.kills, took_s, random.Random(given.seed))
    proof.on_a_cluster()
    sys.exit(1 if proof.broken else 0)


class Proof:
    """The runs over one list of films, and what did not hold."""

    def __init__(self, out: Path, films: Path) -> None:
        self._out, self._films = out, films
        self._good = {path.stem for path in films.iterdir()} - {Path(name).stem for name in CODES}
        self._wanted: dict[str, bytes | str] = {}
        self.broken = False

    def undisturbed(self) -> float:
        """One command, nothing in its way; gives the seconds that it took."""
        fresh(self._out / "cache")
        run, took_s = timed(self._start("whole"))
        self._wanted = made(self._out / "whole")
        codes = [item["error"]["code"] for item in run.answer.get("items", ()) if item["error"]]
        how = f"{len(self._wanted)} result files; failed with {', '.join(codes)}"
        self._tell("undisturbed", took_s, run, self._complaints(run, "whole"), how)
        return took_s

    def killed(self, kills: int, took_s: float, chance: random.Random) -> None:
        """Killed at random moments, all its processes at once, and gone on with."""
        fresh(self._out / "cache")
        began, told, wrong = time.monotonic(), [], []
        done: dict[Path, tuple[int, int]] = {}
        for _ in range(kills):
            moment_s = chance.uniform(0.05, 0.3) * took_s
            if not self._start("killed", "--resume").killed_after(moment_s):
                wrong.append("it ended before it was killed")
            batch = self._queue("killed")
            wrong += changed(done)
            done = written(batch)
            told.append(f"{moment_s:.1f} s ({batch.count('done')} done, {batch.count('running')} under way)")
        run = self._start("killed", "--resume").wait()
        wrong += changed(done) + self._complaints(run, "killed")
        self._tell("killed", time.monotonic() - began, run, wrong, f"each time after {', '.join(told)}")

    def on_a_cluster(self) -> None:
        """On three workers, one of which is killed when a third of the files have ended and all three are at one."""
        cache = str(fresh(self._out / "cache"))
        with running_cluster(WORKERS, AVSEP_CACHE_DIR=cache) as cluster:
            began = time.monotonic()
            run = self._start("cluster", "--cluster", cluster["address"])
            reader = threading.Thread(target=run.wait)
            reader.start()
            batch = self._queue("cluster")
            while batch.count("done") < len(self._good) // 3 or batch.count("running") < WORKERS:
                if run.process.poll() is not None:
                    break
                time.sleep(0.02)
                batch = self._queue("cluster")
            os.kill(cluster["pids"][0], signal.SIGKILL)
            done = written(batch)
            reader.join()
            took_s = time.monotonic() - began
        wrong = changed(done) + self._complaints(run, "cluster")
        wrong += [] if batch.count("running") == WORKERS else ["no worker was killed in the middle"]
        at = f"a worker killed after {batch.count('done')} files, with {batch.count('running')} under way"
        self._tell(f"{WORKERS} workers", took_s, run, wrong, at)

    def _start(self, name: str, *more: str) -> Run:
        options = ("--everyone", "--model=tiny", "--device=cpu", "-o", self._out / name)
        return start(self._out / "cache", "batch", self._films, *options, *more)

    def _queue(self, name: str) -> Batch:
        path = queue_path(self._out / name)
        return load_batch(path) if path.exists() else Batch(self._out / name)

    def _complaints(self, run: Run, name: str) -> list[str]:
        """What is wrong with how a run ended and with what it made."""
        items: list[dict[str, Any]] = run.answer.get("items", [])
        if run.exit_code != 1 or not items:
            return [f"exit code {run.exit_code}: {run.noise[-300:]}"]
        ended = sorted((Path(item["input"]).name, item["status"]) for item in items)
        statuses = {path.name: "failed" if path.name in CODES else "done" for path in self._films.iterdir()}
        wrong = [] if ended == sorted(statuses.items()) else [f"ended as {ended}"]
        codes = {Path(item["input"]).name: item["error"]["code"] for item in items if item["error"]}
        wrong += [] if codes == CODES else [f"failed with {codes}"]
        named = {f"{name}/{output['path']}" for item in items for output in item["outputs"]}
        there = made(self._out / name)
        wrong += [f"named or there, not both: {one}" for one in named ^ {f"{name}/{one}" for one in there}]
        wrong += [
            f"other bytes: {one}" for one in there.keys() | self._wanted if there.get(one) != self._wanted.get(one)
        ]
        left = sorted({*leftovers(self._out / name)} - {WORK_NAME, f"{WORK_NAME}/lock"})
        return wrong + [f"left behind: {one}" for one in left]

    def _tell(self, name: str, took_s: float, run: Run, wrong: list[str], how: str) -> None:
        counts = ", ".join(f"{run.answer.get(status, 0)} {status}" for status in ("done", "failed", "waiting"))
        print(f"{name:12s} {took_s:5.0f} s: {counts}, exit code {run.exit_code}; {how}", flush=True)
        for line in wrong:
            print(f"  DID NOT HOLD: {line}", flush=True)
        self.broken = self.broken or bool(wrong)


def made(folder: Path) -> dict[str, bytes | str]:
    """What lies in the folders of the films."""
    plain = {name.partition("/")[2]: content for name, content in results(folder).items()}
    return {name: content for name, content in plain.items() if "/" in name and not name.startswith(".")}


def written(batch: Batch) -> dict[Path, tuple[int, int]]:
    """The results of what is done, with which file each is and when it was written."""
    paths = [batch.folder / output.path for item in batch.items if item.outcome for output in item.outcome.outputs]
    return {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in paths}


def changed(before: dict[Path, tuple[int, int]]) -> list[str]:
    """Which results are not the files any more that they were."""
    return [f"written again: {path}" for path, known in before.items() if _which(path) != known]


def _which(path: Path) -> tuple[int, int] | None:
    return (path.stat().st_ino, path.stat().st_mtime_ns) if path.exists() else None


def make_films(folder: Path, good: int, data: Path | None) -> Path:
    """A folder of `good` clips that can be done and of those in `CODES`, which cannot."""
    folder.mkdir()
    scenes = sorted(path for path in (data / "clips").iterdir() if path.suffix != ".wav") if data is not None else []
    for scene in scenes[:good]:
        beginning(scene, folder / scene.name)
    for number in range(good - len(scenes)):
        places = [(160, 150), (480, 150)][: 1 + number % 2]
        people = [ClipPerson(LOOKS[(number + k) % len(LOOKS)], place) for k, place in enumerate(places)]
        name = f"drawn {number}{('.mp4', '.mov', '.mkv')[number % 3]}"
        write_clip(folder / name, people, noise(number), duration_s=SECONDS, sample_rate_hz=RATE, seed=number)
    (folder / "empty.mp4").touch()
    (folder / "text.mp4").write_text("no video at all")
    write_clip(folder / "silent film.mp4", [ClipPerson(LOOKS[0], (160, 150))], duration_s=SECONDS)
    write_clip(folder / "nobody.mp4", [], noise(99), duration_s=SECONDS, sample_rate_hz=RATE)
    (folder / "cut off.mp4").write_bytes((folder / "nobody.mp4").read_bytes()[:3000])
    return folder


def noise(seed: int) -> np.ndarray:
    return (np.random.default_rng(seed).standard_normal((round(SECONDS * RATE), 2)) * 0.1).astype(np.float32)


def beginning(source: Path, target: Path) -> None:
    """The first seconds of a film, packet by packet."""
    with av.open(str(source)) as film, av.open(str(target), "w") as out:
        kept = {s.index: out.add_stream_from_template(s) for s in (*film.streams.video[:1], *film.streams.audio[:1])}
        for packet in film.demux(list(_streams(film, kept))):
            if packet.dts is None or packet.pts * Fraction(packet.time_base) >= SECONDS:
                continue
            packet.stream = kept[packet.stream_index]
            out.mux(packet)


def _streams(film: av.container.InputContainer, indices: Iterable[int]) -> list[av.stream.Stream]:
    return [film.streams[index] for index in indices]


if __name__ == "__main__":
    main()
