"""Voices into the cache: every window of the file is masked on its own, outwards from where the user looks."""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray

from engine.cache import content_key, entry, prune, write_then_rename
from engine.confidence import judge
from engine.contract import (
    MODEL_RATE_HZ,
    SAMPLES_PER_VIDEO_FRAME,
    Crops,
    Declaration,
    Landmarks,
    SeparationModel,
    WindowMasks,
)
from engine.doubts import doubts
from engine.errors import ModelError, NoFaceError, UsageError
from engine.gate import gate_gain
from engine.jobs import CancelToken, Progress, ProgressCallback, ignore_progress
from engine.registry import calibration, fingerprint, model_spec
from engine.types import (
    AbsentPolicy,
    FaceAnalysis,
    IsolationRequest,
    IsolationResult,
    PcmStore,
    Person,
)
from engine.vision.lips import (
    LARGEST_MOUTH_PX,
    MOUTH_PX,
    RATE_HZ,
    SMALLEST_MOUTH_PX,
    LipStream,
    mouth_shape,
    stream_for,
)
from engine.voice_file import (
    HOP_S,
    VERSION,
    WINDOW_S,
    VoiceFile,
    seconds_of,
    source_window,
    voice_in,
    window_count,
    window_start_s,
)

FloatArray = NDArray[np.float32]
_FRAMES = WINDOW_S * RATE_HZ
_SURROUNDINGS = 2 * RATE_HZ  # video frames looked at before and after a window to know the resting face
_LAG_WINDOWS = 8
_BRIDGE_S, _RAMP_S = 0.4, 0.08


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
    from engine.vision.people import find_faces

    cancel = cancel or CancelToken()
    model = model_spec(request.model).name
    source = decode_audio(request.video, audio_index=request.audio_index, on_progress=on_progress, cancel=cancel)
    analysis = find_faces(request.video, on_progress=on_progress, cancel=cancel)
    check_people(analysis, request.person_ids)
    windows = windows_of(source.duration_s, request.range_s)
    prune()
    files = {p: VoiceFile.open(_folder(request, source, p), source, p) for p in request.person_ids}
    lags = _Lags(request, source)
    missing = sorted({k for file in files.values() for k in windows if k not in file.done})
    device, warnings = device_info(request.device).device, []
    if missing:
        with _opened(request.model, request.device, cancel) as separator:
            declared = separator.declaration
            _check_supply(model, declared)
            faces = _faces(analysis, declared, files, missing)
            looks = {p: {*missing, *(lags.windows(face) if declared.finds_lag else ())} for p, face in faces.items()}
            faces = _with_mouths(analysis, declared, faces, looks, on_progress, cancel)
            if declared.finds_lag:
                lags.estimate(separator, faces.values(), on_progress, cancel)
            order = sorted(missing, key=lambda k: abs((k + 0.5) * HOP_S - request.from_s))
            for number, k in enumerate(order):
                cancel.checkpoint()
                wanted = [file for file in files.values() if k not in file.done]
                for file, voice in _window(separator, source, faces, wanted, lags, k, request.absent):
                    ready = file.add(k, voice)
                    on_progress(Progress("Isolating", number + 1, len(order), ready, file.person))
            device, warnings = str(separator.device), separator.warnings
    curve = calibration(request.model)
    voices = tuple(file.result(windows, lags.offset_ms(file.person), curve) for file in files.values())
    return IsolationResult(
        source, voices, model, device, (*warnings, *doubts(source, voices, seconds_of(windows, source)))
    )


@contextmanager
def _opened(name: str, device: str, cancel: CancelToken) -> Iterator[SeparationModel]:
    """The model of a job. A guest hears of a cancel in the middle of a call, and its process ends with the job."""
    from engine.guests.model import GuestModel
    from engine.separator import open_model

    model = open_model(name, device)
    if not isinstance(model, GuestModel):
        yield model
        return
    model.cancel = cancel
    try:
        yield model
    finally:
        model.close()


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


class SelfTest(TypedDict):
    """Whether a model's output is finite and not silent, and how fast separation alone runs (1 = real time)."""

    passed: bool
    real_time_factor: float


def self_test(model: str = "default", device: str = "auto", seconds: int = 4) -> SelfTest:
    """Run a model on a generated signal with moving lips."""
    with _opened(model, device, CancelToken()) as separator:
        return _try(model, separator, seconds)


