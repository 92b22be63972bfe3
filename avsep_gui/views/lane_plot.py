"""The plots that lanes are drawn in: axes, size and colours."""

from __future__ import annotations

import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QPen

from avsep_gui.look import Look
from avsep_gui.views.lanes import TimeAxis

AXIS_PX = 116
TICK_FONT_PX = 11


def add_lane(widget: pg.GraphicsLayoutWidget, row: int, ruler: TimeAxis | None = None) -> pg.PlotItem:
    """A lane that the mouse does not move, with an empty axis at the left where names are written.

    Args:
        ruler: the axis above it, for one with the time.
    """
    lane = widget.addPlot(row=row, col=0, axisItems={"top": ruler} if ruler is not None else None)
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
    return lane


def dress_lane(lane: pg.PlotItem, look: Look, font: QFont) -> None:
    """Give a lane the colours of the theme and axes in the size of the text."""
    theme = look.theme
    lane.getAxis("left").setWidth(look.px(AXIS_PX))
    lane.vb.setBackgroundColor(QColor(theme.panel))
    tick_font = QFont(font)
    tick_font.setPixelSize(look.px(TICK_FONT_PX))
    for side in ("left", "top"):
        axis = lane.getAxis(side)
        axis.setPen(QPen(Qt.PenStyle.NoPen) if side == "left" else QPen(QColor(theme.line), 1))
        axis.setTextPen(QPen(QColor(theme.muted)))
        axis.setTickFont(tick_font)
