"""The model shelf in the window: adding, choosing, removing, importing; slow models; what the network was used for."""

from __future__ import annotations

import json

import fake_engine
import numpy as np
import pytest
from conftest import WAIT_MS
from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QApplication, QFileDialog

from avsep_gui import model_words, words
from avsep_gui.state.intervals import contains, covers
from avsep_gui.state.shelf import Question, Shelf, is_slow
from avsep_gui.views.export_dialog import ExportDialog
from engine.types import ModelInfo

AT_S = 2.0
FRAMES = 4000


def tone(person_id, model="compact"):
    begin = round(AT_S * fake_engine.RATE)
    return fake_engine.tone(person_id)[begin : begin + FRAMES] * (1.0 if model == "compact" else 0.5)


def heard(window):
    return window.player.mixer.render(AT_S, FRAMES)[:, 0]


def calls(path):
    log = path.with_name("calls.jsonl")
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


def press(qtbot, button):
    qtbot.waitUntil(lambda: button.isVisible() and button.isEnabled(), timeout=WAIT_MS)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def key(qtbot, window, wanted):
    """A key of the main window, after the user turned to it."""
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow, timeout=WAIT_MS)
    qtbot.keyClick(window, wanted)


def notice_texts(window):
    return [notice.text for notice in window.notices.shown()]


@pytest.fixture
def shelf(qtbot, window):
    """The open dialog, after the rows came."""

    def open_(*installed, **state):
        if installed or state:
            fake_engine.change_state(installed=list(installed), **state)
        qtbot.waitUntil(lambda: bool(window.shelf.rows), timeout=WAIT_MS)
        if installed or state:
            window.shelf_client.list_first()
            wanted = {*installed, *state.get("imported", ())}
            rows = window.shelf.installed
            qtbot.waitUntil(lambda: wanted <= {row.name for row in rows()}, timeout=WAIT_MS)
        key(qtbot, window, Qt.Key.Key_F8)
        dialog = window.models.dialog
        assert dialog.isVisible()
        return dialog

    return open_


def choose(window, name):
    """By the menu of the header's chip."""
    action = next(action for action in window.models.menu.actions() if action.text().split("\t")[0] == name)
    action.trigger()


def wait_idle(qtbot, window):
    qtbot.waitUntil(lambda: not window._runner.jobs(), timeout=WAIT_MS)


def test_the_chip_says_which_model_computes_and_lists_the_installed(qtbot, window, shelf):
    dialog = shelf("guest-slow")
    assert window.header.model.text() == "Model: compact"
    assert "Apache-2.0" in window.header.model.toolTip()
    assert "about 3.3 × faster than real time" in window.header.model.toolTip()
    names = [action.text().split("\t")[0] for action in window.models.menu.actions()]
    assert names == ["compact, default", "guest-slow", "", "&Models…"]
    assert list(dialog.cards) == ["compact", "guest-fast", "guest-slow", "guest-failing", "guest-barred"]
    compact = dialog.cards["compact"]
    assert compact.in_use.isVisible()
    assert compact.is_default.isVisible()
    assert not compact.use.isVisible()
    assert not compact.remove.isVisible()
    facts = {name: label.text() for name, label in dialog.cards["guest-slow"].facts.values.items()}
    assert facts["Speed here"] == "about 7 s for each second of one voice, estimated for this computer"
    assert "not measured by us" in facts["Quality"]
    assert facts["Licence"] == "Apache-2.0 (weights), MIT (program)"
    assert facts["Size"] == "68 million parameters, 1.7 GB on the disk"
    assert "process of its own" in facts["From"]
    barred = dialog.cards["guest-barred"]
    assert not barred.install.isEnabled()
    assert "Python 3.11" in barred.hint.text()
    assert window._runner.pids()["shelf"] is None


