"""Finds the files that ship with AVSep: beside the packages in a checkout, inside the engine in an installed wheel."""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).resolve().parent


def resource(name: str) -> Path:
    """Path of a shipped file, for instance "models/caffnet_c.safetensors"; it may be missing."""
    for root in (_HERE.parent / "resources", _HERE / "_resources"):
        if (root / name).exists():
            return root / name
    return _HERE.parent / "resources" / name
