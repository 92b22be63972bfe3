"""CaffNet and CaffNet-C in the paper's own form.

Lee et al., "Looking into Your Speech: Learning Cross-modal Affinity for Audio-visual Speech Separation", CVPR 2021
(arXiv 2104.02775). In the paper's order: visual encoder -> V, audio encoder -> S, non-local layers on magnitudes -> S-
and V-, affinity A and cross-modal identity matrix Gamma -> V^ = (A + Gamma) w_o V-, magnitude modulation -> Psi, mask
decoder -> M, Y = M X. CaffNet works on magnitudes and keeps the mixture's phase; CaffNet-C has a complex encoder and
decoder, so Psi is joined with the phase of S and the mask turns phases too.

The paper gives no sizes; those of `CaffNetConfig.published` are the specification's (models.md 3.2).
Differs:
    the picture enters as landmark features through a linear map, not as a face through a face embedding;
    Gamma is built from scored lags (`engine.models.affinity`), since the paper's regulariser is not public;
    complex features are scaled by their root mean square modulus, which leaves phases alone, where a batch norm was;
    CaffNet's decoder has no skips past Psi: blocks of one resolution need none, and through skips the mixture drowned
    the cue, so that both faces got the same voice;
    O is turned back by the mixture's phase, so that the mask does not depend on the absolute phase.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.audio.stft import compress, istft, stft
from engine.config import CaffNetConfig
from engine.models.affinity import CrossModalAffinity
from engine.models.blocks import NonLocal, Pointwise, magnitude
from engine.models.lips import scaled_with_presence
from engine.models.separated import Separated

_KERNEL = (5, 3)  # frequency, time
_PAD = (2, 1)


class SeparableBlock(nn.Module):
    """Norm, ReLU, depthwise convolution of 5, pointwise convolution; residual. (B, C, N) -> (B, C, N)."""

    def __init__(self, channels: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.BatchNorm1d(channels),
            nn.ReLU(),
            nn.Conv1d(channels, channels, 5, padding=2, groups=channels),
            Pointwise(channels, channels),
            nn.Dropout1d(dropout),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, N) -> (B, C, N)."""
        out: Tensor = x + self.layers(x)
        return out


class ComplexConv2d(nn.Module):
    """Convolution of complex maps, or its transpose, halving or doubling the frequency axis.

    (W_r + i W_i)(x_r + i x_i); maps are (B, 2 C, F, N), real parts first.
    """

    def __init__(self, inputs: int, outputs: int, *, transposed: bool = False) -> None:
        super().__init__()
        self.transposed = transposed
        shape = (inputs, outputs, *_KERNEL) if transposed else (outputs, inputs, *_KERNEL)
        scale = (2 * inputs * _KERNEL[0] * _KERNEL[1] / (2 if transposed else 1)) ** -0.5
        self.real = nn.Parameter(torch.randn(shape) * scale)
        self.imag = nn.Parameter(torch.randn(shape) * scale)

    def forward(self, x: Tensor) -> Tensor:
        """(B, 2 inputs, F, N) -> (B, 2 outputs, F / 2, N), transposed: (B, 2 outputs, 2 F, N)."""
        if self.transposed:
            weight = torch.cat(
                [torch.cat([self.real, self.imag], 1), torch.cat([-self.imag, self.real], 1)]
            )  # (2 inputs, 2 outputs, ...)
            return functional.conv_transpose2d(x, weight, stride=(2, 1), padding=_PAD, output_padding=(1, 0))
        weight = torch.cat([torch.cat([self.real, -self.imag], 1), torch.cat([self.imag, self.real], 1)])
        return functional.conv2d(x, weight, stride=(2, 1), padding=_PAD)


