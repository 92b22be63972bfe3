"""The affinity network: shapes, the behaviour that models.md 3.3 asks for, and independence of level and batch."""

from __future__ import annotations

import dataclasses
from itertools import pairwise

import pytest
import torch

from engine.config import CompactConfig
from engine.models.affinity import CrossModalAffinity, FrameLock, lag_kernels
from engine.models.blocks import ComplexConv1d
from engine.models.compact import CompactSeparator, likeness, others_mean
from engine.registry import build

SMALL = CompactConfig(
    complex_channels=6, channels=12, visual_channels=8, visual_blocks=1, context_blocks=1, modulated_blocks=2, heads=2
)
K = SMALL.max_lag_frames


@pytest.fixture(scope="module")
def model() -> CompactSeparator:
    torch.manual_seed(0)
    return CompactSeparator(SMALL).eval()


def _inputs(frames: int, rows: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    torch.manual_seed(1)
    wave = torch.randn(1, frames * 160) * 0.1
    lips = torch.randn(rows, frames // 4 + 2 * K, SMALL.visual_features)
    return wave, lips, torch.ones(rows, frames // 4 + 2 * K)


def test_shapes_with_faces_and_without(model: CompactSeparator) -> None:
    wave, lips, seen = _inputs(48, 3)
    out = model(wave, lips, seen, faces=3)
    assert out.wave.shape == (3, 48 * 160)
    assert out.mask.shape == (3, 257, 48)
    assert out.lag_logits.shape == (3, 2 * K + 1)
    assert out.match.shape == (3, 48, 2 * K + 1)
    blind = model(wave, None, None)
    assert blind.wave.shape == (2, 48 * 160)
    assert blind.lag_logits.numel() == 0


def test_the_mask_never_amplifies_and_the_level_passes_through(model: CompactSeparator) -> None:
    wave, lips, seen = _inputs(48, 1)
    out = model(wave, lips, seen)
    assert out.mask.abs().max() <= 1.0
    louder = model(10 * wave, lips, seen)
    torch.testing.assert_close(louder.wave, 10 * out.wave, rtol=1e-3, atol=1e-4)


def test_a_voice_begins_the_right_way_up(model: CompactSeparator) -> None:
    wave, lips, seen = _inputs(48, 1)
    with torch.no_grad():
        for out in (model(wave, lips, seen), model(wave, None, None)):
            assert (torch.cosine_similarity(out.wave, wave) > 0.5).all()


def test_silence_in_gives_silence_out(model: CompactSeparator) -> None:
    wave, lips, seen = _inputs(48, 1)
    out = model(torch.zeros_like(wave), lips, seen)
    assert out.wave.abs().max() < 1e-4
    assert torch.isfinite(out.match).all()


def test_another_face_gives_another_voice(model: CompactSeparator) -> None:
    wave, lips, seen = _inputs(48, 2)
    both = model(wave, lips, seen, faces=2).wave
    assert (both[0] - both[1]).abs().max() > 1e-5
    swapped = model(wave, lips.flip(0), seen, faces=2).wave
    torch.testing.assert_close(swapped, both.flip(0), rtol=1e-4, atol=1e-5)


def test_an_unseen_face_tells_nothing_about_the_others(model: CompactSeparator) -> None:
    wave, lips, seen = _inputs(48, 2)
    seen[0] = 0
    both = model(wave, lips, seen, faces=2)
    alone = model(wave, lips[1:], seen[1:])
    torch.testing.assert_close(both.wave[1:], alone.wave, rtol=1e-4, atol=1e-5)


def test_the_other_faces_are_averaged_by_how_much_they_are_seen() -> None:
    hint = torch.tensor([1.0, 2.0, 5.0, 9.0]).view(4, 1, 1).expand(4, 3, 2)
    weight = torch.tensor([1.0, 1.0, 1.0, 0.0])
    assert others_mean(hint, weight, 2)[:, 0, 0].tolist() == [2.0, 1.0, 0.0, 5.0]
    assert others_mean(hint[:3], weight[:3], 3)[:, 0, 0].tolist() == [3.5, 3.0, 1.5]
    assert others_mean(hint, weight, 1).abs().max() == 0


def test_the_slot_that_moves_like_the_lips_is_chosen() -> None:
    torch.manual_seed(4)
    voices = torch.rand(1, 2, 9, 50) + 0.1
    leaky = voices + 0.5 * voices.flip(1)
    assert likeness(voices[:, 0], leaky) > 0.3
    assert likeness(voices[:, 1], leaky) < -0.3
    assert likeness(voices[:, 0].mean(-1, keepdim=True).expand(-1, -1, 50), leaky).abs() < 1e-3


def test_complex_convolution_is_complex_multiplication() -> None:
    torch.manual_seed(2)
    layer = ComplexConv1d(3, 2, 3)
    z = torch.randn(1, 3, 7, dtype=torch.complex64)
    weight = torch.complex(layer.real, layer.imag)
    padded = torch.nn.functional.pad(z, (1, 1))
    slow = sum(weight[:, :, k] @ padded[0, :, k : k + 7] for k in range(3))
    fast = layer(torch.cat([z.real, z.imag], 1))[0]
    torch.testing.assert_close(torch.complex(fast[:2], fast[2:]), slow)


def test_lag_kernels_are_shifted_stretched_identities() -> None:
    kernels = lag_kernels(40, 10 + 2 * K, 0.25, K)
    torch.testing.assert_close(kernels.sum(-1), torch.ones(2 * K + 1, 40))
    for d in (-K, 0, 3):
        assert kernels[d + K].argmax(-1)[::4].tolist() == [K + d + n for n in range(10)]


def _matched_streams(shift: int) -> tuple[CrossModalAffinity, torch.Tensor, torch.Tensor]:
    """An affinity with identity projections, and streams that match when the video is delayed by `shift`."""
    affinity = CrossModalAffinity(8, 8, 0.25, K)
    with torch.no_grad():
        for layer in (affinity.audio, affinity.video, affinity.out):
            layer.weight.copy_(torch.eye(8))
            layer.bias.zero_()
    torch.manual_seed(3)
    content = torch.randn(8, 30 + 4 * K)
    audio = content[:, 2 * K : 2 * K + 30].repeat_interleave(4, 1)[None]
    video = content[:, K - shift : K - shift + 30 + 2 * K][None]
    return affinity, audio, video


@pytest.mark.parametrize("shift", [-9, -5, 0, 2, 9])
def test_the_global_term_finds_the_lag(shift: int) -> None:
    affinity, audio, video = _matched_streams(shift)
    _, logits, _ = affinity(audio, video)
    assert int(logits.argmax()) - K == shift


def test_shifted_video_gives_the_same_fused_features() -> None:
    affinity, audio, video = _matched_streams(0)
    straight, _, _ = affinity(audio, video)
    shifted, _, _ = affinity(audio, _matched_streams(6)[2])
    difference = (straight - shifted).norm() / straight.norm()
    assert difference < 0.25
    frame_locked = (video[..., K : K + 30] - _matched_streams(6)[2][..., K : K + 30]).norm() / video[..., K:-K].norm()
    assert frame_locked > 1.0, "a frame-locked fusion would differ fully here"


def test_frame_lock_takes_the_picture_of_the_moment_and_tells_no_delay() -> None:
    _, audio, video = _matched_streams(0)
    lock = FrameLock(video.shape[1], 0.25, K)
    with torch.no_grad():
        lock.out.weight.copy_(torch.eye(video.shape[1]))
    fused, logits, match = lock(audio, video)
    torch.testing.assert_close(fused[..., ::4], video[..., K : K + audio.shape[-1] // 4], rtol=0.4, atol=0.4)
    assert not logits.numel() and not match.numel()
    late, _, _ = lock(audio, _matched_streams(6)[2])
    assert (fused - late).norm() > fused.norm()


def test_a_frame_locked_network_separates_and_has_no_lag() -> None:
    network = CompactSeparator(dataclasses.replace(SMALL, frame_locked=True)).eval()
    wave, lips, seen = _inputs(64, 2)
    out = network(wave, lips, seen, faces=2)
    assert out.wave.shape == (2, 64 * 160) and not out.lag_logits.numel()
    assert not any(name.startswith("affinity.audio") for name, _ in network.named_parameters())


def test_with_another_face_the_lag_is_less_certain() -> None:
    affinity, audio, video = _matched_streams(2)
    torch.manual_seed(9)
    own = affinity(audio, video)[1].softmax(-1).max()
    other = affinity(audio, torch.randn_like(video))[1].softmax(-1).max()
    assert other < own


def test_gradients_reach_all_three_projections() -> None:
    affinity, audio, video = _matched_streams(1)
    fused, logits, _ = affinity(audio, video)
    (fused.square().sum() + logits.square().sum()).backward()
    for layer in (affinity.audio, affinity.video, affinity.out):
        assert layer.weight.grad is not None
        assert layer.weight.grad.abs().sum() > 0


def test_a_given_lag_overrides_only_where_it_is_a_number() -> None:
    affinity, audio, video = _matched_streams(4)
    audio, video = audio.repeat(2, 1, 1), video.repeat(2, 1, 1)
    given = torch.full((2, 2 * K + 1), torch.nan)
    given[0] = 0.0
    given[0, 0] = 1.0
    fused, _, _ = affinity(audio, video, given)
    own, _, _ = affinity(audio, video)
    torch.testing.assert_close(fused[1], own[1])
    assert (fused[0] - own[0]).abs().max() > 0.1


def test_tiny_is_the_same_every_time() -> None:
    first, second = build("tiny"), build("tiny")
    for one, other in pairwise([*first.parameters()][:3] + [*second.parameters()][:3]):
        assert one.dtype == other.dtype
    for one, other in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(one, other)


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_cpu_and_cuda_agree() -> None:
    model = build("tiny")
    wave, lips, seen = _inputs(96, 2)
    here = model(wave, lips, seen, faces=2).wave
    there = model.cuda()(wave.cuda(), lips.cuda(), seen.cuda(), faces=2).wave.cpu()
    assert (here - there).abs().max() / here.abs().max() < 1e-3
