"""The user corrects who is who: same person, wrong person, somebody new, hidden, by a photo; and takes it back."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from conftest import WAIT_MS
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QFileDialog, QPushButton

from avsep_gui.state.document import FacesState, ListenMode
from avsep_gui.state.intervals import contains, covers


def entries(menu):
    """Words of a menu without marks, with those below them."""
    found = {}
    for action in menu.actions():
        if not action.isSeparator():
            below = action.menu()
            found[action.text().replace("&", "")] = entries(below) if below is not None else action
    return found


def choose(window, person_id, *words):
    """Take an entry of a person's menu, by how its words begin."""
    window.people_desk.fill(window.people_desk.menu, person_id)
    at = entries(window.people_desk.menu)
    for word in words:
        at = next(value for text, value in at.items() if text.startswith(word))
    assert at.isEnabled()
    at.trigger()


def rows(window):
    return {row.person_id: row.name.text() for row in window.workspace.people.rows}


def shown_faces(window):
    return {who for who, button in window.workspace.video.overlay.buttons.items() if button.isVisible()}


def notices(window):
    return [notice.text for notice in window.notices.shown()]


def wait_for_all(qtbot, window, person_id):
    duration_s = window.document.duration_s
    qtbot.waitUntil(lambda: covers(window.document.voice(person_id).ready, 0.0, duration_s), timeout=WAIT_MS)


def calls(path):
    return [json.loads(line) for line in path.with_name("calls.jsonl").read_text().splitlines()]


def test_two_people_are_one(qtbot, window, opened):
    path = opened("three.mp4")
    document = window.document
    document.rename(2, "Anna")
    document.pick(3)
    choose(window, 3, "Person 3 is the same", "Anna")
    assert rows(window) == {1: "Person 1", 2: "Anna"}
    assert document.picked == 2 and document.mode is ListenMode.VOICE
    assert [track.start_s for track in document.person(2).tracks] == [0.0, 12.0]
    wait_for_all(qtbot, window, 2)
    merged = [call for call in calls(path) if "cast" in call]
    assert merged and merged[-1]["person"] == 2 and sorted(merged[-1]["cast"]) == [[2, 2], [2, 3]]
    window.player.seek(15.0)
    qtbot.waitUntil(lambda: shown_faces(window) == {1, 2}, timeout=WAIT_MS)
    (notice,) = window.notices.shown()
    qtbot.mouseClick(notice.button, Qt.MouseButton.LeftButton)
    assert rows(window) == {1: "Person 1", 2: "Anna", 3: "Person 3"}
    assert document.picked == 3
    document.undo_stack.redo()
    assert rows(window) == {1: "Person 1", 2: "Anna"}


def test_who_are_seen_together_are_two(qtbot, window, opened):
    opened("three.mp4")
    choose(window, 2, "Person 2 is the same", "Person 1")
    assert len(rows(window)) == 3 and not window.document.undo_stack.canUndo()
    assert any("both in the picture at 0:00" in text for text in notices(window))


def test_a_voice_that_was_computed_is_there_again_after_undo(qtbot, window, opened):
    path = opened("three.mp4")
    document = window.document
    document.pick(2)
    wait_for_all(qtbot, window, 2)
    store = document.voice(2).store
    choose(window, 2, "Person 2 is the same", "Person 3")
    assert document.picked == 3 and document.voice(3).store != store
    wait_for_all(qtbot, window, 3)
    document.undo_stack.undo()
    assert document.picked == 2 and document.voice(2).store == store
    assert covers(document.voice(2).ready, 0.0, document.duration_s), "nothing computed is thrown away"
    count = len(calls(path))
    qtbot.wait(300)
    assert len(calls(path)) == count


