"""How well a model finds the delay of the picture on clean speech of one person.

    python -m tests.benchmark.lag DATA_FOLDER [--model NAME] [--every 3]

Every window of the held-out list's talkers is heard alone, its picture shifted by each of nine delays. The clips' own
offset, which nobody has measured, counts as error.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np

from engine.data.recipe import read_recipes
from engine.data.scene import make_scene
from engine.separator import Separator

HELD_OUT = Path(__file__).resolve().parents[1] / "data/mixtures/held_out.csv"
DELAYS = (-9, -5, -2, -1, 0, 1, 2, 5, 9)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--model", default="default")
    parser.add_argument("--every", type=int, default=3, help="take every n-th mixture of the list")
    chosen = parser.parse_args()
    separator = Separator.load(chosen.model, "cpu")
    errors: dict[str, list[int]] = defaultdict(list)
    for number, row in enumerate(read_recipes(HELD_OUT)[:: chosen.every]):
        delay = DELAYS[number % len(DELAYS)]
        scene = make_scene(replace(row, delay_frames=delay), chosen.data, separator.model.config.max_lag_frames)
        for talker in range(2):
            one = slice(talker, talker + 1)
            out = separator.masks(scene.voices[talker], scene.lips[one], scene.seen[one], None)
            found = int(separator.lag_probabilities(out.match).argmax()) - out.match.shape[-1] // 2
            errors[row.corpus].append(abs(found - delay))
    for corpus, values in errors.items():
        within = np.mean(np.asarray(values) <= 1)
        print(f"{corpus}: within one frame in {within:.0%} of {len(values)}, errors {np.bincount(values).tolist()}")


if __name__ == "__main__":
    main()
