"""Writes a checkpoint of AV_MossFormer2_TSE_16K with random weights, in the form in which its authors publish theirs.

Run with the guest's own interpreter, since it needs the package clearvoice:

    PYTHON -m tests.helpers.random_av_mossformer2 FILE [SEED]
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import torch

PROGRAM = Path(__file__).parents[2] / "engine" / "guests" / "programs" / "av_mossformer2.py"


def write(file: Path, seed: int = 0) -> None:
    """Save a network made from a seed as published: "model" beside the state of a training on several devices.

    The decoder is the encoder's transpose: with two unrelated ones, a sound would not come out where it went in.
    """
    spec = importlib.util.spec_from_file_location("av_mossformer2", PROGRAM)
    assert spec is not None and spec.loader is not None
    program = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(program)
    torch.manual_seed(seed)
    network = program.build()
    with torch.no_grad():
        network.sep_network.decoder.basis_signals.weight.copy_(network.sep_network.encoder.conv1d_U.weight[:, 0].T)
    model = {f"module.{name}": value for name, value in network.state_dict().items()}
    torch.save({"model": model, "epoch": 1, "step": 100}, file)


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0)