def test_a_guest_is_added_after_the_question_with_progress_beside_other_work(qtbot, window, shelf):
    dialog = shelf()
    card = dialog.cards["guest-slow"]
    assert window.header.network.text() == "No network used"
    qtbot.waitUntil(lambda: "935 MB to be downloaded" in card.facts.values["Size"].text(), timeout=WAIT_MS)
    press(qtbot, card.install)
    qtbot.waitUntil(card.question.isVisible, timeout=WAIT_MS)
    assert card.question.headline.text() == "Download about 935 MB for guest-slow?"
    asked = {name: label.text() for name, label in card.question.facts.values.items()}
    assert asked["Weights"] == "735 MB, huggingface.co"
    assert asked["Python packages"] == "200 MB, pypi.org"
    assert "MIT" in asked["Licence"]
    assert "14 s of one processor core" in card.question.note.text()
    assert window._runner.pids()["shelf"] is None
    assert fake_engine.read_state()["adds"] == []
    qtbot.waitUntil(card.question.download.hasFocus, timeout=WAIT_MS)
    room, button = dialog._scroll.viewport(), card.question.download
    qtbot.waitUntil(lambda: room.rect().contains(button.mapTo(room, button.rect().bottomRight())), timeout=WAIT_MS)
    qtbot.keyClick(card.question.download, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: card.work.isVisible() and card.work.bar.value() > 200, timeout=WAIT_MS)
    assert "Downloading the weights" in card.work.label.text()
    assert window.header.network.text() == "Using the network: adding guest-slow"
    assert window.header.network.property("busy") is True
    window.actions_by_id["show_jobs"].trigger()
    assert "Adding guest-slow" in [row._title.text() for row in window.drawer.rows.values()]
    dialog.close()
    qtbot.waitUntil(lambda: any("guest-slow is installed" in text for text in notice_texts(window)), timeout=WAIT_MS)
    assert window.shelf.row("guest-slow").installed
    assert window.header.network.text() == "Network used: adding guest-slow"
    assert window.header.network.property("busy") is False
    assert "you asked for it" in window.header.network.toolTip()
    key(qtbot, window, Qt.Key.Key_F8)
    assert card.use.isVisible()
    assert not card.install.isVisible()


def test_adding_does_not_hold_up_a_voice(qtbot, window, opened, shelf):
    dialog = shelf()
    path = opened()
    card = dialog.cards["guest-slow"]
    press(qtbot, card.install)
    qtbot.waitUntil(card.question.isVisible, timeout=WAIT_MS)
    press(qtbot, card.question.download)
    qtbot.waitUntil(lambda: card.work.bar.value() > 0, timeout=WAIT_MS)
    window.document.pick(1)
    qtbot.waitUntil(lambda: covers(window.document.voice(1).ready, 0.0, 19.9), timeout=WAIT_MS)
    assert "guest-slow" in window.shelf.work
    assert {call["model"] for call in calls(path)} == {"default"}


def test_the_question_can_be_answered_with_no(qtbot, window, shelf):
    dialog = shelf()
    card = dialog.cards["guest-slow"]
    press(qtbot, card.install)
    qtbot.waitUntil(card.question.isVisible, timeout=WAIT_MS)
    press(qtbot, card.question.leave)
    assert not card.question.isVisible()
    assert card.install.isVisible()
    press(qtbot, card.install)
    qtbot.waitUntil(card.question.isVisible, timeout=WAIT_MS)
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()
    assert not window.shelf.questions
    assert fake_engine.read_state()["adds"] == []
    assert window.header.network.text() == "No network used"


