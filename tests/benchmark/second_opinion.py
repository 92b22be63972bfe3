"""Does AVSep's own model judge the voices of other models well? Told against true, on a list of mixtures.

    python -m tests.benchmark.second_opinion DATA LIST.csv [NAME=WEIGHTS.safetensors...]

Beside the models that are named, voices that are known beforehand are judged: nearly the true ones (the others 15 dB
below), those of the other talker, and the mixture as it is. Printed for each: voices, mean of told and true SI-SDRi,
Spearman's rank correlation of the two, and how many of the right and of the wrong voices are called strong
disagreements.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr

from engine.audio.fullband import masked
from engine.confidence import judge
from engine.contract import MODEL_RATE_HZ, FloatArray, SeparationModel
from engine.data.recipe import read_recipes
from engine.data.scene import Scene, make_scene
from engine.gate import gate_gain
from engine.isolation.second_opinion import ADVISER, is_far, opinion
from engine.metrics import si_sdr
from engine.separator import open_model

RESIDUE = 10 ** (-15 / 20)


@dataclass(frozen=True)
class Told:
    """Of one voice: what our model says of it, what is true, whether it is nearest to its own talker, and accused."""

    told_db: float
    true_db: float
    right: bool
    accused: bool


def of_model(model: SeparationModel) -> Callable[[Scene], FloatArray]:
    def voices(scene: Scene) -> FloatArray:
        out = model.masks(scene.mixture, scene.lips, scene.seen, None, scene.attributes)
        return masked(scene.mixture, out.mask, model.declaration.grid)

    return voices


def nearly_true(scene: Scene) -> FloatArray:
    wanted = scene.voices[list(scene.filmed)]
    return wanted + np.float32(RESIDUE) * (scene.mixture - wanted)


def swapped(scene: Scene) -> FloatArray:
    return scene.mixture - scene.voices[list(scene.filmed)]


def as_it_is(scene: Scene) -> FloatArray:
    return np.repeat(scene.mixture[None], len(scene.filmed), 0)


def judged(scene: Scene, voices: FloatArray, own: FloatArray, quality_db: FloatArray) -> list[Told]:
    said = opinion(scene.mixture, voices, own, quality_db)
    told = []
    for row, talker in enumerate(scene.filmed):
        judgement = judge(scene.mixture, own[row], MODEL_RATE_HZ, said.quality_db[row], 1.0, said.apart_db[row])
        score = [si_sdr(voices[row], voice) for voice in scene.voices]
        gain = score[talker] - si_sdr(scene.mixture, scene.voices[talker])
        right = score[talker] == max(score) and gain > 0
        told.append(Told(judgement.improvement_db, gain, right, is_far(judgement)))
    return told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", type=Path, metavar="DATA")
    parser.add_argument("mixtures", type=Path, metavar="LIST.csv")
    parser.add_argument("models", nargs="*", metavar="NAME=WEIGHTS")
    args = parser.parse_args()
    ours = open_model(ADVISER, "cpu")
    judges: dict[str, Callable[[Scene], FloatArray]] = {
        "nearly true": nearly_true,
        "the other talker": swapped,
        "the mixture": as_it_is,
    }
    margins = set()
    for text in args.models:
        name, _, weights = text.partition("=")
        model = open_model(weights, "cpu")
        margins.add(model.declaration.margin_frames)
        judges[name] = of_model(model)
    assert margins <= {ours.declaration.margin_frames}, "lips of another margin"
    rows: dict[str, list[Told]] = {name: [] for name in judges}
    for recipe in read_recipes(args.mixtures):
        scene = make_scene(recipe, args.root, ours.declaration.margin_frames)
        out = ours.masks(scene.mixture, scene.lips, scene.seen, None, scene.attributes)
        own = masked(scene.mixture, out.mask, ours.declaration.grid)
        frames = out.activity.shape[1]
        at = (np.arange(own.shape[1]) + 0.5) / own.shape[1] * frames - 0.5
        rate = frames * MODEL_RATE_HZ / own.shape[1]
        own *= np.stack([np.interp(at, np.arange(frames), gate_gain(a, rate)) for a in out.activity]).astype(np.float32)
        for name, voices in judges.items():
            rows[name] += judged(scene, voices(scene), own, out.quality)
    for name, told in [*rows.items(), ("together", [t for part in rows.values() for t in part])]:
        rank = spearmanr([t.told_db for t in told], [t.true_db for t in told]).statistic
        shares = [
            f"{sum(t.accused for t in part)} of {len(part)}"
            for part in ([t for t in told if t.right], [t for t in told if not t.right])
        ]
        means = np.mean([t.told_db for t in told]), np.mean([t.true_db for t in told])
        print(
            f"{name}: {len(told)} voices, told {means[0]:+.1f} dB, true {means[1]:+.1f} dB, rank correlation "
            f"{rank:.2f}; accused of the right {shares[0]}, of the wrong {shares[1]}"
        )


if __name__ == "__main__":
    main()
