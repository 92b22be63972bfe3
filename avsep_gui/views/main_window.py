"""MainWindow: the three pages (start, error, work), drawer, notices and desks; it turns actions into intents."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QEvent, QPoint
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QMainWindow,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from avsep_gui.about_client import AboutClient
from avsep_gui.actions import make_actions
from avsep_gui.engine_client import EngineClient
from avsep_gui.face_pictures import FacePictures
from avsep_gui.jobs import JobRunner
from avsep_gui.lane_feed import LaneFeed
from avsep_gui.look import Look
from avsep_gui.pace import time_left_text
from avsep_gui.placement import bring_back
from avsep_gui.player.player import Player
from avsep_gui.projects import Projects
from avsep_gui.resources import recovery_folder, sample_video
from avsep_gui.settings import Settings
from avsep_gui.shelf_client import ShelfClient
from avsep_gui.soon import Soon
from avsep_gui.state.document import Document, FacesState, ListenMode, OpenState
from avsep_gui.state.shelf import Shelf
from avsep_gui.state.spectrogram_choice import SpectrogramChoice
from avsep_gui.storage_client import StorageClient
from avsep_gui.theme import SYSTEM, THEMES
from avsep_gui.views.about_dialog import AboutDialog
from avsep_gui.views.announcer import Announcer
from avsep_gui.views.batch_desk import BatchDesk
from avsep_gui.views.export_desk import ExportDesk
from avsep_gui.views.fixed_keys import FixedKeys
from avsep_gui.views.header import Header
from avsep_gui.views.jobs_drawer import JobsDrawer
from avsep_gui.views.menus import Menus
from avsep_gui.views.model_desk import ModelDesk
from avsep_gui.views.notices import Notices
from avsep_gui.views.people_desk import PeopleDesk
from avsep_gui.views.preferences_desk import PreferencesDesk
from avsep_gui.views.project_desk import ProjectDesk
from avsep_gui.views.start_view import ErrorView, StartView, dropped_file
from avsep_gui.views.workspace import Workspace
from engine.errors import EngineError

SHUT_DOWN_S = 2.0


class MainWindow(QMainWindow):
    """The application's one window; it owns the document, the player and the client of the engine.

    Args:
        runner: the worker processes; the window shuts them down when it closes.
    """

    def __init__(self, runner: JobRunner, settings: Settings, look: Look) -> None:
        super().__init__()
        self._runner = runner
        self._settings = settings
        self._look = look
        self.document = Document(self)
        self.document.true_levels = settings.true_levels
        self.player = Player(self.document, self)
        self.shelf = Shelf(self)
        self.client = EngineClient(runner, self.document, lambda: self.player.position_s, self.shelf, parent=self)
        self.shelf_client = ShelfClient(runner, self.shelf, self.client.exports_with, self)
        FacePictures(runner, self.document, self)
        self.spectrograms = SpectrogramChoice(settings, self)
        self.feed = LaneFeed(self.document, self.client, self.spectrograms, self)
        self.actions_by_id = make_actions(self, self._slots())
        storage = StorageClient(runner, self.document, self)
        self.preferences = PreferencesDesk(self, self.actions_by_id, settings, look, self.client, storage)
        self.menus = Menus(
            self, self.actions_by_id, self.document, self.player, settings, look, self.spectrograms, self.open_file
        )
        self._build_pages()
        self._build_desks()
        self._connect()
        self.preferences.follow_keys(self.start, self.header, self.workspace)
        self.announcer = Announcer(self, self.document, runner)
        self.setAcceptDrops(True)
        self.setMinimumSize(960, 600)
        self.resize(1440, 900)
        geometry = settings.layout("window")
        if geometry is not None:
            self.restoreGeometry(geometry)
            bring_back(self)
        self._refresh()
        self._show_page()

    def open_file(self, path: Path) -> None:
        """Open a video or a project."""
        self.project_desk.open(path)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Ask where a batch runs; cancel, wait at most two seconds, kill, quit."""
        if not self.batch.may_close():
            event.ignore()
            return
        self._settings.set_layout("window", self.saveGeometry())
        self._settings.true_levels = self.document.true_levels
        self.workspace.save_layout()
        self.hide()
        self.projects.close()
        self.models.close()
        self.batch.close()
        self.preferences.close()
        self.client.stop()
        self.player.close()
        self._runner.shut_down(SHUT_DOWN_S)
        event.accept()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Welcome files at any time."""
        if dropped_file(event) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open the dropped file."""
        path = dropped_file(event)
        if path is not None:
            event.acceptProposedAction()
            self.open_file(path)

    def changeEvent(self, event: QEvent) -> None:
        """Keep the full-screen action true."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.WindowStateChange and hasattr(self, "workspace"):
            self._show_panels()

    def _slots(self) -> dict[str, Callable[[], None]]:
        player, document = self.player, self.document
        return {
            "open": lambda: self.project_desk.ask_open(),
            "sample": self._on_sample,
            "save_project": lambda: self.project_desk.save(),
            "save_project_as": lambda: self.project_desk.save_as(),
            "export": lambda: self.export_desk.ask(),
            "batch": lambda: self.batch.show_dialog(),
            "close_file": self._on_close_file,
            "quit": self._on_quit,
            "undo": document.undo_stack.undo,
            "redo": document.undo_stack.redo,
            "clear_range": lambda: document.set_range(None),
            "models": lambda: self.models.show_dialog(),
            "preferences": lambda: self.preferences.show_dialog(),
            **{name: partial(self._use_theme, name) for name in (*THEMES, SYSTEM)},
            "zoom_in": lambda: self.workspace.timeline.zoom(1.5),
            "zoom_out": lambda: self.workspace.timeline.zoom(1 / 1.5),
            "zoom_fit": lambda: self.workspace.timeline.fit(),
            "show_people": self._show_panels,
            "show_timeline": self._show_panels,
            "show_jobs": self._toggle_jobs,
            "full_screen": self._on_full_screen,
            "play": player.toggle,
            "shuttle_back": lambda: player.shuttle(-1),
            "shuttle_forward": lambda: player.shuttle(1),
            "frame_back": lambda: player.step_frame(-1),
            "frame_forward": lambda: player.step_frame(1),
            "second_back": lambda: player.skip(-1.0),
            "second_forward": lambda: player.skip(1.0),
            "to_start": lambda: player.seek(0.0),
            "to_end": lambda: player.seek(document.duration_s),
            "range_in": lambda: document.set_in(player.position_s),
            "range_out": lambda: document.set_out(player.position_s),
            "loop": lambda: player.set_looping(self.actions_by_id["loop"].isChecked()),
            "compare": self._on_compare,
            "original": lambda: document.set_mode(ListenMode.ORIGINAL),
            "voice": lambda: document.set_mode(ListenMode.VOICE),
            "rest": lambda: document.set_mode(ListenMode.REST),
            "mute": lambda: document.set_listening(muted=self.actions_by_id["mute"].isChecked()),
            "next_face": lambda: self.workspace.video.overlay.focus_next(1),
            "previous_face": lambda: self.workspace.video.overlay.focus_next(-1),
            "solo": lambda: self._on_solo(document.picked or 1),
            "rename": self._on_rename,
            "correct": lambda: self.people_desk.show_menu_of_picked(),
            "hide": lambda: self.people_desk.hide_picked(),
            "by_photo": lambda: self.people_desk.ask_photo(),
            "pick_nobody": lambda: document.pick(None),
            "whole_file": self.client.voices.request_whole,
            "search_again": self.client.find_faces,
            "keys": lambda: self.preferences.show_keys(),
            "about": self._show_about,
        }

    def _build_pages(self) -> None:
        settings, look = self._settings, self._look
        self.header = Header(self.document, self.shelf, look)
        self.start = StartView(look, has_sample=sample_video() is not None)
        self.error_view = ErrorView(look)
        self.workspace = Workspace(self.document, self.player, self.actions_by_id, look, settings, self.feed)
        self.pages = QStackedWidget()
        for page in (self.start, self.error_view, self.workspace):
            self.pages.addWidget(page)
        self._centre = centre = QWidget()
        layout = QVBoxLayout(centre)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.header)
        layout.addWidget(self.pages, 1)
        self.setCentralWidget(centre)
        self.notices = Notices(look, centre)
        self.notices.set_anchor(self.workspace.video)
        self.drawer = JobsDrawer(self._runner, look, centre)
        for name in ("show_people", "show_timeline"):
            self.actions_by_id[name].setChecked(True)

    def _build_desks(self) -> None:
        document, client, player = self.document, self.client, self.player
        runner, settings, look = self._runner, self._settings, self._look
        self._keys = FixedKeys(
            self, document, runner, self.drawer, self._on_pick, self.actions_by_id["full_screen"].trigger
        )
        self.batch = BatchDesk(
            self, runner, settings, look, self.notices, computing=lambda: (self.shelf.chosen, client.device)
        )
        self.export_desk = ExportDesk(self, document, self.shelf, client, settings, look, self.notices)
        open_models = self.actions_by_id["models"]
        self.models = ModelDesk(
            self, document, self.shelf, client, self.shelf_client, self.header, self.notices, look, open_models
        )
        self.people_desk = PeopleDesk(
            self, document, player, runner, self.workspace, self.notices, self._rename, self._on_pick
        )
        self.projects = Projects(document, self.shelf, client, player, self.workspace.timeline, recovery_folder(), self)
        self.project_desk = ProjectDesk(self, self.projects, document, settings, self.notices, self.start.recovery)

    def _connect(self) -> None:
        document, client, player = self.document, self.client, self.player
        self._page = Soon(self._show_page, self)
        for view in (self.start, self.error_view):
            view.open_wanted.connect(self.project_desk.ask_open)
        self.start.sample_wanted.connect(self._on_sample)
        self.start.file_wanted.connect(self.open_file)
        self.header.jobs_wanted.connect(self._toggle_jobs)
        self.drawer.cancel_wanted.connect(self._runner.cancel)
        self._runner.jobs_changed.connect(self._on_jobs_changed)
        self.workspace.video.person_clicked.connect(self._on_pick)
        self.workspace.video.full_screen_wanted.connect(self.actions_by_id["full_screen"].trigger)
        self.workspace.people.picked.connect(self._on_pick)
        self.workspace.people.solo_wanted.connect(self._on_solo)
        self.workspace.people.search_wanted.connect(client.find_faces)
        self.workspace.people.open_wanted.connect(self.project_desk.ask_open)
        self.workspace.listen.export_wanted.connect(self.export_desk.ask)
        self.workspace.timeline.view_moved.connect(self.feed.show)
        self.workspace.timeline.view_changed.connect(self.projects.note_place)
        document.open_state_changed.connect(self._refresh)
        document.faces_changed.connect(self._refresh)
        document.people_changed.connect(self._refresh)
        document.picked_changed.connect(self._refresh)
        document.source_changed.connect(self._refresh)
        document.range_changed.connect(self._refresh)
        document.undo_stack.indexChanged.connect(self._refresh)
        client.failed.connect(self._on_failed)
        client.warned.connect(lambda text: self.notices.show_text("warning", text))
        client.device_known.connect(self.header.show_device)
        player.position_changed.connect(client.voices.note_position)
        player.no_device.connect(self._on_no_device)
        player.picture.failed.connect(self._on_picture_failed)
        self.shelf.network_changed.connect(self._show_panels)

    def _on_pick(self, person_id: int) -> None:
        """Pick, and let the voice be heard as soon as it can."""
        self.document.pick(person_id)
        self.player.play_when_ready()

    def _on_sample(self) -> None:
        path = sample_video()
        if path is not None:
            self.open_file(path)

    def _on_close_file(self) -> None:
        self.projects.leave()
        self.client.drop_jobs()
        self.notices.clear()
        self.document.close()

    def _on_compare(self) -> None:
        mode = self.document.mode
        self.document.set_mode(ListenMode.ORIGINAL if mode is not ListenMode.ORIGINAL else ListenMode.VOICE)

    def _on_solo(self, person_id: int) -> None:
        document = self.document
        if document.picked == person_id:
            hears_voice = document.mode is ListenMode.VOICE
            document.set_mode(ListenMode.ORIGINAL if hears_voice else ListenMode.VOICE)
        else:
            self._on_pick(person_id)
            document.set_mode(ListenMode.VOICE)

    def _on_rename(self) -> None:
        if self.document.picked is not None:
            self._rename(self.document.picked)

    def _rename(self, person_id: int) -> None:
        self.actions_by_id["show_people"].setChecked(True)
        self._show_panels()
        self.workspace.people.edit_name(person_id)

    def _on_full_screen(self) -> None:
        if self.isFullScreen():
            self.showNormal()
        else:
            self.showFullScreen()

    def _show_panels(self) -> None:
        self.actions_by_id["full_screen"].setChecked(self.isFullScreen())
        self.workspace.show_only_picture(
            self.isFullScreen(),
            side=self.actions_by_id["show_people"].isChecked(),
            timeline=self.actions_by_id["show_timeline"].isChecked(),
        )
        self.header.setVisible(not self.isFullScreen() or self.shelf.network_now)
        self.menuBar().setVisible(not self.isFullScreen())

    def _toggle_jobs(self) -> None:
        if self.drawer.isVisible():
            self.drawer.hide()
            return
        corner = self.header.mapTo(self._centre, QPoint(self.header.width() - 12, self.header.height() + 4))
        self.drawer.open_at(corner.x(), corner.y())

    def _on_jobs_changed(self) -> None:
        jobs = self._runner.jobs()
        self.header.show_jobs(jobs)
        search = next((job for job in jobs if job.id == self.client.faces_job), None)
        if search is not None and self.document.faces_state is FacesState.SEARCHING:
            left = time_left_text(search.time_left_s)
            note = self.tr("Finding people… {0} %").format(round(100 * search.fraction))
            self.workspace.video.set_search_note(f"{note}  ·  {left}" if left else note)

    def _show_about(self) -> None:
        client = AboutClient(self._runner, self)
        dialog = AboutDialog(client, self.shelf, self._look, self)
        dialog.exec()
        dialog.deleteLater()
        client.deleteLater()

    def _on_quit(self) -> None:
        self.close()

    def _on_failed(self, error: EngineError, again: Callable[[], None] | None) -> None:
        self.notices.show_error(error, action=(self.tr("Try again"), again) if again is not None else None)

    def _on_picture_failed(self, message: str) -> None:
        text = self.tr("The picture cannot be shown on this computer; sound and export still work.")
        self.notices.show_text("warning", text, details=message)

    def _on_no_device(self, text: str) -> None:
        self.notices.show_text("warning", text)
        self.workspace.transport.show_no_device(text)

    def _use_theme(self, name: str) -> None:
        self.preferences.use_theme(name)

    def _refresh(self) -> None:
        self.menus.refresh()
        if self.document.open_state in (OpenState.OPENING, OpenState.OPEN):
            self._page.ask()  # the workspace takes the longest to show for the first time
        else:
            self._page.stop()
            self._show_page()

    def _show_page(self) -> None:
        document = self.document
        page: QWidget = self.workspace
        if document.open_state is OpenState.EMPTY:
            page = self.start
            self.start.set_recent(self._settings.recent)
        elif document.open_state is OpenState.FAILED and document.error is not None:
            page = self.error_view
            self.error_view.show_error(document.error, self.project_desk.ways_on())
        self.pages.setCurrentWidget(page)
