"""LaneStack: the lanes of the time line, one above the other, with what is drawn in them and written beside them."""

from __future__ import annotations

import pyqtgraph as pg
from PySide6.QtCore import QObject, QPointF, QRectF
from PySide6.QtGui import QColor, QFont

from avsep_gui.lane_feed import LaneFeed
from avsep_gui.look import Look
from avsep_gui.state.document import Document
from avsep_gui.state.frequency import marks, share_of
from avsep_gui.state.intervals import complement
from avsep_gui.state.person_facts import speaking_spans, visible_spans
from avsep_gui.views.lane_legend import lies_down
from avsep_gui.views.lane_pictures import SpectrogramItem, TileImages, WaveItem
from avsep_gui.views.lane_plot import AXIS_PX, add_lane, dress_lane
from avsep_gui.views.lanes import AgreementItem, GapItem, PeopleItem, TimeAxis
from avsep_gui.views.read_out import LaneName

RULER_PX = 24
WAVE_PX = 40
PERSON_ROW_PX = 20
TIGHT_ROW_PX = 14
ROOMY_PEOPLE = 4
AGREEMENT_PX = 30
TICKS_APART_PX = 16


class LaneStack(QObject):
    """Sound, spectrograms of the original and of the voice, people, agreement; all of them over the same stretch.

    Attributes:
        named: the lanes, from top to bottom.

    Args:
        widget: holds the lanes; their places are in its scene.
        feed: what the pictures show.
    """

    def __init__(self, widget: pg.GraphicsLayoutWidget, document: Document, look: Look, feed: LaneFeed) -> None:
        super().__init__(widget)
        self._widget = widget
        self._document = document
        self._look = look
        self._feed = feed
        self._peak = 1.0
        self._titles: list[tuple[pg.PlotItem, str]] = []
        widget.ci.setContentsMargins(0, 0, 8, 4)
        widget.ci.layout.setVerticalSpacing(4)
        self._ruler = TimeAxis(orientation="top")
        self._ruler.setHeight(RULER_PX)
        self._wave = self._add_lane(0, self.tr("Sound"), fixed_px=WAVE_PX + RULER_PX, ruler=self._ruler)
        self._mixture = self._add_lane(1, self.tr("Original"))
        self._voice = self._add_lane(2, self.tr("Voice"))
        self._people = self._add_lane(3, "", fixed_px=PERSON_ROW_PX)
        self._agreement = self._add_lane(4, self.tr("Agreement"), fixed_px=AGREEMENT_PX)
        self.named: dict[LaneName, pg.PlotItem] = {
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

    def show_stretch(self, start_s: float, end_s: float) -> None:
        """Show this stretch of the file."""
        self._wave.setXRange(start_s, end_s, padding=0.0)

    def show_length(self) -> None:
        """Another file is shown: pictures are as long as it is."""
        for _, item in self._pictures:
            item.set_size(self._document.duration_s)
        self._ruler.set_blank(self._document.duration_s <= 0)

    def show_tiles(self) -> None:
        """Draw what the feed has now; the waveform as far as it swings."""
        if self._feed.peak != self._peak:
            self._peak = self._feed.peak
            self._wave.setYRange(-self._peak, self._peak, padding=0.02)
        for _, item in self._pictures:
            item.update()

    def titles(self) -> list[tuple[QRectF, str, QColor | None]]:
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

    @property
    def has_sound(self) -> bool:
        """Whether there is anything to see in the spectrograms."""
        return self._document.source is not None

    def legend_areas(self) -> list[QRectF]:
        """Where the legends of the spectrograms have room, in the widget's pixels."""
        areas = []
        for lane in (self._mixture, self._voice):
            box, title = lane.vb.sceneBoundingRect(), self._look.px(20.0)
            areas.append(QRectF(16.0, box.top() + title, self._look.px(AXIS_PX) - 16.0, box.height() - title))
        return areas

    def heights_of(self, hz: float) -> list[float]:
        """Where a frequency is in each of the spectrograms, as y."""
        share = share_of(hz, self._feed.choice.scale)
        boxes = (lane.vb.sceneBoundingRect() for lane in (self._mixture, self._voice))
        return [box.bottom() - share * box.height() for box in boxes]

    def voice_hint(self) -> tuple[QRectF, str]:
        """Words in the voice's lane while there is nothing to see, and where; empty otherwise."""
        picked = self._document.picked
        text = ""
        if not self.has_sound:
            text = ""
        elif picked is None and self._document.people:
            text = self.tr("Pick a person to see the voice here")
        elif picked is not None and not self._document.voice(picked).ready:
            text = self.tr("Not computed yet")
        return self._voice.vb.sceneBoundingRect(), text

    def lane_at(self, point: QPointF) -> tuple[LaneName | None, float]:
        """Which lane is at the height of a point of the scene, and how far up in it, 0 to 1."""
        for name, lane in self.named.items():
            box = lane.vb.sceneBoundingRect()
            if box.top() <= point.y() < box.bottom():
                return name, 1.0 - (point.y() - box.top()) / max(1.0, box.height())
        return None, 0.0

    def label_frequencies(self) -> None:
        """Write the frequencies beside the spectrograms where there is room for them."""
        line = self._look.px(TICKS_APART_PX)
        for lane, area in zip((self._mixture, self._voice), self.legend_areas(), strict=True):
            height = lane.vb.sceneBoundingRect().height()
            lowest = 1.5 * line / max(1.0, height) if lies_down(area.height(), line) else 0.0  # above the legend
            lane.getAxis("left").setTicks([marks(self._feed.choice.scale, height, line, lowest)])

    def show_people(self) -> None:
        """Draw when each person is seen and speaks."""
        document = self._document
        people = document.people
        rows = max(1, len(people))
        self._people.setFixedHeight(self._look.px(PERSON_ROW_PX if rows <= ROOMY_PEOPLE else TIGHT_ROW_PX) * rows)
        self._people.setYRange(0.0, float(rows), padding=0.0)
        self._people_item.set_size(document.duration_s, float(rows))
        self.label_frequencies()
        self._people_item.set_people(
            [
                (self._look.person(who.id), visible_spans(who), speaking_spans(who), who.id == document.picked)
                for who in people
            ]
        )

    def show_voice_state(self) -> None:
        """Draw what is computed of the picked person's voice, and how well it fits the lips."""
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
        colour = self._look.person(picked) if picked is not None else QColor(theme.muted)
        self._voice_wave.set_colour(colour)

    def recolour(self, font: QFont) -> None:
        """Use the colours of the theme, and the size of the text."""
        theme, px = self._look.theme, self._look.px
        self._ruler.setHeight(px(RULER_PX))
        self._wave.setFixedHeight(WAVE_PX + px(RULER_PX))
        self._agreement.setFixedHeight(px(AGREEMENT_PX))
        for lane in self.named.values():
            dress_lane(lane, self._look, font)
        self._source_wave.set_colour(QColor(theme.edge))
        self.show_people()
        self.show_voice_state()

    def _add_lane(
        self, row: int, title: str, *, fixed_px: int | None = None, ruler: TimeAxis | None = None
    ) -> pg.PlotItem:
        lane = add_lane(self._widget, row, ruler)
        if row:
            lane.setXLink(self._wave)
        if fixed_px is not None:
            lane.setFixedHeight(fixed_px)
        self._titles.append((lane, title))
        return lane
