"""Every state of the window, for its pictures: each function plays one scene on a `Stage`."""

from __future__ import annotations

from collections.abc import Callable

from helpers.driving import pause, wait
from helpers.stage import Stage
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QApplication, QDialog, QMenu, QPushButton

from avsep_gui.about_client import AboutClient
from avsep_gui.resources import resource, sample_video
from avsep_gui.settings import Settings
from avsep_gui.state.document import ListenMode, OpenState
from avsep_gui.state.project import Project, write_project
from avsep_gui.views.about_dialog import AboutDialog
from avsep_gui.views.export_dialog import ExportDialog
from avsep_gui.views.help_dialogs import KeysDialog
from avsep_gui.views.report_dialog import ReportDialog
from engine.confidence import Judgement
from engine.types import ConfidenceSpan, OutputFile, PersonConfidence, SeparationResult

AT_S = 6.2
REAL = "engine.api"


def start(stage: Stage) -> None:
    """The first start, files opened before, something dragged over it, and what a crash left."""
    stage.prepare()
    window = stage.raise_curtain()
    stage.take("start-first")
    window.start._set_over(True)
    stage.take("start-drop")
    settings = stage.prepare()
    names = (
        "Panel discussion, room 4.mp4",
        "phone clip.mov",
        "Interview with a rather long file name, second take.mkv",
    )
    for name in names:
        settings.add_recent(stage.video(name))
    project = stage.folder / "Interviews" / "phone clip.avsep"
    write_project(project, Project("phone clip.mov"))
    settings.add_recent(project)
    stage.raise_curtain()
    stage.take("start-recent")
    stage.prepare()
    recovery = stage.folder / "data" / "recovery"
    recovery.mkdir(parents=True)
    write_project(recovery / "4194999-dead.avsep", Project(str(stage.video("talk.mp4"))))
    stage.raise_curtain()
    stage.take("start-recovery")


def work(stage: Stage) -> None:
    """The sample, from finding people to one voice heard, with the real engine."""
    stage.prepare()
    window = stage.raise_curtain(REAL)
    document, player = window.document, window.player
    video = sample_video()
    assert video is not None
    stage.open(video)
    stage.rest()
    player.seek(AT_S)
    stage.take("work-found")
    document.rename(1, "Anna")
    document.rename(2, "Ben")
    window.activateWindow()
    pause(0.5)
    window.workspace.video.overlay.focus_next(1)
    stage.take("work-face-focus")
    window.setFocus()
    stage.compute(1)
    player.pause()
    player.seek(AT_S)
    stage.take("work-voice")
    document.set_range((4.5, 9.0))
    stage.take("work-range")
    window.workspace.timeline.show_stretch(4.0, 8.0)
    stage.take("work-zoomed", 1.5)
    window.actions_by_id["zoom_fit"].trigger()
    document.set_range(None)
    player.play()
    stage.take("work-playing", 1.2)
    window.actions_by_id["mute"].trigger()
    document.set_mode(ListenMode.REST)
    document.set_listening(mix_back=0.3)
    stage.take("work-rest-muted", 0.8)
    player.pause()
    window.actions_by_id["mute"].trigger()
    document.set_mode(ListenMode.VOICE)
    window.showFullScreen()
    stage.take("work-full-screen", 1.0)
    window.showNormal()
    window.resize(960, 600)
    stage.take("work-small", 1.0)
    window.actions_by_id["show_people"].trigger()
    window.actions_by_id["show_timeline"].trigger()
    stage.take("work-picture-only", 0.8)


