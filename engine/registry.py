"""The model shelf: one table from name to network, weights and card; guests have a table of their own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.config import ARCHITECTURES, AvBaselineConfig, CompactConfig, ModelConfig, from_dict
from engine.contract import Declaration
from engine.errors import EngineError, ModelError, UsageError
from engine.guests import shelf
from engine.guests.catalogue import GUESTS
from engine.resources import resource
from engine.types import ModelInfo

if TYPE_CHECKING:
    from torch import nn

_LICENCE = "Apache-2.0"  # of the project's code, and of `tiny`, which is nothing else
_MOST_FACES = 6  # at once: any number fits, but time grows with each
_TINY = CompactConfig(
    complex_channels=8, channels=16, visual_channels=16, visual_blocks=1, context_blocks=1, modulated_blocks=1, heads=2
)
_TINY_SEED = 7


@dataclass(frozen=True)
class ModelSpec:
    """A row of the shelf.

    Attributes:
        weights: path below resources, or of a training run's result; None for `tiny`, which is made from a seed, and
            for guests.
        guest: whether `engine.guests.shelf` knows the rest.
    """

    name: str
    title: str
    weights: str | None
    same_as: str | None = None
    guest: bool = False

    @property
    def path(self) -> Path | None:
        """Where the weights are, whether or not they exist."""
        return None if self.weights is None else resource(self.weights)


_ROWS = (
    ModelSpec("default", "The best model that ships (compact)", "models/compact.safetensors", same_as="compact"),
    ModelSpec("compact", "Affinity network with blind slots, on lip landmarks", "models/compact.safetensors"),
    ModelSpec("tiny", "Untrained network for tests; it separates nothing", None),
)
MODELS = {row.name: row for row in _ROWS}


def _guests() -> tuple[ModelSpec, ...]:
    return tuple(ModelSpec(spec.name, spec.title, None, guest=True) for spec in GUESTS.values())


def model_spec(name: str) -> ModelSpec:
    """A row by its name, aliases resolved; or the result of a training run, by the path of its weights.

    Raises:
        UsageError: there is no such model.
    """
    if name.endswith(".safetensors"):
        return ModelSpec(Path(name).parent.name, "A training run", str(Path(name).absolute()))
    rows = MODELS | {row.name: row for row in _guests()}
    spec = rows.get(name)
    if spec is None:
        raise UsageError(f"There is no model called {name!r}.", f"Use one of {', '.join(rows)}.")
    return model_spec(spec.same_as) if spec.same_as else spec


def build(name: str) -> nn.Module:
    """The network with its weights, on the CPU, ready for inference; its call is in `engine.models.separated`.

    Raises:
        UsageError: there is no such model, or it is a guest.
        ModelError: its weights are missing, damaged or do not fit.
    """
    import torch

    from engine.checkpoint import load_weights, read_card
    from engine.models.networks import build_network

    spec = model_spec(name)
    if spec.guest:
        raise UsageError(f"The model {name} is a guest engine, not a network of AVSep.", "Use another model.")
    path = spec.path
    if path is None:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(_TINY_SEED)
            return build_network("compact", _TINY).eval()
    card = read_card(path)
    config = _config(spec, card)
    model = build_network(str(card["architecture"]), config)
    load_weights(path, model, card["sha256"])
    return model.eval()


def _config(spec: ModelSpec, card: dict[str, Any]) -> ModelConfig:
    architecture = str(card.get("architecture"))
    if architecture not in ARCHITECTURES:
        raise ModelError(f"The model {spec.name} has the unknown architecture {architecture!r}.", "Update AVSep.")
    if not isinstance(card.get("config"), dict):
        raise ModelError(f"The description of the model {spec.name} is damaged.", "Install it again.")
    return from_dict(ARCHITECTURES[architecture], card["config"])


def declaration(name: str) -> Declaration:
    """What a guest, or a network on landmarks, declares; it is not loaded for that.

    Raises:
        UsageError: there is no such model. ModelError: its card is missing, damaged or unknown.
    """
    from engine.checkpoint import read_card

    spec = model_spec(name)
    if spec.guest:
        return shelf.declaration(spec.name)
    card: dict[str, Any] = {"licence": _LICENCE, "trained_on": "nothing"} if spec.path is None else read_card(spec.path)
    config = _TINY if spec.path is None else _config(spec, card)
    return Declaration(
        licence=str(card.get("licence", "")),
        code_licence=_LICENCE,
        trained_on=str(card.get("trained_on", "")),
        parameters=int(card.get("parameters", 0)),
        people=_MOST_FACES,
        faces_together=True,
        margin_frames=config.max_lag_frames,
        finds_lag=not (isinstance(config, AvBaselineConfig) or getattr(config, "frame_locked", False)),
        grid=config.stft,
        calibration=calibration(name),
        devices=("cpu", "cuda"),
        real_time_factor=card.get("real_time_factor"),
    )


def fingerprint(name: str) -> str:
    """What identifies a model's results: the hash of its weights, or name and seed of `tiny`.

    Raises:
        UsageError: there is no such model. ModelError: its card is missing or damaged, or the guest is not installed.
    """
    from engine.checkpoint import read_card

    spec = model_spec(name)
    if spec.guest:
        return shelf.fingerprint(spec.name)
    return f"{spec.name}-{_TINY_SEED}" if spec.path is None else str(read_card(spec.path)["sha256"])


def calibration(name: str) -> tuple[float, float]:
    """Slope (per dB) and offset of the logistic curve from the network's own judgement to agreement 0..1.

    Fitted on validation talkers when the model was put on the shelf.
    """
    from engine.checkpoint import read_card

    spec = model_spec(name)
    if spec.guest:
        return shelf.declaration(spec.name).calibration
    path = spec.path
    scale, bias = (0.5, 0.0) if path is None else read_card(path).get("calibration", (0.5, 0.0))
    return float(scale), float(bias)


def verify(name: str) -> None:
    """Check the weights against their recorded hash.

    Raises:
        UsageError: there is no such model. ModelError: the weights are missing or damaged.
    """
    if model_spec(name).guest:
        shelf.verify(name)
    else:
        build(name)


def list_models() -> tuple[ModelInfo, ...]:
    """All rows, guests last; a model whose files are missing or damaged is listed as not installed."""
    return (*map(_info, _ROWS), *map(_guest_info, _guests()))


def _info(row: ModelSpec) -> ModelInfo:
    from engine.checkpoint import read_card

    try:
        sha256 = "" if row.path is None else str(read_card(row.path)["sha256"])
        there = row.path is not None and row.path.is_file()
        size = row.path.stat().st_size if there and row.path is not None else 0
        return ModelInfo(row.name, row.title, declaration(row.name), sha256, there or row.path is None, size)
    except EngineError:
        return ModelInfo(row.name, row.title, Declaration(), "", False)


def _guest_info(row: ModelSpec) -> ModelInfo:
    record = shelf.installed(row.name)
    sha256, size = ("", 0) if record is None else (record.sha256, record.size_bytes)
    return ModelInfo(
        row.name,
        row.title,
        declaration(row.name),
        sha256,
        record is not None,
        size,
        guest=True,
        published=shelf.published(row.name),
    )
