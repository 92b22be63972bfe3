"""Is it really them? How well a separated voice moves like the lips, frame by frame."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from engine.audio.stft import compressed_magnitude

SPAN_FRAMES = 201  # about 2 s: shorter stretches of lips tell too little


def lip_voice_margin(hint: Tensor, voice: Tensor, rest: Tensor, span: int = SPAN_FRAMES) -> Tensor:
    """How much more the lips move like the voice than like everything else.

    Args:
        hint: what the lips alone tell of the voice's compressed magnitudes, (B, F, N), see `engine.models.separated`.
        voice: spectrum of the estimate, (B, F, N) complex64, any level. rest: spectrum of the mixture less the voice.
        span: frames over which similarity is taken, odd.

    Returns:
        (B, N) float32, the difference of two cosines: about 0 when the lips do not tell, above 0 for the right voice.
    """
    lips = hint.float() - hint.float().mean(-1, keepdim=True)
    return _cosine(lips, _moving(voice), span) - _cosine(lips, _moving(rest), span)


def _moving(spectrum: Tensor) -> Tensor:
    """Compressed magnitudes, each bin's mean over time removed and its spread made one."""
    picture = compressed_magnitude(spectrum)
    picture = picture - picture.mean(-1, keepdim=True)
    return picture / picture.square().mean(-1, keepdim=True).add(1e-4).sqrt()


def _cosine(a: Tensor, b: Tensor, span: int) -> Tensor:
    def around(values: Tensor) -> Tensor:
        summed = values.sum(1, keepdim=True)  # (B, F, N) -> (B, 1, N)
        return functional.avg_pool1d(summed, span, 1, span // 2, count_include_pad=False)[:, 0]

    return around(a * b) / (around(a * a) * around(b * b)).sqrt().clamp_min(1e-8)