def test_what_fails_is_said_in_the_card_and_stays(qtbot, window, shelf):
    dialog = shelf()
    card = dialog.cards["guest-failing"]
    press(qtbot, card.install)
    qtbot.waitUntil(card.question.isVisible, timeout=WAIT_MS)
    press(qtbot, card.question.download)
    qtbot.waitUntil(lambda: card.trouble is not None, timeout=WAIT_MS)
    assert card.trouble.text == "The weights of guest-failing are not what their authors published. Try again later."
    wait_idle(qtbot, window)
    assert card.absent.isVisible()
    assert card.install.isVisible()
    dialog.close()
    key(qtbot, window, Qt.Key.Key_F8)
    assert card.trouble.isVisible()
    details = next(child for child in card.trouble.findChildren(type(card.use)) if child.text() == "Details")
    details.click()
    copy = next(child for child in card.trouble.findChildren(type(card.use)) if child.text() == "Copy")
    copy.click()
    assert QApplication.clipboard().text() == "SHA-256 is 0000, not 1111"
    card.trouble.dismiss()
    assert not window.shelf.troubles


def test_a_failure_is_also_said_when_the_dialog_is_closed(qtbot, window, shelf):
    dialog = shelf()
    card = dialog.cards["guest-failing"]
    press(qtbot, card.install)
    qtbot.waitUntil(card.question.isVisible, timeout=WAIT_MS)
    press(qtbot, card.question.download)
    dialog.close()
    qtbot.waitUntil(lambda: any("not what their authors" in text for text in notice_texts(window)), timeout=WAIT_MS)
    notice = next(notice for notice in window.notices.shown() if "not what their authors" in notice.text)
    press(qtbot, notice.button)
    assert dialog.isVisible()


def test_adding_can_be_cancelled_and_goes_on_later(qtbot, window, shelf):
    dialog = shelf()
    card = dialog.cards["guest-slow"]
    press(qtbot, card.install)
    qtbot.waitUntil(card.question.isVisible, timeout=WAIT_MS)
    press(qtbot, card.question.download)
    qtbot.waitUntil(lambda: card.work.bar.value() > 100, timeout=WAIT_MS)
    press(qtbot, card.work.cancel)
    qtbot.waitUntil(card.install.isVisible, timeout=WAIT_MS)
    assert "Stopped" in card.hint.text()
    assert card.trouble is None
    wait_idle(qtbot, window)
    assert fake_engine.read_state()["installed"] == []
    assert window.header.network.property("busy") is False


def test_with_files_of_ones_own_no_network_is_used(qtbot, window, shelf, tmp_path, monkeypatch):
    dialog = shelf()
    card = dialog.cards["guest-slow"]
    weights, wheels = tmp_path / "weights.pt", tmp_path / "wheels"
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(weights), ""))
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(wheels))
    press(qtbot, card.install)
    qtbot.waitUntil(card.question.isVisible, timeout=WAIT_MS)
    press(qtbot, card.question.file)
    qtbot.waitUntil(card.question.folder.isVisible, timeout=WAIT_MS)
    assert card.question.headline.text() == "Download about 200 MB for guest-slow?"
    press(qtbot, card.question.folder)
    qtbot.waitUntil(card.use.isVisible, timeout=WAIT_MS)
    added = {"name": "guest-slow", "source": "weights.pt", "wheels": "wheels", "offline": True}
    assert fake_engine.read_state()["adds"] == [added]
    assert window.header.network.text() == "No network used"


