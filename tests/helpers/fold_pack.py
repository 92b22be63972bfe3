"""Make a training set small enough to carry to another machine, and make it whole again there.

    python -m tests.helpers.fold_pack fold PACK FOLDER      # a gigabyte becomes some 50 MB
    python -m tests.helpers.fold_pack unfold FOLDER PACK    # voices at other pitches are made again

Sound becomes Opus, lip features their positions alone (velocity and acceleration follow from them), mouth pictures are
left out (zero after unfolding), and imagined lips too (`engine.data.imagined.imagine_lips` makes them again). So it is
not the same set to the bit: say in a model card that it was used.
"""

from __future__ import annotations

import shutil
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import soundfile
from scipy.signal import correlate

from engine.data.morph import FACTORS, morph, morph_path
from engine.data.pack import Pack
from engine.vision.lips import LANDMARK_FEATURES, MOUTH_PX

RATE_HZ = 16_000
_POSITIONS = LANDMARK_FEATURES // 3
_COPIED = ("clips.csv", "delays.csv", "attributes.f16", "noise.csv")
_SOUNDS = ("audio", "noise")
_COMPRESSION = 0.9  # of libsndfile, about 24 kbit/s
_STEPS_PER_SPREAD = 128
_BLOCK = 60 * RATE_HZ


def fold(pack: Path, folder: Path) -> None:
    """Write the small form."""
    folder.mkdir(parents=True, exist_ok=True)
    _copy_small(pack, folder)
    for name in _SOUNDS:
        if (pack / f"{name}.i16").is_file():
            sound = np.memmap(pack / f"{name}.i16", np.int16, "r")
            with soundfile.SoundFile(
                folder / f"{name}.opus", "w", RATE_HZ, 1, "OPUS", format="OGG", compression_level=_COMPRESSION
            ) as file:
                for at in range(0, len(sound), _BLOCK):
                    file.write(np.asarray(sound[at : at + _BLOCK]))
    positions = np.asarray(Pack(pack).lips[:, :_POSITIONS], np.float32)
    unit = positions.std(0).clip(1e-5) / _STEPS_PER_SPREAD
    steps = np.diff(np.round(positions / unit).astype(np.int32), axis=0, prepend=0)
    np.savez_compressed(folder / "lips.npz", steps=steps, unit=unit)


def unfold(folder: Path, pack: Path, workers: int) -> None:
    """Write a pack that training can use."""
    pack.mkdir(parents=True, exist_ok=True)
    _copy_small(folder, pack)
    for name in _SOUNDS:
        if (folder / f"{name}.opus").is_file():
            soundfile.read(folder / f"{name}.opus", dtype="int16")[0].tofile(pack / f"{name}.i16")
    stored = np.load(folder / "lips.npz")
    positions = (np.cumsum(stored["steps"], axis=0) * stored["unit"]).astype(np.float32)
    (pack / "lips.f16").write_bytes(b"")
    (pack / "mouths.u8").write_bytes(b"")
    with (pack / "lips.f16").open("r+b") as lips, (pack / "mouths.u8").open("r+b") as mouths:
        lips.truncate(2 * len(positions) * LANDMARK_FEATURES)
        mouths.truncate(len(positions) * MOUTH_PX * MOUTH_PX)
    opened = Pack(pack)
    features = np.memmap(pack / "lips.f16", np.float16, "r+", shape=opened.lips.shape)
    for clip in opened.clips:
        at = slice(clip.video_start, clip.video_start + clip.video_frames)
        if clip.video_frames > 1:
            velocity = np.gradient(positions[at], axis=0)
            features[at] = np.concatenate([positions[at], velocity, np.gradient(velocity, axis=0)], 1)
    features.flush()
    with ProcessPoolExecutor(workers) as pool:
        list(pool.map(_write_morph, [pack] * len(FACTORS), FACTORS))


def _copy_small(source: Path, target: Path) -> None:
    for name in _COPIED:
        if (source / name).is_file():
            shutil.copyfile(source / name, target / name)


def _write_morph(pack: Path, factor: float) -> None:
    opened = Pack(pack)
    with morph_path(pack, factor).open("wb") as file:
        for clip in opened.clips:
            if clip.video_frames:
                original = opened.audio[clip.audio_start : clip.audio_start + clip.audio_samples]
                file.write(morph(np.asarray(original), factor).tobytes())


def compare(first: Path, second: Path) -> None:
    """Say how far two packs of the same clips are apart: sound (dB, and its delay in samples), lip features."""
    a, b = Pack(first), Pack(second)
    at = slice(20 * RATE_HZ, 50 * RATE_HZ)
    one, other = a.audio[at].astype(np.float32), b.audio[at].astype(np.float32)
    lag = int(correlate(other, one, "same", "fft").argmax()) - len(one) // 2
    error_db = 10 * np.log10(np.mean(one**2) / np.mean((one - other) ** 2))
    lips = np.abs(a.lips[:5000].astype(np.float32) - b.lips[:5000].astype(np.float32))
    spread = a.lips[:5000].astype(np.float32).std(0)
    print(
        f"sound {error_db:.1f} dB apart, {lag} samples late; lips at most {(lips / spread).max():.3f} of their spread"
    )


if __name__ == "__main__":
    what, source, target = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    if what == "fold":
        fold(source, target)
    elif what == "unfold":
        unfold(source, target, workers=int(sys.argv[4]) if len(sys.argv) > 4 else 4)
    else:
        compare(source, target)
