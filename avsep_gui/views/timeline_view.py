"""TimelineView: waveform, spectrograms, people and agreement on one time axis with the playhead."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QFocusEvent, QFont, QMouseEvent, QPen, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from avsep_gui.look import Look
from avsep_gui.state.document import Document
from avsep_gui.state.intervals import complement
from avsep_gui.state.person_facts import speaking_spans, visible_spans
from avsep_gui.views.lanes import KHZ_TICKS, AgreementItem, GapItem, PeopleItem, TimeAxis, mel_hz, mel_share
from avsep_gui.views.timeline_overlay import TimelineOverlay
from avsep_gui.words import agreement, clock
from engine.types import SpectrogramImage, WaveformPeaks

AXIS_PX = 116
RULER_PX = 24
WAVE_PX = 40
PERSON_ROW_PX = 20
TIGHT_ROW_PX = 14
ROOMY_PEOPLE = 4
AGREEMENT_PX = 30
SHORTEST_S = 0.05
RANGE_DB = 80.0
SETTLE_MS = 120
MOST_COLUMNS = 1600
ZOOM_STEP = 1.25
TICK_FONT_PX = 11
LEAST_LABELLED_PX = 40


class TimelineView(pg.GraphicsLayoutWidget):
    """All lanes. Wheel zooms, Shift or sideways pans, click and drag move the playhead, Shift+drag selects.

    Signals:
        seek_wanted(float): the user points at a time.
        scrubbing(bool): a drag of the playhead began or ended.
        range_wanted(object): (start, end) in seconds that the user selected.
        view_changed(float, float, int): visible stretch and its width in columns, after it settled.
    """

    seek_wanted = Signal(float)
    scrubbing = Signal(bool)
    range_wanted = Signal(object)
    view_changed = Signal(float, float, int)

    def __init__(self, document: Document, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._look = look
        self._start_s, self._end_s = 0.0, 1.0
        self._ceiling_db = 0.0
        self._drag_from_s: float | None = None
        self._selecting = False
        self.setMinimumHeight(180)
        self.setAccessibleName(self.tr("Time line with waveform, spectrograms and people"))
        self.viewport().setMouseTracking(True)
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
        self._wave_curve = pg.PlotCurveItem(connect="pairs")
        self._voice_curve = pg.PlotCurveItem(connect="pairs")
        self._wave.addItem(self._wave_curve)
        self._wave.addItem(self._voice_curve)
        self._wave.setYRange(-1.0, 1.0, padding=0.02)
        self._mixture_image = pg.ImageItem(axisOrder="row-major")
        self._voice_image = pg.ImageItem(axisOrder="row-major")
        for lane, image in ((self._mixture, self._mixture_image), (self._voice, self._voice_image)):
            image.setColorMap(pg.colormap.get("magma"))
            lane.addItem(image)
            lane.setYRange(0.0, 1.0, padding=0.0)
        self._gaps, self._people_item, self._agreement_item = GapItem(), PeopleItem(), AgreementItem()
        self._voice.addItem(self._gaps)
        self._people.addItem(self._people_item)
        self._agreement.addItem(self._agreement_item)
        self._agreement.setYRange(0.0, 1.0, padding=0.0)
        self._overlay = TimelineOverlay(self, look)
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(SETTLE_MS)
        self._settle.timeout.connect(self._announce_view)
        document.open_state_changed.connect(self._on_opened)
        document.faces_changed.connect(self._show_people)
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

    def show_stretch(self, start_s: float, end_s: float) -> None:
        """Show this stretch, moved and cut to fit the file."""
        duration_s = max(self._document.duration_s, SHORTEST_S)
        length_s = min(max(end_s - start_s, SHORTEST_S), duration_s)
        start_s = min(max(0.0, start_s), duration_s - length_s)
        self._start_s, self._end_s = start_s, start_s + length_s
        self._wave.setXRange(self._start_s, self._end_s, padding=0.0)
        self._overlay.update()
        self._settle.start()

    def zoom(self, factor: float, centre_s: float | None = None) -> None:
        """Zoom in (factor above 1) or out, round a time or the playhead."""
        centre_s = self._overlay.playhead_s if centre_s is None else centre_s
        centre_s = min(max(centre_s, self._start_s), self._end_s)
        self.show_stretch(centre_s - (centre_s - self._start_s) / factor, centre_s + (self._end_s - centre_s) / factor)

    def fit(self) -> None:
        """Show the whole file."""
        self.show_stretch(0.0, self._document.duration_s)

    def show_lane(self, kind: str, value: WaveformPeaks | SpectrogramImage) -> None:
        """Draw what the engine computed for a lane."""
        if isinstance(value, WaveformPeaks):
            self._show_waveform(self._wave_curve if kind == "waveform" else self._voice_curve, value)
            return
        level = value.level_db
        if kind == "mixture":
            self._ceiling_db = float(np.max(level)) if level.size else 0.0
        image = self._mixture_image if kind == "mixture" else self._voice_image
        image.setImage(level, levels=(self._ceiling_db - RANGE_DB, self._ceiling_db), autoLevels=False)
        image.setRect(QRectF(value.start_s, 0.0, value.end_s - value.start_s, 1.0))
        image.show()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the overlay on top and ask for pictures of the new width."""
        super().resizeEvent(event)
        if hasattr(self, "_overlay"):
            self._label_frequencies()
            self._overlay.setGeometry(self.rect())
            self._overlay.raise_()
            self._settle.start()

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
            self._read_out(event.position().x(), event.position().y())
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
        self._overlay.set_ring(event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason))

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """No ring any more."""
        super().focusOutEvent(event)
        self._overlay.set_ring(False)

    def leaveEvent(self, event: QEvent) -> None:
        """No read-out without the mouse."""
        self._overlay.set_cursor(None, "")
        super().leaveEvent(event)

    def _add_lane(
        self, row: int, title: str, *, fixed_px: int | None = None, ruler: TimeAxis | None = None
    ) -> pg.PlotItem:
        axes = {"top": ruler} if ruler is not None else None
        lane = self.addPlot(row=row, col=0, axisItems=axes)
        lane.hideButtons()
        lane.setMenuEnabled(False)
        lane.setMouseEnabled(False, False)
        lane.hideAxis("bottom")
        lane.showAxis("left")
        left = lane.getAxis("left")
        left.setWidth(AXIS_PX)
        left.setStyle(tickLength=0, autoExpandTextSpace=False)
        left.setTicks([[]])
        if ruler is not None:
            lane.showAxis("top")
        if row:
            lane.setXLink(self._wave)
        if fixed_px is not None:
            lane.setFixedHeight(fixed_px)
        self._titles.append((lane, title))
        return lane

    def _label_frequencies(self) -> None:
        """Write the frequencies beside the spectrograms where there is room for them."""
        for lane in (self._mixture, self._voice):
            roomy = lane.vb.sceneBoundingRect().height() >= LEAST_LABELLED_PX
            ticks = [(mel_share(khz * 1000, 8000.0), f"{khz:g} kHz") for khz in KHZ_TICKS] if roomy else []
            lane.getAxis("left").setTicks([ticks])

    def _announce_view(self) -> None:
        if self._document.duration_s > 0:
            columns = int(min(MOST_COLUMNS, max(64.0, self.lanes_rect().width() * self.devicePixelRatioF())))
            self.view_changed.emit(self._start_s, self._end_s, columns)

    def _show_waveform(self, curve: pg.PlotCurveItem, value: WaveformPeaks) -> None:
        columns = value.peaks.shape[1]
        edges = np.linspace(value.start_s, value.end_s, columns, endpoint=False) + (
            0.5 * (value.end_s - value.start_s) / max(1, columns)
        )
        low, high = value.peaks
        if curve is self._wave_curve:
            peak = max(0.05, float(np.max(np.abs(value.peaks))) if columns else 1.0)
            self._wave.setYRange(-peak, peak, padding=0.02)
        thin = (high - low) < 0.004
        high = np.where(thin, low + 0.004, high)
        curve.setData(np.repeat(edges, 2), np.stack([low, high], axis=1).ravel(), connect="pairs")

    def _on_opened(self) -> None:
        self._wave_curve.clear()
        self._voice_curve.clear()
        self._mixture_image.clear()
        self._voice_image.clear()
        self.fit()
        self._show_voice_state()

    def _on_picked(self) -> None:
        self._voice_curve.clear()
        self._voice_image.clear()
        self._show_people()
        self._show_voice_state()
        self._settle.start()

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
        self._voice_curve.setPen(QPen(colour, 0))

    def _read_out(self, x: float, y: float) -> None:
        if not self.lanes_rect().contains(x, y) or self._document.duration_s <= 0:
            self._overlay.set_cursor(None, "")
            return
        at_s = self.time_at(x)
        text = clock(at_s)
        point = self.mapToScene(int(x), int(y))
        for lane in (self._mixture, self._voice):
            box = lane.vb.sceneBoundingRect()
            if box.contains(point):
                hz = mel_hz(1.0 - (point.y() - box.top()) / max(1.0, box.height()), 8000.0)
                text += f"   {hz / 1000:.2f} kHz"
        picked = self._document.picked
        if picked is not None and self._agreement.vb.sceneBoundingRect().contains(point):
            spans = self._document.voice(picked).spans
            value = next((span.value for span in spans if span.start_s <= at_s < span.end_s), None)
            text += "   " + self.tr("lips and voice: {0}").format(agreement(value))
        self._overlay.set_cursor(x, text)

    def _recolour(self) -> None:
        theme = self._look.theme
        self.setBackground(QColor(theme.window))
        px = self._look.px
        self._ruler.setHeight(px(RULER_PX))
        self._wave.setFixedHeight(WAVE_PX + px(RULER_PX))
        self._agreement.setFixedHeight(px(AGREEMENT_PX))
        for lane in self._lanes:
            lane.getAxis("left").setWidth(px(AXIS_PX))
            lane.vb.setBackgroundColor(QColor(theme.panel))
            for side in ("left", "top"):
                axis = lane.getAxis(side)
                axis.setPen(QPen(Qt.PenStyle.NoPen) if side == "left" else QPen(QColor(theme.line), 1))
                axis.setTextPen(QPen(QColor(theme.muted)))
                font = QFont(self.font())
                font.setPixelSize(px(TICK_FONT_PX))
                axis.setTickFont(font)
        self._wave_curve.setPen(QPen(QColor(theme.edge), 0))
        self._show_people()
        self._show_voice_state()
