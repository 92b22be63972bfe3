"""ReportDialog: what an export wrote and how well the guarantees held, as measured."""

from __future__ import annotations

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QDialog, QFormLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from avsep_gui.state.document import Document
from avsep_gui.words import agreement, short_clock, sound_format
from engine.types import SeparationResult


class ReportDialog(QDialog):
    """Shows a `SeparationResult` in words."""

    def __init__(self, result: SeparationResult, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Export report"))
        self.setMinimumWidth(560)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(24, 24, 24, 24)
        outer.setSpacing(16)
        title = QLabel(self.tr("Export report"))
        title.setObjectName("title")
        outer.addWidget(title)
        form = QFormLayout()
        form.setHorizontalSpacing(24)
        form.setVerticalSpacing(8)
        for label, text in self._rows(result, document):
            value = QLabel(text)
            value.setWordWrap(True)
            name = QLabel(label)
            name.setProperty("muted", True)
            form.addRow(name, value)
        outer.addLayout(form)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        if result.outputs:
            folder = result.outputs[0].path.parent
            show = QPushButton(self.tr("Open the folder"))
            show.clicked.connect(lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder))))
            buttons.addWidget(show)
        close = QPushButton(self.tr("Close"))
        close.setProperty("primary", True)
        close.clicked.connect(self.accept)
        buttons.addWidget(close)
        outer.addLayout(buttons)

    def _rows(self, result: SeparationResult, document: Document) -> list[tuple[str, str]]:
        channels = {1: self.tr("mono"), 2: self.tr("stereo")}.get(
            result.channels, self.tr("{0} channels").format(result.channels)
        )
        rows = [
            (self.tr("Files"), "\n".join(output.path.name for output in result.outputs)),
            (self.tr("Sound"), sound_format(result.sample_rate_hz, channels)),
            (self.tr("Offset to the original"), self.tr("{0} samples").format(result.offset_samples)),
            (
                self.tr("Voice + everyone else − original"),
                self.tr("{0:.0f} dBFS (the lower the more exact)").format(result.null_test_db),
            ),
            (
                self.tr("Time"),
                self.tr("{0:.0f} s for {1} ({2:.2f} × the length)").format(
                    result.wall_s, short_clock(result.duration_s), result.real_time_factor
                ),
            ),
            (self.tr("Computed with"), f"{result.model}, {result.device}"),
        ]
        for confidence in result.confidence:
            name = document.name(confidence.person)
            rows.append((self.tr("Is it really {0}?").format(name), agreement(confidence.mean)))
        if result.warnings:
            rows.append((self.tr("Please note"), "\n".join(result.warnings)))
        return rows
