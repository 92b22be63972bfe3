from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.vision.streams import TrackRecorder, read_person, read_rows, row_count, write_person
from tests.unit.vision.faces import box, landmarks

FRAME = np.random.default_rng(0).integers(0, 255, (180, 320, 3), dtype=np.uint8)


def record(path: Path, times_s: np.ndarray, scale: float = 1.0) -> Path:
    """A face that moves to the right by 30 px per second."""
    recorder = TrackRecorder(path)
    for time_s in times_s:
        recorder.add(float(time_s), FRAME, landmarks(box(100 + 30 * time_s, 90)), scale)
    return recorder.finish()


@pytest.mark.parametrize("fps", [10.0, 23.976, 25.0, 29.97, 50.0, 60.0])
def test_landmarks_lie_on_the_25_hz_clock(tmp_path: Path, fps: float) -> None:
    times = np.arange(round(3 * fps)) / fps
    rows = read_rows(record(tmp_path / "a.rows", times), 100.0)
    assert rows.row.tolist() == list(range(int(times[-1] * 25 + 1e-4) + 1))
    moved = rows.points_px.mean(1)[:, 0] - rows.points_px[0].mean(0)[0]
    np.testing.assert_allclose(moved, rows.row / 25 * 30, atol=0.01)


def test_uneven_frame_times_are_followed(tmp_path: Path) -> None:
    times = np.cumsum(np.random.default_rng(1).uniform(0.015, 0.2, 40))
    rows = read_rows(record(tmp_path / "a.rows", times), 100.0)
    assert rows.row[0] == int(np.ceil(times[0] * 25)) and np.all(np.diff(rows.row) == 1)
    expected = landmarks(box(100.0, 90)).mean(0)[0] + rows.row / 25 * 30
    np.testing.assert_allclose(rows.points_px.mean(1)[:, 0], expected, atol=0.01)


def test_a_long_gap_is_not_bridged(tmp_path: Path) -> None:
    times = np.r_[np.arange(10) / 25, 2.0 + np.arange(10) / 25]
    rows = read_rows(record(tmp_path / "a.rows", times), 100.0)
    assert rows.row.tolist() == [*range(10), *range(50, 60)]


def test_rows_after_the_end_do_not_count(tmp_path: Path) -> None:
    path = record(tmp_path / "a.rows", np.arange(50) / 25)
    assert read_rows(path, 1.0).row.tolist() == list(range(26))


def test_points_are_in_displayed_pixels(tmp_path: Path) -> None:
    rows = read_rows(record(tmp_path / "a.rows", np.arange(5) / 25, scale=0.5), 100.0)
    np.testing.assert_allclose(rows.points_px[0], landmarks(box(100, 90)) * 2, rtol=1e-5)


def test_an_empty_track_has_no_rows(tmp_path: Path) -> None:
    recorder = TrackRecorder(tmp_path / "a.rows")
    assert len(read_rows(recorder.finish(), 1.0).row) == 0
    recorder.discard()
    assert not (tmp_path / "a.rows").exists()


def test_a_person_is_read_back_as_written(tmp_path: Path) -> None:
    first = read_rows(record(tmp_path / "a.rows", np.arange(600) / 25), 100.0)
    second = read_rows(record(tmp_path / "b.rows", 30 + np.arange(50) / 25), 100.0)
    count = row_count(31.0)
    write_person(tmp_path, "person1", [first, second], count)
    lips = read_person(tmp_path, "person1")
    assert lips.points_px.shape == (775, 68, 2) and lips.mouths.shape == (775, 32, 32)
    assert np.flatnonzero(lips.visible).tolist() == [*range(600), *range(750, 775)]  # the file ends at 31 s
    np.testing.assert_array_equal(lips.points_px[:600], first.points_px)
    np.testing.assert_array_equal(lips.mouths[750:], second.mouths[:25])
    assert lips.mouths[:600].std() > 1 and not lips.mouths[600:750].any()


@pytest.mark.parametrize(("duration_s", "rows"), [(1.0, 25), (1.001, 26), (0.96, 24), (0.0, 1)])
def test_rows_cover_the_file(duration_s: float, rows: int) -> None:
    assert row_count(duration_s) == rows
