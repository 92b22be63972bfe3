"""What every test runs under: a cache and a data folder of its own, and one thread for the numbers."""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

# More threads than free cores make small tensors a hundred times slower.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# The default that the user chose, and their models, are none of the tests' business. Here and not in a fixture, since
# tests/conformance asks which models there are while tests are collected. Who names a folder means its models.
if "AVSEP_DATA_DIR" not in os.environ:
    os.environ["AVSEP_DATA_DIR"] = tempfile.mkdtemp(prefix="avsep-tests-")
    atexit.register(shutil.rmtree, os.environ["AVSEP_DATA_DIR"], ignore_errors=True)


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
