"""Voices into the cache: every window of the file is masked on its own, outwards from where the user looks."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine import speed
from engine.cache import content_key, entry, in_use, prune
from engine.casting import person_key, recast
from engine.confidence import judge
from engine.config import StftConfig
from engine.contract import MODEL_RATE_HZ, FloatArray, SeparationModel
from engine.errors import NoFaceError, UsageError
from engine.gate import gate_gain
from engine.isolation import second_opinion
from engine.isolation.calls import Told, Window, told_of
from engine.isolation.doubts import doubts
from engine.isolation.faces import Face, faces_in, with_mouths
from engine.isolation.lags import Lags
from engine.isolation.supply import check_supply
from engine.isolation.voice_file import (
    HOP_S,
    VERSION,
    WINDOW_S,
    VoiceFile,
    seconds_of,
    source_window,
    voice_in,
    window_start_s,
)
from engine.isolation.windows import windows_at_once
from engine.jobs import CancelToken, Progress, ProgressCallback, ignore_progress
from engine.registry import calibration, declaration, fingerprint, model_spec, settled
from engine.types import AbsentPolicy, FaceAnalysis, IsolationRequest, IsolationResult, PcmStore, Person
from engine.vision.lips import RATE_HZ

ComplexArray = NDArray[np.complex64]


def voice_store(request: IsolationRequest, person_id: int) -> PcmStore:
    """Where `isolate(request)` puts this person's voice; the file may not exist yet."""
    from engine.media.reader import decode_audio

    source = decode_audio(request.video, audio_index=request.audio_index, cancel=CancelToken())
    return voice_in(_folder(request, source, person_id), source)


