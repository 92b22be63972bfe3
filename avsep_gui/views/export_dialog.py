"""ExportDialog: what to write, how and where; it checks room and permission before any work."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from avsep_gui.export_plan import ExportKind, expected_bytes, kinds, problem, suggested_name
from avsep_gui.look import Look
from avsep_gui.state.document import Document
from avsep_gui.state.shelf import Shelf, is_slow
from avsep_gui.views.elided_label import ElidedLabel
from avsep_gui.views.restyle import Tone, set_tone
from avsep_gui.words import about, short_clock, size, sound_format
from engine.types import ModelInfo

ENDING_WORDS = {
    ".wav": "WAV, 32-bit float, exact",
    ".flac": "FLAC, 24-bit, exact, smaller",
    ".m4a": "M4A (AAC), small",
    ".opus": "Opus, smallest",
    ".mp4": "MP4",
    ".mkv": "MKV",
    ".mov": "MOV",
}
LOUDNESS = (None, -14.0, -16.0, -23.0)


class ExportDialog(QDialog):
    """Asks what to export for the picked person.

    Args:
        folder: where files go unless the user chooses another place.
        shelf: which model computes, and how fast.
    """

    def __init__(
        self,
        document: Document,
        look: Look,
        folder: Path,
        parent: QWidget | None = None,
        *,
        shelf: Shelf | None = None,
    ) -> None:
        super().__init__(parent)
        self._document = document
        self._model: ModelInfo | None = shelf.current if shelf is not None else None
        self._folder = folder
        self._kinds = kinds()
        assert document.media is not None and document.picked is not None
        self._media = document.media
        self._name = document.name(document.picked)
        self.setWindowTitle(self.tr("Export {0}").format(self._name))
        self.setMinimumWidth(600)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(24, 24, 24, 24)
        outer.setSpacing(16)
        title = QLabel(self.tr("Export the voice of {0}").format(self._name))
        title.setObjectName("title")
        outer.addWidget(title)
        form = QFormLayout()
        form.setHorizontalSpacing(16)
        form.setVerticalSpacing(12)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        self.what = QComboBox()
        for kind in self._kinds:
            self.what.addItem(kind.title, kind.id)
        self.format = QComboBox()
        self.loudness = QComboBox()
        for value in LOUDNESS:
            self.loudness.addItem(self._loudness_words(value), value)
        self.everyone = QCheckBox(self.tr("Everyone, not only {0}").format(self._name))
        self.picture = QCheckBox(self.tr("Copy the picture unchanged"))
        self.picture.setChecked(True)
        self.selection = QCheckBox()
        self.mix_back = QCheckBox()
        self._set_optional_texts()
        for label, field in (
            (self.tr("W&hat"), self.what),
            (self.tr("&Format"), self.format),
            (self.tr("&Loudness"), self.loudness),
        ):
            form.addRow(label, field)
            field.setAccessibleName(label.replace("&", ""))
        for box in (self.picture, self.everyone, self.selection, self.mix_back):
            form.addRow("", box)
        place = QHBoxLayout()
        place.setSpacing(8)
        self.file_name = QLineEdit()
        self.file_name.setAccessibleName(self.tr("File name"))
        self.choose = QPushButton(self.tr("Choose…"))
        self.choose.clicked.connect(self._on_choose)
        place.addWidget(self.file_name, 1)
        place.addWidget(self.choose)
        name_label = QLabel(self.tr("&Name"))
        name_label.setBuddy(self.file_name)
        form.addRow(name_label, place)
        self._where = ElidedLabel(mode=Qt.TextElideMode.ElideMiddle)
        self._where.setProperty("muted", True)
        form.addRow(self.tr("Folder"), self._where)
        self.model = QLabel()
        self.model.setTextFormat(Qt.TextFormat.PlainText)
        self.model.setToolTip(self.tr("What is computed already is not computed again."))
        if self._model is not None:
            form.addRow(self.tr("Model"), self.model)
        outer.addLayout(form)
        self.message = QLabel()
        self.message.setWordWrap(True)
        self.message.setMinimumHeight(36)
        outer.addWidget(self.message)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addStretch(1)
        cancel = QPushButton(self.tr("Cancel"))
        cancel.clicked.connect(self.reject)
        self.start = QPushButton(self.tr("Export"))
        self.start.setProperty("primary", True)
        self.start.setDefault(True)
        self.start.setIcon(look.icon("export", primary=True))
        self.start.clicked.connect(self._on_start)
        buttons.addWidget(cancel)
        buttons.addWidget(self.start)
        outer.addLayout(buttons)
        self._look = look
        self._confirmed = ""
        self.what.currentIndexChanged.connect(self._on_kind)
        self.format.currentIndexChanged.connect(self._on_format)
        self.everyone.toggled.connect(self._check)
        self.selection.toggled.connect(self._check)
        self.file_name.textChanged.connect(self._check)
        self._on_kind()

    @property
    def output(self) -> Path:
        """The chosen file or folder."""
        return self._folder / self.file_name.text()

    def options(self) -> dict[str, Any]:
        """The fields of a `SeparationRequest`, but for video, output, model and device."""
        document = self._document
        kind = self._kind()
        everyone = kind.id == "folder" and self.everyone.isChecked()
        ending = self.format.currentData()
        return {
            "person_ids": () if everyone or document.picked is None else (document.picked,),
            "everyone": everyone,
            "range_s": document.range_s if self.selection.isChecked() else None,
            "mix_back": document.mix_back if self.mix_back.isChecked() else 0.0,
            "loudness_lufs": self.loudness.currentData(),
            "format": ending.removeprefix(".") if kind.id == "folder" else None,
            "overwrite": self.output.exists() and self._confirmed == str(self.output),
            "picture": "copy" if self.picture.isChecked() or kind.id != "video" else "none",
        }

    def _kind(self) -> ExportKind:
        return self._kinds[self.what.currentIndex()]

    def _on_kind(self) -> None:
        kind = self._kind()
        self.format.blockSignals(True)
        self.format.clear()
        for ending in kind.endings or (".wav", ".flac", ".m4a", ".opus"):
            self.format.addItem(ENDING_WORDS[ending], ending)
        if kind.id == "video" and self._media.path.suffix.lower() in kind.endings:
            self.format.setCurrentIndex(kind.endings.index(self._media.path.suffix.lower()))
        self.format.blockSignals(False)
        self.picture.setVisible(kind.id == "video")
        self.everyone.setVisible(kind.id == "folder")
        self._on_format()

    def _on_format(self) -> None:
        self.file_name.setText(suggested_name(self._media, self._name, self._kind(), self.format.currentData()))
        self._check()

    def _on_choose(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, self.tr("Export to"), str(self._folder))
        if folder:
            self._folder = Path(folder)
            self._check()

    def _check(self) -> None:
        kind, ending = self._kind(), self.format.currentData()
        people = len(self._document.people) if self.everyone.isChecked() else 1
        needed = expected_bytes(self._media, kind, ending, people)
        trouble = problem(self.output, needed, self._media.path)
        tone: Tone = "muted"
        exists = self.output.exists() and not trouble
        long = self._long_work()
        if trouble:
            text, tone = trouble, "danger"
        elif exists or long:
            there = self.tr("{0} exists already.").format(self.output.name) if exists else ""
            text, tone = f"{there} {long}".strip(), "warning"
        else:
            text = self._outlook(needed)
        self.message.setText(text)
        set_tone(self.message, tone)
        self.start.setText(self.tr("Replace it") if exists else self.tr("Export"))
        self.start.setEnabled(not trouble)
        self._where.setText(str(self._folder))
        self._where.setToolTip(str(self._folder))
        self.model.setText(self._model_words())

    def _work_s(self) -> float | None:
        """How long the model takes for what is chosen; None where that is not known."""
        document = self._document
        range_s = document.range_s if self.selection.isChecked() else None
        everyone = self._kind().id == "folder" and self.everyone.isChecked()
        if self._model is None:
            return None
        start_s, end_s = range_s or (0.0, document.duration_s)
        return self._model.seconds_for(start_s, end_s, document.duration_s, len(document.people) if everyone else 1)

    def _model_words(self) -> str:
        if self._model is None:
            return ""
        needed_s = self._work_s()
        if not is_slow(self._model) or needed_s is None:
            return self._model.name
        return self.tr("{0}: takes {1}").format(self._model.name, about(needed_s))

    def _long_work(self) -> str:
        """A warning where a slow model is to do the whole file."""
        needed_s = self._work_s()
        if self._model is None or needed_s is None or not is_slow(self._model) or self.selection.isChecked():
            return ""
        shorter = (
            self.tr("Tick “Only the selection” for less.")
            if self._document.range_s is not None
            else self.tr("Select a stretch on the time line for less.")
        )
        text = self.tr("The whole file takes {0} with {1} on this computer.")
        return text.format(about(needed_s), self._model.name) + " " + shorter

    def _on_start(self) -> None:
        self._check()
        if self.start.isEnabled():
            self._confirmed = str(self.output) if self.output.exists() else ""
            self.accept()

    def _outlook(self, needed: float) -> str:
        audio = self._media.audio[0]
        return self.tr("About {0}, {1}; every sample stays in its place. The report comes when it is done.").format(
            size(needed), sound_format(audio.sample_rate_hz, audio.layout)
        )

    def _set_optional_texts(self) -> None:
        range_s = self._document.range_s
        if range_s is not None:
            self.selection.setText(
                self.tr("Only the selection, {0}–{1}").format(short_clock(range_s[0]), short_clock(range_s[1]))
            )
            self.selection.setChecked(is_slow(self._model))
        self.selection.setVisible(range_s is not None)
        percent = round(100 * self._document.mix_back)
        self.mix_back.setText(self.tr("With {0} % of everyone else mixed back").format(percent))
        self.mix_back.setVisible(percent > 0)
        self.mix_back.setChecked(percent > 0)

    def _loudness_words(self, value: float | None) -> str:
        if value is None:
            return self.tr("Leave the level alone")
        use = {-14.0: self.tr("web"), -16.0: self.tr("podcast"), -23.0: self.tr("broadcast")}[value]
        return self.tr("{0:g} LUFS, {1}").format(value, use)
