"""PersonRow: one person in the panel: face, name, when they speak, how much of the voice is there."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QPixmap,
)
from PySide6.QtWidgets import (
    QAbstractButton,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from avsep_gui.look import Look
from avsep_gui.person_words import seen_words
from avsep_gui.state.document import Document, ListenMode, Picture
from avsep_gui.state.intervals import share
from avsep_gui.state.person_facts import speaking_spans
from avsep_gui.views.elided_label import ElidedLabel
from avsep_gui.views.name_edit import NameEdit
from avsep_gui.views.restyle import restyle
from avsep_gui.words import short_clock
from engine.types import Person

FACE_PX = 44
NAME_INSET_PX = 7  # where the letters of the name begin in their field
MOST_SPANS = 2


class _Thumbnail(QLabel):
    """A round face with a ring in the person's colour; a label, so that it is a picture for a screen reader."""

    def __init__(self, person_id: int, look: Look, parent: QWidget) -> None:
        super().__init__(parent)
        self.setFixedSize(FACE_PX, FACE_PX)
        self._look = look
        self._person_id = person_id
        self.picked = False
        self._face = QPixmap()

    def show_picture(self, pixels: Picture) -> None:
        """Show this face, (h, w, 3) uint8 RGB."""
        height, width = pixels.shape[:2]
        image = QImage(pixels.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888)
        self._face = QPixmap.fromImage(image)
        self.setPixmap(self._face)
        self.update()

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
        menu_wanted(int, object): what else can be said of this person, shown at a `QPoint` of the screen.
    """

    picked = Signal(int)
    solo_wanted = Signal(int)
    renamed = Signal(int, str)
    menu_wanted = Signal(int, object)

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
        self._face = _Thumbnail(person.id, look, self)
        layout.addWidget(self._face, 0, Qt.AlignmentFlag.AlignTop)
        texts = QVBoxLayout()
        texts.setSpacing(2)
        self.name = NameEdit()
        self.name.setObjectName("personName")
        self.name.setMinimumWidth(40)
        self.name.editingFinished.connect(self._on_edited)
        texts.addWidget(self.name)
        self._facts = ElidedLabel()
        self._facts.setProperty("muted", True)
        self._facts.setContentsMargins(NAME_INSET_PX, 0, 0, 0)
        texts.addWidget(self._facts)
        self._coverage = _Coverage(look, self)
        covered = QHBoxLayout()
        covered.setContentsMargins(NAME_INSET_PX, 2, 0, 0)
        covered.addWidget(self._coverage)
        texts.addLayout(covered)
        layout.addLayout(texts, 1)
        self.solo = QToolButton()
        self.solo.setCheckable(True)
        self.solo.setIconSize(QSize(20, 20))
        self.clicked.connect(lambda: self.picked.emit(person.id))
        self.solo.clicked.connect(lambda: self.solo_wanted.emit(person.id))
        self.more = QToolButton()
        self.more.setIconSize(QSize(20, 20))
        self.more.clicked.connect(self._on_more)
        layout.addWidget(self.solo, 0, Qt.AlignmentFlag.AlignTop)
        layout.addWidget(self.more, 0, Qt.AlignmentFlag.AlignTop)
        self.show_person(person)

    @property
    def person_id(self) -> int:
        """Whose row it is."""
        return self._person.id

    @property
    def stops(self) -> tuple[QWidget, ...]:
        """What Tab goes through, in order."""
        return self, self.name, self.solo, self.more

    def show_person(self, person: Person) -> None:
        """Show the same person as they are known now: seen and heard at other times after a correction."""
        self._person = person
        self._seen = seen_words(self._document, person)
        self._facts.show_text(_facts(person), _facts(person, most=1))
        self._facts.setToolTip(_all_spans(person))
        self.show_picture()
        self.refresh()

    def show_picture(self) -> None:
        """Show the face that the document has now."""
        self._face.show_picture(self._document.picture(self._person))

    def refresh(self) -> None:
        """Show what the document says now."""
        document, person = self._document, self._person
        name = document.name(person.id)
        is_picked = document.picked == person.id
        if not self.name.hasFocus():
            self.name.setText(name)
            self.name.setCursorPosition(0)
        self.name.setProperty("saved", name)  # what Esc brings back
        self.name.setAccessibleName(self.tr("Name of {0}").format(name))
        words = f"{name}, {self._seen}"
        self._face.setAccessibleName(self.tr("Picture of {0}").format(words))
        self.setAccessibleName(self.tr("{0}, picked").format(words) if is_picked else words)
        self.solo.setIcon(self._look.icon("hear"))
        self.solo.setChecked(is_picked and document.mode is ListenMode.VOICE)
        self.solo.setAccessibleName(self.tr("Hear only {0}").format(name))
        self.solo.setToolTip(self.tr("Hear only {0} ({1})").format(name, person.id))
        self.more.setIcon(self._look.icon("more"))
        self.more.setAccessibleName(self.tr("Correct {0}").format(name))
        self.more.setToolTip(self.tr("Wrong person, same person, hide…"))
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

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """What else can be said of this person."""
        self.menu_wanted.emit(self._person.id, event.globalPos())

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

    def _on_more(self) -> None:
        self.menu_wanted.emit(self._person.id, self.more.mapToGlobal(self.more.rect().bottomLeft()))

    def _on_edited(self) -> None:
        self.renamed.emit(self._person.id, self.name.text())
        if self.name.hasFocus():
            self.name.clearFocus()
        self.refresh()


def _facts(person: Person, most: int = MOST_SPANS) -> str:
    spans = speaking_spans(person)
    if not spans:
        return QCoreApplication.translate("PersonRow", "on screen {0}").format(short_clock(person.visible_s))
    shown = ", ".join(f"{short_clock(start)}–{short_clock(end)}" for start, end in spans[:most])
    more = " …" if len(spans) > most else ""
    return QCoreApplication.translate("PersonRow", "speaks {0}{1}").format(shown, more)


def _all_spans(person: Person) -> str:
    lines = [f"{short_clock(start)}–{short_clock(end)}" for start, end in speaking_spans(person)]
    return QCoreApplication.translate("PersonRow", "On screen {0}, speaks {1}\n").format(
        short_clock(person.visible_s), short_clock(person.speaking_s)
    ) + "\n".join(lines[:20])
