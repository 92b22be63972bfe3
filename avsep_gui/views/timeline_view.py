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
from avsep_gui.state.document import Document
from avsep_gui.state.frequency import hz_at, marks, share_of
from avsep_gui.state.intervals import complement
from avsep_gui.state.person_facts import speaking_spans, visible_spans
from avsep_gui.views.lane_legend import lies_down
from avsep_gui.views.lane_pictures import SpectrogramItem, TileImages, WaveItem
from avsep_gui.views.lane_plot import AXIS_PX, add_lane, dress_lane
from avsep_gui.views.lanes import AgreementItem, GapItem, PeopleItem, TimeAxis
from avsep_gui.views.read_out import LaneName, ReadOut
from avsep_gui.views.spectrogram_menu import SpectrogramMenu
from avsep_gui.views.timeline_overlay import TimelineOverlay

RULER_PX = 24
WAVE_PX = 40
PERSON_ROW_PX = 20
TIGHT_ROW_PX = 14
ROOMY_PEOPLE = 4
AGREEMENT_PX = 30
SHORTEST_S = 0.05
SETTLE_MS = 120
MOVE_MS = 30
MOST_COLUMNS = 1600
ZOOM_STEP = 1.25
TICKS_APART_PX = 16
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
        self._peak = 1.0
        self._mouse: QPointF | None = None  # over the lanes
        self._start_s, self._end_s = 0.0, 1.0
        self._drag_from_s: float | None = None
        self._selecting = False
        self.setMinimumHeight(180)
        self.setAccessibleName(self.tr("Time line with waveform, spectrograms and people"))
        self.viewport().setMouseTracking(True)
        # All at once, with the overlay: a move would else be painted twice.
        self.setViewportUpdateMode(QGraphicsView.ViewportUpdateMode.FullViewportUpdate)
        self._titles: list[tuple[pg.PlotItem, str]] = []
        self.ci.setContentsMargins(0, 0, 8, 4)
        self.ci.layout.setVerticalSpacing(4)
        self._ruler = TimeAxis(orientation="top")
        self._ruler.setHeight(RULER_PX)
        self._wave = self._add_lane(0, self.tr("Sound"), fixed_px=WAVE_PX + RULER_PX, ruler=self._ruler)
        self._mixture = self._add_lane(1, self.tr("Original"))
        self._voice = self._add_lane(2, self.tr("Voice"))
        self._people = self._add_lane(3, "", fixed_px=PERSON_ROW_PX)
        self._agreement = self._add_lane(4, self.tr("Agreement"), fixed_px=AGREEMENT_PX)
        self._lanes = (self._wave, self._mixture, self._voice, self._people, self._agreement)
        self._named: dict[LaneName, pg.PlotItem] = {
            "wave": self._wave,
            "mixture": self._mixture,
            "voice": self._voice,
            "people": self._people,
            "agreement": self._agreement,
        }
        images = TileImages()
        self._source_wave, self._voice_wave = WaveItem(feed, "waveform"), WaveItem(feed, "voice_waveform")
        self._pictures = (
            (self._wave, self._source_wave),
            (self._wave, self._voice_wave),
            (self._mixture, SpectrogramItem(feed, "mixture", images)),
            (self._voice, SpectrogramItem(feed, "voice", images)),
        )
        for lane, item in self._pictures:
            lane.addItem(item)
            lane.setYRange(0.0, 1.0, padding=0.0)
        self._wave.setYRange(-1.0, 1.0, padding=0.02)
        self._gaps, self._people_item, self._agreement_item = GapItem(), PeopleItem(), AgreementItem()
        self._voice.addItem(self._gaps)
        self._people.addItem(self._people_item)
        self._agreement.addItem(self._agreement_item)
        self._agreement.setYRange(0.0, 1.0, padding=0.0)
        self._overlay = TimelineOverlay(self, look, feed)
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(SETTLE_MS)
        self._settle.timeout.connect(lambda: self._tell_view(self.view_changed))
        self._move = QTimer(self)
        self._move.setSingleShot(True)
        self._move.setInterval(MOVE_MS)
        self._move.timeout.connect(lambda: self._tell_view(self.view_moved))
        feed.changed.connect(self._on_tiles)
        feed.choice.changed.connect(self._label_frequencies)
        feed.choice.changed.connect(self._overlay.update)
        document.open_state_changed.connect(self._on_opened)
        document.people_changed.connect(self._show_people)
        document.picked_changed.connect(self._on_picked)
        document.name_changed.connect(self._show_people)
        document.voice_changed.connect(self._show_voice_state)
        document.voices_forgotten.connect(self._on_picked)
        document.range_changed.connect(lambda: self._overlay.set_range(document.range_s))
        look.changed.connect(self._recolour)
        self._recolour()
        self._show_people()

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

    def lane_titles(self) -> list[tuple[QRectF, str, QColor | None]]:
        """What is written beside the lanes: where, the words, and a person's colour."""
        titles: list[tuple[QRectF, str, QColor | None]] = []
        for lane, title in self._titles:
            box = lane.vb.sceneBoundingRect()
            if lane is not self._people:
                tall = min(box.height(), self._look.px(20.0))
                titles.append((QRectF(0.0, box.top(), self._look.px(AXIS_PX), tall), title, None))
                continue
            people = self._document.people
            height = box.height() / max(1, len(people))
            for index, who in enumerate(people):
                area = QRectF(0.0, box.top() + index * height, self._look.px(AXIS_PX), height)
                titles.append((area, self._document.name(who.id), self._look.person(who.id)))
        return titles

    def legend_areas(self) -> list[QRectF]:
        """Where the legends of the spectrograms have room, in this widget's pixels."""
        areas = []
        for lane in (self._mixture, self._voice):
            box, title = lane.vb.sceneBoundingRect(), self._look.px(20.0)
            areas.append(QRectF(16.0, box.top() + title, self._look.px(AXIS_PX) - 16.0, box.height() - title))
        return areas

    def probe_points(self) -> list[QPointF]:
        """Where the keyboard's frequency crosses the playhead."""
        share, x = share_of(self._probe_hz, self._feed.choice.scale), self.x_of(self._overlay.playhead_s)
        boxes = (lane.vb.sceneBoundingRect() for lane in (self._mixture, self._voice))
        return [QPointF(x, box.bottom() - share * box.height()) for box in boxes]

    def voice_hint(self) -> tuple[QRectF, str]:
        """Words in the voice's lane while there is nothing to see, and where; empty otherwise."""
        picked = self._document.picked
        text = ""
        if picked is None and self._document.people:
            text = self.tr("Pick a person to see the voice here")
        elif picked is not None and not self._document.voice(picked).ready:
            text = self.tr("Not computed yet")
        return self._voice.vb.sceneBoundingRect(), text

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
        self._wave.setXRange(self._start_s, self._end_s, padding=0.0)
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
            self._label_frequencies()
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

    def _add_lane(
        self, row: int, title: str, *, fixed_px: int | None = None, ruler: TimeAxis | None = None
    ) -> pg.PlotItem:
        lane = add_lane(self, row, ruler)
        if row:
            lane.setXLink(self._wave)
        if fixed_px is not None:
            lane.setFixedHeight(fixed_px)
        self._titles.append((lane, title))
        return lane

    def _label_frequencies(self) -> None:
        """Write the frequencies beside the spectrograms where there is room for them."""
        line = self._look.px(TICKS_APART_PX)
        for lane, area in zip((self._mixture, self._voice), self.legend_areas(), strict=True):
            height = lane.vb.sceneBoundingRect().height()
            lowest = 1.5 * line / max(1.0, height) if lies_down(area.height(), line) else 0.0  # above the legend
            lane.getAxis("left").setTicks([marks(self._feed.choice.scale, height, line, lowest)])

    def _tell_soon(self) -> None:
        self._settle.start()
        if not self._move.isActive():
            self._move.start()

    def _tell_view(self, signal: SignalInstance) -> None:
        if self._document.duration_s > 0:
            columns = int(min(MOST_COLUMNS, max(64.0, self.lanes_rect().width() * self.devicePixelRatioF())))
            signal.emit(self._start_s, self._end_s, columns)

    def _on_legend(self, at: QPointF) -> bool:
        return any(area.contains(at) for area in self.legend_areas())

    def _on_tiles(self) -> None:
        if self._feed.peak != self._peak:
            self._peak = self._feed.peak
            self._wave.setYRange(-self._peak, self._peak, padding=0.02)
        for _, item in self._pictures:
            item.update()
        self._overlay.show_ceiling(self._feed.ceiling_db)
        self._read_out()
        if self._probing:
            self._probe(True)

    def _on_opened(self) -> None:
        for _, item in self._pictures:
            item.set_size(self._document.duration_s)
        self.fit()
        self._show_voice_state()

    def _on_picked(self) -> None:
        self._show_people()
        self._show_voice_state()

    def _show_people(self, _person_id: int = 0) -> None:
        document = self._document
        people = document.people
        rows = max(1, len(people))
        self._people.setFixedHeight(self._look.px(PERSON_ROW_PX if rows <= ROOMY_PEOPLE else TIGHT_ROW_PX) * rows)
        self._people.setYRange(0.0, float(rows), padding=0.0)
        self._people_item.set_size(document.duration_s, float(rows))
        self._label_frequencies()
        self._people_item.set_people(
            [
                (self._look.person(who.id), visible_spans(who), speaking_spans(who), who.id == document.picked)
                for who in people
            ]
        )
        self._overlay.update()

    def _show_voice_state(self, _person_id: int = 0) -> None:
        document, theme = self._document, self._look.theme
        duration_s = document.duration_s
        picked = document.picked
        state = document.voice(picked) if picked is not None else None
        gaps = complement(state.ready, 0.0, duration_s) if state is not None else ((0.0, duration_s),)
        self._gaps.set_size(duration_s)
        self._gaps.set_gaps(gaps, QColor(theme.line), QColor(theme.panel))
        self._agreement_item.set_size(duration_s)
        self._agreement_item.set_spans(
            state.spans if state is not None else (), QColor(theme.good), QColor(theme.warning), QColor(theme.edge)
        )
        self._overlay.update()
        colour = self._look.person(picked) if picked is not None else QColor(theme.muted)
        self._voice_wave.set_colour(colour)

    def _read_out(self) -> None:
        """Say what is under the mouse now."""
        x, y = self._mouse.toTuple() if self._mouse is not None else (-1.0, -1.0)
        if not self.lanes_rect().contains(x, y) or self._document.duration_s <= 0:
            self._overlay.set_cursor(None, "")
            return
        name, share = self._lane_at(x, y)
        row = int((1.0 - share) * max(1, len(self._document.people)))
        hz = hz_at(share, self._feed.choice.scale)
        self._overlay.set_cursor(x, self._words.in_lane(self.time_at(x), name, hz=hz, row=row))

    def _lane_at(self, x: float, y: float) -> tuple[LaneName | None, float]:
        """Which lane is at a height, and how far up in it, 0 to 1."""
        point = self.mapToScene(int(x), int(y))
        for name, lane in self._named.items():
            box = lane.vb.sceneBoundingRect()
            if box.top() <= point.y() < box.bottom():
                return name, 1.0 - (point.y() - box.top()) / max(1.0, box.height())
        return None, 0.0

    def _probe(self, on: bool) -> None:
        """Read out at the playhead, for the keyboard, or no more."""
        self._probing = on
        text = self._words.everything(self._overlay.playhead_s, self._probe_hz) if on else ""
        self._overlay.set_probe(text)

    def _recolour(self) -> None:
        theme = self._look.theme
        self.setBackground(QColor(theme.window))
        px = self._look.px
        self._ruler.setHeight(px(RULER_PX))
        self._wave.setFixedHeight(WAVE_PX + px(RULER_PX))
        self._agreement.setFixedHeight(px(AGREEMENT_PX))
        for lane in self._lanes:
            dress_lane(lane, self._look, self.font())
        self._source_wave.set_colour(QColor(theme.edge))
        self._show_people()
        self._show_voice_state()
