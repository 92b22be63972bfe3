"""What AVSep's own model says beside another one: how late the pictures come, and how good the other's voices are.

Other models hear no delay and do not judge themselves. Ours does both in a small part of their time. Of a voice g it
knows its own voice v of the same face, and by how much it trusts v. If s is the true voice,

    |g - s|^2  is at most about  |g - v|^2 + |v - s|^2,

the last of which our judge tells. So g is thought to be as good as v where both agree, and poor where it is far from a
voice that is trusted. A voice that is better than ours is thought to be 3 dB less good than ours: said with caution.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.confidence import LEAST_WRONG, Judgement
from engine.contract import MODEL_RATE_HZ, FloatArray
from engine.registry import declaration
from engine.types import IsolatedVoice

ADVISER = "compact"
_FAR = 10 ** (1 / 10)
_VISIBLE = 0.5
_AT_LEAST_S = 3
_QUIET_DB = 20.0  # seconds in which so much less goes on than on average do not count
_SMALLEST = 1e-12


def needed(model: str) -> bool:
    """Whether a model leaves delay or judgement to ours."""
    declared = declaration(model)
    return not (declared.finds_lag and declared.judges)


@dataclass(frozen=True)
class Opinion:
    """What is thought of P voices, over about a second.

    Attributes:
        mixture: (T,). own: (P, T), our voices of the same faces, which tell what everyone else is.
        quality_db: (P, N), by how much they are better than the mixture (`engine.contract.WindowMasks.quality`).
        apart_db: (P, N), energy by which they differ from ours, over that of everyone else as ours hears them.
    """

    mixture: FloatArray
    own: FloatArray
    quality_db: FloatArray
    apart_db: FloatArray


def opinion(mixture: FloatArray, voices: FloatArray, own: FloatArray, own_quality_db: FloatArray) -> Opinion:
    """What our model thinks of another's voices.

    Args:
        mixture: (T,). voices: (P, T), of the other model. own: (P, T), ours of the same faces.
        own_quality_db: (P, N), what our judge says of these.
    """
    frames = own_quality_db.shape[1]
    least = np.maximum(LEAST_WRONG * _energy(mixture[None], frames), _SMALLEST)
    others = np.maximum(_energy(mixture - own, frames), least)
    apart = np.maximum(_energy(voices - own, frames), _SMALLEST)
    quality = _db(others / (apart + others * 10 ** (-own_quality_db / 10)))
    return Opinion(mixture, own, quality, _db(apart / others))


def disagreements(voices: Sequence[IsolatedVoice], model: str) -> dict[int, str]:
    """By person, a sentence where the model and ours disagree strongly for some seconds, and ours is sure of itself."""
    said = {}
    for voice in voices:
        heard = [s for s in voice.confidence.spans if s.judgement.visible > _VISIBLE]
        loud = np.mean([s.judgement.removed for s in heard]) * 10 ** (-_QUIET_DB / 10) if heard else 0.0
        far = [s for s in heard if s.judgement.removed > loud and is_far(s.judgement)]
        if len(far) >= _AT_LEAST_S:
            at = int(far[0].start_s)
            said[voice.person_id] = (
                f"Person {voice.person_id}: {model} and AVSep's own model disagree strongly in {len(far)} s, first at "
                f"{at // 60}:{at % 60:02d}; listen to both before you trust this voice."
            )
    return said


def is_far(judgement: Judgement) -> bool:
    """Whether a voice differs from ours by more than everyone else does, and by more than ours is thought to be wrong.

    The voice of somebody else differs by both together; the mixture left as it is, by everyone else alone.
    """
    return judgement.apart > max(_FAR * judgement.removed, judgement.left - judgement.apart)


def _energy(sound: FloatArray, frames: int) -> Any:
    """Mean power (P, frames) of sounds (P, T) over a second round each frame."""
    per_frame = np.square(sound, dtype=np.float64).reshape(len(sound), frames, -1).mean(2)
    half = max(1, round(frames * MODEL_RATE_HZ / (2 * sound.shape[1])))
    summed = np.pad(per_frame.cumsum(1), ((0, 0), (1, 0)))
    at = np.arange(frames)
    low, high = np.maximum(at - half, 0), np.minimum(at + half + 1, frames)
    return (summed[:, high] - summed[:, low]) / (high - low)


def _db(ratio: Any) -> FloatArray:
    return np.asarray(10 * np.log10(ratio), np.float32)
