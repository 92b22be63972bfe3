"""Whose voice is meant: by id, by a point in the picture, or everyone."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np

from engine.errors import UsageError
from engine.isolation.job import check_people
from engine.types import FaceAnalysis, FaceTrack, Person, SeparationRequest

Box = tuple[float, float, float, float]


def choose_people(analysis: FaceAnalysis, request: SeparationRequest) -> tuple[Person, ...]:
    """Resolve a request to people, in the order asked for, each once, under the names that the user gave them.

    Raises:
        UsageError: none or several of `person_ids`, `at`, `everyone`; an unknown id; no face near the point.
        NoFaceError: the video shows nobody.
    """
    check_choice(request)
    called = dict(request.labels)
    people = tuple(replace(p, label=called.get(p.id, p.label)) for p in analysis.people)
    check_people(replace(analysis, people=people), request.person_ids)
    if request.everyone:
        return people
    if request.at is not None:
        return (person_at(people, request.at, analysis.media.path),)
    by_id = {person.id: person for person in people}
    return tuple(by_id[person_id] for person_id in dict.fromkeys(request.person_ids))


def check_choice(request: SeparationRequest) -> None:
    """Make sure that a request says whose voice in exactly one way.

    Raises:
        UsageError: it does not, or the point is not finite.
    """
    ways = bool(request.person_ids) + (request.at is not None) + request.everyone
    if ways != 1:
        raise UsageError(
            "It is not clear whose voice is meant." if ways else "Nobody was chosen.",
            "Choose by person, by a point in the picture, or everyone: one of the three.",
        )
    if request.at is not None and not all(math.isfinite(value) for value in request.at):
        raise UsageError(f"{request.at} is not a point in the picture.", "Give seconds, x and y as numbers.")


def person_at(people: tuple[Person, ...], at: tuple[float, float, float], video: Path) -> Person:
    """The person whose face is at a point of the picture at a time.

    A face whose box holds the point wins (the nearest centre among several), else the face whose box edge is nearest,
    within half the width of its box.

    Args:
        at: seconds on the file's clock, x and y in displayed pixels.

    Raises:
        UsageError: no face is near; the remedy lists who is where at that time, or when faces are seen.
    """
    time_s, x, y = at
    seen = [(person, box) for person in people if (box := _box_at(person, time_s)) is not None]
    inside = [(math.dist((x, y), _centre(box)), person) for person, box in seen if _distance(box, x, y) == 0.0]
    if inside:
        return min(inside, key=lambda item: item[0])[1]
    near = [(distance, person) for person, box in seen if (distance := _distance(box, x, y)) <= 0.5 * (box[2] - box[0])]
    if near:
        return min(near, key=lambda item: item[0])[1]
    raise UsageError(
        f"No face is at ({x:g}, {y:g}) in “{video.name}” at {time_s:g} s.",
        f"At that time: {'; '.join(_where(person, box) for person, box in seen)}."
        if seen
        else f"At that time no face is seen. {_when(people)}",
    )


def _box_at(person: Person, time_s: float) -> Box | None:
    """A person's box at a time, interpolated between the frames in which it was seen."""
    for track in person.tracks:
        if track.start_s <= time_s <= track.end_s:
            return _track_box(track, time_s)
    return None


def _track_box(track: FaceTrack, time_s: float) -> Box:
    if len(track.times_s) == 0:
        return track.box_px
    left, top, right, bottom = (
        float(np.interp(time_s, track.times_s, track.boxes_px[:, column])) for column in range(4)
    )
    return left, top, right, bottom


def _centre(box: Box) -> tuple[float, float]:
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


def _distance(box: Box, x: float, y: float) -> float:
    """How far a point is from the nearest edge of a box, in pixels; 0 inside."""
    return math.hypot(max(box[0] - x, 0.0, x - box[2]), max(box[1] - y, 0.0, y - box[3]))


def _where(person: Person, box: Box) -> str:
    left, top, right, bottom = (round(edge) for edge in box)
    return f"{person.label} at x {left} to {right}, y {top} to {bottom}"


def _when(people: tuple[Person, ...]) -> str:
    """First appearances, for a message about a time without faces."""
    seen = (
        f"{person.label} from {person.tracks[0].start_s:.1f} s to {person.tracks[0].end_s:.1f} s"
        for person in people
        if person.tracks
    )
    return f"First seen: {'; '.join(seen)}."
