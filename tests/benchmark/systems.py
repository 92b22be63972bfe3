"""Train and score every system of the comparison on the same data with the same budget; resumable, one after the other.

    python -m tests.benchmark.systems PACK DATA_FOLDER RUNS_FOLDER [--seeds 1 2] [--only NAME ...]

Each system and seed ends in docs/results/NAME-sSEED.json; `python -m tests.benchmark.results` writes docs/results.md
from those files. The budget is a number of steps, not of minutes: all systems see the same mixtures in the same order.
"""

from __future__ import annotations

import argparse
import csv
import json
from pathlib import Path
from typing import Any

from engine import evaluate
from engine.train import loop

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "docs/results"
HELD_OUT = ROOT / "tests/data/mixtures/held_out.csv"
STEPS = 800

COMMON = """
pack = "{pack}"
run_dir = "{run}"
embedders = "{runs}/embedders.pt"
seed = {seed}
steps = {steps}
decay_from = 0.5
first_share = 0.1
mixtures_per_step = 5
blind_per_step = 0
unseen_share = 0.15
shift_share = 0.4
warm_up_steps = 50
validate_every = 200
checkpoint_every = 100
{setting}
[corpora]
grid = 0.55
vasp = 0.4
any = 0.05
[model]
{model}
"""
_BASELINE = 'architecture = "av-baseline"'
_CAFFNET = 'architecture = "caffnet"'
# Weights at which the terms' gradient on the separator is 7 to 25 % of the separation loss' (models.md 5.4).
_CMC = '\ncorrelation = "cmc"\ncorrelation_weight = 1.0'
_TRIPLET = '\ncorrelation = "triplet"\ncorrelation_weight = 4.0'
_ADVERSARIAL = '\ncorrelation = "adversarial"\ncorrelation_weight = 4.0'
_MAGNITUDE = "complex_domain = false\nchannels = 256"
_COMPLEX = "complex_domain = true\ncomplex_maps = [8, 8, 16, 16, 24]"
SYSTEMS: dict[str, tuple[str, str]] = {
    "av-baseline": (_BASELINE, ""),
    "compact": ("", ""),
    "caffnet": (_CAFFNET, _MAGNITUDE),
    "caffnet-c": (_CAFFNET, _COMPLEX),
    "av-baseline+cmc": (_BASELINE + _CMC, ""),
    "av-baseline+triplet": (_BASELINE + _TRIPLET, ""),
    "av-baseline+adversarial": (_BASELINE + _ADVERSARIAL, ""),
    "compact+cmc": (_CMC, ""),
    "compact+triplet": (_TRIPLET, ""),
    "compact+adversarial": (_ADVERSARIAL, ""),
}


def train(name: str, seed: int, pack: Path, runs: Path) -> Path:
    """Train one system, or go on with it; returns its folder."""
    setting, model = SYSTEMS[name]
    folder = runs / f"{name}-s{seed}"
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "train.toml"
    text = COMMON.format(pack=pack, run=folder, runs=runs, seed=seed, steps=STEPS, setting=setting, model=model)
    config.write_text(text, encoding="utf-8")
    loop.run(config, resume=True)
    return folder


def result(name: str, seed: int, folder: Path, data: Path) -> dict[str, Any]:
    """Scores on the held-out list, without the rows of single mixtures, and how the system was made."""
    weights = folder / "best.safetensors"
    scores = evaluate.run(HELD_OUT, model=str(weights), root=data, device="cpu")
    card = json.loads(weights.with_suffix(".json").read_text(encoding="utf-8"))
    with (folder / "curve.csv").open(newline="", encoding="utf-8") as file:
        minutes = float(list(csv.DictReader(file))[-1]["minutes"])
    kept = {k: v for k, v in scores.items() if k not in ("per_mixture", "model")}
    made = {"steps": STEPS, "minutes": minutes, "parameters": card["parameters"], "validation": card["validation"]}
    return {"system": name, "seed": seed, **made, **kept}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pack", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("runs", type=Path)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--only", nargs="+", choices=SYSTEMS, default=list(SYSTEMS))
    chosen = parser.parse_args()
    RESULTS.mkdir(parents=True, exist_ok=True)
    for seed in chosen.seeds:
        for name in chosen.only:
            target = RESULTS / f"{name}-s{seed}.json"
            if not target.exists():
                folder = train(name, seed, chosen.pack, chosen.runs)
                target.write_text(
                    json.dumps(result(name, seed, folder, chosen.data), indent=1) + "\n", encoding="utf-8"
                )
                print(target.name, flush=True)


if __name__ == "__main__":
    main()
