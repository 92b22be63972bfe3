"""Loads scripts that are no package, such as those of `packaging`."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

PACKAGING = Path(__file__).parents[2] / "packaging"


@contextmanager
def packaging_script(name: str) -> Iterator[ModuleType]:
    """A script below `packaging` as a module, which finds those beside it; everything is as before afterwards."""
    path = PACKAGING / name
    spec = importlib.util.spec_from_file_location(f"of_packaging_{path.stem}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    path_before = list(sys.path)
    sys.modules[spec.name] = module  # dataclasses look their module up
    sys.path.insert(0, str(path.parent))
    try:
        spec.loader.exec_module(module)
        yield module
    finally:
        del sys.modules[spec.name]
        sys.path[:] = path_before