def _try(name: str, separator: SeparationModel, seconds: int) -> SelfTest:
    declaration = separator.declaration
    _check_supply(name, declaration)
    rng = np.random.default_rng(0)
    frames = seconds * RATE_HZ + 2 * declaration.margin_frames
    sound = rng.standard_normal(seconds * MODEL_RATE_HZ).astype(np.float32) * 0.1
    points = rng.random((68, 2)) * 100 + rng.standard_normal((frames, 68, 2))
    form = declaration.lips
    shape = mouth_shape(form) if isinstance(form, Crops) else (MOUTH_PX, MOUTH_PX)
    mouths = rng.integers(0, 256, (frames, *shape), np.uint8)
    face = _Face(1, LipStream(points.astype(np.float32), np.ones(frames, bool), mouths))
    lips, seen = face.at(0, frames, form)
    separator.masks(sound, lips[None], seen[None], None)  # warm up
    started = time.perf_counter()
    mask = separator.masks(sound, lips[None], seen[None], None).mask
    took = time.perf_counter() - started
    passed = bool(np.isfinite(mask).all() and np.abs(mask).max() > 0)
    return SelfTest(passed=passed, real_time_factor=took / seconds)


def _check_supply(name: str, asked: Declaration) -> None:
    """Make sure that a model can be given what it asks for.

    Raises:
        ModelError: it asks for sound or pictures in a form that nobody makes.
    """
    rate_hz = asked.grid.sample_rate_hz
    if (rate_hz, asked.video_rate_hz) != (MODEL_RATE_HZ, RATE_HZ):
        raise ModelError(
            f"The model {name} asks for {rate_hz} Hz sound and {asked.video_rate_hz} Hz pictures; there are "
            f"{MODEL_RATE_HZ} Hz and {RATE_HZ} Hz.",
            "Use another model.",
        )
    crops = asked.lips
    if isinstance(crops, Crops) and not SMALLEST_MOUTH_PX <= crops.size_px <= LARGEST_MOUTH_PX:
        raise ModelError(
            f"The model {name} asks for mouths of {crops.size_px} pixels; they can have {SMALLEST_MOUTH_PX} to "
            f"{LARGEST_MOUTH_PX}.",
            "Use another model.",
        )


@dataclass
class _Face:
    """One person's lips over the whole file."""

    person: int
    stream: LipStream

    def __post_init__(self) -> None:
        self.present = _presence(np.asarray(self.stream.visible))

    def at(self, start_frame: int, frames: int, form: Landmarks | Crops) -> tuple[FloatArray, FloatArray]:
        """The stream (frames, ...) and visibility (frames,) from a video frame on; unseen beyond the ends.

        The resting face of landmarks is taken from the surroundings, not from the whole file, as in training: heads
        turn.
        """
        total, around = len(self.stream.visible), _SURROUNDINGS if isinstance(form, Landmarks) else 0
        first, last = max(0, start_frame - around), min(total, start_frame + frames + around)
        whole = self.stream
        near = LipStream(whole.points_px[first:last], whole.visible[first:last], whole.mouths[first:last])
        made = stream_for(form, near)
        lips = np.zeros((frames, *made.shape[1:]), np.float32)
        seen = np.zeros(frames, np.float32)
        low, high = max(start_frame, 0), min(start_frame + frames, total)
        if high > low:
            lips[low - start_frame : high - start_frame] = made[low - first : high - first]
            seen[low - start_frame : high - start_frame] = near.visible[low - first : high - first]
        return lips, seen

    def seen_share(self, k: int) -> float:
        """Share of window k in which the face is visible."""
        start = round(window_start_s(k) * RATE_HZ)
        return float(self.stream.visible[max(start, 0) : max(start + _FRAMES, 0)].sum()) / _FRAMES


def _faces(
    analysis: FaceAnalysis, declared: Declaration, files: Mapping[int, VoiceFile], missing: Sequence[int]
) -> dict[int, _Face]:
    """The people whose lips some windows need: those who are wanted, and those seen there beside them if they count."""
    from engine.vision.people import load_lips

    faces = {}
    for person in analysis.people:
        if person.id in files or declared.faces_together:
            face = _Face(person.id, load_lips(analysis.key, person.id))
            if person.id in files or any(face.seen_share(k) > 0 for k in missing):
                faces[person.id] = face
    return faces


