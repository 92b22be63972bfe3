"""What a frozen program does before anything else."""

from __future__ import annotations

import multiprocessing
import os
import re
import sys
from pathlib import Path

RUNTIME = "runtime"
"""Folder in the application's data where a user may put another build of PyTorch, such as one for CUDA."""


def begin() -> None:
    """Give programs that are started from here the user's own libraries, and become a worker if started as one."""
    if sys.platform.startswith("linux"):
        # The bootloader pointed the loader at the bundle, which has happened, and kept the value that it found.
        os.environ.pop("LD_LIBRARY_PATH", None)
        if (before := os.environ.get("LD_LIBRARY_PATH_ORIG")) is not None:
            os.environ["LD_LIBRARY_PATH"] = before
    from engine.resources import data_folder

    use_added_torch(data_folder() / RUNTIME, Path(getattr(sys, "_MEIPASS", "")))
    multiprocessing.freeze_support()


def use_added_torch(added: Path, bundle: Path) -> bool:
    """Let the build of PyTorch in a folder go before the bundle's own, if it is the same version for the same Python.

    Nothing is loaded here. A build for CUDA computes on the processor where there is no such card or driver.

    Args:
        added: where pip put it (`pip install --target`). bundle: the folder with the bundle's own.
    """
    wanted, there = torch_version(bundle), torch_version(added)
    fits = any((added / "torch").glob(f"_C.{sys.implementation.cache_tag}*"))
    if wanted is None or there != wanted or not fits:
        return False
    sys.path.insert(0, str(added))
    return True


def torch_version(folder: Path) -> str | None:
    """Version of the PyTorch in a folder, without what it is built for ("2.13.0"); None where there is none."""
    try:
        told = re.search(r"__version__ = '([\d.]+)", (folder / "torch" / "version.py").read_text(encoding="utf-8"))
    except OSError:
        return None
    return told[1] if told else None
