"""Mixtures: made anew at every training step, or fixed by a CSV recipe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly

from engine.config import TrainConfig
from engine.data.attributes import ATTRIBUTES
from engine.data.morph import FACTORS
from engine.data.pack import SAMPLE_RATE_HZ, Clip, Pack
from engine.vision.lips import MIRROR_ORDER, MIRROR_SIGN, RATE_HZ

FloatArray = NDArray[np.float32]
_SAMPLES_PER_FRAME = SAMPLE_RATE_HZ // RATE_HZ
_SPEEDS = ((1, 1), (9, 10), (11, 10), (19, 20), (21, 20))


@dataclass(frozen=True)
class Batch:
    """One training step.

    Attributes:
        mixture: (B, T) float32. targets: (B, 2, T). lips: (B, 2, M, 240). seen: (B, 2, M).
        lag: (B, 2) int64, by how many video frames the lips are shifted, -K..K.
        silent: (B, 2) bool, the target says nothing.
        unseen: (B, 2) bool, the target has no face: its lips and `seen` are zero all the time.
        attributes: (B, 2, 128) float32, face vectors of the clips seen; zero without a face, or where the set has none.
        same_person: (B, 2, 128), face vectors from another clip of the same people.
        blind_mixture: (B', T). blind_targets: (B', 2, T); talkers without a face.
    """

    mixture: FloatArray
    targets: FloatArray
    lips: FloatArray
    seen: FloatArray
    lag: NDArray[np.int64]
    silent: NDArray[np.bool_]
    unseen: NDArray[np.bool_]
    attributes: FloatArray
    same_person: FloatArray
    blind_mixture: FloatArray
    blind_targets: FloatArray


@dataclass(frozen=True)
class _Filmed:
    """A voice at unit level (T,), its lips (M, 240), where they are seen (M,), and how many frames they are shifted."""

    clip: Clip
    sound: FloatArray
    lips: FloatArray
    seen: FloatArray
    lag: int


class Mixer:
    """Draws training batches; the same seed and step always give the same batch."""

    def __init__(self, pack: Pack, config: TrainConfig, split: str = "train") -> None:
        self.pack, self.config = pack, config
        self.frames = config.window_frames // 4
        self.samples = config.window_frames * config.model.stft.hop_samples
        train = [c for c in pack.clips if c.split == split]
        usable = [c for c in train if c.video_frames >= self.frames]
        self.filmed = {name: [c for c in usable if c.corpus == name] for name in {c.corpus for c in usable}}
        self.filmed["any"] = usable
        self.heard = [c for c in train if c.audio_samples >= self.samples * 1.1]
        self.by_speaker: dict[str, dict[str, list[Clip]]] = {}
        for name, clips in self.filmed.items():
            people: dict[str, list[Clip]] = {}
            for clip in clips:
                people.setdefault(clip.speaker, []).append(clip)
            self.by_speaker[name] = people
        self.tracks = [pack.audio, *(pack.morph(f) for f in FACTORS)]

    def spread_of_lips(self) -> FloatArray:
        """Standard deviation of every lip feature over the training clips, (240,)."""
        clips = self.filmed["any"][:: max(1, len(self.filmed["any"]) // 200)]
        rows = [self.pack.lips[c.video_start : c.video_start + c.video_frames].astype(np.float32) for c in clips]
        return np.asarray(np.concatenate(rows).std(0).clip(1e-5), np.float32)

    def batch(self, step: int) -> Batch:
        """The batch of a step."""
        config = self.config
        rng = np.random.default_rng((config.seed, step))
        early = step < config.first_share * config.steps
        names = [config.first_corpus] if early else list(config.corpora)
        weights = np.asarray([1.0] if early else list(config.corpora.values()))
        items = [
            self._filmed_item(rng, names[rng.choice(len(names), p=weights / weights.sum())])
            for _ in range(config.mixtures_per_step)
        ]
        blind = [self._blind_item(rng) for _ in range(config.blind_per_step)]
        stacked = [np.stack(column) for column in zip(*items, strict=True)]
        empty = np.zeros((0, self.samples), np.float32), np.zeros((0, 2, self.samples), np.float32)
        sounds = tuple(np.stack(column) for column in zip(*blind, strict=True)) if blind else empty
        return Batch(*stacked, *sounds)

    def _filmed_item(self, rng: np.random.Generator, corpus: str) -> tuple[Any, ...]:
        people = self.by_speaker[corpus]
        first, second = rng.choice(sorted(people), 2, replace=False)
        drawn = [self._film(rng, people[str(who)]) for who in (first, second)]
        voices, lips, seen = ([getattr(d, name) for d in drawn] for name in ("sound", "lips", "seen"))
        own = np.stack([attributes_of(self.pack, d.clip) for d in drawn])
        again = np.stack([self._same_person(rng, people, d.clip) for d in drawn])
        silent, unseen = np.zeros(2, bool), np.zeros(2, bool)
        ratio_db = rng.uniform(-5, 5) if rng.random() < 0.7 else rng.uniform(-10, 10)
        if rng.random() < self.config.unseen_share:
            unseen[1] = True
            own[1], again[1] = 0.0, 0.0
            voices[1] = self._listen(rng, self.heard, other_than=str(first))[0] * np.float32(10 ** (-ratio_db / 20))
            lips[1], seen[1] = np.zeros_like(lips[1]), np.zeros_like(seen[1])
        elif rng.random() < 0.1:  # a listener: closed, nearly still lips and no sound
            who = int(rng.integers(2))
            silent[who] = True
            voices[who] = np.zeros_like(voices[who])
            rest = lips[who][int(rng.integers(len(lips[who])))].copy()
            rest[80:] = 0.0
            lips[who] = (rest + 0.15 * lips[who] * rng.random()).astype(np.float32)
        else:
            voices[1] = voices[1] * np.float32(10 ** (-ratio_db / 20))
        mixture = voices[0] + voices[1]
        if rng.random() < 0.15:  # somebody whom nobody sees
            other = self._listen(rng, self.heard)[0]
            mixture = mixture + other * np.float32(10 ** (-rng.uniform(3, 15) / 20))
        if rng.random() < 0.15:
            noise = rng.standard_normal(len(mixture)).cumsum() * 0.02 + rng.standard_normal(len(mixture))
            noise -= noise.mean()
            noise *= 10 ** (-rng.uniform(8, 25) / 20) / noise.std()
            mixture = mixture + noise.astype(np.float32)
        lags = np.asarray([d.lag for d in drawn], np.int64)
        return (mixture, np.stack(voices), np.stack(lips), np.stack(seen), lags, silent, unseen, own, again)

    def _same_person(self, rng: np.random.Generator, people: dict[str, list[Clip]], clip: Clip) -> FloatArray:
        """Face vector from another clip of the person in a clip."""
        others = [c for c in people[clip.speaker] if c is not clip] or [clip]
        return attributes_of(self.pack, others[int(rng.integers(len(others)))])

    def _film(self, rng: np.random.Generator, clips: list[Clip]) -> _Filmed:
        """A stretch of one of the clips, with a lag put between its voice and its lips."""
        config = self.config
        for _ in range(20):
            clip = clips[int(rng.integers(len(clips)))]
            up, down = _SPEEDS[int(rng.integers(len(_SPEEDS)))]  # speed = up / down
            need = int(np.ceil(self.frames * up / down)) + 1
            if clip.video_frames < need or clip.audio_samples < need * _SAMPLES_PER_FRAME:
                up, down, need = 1, 1, self.frames
            last = min(clip.video_frames, clip.audio_samples // _SAMPLES_PER_FRAME) - need
            start = int(rng.integers(max(last, 0) + 1))
            track = self.tracks[int(rng.integers(len(self.tracks))) if rng.random() < 0.7 else 0]
            at = clip.audio_start + start * _SAMPLES_PER_FRAME
            sound = np.asarray(track[at : at + need * _SAMPLES_PER_FRAME], np.float32)
            whole = np.asarray(track[clip.audio_start : clip.audio_start + clip.audio_samples], np.float32)
            if sound.std() > 0.25 * whole.std() and sound.std() > 20:
                break
        if up != down:
            sound = resample_poly(sound, down, up).astype(np.float32)
        sound = _fit(sound, self.samples)
        sound = sound / max(float(sound.std()), 1.0)

        lag = 0
        if rng.random() < config.shift_share:
            lag = int(rng.integers(-config.max_shift_frames, config.max_shift_frames + 1))
        margin, speed = config.model.max_lag_frames, up / down
        native = config.native_lag.get(clip.corpus, 0)
        rows = start + (np.arange(self.frames + 2 * margin) - margin - lag) * speed + native
        lips, seen = lips_at(self.pack, clip, rows)
        lips[:, 80:160] *= speed
        lips[:, 160:] *= speed * speed
        if rng.random() < 0.5:
            lips = lips[:, MIRROR_ORDER] * MIRROR_SIGN
        lips *= np.float32(rng.uniform(0.8, 1.25))
        if rng.random() < 0.15:
            gap = int(rng.integers(1, 16))
            hole = int(rng.integers(len(seen) - gap))
            seen[hole : hole + gap] = 0.0
        lips *= seen[:, None]
        return _Filmed(clip, sound, lips.astype(np.float32), seen, lag)

    def _listen(self, rng: np.random.Generator, clips: list[Clip], other_than: str = "") -> tuple[FloatArray, str]:
        """A voice at unit level without lips, and whose it is."""
        for _ in range(20):
            clip = clips[int(rng.integers(len(clips)))]
            start = clip.audio_start + int(rng.integers(clip.audio_samples - self.samples + 1))
            track = self.tracks[int(rng.integers(len(self.tracks)))] if clip.video_frames else self.pack.audio
            sound = np.asarray(track[start : start + self.samples], np.float32)
            if sound.std() > 50 and clip.speaker != other_than:
                break
        return sound / max(float(sound.std()), 1.0), clip.speaker

    def _blind_item(self, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
        first, who = self._listen(rng, self.heard)
        second = self._listen(rng, self.heard, other_than=who)[0]
        second = second * np.float32(10 ** (-rng.uniform(-5, 5) / 20))
        return first + second, np.stack([first, second])


def attributes_of(pack: Pack, clip: Clip) -> FloatArray:
    """Face vector of a clip, (128,) float32; zero where the set has none."""
    if pack.attributes is None:
        return np.zeros(ATTRIBUTES, np.float32)
    return np.asarray(pack.attributes[pack.row_of[clip.name]], np.float32)


def lips_at(pack: Pack, clip: Clip, rows: NDArray[np.floating[Any]]) -> tuple[FloatArray, FloatArray]:
    """Lip features of a clip at fractional frames (linear); (n, 240) and (n,) 1 inside the clip, 0 outside."""
    seen = ((rows >= -0.01) & (rows <= clip.video_frames - 1 + 0.01)).astype(np.float32)
    inside = np.clip(rows, 0, clip.video_frames - 1)
    low = np.floor(inside).astype(int)
    high = np.minimum(low + 1, clip.video_frames - 1)
    part = (inside - low).astype(np.float32)[:, None]
    features = pack.lips[clip.video_start : clip.video_start + clip.video_frames]
    lips = features[low].astype(np.float32) * (1 - part) + features[high].astype(np.float32) * part
    return lips * seen[:, None], seen


def _fit(sound: FloatArray, samples: int) -> FloatArray:
    return np.pad(sound, (0, max(0, samples - len(sound))))[:samples]
