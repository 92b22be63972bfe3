"""Fixed mixture lists: a CSV recipe that anyone can make sound of again.

Columns: id, corpus, split; target, interferer (paths below the data folder); target_start_s, interferer_start_s;
seconds; sir_db (level of the target over the interferer, each at unit level in its window). Both talkers are scored.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from engine.data.pack import SAMPLE_RATE_HZ, Clip
from engine.errors import InputError


@dataclass(frozen=True)
class Recipe:
    """One mixture."""

    id: str
    corpus: str
    split: str
    target: str
    target_start_s: float
    interferer: str
    interferer_start_s: float
    seconds: float
    sir_db: float


def draw_recipe(
    clips: Sequence[Clip], corpus: str, split: str, count: int, *, seed: int, seconds: float = 2.88
) -> list[Recipe]:
    """Draw two-talker mixtures of different filmed people, SIR uniform in -5..5 dB; the same seed, the same list."""
    rng = np.random.default_rng(seed)
    people: dict[str, list[Clip]] = {}
    for clip in clips:
        long_enough = min(clip.audio_samples / SAMPLE_RATE_HZ, clip.video_frames / 25) >= seconds
        if clip.corpus == corpus and clip.split == split and long_enough:
            people.setdefault(clip.speaker, []).append(clip)
    if len(people) < 2:
        return []
    rows = []
    for number in range(count):
        pair = [people[str(who)] for who in rng.choice(sorted(people), 2, replace=False)]
        drawn = [clips_of[int(rng.integers(len(clips_of)))] for clips_of in pair]
        starts = []
        for clip in drawn:
            last = min(clip.video_frames, clip.audio_samples * 25 // SAMPLE_RATE_HZ) - round(seconds * 25)
            starts.append(int(rng.integers(last + 1)) / 25)
        name = f"{corpus}-{split}-{number:03d}"
        sir = round(float(rng.uniform(-5, 5)), 2)
        rows.append(Recipe(name, corpus, split, drawn[0].name, starts[0], drawn[1].name, starts[1], seconds, sir))
    return rows


def write_recipes(path: Path, rows: Iterable[Recipe]) -> None:
    """Write a recipe list."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [f.name for f in fields(Recipe)])
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)


def read_recipes(path: Path) -> list[Recipe]:
    """Read a recipe list.

    Raises:
        InputError: missing, no rows, a column is missing or a value is not a number; names the row.
    """
    numbers = {f.name for f in fields(Recipe) if f.type == "float"}
    rows = []
    try:
        with path.open(newline="", encoding="utf-8") as file:
            for at, row in enumerate(csv.DictReader(file), 2):
                try:
                    values: dict[str, Any] = {
                        f.name: float(row[f.name]) if f.name in numbers else row[f.name] for f in fields(Recipe)
                    }
                    rows.append(Recipe(**values))
                except (KeyError, TypeError, ValueError) as error:
                    raise InputError(
                        f"Line {at} of {path.name} is not a mixture: {error}.",
                        "See the columns in engine/data/recipe.py.",
                    ) from error
    except OSError as error:
        raise InputError(f"Cannot read the mixture list {path}: {error.strerror}.", "Check the path.") from error
    if not rows:
        raise InputError(f"The mixture list {path} is empty.", "Add rows.")
    return rows
