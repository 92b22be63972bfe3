"""The inference step: any architecture, faces that are not seen, windows of any length."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from engine.audio.fullband import masked
from engine.checkpoint import save_weights
from engine.config import AvBaselineConfig, CaffNetConfig, CompactConfig, to_dict
from engine.models.networks import build_network
from engine.separator import Separator

SIZES = {
    "compact": CompactConfig(
        complex_channels=4,
        channels=8,
        visual_channels=8,
        visual_blocks=1,
        context_blocks=1,
        modulated_blocks=1,
        heads=2,
    ),
    "caffnet": CaffNetConfig(channels=8, visual_blocks=1, complex_maps=(2, 3), heads=2),
    "av-baseline": AvBaselineConfig(),
}


def _window(frames: int, faces: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    sound = (0.1 * rng.standard_normal(frames * 640)).astype(np.float32)
    lips = rng.standard_normal((faces, frames + 20, 240)).astype(np.float32)
    return sound, lips, np.ones((faces, frames + 20), np.float32)


@pytest.mark.parametrize("architecture", SIZES)
def test_the_result_of_a_training_run_separates(architecture: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = build_network(architecture, SIZES[architecture])
    weights = tmp_path / "best.safetensors"
    save_weights(weights, network, {"architecture": architecture, "config": to_dict(SIZES[architecture])})
    separator = Separator.load(str(weights), "cpu")
    sound, lips, seen = _window(16, 2)
    out = separator.masks(sound, lips, seen, None, np.zeros((2, 128), np.float32))
    assert out.mask.shape == (2, 257, 64)
    assert out.match.shape == (2, 64, 21)
    assert out.activity.shape == out.quality.shape == (2, 64)
    assert all(np.isfinite(values).all() for values in (out.mask, out.quality))
    assert out.activity.min() >= 0 and out.activity.max() <= 1
    assert masked(sound, out.mask, separator.declaration.grid).shape == (2, len(sound))
    assert separator.lag_probabilities(out.match).sum() == pytest.approx(1, abs=1e-5)


def test_a_face_that_is_never_seen_leaves_the_sound_as_it_is() -> None:
    separator = Separator.load("tiny", "cpu")
    sound, lips, seen = _window(16, 2)
    seen[1] = 0
    mask = separator.masks(sound, lips * seen[..., None], seen, None).mask
    assert np.all(mask[1] == 1)
    assert not np.all(mask[0] == 1)
