"""LaneFeed over a client that only writes down what it is asked: which tiles, in which order, and what is dropped."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QObject, Signal

from avsep_gui.lane_feed import LaneFeed
from avsep_gui.settings import Settings
from avsep_gui.state.document import Document
from avsep_gui.state.spectrogram_choice import SpectrogramChoice
from avsep_gui.state.tiles import ROWS, keys_between, top_level
from engine.errors import InputError
from engine.types import AudioInfo, FaceAnalysis, MediaInfo, PcmStore, Person, SpectrogramImage, WaveformPeaks

DURATION_S = 7200.0
COLUMNS = 1000
TEN_MINUTES = (3000.0, 3600.0)


class Client(QObject):
    tile_ready = Signal(object, object)
    tile_failed = Signal(object, object)
    failed = Signal(object, object)

    def __init__(self):
        super().__init__()
        self.under_way = []
        self.asked = []
        self.dropped = []

    def tiles_under_way(self):
        return [key for key, _ in self.under_way]

    def request_tile(self, key, store, *, ahead=False):
        assert str(store.path) == key.sound
        assert key not in self.tiles_under_way()
        self.under_way.append((key, ahead))
        self.asked.append((key, ahead))

    def drop_tile(self, key):
        self.under_way = [(other, ahead) for other, ahead in self.under_way if other != key]
        self.dropped.append(key)

    def answer(self, level_db=-30.0):
        """The worker ends the call that came first."""
        key, _ = self.under_way.pop(0)
        if key.picture == "waveform":
            value = WaveformPeaks(np.full((2, key.columns), 0.25, np.float32), key.start_s, key.end_s)
        else:
            level = np.full((ROWS, key.columns), level_db, np.float32)
            value = SpectrogramImage(level, key.start_s, key.end_s, 8000.0, key.picture)
        self.tile_ready.emit(key, value)
        return key

    def answer_all(self):
        keys = []
        while self.under_way:
            keys.append(self.answer())
            assert len(keys) < 500
        return keys


def store(name, complete=True):
    return PcmStore(Path(name), 48_000, 2, int(DURATION_S * 48_000), "stereo", complete)


def person(person_id):
    seconds = np.ones(int(DURATION_S), np.float32)
    thumbnail = np.zeros((8, 8, 3), np.uint8)
    return Person(person_id, f"Person {person_id}", DURATION_S, DURATION_S, None, (), thumbnail, seconds, seconds)


@pytest.fixture
def document(qapp):
    document = Document()
    media = MediaInfo(Path("talk.mp4"), DURATION_S, None, (AudioInfo(0, "aac", 48_000, 2, "stereo", 0.0),))
    document.set_media(media)
    document.set_analysis(FaceAnalysis(media, (person(1), person(2)), (), "key"))
    return document


@pytest.fixture
def client():
    return Client()


@pytest.fixture
def choice():
    return SpectrogramChoice(Settings())


@pytest.fixture
def feed(document, client, choice):
    feed = LaneFeed(document, client, choice)
    document.set_source(store("source"))
    feed.show(*TEN_MINUTES, COLUMNS)
    return feed


def visible(feed, kind, stretch=TEN_MINUTES):
    lane = feed.lane(kind)
    return set(keys_between(lane.sound, lane.picture, feed.level(kind), *stretch))


def test_the_whole_file_comes_first_then_what_is_in_view_then_what_is_near(feed, client):
    client.answer_all()
    order = [key for key, _ in client.asked]
    assert len(order) == len(set(order))
    assert [key.level for key in order[:2]] == [top_level("waveform", DURATION_S), top_level("mel", DURATION_S)]
    wanted = visible(feed, "waveform") | visible(feed, "mixture")
    assert set(order[2 : 2 + len(wanted)]) == wanted
    rest = dict(client.asked[2 + len(wanted) :])
    assert rest and all(rest.values())
    assert not any(ahead for _, ahead in client.asked[: 2 + len(wanted)])
    near = visible(feed, "mixture", (2400.0, 3000.0)) | visible(feed, "mixture", (3600.0, 4200.0))
    assert near - wanted <= set(rest)
    assert {key.parent for key in wanted if key.picture == "mel"} <= set(rest)
    assert len(order) < 120


def test_something_is_drawn_after_any_jump_and_zoom_before_the_worker_answers(feed, client):
    client.answer_all()
    for start_s, length_s in ((0.0, 7200.0), (100.0, 10.0), (6000.0, 300.0), (7199.0, 1.0), (5000.0, 0.05)):
        feed.show(start_s, start_s + length_s, COLUMNS)
        for kind in ("waveform", "mixture"):
            tiles = feed.drawn(kind, start_s, start_s + length_s)
            for at in (start_s, start_s + length_s / 2, start_s + 0.999 * length_s):
                assert any(tile.key.start_s <= at < tile.key.end_s for tile in tiles), (kind, start_s, at)
        assert feed.level_db("mixture", start_s, 1000.0) == -30.0


def test_only_two_are_under_way_and_what_is_not_needed_any_more_is_dropped(feed, client):
    client.answer()
    client.answer()
    assert len(client.under_way) == 2
    running, waiting = client.tiles_under_way()
    feed.show(100.0, 110.0, COLUMNS)
    assert client.dropped == [waiting]
    assert client.tiles_under_way()[0] == running
    assert len(client.under_way) == 2
    assert client.tiles_under_way()[1] in visible(feed, "waveform", (100.0, 110.0))
    client.answer()
    feed.show(100.0, 110.0, COLUMNS)
    assert client.dropped == [waiting]


def test_a_zoom_keeps_what_it_still_needs(feed, client):
    client.answer_all()
    before = len(client.asked)
    feed.show(3001.0, 3601.0, COLUMNS)
    assert len(client.asked) == before
    assert client.under_way == []


def test_tiles_stay_within_their_bound(feed, client, monkeypatch):
    monkeypatch.setattr(feed.tiles, "_limit_bytes", 3_000_000)
    for start_s in range(0, 7000, 70):
        feed.show(float(start_s), start_s + 30.0, COLUMNS)
        for _ in range(6):
            if client.under_way:
                client.answer()
        assert feed.tiles.size_bytes <= 3_000_000
        assert all(feed.drawn(kind, start_s, start_s + 30.0) for kind in ("waveform", "mixture"))


def test_a_voice_is_asked_for_where_it_is_computed_and_again_when_more_of_it_is(qtbot, feed, client, document):
    client.answer_all()
    document.pick(1)
    document.set_voice_store(document.key(1), store("voice", complete=False))
    assert feed.lane("voice") is None
    assert client.under_way == []
    document.add_ready(document.key(1), 3000.0, 3020.0)
    asked = [key for key in client.answer_all() if key.sound == "voice"]
    wanted = {key for key in visible(feed, "voice") if key.start_s < 3020.0 and key.end_s > 3000.0}
    assert wanted <= set(asked)
    assert all(key.start_s < 3020.0 and key.end_s > 3000.0 for key in asked)
    assert feed.level_db("voice", 3010.0, 1000.0) == -30.0
    assert feed.level_db("voice", 3030.0, 1000.0) is None
    before = len(client.asked)
    document.add_ready(document.key(1), 3020.0, 3024.0)
    document.add_ready(document.key(1), 3024.0, 3028.0)
    assert len(client.asked) == before  # not for every stretch of a few seconds
    qtbot.waitUntil(lambda: len(client.asked) > before, timeout=5000)
    again = client.answer_all()
    assert wanted <= set(again)
    assert not [key for key in again if key.sound == "source"]
    assert feed.level_db("voice", 3026.0, 1000.0) == -30.0


def test_another_person_shows_another_voice_and_the_first_one_comes_back_at_once(feed, client, document):
    for person_id in (1, 2):
        document.set_voice_store(document.key(person_id), store(f"voice{person_id}"))
        document.add_ready(document.key(person_id), 0.0, DURATION_S)
    document.pick(1)
    client.answer_all()
    document.pick(2)
    assert feed.drawn("voice", *TEN_MINUTES) == []
    client.answer_all()
    assert {tile.key.sound for tile in feed.drawn("voice", *TEN_MINUTES)} == {"voice2"}
    document.pick(1)
    assert {tile.key.sound for tile in feed.drawn("voice", *TEN_MINUTES)} == {"voice1"}
    assert client.under_way == []
    document.forget_voices()
    assert {tile.key.sound for tile in feed.tiles} == {"source"}
    assert feed.lane("voice") is None


def test_another_scale_asks_for_spectrograms_alone(feed, client, choice):
    client.answer_all()
    before = len(client.asked)
    choice.choose(scale="linear")
    assert feed.drawn("mixture", *TEN_MINUTES) == []
    client.answer_all()
    assert {key.picture for key, _ in client.asked[before:]} == {"linear"}
    after = len(client.asked)
    choice.choose(scale="mel")
    assert feed.drawn("mixture", *TEN_MINUTES) != []
    assert len(client.asked) == after


def test_the_ceiling_follows_the_loudest_of_the_original_alone(feed, client, document):
    client.answer(-31.0)
    client.answer(-31.0)
    assert feed.ceiling_db == -30.0
    assert feed.peak == 0.25
    client.answer_all()
    document.pick(1)
    document.set_voice_store(document.key(1), store("voice"))
    document.add_ready(document.key(1), 0.0, DURATION_S)
    while client.under_way:
        client.answer(-2.0)
    assert feed.ceiling_db == -30.0
    document.set_source(store("other"))
    client.answer(-52.0)
    client.answer(-52.0)
    assert feed.ceiling_db == -50.0


def test_a_sound_that_cannot_be_read_is_told_once(feed, client, document):
    told = []
    client.failed.connect(lambda error, _: told.append(error))
    error = InputError("It is gone.", "Open it again.")
    for _ in range(2):
        key, _ = client.under_way.pop(0)
        client.tile_failed.emit(key, error)
    feed.show(0.0, 60.0, COLUMNS)
    assert told == [error]
    assert client.under_way == []
    document.set_source(store("other"))
    assert {key.sound for key in client.tiles_under_way()} == {"other"}


def test_nothing_is_kept_or_asked_for_without_a_file(feed, client, document):
    client.answer_all()
    document.close()
    assert len(feed.tiles) == 0
    assert feed.drawn("mixture", *TEN_MINUTES) == []
    assert feed.level_db("mixture", 1.0, 1000.0) is None
    assert client.under_way == []
