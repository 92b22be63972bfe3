"""Open, click a face, hear the voice; A/B; rename; undo; keyboard."""

from __future__ import annotations

import itertools
import json

import fake_engine
import numpy as np
import pytest
from conftest import WAIT_MS
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QAbstractButton, QApplication, QLineEdit, QSlider

from avsep_gui.state.document import ListenMode
from avsep_gui.state.intervals import contains, covers
from avsep_gui.state.person_facts import box_at

AT_S = 2.0
FRAMES = 4000


def tone(person_id, at_s=AT_S):
    begin = round(at_s * fake_engine.RATE)
    return fake_engine.tone(person_id)[begin : begin + FRAMES]


def heard(window, at_s=AT_S):
    return window.player.mixer.render(at_s, FRAMES)[:, 0]


def wait_for_voice(qtbot, window, person_id, at_s=AT_S):
    qtbot.waitUntil(lambda: contains(window.document.voice(person_id).ready, at_s), timeout=WAIT_MS)
    qtbot.waitUntil(lambda: window.document.voice(person_id).store is not None, timeout=WAIT_MS)


def wait_for_all(qtbot, window, person_id):
    duration_s = window.document.duration_s
    qtbot.waitUntil(lambda: covers(window.document.voice(person_id).ready, 0.0, duration_s), timeout=WAIT_MS)


def test_opening_shows_people_on_the_picture_and_in_the_panel(qtbot, window, opened):
    path = opened()
    buttons = window.workspace.video.overlay.buttons
    assert set(buttons) == {1, 2}
    assert all(button.isVisible() for button in buttons.values())
    assert [row.name.text() for row in window.workspace.people.rows] == ["Person 1", "Person 2"]
    assert path.name in window.windowTitle()
    assert np.allclose(heard(window), tone(1) + tone(2), atol=1e-6)


def test_a_click_picks_at_once_and_the_preview_becomes_audible(qtbot, window, opened):
    path = opened("slow.mp4")
    window.document.set_listening(true_levels=True)
    window.player.seek(AT_S)
    button = window.workspace.video.overlay.buttons[2]
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton, pos=button._face.center().toPoint())
    assert window.document.picked == 2
    assert window.document.mode is ListenMode.VOICE
    assert np.allclose(heard(window), 0.126 * (tone(1) + tone(2)), atol=1e-6)
    wait_for_voice(qtbot, window, 2)
    assert np.allclose(heard(window), tone(2), atol=1e-6)
    qtbot.waitUntil(lambda: window.player.playing, timeout=WAIT_MS)
    calls = [json.loads(line) for line in path.with_name("calls.jsonl").read_text().splitlines()]
    assert calls[0] == {"call": "isolate", "person": 2, "range": [0.0, 10.0], "model": "default"}


def test_the_whole_file_follows_the_preview(qtbot, window, opened):
    path = opened()
    window.document.pick(1)
    wait_for_all(qtbot, window, 1)
    calls = [json.loads(line) for line in path.with_name("calls.jsonl").read_text().splitlines()]
    assert [call["range"] is None for call in calls] == [False, True]
    qtbot.waitUntil(lambda: not window._runner.jobs(), timeout=WAIT_MS)


def test_a_b_gives_the_right_samples_at_the_same_place(qtbot, window, opened):
    opened()
    window.document.set_listening(true_levels=True)
    window.document.pick(1)
    wait_for_all(qtbot, window, 1)
    window.player.pause()
    for key, expected in (
        (Qt.Key.Key_Q, tone(1) + tone(2)),
        (Qt.Key.Key_W, tone(1)),
        (Qt.Key.Key_E, tone(2)),
        (Qt.Key.Key_A, tone(1) + tone(2)),
        (Qt.Key.Key_A, tone(1)),
    ):
        qtbot.keyClick(window, key)
        assert np.allclose(heard(window), expected, atol=1e-6), key


