"""Items that draw the lanes under the picture: gaps, people, agreement; and the ruler."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPen
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem

from avsep_gui.state.intervals import Intervals, complement, union
from avsep_gui.words import FAIR_AGREEMENT, short_clock
from engine.types import ConfidenceSpan

PALE = 0.75  # opacity of those who are not picked; their colours are still seen on every theme's ground


class LaneItem(pg.GraphicsObject):
    """Spans the whole lane; draws in seconds and 0..`rows` upwards."""

    def __init__(self) -> None:
        super().__init__()
        self._duration_s = 1.0
        self._rows = 1.0
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemUsesExtendedStyleOption)  # tells which part to paint

    def set_size(self, duration_s: float, rows: float = 1.0) -> None:
        """Span a file of this length."""
        self.prepareGeometryChange()
        self._duration_s, self._rows = max(duration_s, 1e-3), rows
        self.update()

    def boundingRect(self) -> QRectF:
        """All of the lane."""
        return QRectF(0.0, 0.0, self._duration_s, self._rows)


Spans = NDArray[np.float64]  # (N, 2), start and end in seconds, sorted and disjoint


def spans_of(intervals: Intervals) -> Spans:
    """Intervals as an array."""
    return np.array(intervals, np.float64).reshape(-1, 2)


def exposed(painter: QPainter, option: QStyleOptionGraphicsItem) -> tuple[float, float, float]:
    """The stretch to paint, with a pixel more on either side, and how long a pixel lasts; in seconds."""
    pixel_s = 1.0 / max(1e-9, abs(painter.worldTransform().m11()))
    return option.exposedRect.left() - pixel_s, option.exposedRect.right() + pixel_s, pixel_s


def seen_of(spans: Spans, left_s: float, right_s: float, pixel_s: float) -> Spans:
    """The spans that can be seen in a stretch; those that are nearer to each other than a pixel become one."""
    first, last = np.searchsorted(spans[:, 1], left_s, "right"), np.searchsorted(spans[:, 0], right_s)
    seen = spans[first:last]
    if not len(seen):
        return seen
    apart = seen[1:, 0] - seen[:-1, 1] >= pixel_s
    starts, ends = seen[np.r_[True, apart], 0], seen[np.r_[apart, True], 1]
    return np.stack([starts, ends], axis=1)


def fill(painter: QPainter, colour: QColor, areas: list[QRectF]) -> None:
    """Fill many areas at once, which is far quicker than one by one."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawRects(areas)


class GapItem(LaneItem):
    """Hatches what is not computed yet."""

    def __init__(self) -> None:
        super().__init__()
        self._gaps: Intervals = ()
        self._colour = QColor()
        self._ground = QColor()

    def set_gaps(self, gaps: Intervals, colour: QColor, ground: QColor) -> None:
        """Show these stretches, in seconds, as missing."""
        self._gaps, self._colour, self._ground = gaps, colour, ground
        self.update()

    def paint(self, painter: QPainter, *_: Any) -> None:
        """Slanted lines of constant width at every zoom."""
        inverted, usable = painter.worldTransform().inverted()
        brush = QBrush(self._colour, Qt.BrushStyle.BDiagPattern)
        if usable:
            brush.setTransform(inverted)
        for start, end in self._gaps:
            area = QRectF(start, 0.0, end - start, self._rows)
            painter.fillRect(area, self._ground)
            painter.fillRect(area, brush)


class PeopleItem(LaneItem):
    """One row per person, first on top: a thin bar while visible, a thick one while speaking."""

    def __init__(self) -> None:
        super().__init__()
        self._people: list[tuple[QColor, Spans, Spans, bool]] = []  # colour, seen but silent, speaking, picked

    def set_people(self, people: list[tuple[QColor, Intervals, Intervals, bool]]) -> None:
        """Show rows of (colour, visible, speaking, picked)."""
        self._people = []
        for colour, visible, speaking, picked in people:
            elsewhere = complement(visible, 0.0, self._duration_s)
            silent = complement(union((*speaking, *elsewhere)), 0.0, self._duration_s)
            self._people.append((colour, spans_of(silent), spans_of(speaking), picked))
        self.update()

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, *_: Any) -> None:
        """Bars; others than the picked person are paler."""
        left_s, right_s, pixel_s = exposed(painter, option)
        any_picked = any(row[3] for row in self._people)
        for index, (colour, silent, speaking, picked) in enumerate(self._people):
            base = self._rows - index - 1.0
            painter.setOpacity(PALE if any_picked and not picked else 1.0)
            for spans, low, thick in ((silent, 0.42, 0.16), (speaking, 0.2, 0.6)):
                seen = seen_of(spans, left_s, right_s, pixel_s).tolist()
                fill(painter, colour, [QRectF(start, base + low, end - start, thick) for start, end in seen])
        painter.setOpacity(1.0)