def test_wrong_person_here(qtbot, window, opened):
    opened("three.mp4")
    window.player.seek(14.0)
    choose(window, 3, "This here is not Person 3", "Person 2")
    assert set(rows(window)) == {1, 2}
    choose(window, 2, "This here is not Person 2", "Somebody new")
    assert set(rows(window)) == {1, 2, 4}
    assert [track.start_s for track in window.document.person(4).tracks] == [12.0]
    choose(window, 4, "This here is not Person 4", "Person 1")
    assert any("Person 1 is elsewhere in the picture at 0:12" in text for text in notices(window))
    window.player.seek(10.0)
    window.people_desk.fill(window.people_desk.menu, 4)
    (wrong,) = (a for a in window.people_desk.menu.actions() if a.text().startswith("&This here"))
    assert not wrong.isEnabled(), "nobody is said to be wrong who is not seen"


def test_two_change_places_and_the_picture_shows_it(qtbot, window, opened):
    opened("three.mp4")
    before = {who: button.geometry().x() for who, button in window.workspace.video.overlay.buttons.items()}
    window.player.seek(4.0)
    choose(window, 1, "From here on Person 1 changes places", "Person 2")
    assert before[1] < before[2]
    buttons = window.workspace.video.overlay.buttons
    qtbot.waitUntil(lambda: buttons[1].geometry().x() > buttons[2].geometry().x(), timeout=WAIT_MS)


def test_a_face_that_is_somebody_else_from_here_on_is_shown_once(qtbot, window, opened):
    opened()
    window.player.seek(7.0)
    who = min(shown_faces(window))
    choose(window, who, "From here on it is somebody new")
    new = max(person.id for person in window.document.people)
    for at_s, seen, gone in ((6.89, who, new), (6.91, new, who)):  # of pictures every 0.2 s
        window.workspace.video.overlay.set_time(at_s)
        assert seen in shown_faces(window) and gone not in shown_faces(window)


def test_somebody_new_has_a_face_of_their_own(qtbot, window, opened):
    opened("three.mp4")
    document = window.document
    window.player.seek(5.0)
    choose(window, 1, "From here on it is somebody new")
    assert set(rows(window)) == {1, 2, 3, 4}
    qtbot.waitUntil(lambda: document.picture(document.person(4)).shape == (160, 160, 3), timeout=WAIT_MS)
    assert document.picture(document.person(4))[0, 0, 0] == 12, "the face in the middle of what is left, at 12 s"
    face = window.workspace.people.row(4)._face.pixmap().toImage()
    assert face.pixelColor(80, 80).red() == 12
    window.player.seek(0.0)
    window.people_desk.fill(window.people_desk.menu, 4)
    (new,) = (a for a in window.people_desk.menu.actions() if a.text().startswith("From here on it"))
    assert not new.isEnabled()


def test_hidden_people_leave_picture_lists_and_exports(qtbot, window, opened):
    opened("three.mp4")
    document = window.document
    document.pick(1)
    document.rename(2, "Passer-by")
    choose(window, 2, "Hide")
    assert set(rows(window)) == {1, 3} and document.picked == 1
    window.player.seek(2.0)
    qtbot.waitUntil(lambda: shown_faces(window) == {1}, timeout=WAIT_MS)
    request = window.client.separation_request(document.path, everyone=True)
    assert (request.everyone, request.person_ids) == (False, (1, 3))
    (button,) = (b for b in window.workspace.people.findChildren(QPushButton) if b.text() == "Show Passer-by again")
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert set(rows(window)) == {1, 2, 3}
    assert window.client.separation_request(document.path, everyone=True).everyone
    qtbot.keyClick(window, Qt.Key.Key_1)
    qtbot.keyClick(window, Qt.Key.Key_H)
    assert set(rows(window)) == {2, 3} and document.picked is None and document.mode is ListenMode.ORIGINAL
    document.undo_stack.undo()
    assert document.picked == 1


