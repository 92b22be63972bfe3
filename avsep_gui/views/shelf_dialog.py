"""ShelfDialog: the models, one card each; what was begun here goes on when it is closed."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import (
    QAbstractButton,
    QDialog,
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from avsep_gui.look import Look
from avsep_gui.shelf_client import ShelfClient
from avsep_gui.state.shelf import IMPORT, Question, Shelf
from avsep_gui.views.model_card import ModelCard
from avsep_gui.views.notices import Notice
from avsep_gui.views.removal import remove_widget
from avsep_gui.views.shelf_parts import WorkRow

SIZE_PX = (736, 760)
MARGIN_PX = 24
LAYOUT_MS = 30  # until what became visible has its place


class ShelfDialog(QDialog):
    """A window beside the main one: the models can be looked at, chosen, added and removed while work goes on."""

    def __init__(self, shelf: Shelf, client: ShelfClient, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shelf = shelf
        self._client = client
        self._look = look
        self._trouble: Notice | None = None
        self.cards: dict[str, ModelCard] = {}
        self.setWindowTitle(self.tr("Models"))
        self.setModal(False)
        self.setMinimumSize(560, 400)
        self.resize(*SIZE_PX)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(24, 24, 24, 16)
        outer.setSpacing(16)
        outer.addLayout(self._build_head())
        self.work = WorkRow()
        self.work.cancel_wanted.connect(lambda: client.cancel(IMPORT))
        self._notes = QVBoxLayout()
        self._notes.setSpacing(8)
        self._notes.addWidget(self.work)
        outer.addLayout(self._notes)
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setAccessibleName(self.tr("Models"))
        holder = QWidget()
        self._list = QVBoxLayout(holder)
        self._list.setContentsMargins(0, 0, 8, 0)
        self._list.setSpacing(16)
        self._list.addStretch(1)
        self._scroll.setWidget(holder)
        outer.addWidget(self._scroll, 1)
        foot = QHBoxLayout()
        foot.addStretch(1)
        self.close_button = QPushButton(self.tr("Close"))
        self.close_button.setDefault(True)
        self.close_button.clicked.connect(self.close)
        foot.addWidget(self.close_button)
        outer.addLayout(foot)
        shelf.rows_changed.connect(self._on_rows_changed)
        shelf.state_changed.connect(self._on_state_changed)
        self._on_rows_changed()
        self._on_state_changed(IMPORT)

    def open_beside(self) -> None:
        """Show it, in front, with the keyboard."""
        self._client.ask_sizes()
        if self.isVisible():
            self.raise_()
        self.show()
        self.activateWindow()
        self.close_button.setFocus(Qt.FocusReason.OtherFocusReason)

    def show_card(self, name: str) -> None:
        """Bring a model into view, its question above all."""
        card = self.cards.get(name)
        if card is None:
            return

        def scroll() -> None:
            self._scroll.ensureWidgetVisible(card, 0, MARGIN_PX)
            if card.question.isVisible():
                self._scroll.ensureWidgetVisible(card.question, 0, MARGIN_PX)

        QTimer.singleShot(LAYOUT_MS, card, scroll)

    def done(self, result: int) -> None:
        """It closes: questions that were not answered are taken back, work goes on."""
        for name in list(self._shelf.questions):
            self._shelf.set_question(name, None)
        super().done(result)

    def _build_head(self) -> QHBoxLayout:
        head = QHBoxLayout()
        head.setSpacing(24)
        texts = QVBoxLayout()
        texts.setSpacing(4)
        title = QLabel(self.tr("Models"))
        title.setObjectName("title")
        text = QLabel(
            self.tr(
                "A model computes the voices, on this computer. What one has computed is kept when you try another. "
                "Nothing is downloaded before you say yes."
            )
        )
        text.setWordWrap(True)
        text.setProperty("muted", True)
        texts.addWidget(title)
        texts.addWidget(text)
        head.addLayout(texts, 1)
        self.import_button = QPushButton(self.tr("Import a model…"))
        self.import_button.setToolTip(self.tr("A .safetensors file, with its .json description beside it"))
        self._look.lead(self.import_button, "open")
        self.import_button.clicked.connect(self._on_import)
        head.addWidget(self.import_button, 0, Qt.AlignmentFlag.AlignTop)
        return head

    def _on_rows_changed(self) -> None:
        names = [row.name for row in self._shelf.shown()]
        for name in [known for known in self.cards if known not in names]:
            remove_widget(self.cards.pop(name))
        for place, name in enumerate(names):
            if name not in self.cards:
                self.cards[name] = ModelCard(name, self._shelf, self._look)
                self.cards[name].wanted.connect(self._on_wanted)
            if self._list.indexOf(self.cards[name]) != place:
                self._list.removeWidget(self.cards[name])
                self._list.insertWidget(place, self.cards[name])
            self.cards[name].refresh()
        self._order_stops()

    def _order_stops(self) -> None:
        """Tab goes from card to card as they are read; those that came later have their place too."""
        cards = [self.cards[row.name] for row in self._shelf.shown() if row.name in self.cards]
        trouble = self._trouble.findChildren(QAbstractButton) if self._trouble is not None else []
        stops = [self.import_button, self.work.cancel, *trouble, *(stop for card in cards for stop in card.stops())]
        for before, after in pairwise([*stops, self.close_button]):
            QWidget.setTabOrder(before, after)

    def _on_state_changed(self, name: str) -> None:
        if name in self.cards:
            self.cards[name].refresh()
            if name in self._shelf.questions:
                self.show_card(name)
        if name == IMPORT:
            self.work.show_work(self.tr("Import"), self._shelf.work.get(IMPORT))
            self.import_button.setEnabled(IMPORT not in self._shelf.work)
            self._show_trouble()
        self._order_stops()

    def _show_trouble(self) -> None:
        error = self._shelf.troubles.get(IMPORT)
        if self._trouble is not None:
            remove_widget(self._trouble)
            self._trouble = None
        if error is not None:
            self._trouble = Notice(self._look, "error", str(error), details=error.details)
            self._trouble.dismissed.connect(self._on_dismissed)
            self._notes.addWidget(self._trouble)

    def _on_dismissed(self) -> None:
        self._trouble = None
        self._shelf.set_trouble(IMPORT, None)

    def _on_wanted(self, what: str, name: str) -> None:
        shelf, client = self._shelf, self._client
        question = shelf.questions.get(name)
        if what == "use":
            shelf.choose(name)
        elif what == "default":
            client.set_default(name)
        elif what == "add":
            client.prepare(name)
        elif what == "ask_remove":
            shelf.set_question(name, Question("remove"))
        elif what == "remove":
            client.remove(name)
        elif what == "leave":
            shelf.set_question(name, None)
        elif what == "cancel":
            client.cancel(name)
        elif what == "dismiss":
            shelf.set_trouble(name, None)
        elif what == "download" and question is not None:
            client.add(name, source=question.source, wheels=question.wheels)
        elif what == "file":
            self._on_file(name)
        elif what == "folder" and question is not None:
            self._on_folder(name, question)
        if what == "download":
            self.cards[name].work.cancel.setFocus(Qt.FocusReason.OtherFocusReason)
        elif what in ("use", "leave", "default", "remove"):
            self.close_button.setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_file(self, name: str) -> None:
        title = self.tr("Weights of {0}").format(name)
        chosen, _ = QFileDialog.getOpenFileName(self, title, str(Path.home()), self.tr("All files (*)"))
        if chosen:
            self._client.prepare(name, source=Path(chosen))

    def _on_folder(self, name: str, question: Question) -> None:
        title = self.tr("Folder with the packages of {0}").format(name)
        chosen = QFileDialog.getExistingDirectory(self, title, str(Path.home()))
        if chosen:
            self._client.prepare(name, source=question.source, wheels=Path(chosen))

    def _on_import(self) -> None:
        pattern = self.tr("Models (*.safetensors)")
        chosen, _ = QFileDialog.getOpenFileName(self, self.tr("Import a model"), str(Path.home()), pattern)
        if chosen:
            self._client.import_model(Path(chosen))
