"""Training mixtures, made anew at every step as `engine.config.MixConfig` says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly

from engine.config import TrainConfig, sight
from engine.data import augment
from engine.data.attributes import ATTRIBUTES
from engine.data.augment import ByteArray, FloatArray, FloatingArray, chance
from engine.data.morph import FACTORS
from engine.data.noise import Noise
from engine.data.pack import IMAGINED, SAMPLE_RATE_HZ, Clip, Pack
from engine.data.pictures import FACE_PICTURE_PX, FACES, MOUTH_PICTURE_PX, MOUTH_SEEN_PX
from engine.errors import UsageError
from engine.vision.lips import LANDMARK_FEATURES, MIRROR_ORDER, MIRROR_SIGN, RATE_HZ

_SAMPLES_PER_FRAME = SAMPLE_RATE_HZ // RATE_HZ
_SHAPE = LANDMARK_FEATURES // 3  # features that are positions; then come velocities and accelerations
_FADE = 320  # samples, of a turn's edges
_RESTLESS = 0.15  # at most so much of their motion keep lips that rest
_PLACES = 4  # talkers that a room has room for
_TINT = 0.7, 1.3  # factors of a face picture's brightness and of its colours (models.md 2.1)
_SPEEDS = ((1, 1), (9, 10), (11, 10), (19, 20), (21, 20))


@dataclass(frozen=True, kw_only=True)
class _Item:
    """One filmed mixture: the fields of `Batch` by the same names, without B; pictures as the pack keeps them.

    Attributes:
        mouths: (2, M, 96, 96). faces: (2, 2, 224, 224, 3); of both none, M = 0 or (2, 0, ...), if they are not wanted.
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
    mouths: ByteArray
    faces: ByteArray
    common: NDArray[np.bool_] = field(default_factory=lambda: np.zeros((), bool))


@dataclass(frozen=True, kw_only=True)
class Batch(_Item):
    """One training step: filmed mixtures, stacked, and unfilmed ones.

    Attributes:
        mixture: (B, T) float32. targets: (B, 2, T), in a room with what follows the direct sound at once.
        lips: (B, 2, M, 240). seen: (B, 2, M).
        lag: (B, 2) int64, by how many video frames the lips are shifted, -K..K.
        silent: (B, 2) bool, the target says nothing.
        unseen: (B, 2) bool, the target has no face: its lips and `seen` are zero all the time.
        attributes: (B, 2, 128) float32, face vectors of the clips seen; zero without a face, or where the set has none.
        same_person: (B, 2, 128), face vectors from another clip of the same people.
        mouths: (B, 2, M, 88, 88) uint8 grey, beside `lips` for a network that sees pictures, zero where `seen` is.
        faces: (B, 2, 3, 224, 224) uint8 red, green, blue, likewise beside `attributes`. Where the network sees no such
            pictures there are none: (B, 2, 0, ...).
        common: (B,) bool, mixtures 2k and 2k + 1 are A1 + B and A2 + B (`engine.losses.visualvoice`).
        blind_mixture: (B', T). blind_targets: (B', 2, T); talkers without a face.
    """

    blind_mixture: FloatArray
    blind_targets: FloatArray


@dataclass(frozen=True)
class _Filmed:
    """A voice at unit level (T,), by how many frames its lips are shifted, and what is seen of its face."""

    clip: Clip
    sound: FloatArray
    lag: int
    look: _Look


class _Look(NamedTuple):
    """A face beside a voice: lips (M, 240), where they are seen (M,), and pictures as in `_Item`."""

    lips: FloatArray
    seen: FloatArray
    mouths: ByteArray
    faces: ByteArray


