"""TimelineOverlay: playhead, selection and cursor over all lanes, repainted in narrow strips."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from avsep_gui.look import Look

if TYPE_CHECKING:
    from avsep_gui.views.timeline_view import TimelineView

STRIP_PX = 14


class TimelineOverlay(QWidget):
    """Lies over the timeline and lets the mouse through."""

    def __init__(self, timeline: TimelineView, look: Look) -> None:
        super().__init__(timeline)
        self._timeline = timeline
        self._look = look
        self._playhead_s = 0.0
        self._range_s: tuple[float, float] | None = None
        self._cursor_x: float | None = None
        self._cursor_text = ""
        self._ring = False
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    @property
    def playhead_s(self) -> float:
        """Where the playhead stands."""
        return self._playhead_s

    def set_playhead(self, at_s: float) -> None:
        """Move the playhead; only the strips of the old and the new place are painted again."""
        old_x = self._timeline.x_of(self._playhead_s)
        self._playhead_s = at_s
        new_x = self._timeline.x_of(at_s)
        if round(old_x * 2) != round(new_x * 2):
            self._update_strip(old_x)
            self._update_strip(new_x)

    def set_range(self, range_s: tuple[float, float] | None) -> None:
        """Show the selection."""
        self._range_s = range_s
        self.update()

    def set_ring(self, shown: bool) -> None:
        """Show that the time line has the keyboard."""
        self._ring = shown
        self.update()

    def set_cursor(self, x: float | None, text: str) -> None:
        """Show the read-out at the mouse, or nothing."""
        if x != self._cursor_x or text != self._cursor_text:
            self._cursor_x, self._cursor_text = x, text
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Selection, cursor line, playhead, read-out."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        theme = self._look.theme
        area = self._timeline.lanes_rect()
        self._paint_titles(painter)
        painter.setClipRect(area.adjusted(-6, 0, 6, 0))
        if self._range_s is not None:
            left, right = (self._timeline.x_of(value) for value in self._range_s)
            shade = QColor(theme.focus)
            shade.setAlpha(36)
            painter.fillRect(QRectF(left, area.top(), right - left, area.height()), shade)
            painter.setPen(QPen(QColor(theme.focus), 1.0))
            for x in (left, right):
                painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
        if self._cursor_x is not None:
            painter.setPen(QPen(QColor(theme.muted), 1.0, Qt.PenStyle.DotLine))
            painter.drawLine(QPointF(self._cursor_x, area.top()), QPointF(self._cursor_x, area.bottom()))
        self._paint_playhead(painter, area)
        painter.setClipping(False)
        if self._cursor_x is not None and self._cursor_text:
            self._paint_read_out(painter, area)
        if self._ring:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(theme.focus), 2.0))
            painter.drawRect(self.rect().adjusted(1, 1, -1, -1))

    def _paint_titles(self, painter: QPainter) -> None:
        theme = self._look.theme
        metrics = painter.fontMetrics()
        for box, title, colour in self._timeline.lane_titles():
            room = box.adjusted(16, 0, -4, 0)
            if colour is not None:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(colour)
                painter.drawEllipse(QPointF(20, box.center().y()), 4, 4)
                room.setLeft(30)
            painter.setPen(QColor(theme.text if colour is not None else theme.muted))
            shown = metrics.elidedText(title, Qt.TextElideMode.ElideRight, int(room.width()))
            painter.drawText(room, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)
        box, hint = self._timeline.voice_hint()
        if hint:
            painter.setPen(QColor(theme.muted))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, hint)

    def _paint_playhead(self, painter: QPainter, area: QRectF) -> None:
        x = self._timeline.x_of(self._playhead_s)
        if not area.left() - 1 <= x <= area.right() + 1:
            return
        dark = self._look.theme.is_dark
        ink = QColor("#FFFFFF" if dark else self._look.theme.text)
        halo = QColor(11, 12, 15, 160) if dark else QColor(255, 255, 255, 200)
        painter.setPen(QPen(halo, 3.5))
        painter.drawLine(QPointF(x, area.top() + 8), QPointF(x, area.bottom()))
        painter.setPen(QPen(ink, 1.5))
        painter.drawLine(QPointF(x, area.top() + 8), QPointF(x, area.bottom()))
        painter.setPen(QPen(halo, 1.0))
        painter.setBrush(ink)
        top = area.top()
        corners = ((x - 5, top), (x + 5, top), (x + 5, top + 6), (x, top + 11), (x - 5, top + 6))
        painter.drawPolygon(QPolygonF([QPointF(*corner) for corner in corners]))

    def _paint_read_out(self, painter: QPainter, area: QRectF) -> None:
        assert self._cursor_x is not None
        theme = self._look.theme
        metrics = painter.fontMetrics()
        width = metrics.horizontalAdvance(self._cursor_text) + 16
        left = min(self._cursor_x + 8, area.right() - width)
        box = QRectF(left, area.top() + 22, width, 22)
        painter.setPen(QPen(QColor(theme.line), 1.0))
        painter.setBrush(QColor(theme.raised))
        painter.drawRoundedRect(box, 4, 4)
        painter.setPen(QColor(theme.text))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, self._cursor_text)

    def _update_strip(self, x: float) -> None:
        self.update(int(x) - STRIP_PX // 2, 0, STRIP_PX, self.height())
