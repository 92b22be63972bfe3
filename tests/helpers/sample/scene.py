"""The room of the sample clip: a small studio with a window, a shelf, a plant, and a table with two microphones."""

from __future__ import annotations

import cv2
import numpy as np
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QLinearGradient, QPainterPath

from tests.helpers.sample.canvas import Canvas, Image, smooth_path, tint

SIZE = (1280, 720)


def _box(left: float, top: float, width: float, height: float, radius: float = 4.0) -> QPainterPath:
    path = QPainterPath()
    path.addRoundedRect(QRectF(left, top, width, height), radius, radius)
    return path


def _fade(top: float, bottom: float, upper: str, lower: str) -> QLinearGradient:
    fade = QLinearGradient(QPointF(0, top), QPointF(0, bottom))
    fade.setColorAt(0.0, tint(upper, 1.0))
    fade.setColorAt(1.0, tint(lower, 1.0))
    return fade


def background() -> Image:
    """The wall and what stands at it, softly out of focus, (720, 1280, 4) uint8."""
    width, height = SIZE
    pixels = np.zeros((height, width, 4), np.uint8)
    with Canvas(pixels) as canvas:
        canvas.fill(_box(0, 0, width, height, 0), _fade(0, height, "#cdd5d3", "#a9b5b5"))
        canvas.glow((250, 40), 640, 560, tint("#fff1d6", 1.0, 0.55))
        _window(canvas)
        _shelf(canvas)
        _lamp(canvas)
        _plant(canvas)
        canvas.glow((1280, 760), 700, 420, tint("#38474d", 1.0, 0.35))
    blurred = cv2.GaussianBlur(pixels, (0, 0), 3.2)
    grain = np.random.default_rng(7).normal(0.0, 0.6, (height, width, 1))  # keeps gradients from banding
    return np.clip(blurred + grain, 0, 255).astype(np.uint8)


def _window(canvas: Canvas) -> None:
    canvas.fill(_box(505, 60, 270, 330), tint("#f4f1ea", 1.0))
    canvas.fill(_box(520, 75, 240, 300), _fade(75, 375, "#9cc9e6", "#e8f1ea"))
    canvas.clip(_box(520, 75, 240, 300))
    canvas.glow((600, 150), 90, 28, tint("#ffffff", 1.0, 0.8), core=0.3)
    canvas.glow((690, 190), 70, 20, tint("#ffffff", 1.0, 0.7), core=0.3)
    canvas.fill(
        smooth_path([(480, 330), (560, 285), (640, 320), (720, 275), (800, 310), (800, 420), (480, 420)]),
        tint("#7fae8a", 1.0),
    )
    canvas.fill(
        smooth_path([(480, 360), (600, 335), (700, 355), (800, 325), (800, 430), (480, 430)]), tint("#5f9474", 1.0)
    )
    canvas.unclip()
    canvas.fill(_box(634, 75, 12, 300, 0), tint("#f4f1ea", 1.0))
    canvas.fill(_box(520, 218, 240, 10, 0), tint("#f4f1ea", 1.0))
    canvas.fill(_box(490, 388, 300, 16), tint("#e3ddd0", 1.0))


def _shelf(canvas: Canvas) -> None:
    rng = np.random.default_rng(3)
    colours = ["#b4574b", "#e0b25c", "#4f7c86", "#8a9a5b", "#d9d2c3", "#6b5b7b", "#c98a62", "#3f5765"]
    for row, top in enumerate((150, 300)):
        left = 30.0
        while left < 215:
            thick, tall = rng.uniform(13, 24), rng.uniform(74, 108)
            canvas.fill(_box(left, top - tall, thick, tall, 2), tint(colours[int(rng.integers(len(colours)))], 1.0))
            left += thick + 1.5
        if row == 1:
            canvas.ellipse((250, 276), 20, 24, _fade(250, 300, "#e7dfd0", "#b9ae9b"))
        canvas.fill(_box(10, top, 290, 11, 2), tint("#8a6a4c", 1.0))
        canvas.fill(_box(10, top + 11, 290, 8, 0), tint("#3a3a36", 1.0, 0.16))


