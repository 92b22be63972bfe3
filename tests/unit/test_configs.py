"""The training files in resources/configs: they load, have the stated sizes, are explained, and train."""

from __future__ import annotations

import dataclasses
import tomllib
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from engine.checkpoint import count_parameters
from engine.config import ARCHITECTURES, AvBaselineConfig, CaffNetConfig, TrainConfig, from_dict, read_train_config
from engine.models.networks import build_network
from engine.train.loop import run
from tests.helpers.packs import write_small_pack

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = ROOT / "resources/configs"
TRAINING = sorted(path.stem for path in CONFIGS.glob("*.toml") if not path.stem.endswith("_card"))
PARAMETERS = {
    "av_baseline": 3_400_002,
    "av_baseline_published": 66_259_118,
    "caffnet": 3_119_896,
    "caffnet_published": 16_495_384,
    "caffnet_c": 738_767,
    "caffnet_c_published": 19_154_135,
}
PUBLISHED = {
    "av_baseline_published": AvBaselineConfig.published(),
    "caffnet_published": dataclasses.replace(
        CaffNetConfig.published(complex_domain=False), complex_maps=CaffNetConfig.complex_maps
    ),  # maps are CaffNet-C's
    "caffnet_c_published": CaffNetConfig.published(complex_domain=True),
}
SHORT: dict[str, Any] = {
    "steps": 2,
    "window_frames": 64,
    "mixtures_per_step": 2,
    "validation_mixtures": 1,
    "first_corpus": "film",
    "corpora": {"film": 1.0},
    "unseen_share": 0.0,
}


def write_config(name: str, folder: Path, changes: dict[str, Any]) -> Path:
    """A training file of resources/configs with other values, tables merged except for `corpora`."""
    values = tomllib.loads((CONFIGS / f"{name}.toml").read_text(encoding="utf-8"))
    for key, value in changes.items():
        merged = isinstance(value, dict) and key != "corpora"
        values[key] = {**values.get(key, {}), **value} if merged else value
    lines = [f"{key} = {_literal(value)}" for key, value in values.items() if not isinstance(value, dict)]
    for table, entries in values.items():
        if isinstance(entries, dict):
            lines += [f"[{table}]", *(f"{key} = {_literal(value)}" for key, value in entries.items())]
    path = folder / f"{name}.toml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _literal(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return '"' + value.replace("\\", "\\\\") + '"' if isinstance(value, str) else repr(value)


def test_all_training_files_are_known_here() -> None:
    assert set(PARAMETERS) <= set(TRAINING)
    assert {name for name in TRAINING if name.endswith("_published")} == set(PUBLISHED)


@pytest.mark.parametrize("name", TRAINING)
def test_a_training_file_loads_and_draws_from_its_corpora(name: str) -> None:
    config = read_train_config(CONFIGS / f"{name}.toml")
    assert isinstance(config.model, ARCHITECTURES[config.architecture])
    assert sum(config.corpora.values()) == pytest.approx(1.0)
    assert config.first_share == 0 or config.first_corpus in config.corpora
    assert not Path(config.pack).is_absolute() and not Path(config.run_dir).is_absolute()


@pytest.mark.parametrize("name", PARAMETERS)
def test_sizes(name: str) -> None:
    config = read_train_config(CONFIGS / f"{name}.toml")
    with torch.device("meta"):
        assert count_parameters(build_network(config.architecture, config.model)) == PARAMETERS[name]


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_files_have_the_published_sizes(name: str) -> None:
    assert read_train_config(CONFIGS / f"{name}.toml").model == PUBLISHED[name]


@pytest.mark.parametrize("name", ["av_baseline", "caffnet", "caffnet_c"])
def test_compact_files_train_on_a_prepared_set(name: str, tmp_path: Path) -> None:
    pack, folder = write_small_pack(tmp_path / "pack"), tmp_path / "run"
    path = write_config(name, tmp_path, {**SHORT, "pack": str(pack), "run_dir": str(folder)})
    assert read_train_config(path).model == read_train_config(CONFIGS / f"{name}.toml").model
    assert run(path)["step"] == 2
    weights = load_file(folder / "best.safetensors")
    assert all(torch.isfinite(value).all() for value in weights.values())


def test_every_key_is_explained() -> None:
    """docs/training.md names every setting of a training file in backticks."""
    text = (ROOT / "docs/training.md").read_text(encoding="utf-8")
    kinds = [TrainConfig, type(from_dict(TrainConfig, {"pack": "p", "run_dir": "r"}).mix), *ARCHITECTURES.values()]
    keys = {field.name for kind in kinds for field in dataclasses.fields(kind)}
    assert not sorted(key for key in keys if f"`{key}`" not in text)
