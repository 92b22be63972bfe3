"""What can be read off a person of the analysis: where the face is at a moment, when the person speaks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from avsep_gui.state.intervals import Intervals
from engine.types import Person

EDGE_S = 0.12
SPEAKING_LEVEL = 0.5
VISIBLE_LEVEL = 0.3

Box = tuple[float, float, float, float]


def box_at(person: Person, at_s: float) -> Box | None:
    """The face's box at a moment, interpolated, in displayed pixels; None while the face is not seen."""
    for track in person.tracks:
        if track.start_s - EDGE_S <= at_s <= track.end_s + EDGE_S and len(track.times_s):
            left, top, right, bottom = (
                float(np.interp(at_s, track.times_s, track.boxes_px[:, side])) for side in range(4)
            )
            return left, top, right, bottom
    return None


def speaks_at(person: Person, at_s: float) -> bool:
    """Whether the person surely speaks in this second."""
    second = int(at_s)
    return 0 <= second < len(person.speaking) and bool(person.speaking[second] >= SPEAKING_LEVEL)


def speaking_spans(person: Person) -> Intervals:
    """When the person speaks, in whole seconds."""
    return _runs(np.asarray(person.speaking) >= SPEAKING_LEVEL)


def visible_spans(person: Person) -> Intervals:
    """When the face is seen, in whole seconds."""
    return _runs(np.asarray(person.visible) >= VISIBLE_LEVEL)


def _runs(mask: NDArray[np.bool_]) -> Intervals:
    edges = np.flatnonzero(np.diff(np.concatenate(([0], mask.astype(np.int8), [0]))))
    return tuple((float(start), float(end)) for start, end in zip(edges[::2], edges[1::2], strict=True))
