"""PeoplePanel: who is in the video; pick, rename, listen to one person."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QEvent, QModelIndex, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QAbstractButton,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from avsep_gui.look import Look
from avsep_gui.person_words import describe
from avsep_gui.state.document import Document, FacesState, ListenMode
from avsep_gui.state.face_list import PERSON_ROLE, FaceListModel
from avsep_gui.state.intervals import share
from avsep_gui.state.person_facts import speaking_spans
from avsep_gui.views.elided_label import ElidedLabel
from avsep_gui.views.restyle import restyle
from avsep_gui.words import short_clock
from engine.types import Person

FACE_PX = 44
MOST_SPANS = 2


class _Thumbnail(QLabel):
    """A round face with a ring in the person's colour; a label, so that it is a picture for a screen reader."""

    def __init__(self, person: Person, look: Look, parent: QWidget) -> None:
        super().__init__(parent)
        self.setFixedSize(FACE_PX, FACE_PX)
        self._look = look
        self._person_id = person.id
        self.picked = False
        pixels = person.thumbnail_rgb
        height, width = pixels.shape[:2]
        image = QImage(pixels.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888)
        self._face = QPixmap.fromImage(image)
        self.setPixmap(self._face)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        circle = QRectF(self.rect()).adjusted(3, 3, -3, -3)
        path = QPainterPath()
        path.addEllipse(circle)
        painter.setClipPath(path)
        side = min(self._face.width(), self._face.height())
        source = QRectF((self._face.width() - side) / 2, (self._face.height() - side) / 2, side, side)
        painter.drawPixmap(circle, self._face, source)
        painter.setClipping(False)
        painter.setPen(QPen(self._look.person(self._person_id), 3.0 if self.picked else 2.0))
        painter.drawEllipse(circle)


class _Coverage(QWidget):
    """A thin line that fills as the voice gets computed."""

    def __init__(self, look: Look, parent: QWidget) -> None:
        super().__init__(parent)
        self._look = look
        self.setFixedHeight(3)
        self.share = 0.0
        self.colour = QColor()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(self._look.theme.line))
        painter.fillRect(QRectF(0, 0, self.width() * self.share, self.height()), self.colour)


