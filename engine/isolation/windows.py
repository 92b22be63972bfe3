"""Windows of a film for a model: their sound, the lips of some people, and what the model makes of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.contract import (
    SAMPLES_PER_VIDEO_FRAME,
    Asked,
    Declaration,
    FloatArray,
    SeparationModel,
    TakesWindows,
    WindowMasks,
)
from engine.isolation.faces import WINDOW_FRAMES, Face
from engine.isolation.voice_file import window_start_s
from engine.types import PcmStore
from engine.vision.lips import RATE_HZ


@dataclass(frozen=True)
class Call:
    """What a model is asked about one window.

    Attributes:
        low, high: video frames of the window that lie inside the film. margin: frames of the streams around them.
    """

    asked: Asked
    low: int
    high: int
    margin: int

    @property
    def form(self) -> tuple[int, int, bool]:
        """What calls must have in common to be made together."""
        return len(self.asked.mixture), len(self.asked.lips), self.asked.lag is None

    def answer(self, masks: WindowMasks) -> tuple[WindowMasks, FloatArray]:
        """The masks over the whole window, and how visible each face is (P, frames of the window).

        What lies before the film or after it was not given to the model, which would hear a silence that is none;
        there what it says of the first or last moment stands.
        """
        low, high = self.low, self.high
        # Audio frames lie along the last axis of a mask, and along the second of all else.
        told = vars(masks).items()
        whole = {name: _extended(values, low, high, values.ndim - 1 if name == "mask" else 1) for name, values in told}
        seen = self.asked.seen[:, self.margin : self.margin + high - low]
        return WindowMasks(**whole), _extended(seen, low, high, 1)


def call_of(
    declared: Declaration, sound: FloatArray, source: PcmStore, rows: Sequence[Face], lag: FloatArray | None, k: int
) -> Call:
    """Ask about window k, its sound (6 s, channels), for P faces.

    A model that finds no delay is shown the pictures as late as they are known to come.
    """
    from engine.audio.resample import to_mono_16k

    margin = declared.margin_frames
    start = round(window_start_s(k) * RATE_HZ)
    low, high = max(0, -start), min(WINDOW_FRAMES, math.ceil(source.duration_s * RATE_HZ) - start)
    mixture = to_mono_16k(sound, source.sample_rate_hz)[low * SAMPLES_PER_VIDEO_FRAME : high * SAMPLES_PER_VIDEO_FRAME]
    late = [0 if declared.finds_lag else face.delay_frames for face in rows]
    streams = [
        face.at(start + low - margin + delay, high - low + 2 * margin, declared.lips)
        for face, delay in zip(rows, late, strict=True)
    ]
    lips, seen = np.stack([s[0] for s in streams]), np.stack([s[1] for s in streams])
    return Call(Asked(mixture, lips, seen, lag), low, high, margin)


def windows_at_once(model: SeparationModel) -> int:
    """How many windows are worth giving to a model in one call now."""
    return model.windows_at_once if isinstance(model, TakesWindows) else 1


def answers(model: SeparationModel, calls: Sequence[Call]) -> list[tuple[WindowMasks, FloatArray]]:
    """What a model says of each (`Call.answer`); calls of one form together, as many as it takes."""
    told: dict[int, WindowMasks] = {}
    for numbers in _together(calls, windows_at_once(model)):
        asked = [calls[number].asked for number in numbers]
        if isinstance(model, TakesWindows) and len(asked) > 1:
            told.update(zip(numbers, model.masks_together(asked), strict=True))
        else:
            told |= {
                number: model.masks(one.mixture, one.lips, one.seen, one.lag)
                for number, one in zip(numbers, asked, strict=True)
            }
    return [call.answer(told[number]) for number, call in enumerate(calls)]


def _together(calls: Sequence[Call], most: int) -> list[list[int]]:
    """Numbers of calls that are made together."""
    forms: dict[tuple[int, int, bool], list[int]] = {}
    for number, call in enumerate(calls):
        forms.setdefault(call.form, []).append(number)
    return [alike[first : first + most] for alike in forms.values() for first in range(0, len(alike), most)]


def _extended(values: Any, low: int, high: int, axis: int) -> Any:
    """Values of the video frames low to high of a window, or of finer steps, over the whole of it."""
    steps = values.shape[axis] // (high - low)
    missing = [(0, 0)] * values.ndim
    missing[axis] = (low * steps, (WINDOW_FRAMES - high) * steps)
    return np.pad(values, missing, mode="edge")
