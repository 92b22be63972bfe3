"""EngineClient: turns what the user wants into engine requests, and their results into facts of the document."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from PySide6.QtCore import QObject, Signal

from avsep_gui.calls import Calls
from avsep_gui.jobs import JobRunner
from avsep_gui.state.document import Document, FacesState
from avsep_gui.state.shelf import DEFAULT, Shelf
from avsep_gui.voice_calls import VoiceCalls
from engine.errors import EngineError, NoPictureError
from engine.types import DeviceInfo, FaceAnalysis, MediaInfo, PcmStore, SeparationRequest, SeparationResult

LaneKind = Literal["waveform", "mixture", "voice", "voice_waveform"]
SpectrogramScale = Literal["linear", "log", "mel"]


class EngineClient(QObject):
    """Engine calls about the opened file, but for voices (`voices`).

    Signals:
        failed(object): an `EngineError` that the user should see.
        warned(str): a sentence of a job that ended well.
        export_done(object): `SeparationResult`.
        export_failed(object, object): `EngineError` and the `SeparationRequest`, so that it can be tried again.
        lane_ready(str, object): lane kind, and its `WaveformPeaks` or `SpectrogramImage`.
        device_known(object): `DeviceInfo`.
        devices_changed(): `device`, `device_now` or `cuda_devices` changed.

    Args:
        playhead: where the user is, in seconds; previews are made round it.
        shelf: which model computes.
    """

    failed = Signal(object)
    warned = Signal(str)
    export_done = Signal(object)
    export_failed = Signal(object, object)
    lane_ready = Signal(str, object)
    device_known = Signal(object)
    devices_changed = Signal()

    def __init__(
        self,
        runner: JobRunner,
        document: Document,
        playhead: Callable[[], float],
        shelf: Shelf,
        *,
        device: str = "auto",
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._calls = Calls(runner, self)
        self._document = document
        self._shelf = shelf
        self._device = device
        self.voices = VoiceCalls(runner, document, shelf, playhead, device=device, parent=self)
        self.voices.failed.connect(self.failed)
        self.voices.warned.connect(self.warned)
        self._lanes: dict[LaneKind, int] = {}
        self._faces_job: int | None = None
        self._device_jobs: set[int] = set()
        self.device_now: DeviceInfo | None = None
        self.cuda_devices: tuple[DeviceInfo, ...] = ()
        self._stopped = False
        self._exports: dict[int, str] = {}  # job -> model

    def ask_device(self) -> None:
        """Find out where work will run, which also warms the heavy process up; answered by `device_known`."""
        self._ask(self._device, self._on_device, self._on_no_device)

    @property
    def device(self) -> str:
        """Where voices are to be computed: "auto", "cpu", "cuda:0" and so on."""
        return self._device

    def set_device(self, device: str, *, ask: bool = True) -> None:
        """Compute later jobs there; those under way go on where they are.

        Args:
            ask: answer with `device_known`.
        """
        self._device = device
        self.voices.set_device(device)
        if ask and not self._stopped:
            self.ask_device()
        self.devices_changed.emit()

    def use_model(self, name: str) -> None:
        """Let this row of the model shelf compute voices from now on; those of the model before are forgotten."""
        self._shelf.choose(name)

    def open(self, path: Path) -> None:
        """Open a file: what is in it first, then its sound and its people at the same time."""
        self.drop_jobs()
        self._document.begin_open(path)
        self._calls.submit(
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
        self.voices.stop()

    def drop_jobs(self) -> None:
        """Cancel what was asked for about the opened file, but no export; late answers are ignored."""
        self._lanes.clear()
        self._faces_job = None
        self.voices.forget_file()
        kept = {*self._device_jobs, *self._exports}
        self._calls.drop(*(job_id for job_id in self._calls.under_way() if job_id not in kept))

    def find_faces(self) -> None:
        """Search the picture for people."""
        document = self._document
        if document.path is None or document.faces_state is FacesState.SEARCHING:
            return
        document.set_searching()
        self._faces_job = self._calls.submit(
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

    def export(self, request: SeparationRequest, title: str) -> int:
        """Write files; answered by `export_done` or `export_failed`."""
        job_id = self._calls.submit(
            "heavy",
            "separate",
            request,
            title=title,
            on_success=self._on_exported,
            on_error=lambda error: self.export_failed.emit(error, request),
            on_end=self._forget_export,
        )
        self._exports[job_id] = self._shelf.default_name if request.model == DEFAULT else request.model
        return job_id

    def exports_with(self, model: str) -> bool:
        """Whether an export that is under way uses this model."""
        return model in self._exports.values()

    def separation_request(self, output: Path, **options: Any) -> SeparationRequest:
        """A `SeparationRequest` for the opened file with the chosen model and device."""
        assert self._document.path is not None
        names = {p.id: self._document.user_name(p.id) for p in self._document.people}
        labels = tuple((person_id, name) for person_id, name in names.items() if name)
        return SeparationRequest(
            self._document.path, output, labels=labels, model=self._shelf.chosen, device=self._device, **options
        )

    def drop_lane(self, kind: LaneKind) -> None:
        """Forget a lane's picture that is on its way."""
        stale = self._lanes.pop(kind, None)
        if stale is not None:
            self._calls.drop(stale)

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
        self._lanes[kind] = self._calls.submit(
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

    def _ask(self, device: str, then: Callable[[DeviceInfo], None], otherwise: Callable[[EngineError], None]) -> None:
        job_id = self._calls.submit(
            "heavy",
            "device_info",
            device,
            on_success=then,
            on_error=otherwise,
            on_end=self._device_jobs.discard,
        )
        self._device_jobs.add(job_id)

    def _on_device(self, info: DeviceInfo) -> None:
        is_first, self.device_now = self.device_now is None, info
        self.device_known.emit(info)
        self.devices_changed.emit()
        if is_first and (info.device != "cpu" or self._device == "cpu"):
            self._ask("cuda:0", self._on_cuda, lambda _: None)

    def _on_cuda(self, info: DeviceInfo) -> None:
        """One more CUDA device; ask for the next until there is none."""
        self.cuda_devices = (*self.cuda_devices, info)
        self.devices_changed.emit()
        if not self._stopped:
            self._ask(f"cuda:{len(self.cuda_devices)}", self._on_cuda, lambda _: None)

    def _on_no_device(self, error: EngineError) -> None:
        """The device that was chosen once is not there: go on with the one that is chosen by itself."""
        if self._device == "auto":
            self.failed.emit(error)
            return
        self.warned.emit(self.tr("{0} Voices are computed on what is there.").format(error.message))
        self.set_device("auto")

    def _on_probed(self, media: MediaInfo) -> None:
        document = self._document
        document.set_media(media)
        if media.audio:
            self._calls.submit(
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

    def _on_exported(self, result: SeparationResult) -> None:
        self.export_done.emit(result)

    def _forget_export(self, job_id: int) -> None:
        self._exports.pop(job_id, None)
