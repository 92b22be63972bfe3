"""Export, cancelling, crashes, closing, bad files, the time line, the process's own hygiene."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import WAIT_MS
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication

from avsep_gui import export_plan
from avsep_gui.player import player as player_module
from avsep_gui.player.output import SilentOutput
from avsep_gui.state.document import FacesState, OpenState
from avsep_gui.state.tiles import level_db
from avsep_gui.theme import THEMES, contrast, style_sheet
from avsep_gui.views.export_dialog import ExportDialog


def notices(window):
    return [notice.text for notice in window.notices.shown()]


def test_export_asks_the_engine_for_what_the_dialog_says(qtbot, window, opened, tmp_path):
    opened()
    document = window.document
    document.pick(2)
    document.set_range((1.0, 3.0))
    document.set_listening(mix_back=0.3)
    dialog = ExportDialog(document, window._look, tmp_path, window)
    dialog.format.setCurrentIndex(1)
    dialog.loudness.setCurrentIndex(2)
    dialog.selection.setChecked(True)
    assert dialog.output == tmp_path / "talk - Person 2.flac"
    window.export_desk.start(dialog.output, dialog.options())
    qtbot.waitUntil(lambda: any("Exported" in text for text in notices(window)), timeout=WAIT_MS)
    asked = json.loads((tmp_path / "talk - Person 2.flac").read_text())
    expected = {
        "person_ids": [2],
        "everyone": False,
        "range_s": [1.0, 3.0],
        "mix_back": 0.3,
        "loudness_lufs": -16.0,
        "overwrite": False,
        "picture": "copy",
        "model": "default",
    }
    assert {key: asked[key] for key in expected} == expected
    dialog.what.setCurrentIndex(2)
    dialog.everyone.setChecked(True)
    options = dialog.options()
    assert options["person_ids"] == ()
    assert options["everyone"] is True
    assert options["format"] == "flac"  # as chosen before
    dialog.deleteLater()


def test_export_says_beforehand_why_it_cannot_go_there(qtbot, window, opened, tmp_path, monkeypatch):
    path = opened()
    window.document.pick(1)
    dialog = ExportDialog(window.document, window._look, tmp_path, window)
    assert dialog.start.isEnabled()
    dialog.file_name.setText(path.name)
    assert not dialog.start.isEnabled()
    assert "the video itself" in dialog.preflight.text
    (tmp_path / "there.wav").write_text("x")
    dialog.file_name.setText("there.wav")
    assert dialog.start.isEnabled()
    assert "exists already" in dialog.preflight.text
    assert dialog.options()["overwrite"] is False
    dialog._on_start()
    assert dialog.options()["overwrite"] is True
    usage = type(export_plan.shutil.disk_usage(tmp_path))
    monkeypatch.setattr(export_plan.shutil, "disk_usage", lambda folder: usage(10, 9, 1))
    dialog.file_name.setText("new.wav")
    assert "not enough room" in dialog.preflight.text
    dialog._folder = tmp_path / "missing"
    dialog._check()
    assert "no folder" in dialog.preflight.text
    dialog.deleteLater()


def test_a_job_can_be_cancelled_from_the_drawer(qtbot, window, opened):
    opened("slow.mp4")
    window.document.pick(1)
    window.actions_by_id["show_jobs"].trigger()
    qtbot.waitUntil(lambda: len(window.drawer.rows) == 2, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: bool(window.document.voice(1).ready), timeout=WAIT_MS)
    for row in list(window.drawer.rows.values()):
        qtbot.mouseClick(row.cancel, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not window.drawer.rows, timeout=WAIT_MS)
    assert not window._runner.jobs()
    assert not notices(window)


def test_a_crash_of_the_engine_is_a_sentence_and_the_window_goes_on(qtbot, window, opened):
    opened("crash.mp4")
    window.document.pick(1)
    qtbot.waitUntil(lambda: any("stopped unexpectedly" in text for text in notices(window)), timeout=WAIT_MS)
    qtbot.wait(600)
    assert len([text for text in notices(window) if "stopped unexpectedly" in text]) == 1
    assert window.player.mixer.render(1.0, 100).any()
    opened("talk.mp4")
    window.document.pick(1)
    qtbot.waitUntil(lambda: bool(window.document.voice(1).ready), timeout=WAIT_MS)


def test_closing_during_a_job_ends_in_time_and_leaves_no_process(qtbot, window, opened):
    opened("stuck.mp4")
    window.document.pick(1)
    qtbot.waitUntil(lambda: bool(window.document.voice(1).ready), timeout=WAIT_MS)
    pids = [pid for pid in window._runner.pids().values() if pid is not None]
    assert len(pids) == 2
    begun = time.monotonic()
    window.close()
    assert time.monotonic() - begun < 8.0
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_a_broken_file_gets_the_error_page(qtbot, window, video):
    window.open_file(video("broken.mp4"))
    qtbot.waitUntil(lambda: window.document.open_state is OpenState.FAILED, timeout=WAIT_MS)
    assert window.pages.currentWidget() is window.error_view
    assert window.error_view.message == "broken.mp4 is not a video."
    window.error_view._more.setChecked(True)
    assert window.error_view._details is not None


def test_nobody_in_the_picture_is_explained(qtbot, window, opened):
    opened("nobody.mp4", people=False)
    assert window.document.faces_state is FacesState.NOBODY
    assert "No face was found" in window.workspace.people._hint.text()
    assert not window.workspace.listen.export.isEnabled()


def test_no_sound_is_said_and_nothing_is_asked_for(qtbot, window, opened):
    opened("nosound.mp4")
    assert any("There is no sound in nosound.mp4" in text for text in notices(window))
    window.document.pick(1)
    qtbot.wait(600)
    assert not window._runner.jobs()
    assert not window.workspace.listen.export.isEnabled()


def test_without_a_sound_device_a_notice_says_so_and_time_still_runs(qtbot, window, opened, monkeypatch):
    monkeypatch.setattr(player_module, "open_output", lambda mixer, rate: (SilentOutput(mixer, rate), False))
    opened()
    assert any("no sound device" in text for text in notices(window))
    window.player.play()
    qtbot.waitUntil(lambda: window.player.position_s > 0.5, timeout=WAIT_MS)


def test_answers_about_the_file_before_are_dropped(qtbot, window, opened, video):
    opened("slow.mp4")
    window.document.pick(1)
    qtbot.waitUntil(lambda: bool(window.document.voice(1).ready), timeout=WAIT_MS)
    opened("other.mp4")
    qtbot.wait(300)
    assert window.document.path.name == "other.mp4"
    assert window.document.picked is None
    assert window.document.voice(1).ready == ()


def test_an_export_goes_on_when_another_file_is_opened(qtbot, window, opened, tmp_path):
    opened("slow.mp4")
    window.export_desk.start(tmp_path / "kept.wav", {"person_ids": (1,)})
    opened("other.mp4")
    qtbot.waitUntil(lambda: any("Exported kept.wav" in text for text in notices(window)), timeout=WAIT_MS)
    assert json.loads((tmp_path / "kept.wav").read_text())["person_ids"] == [1]


def test_the_start_page_comes_back_and_remembers(qtbot, window, opened):
    assert window.pages.currentWidget() is window.start
    path = opened()
    window.actions_by_id["close_file"].trigger()
    assert window.pages.currentWidget() is window.start
    assert window.start.recent.count() == 1
    assert path.name in window.start.recent.item(0).text()
    assert not window.player.playing


def test_the_time_line_seeks_selects_and_zooms(qtbot, window, opened):
    opened()
    timeline = window.workspace.timeline
    viewport = timeline.viewport()
    x = round(timeline.x_of(7.0))
    qtbot.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=QPoint(x, 60))
    assert window.player.position_s == pytest.approx(7.0, abs=0.05)
    qtbot.mousePress(viewport, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier, QPoint(x, 60))
    qtbot.mouseRelease(
        viewport, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier, QPoint(round(timeline.x_of(9.0)), 60)
    )
    assert window.document.range_s == pytest.approx((7.0, 9.0), abs=0.05)
    wheel = QWheelEvent(
        QPointF(x, 60), QPointF(viewport.mapToGlobal(QPoint(x, 60))), QPoint(), QPoint(0, 480),
        Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(viewport, wheel)
    start_s, end_s = timeline.visible_s()
    assert end_s - start_s < 10.0
    assert timeline.time_at(x) == pytest.approx(7.0, abs=0.1)
    window.actions_by_id["zoom_fit"].trigger()
    assert timeline.visible_s() == (0.0, 20.0)


def test_lanes_get_their_pictures(qtbot, window, opened):
    opened()
    feed = window.feed
    for kind in ("mixture", "waveform"):
        qtbot.waitUntil(lambda kind=kind: bool(feed.drawn(kind, 0.0, 20.0)), timeout=WAIT_MS)
    assert not feed.drawn("voice", 0.0, 20.0)
    window.document.pick(1)
    qtbot.waitUntil(lambda: bool(feed.drawn("voice", 0.0, 20.0)), timeout=WAIT_MS)
    assert level_db(feed.drawn("voice", 0.0, 20.0)[0].values.max()) == -12.0


@pytest.mark.parametrize("theme", THEMES.values(), ids=lambda theme: theme.name)
def test_colours_have_enough_contrast(theme):
    for ground in (theme.window, theme.panel, theme.raised):
        for ink in (theme.text, theme.muted):
            assert contrast(ink, ground) >= 4.5, (ink, ground)
        for mark in (theme.focus, theme.warning, theme.danger, theme.good, theme.edge):
            assert contrast(mark, ground) >= 3.0, (mark, ground)
    for words in (theme.warning, theme.danger, theme.good):
        assert contrast(words, theme.panel) >= 4.5, words
    assert contrast(theme.on_focus, theme.focus) >= 4.5
    for colour in theme.people:
        assert contrast(colour, theme.panel) >= 3.0, colour
    assert "@" not in style_sheet(theme)


def test_the_windows_process_stays_light(tmp_path):
    here = Path(__file__).parent
    code = (
        "import sys\n"
        f"sys.path[:0] = [{str(here.parent.parent)!r}, {str(here)!r}]\n"
        "from PySide6.QtCore import QSettings, QTimer\n"
        "from PySide6.QtWidgets import QApplication\n"
        "if __name__ == '__main__':\n"
        "    QSettings.setDefaultFormat(QSettings.Format.IniFormat)\n"
        f"    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, {str(tmp_path)!r})\n"
        "    from avsep_gui import app\n"
        "    qapp = QApplication([])\n"
        "    QTimer.singleShot(1500, qapp.closeAllWindows)\n"
        "    code = app.run(engine_module='fake_engine')\n"
        "    print(code, sorted({name.split('.')[0] for name in sys.modules} & {'torch', 'av', 'cv2', 'torchaudio',"
        " 'moviepy', 'dlib', 'face_recognition'}))\n"
    )
    script = tmp_path / "start.py"
    script.write_text(code)
    done = subprocess.run(
        [sys.executable, str(script)],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stdout.strip() == "0 []", done.stderr


def test_esc_cancels_the_job_in_focus_and_then_closes_the_drawer(qtbot, window, opened):
    opened("slow.mp4")
    window.document.pick(1)
    window.actions_by_id["show_jobs"].trigger()
    qtbot.waitUntil(lambda: len(window.drawer.rows) == 2, timeout=WAIT_MS)
    window.activateWindow()
    preview = min(window.drawer.rows)
    window.drawer.rows[preview].cancel.setFocus()
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: preview not in window.drawer.rows, timeout=WAIT_MS)
    assert len(window.drawer.rows) == 1 and window.drawer.isVisible(), "the other one goes on"
    window.drawer.setFocus()
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert not window.drawer.isVisible()


def test_the_menu_says_what_would_be_undone(window, opened):
    opened()
    undo, redo = window.actions_by_id["undo"], window.actions_by_id["redo"]
    assert (undo.isEnabled(), redo.isEnabled(), undo.text()) == (False, False, "&Undo")
    window.document.rename(1, "Anna")
    assert (undo.isEnabled(), undo.text()) == (True, "&Undo: rename Person 1")
    undo.trigger()
    assert window.document.name(1) == "Person 1"
    assert (undo.isEnabled(), redo.text()) == (False, "&Redo: rename Person 1")
    redo.trigger()
    assert window.document.name(1) == "Anna"
