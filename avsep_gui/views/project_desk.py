"""ProjectDesk: what the window shows of projects: file dialogs, its title, the recovery card, the missing video."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QDateTime, QLocale, QObject
from PySide6.QtWidgets import QApplication, QFileDialog, QLineEdit, QMainWindow

from avsep_gui.engine_words import in_words
from avsep_gui.projects import Projects
from avsep_gui.recovery import Abandoned
from avsep_gui.settings import Settings
from avsep_gui.state.document import Document, OpenState
from avsep_gui.state.project import SUFFIX, is_project
from avsep_gui.views.notices import Notices
from avsep_gui.views.start_view import RecoveryCard
from engine.errors import InputError, OutputError, OutputExistsError

VIDEO_FILTER = "*.mp4 *.mov *.mkv *.avi *.webm *.m4v *.mpg *.mpeg *.ts *.mts *.wmv *.flv *.ogv *.3gp"


class ProjectDesk(QObject):
    """Connects projects with the window."""

    def __init__(
        self,
        window: QMainWindow,
        projects: Projects,
        document: Document,
        settings: Settings,
        notices: Notices,
        card: RecoveryCard,
    ) -> None:
        super().__init__(window)
        self._window = window
        self._projects = projects
        self._document = document
        self._settings = settings
        self._notices = notices
        self._card = card
        projects.changed.connect(self._refresh)
        projects.told.connect(self._on_told)
        card.restore.clicked.connect(self._on_restore)
        card.discard.clicked.connect(self._on_discard)
        self._refresh()

    def open(self, path: Path) -> None:
        """Open a video or a project; what is open stays where a project cannot be read."""
        path = path.absolute()
        if not is_project(path):
            self._notices.clear()
            self._settings.add_recent(path)
            self._projects.open(path)
        elif not self._open_project(path):
            return
        self._offer_for(path)

    def ask_open(self) -> None:
        """Ask which file, and open it."""
        recent = self._settings.recent
        folder = str(recent[0].parent) if recent else str(Path.home())
        pattern = self.tr("Videos and projects ({0});;All files (*)").format(
            f"{VIDEO_FILTER} {VIDEO_FILTER.upper()} *{SUFFIX}"
        )
        name, _ = QFileDialog.getOpenFileName(self._window, self.tr("Open a video or project"), folder, pattern)
        if name:
            self.open(Path(name))

    def save(self) -> None:
        """Save the project, under its own name if it has one."""
        if self._projects.path is None:
            self.save_as()
        else:
            self._save(self._projects.path)

    def save_as(self) -> None:
        """Ask for a name, and save the project under it."""
        video = self._document.path
        if video is None:
            return
        folder = video.parent if os.access(video.parent, os.W_OK) else Path.home()
        first = self._projects.path or folder / f"{video.stem}{SUFFIX}"
        pattern = self.tr("Projects ({0})").format(f"*{SUFFIX}")
        name, _ = QFileDialog.getSaveFileName(self._window, self.tr("Save project as"), str(first), pattern)
        if not name:
            return
        path = Path(name)
        if not is_project(path):
            path = path.with_name(path.name + SUFFIX)
            if path.exists():  # the dialog asked about the name without the ending
                message = self.tr("There is already a “{0}” in that folder.").format(path.name)
                error = OutputExistsError(message, in_words("Choose another name."))
                self._notices.show_error(error, action=(self.tr("Choose another name…"), self.save_as))
                return
        self._save(path, over=True)

    def ways_on(self) -> list[tuple[str, Callable[[], None]]]:
        """What the error page offers beside another video."""
        missing = self._projects.missing
        if missing is None:
            return []
        find = (self.tr("Find it…"), self._on_find)
        return [find] if missing.found is None else [find, (self.tr("Use it anyway"), self._projects.use_found)]

    def _open_project(self, path: Path) -> bool:
        try:
            self._projects.open(path)
        except InputError as error:
            if self._document.open_state is OpenState.OPEN:
                self._notices.show_error(error)
            else:
                self._projects.leave()
                self._document.begin_open(path)
                self._document.set_open_error(error)
            return False
        self._settings.add_recent(path)
        return True

    def _save(self, path: Path, *, over: bool = False) -> None:
        focused = QApplication.focusWidget()
        if isinstance(focused, QLineEdit):  # a name that is being typed belongs to what is saved
            focused.clearFocus()
        try:
            self._projects.save(path, over=over)
        except OutputError as error:
            self._notices.show_error(error, action=(self.tr("Save project as…"), self.save_as))
            return
        self._settings.add_recent(path.absolute())
        self._notices.show_text("good", self.tr("Saved {0}.").format(path.name))

    def _offer_for(self, path: Path) -> None:
        """The file that was opened has something newer from a crash."""
        for found in self._projects.abandoned:
            if str(path) in (found.project.recovered_from, found.project.video):
                text = self.tr("AVSep ended unexpectedly while {0} was open; what was not saved is kept.")
                self._notices.show_text(
                    "warning",
                    text.format(path.name),
                    action=(self.tr("Restore"), partial(self._restore, found)),
                    stays=True,
                )
                return

    def _restore(self, found: Abandoned) -> None:
        if found in self._projects.abandoned:
            self._notices.clear()
            self._projects.restore(found)

    def _on_restore(self) -> None:
        self._restore(self._projects.abandoned[0])

    def _on_discard(self) -> None:
        self._projects.discard(self._projects.abandoned[0])

    def _on_find(self) -> None:
        missing = self._projects.missing
        if missing is None:
            return
        folder = missing.path.parent if missing.path is not None else Path.home()
        title = self.tr("Find {0}").format(missing.project.video_name)
        pattern = self.tr("Videos ({0});;All files (*)").format(f"{VIDEO_FILTER} {VIDEO_FILTER.upper()}")
        name, _ = QFileDialog.getOpenFileName(self._window, title, str(folder), pattern)
        if name:
            self._projects.find(Path(name).absolute())

    def _on_told(self, level: str, text: str) -> None:
        self._notices.show_text("warning" if level == "warning" else "info", text, stays=level == "warning")

    def _refresh(self) -> None:
        path = self._projects.path or self._document.path
        if self._document.open_state is OpenState.EMPTY:
            path = None
        name = path.name.replace("[*]", "[*][*]") if path is not None else ""
        self._window.setWindowTitle(f"{name}[*] – AVSep" if name else "AVSep")
        self._window.setWindowModified(self._projects.modified)
        if not self._projects.abandoned:
            self._card.hide()
            return
        found = self._projects.abandoned[0]
        home = found.project.recovered_from
        work = Path(home).name if home else found.project.video_name
        when = QLocale().toString(QDateTime.fromSecsSinceEpoch(round(found.at_s)), QLocale.FormatType.ShortFormat)
        if found.project.unsaved:
            title = self.tr("Your changes could not be saved; go on with {0}?").format(work)
        else:
            title = self.tr("AVSep ended unexpectedly; go on with {0}?").format(work)
        self._card.ask(title, self.tr("Kept at {0}: pick, names, selection and place.").format(when))