def test_without_true_levels_the_voice_is_as_loud_as_the_original(qtbot, window, opened):
    opened()
    window.document.pick(1)
    wait_for_all(qtbot, window, 1)
    qtbot.waitUntil(lambda: not window._runner.jobs(), timeout=WAIT_MS)
    original = np.sqrt(np.mean((tone(1) + tone(2)) ** 2))
    assert np.sqrt(np.mean(heard(window) ** 2)) == pytest.approx(original, rel=0.05)


def test_mix_back_keeps_some_of_everyone_else(qtbot, window, opened):
    opened()
    window.document.set_listening(true_levels=True)
    window.document.pick(1)
    wait_for_all(qtbot, window, 1)
    window.workspace.listen.mix_back.setValue(25)
    assert np.allclose(heard(window), tone(1) + 0.25 * tone(2), atol=1e-6)


def test_seeking_to_what_is_missing_asks_for_it_first(qtbot, window, opened):
    path = opened("slow.mp4")
    window.document.pick(1)
    wait_for_voice(qtbot, window, 1, 0.5)
    window.player.pause()
    window.player.seek(15.0)
    wait_for_voice(qtbot, window, 1, 15.0)
    calls = [json.loads(line) for line in path.with_name("calls.jsonl").read_text().splitlines()]
    assert [10.0, 20.0] in [call["range"] for call in calls]


def test_pick_and_rename_can_be_undone(qtbot, window, opened):
    opened()
    document = window.document
    document.pick(1)
    row = window.workspace.people.rows[0]
    row.name.setFocus()
    row.name.setText("Anna")
    qtbot.keyClick(row.name, Qt.Key.Key_Return)
    assert document.name(1) == "Anna"
    assert window.workspace.video.overlay.buttons[1].accessibleName() == "Hear Anna"
    document.pick(2)
    window.actions_by_id["undo"].trigger()
    assert document.picked == 1
    window.actions_by_id["undo"].trigger()
    assert document.name(1) == "Person 1"
    window.actions_by_id["undo"].trigger()
    assert document.picked is None
    assert document.mode is ListenMode.ORIGINAL
    window.actions_by_id["redo"].trigger()
    assert document.picked == 1


def test_the_keyboard_alone_is_enough(qtbot, window, opened):
    opened()
    overlay = window.workspace.video.overlay
    window.activateWindow()
    qtbot.keyClick(window, Qt.Key.Key_BracketRight)
    assert QApplication.focusWidget() is overlay.buttons[1]
    qtbot.keyClick(overlay.buttons[1], Qt.Key.Key_Right)
    assert QApplication.focusWidget() is overlay.buttons[2]
    qtbot.keyClick(overlay.buttons[2], Qt.Key.Key_Return)
    assert window.document.picked == 2
    qtbot.keyClick(window, Qt.Key.Key_1)
    assert window.document.picked == 1
    qtbot.keyClick(window, Qt.Key.Key_Space)
    was_playing = window.player.playing
    qtbot.keyClick(window, Qt.Key.Key_Space)
    assert window.player.playing is not was_playing
    window.player.pause()
    window.player.seek(4.0)
    qtbot.keyClick(window, Qt.Key.Key_I)
    window.player.seek(6.0)
    qtbot.keyClick(window, Qt.Key.Key_O)
    assert window.document.range_s == (4.0, 6.0)
    qtbot.keyClick(window, Qt.Key.Key_X)
    assert window.document.range_s is None


def test_playing_moves_the_playhead_and_the_picture(qtbot, window, opened):
    opened()
    frames = []
    window.player.picture.frame_changed.connect(lambda image, at_s: frames.append((image.width(), at_s)))
    window.player.play()
    qtbot.waitUntil(lambda: window.player.position_s > 1.0, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: bool(frames) and frames[-1][1] > 0.5, timeout=WAIT_MS)
    window.player.pause()
    assert frames[0][0] == 1280
    before = window.player.position_s
    qtbot.wait(150)
    assert window.player.position_s == before