class ModulusNorm(nn.Module):
    """Divide complex maps by their root mean square modulus over the chunk; phases stay. (B, 2 C, F, N)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(channels, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """(B, 2 C, F, N) -> (B, 2 C, F, N)."""
        scale = torch.rsqrt(2 * x.square().mean((1, 2, 3), keepdim=True) + 1e-6)
        return x * scale * self.gain.repeat(2, 1, 1)


class ComplexCodec(nn.Module):
    """Encoder and decoder of CaffNet-C: complex convolutions that halve 256 bins stage by stage, mirrored with skips.

    Args:
        maps: complex channels of each stage. channels: width C of S.
    """

    def __init__(self, maps: tuple[int, ...], channels: int) -> None:
        super().__init__()
        sizes = (1, *maps)
        self.down = nn.ModuleList(ComplexConv2d(a, b) for a, b in pairwise(sizes))
        self.down_norm = nn.ModuleList(ModulusNorm(b) for b in maps)
        self.down_active = nn.ModuleList(nn.PReLU(2 * b) for b in maps)
        self.maps, self.rows = maps[-1], 256 >> len(maps)
        flat = self.maps * self.rows
        self.into = Pointwise(2 * flat, 2 * channels)
        self.back = Pointwise(2 * channels, 2 * flat)
        outputs = sizes[-2::-1]
        self.up = nn.ModuleList(
            ComplexConv2d(2 * a, b, transposed=True) for a, b in zip(maps[::-1], outputs, strict=True)
        )
        self.up_norm = nn.ModuleList(ModulusNorm(b) for b in outputs[:-1])
        self.up_active = nn.ModuleList(nn.PReLU(2 * b) for b in outputs[:-1])

    def encode(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        """X, (B, 2, 256, N) -> S, (B, 2 C, N), and the maps of every stage."""
        skips = []
        for conv, norm, active in zip(self.down, self.down_norm, self.down_active, strict=True):
            x = active(norm(conv(x)))
            skips.append(x)
        return self.into(x.flatten(1, 2)), skips

    def decode(self, psi: Tensor, skips: list[Tensor]) -> Tensor:
        """Psi e^(j angle S), (B, 2 C, N) -> O, (B, 2, 256, N)."""
        x: Tensor = self.back(psi).unflatten(1, (2 * self.maps, self.rows))
        for number, conv in enumerate(self.up):
            x = conv(_beside(x, skips[-1 - number]))
            if number < len(self.up_norm):
                x = self.up_active[number](self.up_norm[number](x))
        return x


class CaffNet(nn.Module):
    """Separation by cross-modal affinity; `config.complex_domain` makes it CaffNet-C."""

    def __init__(self, config: CaffNetConfig) -> None:
        super().__init__()
        self.config = config
        width, bins = config.channels, config.stft.bins
        self.register_buffer("scale", torch.ones(config.visual_features, 1))
        self.embed = Pointwise(config.visual_features + 1, width)
        self.visual = nn.Sequential(*(SeparableBlock(width, config.dropout) for _ in range(config.visual_blocks)))
        self.codec: ComplexCodec | None = None
        if config.complex_domain:
            self.codec = ComplexCodec(config.complex_maps, width)
        else:
            self.audio_in = nn.Conv1d(bins, width, 5, padding=2)
            self.audio = nn.ModuleList(SeparableBlock(width, config.dropout) for _ in range(config.audio_blocks))
            self.decoder = nn.ModuleList(SeparableBlock(width, config.dropout) for _ in range(config.audio_blocks))
            self.mask = nn.Conv1d(width, bins, 5, padding=2)
        layers = range(config.non_local_layers)
        self.audio_non_local = nn.Sequential(*(NonLocal(width, config.heads, config.dropout) for _ in layers))
        self.visual_non_local = nn.Sequential(*(NonLocal(width, config.heads, config.dropout) for _ in layers))
        self.affinity = CrossModalAffinity(width, width, config.video_per_audio, config.max_lag_frames)
        self.modulation = Pointwise(2 * width, width)

    def set_scale(self, spread: Tensor) -> None:
        """Divide every lip feature by its spread over the training clips, (inputs,)."""
        self.get_buffer("scale").copy_(spread[:, None])

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
        """Separate one voice per face; see `engine.models.separated`. `attributes` is not used."""
        level = mixture.square().mean(-1, keepdim=True).sqrt().clamp_min(1e-5)
        spectrum = stft(mixture / level, self.config.stft)
        s, phase, skips = self._encode(compress(spectrum))
        heard = self.audio_non_local(s)
        v = self.look(lips, seen)

        def each(x: Tensor) -> Tensor:
            return x.repeat_interleave(faces, 0)

        fused, logits, match = self.affinity(each(heard), v, lag)
        psi = torch.sigmoid(self.modulation(torch.cat([each(heard), fused], 1))) * each(s)
        mask = self._decode(psi, each(phase), [each(x) for x in skips], each(spectrum))
        estimate = mask * each(spectrum) * each(level)[..., None]
        return Separated(istft(estimate, self.config.stft), mask, estimate, logits, match)

    def look(self, lips: Tensor, seen: Tensor) -> Tensor:
        """Lip features V-, (R, M, inputs) and (R, M) -> (R, C, M)."""
        v = self.visual(self.embed(scaled_with_presence(lips, seen, self.get_buffer("scale"))))
        out: Tensor = self.visual_non_local(v)
        return out

    def _encode(self, x: Tensor) -> tuple[Tensor, Tensor, list[Tensor]]:
        """X -> |S| (B, C, N), e^(j angle S) as stacked parts (empty for CaffNet), skips."""
        if self.codec is None:
            s = self.audio_in(x.abs())
            for block in self.audio:
                s = block(s)
            return s, x.real.new_zeros(len(x), 0), []
        parts = torch.stack([x.real, x.imag], 1)[:, :, :256]
        s, skips = self.codec.encode(parts)
        modulus = magnitude(s)
        return modulus, s / modulus.repeat(1, 2, 1), skips

    def _decode(self, psi: Tensor, phase: Tensor, skips: list[Tensor], spectrum: Tensor) -> Tensor:
        """Psi -> M, (B, F, N) complex64."""
        if self.codec is None:
            x = psi
            for block in self.decoder:
                x = block(x)
            mask: Tensor = torch.sigmoid(self.mask(x).float())
            return torch.complex(mask, torch.zeros_like(mask))
        real, imag = self.codec.decode(psi.repeat(1, 2, 1) * phase, skips).float().unbind(1)
        turned = torch.complex(real, imag) * (spectrum / spectrum.abs().clamp_min(1e-6))[:, :256].conj()
        modulus = torch.sqrt(turned.real.square() + turned.imag.square() + 1e-8)
        soft = turned * (torch.tanh(modulus) / modulus)  # tanh|O| e^(j angle O)
        return torch.cat([soft, soft[:, -1:]], 1)  # the highest bin goes with its neighbour


def _beside(x: Tensor, skip: Tensor) -> Tensor:
    """Complex maps side by side: real parts of both, then imaginary parts of both."""
    (a, b), (c, d) = x.chunk(2, 1), skip.chunk(2, 1)
    return torch.cat([a, c, b, d], 1)
