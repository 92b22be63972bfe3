"""A QPainter on a NumPy picture, with the few soft shapes that the drawings are made of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QGradient, QImage, QPainter, QPainterPath, QPen, QRadialGradient

Image = NDArray[np.uint8]
Point = tuple[float, float]


def tint(colour: str, factor: float, alpha: float = 1.0) -> QColor:
    """A lighter (factor > 1) or darker (factor < 1) shade of "#rrggbb", `alpha` 0 clear to 1 solid."""
    base = QColor(colour)
    if factor <= 1.0:
        parts = [base.redF() * factor, base.greenF() * factor, base.blueF() * factor]
    else:
        parts = [1.0 - (1.0 - v) / factor for v in (base.redF(), base.greenF(), base.blueF())]
    return QColor.fromRgbF(*(min(1.0, max(0.0, v)) for v in parts), min(1.0, max(0.0, alpha)))


def smooth_path(points: Sequence[Point], *, closed: bool = True) -> QPainterPath:
    """A curve through all points (Catmull-Rom, written as Bezier segments)."""
    n = len(points)
    path = QPainterPath(QPointF(*points[0]))
    for i in range(n if closed else n - 1):
        before = points[i - 1] if closed or i > 0 else points[i]
        start, end = points[i], points[(i + 1) % n]
        after = points[(i + 2) % n] if closed or i + 2 < n else end
        path.cubicTo(
            start[0] + (end[0] - before[0]) / 6,
            start[1] + (end[1] - before[1]) / 6,
            end[0] - (after[0] - start[0]) / 6,
            end[1] - (after[1] - start[1]) / 6,
            *end,
        )
    if closed:
        path.closeSubpath()
    return path


class Canvas:
    """Paints into `pixels`, (h, w, 4) uint8 in the order blue, green, red, unused.

    Use as a context manager: the picture is complete when the block ends.
    """

    def __init__(self, pixels: Image) -> None:
        height, width = pixels.shape[:2]
        self._image = QImage(pixels.data, width, height, pixels.strides[0], QImage.Format.Format_RGB32)
        self.painter = QPainter(self._image)
        self.painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self.painter.setPen(Qt.PenStyle.NoPen)

    def __enter__(self) -> Canvas:
        return self

    def __exit__(self, *_: object) -> None:
        self.painter.end()

    def fill(self, path: QPainterPath, paint: QColor | QGradient) -> None:
        """Fill a shape."""
        self.painter.fillPath(path, QBrush(paint))

    def stroke(self, path: QPainterPath, colour: QColor, width: float) -> None:
        """Draw a line with round ends."""
        pen = QPen(colour, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
        self.painter.strokePath(path, pen)

    def glow(self, centre: Point, radius_x: float, radius_y: float, colour: QColor, *, core: float = 0.0) -> None:
        """A soft spot that fades to nothing at its rim; `core` is the share of the radius that stays solid."""
        fade = QRadialGradient(QPointF(0, 0), 1.0)
        for at in (0.0, 0.25, 0.5, 0.75, 1.0):
            shade = QColor(colour)
            shade.setAlphaF(colour.alphaF() * (1.0 - at * at * (3.0 - 2.0 * at)))
            fade.setColorAt(core + (1.0 - core) * at, shade)
        self.painter.save()
        self.painter.translate(QPointF(*centre))
        self.painter.scale(radius_x, radius_y)
        self.painter.fillRect(QRectF(-1, -1, 2, 2), QBrush(fade))
        self.painter.restore()

    def ellipse(self, centre: Point, radius_x: float, radius_y: float, paint: QColor | QGradient) -> None:
        """Fill an ellipse."""
        path = QPainterPath()
        path.addEllipse(QPointF(*centre), radius_x, radius_y)
        self.fill(path, paint)

    def clip(self, path: QPainterPath) -> None:
        """Paint only inside `path` until `unclip`."""
        self.painter.save()
        self.painter.setClipPath(path, Qt.ClipOperation.IntersectClip)

    def unclip(self) -> None:
        """End the last `clip`."""
        self.painter.restore()
