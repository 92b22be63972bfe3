"""Announcements: words that a screen reader says of itself when something happened."""

from __future__ import annotations

from PySide6 import QtGui
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QWidget


def announce(widget: QWidget, text: str, *, urgent: bool = False) -> None:
    """Let a screen reader say this; nothing happens where none listens, or before Qt 6.8.

    Args:
        widget: where it happened.
        urgent: at once, in place of what is being said.
    """
    make = getattr(QtGui, "QAccessibleAnnouncementEvent", None)
    if make is None or not text or not QAccessible.isActive():
        return
    event = make(widget, text)
    politeness = QAccessible.AnnouncementPoliteness
    event.setPoliteness(politeness.Assertive if urgent else politeness.Polite)
    QAccessible.updateAccessibility(event)