def _lamp(canvas: Canvas) -> None:
    canvas.glow((905, 120), 300, 230, tint("#ffe9b8", 1.0, 0.5))
    canvas.fill(_box(1076, 0, 3, 66, 0), tint("#4a4a48", 1.0))
    canvas.glow((1077, 120), 190, 150, tint("#ffe3a6", 1.0, 0.75))
    shade = smooth_path([(1060, 62), (1094, 62), (1128, 118), (1026, 118)])
    canvas.fill(shade, _fade(62, 118, "#d98e4f", "#f0b469"))
    canvas.ellipse((1077, 119), 34, 7, tint("#fff6d8", 1.0))


def _plant(canvas: Canvas) -> None:
    rng = np.random.default_rng(5)
    for _ in range(22):
        angle = rng.uniform(-2.7, -0.45)
        reach = rng.uniform(110, 230)
        tip = (1195 + reach * np.cos(angle), 560 + reach * 1.35 * np.sin(angle))
        middle = (1195 + 0.5 * reach * np.cos(angle), 560 + 0.85 * reach * np.sin(angle))
        across = (0.13 * reach * -np.sin(angle), 0.13 * reach * np.cos(angle))
        left = (middle[0] + across[0], middle[1] + across[1])
        right = (middle[0] - across[0], middle[1] - across[1])
        leaf = smooth_path([(1195, 560), left, tip, right])
        canvas.fill(leaf, tint("#5c8f63", float(rng.uniform(0.6, 1.2))))
    canvas.fill(_box(1140, 555, 110, 120, 14), _fade(555, 675, "#d8835f", "#a85c40"))


def foreground(canvas: Canvas, colours: tuple[str, str]) -> None:
    """The table with microphones and mugs, in front of the people; `colours` tint left and right mug."""
    width, height = SIZE
    canvas.glow((640, 650), 900, 44, tint("#20262a", 1.0, 0.4))
    canvas.fill(_box(-10, 648, width + 20, height, 0), _fade(648, height, "#b98a5e", "#8d6239"))
    canvas.fill(_box(-10, 648, width + 20, 5, 0), tint("#dcb287", 1.0))
    for x, mug_x, colour in ((478.0, 250.0, colours[0]), (802.0, 1035.0, colours[1])):
        _microphone(canvas, x, 1.0 if x > width / 2 else -1.0)
        _mug(canvas, mug_x, colour)


def _microphone(canvas: Canvas, x: float, side: float) -> None:
    canvas.glow((x, 690), 74, 14, tint("#241a12", 1.0, 0.55))
    canvas.ellipse((x, 684), 46, 11, _fade(673, 695, "#4b5157", "#23272b"))
    canvas.fill(_box(x - 4, 600, 8, 84, 3), tint("#3a4046", 1.0))
    canvas.painter.save()
    canvas.painter.translate(x, 592)
    canvas.painter.rotate(18.0 * side)
    canvas.fill(_box(-19, -22, 38, 46, 10), _fade(-22, 24, "#43494f", "#22262a"))
    canvas.fill(_box(-21, -62, 42, 50, 20), _fade(-62, -12, "#9aa2a8", "#5b6369"))
    canvas.fill(_box(-21, -20, 42, 7, 2), tint("#d6dadc", 1.0))
    canvas.glow((-8, -46), 12, 18, tint("#ffffff", 1.0, 0.45))
    canvas.painter.restore()


def _mug(canvas: Canvas, x: float, colour: str) -> None:
    canvas.glow((x + 6, 703), 62, 11, tint("#241a12", 1.0, 0.5))
    handle = QPainterPath()
    handle.addEllipse(QPointF(x + 36, 668), 17, 19)
    canvas.stroke(handle, tint(colour, 0.8), 8)
    shade = QLinearGradient(QPointF(x - 36, 0), QPointF(x + 36, 0))
    shade.setColorAt(0.0, tint(colour, 1.25))
    shade.setColorAt(1.0, tint(colour, 0.65))
    canvas.fill(_box(x - 36, 632, 72, 70, 12), shade)
    canvas.ellipse((x, 636), 35, 7, tint("#4a2f1e", 1.0))
