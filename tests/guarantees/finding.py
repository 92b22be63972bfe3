"""What a check of a guarantee gives: how many cases, how many held, the worst figure, and what did not hold."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Scope:
    """How much to try, and where.

    Attributes:
        folder: an empty folder for this check alone.
        short: a sample of the cases that takes seconds, for every change; otherwise all of them.
        seed: what random choices start from.
    """

    folder: Path
    short: bool = False
    seed: int = 1


@dataclass
class Finding:
    """One row of the table.

    Attributes:
        guarantee: what is promised, in a user's words.
        cases: how many were tried.
        worst: the worst figure that was measured, with its unit; empty where there is none.
        broken: one line per case that did not hold: which, and what happened.
        headline: what `worst`, or how many are broken, is called at the top of the table; empty for most rows.
    """

    guarantee: str
    cases: int = 0
    worst: str = ""
    broken: list[str] = field(default_factory=list)
    headline: str = ""

    @property
    def passed(self) -> int:
        """How many cases held."""
        return self.cases - len(self.broken)

    def case(self, name: str, complaint: str | None) -> None:
        """Count a case.

        Args:
            name: which case.
            complaint: what was wrong with it; None or empty when it held.
        """
        self.cases += 1
        if complaint:
            self.broken.append(f"{name}: {complaint}")
