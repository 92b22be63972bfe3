"""All checks of the suite, in the order of the table."""

from __future__ import annotations

from collections.abc import Callable

from tests.guarantees.delivery import any_format
from tests.guarantees.determinism import same_bytes
from tests.guarantees.faults import killed_batches, killed_separations
from tests.guarantees.finding import Finding, Scope
from tests.guarantees.hostile import hostile_files
from tests.guarantees.keepsakes import rich_films
from tests.guarantees.long_files import long_films
from tests.guarantees.loudness import asked_loudness
from tests.guarantees.matrix import every_input
from tests.guarantees.messages import error_codes, error_table
from tests.guarantees.places import difficult_places
from tests.guarantees.projects import hostile_documents, no_shell
from tests.guarantees.troubles import damaged_caches, full_disks, lost_places

Check = Callable[[Scope], list[Finding]]

CHECKS: tuple[Check, ...] = (
    every_input,
    any_format,
    rich_films,
    asked_loudness,
    difficult_places,
    same_bytes,
    killed_separations,
    killed_batches,
    full_disks,
    lost_places,
    damaged_caches,
    hostile_files,
    hostile_documents,
    no_shell,
    error_codes,
    error_table,
    long_films,
)
