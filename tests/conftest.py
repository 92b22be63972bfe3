"""What every test runs under: a cache of its own, and one thread for the numbers."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

# More threads than free cores make small tensors a hundred times slower.
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session", autouse=True)
def cache_in_temporary_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("cache")
    before = os.environ.get("AVSEP_CACHE_DIR")
    os.environ["AVSEP_CACHE_DIR"] = str(folder)
    yield folder
    if before is None:
        del os.environ["AVSEP_CACHE_DIR"]
    else:
        os.environ["AVSEP_CACHE_DIR"] = before


@pytest.fixture(autouse=True)
def one_torch_thread() -> None:
    """Torch is not imported here: tests that do without it stay quick."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.get_num_threads() != 1:
        torch.set_num_threads(1)
