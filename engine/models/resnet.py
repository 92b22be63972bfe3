"""ResNet-18 that turns a picture, or a spectrogram, into one vector (He et al., CVPR 2016)."""

from __future__ import annotations

from typing import cast

from torch import Tensor, nn
from torch.nn import functional

_STAGES = (64, 128, 256, 512)


class BasicBlock(nn.Module):
    """Two 3x3 convolutions and a residual path, which is projected where the shape changes."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
            nn.Conv2d(outputs, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        self.shortcut = nn.Sequential()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        """(R, inputs, H, W) -> (R, outputs, H / stride, W / stride), sizes rounded up."""
        return functional.relu(self.body(x) + self.shortcut(x))


class EmbeddingResNet18(nn.Module):
    """ResNet-18 with a global max-pool and a linear layer: VisualVoice's face net and vocal net.

    Args:
        inputs: channels of the picture: 3 for a face, 2 (real, imaginary) for a spectrogram.
        outputs: size of the vector.
    """

    def __init__(self, inputs: int, outputs: int = 128) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(inputs, _STAGES[0], 7, 2, padding=3, bias=False),
            nn.BatchNorm2d(_STAGES[0]),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, 2, padding=1),
        )
        blocks = []
        width = _STAGES[0]
        for number, channels in enumerate(_STAGES):
            blocks += [BasicBlock(width, channels, 1 if number == 0 else 2), BasicBlock(channels, channels, 1)]
            width = channels
        self.blocks = nn.Sequential(*blocks)
        self.out = nn.Linear(width, outputs)

    def forward(self, picture: Tensor) -> Tensor:
        """(R, inputs, H, W), any size from 1 x 1 -> (R, outputs), not normalised."""
        x = self.blocks(self.stem(picture))
        return cast(Tensor, self.out(x.amax((2, 3))))
