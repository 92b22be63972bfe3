"""Announcer: tells a screen reader what happened: people found, a voice that can be heard, work that goes on."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from avsep_gui.announce import announce
from avsep_gui.jobs import Job, JobRunner
from avsep_gui.state.document import Document, FacesState, OpenState

STEP = 0.25
LONG_S = 20.0


class Announcer(QObject):
    """Listens to document and jobs, and says each thing once.

    Args:
        window: where it happens, for the screen reader.
    """

    def __init__(self, window: QWidget, document: Document, runner: JobRunner) -> None:
        super().__init__(window)
        self._window = window
        self._document = document
        self._runner = runner
        self._faces = document.faces_state
        self._heard: set[int] = set()
        self._steps: dict[int, int] = {}  # job -> quarters that were said
        self._titles: dict[int, str] = {}
        document.open_state_changed.connect(self._on_opened)
        document.faces_changed.connect(self._on_faces)
        document.voice_changed.connect(self._on_voice)
        document.voices_forgotten.connect(self._heard.clear)
        runner.jobs_changed.connect(self._on_jobs)
        runner.succeeded.connect(self._on_succeeded)
        runner.failed.connect(self._forget)
        runner.cancelled.connect(self._forget)

    def _say(self, text: str, *, urgent: bool = False) -> None:
        announce(self._window, text, urgent=urgent)

    def _on_opened(self) -> None:
        self._heard.clear()
        document = self._document
        if document.open_state is OpenState.FAILED and document.error is not None:
            self._say(str(document.error), urgent=True)

    def _on_faces(self) -> None:
        document = self._document
        before, self._faces = self._faces, document.faces_state
        if self._faces is before:
            return
        if self._faces is FacesState.FOUND:
            names = ", ".join(document.name(person.id) for person in document.people)
            self._say(self.tr("%n person(s) found: {0}", "", len(document.people)).format(names))
        elif self._faces is FacesState.NOBODY:
            self._say(self.tr("No face was found in this video"))
        elif self._faces is FacesState.FAILED and document.faces_error is not None:
            self._say(str(document.faces_error), urgent=True)

    def _on_voice(self, person_id: int) -> None:
        if person_id not in self._heard and self._document.voice(person_id).ready:
            self._heard.add(person_id)
            self._say(self.tr("The voice of {0} can be heard").format(self._document.name(person_id)))

    def _on_jobs(self) -> None:
        jobs = {job.id: job for job in self._runner.jobs() if job.title}
        self._titles.update({job.id: job.title for job in jobs.values()})
        for job in jobs.values():
            self._on_progress(job)

    def _on_progress(self, job: Job) -> None:
        """Quarters of work that takes a while."""
        step = int(job.fraction / STEP)
        said = self._steps.setdefault(job.id, 0)
        if step > said and step * STEP < 1.0:
            self._steps[job.id] = step
            if job.time_left_s is not None and job.time_left_s >= LONG_S:
                self._say(self.tr("{0}: {1} %").format(job.title, round(100 * step * STEP)))

    def _on_succeeded(self, job_id: int, _value: object) -> None:
        title = self._forget(job_id)
        if title:
            self._say(self.tr("{0}: done").format(title))

    def _forget(self, job_id: int, _error: object = None) -> str:
        """The job ended; failures are told by notices. Returns its title."""
        self._steps.pop(job_id, None)
        return self._titles.pop(job_id, "")