class Mixer:
    """Draws training batches; the same seed and step always give the same batch.

    Raises:
        UsageError: the network sees pictures that the training set does not hold.
    """

    def __init__(self, pack: Pack, config: TrainConfig, split: str = "train") -> None:
        self.pack, self.config, self.sight = pack, config, sight(config.model)
        _check_pictures(pack, config)
        self.frames = config.window_frames // 4
        self.samples = config.window_frames * config.model.stft.hop_samples
        train = [c for c in pack.clips if c.split == split]
        usable = [c for c in train if c.video_frames >= self.frames]
        self.filmed = {name: [c for c in usable if c.corpus == name] for name in {c.corpus for c in usable}}
        self.filmed["any"] = usable
        if pack.imagined:
            self.filmed[IMAGINED] = [c for c in pack.imagined if c.video_frames >= self.frames]
        self.heard = [c for c in train if c.audio_samples >= self.samples * 1.1]
        self.by_speaker: dict[str, dict[str, list[Clip]]] = {}
        for name, clips in self.filmed.items():
            people: dict[str, list[Clip]] = {}
            for clip in clips:
                people.setdefault(clip.speaker, []).append(clip)
            self.by_speaker[name] = people
        self.tracks = [pack.audio, *(pack.morph(f) for f in FACTORS)]
        self.noise = Noise(pack.folder) if config.mix.noise_share else None
        self.landmark_noise = config.mix.landmark_noise and config.mix.landmark_noise * self.spread_of_lips()[:_SHAPE]

    def spread_of_lips(self) -> FloatArray:
        """Standard deviation of every lip feature over the training clips, (240,)."""
        clips = self.filmed["any"][:: max(1, len(self.filmed["any"]) // 200)]
        rows = [self.pack.lips_of(c).astype(np.float32) for c in clips]
        return np.asarray(np.concatenate(rows).std(0).clip(1e-5), np.float32)

    def batch(self, number: int) -> Batch:
        """A batch by its number, which is the step's where one batch makes a step."""
        config = self.config
        rng = np.random.default_rng((config.seed, number))
        more = np.random.default_rng((config.seed, number, 1))  # what is off by default: it leaves the draws of `rng`
        early = number < config.first_share * config.steps * config.batches_per_step
        names = [config.first_corpus] if early else list(config.corpora)
        weights = np.asarray([1.0] if early else list(config.corpora.values()))
        items: list[_Item] = []
        while len(items) < config.mixtures_per_step:
            corpus = names[rng.choice(len(names), p=weights / weights.sum())]
            fits = len(items) % 2 == 0 and len(items) + 2 <= config.mixtures_per_step
            if fits and chance(more, config.mix.common_talker_share):
                items += self._common_talker(rng, more, corpus)
            else:
                items += self._levelled(more, [self._filmed_item(rng, more, corpus)])
        blind = [self._blind_item(rng, more) for _ in range(config.blind_per_step)]
        empty = np.zeros((0, self.samples), np.float32), np.zeros((0, 2, self.samples), np.float32)
        sounds = tuple(np.stack(column) for column in zip(*blind, strict=True)) if blind else empty
        stacked = {field.name: np.stack([getattr(item, field.name) for item in items]) for field in fields(_Item)}
        looks = np.random.default_rng((config.seed, number, 2))  # of pictures alone: with them, the rest stays as it is
        stacked["mouths"] = self._framed(looks, stacked["mouths"])
        stacked["faces"] = self._posed(looks, stacked["faces"])
        return Batch(blind_mixture=sounds[0], blind_targets=sounds[1], **stacked)

    def _framed(self, looks: np.random.Generator, mouths: ByteArray) -> ByteArray:
        """Mouths as the network sees them, (B, 2, M, 96, 96) -> (B, 2, M, 88, 88)."""
        framed = np.zeros((*mouths.shape[:3], MOUTH_SEEN_PX, MOUTH_SEEN_PX), np.uint8)
        for place in np.ndindex(mouths.shape[:2]):
            framed[place] = augment.cropped(looks, mouths[place], MOUTH_SEEN_PX)
        return framed

    def _posed(self, looks: np.random.Generator, faces: ByteArray) -> ByteArray:
        """One of the pictures of each face, in other light: (B, 2, 2, 224, 224, 3) -> (B, 2, 3, 224, 224)."""
        if not self.sight.faces:
            return np.zeros((*faces.shape[:3], FACE_PICTURE_PX, FACE_PICTURE_PX), np.uint8)
        posed = np.zeros((*faces.shape[:2], 3, FACE_PICTURE_PX, FACE_PICTURE_PX), np.uint8)
        for place in np.ndindex(faces.shape[:2]):
            face = faces[place][int(looks.integers(FACES))]
            posed[place] = augment.recoloured(face, *looks.uniform(*_TINT, 2)).transpose(2, 0, 1)
        return posed

    def _filmed_item(self, rng: np.random.Generator, more: np.random.Generator, corpus: str) -> _Item:
        mix, people = self.config.mix, self.by_speaker[corpus]
        first, second = rng.choice(sorted(people), 2, replace=False)
        drawn = [self._film(rng, more, people[str(who)]) for who in (first, second)]
        item = self._unmixed(rng, people, drawn)
        voices, lips = item.targets, item.lips
        ratio_db = self._ratio_db(rng)
        alone = chance(more, mix.single_share)
        others: list[FloatArray] = []
        known = [str(first), str(second)]
        if alone:
            _hide(item, 1)
            item.silent[1] = True
            voices[1] = 0.0
        elif rng.random() < self.config.unseen_share:
            _hide(item, 1)
            heard, known[1] = self._listen(rng, self.heard, other_than=known[:1])
            voices[1] = heard * np.float32(10 ** (-ratio_db / 20))
        elif rng.random() < mix.listener_share:  # closed, nearly still lips and no sound
            who = int(rng.integers(2))
            item.silent[who] = True
            voices[who] = 0.0
            frame = int(rng.integers(len(lips[who])))
            lips[who] = augment.at_rest(lips[who], frame, _RESTLESS * rng.random())
            self._hold(item, who, np.ones(len(lips[who]), bool), frame)
        else:
            voices[1] *= np.float32(10 ** (-ratio_db / 20))
            if chance(more, mix.turn_share):
                self._take_turns(more, item)
            elif chance(more, mix.face_loss_share):
                _hide(item, int(more.integers(2)))
        if rng.random() < mix.bystander_share:  # somebody whom nobody sees
            other = self._listen(rng, self.heard)[0]
            others.append(other * np.float32(10 ** (-rng.uniform(*mix.bystander_db) / 20)))
        further = self._further_voices(more, known)
        others = [] if alone else further or others
        return self._mixed(rng, more, item, others, self._room(more))

    def _take_turns(self, more: np.random.Generator, item: _Item) -> None:
        """Let one of two talk first and then the other; who does not talk is silent and their lips rest."""
        margin = self.config.model.max_lag_frames
        talk = augment.turns(more, self.frames, more.uniform(*self.config.mix.overlap_s) * RATE_HZ)
        fade = np.hanning(_FADE + 2)[1:-1] / np.hanning(_FADE + 2).sum()
        for who in range(2):
            gate = np.repeat(np.pad(talk[who], 1, mode="edge"), _SAMPLES_PER_FRAME)
            soft = np.convolve(gate, fade, "same")[_SAMPLES_PER_FRAME:-_SAMPLES_PER_FRAME]
            item.targets[who] *= soft.astype(np.float32)
            # Row m of the lips shows the sound of frame m - margin - lag.
            shown = np.clip(np.arange(len(item.lips[who])) - margin - int(item.lag[who]), 0, self.frames - 1)
            still = augment.stillest(item.lips[who], item.seen[who])
            rested = augment.resting(item.lips[who], talk[who][shown], _RESTLESS * float(more.random()))
            item.lips[who] = rested * item.seen[who][:, None]
            self._hold(item, who, talk[who][shown] == 0, still)

    def _hold(self, item: _Item, who: int, rests: NDArray[np.bool_], frame: int) -> None:
        """Let a mouth's pictures, where there are any, stay those of a frame; see `augment.held`."""
        if self.sight.mouths:
            item.mouths[who] = augment.held(item.mouths[who], item.seen[who], rests, frame)

    def _common_talker(self, rng: np.random.Generator, more: np.random.Generator, corpus: str) -> list[_Item]:
        """A1 + B and A2 + B: two clips of one person with the same sound of another, all four filmed and speaking."""
        people = self.by_speaker[corpus]
        first, second = (people[str(who)] for who in rng.choice(sorted(people), 2, replace=False))
        a1, b = self._film(rng, more, first), self._film(rng, more, second)
        a2 = self._film(rng, more, [clip for clip in first if clip is not a1.clip] or first)
        ratio_db, room = self._ratio_db(rng), self._room(more)
        items = []
        for a in (a1, a2):
            item = self._unmixed(rng, people, [a, b])
            item.targets[1] *= np.float32(10 ** (-ratio_db / 20))
            items.append(replace(self._mixed(rng, more, item, [], room), common=np.ones((), bool)))
        return self._levelled(more, items)

    def _unmixed(self, rng: np.random.Generator, people: dict[str, list[Clip]], drawn: list[_Filmed]) -> _Item:
        """Two filmed talkers at unit level, both seen and speaking; its arrays belong to it alone."""
        return _Item(
            mixture=np.zeros(self.samples, np.float32),
            targets=np.stack([d.sound for d in drawn]),
            lips=np.stack([d.look.lips for d in drawn]),
            seen=np.stack([d.look.seen for d in drawn]),
            mouths=np.stack([d.look.mouths for d in drawn]),
            faces=np.stack([d.look.faces for d in drawn]),
            lag=np.asarray([d.lag for d in drawn], np.int64),
            silent=np.zeros(2, bool),
            unseen=np.zeros(2, bool),
            attributes=np.stack([attributes_of(self.pack, d.clip) for d in drawn]),
            same_person=np.stack([self._same_person(rng, people, d.clip) for d in drawn]),
        )

    def _ratio_db(self, rng: np.random.Generator) -> float:
        mix = self.config.mix
        wide = rng.random() >= 1 - mix.wide_sir_share
        return float(rng.uniform(*(mix.wide_sir_db if wide else mix.sir_db)))

    def _further_voices(self, more: np.random.Generator, known: list[str]) -> list[FloatArray]:
        """One voice or two where the mixture has three or four talkers, all of different people."""
        mix = self.config.mix
        if not mix.three_talker_share + mix.four_talker_share:
            return []
        drawn = more.random()
        count = 2 if drawn < mix.four_talker_share else int(drawn < mix.four_talker_share + mix.three_talker_share)
        voices = []
        for _ in range(count):
            voice, who = self._listen(more, self.heard, other_than=known)
            known = [*known, who]
            voices.append(voice * np.float32(10 ** (-more.uniform(*mix.extra_talker_db) / 20)))
        return voices

    def _room(self, more: np.random.Generator) -> list[FloatArray]:
        """Impulse responses of all places of a room; none where the mixture is dry."""
        mix = self.config.mix
        if not chance(more, mix.room_share):
            return []
        rt60_s = more.uniform(*mix.rt60_s)
        return [
            augment.room_response(more, rt60_s, more.uniform(*mix.direct_db), SAMPLE_RATE_HZ) for _ in range(_PLACES)
        ]

    def _mixed(
        self,
        rng: np.random.Generator,
        more: np.random.Generator,
        item: _Item,
        others: list[FloatArray],
        room: list[FloatArray],
    ) -> _Item:
        """The item with its mixture: its targets and others' voices, in a room where there is one, and noise."""
        mix = self.config.mix
        mixture, targets = self._summed(more, [*item.targets, *others], room)
        if rng.random() < mix.hiss_share:
            noise = augment.hiss(rng, len(mixture))
            noise *= 10 ** (-rng.uniform(*mix.hiss_snr_db) / 20) / noise.std()
            mixture = mixture + noise.astype(np.float32)
        return replace(item, mixture=mixture, targets=targets)

    def _summed(
        self, more: np.random.Generator, voices: list[FloatArray], room: list[FloatArray]
    ) -> tuple[FloatArray, FloatArray]:
        """Mixture of voices, the first two of which are targets, with recorded noise at times; and these two."""
        mix = self.config.mix
        targets = voices[:2]
        if room:
            early = round(mix.early_ms / 1000 * SAMPLE_RATE_HZ) + 1  # the direct sound itself is sample 0
            placed = [augment.in_room(v, r, early) for v, r in zip(voices, room, strict=False)]
            voices, targets = [wet for wet, _ in placed], [kept for _, kept in placed[:2]]
        mixture = voices[0]
        for voice in voices[1:]:
            mixture = mixture + voice
        if self.noise is not None and chance(more, mix.noise_share):
            noise = self.noise.draw(more, len(mixture))
            mixture = mixture + augment.at_snr(noise, mixture, more.uniform(*mix.noise_snr_db))
        return mixture, np.stack(targets)

    def _levelled(self, more: np.random.Generator, items: list[_Item]) -> list[_Item]:
        """Items at times brought to another level, that of the first of them."""
        mix = self.config.mix
        if not chance(more, mix.level_share):
            return items
        gain = augment.gain_to(items[0].mixture, more.uniform(*mix.level_dbfs))
        return [replace(item, mixture=item.mixture * gain, targets=item.targets * gain) for item in items]

    def _same_person(self, rng: np.random.Generator, people: dict[str, list[Clip]], clip: Clip) -> FloatArray:
        """Face vector from another clip of the person in a clip."""
        others = [c for c in people[clip.speaker] if c is not clip] or [clip]
        return attributes_of(self.pack, others[int(rng.integers(len(others)))])

    def _film(self, rng: np.random.Generator, more: np.random.Generator, clips: list[Clip]) -> _Filmed:
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
            tracks = self.tracks[:1] if clip.corpus == IMAGINED else self.tracks  # only what is filmed has other voices
            track = tracks[int(rng.integers(len(tracks))) if rng.random() < 0.7 else 0]
            at = clip.audio_start + start * _SAMPLES_PER_FRAME
            sound = np.asarray(track[at : at + need * _SAMPLES_PER_FRAME], np.float32)
            whole = np.asarray(track[clip.audio_start : clip.audio_start + clip.audio_samples], np.float32)
            if sound.std() > 0.25 * whole.std() and sound.std() > 20:
                break
        if up != down:
            sound = resample_poly(sound, down, up).astype(np.float32)
        sound = _fit(sound, self.samples)
        sound = sound / max(float(sound.std()), 1.0)

        reach = config.model.max_lag_frames
        lag = round(min(max(self.pack.delay_of(clip), -reach), reach))
        if rng.random() < config.shift_share:
            lag = int(rng.integers(-config.max_shift_frames, config.max_shift_frames + 1))
        return _Filmed(clip, sound, lag, self._look(rng, more, clip, start - lag * up / down, up / down))

    def _look(
        self, rng: np.random.Generator, more: np.random.Generator, clip: Clip, start: float, speed: float
    ) -> _Look:
        """The face of a clip from a frame on; what pictures suffer included."""
        config, mix = self.config, self.config.mix
        margin = config.model.max_lag_frames
        rows = start + (np.arange(self.frames + 2 * margin) - margin) * speed + self.pack.delay_of(clip)
        smooth = rows
        if chance(more, mix.jitter_share):
            rows = augment.jittered(more, rows, mix.jitter_frames * speed)
        if chance(more, mix.repeat_share):
            rows = augment.frozen(rows, augment.burst(more, len(rows), mix.burst_frames))
        lips, seen = lips_at(self.pack, clip, rows)
        if rows is smooth:
            lips[:, _SHAPE : 2 * _SHAPE] *= speed
            lips[:, 2 * _SHAPE :] *= speed * speed
        else:  # motion is that of the pictures as they come
            lips = augment.with_motion(lips[:, :_SHAPE], seen)
        mirrored = rng.random() < 0.5
        if mirrored:
            lips = lips[:, MIRROR_ORDER] * MIRROR_SIGN
        lips *= np.float32(rng.uniform(0.8, 1.25))
        if mix.landmark_noise:
            noise = more.standard_normal((len(lips), _SHAPE), np.float32) * self.landmark_noise
            lips += augment.with_motion(noise, seen)
        if rng.random() < mix.gap_share:
            seen[augment.burst(rng, len(seen), mix.burst_frames)] = 0.0
        lips *= seen[:, None]
        mouths, faces = self._watch(clip, rows, seen, mirrored)
        return _Look(lips.astype(np.float32), seen, mouths, faces)

    def _watch(self, clip: Clip, rows: FloatingArray, seen: FloatArray, mirrored: bool) -> tuple[ByteArray, ByteArray]:
        """Pictures of a clip's mouth at fractional frames and of its face, as in `_Look`."""
        mouths = np.zeros((0, MOUTH_PICTURE_PX, MOUTH_PICTURE_PX), np.uint8)
        faces = np.zeros((0, FACE_PICTURE_PX, FACE_PICTURE_PX, 3), np.uint8)
        if self.sight.mouths:
            mouths = mouths_at(self.pack, clip, rows)
            mouths[seen == 0] = 0
        if self.sight.faces:
            faces = self.pack.face_pictures_of(clip)
        return (mouths[:, :, ::-1], faces[:, :, ::-1]) if mirrored else (mouths, faces)

    def _listen(
        self, rng: np.random.Generator, clips: list[Clip], other_than: Sequence[str] = ()
    ) -> tuple[FloatArray, str]:
        """A voice at unit level without lips, and whose it is; somebody else's where there are enough."""
        for _ in range(20):
            clip = clips[int(rng.integers(len(clips)))]
            start = clip.audio_start + int(rng.integers(clip.audio_samples - self.samples + 1))
            track = self.tracks[int(rng.integers(len(self.tracks)))] if clip.video_frames else self.pack.audio
            sound = np.asarray(track[start : start + self.samples], np.float32)
            if sound.std() > 50 and clip.speaker not in other_than:
                break
        return sound / max(float(sound.std()), 1.0), clip.speaker

    def _blind_item(self, rng: np.random.Generator, more: np.random.Generator) -> tuple[FloatArray, FloatArray]:
        first, who = self._listen(rng, self.heard)
        second = self._listen(rng, self.heard, other_than=[who])[0]
        second = second * np.float32(10 ** (-rng.uniform(*self.config.mix.sir_db) / 20))
        return self._summed(more, [first, second], self._room(more))


def _hide(item: _Item, who: int) -> None:
    """Take a face out of an item that is being made: all that is seen of it, not its voice."""
    item.unseen[who] = True
    for shown in (item.lips, item.seen, item.attributes, item.same_person, item.mouths, item.faces):
        shown[who] = 0


def _check_pictures(pack: Pack, config: TrainConfig) -> None:
    if not any(sight(config.model)):
        return
    if not pack.has_pictures:
        raise UsageError(
            'With lips = "pixels" or face = "picture" a network sees pictures; the training set in '
            f"{pack.folder} has none.",
            'Make it with `avsep prepare --pictures`, or set lips = "landmarks" and face = "attributes" below [model].',
        )
    if IMAGINED in (*config.corpora, config.first_corpus):
        raise UsageError(
            f'The corpus "{IMAGINED}" has landmarks but no pictures, which the network sees.',
            "Take it out of [corpora].",
        )


def attributes_of(pack: Pack, clip: Clip) -> FloatArray:
    """Face vector of a clip, (128,) float32; zero where the set has none."""
    if pack.attributes is None or clip.corpus == IMAGINED:
        return np.zeros(ATTRIBUTES, np.float32)
    return np.asarray(pack.attributes[pack.row_of[clip.name]], np.float32)


def lips_at(pack: Pack, clip: Clip, rows: FloatingArray) -> tuple[FloatArray, FloatArray]:
    """Lip features of a clip at fractional frames (linear); (n, 240) and (n,) 1 inside the clip, 0 outside."""
    seen = _inside(clip, rows)
    inside = np.clip(rows, 0, clip.video_frames - 1)
    low = np.floor(inside).astype(int)
    high = np.minimum(low + 1, clip.video_frames - 1)
    part = (inside - low).astype(np.float32)[:, None]
    features = pack.lips_of(clip)
    lips = features[low].astype(np.float32) * (1 - part) + features[high].astype(np.float32) * part
    return lips * seen[:, None], seen


def mouths_at(pack: Pack, clip: Clip, rows: FloatingArray) -> ByteArray:
    """Mouth pictures of a clip at fractional frames, the nearer one each; (n, 96, 96), zero outside the clip."""
    nearest = np.floor(np.clip(rows, 0, clip.video_frames - 1) + 0.5).astype(int)  # halves always go to the later one
    mouths = np.asarray(pack.mouth_pictures_of(clip)[nearest])
    mouths[_inside(clip, rows) == 0] = 0
    return mouths


def _inside(clip: Clip, rows: FloatingArray) -> FloatArray:
    """1 where a row is inside the clip, else 0."""
    return ((rows >= -0.01) & (rows <= clip.video_frames - 1 + 0.01)).astype(np.float32)


def _fit(sound: FloatArray, samples: int) -> FloatArray:
    return np.pad(sound, (0, max(0, samples - len(sound))))[:samples]
