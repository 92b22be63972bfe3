"""What a recipe sounds and looks like: voices, noise, mixture, and lips with the disturbances that it asks for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.cache import content_key, entry, write_then_rename
from engine.data.clip import SAMPLE_RATE_HZ, Rejected, Source, take_in
from engine.data.recipe import Recipe, Voice
from engine.errors import InputError
from engine.media.reader import probe
from engine.seals import intact, seal
from engine.vision.lips import LANDMARK_FEATURES, RATE_HZ

FloatArray = NDArray[np.float32]
_SAMPLES_PER_FRAME = SAMPLE_RATE_HZ // RATE_HZ
_DROP_RUN_FRAMES = 5  # a face is lost for some time, not for single frames: 0.2 s
_POSITION = LANDMARK_FEATURES // 3
_FILMED = "take.npz"


@dataclass(frozen=True)
class Scene:
    """A mixture and who is in it.

    Attributes:
        mixture: (T,) float32 at 16 kHz, the voices' sum and the noise; the target has unit level.
        voices: (S, T), all talkers, the target first.
        filmed: which of the voices have a face, in order.
        lips: (P, M, 240), M = T / 640 + 2 margins, one row per filmed voice. seen: (P, M), 1 where the face is visible.
        attributes: (P, 128), who each face is; not touched by what disturbs the picture.
    """

    mixture: FloatArray
    voices: FloatArray
    filmed: tuple[int, ...]
    lips: FloatArray
    seen: FloatArray
    attributes: FloatArray


def check_files(rows: Iterable[Recipe], root: Path) -> None:
    """Make sure that every file of a list is there, before any work.

    Raises:
        InputError: some are missing; names the first.
    """
    names = {name: None for row in rows for name in (*(v.path for v in row.voices), row.noise) if name}
    missing = [name for name in names if not (root / name).is_file()]
    if missing:
        raise InputError(
            f"{len(missing)} of the {len(names)} files of the list are not below {root}; the first is {missing[0]}.",
            "Give the folder that the list's paths are relative to with --root.",
        )


def make_scene(row: Recipe, root: Path, margin_frames: int) -> Scene:
    """Make a recipe's sound and lips.

    Args:
        margin_frames: frames of picture before and after the sound that the model takes.

    Raises:
        InputError: a file is missing, silent, too short, at another rate than 25 pictures a second, or shows no face.
    """
    frames = int(row.seconds * RATE_HZ + 1e-6)
    voices, filmed, lips, seen, attributes = [], [], [], [], []
    for number, voice in enumerate(row.voices):
        audio, features, face = _clip(row, root / voice.path)
        voices.append(_voice(row, voice, audio, frames * _SAMPLES_PER_FRAME))
        if len(features):
            rng = np.random.default_rng((row.seed, number))
            rows = np.arange(-margin_frames, frames + margin_frames) + voice.start_s * RATE_HZ - row.delay_frames
            stream, visible = disturb(features, np.round(rows, 6), row.jitter_frames, row.drop_share, rng)
            if row.margin_frames is not None:
                hidden = max(0, margin_frames - row.margin_frames)
                visible[:hidden] = visible[len(visible) - hidden :] = 0.0
            filmed.append(number)
            lips.append(stream * visible[:, None])
            seen.append(visible)
            attributes.append(face)
    if 0 not in filmed:
        raise InputError(f"{row.id}: the target {row.target} has no picture.", "Take a clip with a face as the target.")
    together = np.stack(voices)
    mixture = together.sum(0)
    if row.snr_db is not None:
        mixture = mixture + _noise(row, root, mixture)
    return Scene(mixture, together, tuple(filmed), np.stack(lips), np.stack(seen), np.stack(attributes))


def disturb(
    features: FloatArray,
    rows: NDArray[np.float64],
    jitter_frames: float,
    drop_share: float,
    rng: np.random.Generator,
) -> tuple[FloatArray, FloatArray]:
    """Lips at fractional frames (linear), with false time stamps and lost frames.

    Frame j is stamped j + u, u uniform in -jitter..jitter, the stamps sorted since frames stay in order; velocity and
    acceleration are taken anew, as from a real file. Frames are lost in runs of 0.2 s.

    Args:
        features: (frames, 240) of the whole clip. rows: (M,), which frames are wanted; beyond the clip unseen.

    Returns:
        lips (M, 240), zero where unseen, and seen (M,).
    """
    known = np.arange(len(features), dtype=np.float64)
    stamps = np.sort(known + rng.uniform(-jitter_frames, jitter_frames, len(known))) if jitter_frames else known
    inside = (rows >= stamps[0]) & (rows <= stamps[-1])
    at = np.interp(rows, stamps, known)
    low = np.floor(at).astype(int)
    high = np.minimum(low + 1, len(features) - 1)
    part = (at - low).astype(np.float32)[:, None]
    lips = features[low] * (1 - part) + features[high] * part
    if jitter_frames and inside.sum() > 1:
        velocity = np.gradient(lips[inside, :_POSITION], axis=0)
        lips[inside, _POSITION : 2 * _POSITION] = velocity
        lips[inside, 2 * _POSITION :] = np.gradient(velocity, axis=0)
    seen = inside.astype(np.float32)
    seen[_lost(len(rows), drop_share, rng)] = 0.0
    return (lips * seen[:, None]).astype(np.float32), seen


def _lost(count: int, share: float, rng: np.random.Generator) -> NDArray[np.int64]:
    """Which of `count` frames are lost: round(share * count) of them, in runs."""
    runs = (np.arange(count) + int(rng.integers(_DROP_RUN_FRAMES))) // _DROP_RUN_FRAMES
    order = rng.permutation(int(runs.max()) + 1)
    rank = np.argsort(order)[runs]  # the place of each frame's run in the order of loss
    return np.argsort(rank, kind="stable")[: round(share * count)]


def _voice(row: Recipe, voice: Voice, audio: NDArray[np.int16], samples: int) -> FloatArray:
    at = round(voice.start_s * SAMPLE_RATE_HZ)
    sound = audio[at : at + samples].astype(np.float32)
    level = float(sound.std()) if len(sound) == samples else 0.0
    if level == 0:
        raise InputError(
            f"{row.id}: {voice.path} is silent or ends before {voice.start_s + row.seconds:g} s "
            f"(it has {len(audio) / SAMPLE_RATE_HZ:.2f} s).",
            "Check start and seconds of the row.",
        )
    return sound / np.float32(level) * np.float32(10 ** (voice.level_db / 20))


def _noise(row: Recipe, root: Path, voices: FloatArray) -> FloatArray:
    try:
        audio = _load(root / row.noise, filmed=False)[0]
    except InputError as error:
        raise _named(row, error) from error
    at = round(row.noise_start_s * SAMPLE_RATE_HZ)
    if at >= len(audio):
        raise InputError(f"{row.id}: {row.noise} ends before {row.noise_start_s:g} s.", "Check noise_start_s.")
    sound = np.take(audio, np.arange(at, at + len(voices)), mode="wrap").astype(np.float32)
    if sound.std() == 0:
        raise InputError(f"{row.id}: {row.noise} is silent at {row.noise_start_s:g} s.", "Check noise_start_s.")
    wanted = voices.std() * 10 ** (-(row.snr_db or 0.0) / 20)
    return np.asarray(sound * (wanted / sound.std()), np.float32)


def _clip(row: Recipe, path: Path) -> tuple[NDArray[np.int16], FloatArray, FloatArray]:
    """Sound, lip features and face vector of a clip; no frames where it has no picture."""
    try:
        known = intact(_note(entry("takes", content_key(path)) / _FILMED))
        return _load(path, filmed=known or probe(path).video is not None)
    except InputError as error:
        raise _named(row, error) from error


def _named(row: Recipe, error: InputError) -> InputError:
    return InputError(f"{row.id}: {error.message}", error.remedy, details=error.details)


def _note(stored: Path) -> Path:
    """Where the checksum of a kept take is."""
    return stored.with_suffix(".json")


def _load(path: Path, *, filmed: bool) -> tuple[NDArray[np.int16], FloatArray, FloatArray]:
    """Decode a file, or take it from the cache."""
    stored = entry("takes", content_key(path)) / (_FILMED if filmed else "sound.npz")
    if not intact(_note(stored)):
        taken = take_in(Source(path, path.name, "", "", "", has_face=filmed))
        if isinstance(taken, Rejected):
            raise InputError(f"{path.name} cannot be used: {taken.why}", "Take it off the list.")
        with write_then_rename(stored) as part, part.open("wb") as file:
            np.savez(file, audio=taken.audio, lips=taken.lips, attributes=taken.attributes)
        seal(_note(stored), [stored])
    with np.load(stored) as arrays:
        return arrays["audio"], arrays["lips"].astype(np.float32), arrays["attributes"].astype(np.float32)
