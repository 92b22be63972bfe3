"""The inference step: any architecture, faces that are not seen, windows of any length."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from engine import registry
from engine.audio.fullband import masked
from engine.checkpoint import save_weights
from engine.config import AvBaselineConfig, CaffNetConfig, CompactConfig, to_dict
from engine.contract import Asked, WindowMasks
from engine.errors import DeviceError
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


def test_a_network_is_loaded_once_until_its_weights_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weights, loaded = tmp_path / "best.safetensors", list[str]()
    card = {"architecture": "compact", "config": to_dict(SIZES["compact"])}

    def build(name: str) -> torch.nn.Module:
        loaded.append(name)
        return registry.build(name)

    monkeypatch.setattr("engine.separator.build", build)
    results = []
    for seed, jobs in ((0, 2), (1, 1)):
        torch.manual_seed(seed)
        save_weights(weights, build_network("compact", SIZES["compact"]), card)
        for _ in range(jobs):
            separator = Separator.load(str(weights), "cpu")
            results.append(separator.masks(*_window(16, 2), None).mask)
            separator.close()
    assert len(loaded) == 2
    np.testing.assert_array_equal(results[0], results[1])
    assert not np.array_equal(results[1], results[2])


def test_after_a_job_that_ended_on_the_cpu_the_device_is_tried_again() -> None:
    separator = Separator.load("tiny", "cpu")
    separator.device = torch.device("cuda")  # pretended: only its type is looked at

    def fail(*given: object) -> WindowMasks:
        if separator.device.type != "cpu":
            raise DeviceError("The GPU ran out of memory.", "")
        return Separator._run(separator, *given)  # type: ignore[arg-type]

    separator._run = fail  # type: ignore[method-assign]
    separator.masks(*_window(16, 2), None)
    assert Separator.load("tiny", "cpu").model is not separator.model


@pytest.mark.parametrize("faces", [1, 2])
@pytest.mark.parametrize("with_lag", [True, False])
def test_windows_given_together_are_what_each_is_alone(faces: int, with_lag: bool) -> None:
    separator = Separator.load("compact", "cpu")
    rng = np.random.default_rng(1)
    windows = []
    for _ in range(3):
        sound = (0.1 * rng.standard_normal(32 * 640)).astype(np.float32)
        lips, seen = rng.standard_normal((faces, 52, 240)).astype(np.float32), np.ones((faces, 52), np.float32)
        lag = np.full((faces, 21), 1 / 21, np.float32) if with_lag else None
        windows.append(Asked(sound, lips, seen, lag))
    windows[1].seen[0], windows[1].lips[0] = 0, 0
    for one, out in zip(windows, separator.masks_together(windows), strict=True):
        alone = separator.masks(one.mixture, one.lips, one.seen, one.lag)
        for name, values in vars(alone).items():
            np.testing.assert_allclose(vars(out)[name], values, atol=2e-4, err_msg=name)


def test_where_memory_is_too_small_for_several_windows_they_go_one_by_one() -> None:
    separator = Separator.load("tiny", "cpu")
    separator.device = torch.device("cuda")  # pretended: only its type is looked at
    assert separator.windows_at_once > 1
    sizes: list[int] = []

    def run(windows: list[Asked], *rest: object) -> list[WindowMasks]:
        sizes.append(len(windows))
        if len(windows) > 1:
            raise DeviceError("The GPU ran out of memory.", "")
        plain = Separator.load("tiny", "cpu")
        return plain._run(windows, *rest)  # type: ignore[arg-type]

    separator._run = run  # type: ignore[method-assign]
    out = separator.masks_together([Asked(*_window(16, 2), None)] * 3)
    assert len(out) == 3 and sizes == [3, 1, 1, 1]
    assert separator.windows_at_once == 1
    assert separator.warnings == ["The GPU ran out of memory. Going on with one stretch at a time."]
