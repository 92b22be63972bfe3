"""Finds the files that ship with AVSep, for the engine and the window."""

from __future__ import annotations

import sys
from pathlib import Path

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