def test_another_model_computes_the_voice_again_and_the_old_one_is_not_heard(qtbot, window, opened, shelf):
    dialog = shelf("guest-fast")
    path = opened("slow.mp4")
    document = window.document
    document.set_listening(true_levels=True)
    window.player.seek(AT_S)
    document.pick(1)
    qtbot.waitUntil(lambda: contains(document.voice(1).ready, AT_S + 1.0), timeout=WAIT_MS)
    qtbot.waitUntil(lambda: np.allclose(heard(window), tone(1), atol=1e-6), timeout=WAIT_MS)
    press(qtbot, dialog.cards["guest-fast"].use)
    assert window.header.model.text() == "Model: guest-fast"
    assert document.voice(1).ready == ()
    assert document.voice(1).store is None
    softly = 0.126 * (tone(1) + tone(2))
    assert np.allclose(heard(window), softly, atol=1e-6)
    seen = []
    document.voice_changed.connect(lambda _: seen.append(heard(window)))
    qtbot.waitUntil(lambda: np.allclose(heard(window), tone(1, "guest-fast"), atol=1e-6), timeout=WAIT_MS)
    allowed = (softly, tone(1, "guest-fast"))
    fresh = [block for block in seen if not np.array_equal(block, softly)]
    assert not any(np.allclose(block, tone(1), atol=1e-3) for block in fresh)
    assert any(np.allclose(seen[-1], wanted, atol=1e-6) for wanted in allowed)
    models = [call["model"] for call in calls(path)]
    assert models[-1] == "guest-fast"
    assert models == sorted(models)
    choose(window, "compact, default")
    assert document.voice(1).ready == ()
    qtbot.waitUntil(lambda: np.allclose(heard(window), tone(1), atol=1e-6), timeout=2000)


def test_the_lane_of_the_voice_is_emptied_when_another_model_takes_over(qtbot, window, opened, shelf):
    shelf("guest-slow")
    opened()
    window.document.pick(1)
    feed = window.feed
    qtbot.waitUntil(lambda: bool(feed.drawn("voice", 0.0, 20.0)), timeout=WAIT_MS)
    wait_idle(qtbot, window)
    choose(window, "guest-slow")
    assert not feed.drawn("voice", 0.0, 20.0)
    qtbot.waitUntil(lambda: bool(feed.drawn("voice", 0.0, 20.0)), timeout=WAIT_MS)


def test_a_slow_model_does_a_preview_and_the_whole_file_when_asked(qtbot, window, opened, shelf):
    shelf("guest-slow").close()
    path = opened()
    choose(window, "guest-slow")
    window.document.pick(1)
    qtbot.waitUntil(lambda: covers(window.document.voice(1).ready, 0.0, 9.9), timeout=WAIT_MS)
    wait_idle(qtbot, window)
    qtbot.wait(600)
    assert [call["range"] for call in calls(path)] == [[0.0, 10.0]]
    notice = next(notice for notice in window.notices.shown() if "guest-slow" in notice.text)
    assert notice.text == (
        "guest-slow takes about 7 s for each second of one voice here. "
        "Only 0:00–0:10 is computed at first (about 2 min); select what you want to hear."
    )
    assert notice.stays
    assert notice.button.text() == "Whole file (about 2 min)"
    press(qtbot, notice.button)
    qtbot.waitUntil(lambda: covers(window.document.voice(1).ready, 0.0, 19.9), timeout=WAIT_MS)
    assert calls(path)[-1] == {"call": "isolate", "person": 1, "range": None, "model": "guest-slow"}
    window.document.pick(2)
    wait_idle(qtbot, window)
    assert not [text for text in notice_texts(window) if "guest-slow" in text]


def test_a_slow_model_does_the_selection(qtbot, window, opened, shelf):
    shelf("guest-slow").close()
    path = opened()
    choose(window, "guest-slow")
    window.document.set_range((12.0, 14.0))
    window.document.pick(2)
    qtbot.waitUntil(lambda: window.document.voice(2).ready == ((12.0, 14.0),), timeout=WAIT_MS)
    assert "Only the selection, 0:12–0:14, is computed at first (about 1 min)." in notice_texts(window)[0]
    window.player.seek(16.0)
    key(qtbot, window, Qt.Key.Key_I)
    window.player.seek(18.0)
    key(qtbot, window, Qt.Key.Key_O)
    qtbot.waitUntil(lambda: contains(window.document.voice(2).ready, 17.0), timeout=WAIT_MS)
    wait_idle(qtbot, window)
    assert [call["range"] for call in calls(path)] == [[12.0, 14.0], [16.0, 18.0]]
    assert "0:16–0:18" in notice_texts(window)[0]
    assert len(notice_texts(window)) == 1


