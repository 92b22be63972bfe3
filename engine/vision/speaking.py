"""Who speaks when: the motion of a mouth, and how well it goes with the loudness of the sound."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d, uniform_filter1d
from scipy.signal import butter, sosfiltfilt

from engine.types import PcmStore
from engine.vision.lips import RATE_HZ, LipStream

FloatArray = NDArray[np.float32]

MAX_LAG_FRAMES = 10
_BLOCK_ROWS = 1500
_BAND_HZ = (200.0, 4000.0)
_WINDOW_FRAMES = 38  # 1.5 s
_RIGID = (*range(27, 36), *range(36, 48))  # nose and eyes
_RHYTHM = butter(2, [1.5, 7.0], "band", fs=RATE_HZ, output="sos")
_SHORTEST_RUN = 20
_ACTIVITY_FRAMES = 15
_DELAY_FRAMES = 10 * RATE_HZ
# Measured on broadcasts: lips of talkers move by 0.02 to 0.15 of the face's size (standard deviation in the syllable
# rhythm), those of listeners by 0.001 to 0.02; the correlation with the loudness is weak evidence (0.2 against 0.4).
_USUAL_ACTIVITY = 0.027
_ACTIVITY_WEIGHT = 3.0
_USUAL_AGREEMENT = 0.25
_AGREEMENT_WEIGHT = 2.5
_TREMBLE_SHARE = 0.5
_LAG_PENALTY = 0.01
_NATURAL_LEAD_FRAMES = 0.5  # lips open before they sound: 1 to 2 frames in interviews, 0 in drawn faces


class Motion(NamedTuple):
    """A mouth over the whole file at 25 Hz; 0 where the face is not visible.

    Attributes:
        opening: (M,) float32, gap between the lips as a share of the face's size.
        head: (M,) float32, how much nose and eyes changed their own shape, the noise of the landmarks.
    """

    opening: FloatArray
    head: FloatArray


def mouth_motion(lips: LipStream) -> Motion:
    """Measure a mouth, in blocks, so that long streams need no more memory than short ones."""
    count = len(lips.visible)
    motion = Motion(*(np.zeros(count, np.float32) for _ in range(2)))
    for start in range(0, count, _BLOCK_ROWS):
        begin, end = max(0, start - 1), min(count, start + _BLOCK_ROWS)
        seen = np.asarray(lips.visible[begin:end])
        if not seen.any():
            continue
        points = np.asarray(lips.points_px[begin:end], np.float32)
        rigid = points[:, _RIGID]
        centred = rigid - rigid.mean(1, keepdims=True)
        size = np.sqrt((centred**2).sum(-1).mean(1)).clip(1e-3)  # (m,)
        gap = np.hypot(*(points[:, 61:64] - points[:, [67, 66, 65]]).transpose(2, 0, 1)).mean(1) / size
        shape = centred / size[:, None, None]
        both = seen[1:] & seen[:-1]
        offset = start - begin
        motion.opening[start:end] = np.where(seen, gap, 0.0)[offset:]
        shaken = np.sqrt((np.diff(shape, axis=0) ** 2).sum(-1).mean(1))
        motion.head[begin + 1 : end] = np.where(both, shaken, 0.0)
    return motion


def speech_envelope(sound: PcmStore, n_rows: int) -> FloatArray:
    """Loudness of the speech band on the 25 Hz clock.

    Args:
        sound: any rate and layout; channels are averaged.
        n_rows: length wanted; rows after the sound's end are silent.

    Returns:
        (n_rows,) float32, dB, at least -90.
    """
    level_db = np.full(n_rows, -90.0, np.float32)
    rate = sound.sample_rate_hz
    length = max(64, round(2 * rate / RATE_HZ))
    window = np.hanning(length).astype(np.float32)
    bins = np.fft.rfftfreq(length, 1 / rate)
    band = (bins >= _BAND_HZ[0]) & (bins <= _BAND_HZ[1])
    for start, samples, middle in _windows(sound, n_rows, length):
        spectrum = np.abs(np.fft.rfft(samples * window, axis=1)[:, band]) ** 2
        power = spectrum.sum(1) / float((window**2).sum()) / length * 2
        level_db[start : start + len(middle)] = 10 * np.log10(power + 1e-9)
    return level_db


def _windows(sound: PcmStore, n_rows: int, length: int) -> Iterator[tuple[int, FloatArray, NDArray[np.int64]]]:
    """Blocks of windows centred on the rows: first row, (n, length) samples, their middles."""
    if sound.n_samples == 0:
        return
    for start in range(0, n_rows, _BLOCK_ROWS):
        rows = np.arange(start, min(n_rows, start + _BLOCK_ROWS))
        middles = np.round(rows * (sound.sample_rate_hz / RATE_HZ)).astype(np.int64)
        low, high = int(middles[0]) - length, int(middles[-1]) + length
        part = np.asarray(sound.open()[max(0, low) : max(0, min(high, sound.n_samples))], np.float32).mean(1)
        padded = np.zeros(high - low, np.float32)
        padded[max(0, low) - low : max(0, low) - low + len(part)] = part
        index = (middles - low - length // 2)[:, None] + np.arange(length)
        yield start, padded[index], middles


def speaking_score(motion: Motion, visible: NDArray[np.bool_], envelope_db: FloatArray | None) -> FloatArray:
    """How surely somebody speaks in each frame.

    The mouth has to move, more than the landmarks tremble; motion in step with the loudness raises the score and
    motion out of step lowers it; where the sound is silent nobody speaks.

    Args:
        motion: from `mouth_motion`.
        visible: (M,).
        envelope_db: (M,) from `speech_envelope`, or None without sound: then the mouth alone decides.

    Returns:
        (M,) float32, 0 to 1; 0 where not visible.
    """
    score = np.zeros(len(visible), np.float32)
    level = None if envelope_db is None else _level(envelope_db)
    for start, end in _runs(visible):
        if end - start < _SHORTEST_RUN:
            continue
        part = slice(start, end)
        opening = _band(motion.opening[part])
        tremble = _TREMBLE_SHARE * uniform_filter1d(motion.head[part], _ACTIVITY_FRAMES, mode="nearest")
        moved = uniform_filter1d(opening**2, _ACTIVITY_FRAMES, mode="nearest")
        activity = np.sqrt(np.maximum(moved - tremble**2, 1e-6))
        evidence = _ACTIVITY_WEIGHT * np.log(activity / _USUAL_ACTIVITY)
        if level is not None:
            agreement = _local_agreement(opening, _band(level[part]))
            evidence = evidence + _AGREEMENT_WEIGHT * (agreement - _USUAL_AGREEMENT)
        score[part] = 1.0 / (1.0 + np.exp(-np.clip(evidence, -20.0, 20.0)))
    if level is not None:
        score *= _is_audible(level)
    return score


def sound_delay_ms(motion: Motion, visible: NDArray[np.bool_], envelope_db: FloatArray) -> float | None:
    """How much the sound is late against the lips, where that is clear.

    Args:
        motion: from `mouth_motion`.
        visible: (M,).
        envelope_db: (M,) from `speech_envelope`.

    Returns:
        Milliseconds, positive when the sound is late; None when no single delay within 0.4 s stands out.
    """
    sums = np.zeros(2 * MAX_LAG_FRAMES + 1)
    energies = np.zeros((2, 2 * MAX_LAG_FRAMES + 1))
    frames = 0
    level = _level(envelope_db)
    for start, end in _runs(visible):
        if end - start < 2 * _WINDOW_FRAMES:
            continue
        lips, sound = _band(motion.opening[start:end]), _band(level[start:end])
        frames += end - start
        for k, lag in enumerate(range(-MAX_LAG_FRAMES, MAX_LAG_FRAMES + 1)):
            a, b = _lagged(lips, sound, lag)
            sums[k] += float((a * b).sum())
            energies[:, k] += float((a * a).sum()), float((b * b).sum())
    if frames < _DELAY_FRAMES:
        return None
    curve = sums / np.sqrt(np.maximum(energies[0] * energies[1], 1e-12))
    peak = int(curve.argmax())
    away = np.abs(np.arange(len(curve)) - peak) > 3
    # Four standard deviations of the correlation of unrelated series; a syllable rhythm has a fresh value every
    # third frame.
    chance = 4.0 / np.sqrt(frames / 3.0)
    if not 0 < peak < len(curve) - 1 or curve[peak] < chance or curve[peak] - curve[away].max() < 0.5 * chance:
        return None
    before, at, after = curve[peak - 1 : peak + 2]
    shift = 0.5 * (before - after) / min(before - 2 * at + after, -1e-9)
    return float((peak + shift - MAX_LAG_FRAMES - _NATURAL_LEAD_FRAMES) * 1000.0 / RATE_HZ)


def per_second(values: NDArray[Any], n_seconds: int) -> FloatArray:
    """Mean of a 25 Hz series in each second, (n_seconds,) float32; what lies after its end counts as 0."""
    padded = np.zeros(n_seconds * RATE_HZ, np.float32)
    used = min(len(values), len(padded))
    padded[:used] = values[:used]
    means = padded.reshape(n_seconds, RATE_HZ).mean(1)  # (seconds, frames) -> (seconds,)
    left = len(values) - (n_seconds - 1) * RATE_HZ
    if 0 < left < RATE_HZ:  # the last second is shorter
        means[-1] *= RATE_HZ / left
    return np.asarray(np.clip(means, 0.0, 1.0), np.float32)


def _band(values: FloatArray) -> FloatArray:
    """The syllable rhythm of a series, 1.5 to 7 Hz."""
    if len(values) < _SHORTEST_RUN:
        return np.zeros(len(values), np.float32)
    return np.asarray(sosfiltfilt(_RHYTHM, values), np.float32)


def _level(envelope_db: FloatArray) -> FloatArray:
    """Loudness without the noise floor: dB above 45 dB under the loud parts."""
    loud = float(np.percentile(envelope_db, 98))
    return np.asarray(np.maximum(envelope_db - (loud - 45.0), 0.0), np.float32)


def _is_audible(level: FloatArray) -> FloatArray:
    """0 where there is no sound within half a second, 1 where there is, (M,)."""
    nearby = maximum_filter1d(level, 25)
    return np.asarray(np.clip((nearby - 12.0) / 10.0, 0.0, 1.0), np.float32)


def _lagged(lips: FloatArray, sound: FloatArray, lag: int) -> tuple[FloatArray, FloatArray]:
    """The two series with the sound taken `lag` frames later."""
    return (lips[: len(lips) - lag], sound[lag:]) if lag >= 0 else (lips[-lag:], sound[:lag])


def _local_agreement(lips: FloatArray, sound: FloatArray) -> FloatArray:
    """Best correlation over small lags in a window of 1.5 s around each frame, (n,)."""
    best = np.full(len(lips), -1.0, np.float32)
    padded = np.pad(sound, MAX_LAG_FRAMES)
    for lag in range(-MAX_LAG_FRAMES, MAX_LAG_FRAMES + 1):
        moved = padded[MAX_LAG_FRAMES + lag : MAX_LAG_FRAMES + lag + len(sound)]
        product, lips_energy, sound_energy = (
            uniform_filter1d(x, _WINDOW_FRAMES, mode="constant") for x in (lips * moved, lips**2, moved**2)
        )
        correlation = product / np.sqrt(np.maximum(lips_energy * sound_energy, 1e-8))
        best = np.maximum(best, correlation - _LAG_PENALTY * abs(lag))
    return best


def _runs(seen: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Stretches of True as (start, end) pairs, end exclusive."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], seen.astype(np.int8), [0]])))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
