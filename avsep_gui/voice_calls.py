"""VoiceCalls: sees to it that the picked person's voice is computed with the chosen model, what is listened to first.

A model that keeps up with real time does a preview round the playhead and then the whole file. One that is slower
does the selection, or the preview alone; the whole file only when it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from avsep_gui.calls import Calls
from avsep_gui.jobs import JobRunner, Priority
from avsep_gui.state.document import Document, OpenState
from avsep_gui.state.intervals import Intervals, contains, covers, union
from avsep_gui.state.shelf import Shelf
from engine.errors import EngineError
from engine.jobs import Progress
from engine.types import IsolationRequest, IsolationResult

PREVIEW_BEFORE_S = 3.0
PREVIEW_S = 10.0
SETTLE_MS = 350
RANGE_SETTLE_MS = 500
END_S = 0.05
MOST_RECALLED = 8

Stretch = tuple[float, float]


class VoiceCalls(QObject):
    """The jobs that compute voices for listening.

    Signals:
        failed(object, object): an `EngineError` that the user should see, and how to try again.
        warned(str): a sentence of a job that ended well.
        computed(): a job ended well.
        slow_work(float, float): a slow model begins with this stretch, in seconds.

    Args:
        playhead: where the user is, in seconds; previews are made round it.
    """

    failed = Signal(object, object)
    warned = Signal(str)
    computed = Signal()
    slow_work = Signal(float, float)

    def __init__(
        self,
        runner: JobRunner,
        document: Document,
        shelf: Shelf,
        playhead: Callable[[], float],
        *,
        device: str = "auto",
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._calls = Calls(runner, self)
        self._document = document
        self._shelf = shelf
        self._playhead = playhead
        self._device = device
        # People are known by `Document.key` here: what was asked for stays true when the user corrects who is who.
        self._previews: dict[int, tuple[str, float, float]] = {}  # job -> whose, start, end
        self._whole: dict[str, int] = {}  # whose -> job
        self._selections: dict[str, tuple[int, Stretch]] = {}  # whose -> job, stretch
        self._tried: set[tuple[str, float]] = set()  # previews that were asked for: whose, start
        self._asked: set[tuple[str, Stretch]] = set()  # selections that were asked for
        self._failed: set[str] = set()  # not asked for again until they are picked again
        self._identity = shelf.identity
        self._known: dict[tuple[str, str], dict[str, Intervals]] = {}  # model -> what the engine has of it
        self._stopped = False
        self._settle = self._timer(SETTLE_MS, lambda: self.ensure_ready(self._playhead()))
        self._range_settle = self._timer(RANGE_SETTLE_MS, self._request_selection)
        document.picked_changed.connect(self.request)
        document.people_changed.connect(self._on_people_changed)
        document.source_changed.connect(self.request)
        document.range_changed.connect(self._on_range_changed)
        shelf.model_changed.connect(self._on_model_changed)
        shelf.rows_changed.connect(self._on_rows_changed)

    def set_device(self, device: str) -> None:
        """Compute there what is asked for from now on."""
        self._device = device

    def stop(self) -> None:
        """The window closes: ask for nothing any more."""
        self._stopped = True
        self._settle.stop()
        self._range_settle.stop()

    def drop(self) -> None:
        """Cancel all that was asked for; late answers are ignored."""
        self._previews.clear()
        self._whole.clear()
        self._selections.clear()
        self._failed.clear()
        self._tried.clear()
        self._asked.clear()
        self._settle.stop()
        self._range_settle.stop()
        self._calls.drop(*self._calls.under_way())

    def forget_file(self) -> None:
        """Another file is opened, or none: drop everything that was about the one before."""
        self._known.clear()
        self.drop()

    def note_position(self, at_s: float) -> None:
        """The playhead is here; when it stays where the voice is missing, a preview is asked for.

        A slow model waits until the playhead rests: it cannot keep up with one that moves.
        """
        picked = self._document.picked
        missing = picked is not None and not contains(self._document.voice(picked).ready, at_s)
        if missing and (self._shelf.slow or not self._settle.isActive()):
            self._settle.start()

    def ensure_ready(self, at_s: float) -> None:
        """See to it that the picked voice can be heard at `at_s`; asks for a preview there when it is missing."""
        document = self._document
        picked = document.picked
        if picked is None or document.source is None or contains(document.voice(picked).ready, at_s):
            return
        key = document.key(picked)
        if key in self._failed or self._stopped:
            return
        if at_s >= document.duration_s - END_S:
            return
        if any(whose == key and start <= at_s < end for whose, start, end in self._previews.values()):
            return
        if self._shelf.slow and document.range_s is not None:
            self._request_selection()
            return
        self._request_preview(picked, at_s)

    def request(self) -> None:
        """Ask for the picked person's voice."""
        document = self._document
        picked = document.picked
        if picked is None or document.source is None or document.open_state is not OpenState.OPEN or self._stopped:
            return
        key = document.key(picked)
        self._failed.discard(key)
        self._tried = {tried for tried in self._tried if tried[0] != key}
        self._asked = {asked for asked in self._asked if asked[0] != key or key in self._selections}
        for whose, job_id in self._whole.items():
            self._calls.set_priority(job_id, Priority.BACKGROUND if whose == key else Priority.LATER)
        for whose, (job_id, _) in self._selections.items():
            self._calls.set_priority(job_id, Priority.NORMAL if whose == key else Priority.LATER)
        if document.voice(picked).store is None:
            self._calls.submit(
                "light",
                "voice_store",
                self._request(picked),
                picked,
                priority=Priority.PREVIEW,
                on_success=lambda store: document.set_voice_store(key, store),
            )
        at_s = self._playhead()
        if not self._shelf.slow:
            self.ensure_ready(at_s)
            self._request_whole(picked)
            return
        recalled = self._recall(picked)
        self._request_selection()
        if not contains(recalled, at_s):
            self.ensure_ready(at_s)

    def request_whole(self) -> None:
        """Compute the picked voice over the whole file, however long it takes."""
        if self._document.picked is not None and not self._stopped:
            self._request_whole(self._document.picked)

    def _request_whole(self, picked: int) -> None:
        document = self._document
        key = document.key(picked)
        if key in self._whole or covers(document.voice(picked).ready, 0.0, document.duration_s - END_S):
            return
        self._whole[key] = self._isolate(
            self._request(picked, from_s=self._playhead()),
            self.tr("Voice of {0}, whole file").format(document.name(picked)),
            Priority.BACKGROUND,
            resumable=True,
            on_cancel=lambda: self._on_ended(key, None),
        )

    def _request_selection(self) -> None:
        """With a slow model the selection is all that is computed by itself."""
        document, shelf = self._document, self._shelf
        picked, range_s = document.picked, document.range_s
        if picked is None or document.source is None or self._stopped or not shelf.slow:
            return
        for whose, (job_id, stretch) in list(self._selections.items()):
            if stretch != range_s:
                del self._selections[whose]
                self._asked.discard((whose, stretch))
                self._calls.drop(job_id)
        key = document.key(picked)
        if range_s is None or (key, range_s) in self._asked or key in self._failed:
            return
        if covers(document.voice(picked).ready, *range_s):
            return
        self._asked.add((key, range_s))
        at_s = self._playhead()
        job_id = self._isolate(
            self._request(picked, range_s=range_s, from_s=at_s if range_s[0] <= at_s < range_s[1] else range_s[0]),
            self.tr("Selection of {0}").format(document.name(picked)),
            Priority.NORMAL,
            resumable=True,
            on_end=lambda _: self._forget_selection(key, range_s),
        )
        self._selections[key] = (job_id, range_s)
        self.slow_work.emit(*range_s)

    def _request_preview(self, person: int, at_s: float) -> None:
        duration_s = self._document.duration_s
        start_s = max(0.0, min(at_s - PREVIEW_BEFORE_S, duration_s - PREVIEW_S))
        end_s = min(duration_s, start_s + PREVIEW_S)
        key = self._document.key(person)
        if (key, start_s) in self._tried:
            return
        self._tried.add((key, start_s))
        for stale, (who, began_s, _) in list(self._previews.items()):
            self._tried.discard((who, began_s))
            self._calls.cancel(stale)
        job_id = self._isolate(
            self._request(person, range_s=(start_s, end_s), from_s=at_s),
            self.tr("Preview of {0}").format(self._document.name(person)),
            Priority.PREVIEW,
            on_end=self._forget_preview,
        )
        self._previews[job_id] = (key, start_s, end_s)
        if self._shelf.slow:
            self.slow_work.emit(start_s, end_s)

    def _recall(self, person: int) -> Intervals:
        """What was computed with this model before another one was tried comes back from the engine's cache."""
        ready = self._document.voice(person).ready
        known = self._known.get(self._shelf.identity, {}).get(self._document.key(person), ())
        stretches = tuple(stretch for stretch in known if not covers(ready, *stretch))[:MOST_RECALLED]
        if covers(stretches, 0.0, self._document.duration_s - END_S):
            self._request_whole(person)
            return stretches
        title = self.tr("Bringing back the voice of {0}").format(self._document.name(person))
        for stretch in stretches:
            self._isolate(self._request(person, range_s=stretch, from_s=stretch[0]), title, Priority.PREVIEW)
        return stretches

    def _request(self, person: int, *, range_s: Stretch | None = None, from_s: float = 0.0) -> IsolationRequest:
        path, model = self._document.path, self._shelf.chosen
        assert path is not None
        cast = self._document.cast
        return IsolationRequest(
            path, (person,), model=model, device=self._device, range_s=range_s, from_s=from_s, cast=cast
        )

    def _isolate(self, request: IsolationRequest, title: str, priority: Priority, **options: Any) -> int:
        key = self._document.key(request.person_ids[0])
        return self._calls.submit(
            "heavy",
            "isolate",
            request,
            title=title,
            priority=priority,
            on_success=lambda result: self._on_isolated(key, result),
            on_error=lambda error: self._on_ended(key, error),
            on_progress=lambda progress: self._on_ready(key, progress),
            **options,
        )

    def _on_ready(self, key: str, progress: Progress) -> None:
        if progress.ready_s is not None:
            self._document.add_ready(key, *progress.ready_s)

    def _on_isolated(self, key: str, result: IsolationResult) -> None:
        for voice in result.voices:
            self._document.add_result(key, voice)
            if covers(voice.ready_s, 0.0, self._document.duration_s - END_S):
                self._whole.pop(key, None)
        for warning in result.warnings:
            self.warned.emit(warning)
        self.computed.emit()

    def _on_ended(self, key: str, error: EngineError | None) -> None:
        job_id = self._whole.pop(key, None)
        if error is not None:
            self._failed.add(key)
            self.failed.emit(error, self.request)
            if job_id is not None:
                self._calls.cancel(job_id)

    def _forget_preview(self, job_id: int) -> None:
        self._previews.pop(job_id, None)

    def _forget_selection(self, key: str, stretch: Stretch) -> None:
        if key in self._selections and self._selections[key][1] == stretch:
            del self._selections[key]

    def _on_people_changed(self) -> None:
        """Compute no longer for whom there is not; what is done of them stays with the engine."""
        there = {self._document.key(person.id) for person in self._document.everybody}
        gone = [job_id for job_id, (whose, _, _) in self._previews.items() if whose not in there]
        for job_id in gone:
            self._tried.discard(self._previews.pop(job_id)[:2])
        gone += [self._whole.pop(whose) for whose in [*self._whole] if whose not in there]
        gone += [self._selections.pop(whose)[0] for whose in [*self._selections] if whose not in there]
        self._calls.drop(*gone)
        self.request()

    def _on_range_changed(self) -> None:
        if self._shelf.slow and self._document.picked is not None and not self._stopped:
            self._range_settle.start()

    def _on_model_changed(self) -> None:
        document = self._document
        known = self._known.setdefault(self._identity, {})
        for who in document.everybody:
            key = document.key(who.id)
            known[key] = union((*known.get(key, ()), *document.voice(who.id).ready))
        self._identity = self._shelf.identity
        self.drop()
        document.forget_voices()
        self.request()

    def _on_rows_changed(self) -> None:
        self._identity = self._shelf.identity

    def _timer(self, after_ms: int, then: Callable[[], None]) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(after_ms)
        timer.timeout.connect(then)
        return timer
