"""Draws one person: shoulders, neck, hair and a face whose mouth, lids, brows and gaze move."""

from __future__ import annotations

from math import cos, radians, sin, sqrt

from PySide6.QtCore import QPointF
from PySide6.QtGui import QLinearGradient, QPainterPath, QRadialGradient

from tests.helpers.sample.canvas import Canvas, Point, smooth_path, tint
from tests.helpers.sample.features import FacePainter
from tests.helpers.sample.look import Expression, Look, Pose

_FRINGES: dict[str, list[Point]] = {  # hairline from ear to ear
    "short": [
        (-0.98, 0.02), (-0.94, -0.45), (-0.76, -0.82), (-0.3, -0.92), (0.2, -0.88), (0.62, -0.88), (0.86, -0.66),
        (0.95, -0.38), (0.98, 0.02),
    ],
    "bun": [
        (-1.0, 0.0), (-0.9, -0.55), (-0.62, -0.84), (-0.1, -1.0), (0.2, -1.0), (0.66, -0.82), (0.9, -0.55), (1.0, 0.0),
    ],
    "curly": [
        (-1.0, -0.1), (-0.92, -0.55), (-0.7, -0.9), (-0.3, -0.98), (0.1, -1.04), (0.5, -0.98), (0.8, -0.8),
        (0.94, -0.5), (1.0, -0.1),
    ],
}  # fmt: skip


class Head:
    """Places points of the face: unit is half a face width, origin between the eyes, y down.

    A point has a depth (0 on the outline, largest on the nose), so that a turned or nodding head shifts its
    features against its outline.
    """

    def __init__(self, look: Look, pose: Pose, expression: Expression) -> None:
        self.look = look
        self.expression = expression
        self._yaw = radians(pose.yaw_deg)
        self._pitch = radians(pose.pitch_deg)
        self.gap = 0.35 * expression.opening

    def at(self, x: float, y: float, lift: float = 0.0) -> Point:
        """Where a point of the face is drawn. `lift` is added to the depth of the smooth face."""
        if y > 0.0:
            y *= self.look.length
        depth = 0.55 * sqrt(max(0.0, 1.0 - (x / 1.05) ** 2 - ((y - 0.1) / 1.75) ** 2)) + lift
        return (x * cos(self._yaw) + depth * sin(self._yaw), y * cos(self._pitch) + depth * sin(self._pitch))

    def curve(self, points: list[Point], *, closed: bool = True, lift: float = 0.0) -> QPainterPath:
        """A smooth line through points of the face."""
        return smooth_path([self.at(x, y, lift) for x, y in points], closed=closed)

    def jaw_drop(self, y: float) -> float:
        """How far the open mouth pulls down a point at height `y`."""
        return 0.42 * self.gap * min(1.0, max(0.0, (y - 0.45) / 0.8))

    def outline(self) -> QPainterPath:
        """The face from hairline to chin."""
        jaw = self.look.jaw
        half = [
            (0.0, -1.32), (0.52, -1.2), (0.84, -0.86), (0.97, -0.4), (1.0, 0.05), (0.97, 0.45),
            (0.42 + 0.5 * jaw, 0.82), (0.2 + 0.56 * jaw, 1.12), (0.06 + 0.42 * jaw, 1.38), (0.22 * jaw, 1.55),
        ]  # fmt: skip
        right = [(x, y + self.jaw_drop(y)) for x, y in half]
        chin = [(0.0, 1.585 + self.jaw_drop(1.585))]
        return self.curve([*right, *chin, *[(-x, y) for x, y in reversed(right[1:])]])


def draw_person(
    canvas: Canvas,
    centre_px: Point,
    unit_px: float,
    look: Look,
    pose: Pose | None = None,
    expression: Expression | None = None,
) -> None:
    """Draw a person.

    Args:
        centre_px: where the point between the eyes is when the pose is neutral.
        unit_px: half the width of the face.
    """
    pose = pose or Pose()
    head = Head(look, pose, expression or Expression())
    painter = canvas.painter
    painter.save()
    painter.translate(QPointF(*centre_px))
    painter.scale(unit_px, unit_px)
    painter.translate(0.3 * pose.x, 0.3 * pose.y)
    if look.hair_style == "long":
        _hair_behind(canvas, look, 0.7 * pose.x, 0.7 * pose.y, pose.roll_deg)
    _body(canvas, look)
    pivot = 1.6  # the head turns about the neck
    painter.translate(0.7 * pose.x, 0.7 * pose.y + pivot)
    painter.rotate(pose.roll_deg)
    painter.translate(0.0, -pivot)
    _head(canvas, head)
    painter.restore()


