"""The lesson before the first: lips learn to tell a spectrum, in step with the sound, and nothing else changes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import nn

from engine.config import AvBaselineConfig, CaffNetConfig, CompactConfig, ModelConfig, TrainConfig
from engine.data.mixtures import Mixer
from engine.data.pack import Pack
from engine.models.networks import build_network
from engine.train.batch import tensors
from engine.train.lip_reading import LipReader, teach_lips
from tests.helpers.packs import write_small_pack

CPU = torch.device("cpu")
SMALL: dict[str, Any] = {"visual_blocks": 1, "heads": 2, "dropout": 0.0}
NETWORKS: dict[str, tuple[str, ModelConfig]] = {
    "compact": ("compact", CompactConfig(complex_channels=4, channels=8, visual_channels=16, **SMALL)),
    "caffnet-c": ("caffnet", CaffNetConfig(channels=16, complex_maps=(2, 3), **SMALL)),
    "av-baseline": ("av-baseline", AvBaselineConfig(base_channels=2, visual_channels=16, lip_channels=16, **SMALL)),
}


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Pack:
    return Pack(write_small_pack(tmp_path_factory.mktemp("pack")))


def _config(pack: Pack, architecture: str, model: ModelConfig, **more: float) -> TrainConfig:
    film = {"corpora": {"film": 1.0}, "first_corpus": "film", "window_frames": 64, "mixtures_per_step": 4}
    return TrainConfig(str(pack.folder), "r", architecture, model, blind_per_step=0, **film, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", NETWORKS)
def test_the_lips_learn_what_the_voice_does_and_the_rest_stays_as_it_was(name: str, pack: Pack) -> None:
    architecture, model = NETWORKS[name]
    torch.manual_seed(3)
    network = build_network(architecture, model)
    config = _config(pack, architecture, model, lip_steps=5)
    mixer = Mixer(pack, config)
    network.set_scale(torch.from_numpy(mixer.spread_of_lips()))  # type: ignore[operator]
    before = {key: value.clone() for key, value in network.named_parameters()}
    at_first = teach_lips(network, mixer, config, CPU)
    later = teach_lips(network, mixer, replace(config, lip_steps=80), CPU)
    assert later < 0.8 * at_first
    changed = {key.split(".")[0] for key, value in network.named_parameters() if not torch.equal(value, before[key])}
    assert changed and changed <= {"lips", "embed", "visual", "visual_non_local", "landmarks", "project"}


def test_shifted_lips_are_read_in_step_with_the_sound(pack: Pack) -> None:
    class Still(nn.Module):
        """An encoder that passes the first lip feature on."""

        def __init__(self) -> None:
            super().__init__()
            self.config = CompactConfig()

        def look(self, lips: torch.Tensor, seen: torch.Tensor) -> torch.Tensor:
            return lips[..., :1].transpose(1, 2)

    config = _config(pack, "compact", CompactConfig(), shift_share=0.0, unseen_share=0.0)
    batch = tensors(Mixer(pack, config).batch(1), CPU)
    reader = LipReader(Still(), 1, config.model.stft)
    with torch.no_grad():
        straight = reader(batch)
        late = reader({**batch, "lips": batch["lips"].roll(3, 2), "lag": batch["lag"] + 3})
        missed = reader({**batch, "lips": batch["lips"].roll(3, 2)})
    torch.testing.assert_close(straight, late)
    assert (missed - straight).abs() > 1e-4
