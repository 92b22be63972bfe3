"""Training in two processes (gloo, CPU) and in one with the same batches: the same losses, nearly the same weights."""

from __future__ import annotations

import csv
import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from tests.helpers.packs import write_small_pack

CONFIG = """
pack = "{pack}"
run_dir = "{run}"
steps = 12
window_frames = 64
mixtures_per_step = 2
blind_per_step = 1
warm_up_steps = 2
validate_every = 2
validation_mixtures = 2
checkpoint_every = 6
first_corpus = "film"
{shares}
[corpora]
film = 1.0
[model]
complex_channels = 4
channels = 8
visual_channels = 8
visual_blocks = 1
context_blocks = 1
modulated_blocks = 1
heads = 2
"""
BOUND = 2e-3  # dB; the curve has three digits


def trained(folder: Path, pack: Path, name: str, shares: str) -> Path:
    config = folder / f"{name}.toml"
    config.write_text(CONFIG.format(pack=pack, run=folder / name, shares=shares))
    environment = {key: value for key, value in os.environ.items() if key not in ("RANK", "LOCAL_RANK", "WORLD_SIZE")}
    command = [sys.executable, "-m", "engine.cli", "train", str(config), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["step"] == 12, "one answer, whatever the number of processes"
    return folder / name


def losses(run: Path) -> list[float]:
    with (run / "curve.csv").open(newline="", encoding="utf-8") as file:
        return [float(row[name]) for row in csv.DictReader(file) for name in ("train_si_sdr_db", "blind_minus_loss")]


@pytest.mark.slow
def test_two_processes_learn_what_one_with_the_same_batches_learns(tmp_path: Path) -> None:
    pack = write_small_pack(tmp_path / "pack")
    two = trained(tmp_path, pack, "two", "devices = 2")
    one = trained(tmp_path, pack, "one", "accumulate = 2")
    half = trained(tmp_path, pack, "half", "")
    assert len(losses(one)) == 12
    apart = [abs(a - b) for a, b in zip(losses(two), losses(one), strict=True)]
    assert max(apart) < BOUND
    assert max(abs(a - b) for a, b in zip(losses(half), losses(one), strict=True)) > 10 * BOUND, "it is not blind"
    ours, theirs = (load_file(run / "best.safetensors") for run in (two, one))
    for name, value in theirs.items():
        torch.testing.assert_close(ours[name].float(), value.float(), atol=BOUND, rtol=0)
    assert all(math.isfinite(loss) for loss in losses(two))
