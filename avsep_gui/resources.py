"""Finds what ships beside the code: icons, styles, the sample."""

from __future__ import annotations

from pathlib import Path

from engine import resources

APPLICATION_ID = "io.github.avsep.AVSep"


def resource(*parts: str) -> Path:
    """Path of a shipped file; it may not exist."""
    return resources.resource("/".join(parts))


def recovery_folder() -> Path:
    """Where windows keep what was not saved, in the application's data (`$AVSEP_DATA_DIR`); it may not exist yet."""
    return resources.data_folder() / "recovery"


def sample_video() -> Path | None:
    """The video that comes with the app, or None where it was left out."""
    path = resource("sample", "two_talkers.mp4")
    return path if path.is_file() else None
