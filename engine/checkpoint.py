"""Weights on disk: tensors (safetensors) and a JSON file beside them; nothing in them is ever executed.

Cards are read without torch, so that listing models stays quick.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.cache import write_then_rename
from engine.errors import ModelError

if TYPE_CHECKING:
    from torch import nn


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def save_weights(path: Path, model: nn.Module, card: dict[str, Any], *, half: bool = False) -> str:
    """Write `path` (.safetensors) and `path` with .json: the card, with the weights' hash in "sha256".

    Args:
        card: what the reader must know: "config" (to build the model), licence, training data, results.
        half: store in half precision.

    Returns:
        The SHA-256 of the weights file.
    """
    from safetensors.torch import save_file

    tensors = {
        name: (value.half() if half and value.is_floating_point() else value).contiguous().cpu()
        for name, value in model.state_dict().items()
    }
    with write_then_rename(path) as part:
        save_file(tensors, part)
    digest = file_sha256(path)
    with write_then_rename(path.with_suffix(".json")) as part:
        part.write_text(json.dumps({**card, "sha256": digest}, indent=2) + "\n", encoding="utf-8")
    return digest


def read_card(path: Path) -> dict[str, Any]:
    """The JSON beside a weights file.

    Raises:
        ModelError: it is missing or damaged.
    """
    try:
        text = path.with_suffix(".json").read_bytes()
    except OSError as error:
        raise ModelError(f"The description of the model {path.stem} cannot be read.", "Install it again.") from error
    return parse_card(text, path.stem)


def parse_card(text: bytes, name: str) -> dict[str, Any]:
    """The content of the JSON beside the weights of a model.

    Raises:
        ModelError: it is no JSON, no object, or does not name the weights' hash.
    """
    try:
        card = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ModelError(
            f"The description of the model {name} is damaged: it is no JSON.", "Install it again.", details=str(error)
        ) from error
    if not isinstance(card, dict) or not isinstance(card.get("sha256"), str):
        raise ModelError(f"The description of the model {name} is damaged.", "Install it again.")
    return card


def load_weights(path: Path, model: nn.Module, sha256: str) -> None:
    """Fill a model, every key exactly once.

    Raises:
        ModelError: the file is missing, its hash differs, it is not a safetensors file, or keys do not fit.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    if not path.is_file():
        raise ModelError(f"The weights file {path.name} is missing.", "Install the model again.")
    found = file_sha256(path)
    if found != sha256:
        raise ModelError(
            f"The weights file {path.name} is damaged: its SHA-256 is {found[:12]}…, not {sha256[:12]}….",
            "Install the model again.",
        )
    try:
        tensors = {
            name: value.float() if value.is_floating_point() else value for name, value in load_file(path).items()
        }
        model.load_state_dict(tensors, strict=True)
    except (SafetensorError, RuntimeError, OSError) as error:
        raise ModelError(
            f"The weights in {path.name} do not fit.", "Install the model again.", details=str(error)
        ) from error


def count_parameters(model: nn.Module) -> int:
    """Trainable numbers in a model."""
    return sum(p.numel() for p in model.parameters())


def exponential_average(average: nn.Module, model: nn.Module, decay: float) -> None:
    """average = decay * average + (1 - decay) * model, in place; buffers are copied."""
    import torch

    with torch.no_grad():
        for kept, new in zip(average.parameters(), model.parameters(), strict=True):
            kept.lerp_(new, 1.0 - decay)
        for held, now in zip(average.buffers(), model.buffers(), strict=True):
            held.copy_(now)