def test_the_menu_opens_by_mouse_and_by_key(qtbot, window, opened):
    opened("three.mp4")
    menu = window.people_desk.menu
    row = window.workspace.people.row(2)
    qtbot.mouseClick(row.more, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(menu.isVisible, timeout=WAIT_MS)
    assert any("Person 2" in text for text in entries(menu))
    menu.close()
    qtbot.keyClick(window, Qt.Key.Key_1)
    qtbot.keyClick(window, Qt.Key.Key_C)
    qtbot.waitUntil(menu.isVisible, timeout=WAIT_MS)
    assert "Hide Person 1" in entries(menu)
    menu.close()
    button = window.workspace.video.overlay.buttons[2]
    button.menu_wanted.emit(button.mapToGlobal(QPoint(5, 5)))
    assert "Hide Person 2" in entries(menu)
    menu.close()


def test_everything_is_in_the_project(qtbot, window, opened, tmp_path):
    path = opened("three.mp4")
    document = window.document
    choose(window, 3, "Person 3 is the same", "Person 2")
    document.rename(2, "Anna")
    window.player.seek(5.0)
    choose(window, 1, "From here on it is somebody new")
    document.rename(4, "Bob")
    document.pick(4)
    choose(window, 1, "Hide")
    project = tmp_path / "talk.avsep"
    window.projects.save(project)
    text = json.loads(project.read_text())
    assert text["hidden"] == [1] and len(text["corrections"]["parts"]) == 4
    assert not window.projects.modified
    cast = document.cast
    window.open_file(path)
    qtbot.waitUntil(lambda: document.faces_state is FacesState.FOUND and not document.cast, timeout=WAIT_MS)
    assert set(rows(window)) == {1, 2, 3}
    window.open_file(project)
    qtbot.waitUntil(lambda: document.faces_state is FacesState.FOUND and bool(document.cast), timeout=WAIT_MS)
    assert document.cast == cast
    qtbot.waitUntil(lambda: rows(window) == {2: "Anna", 4: "Bob"}, timeout=WAIT_MS)
    assert document.hidden == {1}
    assert document.picked == 4 and not window.projects.modified


def test_corrections_for_other_faces_are_dropped_with_a_word(qtbot, window, opened, tmp_path):
    opened("three.mp4")
    window.document.rename(1, "Anna")
    choose(window, 3, "Person 3 is the same", "Person 2")
    project = tmp_path / "talk.avsep"
    window.projects.save(project)
    text = json.loads(project.read_text())
    text["corrections"]["found"][0]["first_box_px"] = [1, 1, 2, 2]
    project.write_text(json.dumps(text))
    window.open_file(project)
    qtbot.waitUntil(lambda: window.document.faces_state is FacesState.FOUND, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: rows(window)[1] == "Anna", timeout=WAIT_MS)
    assert not window.document.cast
    assert any("Who is who was corrected for other faces" in text for text in notices(window))


@pytest.mark.parametrize("people", [[{"person": 1}], [3], [{"person": 1, "found": 1, "start_s": 5, "end_s": 5}], 7])
def test_corrections_that_make_no_sense_are_no_project(qtbot, window, opened, tmp_path, people):
    opened("three.mp4")
    project = tmp_path / "talk.avsep"
    window.projects.save(project)
    text = json.loads(project.read_text()) | {"corrections": {"parts": people}}
    project.write_text(json.dumps(text))
    window.open_file(project)
    assert any("damaged" in text for text in notices(window))


def test_a_person_is_found_by_a_photo(qtbot, window, opened, tmp_path, monkeypatch):
    opened()
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(tmp_path / "anna.jpg"), ""))
    window.actions_by_id["by_photo"].trigger()
    qtbot.waitUntil(lambda: window.document.picked == 2, timeout=WAIT_MS)
    assert any("Person 2 looks like the person in anna.jpg" in text for text in notices(window))
    window.document.pick(None)
    window.people_desk.find_by_photo(tmp_path / "stranger.jpg")
    qtbot.waitUntil(lambda: any("Nobody in this video looks like" in text for text in notices(window)), timeout=WAIT_MS)
    assert window.document.picked is None
    button = next(n.button for n in window.notices.shown() if "Nobody" in n.text)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert window.document.picked == 2
    window.people_desk.find_by_photo(tmp_path / "empty.jpg")
    qtbot.waitUntil(lambda: any("No face is seen in" in text for text in notices(window)), timeout=WAIT_MS)


