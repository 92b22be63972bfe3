"""What can be read off a person of the analysis: where the face is at a moment, when the person speaks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from avsep_gui.state.intervals import Intervals
from engine.types import Person

EDGE_S = 0.12
SAME_PLACE = 0.3  # of the area that two boxes take up together
SPEAKING_LEVEL = 0.5
VISIBLE_LEVEL = 0.3

Box = tuple[float, float, float, float]


def boxes_at(people: Sequence[Person], at_s: float) -> dict[int, Box]:
    """The boxes of all faces at a moment, by person.

    A face stays a little longer than it is seen, but not where another one is: after a correction a face is one
    person's until a moment, and another's from then on.
    """
    found = sorted((seen for person in people if (seen := _seen(person, at_s)) is not None), key=lambda seen: seen[0])
    boxes: dict[int, Box] = {}
    for away_s, person_id, box in found:
        if not away_s or not any(_same_place(box, other) for other in boxes.values()):
            boxes[person_id] = box
    return boxes


def box_at(person: Person, at_s: float) -> Box | None:
    """The face's box at a moment, interpolated, in displayed pixels; None while the face is not seen."""
    seen = _seen(person, at_s)
    return seen[2] if seen is not None else None


def _seen(person: Person, at_s: float) -> tuple[float, int, Box] | None:
    """How far in time the face is from being seen, whose it is, and its box; None where that is too far."""
    tracks = [track for track in person.tracks if len(track.times_s)]
    away = [(max(track.start_s - at_s, at_s - track.end_s, 0.0), number) for number, track in enumerate(tracks)]
    away_s, nearest = min(away, default=(EDGE_S + 1.0, -1))
    if away_s > EDGE_S:
        return None
    track = tracks[nearest]
    left, top, right, bottom = (float(np.interp(at_s, track.times_s, track.boxes_px[:, side])) for side in range(4))
    return away_s, person.id, (left, top, right, bottom)


def _same_place(one: Box, other: Box) -> bool:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(0.0, width) * max(0.0, height)
    areas = ((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return shared > SAME_PLACE * (sum(areas) - shared)


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
