"""TimelineView: waveform, spectrograms, people and agreement on one time axis with the playhead."""

from __future__ import annotations

import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, QTimer, Signal, SignalInstance
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QFocusEvent,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QGraphicsView, QToolTip, QWidget

from avsep_gui.announce import announce
from avsep_gui.lane_feed import LaneFeed
from avsep_gui.look import Look
from avsep_gui.soon import Soon
from avsep_gui.state.document import Document
from avsep_gui.state.frequency import hz_at, share_of
from avsep_gui.views.lane_plot import AXIS_PX
from avsep_gui.views.lane_stack import LaneStack
from avsep_gui.views.read_out import ReadOut
from avsep_gui.views.spectrogram_menu import SpectrogramMenu
from avsep_gui.views.timeline_overlay import TimelineOverlay

SHORTEST_S = 0.05
SETTLE_MS = 120
MOVE_MS = 30
MOST_COLUMNS = 1600
ZOOM_STEP = 1.25
PROBE_HZ = 1000.0
PROBE_STEP = 1 / 32


class TimelineView(pg.GraphicsLayoutWidget):
    """All lanes. Wheel zooms, Shift or sideways pans, click and drag move the playhead, Shift+drag selects.

    With the keyboard, Up and Down move the frequency of the read-out at the playhead.

    Signals:
        seek_wanted(float): the user points at a time.
        scrubbing(bool): a drag of the playhead began or ended.
        range_wanted(object): (start, end) in seconds that the user selected.
        view_moved(float, float, int): visible stretch and its width in columns, while it moves as well.
        view_changed(float, float, int): the same, after it settled.

    Args:
        feed: what the lanes show.
    """

    seek_wanted = Signal(float)
    scrubbing = Signal(bool)
    range_wanted = Signal(object)
    view_moved = Signal(float, float, int)
    view_changed = Signal(float, float, int)

    def __init__(self, document: Document, look: Look, feed: LaneFeed, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._look = look
        self._feed = feed
        self._words = ReadOut(document, feed)
        self._menu = SpectrogramMenu(feed.choice, self)
        self._probing, self._probe_hz = False, PROBE_HZ
        self._mouse: QPointF | None = None  # over the lanes
        self._start_s, self._end_s = 0.0, 1.0
        self._drag_from_s: float | None = None
        self._selecting = False
        self.setMinimumHeight(180)
        self.setAccessibleName(self.tr("Time line with waveform, spectrograms and people"))
        self.viewport().setMouseTracking(True)
        # All at once, with the overlay: a move would else be painted twice.
        self.setViewportUpdateMode(QGraphicsView.ViewportUpdateMode.FullViewportUpdate)
        self.lanes = LaneStack(self, document, look, feed)
        self._overlay = TimelineOverlay(self, look, feed)
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(SETTLE_MS)
        self._settle.timeout.connect(lambda: self._tell_view(self.view_changed))
        self._move = QTimer(self)
        self._move.setSingleShot(True)
        self._move.setInterval(MOVE_MS)
        self._move.timeout.connect(lambda: self._tell_view(self.view_moved))
        self._lanes_soon = Soon(self._show_people_and_voice, self)
        self._tiles_soon = Soon(self._on_tiles, self)
        feed.changed.connect(self._tiles_soon.ask)
        feed.choice.changed.connect(self.lanes.label_frequencies)
        feed.choice.changed.connect(self._overlay.update)
        document.open_state_changed.connect(self._on_opened)
        for signal in (document.people_changed, document.picked_changed, document.name_changed):
            signal.connect(self._lanes_soon.ask)
        document.voice_changed.connect(self._show_voice_state)
        document.voices_forgotten.connect(self._lanes_soon.ask)
        document.range_changed.connect(lambda: self._overlay.set_range(document.range_s))
        look.changed.connect(self._recolour)
        self._recolour()

    def visible_s(self) -> tuple[float, float]:
        """The stretch that is shown."""
        return self._start_s, self._end_s

    @property
    def is_moving(self) -> bool:
        """Whether `view_moved` is still to tell of the last move."""
        return self._move.isActive()

    def lanes_rect(self) -> QRectF:
        """Where the lanes are, without the names at the left, in this widget's pixels."""
        left = self._look.px(AXIS_PX)
        return QRectF(left, 2.0, max(1.0, self.width() - left - 8.0), max(1.0, self.height() - 6.0))

    def probe_points(self) -> list[QPointF]:
        """Where the keyboard's frequency crosses the playhead."""
        x = self.x_of(self._overlay.playhead_s)
        return [QPointF(x, y) for y in self.lanes.heights_of(self._probe_hz)]

    def x_of(self, at_s: float) -> float:
        """The x coordinate of a time."""
        area = self.lanes_rect()
        return area.left() + (at_s - self._start_s) / (self._end_s - self._start_s) * area.width()

    def time_at(self, x: float) -> float:
        """The time at an x coordinate, inside the file."""
        area = self.lanes_rect()
        at_s = self._start_s + (x - area.left()) / area.width() * (self._end_s - self._start_s)
        return min(max(at_s, 0.0), max(self._document.duration_s, 0.0))

    def set_playhead(self, at_s: float, *, follow: bool) -> None:
        """Move the playhead; with `follow` the view turns the page when it leaves."""
        if follow and self._drag_from_s is None and not self._start_s <= at_s <= self._end_s:
            length_s = self._end_s - self._start_s
            self.show_stretch(at_s - 0.05 * length_s, at_s + 0.95 * length_s)
        self._overlay.set_playhead(at_s)
        if self._probing:
            self._probe(True)

    def show_stretch(self, start_s: float, end_s: float) -> None:
        """Show this stretch, moved and cut to fit the file."""
        duration_s = max(self._document.duration_s, SHORTEST_S)
        length_s = min(max(end_s - start_s, SHORTEST_S), duration_s)
        start_s = min(max(0.0, start_s), duration_s - length_s)
        self._start_s, self._end_s = start_s, start_s + length_s
        self.lanes.show_stretch(self._start_s, self._end_s)
        self.scene().prepareForPaint()  # else pyqtgraph moves its items while it paints, and paints once more
        self._read_out()
        self._tell_soon()

    def zoom(self, factor: float, centre_s: float | None = None) -> None:
        """Zoom in (factor above 1) or out, round a time or the playhead."""
        centre_s = self._overlay.playhead_s if centre_s is None else centre_s
        centre_s = min(max(centre_s, self._start_s), self._end_s)
        self.show_stretch(centre_s - (centre_s - self._start_s) / factor, centre_s + (self._end_s - centre_s) / factor)

    def fit(self) -> None:
        """Show the whole file."""
        self.show_stretch(0.0, self._document.duration_s)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the overlay on top and ask for pictures of the new width."""
        super().resizeEvent(event)
        if hasattr(self, "_overlay"):
            self.lanes.label_frequencies()
            self._overlay.setGeometry(self.rect())
            self._overlay.raise_()
            self._tell_soon()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom at the mouse; sideways or with Shift: pan."""
        delta = event.pixelDelta() if not event.pixelDelta().isNull() else event.angleDelta()
        sideways = delta.x() if abs(delta.x()) > abs(delta.y()) else 0
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            sideways = sideways or delta.y()
        length_s = self._end_s - self._start_s
        if sideways:
            shift_s = -sideways / 120.0 * 0.1 * length_s
            self.show_stretch(self._start_s + shift_s, self._end_s + shift_s)
        elif delta.y():
            self.zoom(ZOOM_STEP ** (delta.y() / 120.0), self.time_at(event.position().x()))
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin to scrub, or to select with Shift."""
        if event.button() is not Qt.MouseButton.LeftButton or self._document.duration_s <= 0:
            return
        self._probe(False)
        if self._on_legend(event.position()):
            self._menu.popup(event.globalPosition().toPoint())
            return
        self._drag_from_s = self.time_at(event.position().x())
        self._selecting = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if not self._selecting:
            self.scrubbing.emit(True)
            self.seek_wanted.emit(self._drag_from_s)
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Scrub, select, or read out what is under the mouse."""
        at_s = self.time_at(event.position().x())
        if self._drag_from_s is None:
            self._mouse = event.position()
            self._read_out()
        elif self._selecting:
            self._overlay.set_range((min(at_s, self._drag_from_s), max(at_s, self._drag_from_s)))
        else:
            self.seek_wanted.emit(at_s)
        event.accept()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End of scrubbing or selecting."""
        if self._drag_from_s is None:
            return
        start_s, self._drag_from_s = self._drag_from_s, None
        if self._selecting:
            self._selecting = False
            end_s = self.time_at(event.position().x())
            if abs(self.x_of(end_s) - self.x_of(start_s)) >= 3:
                self.range_wanted.emit((min(start_s, end_s), max(start_s, end_s)))
            self._overlay.set_range(self._document.range_s)
        else:
            self.scrubbing.emit(False)
        event.accept()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show a ring where the keyboard brought us here."""
        super().focusInEvent(event)
        by_key = event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason)
        self._overlay.set_ring(by_key)
        if by_key:
            self._probe(True)
            self.setAccessibleDescription(self._overlay.probe_text)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """No ring any more."""
        super().focusOutEvent(event)
        self._overlay.set_ring(False)
        self._probe(False)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Up and Down: read out at a higher or lower frequency."""
        step = {Qt.Key.Key_Up: PROBE_STEP, Qt.Key.Key_Down: -PROBE_STEP}.get(Qt.Key(event.key()))
        if step is None or self._document.duration_s <= 0:
            super().keyPressEvent(event)
            return
        scale = self._feed.choice.scale
        share = share_of(self._probe_hz, scale) + step
        self._probe_hz = hz_at(min(max(share, PROBE_STEP / 2), 1.0 - PROBE_STEP / 2), scale)
        self._probe(True)
        self.setAccessibleDescription(self._overlay.probe_text)
        announce(self, self._overlay.probe_text)
        event.accept()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Scale and colours of the spectrograms."""
        self._menu.popup(event.globalPos())
        event.accept()

    def viewportEvent(self, event: QEvent) -> bool:
        """Say what the legend is."""
        if isinstance(event, QHelpEvent) and self._on_legend(QPointF(event.pos())):
            text = self.tr("Levels in dB; 0 dB is full scale. Click to choose the scale and the colours.")
            QToolTip.showText(event.globalPos(), text, self)
            return True
        return bool(super().viewportEvent(event))

    def leaveEvent(self, event: QEvent) -> None:
        """No read-out without the mouse."""
        self._mouse = None
        self._read_out()
        super().leaveEvent(event)

    def _tell_soon(self) -> None:
        self._settle.start()
        if not self._move.isActive():
            self._move.start()

    def _tell_view(self, signal: SignalInstance) -> None:
        if self._document.duration_s > 0:
            columns = int(min(MOST_COLUMNS, max(64.0, self.lanes_rect().width() * self.devicePixelRatioF())))
            signal.emit(self._start_s, self._end_s, columns)

    def _on_legend(self, at: QPointF) -> bool:
        return any(area.contains(at) for area in self.lanes.legend_areas())

    def _on_tiles(self) -> None:
        self.lanes.show_tiles()
        self._overlay.show_ceiling(self._feed.ceiling_db)
        self._read_out()
        if self._probing:
            self._probe(True)

    def _on_opened(self) -> None:
        self.lanes.show_length()
        self.fit()
        self._show_voice_state()

    def _show_people_and_voice(self) -> None:
        self.lanes.show_people()
        self._show_voice_state()

    def _show_voice_state(self, _person_id: int = 0) -> None:
        self.lanes.show_voice_state()
        self._overlay.update()

    def _read_out(self) -> None:
        """Say what is under the mouse now."""
        x, y = self._mouse.toTuple() if self._mouse is not None else (-1.0, -1.0)
        if not self.lanes_rect().contains(x, y) or self._document.duration_s <= 0:
            self._overlay.set_cursor(None, "")
            return
        name, share = self.lanes.lane_at(self.mapToScene(int(x), int(y)))
        row = int((1.0 - share) * max(1, len(self._document.people)))
        hz = hz_at(share, self._feed.choice.scale)
        self._overlay.set_cursor(x, self._words.in_lane(self.time_at(x), name, hz=hz, row=row))

    def _probe(self, on: bool) -> None:
        """Read out at the playhead, for the keyboard, or no more."""
        self._probing = on
        text = self._words.everything(self._overlay.playhead_s, self._probe_hz) if on else ""
        self._overlay.set_probe(text)

    def _recolour(self) -> None:
        self.setBackground(QColor(self._look.theme.window))
        self.lanes.recolour(self.font())
        self._overlay.update()
