"""Landmarks or mouth pixels: which tells more about the voice of somebody never seen before?

python -m tests.benchmark.lip_features PACK_FOLDER

A ridge regression learns the level in five bands from +-4 lip frames of the training talkers of both corpora. On
talkers held out it predicts the levels; printed are the mean correlation per frame, and how often 2.9 s of two clean
voices are paired rightly with their two faces (lag -1..2 frames free).
"""

from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.data.pack import SAMPLE_RATE_HZ, Clip, Pack
from engine.vision.lips import RATE_HZ

Array = NDArray[np.float64]
_BANDS = (4, 20, 40, 80, 160, 320)
_CONTEXT = range(-4, 5)
_COMPONENTS = 32
_WINDOW = 72


def levels(pack: Pack, clip: Clip) -> Array:
    """Log level in five bands per video frame, clip mean removed; (M, 5)."""
    hop = SAMPLE_RATE_HZ // RATE_HZ
    sound = pack.audio[clip.audio_start : clip.audio_start + clip.audio_samples].astype(np.float64)
    frames = sound[: len(sound) // hop * hop].reshape(-1, hop) * np.hanning(hop)
    power = np.abs(np.fft.rfft(frames)) ** 2
    level = np.log(np.stack([power[:, a:b].mean(1) for a, b in pairwise(_BANDS)], 1) + 100)
    return level - level.mean(0)


def landmarks(pack: Pack, clip: Clip) -> Array:
    """The shipped features; (M, 240)."""
    return pack.lips[clip.video_start : clip.video_start + clip.video_frames].astype(np.float64)


def main() -> None:
    pack = Pack(Path(sys.argv[1]))
    filmed = [c for c in pack.clips if c.video_frames >= _WINDOW]
    train = [c for c in filmed if c.split == "train"]
    pictures = np.concatenate([pack.mouths[c.video_start : c.video_start + c.video_frames : 9] for c in train])
    flat = pictures.reshape(len(pictures), -1) / 255.0
    basis = np.linalg.svd(flat - flat.mean(0), full_matrices=False)[2][:_COMPONENTS]

    def pixels(pack: Pack, clip: Clip) -> Array:
        mouths = pack.mouths[clip.video_start : clip.video_start + clip.video_frames].reshape(-1, flat.shape[1])
        projected = (mouths / 255.0) @ basis.T
        projected -= projected.mean(0)
        velocity = np.gradient(projected, axis=0)
        return np.concatenate([projected, velocity, np.gradient(velocity, axis=0)], 1)

    def both(pack: Pack, clip: Clip) -> Array:
        return np.concatenate([landmarks(pack, clip), pixels(pack, clip)], 1)

    for name, feature in (("landmarks", landmarks), ("pixels", pixels), ("both", both)):
        spread = np.concatenate([feature(pack, c) for c in train[::5]]).std(0) + 1e-6

        def context(clip: Clip, feature=feature, spread=spread) -> Array:  # type: ignore[no-untyped-def]
            lips = feature(pack, clip) / spread
            return np.concatenate([np.roll(lips, k, 0) for k in _CONTEXT], 1)

        width = len(_CONTEXT) * len(spread)
        gram, moment = np.eye(width) * 3e3, np.zeros((width, 5))
        for clip in train:
            wanted = levels(pack, clip)
            count = min(len(wanted), clip.video_frames)
            lips = context(clip)[:count]
            gram += lips.T @ lips
            moment += lips.T @ wanted[:count]
        weights = np.linalg.solve(gram, moment)
        for corpus in ("grid", "vasp"):
            for split in ("val", "test"):
                clips = [c for c in filmed if c.corpus == corpus and c.split == split]
                told = {c.name: (context(c) @ weights, levels(pack, c)) for c in clips}
                found = f"correlation {_correlation(told):.3f}  paired {_pairing(clips, told):.2f}"
                print(f"{name:10s} {corpus} {split:5s} {found}")


def _correlation(told: dict[str, tuple[Array, Array]]) -> float:
    cut = [(p[6:-6], w[6 : len(p) - 6]) for p, w in told.values()]
    predicted = np.concatenate([p[: len(w)] - p.mean(0) for p, w in cut])
    wanted = np.concatenate([w[: len(p)] - w.mean(0) for p, w in cut])
    return float(np.mean([np.corrcoef(predicted[:, b], wanted[:, b])[0, 1] for b in range(5)]))


def _pairing(clips: list[Clip], told: dict[str, tuple[Array, Array]], trials: int = 400) -> float:
    rng = np.random.default_rng(0)
    people = sorted({c.speaker for c in clips})
    right = 0
    for _ in range(trials):
        pair = []
        for who in rng.choice(people, 2, replace=False):
            mine = [c for c in clips if c.speaker == who]
            predicted, wanted = told[mine[int(rng.integers(len(mine)))].name]
            last = min(len(predicted), len(wanted)) - _WINDOW
            at = int(rng.integers(last + 1)) if last > 0 else 0
            pair.append((predicted[at : at + _WINDOW], wanted[at : at + _WINDOW]))
        score = [[_match(lips, voice) for _, voice in pair] for lips, _ in pair]
        right += score[0][0] + score[1][1] > score[0][1] + score[1][0]
    return right / trials


def _match(predicted: Array, wanted: Array) -> float:
    count = min(len(predicted), len(wanted))
    scores = []
    for lag in range(-1, 3):
        p = np.roll(predicted[:count], lag, 0)[4:-4]
        w = wanted[:count][4:-4]
        scores.append(np.mean([np.corrcoef(p[:, b], w[:, b])[0, 1] for b in range(5)]))
    return float(max(scores))


if __name__ == "__main__":
    main()
