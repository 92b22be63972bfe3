"""Batches on their way from the mixer to the network."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from engine.config import TrainConfig
from engine.data import mixtures

Batch = dict[str, Tensor]  # the fields of `engine.data.mixtures.Batch`


def tensors(batch: mixtures.Batch, device: torch.device) -> Batch:
    """Put a batch on a device.

    Always a copy: where NumPy's memory begins differs from run to run, and with it the order in which sums are taken.
    """
    return {name: torch.from_numpy(value).to(device, copy=True) for name, value in vars(batch).items()}


@dataclass
class _Numbered(Dataset[mixtures.Batch]):
    """Batches by number."""

    mixer: mixtures.Mixer

    def __getitem__(self, number: int) -> mixtures.Batch:
        return self.mixer.batch(number)


def draw_ahead(mixer: mixtures.Mixer, first: int, config: TrainConfig, rank: int) -> Iterator[mixtures.Batch]:
    """The batches of a process from step `first` on, drawn by `config.workers` processes where there are any.

    Every process of a run draws batches of its own: those numbered step * processes + rank.
    """
    processes = config.devices * config.nodes
    numbers = range(first * processes + rank, config.steps * processes, processes)
    if config.workers == 0:
        return map(mixer.batch, numbers)
    return iter(DataLoader(_Numbered(mixer), batch_size=None, sampler=numbers, num_workers=config.workers))
