"""Finds the files that a guest's own Python runs: they are read by another interpreter, so they must be plain files."""

from __future__ import annotations

import sys
from pathlib import Path

_BESIDE = Path(__file__).absolute().parent


def guest_file(name: str) -> Path:
    """Path of such a file, for instance "side.py" or "programs/av_mossformer2.py"; it may be missing.

    Looked for where a frozen bundle unpacks itself, in its folder engine/guests, and beside this module (a checkout, an
    installed wheel).
    """
    roots = [_BESIDE]
    if bundle := getattr(sys, "_MEIPASS", None):
        roots.insert(0, Path(bundle) / "engine" / "guests")
    return next((root / name for root in roots if (root / name).is_file()), roots[0] / name)
