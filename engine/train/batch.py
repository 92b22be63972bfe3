"""A batch as tensors."""

from __future__ import annotations

import torch
from torch import Tensor

from engine.data import mixtures

Batch = dict[str, Tensor]  # the fields of `engine.data.mixtures.Batch`


def tensors(batch: mixtures.Batch, device: torch.device) -> Batch:
    """Put a batch on a device.

    Always a copy: where NumPy's memory begins differs from run to run, and with it the order in which sums are taken.
    """
    return {name: torch.from_numpy(value).to(device, copy=True) for name, value in vars(batch).items()}
