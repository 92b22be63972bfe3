"""Faces in a frame: which detector looks when, and at what size."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.vision.landmarks import find_boxes

FloatArray = NDArray[np.float32]
Image = NDArray[np.uint8]

LOOK_S = 0.32  # from one look at the whole frame to the next
DEEP_LOOK_S = 2.0  # small and turned faces cost five times as much and are looked for less often
SEARCH_S = 0.6  # ... but sooner while a face is missing
_WIDTH_PX = 640
_CASCADE_WIDTH_PX = 360


class Detection(NamedTuple):
    """A face that a detector reports.

    Attributes:
        box_px: (4,) float32, left, top, right, bottom in pixels of the picture given.
        is_sure: True for a detector that is hardly ever wrong; False asks for a second opinion.
    """

    box_px: FloatArray
    is_sure: bool


class FaceDetector(Protocol):
    """Finds faces in one picture."""

    def __call__(self, rgb: Image, *, deep: bool) -> list[Detection]:
        """Look at a picture.

        Args:
            rgb: (h, w, 3) uint8.
            deep: also look for small and turned faces, at a higher cost.
        """


def overlap(first: FloatArray, second: FloatArray) -> float:
    """Intersection over union of two boxes, 0 to 1."""
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    if width <= 0 or height <= 0:
        return 0.0
    shared = float(width * height)
    areas = float((first[2] - first[0]) * (first[3] - first[1]) + (second[2] - second[0]) * (second[3] - second[1]))
    return shared / max(areas - shared, 1e-6)


def find_faces_in_frame(rgb: Image, *, deep: bool) -> list[Detection]:
    """The detector of this application: gradients (dlib), and on a deep look also cascades (OpenCV).

    A `FaceDetector`.
    """
    scale = min(1.0, _WIDTH_PX / rgb.shape[1])
    small = _reduced(rgb, scale)
    found = [Detection(np.asarray(box / scale, np.float32), True) for box in find_boxes(small)]
    if not deep:
        return found
    _add_new(found, [Detection(np.asarray(box / scale, np.float32), True) for box in find_boxes(small, 1)])
    _add_new(found, [Detection(box, False) for box in _cascade_boxes(rgb)])
    return found


def _reduced(rgb: Image, scale: float) -> Image:
    if scale == 1.0:
        return rgb
    return np.asarray(cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)


def _add_new(found: list[Detection], more: list[Detection]) -> None:
    for candidate in more:
        if all(overlap(candidate.box_px, known.box_px) < 0.25 for known in found):
            found.append(candidate)


def _cascade_boxes(rgb: Image) -> list[FloatArray]:
    """Frontal faces and both profiles, as boxes that match the main detector's."""
    scale = min(1.0, _CASCADE_WIDTH_PX / rgb.shape[1])
    small = _reduced(rgb, scale)
    grey = cv2.equalizeHist(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY))
    mirrored = np.ascontiguousarray(grey[:, ::-1])
    frontal, profile = _cascades()
    smallest = (24, 24)
    boxes = [tuple(b) for b in frontal.detectMultiScale(grey, 1.15, 4, minSize=smallest)]
    boxes += [tuple(b) for b in profile.detectMultiScale(grey, 1.2, 4, minSize=smallest)]
    boxes += [
        (grey.shape[1] - x - w, y, w, h) for x, y, w, h in profile.detectMultiScale(mirrored, 1.2, 4, minSize=smallest)
    ]
    # The cascades' squares begin above the brows; the main detector's sit lower.
    return [np.asarray([x, y + 0.1 * h, x + w, y + 1.1 * h], np.float32) / np.float32(scale) for x, y, w, h in boxes]


@cache
def _cascades() -> tuple[Any, Any]:
    folder = Path(cv2.__file__).parent / "data"
    return (
        cv2.CascadeClassifier(str(folder / "haarcascade_frontalface_default.xml")),
        cv2.CascadeClassifier(str(folder / "haarcascade_profileface.xml")),
    )


class LookSchedule:
    """When to look for faces: at the start of a shot, then at a steady pace on the file's clock."""

    def __init__(self) -> None:
        self._next_s = float("-inf")
        self._next_deep_s = float("-inf")
        self._last_deep_s = float("-inf")
        self._deep_looks = 0

    def due(self, time_s: float, *, is_cut: bool, is_searching: bool) -> tuple[bool, bool]:
        """Say whether to look at the frame of this time, and whether deeply.

        Args:
            time_s: the frame's time, never smaller than before.
            is_cut: a new shot begins with the frame.
            is_searching: nobody is followed, or somebody was just lost.
        """
        if is_searching:
            self._next_deep_s = min(self._next_deep_s, self._last_deep_s + SEARCH_S)
        if is_cut:
            self._next_s = self._next_deep_s = time_s
            self._deep_looks = 0
        if time_s < self._next_s - 1e-6:
            return False, False
        self._next_s = time_s + LOOK_S
        deep = time_s >= self._next_deep_s - 1e-6
        if deep:
            # A shot's first frame may be blurred: the second deep look follows soon.
            self._next_deep_s = time_s + (SEARCH_S if self._deep_looks == 0 else DEEP_LOOK_S)
            self._last_deep_s = time_s
            self._deep_looks += 1
        return True, deep
