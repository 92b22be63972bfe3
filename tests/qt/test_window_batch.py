"""The batch window: files come in, are put in order, are done beside everything else, and can be gone on with."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from conftest import WAIT_MS
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QFileDialog, QMessageBox

from avsep_gui import app as app_module
from avsep_gui.resources import resource
from avsep_gui.settings import Settings
from avsep_gui.state.batch_queue import ROWS_TYPE, Column
from engine import api
from engine.api import PersonRule


def press(qtbot, button):
    qtbot.waitUntil(lambda: button.isVisible() and button.isEnabled(), timeout=WAIT_MS)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton, pos=QPoint(12, button.height() // 2))


@pytest.fixture
def films(tmp_path):
    """Makes a folder of videos whose names tell the fake engine how to behave."""

    def make(*names):
        folder = tmp_path / "films"
        folder.mkdir(exist_ok=True)
        for name in names:
            shutil.copyfile(resource("sample", "two_talkers.mp4"), folder / name)
        return folder

    return make


@pytest.fixture
def batch(qtbot, window):
    """Opens the batch window by its keys."""

    def open_():
        window.activateWindow()
        qtbot.waitUntil(window.isActiveWindow, timeout=WAIT_MS)
        qtbot.keyClick(window, Qt.Key.Key_B, Qt.KeyboardModifier.ControlModifier)
        qtbot.waitUntil(lambda: window.batch.dialog is not None and window.batch.dialog.isVisible(), timeout=WAIT_MS)
        return window.batch.dialog

    return open_


def drop(dialog, *paths):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    event = QDropEvent(
        QPointF(100, 100), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    dialog.dropEvent(event)


def add(qtbot, dialog, folder, count):
    drop(dialog, folder)
    queue = dialog._queue
    qtbot.waitUntil(lambda: len(queue.batch.items) == count and not dialog._client.busy, timeout=WAIT_MS)


def names(dialog):
    model = dialog.page.table.model()
    return [model.index(row, Column.FILE).data() for row in range(model.rowCount())]


def states(dialog):
    return [item.status for item in dialog._queue.batch.items]


def select(dialog, *rows):
    dialog.page.table.clearSelection()
    selection = dialog.page.table.selectionModel()
    for row in rows:
        index = dialog.page.table.model().index(row, 0)
        selection.select(index, selection.SelectionFlag.Select | selection.SelectionFlag.Rows)
        dialog.page.table.selectionModel().setCurrentIndex(index, selection.SelectionFlag.NoUpdate)


def wait_end(qtbot, dialog):
    qtbot.waitUntil(lambda: dialog._queue.batch.finished and not dialog._client.running, timeout=WAIT_MS)


def test_a_dropped_folder_is_done_and_the_window_says_so(qtbot, window, batch, films):
    dialog = batch()
    assert dialog.empty.add_files.isVisible() and not dialog.page.table.isVisible()
    folder = films("b 2.mp4", "b 10.mp4", "a.mp4")
    add(qtbot, dialog, folder, 3)
    assert names(dialog) == ["a.mp4", "b 2.mp4", "b 10.mp4"]
    assert dialog.page.folder.text() == str(folder / "AVSep") and not (folder / "AVSep").exists()
    press(qtbot, dialog.start)
    qtbot.waitUntil(lambda: dialog._trouble is not None, timeout=WAIT_MS)
    assert dialog._trouble.level == "good" and "All 3 files" in dialog._trouble.text
    assert states(dialog) == ["done"] * 3
    assert (folder / "AVSep" / "b 10").read_text() == "most visible default folder"
    summary = json.loads((folder / "AVSep" / "summary.json").read_text())
    assert summary["done"] == 3
    assert api.load_batch(folder / "AVSep" / api.BATCH_NAME).count("done") == 3
    assert dialog.status.text() == "3 of 3 done"
    assert Settings().batch_file is None


def test_bad_files_fail_alone_and_are_tried_again(qtbot, window, batch, films):
    dialog = batch()
    folder = films("a broken.mp4", "b crash.mp4", "c.mp4")
    add(qtbot, dialog, folder, 3)
    press(qtbot, dialog.start)
    wait_end(qtbot, dialog)
    assert states(dialog) == ["failed", "failed", "done"]
    assert dialog.page.table.model().index(0, Column.STATE).data().startswith("Failed: a broken.mp4 is not a video")
    select(dialog, 1)
    assert "stopped unexpectedly" in dialog.page.detail.text() and dialog.page.detail.isVisible()
    qtbot.waitUntil(lambda: dialog._trouble is not None, timeout=WAIT_MS)
    assert "1 of 3" in dialog._trouble.text and "2 failed" in dialog._trouble.text
    press(qtbot, dialog.retry)
    qtbot.waitUntil(lambda: [item.attempts for item in dialog._queue.batch.items] == [2, 2, 1], timeout=WAIT_MS)
    wait_end(qtbot, dialog)
    assert states(dialog) == ["failed", "failed", "done"]
    assert (folder / "batch.log").read_text().split("\n").count("c.mp4") == 1


def test_order_by_keys_and_by_dragging(qtbot, window, batch, films):
    dialog = batch()
    add(qtbot, dialog, films("a.mp4", "b.mp4", "c.mp4", "d.mp4"), 4)
    dialog.page.table.setFocus()
    select(dialog, 2)
    qtbot.keyClick(dialog.page.table, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    assert names(dialog) == ["a.mp4", "c.mp4", "b.mp4", "d.mp4"]
    assert dialog._queue.batch.items[1].id in dialog.page.table.selected_ids()  # it stays selected
    press(qtbot, dialog.page.up)
    assert names(dialog)[0] == "c.mp4" and not dialog.page.up.isEnabled()
    qtbot.keyClick(dialog.page.table, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    assert names(dialog) == ["a.mp4", "c.mp4", "b.mp4", "d.mp4"]
    model = dialog.page.table.model()
    data = model.mimeData([model.index(0, 0), model.index(2, 0), model.index(0, 1)])
    assert data.hasFormat(ROWS_TYPE)
    model.dropMimeData(data, Qt.DropAction.MoveAction, 4, 0, model.index(-1, -1))
    assert names(dialog) == ["c.mp4", "d.mp4", "a.mp4", "b.mp4"]
    select(dialog, 0, 1)
    qtbot.keyClick(dialog.page.table, Qt.Key.Key_Delete)
    assert names(dialog) == ["a.mp4", "b.mp4"]


def choose(menu, *words):
    """As a user does it: the entry of a menu, or of a menu in it."""
    for word in words:
        action = next(one for one in menu.actions() if one.text().replace("&", "").startswith(word))
        menu = action.menu() or menu
    action.trigger()


def test_whose_voice_for_each_file(qtbot, window, batch, films, monkeypatch, tmp_path):
    dialog = batch()
    folder = films("a.mp4", "b.mp4", "c.mp4", "d.mp4", "e.mp4")
    photo = tmp_path / "Anna.jpg"
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_, **__: (str(photo), ""))
    add(qtbot, dialog, folder, 5)
    dialog.page.table.setFocus()
    for row, words in (
        (0, ["Everyone"]), (1, ["Person number", "Person 2"]), (2, ["The person on"]),
        (3, ["By the face of", "Person 3"]),
    ):  # fmt: skip
        select(dialog, row)
        qtbot.keyClick(dialog.page.table, Qt.Key.Key_Return)
        menu = dialog.page._who_menu
        qtbot.waitUntil(menu.isVisible, timeout=WAIT_MS)
        choose(menu, *words)
        menu.close()
    rules = [item.rule for item in dialog._queue.batch.items]
    assert rules == [
        PersonRule("everyone"), PersonRule("person", 2), PersonRule("photo", photo=photo),
        PersonRule("same", 3, video=folder / "a.mp4"), PersonRule(),
    ]  # fmt: skip
    model = dialog.page.table.model()
    words = [model.index(row, Column.WHO).data() for row in range(5)]
    assert words == ["Everyone", "Person 2", "As on Anna.jpg", "Person 3 of a.mp4", "Most visible"]
    dialog.page.write.setFocus()
    qtbot.keyClick(dialog.page.write, Qt.Key.Key_Down)
    assert [item.output for item in dialog._queue.batch.items] == ["a", "b.wav", "c.wav", "d.wav", "e.wav"]
    press(qtbot, dialog.start)
    wait_end(qtbot, dialog)
    assert (folder / "AVSep" / "b.wav").read_text() == "person 2 default voice"


def test_pause_goes_on_with_the_same_file_and_listening_stays_free(qtbot, window, batch, films, opened):
    opened()
    dialog = batch()
    folder = films("a slow.mp4", "b.mp4")
    add(qtbot, dialog, folder, 2)
    press(qtbot, dialog.start)
    qtbot.waitUntil(lambda: dialog._queue.working is not None and dialog._queue.working.fraction > 0, timeout=WAIT_MS)
    assert "Finding people" in dialog.page.table.model().index(0, Column.STATE).data()
    window.document.pick(1)
    qtbot.waitUntil(lambda: bool(window.document.voice(1).ready), timeout=WAIT_MS)
    assert states(dialog)[0] == "running"  # a voice was computed beside it
    assert dialog.start.text() == "Pause"
    press(qtbot, dialog.start)
    qtbot.waitUntil(lambda: not dialog._client.running, timeout=WAIT_MS)
    assert states(dialog) == ["waiting", "waiting"] and dialog.start.text() == "Go on"
    assert "paused" in dialog.status.text()
    press(qtbot, dialog.start)
    wait_end(qtbot, dialog)
    assert states(dialog) == ["done", "done"]


def test_stop_after_this_file(qtbot, window, batch, films):
    dialog = batch()
    folder = films("a slow.mp4", "b.mp4")
    add(qtbot, dialog, folder, 2)
    press(qtbot, dialog.start)
    press(qtbot, dialog.stop_after)
    assert "stops after this one" in dialog.status.text()
    qtbot.waitUntil(lambda: not dialog._client.running, timeout=WAIT_MS)
    assert states(dialog) == ["done", "waiting"]


def test_what_is_wrong_with_the_folder_is_said(qtbot, window, batch, films, tmp_path, monkeypatch):
    dialog = batch()
    add(qtbot, dialog, films("a.mp4"), 1)
    full = tmp_path / "full"
    full.mkdir()
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_, **__: str(full))
    press(qtbot, dialog.page.change_folder)
    assert dialog.page.folder.text() == str(full)
    press(qtbot, dialog.start)
    qtbot.waitUntil(lambda: dialog._trouble is not None, timeout=WAIT_MS)
    assert "no space left" in dialog._trouble.text and states(dialog) == ["waiting"]
    drop(dialog, tmp_path / "full")
    qtbot.waitUntil(lambda: "no videos" in dialog._trouble.text, timeout=WAIT_MS)


def answer(monkeypatch, words):
    """Presses the button with these words in the question to come."""
    asked = []

    def exec_(box):
        asked.append(box.text())
        button = next(one for one in box.buttons() if one.text() == words)
        box.clickedButton = lambda: button
        return 0

    monkeypatch.setattr(QMessageBox, "exec", exec_)
    return asked


def test_closing_asks_and_the_next_window_goes_on(qtbot, window, batch, films, monkeypatch, engine_name, qapp):
    dialog = batch()
    folder = films("a.mp4", "b slow.mp4", "c.mp4")
    add(qtbot, dialog, folder, 3)
    press(qtbot, dialog.start)
    qtbot.waitUntil(lambda: states(dialog)[:2] == ["done", "running"], timeout=WAIT_MS)
    asked = answer(monkeypatch, "Keep working")
    window.close()
    assert window.isVisible() and len(asked) == 1 and "2 files" in asked[0]
    answer(monkeypatch, "Stop and close")
    window.close()
    assert not window.isVisible()
    left = json.loads((folder / "AVSep" / api.BATCH_NAME).read_text())
    assert [item["status"] for item in left["items"]] == ["done", "waiting", "waiting"]

    second = app_module.make_window(engine_name)
    second.show()
    try:
        qtbot.waitUntil(lambda: bool(second.notices.shown()), timeout=WAIT_MS)
        notice = second.notices.shown()[0]
        assert "2 files are left" in notice.text
        press(qtbot, notice.button)
        queue = second.batch.queue
        qtbot.waitUntil(lambda: bool(queue.batch.items) and queue.batch.finished, timeout=WAIT_MS)
        assert [item.attempts for item in queue.batch.items] == [1, 2, 1]
        assert (folder / "batch.log").read_text() == "a.mp4\nb slow.mp4\nb slow.mp4\nc.mp4\n"
        qtbot.waitUntil(lambda: Settings().batch_file is None and not second._runner.jobs(), timeout=WAIT_MS)
    finally:
        second.close()
        second.deleteLater()
        qapp.sendPostedEvents(None, 52)
        qapp.processEvents()


def test_the_command_line_goes_on_with_the_windows_batch(qtbot, window, batch, films, capsys):
    """One queue, one file: `avsep batch --resume` takes what the window left."""
    from engine.cli import main

    dialog = batch()
    folder = films("a slow.mp4")
    add(qtbot, dialog, folder, 1)
    press(qtbot, dialog.start)
    qtbot.waitUntil(lambda: states(dialog) == ["running"], timeout=WAIT_MS)
    assert main(["batch", "--resume", "-o", str(folder / "AVSep"), "--json"]) == 1  # it is held
    assert "worked on elsewhere" in json.loads(capsys.readouterr().out)["error"]["message"]
    press(qtbot, dialog.start)
    qtbot.waitUntil(lambda: not dialog._client.running and not window._runner.jobs(), timeout=WAIT_MS)
    assert main(["batch", "--resume", "-o", str(folder / "AVSep"), "--json"]) == 1  # and while it is shown
    capsys.readouterr()
    press(qtbot, dialog.page.clear)
    assert dialog.empty.add_files.isVisible() and names(dialog) == []
    with api.hold_batch(folder / "AVSep"):
        pass
    assert main(["batch", "--resume", "-o", str(folder / "AVSep"), "--json", "--dry-run"]) == 0
    items = json.loads(capsys.readouterr().out)["items"]
    assert [(Path(item["input"]).name, item["status"], item["attempts"]) for item in items] == [
        ("a slow.mp4", "waiting", 1)
    ]


@pytest.mark.parametrize("given", ["", "avsep-batch.json"], ids=["folder", "file"])
def test_the_window_goes_on_with_the_command_lines_batch(qtbot, window, batch, films, tmp_path, capsys, given):
    """The other way round: what `avsep batch` left is dropped on the window, and read by the command line again."""
    from engine.cli import main

    bad, out = films("a broken.mp4"), tmp_path / "out"
    (bad / "b.mp4").write_text("no video")
    (bad / "a broken.mp4").write_text("no video either")
    assert main(["batch", str(bad), "-o", str(out), "--person", "2", "--model", "tiny", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["failed"] == 2
    dialog = batch()
    with api.hold_batch(out):  # as while the command line works on it
        drop(dialog, out / given)
        qtbot.waitUntil(lambda: dialog._trouble is not None, timeout=WAIT_MS)
        assert "worked on elsewhere" in dialog._trouble.text and not dialog._queue.batch.items
    drop(dialog, out / given)
    qtbot.waitUntil(lambda: dialog.page.table.isVisible(), timeout=WAIT_MS)
    assert names(dialog) == ["a broken.mp4", "b.mp4"] and dialog.page.folder.text() == str(out)
    messages = [item["error"]["message"] for item in told["items"]]
    model = dialog.page.table.model()
    assert [model.index(row, Column.STATE).data() for row in (0, 1)] == [f"Failed: {text}" for text in messages]
    assert [model.index(row, Column.WHO).data() for row in (0, 1)] == ["Person 2"] * 2
    press(qtbot, dialog.retry)
    wait_end(qtbot, dialog)
    assert states(dialog) == ["failed", "done"]
    qtbot.waitUntil(lambda: not window._runner.jobs(), timeout=WAIT_MS)
    press(qtbot, dialog.page.clear)
    assert main(["batch", "--resume", "-o", str(out), "--json", "--dry-run"]) == 0
    items = json.loads(capsys.readouterr().out)["items"]
    assert [(item["status"], item["attempts"]) for item in items] == [("failed", 2), ("done", 2)]


@pytest.mark.slow
class TestWithTheRealEngine:
    @pytest.fixture
    def engine_name(self):
        return "engine.api"

    def test_a_file_becomes_a_folder_with_its_voice(self, qtbot, window, batch, films):
        dialog = batch()
        window.client.use_model("tiny")
        folder = films("talk.mp4")
        (folder / "text.mp4").write_text("no video")
        add(qtbot, dialog, folder, 2)
        press(qtbot, dialog.start)
        qtbot.waitUntil(lambda: dialog._queue.batch.finished, timeout=180_000)
        assert states(dialog) == ["done", "failed"]
        made = {path.name for path in (folder / "AVSep" / "talk").iterdir()}
        assert made == {"Person 1.wav", "rest.wav", "talk.otio", "report.json"}
        qtbot.waitUntil(lambda: (folder / "AVSep" / "summary.txt").exists(), timeout=WAIT_MS)
        qtbot.waitUntil(lambda: not window._runner.jobs(), timeout=WAIT_MS)