class AgreementItem(LaneItem):
    """Lip-voice agreement as steps; a whole amber column where it is weak, a dotted line where no face is seen."""

    def __init__(self) -> None:
        super().__init__()
        self._spans = np.zeros((0, 3))  # start, end, value
        self._good = self._weak = self._muted = QColor()

    def set_spans(self, spans: tuple[ConfidenceSpan, ...], good: QColor, weak: QColor, muted: QColor) -> None:
        """Show these values, 0 to 1."""
        self._spans = np.array([(span.start_s, span.end_s, span.value) for span in spans], np.float64).reshape(-1, 3)
        self._good, self._weak, self._muted = good, weak, muted
        self.update()

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, *_: Any) -> None:
        """One column per span, or per pixel where spans are narrower."""
        left_s, right_s, pixel_s = exposed(painter, option)
        columns = columns_of(self._spans, left_s, right_s, pixel_s)
        pen = QPen(self._muted, 1.0, Qt.PenStyle.DotLine)
        pen.setCosmetic(True)
        painter.setPen(pen)
        for start, end in seen_of(columns[columns[:, 2] <= 0.0, :2], left_s, right_s, pixel_s).tolist():
            painter.drawLine(QPointF(start, 0.12), QPointF(end, 0.12))
        is_weak = columns[:, 2] < FAIR_AGREEMENT
        for colour, chosen, most in (
            (self._weak, is_weak & (columns[:, 2] > 0.0), 0.92),
            (self._good, ~is_weak, 0.0),
        ):
            pale = QColor(colour)
            pale.setAlpha(60)
            steps = [
                (start, end - start, 0.08 + 0.84 * min(1.0, value)) for start, end, value in columns[chosen].tolist()
            ]
            fill(painter, pale, [QRectF(start, 0.0, width, most or height) for start, width, height in steps])
            fill(painter, colour, [QRectF(start, height - 0.08, width, 0.08) for start, width, height in steps])


def columns_of(spans: NDArray[np.float64], left_s: float, right_s: float, pixel_s: float) -> NDArray[np.float64]:
    """The spans (start, end, value) of a stretch, those that begin in the same pixel as one with the lowest value.

    A face that is not seen (0) does not hide that another second beside it is weak.
    """
    first, last = np.searchsorted(spans[:, 1], left_s, "right"), np.searchsorted(spans[:, 0], right_s)
    seen = spans[first:last]
    pixel = np.floor(seen[:, 0] / pixel_s)
    begins = np.flatnonzero(np.diff(pixel, prepend=np.nan) != 0)
    if len(begins) == len(seen):
        return seen
    ends = np.r_[begins[1:], len(seen)] - 1
    ranked = np.where(seen[:, 2] <= 0.0, np.inf, seen[:, 2])
    values = np.minimum.reduceat(ranked, begins)
    return np.stack([seen[begins, 0], seen[ends, 1], np.where(np.isinf(values), 0.0, values)], axis=1)


class TimeAxis(pg.AxisItem):
    """A ruler with times as 0:12 or 1:02:03, and parts of a second when zoomed in."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._blank = True

    def set_blank(self, blank: bool) -> None:
        """Show no times, while there are none."""
        self._blank = blank
        self.picture = None
        self.update()

    def tickValues(self, low: float, high: float, size: float) -> list[tuple[float, list[float]]]:
        """Where the ticks are, by spacing."""
        return [] if self._blank else super().tickValues(low, high, size)

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        """Labels of the ticks."""
        if spacing >= 1.0:
            return [short_clock(value + 1e-6) for value in values]
        digits = 1 if spacing >= 0.1 else 2 if spacing >= 0.01 else 3
        return [short_clock(value) + f"{value % 1.0:.{digits}f}"[1:] for value in values]
