"""Remark: a sentence for the user and how much it weighs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Gravity = Literal["good", "muted", "warning", "danger"]


@dataclass(frozen=True)
class Remark:
    """One sentence; with `danger`, what it is about cannot begin or has failed."""

    gravity: Gravity
    text: str
