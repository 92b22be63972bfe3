"""Tiles of the lanes: the ladder of time scales, what is drawn while one is missing, the bound, frequencies."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from avsep_gui.state.frequency import MAX_HZ, SCALES, Scale, hz_at, marks, share_of
from avsep_gui.state.tiles import (
    ROWS,
    Tile,
    TileCache,
    TileKey,
    keys_between,
    level_db,
    level_for,
    make_tile,
    top_level,
)
from engine.audio.picture import row_edges_hz
from engine.types import SpectrogramImage, WaveformPeaks

TWO_HOURS_S = 7200.0


def key(level: int, index: int, sound: str = "a") -> TileKey:
    return TileKey(sound, "mel", level, index)


def tile(level: int, index: int, sound: str = "a") -> Tile:
    return Tile(key(level, index, sound), np.zeros((ROWS, 512), np.uint8))


@pytest.mark.parametrize("scale", SCALES)
def test_frequencies_lie_where_the_engine_draws_them(scale: Scale) -> None:
    edges = row_edges_hz(ROWS, MAX_HZ, scale)
    for row in (1, 17, 64, ROWS - 1):
        assert share_of(edges[row], scale) == pytest.approx(row / ROWS, abs=1e-6)
        assert hz_at(row / ROWS, scale) == pytest.approx(edges[row], rel=1e-6)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("height", [10.0, 30.0, 80.0, 400.0])
def test_marks_keep_their_distance_and_stay_inside(scale: Scale, height: float) -> None:
    shares = [share for share, _ in marks(scale, height, 16.0)]
    assert shares == sorted(shares)
    assert all(8.0 <= share * height <= height - 8.0 for share in shares)
    assert all(second - first >= 16.0 / height for first, second in pairwise(shares))
    assert bool(shares) == (height >= 30.0)
    assert all(share >= 0.6 for share, _ in marks(scale, height, 16.0, 0.6))
    assert (0.5 * height >= 160) == (len(shares) > 6)


def test_a_tile_spans_its_two_children() -> None:
    parent = key(-3, 5)
    first, second = parent.children
    assert (first.start_s, second.end_s) == (parent.start_s, parent.end_s)
    assert first.end_s == second.start_s
    assert first.parent == second.parent == parent


@pytest.mark.parametrize("duration_s", [0.4, 16.0, 511.0, 513.0, TWO_HOURS_S])
def test_one_tile_of_the_top_level_holds_everything(duration_s: float) -> None:
    level = top_level("mel", duration_s)
    assert len(keys_between("a", "mel", level, 0.0, duration_s)) == 1
    assert keys_between("a", "mel", level, 0.0, duration_s)[0].end_s >= duration_s


def test_the_level_follows_the_width_of_a_pixel_within_its_bounds() -> None:
    assert level_for("mel", 1.0, TWO_HOURS_S) == 0
    assert level_for("mel", 0.7, TWO_HOURS_S) == -1
    assert level_for("mel", 0.72, TWO_HOURS_S) == 0
    assert level_for("mel", 1e-6, TWO_HOURS_S) == -9
    assert level_for("waveform", 1e-6, TWO_HOURS_S) == -15
    assert level_for("mel", 1e6, TWO_HOURS_S) == top_level("mel", TWO_HOURS_S) == 4


def test_a_missing_tile_is_drawn_as_part_of_a_coarser_one_and_then_of_finer_ones() -> None:
    cache = TileCache()
    cache.put(tile(4, 0))
    assert [t.key.level for t in cache.cover("a", "mel", -4, 100.0, 120.0)] == [4]
    cache.put(tile(-4, 3))  # 96 to 128 s
    assert [t.key for t in cache.cover("a", "mel", -4, 100.0, 120.0)] == [key(-4, 3)]
    assert [t.key.level for t in cache.cover("a", "mel", -4, 100.0, 140.0)] == [4, -4]
    assert [t.key.level for t in cache.cover("a", "mel", -3, 100.0, 120.0)] == [4, -4]
    found = cache.at("a", "mel", -3, 100.0)
    assert found is not None and found.key == key(-4, 3)
    found = cache.at("a", "mel", -3, 90.0)
    assert found is not None and found.key == key(4, 0)
    assert cache.cover("b", "mel", -4, 100.0, 120.0) == []
    assert cache.at("a", "log", -4, 100.0) is None


def test_tiles_not_used_for_longest_make_room() -> None:
    size = tile(0, 0).values.nbytes
    cache = TileCache(3 * size)
    for index in range(3):
        cache.put(tile(0, index))
    cache.get(key(0, 0))
    cache.put(tile(0, 3))
    assert {t.key.index for t in cache} == {0, 2, 3}
    assert cache.size_bytes == 3 * size
    cache.put(tile(0, 3))
    assert cache.size_bytes == 3 * size
    cache.put(tile(0, 9, "b"))
    cache.drop("a")
    assert {t.key.sound for t in cache} == {"b"}
    assert cache.size_bytes == size
    cache.clear()
    assert (len(cache), cache.size_bytes) == (0, 0)


def test_levels_survive_in_half_decibels() -> None:
    level = np.array([[-120.0, -80.2, -12.0], [-300.0, 0.0, 40.0]], np.float32)
    values = make_tile(key(0, 0), SpectrogramImage(level, 0.0, 1.0, MAX_HZ, "mel")).values
    assert [[level_db(int(value)) for value in row] for row in values] == [[-120, -80, -12], [-120, 0, 7.5]]
    peaks = WaveformPeaks(np.ones((2, 4), np.float32), 0.0, 1.0)
    assert make_tile(TileKey("a", "waveform", 0, 0), peaks).values is peaks.peaks


def test_the_column_of_a_moment() -> None:
    one = tile(-1, 2)  # 512 to 768 s
    assert [one.column(at) for at in (511.0, 512.0, 512.6, 767.9, 900.0)] == [0, 0, 1, 511, 511]
