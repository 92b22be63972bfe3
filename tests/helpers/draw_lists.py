"""Draw the mixture lists of tests/data/mixtures again, one per condition; see docs/evaluation.md.

python -m tests.helpers.draw_lists DATA_FOLDER PACK_FOLDER [OUT_FOLDER]

Ten mixtures of GRID and ten of interviews per condition, of test talkers whom no model was trained on. Within a list,
a condition's values share their voices, so that scores can be compared pair by pair.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from engine.data.pack import Clip, Pack
from engine.data.recipe import Recipe, draw_recipe, write_recipes

CORPORA = ("grid", "vasp")
COUNT = 10
DELAYS = (-9, -5, -2, -1, 0, 1, 2, 5, 9)
_MEN_OF_GRID = (1, 2, 3, 5, 6, 8, 9, 10, 12, 13, 14, 17, 19, 26, 27, 28, 30, 32)
# Sound of ESC-10's last fold: keep it out of training.
_NOISE = "5-*.opus"
_NOISE_S = 2.0
_WILD = "rd_radio2", "rd_radio34", "wda_bobmenendez", "wda_edmarkey0"
_WILD_STARTS_S = 0.4, 2.6, 4.8


def gender(speaker: str) -> str:
    """f, m, or nothing where it is not known. Interviews by sight, by the data's own note."""
    corpus, _, name = speaker.partition("-")
    if corpus == "grid":
        return "m" if int(name.removeprefix("s")) in _MEN_OF_GRID else "f"
    return ("f" if int(name.removeprefix("ID")) <= 10 else "m") if corpus == "vasp" else ""


def draw(clips: Sequence[Clip], seed: int, **options: Any) -> list[Recipe]:
    """Ten mixtures per corpus."""
    genders = {clip.speaker: gender(clip.speaker) for clip in clips}
    return [
        row
        for number, corpus in enumerate(CORPORA)
        for row in draw_recipe(clips, corpus, "test", COUNT, seed=100 * seed + number, genders=genders, **options)
    ]


def vary(rows: Iterable[Recipe], field: str, values: Iterable[Any]) -> list[Recipe]:
    """Every mixture with every value of one field; the value is added to the id."""
    kept = list(rows)
    return [replace(row, id=f"{row.id}_{value:g}", **{field: value}) for value in values for row in kept]


def noisy(rows: Sequence[Recipe], noises: Sequence[str], seed: int) -> list[Recipe]:
    """Every mixture without noise and with the same noise at 20, 10 and 0 dB."""
    rng = np.random.default_rng(seed)
    given = [
        replace(
            row, noise=noises[rng.integers(len(noises))], noise_start_s=round(rng.random() * _NOISE_S, 2), snr_db=0.0
        )
        for row in rows
    ]
    return [replace(row, id=f"{row.id}_clean") for row in rows] + vary(given, "snr_db", (20.0, 10.0, 0.0))


def lists(clips: Sequence[Clip], noises: Sequence[str]) -> dict[str, list[Recipe]]:
    """All lists by name."""
    seeded = [replace(row, seed=number) for number, row in enumerate(draw(clips, 3))]
    return {
        "offsets": vary(draw(clips, 1), "delay_frames", DELAYS),
        "jitter": vary(seeded, "jitter_frames", (0.0, 0.5, 1.0, 2.0)),
        "drop_outs": vary(seeded, "drop_share", (0.0, 0.1, 0.3, 1.0)),
        "noise": noisy(draw(clips, 4), noises, 4),
        "three_talkers": draw(clips, 5, talkers=3),
        "sir": vary(draw(clips, 6), "sir_db", (-10.0, -5.0, 0.0, 5.0, 10.0)),
        "genders": [
            replace(row, id=f"{row.id}_{'same' if same else 'different'}")
            for same in (True, False)
            for row in draw(clips, 7, same_gender=same)
        ],
    }


def wild() -> list[Recipe]:
    """Pairs of the four talkers whose cameras, rooms and microphones no model was trained with."""
    rng = np.random.default_rng(8)
    rows = []
    for pair, (a, b) in enumerate(combinations(_WILD, 2)):
        for part, start_s in enumerate(_WILD_STARTS_S):
            target, interferer = (a, b) if part % 2 else (b, a)
            rows.append(
                Recipe(
                    id=f"wild-{pair}-{part}",
                    corpus="wild",
                    split="test",
                    target=f"clips/wild_{target}.mp4",
                    target_start_s=start_s,
                    interferer=f"clips/wild_{interferer}.mp4",
                    interferer_start_s=float(rng.choice(_WILD_STARTS_S)),
                    seconds=2.88,
                    sir_db=round(float(rng.uniform(-2.5, 2.5)), 2),
                )
            )
    return rows


def main() -> None:
    data, pack = Path(sys.argv[1]), Path(sys.argv[2])
    out = Path(sys.argv[3]) if len(sys.argv) > 3 else Path(__file__).parents[1] / "data/mixtures"
    noises = sorted(path.relative_to(data).as_posix() for path in (data / "noise").rglob(_NOISE))
    for name, rows in {**lists(Pack(pack).clips, noises), "wild": wild()}.items():
        write_recipes(out / f"{name}.csv", rows)
        print(f"{name}: {len(rows)} mixtures")


if __name__ == "__main__":
    main()
