"""The frame-locked baseline, after VisualVoice (Gao & Grauman, CVPR 2021, arXiv 2101.03149).

In its order: lip net, face net, a U-Net over frequency and time whose bottleneck has exactly one column per video
frame, where both visual features are joined, and a complex mask 5 tanh(O), S^ = M X. Sound and picture are taken to
be in step: the delay is neither sought nor used, which makes the network the comparator for delayed sound.

The level is ours: a mixture is scaled to the RMS 0.1 / sqrt(2), which is what the half-sum of two unrelated voices of
RMS 0.1 has in the paper, and the estimate is scaled back, so that no output depends on the input's level. The mask
is that of the sum, not of the half-sum: a lone voice has the mask 1, not 2.

Differs from the paper:
    front ends by configuration: landmark motion in place of mouth pictures, a face recogniser's vector in place of a
    face picture (too little video to learn from pixels);
    a batch norm before the visual features join, so that they come in as strong as the sound;
    in the decoder, what comes from the sound is convolved once per mixture and added to what comes from each face,
    which is the same sum as a convolution of the concatenation;
    the last layer starts small round the mask 0.5, each voice's share of the mixture before anything is known.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.audio.stft import istft, stft
from engine.config import AvBaselineConfig
from engine.errors import UsageError
from engine.models.blocks import Pointwise
from engine.models.lip_pixels import PixelLipEncoder
from engine.models.lips import LandmarkEncoder
from engine.models.resnet import EmbeddingResNet18
from engine.models.separated import Separated

_LEVEL = 0.1 / math.sqrt(2)  # RMS of a mixture in the network
_LARGEST = 5.0  # of a mask, per component
_SLOPE = 0.2  # of the encoder's LeakyReLU
_ATTRIBUTES = 128
_PICTURE_MEAN, _PICTURE_SPREAD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of natural pictures, RGB


def _norm_active(channels: int) -> list[nn.Module]:
    return [nn.BatchNorm2d(channels), nn.LeakyReLU(_SLOPE, inplace=True)]


def _down(inputs: int, outputs: int) -> nn.Sequential:
    """Halve frequency and time: (B, inputs, F, N) -> (B, outputs, F / 2, N / 2)."""
    return nn.Sequential(nn.Conv2d(inputs, outputs, 4, 2, padding=1), *_norm_active(outputs))


def _pooled(inputs: int, outputs: int) -> nn.Sequential:
    """Halve frequency alone: (B, inputs, F, M) -> (B, outputs, F / 2, M)."""
    first, second = nn.Conv2d(inputs, outputs, 3, padding=1), nn.Conv2d(outputs, outputs, 3, padding=1)
    return nn.Sequential(first, *_norm_active(outputs), second, *_norm_active(outputs), nn.MaxPool2d((2, 1)))


class UpStage(nn.Module):
    """A stage of the decoder: per-face features and the encoder's map of the same size, which is per mixture.

    Args:
        own: channels that differ from face to face. shared: channels of the encoder's map. outputs: channels.
        time: double time too, not frequency alone. last: leave out batch norm and ReLU.
    """

    def __init__(self, own: int, shared: int, outputs: int, *, time: bool, last: bool = False) -> None:
        super().__init__()
        self.own, self.time = own, time
        self.conv: nn.Conv2d | nn.ConvTranspose2d
        if time:
            self.conv = nn.ConvTranspose2d(own + shared, outputs, 4, 2, padding=1)
        else:
            self.conv = nn.Conv2d(own + shared, outputs, 3, padding=1)
        self.norm = nn.Identity() if last else nn.BatchNorm2d(outputs)
        self.active = nn.Identity() if last else nn.ReLU(inplace=True)

    def forward(self, own: Tensor, shared: Tensor, faces: int) -> Tensor:
        """own (B * faces, own, F, M), shared (B, shared, F, M) -> (B * faces, outputs, 2 F, M or 2 M)."""
        weight, bias = self.conv.weight, self.conv.bias
        from_sound = self._half(shared, weight[self.own :] if self.time else weight[:, self.own :], bias)
        from_face = self._half(own, weight[: self.own] if self.time else weight[:, : self.own], None)
        x = from_face.view(-1, faces, *from_sound.shape[1:]) + from_sound[:, None]  # (B, faces, outputs, 2 F, ...)
        return cast(Tensor, self.active(self.norm(x.flatten(0, 1))))

    def _half(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        if self.time:
            return functional.conv_transpose2d(x, weight, bias, 2, padding=1)
        return functional.conv2d(functional.interpolate(x, scale_factor=(2.0, 1.0)), weight, bias, padding=1)


class MaskUNet(nn.Module):
    """VisualVoice's U-Net.

    Args:
        rows: F, lowest bins of the spectrum that are seen, a power of two. base: channels of the first stage.
        visual: channels that join the bottleneck.
    """

    def __init__(self, rows: int, base: int, visual: int) -> None:
        super().__init__()
        widths = [base * min(2**i, 8) for i in range(rows.bit_length() - 1)]
        first, *others = pairwise([2, *widths])
        self.down = nn.ModuleList([_down(*first), _down(*others[0]), *(_pooled(*pair) for pair in others[1:])])
        outputs = [2, *widths[:-1]][::-1]
        owns = [visual, *outputs[:-1]]
        count = len(widths)
        self.up = nn.ModuleList(
            UpStage(own, shared, output, time=i >= count - 2, last=i == count - 1)
            for i, (own, shared, output) in enumerate(zip(owns, widths[::-1], outputs, strict=True))
        )
        last = cast(UpStage, self.up[-1]).conv
        with torch.no_grad():
            last.weight.mul_(0.1)
            last.bias.copy_(torch.tensor([math.atanh(0.5 / _LARGEST), 0.0]))  # type: ignore[union-attr]

    def forward(self, x: Tensor, visual: Tensor, faces: int) -> Tensor:
        """Spectrum parts x (B, 2, F, N), visual (B * faces, C, N / 4) -> O, (B * faces, 2, F, N)."""
        maps = []
        for stage in self.down:
            x = stage(x)
            maps.append(x)  # the last one is (B, C, 1, N / 4)
        y = visual[:, :, None]  # (B * faces, C, N / 4) -> (B * faces, C, 1, N / 4)
        for stage, shared in zip(self.up, maps[::-1], strict=True):
            y = stage(y, shared, faces)
        return y


class AvBaseline(nn.Module):
    """Separation with the picture taken as it stands against the sound; see the module's docstring."""

    def __init__(self, config: AvBaselineConfig) -> None:
        super().__init__()
        self.config = config
        self.pixels = self.landmarks = None
        if config.lips == "pixels":
            self.pixels = PixelLipEncoder(config.lip_channels, config.dropout)
        else:
            width = config.visual_channels
            self.landmarks = LandmarkEncoder(
                config.visual_features, width, config.visual_blocks, config.heads, config.dropout
            )
            self.project = Pointwise(width, config.lip_channels)
        self.face: nn.Module | None = None
        if config.face == "picture":
            self.face = EmbeddingResNet18(3, config.face_channels)
        elif config.face == "attributes":
            self.face = nn.Sequential(
                nn.Linear(_ATTRIBUTES, _ATTRIBUTES), nn.LeakyReLU(_SLOPE), nn.Linear(_ATTRIBUTES, config.face_channels)
            )
        visual = config.lip_channels + (0 if self.face is None else config.face_channels)
        self.balance = nn.BatchNorm1d(visual)
        self.unet = MaskUNet(config.stft.bins - 1, config.base_channels, visual)

    def set_scale(self, spread: Tensor) -> None:
        """Divide every landmark feature by its spread over the training clips, (240,); pictures have no such scale."""
        if self.landmarks is not None:
            self.landmarks.set_scale(spread)

    def forward(
        self,
        mixture: Tensor,
        lips: Tensor,
        seen: Tensor,
        *,
        faces: int = 1,
        lag: Tensor | None = None,
        attributes: Tensor | None = None,
    ) -> Separated:
        """Separate one voice per face; see `engine.models.separated`.

        Args:
            mixture: (B, T) float32 at 16 kHz, T = N hop, N a multiple of 4; any level.
            lips: (B * faces, M, 240), or with `config.lips` "pixels" (B * faces, M, 88, 88) grey 0..1;
                M = N / 4 + 2 K, of which the middle N / 4 are used.
            seen: (B * faces, M), 1 where the face is visible.
            faces: rows of `lips` per mixture; the sound is encoded once for all of them.
            lag: not used, the network is frame-locked.
            attributes: with `config.face` "attributes" (B * faces, 128), rows of zeros or None where the face is not
                known; with "picture" (B * faces, 3, 224, 224) RGB 0..1.

        Raises:
            UsageError: N is not a multiple of 4, M does not fit it, or a face picture is missing.
        """
        level = mixture.square().mean(-1, keepdim=True).sqrt().clamp_min(1e-5) / _LEVEL
        spectrum = stft(mixture / level, self.config.stft)
        parts = torch.stack([spectrum.real, spectrum.imag], 1)[:, :, :-1]  # (B, 2, F - 1, N)
        visual = self._see(lips, seen, attributes, spectrum.shape[-1])
        out: Tensor = self.unet(parts.contiguous(memory_format=torch.channels_last), visual, faces)
        real, imag = (_LARGEST * torch.tanh(out.float())).unbind(1)
        mask = torch.complex(functional.pad(real, (0, 0, 0, 1), value=1.0), functional.pad(imag, (0, 0, 0, 1)))
        estimate = mask * (spectrum * level[..., None]).repeat_interleave(faces, 0)
        return Separated(istft(estimate, self.config.stft), mask, estimate)

    def look(self, lips: Tensor, seen: Tensor) -> Tensor:
        """Lip features, (R, M, ...) and (R, M) -> (R, lip_channels, M)."""
        if self.pixels is not None:
            return cast(Tensor, self.pixels(lips, seen))
        return cast(Tensor, self.project(cast(LandmarkEncoder, self.landmarks)(lips, seen)))

    def _see(self, lips: Tensor, seen: Tensor, attributes: Tensor | None, frames: int) -> Tensor:
        """The visual feature of every video frame of the sound, (R, lip_channels + face_channels, N / 4)."""
        margin, count = self.config.max_lag_frames, frames // 4
        if frames % 4 or lips.shape[1] != count + 2 * margin:
            raise UsageError(
                f"{frames} audio frames with {lips.shape[1]} video frames do not fit.",
                f"Give a multiple of 4 audio frames, and a quarter as many video frames + {2 * margin}.",
            )
        features = self.look(lips[:, margin : margin + count], seen[:, margin : margin + count])
        if self.face is not None:
            face = self.face(self._face_input(attributes, lips))
            features = torch.cat([features, face[..., None].expand(-1, -1, count)], 1)
        return cast(Tensor, self.balance(features))

    def _face_input(self, attributes: Tensor | None, lips: Tensor) -> Tensor:
        if self.config.face == "attributes":
            return lips.new_zeros(len(lips), _ATTRIBUTES) if attributes is None else attributes
        if attributes is None:
            raise UsageError("The network was given no picture of the face.", "Give (rows, 3, 224, 224), RGB 0..1.")
        mean, spread = (attributes.new_tensor(v)[:, None, None] for v in (_PICTURE_MEAN, _PICTURE_SPREAD))
        return (attributes - mean) / spread
