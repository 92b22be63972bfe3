"""TimelineOverlay: playhead, selection, read-out and legends over all lanes, repainted in narrow strips."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from avsep_gui.lane_feed import LaneFeed
from avsep_gui.look import Look
from avsep_gui.views.lane_legend import LegendPainter

if TYPE_CHECKING:
    from avsep_gui.views.timeline_view import TimelineView

STRIP_PX = 16
LEGEND_FONT_PX = 11
READ_OUT_TOP_PX = 22
PROBE_PX = 7.0


class TimelineOverlay(QWidget):
    """Lies over the timeline and lets the mouse through."""

    def __init__(self, timeline: TimelineView, look: Look, feed: LaneFeed) -> None:
        super().__init__(timeline)
        self._timeline = timeline
        self._look = look
        self._feed = feed
        self._legend = LegendPainter()
        self._ceiling_db = feed.ceiling_db
        self._probe_text = ""
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
            if self._probe_text:
                self._update_read_out(old_x, self._probe_text)
                self._update_read_out(new_x, self._probe_text)

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
        if x == self._cursor_x and text == self._cursor_text:
            return
        for _ in range(2):  # where it was and where it will be
            if self._cursor_x is not None:
                self._update_strip(self._cursor_x)
                self._update_read_out(self._cursor_x, self._cursor_text)
            self._cursor_x, self._cursor_text = x, text

    @property
    def cursor_text(self) -> str:
        """The read-out at the mouse; empty without one."""
        return self._cursor_text

    @property
    def probe_text(self) -> str:
        """The read-out at the playhead; empty without one."""
        return self._probe_text

    def set_probe(self, text: str) -> None:
        """Show a read-out at the playhead, for the keyboard; an empty one shows nothing."""
        if text != self._probe_text:
            self._probe_text = text
            self.update()

    def show_ceiling(self, ceiling_db: float) -> None:
        """The legends begin at this level."""
        if ceiling_db != self._ceiling_db:
            self._ceiling_db = ceiling_db
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Selection, cursor line, playhead, read-out."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        theme = self._look.theme
        area = self._timeline.lanes_rect()
        if event.rect().left() < area.left():
            self._paint_legends(painter)
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
        if self._probe_text and self._cursor_x is None:
            self._paint_probe(painter)
        painter.setClipping(False)
        if self._cursor_x is not None and self._cursor_text:
            self._paint_read_out(painter, self._cursor_x, self._cursor_text)
        elif self._probe_text:
            self._paint_read_out(painter, self._timeline.x_of(self._playhead_s), self._probe_text)
        if self._ring:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(theme.focus), 2.0))
            painter.drawRect(self.rect().adjusted(1, 1, -1, -1))

    def _paint_titles(self, painter: QPainter) -> None:
        theme = self._look.theme
        metrics = painter.fontMetrics()
        for box, title, colour in self._timeline.lanes.titles():
            room = box.adjusted(16, 0, -4, 0)
            if colour is not None:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(colour)
                painter.drawEllipse(QPointF(20, box.center().y()), 4, 4)
                room.setLeft(30)
            painter.setPen(QColor(theme.text if colour is not None else theme.muted))
            shown = metrics.elidedText(title, Qt.TextElideMode.ElideRight, int(room.width()))
            painter.drawText(room, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)
        box, hint = self._timeline.lanes.voice_hint()
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

    def _paint_legends(self, painter: QPainter) -> None:
        if not self._timeline.lanes.has_sound:
            return
        font = QFont(self.font())
        font.setPixelSize(self._look.px(LEGEND_FONT_PX))
        painter.save()
        for area in self._timeline.lanes.legend_areas():
            colours, ink = self._feed.choice.colours, QColor(self._look.theme.muted)
            self._legend.paint(painter, area, colours, self._ceiling_db, ink, font)
        painter.restore()

    def _paint_probe(self, painter: QPainter) -> None:
        for pen in (QPen(QColor(11, 12, 15, 200), 3.0), QPen(QColor("#FFFFFF"), 1.5)):
            painter.setPen(pen)
            for at in self._timeline.probe_points():
                painter.drawLine(QPointF(at.x() - PROBE_PX, at.y()), QPointF(at.x() + PROBE_PX, at.y()))

    def _read_out_box(self, x: float, text: str) -> QRectF:
        """Beside a place, inside the lanes; several lines where one is too long."""
        area = self._timeline.lanes_rect()
        most = QRectF(0.0, 0.0, max(40.0, area.width() - 16.0), 200.0)
        words = QFontMetricsF(self.font()).boundingRect(most, int(Qt.TextFlag.TextWordWrap), text)
        width = words.width() + 18.0
        left = max(area.left(), min(x + 8.0, area.right() - width))
        return QRectF(left, area.top() + self._look.px(READ_OUT_TOP_PX), width, words.height() + 6.0)

    def _paint_read_out(self, painter: QPainter, x: float, text: str) -> None:
        theme = self._look.theme
        box = self._read_out_box(x, text)
        painter.setPen(QPen(QColor(theme.line), 1.0))
        painter.setBrush(QColor(theme.raised))
        painter.drawRoundedRect(box, 4, 4)
        painter.setPen(QColor(theme.text))
        painter.drawText(box, int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap), text)

    def _update_read_out(self, x: float, text: str) -> None:
        if text:
            self.update(self._read_out_box(x, text).toAlignedRect().adjusted(-2, -2, 2, 2))

    def _update_strip(self, x: float) -> None:
        self.update(int(x) - STRIP_PX // 2, 0, STRIP_PX, self.height())
