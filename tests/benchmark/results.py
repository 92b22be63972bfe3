"""Write docs/results.md from the files that `tests.benchmark.systems` leaves in docs/results.

python -m tests.benchmark.results
"""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

import numpy as np

from tests.benchmark.systems import LIP_STEPS, LONG_STEPS, RESULTS, SHORT_STEPS, SYSTEMS

PAGE = RESULTS.parent / "results.md"
COLUMNS = (("si_sdri", "SI-SDRi dB"), ("sdr", "SDR dB"), ("sir", "SIR dB"), ("sar", "SAR dB"))
RATED = (("pesq_wb", "PESQ wb"), ("stoi", "STOI"))

INTRODUCTION = f"""# What each system buys

Written by `python -m tests.benchmark.results` from the files in `docs/results`, which `python -m
tests.benchmark.systems PACK DATA RUNS` makes. Every system of the three papers, in a compact size, gets the same
lessons: {LIP_STEPS} steps of lips alone, {LONG_STEPS} of mixtures at the full rate, half of them film and half speech
with imagined lips ([ADR 6](adr/0006-imagined-lips.md)), then {SHORT_STEPS} on film alone with a falling rate and the
terms of the system. A step holds five mixtures of 2.56 s: 48 minutes of film, 18 talkers, their voices also at four
other pitches, and 769 voices without a face; in a quarter of the mixtures the second voice has no face; lip
landmarks, shifted by up to nine frames in 40 % of the items. Systems of one network share the first two lessons. All
are scored on the same 120 mixtures of eight people whom they have never met (`tests/data/mixtures/held_out.csv`).
Brackets are 95 % intervals over mixtures; seeds are averaged, ends of intervals too, and in parentheses is what each
of them gave. This budget is some twenty minutes of one CPU core per system (the minutes of the table were on a busy
machine), at which the compact network has only begun. So affinity and terms are judged a second time where there is
something to lose: rows named "shipped" take the last lesson alone, from the weights of the shelf (sha256
163f915b...), which have had seven hours before. In "shipped-frame-locked" the affinity gives way to lips as they
stand. Compare rows with one another, not with the papers' numbers.
"""

PAPERS = """## What the papers report

| source | data | system | SDR dB | PESQ | STOI |
|---|---|---|---|---|---|
| CMC (in the MMMC poster) | LRS3 | baseline | 8.46 | 2.27 | 0.843 |
| | | + CMC loss | 8.85 | 2.39 | 0.854 |
| MMMC (poster) | LRS3 | baseline | 9.39 | 2.54 | 0.851 |
| | | + triplet | 9.62 | 2.55 | 0.855 |
| | | + adversarial | 9.98 | 2.58 | 0.861 |
| MMMC (poster) | VoxCeleb2 | VisualVoice, made again | 7.69 | 2.58 | 0.791 |
| | | + triplet | 8.18 | 2.60 | 0.793 |
| | | + adversarial | 8.95 | 2.69 | 0.811 |
| CaffNet-C (as others quote it) | LRS2 / LRS3 | phase estimated | 10.0 / 9.8 | | |
"""


def runs_by_system() -> dict[str, list[dict[str, Any]]]:
    """The stored results, in the order of the comparison."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for path in sorted(RESULTS.glob("*-s*.json")):
        stored = json.loads(path.read_text(encoding="utf-8"))
        found[stored["system"]].append(stored)
    return {name: found[name] for name in SYSTEMS if name in found}


def mean(runs: list[dict[str, Any]], key: str) -> float | None:
    """Mean of a metric over the seeds; None where it could not be computed."""
    values = [run["metrics"].get(key) for run in runs]
    return None if any(v is None for v in values) else float(np.mean([float(v) for v in values if v is not None]))


def interval(runs: list[dict[str, Any]], key: str) -> tuple[float, float]:
    """Mean over the seeds of the ends of their intervals over mixtures."""
    low, high = np.mean([run["ci95"][key] for run in runs], 0)
    return float(low), float(high)


def shown(value: float | None, digits: int) -> str:
    """A number, or a dash where there is none."""
    return "–" if value is None else f"{value:.{digits}f}"


def row(name: str, runs: list[dict[str, Any]]) -> str:
    """A row of the main table."""
    first = runs[0]
    cells = [name, str(len(runs)), f"{first['parameters'] / 1e6:.1f}"]
    for key, _ in COLUMNS:
        low, high = interval(runs, key)
        cells.append(f"{shown(mean(runs, key), 2)} [{low:.2f}, {high:.2f}]")
    if len(runs) > 1:
        cells[3] += " (" + ", ".join(f"{run['metrics'][COLUMNS[0][0]]:.2f}" for run in runs) + ")"
    cells += [shown(mean(runs, key), digits) for (key, _), digits in zip(RATED, (2, 3), strict=True)]
    for key in ("wrong_talker_rate", "both_faces_right"):
        low, high = interval(runs, key)
        cells.append(f"{100 * np.mean([r[key] for r in runs]):.0f} % [{100 * low:.0f}, {100 * high:.0f}]")
    cells.append(f"{np.mean([r['minutes'] for r in runs]):.0f}")
    return "| " + " | ".join(cells) + " |"


def by_corpus(name: str, runs: list[dict[str, Any]]) -> str:
    """A row of the table that keeps the corpora apart."""
    cells = [name]
    for corpus in ("grid", "vasp"):
        parts = [run["by_corpus"][corpus] for run in runs]
        cells.append(f"{np.mean([p['metrics']['si_sdri'] for p in parts]):.2f}")
        cells.append(f"{100 * np.mean([p['wrong_talker_rate'] for p in parts]):.0f} %")
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    systems = runs_by_system()
    heads = ["system", "seeds", "M parameters", *(title for _, title in (*COLUMNS, *RATED))]
    heads += ["wrong talker", "both faces right", "minutes"]
    lines = [INTRODUCTION, "| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    lines += [row(name, runs) for name, runs in systems.items()]
    lines += ["", "Each corpus on its own, mean over seeds:", ""]
    lines += ["| system | GRID SI-SDRi dB | wrong | interviews SI-SDRi dB | wrong |", "|---|---|---|---|---|"]
    lines += [by_corpus(name, runs) for name, runs in systems.items()]
    missing = [name for name in SYSTEMS if name not in systems]
    if missing:
        lines += ["", f"Not run yet: {', '.join(missing)}."]
    comments = RESULTS / "comments.md"
    if comments.is_file():
        lines += ["", comments.read_text(encoding="utf-8").rstrip()]
    lines += ["", PAPERS.rstrip()]
    PAGE.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(PAGE)


if __name__ == "__main__":
    main()
