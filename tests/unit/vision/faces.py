"""Faces that exist only as numbers, for tests of what comes after the detector."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from engine.vision.detect import Detection, overlap
from engine.vision.fit import Fit, box_of_points

FRAME = np.zeros((360, 640, 3), np.uint8)
BoxAt = Callable[[float], NDArray[np.float32] | None]


def landmarks(box: NDArray[np.float32], opening: float = 0.1) -> NDArray[np.float32]:
    """68 points of a face whose detector box is `box`; `opening` is the lip gap as a share of the box."""
    angle = np.linspace(0.05 * np.pi, 0.95 * np.pi, 17)
    jaw = np.stack([-0.5 * np.cos(angle), -0.15 + 0.62 * np.sin(angle)], 1)
    brows = np.stack([np.r_[np.linspace(-0.4, -0.1, 5), np.linspace(0.1, 0.4, 5)], np.full(10, -0.38)], 1)
    nose = np.r_[
        np.stack([np.zeros(4), np.linspace(-0.25, 0.0, 4)], 1),
        np.stack([np.linspace(-0.08, 0.08, 5), np.full(5, 0.06)], 1),
    ]
    ring = np.deg2rad([180, 240, 300, 0, 60, 120])
    eye = np.stack([0.08 * np.cos(ring), 0.035 * np.sin(ring)], 1)
    eyes = np.r_[eye + np.array([-0.2, -0.25]), eye + np.array([0.2, -0.25])]
    outer = np.deg2rad(np.r_[180:360:30, 0:180:30])
    inner = np.deg2rad([180, 225, 270, 315, 0, 45, 90, 135])
    mouth = np.r_[
        np.stack([0.17 * np.cos(outer), (0.06 + opening / 2) * np.sin(outer)], 1),
        np.stack([0.13 * np.cos(inner), opening / 2 * np.sin(inner)], 1),
    ] + [0.0, 0.24]
    points = np.r_[jaw, brows, nose, eyes, mouth]
    assert points.shape == (68, 2)
    placed = box_of_points(points.astype(np.float32))
    size = (box[2] - box[0]) / (placed[2] - placed[0])
    corner = np.array([placed[0], placed[1]])
    return np.asarray((points - corner) * size + box[:2], np.float32)


def box(x: float, y: float, size: float = 80.0) -> NDArray[np.float32]:
    """A box around a middle."""
    return np.asarray([x - size / 2, y - size / 2, x + size / 2, y + size / 2], np.float32)


class World:
    """Faces that move by themselves; stands in for detector and landmark model.

    Args:
        faces: each gives its box at a time, or None while it is turned away.
    """

    def __init__(self, *faces: BoxAt) -> None:
        self.faces = faces
        self.now_s = 0.0

    def _boxes(self) -> list[NDArray[np.float32]]:
        return [seen for seen in (face(self.now_s) for face in self.faces) if seen is not None]

    def fit(self, rgb: NDArray[np.uint8], near: NDArray[np.float32]) -> Fit:
        best = max(self._boxes(), key=lambda seen: overlap(near, seen), default=None)
        if best is None or overlap(near, best) < 0.4:
            return Fit(landmarks(near), 0.12)
        return Fit(landmarks(best), 0.01)

    def look(self, rgb: NDArray[np.uint8], near: NDArray[np.float32]) -> NDArray[np.float32] | None:
        best = max(self._boxes(), key=lambda seen: overlap(near, seen), default=None)
        return best if best is not None and overlap(near, best) > 0.3 else None

    def detections(self) -> list[Detection]:
        return [Detection(seen, True) for seen in self._boxes()]
