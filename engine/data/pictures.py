"""Pictures of mouth and face as a training set keeps them, for networks that see no landmarks (models.md 2.1).

Differs from VisualVoice: a mouth is brought upright and to one scale by the landmarks of its own picture, not by their
mean over 12 pictures; a face is one of the portraits that its vector is made of, not any picture of the clip.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.vision.identity import Portrait

MOUTH_PICTURE_PX = 96  # as kept
MOUTH_SEEN_PX = 88  # what a network sees of it: cut out of it at random in training, in the middle otherwise
FACE_PICTURE_PX = 224
FACES = 2  # of a clip


class Pictures(NamedTuple):
    """The pictures of one clip.

    Attributes:
        mouths: (M, 96, 96) uint8, grey, as `engine.vision.lips.mouth_crop` cuts them; row k is at k / 25 s.
        faces: (2, 224, 224, 3) uint8, red, green, blue, best first; black where no face was recognised.
    """

    mouths: NDArray[np.uint8]
    faces: NDArray[np.uint8]


def face_pictures(portraits: Sequence[Portrait]) -> NDArray[np.uint8]:
    """The two best portraits at the size that a network sees, (2, 224, 224, 3) uint8; one alone comes twice."""
    faces = np.zeros((FACES, FACE_PICTURE_PX, FACE_PICTURE_PX, 3), np.uint8)
    best = sorted(portraits, key=lambda portrait: -portrait.quality)[:FACES]
    for place in range(FACES if best else 0):
        picture = best[min(place, len(best) - 1)].picture_rgb
        faces[place] = cv2.resize(picture, (FACE_PICTURE_PX, FACE_PICTURE_PX), interpolation=cv2.INTER_AREA)
    return faces


def middle_of(mouths: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """What a network sees of mouths when nothing is drawn, (M, 96, 96) -> (M, 88, 88)."""
    edge = (MOUTH_PICTURE_PX - MOUTH_SEEN_PX) // 2
    return mouths[:, edge : edge + MOUTH_SEEN_PX, edge : edge + MOUTH_SEEN_PX]