def isolate(
    request: IsolationRequest,
    *,
    on_progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> IsolationResult:
    """Compute the voices that a request names, as far as they are not in the cache (see `engine.api.isolate`)."""
    from engine.device import device_info
    from engine.media.reader import decode_audio
    from engine.separator import open_model
    from engine.vision.people import find_faces

    cancel = cancel or CancelToken()
    request = replace(request, model=settled(request.model))
    model = model_spec(request.model).name
    source = decode_audio(
        request.video,
        audio_index=request.audio_index,
        checked=request.checked,
        on_progress=on_progress,
        cancel=cancel,
    )
    analysis = recast(find_faces(request.video, on_progress=on_progress, cancel=cancel), request.cast)
    check_people(analysis, request.person_ids)
    windows = windows_of(source.duration_s, request.range_s)
    prune()
    files = {p: VoiceFile.open(_folder(request, source, p), source, p) for p in request.person_ids}
    if request.checked:
        for file in files.values():
            file.mend(windows)
    missing = sorted({k for file in files.values() for k in windows if k not in file.done})
    held = in_use(on_progress, source.path.parent, *(file.folder for file in files.values()))
    job = _Job(request, source, analysis, files, missing, held, cancel)
    device, warnings = device_info(request.device).device, []
    lost = request.checked and not all(job.key(person) in job.lags.known for person in files)
    if missing or lost:
        with closing(open_model(request.model, request.device, cancel)) as opened, job.adviser() as adviser:
            check_supply(model, opened.declaration)
            job.run(opened, adviser)
            device, warnings = str(opened.device), list(opened.warnings)
    voices = tuple(
        file.result(windows, job.lags.offset_ms(job.key(file.person)), calibration(job.judge))
        for file in files.values()
    )
    said = doubts(source, voices, seconds_of(windows, source), model if job.advised else "")
    return IsolationResult(source, voices, model, device, (*warnings, *said))


@dataclass
class _Job:
    """The windows that are missing, and what is known of the people in them.

    Attributes:
        advised: whether the model leaves delay or judgement to AVSep's own (`engine.isolation.second_opinion`).
        judge: the model that judges the voices. lags: as the model that finds them told.
    """

    request: IsolationRequest
    source: PcmStore
    analysis: FaceAnalysis
    files: Mapping[int, VoiceFile]
    missing: Sequence[int]
    on_progress: ProgressCallback
    cancel: CancelToken

    def __post_init__(self) -> None:
        name = self.request.model
        self.advised = second_opinion.needed(name)
        self.judge = second_opinion.ADVISER if self.advised else name
        finder = name if declaration(name).finds_lag else second_opinion.ADVISER
        self.lags = Lags(entry("lags", _key(self.request, self.source, finder)), self.source)

    def key(self, person: int) -> str:
        """What a person is made of."""
        return person_key(self.request.cast, person)

    def adviser(self) -> AbstractContextManager[SeparationModel | None]:
        """AVSep's own model, where it is needed beside the other."""
        from engine.separator import open_model

        if not self.advised:
            return nullcontext()
        return closing(open_model(second_opinion.ADVISER, self.request.device, self.cancel))

    def run(self, model: SeparationModel, adviser: SeparationModel | None) -> None:
        """Go through the windows, nearest to the playhead first."""
        declared = model.declaration
        together = declared.faces_together or (adviser is not None and adviser.declaration.faces_together)
        faces = faces_in(self.analysis, self.request.cast, self.files, self.missing, everyone=together)
        shown = faces if declared.faces_together else {p: faces[p] for p in self.files}
        if adviser is not None and not declared.finds_lag:
            self.lags.estimate(adviser, faces.values(), self.on_progress, self.cancel)
            faces = {p: replace(face, delay_frames=self.lags.delay_frames(face.key)) for p, face in faces.items()}
        looks = {p: {*self.missing, *(self.lags.windows(shown[p]) if declared.finds_lag else ())} for p in shown}
        faces = with_mouths(self.analysis, declared, faces, looks, self.on_progress, self.cancel)
        if declared.finds_lag:
            self.lags.estimate(model, [faces[p] for p in shown], self.on_progress, self.cancel)
        order = sorted(self.missing, key=lambda k: abs((k + 0.5) * HOP_S - self.request.from_s))
        watch = speed.Watch()
        number = 0
        while number < len(order):
            self.cancel.checkpoint()
            ahead = order[number : number + windows_at_once(model)]
            for wanted, k, voices in self._windows(model, adviser, faces, ahead):
                number += 1
                for file, voice in voices:
                    ready = file.add(k, voice)
                    self.on_progress(Progress("Isolating", number, len(order), ready, file.person))
                watch.add(HOP_S * len(wanted))
        watch.keep(fingerprint(self.request.model), str(model.device))

    def _windows(
        self,
        model: SeparationModel,
        adviser: SeparationModel | None,
        faces: Mapping[int, Face],
        order: Sequence[int],
    ) -> Iterator[tuple[list[VoiceFile], int, list[tuple[VoiceFile, FloatArray]]]]:
        """Separate some windows: of each the files that want it, its number, and the voices for them."""
        declared = model.declaration
        wanted = [[file for file in self.files.values() if k not in file.done] for k in order]
        windows = [
            Window(k, source_window(self.source, k), [file.person for file in files])
            for k, files in zip(order, wanted, strict=True)
        ]
        given = faces if declared.faces_together else {p: faces[p] for p in self.files}
        lags, others = (self.lags, None) if declared.finds_lag else (None, self.lags)
        told = told_of(model, windows, self.source, given.values(), lags)
        own = [dict[int, Told]()] * len(windows)
        if adviser is not None:
            own = told_of(adviser, windows, self.source, faces.values(), others)
        for files, window, theirs, ours in zip(wanted, windows, told, own, strict=True):
            grids = declared.grid, adviser.declaration.grid if adviser is not None else None
            voices = [(file, self._voice(file, faces, window, theirs, ours, *grids)) for file in files]
            yield files, window.k, voices

    def _voice(
        self,
        file: VoiceFile,
        faces: Mapping[int, Face],
        window: Window,
        told: Mapping[int, Told],
        own: Mapping[int, Told],
        grid: StftConfig,
        own_grid: StftConfig | None,
    ) -> FloatArray:
        """One person's voice in a window (6 s, channels), judged, with what is to be done while they are away."""
        from engine.audio.fullband import apply_mask

        out, k, sound, rate = told[file.person], window.k, window.sound, self.source.sample_rate_hz
        estimate = apply_mask(sound, rate, out.mask, grid)
        present = _present(faces[file.person], self.source, k, len(sound))
        heard = estimate * _gain(out.activity, present)[:, None]
        if own_grid is None:
            _judge(file, k, out.seen, sound, heard, rate, out.quality)
        else:
            said = self._opinion(sound, out.mask, grid, own[file.person], own_grid)
            _judge(file, k, out.seen, said.mixture, said.own[0], MODEL_RATE_HZ, said.quality_db[0], said.apart_db[0])
        return _treat_absence(heard, sound, present, self.request.absent)

    def _opinion(
        self, sound: FloatArray, mask: ComplexArray, grid: StftConfig, own: Told, own_grid: StftConfig
    ) -> second_opinion.Opinion:
        """What AVSep's own model thinks of the voice that another's mask (F, N) makes of a window's sound."""
        from engine.audio.fullband import masked
        from engine.audio.resample import to_mono_16k

        mixture = to_mono_16k(sound, self.source.sample_rate_hz)
        gate = _gain(own.activity, np.ones(len(mixture), np.float32))
        ours = masked(mixture, own.mask[None], own_grid) * gate
        return second_opinion.opinion(mixture, masked(mixture, mask[None], grid), ours, own.quality[None])


def check_people(analysis: FaceAnalysis, person_ids: Iterable[int]) -> None:
    """Make sure that everyone asked for is in the picture.

    Raises:
        NoFaceError: nobody is. UsageError: a person is not.
    """
    if not analysis.people:
        raise NoFaceError(
            f"No face was found in “{analysis.media.path.name}”.",
            "Choose a video in which the person who speaks can be seen from the front.",
        )
    known = {person.id for person in analysis.people}
    for person_id in person_ids:
        if person_id not in known:
            raise UsageError(
                f"There is no person {person_id} in “{analysis.media.path.name}”.",
                f"There {'is' if len(known) == 1 else 'are'}: {names(analysis.people)}.",
            )


def names(people: tuple[Person, ...]) -> str:
    """People in a sentence: ids with labels."""
    return ", ".join(
        f"{person.id} ({person.label})" if person.label != f"Person {person.id}" else f"{person.id}"
        for person in people
    )


def windows_of(duration_s: float, range_s: tuple[float, float] | None) -> list[int]:
    """Numbers of the windows that a stretch of the file needs; window k is centred on (k + 1/2) hops.

    Raises:
        UsageError: the range is empty or begins after the end.
    """
    start, end = range_s or (0.0, duration_s)
    if not 0 <= start < end or start >= duration_s:
        raise UsageError(
            f"The range {start:g}-{end:g} s is not inside the file, which lasts {duration_s:.2f} s.",
            "Give a start before the end, within the file.",
        )
    last = max(0, math.ceil(min(end, duration_s) / HOP_S) - 1)
    count = max(1, math.ceil(duration_s / HOP_S))
    first = math.floor(start / HOP_S)
    return list(range(max(0, first - 1), min(count - 1, last + 1) + 1))


def _judge(
    file: VoiceFile,
    k: int,
    seen: FloatArray,
    sound: FloatArray,
    voice: FloatArray,
    rate: int,
    quality: FloatArray,
    apart: FloatArray | None = None,
) -> None:
    """Note what is thought of window k's voice, per second of its own stretch; everything given lasts 6 s."""
    frames = len(quality) // WINDOW_S
    for second in range(HOP_S):
        at = second + (WINDOW_S - HOP_S) // 2
        part, told = slice(at * rate, (at + 1) * rate), slice(at * frames, (at + 1) * frames)
        visible = float(seen[at * RATE_HZ : (at + 1) * RATE_HZ].mean())
        file.judged[k * HOP_S + second] = judge(
            sound[part], voice[part], rate, quality[told], visible, None if apart is None else apart[told]
        )


def _present(face: Face, source: PcmStore, k: int, samples: int) -> FloatArray:
    """How present a person is at every sample of window k, 0..1."""
    frame = (window_start_s(k) + np.arange(samples) / source.sample_rate_hz) * RATE_HZ - 0.5
    return np.interp(frame, np.arange(len(face.present)), face.present).astype(np.float32)


def _gain(activity: FloatArray, present: FloatArray) -> FloatArray:
    """Gain at every sample of a window: the gate of `activity` (N,) while the person is present (samples,), else 1."""
    gate = gate_gain(activity, len(activity) / WINDOW_S)
    at = (np.arange(len(present)) + 0.5) / len(present) * len(gate) - 0.5
    return 1 - present * (1 - np.interp(at, np.arange(len(gate)), gate).astype(np.float32))


def _treat_absence(estimate: FloatArray, sound: FloatArray, present: FloatArray, policy: AbsentPolicy) -> FloatArray:
    """What to do where the person is not in the picture (`AbsentPolicy`)."""
    if policy == "hold":
        return estimate
    kept = estimate * present[:, None]
    return kept + sound * (1 - present[:, None]) if policy == "original" else kept


def _key(request: IsolationRequest, source: PcmStore, model: str, *more: str) -> str:
    parts = (VERSION, content_key(request.video), request.audio_index, source.n_samples, fingerprint(model))
    return hashlib.blake2b("|".join([*map(str, parts), *more]).encode(), digest_size=16).hexdigest()


def _folder(request: IsolationRequest, source: PcmStore, person_id: int) -> Path:
    adviser = (fingerprint(second_opinion.ADVISER),) if second_opinion.needed(request.model) else ()
    person = person_key(request.cast, person_id)
    return entry("voices", _key(request, source, request.model, request.absent, person, *adviser))
