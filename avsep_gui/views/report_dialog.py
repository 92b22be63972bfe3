"""ReportDialog: what an export wrote and how well the guarantees held, as measured."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from avsep_gui.export_report import as_text, facts, findings
from avsep_gui.look import Look
from avsep_gui.state.document import Document
from avsep_gui.views.signed_lines import SignedLines
from avsep_gui.views.tall_area import TallArea
from engine.types import SeparationResult

WIDTH_PX, MARGIN_PX = 600, 24


class ReportDialog(QDialog):
    """Shows a `SeparationResult` in words; opens what was written; puts all of it on the clipboard."""

    def __init__(self, result: SeparationResult, document: Document, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text = as_text(result, document)
        self._file = main_file(result)
        self.setWindowTitle(self.tr("Export report"))
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        page = QWidget()
        inner = QVBoxLayout(page)
        inner.setContentsMargins(MARGIN_PX, MARGIN_PX, MARGIN_PX, 16)
        inner.setSpacing(16)
        title = QLabel(self.tr("Export report"))
        title.setObjectName("title")
        inner.addWidget(title)
        self.findings = SignedLines(look, coloured=False)
        self.findings.show_remarks(findings(result, document))
        inner.addWidget(self.findings)
        inner.addLayout(self._facts(result))
        inner.addStretch(1)
        outer.addWidget(TallArea(page), 1)
        outer.addLayout(self._buttons())
        self.close_button.setDefault(True)
        width = look.px(WIDTH_PX)
        self.setMinimumWidth(width)
        wanted = inner.heightForWidth(width) + self.close_button.sizeHint().height() + 8 + MARGIN_PX
        self.resize(width, min(wanted, round(0.9 * self.screen().availableGeometry().height())))

    def _facts(self, result: SeparationResult) -> QFormLayout:
        form = QFormLayout()
        form.setHorizontalSpacing(24)
        form.setVerticalSpacing(8)
        for label, text in facts(result):
            name, value = QLabel(label), QLabel(text)
            name.setProperty("muted", True)
            name.setAlignment(Qt.AlignmentFlag.AlignTop)
            value.setTextFormat(Qt.TextFormat.PlainText)
            value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            value.setWordWrap(True)
            form.addRow(name, value)
        return form

    def _buttons(self) -> QHBoxLayout:
        buttons = QHBoxLayout()
        buttons.setContentsMargins(MARGIN_PX, 8, MARGIN_PX, MARGIN_PX)
        buttons.setSpacing(8)
        self.copy = QPushButton(self.tr("Copy the report"))
        self.copy.clicked.connect(self._on_copy)
        buttons.addWidget(self.copy)
        buttons.addStretch(1)
        self.open_file = QPushButton(self.tr("Open the file"))
        self.open_folder = QPushButton(self.tr("Open the folder"))
        if self._file is not None:
            file = self._file
            self.open_file.setToolTip(file.name)
            self.open_file.clicked.connect(lambda: _open(file))
            self.open_folder.clicked.connect(lambda: _open(file.parent))
            buttons.addWidget(self.open_file)
            buttons.addWidget(self.open_folder)
        self.close_button = QPushButton(self.tr("Close"))
        self.close_button.setProperty("primary", True)
        self.close_button.clicked.connect(self.accept)
        buttons.addWidget(self.close_button)
        return buttons

    def _on_copy(self) -> None:
        QGuiApplication.clipboard().setText(self._text)
        self.copy.setText(self.tr("Copied"))


def main_file(result: SeparationResult) -> Path | None:
    """The file that the user will want to see or hear first: a film, else a voice."""
    for kind in ("video", "voice"):
        for output in result.outputs:
            if output.kind == kind:
                return output.path
    return result.outputs[0].path if result.outputs else None


def _open(path: Path) -> None:
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))
