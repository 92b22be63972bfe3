"""Document: the opened video, its people, who is picked, what is computed, what the user listens to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal, SignalInstance
from PySide6.QtGui import QUndoStack

from avsep_gui.state.commands import Change
from avsep_gui.state.intervals import Intervals, union
from engine.casting import person_key, recast
from engine.errors import EngineError, UsageError
from engine.types import Cast, ConfidenceSpan, FaceAnalysis, IsolatedVoice, MediaInfo, PcmStore, Person

Picture = NDArray[np.uint8]


class ListenMode(Enum):
    """What is heard."""

    ORIGINAL = "original"
    VOICE = "voice"
    REST = "rest"


class OpenState(Enum):
    """Where opening a file stands."""

    EMPTY = "empty"
    OPENING = "opening"
    OPEN = "open"
    FAILED = "failed"


class FacesState(Enum):
    """Where the search for people stands."""

    NONE = "none"
    SEARCHING = "searching"
    FOUND = "found"
    NOBODY = "nobody"
    FAILED = "failed"


@dataclass(frozen=True)
class VoiceState:
    """What is known of one person's voice. `ready` tells what can be heard, in seconds."""

    store: PcmStore | None = None
    ready: Intervals = ()
    spans: tuple[ConfidenceSpan, ...] = ()
    mean: float | None = None


@dataclass(frozen=True)
class People:
    """Who is who, as the user corrected it, who is hidden, and who is picked."""

    cast: Cast = ()
    hidden: frozenset[int] = frozenset()
    picked: int | None = None


