"""Who is given to a model together in a window, and what it says of each.

The company of a call changes the last bits of a voice. So it follows from what the film shows in the window and from
the request, never from what happens to be missing in the cache: a run that was stopped anywhere and gone on with has
the same bits as one that was not, and so has a voice that is asked for alone where all faces are given together.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.contract import Declaration, FloatArray, SeparationModel
from engine.isolation.faces import WINDOW_FRAMES, Face
from engine.isolation.lags import Lags
from engine.isolation.voice_file import WINDOW_S
from engine.isolation.windows import Call, answers, call_of
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


@dataclass(frozen=True)
class Window:
    """Window k of a film: its sound (6 s, channels), and the people whose voices are wanted there."""

    k: int
    sound: FloatArray
    people: Collection[int]


def told_of(
    model: SeparationModel, windows: Sequence[Window], source: PcmStore, faces: Collection[Face], lags: Lags | None
) -> list[dict[int, Told]]:
    """What a model says of the people wanted in each window; who is not seen there keeps the sound as it is, unasked.

    Args:
        faces: that may be given: of everybody, if the model takes faces together, else those that the request names.
        lags: with a model that finds delays, what is known of them; else None.
    """
    declared = model.declaration
    told = [{person: _nothing(declared) for person in window.people} for window in windows]
    asked: list[tuple[int, list[Face], Call]] = []
    for number, window in enumerate(windows):
        for own, rows in _companies(declared, faces, window):
            known = None if lags is None else lags.given(rows)
            asked.append((number, own, call_of(declared, window.sound, source, rows, known, window.k)))
    found = answers(model, [call for _, _, call in asked])
    for (number, own, _), (out, shown) in zip(asked, found, strict=True):
        for row, face in enumerate(own):
            if face.person in told[number]:
                told[number][face.person] = Told(out.mask[row], out.activity[row], out.quality[row], shown[row])
    return told


def _companies(
    declared: Declaration, faces: Collection[Face], window: Window
) -> Iterator[tuple[list[Face], list[Face]]]:
    """Faces that a call is about, and all that are given to it."""
    shares = [(face, face.seen_share(window.k)) for face in faces]
    seen = [face for face, share in sorted(shares, key=lambda one: (-one[1], one[0].person)) if share > 0]
    most = declared.people
    for first in range(0, len(seen), most):
        own = seen[first : first + most]
        if any(face.person in window.people for face in own):
            yield own, own + (seen[: most - len(own)] if first and declared.faces_together else [])


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
