"""What a face tells about its voice: landmarks and mouth pictures on a 25 Hz clock, and features made of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.contract import MOUTH_WIDTH, Crops, Landmarks

RATE_HZ = 25
MOUTH_PX = 32
SMALLEST_MOUTH_PX, LARGEST_MOUTH_PX = 16, 256  # that a model may ask for
FloatArray = NDArray[np.float32]

_RIGID = (*range(27, 36), *range(36, 48))  # nose and eyes: what the mouth does not move
_USED = (*range(48, 68), *range(17), *range(33, 36))  # 20 mouth, 17 jaw, 3 nose points
LANDMARK_FEATURES = 3 * 2 * len(_USED)
_MOUTH_TWIN = (54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65)
_TWIN = (*_MOUTH_TWIN, *range(16, -1, -1), 35, 34, 33)  # the same point on the other side of the face

# Features of the mirrored face: features[:, MIRROR_ORDER] * MIRROR_SIGN.
MIRROR_ORDER = np.asarray(
    [part * 2 * len(_USED) + 2 * _USED.index(twin) + xy for part in range(3) for twin in _TWIN for xy in range(2)]
)
MIRROR_SIGN = np.tile(np.array([-1.0, 1.0], np.float32), LANDMARK_FEATURES // 2)


@dataclass(frozen=True)
class LipStream:
    """One person's face over the whole file; row k belongs to t = k / 25 s.

    Attributes:
        points_px: (M, 68, 2) float32, iBUG landmarks in displayed pixels; anything where not visible.
        visible: (M,) bool.
        mouths: (M, 32, 32) uint8, grey mouth pictures, eyes level, one scale; after `engine.vision.crops.cut_mouths`
            those of the form asked for.
    """

    points_px: FloatArray
    visible: NDArray[np.bool_]
    mouths: NDArray[np.uint8]


def mouth_crop(
    rgb: NDArray[np.uint8],
    points_px: FloatArray,
    size_px: int = MOUTH_PX,
    colour: Literal["grey", "rgb"] = "grey",
    width: float = MOUTH_WIDTH,
) -> NDArray[np.uint8]:
    """The mouth, upright and at one scale.

    Args:
        rgb: picture, (h, w, 3) uint8.
        points_px: (68, 2), landmarks in pixels of `rgb`.
        size_px: side of the result.
        colour: of the result.
        width: how much it shows across, in distances between the eyes' middles.

    Returns:
        (size_px, size_px) uint8 grey or (size_px, size_px, 3) uint8 rgb; black beyond the picture.
    """
    right, left = points_px[36:42].mean(0), points_px[42:48].mean(0)
    across = left - right
    reach = max(float(np.hypot(*across)), 1.0) * width / 2
    centre = points_px[48:68].mean(0)
    unit = across / max(float(np.hypot(*across)), 1e-3) * (2.0 * reach / size_px)
    turn = np.array([[unit[0], -unit[1]], [unit[1], unit[0]]])  # mouth picture -> frame
    shift = centre - turn @ np.array([size_px / 2, size_px / 2])
    picture = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY) if colour == "grey" else rgb
    matrix = np.concatenate([turn, shift[:, None]], 1)
    return np.asarray(
        cv2.warpAffine(picture, matrix, (size_px, size_px), flags=cv2.INTER_AREA | cv2.WARP_INVERSE_MAP), np.uint8
    )


def mouth_shape(form: Crops) -> tuple[int, ...]:
    """Shape of one mouth picture: (size_px, size_px), or (size_px, size_px, 3) in colour."""
    return (form.size_px, form.size_px) if form.colour == "grey" else (form.size_px, form.size_px, 3)


def _align(points: FloatArray) -> FloatArray:
    """Remove head motion: fit eyes and nose of each frame to their mean shape (Umeyama, without reflection)."""
    rigid = points[:, _RIGID]
    centre = rigid.mean(1, keepdims=True)
    spread = np.sqrt(((rigid - centre) ** 2).sum((1, 2), keepdims=True)).clip(1e-3)
    flat = (rigid - centre) / spread
    reference = flat.mean(0)
    across = reference[15:21].mean(0) - reference[9:15].mean(0)  # from the right eye to the left one
    level = np.array([[across[0], -across[1]], [across[1], across[0]]]) / max(float(np.hypot(*across)), 1e-6)
    reference = reference @ level
    cross = np.einsum("mpi,pj->mij", flat, reference)  # (M, 2, 2)
    angle = np.arctan2(cross[:, 0, 1] - cross[:, 1, 0], cross[:, 0, 0] + cross[:, 1, 1])
    cos, sin = np.cos(angle), np.sin(angle)
    turn = np.stack([np.stack([cos, sin], -1), np.stack([-sin, cos], -1)], -2)  # rows times this turn by `angle`
    return np.asarray(((points - centre) / spread) @ turn, np.float32)


def landmark_features(points_px: FloatArray, visible: NDArray[np.bool_] | None = None) -> FloatArray:
    """Position, velocity and acceleration of mouth, jaw and nose tip, free of head motion and of the resting face.

    Args:
        points_px: (M, 68, 2) float32, at 25 Hz.
        visible: (M,) bool, or None when all are; features are zero where False.

    Returns:
        (M, 240) float32; unit: spread of the eye-nose shape (position), the same per frame (motion).

    Source: models.md section 8.4 (Morrone et al. 2019: motion beats position; VoViT: rigid registration).
    """
    seen = np.ones(len(points_px), bool) if visible is None else visible
    features = np.zeros((len(points_px), LANDMARK_FEATURES), np.float32)
    for start, end in _runs(seen):
        if end - start < 3:
            continue
        moved = _align(points_px[start:end])[:, _USED].reshape(end - start, -1)
        moved = moved - moved.mean(0)
        padded = np.concatenate([moved[:1], moved, moved[-1:]])
        shape = 0.25 * padded[:-2] + 0.5 * padded[1:-1] + 0.25 * padded[2:]
        velocity = np.gradient(shape, axis=0)
        acceleration = np.gradient(velocity, axis=0)
        features[start:end] = np.concatenate([shape, velocity, acceleration], 1)
    return features


def stream_for(form: Landmarks | Crops, stream: LipStream) -> FloatArray:
    """A person's stream in the form that a model declares.

    Returns:
        (M, 240) landmark features, or normalised crops, (M, size_px, size_px) grey or (M, size_px, size_px, 3) rgb;
        zero where not visible.

    Raises:
        ValueError: the stream's mouths have another form than the crops.
    """
    if isinstance(form, Landmarks):
        return landmark_features(stream.points_px, stream.visible)
    if stream.mouths.shape[1:] != mouth_shape(form):
        raise ValueError(f"Mouths of {stream.mouths.shape[1:]} were given for crops of {mouth_shape(form)}.")
    crops = (stream.mouths.astype(np.float32) / 255 - np.float32(form.mean)) / np.float32(form.std)
    crops[~stream.visible] = 0
    return np.asarray(crops, np.float32)


def _runs(seen: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Stretches of True as (start, end) pairs, end exclusive."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], seen.astype(np.int8), [0]])))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
