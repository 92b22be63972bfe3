"""Finds what ships beside the code: icons, styles, the sample; in the source tree and in a bundle."""

from __future__ import annotations

import sys
from pathlib import Path

APPLICATION_ID = "io.github.avsep.AVSep"


def resource(*parts: str) -> Path:
    """Path of a shipped file; it may not exist."""
    bundle = getattr(sys, "_MEIPASS", None)
    root = Path(bundle) if bundle else Path(__file__).resolve().parent.parent
    return root.joinpath("resources", *parts)


def sample_video() -> Path | None:
    """The video that comes with the app, or None where it was left out."""
    path = resource("sample", "two_talkers.mp4")
    return path if path.is_file() else None
