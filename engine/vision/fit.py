"""Landmarks of one face, fitted twice, so that the difference between the fits says whether it is a face at all."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.vision.landmarks import find_boxes, shape_68

FloatArray = NDArray[np.float32]
Image = NDArray[np.uint8]

FACE_PX = 150  # height of the detector's box in the normalised crop
CROP_PX = 270
_LOOK_FACE_PX = 110  # the detector wants 80 and more
_LOOK_CROP_PX = 200
# The two starting boxes: shift right, shift down, size, as shares of the box.
_STARTS = ((0.05, -0.04, 0.94), (-0.05, 0.04, 1.06))
# How the detector's box lies around the 68 points, measured on some 600 detections.
_BOX_PER_SPREAD = 2.79
_BOX_UP = 0.07
# Fits that differ by more are not on a face: faces seen from the front have a median of 0.01, background 0.09.
FACE_SPREAD = 0.045


class Fit(NamedTuple):
    """Landmarks and how far they can be trusted.

    Attributes:
        points_px: (68, 2) float32, in pixels of the picture.
        spread: how much the fits from different starts differ, as a share of the face's height; below
            `FACE_SPREAD` it is a face.
    """

    points_px: FloatArray
    spread: float


def box_of_points(points_px: FloatArray) -> FloatArray:
    """The box that the detector would draw around a face with these landmarks.

    Args:
        points_px: (68, 2).

    Returns:
        (4,) float32, left, top, right, bottom.
    """
    centre = points_px.mean(0)
    size = _BOX_PER_SPREAD * float(np.sqrt(((points_px - centre) ** 2).sum(1).mean()))
    middle_y = float(centre[1]) - _BOX_UP * size
    return np.asarray(
        [centre[0] - size / 2, middle_y - size / 2, centre[0] + size / 2, middle_y + size / 2], np.float32
    )


def crop_around(rgb: Image, box_px: FloatArray, face_px: float, crop_px: int) -> tuple[Image, float, FloatArray]:
    """A square picture around a face at a chosen size; what lies outside the frame repeats its edge.

    Returns:
        The crop, (crop_px, crop_px, 3) uint8; its scale (crop pixels per picture pixel); and the picture position
        of the crop's corner, (2,). A crop point c is the picture point corner + c / scale.
    """
    size = max(float(box_px[2] - box_px[0]), float(box_px[3] - box_px[1]), 1.0)
    scale = face_px / size
    centre = np.asarray([(box_px[0] + box_px[2]) / 2, (box_px[1] + box_px[3]) / 2], np.float64)
    corner = centre - crop_px / 2 / scale
    if scale < 0.5:  # shrink by averaging first; a warp alone would alias
        lower, upper = np.floor(corner).astype(int), np.ceil(corner + crop_px / scale).astype(int)
        height, width = rgb.shape[:2]
        left, top = max(0, lower[0]), max(0, lower[1])
        part: Image = rgb[top : min(height, upper[1]), left : min(width, upper[0])]
        if part.size:
            half = np.asarray(cv2.resize(part, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8)
            moved = box_px - np.asarray([left, top, left, top], np.float32)
            crop, inner_scale, inner_corner = crop_around(half, np.asarray(moved / 2, np.float32), face_px, crop_px)
            return crop, inner_scale / 2, np.asarray(inner_corner * 2 + [left, top], np.float32)
    matrix = np.array([[scale, 0.0, -corner[0] * scale], [0.0, scale, -corner[1] * scale]])
    warped = cv2.warpAffine(rgb, matrix, (crop_px, crop_px), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(warped, np.uint8), scale, np.asarray(corner, np.float32)


def fit_face(rgb: Image, box_px: FloatArray) -> Fit:
    """Fit the landmarks in a box from two starts.

    The fit runs on a crop of one size, so that small faces get landmarks finer than a pixel.

    Args:
        rgb: picture, (h, w, 3) uint8.
        box_px: (4,), as the detector draws it.
    """
    crop, scale, corner = crop_around(rgb, box_px, FACE_PX, CROP_PX)
    middle = CROP_PX / 2
    starts = [
        [
            middle + (dx - size / 2) * FACE_PX,
            middle + (dy - size / 2) * FACE_PX,
            middle + (dx + size / 2) * FACE_PX,
            middle + (dy + size / 2) * FACE_PX,
        ]
        for dx, dy, size in _STARTS
    ]
    fits = shape_68(crop, np.asarray(starts, np.float32))
    mean = fits.mean(0)
    spread = float(np.sqrt(((fits - mean) ** 2).sum(-1).mean())) / FACE_PX
    return Fit(np.asarray(mean / scale + corner, np.float32), spread)


def look_closely(rgb: Image, box_px: FloatArray) -> FloatArray | None:
    """Ask the frontal detector about one place, at a size that suits it however small the face is.

    Args:
        rgb: picture, (h, w, 3) uint8.
        box_px: (4,), where a face should be.

    Returns:
        (4,) float32, the detector's own box, or None when it sees no face there.
    """
    crop, scale, corner = crop_around(rgb, box_px, _LOOK_FACE_PX, _LOOK_CROP_PX)
    middle = np.float32(_LOOK_CROP_PX / 2)
    boxes = find_boxes(crop)
    if len(boxes) == 0:
        return None
    off = np.hypot((boxes[:, 0] + boxes[:, 2]) / 2 - middle, (boxes[:, 1] + boxes[:, 3]) / 2 - middle)
    best = int(off.argmin())
    if off[best] > 0.4 * _LOOK_FACE_PX:
        return None
    return np.asarray(boxes[best] / scale + np.tile(corner, 2), np.float32)
