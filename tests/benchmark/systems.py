"""Train and score every system of the comparison on the same data with the same budget; resumable, one after the other.

    python -m tests.benchmark.systems PACK DATA_FOLDER RUNS_FOLDER [--seeds 1 2] [--only NAME ...]

Every system takes three legs. First its lip encoder alone learns to tell the voice's spectrum
(`engine.train.lip_reading`). Then comes a long leg at the full learning rate, without extra terms, shared by all
systems of one network: real film, and as much speech with imagined lips (`engine.data.imagined`), since networks in
the papers' form learn eighteen people by heart (training +2.5 dB, validation 0 dB). Then a short one on real film, in
which the rate falls, with the terms of the system. So a term is judged against the same network, from the same start,
with the same mixtures in the same order. The budget is a number of steps, not of minutes.

At this budget the compact network has only begun to separate. So the terms, and what the affinity is worth, are judged
a second time where there is something to lose: the systems named "shipped" take the last leg alone, from the weights
that ship. In "shipped-frame-locked" the affinity gives way to lips as they stand.

Each system and seed ends in docs/results/NAME-sSEED.json; `python -m tests.benchmark.results` writes docs/results.md
from those files.
"""

from __future__ import annotations

import argparse
import csv
import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from engine import evaluate
from engine.train import loop

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "docs/results"
HELD_OUT = ROOT / "tests/data/mixtures/held_out.csv"
LIP_STEPS, LONG_STEPS, SHORT_STEPS = 400, 1000, 300

COMMON = """
pack = "{pack}"
run_dir = "{run}"
embedders = "{runs}/embedders.pt"
mixtures_per_step = 5
blind_per_step = 0
unseen_share = 0.25
shift_share = 0.4
checkpoint_every = 50
first_share = 0.0
{leg}
{setting}
[corpora]
imagined = {imagined}
grid = 0.3
vasp = 0.3
[model]
{model}
"""
LONG = """
seed = {seed}
lip_steps = {lips}
steps = {long}
decay_from = 0.99
warm_up_steps = 100
validate_every = 500
"""
SHORT = """
seed = {next_seed}
steps = {short}
init = "{start}"
learning_rate = 7e-4
decay_from = 0.0
warm_up_steps = 20
validate_every = 150
"""
_BASELINE = 'architecture = "av-baseline"'
_CAFFNET = 'architecture = "caffnet"'
# Weights at which the terms' gradient on the separator is 7 to 25 % of the separation loss' (models.md 5.4).
_CMC = '\ncorrelation = "cmc"\ncorrelation_weight = 1.0'
_TRIPLET = '\ncorrelation = "triplet"\ncorrelation_weight = 4.0'
_ADVERSARIAL = '\ncorrelation = "adversarial"\ncorrelation_weight = 4.0'
_MAGNITUDE = "complex_domain = false\nchannels = 256"
_COMPLEX = "complex_domain = true\ncomplex_maps = [8, 8, 16, 16, 24]"
NETWORKS: dict[str, tuple[str, str]] = {
    "av-baseline": (_BASELINE, ""),
    "caffnet": (_CAFFNET, _MAGNITUDE),
    "caffnet-c": (_CAFFNET, _COMPLEX),
    "compact": ("", ""),
    "shipped": ("", ""),
    "shipped-frame-locked": ("", "frame_locked = true"),
}
FROM_SHELF = "shipped", "shipped-frame-locked"  # networks that take the last leg alone
TERMS = {"": "", "+cmc": _CMC, "+triplet": _TRIPLET, "+adversarial": _ADVERSARIAL}
# Name: network and terms.
SYSTEMS = {
    **{"av-baseline" + terms: ("av-baseline", terms) for terms in TERMS},
    "caffnet": ("caffnet", ""),
    "caffnet-c": ("caffnet-c", ""),
    "compact": ("compact", ""),
    **{"shipped" + terms: ("shipped", terms) for terms in TERMS},
    "shipped-frame-locked": ("shipped-frame-locked", ""),
}
SHIPPED = ROOT / "resources/models/compact.safetensors"


def train(name: str, seed: int, pack: Path, runs: Path) -> Path:
    """Train one system, or go on with it; returns its folder."""
    network, added = SYSTEMS[name]
    terms = TERMS[added]
    setting, model = NETWORKS[network]
    long = runs / f"{network}-long-s{seed}"
    short = runs / f"{name}-s{seed}"
    start = SHIPPED if network in FROM_SHELF else long / "last.safetensors"
    values: dict[str, Any] = {"seed": seed, "next_seed": seed + 100, "start": start}
    values |= {"lips": LIP_STEPS, "long": LONG_STEPS, "short": SHORT_STEPS}
    legs = [(short, SHORT, terms, 0.0)]
    if network not in FROM_SHELF:
        legs.insert(0, (long, LONG, "", 0.6))
    for folder, leg, extra, imagined in legs:
        folder.mkdir(parents=True, exist_ok=True)
        config = folder / "train.toml"
        common = {"pack": pack, "run": folder, "runs": runs, "setting": setting + extra, "model": model}
        text = COMMON.format(leg=leg.format(**values), imagined=imagined, **common)
        config.write_text(text, encoding="utf-8")
        loop.run(config, resume=True)
        if folder == long and not start.is_file():
            save_file(torch.load(long / "state.pt", weights_only=True)["average"], start)
    return short


def minutes(folder: Path) -> float:
    """How long a run took, from its curve; 0 where there was none."""
    if not (folder / "curve.csv").exists():
        return 0.0
    with (folder / "curve.csv").open(newline="", encoding="utf-8") as file:
        return float(list(csv.DictReader(file))[-1]["minutes"])


def result(name: str, seed: int, folder: Path, data: Path) -> dict[str, Any]:
    """Scores on the held-out list, without the rows of single mixtures, and how the system was made."""
    weights = folder / "best.safetensors"
    scores = evaluate.run(HELD_OUT, model=str(weights), root=data, device="cpu")
    card = json.loads(weights.with_suffix(".json").read_text(encoding="utf-8"))
    kept = {k: v for k, v in scores.items() if k not in ("per_mixture", "model")}
    network = SYSTEMS[name][0]
    made = {
        "steps": SHORT_STEPS + (0 if network in FROM_SHELF else LONG_STEPS),
        "minutes": minutes(folder) + minutes(folder.parent / f"{network}-long-s{seed}"),
        "parameters": card["parameters"],
        "validation": card["validation"],
    }
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
