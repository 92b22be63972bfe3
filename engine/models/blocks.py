"""Layers that more than one network uses. Streams are (B, C, N): batch, channels, frames."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional


class GlobalNorm(nn.Module):
    """Scale a chunk to unit mean square over channels and frames.

    Loud stays loud against quiet: who talks when is in the dynamics, which a norm per frame would flatten.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(channels, 1))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, N) -> (B, C, N)."""
        return x * torch.rsqrt(x.square().mean((1, 2), keepdim=True) + 1e-6) * self.gain


class Pointwise(nn.Module):
    """A linear map of every frame, (B, inputs, N) -> (B, outputs, N).

    A matrix product: on one CPU thread several times faster than a convolution with a kernel of one.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter((torch.rand(outputs, inputs) * 2 - 1) / math.sqrt(inputs))
        self.bias = nn.Parameter(torch.zeros(outputs, 1))

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, N) -> (B, outputs, N)."""
        product: Tensor = self.weight @ x
        return product + self.bias


class ComplexConv1d(nn.Module):
    """Convolution of a complex stream along time, frequency as channels.

    (W_r + i W_i)(x_r + i x_i) = (W_r x_r - W_i x_i) + i (W_r x_i + W_i x_r); computed as one real convolution on
    stacked parts, so a stream is (B, 2 C, N): real parts first, then imaginary parts.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int) -> None:
        super().__init__()
        scale = 1.0 / math.sqrt(2 * inputs * kernel)
        self.real = nn.Parameter(torch.randn(outputs, inputs, kernel) * scale)
        self.imag = nn.Parameter(torch.randn(outputs, inputs, kernel) * scale)

    def forward(self, x: Tensor) -> Tensor:
        """(B, 2 inputs, N) -> (B, 2 outputs, N)."""
        upper = torch.cat([self.real, -self.imag], 1)
        lower = torch.cat([self.imag, self.real], 1)
        weight = torch.cat([upper, lower])
        kernel = weight.shape[-1]
        return weight[..., 0] @ x if kernel == 1 else functional.conv1d(x, weight, padding=kernel // 2)


def stack_parts(z: Tensor) -> Tensor:
    """Complex (B, C, N) -> real (B, 2 C, N)."""
    return torch.cat([z.real, z.imag], 1)


def magnitude(x: Tensor, eps: float = 1e-6) -> Tensor:
    """Stacked parts (B, 2 C, N) -> magnitudes (B, C, N)."""
    real, imag = x.chunk(2, 1)
    return torch.sqrt(real.square() + imag.square() + eps)


class ResidualBlock(nn.Module):
    """Dilated convolution with a residual path; its input can be modulated by another stream (FiLM).

    Args:
        channels: C. dilation: of the kernel of 3.
        condition: channels of the modulating stream, 0 for none.
    """

    def __init__(self, channels: int, dilation: int, *, condition: int = 0, dropout: float = 0.0) -> None:
        super().__init__()
        self.norm = GlobalNorm(channels)
        self.film = Pointwise(condition, 2 * channels) if condition else None
        self.conv = nn.Conv1d(channels, channels, 3, padding=dilation, dilation=dilation)
        self.active = nn.PReLU(channels)
        self.drop = nn.Dropout1d(dropout)
        self.scale = nn.Parameter(torch.full((channels, 1), 0.3))

    def forward(self, x: Tensor, condition: Tensor | None = None) -> Tensor:
        """x (B, C, N), condition (B, condition, N) -> (B, C, N)."""
        y = self.norm(x)
        if self.film is not None and condition is not None:
            gain, shift = self.film(condition).chunk(2, 1)
            y = y * (1.0 + gain) + shift
        new: Tensor = self.drop(self.active(self.conv(y)))
        return x + self.scale * new


class NonLocal(nn.Module):
    """Self-attention over all frames of a stream with rotary positions, and a feed-forward part.

    Source: CaffNet's non-local layers (project page figure); pre-norm Transformer layer, models.md 3.2.
    """

    def __init__(self, channels: int, heads: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.heads = heads
        self.norm = GlobalNorm(channels)
        self.into = Pointwise(channels, 3 * channels)
        self.out = Pointwise(channels, channels)
        self.feed = nn.Sequential(
            GlobalNorm(channels), Pointwise(channels, 2 * channels), nn.GELU(), Pointwise(2 * channels, channels)
        )
        self.drop = nn.Dropout1d(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, N) -> (B, C, N)."""
        batch, channels, frames = x.shape
        parts = self.into(self.norm(x)).view(batch, 3, self.heads, channels // self.heads, frames)
        query, key, value = parts.transpose(-1, -2).unbind(1)  # (B, heads, N, C / heads)
        mixed = functional.scaled_dot_product_attention(rotate(query), rotate(key), value)
        y = x + self.drop(self.out(mixed.transpose(-1, -2).reshape(batch, channels, frames)))
        out: Tensor = y + self.drop(self.feed(y))
        return out


def rotate(x: Tensor) -> Tensor:
    """Rotary positions (Su et al., RoFormer, 2021): (..., N, D), D even."""
    frames, width = x.shape[-2:]
    rate = 10_000.0 ** (-torch.arange(0, width, 2, device=x.device, dtype=torch.float32) / width)
    angle = torch.arange(frames, device=x.device, dtype=torch.float32)[:, None] * rate  # (N, D / 2)
    cos, sin = angle.cos().to(x.dtype), angle.sin().to(x.dtype)
    first, second = x.chunk(2, -1)
    return torch.cat([first * cos - second * sin, first * sin + second * cos], -1)
