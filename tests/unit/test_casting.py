"""The user's corrections: people merged, split and exchanged, from the picture to the voice in the cache."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from engine import api
from engine.casting import parts_of, person_key, recast
from engine.errors import UsageError
from engine.isolation.job import isolate, voice_store
from engine.types import CastPart, FaceAnalysis, FaceTrack, IsolationRequest, MediaInfo, Person
from engine.vision.people import find_faces, load_lips

SAMPLE = Path(__file__).resolve().parents[2] / "resources" / "sample" / "two_talkers.mp4"
SECONDS = 12


def person(person_id: int, *stretches: tuple[float, float], left: float = 0.0) -> Person:
    """Somebody seen in some stretches, who speaks in every even second of them."""
    visible = np.zeros(SECONDS, np.float32)
    tracks = []
    for start, end in stretches:
        visible[int(start) : int(end)] = 1
        times = np.arange(start, end, 0.04)
        boxes = np.tile(np.array([left, 10, left + 50, 60], np.float32), (len(times), 1))
        tracks.append(FaceTrack(float(times[0]), float(times[-1]), (left, 10, left + 50, 60), times, boxes))
    speaking = visible * (np.arange(SECONDS) % 2 == 0)
    return Person(
        id=person_id,
        label=f"Person {person_id}",
        visible_s=float(visible.sum()),
        speaking_s=float(speaking.sum()),
        av_offset_ms=40.0 * person_id,
        tracks=tuple(tracks),
        thumbnail_rgb=np.full((4, 4, 3), person_id, np.uint8),
        visible=visible,
        speaking=speaking,
    )


@pytest.fixture
def three() -> FaceAnalysis:
    people = (person(1, (0, 8)), person(2, (0, 4), (9, 12), left=200), person(3, (8, 9)))
    return FaceAnalysis(MediaInfo(Path("talk.mp4"), SECONDS, None, ()), people, (), "key")


def test_nothing_is_corrected_by_an_empty_cast(three: FaceAnalysis) -> None:
    assert recast(three, ()) is three
    assert [person_key((), p) for p in (1, 2, 12)] == ["1", "2", "12"]


def test_two_are_merged(three: FaceAnalysis) -> None:
    cast = (CastPart(1, 1), CastPart(1, 3))
    people = recast(three, cast).people
    assert [one.id for one in people] == [1, 2]
    assert people[1] is three.people[1], "whoever is not named is as found"
    one = people[0]
    assert [(track.start_s, round(track.end_s, 2)) for track in one.tracks] == [(0.0, 7.96), (8.0, 8.96)]
    assert (one.visible_s, one.speaking_s) == (9.0, 5.0)
    assert one.visible.tolist() == [1] * 9 + [0] * 3
    assert one.speaking.tolist() == [1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 0, 0]
    assert one.thumbnail_rgb[0, 0, 0] == 1 and one.av_offset_ms == 40.0, "the most visible part speaks for all"


def test_one_is_split_in_the_middle_of_a_track(three: FaceAnalysis) -> None:
    cast = (CastPart(2, 2, None, 2.5), CastPart(4, 2, 2.5, None))
    people = recast(three, cast).people
    assert [one.id for one in people] == [1, 2, 3, 4]
    first, second = people[1], people[3]
    assert first.tracks[0].end_s < 2.5 <= second.tracks[0].start_s
    assert [round(track.start_s, 2) for track in second.tracks] == [2.52, 9.0]
    assert second.label == "Person 4"
    assert first.visible.tolist() == [1, 1, 0.5] + [0] * 9 and second.visible[2] == 0.5
    assert first.visible_s + second.visible_s == pytest.approx(7.0)


def test_two_are_exchanged_from_a_moment_on(three: FaceAnalysis) -> None:
    cast = (CastPart(1, 1, None, 3), CastPart(2, 1, 3, None), CastPart(2, 2, None, 3), CastPart(1, 2, 3, None))
    one, two, _ = recast(three, cast).people
    assert [track.box_px[0] for track in one.tracks] == [0, 200, 200]
    assert [track.box_px[0] for track in two.tracks] == [200, 0]


def test_who_has_no_face_left_is_gone(three: FaceAnalysis) -> None:
    assert [one.id for one in recast(three, (CastPart(3, 3, 20, None),)).people] == [1, 2]


@pytest.mark.parametrize(
    "part", [CastPart(1, 9), CastPart(1, 1, 3, 3), CastPart(1, 1, 4, 3), CastPart(0, 1), CastPart(1, 1, float("nan"))]
)
def test_a_cast_that_makes_no_sense_is_refused(three: FaceAnalysis, part: CastPart) -> None:
    with pytest.raises(UsageError):
        recast(three, (part,))


def test_keys_go_by_faces_and_not_by_ids() -> None:
    merged = (CastPart(1, 1), CastPart(1, 3))
    assert person_key(merged, 1) == person_key((CastPart(7, 3), CastPart(7, 1)), 7)
    assert person_key((CastPart(5, 2),), 5) == "2", "another id alone changes nothing"
    split = (CastPart(2, 2, None, 2.5), CastPart(4, 2, 2.5, None))
    assert len({person_key(split, 2), person_key(split, 4), person_key((), 2)}) == 3
    assert parts_of(merged, 3) == () and parts_of(merged, 2) == (CastPart(2, 2),)


def test_lips_are_joined_and_kept() -> None:
    analysis = find_faces(SAMPLE, on_progress=lambda _: None, cancel=api.CancelToken())
    cast = (CastPart(1, 1, None, 4.0), CastPart(1, 2, 4.0, 9.0), CastPart(2, 2, 9.0, None))
    one, two = (load_lips(analysis.key, p) for p in (1, 2))
    joined = load_lips(analysis.key, 1, cast)
    rows = np.arange(len(one.visible)) / 25
    from_two = (rows >= 4) & (rows < 9)
    assert np.array_equal(joined.visible, np.where(rows < 4, one.visible, from_two & two.visible))
    for a, b in ((joined.points_px, (one.points_px, two.points_px)), (joined.mouths, (one.mouths, two.mouths))):
        assert np.array_equal(a[:100], b[0][:100]) and np.array_equal(a[100:225], b[1][100:225])
        assert np.array_equal(a[225:], 0 * a[225:])
    assert isinstance(joined.points_px, np.memmap)
    again = load_lips(analysis.key, 1, cast)
    assert again.points_px.filename == joined.points_px.filename


def test_voices_of_others_are_not_computed_again(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    request = IsolationRequest(clip, (1, 2), model="tiny")
    before = isolate(request)
    split = dataclasses.replace(request, cast=(CastPart(2, 2, None, 4), CastPart(3, 2, 4, None)), person_ids=(1, 2, 3))
    stores = [voice_store(split, p).path for p in (1, 2, 3)]
    assert stores[0] == before.voices[0].voice.path
    assert len({*stores, before.voices[1].voice.path}) == 4
    computed = []
    from engine.separator import Separator

    masks = Separator.masks
    monkeypatch.setattr(Separator, "masks", lambda self, *a: computed.append(len(a[1])) or masks(self, *a))
    after = isolate(dataclasses.replace(split, person_ids=(1,)))
    assert not computed and after.voices[0].voice.path == stores[0]
    with pytest.raises(UsageError, match="no person 2"):
        isolate(dataclasses.replace(request, person_ids=(2,), cast=(CastPart(1, 1), CastPart(1, 2))))


def test_a_face_is_cut_out_of_the_picture() -> None:
    who = api.find_faces(SAMPLE).people[0]
    track = who.tracks[0]
    picture = api.face_picture(SAMPLE, 3.0, tuple(track.boxes_px[75]))
    assert picture.shape == (160, 160, 3) and picture.dtype == np.uint8
    likeness = [np.corrcoef(picture.ravel(), one.thumbnail_rgb.ravel())[0, 1] for one in api.find_faces(SAMPLE).people]
    assert likeness[0] > 0.8 > likeness[1], likeness
