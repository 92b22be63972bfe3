"""SignedLines: sentences below each other, each with the sign of what it means."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from avsep_gui.icons import pixmap
from avsep_gui.look import Look
from avsep_gui.remark import Gravity, Remark
from avsep_gui.views.restyle import set_tone

ICONS: dict[Gravity, str] = {"good": "check", "muted": "info", "warning": "warning", "danger": "error"}
ICON_PX = 16


class SignedLines(QWidget):
    """Shows `Remark`s.

    Args:
        least_lines: room for so many is kept, so that nothing else moves when one comes or goes.
        coloured: whether the words are in the colour of their sign too.
    """

    def __init__(
        self, look: Look, parent: QWidget | None = None, *, least_lines: int = 0, coloured: bool = True
    ) -> None:
        super().__init__(parent)
        self._look = look
        self._least_lines = least_lines
        self._coloured = coloured
        self._remarks: tuple[Remark, ...] = ()
        self._lines: list[tuple[QLabel, QLabel]] = []
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(6)
        self._grid.setColumnStretch(1, 1)
        look.changed.connect(self._draw)

    def show_remarks(self, remarks: tuple[Remark, ...]) -> None:
        """Show these instead of the ones before."""
        self._remarks = remarks
        while len(self._lines) < len(remarks):
            self._add_line()
        self._draw()

    @property
    def remarks(self) -> tuple[Remark, ...]:
        """What is shown."""
        return self._remarks

    @property
    def text(self) -> str:
        """All that is shown, a line each."""
        return "\n".join(remark.text for remark in self._remarks)

    def _add_line(self) -> None:
        icon, line = QLabel(), QLabel()
        line.setWordWrap(True)
        line.setTextFormat(Qt.TextFormat.PlainText)
        row = len(self._lines)
        self._grid.setRowStretch(row, 0)
        self._grid.addWidget(icon, row, 0, Qt.AlignmentFlag.AlignTop)
        self._grid.addWidget(line, row, 1, Qt.AlignmentFlag.AlignTop)
        self._grid.setRowStretch(row + 1, 1)
        self._lines.append((icon, line))

    def _draw(self) -> None:
        theme = self._look.theme
        colours = {"good": theme.good, "muted": theme.muted, "warning": theme.warning, "danger": theme.danger}
        px = self._look.px(ICON_PX)
        for row, (icon, line) in enumerate(self._lines):
            remark = self._remarks[row] if row < len(self._remarks) else None
            icon.setVisible(remark is not None)
            line.setVisible(remark is not None)
            if remark is not None:
                icon.setPixmap(pixmap(ICONS[remark.gravity], colours[remark.gravity], px, self.devicePixelRatioF()))
                line.setText(remark.text)
                set_tone(line, remark.gravity if self._coloured or remark.gravity == "muted" else "")
        self.setAccessibleDescription(self.text)
        self.setMinimumHeight(self._least_lines * (self._look.px(ICON_PX) + self._grid.verticalSpacing() + 2))
