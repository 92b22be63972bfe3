"""Brings a network of the user's own onto the shelf: everything is checked before anything is kept.

The order is from cheap to dear: names, the card, the head of the weights file, the network's form (without memory for
its numbers), then a copy whose hash is compared, and one trial.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from engine import cache
from engine.checkpoint import parse_card
from engine.config import ARCHITECTURES, ModelConfig, StftConfig, from_dict, sight
from engine.contract import MODEL_RATE_HZ, SAMPLES_PER_VIDEO_FRAME
from engine.errors import EngineError, InputError, ModelError, UsageError
from engine.guests.download import take_local
from engine.imported import WEIGHTS, check_name, draft_of, keep_record
from engine.jobs import CancelToken, Progress, ProgressCallback
from engine.registry import model_names

Shapes = dict[str, tuple[int, ...]]

_RUN_FILES = ("best", "last", "model", "weights")  # names that say nothing: the folder's is taken
_MOST_CARD_BYTES = 2**20
_MOST_HEADER_BYTES = 2**24
_MOST_TEXT = 4000  # characters of what a card tells
_MOST_SIZE = 4096  # of any number that says how large a network is
_MOST_LAG_FRAMES = 100
_TRIAL_FRAMES = 50  # video frames, 2 s
_BOTH = "Copy weights and description again, both from the same folder."


def import_model(path: Path, *, name: str | None, on_progress: ProgressCallback, cancel: CancelToken) -> str:
    """Check weights and card, copy them into the data folder and list them (`engine.api.import_model`).

    Returns:
        The name of the row.

    Raises:
        InputError, UsageError, ModelError, OutputError, JobCancelled: as `engine.api.import_model`.
    """
    _check_weights(path)
    name = _free_name(path, name)
    text, card = _read_card(path)
    config = _check_card(path, card)
    shapes = _read_shapes(path)
    on_progress(Progress(f"Checking {name}", 0, 1))
    _check_shapes(path, card["architecture"], config, shapes)
    with draft_of(name) as weights:
        found = take_local(path, weights, sha256=None, on_progress=on_progress, cancel=cancel)
        if found != card["sha256"]:
            raise ModelError(
                f"“{path.name}” is not the file that its description names: its SHA-256 is {found[:12]}…, "
                f"not {card['sha256'][:12]}….",
                _BOTH,
            )
        with cache.write_then_rename(weights.with_suffix(".json")) as part:
            part.write_bytes(text)
        on_progress(Progress(f"Trying {name}", 0, 1))
        _try(name, weights, config)
        cancel.checkpoint()
        keep_record(weights)
    on_progress(Progress(f"Trying {name}", 1, 1))
    return name


def _free_name(path: Path, wanted: str | None) -> str:
    """The name of the new row: what the user wants, or what file or folder are called."""
    name = _name_of(path) if wanted is None else wanted
    check_name(name)
    if name in model_names():
        raise UsageError(f"There is a model called {name} already.", "Give another name with --name.")
    return name


def _name_of(path: Path) -> str:
    told = path.absolute().parent.name if path.stem.lower() in _RUN_FILES else path.stem
    plain = unicodedata.normalize("NFKD", told).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9._-]+", "-", plain).strip("-._")[:64].rstrip(".")
    if not name:
        raise UsageError(f"No name can be made of “{told}”.", "Give one with --name.")
    return name


def _check_file(path: Path, what: str) -> None:
    """Make sure that a file is there, is an ordinary one itself, and has something in it."""
    try:
        if path.is_symlink():
            raise InputError(f"“{path.name}” is a link, not a file.", f"Give the file with {what} itself.")
        if path.is_dir():
            raise InputError(f"“{path.name or path}” is a folder, not a file.", f"Give the file with {what} in it.")
        if path.exists() and not path.is_file():
            raise InputError(f"“{path.name}” is not an ordinary file.", f"Give the file with {what}.")
    except OSError as error:
        raise cache.input_error(path, error) from error
    cache.check_input(path)


def _check_weights(path: Path) -> None:
    _check_file(path, f"the weights ({WEIGHTS})")
    if path.suffix.lower() != WEIGHTS:
        raise InputError(
            f"“{path.name}” is not a {WEIGHTS} file.",
            "Files of other forms (.pt, .pth, .ckpt, .bin) can run programs and are never read; save the network as "
            "safetensors, with its description (.json) beside it.",
        )


def _read_card(path: Path) -> tuple[bytes, dict[str, Any]]:
    """The card beside the weights, as it is and as values."""
    beside = path.with_suffix(".json")
    try:
        if not beside.exists() and not beside.is_symlink():
            raise InputError(
                f"“{beside.name}”, the description of “{path.name}”, is not beside it.",
                "Copy it there; “avsep train” writes both.",
            )
        _check_file(beside, "the description")
        with beside.open("rb") as file:
            text = file.read(_MOST_CARD_BYTES + 1)
    except OSError as error:
        raise cache.input_error(beside, error) from error
    if len(text) > _MOST_CARD_BYTES:
        raise InputError(f"“{beside.name}” is too long for the description of a model.", _BOTH)
    try:
        return text, parse_card(text, path.stem)
    except ModelError as error:
        raise InputError(f"“{beside.name}” is no description of a model.", _BOTH, details=str(error)) from error


def _check_card(path: Path, card: Mapping[str, Any]) -> ModelConfig:
    """What a card says must be what the shelf can show and the engine can use; gives the network's sizes."""
    architecture = card.get("architecture")
    if not isinstance(architecture, str) or architecture not in ARCHITECTURES:
        raise ModelError(
            f"“{path.name}” has the unknown architecture {str(architecture)[:40]!r}.",
            f"AVSep knows {', '.join(ARCHITECTURES)}; a newer version may know more.",
        )
    for key in ("title", "licence", "trained_on"):
        if not isinstance(card.get(key, ""), str) or len(card.get(key, "")) > _MOST_TEXT:
            raise _wrong(path, key, "a text")
    speed, curve, parameters = card.get("real_time_factor"), card.get("calibration", (0.5, 0.0)), card.get("parameters")
    if speed is not None and not (_is_number(speed) and speed > 0):
        raise _wrong(path, "real_time_factor", "a number above 0")
    if not isinstance(curve, list | tuple) or len(curve) != 2 or not all(map(_is_number, curve)):
        raise _wrong(path, "calibration", "two finite numbers")
    if parameters is not None and (type(parameters) is not int or not 0 <= parameters < 2**53):
        raise _wrong(path, "parameters", "a count")
    config = _check_config(path, ARCHITECTURES[architecture], card.get("config"))
    if any(sight(config)):
        raise UsageError(
            f"The network of “{path.name}” sees pictures of mouth and face; films are analysed as landmarks and face "
            "vectors.",
            'Only networks with lips = "landmarks" and face = "attributes" or "none" can be imported.',
        )
    return config


