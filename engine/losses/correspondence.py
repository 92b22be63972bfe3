"""Cross-modal correspondence (CMC): a separated voice must fit its own talker's lips and face.

Makishima et al., "Audio-Visual Speech Separation Using Cross-Modal Correspondence Loss", ICASSP 2021 (arXiv
2103.01463). The published text available to us names what is compared (phonetic content with the lips, talker with the
face), not the formulas; these are InfoNCE over frames and a triplet over utterances, models.md 4.2.

Rows of a batch come mixture by mixture, talker by talker: A0, B0, A1, B1, ... Embeddings have their channels in
dimension 1 and are compared by direction only. A mask that is None lets everything through.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

TEMPERATURE = 0.07
GUARD_FRAMES = 2  # frames so near are neither positive nor negative: co-articulation, sync tolerance
TALKER_MARGIN = 0.5


@dataclass(frozen=True)
class Embedded:
    """A batch of voices and faces as vectors; what no switched-on term needs may be None.

    Attributes:
        audio: (R, C, M) float32, the voice frame by frame at 25 Hz. video: (R, C, M), the lips at the same moments.
        voice: (R, C), the voice as a whole. face: (R, C), the face as a whole.
        heard: (R, M) bool, the voice sounds here or near, or (R,), it sounds at all.
        seen: (R, M) bool, the lips are visible. filmed: (R,) bool, there is a face vector.
        rows: (R,) bool, rows to score; the others still serve as the other talker.
    """

    audio: Tensor | None = None
    video: Tensor | None = None
    voice: Tensor | None = None
    face: Tensor | None = None
    heard: Tensor | None = None
    seen: Tensor | None = None
    filmed: Tensor | None = None
    rows: Tensor | None = None

    @property
    def speaks(self) -> Tensor | None:
        """(R,) bool, the row's talker says something; None where `heard` is."""
        if self.heard is None or self.heard.ndim == 1:
            return self.heard
        return as_bool(self.heard).any(1)

    def frames(self) -> tuple[Tensor, Tensor]:
        """`audio` and `video`.

        Raises:
            ValueError: one of them is missing.
        """
        if self.audio is None or self.video is None:
            raise ValueError("a phonetic term is on, but audio or video frames were not embedded")
        return self.audio, self.video

    def utterances(self) -> tuple[Tensor, Tensor]:
        """`voice` and `face`.

        Raises:
            ValueError: one of them is missing.
        """
        if self.voice is None or self.face is None:
            raise ValueError("an identity term is on, but the voice or the face was not embedded")
        return self.voice, self.face


@dataclass(frozen=True)
class CmcWeights:
    """Weights of the terms; a term of weight 0 is not computed.

    Attributes:
        phonetic: of `frame_correspondence`. 1 is about a tenth of a -SI-SDR loss in dB (models.md 4.2).
        talker: of `talker_triplet`; leave it out with fewer than some 200 identities, which are learnt by heart.
    """

    phonetic: float = 1.0
    talker: float = 0.5


def cmc_terms(embedded: Embedded, weights: CmcWeights) -> dict[str, Tensor]:
    """The weighted terms that are switched on, by name: scalars to add to the separation loss.

    Raises:
        ValueError: a term is on and what it compares is missing.
    """
    e, terms = embedded, {}
    if weights.phonetic:
        audio, video = e.frames()
        loss = frame_correspondence(audio, video, heard=e.heard, seen=e.seen, rows=e.rows)
        terms["cmc_phonetic"] = weights.phonetic * loss
    if weights.talker:
        voice, face = e.utterances()
        loss = talker_triplet(voice, face, speaks=e.speaks, filmed=e.filmed, rows=e.rows)
        terms["cmc_talker"] = weights.talker * loss
    return terms


def frame_correspondence(
    audio: Tensor,
    video: Tensor,
    *,
    heard: Tensor | None = None,
    seen: Tensor | None = None,
    rows: Tensor | None = None,
    temperature: float = TEMPERATURE,
    guard_frames: int = GUARD_FRAMES,
) -> Tensor:
    """Phonetic term L_ph: of all moments of both talkers' lips, a frame of a voice fits its own (and vice versa).

    Args:
        audio: (R, C, M), one vector per voice and video frame. video: (R, C, M), the lips on the same clock.
        heard: (R, M) or (R,) bool; a frame without voice is neither scored nor an alternative for lips.
        seen: (R, M) bool; an unseen frame is neither scored nor an alternative for sound.
        rows: (R,) bool, rows to score.
        guard_frames: own frames up to so far away are not alternatives.

    Returns:
        Scalar, mean of both directions over the scored frames, in nats; 0 if there are none.

    Raises:
        ValueError: the shapes differ, or the rows do not come in pairs.

    Source: two-sided InfoNCE, models.md 4.2.
    """
    _check_same(audio, video)
    has_voice, has_lips = mask_like(audio[:, 0], heard), mask_like(video[:, 0], seen)
    a, v = unit(audio), unit(video)
    loss = _against_all(a, v, has_lips, temperature, guard_frames)
    loss = 0.5 * (loss + _against_all(v, a, has_voice, temperature, guard_frames))
    return mean_where(loss, mask_like(loss, has_voice, has_lips, rows))


