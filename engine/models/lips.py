"""The lip stream: landmark motion in, features at 25 Hz out."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from engine.models.blocks import NonLocal, ResidualBlock


class LandmarkEncoder(nn.Module):
    """Landmark features of a face to lip features; V- of the CaffNet paper when it ends in a non-local layer.

    Args:
        inputs: features per frame, see `engine.vision.lips`. channels: C_v.
    """

    def __init__(self, inputs: int, channels: int, blocks: int, heads: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.register_buffer("scale", torch.ones(inputs, 1))
        self.into = nn.Conv1d(inputs + 1, channels, 3, padding=1)
        self.blocks = nn.ModuleList(ResidualBlock(channels, (1, 2, 4)[i % 3], dropout=dropout) for i in range(blocks))
        self.non_local = NonLocal(channels, heads, dropout)

    def set_scale(self, spread: Tensor) -> None:
        """Divide every feature by its spread over the training clips, (inputs,)."""
        self.get_buffer("scale").copy_(spread[:, None])

    def forward(self, lips: Tensor, seen: Tensor) -> Tensor:
        """(B, M, inputs), (B, M) 1 where the face is visible -> (B, C_v, M)."""
        v = self.into(scaled_with_presence(lips, seen, self.get_buffer("scale")))
        for block in self.blocks:
            v = block(v)
        return cast(Tensor, self.non_local(v))


def scaled_with_presence(lips: Tensor, seen: Tensor, scale: Tensor) -> Tensor:
    """(B, M, inputs) features over their spread (inputs, 1), with `seen` (B, M) as one more: (B, inputs + 1, M)."""
    return torch.cat([lips.transpose(1, 2) / scale, seen[:, None]], 1)
