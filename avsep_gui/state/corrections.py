"""Corrections: what the user says about who is who; every one can be undone."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QObject

from avsep_gui.state import casting
from avsep_gui.state.document import Document, People
from avsep_gui.words import short_clock
from engine.casting import recast
from engine.errors import UsageError
from engine.types import Cast, Person


class Corrections(QObject):
    """Merges, splits, exchanges and hides the people of a document."""

    def __init__(self, document: Document, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document = document

    def merge(self, into: int, other: int) -> None:
        """Say that two are one person.

        Raises:
            UsageError: they are seen at the same time.
        """
        document = self._document
        one, twin = document.person(into), document.person(other)
        if one is None or twin is None or one is twin:
            return
        together_s = casting.first_together_s(one, twin)
        if together_s is not None:
            raise UsageError(
                self.tr("{0} and {1} are both in the picture at {2}, so they are two people.").format(
                    document.name(into), document.name(other), short_clock(together_s)
                ),
                self.tr("If the faces were mixed up, go to where that begins and let the two change places."),
            )
        words = self.tr("{0} is {1}").format(document.name(other), document.name(into))
        picked = into if document.picked == other else document.picked
        self._change(words, casting.merged(document.cast, into, other), picked)

    def split(self, person_id: int, at_s: float) -> None:
        """Say that from a moment on it is somebody new."""
        document = self._document
        words = self.tr("somebody new after {0}").format(document.name(person_id))
        self._change(words, casting.split(document.cast, person_id, at_s, self._new_id()), document.picked)

    def exchange(self, one: int, other: int, at_s: float) -> None:
        """Say that from a moment on two people are each other."""
        document = self._document
        words = self.tr("{0} and {1} change places").format(document.name(one), document.name(other))
        self._change(words, casting.exchanged(document.cast, one, other, at_s), document.picked)

    def give(self, person_id: int, at_s: float, to: int | None) -> None:
        """Say that the person's appearance at a moment is somebody else's; None: of somebody new.

        Raises:
            UsageError: whose it is said to be is seen elsewhere in the picture meanwhile.
        """
        document = self._document
        person, whose = document.person(person_id), document.person(to) if to is not None else None
        track = casting.track_at(person, at_s) if person is not None else None
        if person is None or track is None:
            return
        together_s = casting.first_together_s(replace(person, tracks=(track,)), whose) if whose is not None else None
        if whose is not None and together_s is not None:
            raise UsageError(
                self.tr("{0} is elsewhere in the picture at {1}.").format(
                    document.name(whose.id), short_clock(together_s)
                ),
                self.tr("If the two were mixed up, let them change places from here on."),
            )
        words = self.tr("this is not {0}").format(document.name(person_id))
        new_id = self._new_id() if to is None else to
        cast = casting.given(document.cast, person_id, track, new_id, is_new=to is None)
        self._change(words, cast, document.picked)

    def hide(self, person_id: int, *, hidden: bool = True) -> None:
        """Leave a person out of the picture, the lists and exports of everyone, or bring one back."""
        document = self._document
        if document.person(person_id) is None:
            return
        after = document.hidden | {person_id} if hidden else document.hidden - {person_id}
        words = self.tr("hide {0}") if hidden else self.tr("show {0}")
        picked = None if hidden and document.picked == person_id else document.picked
        document.change_people(words.format(document.name(person_id)), People(document.cast, after, picked))

    def can_split(self, person: Person, at_s: float) -> bool:
        """Whether the person is seen both before a moment and after it."""
        return any(track.start_s < at_s for track in person.tracks) and any(
            at_s < track.end_s for track in person.tracks
        )

    def _change(self, words: str, cast: Cast, picked: int | None) -> None:
        document = self._document
        if document.analysis is None:
            return
        there = {person.id for person in recast(document.analysis, cast).people}
        people = People(cast, document.hidden & there, picked if picked in there else None)
        document.change_people(words, people)

    def _new_id(self) -> int:
        analysis = self._document.analysis
        return casting.next_id(self._document.cast, analysis.people if analysis is not None else ())
