"""How well a model finds the delay of the picture on clean speech of one person.

    python -m tests.benchmark.lag PACK_FOLDER [--model NAME]

Every test clip is heard alone and whole, its picture shifted by one of nine delays. The truth is that delay and the
clip's own, which the pack's delays.csv has (`engine.data.sync`: a linear measure that no network of ours has part in);
beside it, what would be found if every clip were taken to be in step.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path

import numpy as np

from engine.data.mixtures import lips_at
from engine.data.pack import SAMPLE_RATE_HZ, Pack
from engine.separator import Separator
from engine.vision.lips import RATE_HZ

DELAYS = (-9, -5, -2, -1, 0, 1, 2, 5, 9)
_FRAME = SAMPLE_RATE_HZ // RATE_HZ


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pack", type=Path)
    parser.add_argument("--model", default="default")
    parser.add_argument("--split", default="test")
    chosen = parser.parse_args()
    pack, separator = Pack(chosen.pack), Separator.load(chosen.model, "cpu")
    margin = separator.model.config.max_lag_frames
    errors: dict[str, list[float]] = defaultdict(list)
    unmeasured: dict[str, list[float]] = defaultdict(list)
    for number, clip in enumerate(c for c in pack.clips if c.split == chosen.split and c.video_frames):
        delay = DELAYS[number % len(DELAYS)]
        frames = min(clip.video_frames, clip.audio_samples // _FRAME)
        lips, seen = lips_at(pack, clip, np.arange(-margin, frames + margin) - delay)
        sound = np.asarray(pack.audio[clip.audio_start : clip.audio_start + frames * _FRAME], np.float32)
        out = separator.masks(sound / max(float(sound.std()), 1.0), lips[None], seen[None], None)
        found = int(separator.lag_probabilities(out.match).argmax()) - out.match.shape[-1] // 2
        errors[clip.corpus].append(found - delay - pack.delay_of(clip))
        unmeasured[clip.corpus].append(found - delay)
    for corpus, values in errors.items():
        error = np.abs(values)
        print(
            f"{corpus}: within one frame in {np.mean(np.round(error) <= 1):.1%} of {len(values)} clips, "
            f"within two in {np.mean(np.round(error) <= 2):.1%}, median error {np.median(values):+.1f} frames; "
            f"own delay not counted {np.mean(np.abs(unmeasured[corpus]) <= 1):.1%}"
        )
    every = np.abs(np.concatenate(list(errors.values())))
    print(f"together: {np.mean(np.round(every) <= 1):.1%} of {len(every)}")


if __name__ == "__main__":
    main()
