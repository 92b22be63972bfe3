"""The time line as a whole: what it reads out, in which colours and scales it draws, mouse and keyboard."""

from __future__ import annotations

import re

import pytest
from conftest import WAIT_MS
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QAction, QColor, QContextMenuEvent, QFocusEvent
from PySide6.QtWidgets import QApplication

from avsep_gui.settings import Settings
from avsep_gui.state.frequency import SCALES, share_of
from avsep_gui.state.intervals import covers
from avsep_gui.state.tiles import keys_between
from avsep_gui.views.lane_pictures import RANGE_DB, colour_table
from avsep_gui.views.read_out import level_words
from avsep_gui.views.spectrogram_menu import SpectrogramMenu

AT_S = 5.5  # Person 2 speaks, agreement is good
TONE_DB = -14.0


@pytest.fixture
def engine_name():
    return "tones_engine"


@pytest.fixture
def timeline(qtbot, window, opened):
    """The time line with the pictures of the original, the whole file in view."""
    opened()
    wait_full(qtbot, window, "mixture", "waveform")
    return window.workspace.timeline


def wait_full(qtbot, window, *kinds):
    """Wait until these lanes have all tiles of the level that the view wants."""
    feed, view = window.feed, window.workspace.timeline

    def full():
        for kind in kinds:
            lane = feed.lane(kind)
            if lane is None or view.is_moving:
                return False
            keys = keys_between(lane.sound, lane.picture, feed.level(kind), *view.visible_s())
            tiles = [feed.tiles.get(key) for key in keys]
            if not all(tile is not None and tile.ready == lane.ready_in(tile.key) for tile in tiles):
                return False
        return True

    qtbot.waitUntil(full, timeout=WAIT_MS)


def wait_for_voice(qtbot, window):
    document = window.document
    document.pick(1)
    qtbot.waitUntil(lambda: covers(document.voice(1).ready, 0.0, 19.9), timeout=WAIT_MS)
    qtbot.waitUntil(lambda: document.voice(1).spans != (), timeout=WAIT_MS)
    window.player.pause()
    wait_full(qtbot, window, "voice", "voice_waveform")


def lane_box(timeline, name):
    return timeline.lanes.named[name].vb.sceneBoundingRect()


def read(qtbot, timeline, name, at_s=AT_S, share=0.5):
    """Move the mouse to a place of a lane and read what it says there."""
    box = lane_box(timeline, name)
    at = QPointF(timeline.x_of(at_s), box.bottom() - share * box.height()).toPoint()
    qtbot.mouseMove(timeline.viewport(), QPoint(at.x(), at.y() + 1))
    qtbot.mouseMove(timeline.viewport(), at)
    return timeline._overlay.cursor_text


def kilohertz(text):
    return float(re.search(r"([\d.]+) kHz", text)[1])


def decibels(text, sound):
    found = re.search(rf"{sound} (\N{{MINUS SIGN}}?\d+) dB", text)
    return float(found[1].replace("\N{MINUS SIGN}", "-")) if found else None


@pytest.mark.parametrize("scale", SCALES)
def test_the_read_out_shows_a_tone_at_its_frequency_with_its_level(qtbot, window, timeline, scale):
    window.spectrograms.choose(scale=scale)
    wait_full(qtbot, window, "mixture")
    for hz in (300.0, 600.0):
        assert window.feed.level_db("mixture", AT_S, hz) == pytest.approx(TONE_DB, abs=1.5)
    assert window.feed.level_db("mixture", AT_S, 2000.0) < -60.0
    box = lane_box(timeline, "mixture")
    shares = [(row + 0.5) / box.height() for row in range(round(box.height()) - 1)]
    texts = [read(qtbot, timeline, "mixture", share=share) for share in shares]
    assert all(text.startswith("00:00:05.") for text in texts)
    loudest = max(texts, key=lambda text: decibels(text, "original") or -200.0)
    assert decibels(loudest, "original") == pytest.approx(TONE_DB, abs=1.5)
    apart = min(abs(share_of(1000 * kilohertz(loudest), scale) - share_of(hz, scale)) for hz in (300.0, 600.0))
    assert apart * box.height() <= 2.0
    assert kilohertz(texts[0]) < 0.1 and kilohertz(texts[-1]) > 6.5


def test_the_read_out_tells_the_voice_from_the_original(qtbot, window, timeline):
    assert "voice" not in read(qtbot, timeline, "mixture")
    wait_for_voice(qtbot, window)
    text = read(qtbot, timeline, "voice", share=share_of(300.0, "mel"))
    assert decibels(text, "original") == pytest.approx(decibels(text, "voice"), abs=1.0)
    text = read(qtbot, timeline, "mixture", share=share_of(600.0, "mel"))
    assert decibels(text, "original") > -20.0
    assert decibels(text, "voice") < -50.0