def test_a_preview_of_who_is_no_more_is_given_up(qtbot, window, opened):
    opened("three slow.mp4")
    document = window.document
    document.pick(3)
    qtbot.waitUntil(lambda: contains(document.voice(3).ready, 0.5), timeout=WAIT_MS)
    choose(window, 3, "Person 3 is the same", "Person 2")
    titles = [job.title for job in window._runner.jobs() if job.title]
    qtbot.waitUntil(lambda: not any("Person 3" in t for t in [j.title for j in window._runner.jobs()]), timeout=WAIT_MS)
    assert any("Person 2" in title for title in titles)
    qtbot.waitUntil(lambda: contains(document.voice(2).ready, 0.5), timeout=WAIT_MS)


def test_what_is_heard_and_drawn_is_of_whom_the_picked_person_is_now(qtbot, window, opened):
    opened("three.mp4")
    document = window.document
    window.player.seek(1.0)
    document.pick(1)
    wait_for_all(qtbot, window, 1)
    heard = []
    window.player.mixer.set_voice, before = lambda samples, ready: heard.append(ready), window.player.mixer.set_voice
    window.player.seek(5.0)
    choose(window, 1, "From here on it is somebody new")
    assert heard[-1] == (), "the voice of the first five seconds is another one, of which nothing is there yet"
    document.undo_stack.undo()
    assert heard[-1] == ((0.0, document.duration_s),)
    window.player.mixer.set_voice = before


def test_the_way_back_goes_when_something_else_was_done(qtbot, window, opened):
    opened("three.mp4")
    choose(window, 2, "Hide")
    assert [notice.button.text() for notice in window.notices.shown()] == ["Undo"]
    choose(window, 3, "Hide")
    assert notices(window) == ["Person 3 is hidden."]
    window.document.undo_stack.undo()
    assert notices(window) == [] and set(rows(window)) == {1, 3}


def test_long_and_odd_names_fit_into_panel_and_menu(window, opened):
    opened("three.mp4")
    window.document.rename(2, "Maximilian Featherstonehaugh-Smythe & Sons")
    assert window.workspace.people.row(2).name.cursorPosition() == 0
    window.people_desk.fill(window.people_desk.menu, 2)
    texts = [action.text() for action in window.people_desk.menu.actions() if not action.isSeparator()]
    assert texts[-1].startswith("&Hide Maximilian") and len(texts[-1]) < 40
    window.document.rename(2, "R & B")
    window.people_desk.fill(window.people_desk.menu, 1)
    assert "Person 1 is the same person as" in entries(window.people_desk.menu)
    (same,) = (a.menu() for a in window.people_desk.menu.actions() if "&same" in a.text())
    assert same.actions()[0].text() == "R && B"


def test_the_keyboard_stays_with_a_person_through_corrections(qtbot, window, opened):
    opened("three.mp4")
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow, timeout=WAIT_MS)
    before = {row.person_id: row for row in window.workspace.people.rows}
    before[1].setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.waitUntil(before[1].hasFocus, timeout=WAIT_MS)
    choose(window, 3, "Person 3 is the same", "Person 2")
    assert before[1].hasFocus()
    window.document.undo_stack.undo()
    assert before[1].hasFocus()
    order = [stop for row in window.workspace.people.rows for stop in row.stops]
    assert [row.person_id for row in window.workspace.people.rows] == [1, 2, 3]
    qtbot.waitUntil(lambda: all(stop.isVisible() for stop in order), timeout=WAIT_MS)
    for stop, following in pairwise(order):
        qtbot.keyClick(stop, Qt.Key.Key_Tab)
        assert following.hasFocus()
    window.workspace.people.row(3).setFocus(Qt.FocusReason.TabFocusReason)
    choose(window, 3, "Person 3 is the same", "Person 2")
    assert window.workspace.people.row(1).hasFocus()
