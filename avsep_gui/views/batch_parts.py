"""Parts that the batch window and its pages share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QPushButton

from avsep_gui.state.batch_queue import BatchQueue


def button(words: str, slot: Callable[[], object]) -> QPushButton:
    """A button that Enter presses only where it has the keyboard."""
    made = QPushButton(words)
    made.setAutoDefault(False)
    made.clicked.connect(lambda: slot())
    return made


def folder_beside(queue: BatchQueue) -> str:
    """Where a question for a file or a folder begins: beside the last file of the batch."""
    items = queue.batch.items
    return str(items[-1].input.parent if items else Path.home())
