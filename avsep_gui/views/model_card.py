"""ModelCard: one model of the shelf, what is known of it, and what can be done with it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QAbstractButton, QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from avsep_gui.look import Look
from avsep_gui.model_words import facts, speed
from avsep_gui.state.shelf import Shelf, is_slow
from avsep_gui.views.notices import Notice
from avsep_gui.views.removal import remove_widget
from avsep_gui.views.restyle import restyle, set_tone
from avsep_gui.views.shelf_parts import Facts, QuestionBox, WorkRow
from engine.types import ModelInfo

BADGE_PX = 20


class ModelCard(QFrame):
    """A model. It reads the shelf and says what the user wants.

    Signals:
        wanted(str, str): what, and the model's name: "use", "default", "add", "ask_remove", "cancel", "dismiss", or
            an answer of `QuestionBox`.
    """

    wanted = Signal(str, str)

    def __init__(self, name: str, shelf: Shelf, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self.name = name
        self._shelf = shelf
        self._look = look
        self._trouble: Notice | None = None
        self._outer = outer = QVBoxLayout(self)
        outer.setContentsMargins(16, 16, 16, 16)
        outer.setSpacing(12)
        top = QHBoxLayout()
        top.setSpacing(8)
        self.title = QLabel()
        self.title.setObjectName("fileName")
        self.title.setTextFormat(Qt.TextFormat.PlainText)
        top.addWidget(self.title)
        self.in_use = self._badge(top, self.tr("In use"), "use")
        self.is_default = self._badge(top, self.tr("Default"), "")
        self.absent = self._badge(top, self.tr("Not installed"), "")
        self.broken = self._badge(top, self.tr("Files missing"), "warning")
        top.addStretch(1)
        outer.addLayout(top)
        self.summary = QLabel()
        self.summary.setWordWrap(True)
        self.summary.setTextFormat(Qt.TextFormat.PlainText)
        outer.addWidget(self.summary)
        self.facts = Facts()
        outer.addWidget(self.facts)
        self.hint = QLabel()
        self.hint.setWordWrap(True)
        self.hint.setTextFormat(Qt.TextFormat.PlainText)
        outer.addWidget(self.hint)
        self.work = WorkRow()
        self.work.cancel_wanted.connect(lambda: self.wanted.emit("cancel", self.name))
        outer.addWidget(self.work)
        self.question = QuestionBox()
        self.question.answered.connect(lambda answer: self.wanted.emit(answer, self.name))
        outer.addWidget(self.question)
        outer.addWidget(self._build_buttons())
        look.changed.connect(self.refresh)
        self.refresh()

    @property
    def trouble(self) -> Notice | None:
        """The error that is shown."""
        return self._trouble

    def stops(self) -> list[QWidget]:
        """What Tab goes to, from top to bottom."""
        trouble = self._trouble.findChildren(QAbstractButton) if self._trouble is not None else []
        question = self.question.findChildren(QAbstractButton)
        return [*trouble, self.work.cancel, *question, *self._buttons.findChildren(QAbstractButton)]

    def refresh(self) -> None:
        """Show what the shelf says now."""
        shelf, name = self._shelf, self.name
        row = shelf.row(name)
        if row is None:
            return
        current, default = shelf.name == name, shelf.default_name == name
        self.title.setText(name)
        self.summary.setText(row.title)
        self.setAccessibleName(f"{name}, {row.title}")
        self.in_use.setVisible(current)
        self.is_default.setVisible(default)
        removable = row.guest or row.imported
        self.absent.setVisible(not row.installed and removable)
        self.broken.setVisible(not row.installed and not removable)
        restyle(self, "chosen", current)
        self.facts.show_rows(facts(row, shelf.downloads.get(name)))
        for value in self.facts.values.values():
            set_tone(value, "warning" if is_slow(row) and value.text() == speed(row) else "")
        text, bad = self._hint_text(row)
        self.hint.setText(text)
        self.hint.setVisible(bool(text))
        set_tone(self.hint, "warning" if bad else "muted")
        self.work.show_work(name, shelf.work.get(name))
        instead = (shelf.default_name if not default else self.tr("AVSep's own model")) if current else ""
        self.question.show_question(row, shelf.questions.get(name), instead)
        self._show_trouble()
        self._show_buttons(row, current, default)

    def _hint_text(self, row: ModelInfo) -> tuple[str, bool]:
        if not row.installed and row.hindrance:
            return row.hindrance, True
        if not row.installed and not (row.guest or row.imported):
            return self.tr("Its files are missing or damaged. Install AVSep again."), True
        if not row.installed and row.name in self._shelf.stopped:
            return self.tr("Stopped. What was fetched is kept; Install goes on from there."), False
        if row.installed and is_slow(row):
            return self.tr("Slower than real time: best for a selection, or over night."), False
        return "", False

    def _show_trouble(self) -> None:
        error = self._shelf.troubles.get(self.name)
        text = "" if error is None else str(error)
        if self._trouble is not None and (error is None or self._trouble.text != text):
            remove_widget(self._trouble)
            self._trouble = None
        if error is not None and self._trouble is None:
            self._trouble = Notice(self._look, "error", text, details=error.details)
            self._trouble.dismissed.connect(self._on_dismissed)
            self._outer.insertWidget(self._outer.indexOf(self.work), self._trouble)

    def _on_dismissed(self) -> None:
        self._trouble = None
        self.wanted.emit("dismiss", self.name)

    def _show_buttons(self, row: ModelInfo, current: bool, default: bool) -> None:
        busy = row.name in self._shelf.work or row.name in self._shelf.questions
        removable = row.guest or row.imported
        shown = {
            self.install: row.guest and not row.installed,
            self.repair: row.guest and row.installed,
            self.remove: removable and (row.installed or row.size_bytes > 0),
            self.use_always: row.installed and not default,
            self.use: row.installed and not current,
        }
        for button, wanted in shown.items():
            button.setVisible(wanted)
            button.setAccessibleName(f"{button.text().rstrip('…')}: {row.name}")
        self.install.setEnabled(not row.hindrance)
        self.install.setToolTip(row.hindrance or self.tr("Asks before anything is downloaded"))
        self._buttons.setVisible(any(shown.values()) and not busy)

    def _build_buttons(self) -> QWidget:
        self._buttons = QWidget()
        row = QHBoxLayout(self._buttons)
        row.setContentsMargins(0, 4, 0, 0)
        row.setSpacing(8)
        self.remove = self._button(row, self.tr("Remove…"), "ask_remove", flat=True)
        self.repair = self._button(row, self.tr("Repair"), "add", flat=True)
        row.addStretch(1)
        self.use_always = self._button(row, self.tr("Use always"), "default")
        self.use = self._button(row, self.tr("Use"), "use")
        self.install = self._button(row, self.tr("Install…"), "add")
        self.remove.setToolTip(self.tr("Delete its files, after a question"))
        self.repair.setToolTip(self.tr("Check its files, and bring back what is missing"))
        self.use_always.setToolTip(self.tr("Use it now, and in every new window"))
        self.use.setToolTip(self.tr("Use it in this window, until AVSep is closed"))
        return self._buttons

    def _button(self, row: QHBoxLayout, text: str, what: str, *, flat: bool = False) -> QPushButton:
        button = QPushButton(text)
        button.setProperty("flat", flat)
        button.clicked.connect(lambda: self.wanted.emit(what, self.name))
        row.addWidget(button)
        return button

    def _badge(self, row: QHBoxLayout, text: str, kind: str) -> QLabel:
        badge = QLabel(text)
        badge.setObjectName("badge")
        badge.setProperty("kind", kind)
        badge.setFixedHeight(BADGE_PX)
        row.addWidget(badge, 0, Qt.AlignmentFlag.AlignVCenter)
        return badge
