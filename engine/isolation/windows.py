"""One window of a film for a model: its sound, the lips of some people, and what the model makes of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from engine.contract import SAMPLES_PER_VIDEO_FRAME, FloatArray, SeparationModel, WindowMasks
from engine.isolation.faces import WINDOW_FRAMES, Face
from engine.isolation.voice_file import window_start_s
from engine.types import PcmStore
from engine.vision.lips import RATE_HZ


def masks_of(
    model: SeparationModel,
    sound: FloatArray,
    source: PcmStore,
    rows: Sequence[Face],
    lag: FloatArray | None,
    k: int,
) -> tuple[WindowMasks, FloatArray]:
    """Separate window k, its sound (6 s, channels), for P faces; also their visibility (P, frames of the window).

    A model that finds no delay is shown the pictures as late as they are known to come.
    What lies before the film or after it is not given to the model, which would hear a silence that is none; there
    what it says of the first or last moment stands.
    """
    from engine.audio.resample import to_mono_16k

    margin, form = model.declaration.margin_frames, model.declaration.lips
    start = round(window_start_s(k) * RATE_HZ)
    low, high = max(0, -start), min(WINDOW_FRAMES, math.ceil(source.duration_s * RATE_HZ) - start)
    mixture = to_mono_16k(sound, source.sample_rate_hz)[low * SAMPLES_PER_VIDEO_FRAME : high * SAMPLES_PER_VIDEO_FRAME]
    late = [0 if model.declaration.finds_lag else face.delay_frames for face in rows]
    streams = [
        face.at(start + low - margin + delay, high - low + 2 * margin, form)
        for face, delay in zip(rows, late, strict=True)
    ]
    lips, seen = np.stack([s[0] for s in streams]), np.stack([s[1] for s in streams])
    told = vars(model.masks(mixture, lips, seen, lag)).items()
    # Audio frames lie along the last axis of a mask, and along the second of all else.
    whole = {name: _extended(values, low, high, values.ndim - 1 if name == "mask" else 1) for name, values in told}
    return WindowMasks(**whole), _extended(seen[:, margin : margin + high - low], low, high, 1)


def _extended(values: Any, low: int, high: int, axis: int) -> Any:
    """Values of the video frames low to high of a window, or of finer steps, over the whole of it."""
    steps = values.shape[axis] // (high - low)
    missing = [(0, 0)] * values.ndim
    missing[axis] = (low * steps, (WINDOW_FRAMES - high) * steps)
    return np.pad(values, missing, mode="edge")
