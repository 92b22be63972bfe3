"""The model that the user chose as the default: one small file in the application's data folder."""

from __future__ import annotations

import json
from pathlib import Path

from engine import cache
from engine.resources import data_folder

_FILE = "default.json"
_MOST_BYTES = 4096


def chosen_model() -> str | None:
    """Name of the model that the user chose, whether or not it is there; None: ours, also if the file is damaged."""
    try:
        with _path().open("rb") as file:
            told = json.loads(file.read(_MOST_BYTES))
        name = told["model"]
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None
    return name if isinstance(name, str) and name else None


def choose_model(name: str | None) -> None:
    """Keep a choice; None goes back to ours.

    Raises:
        OutputError: the data folder cannot be written.
    """
    path = _path()
    try:
        if name is None:
            path.unlink(missing_ok=True)
            return
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cache.output_error(path, error) from error
    with cache.write_then_rename(path) as part:
        part.write_text(json.dumps({"model": name}) + "\n", encoding="utf-8")


def _path() -> Path:
    return data_folder() / _FILE
