"""Who somebody looks like, as a vector: what a voice may be told from besides the moving lips."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.jobs import CancelToken
from engine.media.reader import frame_at
from engine.vision.detect import find_faces_in_frame
from engine.vision.fit import fit_face
from engine.vision.identity import Portrait, PortraitKeeper, describe

ATTRIBUTES = 128
_LOOKS = 5
_MAX_WIDTH_PX = 1280


def face_vector(path: Path, duration_s: float, cancel: CancelToken | None = None) -> NDArray[np.float16]:
    """The face vector of a clip: `vector_of` its `portraits_of`, whose arguments and errors these are."""
    return vector_of(portraits_of(path, duration_s, cancel))


def vector_of(portraits: Sequence[Portrait]) -> NDArray[np.float16]:
    """The mean identity vector of portraits, (128,) float16; zeros where no face was recognised."""
    vectors = describe(portraits)
    return vectors.mean(0).astype(np.float16) if len(vectors) else np.zeros(ATTRIBUTES, np.float16)


def portraits_of(path: Path, duration_s: float, cancel: CancelToken | None = None) -> list[Portrait]:
    """The largest face in up to five pictures spread over a clip, in order of time.

    The portraits are cut as those of the product's face analysis (`engine.vision.identity`).

    Args:
        duration_s: length of the picture; the looks are at 1/10, 3/10 ... of it.

    Raises:
        InputError: the picture cannot be read. JobCancelled: asked for through `cancel`.
    """
    portraits: list[Portrait] = []
    for look in range(_LOOKS):
        time_s = (look + 0.5) * duration_s / _LOOKS
        frame = frame_at(path, time_s, max_width=_MAX_WIDTH_PX, cancel=cancel)
        found = find_faces_in_frame(frame.rgb, deep=False) or find_faces_in_frame(frame.rgb, deep=True)
        if not found:
            continue
        chosen = max(found, key=lambda face: (face.is_sure, float(face.box_px[2] - face.box_px[0])))
        fit = fit_face(frame.rgb, chosen.box_px)
        keeper = PortraitKeeper()
        keeper.offer(time_s, frame.rgb, fit.points_px, fit.spread)
        portraits += keeper.best_until(time_s)
    return portraits
