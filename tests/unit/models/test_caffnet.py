"""CaffNet and CaffNet-C: shapes, complex arithmetic, what the paper promises of them, published sizes."""

from __future__ import annotations

import json

import pytest
import torch

from engine.checkpoint import count_parameters
from engine.config import CaffNetConfig, from_dict, to_dict
from engine.models.caffnet import CaffNet, ComplexConv2d, ModulusNorm

SIZES = {"channels": 16, "visual_blocks": 2, "audio_blocks": 2, "complex_maps": (2, 3, 4), "heads": 2}
K = CaffNetConfig().max_lag_frames


@pytest.fixture(scope="module", params=[False, True], ids=["caffnet", "caffnet-c"])
def model(request: pytest.FixtureRequest) -> CaffNet:
    torch.manual_seed(0)
    return CaffNet(CaffNetConfig(complex_domain=request.param, **SIZES)).eval()


def _inputs(frames: int, rows: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    torch.manual_seed(1)
    lips = torch.randn(rows, frames // 4 + 2 * K, 240)
    return torch.randn(1, frames * 160) * 0.1, lips, torch.ones(rows, frames // 4 + 2 * K)


def test_shapes(model: CaffNet) -> None:
    wave, lips, seen = _inputs(52, 3)
    out = model(wave, lips, seen, faces=3)
    assert out.wave.shape == (3, 52 * 160)
    assert out.mask.shape == (3, 257, 52)
    assert out.lag_logits.shape == (3, 2 * K + 1)
    assert out.match.shape == (3, 52, 2 * K + 1)


def test_level_passes_through_and_the_mask_is_soft(model: CaffNet) -> None:
    wave, lips, seen = _inputs(48, 1)
    out = model(wave, lips, seen)
    assert out.mask.abs().max() <= 1.0
    torch.testing.assert_close(model(20 * wave, lips, seen).wave, 20 * out.wave, rtol=1e-3, atol=1e-4)
    assert model(0 * wave, lips, seen).wave.abs().max() < 1e-4


def test_only_caffnet_c_turns_phases(model: CaffNet) -> None:
    wave, lips, seen = _inputs(48, 1)
    imaginary = model(wave, lips, seen).mask.imag.abs().max()
    assert (imaginary > 1e-3) == model.config.complex_domain


def test_another_face_gives_another_voice(model: CaffNet) -> None:
    wave, lips, seen = _inputs(48, 2)
    both = model(wave, lips, seen, faces=2).wave
    assert (both[0] - both[1]).abs().max() > 1e-5
    torch.testing.assert_close(model(wave, lips.flip(0), seen, faces=2).wave, both.flip(0), rtol=1e-4, atol=1e-5)


def test_gradients_reach_every_parameter(model: CaffNet) -> None:
    wave, lips, seen = _inputs(48, 2)
    model.train()
    out = model(wave, lips, seen, faces=2)
    (out.wave.square().mean() + out.lag_logits.square().mean()).backward()
    missing = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    model.zero_grad()
    model.eval()
    assert missing in ([], ["affinity.lag_prior"])


def test_complex_maps_multiply_as_complex_numbers() -> None:
    torch.manual_seed(2)
    layer = ComplexConv2d(3, 2)
    z = torch.randn(1, 3, 8, 7, dtype=torch.complex64)
    slow = torch.nn.functional.conv2d(z, torch.complex(layer.real, layer.imag), stride=(2, 1), padding=(2, 1))
    fast = layer(torch.cat([z.real, z.imag], 1))[0]
    torch.testing.assert_close(torch.complex(fast[:2], fast[2:])[None], slow, rtol=1e-4, atol=1e-5)


def test_transposed_complex_maps_multiply_as_complex_numbers() -> None:
    torch.manual_seed(3)
    layer = ComplexConv2d(3, 2, transposed=True)
    z = torch.randn(1, 3, 4, 7, dtype=torch.complex64)

    def part(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.conv_transpose2d(x, weight, stride=(2, 1), padding=(2, 1), output_padding=(1, 0))

    real = part(z.real, layer.real) - part(z.imag, layer.imag)
    imag = part(z.real, layer.imag) + part(z.imag, layer.real)
    fast = layer(torch.cat([z.real, z.imag], 1))[0]
    torch.testing.assert_close(fast, torch.cat([real, imag], 1)[0], rtol=1e-4, atol=1e-5)


def test_the_norm_leaves_phases_alone() -> None:
    x = torch.randn(2, 6, 4, 5)
    y = ModulusNorm(3)(x)
    torch.testing.assert_close(torch.atan2(y[:, 3:], y[:, :3]), torch.atan2(x[:, 3:], x[:, :3]))
    assert (y[0, :3] ** 2 + y[0, 3:] ** 2).mean().item() == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize(("complex_domain", "millions"), [(False, 16.495), (True, 19.154)])
def test_published_sizes(complex_domain: bool, millions: float) -> None:
    with torch.device("meta"):
        model = CaffNet(CaffNetConfig.published(complex_domain=complex_domain))
    assert count_parameters(model) / 1e6 == pytest.approx(millions, abs=1e-3)


def test_the_configuration_survives_json() -> None:
    config = CaffNetConfig(complex_maps=(2, 4), channels=8, heads=2)
    assert from_dict(CaffNetConfig, json.loads(json.dumps(to_dict(config)))) == config
