"""Who is given to a model together in a window, and what it says of each.

The company of a call changes the last bits of a voice. So it follows from what the film shows in the window and from
the request, never from what happens to be missing in the cache: a run that was stopped anywhere and gone on with has
the same bits as one that was not, and so has a voice that is asked for alone where all faces are given together.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.contract import Declaration, FloatArray, SeparationModel
from engine.isolation.faces import WINDOW_FRAMES, Face
from engine.isolation.lags import Lags
from engine.isolation.voice_file import WINDOW_S
from engine.isolation.windows import masks_of
from engine.types import PcmStore


@dataclass(frozen=True)
class Told:
    """What a model says of one face in a window.

    Attributes:
        mask, activity, quality: the face's rows of `WindowMasks`, over the whole window.
        seen: (frames of the window,), 1 where the face is visible.
    """

    mask: NDArray[np.complex64]
    activity: FloatArray
    quality: FloatArray
    seen: FloatArray


def told_of(
    model: SeparationModel,
    sound: FloatArray,
    source: PcmStore,
    faces: Iterable[Face],
    people: Collection[int],
    lags: Lags | None,
    k: int,
) -> dict[int, Told]:
    """What a model says of some people in window k; who is not seen there keeps the sound as it is, unasked.

    Args:
        sound: of the window, (6 s, channels).
        faces: that may be given: of everybody, if the model takes faces together, else those that the request names.
        people: who of them is wanted.
        lags: with a model that finds delays, what is known of them; else None.
    """
    told = {person: _nothing(model.declaration) for person in people}
    shares = [(face, face.seen_share(k)) for face in faces]
    seen = [face for face, share in sorted(shares, key=lambda one: (-one[1], one[0].person)) if share > 0]
    most = model.declaration.people
    for first in range(0, len(seen), most):
        own = seen[first : first + most]
        if not any(face.person in told for face in own):
            continue
        company = seen[: most - len(own)] if first and model.declaration.faces_together else []
        rows = own + company
        out, shown = masks_of(model, sound, source, rows, None if lags is None else lags.given(rows), k)
        for row, face in enumerate(own):
            if face.person in told:
                told[face.person] = Told(out.mask[row], out.activity[row], out.quality[row], shown[row])
    return told


def _nothing(declared: Declaration) -> Told:
    """What is known of a face that is not seen: an open mask, a voice that may sound, and no opinion."""
    grid = declared.grid
    steps = WINDOW_S * grid.sample_rate_hz // grid.hop_samples
    return Told(
        np.ones((grid.bins, steps), np.complex64),
        np.ones(steps, np.float32),
        np.zeros(steps, np.float32),
        np.zeros(WINDOW_FRAMES, np.float32),
    )
