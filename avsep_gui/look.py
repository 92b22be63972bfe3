"""Look: the theme in use, shared by all views, with icons in its colours."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QColor, QIcon
from PySide6.QtWidgets import QApplication

from avsep_gui.icons import icon
from avsep_gui.theme import DARK, THEMES, Theme, apply_theme


class Look(QObject):
    """The theme in use.

    Signals:
        changed(): another theme; views recolour what the style sheet does not reach.
    """

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.theme: Theme = DARK

    def use(self, name: str) -> None:
        """Switch the whole application to a theme, "dark" or "light"."""
        self.theme = THEMES.get(name, DARK)
        app = QApplication.instance()
        if isinstance(app, QApplication):
            apply_theme(app, self.theme)
        self.changed.emit()

    def icon(self, name: str, *, primary: bool = False) -> QIcon:
        """An icon for ordinary controls, or for the primary button."""
        return icon(name, self.theme.on_focus if primary else self.theme.text, self.theme.edge)

    def person(self, person_id: int) -> QColor:
        """A person's colour on panels and lanes."""
        return QColor(self.theme.person(person_id))
