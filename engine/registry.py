"""The model shelf: our networks, those that the user imported, and guests, by their names; and what "default" is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.checkpoint import read_card
from engine.chosen import choose_model, chosen_model
from engine.config import ARCHITECTURES, AvBaselineConfig, CompactConfig, ModelConfig, from_dict
from engine.contract import Declaration
from engine.errors import EngineError, ModelError, UsageError
from engine.guests import shelf
from engine.guests.catalogue import GUESTS
from engine.imported import ImportedModel, imported_names, read_imported, remove_imported, weights_of
from engine.resources import resource
from engine.speed import likely_device, pace_of
from engine.types import ModelInfo

if TYPE_CHECKING:
    from torch import nn

DEFAULT = "default"
OURS = "compact"  # what "default" stands for unless the user chose otherwise
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
        weights: path below resources, or of an imported model or a training run's result; None for `tiny`, which is
            made from a seed, and for guests.
        guest: whether `engine.guests.shelf` knows the rest. imported: whether `engine.imported` does.
    """

    name: str
    title: str
    weights: str | None
    guest: bool = False
    imported: bool = False

    @property
    def path(self) -> Path | None:
        """Where the weights are, whether or not they exist."""
        return None if self.weights is None else resource(self.weights)


_ROWS = (
    ModelSpec(OURS, "Affinity network with blind slots, on lip landmarks", "models/compact.safetensors"),
    ModelSpec("tiny", "Untrained network for tests; it separates nothing", None),
)


def _rows() -> dict[str, ModelSpec]:
    """All rows but `default`: ours, imported ones, guests. A name that we or a guest have is nobody else's."""
    ours = {row.name: row for row in _ROWS}
    guests = {spec.name: ModelSpec(spec.name, spec.title, None, guest=True) for spec in GUESTS.values()}
    taken = {DEFAULT, *ours, *guests}
    imported = {name: _imported(name) for name in imported_names() if name not in taken}
    return ours | imported | guests


def _imported(name: str) -> ModelSpec:
    return ModelSpec(name, "An imported network", str(weights_of(name)), imported=True)


def model_names() -> tuple[str, ...]:
    """All names that `model_spec` knows, damaged models among them."""
    return (DEFAULT, *_rows())


def model_spec(name: str) -> ModelSpec:
    """A row by its name, "default" resolved; or the result of a training run, by the path of its weights.

    Raises:
        UsageError: there is no such model.
    """
    if name.endswith(".safetensors"):
        return ModelSpec(Path(name).parent.name, "A training run", str(Path(name).absolute()))
    rows = _rows()
    spec = rows.get(settled(name))
    if spec is None:
        raise UsageError(f"There is no model called {name!r}.", f"Use one of {', '.join((DEFAULT, *rows))}.")
    return spec


def stands_for() -> str:
    """The row that "default" means now: the user's choice where it is installed, else ours."""
    name = chosen_model()
    row = None if name is None else _rows().get(name)
    return row.name if row is not None and _info(row).installed else OURS


def settled(name: str) -> str:
    """A name that means the same model to the end of a job, also if another default is chosen meanwhile."""
    return stands_for() if name == DEFAULT else name


def set_default_model(name: str) -> None:
    """Choose what "default" stands for (`engine.api.set_default_model`).

    Raises:
        UsageError, ModelError, OutputError: as `engine.api.set_default_model`.
    """
    if name in (DEFAULT, OURS):
        choose_model(None)
        return
    row = _row(name)
    if not _info(row).installed:
        how = f"Run “avsep models add {name}” first." if row.guest else f"“avsep models verify {name}” says why."
        raise ModelError(f"The model {name} is not installed, so it cannot be the default.", how)
    choose_model(name)


def remove_model(name: str) -> None:
    """Delete a guest or an imported model (`engine.api.remove_model`).

    Raises:
        UsageError, ModelError, OutputError: as `engine.api.remove_model`.
    """
    row = None if name == DEFAULT else _row(name)
    if row is None or not (row.guest or row.imported):
        raise ModelError(f"The model {name} comes with AVSep.", "Only guest engines and imported models are removed.")
    if row.guest:
        shelf.remove(name)
    else:
        remove_imported(name)
    if chosen_model() == name:
        choose_model(None)


def _row(name: str) -> ModelSpec:
    """A row by its own name.

    Raises:
        UsageError: there is no such row.
    """
    rows = _rows()
    if name not in rows:
        raise UsageError(f"There is no model called {name!r}.", f"Use one of {', '.join((DEFAULT, *rows))}.")
    return rows[name]


