"""Voices into the cache: windows of the file, masks, overlap-add at the source's rate, agreement with the lips.

Every window of 6 s is separated on its own and cross-faded with its neighbours over 1 s. Even and odd windows never
overlap among themselves, so each kind has a file of its own; a stretch of the voice is final once both are there.
That makes the order of work free (outwards from the playhead), a killed run resumable, and the result the same.
"""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

import numpy as np
from numpy.typing import NDArray

from engine.cache import entry, output_error, prune, write_then_rename
from engine.errors import NoFaceError, UsageError
from engine.jobs import CancelToken, Progress, ProgressCallback, ignore_progress
from engine.types import (
    AbsentPolicy,
    ConfidenceSpan,
    FaceAnalysis,
    IsolatedVoice,
    IsolationRequest,
    IsolationResult,
    PcmStore,
    PersonConfidence,
)
from engine.vision.lips import LANDMARK_FEATURES, LipStream, landmark_features

if TYPE_CHECKING:
    from engine.separator import Separator

FloatArray = NDArray[np.float32]
WINDOW_S, HOP_S = 6, 4
_FADE_S, _SKIRT_S = 1.0, 0.5  # windows overlap by 2 s: 0.5 s unused, 1 s cross-fade, 0.5 s unused
_LAG_WINDOWS = 8
_BRIDGE_S, _RAMP_S = 0.4, 0.08
_VIDEO_HZ = 25
_SURROUNDINGS = 2 * _VIDEO_HZ  # video frames looked at before and after a window to know the resting face
_VERSION = 1


def voice_store(request: IsolationRequest, person_id: int) -> PcmStore:
    """Where `isolate(request)` puts this person's voice; the file may not exist yet."""
    from engine.media.reader import decode_audio

    source = decode_audio(request.video, audio_index=request.audio_index, cancel=CancelToken())
    return _store_of(_folder(request, source, person_id), source)


