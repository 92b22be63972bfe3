"""VideoView: the picture, letterboxed, with the faces on it."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QImage, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from avsep_gui.look import Look
from avsep_gui.state.document import Document, FacesState, OpenState
from avsep_gui.theme import DARK
from avsep_gui.views.face_overlay import FaceOverlay


class VideoView(QWidget):
    """Shows frames in the displayed aspect ratio on the darkest grey.

    Signals:
        person_clicked(int): a face was clicked.
        full_screen_wanted(): double click on the picture.
    """

    person_clicked = Signal(int)
    full_screen_wanted = Signal()

    def __init__(self, document: Document, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._look = look
        self._image: QImage | None = None
        self._note = ""
        self._ring = False
        self.setMinimumSize(320, 180)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(self.tr("Picture"))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.overlay = FaceOverlay(document, look, self)
        self.overlay.person_clicked.connect(self.person_clicked)
        document.open_state_changed.connect(self._on_opened)
        document.faces_changed.connect(self._on_faces_changed)
        look.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        """A usual picture."""
        return QSize(960, 540)

    def set_frame(self, image: QImage, at_s: float) -> None:
        """Show a frame that begins at `at_s`, and the faces of that moment."""
        self._image = image
        self.overlay.set_time(at_s)
        self.update()

    def set_search_note(self, text: str) -> None:
        """Say in a corner of the picture how far the search for people is; empty hides it."""
        if text != self._note:
            self._note = text
            self.update()

    def picture_rect(self) -> QRectF:
        """Where the picture is drawn, in this widget's pixels."""
        width, height = self._picture_size()
        scale = min(self.width() / width, self.height() / height)
        shown_w, shown_h = width * scale, height * scale
        return QRectF((self.width() - shown_w) / 2.0, (self.height() - shown_h) / 2.0, shown_w, shown_h)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Ground, picture, note."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(self._look.theme.stage))
        if self._image is not None:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(self.picture_rect(), self._image)
        if self._note:
            self._paint_note(painter)
        if self._ring:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor((self._look.theme if self._look.theme.is_dark else DARK).focus), 2.0))
            painter.drawRect(self.rect().adjusted(1, 1, -1, -1))

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show a ring where the keyboard brought us here."""
        super().focusInEvent(event)
        self._ring = event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """No ring any more."""
        super().focusOutEvent(event)
        self._ring = False
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the faces on the picture."""
        self.overlay.setGeometry(self.rect())
        self.overlay.refresh()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Full screen and back."""
        self.full_screen_wanted.emit()

    def _picture_size(self) -> tuple[float, float]:
        media = self._document.media
        if media is not None and media.video is not None and media.video.width > 0 and media.video.height > 0:
            return float(media.video.width), float(media.video.height)
        if self._image is not None and self._image.width() > 0:
            return float(self._image.width()), float(self._image.height())
        return 16.0, 9.0

    def _paint_note(self, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        metrics = painter.fontMetrics()
        room = self.picture_rect()
        height = self._look.px(28)
        box = QRectF(room.left() + 12, room.top() + 12, metrics.horizontalAdvance(self._note) + 24, height)
        if self._image is None:  # there is nothing that it could cover
            box.moveCenter(room.center())
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(11, 12, 15, 210))
        painter.drawRoundedRect(box, 6, 6)
        painter.setPen(QColor("#E8EAF0"))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, self._note)

    def _on_opened(self) -> None:
        if self._document.open_state is OpenState.OPENING:
            self._image = None
        self._on_faces_changed()
        self.overlay.refresh()
        self.update()

    def _on_faces_changed(self) -> None:
        state, media = self._document.faces_state, self._document.media
        if self._document.open_state is OpenState.OPENING:
            self.set_search_note(self.tr("Opening…"))
        elif state is FacesState.SEARCHING:
            self.set_search_note(self.tr("Finding people…"))
        elif state is FacesState.NOBODY:
            self.set_search_note(self.tr("No face was found in this video"))
        elif media is not None and media.video is None:
            self.set_search_note(self.tr("There is no picture in this file"))
        else:
            self.set_search_note("")
