"""A small training set made of noise bursts whose envelopes move the lips, and light the mouths."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.data.attributes import ATTRIBUTES
from engine.data.morph import FACTORS
from engine.data.pack import SAMPLE_RATE_HZ, TABLE, Clip
from engine.data.pictures import FACE_PICTURE_PX, FACES, MOUTH_PICTURE_PX
from engine.data.table import write_table
from engine.vision.lips import LANDMARK_FEATURES, MOUTH_PX, RATE_HZ

SECONDS = 4
MOUTH_LEVEL, MOUTH_GAIN, DARK = 40, 60, 10  # of the right half of a mouth picture, per envelope; of its left half
RED, GREEN, BLUE = 200, 100, 50  # of the left half of a face picture; its right half is black


def write_small_pack(folder: Path, *, speakers: int = 4, clips_each: int = 2, pictures: bool = False) -> Path:
    """`speakers` filmed talkers (the last two for validation) and two unfilmed ones."""
    rng = np.random.default_rng(5)
    folder.mkdir(parents=True, exist_ok=True)
    clips: list[Clip] = []
    sounds, lips = [], []
    for number in range((speakers + 2) * clips_each):
        speaker = number // clips_each
        filmed = speaker < speakers
        envelope = np.abs(np.convolve(rng.standard_normal(SECONDS * RATE_HZ), np.ones(3) / 3, "same"))
        carrier = rng.standard_normal(SECONDS * SAMPLE_RATE_HZ)
        sound = carrier * np.repeat(envelope, SAMPLE_RATE_HZ // RATE_HZ) * 3000
        split = "val" if filmed and speaker >= speakers - 2 else "train"
        frames = SECONDS * RATE_HZ if filmed else 0
        at = len(clips) * SECONDS * SAMPLE_RATE_HZ, len(lips) * SECONDS * RATE_HZ
        corpus = "film" if filmed else "talk"
        clips.append(Clip(f"{number}.wav", corpus, f"s{speaker}", split, at[0], len(sound), at[1], frames))
        sounds.append(sound.astype(np.int16))
        if filmed:
            lips.append((envelope[:, None] * np.linspace(-1, 1, LANDMARK_FEATURES)).astype(np.float16))
    np.concatenate(sounds).tofile(folder / "audio.i16")
    np.concatenate(lips).tofile(folder / "lips.f16")
    np.zeros((len(lips) * SECONDS * RATE_HZ, MOUTH_PX, MOUTH_PX), np.uint8).tofile(folder / "mouths.u8")
    faces = np.zeros((len(clips), ATTRIBUTES), np.float16)
    faces[: len(lips)] = np.repeat(rng.standard_normal((speakers, ATTRIBUTES)), clips_each, 0)
    faces.tofile(folder / "attributes.f16")
    for factor in FACTORS:
        np.concatenate(sounds[: len(lips)]).tofile(folder / f"audio_x{factor}.i16")
    if pictures:
        _write_pictures(folder, np.concatenate(lips)[:, -1].astype(float), len(lips))
    write_table(folder / TABLE, Clip, clips)
    return folder


def _write_pictures(folder: Path, envelope: NDArray[np.float64], filmed: int) -> None:
    """Mouths as bright on their right as the voice is loud, and faces that are coloured on their left."""
    mouths = np.full((len(envelope), MOUTH_PICTURE_PX, MOUTH_PICTURE_PX), DARK, np.uint8)
    mouths[:, :, MOUTH_PICTURE_PX // 2 :] = np.rint(MOUTH_LEVEL + MOUTH_GAIN * envelope)[:, None, None]
    mouths.tofile(folder / "mouths_96.u8")
    faces = np.zeros((filmed, FACES, FACE_PICTURE_PX, FACE_PICTURE_PX, 3), np.uint8)
    faces[:, :, :, : FACE_PICTURE_PX // 2] = RED, GREEN, BLUE
    faces.tofile(folder / "faces_224.u8")
