"""Networks that the user brought: where they are, whether they are as they were, and their end.

Each has a folder, `models/NAME` of the application's data, that appears whole (`engine.importing`): NAME.safetensors,
its card NAME.json, and `imported.json`, the record by which both are checked from then on.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from engine import cache
from engine.checkpoint import file_sha256, parse_card
from engine.discard import discard
from engine.errors import ModelError, UsageError
from engine.resources import data_folder

WEIGHTS = ".safetensors"
_RECORD = "imported.json"
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_DEVICE = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?")  # no file can have such a name on Windows
_LEFT_S = 3600.0  # a draft of that age is nobody's any more


@dataclass(frozen=True)
class ImportRecord:
    """What was imported.

    Attributes:
        card_sha256: of the card's text; its own "sha256" is that of the weights.
        size_bytes, mtime_ns: of the weights, which saves reading all of them before they are listed. date: ISO 8601.
    """

    card_sha256: str
    size_bytes: int
    mtime_ns: int
    date: str


@dataclass(frozen=True)
class ImportedModel:
    """An imported model as it is on the disk: unchanged, as far as its card, size and time tell."""

    name: str
    card: dict[str, Any]
    size_bytes: int


def check_name(name: str) -> None:
    """Make sure that a model may be called so: the name is a folder's on every system, and never a path.

    Raises:
        UsageError: it may not.
    """
    if not _NAME.fullmatch(name) or name.endswith((".", WEIGHTS)) or _DEVICE.fullmatch(name):
        raise UsageError(
            f"{name[:80]!r} is not a possible name for a model.",
            "Use up to 64 of a-z, 0-9, “-”, “_” and “.”; a letter or a digit comes first, and no dot last.",
        )


def folder_of(name: str) -> Path:
    """Where an imported model is, whether or not it is there."""
    return _models() / name


def weights_of(name: str) -> Path:
    """Its weights; the card is beside them."""
    return folder_of(name) / f"{name}{WEIGHTS}"


def imported_names() -> tuple[str, ...]:
    """All that were imported, also the damaged ones."""
    try:
        found = [path.name for path in _models().iterdir() if path.is_dir() and not path.is_symlink()]
    except OSError:
        return ()
    return tuple(sorted(name for name in found if _is_name(name)))


def read_imported(name: str) -> ImportedModel:
    """An imported model, checked against its record; the weights are read only where their time has changed.

    Raises:
        ModelError: files of it are missing or have changed.
    """
    weights = weights_of(name)
    try:
        record = ImportRecord(**json.loads((folder_of(name) / _RECORD).read_bytes()))
        text = weights.with_suffix(".json").read_bytes()
        status = weights.stat()
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise _damaged(name, "is not complete", str(error)) from error
    if hashlib.sha256(text).hexdigest() != record.card_sha256:
        raise _damaged(name, "has another description than when it was imported")
    card = parse_card(text, name)
    size = status.st_size
    if size != record.size_bytes:
        raise _damaged(name, f"has changed since it was imported: its weights have {size} bytes")
    if status.st_mtime_ns != record.mtime_ns and _digest(weights, status.st_mtime_ns, size) != card["sha256"]:
        raise _damaged(name, "has changed since it was imported: the SHA-256 of its weights is another one")
    return ImportedModel(name, card, size)


@contextmanager
def draft_of(name: str) -> Iterator[Path]:
    """A folder for the files of a new model, which becomes that model where the block ends well, and else goes.

    Yields:
        Where its weights are to be put, the card beside them (`keep_record` comes last).

    Raises:
        UsageError: a model of that name has come in between. OutputError: the folder cannot be made or renamed.
    """
    _drop_leftovers()
    draft = _models() / f"{cache.TEMP_PREFIX}{secrets.token_hex(6)}"
    inner = draft / name  # so that whatever names the model by its folder names it rightly
    try:
        try:
            inner.mkdir(parents=True)
        except OSError as error:
            raise cache.output_error(draft, error) from error
        yield inner / f"{name}{WEIGHTS}"
        try:
            inner.rename(folder_of(name))
        except OSError as error:
            if folder_of(name).exists():
                raise UsageError(f"There is a model called {name} already.", "Give another name.") from error
            raise cache.output_error(folder_of(name), error) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
        with suppress(OSError):
            _models().rmdir()  # where it is empty


def keep_record(weights: Path) -> None:
    """Write the record of a model whose weights and card are complete.

    Raises:
        OutputError: it cannot be written.
    """
    try:
        status = weights.stat()
        text = weights.with_suffix(".json").read_bytes()
    except OSError as error:
        raise cache.output_error(weights, error) from error
    date = datetime.now(UTC).isoformat(timespec="seconds")
    record = ImportRecord(hashlib.sha256(text).hexdigest(), status.st_size, status.st_mtime_ns, date)
    with cache.write_then_rename(weights.with_name(_RECORD)) as part:
        part.write_text(json.dumps(asdict(record), indent=2) + "\n", encoding="utf-8")


def remove_imported(name: str) -> None:
    """Delete an imported model; it is not listed any more before the first file goes.

    Raises:
        ModelError: it is not there. OutputError: it cannot be deleted.
    """
    _drop_leftovers()
    if not discard(folder_of(name), f"The model {name}"):
        raise ModelError(f"The model {name} is not installed.", "There is nothing to remove.")
    with suppress(OSError):
        _models().rmdir()  # where it is empty


def _models() -> Path:
    return data_folder() / "models"


def _is_name(name: str) -> bool:
    try:
        check_name(name)
    except UsageError:
        return False
    return True


def _damaged(name: str, what: str, details: str = "") -> ModelError:
    return ModelError(
        f"The model {name} {what}.",
        f"Remove it (“avsep models remove {name}”) and import it again.",
        details=details,
    )


@lru_cache(maxsize=64)
def _digest(path: Path, mtime_ns: int, size_bytes: int) -> str:
    """SHA-256 of a file, read once per content."""
    try:
        return file_sha256(path)
    except OSError:
        return ""


def _drop_leftovers() -> None:
    """Delete what processes that were killed have left."""
    with suppress(OSError):
        for path in _models().glob(f"{cache.TEMP_PREFIX}*"):
            if time.time() - path.stat().st_mtime > _LEFT_S:
                shutil.rmtree(path, ignore_errors=True)
