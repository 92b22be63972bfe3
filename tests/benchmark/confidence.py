"""Does confidence tell the truth? Told against true, over spans of a few seconds.

    avsep evaluate --list tests/data/mixtures/held_out.csv --root DATA --json > held_out.json
    python -m tests.benchmark.confidence OUT.svg NAME=FILE.json... [--conversations SCORES.json] [--model NAME]

Every score of an evaluation is a span (2.9 s, two voices or more all the time). With --conversations, the scores of
`tests.benchmark.conversations` add the product's own confidence over spans of 5 s.

Printed: Spearman's rank correlation of told and true SI-SDRi. OUT.svg and OUT.csv: of the spans told a confidence, the
share whose voice is right (nearer to the mixture's own talker than to any other, and better than the mixture).
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr

from engine.confidence import Judgement, confidence
from engine.metrics import bootstrap_ci95
from engine.registry import calibration
from tests.benchmark.offset_curve import Point, svg

BINS = 5


@dataclass(frozen=True)
class Span:
    """Confidence told, 0..1; true SI-SDRi in dB; whether the voice is right."""

    told: float
    si_sdri: float
    right: bool


def of_evaluation(file: Path, model: str) -> list[Span]:
    """The scores of `avsep evaluate --json`."""
    return [
        Span(
            _told(row["quality_db"], 1.0, model),
            row["si_sdri"],
            row["si_sdri"] > 0 and not row["wrong"],
        )
        for row in json.loads(file.read_text(encoding="utf-8"))["per_mixture"]
    ]


def of_conversations(file: Path, model: str) -> list[Span]:
    """The spans of `tests.benchmark.conversations`."""
    rows = json.loads(file.read_text(encoding="utf-8"))["rows"]
    return [
        Span(_told(s["quality_db"], s["visible"], model), s["si_sdri"], s["right"])
        for row in rows
        for s in row["spans"]
    ]


def _told(quality_db: float, visible: float, model: str) -> float:
    return confidence(Judgement(10 ** (quality_db / 10), 1.0, visible), calibration(model))


def reliability(spans: Sequence[Span]) -> list[Point]:
    """Share of right voices by confidence, in bins that hold as many spans each."""
    ordered = sorted(spans, key=lambda s: s.told)
    groups = [ordered[a:b] for a, b in zip(*_edges(len(ordered)), strict=True)]
    points = []
    for group in groups:
        low, high = bootstrap_ci95([[float(s.right)] for s in group])
        share = float(np.mean([s.right for s in group]))
        points.append(Point(float(np.mean([s.told for s in group])), share, low, high, len(group)))
    return points


def _edges(count: int) -> tuple[Iterable[int], Iterable[int]]:
    edges = np.linspace(0, count, BINS + 1).round().astype(int).tolist()
    return edges[:-1], edges[1:]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, metavar="OUT.svg")
    parser.add_argument("evaluations", nargs="+", metavar="NAME=FILE.json")
    parser.add_argument("--conversations", type=Path)
    parser.add_argument("--model", default="default")
    args = parser.parse_args()
    spans: dict[str, list[Span]] = {}
    for text in args.evaluations:
        name, _, file = text.partition("=")
        spans[name] = of_evaluation(Path(file), args.model)
    if args.conversations:
        spans["conversations"] = of_conversations(args.conversations, args.model)
    curves = {"as told": [Point(x, x, x, x, 0) for x in (0.0, 0.5, 1.0)]}
    for name, known in spans.items():
        rank = spearmanr([s.told for s in known], [s.si_sdri for s in known]).statistic
        right, told = np.mean([s.right for s in known]), np.mean([s.told for s in known])
        print(f"{name}: {len(known)} spans, right {right:.0%}, told {told:.0%}, rank correlation {rank:.2f}")
        curves[name] = reliability(known)
    args.out.write_text(svg(curves, "share of right voices", "confidence"), encoding="utf-8")
    with args.out.with_suffix(".csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["list", "confidence", "right", "low", "high", "spans"])
        for name, points in curves.items():
            for p in points:
                writer.writerow([name, *(f"{v:.3f}" for v in (p.frames, p.mean, p.low, p.high)), p.n])


if __name__ == "__main__":
    main()
