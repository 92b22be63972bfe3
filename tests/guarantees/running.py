"""Runs checks, each with a folder, a cache and a data folder of its own, and tells what they found."""

from __future__ import annotations

import json
import os
import platform
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from tests.guarantees.checks import CHECKS, Check
from tests.guarantees.finding import Finding, Scope

# Modules of this package whose cases are counted together at the top of the table; in LOSING a case that does not hold
# is a result that was lost or damaged.
FAULTS = ("faults", "troubles", "hostile", "projects", "places")
LOSING = ("faults", "troubles")
HEADER = ("Guarantee", "Cases", "Held", "Worst figure")


@dataclass(frozen=True)
class Outcome:
    """What one check found, and how long it took."""

    name: str
    module: str
    findings: tuple[Finding, ...]
    seconds: float


def run_check(check: Check, folder: Path, *, short: bool) -> Outcome:
    """Run one check in an empty folder; an exception of the check itself is a finding that did not hold."""
    began = time.monotonic()
    names = ("AVSEP_CACHE_DIR", "AVSEP_DATA_DIR")
    with mock.patch.dict(os.environ, {name: str(folder / name.lower()) for name in names}):
        work = folder / "work"
        work.mkdir()
        try:
            findings = tuple(check(Scope(work, short)))
        except Exception as error:  # noqa: BLE001 - the other checks go on, and the table tells it
            broken = Finding(f"The check {check.__name__} runs to its end")
            broken.case("run", f"{type(error).__name__}: {error}")
            findings = (broken,)
    return Outcome(check.__name__, check.__module__.rpartition(".")[2], findings, time.monotonic() - began)


def run_checks(checks: Sequence[Check], *, short: bool) -> Iterator[Outcome]:
    """Run checks one after the other."""
    for check in checks:
        with tempfile.TemporaryDirectory(prefix="avsep-guarantees-") as folder:
            yield run_check(check, Path(folder), short=short)


def table(outcomes: Sequence[Outcome]) -> list[str]:
    """The table as Markdown."""
    rows = [
        (finding.guarantee, str(finding.cases), str(finding.passed), finding.worst)
        for outcome in outcomes
        for finding in outcome.findings
    ]
    return [f"| {' | '.join(row)} |" for row in (HEADER, ("---", "---:", "---:", "---"), *rows)]


def headlines(outcomes: Sequence[Outcome]) -> list[str]:
    """The figures that stand for the whole, one per line."""
    lines = []
    if faults := [f for outcome in outcomes if outcome.module in FAULTS for f in outcome.findings]:
        lines.append(f"Faults tried: {sum(f.cases for f in faults)}, held: {sum(f.passed for f in faults)}")
    if losing := [f for outcome in outcomes if outcome.module in LOSING for f in outcome.findings]:
        lines.append(f"Lost results: {sum(len(f.broken) for f in losing)}")
    told = [finding for outcome in outcomes for finding in outcome.findings if finding.headline]
    return lines + [f"{finding.headline}: {finding.worst or len(finding.broken)}" for finding in told]


def broken(outcomes: Sequence[Outcome]) -> list[str]:
    """What did not hold, one line per case."""
    return [f"{f.guarantee}: {line}" for outcome in outcomes for f in outcome.findings for line in f.broken]


def remembered(path: Path, outcomes: Sequence[Outcome], *, short: bool) -> list[Outcome]:
    """Note outcomes of the full form beside those of earlier runs, and give all: the whole suite takes hours.

    Of the short form nothing is noted.
    """
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    if not short:
        known |= {outcome.name: asdict(outcome) for outcome in outcomes}
        path.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
    names = [check.__name__ for check in CHECKS if check.__name__ in known]
    return [_outcome(known[name]) for name in names]


def _outcome(told: dict[str, Any]) -> Outcome:
    findings = tuple(Finding(**finding) for finding in told["findings"])
    return Outcome(told["name"], told["module"], findings, told["seconds"])


def document(outcomes: Sequence[Outcome]) -> str:
    """The text of docs/guarantees.md."""
    failed = broken(outcomes)
    took = sum(outcome.seconds for outcome in outcomes) / 60
    return "\n".join(
        [
            "# Guarantees, tried",
            "",
            "What AVSep promises of any input and any fault: how many cases tried it, how many held, the worst figure.",
            f"Made in full form by `python -m tests.guarantees --write` in {took:.0f} minutes on {platform.system()}, "
            f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}; "
            "`--only NAME --write` makes a part anew.",
            "`--short` takes the sample that runs with every change (`tests/e2e/test_guarantees.py`).",
            "",
            *(f"- {line}" for line in headlines(outcomes)),
            "",
            *table(outcomes),
            "",
            "## What broke",
            "",
            *([f"- {line}" for line in failed] or ["Nothing."]),
            "",
        ]
    )
