"""In place of the package that carries the program ffmpeg (165 MB, GPL): moviepy asks where it is, no more."""

from __future__ import annotations


def get_ffmpeg_exe() -> str:
    """Path of the program; there is none in the bundle."""
    return "unset"
