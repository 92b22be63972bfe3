"""Finds the files that ship with AVSep, for the engine and the window, and the folder for what is added to it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import platformdirs

DATA_DIR_VARIABLE = "AVSEP_DATA_DIR"
_HERE = Path(__file__).resolve().parent


def resource(name: str) -> Path:
    """Path of a shipped file, for instance "models/compact.safetensors"; it may be missing.

    Looked for beside the packages (a checkout), inside the engine (an installed wheel), and where a frozen bundle
    unpacks itself.
    """
    roots = [_HERE.parent / "resources", _HERE / "_resources"]
    if bundle := getattr(sys, "_MEIPASS", None):
        roots.insert(0, Path(bundle) / "resources")
    for root in roots:
        if (root / name).exists():
            return root / name
    return roots[0] / name


def data_folder() -> Path:
    """The application's data: `$AVSEP_DATA_DIR`, or the user's data folder. It may not exist yet."""
    chosen = os.environ.get(DATA_DIR_VARIABLE)
    return Path(chosen).absolute() if chosen else Path(platformdirs.user_data_dir("avsep", appauthor=False))
