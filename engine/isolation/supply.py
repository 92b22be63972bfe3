"""What films can give to a model, and a try of a model with made-up people."""

from __future__ import annotations

import time
from contextlib import closing
from typing import TypedDict

import numpy as np

from engine.contract import MODEL_RATE_HZ, Crops, Declaration, SeparationModel
from engine.errors import ModelError
from engine.isolation.faces import Face
from engine.jobs import CancelToken
from engine.vision.lips import (
    LARGEST_MOUTH_PX,
    MOUTH_PX,
    RATE_HZ,
    SMALLEST_MOUTH_PX,
    LipStream,
    mouth_shape,
)

_NARROWEST, _WIDEST = 0.5, 6.0  # times the distance between the eyes, of mouths


def check_supply(name: str, asked: Declaration) -> None:
    """Make sure that a model can be given what it asks for.

    Raises:
        ModelError: it asks for sound or pictures in a form that nobody makes.
    """
    rate_hz = asked.grid.sample_rate_hz
    if (rate_hz, asked.video_rate_hz) != (MODEL_RATE_HZ, RATE_HZ):
        raise ModelError(
            f"The model {name} asks for {rate_hz} Hz sound and {asked.video_rate_hz} Hz pictures; there are "
            f"{MODEL_RATE_HZ} Hz and {RATE_HZ} Hz.",
            "Use another model.",
        )
    crops = asked.lips
    if isinstance(crops, Crops) and not SMALLEST_MOUTH_PX <= crops.size_px <= LARGEST_MOUTH_PX:
        raise ModelError(
            f"The model {name} asks for mouths of {crops.size_px} pixels; they can have {SMALLEST_MOUTH_PX} to "
            f"{LARGEST_MOUTH_PX}.",
            "Use another model.",
        )
    if isinstance(crops, Crops) and not _NARROWEST <= crops.width <= _WIDEST:
        raise ModelError(
            f"The model {name} asks for mouths {crops.width:g} times as wide as the eyes are apart; they can have "
            f"{_NARROWEST:g} to {_WIDEST:g}.",
            "Use another model.",
        )


class SelfTest(TypedDict):
    """Whether a model's output is finite and not silent, and how fast separation alone runs (1 = real time)."""

    passed: bool
    real_time_factor: float


def self_test(model: str = "default", device: str = "auto", seconds: int = 4) -> SelfTest:
    """Run a model on a generated signal with moving lips."""
    from engine.separator import open_model

    with closing(open_model(model, device, CancelToken())) as opened:
        return _try(model, opened, seconds)


def _try(name: str, model: SeparationModel, seconds: int) -> SelfTest:
    declaration = model.declaration
    check_supply(name, declaration)
    rng = np.random.default_rng(0)
    frames = seconds * RATE_HZ + 2 * declaration.margin_frames
    sound = rng.standard_normal(seconds * MODEL_RATE_HZ).astype(np.float32) * 0.1
    points = rng.random((68, 2)) * 100 + rng.standard_normal((frames, 68, 2))
    form = declaration.lips
    shape = mouth_shape(form) if isinstance(form, Crops) else (MOUTH_PX, MOUTH_PX)
    mouths = rng.integers(0, 256, (frames, *shape), np.uint8)
    face = Face(1, "1", LipStream(points.astype(np.float32), np.ones(frames, bool), mouths))
    lips, seen = face.at(0, frames, form)
    model.masks(sound, lips[None], seen[None], None)  # warm up
    started = time.perf_counter()
    mask = model.masks(sound, lips[None], seen[None], None).mask
    took = time.perf_counter() - started
    passed = bool(np.isfinite(mask).all() and np.abs(mask).max() > 0)
    return SelfTest(passed=passed, real_time_factor=took / seconds)