def _check_config(path: Path, kind: type[ModelConfig], values: object) -> ModelConfig:
    _check_form(path, "config", kind(), values)
    assert isinstance(values, dict)
    try:
        config = from_dict(kind, values)
    except (EngineError, ArithmeticError) as error:
        raise ModelError(f"The description of “{path.name}” is damaged.", _BOTH, details=str(error)) from error
    grid = config.stft
    if grid.sample_rate_hz != MODEL_RATE_HZ:
        raise ModelError(
            f"The network of “{path.name}” hears {grid.sample_rate_hz} Hz; AVSep gives its models {MODEL_RATE_HZ} Hz.",
            "Train it at that rate.",
        )
    hop = grid.hop_samples
    if not 0 < hop <= grid.window_samples <= grid.n_fft or config.video_per_audio * SAMPLES_PER_VIDEO_FRAME != hop:
        raise ModelError(
            f"The network of “{path.name}” counts pictures and sound in another way than AVSep.",
            f"Its hop must be video_per_audio times {SAMPLES_PER_VIDEO_FRAME} samples.",
        )
    if config.max_lag_frames > _MOST_LAG_FRAMES:
        raise _wrong(path, "config.max_lag_frames", f"at most {_MOST_LAG_FRAMES}")
    return config


def _check_form(path: Path, where: str, default: object, values: object) -> None:
    """Hold the values of a card to the types of a configuration's defaults, and to sizes that can be built."""
    if not isinstance(values, dict):
        raise _wrong(path, where, "a table")
    for field in fields(default):  # type: ignore[arg-type]
        if field.name not in values:
            continue
        ours, told, name = getattr(default, field.name), values[field.name], f"{where}.{field.name}"
        if isinstance(ours, StftConfig):
            _check_form(path, name, ours, told)
        elif isinstance(ours, tuple):
            if not isinstance(told, list) or len(told) > _MOST_SIZE or not all(map(_is_size, told)):
                raise _wrong(path, name, "a list of sizes")
        elif isinstance(ours, bool | str):
            if type(told) is not type(ours):
                raise _wrong(path, name, "a truth value" if isinstance(ours, bool) else "a text")
        elif isinstance(ours, float):
            if not _is_number(told):
                raise _wrong(path, name, "a finite number")
        elif field.name != "sample_rate_hz" and not _is_size(told):
            raise _wrong(path, name, f"a whole number from 0 to {_MOST_SIZE}")


