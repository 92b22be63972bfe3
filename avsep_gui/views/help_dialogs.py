"""Help: the keys."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QGridLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from avsep_gui.actions import ACTIONS
from avsep_gui.keymap import Keymap, plain


class KeysDialog(QDialog):
    """Every action that has a key."""

    def __init__(self, keymap: Keymap, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Keys"))
        self.resize(520, 640)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(24, 24, 24, 24)
        outer.setSpacing(16)
        title = QLabel(self.tr("Keys"))
        title.setObjectName("title")
        outer.addWidget(title)
        holder = QWidget()
        grid = QGridLayout(holder)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(24)
        grid.setVerticalSpacing(6)
        rows = [(", ".join(keymap.names(spec.id)), plain(spec)) for spec in ACTIONS if keymap.keys(spec.id)]
        rows += [
            ("1 … 9", self.tr("Pick person 1 … 9")),
            (self.tr("Tab, arrows, Enter"), self.tr("On a face: go to the next one, pick it")),
            (self.tr("Wheel"), self.tr("On the time line: zoom; with Shift: move; Shift+drag selects")),
            (self.tr("Up, Down"), self.tr("On the time line: read out at a higher or lower frequency")),
        ]
        for number, (keys, words) in enumerate(rows):
            label = QLabel(keys)
            label.setProperty("muted", True)
            grid.addWidget(label, number, 0, Qt.AlignmentFlag.AlignTop)
            text = QLabel(words)
            text.setWordWrap(True)
            grid.addWidget(text, number, 1)
        grid.setColumnStretch(1, 1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setWidget(holder)
        outer.addWidget(scroll, 1)
        close = QPushButton(self.tr("Close"))
        close.clicked.connect(self.accept)
        outer.addWidget(close, 0, Qt.AlignmentFlag.AlignRight)
