"""FacePictures: fetches faces for people whom the user split off, so that each is shown by a face of their own."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject

from avsep_gui.calls import Calls
from avsep_gui.jobs import JobRunner, Priority
from avsep_gui.state.document import Document
from engine.casting import parts_of
from engine.types import Person


class FacePictures(QObject):
    """Watches who there is; a face that cannot be read is none: the picture of before stays."""

    def __init__(self, runner: JobRunner, document: Document, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._calls = Calls(runner, self)
        self._document = document
        self._asked: set[str] = set()
        document.people_changed.connect(self._fetch)
        document.open_state_changed.connect(self._forget)

    def _fetch(self) -> None:
        document = self._document
        for person in document.everybody:
            key = document.key(person.id)
            if key not in self._asked and self._is_part(person) and document.path is not None:
                self._asked.add(key)
                track = max(person.tracks, key=lambda track: track.end_s - track.start_s)
                middle = len(track.times_s) // 2
                self._calls.submit(
                    "light",
                    "face_picture",
                    document.path,
                    float(track.times_s[middle]),
                    tuple(float(value) for value in track.boxes_px[middle]),
                    priority=Priority.LATER,
                    on_success=partial(document.set_picture, key),
                )

    def _is_part(self, person: Person) -> bool:
        """Whether the face that shows a person may be of somebody else now."""
        return any(
            part.start_s is not None or part.end_s is not None for part in parts_of(self._document.cast, person.id)
        )

    def _forget(self) -> None:
        self._asked.clear()
        self._calls.drop(*self._calls.under_way())
