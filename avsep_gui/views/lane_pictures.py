"""Items that draw tiles: spectrograms in the colours of their levels, waveforms as filled shapes."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage, QPainter

from avsep_gui.lane_feed import LaneFeed, LaneKind
from avsep_gui.state.intervals import complement
from avsep_gui.state.spectrogram_choice import ColourMap
from avsep_gui.state.tiles import Tile, level_db
from avsep_gui.views.lanes import LaneItem

RANGE_DB = 80.0
MOST_IMAGES = 64  # 256 KiB each
SMOOTH_FROM_PX = 3.0  # columns that are this wide are blended, as what lies between them is a blend of both


def colour_table(colours: ColourMap) -> NDArray[np.uint8]:
    """256 colours from the lowest to the highest level, (256, 3)."""
    if colours == "grey":
        return np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1)
    return np.asarray(pg.colormap.get(colours).getLookupTable(nPts=256)[:, :3], np.uint8)


def colours_of_levels(colours: ColourMap, ceiling_db: float) -> NDArray[np.uint32]:
    """The pixel for every value of a tile (`level_db`), (256,), 80 dB from the darkest to the brightest."""
    levels = np.array([level_db(value) for value in range(256)])
    share = np.clip((levels - ceiling_db + RANGE_DB) / RANGE_DB, 0.0, 1.0)
    red, green, blue = colour_table(colours)[np.rint(share * 255).astype(int)].astype(np.uint32).T
    return np.asarray(0xFF000000 | red << 16 | green << 8 | blue, np.uint32)


class TileImages:
    """The pictures of spectrogram tiles in the colours in use; those drawn last are kept."""

    def __init__(self) -> None:
        self._images: OrderedDict[int, tuple[Tile, QImage]] = OrderedDict()
        self._pixels = colours_of_levels("magma", 0.0)
        self._look: tuple[ColourMap, float] = ("magma", 0.0)

    def use(self, colours: ColourMap, ceiling_db: float) -> None:
        """Draw in these colours from now on."""
        if (colours, ceiling_db) != self._look:
            self._look = colours, ceiling_db
            self._pixels = colours_of_levels(colours, ceiling_db)
            self._images.clear()

    def image(self, tile: Tile) -> QImage:
        """A tile's picture, one pixel per value, the lowest frequency first."""
        kept = self._images.get(id(tile))  # which is the tile's own, as the tile is kept with its image
        if kept is not None:
            self._images.move_to_end(id(tile))
            return kept[1]
        rows, columns = tile.values.shape
        pixels = self._pixels[tile.values]
        image = QImage(pixels.data, columns, rows, 4 * columns, QImage.Format.Format_RGB32).copy()
        self._images[id(tile)] = (tile, image)
        if len(self._images) > MOST_IMAGES:
            self._images.popitem(last=False)
        return image


class SpectrogramItem(LaneItem):
    """A spectrogram's lane, 0 to 1 upwards."""

    def __init__(self, feed: LaneFeed, kind: LaneKind, images: TileImages) -> None:
        super().__init__()
        self._feed = feed
        self._kind: LaneKind = kind
        self._images = images

    def paint(self, painter: QPainter, *_: Any) -> None:
        """Tiles that are there, the finest on top; only the part in view, as a coarse one can be very wide."""
        (left_s, right_s), _rows = self.getViewBox().viewRange()
        self._images.use(self._feed.choice.colours, self._feed.ceiling_db)
        per_s = abs(painter.worldTransform().m11())
        for tile in self._feed.drawn(self._kind, left_s, right_s):
            key = tile.key
            start_s, end_s = max(left_s, key.start_s), min(right_s, key.end_s)
            if end_s <= start_s:
                continue
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, key.column_s * per_s >= SMOOTH_FROM_PX)
            image = self._images.image(tile)
            first = (start_s - key.start_s) / key.column_s
            part = QRectF(first, 0.0, (end_s - start_s) / key.column_s, image.height())
            painter.drawImage(QRectF(start_s, 0.0, end_s - start_s, 1.0), image, part)


class WaveItem(LaneItem):
    """A waveform's lane, full scale from -1 to 1; drawn anew only when it differs."""

    def __init__(self, feed: LaneFeed, kind: LaneKind) -> None:
        super().__init__()
        self._feed = feed
        self._kind: LaneKind = kind
        self._colour = QColor()
        self._image = QImage()
        self._drawn: object = None

    def set_colour(self, colour: QColor) -> None:
        """Draw in this colour."""
        self._colour = colour
        self.update()

    def boundingRect(self) -> QRectF:
        """All of the lane, whatever the scale."""
        return QRectF(0.0, -1.1, self._duration_s, 2.2)

    def paint(self, painter: QPainter, *_: Any) -> None:
        """One picture of what is in view, pixel by pixel."""
        (left_s, right_s), (low, high) = self.getViewBox().viewRange()
        box = painter.worldTransform().mapRect(QRectF(left_s, low, right_s - left_s, high - low))
        ratio = painter.device().devicePixelRatioF()
        width, height = max(1, round(box.width() * ratio)), max(1, round(box.height() * ratio))
        wanted = (left_s, right_s, low, high, width, height, self._colour.rgba(), self._feed.version)
        if wanted != self._drawn:
            self._drawn = wanted
            low_high = envelope(self._feed.drawn(self._kind, left_s, right_s), left_s, right_s, width)
            lane = self._feed.lane(self._kind)
            if lane is not None and lane.ready is not None:
                for start_s, end_s in complement(lane.ready, left_s, right_s):
                    first, last = ((at_s - left_s) / (right_s - left_s) * width for at_s in (start_s, end_s))
                    low_high[:, round(first) : round(last)] = np.nan
            self._image = _filled(low_high, low, high, height, self._colour)
        painter.drawImage(QRectF(left_s, low, right_s - left_s, high - low), self._image)


def envelope(tiles: list[Tile], left_s: float, right_s: float, width: int) -> NDArray[np.float32]:
    """Lowest and highest value per pixel, (2, width); NaN where no tile is, later tiles over earlier ones."""
    found = np.full((2, width), np.nan, np.float32)
    pixel_s = (right_s - left_s) / width
    for tile in tiles:
        key = tile.key
        first = max(0, round((key.start_s - left_s) / pixel_s))
        last = min(width, round((key.end_s - left_s) / pixel_s))
        if last <= first:
            continue
        starts_s = left_s + np.arange(first, last + 1) * pixel_s
        columns = np.floor((starts_s - key.start_s) / key.column_s + 1e-6).astype(np.int64)
        begins = np.clip(columns[:-1], 0, key.columns - 1)
        values = tile.values[:, : max(columns[-1], begins[-1] + 1)]
        found[0, first:last] = np.minimum.reduceat(values[0], begins)
        found[1, first:last] = np.maximum.reduceat(values[1], begins)
    return found


def _filled(low_high: NDArray[np.float32], low: float, high: float, height: int, colour: QColor) -> QImage:
    """A shape between two lines, at least a pixel thick, with the lowest value in the first row."""
    width = low_high.shape[1]
    bottom, top = (low_high - low) / (high - low) * height  # in rows
    bottom, top = np.floor(bottom), np.ceil(top)
    top = np.maximum(top, bottom + 1)
    rows = np.arange(height)[:, None]
    with np.errstate(invalid="ignore"):
        inside = (rows >= bottom) & (rows < top)
    pixels = np.where(inside, np.uint32(colour.rgba()), np.uint32(0))
    return QImage(pixels.data, width, height, 4 * width, QImage.Format.Format_ARGB32_Premultiplied).copy()
