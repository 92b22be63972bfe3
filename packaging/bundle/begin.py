"""What a frozen program does before anything else."""

from __future__ import annotations

import multiprocessing
import os
import sys


def begin() -> None:
    """Give programs that are started from here the user's own libraries, and become a worker if started as one."""
    if sys.platform.startswith("linux"):
        # The bootloader pointed the loader at the bundle, which has happened, and kept the value that it found.
        os.environ.pop("LD_LIBRARY_PATH", None)
        if (before := os.environ.get("LD_LIBRARY_PATH_ORIG")) is not None:
            os.environ["LD_LIBRARY_PATH"] = before
    multiprocessing.freeze_support()
