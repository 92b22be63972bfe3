"""EngineClient: turns what the user wants into engine requests, and their results into facts of the document."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from PySide6.QtCore import QObject, QTimer, Signal

from avsep_gui.jobs import JobRunner, Priority
from avsep_gui.state.document import Document, FacesState, OpenState
from avsep_gui.state.intervals import contains, covers
from engine.errors import EngineError, NoPictureError
from engine.jobs import Progress
from engine.types import (
    DeviceInfo,
    FaceAnalysis,
    IsolationRequest,
    IsolationResult,
    MediaInfo,
    PcmStore,
    SeparationRequest,
    SeparationResult,
)

PREVIEW_BEFORE_S = 3.0
PREVIEW_S = 10.0
SETTLE_MS = 350
LaneKind = Literal["waveform", "mixture", "voice", "voice_waveform"]
SpectrogramScale = Literal["linear", "log", "mel"]


@dataclass
class _Handlers:
    on_success: Callable[[Any], None]
    on_error: Callable[[EngineError], None] | None = None
    on_progress: Callable[[Progress], None] | None = None
    on_cancel: Callable[[], None] | None = None


class EngineClient(QObject):
    """The only place where engine calls are made.

    Signals:
        failed(object): an `EngineError` that the user should see.
        warned(str): a sentence of a job that ended well.
        export_done(object): `SeparationResult`.
        export_failed(object, object): `EngineError` and the `SeparationRequest`, so that it can be tried again.
        lane_ready(str, object): lane kind, and its `WaveformPeaks` or `SpectrogramImage`.
        device_known(object): `DeviceInfo`.

    Args:
        playhead: where the user is, in seconds; previews are made round it.
    """

    failed = Signal(object)
    warned = Signal(str)
    export_done = Signal(object)
    export_failed = Signal(object, object)
    lane_ready = Signal(str, object)
    device_known = Signal(object)

    def __init__(
        self,
        runner: JobRunner,
        document: Document,
        playhead: Callable[[], float],
        *,
        model: str = "default",
        device: str = "auto",
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._runner = runner
        self._document = document
        self._playhead = playhead
        self._model, self._device = model, device
        self._handlers: dict[int, _Handlers] = {}
        self._previews: dict[int, tuple[int, float, float]] = {}  # job -> person, start, end
        self._whole: dict[int, int] = {}  # person -> job
        self._lanes: dict[LaneKind, int] = {}
        self._faces_job: int | None = None
        self._device_job: int | None = None
        self._stopped = False
        self._exports: set[int] = set()
        self._tried: set[tuple[int, float]] = set()  # previews that were asked for: person, start
        self._failed_people: set[int] = set()  # not asked for again until they are picked again
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(SETTLE_MS)
        self._settle.timeout.connect(lambda: self.ensure_ready(self._playhead()))
        runner.succeeded.connect(self._on_succeeded)
        runner.failed.connect(self._on_failed)
        runner.cancelled.connect(self._on_cancelled)
        runner.progressed.connect(self._on_progressed)
        document.picked_changed.connect(self._request_picked_voice)
        document.source_changed.connect(self._request_picked_voice)

    def ask_device(self) -> None:
        """Find out where work will run, which also warms the heavy process up; answered by `device_known`."""
        self._device_job = self._submit(
            "heavy", "device_info", self._device, on_success=self._on_device, on_error=self.failed.emit
        )

    def use_model(self, name: str) -> None:
        """Use this row of the model shelf from now on."""
        self._model = name

    def open(self, path: Path) -> None:
        """Open a file: what is in it first, then its sound and its people at the same time."""
        self.drop_jobs()
        self._document.begin_open(path)
        self._submit(
            "light",
            "probe",
            path,
            title=self.tr("Opening {0}").format(path.name),
            on_success=self._on_probed,
            on_error=self._document.set_open_error,
        )

    def stop(self) -> None:
        """The window closes: ask for nothing any more."""
        self._stopped = True
        self._settle.stop()

    def drop_jobs(self) -> None:
        """Cancel what was asked for about the opened file, but no export; late answers are ignored."""
        kept = {self._device_job, *self._exports}
        jobs = [job_id for job_id in self._handlers if job_id not in kept]
        for job_id in jobs:
            self._handlers.pop(job_id)
        self._previews.clear()
        self._whole.clear()
        self._lanes.clear()
        self._failed_people.clear()
        self._tried.clear()
        self._settle.stop()
        self._faces_job = None
        for job_id in jobs:
            self._runner.cancel(job_id)

    def find_faces(self) -> None:
        """Search the picture for people."""
        document = self._document
        if document.path is None or document.faces_state is FacesState.SEARCHING:
            return
        document.set_searching()
        self._faces_job = self._submit(
            "heavy",
            "find_faces",
            document.path,
            title=self.tr("Finding people"),
            on_success=self._on_faces,
            on_error=document.set_faces_error,
            on_cancel=lambda: document.set_faces_error(None),
        )

    @property
    def faces_job(self) -> int | None:
        """The job that searches for people."""
        return self._faces_job

    def note_position(self, at_s: float) -> None:
        """The playhead is here; when it stays where the voice is missing, a preview is asked for."""
        picked = self._document.picked
        missing = picked is not None and not contains(self._document.voice(picked).ready, at_s)
        if missing and not self._settle.isActive():
            self._settle.start()

    def ensure_ready(self, at_s: float) -> None:
        """See to it that the picked voice can be heard at `at_s`; asks for a preview there when it is missing."""
        document = self._document
        picked = document.picked
        if picked is None or document.source is None or contains(document.voice(picked).ready, at_s):
            return
        if picked in self._failed_people or self._stopped:
            return
        if at_s >= document.duration_s - 0.05:
            return
        if any(person == picked and start <= at_s < end for person, start, end in self._previews.values()):
            return
        self._request_preview(picked, at_s)

    def export(self, request: SeparationRequest, title: str) -> int:
        """Write files; answered by `export_done` or `export_failed`."""
        job_id = self._submit(
            "heavy",
            "separate",
            request,
            title=title,
            on_success=self._on_exported,
            on_error=lambda error: self.export_failed.emit(error, request),
        )
        self._exports.add(job_id)
        return job_id

    def separation_request(self, output: Path, **options: Any) -> SeparationRequest:
        """A `SeparationRequest` for the opened file with the chosen model and device."""
        assert self._document.path is not None
        names = {p.id: self._document.user_name(p.id) for p in self._document.people}
        labels = tuple((person_id, name) for person_id, name in names.items() if name)
        return SeparationRequest(
            self._document.path, output, labels=labels, model=self._model, device=self._device, **options
        )

    def drop_lane(self, kind: LaneKind) -> None:
        """Forget a lane's picture that is on its way."""
        stale = self._lanes.pop(kind, None)
        if stale is not None:
            self._handlers.pop(stale, None)
            self._runner.cancel(stale)

    def request_lane(
        self,
        kind: LaneKind,
        store: PcmStore,
        start_s: float,
        end_s: float,
        columns: int,
        rows: int = 0,
        scale: SpectrogramScale = "mel",
    ) -> None:
        """Ask for the picture of a lane; a newer request for the same lane replaces an older one."""
        if self._stopped:
            return
        self.drop_lane(kind)
        options: dict[str, Any] = {}
        function = "waveform"
        if kind in ("mixture", "voice"):
            function, options = "spectrogram", {"rows": rows, "scale": scale}
        self._lanes[kind] = self._submit(
            "light",
            function,
            store,
            start_s=start_s,
            end_s=end_s,
            columns=columns,
            on_success=lambda value: self.lane_ready.emit(kind, value),
            on_error=self.failed.emit,
            **options,
        )

    def _submit(
        self,
        worker: Literal["light", "heavy"],
        function: str,
        *args: Any,
        on_success: Callable[[Any], None],
        on_error: Callable[[EngineError], None] | None = None,
        on_progress: Callable[[Progress], None] | None = None,
        on_cancel: Callable[[], None] | None = None,
        title: str = "",
        priority: Priority = Priority.NORMAL,
        resumable: bool = False,
        **kwargs: Any,
    ) -> int:
        job_id = self._runner.submit(
            worker, function, *args, title=title, priority=priority, resumable=resumable, **kwargs
        )
        self._handlers[job_id] = _Handlers(on_success, on_error, on_progress, on_cancel)
        return job_id

    def _on_device(self, info: DeviceInfo) -> None:
        self.device_known.emit(info)

    def _on_probed(self, media: MediaInfo) -> None:
        document = self._document
        document.set_media(media)
        if media.audio:
            self._submit(
                "light",
                "decode_audio",
                media.path,
                title=self.tr("Reading the sound"),
                on_success=document.set_source,
                on_error=self.failed.emit,
            )
        else:
            self.warned.emit(
                self.tr("There is no sound in {0}. Open a file with sound to hear a voice.").format(media.path.name)
            )
        if media.video is None:
            document.set_faces_error(
                NoPictureError(
                    self.tr("There is no picture in {0}.").format(media.path.name),
                    self.tr("Open a video: a person is found by the face."),
                )
            )
        else:
            self.find_faces()

    def _on_faces(self, analysis: FaceAnalysis) -> None:
        self._faces_job = None
        self._document.set_analysis(analysis)

    def _request_picked_voice(self) -> None:
        document = self._document
        picked = document.picked
        if picked is None or document.source is None or document.open_state is not OpenState.OPEN:
            return
        self._failed_people.discard(picked)
        self._tried = {tried for tried in self._tried if tried[0] != picked}
        for person, job_id in self._whole.items():
            self._runner.set_priority(job_id, Priority.BACKGROUND if person == picked else Priority.LATER)
        if document.voice(picked).store is None:
            self._submit(
                "light",
                "voice_store",
                self._isolation_request(picked),
                picked,
                priority=Priority.PREVIEW,
                on_success=lambda store: document.set_voice_store(picked, store),
            )
        at_s = self._playhead()
        self.ensure_ready(at_s)
        ready = document.voice(picked).ready
        if picked not in self._whole and not covers(ready, 0.0, document.duration_s - 0.05):
            self._whole[picked] = self._submit(
                "heavy",
                "isolate",
                self._isolation_request(picked, from_s=at_s),
                title=self.tr("Voice of {0}, whole file").format(document.name(picked)),
                priority=Priority.BACKGROUND,
                resumable=True,
                on_success=lambda result: self._on_isolated(picked, result),
                on_error=lambda error: self._on_isolation_ended(picked, error),
                on_progress=lambda progress: self._on_ready(picked, progress),
                on_cancel=lambda: self._on_isolation_ended(picked, None),
            )

    def _request_preview(self, person: int, at_s: float) -> None:
        duration_s = self._document.duration_s
        start_s = max(0.0, min(at_s - PREVIEW_BEFORE_S, duration_s - PREVIEW_S))
        end_s = min(duration_s, start_s + PREVIEW_S)
        if (person, start_s) in self._tried:
            return
        self._tried.add((person, start_s))
        for stale, (who, began_s, _) in list(self._previews.items()):
            self._tried.discard((who, began_s))
            self._runner.cancel(stale)
        job_id = self._submit(
            "heavy",
            "isolate",
            self._isolation_request(person, range_s=(start_s, end_s), from_s=at_s),
            title=self.tr("Preview of {0}").format(self._document.name(person)),
            priority=Priority.PREVIEW,
            on_success=lambda result: self._on_isolated(person, result),
            on_error=lambda error: self._on_isolation_ended(person, error),
            on_progress=lambda progress: self._on_ready(person, progress),
        )
        self._previews[job_id] = (person, start_s, end_s)

    def _isolation_request(
        self, person: int, *, range_s: tuple[float, float] | None = None, from_s: float = 0.0
    ) -> IsolationRequest:
        assert self._document.path is not None
        return IsolationRequest(
            self._document.path, (person,), model=self._model, device=self._device, range_s=range_s, from_s=from_s
        )

    def _on_ready(self, person: int, progress: Progress) -> None:
        if progress.ready_s is not None:
            self._document.add_ready(progress.person_id or person, *progress.ready_s)

    def _on_isolated(self, person: int, result: IsolationResult) -> None:
        for voice in result.voices:
            self._document.add_result(voice)
        for warning in result.warnings:
            self.warned.emit(warning)
        if covers(self._document.voice(person).ready, 0.0, self._document.duration_s - 0.05):
            self._whole.pop(person, None)

    def _on_isolation_ended(self, person: int, error: EngineError | None) -> None:
        job_id = self._whole.pop(person, None)
        if error is not None:
            self._failed_people.add(person)
            self.failed.emit(error)
            if job_id is not None:
                self._runner.cancel(job_id)

    def _on_exported(self, result: SeparationResult) -> None:
        self.export_done.emit(result)

    def _take(self, job_id: int) -> _Handlers | None:
        self._previews.pop(job_id, None)
        self._exports.discard(job_id)
        return self._handlers.pop(job_id, None)

    def _on_succeeded(self, job_id: int, value: object) -> None:
        handlers = self._take(job_id)
        if handlers is not None:
            handlers.on_success(value)

    def _on_failed(self, job_id: int, error: EngineError) -> None:
        handlers = self._take(job_id)
        if handlers is not None and handlers.on_error is not None:
            handlers.on_error(error)

    def _on_cancelled(self, job_id: int) -> None:
        handlers = self._take(job_id)
        if handlers is not None and handlers.on_cancel is not None:
            handlers.on_cancel()

    def _on_progressed(self, job_id: int, progress: Progress) -> None:
        handlers = self._handlers.get(job_id)
        if handlers is not None and handlers.on_progress is not None:
            handlers.on_progress(progress)