def test_a_voice_that_is_not_computed_there_has_no_level(qtbot, window, opened):
    opened("slow.mp4")
    document = window.document
    document.pick(1)
    qtbot.waitUntil(lambda: document.voice(1).store is not None and document.voice(1).ready != (), timeout=WAIT_MS)
    qtbot.waitUntil(lambda: window.feed.level_db("voice", 0.5, 300.0) is not None, timeout=WAIT_MS)
    assert window.feed.level_db("voice", 19.5, 300.0) is None
    assert window.feed.peak_db("voice_waveform", 19.5) is None


def test_the_read_out_of_the_other_lanes(qtbot, window, timeline):
    wait_for_voice(qtbot, window)
    text = read(qtbot, timeline, "wave")
    assert decibels(text, "original") == pytest.approx(-8.5, abs=1.5)
    assert decibels(text, "voice") == pytest.approx(TONE_DB, abs=1.0)
    assert "Person 1: seen, not speaking" in read(qtbot, timeline, "people", share=0.75)
    assert "Person 2: speaking" in read(qtbot, timeline, "people", share=0.25)
    assert "lips and voice: good" in read(qtbot, timeline, "agreement")
    assert "lips and voice: weak" in read(qtbot, timeline, "agreement", at_s=7.5)
    qtbot.mouseMove(timeline.viewport(), QPoint(2, 2))
    assert timeline._overlay.cursor_text == ""


def test_the_read_out_follows_what_comes_under_the_mouse(qtbot, window, timeline):
    first = read(qtbot, timeline, "mixture", share=share_of(300.0, "mel"))
    assert "voice" not in first
    timeline.show_stretch(8.0, 9.0)
    assert timeline._overlay.cursor_text.startswith("00:00:08.")
    timeline.fit()
    wait_for_voice(qtbot, window)
    qtbot.waitUntil(lambda: "voice" in timeline._overlay.cursor_text, timeout=WAIT_MS)


def test_bars_of_people_who_speak_are_thick_and_thin_while_they_are_silent(qtbot, window, timeline):
    window.document.pick(1)
    colour = window._look.person(1)
    rows = lane_box(timeline, "people").height()
    edge = 1.0 - 0.28 * 20 / rows * len(window.document.people) / 2
    for at_s, thick in ((2.0, True), (7.0, False), (12.0, True), (17.0, False)):
        assert picture(timeline, "people", at_s, 0.75) == colour
        assert (picture(timeline, "people", at_s, edge) == colour) == thick


def test_the_keyboard_reads_out_at_the_playhead(qtbot, window, timeline):
    wait_for_voice(qtbot, window)
    window.player.seek(AT_S)
    timeline.setFocus()
    for reason in (Qt.FocusReason.OtherFocusReason, Qt.FocusReason.TabFocusReason):
        QApplication.sendEvent(timeline, QFocusEvent(QFocusEvent.Type.FocusIn, reason))
        shown = timeline._overlay.probe_text
        assert bool(shown) == (reason is Qt.FocusReason.TabFocusReason)
    for words in ("00:00:05.500", "1.00 kHz", "original", "voice", "Person 2: speaking", "lips and voice: good"):
        assert words in shown
    assert timeline.accessibleDescription() == shown
    qtbot.keyClick(timeline, Qt.Key.Key_Up)
    assert kilohertz(timeline._overlay.probe_text) > 1.05
    for _ in range(40):
        qtbot.keyClick(timeline, Qt.Key.Key_Down)
    assert kilohertz(timeline._overlay.probe_text) < 0.05
    assert timeline.accessibleDescription() == timeline._overlay.probe_text
    for point, name in zip(timeline.probe_points(), ("mixture", "voice"), strict=True):
        box = lane_box(timeline, name)
        assert box.bottom() - 0.05 * box.height() < point.y() <= box.bottom()
        assert point.x() == pytest.approx(timeline.x_of(AT_S), abs=0.5)
    window.player.seek(2.0)
    assert "Person 1: speaking" in timeline._overlay.probe_text
    QApplication.sendEvent(timeline, QFocusEvent(QFocusEvent.Type.FocusOut, Qt.FocusReason.TabFocusReason))
    assert timeline._overlay.probe_text == ""


def picture(timeline, name, at_s, share):
    """The colour of a pixel of a lane, away from playhead and cursor."""
    box = lane_box(timeline, name)
    image = timeline.grab().toImage()
    return image.pixelColor(round(timeline.x_of(at_s)), round(box.bottom() - share * box.height()))


def colour_of(window, level):
    share = (level - window.feed.ceiling_db + RANGE_DB) / RANGE_DB
    red, green, blue = colour_table(window.spectrograms.colours)[round(share * 255)].tolist()
    return QColor(red, green, blue)


def alike(first, second):
    return all(abs(a - b) <= 6 for a, b in zip(first.getRgb(), second.getRgb(), strict=True))