def _hair_behind(canvas: Canvas, look: Look, x: float, y: float, roll_deg: float) -> None:
    half = [
        (0.0, -1.78),
        (0.62, -1.68),
        (1.06, -1.25),
        (1.24, -0.5),
        (1.28, 0.3),
        (1.36, 1.1),
        (1.32, 1.8),
        (0.95, 2.12),
    ]
    shape = smooth_path([*half, (0.0, 1.9), *[(-a, b) for a, b in reversed(half[1:])]])
    shade = QLinearGradient(0, -1.7, 0, 2.1)
    shade.setColorAt(0.0, tint(look.hair, 1.0))
    shade.setColorAt(0.5, tint(look.hair, 0.72))
    shade.setColorAt(1.0, tint(look.hair, 0.9))
    canvas.painter.save()
    canvas.painter.translate(x, y)
    canvas.painter.rotate(0.6 * roll_deg)
    canvas.fill(shape, shade)
    canvas.painter.restore()


def _body(canvas: Canvas, look: Look) -> None:
    half = [(0.5, 1.98), (0.98, 2.16), (1.6, 2.38), (2.02, 2.82), (2.2, 3.6), (2.34, 5.4)]
    top = smooth_path([*half, *[(-x, y) for x, y in reversed(half)]])
    cloth = QLinearGradient(-2.2, 1.9, 2.0, 4.2)
    cloth.setColorAt(0.0, tint(look.top, 1.25))
    cloth.setColorAt(0.45, tint(look.top, 1.0))
    cloth.setColorAt(1.0, tint(look.top, 0.62))
    neck_half = [(0.6, 0.7), (0.56, 1.4), (0.57, 1.8), (0.74, 2.06), (0.55, 2.3)]
    neck = smooth_path([*neck_half, (0.0, 2.52), *[(-x, y) for x, y in reversed(neck_half)]])
    canvas.fill(top, cloth)
    canvas.clip(top)
    for side in (-1, 1):
        canvas.glow((side * 1.62, 4.1), 0.3, 1.5, tint(look.top, 0.45, 0.45))
    canvas.unclip()
    collar = [(x * 1.16, y + 0.07) for x, y in [*neck_half[2:], (0.0, 2.56)]]
    canvas.fill(smooth_path([*collar, *[(-x, y) for x, y in reversed(collar[:-1])]]), tint(look.top, 0.7))
    canvas.fill(neck, tint(look.skin, 0.86))
    canvas.clip(neck)
    canvas.glow((0.05, 1.5), 0.95, 0.62, tint(look.skin, 0.42, 0.75))
    canvas.glow((0.62, 1.9), 0.45, 0.8, tint(look.skin, 0.45, 0.4))
    canvas.unclip()


def _head(canvas: Canvas, head: Head) -> None:
    look = head.look
    face = head.outline()
    if look.hair_style in ("short", "bun", "curly"):
        _hair_crown(canvas, head)
    for side in (-1.0, 1.0):
        ear = head.curve(
            [(side * x, y) for x, y in [(0.93, -0.2), (1.1, -0.24), (1.15, 0.02), (1.08, 0.33), (0.93, 0.5)]]
        )
        canvas.fill(ear, tint(look.skin, 0.88 if side < 0 else 0.76))
        fold = head.curve(
            [(side * x, y) for x, y in [(1.0, -0.12), (1.08, -0.08), (1.06, 0.12), (1.0, 0.26)]], closed=False
        )
        canvas.stroke(fold, tint(look.skin, 0.6, 0.7), 0.025)
    skin = QRadialGradient(QPointF(-0.28, -0.15), 1.95)
    skin.setColorAt(0.0, tint(look.skin, 1.28))
    skin.setColorAt(0.42, tint(look.skin, 1.03))
    skin.setColorAt(0.75, tint(look.skin, 0.83))
    skin.setColorAt(1.0, tint(look.skin, 0.62))
    canvas.fill(face, skin)
    canvas.clip(face)
    FacePainter(canvas, head).paint()
    canvas.unclip()
    _hair_front(canvas, head, face)


