"""How tiles become pixels: envelopes of waveforms, colours of levels, labels of the legend."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter

from avsep_gui.state.tiles import FLOOR_DB, STEPS_PER_DB, Tile, TileKey
from avsep_gui.views.lane_legend import LegendPainter, labelled_levels
from avsep_gui.views.lane_pictures import TileImages, colour_table, colours_of_levels, envelope
from avsep_gui.views.lanes import columns_of, seen_of, spans_of


def wave(level, index, values=None):
    key = TileKey("a", "waveform", level, index)
    values = np.random.default_rng(index).uniform(-1, 1, (2, key.columns)) if values is None else values
    return Tile(key, np.sort(values, axis=0).astype(np.float32))


@pytest.mark.parametrize("width", [50, 333, 1000, 2500])
@pytest.mark.parametrize(("left_s", "right_s"), [(0.0, 2048.0), (100.3, 1900.9), (1020.0, 1030.0)])
def test_an_envelope_has_the_extremes_of_the_columns_under_each_pixel(width, left_s, right_s):
    tiles = [wave(0, 0), wave(0, 1)]
    whole = np.concatenate([tile.values for tile in tiles], axis=1)
    found = envelope(tiles, left_s, right_s, width)
    assert np.all(np.isfinite(found))
    edges = left_s + np.arange(width + 1) * (right_s - left_s) / width
    for pixel in range(width):
        first = int(edges[pixel] + 1e-6)
        last = max(first + 1, int(edges[pixel + 1] + 1e-6))
        if first // 1024 != (last - 1) // 1024 or abs(edges[pixel] - 1024) < 2 * (right_s - left_s) / width:
            continue  # at the seam a pixel belongs to either tile
        assert found[0, pixel] == whole[0, first:last].min()
        assert found[1, pixel] == whole[1, first:last].max()


def test_finer_tiles_lie_over_coarser_ones_and_nothing_where_there_is_none():
    coarse = wave(1, 0, np.zeros((2, 1024)))
    fine = wave(0, 0, np.ones((2, 1024)))
    found = envelope([coarse, fine], 0.0, 4096.0, 400)
    assert np.all(found[:, :100] == 1.0)
    assert np.all(found[:, 100:200] == 0.0)
    assert np.all(np.isnan(found[:, 200:]))


@pytest.mark.parametrize("colours", ["magma", "viridis", "grey"])
def test_colours_get_lighter_from_the_floor_to_the_ceiling(colours):
    table = colour_table(colours)
    assert table.shape == (256, 3)
    light = table @ np.array([0.2126, 0.7152, 0.0722])
    assert np.all(np.diff(light) > -1.0) and light[-1] - light[0] > 150
    pixels = colours_of_levels(colours, -20.0)

    def pixel(level_db):
        value = int(pixels[round((level_db - FLOOR_DB) * STEPS_PER_DB)])
        return [value >> shift & 255 for shift in (24, 16, 8, 0)]

    assert pixel(-20.0) == pixel(0.0) == [255, *table[255].tolist()]
    assert pixel(-100.0) == pixel(-120.0) == [255, *table[0].tolist()]
    assert pixel(-60.0) == [255, *table[128].tolist()]


def test_images_of_tiles_are_kept_until_the_colours_or_the_tile_change():
    key = TileKey("a", "mel", 0, 0)
    tile = Tile(key, np.full((4, 512), round((-40 - FLOOR_DB) * STEPS_PER_DB), np.uint8))
    images = TileImages()
    images.use("grey", 0.0)
    first = images.image(tile)
    assert (first.width(), first.height()) == (512, 4)
    assert first.pixelColor(3, 2) == QColor(128, 128, 128)
    assert images.image(tile) is first
    images.use("grey", -20.0)
    assert images.image(tile).pixelColor(3, 2) == QColor(191, 191, 191)
    newer = Tile(key, np.full((4, 512), 0, np.uint8))
    assert images.image(newer).pixelColor(3, 2) == QColor(0, 0, 0)


@pytest.mark.parametrize(
    ("ceiling_db", "height", "expected"),
    [
        (0.0, 100.0, [0, -20, -40, -60, -80]),
        (-15.0, 100.0, [-20, -40, -60, -80]),
        (0.0, 40.0, [0, -40, -80]),
        (-15.0, 40.0, [-40, -80]),
        (5.0, 100.0, [0, -20, -40, -60]),
        (-15.0, 15.0, [-20]),
    ],
)
def test_legends_are_labelled_in_whole_twenties_as_there_is_room(ceiling_db, height, expected):
    assert labelled_levels(ceiling_db, height, 14.0) == expected


def test_bars_that_are_nearer_than_a_pixel_are_drawn_as_one():
    spans = spans_of(((0.0, 1.0), (1.5, 2.0), (4.0, 5.0), (9.0, 9.5)))
    assert seen_of(spans, 0.0, 10.0, 0.1).tolist() == spans.tolist()
    assert seen_of(spans, 0.0, 10.0, 1.0).tolist() == [[0.0, 2.0], [4.0, 5.0], [9.0, 9.5]]
    assert seen_of(spans, 1.8, 4.5, 0.1).tolist() == [[1.5, 2.0], [4.0, 5.0]]
    assert seen_of(spans, 5.5, 8.0, 0.1).tolist() == []
    assert seen_of(spans_of(()), 0.0, 1.0, 0.1).tolist() == []


def test_agreement_shows_the_weakest_second_of_a_pixel():
    spans = np.array([(s, s + 1.0, 0.9) for s in range(100)])
    spans[13, 2], spans[14, 2], spans[40:50, 2] = 0.2, 0.0, 0.0
    assert columns_of(spans, 0.0, 100.0, 0.5).tolist() == spans.tolist()
    by_ten = columns_of(spans, 0.0, 100.0, 10.0)
    assert by_ten[:, 0].tolist() == list(range(0, 100, 10))
    assert by_ten[:, 1].tolist() == list(range(10, 101, 10))
    assert by_ten[:, 2].tolist() == [0.9, 0.2, 0.9, 0.9, 0.0, 0.9, 0.9, 0.9, 0.9, 0.9]
    assert columns_of(spans, 20.0, 40.0, 10.0)[:, 0].tolist() == [20.0, 30.0]
    assert len(columns_of(np.zeros((0, 3)), 0.0, 1.0, 0.1)) == 0


def image_font():
    font = QFont()
    font.setPixelSize(11)
    return font


def legend(height):
    image = QImage(120, 100, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.blue)
    painter = QPainter(image)
    LegendPainter().paint(painter, QRectF(4, 4, 100, height), "grey", 0.0, QColor("#FF0000"), image_font())
    painter.end()
    return image


def greys(colours):
    return [colour.red() for colour in colours if colour.red() == colour.green() == colour.blue()]


def test_a_legend_has_the_ceiling_on_top(qapp):
    image = legend(80.0)
    bar = greys(image.pixelColor(8, y) for y in range(100))
    assert len(bar) > 50
    assert bar == sorted(bar, reverse=True)
    assert bar[0] > 245 and bar[-1] < 10


def test_a_legend_lies_down_where_it_is_too_low_to_be_labelled_upright(qapp):
    image = legend(20.0)
    middle = 24 - round(QFontMetricsF(image_font()).height() / 2)
    bar = greys(image.pixelColor(x, middle) for x in range(120))
    assert len(bar) > 20
    assert bar == sorted(bar)
    assert bar[0] < 15 and bar[-1] > 240
    nothing = legend(6.0)
    assert all(nothing.pixelColor(x, y) == QColor(Qt.GlobalColor.blue) for x in range(120) for y in range(100))
