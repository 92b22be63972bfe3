"""TallArea: a page that scrolls up and down where the screen is too low for it, and is never cut off at the side."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

LEAST_HEIGHT_PX = 160


class TallArea(QScrollArea):
    """Holds one page, as wide as that needs."""

    def __init__(self, page: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setWidget(page)

    def minimumSizeHint(self) -> QSize:
        """The page's width with the scroll bar's, and a little height."""
        page = self.widget()
        bar = self.verticalScrollBar().sizeHint().width()
        return QSize((page.minimumSizeHint().width() if page is not None else 0) + bar, LEAST_HEIGHT_PX)

    def sizeHint(self) -> QSize:
        """All of the page."""
        page = self.widget()
        return page.sizeHint() if page is not None else super().sizeHint()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Pass on that the page needs another size."""
        if event.type() == QEvent.Type.LayoutRequest and watched is self.widget():
            self.updateGeometry()
        return super().eventFilter(watched, event)
