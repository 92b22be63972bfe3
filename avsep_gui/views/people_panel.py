"""PeoplePanel: who is in the video; pick, rename, listen to one person, correct who is who."""

from __future__ import annotations

from itertools import pairwise

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from avsep_gui.look import Look
from avsep_gui.soon import Soon
from avsep_gui.state.document import Document, FacesState, OpenState
from avsep_gui.views.person_row import PersonRow
from avsep_gui.views.removal import remove_widget
from engine.types import Person


class PeoplePanel(QWidget):
    """The people of the document, most visible first, and a line that says what to do.

    Signals:
        picked(int), solo_wanted(int): as of `PersonRow`.
        search_wanted(): search for people again.
        open_wanted(): choose another video.
        menu_wanted(int, object): as of `PersonRow`.
        show_wanted(int): bring a hidden person back.
    """

    picked = Signal(int)
    solo_wanted = Signal(int)
    search_wanted = Signal()
    open_wanted = Signal()
    menu_wanted = Signal(int, object)
    show_wanted = Signal(int)

    def __init__(self, document: Document, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._look = look
        self.rows: list[PersonRow] = []
        self._rename_hint = ""
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(8)
        title = QLabel(self.tr("PEOPLE"))
        title.setObjectName("section")
        title.setContentsMargins(16, 12, 16, 0)
        outer.addWidget(title)
        self._hint = QLabel()
        self._hint.setWordWrap(True)
        self._hint.setProperty("muted", True)
        self._hint.setContentsMargins(16, 0, 16, 0)
        outer.addWidget(self._hint)
        self.search = QPushButton(self.tr("Search again"))
        self.search.setToolTip(self.tr("Search the picture for people once more"))
        self.search.clicked.connect(self.search_wanted)
        self.open = QPushButton(self.tr("Open another video…"))
        self.open.clicked.connect(self.open_wanted)
        ways_on = QHBoxLayout()
        ways_on.setContentsMargins(16, 0, 16, 0)
        ways_on.addWidget(self.search)
        ways_on.addWidget(self.open)
        ways_on.addStretch(1)
        outer.addLayout(ways_on)
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        holder = QWidget()
        self._list = QVBoxLayout(holder)
        self._list.setContentsMargins(8, 0, 8, 0)
        self._list.setSpacing(4)
        self._hidden = QVBoxLayout()
        self._show_again: list[QPushButton] = []
        self._hidden.setContentsMargins(0, 0, 0, 0)
        self._hidden.setSpacing(4)
        self._list.addLayout(self._hidden)
        self._list.addStretch(1)
        self._scroll.setWidget(holder)
        outer.addWidget(self._scroll, 1)
        self._rows_soon = Soon(self._refresh, self)
        document.people_changed.connect(self._rebuild)
        for signal in (
            document.picked_changed,
            document.name_changed,
            document.voice_changed,
            document.voices_forgotten,
            document.mode_changed,
        ):
            signal.connect(self._rows_soon.ask)
        document.open_state_changed.connect(self._update_hint)
        document.faces_changed.connect(self._update_hint)
        document.picked_changed.connect(self._update_hint)
        document.picture_changed.connect(self._on_picture)
        document.name_changed.connect(self._list_hidden)
        look.changed.connect(self._refresh)
        self._update_hint()

    def set_rename_hint(self, words: str) -> None:
        """How to rename, with the keys."""
        self._rename_hint = words
        for row in self.rows:
            row.name.setToolTip(words)

    def edit_name(self, person_id: int) -> None:
        """Put the cursor into the person's name."""
        for row in self.rows:
            if row.person_id == person_id:
                row.name.setFocus(Qt.FocusReason.ShortcutFocusReason)
                row.name.selectAll()

    def row(self, person_id: int) -> PersonRow | None:
        """The row of this person."""
        return next((row for row in self.rows if row.person_id == person_id), None)

    def _rebuild(self) -> None:
        """A row for everybody; who was there before keeps theirs, and so the keyboard."""
        held, people = self._has_keyboard(), self._document.people
        had = {row.person_id: row for row in self.rows}
        for person_id in had.keys() - {person.id for person in people}:
            remove_widget(had.pop(person_id))
        self.rows = []
        for number, person in enumerate(people):
            row = had.get(person.id)
            if row is None:
                row = self._new_row(person)
            else:
                row.show_person(person)
            if self._list.indexOf(row) != number:
                self._list.insertWidget(number, row)
            self.rows.append(row)
        if held and self.rows and not self._has_keyboard():
            self.rows[0].setFocus(Qt.FocusReason.OtherFocusReason)
        self._list_hidden()
        self._update_hint()
        for before, after in pairwise((self.open, *(stop for row in self.rows for stop in row.stops))):
            QWidget.setTabOrder(before, after)

    def _has_keyboard(self) -> bool:
        return any(row.hasFocus() or row.isAncestorOf(self.focusWidget()) for row in self.rows)

    def _new_row(self, person: Person) -> PersonRow:
        row = PersonRow(person, self._document, self._look)
        row.name.setToolTip(self._rename_hint)
        row.picked.connect(self.picked)
        row.solo_wanted.connect(self.solo_wanted)
        row.renamed.connect(self._document.rename)
        row.menu_wanted.connect(self.menu_wanted)
        return row

    def _list_hidden(self, *_: object) -> None:
        """A line for everybody who is hidden, to bring them back."""
        for button in self._show_again:
            remove_widget(button)
        self._show_again.clear()
        room = 8 if self._document.hidden else 0
        self._hidden.setContentsMargins(room, room, room, room)
        for person_id in sorted(self._document.hidden):
            button = QPushButton(self.tr("Show {0} again").format(self._document.name(person_id)))
            button.setProperty("flat", True)
            button.clicked.connect(lambda _checked=False, who=person_id: self.show_wanted.emit(who))
            self._hidden.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)
            self._show_again.append(button)

    def _on_picture(self, person_id: int) -> None:
        row = self.row(person_id)
        if row is not None:
            row.show_picture()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Words that wrap have all the room they need."""
        super().resizeEvent(event)
        self._give_room()

    def _give_room(self) -> None:
        self._hint.setMinimumHeight(max(0, self._hint.heightForWidth(self.width())) if self._hint.text() else 0)

    def _refresh(self) -> None:
        self._give_room()
        for row in self.rows:
            row.refresh()

    def _update_hint(self) -> None:
        document = self._document
        state = document.faces_state
        text = ""
        media = document.media
        has_picture = media is not None and media.video is not None
        if document.open_state is OpenState.OPENING:
            text = self.tr("Opening the file…")
        elif state is FacesState.SEARCHING:
            text = self.tr("Looking for people in the picture…")
        elif state is FacesState.NOBODY:
            text = self.tr(
                "No face was found. A voice is found by the face, so someone must be seen talking: "
                "larger than about 40 pixels, from the front or half side."
            )
        elif state is FacesState.FAILED and document.faces_error is not None:
            text = str(document.faces_error)
        elif state is FacesState.FOUND and media is not None and not media.audio:
            text = self.tr("These people are seen, but the file has no sound to hear them by.")
        elif state is FacesState.FOUND and document.picked is None:
            text = self.tr("Click the person you want to hear, in the picture or here.")
        elif state is FacesState.NONE and has_picture:
            text = self.tr("The search for people was stopped.")
        self._hint.setText(text)
        self._hint.setVisible(bool(text))
        self._give_room()
        self.open.setVisible(state is FacesState.NOBODY or (state is FacesState.FAILED and not has_picture))
        self.search.setVisible(state in (FacesState.NONE, FacesState.FAILED) and has_picture)
