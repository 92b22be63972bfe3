"""FaceOverlay: one button per face on the picture, so that mouse, keyboard and screen readers all reach it."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QFont,
    QFontMetricsF,
    QKeyEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QAbstractButton, QWidget

from avsep_gui.look import Look
from avsep_gui.person_words import describe
from avsep_gui.state.document import Document
from avsep_gui.state.person_facts import boxes_at, speaks_at
from avsep_gui.theme import DARK, person_on_picture
from avsep_gui.views.removal import remove_widget

if TYPE_CHECKING:
    from avsep_gui.views.video_view import VideoView

MARGIN_PX = 5.0
TAG_HEIGHT_PX = 24.0
TAG_GAP_PX = 4.0
MOST_TAG_PX, LEAST_TAG_PX, MOST_TAG_SHARE = 220.0, 104.0, 0.28
TAG_ROOM_PX = 36.0  # of a tag, around its words
DARK_INK = QColor(11, 12, 15)
LIGHT_INK = QColor("#F4F6FA")


class FaceButton(QAbstractButton):
    """A face: outline in the person's colour and a tag with the name. Arrow keys go to the next face.

    Signals:
        menu_wanted(object): what else can be said of this person, at a `QPoint` of the screen.
    """

    menu_wanted = Signal(object)

    def __init__(self, person_id: int, look: Look, parent: QWidget) -> None:
        super().__init__(parent)
        self.person_id = person_id
        self._look = look
        self.name = ""
        self.picked = False
        self.dimmed = False
        self.speaking = False
        self.time_s = 0.0
        self._face = QRectF()
        self._tag = QRectF()
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.hide()

    def place(self, face: QRectF, room: QRectF) -> None:
        """Lie over `face`, with the tag above it, or below or inside where `room` leaves no space."""
        width, height = self._tag_width(room.width()), float(self._look.px(TAG_HEIGHT_PX))
        top = face.top() - TAG_GAP_PX - height
        if top < room.top():
            below = face.bottom() + TAG_GAP_PX
            top = below if below + height <= room.bottom() else face.top() + TAG_GAP_PX
        left = min(max(face.center().x() - width / 2.0, room.left()), room.right() - width)
        tag = QRectF(left, top, width, height)
        whole = face.united(tag).adjusted(-MARGIN_PX, -MARGIN_PX, MARGIN_PX, MARGIN_PX).toAlignedRect()
        self._face = face.translated(-QPointF(whole.topLeft()))
        self._tag = tag.translated(-QPointF(whole.topLeft()))
        if whole != self.geometry():
            self.setGeometry(whole)

    def face_centre(self) -> QPoint:
        """The middle of the face, in the button's own pixels."""
        return self._face.center().toPoint()

    def hitButton(self, pos: object) -> bool:
        """Only the face and its tag can be clicked, not the room between."""
        point = QPointF(pos)  # type: ignore[call-overload]
        return self._face.contains(point) or self._tag.contains(point)

    def event(self, event: QEvent) -> bool:
        """Keep arrows and Enter for faces instead of the window's shortcuts."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            arrows = (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down)
            if event.key() in (*arrows, Qt.Key.Key_Return, Qt.Key.Key_Enter):
                event.accept()
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows move the focus, Enter picks."""
        if event.key() in (Qt.Key.Key_Right, Qt.Key.Key_Down):
            self._overlay().focus_neighbour(self, 1)
        elif event.key() in (Qt.Key.Key_Left, Qt.Key.Key_Up):
            self._overlay().focus_neighbour(self, -1)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """What else can be said of this person."""
        self.menu_wanted.emit(event.globalPos())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Outline and tag; a dark line under the coloured one keeps it visible on every picture."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        lifted = self.underMouse() or self.hasFocus()
        pale = self.dimmed and not lifted
        painter.setOpacity(0.6 if pale else 1.0)
        colour = person_on_picture(self.person_id)
        width = 3.0 if self.picked else 2.0
        outline = self._face.adjusted(1, 1, -1, -1)
        path = QPainterPath()
        path.addRoundedRect(outline, 8, 8)
        if lifted:
            glow = QColor(colour)
            glow.setAlpha(38)
            painter.fillPath(path, glow)
            width += 1.0
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(11, 12, 15, 150), width + 2.5))
        painter.drawPath(path)
        painter.setPen(QPen(colour, width))
        painter.drawPath(path)
        if self.hasFocus():
            ring = outline.adjusted(-3, -3, 3, 3)
            painter.setPen(QPen(DARK_INK, 4.0))
            painter.drawRoundedRect(ring, 10, 10)
            painter.setPen(QPen(self._focus_ink(), 2.0, Qt.PenStyle.DashLine))
            painter.drawRoundedRect(ring, 10, 10)
        painter.setOpacity(0.9 if pale else 1.0)
        self._paint_tag(painter, colour, lifted)

    def _paint_tag(self, painter: QPainter, colour: QColor, lifted: bool) -> None:
        filled = self.picked
        painter.setFont(self._font())
        metrics = painter.fontMetrics()
        text = self.name if self.picked or not lifted else self.tr("Hear {0}").format(self.name)
        tag = QRectF(self._tag)  # the room for all that it may say; what it says now stands in its middle
        tag.setWidth(min(tag.width(), metrics.horizontalAdvance(text) + TAG_ROOM_PX))
        tag.moveCenter(self._tag.center())
        painter.setPen(QPen(colour, 1.0) if not filled else Qt.PenStyle.NoPen)
        painter.setBrush(colour if filled else QColor(11, 12, 15, 225))
        painter.drawRoundedRect(tag.adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        ink = DARK_INK if filled else LIGHT_INK
        left = tag.left() + 8
        centre = tag.center().y()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ink if filled else colour)
        if self.speaking:
            for index in range(3):
                time_s = 0.0 if self._look.still else self.time_s
                height = 5.0 + 4.0 * abs(math.sin(9.0 * time_s + 1.3 * index + 0.4))
                painter.drawRoundedRect(QRectF(left + 4 * index, centre - height / 2, 2.5, height), 1.2, 1.2)
        else:
            painter.drawEllipse(QPointF(left + 5, centre), 3.5, 3.5)
        painter.setPen(ink)
        room = tag.adjusted(24, 0, -8, 0)
        shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, math.ceil(room.width()) + 1)
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)

    def _tag_width(self, room_px: float) -> float:
        """As wide as the longest of its words, but never so wide that it covers others in a small picture."""
        longest = self.name if self.picked else self.tr("Hear {0}").format(self.name)
        most = min(MOST_TAG_PX, max(LEAST_TAG_PX, MOST_TAG_SHARE * room_px)) * self._look.text_scale
        return min(most, QFontMetricsF(self._font()).horizontalAdvance(longest) + TAG_ROOM_PX)

    def _font(self) -> QFont:
        font = QFont(self.font())
        font.setBold(self.picked)
        return font

    def _focus_ink(self) -> QColor:
        """On a picture the ring of the dark themes is seen best."""
        return QColor((self._look.theme if self._look.theme.is_dark else DARK).focus)

    def _overlay(self) -> FaceOverlay:
        overlay = self.parent()
        assert isinstance(overlay, FaceOverlay)
        return overlay