def _with_mouths(
    analysis: FaceAnalysis,
    declared: Declaration,
    faces: dict[int, _Face],
    looks: Mapping[int, Iterable[int]],
    on_progress: ProgressCallback,
    cancel: CancelToken,
) -> dict[int, _Face]:
    """Faces with the mouths that a model asks for, in the windows in which it looks at each."""
    if not isinstance(declared.lips, Crops):
        return faces
    from engine.vision.crops import cut_mouths

    rows = {person: np.zeros(len(face.stream.visible), bool) for person, face in faces.items()}
    for person, asked in rows.items():
        for k in looks[person]:
            start = round(window_start_s(k) * RATE_HZ) - declared.margin_frames
            asked[max(start, 0) : max(start + _FRAMES + 2 * declared.margin_frames, 0)] = True
    streams = {person: face.stream for person, face in faces.items()}
    cut = cut_mouths(analysis, declared.lips, streams, rows, on_progress=on_progress, cancel=cancel)
    return {person: replace(face, stream=cut[person]) for person, face in faces.items()}


class _Lags:
    """The delay between sound and lips of every person, once per file, model and sound stream."""

    def __init__(self, request: IsolationRequest, source: PcmStore) -> None:
        self.source = source
        self.file = entry("lags", _key(request, source)) / "lags.json"
        stored = json.loads(self.file.read_text(encoding="utf-8")) if self.file.is_file() else {}
        self.known = {int(person): np.asarray(lag, np.float32) for person, lag in stored.items()}

    def windows(self, face: _Face) -> list[int]:
        """The windows that a face's delay is found from; none when it is known."""
        if face.person in self.known:
            return []
        shares = [face.seen_share(k) for k in range(window_count(self.source))]
        best = sorted(np.argsort(shares, kind="stable")[::-1][: 4 * _LAG_WINDOWS].tolist())
        picks = np.linspace(0, len(best) - 1, min(_LAG_WINDOWS, len(best))).round().astype(int)
        return [best[pick] for pick in picks]

    def estimate(
        self, separator: SeparationModel, faces: Iterable[_Face], on_progress: ProgressCallback, cancel: CancelToken
    ) -> None:
        """Find the delays that are not known, each from up to eight windows in which the face is seen."""
        unknown = [face for face in faces if face.person not in self.known]
        for face in unknown:
            windows = self.windows(face)
            matches = []
            for number, k in enumerate(windows):
                cancel.checkpoint()
                sound = source_window(self.source, k)
                matches.append(_masks(separator, sound, self.source, [face], None, k)[0].match[0])
                on_progress(Progress("Matching lips and sound", number + 1, len(windows)))
            self.known[face.person] = separator.lag_probabilities(np.stack(matches))
        if unknown:
            with write_then_rename(self.file) as part:
                part.write_text(json.dumps({p: lag.tolist() for p, lag in self.known.items()}), encoding="utf-8")

    def offset_ms(self, person: int) -> float | None:
        """How late the sound is against the lips, in ms; None when it was not estimated."""
        lag = self.known.get(person)
        if lag is None:
            return None
        reach = len(lag) // 2
        return float(-1000 / RATE_HZ * (lag * np.arange(-reach, reach + 1)).sum() / lag.sum())


def _window(
    separator: SeparationModel,
    source: PcmStore,
    faces: dict[int, _Face],
    wanted: Sequence[VoiceFile],
    lags: _Lags,
    k: int,
    absent: AbsentPolicy,
) -> list[tuple[VoiceFile, FloatArray]]:
    """Separate window k for some voices; everybody in the picture tells whose voice is whose, as far as they fit."""
    from engine.audio.fullband import apply_mask

    declared = separator.declaration
    sound = source_window(source, k)
    done = []
    for first in range(0, len(wanted), declared.people):
        files = wanted[first : first + declared.people]
        asked = [file.person for file in files]
        rows = [faces[p] for p in asked]
        if declared.faces_together:
            others = sorted((f for p, f in faces.items() if p not in asked), key=lambda f: -f.seen_share(k))
            rows += [f for f in others if f.seen_share(k) > 0][: declared.people - len(asked)]
        lag = np.stack([lags.known[face.person] for face in rows]) if declared.finds_lag else None
        out, seen = _masks(separator, sound, source, rows, lag, k)
        for row, file in enumerate(files):
            estimate = apply_mask(sound, source.sample_rate_hz, out.mask[row], declared.grid)
            present = _present(rows[row], source, k, len(sound))
            heard = estimate * _gain(out.activity[row], present)[:, None]
            _judge(file, k, sound, heard, out.quality[row], seen[row])
            done.append((file, _treat_absence(heard, sound, present, absent)))
    return done


