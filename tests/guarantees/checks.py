"""All checks of the suite, in the order of the table."""

from __future__ import annotations

from collections.abc import Callable

from tests.guarantees.finding import Finding, Scope

Check = Callable[[Scope], list[Finding]]

CHECKS: tuple[Check, ...] = ()
