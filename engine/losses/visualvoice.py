"""VisualVoice: complex-mask loss, cross-modal matching of voice and face, co-separation consistency.

Gao and Grauman, "VisualVoice: Audio-Visual Speech Separation with Cross-Modal Consistency", CVPR 2021 (arXiv
2101.03149). A training example is a pair of mixtures with a common talker: A1 + B and A2 + B, A1 and A2 two clips of
one person. Its four voices are rows A1, B (in the first mixture), A2, B (in the second).

Conventions on rows, masks and embeddings: `engine.losses.correspondence`. Sums over the four voices (or the two
triplets) of an example are written as so many times the mean over the batch, so that rows may be left out.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from engine.losses.correspondence import Embedded, mask_like, mean_where, other_talker, triplet

MASK_LIMIT = 5.0
MARGIN = 0.5
_VOICES = 4  # A1, B, A2, B


@dataclass(frozen=True)
class VisualVoiceWeights:
    """Weights of the terms, as the paper's release trained; a term of weight 0 is not computed."""

    mask: float = 1.0
    cross: float = 0.01
    co_separation: float = 0.01


@dataclass(frozen=True)
class Masked:
    """What the mask loss compares.

    Attributes:
        mask: M, (R, F, N) complex64. target: S, (R, F, N) complex64. mixture: X, (R, F, N), once per voice.
    """

    mask: Tensor
    target: Tensor
    mixture: Tensor


def visualvoice_terms(embedded: Embedded, weights: VisualVoiceWeights, masked: Masked | None) -> dict[str, Tensor]:
    """The weighted terms that are switched on, by name.

    Args:
        embedded: `voice` of the spectra that `clean_at_times` gives, and `face`. The release draws once for the
            cross-modal and once for the co-separation loss: call this twice with the other weight 0 for that.
        masked: for the mask loss.

    Raises:
        ValueError: a term is on and what it compares is missing.
    """
    e, terms = embedded, {}
    if weights.mask:
        if masked is None:
            raise ValueError("the mask term is on, but there are no masks")
        terms["visualvoice_mask"] = weights.mask * complex_mask_loss(masked, rows=e.rows)
    if weights.cross:
        voice, face = e.utterances()
        loss = cross_modal_loss(voice, face, speaks=e.speaks, filmed=e.filmed, rows=e.rows)
        terms["visualvoice_cross"] = weights.cross * loss
    if weights.co_separation:
        if e.voice is None:
            raise ValueError("the co-separation term is on, but the voices were not embedded")
        loss = co_separation_loss(e.voice, speaks=e.speaks, rows=e.rows)
        terms["visualvoice_co_separation"] = weights.co_separation * loss
    return terms


def ideal_mask(target: Tensor, mixture: Tensor, limit: float = MASK_LIMIT) -> Tensor:
    """M* = S / X, real and imaginary part each clamped to +-limit.

    Args:
        target: S, (R, F, N) complex64. mixture: X, same shape.

    Returns:
        (R, F, N) complex64; 0 where X is 0.
    """
    power = mixture.real.square() + mixture.imag.square()
    ratio = target * mixture.conj() / power.clamp_min(1e-12)
    return torch.complex(ratio.real.clamp(-limit, limit), ratio.imag.clamp(-limit, limit))


def mask_weight(mixture: Tensor) -> Tensor:
    """w = clip(log(1 + |X|), 0.001, 10): (R, F, N) complex64 -> float32."""
    return torch.log1p(mixture.abs()).clamp(1e-3, 10.0)


def complex_mask_loss(masked: Masked, *, rows: Tensor | None = None) -> Tensor:
    """L_mask: squared distance of complex masks, loud places more.

    The weight depends on the level of X: the paper's voices have an RMS of 0.1 in a mixture that is their half-sum,
    with an unnormalised transform (Hann window of 400).

    Args:
        rows: (R,) bool, rows to score.

    Returns:
        Scalar, four times the mean over the rows of mean w (M - M*)^2 over bins, frames and both parts.

    Raises:
        ValueError: the shapes differ.

    Source: arXiv 2101.03149, mask prediction loss, with the weights of the authors' training code.
    """
    mask, target, mixture = masked.mask, masked.target, masked.mixture
    if not mask.shape == target.shape == mixture.shape:
        shapes = ", ".join(str(tuple(t.shape)) for t in (mask, target, mixture))
        raise ValueError(f"shapes of mask, target and mixture differ: {shapes}")
    error = mask - ideal_mask(target, mixture)
    squared = 0.5 * (error.real.square() + error.imag.square())
    per_row = (mask_weight(mixture) * squared).mean((1, 2))
    return _VOICES * mean_where(per_row, mask_like(per_row, rows))


def cross_modal_loss(
    voice: Tensor,
    face: Tensor,
    *,
    speaks: Tensor | None = None,
    filmed: Tensor | None = None,
    rows: Tensor | None = None,
    margin: float = MARGIN,
) -> Tensor:
    """L_cross: T(v_A1, f_A, f_B) + T(v_B1, f_B, f_A) + T(v_A2, f_A, f_B) + T(v_B2, f_B, f_A).

    Args:
        voice: (R, C), of estimate or clean voice. face: (R, C).
        speaks, filmed, rows: (R,) bool: there is a voice; there is a face; the row is scored.

    Returns:
        Scalar, four times the mean over the rows in which voice, own and other face are there.

    Source: arXiv 2101.03149, cross-modal matching loss.
    """
    has_face = mask_like(face[:, 0], filmed)
    mask = mask_like(voice[:, 0], speaks, rows) & has_face & other_talker(has_face)
    return _VOICES * mean_where(triplet(voice, face, other_talker(face), margin), mask)


def co_separation_loss(
    voice: Tensor, *, speaks: Tensor | None = None, rows: Tensor | None = None, margin: float = MARGIN
) -> Tensor:
    """L_cosep: T(v_A1, v_A2, v_B1) + T(v_A1, v_A2, v_B2), one talker sounds the same out of two mixtures.

    Args:
        voice: (4 G, C), rows A1, B1, A2, B2 of each example. speaks, rows: (4 G,) bool; a triplet counts with all
            three of its rows.

    Returns:
        Scalar, twice the mean over the triplets that count.

    Raises:
        ValueError: the rows are not four per example.

    Source: arXiv 2101.03149, audio-visual co-separation (speaker consistency) loss.
    """
    if len(voice) % _VOICES:
        raise ValueError(f"{len(voice)} rows are not pairs of mixtures with a common talker (four rows each)")
    a1, b1, a2, b2 = voice.reshape(-1, _VOICES, voice.shape[1]).unbind(1)
    has_a1, has_b1, has_a2, has_b2 = mask_like(voice[:, 0], speaks, rows).reshape(-1, _VOICES).unbind(1)
    both = has_a1 & has_a2
    values = torch.stack([triplet(a1, a2, b1, margin), triplet(a1, a2, b2, margin)])
    return 2 * mean_where(values, torch.stack([both & has_b1, both & has_b2]))


def clean_at_times(estimate: Tensor, clean: Tensor, share: float = 0.5) -> Tensor:
    """The clean spectrum in place of the estimate with this probability, one draw per call (torch's generator).

    The embedders are trained beside the separator: clean voices keep them from settling on its artefacts.

    Source: the authors' training code of arXiv 2101.03149.
    """
    return clean if torch.rand(()).item() < share else estimate