class PersonRow(QAbstractButton):
    """One person. Click or Enter picks; the name can be edited in place.

    Signals:
        picked(int): the user wants this person.
        solo_wanted(int): listen to this person alone, or stop doing so.
        renamed(int, str): a new name.
    """

    picked = Signal(int)
    solo_wanted = Signal(int)
    renamed = Signal(int, str)

    def __init__(self, person: Person, document: Document, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("personRow")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self._person = person
        self._document = document
        self._look = look
        layout = QHBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.setSpacing(8)
        self._face = _Thumbnail(person, look, self)
        layout.addWidget(self._face, 0, Qt.AlignmentFlag.AlignTop)
        texts = QVBoxLayout()
        texts.setSpacing(2)
        self.name = QLineEdit()
        self.name.setObjectName("personName")
        self.name.setMinimumWidth(40)
        self.name.editingFinished.connect(self._on_edited)
        texts.addWidget(self.name)
        self._facts = ElidedLabel(_facts(person))
        self._facts.setProperty("muted", True)
        self._facts.setContentsMargins(5, 0, 0, 0)
        self._facts.setToolTip(_all_spans(person))
        texts.addWidget(self._facts)
        self._coverage = _Coverage(look, self)
        texts.addSpacing(2)
        texts.addWidget(self._coverage)
        layout.addLayout(texts, 1)
        self.solo = QToolButton()
        self.solo.setCheckable(True)
        self.solo.setIconSize(QSize(20, 20))
        self.clicked.connect(lambda: self.picked.emit(person.id))
        self.solo.clicked.connect(lambda: self.solo_wanted.emit(person.id))
        layout.addWidget(self.solo, 0, Qt.AlignmentFlag.AlignTop)
        self.refresh()

    def refresh(self) -> None:
        """Show what the document says now."""
        document, person = self._document, self._person
        name = document.name(person.id)
        is_picked = document.picked == person.id
        if not self.name.hasFocus():
            self.name.setText(name)
        self.name.setProperty("saved", name)  # what Esc brings back
        self.name.setAccessibleName(self.tr("Name of {0}").format(name))
        words = describe(document, person)
        self._face.setAccessibleName(self.tr("Picture of {0}").format(words))
        self.setAccessibleName(self.tr("{0}, picked").format(words) if is_picked else words)
        self.solo.setIcon(self._look.icon("hear"))
        self.solo.setChecked(is_picked and document.mode is ListenMode.VOICE)
        self.solo.setAccessibleName(self.tr("Hear only {0}").format(name))
        self.solo.setToolTip(self.tr("Hear only {0} ({1})").format(name, person.id))
        self._face.picked = is_picked
        self._face.update()
        ready = share(document.voice(person.id).ready, document.duration_s)
        self._coverage.share, self._coverage.colour = ready, self._look.person(person.id)
        self._coverage.setVisible(is_picked or ready > 0)
        self._coverage.setToolTip(self.tr("{0} % of this voice is computed").format(round(100 * ready)))
        self._coverage.update()
        restyle(self, "picked", is_picked)

    def sizeHint(self) -> QSize:
        """As large as what is in it."""
        layout = self.layout()
        return layout.sizeHint() if layout is not None else QSize()

    def paintEvent(self, event: QPaintEvent) -> None:
        """The style sheet draws the ground; a button has nothing of its own."""

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Pick."""
        if event.button() is Qt.MouseButton.LeftButton:
            self.picked.emit(self._person.id)

    def event(self, event: QEvent) -> bool:
        """Keep Enter for this row."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride:
            ours = self.hasFocus() and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
            event.setAccepted(ours)
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter picks."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.picked.emit(self._person.id)
        else:
            super().keyPressEvent(event)

    def _on_edited(self) -> None:
        self.renamed.emit(self._person.id, self.name.text())
        if self.name.hasFocus():
            self.name.clearFocus()
        self.refresh()


class PeoplePanel(QWidget):
    """The people of the document, most visible first, and a line that says what to do.

    Signals:
        picked(int), solo_wanted(int): as of `PersonRow`.
        search_wanted(): search for people again.
        open_wanted(): choose another video.
    """

    picked = Signal(int)
    solo_wanted = Signal(int)
    search_wanted = Signal()
    open_wanted = Signal()

    def __init__(self, document: Document, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._look = look
        self._model = FaceListModel(document, self)
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
        self._list.addStretch(1)
        self._scroll.setWidget(holder)
        outer.addWidget(self._scroll, 1)
        self._model.modelReset.connect(self._rebuild)
        self._model.dataChanged.connect(self._refresh)
        document.faces_changed.connect(self._update_hint)
        document.picked_changed.connect(self._update_hint)
        document.mode_changed.connect(self._refresh)
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
            if row.solo.property("person") == person_id:
                row.name.setFocus(Qt.FocusReason.ShortcutFocusReason)
                row.name.selectAll()

    def _rebuild(self) -> None:
        for row in self.rows:
            self._list.removeWidget(row)
            row.hide()
            row.setParent(None)
            row.deleteLater()
        self.rows = []
        for number in range(self._model.rowCount()):
            index = self._model.index(number)
            person = index.data(PERSON_ROLE)
            row = PersonRow(person, self._document, self._look)
            row.solo.setProperty("person", person.id)
            row.name.setToolTip(self._rename_hint)
            row.picked.connect(self.picked)
            row.solo_wanted.connect(self.solo_wanted)
            row.renamed.connect(lambda _id, text, at=number: self._rename(at, text))
            self._list.insertWidget(number, row)
            self.rows.append(row)
        self._update_hint()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Words that wrap have all the room they need."""
        super().resizeEvent(event)
        self._give_room()

    def _give_room(self) -> None:
        self._hint.setMinimumHeight(max(0, self._hint.heightForWidth(self.width())) if self._hint.text() else 0)

    def _rename(self, number: int, text: str) -> None:
        index: QModelIndex = self._model.index(number)
        self._model.setData(index, text)

    def _refresh(self, *_: object) -> None:
        self._give_room()
        for row in self.rows:
            row.refresh()

    def _update_hint(self) -> None:
        document = self._document
        state = document.faces_state
        text = ""
        if state is FacesState.SEARCHING:
            text = self.tr("Looking for people in the picture…")
        elif state is FacesState.NOBODY:
            text = self.tr(
                "No face was found. A voice is found by the face, so someone must be seen talking: "
                "larger than about 40 pixels, from the front or half side."
            )
        elif state is FacesState.FAILED and document.faces_error is not None:
            text = str(document.faces_error)
        elif state is FacesState.FOUND and document.picked is None:
            text = self.tr("Click the person you want to hear, in the picture or here.")
        elif state is FacesState.NONE and document.media is not None and document.media.video is not None:
            text = self.tr("The search for people was stopped.")
        self._hint.setText(text)
        self._hint.setVisible(bool(text))
        self._give_room()
        stopped = state is FacesState.NONE and document.media is not None and document.media.video is not None
        self.open.setVisible(state is FacesState.NOBODY)
        self.search.setVisible(stopped or (state is FacesState.FAILED and document.media is not None))


def _facts(person: Person) -> str:
    spans = speaking_spans(person)
    if not spans:
        return QCoreApplication.translate("PeoplePanel", "on screen {0}").format(short_clock(person.visible_s))
    shown = ", ".join(f"{short_clock(start)}–{short_clock(end)}" for start, end in spans[:MOST_SPANS])
    more = " …" if len(spans) > MOST_SPANS else ""
    return QCoreApplication.translate("PeoplePanel", "speaks {0}{1}").format(shown, more)


def _all_spans(person: Person) -> str:
    lines = [f"{short_clock(start)}–{short_clock(end)}" for start, end in speaking_spans(person)]
    return QCoreApplication.translate("PeoplePanel", "On screen {0}, speaks {1}\n").format(
        short_clock(person.visible_s), short_clock(person.speaking_s)
    ) + "\n".join(lines[:20])
