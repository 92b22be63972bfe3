"""Teach the judge of a finished network alone, on mixtures as it will meet them.

During training the network is often told the right slot and delay, and then errs less than in use. Here it is told
nothing, at times only one of two faces is known, and its other weights stay as they are.
"""

from __future__ import annotations

import copy
from pathlib import Path

import torch

from engine.checkpoint import exponential_average
from engine.config import TrainConfig, read_train_config
from engine.data.mixtures import Mixer
from engine.data.pack import Pack
from engine.models.compact import CompactSeparator
from engine.models.judge import Judge
from engine.train.batch import Batch, looks, tensors
from engine.train.lesson import judging_loss

STEPS = 500
ALONE = 0.3  # of the steps: one face of two is known
LEARNING_RATE = 3e-3


def teach_judge(network: CompactSeparator, config_file: Path, steps: int = STEPS) -> None:
    """Give a network a judge made anew; the mixtures are those of a training configuration, with steps of their own."""
    config: TrainConfig = read_train_config(config_file)
    mixer = Mixer(Pack(Path(config.pack)), config)
    torch.manual_seed(config.seed)
    network.judge = Judge()
    network.requires_grad_(False).eval()
    network.judge.requires_grad_(True)
    average = copy.deepcopy(network.judge)
    optimizer = torch.optim.AdamW(network.judge.parameters(), LEARNING_RATE)
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = LEARNING_RATE * (1 - step / steps)
        loss = _loss(network, tensors(mixer.batch(config.steps + step), torch.device("cpu")))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        exponential_average(average, network.judge, min(0.99, (1 + step) / (10 + step)))
        if step % 50 == 0:
            print(f"judge: step {step}, error {float(loss.detach()):.3f}", flush=True)
    network.judge = average


def _loss(network: CompactSeparator, batch: Batch) -> torch.Tensor:
    lips, seen, _ = looks(batch, network.config)
    heard = network.hear(batch["mixture"])
    alone = bool(torch.rand(()) < ALONE)
    out = network.steer(heard, network.blind(heard), lips, seen, faces=2, alone=alone)
    return judging_loss(out, batch, network.config.stft.hop_samples)
