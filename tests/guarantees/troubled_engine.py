"""An engine for a worker process in which the troubles happen that no file and no option leads to."""

from __future__ import annotations

import numpy as np

from engine.errors import EngineError


def failed() -> None:
    """Fail for a reason that has no class of its own."""
    raise EngineError("It went wrong.", "Do it otherwise.")


def memory() -> None:
    """Ask for more memory than any process is given."""
    np.ones(2**58)


def unexpected() -> None:
    """Fail as a bug does."""
    raise ZeroDivisionError("surprise")
