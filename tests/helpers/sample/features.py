"""The inside of a drawn face: shading, eyes, brows, nose, mouth, beard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF
from PySide6.QtGui import QLinearGradient, QPainterPath, QRadialGradient

from tests.helpers.sample.canvas import Canvas, Point, tint

if TYPE_CHECKING:
    from tests.helpers.sample.portrait import Head

_MOUTH_Y = 0.97


class FacePainter:
    """Paints the features of one head; the canvas is clipped to the face outline."""

    def __init__(self, canvas: Canvas, head: Head) -> None:
        self._canvas = canvas
        self._head = head
        self._look = head.look
        self._face = head.expression

    def paint(self) -> None:
        """Everything, back to front."""
        self._shade()
        if self._look.beard:
            self._beard()
        for side in (-1.0, 1.0):
            self._eye(side)
            self._brow(side)
        self._nose()
        self._mouth()

    def _glow(self, x: float, y: float, radius_x: float, radius_y: float, factor: float, alpha: float) -> None:
        self._canvas.glow(self._head.at(x, y), radius_x, radius_y, tint(self._look.skin, factor, alpha))

    def _shade(self) -> None:
        head, look = self._head, self._look
        self._glow(-0.1, -0.85, 0.7, 0.35, 1.5, 0.30)  # forehead
        self._glow(0.95, 0.6, 0.5, 1.1, 0.5, 0.45)  # side away from the light
        self._glow(-1.02, 0.7, 0.3, 0.9, 0.55, 0.3)
        self._glow(0.0, 1.68 + head.jaw_drop(1.6), 0.9, 0.28, 0.5, 0.45)  # under the chin
        self._glow(0.0, 1.36 + head.jaw_drop(1.3), 0.24, 0.16, 1.5, 0.35)  # chin
        self._glow(0.0, 1.2 + head.jaw_drop(1.2), 0.34, 0.09, 0.55, 0.5)  # fold under the lip
        for side in (-1.0, 1.0):
            blush = tint(look.lips, 1.15, 0.26)
            self._canvas.glow(head.at(side * 0.6, 0.5), 0.38, 0.3, blush)
            self._glow(side * 0.5, 0.33, 0.32, 0.15, 1.45, 0.3)  # cheekbone
            self._glow(side * 0.42 * look.eye_gap, -0.1, 0.38, 0.24, 0.5, 0.42)  # socket
            fold = head.curve(
                [(side * 0.27, 0.62), (side * 0.4, 0.78), (side * 0.46, 0.92 + head.jaw_drop(0.9))], closed=False
            )
            self._canvas.stroke(fold, tint(look.skin, 0.6, 0.13), 0.035)

    def _beard(self) -> None:
        head, hair = self._head, self._look.hair
        drop = head.jaw_drop
        outer = [(1.02, 0.3), (0.98, 0.8), (0.8, 1.3), (0.35, 1.62), (0.0, 1.68)]
        inner = [(0.47, 0.83), (0.7, 0.72), (0.9, 0.34)]
        right = [(x, y + drop(y)) for x, y in outer]
        back = [(x, y + drop(y)) for x, y in inner]
        path = head.curve(
            [*right, *[(-x, y) for x, y in reversed(right[:-1])], *[(-x, y) for x, y in reversed(back)],
             (-0.34, 0.76), (0.0, 0.72), (0.34, 0.76), *back]
        )  # fmt: skip
        shade = QLinearGradient(0, 0.3, 0, 1.6)
        shade.setColorAt(0.0, tint(hair, 1.1, 0.0))
        shade.setColorAt(0.35, tint(hair, 1.1, 0.38))
        shade.setColorAt(1.0, tint(hair, 1.0, 0.5))
        self._canvas.fill(path, shade)
        rim = head.at(0.0, _MOUTH_Y + 0.4 * head.gap)
        self._canvas.glow(rim, 0.56, 0.27 + 0.6 * head.gap, tint(self._look.skin, 0.95, 0.75))

    def _eye(self, side: float) -> None:
        head, look, canvas = self._head, self._look, self._canvas
        gap = look.eye_gap
        openness = 1.0 - self._face.blink
        upper, lower = -0.14, 0.078
        lid = lower + (upper - lower) * max(0.0, openness)
        middle = 0.43 * gap

        def rim(peak: float) -> list[Point]:
            """From the inner to the outer corner."""
            shape = [(-0.205, 0.03), (-0.12, 0.03 + 0.72 * (peak - 0.03)), (0.0, peak),
                     (0.12, 0.0 + 0.66 * peak), (0.215, -0.012)]  # fmt: skip
            return [(side * (middle + x), y) for x, y in shape]

        top, bottom = rim(lid), rim(lower)
        almond = head.curve([*top, *reversed(bottom[1:-1])])
        skin_lid = head.curve([*rim(upper - 0.075), *reversed(bottom[1:-1])])
        canvas.fill(skin_lid, tint(look.skin, 0.84))
        if openness > 0.12:
            white = QLinearGradient(QPointF(0, lid), QPointF(0, lower))
            white.setColorAt(0.0, tint("#cfc6c2", 0.78))
            white.setColorAt(0.45, tint("#f4f0ec", 1.0))
            white.setColorAt(1.0, tint("#e6ddd8", 1.0))
            canvas.fill(almond, white)
            canvas.clip(almond)
            x, y = head.at(side * middle + 0.05 * self._face.gaze_x, -0.025 + 0.03 * self._face.gaze_y)
            iris = QRadialGradient(QPointF(x, y), 0.115)
            iris.setColorAt(0.0, tint(look.iris, 1.0))
            iris.setColorAt(0.62, tint(look.iris, 1.25))
            iris.setColorAt(0.9, tint(look.iris, 0.55))
            iris.setColorAt(1.0, tint(look.iris, 0.35))
            canvas.ellipse((x, y), 0.115, 0.115, iris)
            canvas.ellipse((x, y), 0.05, 0.05, tint("#120d0c", 1.0))
            canvas.ellipse((x - 0.035, y - 0.04), 0.026, 0.026, tint("#ffffff", 1.0, 0.92))
            canvas.unclip()
        canvas.stroke(head.curve(bottom, closed=False), tint(look.skin, 0.45, 0.55), 0.016)
        lash = [*top, (side * (middle + 0.245), -0.04)]
        canvas.stroke(head.curve(lash, closed=False), tint("#1d1412", 1.0, 0.95), 0.036)
        crease = [(x, y - 0.065) for x, y in rim(upper)[1:]]
        canvas.stroke(head.curve(crease, closed=False), tint(look.skin, 0.5, 0.55), 0.016)

    def _brow(self, side: float) -> None:
        look = self._look
        y = -0.36 - 0.075 * self._face.brow
        thick = 0.062 * look.brow
        middle = 0.43 * look.eye_gap
        upper = [(-0.26, -0.035), (-0.1, -0.06), (0.1, -0.085), (0.32, 0.025)]
        lower = [(0.1, -0.085 + 1.35 * thick), (-0.1, -0.06 + 1.6 * thick), (-0.265, -0.035 + 1.35 * thick)]
        shape = self._head.curve([(side * (middle + a), y + b) for a, b in [*upper, *lower]])
        self._canvas.fill(shape, tint(look.hair, 0.8, 0.92))

    def _nose(self) -> None:
        head, canvas, skin, size = self._head, self._canvas, self._look.skin, self._look.nose
        lift = 0.12
        bridge = head.curve(
            [(0.17, -0.14), (0.085, 0.1), (0.115, 0.36), (0.2 * size, 0.5), (0.13, 0.3), (0.15, 0.05)], lift=0.08
        )
        canvas.fill(bridge, tint(skin, 0.6, 0.3))
        self._glow(0.16, 0.25, 0.13, 0.4, 0.55, 0.28)
        self._glow(-0.2, 0.1, 0.1, 0.3, 0.6, 0.16)
        canvas.glow(head.at(-0.02, 0.15, lift), 0.07, 0.36, tint(skin, 1.9, 0.4))
        canvas.glow(head.at(0.0, 0.6, 0.05), 0.32 * size, 0.12, tint(skin, 0.48, 0.55))
        canvas.glow(head.at(0.0, 0.45, lift), 0.17 * size, 0.14, tint(skin, 1.35, 0.7))
        canvas.glow(head.at(-0.04, 0.42, lift), 0.07, 0.06, tint(skin, 2.6, 0.55))
        for side in (-1.0, 1.0):
            wing = [(side * x * size, y) for x, y in [(0.17, 0.4), (0.225, 0.49), (0.2, 0.57), (0.13, 0.585)]]
            canvas.stroke(head.curve(wing, closed=False, lift=0.05), tint(skin, 0.45, 0.6), 0.024)
            hole = [(side * x * size, y) for x, y in [(0.05, 0.575), (0.1, 0.545), (0.145, 0.56), (0.1, 0.59)]]
            canvas.fill(head.curve(hole, lift=0.06), tint(skin, 0.22, 0.85))
        base = [(-0.06 * size, 0.585), (0.0, 0.615), (0.06 * size, 0.585)]
        canvas.stroke(head.curve(base, closed=False, lift=0.07), tint(skin, 0.45, 0.6), 0.02)

    def _mouth(self) -> None:
        head, look, canvas, face = self._head, self._look, self._canvas, self._face
        gap, spread, y = head.gap, face.spread, _MOUTH_Y
        wide = 0.385 + (0.06 if spread > 0 else 0.12) * spread - 0.05 * gap
        corner = y - 0.038 + 0.36 * gap
        full = 1.0 + 0.25 * max(0.0, -spread)  # rounded lips look fuller
        up, low = y - 0.22 * gap, y + 0.78 * gap

        def mirrored(half: list[Point]) -> list[Point]:
            """From the left corner over the middle (first point) to the right corner."""
            return [*[(-a, b) for a, b in reversed(half[1:])], *half]

        upper_rim = mirrored([(0.0, up), (0.5 * wide, up + 0.2 * (corner - up) + 0.004), (wide, corner)])
        lower_rim = mirrored(
            [
                (0.0, low),
                (0.42 * wide, low - 0.1 * (low - corner)),
                (0.78 * wide, low - 0.48 * (low - corner)),
                (wide, corner),
            ]
        )
        crest = mirrored([(0.0, up - 0.075 * full), (0.26 * wide, up - 0.1 * full), (wide, corner)])
        bowl = mirrored(
            [
                (0.0, low + 0.13 * full),
                (0.42 * wide, low + 0.115 * full - 0.08 * (low - corner)),
                (0.8 * wide, low + 0.055 * full - 0.4 * (low - corner)),
                (wide, corner),
            ]
        )
        if gap > 0.004:
            hollow = self._between(upper_rim, lower_rim)
            canvas.fill(hollow, tint("#3a1214", 1.0))
            canvas.clip(hollow)
            tongue = head.at(0.0, low + 0.02)
            canvas.ellipse(tongue, 0.75 * wide, 0.32 * gap + 0.01, tint("#a8504f", 0.95))
            teeth = mirrored([(0.0, up + 0.085), (0.5 * wide, up + 0.075), (0.86 * wide, up + 0.03)])
            canvas.fill(self._between([(a, b - 0.2) for a, b in teeth], teeth), tint("#f1ece4", 0.96))
            canvas.unclip()
        red = QLinearGradient(QPointF(0, up - 0.12), QPointF(0, low + 0.14))
        red.setColorAt(0.0, tint(look.lips, 0.95))
        red.setColorAt(0.4, tint(look.lips, 0.82))
        red.setColorAt(0.6, tint(look.lips, 1.12))
        red.setColorAt(1.0, tint(look.lips, 0.86))
        canvas.fill(self._between(crest, upper_rim), red)
        canvas.fill(self._between(lower_rim, bowl), red)
        canvas.glow(head.at(-0.05, low + 0.06), 0.45 * wide, 0.035, tint(look.lips, 1.9, 0.4))
        canvas.stroke(head.curve(upper_rim, closed=False), tint("#260a0a", 1.0, 1.0), 0.034)
        canvas.stroke(head.curve(lower_rim, closed=False), tint("#35100f", 1.0, 0.55), 0.014)
        for side in (-1.0, 1.0):
            canvas.glow(head.at(side * (wide + 0.02), corner + 0.005), 0.06, 0.05, tint(look.skin, 0.4, 0.6))

    def _between(self, upper: list[Point], lower: list[Point]) -> QPainterPath:
        """The area between two lines that run from left to right."""
        path = self._head.curve(upper, closed=False)
        path.connectPath(self._head.curve(list(reversed(lower)), closed=False))
        path.closeSubpath()
        return path
