"""The lip stream from pictures of the mouth: VisualVoice's lip net, trained from scratch with the separator.

3-D convolution -> ShuffleNet-v2 1.0x of every frame (Ma et al., ECCV 2018) -> temporal convolutions.

Differs from the release: its classifier of 500 words, which separation never used, is not there; a temporal
convolution is padded to keep its length, where the release pads twice as much and trims after the batch norm.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

_STEM = 24
_STAGES = ((116, 4), (232, 8), (464, 4))  # channels, units
_FRAME = 1024  # features of one frame
_GREY_MEAN, _GREY_SPREAD = 0.421, 0.165


def _pointwise(inputs: int, outputs: int) -> list[nn.Module]:
    return [nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)]


def _depthwise(channels: int, stride: int) -> list[nn.Module]:
    return [
        nn.Conv2d(channels, channels, 3, stride, padding=1, groups=channels, bias=False),
        nn.BatchNorm2d(channels),
    ]


class ShuffleUnit(nn.Module):
    """A unit of ShuffleNet-v2: half of the channels pass, half are worked on, and the halves are interleaved.

    Where the number of channels changes, the picture is halved and both halves are worked on.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        half = outputs // 2
        self.halves = inputs != outputs
        self.passing = nn.Sequential()
        if self.halves:
            self.passing = nn.Sequential(*_depthwise(inputs, 2), *_pointwise(inputs, half))
        self.worked = nn.Sequential(
            *_pointwise(inputs if self.halves else half, half),
            *_depthwise(half, 2 if self.halves else 1),
            *_pointwise(half, half),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(R, inputs, H, W) -> (R, outputs, H, W), or half of H and W rounded up."""
        first, second = (x, x) if self.halves else x.chunk(2, 1)
        both = torch.stack([self.passing(first), self.worked(second)], 2)  # (R, outputs / 2, 2, H, W)
        return both.flatten(1, 2)


class TemporalBlock(nn.Module):
    """Two dilated convolutions over time with a residual path; every frame sees both past and future."""

    def __init__(self, inputs: int, outputs: int, dilation: int, dropout: float) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for width in (inputs, outputs):
            layers += [
                nn.Conv1d(width, outputs, 3, padding=dilation, dilation=dilation),
                nn.BatchNorm1d(outputs),
                nn.PReLU(outputs),
                nn.Dropout(dropout),
            ]
        self.body = nn.Sequential(*layers)
        self.shortcut = nn.Conv1d(inputs, outputs, 1) if inputs != outputs else nn.Identity()
        self.active = nn.PReLU(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """(R, inputs, M) -> (R, outputs, M)."""
        return cast(Tensor, self.active(self.body(x) + self.shortcut(x)))


class PixelLipEncoder(nn.Module):
    """Pictures of a mouth to lip features at the same rate.

    Args:
        channels: of a lip feature. dropout: in the temporal blocks.
    """

    def __init__(self, channels: int = 512, dropout: float = 0.2) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv3d(1, _STEM, (5, 7, 7), (1, 2, 2), padding=(2, 3, 3), bias=False),
            nn.BatchNorm3d(_STEM),
            nn.PReLU(_STEM),
            nn.MaxPool3d((1, 3, 3), (1, 2, 2), padding=(0, 1, 1)),
        )
        units: list[nn.Module] = []
        width = _STEM
        for outputs, count in _STAGES:
            units += [ShuffleUnit(width, outputs), *(ShuffleUnit(outputs, outputs) for _ in range(count - 1))]
            width = outputs
        self.frame = nn.Sequential(*units, *_pointwise(width, _FRAME))
        widths = (_FRAME, channels, channels, channels)
        self.time = nn.Sequential(*(TemporalBlock(w, channels, 2**i, dropout) for i, w in enumerate(widths)))

    def forward(self, mouths: Tensor, seen: Tensor) -> Tensor:
        """Encode.

        Args:
            mouths: (R, M, H, W) grey, 0..1; 88 x 88 in the paper, any size here.
            seen: (R, M), 1 where the face is visible; features of other frames are zero before time is mixed.

        Returns:
            (R, channels, M).
        """
        rows, frames = mouths.shape[:2]
        x = self.stem((mouths[:, None] - _GREY_MEAN) / _GREY_SPREAD)  # (R, 24, M, H / 4, W / 4)
        x = self.frame(x.transpose(1, 2).flatten(0, 1)).mean((2, 3))  # (R M, 1024)
        x = x.view(rows, frames, _FRAME) * seen[..., None]
        return cast(Tensor, self.time(x.transpose(1, 2)))  # (R, M, 1024) -> (R, channels, M)
