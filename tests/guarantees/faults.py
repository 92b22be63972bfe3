"""Runs that are killed at any moment: nothing partial under a final name, the same bytes at last, no work twice."""

from __future__ import annotations

import random
import shutil
from collections import Counter
from functools import partial
from itertools import cycle, islice
from pathlib import Path

from engine.batch.store import load_batch, queue_path
from engine.isolation.voice_file import HOP_S
from engine.seals import read_sealed
from tests.guarantees.finding import Finding, Scope
from tests.guarantees.runs import Run, fresh, leftovers, make_film, moments, results, separate, start, timed

KILLS, KILLS_SHORT = 50, 2
KILLS_IN_A_ROW = 1, 4
WARM_SHARE = 0.7  # of the time of a whole run that one takes which knows the people
OUTPUTS = ("voice.wav", "out", "film.mkv", "there")
"""What is made in turn: a sound file, a new folder, a video, a folder that is there and holds a file."""


def killed_separations(scope: Scope) -> list[Finding]:
    """`separate` is killed at random moments and given again."""
    same = Finding("`separate`, killed at any moment and given again, ends with the same bytes")
    whole = Finding("At the moment of a kill, nothing partial has a final name")
    taken_over = Finding("What was computed before a kill is not computed again")
    folder = scope.folder
    film = make_film(folder / "film.mp4")
    wanted: dict[str, dict[str, bytes | str]] = {}
    took_s: list[float] = []
    for name in OUTPUTS[1:2] if scope.short else OUTPUTS:
        reference, seconds = timed(separate(folder / "warm", film, _place(folder / "whole", name)))
        same.case(f"undisturbed {name}", reference.complaint())
        wanted[name] = results(folder / "whole" / name)
        took_s.append(seconds)
        shutil.rmtree(folder / "warm" / "voices")
    saved_s = 0.0
    phases: Counter[str] = Counter()
    count = KILLS_SHORT if scope.short else KILLS
    for number, share in enumerate(cycle(moments(count, 1.0, scope.seed))):
        if phases.total() == count:
            break
        name, warm = list(wanted)[number % len(wanted)], number % 3 != 1
        moment_s = share * (took_s[0] if not warm else took_s[-1] if len(took_s) > 1 else took_s[0] / 2)
        cache, out = fresh(folder / "cache"), _place(fresh(folder / "killed"), name)
        if warm:  # most of a run is looking for people: without that, a kill meets what comes after it
            shutil.copytree(folder / "warm", cache, dirs_exist_ok=True)
        run = separate(cache, film, out)
        if not run.killed_after(moment_s):  # it was quicker
            continue
        phases[run.phase] += 1
        known_too = ", people known" if warm else ""
        case = f"kill {phases.total()} after {moment_s:.2f} s, {run.phase}, {name}{known_too}"
        left = results(out) if out.exists() else {}
        whole.case(case, _partial(left, wanted[name], name))
        known, done = _kept(cache)
        again = separate(cache, film, out).wait()
        same.case(case, _outcome(again, results(out) if out.exists() else {}, wanted[name], left, folder / "killed"))
        if again.exit_code == 0:
            taken_over.case(case, _computed_again(again, known, done))
            saved_s += sum(len(windows) for windows in done) * HOP_S
    taken_over.worst = f"{saved_s:.0f} s of voices were taken over"
    same.worst = f"{count} kills: {_told(phases)}"
    return [same, whole, taken_over]


def _place(folder: Path, name: str) -> Path:
    """Where a result goes; "there" is there and holds something."""
    folder.mkdir(exist_ok=True)
    if name == "there":
        (folder / name).mkdir()
        (folder / name / "mine.txt").write_text("mine")
    return folder / name


def _partial(left: dict[str, bytes | str], wanted: dict[str, bytes | str], name: str) -> str | None:
    """What of what is there is not whole. A folder that is new appears as a whole."""
    wrong = sorted(file for file, content in left.items() if "/.avsep-" not in f"/{file}" and wanted[file] != content)
    if wrong:
        return f"partial: {wrong}"
    return f"a part of the folder: {sorted(left)}" if name == "out" and left and left.keys() != wanted.keys() else None


def _outcome(
    run: Run, made: dict[str, bytes | str], wanted: dict[str, bytes | str], left: dict[str, bytes | str], folder: Path
) -> str | None:
    """What is wrong with the second run; that the result was there already is right if it was whole."""
    finished = left.keys() >= wanted.keys() and run.code == "output_exists"
    if run.exit_code and not finished:
        return run.complaint()
    if not finished and leftovers(folder):
        return f"left behind: {leftovers(folder)}"
    plain = {name: content for name, content in made.items() if "/.avsep-" not in f"/{name}"}
    different = sorted(name for name in plain.keys() | wanted.keys() if plain.get(name) != wanted.get(name))
    return f"other bytes: {different}" if different else None


