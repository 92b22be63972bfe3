"""In place of setuptools' module of this name: all that face_recognition_models asks of it."""

from __future__ import annotations

import importlib.util
from pathlib import Path


def resource_filename(package: str, name: str) -> str:
    """Path of a file that ships in a package."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(package)
    return str(Path(spec.origin).parent / name)
