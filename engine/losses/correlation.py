"""Multi-modal multi-correlation (MMMC): identity and phonetic correlation of voice and video, by triplets or a judge.

Wang et al., "Multi-Modal Multi-Correlation Learning for Audio-Visual Speech Separation", Interspeech 2022 (arXiv
2207.01197); abstract and poster. Identity: voice timbre with facial attributes. Phonetic: sounds with lip motion.

Differs:
    distance, margins and weights are ours (models.md 5.2), the poster does not state them;
    the poster's discriminator sees single embeddings (real: of the video, fake: of the predicted voice), which matches
    distributions only. `paired` discriminators see both: real is a clean voice with its own video, fake the estimate
    with its own video, and a clean voice with the other talker's video;
    the separator's side is non-saturating by default.

Conventions on rows, masks and embeddings: `engine.losses.correspondence`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional

from engine.losses.correspondence import (
    Embedded,
    cosine_distance,
    mask_like,
    mean_where,
    other_talker,
    triplet,
)

IDENTITY_MARGIN = 0.5
PHONETIC_MARGIN = 0.3
MISMATCH_WEIGHT = 0.5


class Discriminator(Protocol):
    """Judges embeddings: logits, higher for "real".

    Attributes:
        paired: it is called with a voice and a video embedding; otherwise with one embedding of either kind.
    """

    paired: bool

    def __call__(self, embedding: Tensor, video: Tensor | None = None, /) -> Tensor:
        """(R, C) -> (R,), or (R, C, M) -> (R, M)."""


@dataclass(frozen=True)
class MmmcWeights:
    """Weights of the terms; a term of weight 0 is not computed.

    0.01 suits a mask loss (`engine.losses.visualvoice`), ten times as much a -SI-SDR loss in dB (models.md 5.2).
    """

    identity_triplet: float = 0.0
    phonetic_triplet: float = 0.0
    identity_adversarial: float = 0.0
    phonetic_adversarial: float = 0.0


def mmmc_terms(
    embedded: Embedded,
    weights: MmmcWeights,
    *,
    identity_judge: Discriminator | None = None,
    phonetic_judge: Discriminator | None = None,
) -> dict[str, Tensor]:
    """The separator's weighted terms that are switched on, by name.

    Args:
        embedded: of the estimates; `face` comes from another clip of the same person.
        identity_judge, phonetic_judge: discriminators, their parameters held (`engine.models.embedders.held`).

    Raises:
        ValueError: a term is on and what it compares, or its judge, is missing.
    """
    e, terms = embedded, {}
    if weights.identity_triplet:
        voice, face = e.utterances()
        loss = identity_triplet(voice, face, speaks=e.speaks, filmed=e.filmed, rows=e.rows)
        terms["mmmc_identity_triplet"] = weights.identity_triplet * loss
    if weights.phonetic_triplet:
        audio, video = e.frames()
        loss = phonetic_triplet(audio, video, heard=e.heard, seen=e.seen, rows=e.rows)
        terms["mmmc_phonetic_triplet"] = weights.phonetic_triplet * loss
    if weights.identity_adversarial:
        voice, face = e.utterances()
        loss = generator_objective(_given(identity_judge), voice, face, heard=e.speaks, seen=e.filmed, rows=e.rows)
        terms["mmmc_identity_adversarial"] = weights.identity_adversarial * loss
    if weights.phonetic_adversarial:
        audio, video = e.frames()
        loss = generator_objective(_given(phonetic_judge), audio, video, heard=e.heard, seen=e.seen, rows=e.rows)
        terms["mmmc_phonetic_adversarial"] = weights.phonetic_adversarial * loss
    return terms


def _given(judge: Discriminator | None) -> Discriminator:
    if judge is None:
        raise ValueError("an adversarial term is on, but it has no discriminator")
    return judge


def identity_triplet(
    voice: Tensor,
    face: Tensor,
    *,
    speaks: Tensor | None = None,
    filmed: Tensor | None = None,
    rows: Tensor | None = None,
    margin: float = IDENTITY_MARGIN,
) -> Tensor:
    """L_1 = max(0, d(i^a_A1, i^v_A2) - d(i^a_A1, i^v_B) + m).

    Args:
        voice: (R, C), i^a of each estimate. face: (R, C), i^v of each talker, from another clip than the voice's, so
            that only the identity can match.
        speaks, filmed, rows: (R,) bool: there is a voice; there is a face; the row is scored.

    Returns:
        Scalar, mean over the rows in which voice, own and other face are there.

    Source: poster of arXiv 2207.01197, triplet loss L_1.
    """
    has_face = mask_like(face[:, 0], filmed)
    mask = mask_like(voice[:, 0], speaks, rows) & has_face & other_talker(has_face)
    return mean_where(triplet(voice, face, other_talker(face), margin), mask)


def phonetic_triplet(
    audio: Tensor,
    video: Tensor,
    *,
    heard: Tensor | None = None,
    seen: Tensor | None = None,
    rows: Tensor | None = None,
    margin: float = PHONETIC_MARGIN,
) -> Tensor:
    """L_2 = max(0, d(p^a_A, p^v_A) - d(p^a_A, p^v_B) + m), distances averaged over frames.

    Args:
        audio: (R, C, M), p^a of each estimate. video: (R, C, M), p^v of the same clip, on the same clock.
        heard, seen: (R, M) or (R,) bool; frames count where the voice, its own lips and the other's are there.
        rows: (R,) bool, rows to score.

    Returns:
        Scalar, mean over the rows with a frame that counts.

    Source: poster of arXiv 2207.01197, triplet loss L_2.
    """
    has_lips = mask_like(video[:, 0], seen)
    counts = (mask_like(audio[:, 0], heard, rows) & has_lips & other_talker(has_lips)).float()
    difference = cosine_distance(audio, video) - cosine_distance(audio, other_talker(video))
    per_row = (difference * counts).sum(1) / counts.sum(1).clamp_min(1)
    return mean_where(torch.relu(per_row + margin), counts.sum(1) > 0)


def discriminator_objective(
    judge: Discriminator,
    estimate: Tensor,
    video: Tensor,
    clean: Tensor | None = None,
    *,
    heard: Tensor | None = None,
    seen: Tensor | None = None,
    rows: Tensor | None = None,
    penalty: float = 0.0,
) -> Tensor:
    """What the discriminator minimises; nothing but the discriminator gets a gradient.

    Args:
        estimate, video, clean: (R, C) identity or (R, C, M) phonetic embeddings of the estimates, of the talkers'
            videos and of the clean voices; `clean` only for a paired discriminator.
        heard, seen: (R,) or (R, M) bool, as the scores: there is a voice, there is a face. rows: (R,) bool.
        penalty: gamma of `gradient_penalty` on the real examples, 0 leaves it out. Every 16th step is enough.

    Returns:
        Scalar.

    Raises:
        ValueError: a paired discriminator without `clean`, an odd number of rows.

    Source: poster of arXiv 2207.01197, adversarial part; paired form models.md 5.2.
    """
    estimate, video = estimate.detach(), video.detach()
    mismatched, crossed_mask = None, None
    if not judge.paired:
        genuine: tuple[Tensor, ...] = (video.requires_grad_(penalty > 0),)
    elif clean is None:
        raise ValueError("a paired discriminator needs the clean voices too")
    else:
        genuine = (clean.detach().requires_grad_(penalty > 0), video.requires_grad_(penalty > 0))
        mismatched = judge(clean.detach(), other_talker(video.detach()))
        crossed_mask = mask_like(mismatched, heard, rows) & other_talker(mask_like(mismatched, seen))
    real = judge(*genuine)
    fake = judge(estimate, video.detach()) if judge.paired else judge(estimate)
    voiced = mask_like(fake, heard, rows)
    filmed = mask_like(real, seen, rows)
    both = voiced & filmed
    real_mask, fake_mask = (both, both) if judge.paired else (filmed, voiced)
    loss = discriminator_loss(
        real, fake, mismatched, real_mask=real_mask, fake_mask=fake_mask, mismatched_mask=crossed_mask
    )
    if penalty:
        loss = loss + 0.5 * penalty * gradient_penalty(real, genuine, real_mask)
    return loss


def generator_objective(
    judge: Discriminator,
    estimate: Tensor,
    video: Tensor,
    *,
    heard: Tensor | None = None,
    seen: Tensor | None = None,
    rows: Tensor | None = None,
    saturating: bool = False,
) -> Tensor:
    """What the separator minimises: its voices pass for real ones.

    Hold the discriminator's parameters meanwhile. Arguments as in `discriminator_objective`; the gradient reaches
    `estimate` and stops at `video`. `saturating` as in `generator_loss`.
    """
    scores = judge(estimate, video.detach()) if judge.paired else judge(estimate)
    lips = seen if judge.paired else None
    return generator_loss(scores, mask_like(scores, heard, lips, rows), saturating=saturating)


def discriminator_loss(
    real: Tensor,
    fake: Tensor,
    mismatched: Tensor | None = None,
    *,
    real_mask: Tensor | None = None,
    fake_mask: Tensor | None = None,
    mismatched_mask: Tensor | None = None,
) -> Tensor:
    """-E log D(real) - E log(1 - D(fake)) - 0.5 E log(1 - D(mismatched)), D the logistic of the logits.

    Args:
        real, fake, mismatched: logits, (R,) or (R, M). The masks: bool, same shape, what counts.

    Source: poster of arXiv 2207.01197; the third term models.md 5.2.
    """
    loss = mean_where(functional.softplus(-real), mask_like(real, real_mask))
    loss = loss + mean_where(functional.softplus(fake), mask_like(fake, fake_mask))
    if mismatched is not None:
        wrong = mean_where(functional.softplus(mismatched), mask_like(mismatched, mismatched_mask))
        loss = loss + MISMATCH_WEIGHT * wrong
    return loss


def generator_loss(fake: Tensor, mask: Tensor | None = None, *, saturating: bool = False) -> Tensor:
    """-E log D(fake), or, `saturating`, the poster's own E log(1 - D(fake)).

    The latter has hardly a gradient while the discriminator is sure (Goodfellow et al., "Generative Adversarial
    Nets", 2014, section 3).

    Args:
        fake: logits, (R,) or (R, M). mask: bool, same shape.
    """
    values = -functional.softplus(fake) if saturating else functional.softplus(-fake)
    return mean_where(values, mask_like(fake, mask))


def gradient_penalty(real: Tensor, inputs: Sequence[Tensor], mask: Tensor | None = None) -> Tensor:
    """R1: mean squared gradient of the discriminator at real examples; weigh it by gamma / 2.

    Args:
        real: logits, (R,) or (R, M), computed from `inputs`. inputs: (R, C) or (R, C, M), requiring gradients.
        mask: bool, shaped like `real`.

    Returns:
        Scalar: squared gradients summed over channels, averaged over the examples (or frames) that count.

    Source: Mescheder et al., "Which Training Methods for GANs do actually Converge?", ICML 2018, Eq. (9).
    """
    counts = mask_like(real, mask)
    slopes = torch.autograd.grad(real[counts].sum(), list(inputs), create_graph=True)
    return torch.stack([slope.square().sum() for slope in slopes]).sum() / counts.sum().clamp_min(1)
