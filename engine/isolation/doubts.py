"""Reasons to doubt a finished voice, as sentences for the user."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from engine.isolation.second_opinion import disagreements
from engine.types import IsolatedVoice, PcmStore

_WEAK_AGREEMENT = 0.3
_UNHEARD_DB = -30.0  # a voice so far below the whole sound is taken for silence
_ALIKE = 0.95  # correlation of two voices that are one: 10 dB of SI-SDR
_SOUNDS_DB = -30.0
_ALIKE_S = 3
_BLOCK_S = 10


def doubts(source: PcmStore, voices: Sequence[IsolatedVoice], seconds: range, model: str = "") -> list[str]:
    """Silent voices, two people with one voice, two models that disagree, lips and voice that hardly agree.

    Args:
        source: the original. voices: of it. seconds: which were asked for.
        model: whose they are, where AVSep's own judged them; else "".
    """
    sounds = [v.voice for v in voices]
    energy, products = _by_second([source, *sounds], seconds)
    silent = {
        v.person_id for v, own in zip(voices, energy[1:], strict=True) if _db(own.sum(), energy[0].sum()) < _UNHEARD_DB
    }
    said = [f"Person {p} was not heard: their voice is all but silent." for p in sorted(silent)]
    for a, b in combinations(range(1, len(energy)), 2):
        loud = np.minimum(energy[a], energy[b]) > 10 ** (_SOUNDS_DB / 10) * energy[0].mean()
        alike = loud & (products[a, b] > _ALIKE * np.sqrt(energy[a] * energy[b]))
        if alike.sum() >= _ALIKE_S:
            first = seconds[int(np.argmax(alike))]
            both = f"Persons {voices[a - 1].person_id} and {voices[b - 1].person_id}"
            said.append(
                f"{both} have the same voice in {alike.sum()} s, first at {first // 60}:{first % 60:02d}; "
                "the model could not tell them apart there."
            )
    apart = disagreements(voices, model) if model else {}
    said += apart.values()
    return said + [
        f"Person {v.person_id}: lips and voice hardly agree; listen before you trust this voice."
        for v in voices
        if v.confidence.mean < _WEAK_AGREEMENT and v.person_id not in {*silent, *apart}
    ]


def _by_second(stores: Sequence[PcmStore], seconds: range) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Energies (N, S) of N sounds, channels averaged, and their inner products (N, N, S), per second."""
    rate = stores[0].sample_rate_hz
    products = np.zeros((len(stores), len(stores), len(seconds)))
    for low in range(0, len(seconds), _BLOCK_S):
        block = seconds[low : low + _BLOCK_S]
        read = np.zeros((len(stores), len(block) * rate), np.float64)
        for row, store in enumerate(stores):  # opened anew for every block, or all that was read stays in memory
            part = store.open()[block.start * rate : block.stop * rate].mean(1)
            read[row, : len(part)] = part
        frames = read.reshape(len(stores), len(block), rate)
        products[..., low : low + len(block)] = np.einsum("ist,jst->ijs", frames, frames)
    return products.diagonal().T, products


def _db(energy: float, over: float) -> float:
    return float(10 * np.log10((energy + 1e-12) / (over + 1e-12)))
