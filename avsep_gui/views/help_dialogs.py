"""Help: the keys."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from avsep_gui.actions import ACTIONS, translated
from avsep_gui.keymap import Keymap, plain
from avsep_gui.views.tall_area import TallArea

SIZE_PX = (960, 640)
FIXED = "fixed"  # in place of a menu: keys that are no actions
COLUMNS = (("File", "Edit", FIXED), ("View", "People", "Help"), ("Play",))
Rows = list[tuple[str, str]]


class KeysDialog(QDialog):
    """Every action that has a key, menu by menu, all at one glance where the screen is large enough."""

    def __init__(self, keymap: Keymap, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._keymap = keymap
        self.setWindowTitle(self.tr("Keys"))
        outer = QVBoxLayout(self)
        outer.setContentsMargins(24, 24, 24, 24)
        outer.setSpacing(16)
        title = QLabel(self.tr("Keys"))
        title.setObjectName("title")
        outer.addWidget(title)
        page = QWidget()
        columns = QHBoxLayout(page)
        columns.setContentsMargins(0, 0, 8, 0)
        columns.setSpacing(32)
        for menus in COLUMNS:
            columns.addLayout(self._column(menus), 1)
        outer.addWidget(TallArea(page), 1)
        close = QPushButton(self.tr("Close"))
        close.clicked.connect(self.accept)
        outer.addWidget(close, 0, Qt.AlignmentFlag.AlignRight)
        room = self.screen().availableGeometry()
        self.resize(min(SIZE_PX[0], room.width()), min(SIZE_PX[1], round(0.9 * room.height())))

    def _column(self, menus: tuple[str, ...]) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(4)
        grid.setColumnStretch(1, 1)
        for menu in menus:
            rows = self._fixed() if menu == FIXED else self._of_menu(menu)
            title = QLabel(self.tr("On the picture and the time line") if menu == FIXED else translated(menu))
            title.setObjectName("strong")
            title.setContentsMargins(0, 16 if grid.rowCount() > 1 else 0, 0, 4)
            grid.addWidget(title, grid.rowCount(), 0, 1, 2)
            for keys, words in rows:
                number = grid.rowCount()
                label, text = QLabel(keys), QLabel(words)
                label.setProperty("muted", True)
                text.setWordWrap(True)
                grid.addWidget(label, number, 0, Qt.AlignmentFlag.AlignTop)
                grid.addWidget(text, number, 1, Qt.AlignmentFlag.AlignTop)
        grid.setRowStretch(grid.rowCount(), 1)
        return grid

    def _of_menu(self, menu: str) -> Rows:
        keymap = self._keymap
        specs = [spec for spec in ACTIONS if spec.menu == menu and keymap.keys(spec.id)]
        return [(", ".join(keymap.names(spec.id)), plain(spec)) for spec in specs]

    def _fixed(self) -> Rows:
        return [
            ("1 … 9", self.tr("Pick person 1 … 9")),
            (self.tr("Tab, arrows"), self.tr("Go from face to face")),
            (self.tr("Enter"), self.tr("Pick that face")),
            (self.tr("Wheel"), self.tr("Zoom the time line; with Shift: move it")),
            (self.tr("Shift+drag"), self.tr("Select a stretch of time")),
            (self.tr("Up, Down"), self.tr("Read out a higher or lower frequency")),
        ]