def progress(stage: Stage) -> None:
    """Searching, and a voice that is half there."""
    stage.prepare()
    window = stage.raise_curtain()
    window.open_file(stage.video("slow talk.mp4"))
    stage.take("progress-opening", 0.02)
    stage.take_when("progress-searching", lambda: window.document.open_state is OpenState.OPEN, 0.6)
    stage.open(stage.video("slow.mp4"))
    window.player.seek(AT_S)
    window.document.pick(1)
    window.client.export(
        window.client.separation_request(stage.folder / "slow - Anna.wav", person_ids=(1,)), "Export x"
    )
    stage.take_when("progress-preview", lambda: bool(window.document.voice(1).ready))
    wait(lambda: sum(end - begin for begin, end in window.document.voice(1).ready) > 5.0)
    window.actions_by_id["show_jobs"].trigger()
    stage.take("progress-jobs", 1.5)


def people(stage: Stage) -> None:
    """Three people, long names, menus, corrections."""
    stage.prepare()
    window = stage.raise_curtain()
    document = window.document
    stage.open(stage.video("three.mp4"))
    window.player.seek(4.0)
    document.rename(1, "Professor Dr. Anneliese Schmidt-Rottluff")
    document.rename(2, "Maximilian Featherstonehaugh-Smythe")
    stage.compute(1)
    window.player.pause()
    window.notices.clear()
    stage.take("people-long-names")
    desk = window.people_desk
    row = window.workspace.people.row(2)
    assert row is not None
    desk.show_menu(2, row.more.mapToGlobal(QPoint(-520, row.more.height())))
    pause(0.3)
    wrong = next(action for action in desk.menu.actions() if action.menu() is not None and action.isEnabled())
    desk.menu.setActiveAction(wrong)
    inner = wrong.menu()
    assert isinstance(inner, QMenu)
    inner.popup(desk.menu.mapToGlobal(desk.menu.actionGeometry(wrong).topRight()))
    stage.take("people-menu", 0.6)
    desk.menu.close()
    document.rename(1, "Anna")
    document.rename(2, "Ben")
    desk._merge(2, 3)
    stage.take("people-corrected", 1.0)
    desk._hide(2)
    stage.take("people-hidden", 0.8)


def troubles(stage: Stage) -> None:
    """What is said when something cannot be."""
    for name in ("nobody", "nosound"):
        stage.prepare()
        window = stage.raise_curtain()
        stage.open(stage.video(f"{name}.mp4"))
        stage.take(f"trouble-{name}", 0.6)
    stage.prepare()
    window = stage.raise_curtain(REAL)
    stage.open(resource("sample", "voice_1.flac"))
    stage.take("trouble-nopicture", 1.5)
    stage.prepare()
    window = stage.raise_curtain()
    window.open_file(stage.video("broken.mp4"))
    wait(lambda: window.document.open_state is OpenState.FAILED)
    window.error_view._more.setChecked(True)
    stage.take("trouble-broken")
    project = stage.folder / "Interviews" / "interview.avsep"
    write_project(project, Project("gone.mp4"))
    window.open_file(project)
    stage.take("trouble-missing-video", 1.0)
    stage.open(stage.video("crash.mp4"))
    window.document.pick(1)
    wait(lambda: any(notice.level == "error" for notice in window.notices.shown()))
    stage.take("trouble-worker-lost", 0.6)
    notice = window.notices.shown()[0]
    for button in notice.findChildren(QPushButton):
        if button.isCheckable():
            button.setChecked(True)
    stage.take("trouble-details")


