"""From sound to face: mouth opening and rounding that follow speech, and the small motions of a living head."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from tests.helpers.sample.look import Expression, Pose
from tests.helpers.sample.voices import Speech

FloatArray = NDArray[np.float64]
_CLOCK_HZ = 200

_MOUTHS: dict[str, tuple[float, float]] = {  # sound: opening 0..1, spread -1..1
    "aa": (0.95, 0.1), "ae": (0.9, 0.6), "ah": (0.7, 0.1), "ao": (0.75, -0.6), "aw": (0.85, -0.2), "ax": (0.45, 0.0),
    "ay": (0.8, 0.4), "eh": (0.65, 0.5), "er": (0.4, -0.4), "ey": (0.55, 0.7), "ih": (0.42, 0.4), "iy": (0.36, 0.9),
    "ow": (0.6, -0.7), "oy": (0.6, -0.5), "uh": (0.4, -0.6), "uw": (0.3, -0.9), "w": (0.2, -1.0), "y": (0.25, 0.5),
    "r": (0.3, -0.5), "l": (0.35, 0.1), "m": (0.0, 0.0), "b": (0.0, 0.0), "p": (0.0, 0.0), "f": (0.08, 0.1),
    "v": (0.08, 0.1), "th": (0.2, 0.1), "dh": (0.2, 0.1), "s": (0.15, 0.5), "z": (0.15, 0.5), "sh": (0.22, -0.5),
    "zh": (0.22, -0.5), "ch": (0.22, -0.5), "jh": (0.22, -0.5), "t": (0.2, 0.2), "d": (0.2, 0.2), "n": (0.2, 0.2),
    "k": (0.28, 0.1), "g": (0.28, 0.1), "ng": (0.28, 0.1), "hh": (0.35, 0.0), "pau": (0.0, 0.0),
}  # fmt: skip


def envelope(mono: NDArray[np.float32], sample_rate_hz: int, fps: float, n_frames: int) -> FloatArray:
    """Loudness seen by each video frame, (n_frames,), 0 silent to 1 loud; frame k is at k / fps seconds."""
    block = max(1, sample_rate_hz // 1000)  # smoothing works on milliseconds
    whole = np.square(mono[: len(mono) // block * block].astype(np.float64)).reshape(-1, block).mean(1)
    power = gaussian_filter1d(whole, 0.02 * sample_rate_hz / block)
    at = np.minimum((np.arange(n_frames) / fps * sample_rate_hz / block).astype(int), len(power) - 1)
    level = np.sqrt(np.maximum(power, 0.0))
    loud = max(float(np.percentile(level[level > 0.1 * level.max()], 90)), 1e-9) if level.max() > 0 else 1.0
    return np.clip(level[at] / loud, 0.0, 1.0)


def mouth(lines: list[tuple[float, Speech]], loudness: FloatArray, fps: float) -> tuple[FloatArray, FloatArray]:
    """Opening (0..1) and spread (-1..1) of the mouth for each frame.

    The speech sounds say how the mouth is shaped, the loudness how far it opens; p, b, m close it.

    Args:
        lines: (start in seconds, speech), in order.
        loudness: (n_frames,), see `envelope`.
    """
    n_frames = len(loudness)
    n = round(n_frames / fps * _CLOCK_HZ) + _CLOCK_HZ
    opening, spread, closed = np.zeros(n), np.zeros(n), np.zeros(n)
    for start_s, speech in lines:
        for phone in speech.phones:
            begin, end = (round((start_s + s) * _CLOCK_HZ) for s in (phone.start_s, phone.end_s))
            wide, round_ = _MOUTHS[phone.name]
            opening[begin:end], spread[begin:end] = wide, round_
            if phone.name in ("p", "b", "m"):
                closed[begin:end] = 1.0
    opening = gaussian_filter1d(opening, 0.026 * _CLOCK_HZ)
    spread = gaussian_filter1d(spread, 0.04 * _CLOCK_HZ)
    opening *= 1.0 - np.minimum(1.0, 1.15 * gaussian_filter1d(closed, 0.012 * _CLOCK_HZ))
    at = np.round(np.arange(n_frames) / fps * _CLOCK_HZ).astype(int)
    return np.clip(opening[at] * (0.5 + 0.9 * loudness), 0.0, 1.0), np.clip(spread[at], -1.0, 1.0)


def _drift(rng: np.random.Generator, n: int, slow_frames: float) -> FloatArray:
    """Smooth wandering, (n,), standard deviation 1."""
    pad = round(4 * slow_frames)
    walk = gaussian_filter1d(rng.standard_normal(n + 2 * pad), slow_frames)[pad : pad + n]
    return np.asarray(walk / gaussian_filter1d(np.eye(1, 8 * pad + 1, 4 * pad)[0], slow_frames).max() ** 0.5 / 0.75)


def _blinks(rng: np.random.Generator, n: int, fps: float) -> FloatArray:
    lids = np.zeros(n)
    shape = np.array([0.55, 1.0, 0.9, 0.4, 0.12])
    at = rng.uniform(0.5, 2.0) * fps
    while at < n:
        first = int(at)
        part = shape[: n - first]
        lids[first : first + len(part)] = part
        at += rng.uniform(1.8, 4.2) * fps
    return lids


def act(
    opening: FloatArray,
    spread: FloatArray | None = None,
    *,
    fps: float = 25.0,
    seed: int = 0,
    towards: float = 0.0,
) -> list[tuple[Pose, Expression]]:
    """Pose and expression of each frame: the given mouth on a head that breathes, nods, blinks and looks about.

    Args:
        opening: (n,) 0..1.
        spread: (n,) -1..1, or None for a neutral mouth.
        towards: where the partner sits, -1 left to 1 right; a listener turns there, a speaker to the camera.
    """
    rng = np.random.default_rng(seed)
    n = len(opening)
    spread = np.zeros(n) if spread is None else spread
    busy = np.clip(gaussian_filter1d(opening, 0.35 * fps) * 4.0, 0.0, 1.0)
    busy = gaussian_filter1d(busy, 0.3 * fps)
    stress = gaussian_filter1d(opening, 0.14 * fps) - gaussian_filter1d(opening, 0.6 * fps)
    aside = towards * (1.0 - busy)
    x = 0.025 * _drift(rng, n, 0.9 * fps) + 0.03 * aside
    y = 0.018 * _drift(rng, n, 0.6 * fps) + 0.10 * stress
    roll = 1.1 * _drift(rng, n, 0.8 * fps) + 1.5 * aside
    yaw = 1.8 * _drift(rng, n, 0.7 * fps) + 5.0 * aside
    pitch = 1.0 * _drift(rng, n, 0.5 * fps) + 10.0 * stress
    brow = np.clip(0.25 * _drift(rng, n, 0.5 * fps) + 2.5 * stress, -0.5, 1.0)
    gaze_x = np.clip(0.55 * aside + 0.1 * np.round(_drift(rng, n, 0.6 * fps)), -1.0, 1.0)
    gaze_y = 0.1 * np.round(_drift(rng, n, 0.8 * fps))
    lids = _blinks(rng, n, fps)
    return [
        (
            Pose(float(x[k]), float(y[k]), float(roll[k]), float(yaw[k]), float(pitch[k])),
            Expression(
                float(opening[k]), float(spread[k]), float(lids[k]), float(brow[k]), float(gaze_x[k]), float(gaze_y[k])
            ),
        )
        for k in range(n)
    ]