def test_a_cancelled_selection_is_not_asked_for_again_by_itself(qtbot, window, opened, shelf):
    shelf("guest-slow").close()
    path = opened("slow.mp4")
    choose(window, "guest-slow")
    window.document.set_range((2.0, 12.0))
    window.document.pick(1)
    qtbot.waitUntil(lambda: bool(window.document.voice(1).ready), timeout=WAIT_MS)
    job = next(job for job in window._runner.jobs() if job.title == "Selection of Person 1")
    window._runner.cancel(job.id)
    wait_idle(qtbot, window)
    window.player.seek(11.0)
    qtbot.wait(700)
    assert len(calls(path)) == 1
    window.actions_by_id["whole_file"].trigger()
    qtbot.waitUntil(lambda: len(calls(path)) == 2, timeout=WAIT_MS)
    assert calls(path)[1]["range"] is None


def test_what_a_slow_model_computed_comes_back(qtbot, window, opened, shelf):
    shelf("guest-slow").close()
    opened()
    choose(window, "guest-slow")
    window.document.pick(1)
    window.models._notice.button.click()
    qtbot.waitUntil(lambda: covers(window.document.voice(1).ready, 0.0, 19.9), timeout=WAIT_MS)
    choose(window, "compact, default")
    qtbot.waitUntil(lambda: covers(window.document.voice(1).ready, 0.0, 19.9), timeout=WAIT_MS)
    choose(window, "guest-slow")
    qtbot.waitUntil(lambda: covers(window.document.voice(1).ready, 0.0, 19.9), timeout=WAIT_MS)


def test_export_says_the_model_and_takes_the_selection_when_it_is_slow(qtbot, window, opened, shelf, tmp_path):
    shelf("guest-slow").close()
    opened()
    window.document.pick(1)

    def ask():
        return ExportDialog(window.document, window._look, tmp_path, window, shelf=window.shelf)

    dialog = ask()
    assert dialog.model.text() == "compact"
    assert "About" in dialog.preflight.text
    dialog.deleteLater()
    choose(window, "guest-slow")
    dialog = ask()
    assert dialog.model.text() == "guest-slow"
    assert "The whole file takes about 2 min with guest-slow" in dialog.preflight.text
    assert "Select a stretch" in dialog.preflight.text
    assert dialog.preflight.remarks[0].gravity == "warning"
    dialog.what.setCurrentIndex(2)
    dialog.everyone.setChecked(True)
    assert "takes about 5 min" in dialog.preflight.text
    dialog.deleteLater()
    window.document.set_range((1.0, 3.0))
    dialog = ask()
    assert dialog.selection.isChecked()
    assert "ready in about 1 min" in dialog.preflight.text
    assert "whole file" not in dialog.preflight.text
    window.export_desk.start(dialog.output, dialog.options())
    qtbot.waitUntil(lambda: any("Exported" in text for text in notice_texts(window)), timeout=WAIT_MS)
    asked = json.loads(dialog.output.read_text())
    assert asked["model"] == "guest-slow"
    assert asked["range_s"] == [1.0, 3.0]
    dialog.deleteLater()


def test_removing_asks_and_the_default_takes_over(qtbot, window, opened, shelf):
    dialog = shelf("guest-fast")
    path = opened()
    window.document.pick(1)
    choose(window, "guest-fast")
    qtbot.waitUntil(lambda: covers(window.document.voice(1).ready, 0.0, 19.9), timeout=WAIT_MS)
    wait_idle(qtbot, window)
    card = dialog.cards["guest-fast"]
    press(qtbot, card.remove)
    assert card.question.isVisible()
    assert card.question.leave.hasFocus()
    assert "1.7 GB" in card.question.note.text()
    assert "compact" in card.question.note.text()
    press(qtbot, card.question.leave)
    assert window.shelf.row("guest-fast").installed
    press(qtbot, card.remove)
    press(qtbot, card.question.remove)
    assert window.header.model.text() == "Model: compact"
    qtbot.waitUntil(card.install.isVisible, timeout=WAIT_MS)
    assert not window.shelf.row("guest-fast").installed
    qtbot.waitUntil(lambda: covers(window.document.voice(1).ready, 0.0, 19.9), timeout=WAIT_MS)
    assert calls(path)[-1]["model"] == "default"


