"""ExportDialog: what to write, how and where; presets of it; what is good to know before any work."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QCoreApplication, QSignalBlocker, Qt
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

from avsep_gui.export_plan import ExportKind, kinds, suggested_name
from avsep_gui.export_presets import LOUDNESS, SHAPES, ExportChoice, choice_from_text, choice_to_text
from avsep_gui.look import Look
from avsep_gui.preflight import MOST_LINES, Plan, remarks
from avsep_gui.settings import Settings
from avsep_gui.state.document import Document
from avsep_gui.state.shelf import Shelf, is_slow
from avsep_gui.views.elided_label import ElidedLabel
from avsep_gui.views.preset_bar import PresetBar
from avsep_gui.views.signed_lines import SignedLines
from avsep_gui.views.tall_area import TallArea
from avsep_gui.words import short_clock
from engine.types import ContainerFit, ModelInfo

WIDTH_PX, MARGIN_PX = 640, 24
FitQuestion = Callable[[str, Callable[[ContainerFit], None]], None]


def ending_words(ending: str) -> str:
    """What a type of file is, by the ending of its name."""
    translate = QCoreApplication.translate
    words = {
        ".wav": translate("ExportDialog", "WAV, 32-bit float, exact"),
        ".flac": translate("ExportDialog", "FLAC, 24-bit, exact, smaller"),
        ".m4a": translate("ExportDialog", "M4A (AAC), small"),
        ".opus": translate("ExportDialog", "Opus, smallest"),
    }
    return words.get(ending, ending.removeprefix(".").upper())


class ExportDialog(QDialog):
    """Asks what to export for the picked person.

    Args:
        folder: where files go unless the user chooses another place.
        shelf: which model computes, and how fast.
        settings: where presets and the last choice are kept.
        ask_fit: finds out what a type of video file can hold (`EngineClient.ask_container_fit`).
    """

    def __init__(
        self,
        document: Document,
        look: Look,
        folder: Path,
        parent: QWidget | None = None,
        *,
        shelf: Shelf | None = None,
        settings: Settings | None = None,
        ask_fit: FitQuestion | None = None,
    ) -> None:
        super().__init__(parent)
        self._document = document
        self._model: ModelInfo | None = shelf.current if shelf is not None else None
        self._folder = folder
        self._settings = settings
        self._ask_fit = ask_fit
        self._fits: dict[str, ContainerFit | None] = {}
        self._kinds = kinds()
        self._confirmed = ""
        self._is_closed = False
        assert document.media is not None and document.picked is not None
        self._media = document.media
        self._name = document.name(document.picked)
        self.setWindowTitle(self.tr("Export {0}").format(self._name))
        self._make_fields()
        self._lay_out(look)
        for box in (self.what, self.format, self.loudness, self.shape):
            box.currentIndexChanged.connect(self._on_changed)
        for tick in self._ticks:
            tick.toggled.connect(self._on_changed)
        self.file_name.textChanged.connect(self._check)
        self.presets.chosen.connect(self.set_choice)
        self.set_choice(choice_from_text(settings.export_choice) if settings is not None else ExportChoice())

    @property
    def output(self) -> Path:
        """The chosen file or folder."""
        return self._folder / self.file_name.text()

    @property
    def choice(self) -> ExportChoice:
        """What the fields ask for, but for what depends on the film."""
        kind = self._kind()
        films = kind.id == "close_up" or self.close_up.isChecked()
        return ExportChoice(
            kind=kind.id,
            ending=self.format.currentData(),
            loudness_lufs=self.loudness.currentData(),
            everyone=self.everyone.isChecked(),
            picture=self.picture.isChecked(),
            close_up=self.shape.currentData() if films else None,
            name_shown=self.name_shown.isChecked(),
        ).settled()

    def set_choice(self, choice: ExportChoice) -> None:
        """Fill the fields."""
        choice = choice.settled()
        for field in (self.what, self.loudness, self.shape, *self._ticks):
            field.blockSignals(True)
        self.what.setCurrentIndex(self.what.findData(choice.kind))
        self._fill_formats(choice.ending)
        self.loudness.setCurrentIndex(max(0, self.loudness.findData(choice.loudness_lufs)))
        self.shape.setCurrentIndex(max(0, self.shape.findData(choice.close_up)))
        self.everyone.setChecked(choice.everyone)
        self.picture.setChecked(choice.picture)
        self.close_up.setChecked(choice.close_up is not None)
        self.name_shown.setChecked(choice.name_shown)
        for field in (self.what, self.loudness, self.shape, *self._ticks):
            field.blockSignals(False)
        self._on_changed()

    def options(self) -> dict[str, Any]:
        """The fields of a `SeparationRequest`, but for video, output, model and device."""
        document, choice = self._document, self.choice
        picked = () if choice.everyone or document.picked is None else (document.picked,)
        return {
            "person_ids": picked,
            "everyone": choice.everyone,
            "range_s": document.range_s if self.selection.isChecked() else None,
            "mix_back": document.mix_back if self.mix_back.isChecked() else 0.0,
            "loudness_lufs": choice.loudness_lufs,
            "format": choice.ending.removeprefix(".") if self._kind().is_folder else None,
            "overwrite": self.output.exists() and self._confirmed == str(self.output),
            "picture": "copy" if choice.picture else "none",
            "close_up": choice.close_up,
            "close_up_name": choice.name_shown,
        }

    def done(self, result: int) -> None:
        """Close, and remember what was exported."""
        self._is_closed = True
        if result == QDialog.DialogCode.Accepted and self._settings is not None:
            self._settings.export_choice = choice_to_text(self.choice)
        super().done(result)

    def _make_fields(self) -> None:
        self.presets = PresetBar(self._settings)
        self.what = QComboBox()
        for kind in self._kinds:
            self.what.addItem(kind.title, kind.id)
        self.what.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.format = QComboBox()
        self.shape = QComboBox()
        words = {"16:9": self.tr("wide"), "1:1": self.tr("square"), "9:16": self.tr("upright, for phones")}
        for shape in SHAPES:
            self.shape.addItem(self.tr("{0}, {1}").format(shape, words[shape]), shape)
        self.loudness = QComboBox()
        for value in LOUDNESS:
            self.loudness.addItem(self._loudness_words(value), value)
        self.everyone = QCheckBox(self.tr("Everyone, not only {0}").format(self._name))
        self.picture = QCheckBox(self.tr("The timeline shows the film"))
        self.close_up = QCheckBox(self.tr("Also a close-up, a video that follows the face"))
        self.name_shown = QCheckBox(self.tr("Write the name into the picture"))
        self.selection, self.mix_back = QCheckBox(), QCheckBox()
        self._ticks = (self.everyone, self.picture, self.close_up, self.name_shown, self.selection, self.mix_back)
        self._set_optional_texts()
        self.file_name = QLineEdit()
        self.file_name.setAccessibleName(self.tr("File name"))
        self.choose = QPushButton(self.tr("Choose…"))
        self.choose.setToolTip(self.tr("Choose another folder"))
        self.choose.clicked.connect(self._on_choose)
        self._where = ElidedLabel(mode=Qt.TextElideMode.ElideMiddle)
        self._where.setProperty("muted", True)
        self.model = QLabel()
        self.model.setTextFormat(Qt.TextFormat.PlainText)
        self.model.setToolTip(self.tr("What is computed already is not computed again."))

    def _lay_out(self, look: Look) -> None:
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        page = QWidget()
        inner = QVBoxLayout(page)
        inner.setContentsMargins(MARGIN_PX, MARGIN_PX, MARGIN_PX, 16)
        inner.setSpacing(16)
        title = QLabel(self.tr("Export the voice of {0}").format(self._name))
        title.setTextFormat(Qt.TextFormat.PlainText)
        title.setObjectName("title")
        inner.addWidget(title)
        self._form = form = QFormLayout()
        form.setHorizontalSpacing(16)
        form.setVerticalSpacing(10)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        fields: tuple[tuple[str, QWidget], ...] = (
            (self.tr("&Preset"), self.presets),
            (self.tr("W&hat"), self.what),
            (self.tr("&Format"), self.format),
            (self.tr("&Loudness"), self.loudness),
            ("", self.everyone),
            ("", self.picture),
            ("", self.close_up),
            (self.tr("&Shape"), self.shape),
            ("", self.name_shown),
            ("", self.selection),
            ("", self.mix_back),
        )
        for label, field in fields:
            form.addRow(label, field)
            if label:
                field.setAccessibleName(label.replace("&", ""))
        place = QHBoxLayout()
        place.setSpacing(8)
        place.addWidget(self.file_name, 1)
        place.addWidget(self.choose)
        name_label = QLabel(self.tr("&Name"))
        name_label.setBuddy(self.file_name)
        form.addRow(name_label, place)
        form.addRow(self.tr("Folder"), self._where)
        if self._model is not None:
            form.addRow(self.tr("Model"), self.model)
        inner.addLayout(form)
        inner.addStretch(1)
        outer.addWidget(TallArea(page), 1)
        self.preflight = SignedLines(look, least_lines=MOST_LINES)
        self.preflight.setAccessibleName(self.tr("Before the export"))
        self.preflight.setContentsMargins(MARGIN_PX, 8, MARGIN_PX, 0)  # in sight even where the fields scroll
        outer.addWidget(self.preflight)
        outer.addLayout(self._buttons(look))
        for button in self.findChildren(QPushButton):  # Return exports, whatever has the focus
            button.setAutoDefault(button is self.start)
        self.start.setDefault(True)
        self._page = page
        self.setMinimumWidth(look.px(WIDTH_PX))

    def _buttons(self, look: Look) -> QHBoxLayout:
        buttons = QHBoxLayout()
        buttons.setContentsMargins(MARGIN_PX, 8, MARGIN_PX, MARGIN_PX)
        buttons.setSpacing(8)
        buttons.addStretch(1)
        cancel = QPushButton(self.tr("Cancel"))
        cancel.clicked.connect(self.reject)
        self.start = QPushButton(self.tr("Export"))
        self.start.setProperty("primary", True)
        look.lead(self.start, "export", primary=True)
        self.start.clicked.connect(self._on_start)
        buttons.addWidget(cancel)
        buttons.addWidget(self.start)
        return buttons

    def _kind(self) -> ExportKind:
        return self._kinds[self.what.currentIndex()]

    def _fill_formats(self, wanted: str = "") -> None:
        """The formats of the kind; that which is wanted, or the film's own, or the first."""
        kind = self._kind()
        blocked = QSignalBlocker(self.format)
        self.format.clear()
        for ending in kind.endings:
            self.format.addItem(ending_words(ending), ending)
        own = self._media.path.suffix.lower()
        for ending in (wanted, own if kind.id == "video" else ""):
            if ending in kind.endings:
                self.format.setCurrentIndex(kind.endings.index(ending))
                break
        blocked.unblock()

    def _on_changed(self) -> None:
        """A field has another value: show what belongs to it."""
        kind = self._kind()
        if self.format.currentData() not in kind.endings or self.format.count() != len(kind.endings):
            self._fill_formats()
        films = kind.id == "close_up" or (kind.is_folder and self.close_up.isChecked())
        visible: tuple[tuple[QWidget, bool], ...] = (
            (self.shape, films),
            (self.close_up, kind.is_folder),
            (self.name_shown, films),
            (self.picture, kind.is_folder),
            (self.everyone, kind.is_folder and len(self._document.people) > 1),
            (self.selection, self._document.range_s is not None),
            (self.mix_back, self._document.mix_back > 0),
        )
        for field, shown in visible:
            self._form.setRowVisible(field, shown)
        self.presets.show_choice(self.choice)
        name = suggested_name(self._media, self._name, kind, self.format.currentData())
        if name != self.file_name.text():
            self.file_name.setText(name)  # which checks
        else:
            self._check()
        self._fit_height()

    def _on_choose(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, self.tr("Export to"), str(self._folder))
        if folder:
            self._folder = Path(folder)
            self._check()

    def _check(self) -> None:
        plan = Plan(
            document=self._document,
            media=self._media,
            kind=self._kind(),
            choice=self.choice,
            output=self.output,
            selected=self.selection.isChecked(),
            model=self._model,
            fit=self._fit(),
        )
        found = remarks(plan)
        self.preflight.show_remarks(found)
        stopped = any(remark.gravity == "danger" for remark in found)
        exists = self.output.exists() and not stopped
        self.start.setText(self.tr("Replace it") if exists else self.tr("Export"))
        self.start.setEnabled(not stopped)
        self._where.setText(str(self._folder))
        self._where.setToolTip(str(self._folder))
        self.model.setText(self._model.name if self._model is not None else "")

    def _fit(self) -> ContainerFit | None:
        """What the chosen type of video file can hold; asked for once for each."""
        ending = self.format.currentData()
        if self._kind().id != "video" or self._ask_fit is None:
            return None
        if ending not in self._fits:
            self._fits[ending] = None
            self._ask_fit(ending, lambda fit: self._on_fit(ending, fit))
        return self._fits[ending]

    def _on_fit(self, ending: str, fit: ContainerFit) -> None:
        self._fits[ending] = fit
        if not self._is_closed:
            self._check()

    def _fit_height(self) -> None:
        """As high as the fields need, where the screen has room; beyond that they scroll."""
        self._page.adjustSize()
        width = max(self.width(), self.minimumWidth())
        lines = max(self.preflight.heightForWidth(width), self.preflight.minimumHeight())
        wanted = self._page.sizeHint().height() + lines + self.start.sizeHint().height() + 8 + MARGIN_PX
        screen = self.screen().availableGeometry().height() if self.screen() is not None else wanted
        self.resize(width, min(wanted, round(0.9 * screen)))

    def _on_start(self) -> None:
        self._check()
        if self.start.isEnabled():
            self._confirmed = str(self.output) if self.output.exists() else ""
            self.accept()

    def _set_optional_texts(self) -> None:
        range_s = self._document.range_s
        if range_s is not None:
            self.selection.setText(
                self.tr("Only the selection, {0}–{1}").format(short_clock(range_s[0]), short_clock(range_s[1]))
            )
            self.selection.setChecked(is_slow(self._model))
        percent = round(100 * self._document.mix_back)
        self.mix_back.setText(self.tr("With {0} % of everyone else mixed back").format(percent))
        self.mix_back.setChecked(percent > 0)

    def _loudness_words(self, value: float | None) -> str:
        if value is None:
            return self.tr("Leave the level alone")
        use = {-14.0: self.tr("web"), -16.0: self.tr("podcast"), -23.0: self.tr("broadcast")}[value]
        return self.tr("−{0:g} LUFS, {1}").format(-value, use)