def build(name: str) -> nn.Module:
    """The network with its weights, on the CPU, ready for inference; its call is in `engine.models.separated`.

    Raises:
        UsageError: there is no such model, or it is a guest.
        ModelError: its weights are missing, damaged or do not fit.
    """
    import torch

    from engine.checkpoint import load_weights
    from engine.models.networks import build_network

    spec = model_spec(name)
    if spec.guest:
        raise UsageError(f"The model {name} is a guest engine, not a network of AVSep.", "Use another model.")
    path = spec.path
    if path is None:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(_TINY_SEED)
            return build_network("compact", _TINY).eval()
    card = _card(spec)
    config = _config(spec, card)
    model = build_network(str(card["architecture"]), config)
    load_weights(path, model, card["sha256"])
    return model.eval()


def _card(spec: ModelSpec) -> dict[str, Any]:
    """What is known of a network.

    Raises:
        ModelError: its card is missing or damaged, or an imported model has changed.
    """
    if spec.imported:
        return read_imported(spec.name).card
    return {"licence": _LICENCE, "trained_on": "nothing"} if spec.path is None else read_card(spec.path)


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
    spec = model_spec(name)
    if spec.guest:
        return shelf.declaration(spec.name)
    card = _card(spec)
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
        judges=isinstance(config, CompactConfig),
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
    spec = model_spec(name)
    if spec.guest:
        return shelf.fingerprint(spec.name)
    return f"{spec.name}-{_TINY_SEED}" if spec.path is None else str(_card(spec)["sha256"])


def calibration(name: str) -> tuple[float, float]:
    """Slope (per dB) and offset of the logistic curve from the network's own judgement to agreement 0..1.

    Fitted on validation talkers when the model was put on the shelf.
    """
    spec = model_spec(name)
    if spec.guest:
        return shelf.declaration(spec.name).calibration
    scale, bias = _card(spec).get("calibration", (0.5, 0.0))
    return float(scale), float(bias)


def verify(name: str) -> None:
    """Check the weights against their recorded hash.

    Raises:
        UsageError: there is no such model. ModelError: the weights are missing or damaged.
    """
    spec = model_spec(name)
    if spec.guest:
        shelf.verify(spec.name)
    else:
        build(name)


def list_models() -> tuple[ModelInfo, ...]:
    """All rows, `default` first and guests last; a model whose files are missing or damaged is not installed.

    No process is started and no network is loaded for it.
    """
    rows = {name: _with_pace(_info(row)) for name, row in _rows().items()}
    return (_default_info(rows), *rows.values())


def model_info(name: str) -> ModelInfo:
    """One row of `list_models`, without the others.

    Raises:
        UsageError: there is no such row.
    """
    if name != DEFAULT:
        return _with_pace(_info(_row(name)))
    needed = (OURS, chosen_model())
    return _default_info({row.name: _with_pace(_info(row)) for row in _rows().values() if row.name in needed})


def _with_pace(info: ModelInfo) -> ModelInfo:
    """A row with what this computer takes for a second of one voice."""
    try:
        known_by = fingerprint(info.name) if info.installed else ""
    except EngineError:  # it has changed since, or a bundle lacks its program
        known_by = ""
    pace = pace_of(info.declaration, known_by, likely_device())
    return info if pace is None else replace(info, pace=pace.seconds, pace_measured=pace.measured)


def _default_info(rows: dict[str, ModelInfo]) -> ModelInfo:
    """The row "default": what it stands for, under a name of its own."""
    chosen, title = chosen_model(), f"The best model that ships ({OURS})"
    name = OURS
    if chosen is not None and chosen != OURS:
        if chosen in rows and rows[chosen].installed:
            name, title = chosen, f"The model that you chose ({chosen})"
        else:
            title += f", since the model that you chose ({chosen}) is not installed"
    return replace(rows[name], name=DEFAULT, title=title, stands_for=name, guest=False, imported=False, hindrance="")


def _info(row: ModelSpec) -> ModelInfo:
    if row.guest:
        return shelf.info(row.name)
    if row.imported:
        return _imported_info(row)
    try:
        sha256 = "" if row.path is None else str(_card(row)["sha256"])
        there = row.path is not None and row.path.is_file()
        size = row.path.stat().st_size if there and row.path is not None else 0
        return ModelInfo(row.name, row.title, declaration(row.name), sha256, there or row.path is None, size)
    except EngineError:
        return ModelInfo(row.name, row.title, Declaration(), "", False)


def _imported_info(row: ModelSpec) -> ModelInfo:
    try:
        held: ImportedModel = read_imported(row.name)
        title = held.card.get("title") or f"{row.title} ({held.card['architecture']})"
        sha256, size = held.card["sha256"], held.size_bytes
        return ModelInfo(row.name, title, declaration(row.name), sha256, True, size, imported=True)
    except EngineError:
        return ModelInfo(row.name, f"{row.title}, damaged", Declaration(), "", False, imported=True)