def test_a_model_that_an_export_needs_is_not_removed(qtbot, window, opened, shelf, tmp_path):
    dialog = shelf("guest-fast")
    opened("slow.mp4")
    choose(window, "guest-fast")
    window.export_desk.start(tmp_path / "voice.wav", {"person_ids": (1,)})
    card = dialog.cards["guest-fast"]
    press(qtbot, card.remove)
    press(qtbot, card.question.remove)
    assert card.trouble.text.startswith("An export is using the model guest-fast.")
    qtbot.waitUntil(lambda: any("Exported" in text for text in notice_texts(window)), timeout=WAIT_MS)
    assert window.shelf.row("guest-fast").installed


def test_an_export_goes_on_with_the_model_it_was_asked_with(qtbot, window, opened, shelf, tmp_path):
    shelf("guest-fast").close()
    opened("slow.mp4")
    choose(window, "guest-fast")
    window.document.pick(1)
    window.export_desk.start(tmp_path / "kept.wav", {"person_ids": (1,)})
    choose(window, "compact, default")
    qtbot.waitUntil(lambda: any("Exported kept.wav" in text for text in notice_texts(window)), timeout=WAIT_MS)
    assert json.loads((tmp_path / "kept.wav").read_text())["model"] == "guest-fast"


def test_a_model_of_ones_own_is_imported(qtbot, window, shelf, tmp_path, monkeypatch):
    dialog = shelf()
    path = tmp_path / "my-run.safetensors"
    path.write_bytes(b"")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
    press(qtbot, dialog.import_button)
    qtbot.waitUntil(lambda: dialog._trouble is not None, timeout=WAIT_MS)
    assert "has no description beside it" in dialog._trouble.text
    path.with_suffix(".json").write_text("{}")
    wait_idle(qtbot, window)
    press(qtbot, dialog.import_button)
    qtbot.waitUntil(lambda: "my-run" in dialog.cards, timeout=WAIT_MS)
    assert dialog._trouble is None
    card = dialog.cards["my-run"]
    assert card.facts.values["From"].text() == "Imported by you"
    assert card.facts.values["Speed here"].text() == "speed not known here yet"
    press(qtbot, card.use)
    assert window.header.model.text() == "Model: my-run"
    assert window.header.network.text() == "No network used"
    press(qtbot, card.remove)
    press(qtbot, card.question.remove)
    qtbot.waitUntil(lambda: "my-run" not in dialog.cards, timeout=WAIT_MS)
    assert window.header.model.text() == "Model: compact"


def test_use_always_changes_the_default_and_this_window(qtbot, window, opened, shelf):
    dialog = shelf("guest-fast")
    path = opened()
    window.document.pick(1)
    qtbot.waitUntil(lambda: covers(window.document.voice(1).ready, 0.0, 19.9), timeout=WAIT_MS)
    wait_idle(qtbot, window)
    card = dialog.cards["guest-fast"]
    press(qtbot, card.use_always)
    qtbot.waitUntil(card.is_default.isVisible, timeout=WAIT_MS)
    assert card.in_use.isVisible()
    assert not dialog.cards["compact"].is_default.isVisible()
    assert fake_engine.read_state()["default"] == "guest-fast"
    assert window.shelf.chosen == "default"
    qtbot.waitUntil(lambda: len(calls(path)) == 4, timeout=WAIT_MS)
    wait_idle(qtbot, window)
    window.document.set_listening(true_levels=True)
    assert np.allclose(heard(window), tone(1, "guest-fast"), atol=1e-6)
    press(qtbot, card.remove)
    press(qtbot, card.question.remove)
    qtbot.waitUntil(lambda: window.header.model.text() == "Model: compact", timeout=WAIT_MS)
    qtbot.waitUntil(lambda: np.allclose(heard(window), tone(1), atol=1e-6), timeout=WAIT_MS)