class FaceOverlay(QWidget):
    """Places a `FaceButton` on every face that is visible at the displayed time.

    Signals:
        person_clicked(int): a face was clicked, or Enter was pressed on it.
        menu_wanted(int, object): what else can be said of this person, shown at a `QPoint` of the screen.
    """

    person_clicked = Signal(int)
    menu_wanted = Signal(int, object)

    def __init__(self, document: Document, look: Look, view: VideoView) -> None:
        super().__init__(view)
        self._document = document
        self._look = look
        self._view = view
        self._time_s = 0.0
        self._buttons: dict[int, FaceButton] = {}
        document.people_changed.connect(self._rebuild)
        document.picked_changed.connect(self.refresh)
        document.name_changed.connect(self._on_name_changed)
        look.changed.connect(self.refresh)

    @property
    def buttons(self) -> dict[int, FaceButton]:
        """The buttons by person."""
        return self._buttons

    def set_time(self, at_s: float) -> None:
        """The displayed frame begins at `at_s`."""
        self._time_s = at_s
        self.refresh()

    def refresh(self) -> None:
        """Move, show and hide the faces."""
        document = self._document
        media = document.media
        if media is None or media.video is None:
            return
        room = self._view.picture_rect()
        scale = room.width() / max(1.0, float(media.video.width))
        boxes = boxes_at(document.people, self._time_s)
        for person in document.people:
            button = self._buttons.get(person.id)
            if button is None:
                continue
            box = boxes.get(person.id)
            button.name = document.name(person.id)
            button.picked = person.id == document.picked
            button.dimmed = document.picked is not None and not button.picked
            button.speaking = speaks_at(person, self._time_s)
            button.time_s = self._time_s
            if box is None:
                button.hide()
                continue
            face = QRectF(
                room.left() + box[0] * scale,
                room.top() + box[1] * scale,
                (box[2] - box[0]) * scale,
                (box[3] - box[1]) * scale,
            )
            button.place(face, room)
            button.show()
            button.update()

    def focus_next(self, direction: int) -> None:
        """Go to the next or previous face from wherever the keyboard is."""
        shown = [button for button in self._buttons.values() if button.isVisible()]
        focused = next((button for button in shown if button.hasFocus()), None)
        if focused is not None:
            self.focus_neighbour(focused, direction)
        elif shown:
            leftmost = min(shown, key=lambda button: button.geometry().center().x())
            leftmost.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def focus_neighbour(self, button: FaceButton, direction: int) -> None:
        """Give the keyboard to the next visible face, from left to right, round and round."""
        shown = sorted((b for b in self._buttons.values() if b.isVisible()), key=lambda b: b.geometry().center().x())
        if button in shown:
            shown[(shown.index(button) + direction) % len(shown)].setFocus(Qt.FocusReason.TabFocusReason)

    def _rebuild(self) -> None:
        """A button for everybody; who was there before keeps theirs."""
        had, self._buttons = self._buttons, {}
        for person in self._document.people:
            self._buttons[person.id] = had.pop(person.id) if person.id in had else self._new_button(person.id)
            self._describe(person.id)
        for button in had.values():
            remove_widget(button)
        for before, after in pairwise(self._buttons.values()):
            QWidget.setTabOrder(before, after)
        self.refresh()

    def _new_button(self, person_id: int) -> FaceButton:
        button = FaceButton(person_id, self._look, self)
        button.clicked.connect(lambda: self.person_clicked.emit(person_id))
        button.menu_wanted.connect(lambda at: self.menu_wanted.emit(person_id, at))
        return button

    def _on_name_changed(self, person_id: int) -> None:
        self._describe(person_id)
        self.refresh()

    def _describe(self, person_id: int) -> None:
        button = self._buttons.get(person_id)
        if button is None:
            return
        name = self._document.name(person_id)
        person = self._document.person(person_id)
        button.setAccessibleName(self.tr("Hear {0}").format(name))
        button.setAccessibleDescription(describe(self._document, person) if person is not None else "")
        button.setToolTip(self.tr("Hear {0} alone (key {1})").format(name, person_id))
