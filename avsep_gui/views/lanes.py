"""Items that draw the lanes under the picture: gaps, people, agreement; and the ruler."""

from __future__ import annotations

from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPen

from avsep_gui.state.intervals import Intervals, complement
from avsep_gui.words import FAIR_AGREEMENT, short_clock
from engine.types import ConfidenceSpan

PALE = 0.75  # opacity of those who are not picked; their colours are still seen on every theme's ground


class LaneItem(pg.GraphicsObject):
    """Spans the whole lane; draws in seconds and 0..`rows` upwards."""

    def __init__(self) -> None:
        super().__init__()
        self._duration_s = 1.0
        self._rows = 1.0

    def set_size(self, duration_s: float, rows: float = 1.0) -> None:
        """Span a file of this length."""
        self.prepareGeometryChange()
        self._duration_s, self._rows = max(duration_s, 1e-3), rows
        self.update()

    def boundingRect(self) -> QRectF:
        """All of the lane."""
        return QRectF(0.0, 0.0, self._duration_s, self._rows)


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
        self._people: list[tuple[QColor, Intervals, Intervals, bool]] = []

    def set_people(self, people: list[tuple[QColor, Intervals, Intervals, bool]]) -> None:
        """Show rows of (colour, visible, speaking, picked)."""
        self._people = people
        self.update()

    def paint(self, painter: QPainter, *_: Any) -> None:
        """Bars; others than the picked person are paler."""
        any_picked = any(row[3] for row in self._people)
        for index, (colour, visible, speaking, picked) in enumerate(self._people):
            base = self._rows - index - 1.0
            painter.setOpacity(PALE if any_picked and not picked else 1.0)
            for stretch in visible:
                for start, end in complement(speaking, *stretch):
                    painter.fillRect(QRectF(start, base + 0.42, end - start, 0.16), colour)
            for start, end in speaking:
                painter.fillRect(QRectF(start, base + 0.2, end - start, 0.6), colour)
        painter.setOpacity(1.0)


class AgreementItem(LaneItem):
    """Lip-voice agreement as steps; a whole amber column where it is weak, a dotted line where no face is seen."""

    def __init__(self) -> None:
        super().__init__()
        self._spans: tuple[ConfidenceSpan, ...] = ()
        self._good = self._weak = self._muted = QColor()

    def set_spans(self, spans: tuple[ConfidenceSpan, ...], good: QColor, weak: QColor, muted: QColor) -> None:
        """Show these values, 0 to 1."""
        self._spans, self._good, self._weak, self._muted = spans, good, weak, muted
        self.update()

    def paint(self, painter: QPainter, *_: Any) -> None:
        """One column per span."""
        for span in self._spans:
            width = span.end_s - span.start_s
            if span.value <= 0.0:
                pen = QPen(self._muted, 1.0, Qt.PenStyle.DotLine)
                pen.setCosmetic(True)
                painter.setPen(pen)
                painter.drawLine(QPointF(span.start_s, 0.12), QPointF(span.end_s, 0.12))
                continue
            height = 0.08 + 0.84 * min(1.0, span.value)
            is_weak = span.value < FAIR_AGREEMENT
            colour = self._weak if is_weak else self._good
            pale = QColor(colour)
            pale.setAlpha(60)
            painter.fillRect(QRectF(span.start_s, 0.0, width, 0.92 if is_weak else height), pale)
            painter.fillRect(QRectF(span.start_s, height - 0.08, width, 0.08), colour)


class TimeAxis(pg.AxisItem):
    """A ruler with times as 0:12 or 1:02:03, and parts of a second when zoomed in."""

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        """Labels of the ticks."""
        if spacing >= 1.0:
            return [short_clock(value + 1e-6) for value in values]
        digits = 1 if spacing >= 0.1 else 2 if spacing >= 0.01 else 3
        return [short_clock(value) + f"{value % 1.0:.{digits}f}"[1:] for value in values]
