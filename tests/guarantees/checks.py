"""All checks of the suite, in the order of the table."""

from __future__ import annotations

from collections.abc import Callable

from tests.guarantees.finding import Finding, Scope
from tests.guarantees.long_files import long_films
from tests.guarantees.matrix import every_input

Check = Callable[[Scope], list[Finding]]

CHECKS: tuple[Check, ...] = (
    every_input,
    long_films,
)
