from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from engine.vision.detect import Detection, LookSchedule, overlap
from engine.vision.fit import Fit, box_of_points
from engine.vision.track import EndedTrack, Sample, Tracker
from tests.unit.vision.faces import FRAME, World, box, landmarks

FPS = 25.0


def follow(
    world: World, seconds: float, *, cut_at_s: float | None = None, fps: float = FPS
) -> tuple[dict[int, list[Sample]], list[EndedTrack]]:
    """Run a tracker over a world, looking every 0.32 s."""
    tracker, schedule = Tracker(world.fit, world.look), LookSchedule()
    samples: dict[int, list[Sample]] = {}
    ended: list[EndedTrack] = []
    for k in range(round(seconds * fps)):
        time_s = world.now_s = k / fps
        is_cut = cut_at_s is not None and abs(time_s - cut_at_s) < 0.5 / fps
        look, _ = schedule.due(time_s, is_cut=is_cut, is_searching=tracker.alive == 0)
        step = tracker.step(time_s, FRAME, world.detections() if look else None, is_cut=is_cut)
        ended += step.ended
        for track_id, sample in step.samples:
            samples.setdefault(track_id, []).append(sample)
    ended += tracker.finish()
    return samples, ended


def test_two_moving_faces_keep_their_tracks() -> None:
    def left(t: float) -> np.ndarray:
        return box(150 + 40 * np.sin(2 * t), 150)

    def right(t: float) -> np.ndarray:
        return box(450, 160 + 25 * np.sin(3 * t))

    world = World(left, right)
    samples, ended = follow(world, 4.0)
    assert len(ended) == 2
    assert all(track.is_face and track.start_s == 0.0 and track.end_s == pytest.approx(3.96) for track in ended)
    for track_id, face in ((1, left), (2, right)):
        assert len(samples[track_id]) == 100
        for sample in samples[track_id]:
            assert overlap(box_of_points(sample.points_px), face(sample.time_s)) > 0.95


def test_faces_that_pass_each_other_do_not_swap() -> None:
    world = World(lambda t: box(120 + 60 * t, 120), lambda t: box(520 - 60 * t, 230))
    samples, ended = follow(world, 5.0)
    assert [track.is_face for track in ended] == [True, True]
    ends = {track_id: rows[-1].points_px.mean(0) for track_id, rows in samples.items()}
    assert ends[1][0] > 380 and ends[2][0] < 260


def test_a_cut_ends_all_tracks_and_begins_new_ones() -> None:
    world = World(lambda t: box(150, 150), lambda t: box(450, 150))
    _, ended = follow(world, 4.0, cut_at_s=2.0)
    assert sorted((track.start_s, round(track.end_s, 2)) for track in ended) == [(0.0, 1.96)] * 2 + [(2.0, 3.96)] * 2
    assert len({track.track_id for track in ended}) == 4


def test_a_face_that_turns_away_ends_where_it_was_last_seen() -> None:
    world = World(lambda t: box(200, 150) if t < 2.0 or t >= 4.0 else None)
    _, ended = follow(world, 6.0)
    assert len(ended) == 2
    assert ended[0].end_s == pytest.approx(2.0, abs=0.2)
    assert ended[1].start_s == pytest.approx(4.0, abs=0.35)


def test_a_short_absence_does_not_end_a_track() -> None:
    world = World(lambda t: None if 2.0 <= t < 2.3 else box(200, 150))
    samples, ended = follow(world, 4.0)
    assert len(ended) == 1
    assert ended[0].is_face and ended[0].end_s == pytest.approx(3.96)
    assert not any(2.0 <= sample.time_s < 2.3 for sample in samples[1])


def test_a_glimpse_is_no_face() -> None:
    _, ended = follow(World(lambda t: box(200, 150) if t < 0.3 else None), 2.0)
    assert [track.is_face for track in ended] == [False]


def test_a_false_alarm_whose_landmarks_do_not_hold_is_no_face() -> None:
    def unsteady(rgb: np.ndarray, near: np.ndarray) -> Fit:
        return Fit(landmarks(near), 0.09)

    tracker = Tracker(unsteady, lambda rgb, near: None)
    ended: list[EndedTrack] = []
    for k in range(60):
        found = [Detection(box(200, 150), True)] if k == 0 else []
        ended += tracker.step(k / FPS, FRAME, found if k % 8 == 0 else None).ended
    ended += tracker.finish()
    assert ended and not any(track.is_face for track in ended)


def test_an_unsure_detection_needs_steady_landmarks() -> None:
    spreads = {"good": 0.01, "bad": 0.07}
    for name, spread in spreads.items():
        tracker = Tracker(lambda rgb, near, s=spread: Fit(landmarks(near), s), lambda rgb, near: None)
        tracker.step(0.0, FRAME, [Detection(box(200, 150), False)])
        assert tracker.alive == (1 if name == "good" else 0)


def test_two_tracks_on_one_face_become_one() -> None:
    face = box(200, 150)
    tracker = Tracker(lambda rgb, near: Fit(landmarks(face), 0.01), lambda rgb, near: face)
    tracker.step(0.0, FRAME, [Detection(face, True), Detection(box(330, 150), True)])
    assert tracker.alive == 1


def test_time_stamps_and_not_frame_counts_decide() -> None:
    world = World(lambda t: box(150 + 30 * t, 150))
    _, ended = follow(world, 4.0, fps=10.0)
    assert len(ended) == 1
    assert ended[0].is_face and ended[0].end_s == pytest.approx(3.9)


def test_looks_are_paced_by_the_clock() -> None:
    schedule = LookSchedule()
    looks = [(k / 25, schedule.due(k / 25, is_cut=k == 60, is_searching=False)) for k in range(125)]
    times = [time_s for time_s, (look, _) in looks if look]
    deep = [time_s for time_s, (_, is_deep) in looks if is_deep]
    assert times[0] == 0.0 and 2.4 in times
    assert all(0.3 < b - a < 0.34 or b == 2.4 for a, b in pairwise(times))
    assert deep[0] == 0.0 and 2.4 in deep
    assert len(deep) <= 6


def test_a_missing_face_is_searched_for_sooner() -> None:
    def deep_looks(is_searching: bool) -> int:
        schedule = LookSchedule()
        return sum(schedule.due(k / 25, is_cut=False, is_searching=is_searching)[1] for k in range(250))

    assert deep_looks(True) > 2 * deep_looks(False)


def test_the_box_of_landmarks_is_the_detectors_box() -> None:
    expected = box(200, 150, 90)
    np.testing.assert_allclose(box_of_points(landmarks(expected)), expected, atol=1e-3)
