"""Networks in the papers' form: training of a few steps, VisualVoice's own objective, checkpoints and their refusal.

On the CPU at tiny size; at full size, in half precision, where there is a CUDA device.
"""

from __future__ import annotations

import dataclasses
import json
import math
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from lightning_fabric import Fabric
from safetensors.torch import load_file
from torch import Tensor

from engine import registry
from engine.audio.stft import compressed_magnitude, stft
from engine.checkpoint import file_sha256, save_weights
from engine.config import AvBaselineConfig, CaffNetConfig, ModelConfig, StftConfig, read_train_config, to_dict
from engine.data.mixtures import Mixer
from engine.data.pack import Pack
from engine.errors import ModelError, UsageError
from engine.losses.visualvoice import co_separation_loss, cross_modal_loss
from engine.models.embedders import EmbedderConfig, Embedders
from engine.models.networks import build_network
from engine.models.separated import Separated
from engine.train.batch import Batch, looks
from engine.train.correlation import Correlation, build_correlation, common_talker
from engine.train.lesson import Lesson
from engine.train.loop import run
from tests.helpers.packs import write_small_pack
from tests.unit.test_configs import SHORT, write_config

CUDA = (pytest.mark.cuda, pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device"))
TINY: dict[str, dict[str, Any]] = {
    "av_baseline_published": {"base_channels": 2, "lip_channels": 8, "face_channels": 4, "visual_channels": 8},
    "caffnet_published": {"channels": 16},
    "caffnet_c_published": {"channels": 16, "complex_maps": [2, 2, 3, 3, 4]},
}
TINY_MODELS: dict[str, ModelConfig] = {
    "av-baseline": AvBaselineConfig(lips="pixels", face="picture", base_channels=2, lip_channels=8, face_channels=4),
    "caffnet": dataclasses.replace(CaffNetConfig.published(complex_domain=False), channels=16),
    "caffnet-c": dataclasses.replace(
        CaffNetConfig.published(complex_domain=True), channels=16, complex_maps=(2, 2, 3, 3, 4)
    ),
}
FRAMES, VIDEO = 32, 8
BINS = StftConfig().bins


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small_pack(tmp_path_factory.mktemp("pack"), pictures=True)


def _batch(mixtures: int = 2, *, mouth_px: int = 0, face_px: int = 0, seed: int = 0, frames: int = FRAMES) -> Batch:
    """Noise, random landmark features and pictures; mixtures 2k and 2k + 1 share their second voice."""
    generator = torch.Generator().manual_seed(seed)
    targets = torch.randn(mixtures, 2, frames * 160, generator=generator)
    targets[1::2, 1] = targets[: mixtures // 2 * 2 : 2, 1]
    window = frames // 4 + 20
    mouths, faces = (mixtures, 2, window, mouth_px, mouth_px), (mixtures, 2, 3, face_px, face_px)
    none = torch.zeros(mixtures, 2, dtype=torch.bool)
    return {
        "mixture": targets.sum(1),
        "targets": targets,
        "lips": torch.rand((mixtures, 2, window, 240), generator=generator),
        "mouths": torch.randint(256, mouths, dtype=torch.uint8, generator=generator),
        "seen": torch.ones(mixtures, 2, window),
        "lag": torch.zeros(mixtures, 2, dtype=torch.int64),
        "silent": none,
        "unseen": none.clone(),
        "attributes": torch.rand((mixtures, 2, 128), generator=generator),
        "faces": torch.randint(256, faces, dtype=torch.uint8, generator=generator),
        "same_person": torch.randn(mixtures, 2, 128, generator=generator),
    }


def _correlation(weight: float = 1.0, *, face: bool = True) -> Correlation:
    torch.manual_seed(3)
    embedders = Embedders(EmbedderConfig(face=face, channels=8, voice_channels=8, lip_channels=8, lip_blocks=1))
    embedders.freeze()
    return Correlation("visualvoice", embedders, weight, StftConfig())


def _estimates(batch: Batch, mask: Tensor) -> Separated:
    spectrum = mask * stft(batch["mixture"], StftConfig()).repeat_interleave(2, 0)
    return Separated(torch.zeros(len(mask), batch["mixture"].shape[1]), mask, spectrum)


def _random_mask(seed: int, rows: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(rows, BINS, FRAMES, dtype=torch.complex64, generator=generator)


# Training


@pytest.mark.parametrize(
    ("device", "precision", "full"),
    [("cpu", "32-true", False), pytest.param("cuda", "bf16-mixed", True, marks=CUDA)],
)
@pytest.mark.parametrize("name", TINY)
def test_published_files_train(name: str, device: str, precision: str, full: bool, pack: Path, tmp_path: Path) -> None:
    """The file as it is, but for the data and the length of the run, and on the CPU its widths."""
    model = {} if full else TINY[name]
    folder = tmp_path / "run"
    changes = SHORT | {"pack": str(pack), "run_dir": str(folder), "steps": 3, "model": model}
    changes |= {"device": device, "devices": 1, "precision": precision, "validate_every": 3}
    changes |= {"embedders": str(tmp_path / "embedders.pt"), "embedder_steps": 3}
    path = write_config(name, tmp_path, changes)
    assert run(path)["step"] == 3
    weights = load_file(folder / "best.safetensors")
    assert all(torch.isfinite(value).all() for value in weights.values())
    config = read_train_config(path)
    torch.manual_seed(config.seed)
    fresh = dict(build_network(config.architecture, config.model).named_parameters())
    state = torch.load(folder / "state.pt", weights_only=True, map_location="cpu")["model"]
    moved = [not torch.equal(state[name], value) for name, value in fresh.items()]
    assert np.mean(moved) > 0.9
    curve = (folder / "curve.csv").read_text().splitlines()
    assert len(curve) == 2 and math.isfinite(float(curve[1].split(",")[2]))


@pytest.mark.parametrize(
    ("device", "precision", "full"),
    [
        ("cpu", "32-true", False),
        ("cpu", "bf16-mixed", False),
        pytest.param("cuda", "bf16-mixed", True, marks=CUDA),
    ],
)
def test_the_published_baseline_learns_from_pictures(device: str, precision: str, full: bool) -> None:
    """Three steps on one generated batch by the paper's objective: every weight moves, the loss falls."""
    config = AvBaselineConfig.published() if full else TINY_MODELS["av-baseline"]
    fabric = Fabric(accelerator=device, devices=1, precision=precision)  # type: ignore[arg-type]
    torch.manual_seed(0)
    network = build_network("av-baseline", config)
    before = {name: value.clone() for name, value in network.named_parameters()}
    lesson = Lesson(network, config.stft, _correlation())
    taught, optimizer = fabric.setup(lesson, torch.optim.Adam(network.parameters(), 1e-3))
    batch = _batch(mouth_px=88 if full else 32, face_px=224 if full else 48)
    batch = {name: value.to(fabric.device) for name, value in batch.items()}
    losses = []
    for _ in range(3):
        loss, seen = taught(batch, 0.0)
        optimizer.zero_grad()
        fabric.backward(loss)
        optimizer.step()
        losses.append(loss.item())
        assert torch.isfinite(seen[0])
    assert np.isfinite(losses).all() and losses[-1] < losses[0]
    still = [name for name, value in network.named_parameters() if torch.equal(value.cpu(), before[name])]
    assert not still


# VisualVoice's own objective


def test_visualvoice_objective_against_a_plain_version() -> None:
    """The paper's convention: voices of RMS 0.1, half-sums, a lone voice's mask is 2."""
    batch, mask, correlation = _batch(4), _random_mask(1, 8), _correlation(weight=0.7)
    assert common_talker(batch["targets"]).tolist() == [True, True]
    out = _estimates(batch, mask)
    squares = []
    for row in range(8):
        voices = batch["targets"][row // 2]
        loud = 0.1 * math.sqrt(2) / float(voices.sum(0).square().mean().sqrt())  # brings unrelated voices to 0.1 each
        x = stft(loud * voices.sum(0, keepdim=True) / 2, StftConfig())[0].numpy()
        s = stft(loud * voices[row % 2][None], StftConfig())[0].numpy()
        ideal = s / x
        error = 2 * mask[row].numpy() - (ideal.real.clip(-5, 5) + 1j * ideal.imag.clip(-5, 5))
        weight = np.log1p(np.abs(x)).clip(1e-3, 10)
        squares.append(np.mean(weight * (error.real**2 + error.imag**2) / 2))
    level = batch["targets"].flatten(0, 1).std(1, correction=0)[:, None, None]
    e = correlation.embedders(compressed_magnitude(out.spectrum / level), face=batch["same_person"].flatten(0, 1))
    wanted = 4 * np.mean(squares)
    wanted += 0.01 * float(cross_modal_loss(e.voice, e.face)) + 0.01 * float(co_separation_loss(e.voice))
    assert float(correlation(out, batch, 0.0)) == pytest.approx(0.7 * wanted, rel=1e-5)


def test_visualvoice_mask_term_vanishes_at_the_ideal_mask_and_only_there() -> None:
    batch = _batch()
    targets = stft(batch["targets"].flatten(0, 1), StftConfig())
    mixture = stft(batch["mixture"], StftConfig()).repeat_interleave(2, 0)
    ideal = targets / mixture
    ideal = torch.complex(ideal.real.clamp(-2.5, 2.5), ideal.imag.clamp(-2.5, 2.5))
    correlation = _correlation(face=False)
    right, wrong = (float(correlation(_estimates(batch, m), batch, 0.0)) for m in (ideal, ideal.flip(0)))
    assert right < 0.021  # what is left is the co-separation term, 0.01 of at most two triplets of 0.5 + noise
    assert wrong > 10 * right


def test_visualvoice_objective_does_not_depend_on_the_level() -> None:
    batch, mask, correlation = _batch(), _random_mask(1, 4), _correlation()
    quiet = {**batch, "mixture": 0.02 * batch["mixture"], "targets": 0.02 * batch["targets"]}
    losses = [float(correlation(_estimates(b, mask), b, 0.0)) for b in (batch, quiet)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)


def test_visualvoice_without_a_common_talker_has_no_co_separation_term() -> None:
    batch, mask = _batch(), _random_mask(1, 4)
    correlation = _correlation()
    with_pair = float(correlation(_estimates(batch, mask), batch, 0.0))
    # The voice of another level is the same voice; another voice is not.
    louder = {**batch, "targets": batch["targets"].clone()}
    louder["targets"][1, 1] *= 0.3
    assert common_talker(louder["targets"]).tolist() == [True]
    other = {**batch, "targets": batch["targets"].clone()}
    other["targets"][1, 1] = torch.randn(FRAMES * 160, generator=torch.Generator().manual_seed(9))
    silent = torch.zeros_like(batch["targets"])
    assert common_talker(other["targets"]).tolist() == common_talker(silent).tolist() == [False]
    assert common_talker(batch["targets"][:1]).tolist() == []
    out = _estimates(batch, mask)
    level = batch["targets"].flatten(0, 1).std(1, correction=0)[:, None, None]
    e = correlation.embedders(compressed_magnitude(out.spectrum / level), face=batch["same_person"].flatten(0, 1))
    alone = {name: value[:1] for name, value in batch.items()}, {name: value[1:] for name, value in batch.items()}
    apart = [float(correlation(_estimates(b, mask[i : i + 2]), b, 0.0)) for b, i in zip(alone, (0, 2), strict=True)]
    assert with_pair == pytest.approx(np.mean(apart) + 0.01 * float(co_separation_loss(e.voice)), rel=1e-4)


def test_visualvoice_scores_no_unseen_voice_and_teaches_silence() -> None:
    batch, mask, correlation = _batch(), _random_mask(1, 4), _correlation()
    batch["unseen"][1, 1] = True
    first = correlation(_estimates(batch, mask), batch, 0.0)
    changed = mask.clone()
    changed[3] = 0
    assert float(correlation(_estimates(batch, changed), batch, 0.0)) == pytest.approx(float(first), rel=1e-5)
    quiet = {**batch, "targets": batch["targets"].clone(), "silent": torch.ones(2, 2, dtype=torch.bool)}
    quiet["targets"][:] = 0.0
    assert float(correlation(_estimates(quiet, torch.zeros_like(mask)), quiet, 0.0)) == 0.0
    assert float(correlation(_estimates(quiet, mask), quiet, 0.0)) > 0.01


def test_visualvoice_stands_in_place_of_the_separation_loss() -> None:
    config = TINY_MODELS["av-baseline"]
    torch.manual_seed(0)
    network = build_network("av-baseline", config).eval()
    batch, correlation = _batch(mouth_px=32, face_px=48), _correlation()
    loss, _ = Lesson(network, config.stft, correlation)(batch, 0.0)
    lips, seen, face = looks(batch, config)
    out = network(batch["mixture"], lips, seen, faces=2, attributes=face)
    assert loss.item() == pytest.approx(correlation(out, batch, 0.0).item(), rel=1e-5)
    loss.backward()
    assert all(p.grad is None for p in correlation.embedders.parameters())


def test_visualvoice_does_not_teach_blind_slots(pack: Path, tmp_path: Path) -> None:
    changes = SHORT | {"pack": str(pack), "run_dir": str(tmp_path / "run"), "correlation": "visualvoice"}
    with pytest.raises(UsageError, match="blind slots"):
        run(write_config("compact", tmp_path, changes))


# Checkpoints


def _saved(name: str, folder: Path) -> tuple[torch.nn.Module, Path]:
    config, architecture = TINY_MODELS[name], "caffnet" if name == "caffnet-c" else name
    torch.manual_seed(0)
    network = build_network(architecture, config).eval()
    path = folder / "best.safetensors"
    save_weights(path, network, {"architecture": architecture, "config": to_dict(config)})
    return network, path


@pytest.mark.parametrize("name", TINY_MODELS)
def test_checkpoints_round_trip(name: str, tmp_path: Path) -> None:
    network, path = _saved(name, tmp_path)
    again = registry.build(str(path))
    assert again.config == network.config  # type: ignore[union-attr]
    pictures = {"mouth_px": 32, "face_px": 48} if name == "av-baseline" else {}
    batch = _batch(**pictures)
    given = looks(batch, TINY_MODELS[name])
    with torch.inference_mode():
        first, second = (n(batch["mixture"], *given[:2], faces=2, attributes=given[2]).wave for n in (network, again))
    assert torch.equal(first, second) and first.std() > 0


@pytest.mark.parametrize("name", TINY_MODELS)
def test_a_checkpoint_with_a_wrong_hash_is_refused(name: str, tmp_path: Path) -> None:
    _, path = _saved(name, tmp_path)
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)
    with pytest.raises(ModelError, match="damaged"):
        registry.build(str(path))


class _Planted:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.trace,)


@pytest.mark.parametrize("name", TINY_MODELS)
def test_a_pickled_class_in_place_of_weights_is_refused(name: str, tmp_path: Path) -> None:
    """Even where the card vouches for it by its hash."""
    _, path = _saved(name, tmp_path)
    torch.save({"weight": _Planted(tmp_path / "ran")}, path)
    card = json.loads(path.with_suffix(".json").read_text())
    path.with_suffix(".json").write_text(json.dumps({**card, "sha256": file_sha256(path)}))
    with pytest.raises(ModelError, match="do not fit"):
        registry.build(str(path))
    assert not (tmp_path / "ran").exists()


def test_pickled_classes_in_embedders_and_in_the_state_of_a_run_are_refused(pack: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    changes = SHORT | {"pack": str(pack), "run_dir": str(folder), "model": TINY["caffnet_published"], "steps": 2}
    changes |= {"device": "cpu", "precision": "32-true", "embedders": str(tmp_path / "embedders.pt")}
    path = write_config("caffnet_published", tmp_path, changes)
    torch.save({"voice": _Planted(tmp_path / "ran")}, tmp_path / "embedders.pt")
    config = dataclasses.replace(read_train_config(path), correlation="visualvoice")
    with pytest.raises(ModelError, match="cannot be read"):
        build_correlation(config, Mixer(Pack(pack), config), torch.device("cpu"))
    folder.mkdir()
    torch.save({"step": _Planted(tmp_path / "ran")}, folder / "state.pt")
    with pytest.raises((ModelError, pickle.UnpicklingError)):
        run(path, resume=True)
    assert not (tmp_path / "ran").exists()