def _hair_crown(canvas: Canvas, head: Head) -> None:
    look = head.look
    if look.hair_style == "bun":
        canvas.ellipse((0.1, -1.95), 0.46, 0.4, _hair_shade(look, 0.1, -2.0))
    if look.hair_style == "curly":
        for i in range(19):
            angle = radians(-200 + 220 * i / 18)
            canvas.ellipse((1.12 * cos(angle), -0.55 + 1.13 * sin(angle)), 0.3, 0.3, _hair_shade(look, -0.3, -1.4))
    half = [(0.0, -1.72), (0.6, -1.6), (0.98, -1.2), (1.09, -0.7), (1.05, -0.2), (0.98, 0.06)]
    canvas.fill(
        smooth_path([*half, *[(-x, y) for x, y in reversed(half[1:])]]),
        _hair_shade(look, -0.35, -1.4),
    )


def _hair_shade(look: Look, x: float, y: float) -> QRadialGradient:
    shade = QRadialGradient(QPointF(x, y), 1.5)
    shade.setColorAt(0.0, tint(look.hair, 1.35))
    shade.setColorAt(0.55, tint(look.hair, 1.0))
    shade.setColorAt(1.0, tint(look.hair, 0.65))
    return shade


def _hair_front(canvas: Canvas, head: Head, face: QPainterPath) -> None:
    look = head.look
    style = look.hair_style
    if style == "bald":
        canvas.clip(face)
        canvas.glow((-0.3, -1.0), 0.5, 0.3, tint(look.skin, 2.2, 0.5))
        canvas.unclip()
        return
    if style == "long":  # parted on the viewer's right, falling down both sides
        left = [(0.32, -1.74), (-0.4, -1.7), (-0.98, -1.3), (-1.2, -0.55), (-1.24, 0.35), (-1.3, 1.2), (-1.12, 1.75),
                (-0.98, 1.2), (-0.97, 0.45), (-0.96, -0.15), (-0.8, -0.55), (-0.3, -0.86)]  # fmt: skip
        right = [(0.28, -1.74), (0.72, -1.62), (1.08, -1.2), (1.24, -0.5), (1.26, 0.35), (1.3, 1.2), (1.12, 1.75),
                 (0.99, 1.2), (0.98, 0.45), (0.97, -0.1), (0.86, -0.58), (0.56, -0.92)]  # fmt: skip
        for half in (left, right):
            lock = head.curve(half)
            canvas.fill(lock, _hair_shade(look, -0.45, -1.25))
            canvas.clip(lock)
            side = -1 if half is left else 1
            for k in range(3):
                strand = head.curve(
                    [(0.3, -1.72), (side * (0.7 + 0.1 * k), -1.15 + 0.1 * k), (side * (0.98 + 0.07 * k), -0.3),
                     (side * (1.02 + 0.07 * k), 0.7), (side * (1.04 + 0.07 * k), 1.7)], closed=False)  # fmt: skip
                canvas.stroke(strand, tint(look.hair, (1.3, 0.7, 1.2)[k], 0.3), 0.03)
            canvas.unclip()
        return
    fringe = _FRINGES[style]
    crown = [(1.06, -0.5), (1.0, -1.15), (0.6, -1.58), (0.0, -1.72), (-0.6, -1.58), (-1.0, -1.15), (-1.06, -0.5)]
    cap = head.curve([*fringe, *crown])
    canvas.fill(cap, _hair_shade(look, -0.35, -1.4))
    if style == "short":
        canvas.clip(cap)
        for k in range(4):
            start = -0.72 + 0.3 * k
            lock = head.curve([(start, -0.96), (start + 0.12, -1.25), (start + 0.36, -1.46)], closed=False)
            canvas.stroke(lock, tint(look.hair, 2.0, 0.10), 0.05)
        canvas.unclip()
