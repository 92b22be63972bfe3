"""From one cast to the next: every correction, and what is left of those before."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from avsep_gui.state import casting
from engine.casting import parts_of, recast
from engine.types import Cast, CastPart, FaceAnalysis, MediaInfo, Person
from tests.unit.test_casting import person

PEOPLE = (person(1, (0, 8)), person(2, (0, 4), (9, 12), left=200), person(3, (8, 9)))


def analysis() -> FaceAnalysis:
    from pathlib import Path

    return FaceAnalysis(MediaInfo(Path("talk.mp4"), 12, None, ()), PEOPLE, (), "key")


def who(cast: Cast) -> dict[int, Person]:
    return {one.id: one for one in recast(analysis(), cast).people}


def test_two_are_merged_and_a_third_joins() -> None:
    cast = casting.merged((), 1, 3)
    assert set(cast) == {CastPart(1, 1), CastPart(1, 3)}
    cast = casting.merged(cast, 2, 1)
    assert set(cast) == {CastPart(2, 1), CastPart(2, 2), CastPart(2, 3)}
    assert list(who(cast)) == [2]


def test_what_is_split_and_merged_again_says_nothing() -> None:
    new = casting.next_id((), PEOPLE)
    assert new == 4
    cast = casting.split((), 2, 3.0, new)
    assert set(cast) == {CastPart(2, 2, None, 3.0), CastPart(4, 2, 3.0, None)}
    assert casting.next_id(cast, PEOPLE) == 5
    assert casting.merged(cast, 2, 4) == ()


def test_an_exchange_from_a_moment_on() -> None:
    cast = casting.exchanged((), 1, 2, 3.0)
    assert [track.box_px[0] for track in who(cast)[1].tracks] == [0, 200, 200]
    assert [track.box_px[0] for track in who(cast)[2].tracks] == [200, 0]
    assert casting.exchanged(cast, 1, 2, 3.0) == ()
    assert casting.exchanged(casting.exchanged((), 1, 2, 0.0), 2, 1, 0.0) == ()


def test_one_appearance_is_given_away() -> None:
    second = PEOPLE[1].tracks[1]
    cast = casting.given((), 2, second, 1, is_new=False)
    people = who(cast)
    assert [round(track.start_s) for track in people[1].tracks] == [0, 9]
    assert [round(track.start_s) for track in people[2].tracks] == [0]
    cast = casting.given(cast, 1, second, 4, is_new=True)
    assert [round(track.start_s) for track in who(cast)[4].tracks] == [9]
    assert len(who(cast)[1].tracks) == 1


def test_who_is_here_and_who_was_seen_together() -> None:
    assert casting.track_at(PEOPLE[1], 3.0) is PEOPLE[1].tracks[0]
    assert casting.track_at(PEOPLE[1], 6.0) is None
    assert casting.first_together_s(PEOPLE[0], PEOPLE[1]) == 0.0
    assert casting.first_together_s(PEOPLE[0], PEOPLE[2]) is None


@pytest.mark.parametrize("seed", range(20))
def test_every_face_has_one_person_at_every_moment(seed: int) -> None:
    """Whatever is corrected, faces are neither lost nor doubled, and no two are at one place in one person."""
    rng = np.random.default_rng(seed)
    cast: Cast = ()
    seen = {one.id: np.concatenate([track.times_s for track in one.tracks]) for one in PEOPLE}
    for _ in range(12):
        people = list(who(cast).values())
        one, other = (people[k] for k in rng.choice(len(people), 2, replace=len(people) < 2))
        at_s = float(rng.uniform(0, 12))
        kind = rng.integers(4)
        if kind == 0 and one is not other and casting.first_together_s(one, other) is None:
            cast = casting.merged(cast, one.id, other.id)
        elif kind == 1:
            cast = casting.split(cast, one.id, at_s, casting.next_id(cast, PEOPLE))
        elif kind == 2 and one is not other:
            cast = casting.exchanged(cast, one.id, other.id, at_s)
        elif kind == 3:
            track = one.tracks[rng.integers(len(one.tracks))]
            cast = casting.given(cast, one.id, track, casting.next_id(cast, PEOPLE), is_new=True)
        ids = {part.person for part in cast} | {one.id for one in PEOPLE}
        parts = [part for p in ids for part in parts_of(cast, p) if part.found in seen]
        for found, times in seen.items():
            owners = sum(
                ((times >= (part.start_s or 0)) & (times < (np.inf if part.end_s is None else part.end_s))).astype(int)
                for part in parts
                if part.found == found
            )
            assert np.all(owners == 1), (cast, found)
        for first, second in itertools.combinations(cast, 2):
            if first.found == second.found and first.person == second.person:
                assert first.end_s is not None and second.start_s is not None and first.end_s < second.start_s
