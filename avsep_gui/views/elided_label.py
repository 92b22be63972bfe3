"""ElidedLabel: a line of text that is cut with dots where there is no room, and told whole by tooltip and name."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

LEAST_PX = 40


class ElidedLabel(QLabel):
    """One line, as wide as there is room for.

    Args:
        mode: where the dots stand.
    """

    def __init__(
        self,
        text: str = "",
        parent: QWidget | None = None,
        *,
        mode: Qt.TextElideMode = Qt.TextElideMode.ElideRight,
    ) -> None:
        super().__init__(text, parent)
        self._mode = mode
        self._shorter = ""
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def show_text(self, text: str, shorter: str) -> None:
        """Say something else; `shorter` is said where there is no room for it, before anything is cut."""
        self._shorter = shorter
        self.setText(text)

    def minimumSizeHint(self) -> QSize:
        """A few letters."""
        return QSize(LEAST_PX, super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """The text, with dots where it is too long."""
        room, metrics = self.contentsRect(), self.fontMetrics()
        fits = not self._shorter or metrics.horizontalAdvance(self.text()) <= room.width()
        shown = metrics.elidedText(self.text() if fits else self._shorter, self._mode, room.width())
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        painter.drawText(room, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)
