"""Batches on their way from the mixer to the network."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from engine.config import ModelConfig, TrainConfig, sight
from engine.data import mixtures

Batch = dict[str, Tensor]  # the fields of `engine.data.mixtures.Batch`


def tensors(batch: mixtures.Batch, device: torch.device) -> Batch:
    """Put a batch on a device.

    Always a copy: where NumPy's memory begins differs from run to run, and with it the order in which sums are taken.
    """
    return {name: torch.from_numpy(value).to(device, copy=True) for name, value in vars(batch).items()}


def looks(batch: Batch, config: ModelConfig) -> tuple[Tensor, Tensor, Tensor]:
    """What a network is given of the faces of a batch, in the order of its call, mixture by mixture, face by face.

    The one place where pictures, bytes until then, become numbers 0..1; mean and spread are the networks' business.

    Returns:
        lips (2 B, M, 240), or with pictures (2 B, M, 88, 88); seen (2 B, M);
        attributes (2 B, 128), or with pictures (2 B, 3, 224, 224).
    """
    pictures = sight(config)
    lips = batch["mouths"].float() / 255 if pictures.mouths else batch["lips"]
    attributes = batch["faces"].float() / 255 if pictures.faces else batch["attributes"]
    return lips.flatten(0, 1), batch["seen"].flatten(0, 1), attributes.flatten(0, 1)


@dataclass
class _Numbered(Dataset[mixtures.Batch]):
    """Batches by number."""

    mixer: mixtures.Mixer

    def __getitem__(self, number: int) -> mixtures.Batch:
        return self.mixer.batch(number)


def numbers(config: TrainConfig, step: int, rank: int) -> range:
    """The batches that a process takes for a step, by number; together all processes take the same in any division."""
    first = step * config.batches_per_step + rank * config.accumulate
    return range(first, first + config.accumulate)


def draw_ahead(mixer: mixtures.Mixer, first: int, config: TrainConfig, rank: int) -> Iterator[mixtures.Batch]:
    """The batches of a process from step `first` on, drawn by `config.workers` processes where there are any."""
    wanted = [number for step in range(first, config.steps) for number in numbers(config, step, rank)]
    if config.workers == 0:
        return map(mixer.batch, wanted)
    return iter(DataLoader(_Numbered(mixer), batch_size=None, sampler=wanted, num_workers=config.workers))
