"""Draw quality against the delay or the jitter of the picture, one line per model, as an SVG picture.

    avsep evaluate --model NAME --mixtures tests/data/mixtures/offsets.csv --root DATA --json > name.json
    python -m tests.benchmark.offset_curve OUT.svg NAME=name.json ... [--metric si_sdri] [--corpus grid]
        [--against jitter_frames]

Bands are 95 % intervals over mixtures. The numbers stand beside the picture in a table (OUT.csv).
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import numpy as np

from engine.metrics import bootstrap_ci95

FRAME_MS = 40
AXES = {
    "delay_frames": f"delay of the picture in frames of {FRAME_MS} ms (+ = the picture is late)",
    "jitter_frames": f"every picture is early or late by up to so many frames of {FRAME_MS} ms",
    "confidence": "confidence told",
}
# Told apart also without colour vision (Okabe and Ito), and by the dashes.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
DASHES = ("", "7 4", "2 3", "9 3 2 3", "12 4", "4 2", "1 4")
TITLES = {"si_sdri": "SI-SDR improvement (dB)", "sdri": "SDR improvement (dB)", "pesq_wb": "PESQ, wide band"}
WIDTH, HEIGHT = 760, 440
LEFT, TOP, RIGHT, BOTTOM = 66, 24, 190, 62


@dataclass(frozen=True)
class Point:
    """Mean of a metric at one delay or jitter, in frames, with its 95 % interval."""

    frames: float
    mean: float
    low: float
    high: float
    n: int


def curve(scores: Sequence[Mapping[str, Any]], metric: str, against: str = "delay_frames") -> list[Point]:
    """Points in the order of a condition of `AXES`, from the per_mixture rows of `avsep evaluate`."""
    points = []
    for frames in sorted({s[against] for s in scores}):
        groups: dict[str, list[float]] = {}
        for s in scores:
            if s[against] == frames and s[metric] is not None:
                groups.setdefault(s["voices"], []).append(float(s[metric]))
        if groups:
            values = [v for group in groups.values() for v in group]
            points.append(Point(frames, float(np.mean(values)), *bootstrap_ci95(list(groups.values())), len(values)))
    return points


def ticks(low: float, high: float) -> list[float]:
    """Four to nine round numbers that enclose a range."""
    step = 10 ** np.floor(np.log10(max(high - low, 1e-6) / 3))
    step *= next(f for f in (1, 2, 5, 10) if (high - low) / (step * f) <= 7)
    return [float(round(k * step, 9)) for k in range(int(np.floor(low / step)), int(np.ceil(high / step)) + 1)]


def svg(curves: Mapping[str, Sequence[Point]], title: str, against: str = "delay_frames") -> str:
    """The picture."""
    every = [point for points in curves.values() for point in points]
    levels = ticks(min(0.0, *(p.low for p in every)), max(p.high for p in every))
    steps = sorted({p.frames for p in every})
    span = max(steps[-1] - steps[0], 1)

    def x(frames: float) -> float:
        return LEFT + (frames - steps[0]) / span * (WIDTH - LEFT - RIGHT)

    def y(value: float) -> float:
        return TOP + (levels[-1] - value) / (levels[-1] - levels[0]) * (HEIGHT - TOP - BOTTOM)

    def line(points: Sequence[tuple[float, float]]) -> str:
        return " ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in points)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
        'font-size="13" fill="#222">',
        f"<title>{escape(title)}; {escape(AXES[against])}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
    ]
    for level in levels:
        heavy = "#888" if level == 0 else "#ddd"
        parts.append(f'<path d="M{LEFT} {y(level):.1f}H{WIDTH - RIGHT}" stroke="{heavy}"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y(level) + 4:.1f}" text-anchor="end">{level:g}</text>')
    for frames in ticks(0.0, 1.0) if against == "confidence" else steps:
        parts.append(f'<path d="M{x(frames):.1f} {HEIGHT - BOTTOM}v5" stroke="#888"/>')
        label = f"{frames:+g}" if frames and against == "delay_frames" else f"{frames:g}"
        parts.append(f'<text x="{x(frames):.1f}" y="{HEIGHT - BOTTOM + 19}" text-anchor="middle">{label}</text>')
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts.append(f'<text x="{middle:.0f}" y="{HEIGHT - 14}" text-anchor="middle">{AXES[against]}</text>')
    upright = (TOP + HEIGHT - BOTTOM) / 2
    parts.append(
        f'<text transform="translate(18 {upright:.0f}) rotate(-90)" text-anchor="middle">{escape(title)}</text>'
    )
    for number, (name, points) in enumerate(curves.items()):
        colour, dash = COLOURS[number % len(COLOURS)], DASHES[number % len(DASHES)]
        band = [(p.frames, p.high) for p in points] + [(p.frames, p.low) for p in reversed(points)]
        stroke = f'stroke="{colour}" stroke-width="2" fill="none" stroke-dasharray="{dash or "none"}"'
        parts.append(f'<polygon points="{line(band)}" fill="{colour}" opacity="0.13"/>')
        parts.append(f'<polyline points="{line([(p.frames, p.mean) for p in points])}" {stroke}/>')
        parts += [f'<circle cx="{x(p.frames):.1f}" cy="{y(p.mean):.1f}" r="3" fill="{colour}"/>' for p in points]
        row = TOP + 12 + 20 * number
        parts.append(f'<path d="M{WIDTH - RIGHT + 16} {row - 4}h26" {stroke}/>')
        parts.append(f'<text x="{WIDTH - RIGHT + 48}" y="{row}">{escape(name)}</text>')
    return "\n".join([*parts, "</svg>", ""])


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, metavar="OUT.svg")
    parser.add_argument("models", nargs="+", metavar="NAME=FILE.json")
    parser.add_argument("--metric", default="si_sdri")
    parser.add_argument("--against", choices=AXES, default="delay_frames")
    parser.add_argument("--corpus", help="only scores of this corpus")
    args = parser.parse_args(arguments)
    curves = {}
    for text in args.models:
        name, _, file = text.partition("=")
        rows = json.loads(Path(file).read_text(encoding="utf-8"))["per_mixture"]
        curves[name] = curve([s for s in rows if args.corpus in (None, s["corpus"])], args.metric, args.against)
        if not curves[name]:
            parser.error(f"{file} has no {args.metric} for corpus {args.corpus or 'any'}")
    title = TITLES.get(args.metric, args.metric) + (f", {args.corpus}" if args.corpus else "")
    args.out.write_text(svg(curves, title, args.against), encoding="utf-8")
    with args.out.with_suffix(".csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["model", args.against, args.metric, "low", "high", "scores"])
        for name, points in curves.items():
            for p in points:
                writer.writerow([name, p.frames, f"{p.mean:.3f}", f"{p.low:.3f}", f"{p.high:.3f}", p.n])


if __name__ == "__main__":
    main()
