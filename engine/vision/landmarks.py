"""The one door to face_recognition and dlib: boxes, 68 landmarks, identity vectors.

The models load on first use. face_recognition ends the process when its model files are missing; that becomes an
error here.
"""

from __future__ import annotations

import warnings
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import ModelError

FloatArray = NDArray[np.float32]
Image = NDArray[np.uint8]


@cache
def _models() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # WORKAROUND(face_recognition_models imports pkg_resources): its own notice
        try:
            from face_recognition import api
        except SystemExit as error:
            raise ModelError(
                "The face models are missing from this installation.",
                "Install the package face_recognition_models again.",
                details=str(error),
            ) from None
    return api


def find_boxes(rgb: Image, upsample: int = 0) -> FloatArray:
    """Frontal faces in a picture (histogram of oriented gradients, dlib).

    Args:
        rgb: picture, (h, w, 3) uint8.
        upsample: how often the picture is doubled first; 0 finds faces from about 80 px, 1 from about 40 px.

    Returns:
        (n, 4) float32, left, top, right, bottom in pixels of `rgb`.
    """
    found = _models()._raw_face_locations(np.ascontiguousarray(rgb), upsample, "hog")
    return np.asarray([[b.left(), b.top(), b.right(), b.bottom()] for b in found], np.float32).reshape(-1, 4)


def shape_68(rgb: Image, boxes_px: FloatArray) -> FloatArray:
    """The 68 iBUG landmarks of each face.

    Args:
        rgb: picture, (h, w, 3) uint8.
        boxes_px: (n, 4), as the detector draws them: brow to chin.

    Returns:
        (n, 68, 2) float32, x and y in pixels.
    """
    if len(boxes_px) == 0:
        return np.zeros((0, 68, 2), np.float32)
    import dlib

    picture = np.ascontiguousarray(rgb)
    predictor = _models().pose_predictor_68_point
    shapes = [predictor(picture, dlib.rectangle(*(round(float(v)) for v in box))) for box in boxes_px]
    return np.asarray([[(p.x, p.y) for p in shape.parts()] for shape in shapes], np.float32)


def encode(rgb: Image, boxes_px: FloatArray) -> NDArray[np.float64]:
    """Identity vectors; the same person lies within about 0.6 (Euclidean).

    Args:
        rgb: picture, (h, w, 3) uint8.
        boxes_px: (n, 4), left, top, right, bottom.

    Returns:
        (n, 128) float64.
    """
    places = [(round(float(t)), round(float(r)), round(float(b)), round(float(x))) for x, t, r, b in boxes_px]
    vectors = _models().face_encodings(np.ascontiguousarray(rgb), known_face_locations=places, model="small")
    return np.asarray(vectors, np.float64).reshape(-1, 128)
