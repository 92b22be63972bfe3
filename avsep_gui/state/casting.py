"""Corrections of who is who, as functions from one cast to the next. No widgets, no engine calls."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

from engine.casting import parts_of
from engine.types import Cast, CastPart, FaceTrack, Person

TOGETHER_S = 0.3  # people who share more time than this in the picture are two
FRAME_S = 0.04


def merged(cast: Cast, into: int, other: int) -> Cast:
    """Both are one person."""
    return _give(cast, parts_of(cast, other), into, keep=[into])


def split(cast: Cast, person_id: int, at_s: float, new_id: int) -> Cast:
    """From a moment on it is somebody new."""
    return _give(cast, _between(parts_of(cast, person_id), at_s, math.inf), new_id)


def exchanged(cast: Cast, one: int, other: int, at_s: float) -> Cast:
    """From a moment on two people change places."""
    ones, others = (_between(parts_of(cast, who), at_s, math.inf) for who in (one, other))
    return _give(_give(cast, ones, other, keep=[one, other]), others, one)


def given(cast: Cast, person_id: int, track: FaceTrack, to: int, *, is_new: bool) -> Cast:
    """One appearance of a person, from coming into the picture to leaving it, is somebody else's.

    Args:
        is_new: whether nobody is `to` yet.
    """
    low, high = track.start_s - FRAME_S / 2, track.end_s + FRAME_S / 2
    return _give(cast, _between(parts_of(cast, person_id), low, high), to, keep=[] if is_new else [to])


def track_at(person: Person, at_s: float) -> FaceTrack | None:
    """The appearance that is under way at a moment."""
    return next((track for track in person.tracks if track.start_s <= at_s <= track.end_s + FRAME_S), None)


def first_together_s(one: Person, other: Person) -> float | None:
    """When two people are first seen at the same time; None where they never are for longer than a moment."""
    for track in one.tracks:
        for twin in other.tracks:
            start = max(track.start_s, twin.start_s)
            if min(track.end_s, twin.end_s) - start > TOGETHER_S:
                return start
    return None


def next_id(cast: Cast, found: Iterable[Person]) -> int:
    """An id that nobody has."""
    return max([0, *(person.id for person in found), *(part.person for part in cast)]) + 1


def _give(cast: Cast, stretches: Cast, to: int, keep: Iterable[int] = ()) -> Cast:
    """The faces of some stretches are another person's; those to `keep` have what is theirs."""
    parts = {*cast, *(part for person_id in keep for part in parts_of(cast, person_id))}
    for stretch in stretches:
        if all(part.found != stretch.found for part in parts):
            parts.add(CastPart(stretch.person, stretch.found))
        old = [part for part in parts if part.found == stretch.found]
        parts.difference_update(old)
        parts.update(_between(old, -math.inf, stretch.low_s))
        parts.update(replace(part, person=to) for part in _between(old, stretch.low_s, stretch.high_s))
        parts.update(_between(old, stretch.high_s, math.inf))
    return _tidy(parts)


def _between(parts: Iterable[CastPart], low: float, high: float) -> Cast:
    """What of some parts lies in a stretch."""
    cut = ((part, max(part.low_s, low), min(part.high_s, high)) for part in parts)
    return tuple(_part(part.person, part.found, start, end) for part, start, end in cut if start < end)


def _tidy(parts: Iterable[CastPart]) -> Cast:
    """In order, neighbours joined, nothing said of whom it needs not."""
    joined: list[CastPart] = []
    for part in sorted(parts, key=lambda part: (part.found, part.low_s)):
        last = joined[-1] if joined else None
        if last is not None and (last.found, last.person) == (part.found, part.person) and part.low_s <= last.high_s:
            joined[-1] = _part(part.person, part.found, last.low_s, max(last.high_s, part.high_s))
        else:
            joined.append(part)
    return tuple(part for part in joined if not _says_nothing(part, joined))


def _says_nothing(part: CastPart, parts: Iterable[CastPart]) -> bool:
    as_found = part == CastPart(part.found, part.found)
    return as_found and not any(other.person == part.person and other != part for other in parts)


def _part(person: int, found: int, low: float, high: float) -> CastPart:
    return CastPart(person, found, None if low == -math.inf else low, None if high == math.inf else high)
