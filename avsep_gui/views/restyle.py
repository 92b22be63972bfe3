"""Looks that depend on a state: a property of the widget that the style sheet knows.

No widget gets a style sheet of its own, so that all looks are in one place and follow the theme.
"""

from __future__ import annotations

from typing import Literal

from PySide6.QtWidgets import QLabel, QWidget

Tone = Literal["", "muted", "good", "warning", "danger"]


def restyle(widget: QWidget, name: str, value: object) -> None:
    """Set a property that the style sheet asks for, and let it count."""
    if widget.property(name) != value:
        widget.setProperty(name, value)
        widget.style().unpolish(widget)
        widget.style().polish(widget)


def set_tone(label: QLabel, tone: Tone) -> None:
    """Colour a text by what it means; "" is that of ordinary text."""
    restyle(label, "tone", tone)
