"""Projects: opens, saves and puts back what the user decided about a video, and keeps it safe between two saves."""

from __future__ import annotations

import contextlib
import logging
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import QObject, QTimer, Signal

from avsep_gui.engine_client import EngineClient
from avsep_gui.fingerprints import Fingerprints
from avsep_gui.player.player import Player
from avsep_gui.recovery import Abandoned, Recovery, abandoned
from avsep_gui.state.document import Document, FacesState, OpenState, People
from avsep_gui.state.missing import Missing
from avsep_gui.state.project import (
    Fingerprint,
    Json,
    PersonMark,
    Project,
    cast_now,
    differs,
    is_project,
    mark,
    match,
    said_path,
    write_project,
)
from avsep_gui.state.project_reader import read_project
from avsep_gui.state.shelf import DEFAULT, Shelf
from engine.errors import OutputError

logger = logging.getLogger(__name__)

CHANGE_MS = 2000
PLACE_MS = 10_000

Stamp = tuple[int, int, int]


class View(Protocol):
    """What shows a stretch of the file."""

    def visible_s(self) -> tuple[float, float]:
        """The stretch that is shown."""

    def show_stretch(self, start_s: float, end_s: float) -> None:
        """Show another one."""


class Projects(QObject):
    """The project of one window. A video that was opened without one becomes one when it is saved.

    Signals:
        changed(): which project is open, whether it has unsaved changes, or what was found after a crash.
        told(str, str): level of a notice ("info", "warning") and a sentence.

    Args:
        view: the time line.
        folder: of recovery files.
    """

    changed = Signal()
    told = Signal(str, str)

    _path: Path | None
    _place: Project | None  # to be put back when the video is open
    _waiting: Project | None  # whose people are to be put back when they are found
    _missing: Missing | None
    _sought: Path | None
    _last_kept: Project | None
    _last_written: Project | None
    _stamp: Stamp | None  # of the project file when it was read or written here

    def __init__(
        self,
        document: Document,
        shelf: Shelf,
        client: EngineClient,
        player: Player,
        view: View,
        folder: Path,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._document = document
        self._shelf = shelf
        self._client = client
        self._player = player
        self._view = view
        self._recovery = Recovery(folder)
        self._recovery_works = True
        self._closed = False
        self.abandoned: list[Abandoned] = []
        with contextlib.suppress(OSError):
            self.abandoned = abandoned(folder)
        self._prints = Fingerprints(self)
        self._prints.known.connect(self._on_print)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.autosave)
        self._forget()
        document.open_state_changed.connect(self._on_open_state)
        document.faces_changed.connect(self._on_faces)
        for signal in (
            document.undo_stack.indexChanged,
            document.undo_stack.cleanChanged,
            document.mode_changed,
            document.picked_changed,
            document.range_changed,
            document.name_changed,
        ):
            signal.connect(self._on_changed)
        shelf.rows_changed.connect(self._on_rows)
        player.position_changed.connect(self.note_place)

    @property
    def path(self) -> Path | None:
        """The project file, None for a video without one."""
        return self._path

    @property
    def modified(self) -> bool:
        """Whether a project has changes that are not in its file; where one looks does not count."""
        if self._path is None or self._document.open_state is not OpenState.OPEN:
            return False
        return self._touched or not self._document.undo_stack.isClean() or self._rest() != self._saved_rest

    @property
    def missing(self) -> Missing | None:
        """The project whose video is not there."""
        return self._missing

    def open(self, path: Path) -> None:
        """Open a video or a project.

        Raises:
            InputError: there is no project at `path`, or it is damaged; what is open stays open.
        """
        if is_project(path):
            read_project(path)
            self.leave()  # which may write this very file
            self._begin(read_project(path), path)
        else:
            self.leave()
            self._open_video(path)

    def save(self, path: Path, *, over: bool = False) -> None:
        """Write the project file.

        Args:
            over: also where another program changed it since it was opened here.

        Raises:
            OutputError: it cannot be written.
        """
        self._write(path, self.current(path.parent), over=over or path != self._path)
        self._path = path
        self._touched, self._owes_print = False, not self._content.digest
        self._saved_rest = self._rest()
        self._document.undo_stack.setClean()
        self._timer.stop()
        self._recovery.remove()
        self._recovered = False
        self.changed.emit()

    def leave(self) -> None:
        """What is open gives way: write what a project has not saved, and keep no recovery file without need."""
        self._timer.stop()
        keep = self._recovered and self._unfinished
        if self._path is not None and self._document.open_state is OpenState.OPEN:
            keep = not self._write_on_leaving(self._path) or keep
        if keep:
            self._recovery.release()
        else:
            self._recovery.remove()
        self._forget()
        self.changed.emit()

    def close(self) -> None:
        """The window closes."""
        self._closed = True
        self.leave()
        for one in self.abandoned:
            one.release()
        self.abandoned = []
        self._prints.close()
        self.blockSignals(True)  # what is closed and taken apart after this is no news

    def restore(self, found: Abandoned) -> None:
        """Go on with what a crash left."""
        self.abandoned.remove(found)
        self.leave()
        self._recovery.adopt(found)
        self._recovered = True
        home = found.project.recovered_from
        self._touched = bool(home)
        self._begin(replace(found.project, recovered_from="", unsaved=False), Path(home) if home else None)

    def discard(self, found: Abandoned) -> None:
        """Delete what a crash left."""
        self.abandoned.remove(found)
        found.discard()
        self.changed.emit()

    def find(self, video: Path) -> None:
        """The user says that this is the missing video; other contents have to be confirmed (`use_found`)."""
        self._sought = video
        self._prints.ask(video)

    def use_found(self) -> None:
        """Take the file with other contents all the same."""
        if self._missing is not None and self._missing.found is not None:
            self._take(self._missing.found)

    def note_place(self, *_: object) -> None:
        """The playhead or the time line moved."""
        self._schedule(PLACE_MS)

    def autosave(self) -> None:
        """Write the recovery file."""
        self._timer.stop()
        document = self._document
        if document.open_state is not OpenState.OPEN or document.path is None:
            return
        home = str(self._path) if self._path is not None else ""
        project = replace(self.current(None), recovered_from=home)
        if project == self._last_kept:
            return
        try:
            self._recovery.write(project)
            self._last_kept, self._recovery_works = project, True
        except OSError as error:
            logger.info("no recovery file: %s", error)
            if self._recovery_works:
                self.told.emit(
                    "warning",
                    self.tr("What you do cannot be kept safe from a crash: {0}. Save the project now and then.").format(
                        error.strerror or error
                    ),
                )
            self._recovery_works = False

    def current(self, folder: Path | None) -> Project:
        """What the project is now.

        Args:
            folder: where its file is; None names the video by its whole path.
        """
        document = self._document
        assert document.path is not None
        video = str(document.path) if folder is None else said_path(document.path, folder)
        waiting = self._waiting
        known = waiting if waiting is not None else Project(video)
        if waiting is None:
            people = tuple(
                mark(person, document.user_name(person.id) or "", self._extra.get(person.id))
                for person in document.everybody
            )
            named = {part.found for part in document.cast}
            faces = document.analysis.people if document.analysis is not None else ()
            known = replace(
                known,
                people=people,
                cast=document.cast,
                found=tuple(mark(person) for person in faces if person.id in named),
                hidden=tuple(sorted(document.hidden)),
                picked=document.picked,
                mode=document.mode,
            )
        view = self._view.visible_s()
        whole = view[1] - view[0] >= document.duration_s - 0.001
        return replace(
            known,
            video=video,
            content=self._content,
            model=self._model_wanted or self._shelf.chosen,
            mix_back=document.mix_back,
            range_s=document.range_s,
            playhead_s=max(0.0, self._player.position_s),
            view_s=None if whole else view,
            raw=self._raw,
        )

    def _forget(self) -> None:
        self._path = None
        self._place = self._waiting = None
        self._missing = None
        self._sought = None
        self._model_wanted = ""
        self._expected = Fingerprint()
        self._content = Fingerprint()
        self._raw: Json = {}
        self._extra: dict[int, Json] = {}
        self._recovered = self._touched = self._owes_print = False
        self._last_kept = self._last_written = None
        self._stamp = None
        self._saved_rest = self._rest()

    @property
    def _unfinished(self) -> bool:
        """Whether something of the project was not put back yet."""
        return self._place is not None or self._waiting is not None or self._missing is not None

    def _begin(self, project: Project, path: Path | None) -> None:
        self._path = path
        self._stamp = _stamp(path) if path is not None else None
        video = project.find_video(path.parent if path is not None else Path("/"))
        if video is None:
            self._show_missing(Missing(project, path))
        else:
            self._put_back(project, video)

    def _put_back(self, project: Project, video: Path) -> None:
        self._missing = None
        self._place = self._waiting = project
        self._expected, self._raw = project.content, project.raw
        self._last_written = project
        self._model_wanted = project.model
        self._open_video(video)
        self._on_rows()

    def _open_video(self, video: Path) -> None:
        self._prints.ask(video)
        self._client.open(video)
        self.changed.emit()

    def _show_missing(self, missing: Missing) -> None:
        self._missing = missing
        self._client.drop_jobs()
        self._document.begin_open(missing.said_path)
        self._document.set_open_error(missing.error())
        self.changed.emit()

    def _take(self, video: Path) -> None:
        missing = self._missing
        assert missing is not None
        self._touched = True
        self._put_back(replace(missing.project, content=Fingerprint()), video)

    def _on_print(self, video: Path, content: Fingerprint | None) -> None:
        missing = self._missing
        if missing is not None and video == self._sought:
            self._sought = None
            if content is None:
                text = self.tr("“{0}” cannot be read. Choose another file.")
                self.told.emit("warning", text.format(video.name))
            elif differs(missing.project.content, content):
                self._show_missing(replace(missing, found=video))
            else:
                self._take(video)
            return
        if video != self._document.path or content is None:
            return
        self._content = content
        if differs(self._expected, content):
            text = self.tr("{0} has changed since the project was saved; the people in it were looked for again.")
            self.told.emit("warning", text.format(video.name))
        written = self._last_written
        if self._path is not None and written is not None and self._owes_print:
            self._owes_print = False
            with contextlib.suppress(OutputError):
                self._write(self._path, replace(written, content=content))

    def _on_open_state(self) -> None:
        document, project = self._document, self._place
        if document.open_state is not OpenState.OPEN:
            return
        if project is not None:
            self._place = None
            document.put_back_listening(project.range_s, project.mix_back)
            self._player.seek(project.playhead_s)
            if project.view_s is not None:
                self._view.show_stretch(*project.view_s)
        self._saved_rest = self._rest()
        self._schedule(CHANGE_MS)
        self.changed.emit()

    def _on_faces(self) -> None:
        document, project = self._document, self._waiting
        if project is None or document.faces_state not in (FacesState.FOUND, FacesState.NOBODY):
            return
        self._waiting = None
        corrected = cast_now(project, document.everybody)
        if corrected is None:
            self.told.emit("warning", self.tr("Who is who was corrected for other faces than these; that was dropped."))
        cast, ids = corrected or ((), {})
        document.put_back_people(People(cast), {}, document.mode)
        now = {**match(project.people, document.everybody), **ids}
        names = {now[one.id]: one.name for one in project.people if one.name and one.id in now}
        self._extra = {now[one.id]: one.extra for one in project.people if one.id in now}
        picked = now.get(project.picked) if project.picked is not None else None
        if project.picked is not None and not any(one.id == project.picked for one in project.people):
            picked = project.picked if document.person(project.picked) is not None else None
        hidden = frozenset(now[one] for one in project.hidden if one in now)
        document.put_back_people(People(cast, hidden, picked), names, project.mode)
        self._saved_rest = (document.mode, *self._saved_rest[1:])
        lost = [one for one in project.people if one.id not in now and (one.name or one.id == project.picked)]
        if lost:
            self.told.emit("warning", self._lost_text(lost))
        self._on_changed()

    def _lost_text(self, lost: list[PersonMark]) -> str:
        words = [one.name or self.tr("Person {0}").format(one.id) for one in lost]
        names = words[0] if len(words) == 1 else self.tr("{0} and {1}").format(", ".join(words[:-1]), words[-1])
        name = self._document.path.name if self._document.path is not None else ""
        if len(words) == 1:
            return self.tr("{0} is not among the people in {1} any more and was dropped.").format(names, name)
        return self.tr("{0} are not among the people in {1} any more and were dropped.").format(names, name)

    def _on_rows(self) -> None:
        wanted = self._model_wanted
        if wanted and self._shelf.rows:
            self._model_wanted = ""
            row = self._shelf.row(wanted)
            if wanted != DEFAULT and (row is None or not row.installed):
                self._client.use_model(DEFAULT)
                text = self.tr("The model {0} of this project is not installed; {1} computes voices.")
                self.told.emit("warning", text.format(wanted, self._shelf.name))
            else:
                self._client.use_model(wanted)
            self._saved_rest = (*self._saved_rest[:2], self._shelf.chosen)
        self._on_changed()

    def _on_changed(self, *_: object) -> None:
        self._schedule(CHANGE_MS)
        self.changed.emit()

    def _schedule(self, wait_ms: int) -> None:
        if self._closed or self._document.open_state is not OpenState.OPEN:
            return
        if not self._timer.isActive() or self._timer.remainingTime() > wait_ms:
            self._timer.start(wait_ms)

    def _rest(self) -> tuple[object, ...]:
        """What is part of a project and not on the undo stack, but for where one looks."""
        document = self._document
        return document.mode, round(document.mix_back, 4), self._model_wanted or self._shelf.chosen

    def _write(self, path: Path, project: Project, *, over: bool = False) -> None:
        if not over and self._stamp is not None and _stamp(path) not in (None, self._stamp):
            raise OutputError(
                self.tr("The project {0} was changed by another window or program meanwhile.").format(path.name),
                self.tr("Save it under another name, or over the other one."),
            )
        try:
            write_project(path, project)
        except OSError as error:
            raise OutputError(
                self.tr("The project cannot be saved as {0}: {1}.").format(path, error.strerror or error),
                self.tr("Save it in another folder."),
                details=str(error),
            ) from None
        self._last_written, self._stamp = project, _stamp(path)

    def _write_on_leaving(self, path: Path) -> bool:
        """Write what changed; False where that failed, and the recovery file has it."""
        project = self.current(path.parent)
        changed = self.modified
        if not changed:  # only where one looks; what could not be put back stays in the file
            if self._last_written is None or self._unfinished:
                return True
            project = replace(self._last_written, playhead_s=project.playhead_s, view_s=project.view_s)
            if project == self._last_written:
                return True
        try:
            self._write(path, project)
        except OutputError as error:
            logger.info("not saved on leaving: %s", error)
            if changed:
                with contextlib.suppress(OSError):
                    self._recovery.write(replace(self.current(None), recovered_from=str(path), unsaved=True))
                return False
        return True


def _stamp(path: Path) -> Stamp | None:
    """What changes when a file is written; None without one."""
    try:
        facts = path.stat()
    except OSError:
        return None
    return facts.st_mtime_ns, facts.st_size, facts.st_ino
