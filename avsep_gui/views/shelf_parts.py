"""Parts of the model shelf's dialog: work that goes on, a question with its answers, a table of facts."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from avsep_gui.model_words import add_question
from avsep_gui.pace import time_left_text
from avsep_gui.state.shelf import Question, Work
from avsep_gui.views.removal import remove_widget
from avsep_gui.words import size
from engine.types import ModelInfo

LABEL_PX = 96


class Facts(QWidget):
    """Two columns: what it is, and the text, which wraps."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(16)
        self._grid.setVerticalSpacing(4)
        self._grid.setColumnMinimumWidth(0, LABEL_PX)
        self._grid.setColumnStretch(1, 1)
        self._rows: list[tuple[str, str]] = []
        self._labels: list[QLabel] = []
        self.values: dict[str, QLabel] = {}

    def show_rows(self, rows: list[tuple[str, str]]) -> None:
        """Show these labels and texts."""
        if rows == self._rows:
            return
        self._rows = rows
        for label in (*self._labels, *self.values.values()):
            remove_widget(label)
        self._labels.clear()
        self.values.clear()
        for number, (name, text) in enumerate(rows):
            label = QLabel(name)
            label.setProperty("muted", True)
            value = QLabel(text)
            value.setWordWrap(True)
            value.setAlignment(Qt.AlignmentFlag.AlignTop)
            value.setTextFormat(Qt.TextFormat.PlainText)
            value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            value.setAccessibleName(f"{name}: {text}")
            label.setAlignment(Qt.AlignmentFlag.AlignTop)
            self._grid.addWidget(label, number, 0)
            self._grid.addWidget(value, number, 1)
            self._labels.append(label)
            self.values[name] = value


class WorkRow(QWidget):
    """What is being done, how far it is, and a button that stops it.

    Signals:
        cancel_wanted(): stop it.
    """

    cancel_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 8, 0, 0)
        layout.setSpacing(16)
        texts = QVBoxLayout()
        texts.setSpacing(8)
        self.label = QLabel()
        self.label.setTextFormat(Qt.TextFormat.PlainText)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setRange(0, 1000)
        texts.addWidget(self.label)
        texts.addWidget(self.bar)
        layout.addLayout(texts, 1)
        self.cancel = QPushButton(self.tr("Cancel"))
        self.cancel.clicked.connect(self.cancel_wanted)
        layout.addWidget(self.cancel, 0, Qt.AlignmentFlag.AlignBottom)

    def show_work(self, name: str, work: Work | None) -> None:
        """Show how far the work on a model is; hide where there is none."""
        self.setVisible(work is not None)
        if work is None:
            return
        started = {
            "asking": self.tr("Looking what is needed"),
            "adding": self.tr("Starting"),
            "removing": self.tr("Removing"),
            "importing": self.tr("Importing"),
            "default": self.tr("Keeping your choice"),
        }[work.kind]
        if work.waiting and work.kind not in ("asking", "default"):
            text = self.tr("Waiting until other work on models is done")
        else:
            per_cent = f"{round(100 * work.fraction)} %" if work.stage else ""
            parts = [work.stage or started, per_cent, time_left_text(work.time_left_s)]
            text = "  ·  ".join(part for part in parts if part)
        self.label.setText(text)
        self.bar.setValue(round(1000 * work.fraction))
        self.bar.setAccessibleName(f"{name}: {text}")
        self.cancel.setVisible(work.kind in ("adding", "importing"))
        self.cancel.setAccessibleName(self.tr("Cancel: {0}").format(name))


class QuestionBox(QFrame):
    """A question inside a card, with its answers.

    Signals:
        answered(str): "download", "file", "folder", "remove" or "leave".
    """

    answered = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("question")
        self._question: Question | None = None
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(8)
        self.headline = QLabel()
        self.headline.setObjectName("strong")
        self.headline.setWordWrap(True)
        self.headline.setTextFormat(Qt.TextFormat.PlainText)
        self.facts = Facts()
        self.note = QLabel()
        self.note.setWordWrap(True)
        self.note.setProperty("muted", True)
        self.note.setTextFormat(Qt.TextFormat.PlainText)
        for widget in (self.headline, self.facts, self.note):
            layout.addWidget(widget)
        layout.addSpacing(8)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addStretch(1)
        self.leave = self._button(row, self.tr("Cancel"), "leave")
        self.file = self._button(row, self.tr("From a file…"), "file")
        self.folder = self._button(row, self.tr("Packages from a folder…"), "folder")
        self.file.setToolTip(self.tr("Take the weights from a file that you have already"))
        self.folder.setToolTip(self.tr("Take the packages from a folder that you have already"))
        self.download = self._button(row, self.tr("Download"), "download")
        self.download.setProperty("primary", True)
        self.remove = self._button(row, self.tr("Remove"), "remove")
        self.remove.setProperty("danger", True)
        layout.addLayout(row)
        self.hide()

    def show_question(self, row: ModelInfo, question: Question | None, instead: str) -> None:
        """Ask, or hide (None).

        Args:
            instead: the model that takes over when this one is removed; empty where it is not in use.
        """
        is_new, self._question = question != self._question, question
        self.setVisible(question is not None)
        if question is None:
            return
        adding = question.kind == "add"
        if adding:
            headline, facts, note = add_question(row, question)
        else:
            headline, facts = self.tr("Remove {0}?").format(row.name), []
            note = self.tr("Its files here ({0}) are deleted.").format(size(row.size_bytes)) + " "
            note += self.tr("Your own file stays.") if row.imported else self.tr("It can be added again later.")
            if instead:
                note += " " + self.tr("From then on, {0} computes the voices of this window.").format(instead)
        self.headline.setText(headline)
        self.facts.show_rows(facts)
        self.facts.setVisible(bool(facts))
        self.note.setText(note)
        self.download.setVisible(adding)
        self.file.setVisible(adding and question.source is None)
        self.folder.setVisible(adding and question.source is not None and question.wheels is None)
        self.remove.setVisible(not adding)
        self.setAccessibleName(headline)
        if is_new:
            (self.download if adding else self.leave).setFocus(Qt.FocusReason.OtherFocusReason)

    def _button(self, row: QHBoxLayout, text: str, answer: str) -> QPushButton:
        button = QPushButton(text)
        button.clicked.connect(lambda: self.answered.emit(answer))
        row.addWidget(button)
        return button