def test_a_repair_of_what_is_whole_asks_nothing(qtbot, window, shelf):
    dialog = shelf("guest-fast")
    card = dialog.cards["guest-fast"]
    press(qtbot, card.repair)
    qtbot.waitUntil(lambda: bool(fake_engine.read_state()["adds"]), timeout=WAIT_MS)
    assert fake_engine.read_state()["adds"][0]["offline"] is True
    qtbot.waitUntil(card.repair.isVisible, timeout=WAIT_MS)
    assert window.header.network.text() == "No network used"


def test_closing_while_a_model_is_added_leaves_nothing_behind(qtbot, window, shelf):
    dialog = shelf()
    card = dialog.cards["guest-slow"]
    press(qtbot, card.install)
    qtbot.waitUntil(card.question.isVisible, timeout=WAIT_MS)
    press(qtbot, card.question.download)
    qtbot.waitUntil(lambda: card.work.bar.value() > 0, timeout=WAIT_MS)
    assert window._runner.pids()["shelf"] is not None
    window.close()
    assert not dialog.isVisible()
    assert window._runner.pids()["shelf"] is None


def test_speed_and_time_in_words():
    def row(pace):
        return ModelInfo("m", "M", fake_engine._OURS, "", True, pace=pace)

    assert model_words.pace(row(None)) == "speed not known here yet"
    assert model_words.pace(row(0.33)) == "about 3 × faster than real time"
    assert model_words.pace(row(0.95)) == "about as fast as real time"
    assert model_words.pace(row(1.4)) == "about 1.4 s for each second of one voice"
    assert not is_slow(row(1.0))
    assert not is_slow(row(None))
    assert not is_slow(None)
    assert is_slow(row(1.01))
    assert row(7.0).seconds_for(0.0, 60.0, 60.0, 2) == 840.0
    assert row(2.0).seconds_for(4.5, 6.0, 60.0) == 24.0, "the stretches before and after are computed too"
    assert row(None).seconds_for(0.0, 60.0, 60.0) is None
    assert words.about(3) == "a few seconds"
    assert words.about(1500) == "about 25 min"
    assert words.about(9000) == "about 2.5 h"


def test_the_shelf_tells_when_another_model_takes_over(qapp):
    def row(name, **facts):
        return ModelInfo(name, name, fake_engine._OURS, facts.pop("sha256", "1"), facts.pop("installed", True), **facts)

    owner = QObject()
    shelf = Shelf(owner)
    changes = []
    shelf.model_changed.connect(lambda: changes.append(shelf.identity))
    rows = (row("default", stands_for="a"), row("a"), row("b"), row("tiny"))
    shelf.set_rows(rows)
    assert changes == []  # it is known better, but it is the same
    assert [shown.name for shown in shelf.shown()] == ["a", "b"]
    shelf.choose("a")
    assert (shelf.chosen, changes) == ("default", [])
    shelf.choose("b")
    assert changes == [("b", "1")]
    shelf.set_rows((*rows[:2], row("b", sha256="2"), rows[3]))
    assert changes[1:] == [("b", "2")]  # other weights under the same name
    shelf.set_rows(rows[:2])
    assert (shelf.name, changes[2:]) == ("a", [("a", "1")])
    shelf.choose("tiny")
    assert shelf.name == "tiny"
    shelf.set_rows(rows)
    assert "tiny" in [shown.name for shown in shelf.shown()]
    shelf.set_question("b", Question("remove"))
    shelf.set_question("b", None)
    assert shelf.questions == {}
