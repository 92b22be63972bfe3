"""Who in a video is the person on a photo."""

from __future__ import annotations

import math
import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError, NoFaceError
from engine.types import FaceAnalysis
from engine.vision.identity import PADDING
from engine.vision.landmarks import encode, find_boxes

Image = NDArray[np.uint8]
Vector = NDArray[np.float64]

_LARGEST_BYTES = 100_000_000
_MOST_PIXELS = 120_000_000
_WORKING_PX = 1280  # the longer side while faces are searched
_ABOUT_AS_LARGE = 0.8  # of the largest face's width


def match_photo(analysis: FaceAnalysis, photo: Path) -> tuple[tuple[int, float], ...]:
    """Compare the people of a video with the largest face on a photo.

    Args:
        photo: a picture file (JPEG, PNG, WebP, TIFF, BMP), turned as its camera noted.

    Returns:
        (person id, distance), nearest first. The distance is Euclidean between identity vectors: the same person
        lies within about `engine.types.SAME_FACE`. Empty where the video shows nobody.

    Raises:
        InputError: the photo is missing, too large, no picture, or shows several faces about as large.
        NoFaceError: no face is seen on it.
    """
    return match_vector(analysis, face_of_photo(photo))


def match_vector(analysis: FaceAnalysis, face: Vector) -> tuple[tuple[int, float], ...]:
    """Compare the people of a video with an identity vector, shape (128,); returns as `match_photo`."""
    people = [(p.id, float(np.linalg.norm(face_of_thumbnail(p.thumbnail_rgb) - face))) for p in analysis.people]
    return tuple(sorted(people, key=lambda item: item[1]))


def face_of_photo(photo: Path) -> Vector:
    """The identity vector of the largest face on a photo, (128,) float64; errors as `match_photo`."""
    rgb = _read(photo)
    boxes = _faces(rgb)
    if len(boxes) == 0:
        raise NoFaceError(
            f"No face was found on the photo “{photo.name}”.",
            "Choose a photo on which the face is large, sharp and seen from the front.",
        )
    widths = boxes[:, 2] - boxes[:, 0]
    alike = int((widths >= _ABOUT_AS_LARGE * widths.max()).sum())
    if alike > 1:
        raise InputError(
            f"The photo “{photo.name}” shows {alike} faces about as large.",
            "Cut the photo so that one face is left, or choose another.",
        )
    return np.asarray(encode(rgb, boxes[widths.argmax()][None])[0], np.float64)


def face_of_thumbnail(rgb: Image) -> Vector:
    """The identity vector of `Person.thumbnail_rgb`, (128,) float64; the face is in the middle of it."""
    height, width = rgb.shape[:2]
    middle = np.array([width / 2, height / 2])
    half = min(width, height) / (2 * (1 + 2 * PADDING))
    place = np.concatenate([middle - half, middle + half])
    boxes = find_boxes(rgb, 1)
    if len(boxes):
        off = np.hypot(*((boxes[:, :2] + boxes[:, 2:]) / 2 - middle).T)
        if off.min() < half:
            place = boxes[off.argmin()]
    return np.asarray(encode(rgb, np.asarray(place, np.float32)[None])[0], np.float64)


def _faces(rgb: Image) -> NDArray[np.float32]:
    """Faces of a photo, (n, 4): large ones, or small ones where there is no large one."""
    boxes = find_boxes(rgb)
    return boxes if len(boxes) else find_boxes(rgb, 1)


def _read(photo: Path) -> Image:
    """A photo upright, its longer side at most `_WORKING_PX`, (h, w, 3) uint8."""
    from PIL import Image as Pictures
    from PIL import ImageFile, ImageOps

    ImageFile.LOAD_TRUNCATED_IMAGES = True  # as face_recognition sets it too, once it is loaded
    remedy = "Choose a picture file such as .jpg or .png."
    try:
        if not photo.is_file():
            raise InputError(f"There is no photo “{photo}”.", remedy)
        if photo.stat().st_size > _LARGEST_BYTES:
            raise _too_large(photo)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about sizes that are checked here, and about odd metadata
            with Pictures.open(photo) as picture:
                if math.prod(picture.size) > _MOST_PIXELS:
                    raise _too_large(photo)
                picture.draft("RGB", (_WORKING_PX, _WORKING_PX))
                upright = ImageOps.exif_transpose(picture).convert("RGB")
        upright.thumbnail((_WORKING_PX, _WORKING_PX))
    except Pictures.DecompressionBombError:
        raise _too_large(photo) from None
    except (OSError, ValueError, SyntaxError, EOFError) as error:  # what Pillow raises for damaged files
        raise InputError(f"“{photo.name}” is not a picture that can be read.", remedy, details=str(error)) from error
    return np.array(upright, np.uint8)


def _too_large(photo: Path) -> InputError:
    return InputError(
        f"The photo “{photo.name}” is too large.",
        f"Choose one of at most {_LARGEST_BYTES // 1_000_000} MB and {_MOST_PIXELS // 1_000_000} megapixels.",
    )
