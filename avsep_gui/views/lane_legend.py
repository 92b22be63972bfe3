"""The dB legend beside a spectrogram: a slim bar of its colours with labelled levels."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPen, QTransform

from avsep_gui.state.spectrogram_choice import ColourMap
from avsep_gui.views.lane_pictures import RANGE_DB, colour_table
from avsep_gui.words import decibels

BAR_PX = 8.0
TICK_PX = 3.0
GAP_PX = 3.0
LYING_BAR_PX = 28.0
STEPS_DB = (20, 40)  # between labels, as there is room
LEAST_HEIGHT_PX = 26.0


def labelled_levels(ceiling_db: float, height: float, apart: float) -> list[int]:
    """Levels to write beside a bar of this height, highest first, at least so far apart; whole twenties of dB."""
    for step in STEPS_DB:
        if height * step / RANGE_DB >= apart:
            highest = math.floor(ceiling_db / step) * step
            lowest = ceiling_db - RANGE_DB
            return list(range(highest, math.ceil(lowest) - 1, -step))
    return [math.floor(ceiling_db / 20) * 20]


def lies_down(height: float, line: float) -> bool:
    """Whether an area of this height is too low for an upright bar with labels that are `line` high."""
    return height - line < LEAST_HEIGHT_PX


class LegendPainter:
    """Draws legends; the bar's picture is kept while the colours stay."""

    def __init__(self) -> None:
        self._colours: ColourMap | None = None
        self._bar = QImage()

    def paint(
        self, painter: QPainter, area: QRectF, colours: ColourMap, ceiling_db: float, ink: QColor, font: QFont
    ) -> None:
        """Draw a legend at the left of an area, as high as the area, or a lying one at its foot where that is too low.

        Args:
            ceiling_db: the level of the brightest colour, 0 for full scale.
            ink: colour of labels and outline.
        """
        if colours != self._colours:
            self._colours = colours
            pixels = np.ascontiguousarray(colour_table(colours)[::-1])
            self._bar = QImage(pixels.data, 1, 256, 3, QImage.Format.Format_RGB888).copy()
        metrics = QFontMetricsF(font)
        painter.setFont(font)
        painter.setPen(QPen(ink, 1.0))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        half = metrics.height() / 2
        if not lies_down(area.height(), metrics.height()):
            self._paint_upright(painter, area.adjusted(0.0, half, 0.0, -half), ceiling_db, metrics)
        elif area.height() >= metrics.height():
            self._paint_lying(painter, area, ceiling_db, metrics)

    def _paint_lying(self, painter: QPainter, area: QRectF, ceiling_db: float, metrics: QFontMetricsF) -> None:
        levels = labelled_levels(ceiling_db, RANGE_DB, 1.0)
        low, high = decibels(levels[-1]).removesuffix(" dB"), decibels(levels[0])
        left = area.left() + metrics.horizontalAdvance(low) + GAP_PX
        line = QRectF(area.left(), area.bottom() - metrics.height(), area.width(), metrics.height())
        bar = QRectF(left, line.center().y() - BAR_PX / 2, LYING_BAR_PX, BAR_PX)
        top, bottom = ((ceiling_db - level) / RANGE_DB * self._bar.height() for level in (levels[0], levels[-1]))
        part = self._bar.copy(0, round(top), 1, max(1, round(bottom - top)))
        painter.drawImage(bar, part.transformed(QTransform().rotate(90.0)))
        painter.drawRect(bar)
        flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(line, flags, low)
        line.setLeft(bar.right() + GAP_PX)
        painter.drawText(line, flags, high)

    def _paint_upright(self, painter: QPainter, inner: QRectF, ceiling_db: float, metrics: QFontMetricsF) -> None:
        bar = QRectF(inner.left(), inner.top(), BAR_PX, inner.height())
        painter.drawImage(bar, self._bar)
        painter.drawRect(bar)
        for number, level in enumerate(labelled_levels(ceiling_db, inner.height(), metrics.height())):
            y = inner.top() + (ceiling_db - level) / RANGE_DB * inner.height()
            painter.drawLine(QPointF(bar.right(), y), QPointF(bar.right() + TICK_PX, y))
            text = decibels(level) if number == 0 else decibels(level).removesuffix(" dB")
            box = QRectF(bar.right() + TICK_PX + GAP_PX, y - metrics.height() / 2, inner.width(), metrics.height())
            painter.drawText(box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)
