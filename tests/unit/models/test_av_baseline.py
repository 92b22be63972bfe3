"""The frame-locked baseline: shapes, sizes, what depends on what, and a step of training with either front end."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.audio.stft import stft
from engine.checkpoint import count_parameters, load_weights, save_weights
from engine.config import AvBaselineConfig, StftConfig, from_dict, to_dict
from engine.errors import UsageError
from engine.models.av_baseline import AvBaseline, MaskUNet, UpStage

STFT = StftConfig(n_fft=64, window_samples=64, hop_samples=16)
SMALL = AvBaselineConfig(
    stft=STFT, base_channels=3, lip_channels=8, face_channels=4, visual_channels=8, visual_blocks=1, heads=2
)
PIXELS = AvBaselineConfig(
    stft=STFT, lips="pixels", face="picture", base_channels=3, lip_channels=8, face_channels=4, dropout=0.2
)
K = SMALL.max_lag_frames


def _network(config: AvBaselineConfig = SMALL) -> AvBaseline:
    """A network whose cues are heard: running statistics from a batch, and a last layer that is not nearly constant."""
    torch.manual_seed(0)
    network = AvBaseline(config)
    norms = [m for m in network.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    for norm in norms:
        norm.momentum = 1.0
    with torch.no_grad():
        network.unet.up[-1].conv.weight.mul_(40)
        wave, given = _inputs(16, 2, 2, config)
        network(wave, **given, faces=2)
    for norm in norms:
        norm.momentum = 0.1
    return network.eval()


def _inputs(
    frames: int, mixtures: int, faces: int, config: AvBaselineConfig = SMALL
) -> tuple[Tensor, dict[str, Tensor]]:
    torch.manual_seed(1)
    rows, video = mixtures * faces, frames // 4 + 2 * K
    if config.lips == "pixels":
        return torch.randn(mixtures, frames * 16) * 0.1, {
            "lips": torch.rand(rows, video, 32, 32),
            "seen": torch.ones(rows, video),
            "attributes": torch.rand(rows, 3, 48, 48),
        }
    return torch.randn(mixtures, frames * 16) * 0.1, {
        "lips": torch.randn(rows, video, config.visual_features),
        "seen": torch.ones(rows, video),
        "attributes": functional.normalize(torch.randn(rows, 128), dim=1),
    }


def test_the_published_network_has_the_published_size() -> None:
    """Lip net 9.14 M with the release's unused classifier of 500 words (513 numbers each), 8.88 M without."""
    with torch.device("meta"):
        network = AvBaseline(AvBaselineConfig.published())
    millions = {name: count_parameters(child) / 1e6 for name, child in network.named_children()}
    balance = millions.pop("balance")  # ours
    assert balance == 2 * 640e-6
    assert {name: round(value, 2) for name, value in millions.items()} == {"pixels": 8.88, "face": 11.24, "unet": 46.14}
    assert round(millions["pixels"] + 500 * 513e-6, 2) == 9.14


def test_the_compact_network_is_small() -> None:
    with torch.device("meta"):
        assert 2e6 < count_parameters(AvBaseline(AvBaselineConfig())) < 3.5e6


def test_the_published_unet_has_the_published_maps() -> None:
    with torch.device("meta"):
        unet = MaskUNet(256, 64, 640)
        x = torch.empty(2, 2, 256, 256)
        seen = []
        for stage in unet.down:
            x = stage(x)
            seen.append(tuple(x.shape[1:]))
        out = unet(torch.empty(2, 2, 256, 256), torch.empty(6, 640, 64), 3)
    rows = (128, 64, 32, 16, 8, 4, 2, 1)
    assert seen == [(min(64 * 2**i, 512), r, 128 if i == 0 else 64) for i, r in enumerate(rows)]
    inputs = [stage.conv.weight.shape[0 if stage.time else 1] for stage in unet.up]
    assert inputs == [1152, 1024, 1024, 1024, 1024, 512, 256, 128]
    assert out.shape == (6, 2, 256, 256)


@pytest.mark.parametrize("frames", [4, 48, 100])
def test_shapes_at_any_multiple_of_four(frames: int) -> None:
    wave, given = _inputs(frames, 2, 3)
    out = _network()(wave, **given, faces=3)
    assert out.wave.shape == (6, frames * 16)
    assert out.mask.shape == out.spectrum.shape == (6, 33, frames)
    assert out.lag_logits.numel() == out.match.numel() == out.hint.numel() == 0
    assert out.blind is None


def test_the_mask_is_bounded_and_leaves_the_nyquist_row_alone() -> None:
    wave, given = _inputs(48, 1, 2)
    out = _network()(wave, **given, faces=2)
    assert out.mask.real[:, :-1].abs().max() <= 5
    assert out.mask.imag[:, :-1].abs().max() <= 5
    assert torch.equal(out.mask[:, -1], torch.ones(2, 48, dtype=torch.complex64))
    torch.testing.assert_close(out.spectrum, out.mask * stft(wave, STFT), rtol=1e-4, atol=1e-6)