def test_a_frame_step_goes_by_the_frames_own_times(qtbot, window, opened):
    opened()
    picture = window.player.picture
    window.player.seek(3.0)
    qtbot.waitUntil(lambda: picture.frame_start_s == pytest.approx(3.0, abs=0.001), timeout=WAIT_MS)
    qtbot.keyClick(window, Qt.Key.Key_Right)
    qtbot.waitUntil(lambda: picture.frame_start_s == pytest.approx(3.04, abs=0.001), timeout=WAIT_MS)
    qtbot.keyClick(window, Qt.Key.Key_Left)
    qtbot.waitUntil(lambda: picture.frame_start_s == pytest.approx(3.0, abs=0.001), timeout=WAIT_MS)


def test_faces_lie_where_the_engine_saw_them(qtbot, window, opened):
    opened()
    video = window.workspace.video
    video.overlay.set_time(5.0)
    left, top, right, bottom = box_at(window.document.people[0], 5.0)
    assert left == pytest.approx(70.0)
    room = video.picture_rect()
    assert room.width() / room.height() == pytest.approx(640 / 360, rel=1e-3)
    button = video.overlay.buttons[1]
    face = button._face.translated(button.pos())
    assert face.left() == pytest.approx(room.left() + left * room.width() / 640, abs=1.0)
    assert face.width() == pytest.approx((right - left) * room.width() / 640, abs=1.0)
    assert face.height() == pytest.approx((bottom - top) * room.height() / 360, abs=1.0)
    video.overlay.set_time(1000.0)
    assert not button.isVisible()


def test_every_control_has_an_accessible_name_and_a_tooltip(qtbot, window, opened):
    opened()
    window.document.pick(1)
    nameless = []
    for kind in (QAbstractButton, QSlider, QLineEdit):
        for widget in window.findChildren(kind):
            if not (widget.accessibleName() or (isinstance(widget, QAbstractButton) and widget.text())):
                nameless.append(widget)
    # Qt's own button that opens a tool bar's or menu bar's overflow has no name and is never shown here.
    assert not [widget for widget in nameless if not widget.objectName().startswith("qt_")]


def test_pausing_takes_the_wish_to_play_back(qtbot, window, opened):
    opened("slow.mp4")
    qtbot.keyClick(window, Qt.Key.Key_2)
    assert window.document.picked == 2
    assert not window.player.playing
    window.player.pause()
    wait_for_voice(qtbot, window, 2, 0.5)
    qtbot.wait(100)
    assert not window.player.playing


def test_scrubbing_lets_a_snippet_be_heard_and_then_silence(qtbot, window, opened, monkeypatch):
    opened()
    calls = []
    output = window.player._output
    position_at = window.player.mixer.position_at
    monkeypatch.setattr(output, "start", lambda **_: calls.append(("start", position_at(0))) or True)
    monkeypatch.setattr(output, "stop", lambda: calls.append(("stop", None)))
    timeline = window.workspace.timeline
    viewport = timeline.viewport()
    at = QPoint(round(timeline.x_of(5.0)), 60)
    qtbot.mousePress(viewport, Qt.MouseButton.LeftButton, pos=at)
    assert calls[-1][0] == "start"
    assert calls[-1][1] == pytest.approx(5.0, abs=0.05)
    qtbot.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=at)
    assert calls[-1][0] == "stop"
    assert not window.player.playing
    assert window.player.position_s == pytest.approx(5.0, abs=0.05)


def test_the_loop_stays_inside_the_selection(qtbot, window, opened):
    opened()
    window.document.set_range((3.0, 3.6))
    window.actions_by_id["loop"].trigger()
    seen = []
    window.player.position_changed.connect(seen.append)
    window.player.play()
    qtbot.waitUntil(lambda: any(b < a - 0.2 for a, b in itertools.pairwise(seen)), timeout=WAIT_MS)
    window.player.pause()
    assert all(2.99 <= at_s <= 3.7 for at_s in seen[1:])


def test_shuttle_goes_faster_and_backwards(qtbot, window, opened):
    opened()
    window.player.seek(10.0)
    for key, rate in ((Qt.Key.Key_L, 1.0), (Qt.Key.Key_L, 2.0), (Qt.Key.Key_J, -1.0), (Qt.Key.Key_K, 0.0)):
        qtbot.keyClick(window, key)
        assert window.player.rate == rate
