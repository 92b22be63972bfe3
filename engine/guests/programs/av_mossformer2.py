"""Runs AV_MossFormer2_TSE_16K of the package clearvoice 0.1.2 (Apache-2.0), inside a guest's own Python environment.

Started by `engine/guests/side.py`; the argument is the published checkpoint. Of the package, the modules of this
network alone are imported: its front door asks for far more than is installed here.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import torch

PACKAGE = "clearvoice"
NETWORK = f"{PACKAGE}.models.av_mossformer2_tse.av_mossformer2"

# clearvoice/config/inference/AV_MossFormer2_TSE_16K.yaml
CONFIG: dict[str, dict[str, Any]] = {
    "network_reference": {"cue": "lip", "backbone": "resnet18", "emb_size": 256},
    "network_audio": {
        "backbone": "mossformer2",
        "encoder_kernel_size": 16,
        "encoder_out_nchannels": 512,
        "encoder_in_nchannels": 1,
        "masknet_numspks": 1,
        "masknet_chunksize": 250,
        "masknet_numlayers": 1,
        "masknet_norm": "ln",
        "masknet_useextralinearlayer": False,
        "masknet_extraskipconnection": True,
        "intra_numlayers": 24,
        "intra_nhead": 8,
        "intra_dffn": 1024,
        "intra_dropout": 0,
        "intra_use_positional": True,
        "intra_norm_before": True,
    },
}
# Made when the network is built, not learnt: a checkpoint may be without them.
_NOT_LEARNT = ("freqs", "inv_freq", "num_batches_tracked")


class Guest:
    """The network on a device; see `side.py` for the call."""

    def __init__(self, network: torch.nn.Module, device: torch.device) -> None:
        self.network = network.to(device).eval()
        self.device = device

    def separate(self, mixture: np.ndarray, streams: np.ndarray, seen: np.ndarray) -> np.ndarray:
        """Voices (P, T) of the faces whose mouths (P, T / 640, 112, 112) are given, at a level of their own."""
        with torch.inference_mode():
            sound = torch.from_numpy(mixture)[None].to(self.device)
            mouths = torch.from_numpy(streams).to(self.device)
            voices = [self.network(sound, face[None]).float().reshape(-1).cpu() for face in mouths]
        return torch.stack(voices).numpy()


def load(arguments: list[str], device: str) -> Guest:
    """Build the network and fill it with the weights of the checkpoint `arguments[0]`."""
    network = build()
    network.load_state_dict(weights_for(network, Path(arguments[0])))
    return Guest(network, torch.device(device))


def build() -> torch.nn.Module:
    """The network with random weights."""
    module = network_module()
    made: torch.nn.Module = module.av_mossformer2(
        SimpleNamespace(**{part: SimpleNamespace(**values) for part, values in CONFIG.items()})
    )
    return made


def network_module() -> Any:
    """The package's module of the network, with what keeps it from the CPU replaced."""
    stand_in(PACKAGE)
    stand_in_unless_it_works("torchaudio")  # imported by the module and not used
    module = importlib.import_module(NETWORK)
    module.overlap_and_add = overlap_and_add  # type: ignore[attr-defined] # theirs calls .cuda() in any case
    return module


def stand_in(package: str) -> None:
    """Put an empty package in the place of one that is not imported yet, so that modules below it can be."""
    if package in sys.modules:
        return
    spec = importlib.util.find_spec(package)
    if spec is None or spec.submodule_search_locations is None:
        raise ImportError(f"the package {package} is not installed")
    made = ModuleType(package)
    made.__path__ = list(spec.submodule_search_locations)
    sys.modules[package] = made


def stand_in_unless_it_works(module: str) -> None:
    """Put an empty module in the place of one that is missing, or whose libraries do not fit this torch."""
    try:
        importlib.import_module(module)
    except (ImportError, OSError):
        sys.modules[module] = ModuleType(module)


def overlap_and_add(signal: torch.Tensor, frame_step: int) -> torch.Tensor:
    """Sum of frames (..., frames, length) that begin `frame_step` samples apart: (..., samples), on any device."""
    *outer, frames, length = signal.shape
    samples = frame_step * (frames - 1) + length
    columns = signal.reshape(-1, frames, length).transpose(1, 2)  # (B, length, frames)
    summed = torch.nn.functional.fold(columns, (1, samples), (1, length), stride=(1, frame_step))
    return summed.reshape(*outer, samples)


def weights_for(network: torch.nn.Module, checkpoint: Path) -> dict[str, torch.Tensor]:
    """A network's tensors from a checkpoint as its authors publish it; nothing in the file is executed.

    The file has them under "model" beside the state of the training, or alone; names may begin with "module.".

    Raises:
        ValueError: tensors are missing, or of another shape.
    """
    held = torch.load(checkpoint, map_location="cpu", weights_only=True)
    found = {name.removeprefix("module."): value for name, value in held.get("model", held).items()}
    wanted = network.state_dict()
    missing = [
        name
        for name, value in wanted.items()
        if getattr(found.get(name), "shape", None) != value.shape
        and not (name not in found and name.endswith(_NOT_LEARNT))
    ]
    if missing:
        raise ValueError(
            f"{checkpoint.name} is not a checkpoint of this network: {len(missing)} of {len(wanted)} tensors are "
            f"missing or of another shape, the first {missing[0]}"
        )
    return {name: found.get(name, value) for name, value in wanted.items()}
