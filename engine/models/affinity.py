"""The cross-modal affinity: lip features carried to the audio clock, whatever the delay (Lee et al., CVPR 2021)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.models.blocks import Pointwise

# w_o starts this much larger: a cue that enters at a tenth of the sound's size is ignored for hundreds of steps.
_LOUD_CUE = 6.0


def lag_kernels(audio_frames: int, video_frames: int, ratio: float, max_lag: int, sigma: float = 0.5) -> Tensor:
    """The stretched and shifted identity matrices I_d (models.md 3.3).

    Returns:
        (2 K + 1, N, M) float32; row n of I_d is a narrow bell round video frame r n + K + d, rows sum to 1.
    """
    n = torch.arange(audio_frames, dtype=torch.float32)[None, :, None]
    m = torch.arange(video_frames, dtype=torch.float32)[None, None, :]
    d = torch.arange(-max_lag, max_lag + 1, dtype=torch.float32)[:, None, None]
    bell = torch.exp(-((m - (ratio * n + max_lag + d)) ** 2) / (2 * sigma**2))
    return bell / bell.sum(-1, keepdim=True).clamp_min(1e-6)


class CrossModalAffinity(nn.Module):
    """Carry lip features to the audio clock: V^ = (A + G)/2 w_o V-.

    A is the softmax of all frame pairs; G is one decision for the whole chunk, the lag-weighted sum of stretched
    identities, the paper's cross-modal identity matrix with an explicit form. models.md 3.3.
    """

    def __init__(self, audio_channels: int, channels: int, ratio: float, max_lag: int) -> None:
        super().__init__()
        self.ratio, self.max_lag = ratio, max_lag
        self.audio = Pointwise(audio_channels, channels)  # w_s
        self.video = Pointwise(channels, channels)  # w_v
        self.out = Pointwise(channels, channels)  # w_o
        with torch.no_grad():
            self.out.weight.mul_(_LOUD_CUE)
        self.log_temperature = nn.Parameter(torch.tensor(2.303))  # 1 / tau = 10
        self.log_kappa = nn.Parameter(torch.tensor(3.4))  # kappa = 30
        self.lag_prior = nn.Parameter(torch.zeros(2 * max_lag + 1))

    def forward(self, audio: Tensor, video: Tensor, lag: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """Fuse.

        Args:
            audio: S-, (B, C_a, N). video: V-, (B, C, M), M = r N + 2 K, K frames of margin on each side.
            lag: (B, 2 K + 1) probabilities to use instead of the network's own (known shifts in training, the
                whole file's estimate at inference), or None; rows of NaN mean "own".

        Returns:
            V^ (B, C, N), lag logits (B, 2 K + 1), match (B, N, 2 K + 1).
        """
        query = functional.normalize(self.audio(audio), dim=1)
        key = functional.normalize(self.video(video), dim=1)
        pairs = query.transpose(1, 2) @ key  # E: (B, N, M), cosines
        affinity = torch.softmax(pairs * self.log_temperature.exp(), -1)  # A
        kernels = lag_kernels(audio.shape[-1], video.shape[-1], self.ratio, self.max_lag).to(pairs)
        match = torch.einsum("bnm,dnm->bnd", pairs, kernels)
        logits = self.log_kappa.exp() * match.mean(1) + self.lag_prior
        weights = torch.softmax(logits, -1)
        if lag is not None:
            weights = torch.where(lag.isnan(), weights, lag.nan_to_num())
        identity = torch.einsum("bd,dnm->bnm", weights, kernels)  # G
        fused = self.out(video) @ (0.5 * (affinity + identity)).transpose(1, 2)  # (B, C, M) x (B, M, N)
        return fused, logits, match


class FrameLock(nn.Module):
    """The comparator: lips are taken as they stand against the sound, at lag 0, and no delay is told.

    Its call is that of `CrossModalAffinity`.
    """

    def __init__(self, channels: int, ratio: float, max_lag: int) -> None:
        super().__init__()
        self.ratio, self.max_lag = ratio, max_lag
        self.out = Pointwise(channels, channels)
        with torch.no_grad():
            self.out.weight.mul_(_LOUD_CUE)

    def forward(self, audio: Tensor, video: Tensor, lag: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """(B, C_a, N), (B, C, M) -> V^ (B, C, N), and nothing for lag logits and match."""
        identity = lag_kernels(audio.shape[-1], video.shape[-1], self.ratio, self.max_lag)[self.max_lag].to(video)
        fused: Tensor = self.out(video) @ identity.T
        return fused, audio.new_empty(0), audio.new_empty(0)
