"""How a widget leaves the window.

No code of the window asks a layout for its items (`QLayout.itemAt`): Python's object for an item stays behind with the
layout when Qt deletes the item. What Qt later makes at the same place in memory is then taken for it, and the window
ends in a segmentation fault, long after and elsewhere. Who shows widgets in turn keeps a list of them.
"""

from __future__ import annotations

from PySide6.QtWidgets import QWidget


def remove_widget(widget: QWidget) -> None:
    """Take a widget out of the window, its layout included, now; it is deleted after the event under way."""
    widget.hide()
    widget.setParent(None)
    widget.deleteLater()
