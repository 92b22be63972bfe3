"""What every separation network of the project returns, and the call that they share.

    network(mixture, lips, seen, faces=P, lag=None, attributes=None) -> Separated

`mixture` (B, T) float32 at 16 kHz, T a multiple of the hop; `lips` (B * P, M, 240) and `seen` (B * P, M), M = r N + 2 K
frames with a margin of K = `config.max_lag_frames` on each side; `attributes` (B * P, 128), who the face is
(`engine.data.pack`), for networks that use it. Rows come mixture by mixture, face by face.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor


def _nothing() -> Tensor:
    return torch.empty(0)


@dataclass
class Separated:
    """What a network says about one chunk and one face (or blind slot) per row; empty where it does not say it.

    Attributes:
        wave: (R, T) float32, the estimate. mask: (R, F, N) complex64. spectrum: (R, F, N) = mask * mixture.
        lag_logits: (R, 2 K + 1), score of each delay -K..K in video frames.
        match: (R, N, 2 K + 1), cosine of sound and lips per audio frame and lag.
        hint: (R, F, N), what the lips alone tell of the voice's ^0.3-compressed magnitudes.
        choice: (R, 2), logits of which blind slot is this face's voice.
        activity: (R, N), logit of "this face's voice sounds here".
        quality: (R, N), by how many dB the estimate is thought to be better than the mixture
            (`engine.models.judge`).
        blind: the blind pass over the same mixtures; None when this is one, or there is none.
    """

    wave: Tensor
    mask: Tensor
    spectrum: Tensor
    lag_logits: Tensor = field(default_factory=_nothing)
    match: Tensor = field(default_factory=_nothing)
    hint: Tensor = field(default_factory=_nothing)
    choice: Tensor = field(default_factory=_nothing)
    activity: Tensor = field(default_factory=_nothing)
    quality: Tensor = field(default_factory=_nothing)
    blind: Separated | None = None
