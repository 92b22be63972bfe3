"""EngineClient: turns what the user wants into engine requests, and their results into facts of the document."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from avsep_gui.calls import Calls
from avsep_gui.jobs import JobRunner, Priority
from avsep_gui.state.document import Document, FacesState
from avsep_gui.state.frequency import MAX_HZ
from avsep_gui.state.shelf import DEFAULT, Shelf
from avsep_gui.state.tiles import ROWS, TileKey
from avsep_gui.voice_calls import VoiceCalls
from engine.errors import EngineError, NoPictureError
from engine.types import (
    ContainerFit,
    DeviceInfo,
    FaceAnalysis,
    MediaInfo,
    PcmStore,
    SeparationRequest,
    SeparationResult,
)


class EngineClient(QObject):
    """Engine calls about the opened file, but for voices (`voices`).

    Signals:
        failed(object, object): an `EngineError` that the user should see, and how to try again, or None.
        warned(str): a sentence of a job that ended well.
        export_done(object): `SeparationResult`.
        export_failed(object, object): `EngineError` and the `SeparationRequest`, so that it can be tried again.
        tile_ready(object, object): `TileKey`, and its `WaveformPeaks` or `SpectrogramImage`.
        tile_failed(object, object): `TileKey` and `EngineError`.
        device_known(object): `DeviceInfo`.
        devices_changed(): `device`, `device_now` or `cuda_devices` changed.

    Args:
        playhead: where the user is, in seconds; previews are made round it.
        shelf: which model computes.
    """

    failed = Signal(object, object)
    warned = Signal(str)
    export_done = Signal(object)
    export_failed = Signal(object, object)
    tile_ready = Signal(object, object)
    tile_failed = Signal(object, object)
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
        self._tiles: dict[TileKey, int] = {}  # in the order in which they were asked for
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
        self._tiles.clear()
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
            on_success=lambda result: self._on_exported(result, request.output),
            on_error=lambda error: self.export_failed.emit(error, request),
            on_end=self._forget_export,
        )
        self._exports[job_id] = self._shelf.default_name if request.model == DEFAULT else request.model
        return job_id

    def ask_container_fit(self, suffix: str, then: Callable[[ContainerFit], None]) -> None:
        """Find out what a type of video file can hold of the opened film; where that fails, nothing follows."""
        if self._document.path is not None and not self._stopped:
            self._calls.submit("light", "container_fit", self._document.path, suffix, on_success=then)

    def exports_with(self, model: str) -> bool:
        """Whether an export that is under way uses this model."""
        return model in self._exports.values()

    def separation_request(self, output: Path, **options: Any) -> SeparationRequest:
        """A `SeparationRequest` for the opened file with the chosen model and device."""
        document = self._document
        assert document.path is not None
        names = {p.id: document.user_name(p.id) for p in document.people}
        labels = tuple((person_id, name) for person_id, name in names.items() if name)
        if options.get("everyone") and document.hidden:  # the engine does not know whom the user hid
            options |= {"everyone": False, "person_ids": tuple(names)}
        return SeparationRequest(
            document.path,
            output,
            labels=labels,
            model=self._shelf.chosen,
            device=self._device,
            cast=document.cast,
            **options,
        )

    def tiles_under_way(self) -> list[TileKey]:
        """The tiles that were asked for and neither came nor were dropped, first ones first."""
        return list(self._tiles)

    def drop_tile(self, key: TileKey) -> None:
        """Forget a tile that is on its way."""
        job_id = self._tiles.pop(key, None)
        if job_id is not None:
            self._calls.drop(job_id)

    def request_tile(self, key: TileKey, store: PcmStore, *, ahead: bool = False) -> None:
        """Ask for a piece of a picture of `store`; answered by `tile_ready` or `tile_failed`.

        Args:
            ahead: it is not looked at yet; everything else goes first.
        """
        if self._stopped or key in self._tiles:
            return
        options: dict[str, Any] = {"start_s": key.start_s, "end_s": key.end_s, "columns": key.columns}
        if key.picture != "waveform":
            options |= {"rows": ROWS, "max_hz": MAX_HZ, "scale": key.picture}
        self._tiles[key] = self._calls.submit(
            "light",
            "waveform" if key.picture == "waveform" else "spectrogram",
            store,
            on_success=lambda value: self.tile_ready.emit(key, value),
            on_error=lambda error: self.tile_failed.emit(key, error),
            on_end=lambda _: self._forget_tile(key),
            priority=Priority.BACKGROUND if ahead else Priority.NORMAL,
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
            self.failed.emit(error, None)
            return
        self.warned.emit(self.tr("{0} Voices are computed on what is there.").format(error.message))
        self.set_device("auto")

    def _on_probed(self, media: MediaInfo) -> None:
        document = self._document
        document.set_media(media)
        if media.audio:
            self._read_sound(media)
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

    def _read_sound(self, media: MediaInfo) -> None:
        self._calls.submit(
            "light",
            "decode_audio",
            media.path,
            title=self.tr("Reading the sound"),
            on_success=self._document.set_source,
            on_error=lambda error: self.failed.emit(error, lambda: self._read_sound(media)),
        )

    def _on_faces(self, analysis: FaceAnalysis) -> None:
        self._faces_job = None
        self._document.set_analysis(analysis)

    def _on_exported(self, result: SeparationResult, output: Path) -> None:
        """Tell of the files where they are: those of a folder are named without it."""
        outputs = (file if file.path == output else replace(file, path=output / file.path) for file in result.outputs)
        self.export_done.emit(replace(result, outputs=tuple(outputs)))

    def _forget_tile(self, key: TileKey) -> None:
        self._tiles.pop(key, None)

    def _forget_export(self, job_id: int) -> None:
        self._exports.pop(job_id, None)