class Document(QObject):
    """The facts of one window. Views read it; everything undoable goes through `undo_stack`.

    Signals:
        open_state_changed(): empty, opening, open or failed.
        source_changed(): the decoded sound arrived.
        faces_changed(): the search got further.
        people_changed(): who there is: people arrived, or were merged, split, hidden, forgotten.
        picture_changed(int): another picture of this person.
        picked_changed(): another person, or nobody.
        voice_changed(int): more of this person's voice can be heard.
        voices_forgotten(): what was computed does not count any more; another model does it.
        mode_changed(): original, voice or everyone else; mix-back, levels, mute.
        range_changed(): in and out.
        name_changed(int): a person was renamed.
    """

    open_state_changed = Signal()
    source_changed = Signal()
    faces_changed = Signal()
    people_changed = Signal()
    picture_changed = Signal(int)
    picked_changed = Signal()
    voice_changed = Signal(int)
    voices_forgotten = Signal()
    mode_changed = Signal()
    range_changed = Signal()
    name_changed = Signal(int)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.undo_stack = QUndoStack(self)
        self.open_state = OpenState.EMPTY
        self.faces_state = FacesState.NONE
        self.path: Path | None = None
        self.media: MediaInfo | None = None
        self.source: PcmStore | None = None
        self.analysis: FaceAnalysis | None = None
        self.error: EngineError | None = None
        self.faces_error: EngineError | None = None
        self.mode = ListenMode.ORIGINAL
        self.mix_back = 0.0
        self.true_levels = False
        self.muted = False
        self.range_s: tuple[float, float] | None = None
        self._names: dict[int, str] = {}
        self._voices: dict[str, VoiceState] = {}
        self._pictures: dict[str, Picture] = {}
        self.corrected = People()
        self._everybody: tuple[Person, ...] = ()

    @property
    def everybody(self) -> tuple[Person, ...]:
        """All people, also those that the user hid."""
        return self._everybody

    @property
    def people(self) -> tuple[Person, ...]:
        """The people that are shown, most visible first, those whom the user made last."""
        return tuple(person for person in self._everybody if person.id not in self.corrected.hidden)

    @property
    def hidden(self) -> frozenset[int]:
        """Whom the user hid."""
        return self.corrected.hidden

    @property
    def cast(self) -> Cast:
        """The user's corrections of who is who."""
        return self.corrected.cast

    @property
    def picked(self) -> int | None:
        """Whose voice is listened to."""
        return self.corrected.picked

    @property
    def duration_s(self) -> float:
        """Length of the opened file in seconds, 0 without one."""
        return self.media.duration_s if self.media is not None else 0.0

    def person(self, person_id: int) -> Person | None:
        """The person with this id, also a hidden one."""
        return next((person for person in self._everybody if person.id == person_id), None)

    def key(self, person_id: int) -> str:
        """A name for what the person is made of; voices and pictures are kept by it."""
        return person_key(self.cast, person_id)

    def picture(self, person: Person) -> Picture:
        """The person's face, (h, w, 3) uint8 RGB."""
        return self._pictures.get(self.key(person.id), person.thumbnail_rgb)

    def name(self, person_id: int) -> str:
        """What the person is called here: the user's name, else the engine's label."""
        person = self.person(person_id)
        return self._names.get(person_id, person.label if person is not None else f"Person {person_id}")

    def voice(self, person_id: int) -> VoiceState:
        """What is known of this person's voice."""
        return self._voices.get(self.key(person_id), VoiceState())

    def begin_open(self, path: Path) -> None:
        """Forget everything and wait for `path`."""
        self._reset(path, OpenState.OPENING)

    def close(self) -> None:
        """Forget everything."""
        self._reset(None, OpenState.EMPTY)

    def _reset(self, path: Path | None, state: OpenState) -> None:
        self.undo_stack.clear()
        self.path, self.media, self.source, self.analysis = path, None, None, None
        self.error = self.faces_error = None
        self.mode, self.mix_back, self.range_s = ListenMode.ORIGINAL, 0.0, None
        self._names, self._voices, self._pictures = {}, {}, {}
        self.corrected, self._everybody = People(), ()
        self.open_state, self.faces_state = state, FacesState.NONE
        for signal in (
            self.open_state_changed,
            self.source_changed,
            self.people_changed,
            self.faces_changed,
            self.picked_changed,
            self.mode_changed,
            self.range_changed,
        ):
            signal.emit()

    def set_media(self, media: MediaInfo) -> None:
        """The file was probed: it is open now."""
        self.media = media
        self.open_state = OpenState.OPEN
        self.open_state_changed.emit()

    def set_open_error(self, error: EngineError) -> None:
        """The file cannot be opened."""
        self.error = error
        self.open_state = OpenState.FAILED
        self.open_state_changed.emit()

    def set_source(self, source: PcmStore) -> None:
        """The sound was decoded."""
        self.source = source
        self.source_changed.emit()

    def set_searching(self) -> None:
        """The search for people began."""
        self.faces_state = FacesState.SEARCHING
        self.faces_changed.emit()

    def set_analysis(self, analysis: FaceAnalysis) -> None:
        """The search for people ended."""
        self.analysis = analysis
        self._apply_cast()
        self.faces_state = FacesState.FOUND if analysis.people else FacesState.NOBODY
        self.faces_changed.emit()

    def set_faces_error(self, error: EngineError | None) -> None:
        """The search for people failed, or was cancelled (None)."""
        self.faces_error = error
        self.faces_state = FacesState.FAILED if error is not None else FacesState.NONE
        self.faces_changed.emit()

    def set_picture(self, key: str, picture: Picture) -> None:
        """A better picture of whoever is made of `key`."""
        self._pictures[key] = picture
        self._tell(key, self.picture_changed)

    def add_ready(self, key: str, start_s: float, end_s: float) -> None:
        """A stretch of the voice of whoever is made of `key` became audible."""
        old = self._voices.get(key, VoiceState())
        ready = union((*old.ready, (start_s, end_s)))
        if ready != old.ready:
            self._voices[key] = replace(old, ready=ready)
            self._tell(key, self.voice_changed)

    def set_voice_store(self, key: str, store: PcmStore) -> None:
        """Where that voice is being written."""
        self._voices[key] = replace(self._voices.get(key, VoiceState()), store=store)
        self._tell(key, self.voice_changed)

    def add_result(self, key: str, voice: IsolatedVoice) -> None:
        """A job for that voice ended; agreement of another stretch is kept."""
        old = self._voices.get(key, VoiceState())
        new_spans = voice.confidence.spans
        kept = tuple(
            span
            for span in old.spans
            if not any(new.start_s < span.end_s and span.start_s < new.end_s for new in new_spans)
        )
        spans = tuple(sorted((*kept, *new_spans), key=lambda span: span.start_s))
        ready = union((*old.ready, *voice.ready_s))
        self._voices[key] = VoiceState(voice.voice, ready, spans, voice.confidence.mean)
        self._tell(key, self.voice_changed)

    def _tell(self, key: str, signal: SignalInstance) -> None:
        for person in self._everybody:
            if self.key(person.id) == key:
                signal.emit(person.id)

    def forget_voices(self) -> None:
        """Everything that was computed is from another model: know nothing of any voice."""
        self._voices = {}
        self.voices_forgotten.emit()

    def pick(self, person_id: int | None) -> None:
        """Pick a person (undoable) and listen to the voice."""
        if person_id != self.picked and (person_id is None or self.person(person_id) is not None):
            words = self.tr("pick nobody") if person_id is None else self.tr("pick {0}").format(self.name(person_id))
            mode = self.mode
            if person_id is None:
                mode = ListenMode.ORIGINAL
            elif self.picked is None or mode is ListenMode.ORIGINAL:
                mode = ListenMode.VOICE
            self.undo_stack.push(
                Change(words, lambda value: self.apply_pick(*value), (self.picked, self.mode), (person_id, mode))
            )

    def rename(self, person_id: int, name: str) -> None:
        """Give a person a name (undoable); an empty one brings the engine's label back."""
        name = name.strip()
        if self.person(person_id) is not None and name != self.name(person_id):
            words = self.tr("rename {0}").format(self.name(person_id))
            self.undo_stack.push(
                Change(words, lambda value: self.apply_name(person_id, value), self.user_name(person_id), name)
            )

    def change_people(self, words: str, after: People) -> None:
        """Correct who is who, who is hidden, who is picked (undoable)."""
        if after == self.corrected:
            return
        mode = self.mode if after.picked is not None else ListenMode.ORIGINAL
        self.undo_stack.push(
            Change(words, lambda value: self.apply_people(*value), (self.corrected, self.mode), (after, mode))
        )

    def set_mode(self, mode: ListenMode) -> None:
        """Choose what is heard; voice and everyone else need a picked person."""
        if mode is not self.mode and (mode is ListenMode.ORIGINAL or self.picked is not None):
            self.mode = mode
            self.mode_changed.emit()

    def set_listening(
        self, *, mix_back: float | None = None, true_levels: bool | None = None, muted: bool | None = None
    ) -> None:
        """Change how it is heard: share of everyone else in the voice (0 to 1), true levels, mute."""
        self.mix_back = self.mix_back if mix_back is None else min(1.0, max(0.0, mix_back))
        self.true_levels = self.true_levels if true_levels is None else true_levels
        self.muted = self.muted if muted is None else muted
        self.mode_changed.emit()

    def set_in(self, at_s: float) -> None:
        """Let the selection begin here (undoable)."""
        out_s = self.range_s[1] if self.range_s is not None else self.duration_s
        self.set_range((at_s, out_s if out_s > at_s else self.duration_s))

    def set_out(self, at_s: float) -> None:
        """Let the selection end here (undoable)."""
        in_s = self.range_s[0] if self.range_s is not None else 0.0
        self.set_range((in_s if in_s < at_s else 0.0, at_s))

    def set_range(self, range_s: tuple[float, float] | None) -> None:
        """Select a stretch, or nothing (undoable)."""
        if range_s is not None:
            start, end = max(0.0, range_s[0]), min(self.duration_s, range_s[1])
            if end <= start:
                return
            range_s = (start, end)
        if range_s != self.range_s:
            words = self.tr("select a range") if range_s else self.tr("clear the range")
            self.undo_stack.push(Change(words, self.apply_range, self.range_s, range_s))

    def apply_pick(self, person_id: int | None, mode: ListenMode) -> None:
        """For the undo stack only: pick and set the listening mode."""
        self.corrected, self.mode = replace(self.corrected, picked=person_id), mode
        self.picked_changed.emit()
        self.mode_changed.emit()

    def apply_people(self, people: People, mode: ListenMode) -> None:
        """For the undo stack only: set who is who, who is hidden, who is picked, and the listening mode."""
        before = self.picked, self.key(self.picked or 0)
        self.corrected, self.mode = people, mode
        self._apply_cast()
        if self.picked != before[0]:
            self.picked_changed.emit()
        elif self.picked is not None and self.key(self.picked) != before[1]:
            self.voice_changed.emit(self.picked)
        self.mode_changed.emit()

    def _apply_cast(self) -> None:
        """Know who there is now; a cast that is not about the people found is given up."""
        try:
            self._everybody = recast(self.analysis, self.cast).people if self.analysis is not None else ()
        except UsageError:
            self.corrected = replace(self.corrected, cast=())
            self._everybody = self.analysis.people if self.analysis is not None else ()
        self.people_changed.emit()

    def apply_name(self, person_id: int, name: str | None) -> None:
        """For the undo stack only: set the user's name, None or empty for the label."""
        self._names.pop(person_id, None)
        if name:
            self._names[person_id] = name
        self.name_changed.emit(person_id)

    def apply_range(self, range_s: tuple[float, float] | None) -> None:
        """For the undo stack only: set the selection."""
        self.range_s = range_s
        self.range_changed.emit()

    def put_back_listening(self, range_s: tuple[float, float] | None, mix_back: float) -> None:
        """The selection and the mix-back of a project, as nothing to be undone."""
        if range_s is not None and min(range_s[1], self.duration_s) > range_s[0]:
            self.apply_range((range_s[0], min(range_s[1], self.duration_s)))
        self.set_listening(mix_back=mix_back)

    def put_back_people(self, people: People, names: dict[int, str], mode: ListenMode) -> None:
        """What a project says of people, as nothing to be undone; listening as it was needs the pick."""
        self.corrected = replace(people, picked=None)
        self._apply_cast()
        for person_id, name in names.items():
            self.apply_name(person_id, name)
        if people.picked is not None:
            self.apply_pick(people.picked, mode)

    def user_name(self, person_id: int) -> str | None:
        """The name the user gave, or None."""
        return self._names.get(person_id)