def isolate(
    request: IsolationRequest,
    *,
    on_progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> IsolationResult:
    """Compute the voices that a request names, as far as they are not in the cache (see `engine.api.isolate`)."""
    from engine.media.reader import decode_audio
    from engine.registry import model_spec
    from engine.vision.people import find_faces

    cancel = cancel or CancelToken()
    model_spec(request.model)
    source = decode_audio(request.video, audio_index=request.audio_index, on_progress=on_progress, cancel=cancel)
    analysis = find_faces(request.video, on_progress=on_progress, cancel=cancel)
    check_people(analysis, request.person_ids)
    wanted = windows_of(source.duration_s, request.range_s)
    prune()
    work = [
        _Voice.open(_folder(request, source, person), source, person, analysis.key, request.absent)
        for person in request.person_ids
    ]
    missing = sorted({k for voice in work for k in wanted if k not in voice.done})
    from engine.device import device_info

    device, warnings = device_info(request.device).device, []
    if missing or any(voice.lag is None for voice in work):
        from engine.separator import Separator

        separator = Separator.load(request.model, request.device)
        _estimate_lags(separator, source, work, on_progress, cancel)
        order = sorted(missing, key=lambda k: abs((k + 0.5) * HOP_S - request.from_s))
        for number, k in enumerate(order):
            cancel.checkpoint()
            _window(separator, source, [v for v in work if k not in v.done], k)
            for voice in work:
                ready = voice.finish(k)
                on_progress(Progress("Isolating", number + 1, len(order), ready, voice.person))
        device, warnings = str(separator.device), separator.warnings
    voices = tuple(voice.result(wanted) for voice in work)
    return IsolationResult(source, voices, model_spec(request.model).name, device, tuple(warnings + _notes(voices)))


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
            people = ", ".join(f"{p.id} ({p.label})" for p in analysis.people)
            raise UsageError(f"There is no person {person_id} in this video.", f"There are {people}.")


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
    from engine.separator import Separator

    separator = Separator.load(model, device)
    rng = np.random.default_rng(0)
    frames = seconds * _VIDEO_HZ + 2 * separator.model.config.max_lag_frames
    sound = rng.standard_normal(seconds * 16_000).astype(np.float32) * 0.1
    lips = rng.standard_normal((1, frames, separator.model.config.visual_features)).astype(np.float32) * 0.01
    seen = np.ones((1, frames), np.float32)
    separator.masks(sound, lips, seen, None)  # warm up
    started = time.perf_counter()
    mask = separator.masks(sound, lips, seen, None).mask
    took = time.perf_counter() - started
    sound_mask = bool(np.isfinite(mask).all() and np.abs(mask).max() > 0)
    return SelfTest(passed=sound_mask, real_time_factor=took / seconds)


@dataclass
class _Voice:
    """One person's work in progress, as it lies in the cache."""

    folder: Path
    source: PcmStore
    person: int
    absent: AbsentPolicy
    stream: LipStream
    present: FloatArray
    done: set[int]  # windows that are in even.f32 or odd.f32
    agreement: dict[int, float] = field(default_factory=dict)  # per second of the file
    lag: list[float] | None = None

    @classmethod
    def open(cls, folder: Path, source: PcmStore, person: int, key: str, absent: AbsentPolicy) -> _Voice:
        from engine.vision.people import load_lips

        stream = load_lips(key, person)
        state: dict[str, Any] = {}
        if (folder / "state.json").is_file():
            state = json.loads((folder / "state.json").read_text(encoding="utf-8"))
        for name in ("even.f32", "odd.f32", "voice.f32"):
            _allocate(folder / name, source)
        agreement = {int(k): float(v) for k, v in state.get("agreement", {}).items()}
        done = set(state.get("done", []))
        present = _presence(np.asarray(stream.visible))
        return cls(folder, source, person, absent, stream, present, done, agreement, state.get("lag"))

    def at(self, start_frame: int, frames: int) -> tuple[FloatArray, FloatArray]:
        """Lip features (frames, 240) and visibility (frames,) from a video frame on; unseen beyond the ends.

        The resting face is taken from the surroundings, not from the whole file, as in training: heads turn.
        """
        total = len(self.stream.visible)
        first, last = max(0, start_frame - _SURROUNDINGS), min(total, start_frame + frames + _SURROUNDINGS)
        lips = np.zeros((frames, LANDMARK_FEATURES), np.float32)
        seen = np.zeros(frames, np.float32)
        if last > first:
            visible = np.asarray(self.stream.visible[first:last])
            features = landmark_features(np.asarray(self.stream.points_px[first:last]), visible)
            low, high = max(start_frame, 0), min(start_frame + frames, total)
            if high > low:
                lips[low - start_frame : high - start_frame] = features[low - first : high - first]
                seen[low - start_frame : high - start_frame] = visible[low - first : high - first]
        return lips, seen

    def seen_share(self, k: int) -> float:
        """Share of window k in which the face is visible."""
        start = round(_window_start_s(k) * _VIDEO_HZ)
        return float(self.stream.visible[max(start, 0) : start + WINDOW_S * _VIDEO_HZ].sum()) / (WINDOW_S * _VIDEO_HZ)

    def write(self, k: int, window: FloatArray) -> None:
        """Lay a faded window, from its first used sample on, into the file of even or odd windows."""
        start, end, skip = _used(k, self.source)
        with _disk_errors(self.folder):
            layer = self._map("odd.f32" if k % 2 else "even.f32", "r+")
            layer[start:end] = (window * _fade(k, self.source)[:, None])[skip : skip + end - start]
            layer.flush()

    def is_final(self, k: int) -> bool:
        """Whether stretch k (hop k to k + 1) will not change: its window and both neighbours are there."""
        count = _count(self.source)
        return 0 <= k < count and all(j in self.done for j in (k - 1, k, k + 1) if 0 <= j < count)

    def finish(self, k: int) -> tuple[float, float] | None:
        """Make final what window k completes; the stretch in seconds, or None when neighbours are still missing."""
        self.done.add(k)
        rate = self.source.sample_rate_hz
        final = [j for j in (k - 1, k, k + 1) if self.is_final(j)]
        with _disk_errors(self.folder):
            if final:
                voice, even, odd = self._map("voice.f32", "r+"), self._map("even.f32"), self._map("odd.f32")
                for j in final:
                    span = slice(j * HOP_S * rate, min((j + 1) * HOP_S * rate, self.source.n_samples))
                    voice[span] = even[span] + odd[span]
                voice.flush()
            state = {"version": _VERSION, "done": sorted(self.done), "agreement": self.agreement, "lag": self.lag}
            with write_then_rename(self.folder / "state.json") as part:
                part.write_text(json.dumps(state), encoding="utf-8")
        if not final:
            return None
        return float(final[0] * HOP_S), min(float((final[-1] + 1) * HOP_S), self.source.duration_s)

    def _map(self, name: str, mode: Any = "r") -> Any:
        shape = (self.source.n_samples, self.source.channels)
        return np.memmap(self.folder / name, np.dtype("<f4"), mode, shape=shape)

    def result(self, wanted: list[int]) -> IsolatedVoice:
        """What a client gets."""
        final = [k for k in sorted(self.done) if self.is_final(k)]
        spans: list[tuple[float, float]] = []
        for k in final:
            end = min((k + 1) * HOP_S, self.source.duration_s)
            if spans and spans[-1][1] == k * HOP_S:
                spans[-1] = (spans[-1][0], end)
            else:
                spans.append((float(k * HOP_S), end))
        seconds = range(min(wanted) * HOP_S, min((max(wanted) + 1) * HOP_S, math.ceil(self.source.duration_s)))
        values = [(s, self.agreement[s]) for s in seconds if s in self.agreement]
        confidence = tuple(ConfidenceSpan(s, min(s + 1, self.source.duration_s), round(v, 4)) for s, v in values)
        weights = [v for _, v in values]
        mean = float(np.mean(weights)) if weights else 0.0
        whole = len(final) == _count(self.source)
        store = _store_of(self.folder, self.source, complete=whole)
        offset = None if self.lag is None else _offset_ms(np.asarray(self.lag))
        return IsolatedVoice(self.person, store, tuple(spans), PersonConfidence(self.person, mean, confidence), offset)


def _window(separator: Separator, source: PcmStore, voices: list[_Voice], k: int) -> None:
    """Separate window k for some voices, and lay the results into their files."""
    from engine.audio.fullband import apply_mask

    if not voices:
        return
    sound = _source_window(source, k)
    match, mask, seen = _masks(separator, source, voices, k, [v.lag for v in voices])
    for row, voice in enumerate(voices):
        estimate = apply_mask(sound, source.sample_rate_hz, mask[row], separator.model.config.stft)
        voice.write(k, _treat_absence(estimate, sound, voice, k))
        _note_agreement(separator, voice, k, match[row], seen[row])


def _masks(
    separator: Separator, source: PcmStore, voices: list[_Voice], k: int, lags: list[list[float] | None]
) -> tuple[FloatArray, NDArray[np.complex64], FloatArray]:
    """Match (P, N, 2 K + 1), masks (P, F, N) and visibility (P, frames of the window) of window k."""
    from engine.audio.resample import to_mono_16k

    margin = separator.model.config.max_lag_frames
    frames = WINDOW_S * _VIDEO_HZ
    start = round(_window_start_s(k) * _VIDEO_HZ)
    streams = [voice.at(start - margin, frames + 2 * margin) for voice in voices]
    lips, seen = np.stack([s[0] for s in streams]), np.stack([s[1] for s in streams])
    mixture = to_mono_16k(_source_window(source, k), source.sample_rate_hz)
    lag = None if any(x is None for x in lags) else np.asarray(lags, np.float32)
    out = separator.masks(mixture, lips, seen, lag)
    return out.match, out.mask, seen[:, margin : margin + frames]


def _estimate_lags(
    separator: Separator, source: PcmStore, voices: list[_Voice], on_progress: ProgressCallback, cancel: CancelToken
) -> None:
    """Find each person's delay between sound and lips once for the file, from windows where the face is seen."""
    for voice in voices:
        if voice.lag is not None:
            continue
        shares = [voice.seen_share(k) for k in range(_count(source))]
        best = sorted(np.argsort(shares, kind="stable")[::-1][: 4 * _LAG_WINDOWS].tolist())
        chosen = [best[i] for i in np.linspace(0, len(best) - 1, min(_LAG_WINDOWS, len(best))).round().astype(int)]
        matches = []
        for number, k in enumerate(chosen):
            cancel.checkpoint()
            matches.append(_masks(separator, source, [voice], int(k), [None])[0][0])
            on_progress(Progress("Matching lips and sound", number + 1, len(chosen)))
        voice.lag = [float(p) for p in separator.lag_probabilities(np.stack(matches))]


def _note_agreement(separator: Separator, voice: _Voice, k: int, match: FloatArray, seen: FloatArray) -> None:
    """Agreement of lips and mixture at the file's delay, per second of window k's own stretch."""
    lag = np.asarray(voice.lag, np.float32)
    own = (match * lag).sum(-1)  # (N,)
    scale, bias = separator.calibration
    rate = len(own) // WINDOW_S
    for second in range(HOP_S):
        at = second + (WINDOW_S - HOP_S) // 2
        heard = float(own[at * rate : (at + 1) * rate].mean())
        visible = float(seen[at * _VIDEO_HZ : (at + 1) * _VIDEO_HZ].mean())
        voice.agreement[k * HOP_S + second] = visible / (1 + math.exp(-(scale * heard + bias)))


def _presence(visible: NDArray[np.bool_]) -> FloatArray:
    """How present a person is at every video frame, 0..1: short gaps are bridged, changes are ramped."""
    bridged = visible.copy()
    edges = np.flatnonzero(np.diff(np.concatenate([[1], bridged.astype(int), [1]])))
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        if end - start <= _BRIDGE_S * _VIDEO_HZ:
            bridged[start:end] = True
    ramp = round(_RAMP_S * _VIDEO_HZ)
    padded = np.pad(bridged.astype(np.float32), ramp, mode="edge")
    return np.convolve(padded, np.ones(2 * ramp + 1, np.float32) / (2 * ramp + 1), "valid").astype(np.float32)


def _treat_absence(estimate: FloatArray, sound: FloatArray, voice: _Voice, k: int) -> FloatArray:
    """What to do where the person is not in the picture (`AbsentPolicy`)."""
    if voice.absent == "hold":
        return estimate
    frame = (_window_start_s(k) + np.arange(len(sound)) / voice.source.sample_rate_hz) * _VIDEO_HZ - 0.5
    present = np.interp(frame, np.arange(len(voice.present)), voice.present).astype(np.float32)[:, None]
    kept = estimate * present
    return kept + sound * (1 - present) if voice.absent == "original" else kept


def _window_start_s(k: int) -> float:
    return k * HOP_S - (WINDOW_S - HOP_S) / 2


def _source_window(source: PcmStore, k: int) -> FloatArray:
    """The source under window k, (6 s, channels), silence beyond the ends."""
    rate = source.sample_rate_hz
    start = round(_window_start_s(k) * rate)
    data = source.open()
    window = np.zeros((WINDOW_S * rate, source.channels), np.float32)
    low, high = max(start, 0), min(start + len(window), source.n_samples)
    if high > low:
        window[low - start : high - start] = data[low:high]
    return window


def _used(k: int, source: PcmStore) -> tuple[int, int, int]:
    """First and last sample (end exclusive) that window k writes, and how many of its own it skips before."""
    rate = source.sample_rate_hz
    start = round(_window_start_s(k) * rate)
    low, high = max(start, 0), min(start + WINDOW_S * rate, source.n_samples)
    return low, max(low, high), low - start


def _fade(k: int, source: PcmStore) -> FloatArray:
    """Weights of a window's samples: 0, a raised-cosine rise, 1, a fall, 0; neighbours add up to one."""
    rate = source.sample_rate_hz
    skirt, length = round(_SKIRT_S * rate), round(_FADE_S * rate)
    rise = (0.5 - 0.5 * np.cos(np.pi * (np.arange(length) + 0.5) / length)).astype(np.float32)
    weights = np.ones(WINDOW_S * rate, np.float32)
    if k > 0:
        weights[:skirt] = 0
        weights[skirt : skirt + length] = rise
    if k < _count(source) - 1:
        tail = len(weights) - skirt
        weights[tail:] = 0
        weights[tail - length : tail] = 1 - rise
    return weights


def _folder(request: IsolationRequest, source: PcmStore, person_id: int) -> Path:
    from engine.cache import content_key
    from engine.registry import fingerprint

    parts = (
        str(_VERSION),
        content_key(request.video),
        str(request.audio_index),
        str(source.n_samples),
        fingerprint(request.model),
        request.absent,
        str(person_id),
    )
    return entry("voices", hashlib.blake2b("|".join(parts).encode(), digest_size=16).hexdigest())


def _store_of(folder: Path, source: PcmStore, *, complete: bool = True) -> PcmStore:
    path = folder / "voice.f32"
    return PcmStore(path, source.sample_rate_hz, source.channels, source.n_samples, source.layout, complete)


def _allocate(path: Path, source: PcmStore) -> None:
    """A file of zeros; sparse where the file system can."""
    size = 4 * source.n_samples * source.channels
    if not path.exists() or path.stat().st_size != size:
        with _disk_errors(path), path.open("wb") as file:
            file.truncate(size)


@contextmanager
def _disk_errors(path: Path) -> Iterator[None]:
    """Turn a full disk or a missing permission into a sentence."""
    try:
        yield
    except OSError as error:
        raise output_error(path, error) from error


def _count(source: PcmStore) -> int:
    """Windows that a file needs."""
    return max(1, math.ceil(source.duration_s / HOP_S))


def _offset_ms(lag: NDArray[np.float64]) -> float:
    """The delay of the sound against the lips in ms; positive = sound late."""
    reach = len(lag) // 2
    return float(-1000 / _VIDEO_HZ * (lag * np.arange(-reach, reach + 1)).sum() / lag.sum())


def _notes(voices: tuple[IsolatedVoice, ...]) -> list[str]:
    return [
        f"Person {v.person_id}: lips and voice hardly agree; listen before you trust this voice."
        for v in voices
        if v.confidence.mean < 0.3
    ]
