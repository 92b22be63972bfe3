"""Icons: drawn once as SVG strokes, coloured by the theme, sharp at every scale."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from avsep_gui.resources import resource

SIZE = 20
SCALES = (1, 2, 3)


def icon(name: str, colour: str, disabled: str = "#6D7687", size: int = SIZE, *, gap: int = 0) -> QIcon:
    """The icon in one colour, with a second one for its disabled state.

    Args:
        gap: room at its right, for words that stand there.
    """
    result = QIcon()
    for mode, tint in ((QIcon.Mode.Normal, colour), (QIcon.Mode.Disabled, disabled)):
        for scale in SCALES:
            result.addPixmap(pixmap(name, tint, size, scale, gap), mode)
    return result


@lru_cache(maxsize=512)
def pixmap(name: str, colour: str, size: int = SIZE, scale: float = 1, gap: int = 0) -> QPixmap:
    """The icon as an image of `size` logical pixels, with `gap` more at its right."""
    text = resource("icons", f"{name}.svg").read_text(encoding="utf-8").replace("currentColor", colour)
    renderer = QSvgRenderer(QByteArray(text.encode()))
    image = QPixmap(QSize(round((size + gap) * scale), round(size * scale)))
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    renderer.render(painter, QRectF(0.0, 0.0, size * scale, size * scale))
    painter.end()
    image.setDevicePixelRatio(scale)
    return image
