"""Who is who after the user's corrections: people merged, split, and faces given to somebody else.

A cast says so for stretches of the film. It holds no pictures and changes no analysis: the same faces, seen as other
people. Found people whom it does not name are as they were found.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from engine.errors import UsageError
from engine.types import Cast, CastPart, FaceAnalysis, FaceTrack, FloatArray, Person

_LEAST_TRACK_S = 0.04


def parts_of(cast: Cast, person_id: int) -> Cast:
    """The stretches that a person is made of, in order of time; one over everything where the cast is silent."""
    if all(part.found != person_id for part in cast) and all(part.person != person_id for part in cast):
        return (CastPart(person_id, person_id),)
    own = [part for part in cast if part.person == person_id]
    return tuple(sorted(own, key=lambda part: (part.low_s, part.high_s, part.found)))


def person_key(cast: Cast, person_id: int) -> str:
    """A name for what a person is made of: the same for the same faces, whatever the person's id."""
    parts = parts_of(cast, person_id)
    if len(parts) == 1 and parts[0].is_whole:
        return str(parts[0].found)
    text = "|".join(f"{part.found}:{part.low_s:.3f}:{part.high_s:.3f}" for part in parts)
    return "cast-" + hashlib.blake2b(text.encode(), digest_size=10).hexdigest()


def recast(analysis: FaceAnalysis, cast: Cast) -> FaceAnalysis:
    """The same analysis with the people of a cast, in order of their ids.

    Raises:
        UsageError: the cast names somebody who was not found, or a stretch that is none.
    """
    if not cast:
        return analysis
    found = {person.id: person for person in analysis.people}
    for part in cast:
        if part.found not in found or part.person < 1:
            raise UsageError(
                f"There is no person {part.found} in “{analysis.media.path.name}”.",
                "Find the people again, then correct them anew.",
            )
        if not part.low_s < part.high_s:
            raise UsageError(f"From {part.start_s} to {part.end_s} s is not a stretch.", "Give a start before the end.")
    named = {part.found for part in cast}
    ids = sorted({part.person for part in cast} | {person_id for person_id in found if person_id not in named})
    people = (found[p] if p not in named | {part.person for part in cast} else _person(p, cast, found) for p in ids)
    return replace(analysis, people=tuple(person for person in people if person.tracks))


def in_part(part: CastPart, times_s: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which moments lie in a stretch, (n,) bool; its start does, its end does not."""
    return (times_s >= part.low_s) & (times_s < part.high_s)


def _person(person_id: int, cast: Cast, found: dict[int, Person]) -> Person:
    parts = parts_of(cast, person_id)
    tracks = [track for part in parts for track in _tracks(found[part.found], part)]
    visible_s = [sum(track.end_s - track.start_s for track in _tracks(found[part.found], part)) for part in parts]
    main = found[parts[int(np.argmax(visible_s))].found]
    seconds = len(main.visible)
    visible, speaking = np.zeros(seconds, np.float32), np.zeros(seconds, np.float32)
    for part in parts:
        share = _shares(part, seconds)
        visible += share * found[part.found].visible
        speaking = np.maximum(speaking, np.where(share > 0, found[part.found].speaking, 0))
    return Person(
        id=person_id,
        label=f"Person {person_id}",
        visible_s=sum(_share_of(found[part.found].visible, part) * found[part.found].visible_s for part in parts),
        speaking_s=sum(_share_of(found[part.found].speaking, part) * found[part.found].speaking_s for part in parts),
        av_offset_ms=main.av_offset_ms,
        tracks=tuple(sorted(tracks, key=lambda track: track.start_s)),
        thumbnail_rgb=main.thumbnail_rgb,
        visible=np.minimum(visible, 1),
        speaking=np.minimum(speaking, visible > 0).astype(np.float32),
    )


def _tracks(person: Person, part: CastPart) -> Sequence[FaceTrack]:
    """A found person's tracks as far as they lie in a stretch."""
    if part.is_whole:
        return person.tracks
    cut = []
    for track in person.tracks:
        inside = in_part(part, track.times_s)
        times, boxes = track.times_s[inside], track.boxes_px[inside]
        if len(times) and times[-1] - times[0] >= _LEAST_TRACK_S:
            left, top, right, bottom = (float(value) for value in np.median(boxes, 0))
            cut.append(FaceTrack(float(times[0]), float(times[-1]), (left, top, right, bottom), times, boxes))
    return cut


def _shares(part: CastPart, seconds: int) -> FloatArray:
    """How much of each second lies in a stretch, (seconds,) 0..1."""
    low = np.arange(seconds, dtype=np.float64)
    inside = np.minimum(low + 1, part.high_s) - np.maximum(low, part.low_s)
    return np.asarray(inside.clip(0, 1), np.float32)


def _share_of(per_second: FloatArray, part: CastPart) -> float:
    """How much of what is known per second lies in a stretch, 0..1."""
    total = float(per_second.sum())
    return float((per_second * _shares(part, len(per_second))).sum()) / total if total else 0.0