@pytest.mark.parametrize("colours", ["magma", "viridis", "grey"])
@pytest.mark.parametrize("scale", SCALES)
def test_levels_are_drawn_in_the_colours_of_the_legend(qtbot, window, timeline, scale, colours):
    window.spectrograms.choose(scale=scale, colours=colours)
    wait_full(qtbot, window, "mixture")
    assert window.feed.ceiling_db == -10.0  # of a tone at -14 dB
    quiet = picture(timeline, "mixture", 10.0, share_of(5000.0, scale))
    assert alike(quiet, colour_of(window, window.feed.ceiling_db - RANGE_DB))
    loud = [picture(timeline, "mixture", 10.0, share_of(300.0, scale) + step / 200) for step in (-2, -1, 0, 1, 2)]
    assert any(alike(colour, colour_of(window, TONE_DB)) for colour in loud), (loud, colour_of(window, TONE_DB))


def test_the_waveform_is_drawn_as_far_as_it_swings(qtbot, window, timeline):
    original = QColor(window._look.theme.edge)
    assert window.feed.peak == pytest.approx(0.38, abs=0.03)
    heights = (0.15, 0.4, 0.6, 0.85)
    assert [picture(timeline, "wave", 10.0, height) for height in heights] == [original] * 4
    wait_for_voice(qtbot, window)
    voice = window._look.person(1)
    assert [picture(timeline, "wave", 10.0, height) for height in heights] == [original, voice, voice, original]


def test_no_line_stands_for_a_voice_that_is_not_computed(qtbot, window, opened):
    opened("slow.mp4")
    document = window.document
    document.pick(1)
    qtbot.waitUntil(lambda: window.feed.peak_db("voice_waveform", 0.5) is not None, timeout=WAIT_MS)
    voice = window._look.person(1)
    timeline = window.workspace.timeline
    assert picture(timeline, "wave", 1.0, 0.5) == voice
    assert picture(timeline, "wave", 18.5, 0.5) != voice


def choices(menu):
    return {action.data(): action for action in menu.actions() if not action.isSeparator()}


def test_scale_and_colours_are_chosen_in_the_menu_and_kept(qtbot, window, timeline):
    (menu,) = window.menus.by_name["View"].findChildren(SpectrogramMenu) or [
        action.menu() for action in window.menus.by_name["View"].actions() if isinstance(action.menu(), SpectrogramMenu)
    ]
    assert [name for name, action in choices(menu).items() if action.isChecked()] == ["mel", "magma"]
    ticks = timeline.lanes.named["mixture"].getAxis("left")._tickLevels[0]
    choices(menu)["log"].trigger()
    choices(menu)["viridis"].trigger()
    assert [name for name, action in choices(menu).items() if action.isChecked()] == ["log", "viridis"]
    assert (window.spectrograms.scale, window.spectrograms.colours) == ("log", "viridis")
    assert (Settings().spectrogram_scale, Settings().spectrogram_colours) == ("log", "viridis")
    assert timeline.lanes.named["mixture"].getAxis("left")._tickLevels[0] != ticks
    wait_full(qtbot, window, "mixture")
    assert {tile.key.picture for tile in window.feed.drawn("mixture", 0.0, 20.0)} == {"log"}


def test_the_lanes_have_the_same_menu(qtbot, window, timeline):
    shown = []
    timeline._menu.aboutToShow.connect(lambda: shown.append(True))
    box = lane_box(timeline, "mixture")
    at = box.center().toPoint()
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, timeline.viewport().mapToGlobal(at))
    QApplication.sendEvent(timeline.viewport(), event)
    timeline._menu.hide()
    before = window.player.position_s
    legend = timeline.lanes.legend_areas()[0].center().toPoint()
    qtbot.mouseClick(timeline.viewport(), Qt.MouseButton.LeftButton, pos=legend)
    timeline._menu.hide()
    assert len(shown) == 2
    assert window.player.position_s == before
    assert all(isinstance(action, QAction) and action.text() for action in choices(timeline._menu).values())


def test_settings_that_nobody_knows_are_the_usual_ones():
    store = Settings()
    store.spectrogram_scale, store.spectrogram_colours = "bark", "jet"
    assert (Settings().spectrogram_scale, Settings().spectrogram_colours) == ("mel", "magma")


@pytest.mark.parametrize(
    ("level", "words"), [(-23.4, "\N{MINUS SIGN}23 dB"), (0.2, "0 dB"), (-0.3, "0 dB"), (-120.0, "silent")]
)
def test_levels_in_words(level, words):
    assert level_words(level) == words


def test_nothing_is_measured_where_there_is_nothing(qtbot, window, opened):
    """Before a film is open there are no times, and without sound no levels."""
    lanes = window.workspace.timeline.lanes
    assert lanes._ruler.tickValues(0.0, 1.0, 800.0) == []
    opened("nosound three.mp4")
    assert lanes._ruler.tickValues(0.0, 20.0, 800.0)
    assert not lanes.has_sound and lanes.voice_hint()[1] == ""
    opened("talk.mp4")
    assert lanes.has_sound and lanes.voice_hint()[1] == "Pick a person to see the voice here"
