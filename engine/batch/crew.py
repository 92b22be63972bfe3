"""Who does the files of a queue: processes of this computer, or the workers of a cluster. To a run they look alike."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from engine.batch.item import BatchItem, BatchOutcome, Existing
from engine.errors import EngineError
from engine.jobs import Progress

Answer = Progress | BatchOutcome | EngineError | None
"""What is heard of a file: how far it is, and at last the outcome, why it failed, or None where it was stopped."""


@dataclass(frozen=True)
class Task:
    """One file to be done."""

    folder: Path
    item: BatchItem
    existing: Existing


class Crew(Protocol):
    """Takes files and tells what becomes of each; every file that was given ends with one last answer."""

    def room(self) -> int:
        """How many more files it can be given now."""

    def give(self, task: Task) -> None:
        """Let it do a file."""

    def hear(self, wait_s: float) -> list[tuple[BatchItem, Answer]]:
        """What came in, after at most `wait_s` seconds."""

    def busy(self) -> bool:
        """Whether it has a file that did not end."""

    def stop(self) -> None:
        """Ask it to let everything come to a safe point."""

    def close(self) -> None:
        """End everything now."""


def died(item: BatchItem, details: str) -> EngineError:
    """The error of a file whose process ended without an answer."""
    return EngineError(
        f"The process that worked on “{item.input.name}” ended unexpectedly.",
        "Try it again with --retry; if memory was short, with fewer workers.",
        details=details,
    )
