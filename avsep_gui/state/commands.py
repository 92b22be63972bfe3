"""The undo stack's one kind of command: a value before, a value after, and how to set it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from PySide6.QtGui import QUndoCommand

Value = TypeVar("Value")


class Change(QUndoCommand, Generic[Value]):
    """Sets a value, and sets it back.

    Args:
        words: what it does, for the Edit menu.
        apply: sets the value.
    """

    def __init__(self, words: str, apply: Callable[[Value], None], before: Value, after: Value) -> None:
        super().__init__(words)
        self._apply = apply
        self._before = before
        self._after = after

    def redo(self) -> None:
        """Set the value."""
        self._apply(self._after)

    def undo(self) -> None:
        """Set it back."""
        self._apply(self._before)
