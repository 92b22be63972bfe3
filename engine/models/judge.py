"""How right is a voice? The network's own judgement, learned beside the separation and without a say in it."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.agreement import lip_voice_margin
from engine.confidence import LEAST_WRONG
from engine.models.blocks import Pointwise

SPAN_FRAMES = 101  # about a second: what a judgement speaks of
_CUES = 8
_WIDTH = 48
_QUIET = 1e-6
_WORST_DB, _BEST_DB = -10.0, 25.0


class Judge(nn.Module):
    """Tells by how many dB a voice is better than the mixture, over about a second (`improvement_db`).

    It sees a few plain cues alone: features know the voices that were learnt, and take them for proof (ADR 8).
    """

    def __init__(self) -> None:
        super().__init__()
        self.into = Pointwise(_CUES, _WIDTH)
        self.out = Pointwise(_WIDTH, 1)

    def forward(self, cues: Tensor) -> Tensor:
        """Cues (R, 8, N), which get no gradient -> (R, N) in dB."""
        hidden = functional.gelu(self.into(cues.detach()))
        told: Tensor = self.out(_around(hidden))
        return 10.0 * told[:, 0].float()


def cues(
    mixture: Tensor,
    voice: Tensor,
    slots: Tensor,
    hint: Tensor,
    choice: Tensor,
    lag: Tensor,
    match: Tensor,
    activity: Tensor,
    seen: Tensor,
    faces: int,
) -> Tensor:
    """What hints at a mistake.

    Args:
        mixture: spectrum, (R, F, N) complex64, rows mixture by mixture, face by face. voice: of the estimate, likewise.
        slots: magnitudes of the two blind slots, (R, 2, F, N). hint: (R, F, N), what the lips tell of the voice.
        choice: (R, 2), logits of the slots. lag: (R, 2 K + 1) logits. match: (R, N, 2 K + 1); both
            empty for a network that knows no delay. activity: logits (R, N). seen: (R,) bool, faces seen at all.

    Returns:
        (R, 8, N): how much was taken away, how much the weaker slot holds (both log10 of energies over the mixture's),
        margin of lips and voice, cosine of lips and sound at the lag, how sure the choice of the slot is, how much
        the mixture and another face's voice are the same as this one, and how likely the voice sounds, 0..1.
    """
    level = mixture.abs().square().sum(1)  # (R, N)
    floor = _QUIET + 1e-3 * level.mean(-1, keepdim=True)
    kept, weaker = voice.abs().square().sum(1), slots.square().sum(2).min(1).values
    if not lag.numel():  # frame-locked: no delay is told
        lag, match = level.new_zeros(len(level), 1), level.new_zeros(*level.shape, 1)
    whole = (voice * mixture.conj()).real.sum(1)
    return torch.stack(
        [
            torch.log10((kept + floor) / (level + floor)),
            torch.log10((weaker + floor) / (level + floor)),
            lip_voice_margin(hint, voice, mixture - voice),
            (match * torch.softmax(lag, -1)[:, None]).sum(-1),
            (torch.softmax(choice, 1).max(1).values[:, None] * 2 - 1).expand_as(level),
            _cosine(whole, kept, level),
            _same(voice.abs(), seen, faces),
            torch.sigmoid(activity),
        ],
        1,
    ).float()


def _same(voice: Tensor, seen: Tensor, faces: int) -> Tensor:
    """Cosine of each face's magnitudes (R, F, N) with the most alike of the others' that are seen, (R, N).

    0 for a face alone.
    """
    parts = voice.view(-1, faces, *voice.shape[1:])
    products = torch.einsum("bifn,bjfn->bijn", parts, parts)
    energy = products.diagonal(dim1=1, dim2=2).movedim(-1, 1)  # (B, faces, N)
    shape = products.shape
    first = energy[:, :, None].expand(shape).flatten(0, 2)
    second = energy[:, None].expand(shape).flatten(0, 2)
    alike = _cosine(products.flatten(0, 2), first, second).view(shape)
    nobody = torch.eye(faces, dtype=torch.bool, device=voice.device) | ~seen.view(-1, 1, faces)  # (B, faces, faces)
    alike = alike.masked_fill(nobody[..., None], 0.0)
    return alike.max(2).values.flatten(0, 1)


def _cosine(product: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """Cosine over a span from products and energies of single frames, (R, N) each."""
    product, first, second = (_around(values[:, None])[:, 0] for values in (product, first, second))
    return product / (first * second).sqrt().clamp_min(_QUIET)


def improvement_db(estimate: Tensor, target: Tensor, mixture: Tensor, hop_samples: int) -> Tensor:
    """What the judge learns: energy of what is wrong with the mixture over that of the estimate's error.

    What is wrong with the mixture is everything but the voice; it counts as no less than -15 dB of the mixture, so that
    where there is nothing to take away, a voice that stays whole is good too. In silence it is all of the mixture.

    Args:
        estimate, target, mixture: (R, T) float32, T a multiple of the hop.

    Returns:
        (R, N) in dB over about a second round every frame, between -10 and 25.
    """

    def energy(sound: Tensor) -> Tensor:
        return _around(sound.unfold(-1, hop_samples, hop_samples).square().mean(-1)[:, None])[:, 0]

    wrong = energy(mixture - target).maximum(LEAST_WRONG * energy(mixture))
    return (10 * torch.log10((wrong + 1e-9) / (energy(target - estimate) + 1e-9))).clamp(_WORST_DB, _BEST_DB)


def _around(values: Tensor) -> Tensor:
    """Mean over a span round every frame, (R, C, N) -> (R, C, N)."""
    return functional.avg_pool1d(values, SPAN_FRAMES, 1, SPAN_FRAMES // 2, count_include_pad=False)
