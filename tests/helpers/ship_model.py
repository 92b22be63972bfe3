"""Put the best weights of a training run on the shelf, with card and calibrated agreement.

python -m tests.helpers.ship_model RUN_FOLDER DATA_FOLDER CARD.toml TRAINING.toml [EARLIER.safetensors]

With EARLIER, the weights that the run began from, a mean of both is put there: a leg with other mixtures adds what it
taught, and the mean keeps what was known before (Wortsman et al., "Robust fine-tuning of zero-shot models", CVPR 2022).

The judge is then taught alone (`tests.helpers.teach_judge`), with mixtures as TRAINING.toml says. The agreement curve
(its judgement in dB -> probability that the right voice came out, better than the mixture) is fitted on the validation
list. Scores on the held-out list come from `avsep evaluate`, run afterwards.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file

from engine.checkpoint import count_parameters, read_card, save_weights
from engine.config import CompactConfig, from_dict
from engine.contract import Declaration
from engine.data.recipe import read_recipes
from engine.evaluate import score
from engine.models.compact import CompactSeparator
from engine.separator import Separator
from tests.helpers.teach_judge import teach_judge

ROOT = Path(__file__).resolve().parents[2]
VALIDATION = ROOT / "tests/data/mixtures/validation.csv"
SHELF = ROOT / "resources/models/compact.safetensors"
EARLIER_SHARE = 0.3  # the best of 0, 0.3 and 0.5 on the validation list for the last leg


def fit_logistic(x: np.ndarray, y: np.ndarray, *, ridge: float = 1e-3, steps: int = 50) -> tuple[float, float]:
    """Slope and offset of P(y = 1) = 1 / (1 + exp(-(slope x + offset))), by Newton's method."""
    design = np.stack([x, np.ones_like(x)], 1)
    weights = np.zeros(2)
    for _ in range(steps):
        p = 1 / (1 + np.exp(-design @ weights))
        hessian = (design * (p * (1 - p))[:, None]).T @ design + ridge * np.eye(2)
        weights += np.linalg.solve(hessian, design.T @ (y - p) - ridge * weights)
    return float(weights[0]), float(weights[1])


def main() -> None:
    run, data, text = Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])
    torch.set_num_threads(1)
    best = run / "best.safetensors"
    card: dict[str, Any] = read_card(best)
    model = CompactSeparator(from_dict(CompactConfig, card["config"]))
    stored = {name: value for name, value in load_file(best).items() if not name.startswith("judge.")}
    model.load_state_dict({**model.state_dict(), **stored})
    if len(sys.argv) > 5:
        earlier = {name: value.float() for name, value in load_file(sys.argv[5]).items()}
        own = model.state_dict()
        mean = {name: value.lerp(earlier.get(name, value), EARLIER_SHARE) for name, value in own.items()}
        model.load_state_dict(mean)
    teach_judge(model, Path(sys.argv[4]))
    form = Declaration(margin_frames=model.config.max_lag_frames, grid=model.config.stft)
    separator = Separator(model.eval(), torch.device("cpu"), form)
    scores = score(separator, read_recipes(VALIDATION), data)
    if (snri := float(np.mean([s["snri"] for s in scores]))) <= 0:
        raise SystemExit(f"The voices do not fit into the mixture: SNR improvement {snri:.1f} dB (upside down?).")
    quality_db = np.asarray([s["quality_db"] for s in scores])
    good = np.asarray([float(not s["wrong"] and s["si_sdri"] > 0) for s in scores])
    card["parameters"] = count_parameters(model)
    card["calibration"] = fit_logistic(quality_db, good)
    card.update(tomllib.loads(text.read_text(encoding="utf-8")))
    SHELF.parent.mkdir(parents=True, exist_ok=True)
    digest = save_weights(SHELF, model, card, half=True)
    print(f"{SHELF.name}: {SHELF.stat().st_size / 1e6:.1f} MB, sha256 {digest}")
    for corpus in sorted({s["corpus"] for s in scores}):
        mine = [s for s in scores if s["corpus"] == corpus]
        print(
            corpus, f"{np.mean([s['si_sdri'] for s in mine]):+.2f} dB, wrong {np.mean([s['wrong'] for s in mine]):.2f}"
        )
    print("calibration", card["calibration"], "mean agreement", float(good.mean()))


if __name__ == "__main__":
    main()
