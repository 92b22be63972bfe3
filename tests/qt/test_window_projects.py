"""Projects in the window: save, reopen, missing videos, crashes, two windows, files that are no projects."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import fake_engine
import pytest
from conftest import WAIT_MS
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QApplication, QFileDialog

from avsep_gui import app as app_module
from avsep_gui import projects as projects_module
from avsep_gui.player import player as player_module
from avsep_gui.player.output import SilentOutput
from avsep_gui.state.document import FacesState, ListenMode, OpenState
from avsep_gui.state.project import PersonMark, Project, write_project
from avsep_gui.state.project_reader import read_project
from engine.errors import InputError

HERE = Path(__file__).parent


@pytest.fixture
def windows(qtbot, qapp, monkeypatch):
    """Makes windows over the fake engine; each is closed without leaving anything behind."""
    monkeypatch.setattr(player_module, "open_output", lambda mixer, rate: (SilentOutput(mixer, rate), True))
    app_module.configure(qapp)
    made = []

    def make():
        window = app_module.make_window("fake_engine")
        window.resize(1280, 800)
        window.show()
        made.append(window)
        return window

    yield make
    for window in made:
        shut(window)
    assert not multiprocessing.active_children()
    assert not [widget for widget in QApplication.topLevelWidgets() if widget.isVisible()]


def shut(window):
    """What closing a window and ending the program do."""
    try:
        window.close()
    except RuntimeError:  # it was shut before
        return
    window.deleteLater()
    QApplication.sendPostedEvents(None, 52)  # QEvent.DeferredDelete
    QApplication.processEvents()


def found(qtbot, window):
    document = window.document
    wanted = (FacesState.FOUND, FacesState.NOBODY)
    qtbot.waitUntil(lambda: document.open_state is OpenState.OPEN and document.faces_state in wanted, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: document.source is not None or "nosound" in document.path.name, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: bool(window.shelf.rows), timeout=WAIT_MS)


def key(qtbot, window, wanted, modifier=Qt.KeyboardModifier.NoModifier):
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow, timeout=WAIT_MS)
    qtbot.keyClick(window, wanted, modifier)


def press(qtbot, button):
    qtbot.waitUntil(lambda: button.isVisible() and button.isEnabled(), timeout=WAIT_MS)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def notices(window):
    return [notice.text for notice in window.notices.shown()]


def said(qtbot, window, words):
    qtbot.waitUntil(lambda: any(words in text for text in notices(window)), timeout=WAIT_MS)


def save_as(qtbot, window, monkeypatch, path):
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *args: (str(path), ""))
    key(qtbot, window, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)


def choose(monkeypatch, path):
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *args: (str(path), ""))


def work(qtbot, window):
    """Decide something of every kind."""
    document = window.document
    key(qtbot, window, Qt.Key.Key_2)
    document.rename(2, "Ben")
    document.rename(1, "Anna")
    document.set_range((3.0, 9.0))
    key(qtbot, window, Qt.Key.Key_E)
    document.set_listening(mix_back=0.25)
    window.player.pause()
    window.player.seek(6.5)
    window.workspace.timeline.show_stretch(4.0, 12.0)


def check_work(window):
    document = window.document
    assert document.picked == 2
    assert [document.name(1), document.name(2)] == ["Anna", "Ben"]
    assert document.range_s == (3.0, 9.0)
    assert document.mode is ListenMode.REST
    assert document.mix_back == 0.25
    assert window.player.position_s == pytest.approx(6.5, abs=0.01)
    assert window.workspace.timeline.visible_s() == pytest.approx((4.0, 12.0), abs=0.01)
    assert not document.undo_stack.canUndo()


@pytest.fixture
def saved(qtbot, windows, video, tmp_path, monkeypatch):
    """A project with work in it, whose window is closed; the video lies beside it."""

    def make(model=None):
        window = windows()
        window.open_file(video())
        found(qtbot, window)
        if model is not None:
            window.client.use_model(model)
        work(qtbot, window)
        save_as(qtbot, window, monkeypatch, tmp_path / "interview.avsep")
        said(qtbot, window, "Saved interview.avsep.")
        shut(window)
        return tmp_path / "interview.avsep"

    return make


def recovery_files(tmp_path):
    return sorted(path.name for path in (tmp_path / "data" / "recovery").glob("*"))


def leave_recovery(tmp_path, project):
    folder = tmp_path / "data" / "recovery"
    folder.mkdir(parents=True, exist_ok=True)
    write_project(folder / "4194999-dead.avsep", project)


def test_a_project_opens_where_it_was_left(qtbot, windows, saved):
    fake_engine.change_state(installed=["guest-fast"])
    path = saved("guest-fast")
    window = windows()
    window.open_file(path)
    found(qtbot, window)
    check_work(window)
    assert window.shelf.chosen == "guest-fast"
    assert notices(window) == []
    assert not window.isWindowModified()
    assert "interview.avsep" in window.windowTitle()
    assert not window.player.playing
    picture = window.player.picture
    qtbot.waitUntil(lambda: picture.frame_start_s <= 6.5 <= picture.frame_end_s + 0.001, timeout=WAIT_MS)
    assert json.loads(path.read_text())["video"]["path"] == "talk.mp4"
    assert json.loads(path.read_text())["video"]["fingerprint"].startswith("blake2b:")


def test_a_project_survives_moving_its_folder(qtbot, windows, saved, tmp_path):
    path = saved()
    there = tmp_path / "elsewhere"
    there.mkdir()
    for name in (path.name, "talk.mp4"):
        (tmp_path / name).rename(there / name)
    window = windows()
    window.open_file(there / path.name)
    found(qtbot, window)
    check_work(window)
    assert window.document.path == there / "talk.mp4"


def test_the_star_follows_changes_undo_and_saving(qtbot, windows, saved):
    window = windows()
    path = saved()
    window.open_file(path)
    found(qtbot, window)
    document = window.document
    assert not window.isWindowModified()
    window.player.seek(2.0)
    window.workspace.timeline.fit()
    assert not window.isWindowModified()
    document.rename(1, "Zoe")
    assert window.isWindowModified()
    key(qtbot, window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert not window.isWindowModified()
    document.set_listening(mix_back=0.5)
    assert window.isWindowModified()
    document.set_listening(mix_back=0.25)
    assert not window.isWindowModified()
    key(qtbot, window, Qt.Key.Key_Q)
    assert window.isWindowModified()
    key(qtbot, window, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    said(qtbot, window, "Saved interview.avsep.")
    assert not window.isWindowModified()
    assert read_project(path).mode is ListenMode.ORIGINAL


def test_a_video_without_a_project_is_never_nagged_about(qtbot, windows, video, tmp_path):
    window = windows()
    window.open_file(video())
    found(qtbot, window)
    window.document.rename(1, "Anna")
    assert not window.isWindowModified()
    window.projects.autosave()
    assert len(recovery_files(tmp_path)) == 2
    shut(window)
    assert recovery_files(tmp_path) == []
    assert not list(tmp_path.glob("*.avsep"))


def test_changes_of_a_project_are_in_its_file_after_closing(qtbot, windows, saved, tmp_path):
    path = saved()
    window = windows()
    window.open_file(path)
    found(qtbot, window)
    window.document.rename(1, "Zoe")
    window.player.seek(1.0)
    shut(window)
    project = read_project(path)
    assert project.people[0].name == "Zoe"
    assert project.playhead_s == pytest.approx(1.0, abs=0.01)
    assert recovery_files(tmp_path) == []


def test_another_file_or_closing_the_file_writes_changes_too(qtbot, windows, saved, video):
    path = saved()
    window = windows()
    window.open_file(path)
    found(qtbot, window)
    window.document.rename(1, "Zoe")
    window.open_file(video("other.mp4"))
    assert read_project(path).people[0].name == "Zoe"
    found(qtbot, window)
    assert window.document.name(1) == "Person 1"
    assert "other.mp4" in window.windowTitle()
    window.open_file(path)
    found(qtbot, window)
    window.document.rename(1, "Yve")
    window.actions_by_id["close_file"].trigger()
    assert read_project(path).people[0].name == "Yve"
    assert window.windowTitle() == "AVSep"
    assert not window.isWindowModified()


def test_a_name_that_is_being_typed_is_saved(qtbot, windows, saved):
    path = saved()
    window = windows()
    window.open_file(path)
    found(qtbot, window)
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow, timeout=WAIT_MS)
    key(qtbot, window, Qt.Key.Key_F2)
    field = QApplication.focusWidget()
    field.clear()
    qtbot.keyClicks(field, "Zoe")
    qtbot.keyClick(field, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    said(qtbot, window, "Saved interview.avsep.")
    assert [person.name for person in read_project(path).people] == ["Anna", "Zoe"]


def test_the_first_name_of_a_project_is_the_videos(qtbot, windows, video, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *args: asked.append(args[2]) or ("", ""))
    window = windows()
    window.open_file(video("talk.v2.mp4"))
    found(qtbot, window)
    for _ in range(2):
        key(qtbot, window, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
        monkeypatch.setattr(os, "access", lambda path, how: False)
    assert asked == [str(tmp_path / "talk.v2.avsep"), str(Path.home() / "talk.v2.avsep")]
    assert window.projects.path is None


def test_names_in_a_project_are_words_and_not_markup(qtbot, windows, tmp_path):
    path = tmp_path / "x.avsep"
    write_project(path, Project("<img src='zero'>talk.mp4"))
    window = windows()
    window.open_file(path)
    assert window.error_view.message == "The video <img src='zero'>talk.mp4 is missing."
    assert "<img" not in window.header._name.toolTip()


def test_opening_the_open_project_again_keeps_what_was_done(qtbot, windows, saved):
    path = saved()
    window = windows()
    window.open_file(path)
    found(qtbot, window)
    window.document.rename(1, "Zoe")
    window.open_file(path)
    found(qtbot, window)
    assert window.document.name(1) == "Zoe"


def test_two_windows_do_not_write_over_each_other(qtbot, windows, saved, monkeypatch, tmp_path):
    path = saved()
    one, two = windows(), windows()
    for window, name in ((one, "Eve"), (two, "Zoe")):
        window.open_file(path)
        found(qtbot, window)
        window.document.rename(1, name)
    key(qtbot, one, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    said(qtbot, one, "Saved interview.avsep.")
    key(qtbot, two, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    said(qtbot, two, "was changed by another window or program meanwhile")
    assert read_project(path).people[0].name == "Eve"
    assert two.isWindowModified()
    shut(two)
    assert read_project(path).people[0].name == "Eve"
    assert windows().start.recovery.question == "Your changes could not be saved; go on with interview.avsep?"
    save_as(qtbot, one, monkeypatch, path)
    assert read_project(path).people[0].name == "Eve"


def test_the_way_on_from_a_missing_video_has_the_focus(qtbot, windows, saved, monkeypatch, tmp_path):
    path = saved()
    (tmp_path / "talk.mp4").rename(tmp_path / "new.mp4")
    window = windows()
    window.open_file(path)
    choose(monkeypatch, tmp_path / "new.mp4")
    window.activateWindow()
    qtbot.waitUntil(lambda: QApplication.focusWidget() is window.error_view.ways[0], timeout=WAIT_MS)
    qtbot.keyClick(window.error_view.ways[0], Qt.Key.Key_Return)
    found(qtbot, window)
    check_work(window)


def test_what_cannot_be_saved_on_leaving_is_offered_at_the_next_start(qtbot, windows, saved, monkeypatch, tmp_path):
    path = saved()
    window = windows()
    window.open_file(path)
    found(qtbot, window)
    window.document.rename(1, "Zoe")

    def refuse(wanted, project):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(projects_module, "write_project", refuse)
    shut(window)
    monkeypatch.undo()
    monkeypatch.setenv("AVSEP_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("AVSEP_FAKE_STATE", str(tmp_path / "models"))
    monkeypatch.setattr(player_module, "open_output", lambda mixer, rate: (SilentOutput(mixer, rate), True))
    assert read_project(path).people[0].name == "Anna"
    window = windows()
    assert window.start.recovery.question == "Your changes could not be saved; go on with interview.avsep?"
    press(qtbot, window.start.recovery.restore)
    found(qtbot, window)
    assert window.document.name(1) == "Zoe"
    assert window.isWindowModified()


def test_saving_where_nothing_can_be_written_is_a_sentence_with_a_way_on(qtbot, windows, video, tmp_path, monkeypatch):
    window = windows()
    window.open_file(video())
    found(qtbot, window)
    save_as(qtbot, window, monkeypatch, tmp_path / "none" / "x.avsep")
    said(qtbot, window, "cannot be saved as")
    assert "Save it in another folder." in notices(window)[0]
    (tmp_path / "there.avsep").write_text("mine")
    save_as(qtbot, window, monkeypatch, tmp_path / "there")
    said(qtbot, window, "There is already a “there.avsep”")
    assert (tmp_path / "there.avsep").read_text() == "mine"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *args: (str(tmp_path / "new"), ""))
    press(qtbot, next(n for n in window.notices.shown() if "already" in n.text).button)
    said(qtbot, window, "Saved new.avsep.")
    assert read_project(tmp_path / "new.avsep").video == "talk.mp4"


def test_a_model_that_is_not_installed_gives_way_with_a_sentence(qtbot, windows, video, tmp_path):
    video()
    write_project(tmp_path / "x.avsep", Project("talk.mp4", model="<b>guest</b>-gone"))
    window = windows()
    window.open_file(tmp_path / "x.avsep")
    found(qtbot, window)
    said(qtbot, window, "The model <b>guest</b>-gone of this project is not installed; compact computes voices.")
    assert window.shelf.chosen == "default"
    assert not window.isWindowModified()


def test_people_who_are_gone_are_dropped_with_one_sentence(qtbot, windows, video, tmp_path):
    video()
    people = (PersonMark(1, "Anna", 0.0, (600.0, 300.0, 630.0, 350.0)), PersonMark(7, "Cy"), PersonMark(2, "Ben"))
    write_project(tmp_path / "x.avsep", Project("talk.mp4", people=people, picked=7, mode=ListenMode.VOICE))
    window = windows()
    window.open_file(tmp_path / "x.avsep")
    found(qtbot, window)
    assert notices(window) == ["Anna and Cy are not among the people in talk.mp4 any more and were dropped."]
    assert window.document.picked is None
    assert window.document.mode is ListenMode.ORIGINAL
    assert [window.document.name(1), window.document.name(2)] == ["Person 1", "Ben"]


def test_the_dialog_dropping_and_the_recent_list_take_projects(qtbot, windows, saved, monkeypatch, tmp_path):
    path = saved()
    window = windows()
    names = [window.start.recent.item(row).text().split()[0] for row in range(window.start.recent.count())]
    assert names == ["interview.avsep", "talk.mp4"]
    choose(monkeypatch, path)
    key(qtbot, window, Qt.Key.Key_O, Qt.KeyboardModifier.ControlModifier)
    found(qtbot, window)
    check_work(window)
    window.actions_by_id["close_file"].trigger()
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    copy, left, none = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    window.start.dropEvent(QDropEvent(QPointF(9, 9), copy, data, left, none))
    found(qtbot, window)
    check_work(window)
    window.actions_by_id["close_file"].trigger()
    window.start.recent.itemActivated.emit(window.start.recent.item(0))
    found(qtbot, window)
    check_work(window)


def test_a_missing_video_is_found_again(qtbot, windows, saved, monkeypatch, tmp_path):
    path = saved()
    there = tmp_path / "archive"
    there.mkdir()
    (tmp_path / "talk.mp4").rename(there / "renamed.mp4")
    window = windows()
    window.open_file(path)
    assert window.pages.currentWidget() is window.error_view
    assert window.error_view.message == "The video talk.mp4 is missing."
    assert f"It is not at {tmp_path} any more" in window.error_view._remedy.text()
    assert [way.text() for way in window.error_view.ways] == ["Find it…"]
    assert not window.actions_by_id["save_project"].isEnabled()
    choose(monkeypatch, "")
    press(qtbot, window.error_view.ways[0])
    assert window.pages.currentWidget() is window.error_view
    choose(monkeypatch, there / "renamed.mp4")
    press(qtbot, window.error_view.ways[0])
    found(qtbot, window)
    check_work(window)
    assert window.isWindowModified()
    key(qtbot, window, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    assert read_project(path).video == "archive/renamed.mp4"


def test_another_file_is_named_as_such_and_used_after_confirming(qtbot, windows, saved, monkeypatch, tmp_path):
    path = saved()
    other = tmp_path / "other.mp4"
    other.write_bytes((tmp_path / "talk.mp4").read_bytes()[:-1] + b"\0")
    (tmp_path / "talk.mp4").unlink()
    window = windows()
    window.open_file(path)
    choose(monkeypatch, tmp_path)
    press(qtbot, window.error_view.ways[0])
    said(qtbot, window, "cannot be read")
    choose(monkeypatch, other)
    press(qtbot, window.error_view.ways[0])
    sentence = "“other.mp4” is not the video that this project was made with."
    qtbot.waitUntil(lambda: window.error_view.message == sentence, timeout=WAIT_MS)
    assert [way.text() for way in window.error_view.ways] == ["Find it…", "Use it anyway"]
    press(qtbot, window.error_view.ways[1])
    found(qtbot, window)
    check_work(window)
    assert window.document.path == other


def test_leaving_a_project_whose_video_is_missing_does_not_touch_it(qtbot, windows, saved, video, tmp_path):
    path = saved()
    (tmp_path / "talk.mp4").unlink()
    before = path.read_bytes()
    window = windows()
    window.open_file(path)
    assert window.projects.missing is not None
    window.open_file(video("other.mp4"))
    found(qtbot, window)
    assert window.projects.missing is None
    shut(window)
    assert path.read_bytes() == before


def test_a_video_that_changed_in_its_place_is_noticed(qtbot, windows, saved, tmp_path):
    path = saved()
    with (tmp_path / "talk.mp4").open("ab") as file:
        file.write(b"more")
    window = windows()
    window.open_file(path)
    said(qtbot, window, "talk.mp4 has changed since the project was saved")
    found(qtbot, window)
    check_work(window)


def test_after_a_crash_the_first_page_offers_to_go_on(qtbot, windows, video, tmp_path):
    path = video()
    people = (PersonMark(1, "Anna"), PersonMark(2, "Ben"))
    lost = Project(
        str(path), people=people, picked=2, mode=ListenMode.REST, mix_back=0.25, range_s=(3.0, 9.0),
        playhead_s=6.5, view_s=(4.0, 12.0),
    )  # fmt: skip
    leave_recovery(tmp_path, lost)
    window = windows()
    card = window.start.recovery
    assert card.isVisible()
    assert card.question == "AVSep ended unexpectedly; go on with talk.mp4?"
    press(qtbot, card.restore)
    found(qtbot, window)
    check_work(window)
    assert not card.isVisibleTo(window.start)
    window.document.rename(1, "Zoe")
    window.projects.autosave()
    assert "4194999-dead.avsep" in recovery_files(tmp_path)
    shut(window)
    assert recovery_files(tmp_path) == []


def test_what_a_crash_left_can_be_discarded(qtbot, windows, video, tmp_path):
    leave_recovery(tmp_path, Project(str(video())))
    window = windows()
    press(qtbot, window.start.recovery.discard)
    assert not window.start.recovery.isVisible()
    assert recovery_files(tmp_path) == []
    assert window.document.open_state is OpenState.EMPTY


def test_an_unanswered_question_is_asked_again_and_by_one_window_alone(qtbot, windows, video, tmp_path):
    leave_recovery(tmp_path, Project(str(video())))
    one, two = windows(), windows()
    assert one.start.recovery.isVisible()
    assert not two.start.recovery.isVisible()
    shut(one)
    three = windows()
    assert three.start.recovery.isVisible()


def test_a_restored_project_whose_video_is_missing_is_kept(qtbot, windows, tmp_path):
    leave_recovery(tmp_path, Project(str(tmp_path / "gone.mp4"), people=(PersonMark(1, "Anna"),)))
    window = windows()
    press(qtbot, window.start.recovery.restore)
    assert window.error_view.message == "The video gone.mp4 is missing."
    shut(window)
    assert windows().start.recovery.isVisible()


def test_opening_what_a_crash_left_offers_the_newer_state(qtbot, windows, saved, tmp_path):
    path = saved()
    newer = replace(
        read_project(path), video=str(tmp_path / "talk.mp4"), people=(PersonMark(1, "Zoe"),), recovered_from=str(path)
    )
    leave_recovery(tmp_path, newer)
    window = windows()
    assert window.start.recovery.question == "AVSep ended unexpectedly; go on with interview.avsep?"
    window.open_file(path)
    said(qtbot, window, "ended unexpectedly while interview.avsep was open")
    found(qtbot, window)
    assert window.document.name(1) == "Anna"
    press(qtbot, window.notices.shown()[0].button)
    found(qtbot, window)
    qtbot.waitUntil(lambda: window.document.name(1) == "Zoe", timeout=WAIT_MS)
    assert window.isWindowModified()
    key(qtbot, window, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    assert read_project(path).people[0].name == "Zoe"
    assert recovery_files(tmp_path) == []


def test_two_windows_keep_two_recovery_files(qtbot, windows, video, tmp_path, monkeypatch):
    monkeypatch.setattr(projects_module, "CHANGE_MS", 50)
    one, two = windows(), windows()
    for window, name in ((one, "talk.mp4"), (two, "other.mp4")):
        window.open_file(video(name))
        found(qtbot, window)
        window.document.rename(1, name)
    qtbot.waitUntil(lambda: len(recovery_files(tmp_path)) == 4, timeout=WAIT_MS)
    three = windows()
    assert not three.start.recovery.isVisible()
    shut(one)
    assert len(recovery_files(tmp_path)) == 2
    assert not windows().start.recovery.isVisible()


def test_a_killed_window_is_offered_again(qtbot, windows, video, tmp_path):
    path = video()
    code = (
        "import sys\n"
        f"sys.path[:0] = [{str(HERE.parent.parent)!r}, {str(HERE)!r}]\n"
        "from PySide6.QtCore import QSettings, QTimer\n"
        "from PySide6.QtWidgets import QApplication\n"
        "if __name__ == '__main__':\n"
        "    QSettings.setDefaultFormat(QSettings.Format.IniFormat)\n"
        f"    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, {str(tmp_path / 's')!r})\n"
        "    from pathlib import Path\n"
        "    from avsep_gui import app, projects\n"
        "    projects.CHANGE_MS = 50\n"
        "    app.before_application()\n"
        "    qapp = QApplication([])\n"
        "    window = app.make_window('fake_engine')\n"
        "    window.document.faces_changed.connect(\n"
        "        lambda: window.document.people and window.document.rename(1, 'Zoe'))\n"
        f"    window.open_file(Path({str(path)!r}))\n"
        "    qapp.exec()\n"
    )
    script = tmp_path / "crash.py"
    script.write_text(code)
    folder = tmp_path / "data" / "recovery"

    def kept():
        with_names = [file.read_text() for file in folder.glob("*.avsep")]
        return any("Zoe" in text for text in with_names)

    child = subprocess.Popen([sys.executable, str(script)], start_new_session=True, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60.0
        while not kept() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert kept()
        assert not windows().start.recovery.isVisible()
    finally:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
    window = windows()
    press(qtbot, window.start.recovery.restore)
    found(qtbot, window)
    assert window.document.name(1) == "Zoe"


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"not json", "“x.avsep” is no project of AVSep, or it is damaged: it cannot be read as one."),
        (b'{"format": "other"}', "“x.avsep” is no project of AVSep."),
        (b'{"format": "avsep-project", "version": 3}', "made by a newer AVSep: version 3; this one reads 1."),
        (b" " * 5_000_001, "larger than 5 MB"),
        (b"[" * 9999, "it cannot be read as one"),
        (b'{"format": "avsep-project", "version": 1, "video": {"path": "a\\u0000"}}', "for “path” makes no sense"),
    ],
    ids=["text", "other", "newer", "huge", "deep", "nul"],
)
def test_files_that_are_no_projects_are_one_sentence(qtbot, windows, video, tmp_path, data, sentence):
    path = tmp_path / "x.avsep"
    path.write_bytes(data)
    window = windows()
    window.open_file(path)
    assert window.pages.currentWidget() is window.error_view
    assert sentence in window.error_view.message
    window.open_file(video())
    found(qtbot, window)
    window.document.rename(1, "Anna")
    window.open_file(path)
    said(qtbot, window, sentence)
    assert window.document.name(1) == "Anna"
    assert path.read_bytes() == data


def test_a_project_of_a_device_is_a_sentence(qtbot, windows, tmp_path):
    path = tmp_path / "x.avsep"
    write_project(path, Project("/dev/zero"))
    window = windows()
    window.open_file(path)
    assert window.error_view.message == "What this project calls its video, /dev/zero, is a folder or a device."
    (tmp_path / "folder.avsep").mkdir()
    window.open_file(tmp_path / "folder.avsep")
    assert "is a folder or a device, not a project" in window.error_view.message
    window.open_file(tmp_path / "gone.avsep")
    assert "There is no project at" in window.error_view.message
    assert window.error_view.ways == []


def test_times_beyond_the_file_are_brought_inside(qtbot, windows, video, tmp_path):
    video()
    path = tmp_path / "x.avsep"
    write_project(path, Project("talk.mp4", range_s=(5.0, 9e6), playhead_s=9e6, view_s=(9e6, 9.1e6)))
    window = windows()
    window.open_file(path)
    found(qtbot, window)
    assert window.document.range_s == (5.0, 20.0)
    assert window.player.position_s <= 20.0
    start_s, end_s = window.workspace.timeline.visible_s()
    assert 0.0 <= start_s < end_s <= 20.0


def test_the_command_line_opens_a_project(qtbot, saved, monkeypatch):
    from avsep_gui import __main__ as entry

    opened = []
    monkeypatch.setattr(app_module, "run", lambda video: opened.append(video) or 0)
    path = saved()
    assert entry.main([str(path)]) == 0
    assert opened == [path]


def test_recovery_that_cannot_be_written_is_said_once(qtbot, windows, video, tmp_path):
    (tmp_path / "data").write_text("a file in the way")
    window = windows()
    window.open_file(video())
    found(qtbot, window)
    window.projects.autosave()
    window.document.rename(1, "Zoe")
    window.projects.autosave()
    assert len([text for text in notices(window) if "cannot be kept safe" in text]) == 1


def test_what_is_open_stays_where_a_project_cannot_be_read(qtbot, windows, tmp_path):
    window = windows()
    with pytest.raises(InputError):
        window.projects.open(tmp_path / "gone.avsep")
    assert window.document.open_state is OpenState.EMPTY


def test_the_sample_folder_is_left_alone(qtbot, windows, tmp_path):
    """Opening a video writes nothing beside it but what the engine caches."""
    folder = tmp_path / "films"
    folder.mkdir()
    shutil.copyfile(HERE.parent.parent / "resources" / "sample" / "two_talkers.mp4", folder / "talk.mp4")
    window = windows()
    window.open_file(folder / "talk.mp4")
    found(qtbot, window)
    window.projects.autosave()
    assert not list(folder.glob("*.avsep")) + list(folder.glob(".avsep*"))