def _against_all(anchors: Tensor, offers: Tensor, usable: Tensor, temperature: float, guard_frames: int) -> Tensor:
    """-log share of the frame's own partner among it, the row's far frames and the other talker's; (R, M)."""
    query = anchors.transpose(1, 2) / temperature  # (R, C, M) -> (R, M, C)
    own, crossed = query @ offers, query @ other_talker(offers)  # (R, M, M)
    frame = torch.arange(own.shape[-1], device=own.device)
    far = (frame[:, None] - frame).abs() > guard_frames
    right = own.diagonal(dim1=1, dim2=2)
    own = own.masked_fill(~(far & usable[:, None]), -torch.inf)
    crossed = crossed.masked_fill(~other_talker(usable)[:, None], -torch.inf)
    return torch.logsumexp(torch.cat([right[..., None], own, crossed], -1), -1) - right


def talker_triplet(
    voice: Tensor,
    face: Tensor,
    *,
    speaks: Tensor | None = None,
    filmed: Tensor | None = None,
    rows: Tensor | None = None,
    margin: float = TALKER_MARGIN,
) -> Tensor:
    """Talker term L_id: a voice is nearer to its own face than to the other's, and a face to its own voice.

    Args:
        voice, face: (R, C), one vector per row.
        speaks: (R,) bool, there is a voice. filmed: (R,) bool, there is a face. rows: (R,) bool, rows to score.

    Returns:
        Scalar 0..2 + margin, mean of both directions, each over the rows where all three vectors are there.

    Raises:
        ValueError: the shapes differ, or the rows do not come in pairs.

    Source: models.md 4.2.
    """
    _check_same(voice, face)
    has_voice, has_face = mask_like(voice[:, 0], speaks), mask_like(face[:, 0], filmed)
    both = mask_like(voice[:, 0], has_voice, has_face, rows)
    by_voice = mean_where(triplet(voice, face, other_talker(face), margin), both & other_talker(has_face))
    by_face = mean_where(triplet(face, voice, other_talker(voice), margin), both & other_talker(has_voice))
    return 0.5 * (by_voice + by_face)


def ramp(position: float, begin: float, full: float) -> float:
    """Share 0..1 of an auxiliary weight: 0 until `begin`, then linearly to 1 at `full` (steps, or shares of a run).

    CMC starts after 20 % of the steps, an adversarial loss grows over the first 5000 steps (models.md 4.2, 5.2).
    """
    return min(1.0, max(0.0, (position - begin) / (full - begin)))


def unit(x: Tensor) -> Tensor:
    """Vectors along dimension 1 at unit length, float32; one shorter than 1e-4 stays short: finite gradients."""
    return functional.normalize(x.float(), dim=1, eps=1e-4)


def cosine_distance(a: Tensor, b: Tensor) -> Tensor:
    """d = 1 - cos, 0..2: (R, C) -> (R,), (R, C, M) -> (R, M)."""
    return 1.0 - (unit(a) * unit(b)).sum(1)


def triplet(anchor: Tensor, positive: Tensor, negative: Tensor, margin: float) -> Tensor:
    """max(0, d(anchor, positive) - d(anchor, negative) + margin): (R, C) each -> (R,)."""
    return torch.relu(cosine_distance(anchor, positive) - cosine_distance(anchor, negative) + margin)


def other_talker(x: Tensor) -> Tensor:
    """The rows of the other talker of each mixture: A0, B0, A1, B1 -> B0, A0, B1, A1.

    Raises:
        ValueError: an odd number of rows.
    """
    if len(x) % 2:
        raise ValueError(f"{len(x)} rows are not two talkers per mixture")
    return x.reshape(len(x) // 2, 2, *x.shape[1:]).flip(1).reshape(x.shape)


def as_bool(mask: Tensor) -> Tensor:
    """A mask of numbers 0..1 or of bool, as bool."""
    return mask if mask.dtype == torch.bool else mask > 0.5


def mask_like(values: Tensor, *masks: Tensor | None) -> Tensor:
    """All masks together, bool, shaped like `values`, (R,) or (R, M); masks are (R,), (R, M) or None."""
    together = torch.ones_like(values, dtype=torch.bool)
    for mask in masks:
        if mask is not None:
            together = together & as_bool(mask if mask.ndim == values.ndim else mask[:, None])
    return together


def mean_where(values: Tensor, mask: Tensor) -> Tensor:
    """Mean of the values that the mask (same shape, bool) keeps; 0, still part of the graph, where it keeps none."""
    return values[mask].sum() / mask.sum().clamp_min(1)


def _check_same(a: Tensor, b: Tensor) -> None:
    if a.shape != b.shape:
        raise ValueError(f"shapes differ: {tuple(a.shape)} and {tuple(b.shape)}")