def _masks(
    separator: SeparationModel,
    sound: FloatArray,
    source: PcmStore,
    rows: Sequence[_Face],
    lag: FloatArray | None,
    k: int,
) -> tuple[WindowMasks, FloatArray]:
    """Separate window k, its sound (6 s, channels), for P faces; also their visibility (P, frames of the window).

    What lies before the film or after it is not given to the model, which would hear a silence that is none; there
    what it says of the first or last moment stands.
    """
    from engine.audio.resample import to_mono_16k

    margin, form = separator.declaration.margin_frames, separator.declaration.lips
    start = round(window_start_s(k) * RATE_HZ)
    low, high = max(0, -start), min(_FRAMES, math.ceil(source.duration_s * RATE_HZ) - start)
    mixture = to_mono_16k(sound, source.sample_rate_hz)[low * SAMPLES_PER_VIDEO_FRAME : high * SAMPLES_PER_VIDEO_FRAME]
    streams = [face.at(start + low - margin, high - low + 2 * margin, form) for face in rows]
    lips, seen = np.stack([s[0] for s in streams]), np.stack([s[1] for s in streams])
    told = vars(separator.masks(mixture, lips, seen, lag)).items()
    # Audio frames lie along the last axis of a mask, and along the second of all else.
    whole = {name: _extended(values, low, high, values.ndim - 1 if name == "mask" else 1) for name, values in told}
    return WindowMasks(**whole), _extended(seen[:, margin : margin + high - low], low, high, 1)


def _extended(values: Any, low: int, high: int, axis: int) -> Any:
    """Values of the video frames low to high of a window, or of finer steps, over the whole of it."""
    steps = values.shape[axis] // (high - low)
    missing = [(0, 0)] * values.ndim
    missing[axis] = (low * steps, (_FRAMES - high) * steps)
    return np.pad(values, missing, mode="edge")


def _judge(
    file: VoiceFile, k: int, sound: FloatArray, voice: FloatArray, quality: FloatArray, seen: FloatArray
) -> None:
    """Note what is thought of window k's voice, per second of its own stretch; sound and voice are (6 s, channels)."""
    rate, frames = file.source.sample_rate_hz, len(quality) // WINDOW_S
    for second in range(HOP_S):
        at = second + (WINDOW_S - HOP_S) // 2
        part = slice(at * rate, (at + 1) * rate)
        visible = float(seen[at * RATE_HZ : (at + 1) * RATE_HZ].mean())
        told = quality[at * frames : (at + 1) * frames]
        file.judged[k * HOP_S + second] = judge(sound[part], voice[part], rate, told, visible)


def _presence(visible: NDArray[np.bool_]) -> FloatArray:
    """How present a person is at every video frame, 0..1: short gaps are bridged, changes are ramped."""
    bridged = visible.copy()
    edges = np.flatnonzero(np.diff(np.concatenate([[1], bridged.astype(int), [1]])))
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        if end - start <= _BRIDGE_S * RATE_HZ:
            bridged[start:end] = True
    ramp = round(_RAMP_S * RATE_HZ)
    padded = np.pad(bridged.astype(np.float32), ramp, mode="edge")
    return np.convolve(padded, np.ones(2 * ramp + 1, np.float32) / (2 * ramp + 1), "valid").astype(np.float32)


def _present(face: _Face, source: PcmStore, k: int, samples: int) -> FloatArray:
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


def _key(request: IsolationRequest, source: PcmStore, *more: str) -> str:
    parts = (VERSION, content_key(request.video), request.audio_index, source.n_samples, fingerprint(request.model))
    return hashlib.blake2b("|".join([*map(str, parts), *more]).encode(), digest_size=16).hexdigest()


def _folder(request: IsolationRequest, source: PcmStore, person_id: int) -> Path:
    return entry("voices", _key(request, source, request.absent, str(person_id)))
