"""BatchStart: the batch window before there are files: what it does, and where to drop them."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout

from avsep_gui.icons import pixmap
from avsep_gui.look import Look
from avsep_gui.views.batch_parts import button


class BatchStart(QFrame):
    """A frame to drop files on, with two buttons.

    Args:
        add_files, add_folder: ask what to add.
    """

    def __init__(self, look: Look, add_files: Callable[[], object], add_folder: Callable[[], object]) -> None:
        super().__init__()
        self._look = look
        self.setObjectName("dropZone")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(40, 24, 40, 24)
        layout.setSpacing(8)
        layout.addStretch(1)
        self._picture = QLabel()
        self._picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        layout.addWidget(self._picture)
        title = QLabel(self.tr("Drop videos or folders here"))
        title.setObjectName("title")
        text = QLabel(
            self.tr(
                "In each file the voice of one person, or of everyone, is made into files of its own: the person seen "
                "most, the one on a photo, or by number."
            )
        )
        text.setObjectName("subtitle")
        for label in (title, text):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            label.setWordWrap(True)
            layout.addWidget(label)
        layout.addSpacing(12)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addStretch(1)
        self.add_files = button(self.tr("Add files…"), add_files)
        self.add_files.setProperty("primary", True)
        self.add_folder = button(self.tr("Add a folder…"), add_folder)
        row.addWidget(self.add_files)
        row.addWidget(self.add_folder)
        row.addStretch(1)
        layout.addLayout(row)
        layout.addStretch(1)
        look.changed.connect(self._recolour)
        self._recolour()

    def _recolour(self) -> None:
        self._picture.setPixmap(pixmap("film", self._look.theme.focus, 56, self.devicePixelRatioF()))
        self.add_files.setIcon(self._look.icon("open", primary=True))
