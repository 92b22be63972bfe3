"""How far a voice can be trusted over a stretch of time, from the model's own judgement of it, moment by moment."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
LEAST_WRONG = 10 ** (-15 / 10)  # where there is nothing to take away, a voice that stays whole is good
_SILENCE = 1e-12


@dataclass(frozen=True)
class Judgement:
    """What is thought of a voice over a stretch.

    Attributes:
        removed: energy of the mixture that is not the voice, at least -15 dB of the mixture's; full scale for 1 s is 1.
        left: energy that is thought to be wrong with the voice.
        visible: share of the stretch in which the face is seen, 0..1.
        apart: energy by which it differs from our own model's voice, where that was asked
            (`engine.isolation.second_opinion`).
    """

    removed: float
    left: float
    visible: float
    apart: float = 0.0

    @property
    def improvement_db(self) -> float:
        """By how many dB the voice is thought to be better than the mixture."""
        return _db(self.removed / self.left)

    @property
    def removed_db(self) -> float:
        """Energy removed, in dB."""
        return _db(self.removed)


def judge(
    mixture: FloatArray,
    voice: FloatArray,
    sample_rate_hz: int,
    quality_db: FloatArray,
    visible: float = 1.0,
    apart_db: FloatArray | None = None,
) -> Judgement:
    """Judge a stretch.

    Args:
        mixture, voice: (T,) or (T, channels). quality_db: (N,), `engine.contract.WindowMasks.quality` of the stretch,
            N at most T. apart_db: (N,), `engine.isolation.second_opinion.Opinion.apart_db`, or None.
    """
    moments = np.arange(len(quality_db)) * len(mixture) // len(quality_db)
    removed = np.maximum(_energy(mixture - voice, moments), LEAST_WRONG * _energy(mixture, moments))
    removed = np.maximum(removed, _SILENCE) / sample_rate_hz
    left = removed * 10 ** (-quality_db.astype(np.float64) / 10)
    apart = 0.0 if apart_db is None else float((removed * 10 ** (apart_db.astype(np.float64) / 10)).sum())
    return Judgement(float(removed.sum()), float(left.sum()), visible, apart)


def together(parts: Sequence[Judgement]) -> Judgement:
    """The judgement of the parts in which the face is seen. Energies add: loud moments count for more."""
    removed = sum(part.visible * part.removed for part in parts)
    left = sum(part.visible * part.left for part in parts)
    return Judgement(removed, left, 1.0) if removed else Judgement(1.0, 1.0, 0.0)


def confidence(judgement: Judgement, calibration: tuple[float, float]) -> float:
    """How likely the voice is right, 0..1; nothing is known of somebody who is not seen.

    Args:
        calibration: slope (per dB) and offset of a logistic curve (`engine.contract.Declaration.calibration`).
    """
    slope, offset = calibration
    return judgement.visible / (1 + math.exp(-(slope * judgement.improvement_db + offset)))


def _energy(sound: FloatArray, starts: NDArray[np.int64]) -> NDArray[np.float64]:
    power = np.square(sound, dtype=np.float64).reshape(len(sound), -1).mean(1)
    return np.add.reduceat(power, starts)


def _db(energy: float) -> float:
    return 10 * math.log10(energy)
