from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from engine.vision.identity import Appearance, PortraitKeeper, describe, same_person_groups, thumbnail
from tests.unit.vision.faces import box, landmarks

HERE = box(200, 150)
THERE = box(500, 150)


def person(seed: int) -> np.ndarray:
    """A point far from those of other seeds, as identity vectors of different people are."""
    vector = np.random.default_rng(seed).normal(size=128)
    return vector / np.linalg.norm(vector) * 0.7


def track(
    who: np.ndarray, start_s: float, end_s: float, *, shot: int = 0, noise: float = 0.02, place: np.ndarray = HERE
) -> Appearance:
    random = np.random.default_rng(round(start_s * 1000))
    vectors = who + random.normal(size=(2, 128)) * noise
    return Appearance(start_s, end_s, vectors, shot, place, place)


def test_a_person_is_one_over_all_shots() -> None:
    a, b = person(1), person(2)
    tracks = [track(a if k % 2 == 0 else b, 5.0 * k, 5.0 * k + 5.0, shot=k) for k in range(9)]
    assert sorted(same_person_groups(tracks)) == [[0, 2, 4, 6, 8], [1, 3, 5, 7]]


def test_tracks_at_the_same_time_are_never_one_person_even_with_one_face() -> None:
    a = person(3)
    tracks = [track(a, 0, 5), track(a, 0, 5, place=THERE), track(a, 6, 9, shot=1)]
    groups = same_person_groups(tracks)
    assert len(groups) == 2
    assert not any({0, 1} <= set(group) for group in groups)


def test_the_rule_holds_through_a_chain() -> None:
    # 2 looks like both 0 and 1, which are seen together: it may join only one of them.
    a = person(4)
    shift = person(5) * 0.4
    tracks = [track(a, 0, 5), track(a + shift, 0, 5, place=THERE), track(a + shift / 2, 6, 9, shot=1)]
    groups = same_person_groups(tracks)
    assert len(groups) == 2 and not any({0, 1} <= set(group) for group in groups)


def test_place_helps_when_a_face_is_found_again() -> None:
    a = person(6)
    other_view = a + person(7) * 0.85  # the same face from the side
    again = [track(a, 0, 5, noise=0.0), track(other_view, 5.5, 9, noise=0.0)]
    elsewhere = [track(a, 0, 5, noise=0.0), track(other_view, 5.5, 9, noise=0.0, place=THERE)]
    next_shot = [track(a, 0, 5, noise=0.0), track(other_view, 5.5, 9, shot=1, noise=0.0)]
    assert len(same_person_groups(again)) == 1
    assert len(same_person_groups(elsewhere)) == 2
    assert len(same_person_groups(next_shot)) == 2


def test_every_track_is_in_exactly_one_group() -> None:
    random = np.random.default_rng(0)
    tracks = [track(person(int(random.integers(6))), k, k + 3.0, noise=0.03, shot=k) for k in range(60)]
    groups = same_person_groups(tracks)
    assert sorted(k for group in groups for k in group) == list(range(60))
    for group in groups:
        spans = sorted((tracks[k].start_s, tracks[k].end_s) for k in group)
        assert all(later[0] >= sooner[1] - 0.3 for sooner, later in pairwise(spans))


def test_matches_plain_average_linkage() -> None:
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import pdist

    random = np.random.default_rng(5)
    centres = [person(seed) for seed in range(5)]
    vectors = np.stack([centres[k % 5] + random.normal(size=128) * 0.03 for k in range(40)])
    tracks = [Appearance(2.0 * k, 2.0 * k + 1.0, vectors[k : k + 1], k, HERE, HERE) for k in range(40)]
    labels = fcluster(linkage(pdist(vectors), "average"), 0.55, "distance")
    expected = sorted([sorted(np.flatnonzero(labels == label).tolist()) for label in set(labels)])
    assert sorted(same_person_groups(tracks)) == expected


def test_none_and_one() -> None:
    assert same_person_groups([]) == []
    assert same_person_groups([track(person(8), 0, 1)]) == [[0]]


def textured(blur: int) -> np.ndarray:
    import cv2

    picture = np.random.default_rng(1).integers(0, 255, (360, 640, 3), dtype=np.uint8)
    return picture if blur == 0 else cv2.GaussianBlur(picture, (0, 0), blur)


def test_the_sharpest_frame_is_the_portrait() -> None:
    keeper = PortraitKeeper()
    points = landmarks(box(320, 180, 150))
    for k, blur in enumerate((6, 0, 3)):
        keeper.offer(k * 0.4, textured(blur), points, 0.01)
    best = keeper.best_until(10.0)
    assert len(best) == 1
    assert best[0].time_s == pytest.approx(0.4)
    assert thumbnail(best[0]).shape == (160, 160, 3)


def test_portraits_after_the_end_do_not_count_and_memory_is_bounded() -> None:
    keeper = PortraitKeeper()
    points = landmarks(box(320, 180, 150))
    for k in range(40):
        keeper.offer(k * 0.5, textured(0 if k > 20 else 2), points, 0.01)
    assert 1 <= len(keeper.best_until(100.0)) <= 2
    assert len(keeper.best_until(0.1)) == 1


def test_nobody_is_described_without_portraits() -> None:
    assert describe([]).shape == (0, 128)


def test_a_portrait_at_the_edge_shows_the_frame_and_a_cut_off_face_loses() -> None:
    picture = textured(2)
    picture[:, :320] = 200
    corner = landmarks(box(75, 75, 140))
    keeper = PortraitKeeper()
    keeper.offer(0.0, picture, corner, 0.01)
    portrait = keeper.best_until(1.0)[0]
    assert portrait.box_px[0] < 30 and portrait.box_px[1] < 30  # the window moved, not the face
    assert portrait.box_px[2] - portrait.box_px[0] == pytest.approx(150, abs=0.5)
    keeper = PortraitKeeper()
    for time_s, y in ((0.0, 10), (0.4, 180)):
        keeper.offer(time_s, textured(2), landmarks(box(320, y, 140)), 0.01)
    assert keeper.best_until(1.0)[0].time_s == pytest.approx(0.4)


def test_a_face_as_large_as_the_frame_has_no_invented_surroundings() -> None:
    frame = textured(2)[:150, :400]
    keeper = PortraitKeeper()
    keeper.offer(0.0, frame, landmarks(box(200, 75, 140)), 0.01)
    picture = keeper.best_until(1.0)[0].picture_rgb
    assert np.abs(np.diff(picture[:6].astype(int), axis=0)).mean() > 1.0  # a repeated edge would be zero