def test_a_longer_chunk_changes_nothing_far_from_its_end() -> None:
    """Batch norm with running statistics does not depend on the length."""
    unet = _network().unet
    x, visual = torch.randn(1, 2, 32, 192), torch.randn(1, 12, 48)
    with torch.no_grad():
        long, short = unet(x, visual, 1), unet(x[..., :96], visual[..., :24], 1)
    torch.testing.assert_close(long[..., :40], short[..., :40], rtol=1e-3, atol=1e-4)
    assert (long[..., 88:96] - short[..., 88:]).abs().max() > 1e-2


def test_a_fresh_network_gives_every_face_about_half() -> None:
    wave, given = _inputs(48, 1, 2)
    torch.manual_seed(0)
    out = AvBaseline(SMALL)(wave, **given, faces=2)
    assert (out.mask[:, :-1] - 0.5).abs().mean() < 0.4


@pytest.mark.parametrize("gain", [1e-2, 10.0])
def test_the_level_passes_through(gain: float) -> None:
    wave, given = _inputs(48, 1, 2)
    network = _network()
    out, other = network(wave, **given, faces=2), network(gain * wave, **given, faces=2)
    torch.testing.assert_close(other.mask, out.mask, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(other.wave / gain, out.wave, rtol=1e-3, atol=1e-4)


def test_silence_in_gives_silence_out() -> None:
    wave, given = _inputs(48, 1, 1)
    out = _network()(torch.zeros_like(wave), **given)
    assert out.wave.abs().max() == 0
    assert torch.isfinite(out.mask.abs()).all()


@pytest.mark.parametrize("cue", ["lips", "attributes"])
@pytest.mark.parametrize("config", [SMALL, PIXELS], ids=["landmarks", "pixels"])
def test_another_face_gives_another_voice(config: AvBaselineConfig, cue: str) -> None:
    """Either cue alone tells two faces apart, whatever their order."""
    wave, given = _inputs(16, 1, 2, config)
    network = _network(config)
    same = {name: value[:1].repeat_interleave(2, 0) for name, value in given.items()}
    alike = network(wave, **same, faces=2).wave
    torch.testing.assert_close(alike[0], alike[1])
    both = network(wave, **{**same, cue: given[cue]}, faces=2).wave
    assert (both[0] - both[1]).abs().max() > 1e-3
    swapped = network(wave, **{**same, cue: given[cue].flip(0)}, faces=2).wave
    torch.testing.assert_close(swapped, both.flip(0), rtol=1e-3, atol=1e-5)


def test_faces_together_are_as_faces_one_by_one() -> None:
    wave, given = _inputs(32, 2, 3)
    network = _network()
    together = network(wave, **given, faces=3).wave
    for row in range(6):
        alone = network(wave[row // 3][None], **{name: value[row : row + 1] for name, value in given.items()}).wave
        torch.testing.assert_close(alone[0], together[row], rtol=1e-3, atol=1e-4)


def test_the_split_convolution_is_that_of_the_concatenation() -> None:
    torch.manual_seed(2)
    own, shared = torch.randn(6, 5, 4, 3), torch.randn(2, 7, 4, 3)
    joined = torch.cat([own, shared.repeat_interleave(3, 0)], 1)
    pooled = UpStage(5, 7, 6, time=False, last=True)
    torch.testing.assert_close(
        pooled(own, shared, 3), pooled.conv(joined.repeat_interleave(2, 2)), rtol=1e-4, atol=1e-5
    )
    strided = UpStage(5, 7, 6, time=True, last=True)
    torch.testing.assert_close(strided(own, shared, 3), strided.conv(joined), rtol=1e-4, atol=1e-5)


def test_it_is_frame_locked() -> None:
    """The margins and a given lag change nothing; one frame of delay does."""
    wave, given = _inputs(48, 1, 1)
    network = _network()
    out = network(wave, **given).wave
    margins = given["lips"].clone()
    margins[:, :K], margins[:, -K:] = 9.0, -9.0
    assert torch.equal(network(wave, **{**given, "lips": margins}).wave, out)
    lag = functional.one_hot(torch.tensor([0]), 2 * K + 1).float()
    assert torch.equal(network(wave, **given, lag=lag).wave, out)
    late = given["lips"].roll(1, 1)
    assert (network(wave, **{**given, "lips": late}).wave - out).abs().max() > 1e-4


def test_an_unknown_face_is_a_row_of_zeros() -> None:
    wave, given = _inputs(16, 1, 1)
    network = _network()
    zeros = network(wave, **{**given, "attributes": torch.zeros(1, 128)}).wave
    del given["attributes"]
    assert torch.equal(network(wave, **given).wave, zeros)


def test_without_a_face_net_the_face_is_not_used() -> None:
    config = AvBaselineConfig(
        stft=STFT, face="none", base_channels=3, lip_channels=8, visual_channels=8, visual_blocks=1, heads=2
    )
    wave, given = _inputs(16, 1, 2, config)
    network = _network(config)
    out = network(wave, **given, faces=2).wave
    del given["attributes"]
    assert torch.equal(network(wave, **given, faces=2).wave, out)


def test_what_does_not_fit_is_refused() -> None:
    wave, given = _inputs(48, 1, 1)
    with pytest.raises(UsageError, match="44 audio frames with 32 video frames"):
        _network()(wave[:, : 44 * 16], **given)
    with pytest.raises(UsageError, match="46 audio frames"):
        _network()(wave[:, : 46 * 16], **given)
    wave, given = _inputs(16, 1, 1, PIXELS)
    del given["attributes"]
    with pytest.raises(UsageError, match="no picture of the face"):
        _network(PIXELS)(wave, **given)


@pytest.mark.parametrize(
    "wrong",
    [{"lips": "ears"}, {"face": "hat"}, {"heads": 5}, {"video_per_audio": 0.5}, {"stft": StftConfig(n_fft=500)}],
    ids=lambda wrong: next(iter(wrong)),
)
def test_settings_are_checked(wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        AvBaselineConfig(**wrong)  # type: ignore[arg-type]


def test_settings_survive_a_round_trip() -> None:
    assert from_dict(AvBaselineConfig, to_dict(PIXELS)) == PIXELS


@pytest.mark.parametrize("config", [SMALL, PIXELS], ids=["landmarks", "pixels"])
def test_gradient_reaches_every_parameter(config: AvBaselineConfig) -> None:
    """With running statistics: a batch's own take every bias before them out again."""
    wave, given = _inputs(16, 2, 2, config)
    network = _network(config)
    network(wave, **given, faces=2).wave.square().sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize("config", [SMALL, PIXELS], ids=["landmarks", "pixels"])
def test_training_steps_bring_the_estimate_nearer(config: AvBaselineConfig) -> None:
    wave, given = _inputs(16, 2, 2, config)
    network = _network(config).train()
    voice = torch.randn(2, 16 * 16) * 0.1
    targets = torch.stack([voice, wave - voice], 1).flatten(0, 1)
    optimizer = torch.optim.Adam(network.parameters(), 3e-3)
    losses = []
    for _ in range(12):
        loss = (network(wave, **given, faces=2).wave - targets).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert sum(losses[-3:]) < 0.8 * sum(losses[:3])


def test_it_is_the_same_every_time() -> None:
    wave, given = _inputs(32, 1, 2)
    first, second = _network(), _network()
    assert torch.equal(first(wave, **given, faces=2).wave, second(wave, **given, faces=2).wave)
    assert torch.equal(first(wave, **given, faces=2).wave, first(wave, **given, faces=2).wave)


@pytest.mark.parametrize("config", [SMALL, PIXELS], ids=["landmarks", "pixels"])
def test_weights_survive_a_round_trip(config: AvBaselineConfig, tmp_path: Path) -> None:
    wave, given = _inputs(16, 2, 2, config)
    trained = _network(config).train()
    trained(wave, **given, faces=2)  # moves the running statistics
    trained.eval().set_scale(torch.full((config.visual_features,), 2.0))
    path = tmp_path / "baseline.safetensors"
    digest = save_weights(path, trained, {"config": to_dict(config)})
    torch.manual_seed(5)
    loaded = AvBaseline(config).eval()
    load_weights(path, loaded, digest)
    assert torch.equal(loaded(wave, **given, faces=2).wave, trained(wave, **given, faces=2).wave)


def test_the_spread_of_the_landmarks_is_divided_out() -> None:
    wave, given = _inputs(32, 1, 1)
    network = _network()
    out = network(wave, **given).wave
    network.set_scale(torch.full((SMALL.visual_features,), 4.0))
    torch.testing.assert_close(network(wave, **{**given, "lips": 4 * given["lips"]}).wave, out, rtol=1e-4, atol=1e-5)
    assert (network(wave, **given).wave - out).abs().max() > 1e-4


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("config", [SMALL, PIXELS], ids=["landmarks", "pixels"])
def test_cpu_and_cuda_agree(config: AvBaselineConfig) -> None:
    wave, given = _inputs(32, 1, 2, config)
    network = _network(config)
    here = network(wave, **given, faces=2).wave
    there = network.cuda()(wave.cuda(), **{n: v.cuda() for n, v in given.items()}, faces=2).wave.cpu()
    assert (here - there).abs().max() / here.abs().max() < 1e-3
