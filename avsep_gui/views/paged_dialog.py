"""PagedDialog: a list of pages, the chosen one beside it, and a foot of buttons."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QDialog, QHBoxLayout, QListWidget, QStackedWidget, QVBoxLayout, QWidget

from avsep_gui.views.preferences_parts import titled


class PagedDialog(QDialog):
    """What the preferences and About look like; the pages come first, so that Tab comes to the foot last."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        outer = QHBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        self.pages = QListWidget()
        self.pages.setObjectName("pages")
        self.pages.setAccessibleName(QCoreApplication.translate("PagedDialog", "Pages"))
        self.pages.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        outer.addWidget(self.pages)
        self._right = QVBoxLayout()
        self._right.setContentsMargins(24, 24, 24, 16)
        self._right.setSpacing(16)
        self._stack = QStackedWidget()
        self._right.addWidget(self._stack, 1)
        outer.addLayout(self._right, 1)

    def fill(self, pages: Iterable[tuple[str, QWidget, bool]], foot: QHBoxLayout) -> None:
        """Put in the pages (name, what is on it, whether it scrolls) and the foot, and show the first page."""
        for name, page, scrolls in pages:
            self.pages.addItem(name)
            self._stack.addWidget(titled(name, page, scrolls=scrolls))
        self._right.addLayout(foot)
        self.pages.currentRowChanged.connect(self._stack.setCurrentIndex)
        self.pages.setCurrentRow(0)