def dialogs(stage: Stage) -> None:
    """Export, report, preferences, keys, about."""
    stage.prepare()
    window = stage.raise_curtain()
    document, look = window.document, window._look
    stage.open(stage.video("subtitled.mp4"))
    document.rename(1, "Anna")
    stage.compute(1)
    window.player.pause()
    window.notices.clear()
    dialog = _export(stage)
    stage.take("export-voice")
    dialog.what.setCurrentIndex(dialog.what.findData("close_up"))
    stage.take("export-close-up")
    dialog.everyone.setChecked(True)
    dialog.what.setCurrentIndex(dialog.what.findData("folder"))
    stage.take("export-everyone")
    _end(dialog)
    document.set_range((1.0, 4.0))
    dialog = _export(stage)
    dialog.what.setCurrentIndex(dialog.what.findData("video"))
    (stage.folder / "Interviews" / "there.mp4").write_text("x")
    dialog.file_name.setText("there.mp4")
    stage.take("export-problem", 0.8)
    _end(dialog)
    spans = tuple(
        ConfidenceSpan(s, s + 1.0, 0.2 if s in (3, 4, 9) else 0.9, Judgement(1.0, 0.1, 1.0)) for s in range(20)
    )
    files = (OutputFile(stage.folder / "rest.wav", None, "rest"), OutputFile(stage.folder / "Anna.wav", 1, "voice"))
    result = SeparationResult(
        "compact", "cpu", 20.0, 31.0, 1.55, {}, 100.0, 48_000, 2, -151.0, 0, files,
        (PersonConfidence(1, 0.81, spans),), ("Between 0:03 and 0:05 the face is turned away.",),
    )  # fmt: skip
    for name, shown in (("report", ReportDialog(result, document, look, window)), ("keys", _keys(stage))):
        shown.show()
        stage.take(name)
        _end(shown)
    window.preferences.show_dialog()
    preferences = window.preferences.dialog
    assert preferences is not None
    for page in range(preferences.pages.count()):
        preferences.pages.setCurrentRow(page)
        stage.take(f"preferences-{page}", 0.8)
    preferences.close()
    client = AboutClient(window._runner, window)
    about = AboutDialog(client, window.shelf, look, window)
    about.show()
    for page in range(about.pages.count()):
        about.pages.setCurrentRow(page)
        stage.take(f"about-{page}", 0.8)
    _end(about)


def models(stage: Stage) -> None:
    """The models, the question before one is added, and adding."""
    stage.prepare()
    window = stage.raise_curtain()
    window.models.show_dialog()
    dialog = window.models.dialog
    assert dialog is not None
    stage.take("models", 0.8)
    card = dialog.cards["guest-slow"]
    wait(lambda: card.install.isEnabled())
    pause(0.5)
    card.install.click()
    stage.take("models-question", 0.8)
    card.question.download.click()
    stage.take("models-adding", 1.5)
    wait(lambda: not window.shelf.network_now)
    dialog.close()
    stage.take("models-added", 0.5)


def batch(stage: Stage) -> None:
    """The batch: empty, running, done with failures."""
    stage.prepare()
    window = stage.raise_curtain()
    window.batch.show_dialog()
    dialog = window.batch.dialog
    assert dialog is not None
    stage.take("batch-empty", 0.6)
    for name in ("slow one.mp4", "broken.mp4", "crash.mp4", "slow two, with a rather long name.mp4"):
        path = stage.video(name)
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path.parent))])
    keys = Qt.KeyboardModifier.NoModifier
    dialog.dropEvent(QDropEvent(QPointF(9, 9), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, keys))
    wait(lambda: len(dialog._queue.batch.items) == 4 and not dialog._client.busy)
    stage.take("batch-ready", 0.6)
    dialog.start.click()
    stage.take("batch-running", 1.2)
    wait(lambda: not window.batch.client.running)
    dialog.page.table.setCurrentIndex(dialog.page.table.model().index(1, 0))
    stage.take("batch-done", 1.0)


SCENES: dict[str, Callable[[Stage], None]] = {
    scene.__name__: scene for scene in (start, work, progress, people, troubles, dialogs, models, batch)
}


def _export(stage: Stage) -> ExportDialog:
    window = stage.window
    dialog = ExportDialog(
        window.document,
        window._look,
        stage.folder / "Interviews",
        window,
        shelf=window.shelf,
        settings=Settings(),
        ask_fit=window.client.ask_container_fit,
    )
    dialog.show()
    return dialog


def _keys(stage: Stage) -> QDialog:
    return KeysDialog(stage.window.preferences.keymap, stage.window)


def _end(dialog: QDialog) -> None:
    dialog.close()
    dialog.deleteLater()
    QApplication.processEvents()
