"""A lesson before the first: from its lips alone, tell how a voice sounds.

The papers begin with lip readers and face recognisers trained on thousands of hours. Ours begin here: the lip encoder
of a network, with a head that is thrown away, learns the compressed spectrum of the clean voice (a dense lesson;
models.md 9 rule 3). Lips that mean something from the first step on are what keeps a separator from giving the mixture
to every face.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.audio.stft import compressed_magnitude, stft
from engine.config import StftConfig, TrainConfig
from engine.data.mixtures import Mixer
from engine.models.blocks import Pointwise
from engine.train.batch import Batch, looks, tensors

_BATCHES = 4  # of the mixer, joined in one step
_APART = 2 * 10**9  # these batches are not those of the separator
_LEARNING_RATE = 2e-3


class LipReader(nn.Module):
    """A network's lip encoder with a head for spectra.

    Args:
        network: any network of `engine.models`; its `look` is taught.
    """

    def __init__(self, network: Any, channels: int, config: StftConfig) -> None:
        super().__init__()
        self.network, self.config = network, config
        self.head = Pointwise(channels, config.bins)

    def forward(self, batch: Batch) -> Tensor:
        """L1 of ^0.3-compressed magnitudes over all faces whose voice sounds, per bin and frame."""
        voices, lag = batch["targets"].flatten(0, 1), batch["lag"].flatten()
        active = ~(batch["unseen"] | batch["silent"]).flatten()
        lips, seen, _ = looks(batch, self.network.config)
        v = self.network.look(lips, seen)  # (R, C, M)
        frames = v.shape[-1] - 2 * self.network.config.max_lag_frames
        rows = torch.arange(frames, device=v.device) + (lag + self.network.config.max_lag_frames)[:, None]
        v = v.gather(2, rows[:, None].expand(-1, v.shape[1], -1))  # in step with the sound
        level = voices.square().mean(-1, keepdim=True).sqrt().clamp_min(1e-4)
        wanted = compressed_magnitude(stft(voices / level, self.config))
        told = self.head(functional.interpolate(v, size=wanted.shape[-1], mode="linear"))
        loss: Tensor = (told - wanted)[active].abs().mean()
        return loss


def teach_lips(
    network: Any,
    mixer: Mixer,
    config: TrainConfig,
    device: torch.device,
    on_step: Callable[[int], None] = lambda step: None,
) -> float:
    """Teach the lip encoder of a network for `config.lip_steps` steps, in place.

    Returns:
        The loss over the last tenth of the steps.
    """
    batch = tensors(mixer.batch(_APART), device)
    with torch.no_grad():
        lips, seen, _ = looks(batch, network.config)
        channels = network.look(lips, seen).shape[1]
    reader = LipReader(network, channels, config.model.stft).to(device).train()
    optimizer = torch.optim.AdamW(reader.parameters(), _LEARNING_RATE, weight_decay=config.weight_decay)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, _LEARNING_RATE, total_steps=config.lip_steps)
    losses: list[float] = []
    for step in range(config.lip_steps):
        drawn = [tensors(mixer.batch(_APART + _BATCHES * step + n), device) for n in range(_BATCHES)]
        loss = reader({name: torch.cat([one[name] for one in drawn]) for name in drawn[0]})
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(reader.parameters(), config.clip_norm)
        optimizer.step()
        rate.step()
        losses.append(float(loss.detach()))
        on_step(step + 1)
    last = losses[-max(1, len(losses) // 10) :]
    return sum(last) / len(last)