def _is_size(value: object) -> bool:
    return type(value) is int and 0 <= value <= _MOST_SIZE


def _is_number(value: object) -> bool:
    return type(value) in (int, float) and abs(value) < 2**63 and math.isfinite(value)  # type: ignore[arg-type]


def _wrong(path: Path, key: str, wanted: str) -> ModelError:
    return ModelError(f"In the description of “{path.name}”, {key} is not {wanted}.", _BOTH)


def _read_shapes(path: Path) -> Shapes:
    """What the head of a safetensors file says that follows, which must be what follows."""
    damaged = InputError(f"“{path.name}” is not a whole safetensors file.", _BOTH)
    try:
        with path.open("rb") as file:
            size = path.stat().st_size
            length = int.from_bytes(file.read(8), "little")
            if not 0 < length <= min(_MOST_HEADER_BYTES, size - 8):
                raise damaged
            told = json.loads(file.read(length))
        told.pop("__metadata__", None)
        shapes = {name: tuple(int(edge) for edge in tensor["shape"]) for name, tensor in told.items()}
        end = max((int(tensor["data_offsets"][1]) for tensor in told.values()), default=0)
    except OSError as error:
        raise cache.input_error(path, error) from error
    except (ValueError, TypeError, LookupError, AttributeError, OverflowError, RecursionError) as error:
        raise damaged from error
    if 8 + length + end != size:
        raise damaged
    return shapes


def _check_shapes(path: Path, architecture: str, config: ModelConfig, shapes: Shapes) -> None:
    """Compare the weights with the network's form; it is built without memory for its numbers."""
    import torch

    from engine.models.networks import build_network

    try:
        with torch.device("meta"):
            state = build_network(architecture, config).state_dict()
    except Exception as error:  # sizes that do not go together fail in as many ways as there are layers
        raise ModelError(
            f"The network that the description of “{path.name}” names cannot be built.",
            _BOTH,
            details=f"{type(error).__name__}: {error}",
        ) from error
    wanted = {name: tuple(value.shape) for name, value in state.items()}
    missing, unknown = wanted.keys() - shapes.keys(), shapes.keys() - wanted.keys()
    other = {name for name in wanted.keys() & shapes.keys() if wanted[name] != shapes[name]}
    if missing or unknown or other:
        raise ModelError(
            f"The weights in “{path.name}” do not fit the network that its description names: {len(missing)} are "
            f"missing, {len(unknown)} are unknown, {len(other)} have another shape.",
            _BOTH,
            details="\n".join(repr(name)[:200] for name in sorted(missing | unknown | other)[:20]),
        )


def _try(name: str, weights: Path, config: ModelConfig) -> None:
    """Load the copy as a job would, and let it separate two seconds of noise."""
    import numpy as np

    from engine.separator import Separator

    separator = Separator.load(str(weights), "cpu")
    rng = np.random.default_rng(0)
    frames = _TRIAL_FRAMES + 2 * config.max_lag_frames
    sound = (0.1 * rng.standard_normal(_TRIAL_FRAMES * SAMPLES_PER_VIDEO_FRAME)).astype(np.float32)
    lips = rng.standard_normal((2, frames, 240)).astype(np.float32)
    try:
        out = separator.masks(sound, lips, np.ones((2, frames), np.float32), None)
        got, wanted = out.mask.shape, (2, config.stft.bins, len(sound) // config.stft.hop_samples)
        sane = got == wanted and all(np.isfinite(part).all() for part in (out.mask, out.match, out.quality))
    except (RuntimeError, ValueError, TypeError, LookupError, ArithmeticError) as error:
        raise ModelError(
            f"The network of the model {name} does not run.", _BOTH, details=f"{type(error).__name__}: {error}"
        ) from error
    if not sane:
        raise ModelError(f"The model {name} gives values that are not numbers, or too few.", "Train it again.")