def _kept(cache: Path) -> tuple[bool, list[set[int]]]:
    """What a killed run left in the cache: whether the people are known, and the windows of each voice."""
    known = any(read_sealed(path) for path in cache.glob("faces/*/people.json"))
    states = [read_sealed(path) for path in cache.glob("voices/*/state.json")]
    return known, [{int(k) for k in state["done"]} for state in states if state]


def _computed_again(run: Run, known: bool, done: list[set[int]]) -> str | None:
    """What a run computed though it was there."""
    if known and any(told["stage"] == "Finding people" and told["completed"] < told["total"] for told in run.progress):
        return "people were looked for again"
    counted = {told["total"] for told in run.progress if told["stage"] == "Isolating"}
    both = set.intersection(*done) if done else set()
    voices = 1 if any(out.get("kind") == "voice" for out in run.answer["outputs"]) and len(done) == 1 else len(done)
    if voices and counted and max(counted) + len(both) > _windows(run):
        return f"{len(both)} windows were there, and {max(counted)} computed"
    return None


def _windows(run: Run) -> int:
    """How many windows the film of a run has."""
    return max(1, -(-round(1000 * run.answer["duration_s"]) // (1000 * HOP_S)))


def killed_batches(scope: Scope) -> list[Finding]:
    """`batch` is killed a few times, gone on with until it is done, and begun anew; two files are done at a time."""
    same = Finding("`batch`, killed again and again and resumed, ends with the same bytes")
    kept = Finding("What a batch had done before a kill stays as it was")
    folder = scope.folder
    fresh(folder / "films")
    for number in range(1 if scope.short else 2):
        make_film(folder / "films" / f"talk {number}.mp4", seed=number)
    begin = partial(start, all_cores=not scope.short)  # how many cores a file is computed on decides on its last bits
    options = ("batch", folder / "films", "--everyone", "--model=tiny", "--device=cpu", "--workers=2", "--resume", "-o")
    reference, took_s = timed(begin(folder / "warm", *options, folder / "whole"))
    same.case("undisturbed", reference.complaint())
    wanted = _films(folder / "whole")
    shutil.rmtree(folder / "warm" / "voices")
    planned = KILLS_SHORT if scope.short else KILLS
    waits, chance = cycle(moments(planned, took_s, scope.seed + 1)), random.Random(scope.seed)
    phases: Counter[str] = Counter()
    while phases.total() < planned:
        cache, out = fresh(folder / "cache"), folder / "out"
        shutil.rmtree(out, ignore_errors=True)
        if warm := same.cases % 2 == 0:
            shutil.copytree(folder / "warm", cache, dirs_exist_ok=True)
        for wait_s in islice(waits, min(chance.randint(*KILLS_IN_A_ROW), planned - phases.total())):
            done = _done(out)
            moment_s = wait_s * (WARM_SHARE if warm else 1.0)
            run = begin(cache, *options, out)
            if not run.killed_after(moment_s):
                break
            phases[run.phase] += 1
            lost = {path: content for path, content in done.items() if not _same(path, content)}
            case = f"kill {phases.total()} after {moment_s:.2f} s, {run.phase}"
            kept.case(case, f"changed: {sorted(map(str, lost))}" if lost else None)
        last = begin(cache, "batch", "--resume", "-o", out).wait()
        made = _films(out) if out.exists() else {}
        if last.code == "usage" and not queue_path(out).exists():  # killed before there was a queue
            last = begin(cache, *options, out).wait()
            made = _films(out)
        different = sorted(name for name in made.keys() | wanted.keys() if made.get(name) != wanted.get(name))
        trouble = last.complaint() or (f"other bytes: {different}" if different else "")
        case = f"batch {same.cases}, up to kill {phases.total()}"
        same.case(case, trouble or (f"left: {leftovers(out)}" if leftovers(out) else None))
    same.worst = f"{phases.total()} kills: {_told(phases)}"
    return [same, kept]


def _told(phases: Counter[str]) -> str:
    """At what the kills came, the most frequent first."""
    return ", ".join(f"{count} {phase[:1].lower()}{phase[1:]}" for phase, count in phases.most_common())


def _films(folder: Path) -> dict[str, bytes | str]:
    """Results of a batch: what lies in the folders of its films."""
    return {name.partition("/")[2]: content for name, content in results(folder).items() if name.count("/") > 1}


def _done(folder: Path) -> dict[Path, tuple[int, bytes]]:
    """The files of what a batch says is done, with their times and bytes."""
    if not queue_path(folder).exists():
        return {}
    items = load_batch(queue_path(folder)).items
    paths = [folder / output.path for item in items if item.outcome for output in item.outcome.outputs]
    return {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in paths}


def _same(path: Path, before: tuple[int, bytes]) -> bool:
    return path.exists() and (path.stat().st_mtime_ns, path.read_bytes()) == before
