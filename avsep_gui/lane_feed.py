"""LaneFeed: keeps the pieces of the lanes' pictures, and asks for those that are missing, in the order of need."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal

from avsep_gui.engine_client import EngineClient
from avsep_gui.state.document import Document
from avsep_gui.state.frequency import share_of
from avsep_gui.state.intervals import Intervals, contains, covers
from avsep_gui.state.spectrogram_choice import SpectrogramChoice
from avsep_gui.state.tiles import (
    ROWS,
    Picture,
    Tile,
    TileCache,
    TileKey,
    keys_between,
    level_db,
    level_for,
    make_tile,
    top_level,
)
from engine.errors import EngineError
from engine.types import PcmStore, SpectrogramImage, WaveformPeaks

LaneKind = Literal["waveform", "mixture", "voice", "voice_waveform"]

LANES: tuple[LaneKind, ...] = ("waveform", "mixture", "voice_waveform", "voice")
VOICE_INTERVAL_MS = 800
# One is computed while the other one waits, so that what is waiting can still be exchanged.
AT_ONCE = 2
# How many tiles of a whole file are made ahead, for jumps: every place then shows more than a blur at once.
WHOLE_FILE_TILES = 16
CEILING_STEP_DB = 5.0
QUIETEST_CEILING_DB = -60.0
LEAST_SWING = 0.05


@dataclass(frozen=True)
class Lane:
    """What a lane shows. `ready` says what of a voice had been computed when it was last looked at."""

    store: PcmStore
    picture: Picture
    ready: Intervals | None = None

    @property
    def sound(self) -> str:
        """What its tiles are named after."""
        return str(self.store.path)

    def ready_in(self, key: TileKey) -> Intervals:
        """Which part of a tile can be seen; empty for a sound that is there from the start."""
        between = ((max(start, key.start_s), min(end, key.end_s)) for start, end in self.ready or ())
        return tuple((start, end) for start, end in between if start < end)


class LaneFeed(QObject):
    """The tiles of the lanes in view and round it. Connect `show` to the view's visible stretch.

    A finer tile that is missing is drawn as a part of a coarser one until it comes (`TileCache.cover`).

    Signals:
        changed(): there is more to draw, or something else.

    Args:
        choice: scale of the spectrograms.
    """

    changed = Signal()

    def __init__(
        self, document: Document, client: EngineClient, choice: SpectrogramChoice, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.choice = choice
        self.tiles = TileCache()
        self.version = 0
        self._document = document
        self._client = client
        self._view: tuple[float, float, int] | None = None
        self._voice_ready: Intervals = ()
        self._asked: dict[TileKey, Intervals] = {}
        self._broken: set[str] = set()
        self._loudest_db = QUIETEST_CEILING_DB
        self._peak = LEAST_SWING
        self._voice_timer = QTimer(self)
        self._voice_timer.setSingleShot(True)
        self._voice_timer.setInterval(VOICE_INTERVAL_MS)
        self._voice_timer.timeout.connect(self._look_at_voice)
        client.tile_ready.connect(self._on_tile)
        client.tile_failed.connect(self._on_failed)
        document.source_changed.connect(self._on_source)
        document.voice_changed.connect(self._on_voice_changed)
        document.picked_changed.connect(self._on_picked)
        document.people_changed.connect(self._on_picked)
        document.voices_forgotten.connect(self._on_forgotten)
        choice.changed.connect(self._on_choice)

    @property
    def ceiling_db(self) -> float:
        """The level of the brightest colour: the loudest of the original, up to the next 5 dB."""
        return float(np.ceil(self._loudest_db / CEILING_STEP_DB) * CEILING_STEP_DB)

    @property
    def peak(self) -> float:
        """The farthest that the waveform of the original swings, as far as it is known; 1 is full scale."""
        return self._peak

    def show(self, start_s: float, end_s: float, columns: int) -> None:
        """The view shows another stretch, over so many columns of pixels."""
        self._view = (start_s, end_s, columns)
        self._ask()

    def lane(self, kind: LaneKind) -> Lane | None:
        """What a lane shows now; None where it shows nothing."""
        document = self._document
        picture: Picture = "waveform" if kind in ("waveform", "voice_waveform") else self.choice.scale
        if kind in ("waveform", "mixture"):
            return Lane(document.source, picture) if document.source is not None else None
        store = document.voice(document.picked).store if document.picked is not None else None
        return Lane(store, picture, self._voice_ready) if store is not None and self._voice_ready else None

    def level(self, kind: LaneKind) -> int:
        """The level of tiles that a lane wants for the stretch in view; 0 where it shows nothing."""
        lane = self.lane(kind)
        return self._level(lane) if lane is not None and self._view is not None else 0

    def drawn(self, kind: LaneKind, start_s: float, end_s: float) -> list[Tile]:
        """The tiles to draw for a stretch, one over the other in this order."""
        lane = self.lane(kind)
        if lane is None or self._view is None:
            return []
        return self.tiles.cover(lane.sound, lane.picture, self._level(lane), start_s, end_s)

    def level_db(self, kind: LaneKind, at_s: float, hz: float) -> float | None:
        """The level at a place of a spectrogram, as it is drawn, 0 dB for full scale; None where nothing is known."""
        tile = self._tile_at(kind, at_s)
        share = share_of(hz, self.choice.scale)
        if tile is None or not 0.0 <= share < 1.0:
            return None
        return level_db(int(tile.values[int(share * ROWS), tile.column(at_s)]))

    def peak_db(self, kind: LaneKind, at_s: float) -> float | None:
        """The level of a waveform's column, 0 dB for full scale; None where nothing is known."""
        tile = self._tile_at(kind, at_s)
        if tile is None:
            return None
        peak = float(np.max(np.abs(tile.values[:, tile.column(at_s)])))
        return 20.0 * float(np.log10(max(peak, 1e-6)))

    def _tile_at(self, kind: LaneKind, at_s: float) -> Tile | None:
        lane = self.lane(kind)
        if lane is None or self._view is None or not (lane.ready is None or contains(lane.ready, at_s)):
            return None
        return self.tiles.at(lane.sound, lane.picture, self._level(lane), at_s)

    def _level(self, lane: Lane) -> int:
        assert self._view is not None
        start_s, end_s, columns = self._view
        return level_for(lane.picture, (end_s - start_s) / columns, self._document.duration_s)

    def _on_source(self) -> None:
        self.tiles.clear()
        self._broken.clear()
        self._voice_ready = ()
        self._loudest_db, self._peak = QUIETEST_CEILING_DB, LEAST_SWING
        self._on_choice()

    def _on_choice(self) -> None:
        self._note_change()
        self._ask()

    def _on_picked(self) -> None:
        self._broken.clear()
        self._voice_ready = ()
        self._look_at_voice()
        self._on_choice()

    def _on_forgotten(self) -> None:
        source = self._document.source
        for sound in {tile.key.sound for tile in self.tiles} - {str(source.path) if source is not None else ""}:
            self.tiles.drop(sound)
        self._on_picked()

    def _on_voice_changed(self, person_id: int) -> None:
        if person_id == self._document.picked and not self._voice_timer.isActive():
            self._look_at_voice()

    def _look_at_voice(self) -> None:
        """Let what was computed since the last look be asked for, at most every `VOICE_INTERVAL_MS`."""
        picked = self._document.picked
        ready = self._document.voice(picked).ready if picked is not None else ()
        if ready != self._voice_ready:
            self._voice_ready = ready
            self._voice_timer.start()
            self._on_choice()

    def _ask(self) -> None:
        """Ask for the most needed tiles; what waits and is not needed any more makes room."""
        if self._view is None or self._document.duration_s <= 0:
            return
        under_way = self._client.tiles_under_way()
        running = under_way[:1]
        wanted: dict[TileKey, tuple[Lane, bool]] = {}
        for key, lane, ahead in self._needed():
            if len(running) + len(wanted) == AT_ONCE:
                break
            if key not in running:
                wanted.setdefault(key, (lane, ahead))
        for key in under_way[1:]:
            if key not in wanted:
                self._asked.pop(key, None)
                self._client.drop_tile(key)
        for key, (lane, ahead) in wanted.items():
            if key not in under_way:
                self._asked[key] = lane.ready_in(key)
                self._client.request_tile(key, lane.store, ahead=ahead)

    def _needed(self) -> Iterator[tuple[TileKey, Lane, bool]]:
        """What is missing, most urgent first, with the lane and whether it is only asked for ahead."""
        assert self._view is not None
        start_s, end_s, _ = self._view
        duration_s = self._document.duration_s
        lanes = [lane for lane in map(self.lane, LANES) if lane is not None and lane.sound not in self._broken]
        for lane in lanes:  # the whole file, which everything else is drawn over
            key = keys_between(lane.sound, lane.picture, top_level(lane.picture, duration_s), 0.0, duration_s)[0]
            if self.tiles.get(key) is None:
                yield key, lane, False
        for lane in lanes:
            yield from self._missing(lane, self._level(lane), start_s, end_s, ahead=False)
        span_s = end_s - start_s
        for lane in lanes:  # where the view may go next: on, back, out
            level = self._level(lane)
            yield from self._missing(lane, level, end_s, min(end_s + span_s, duration_s), ahead=True)
            yield from self._missing(lane, level, max(0.0, start_s - span_s), start_s, ahead=True)
            if level < top_level(lane.picture, duration_s):
                yield from self._missing(lane, level + 1, start_s, end_s, ahead=True)
        for lane in lanes:
            column_s = 2.0 ** top_level(lane.picture, duration_s) / WHOLE_FILE_TILES
            level = level_for(lane.picture, column_s, duration_s)
            yield from self._missing(lane, level, 0.0, duration_s, ahead=True)
            yield from self._missing(lane, top_level(lane.picture, duration_s), 0.0, duration_s, ahead=True)

    def _missing(
        self, lane: Lane, level: int, start_s: float, end_s: float, *, ahead: bool
    ) -> Iterator[tuple[TileKey, Lane, bool]]:
        if start_s >= end_s:
            return
        for key in keys_between(lane.sound, lane.picture, level, start_s, end_s):
            tile, ready = self.tiles.get(key), lane.ready_in(key)
            if lane.ready is not None:
                end_of_tile_s = min(key.end_s, self._document.duration_s)
                if not ready or (ahead and not covers(lane.ready, key.start_s, end_of_tile_s)):
                    continue
            if tile is None or tile.ready != ready:
                yield key, lane, ahead

    def _on_tile(self, key: TileKey, value: SpectrogramImage | WaveformPeaks) -> None:
        tile = make_tile(key, value, self._asked.pop(key, ()))
        self.tiles.put(tile)
        source = self._document.source
        if source is not None and key.sound == str(source.path):
            if key.picture == "waveform":
                self._peak = max(self._peak, float(np.max(np.abs(tile.values))))
            else:
                self._loudest_db = max(self._loudest_db, level_db(int(tile.values.max())))
        self._note_change()
        self._ask()

    def _on_failed(self, key: TileKey, error: EngineError) -> None:
        """Say once that a sound cannot be read, and ask for none of its tiles until another one is chosen."""
        self._asked.pop(key, None)
        if key.sound not in self._broken:
            self._broken.add(key.sound)
            self._client.failed.emit(error, None)
        self._ask()

    def _note_change(self) -> None:
        self.version += 1
        self.changed.emit()
