"""What lips add to separation by sound alone, for a network with blind slots.

    python -m tests.benchmark.blind DATA_FOLDER OUT.json [--model NAME] [--mixtures LIST.csv]

Three figures over the same mixtures: the blind slots in the order that fits the voices best, which no user knows
(audio only, permutation-invariant: the bound of choosing); the same slots, each face taking the one that its lips
choose; and the steered pass that ships.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch

from engine.data.recipe import read_recipes
from engine.data.scene import make_scene
from engine.metrics import bootstrap_ci95, si_sdr
from engine.separator import Separator

HELD_OUT = Path(__file__).resolve().parents[1] / "data/mixtures/held_out.csv"
WAYS = ("blind, best order", "blind, lips choose", "steered")


@torch.inference_mode()
def gains(separator: Separator, mixture: Any, voices: Any, lips: Any, seen: Any) -> dict[str, list[float]]:
    """SI-SDRi in dB of both talkers of a mixture (T,), in each of `WAYS`."""
    given = [torch.from_numpy(np.ascontiguousarray(x)) for x in (mixture[None], lips, seen)]
    out: Any = separator.model(*given, faces=2)
    slots, steered = out.blind.wave.numpy(), out.wave.numpy()
    before = [si_sdr(mixture, voice) for voice in voices]
    orders = [[si_sdr(slots[slot], voices[k]) - before[k] for k, slot in enumerate(o)] for o in ((0, 1), (1, 0))]
    chosen = out.choice.argmax(1).tolist()
    return {
        WAYS[0]: max(orders, key=sum),
        WAYS[1]: [si_sdr(slots[slot], voices[k]) - before[k] for k, slot in enumerate(chosen)],
        WAYS[2]: [si_sdr(steered[k], voices[k]) - before[k] for k in range(2)],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--model", default="default")
    parser.add_argument("--mixtures", type=Path, default=HELD_OUT)
    chosen = parser.parse_args()
    separator = Separator.load(chosen.model, "cpu")
    found: dict[str, list[list[float]]] = {way: [] for way in WAYS}
    for row in read_recipes(chosen.mixtures):
        scene = make_scene(row, chosen.data, separator.model.config.max_lag_frames)
        for way, pair in gains(separator, scene.mixture, scene.voices, scene.lips, scene.seen).items():
            found[way].append(pair)
    result = {way: {"si_sdri": float(np.mean(v)), "ci95": bootstrap_ci95(v)} for way, v in found.items()}
    chosen.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    for way, score in result.items():
        print(f"{way}: {score['si_sdri']:+.2f} dB [{score['ci95'][0]:.2f}, {score['ci95'][1]:.2f}]")


if __name__ == "__main__":
    main()
