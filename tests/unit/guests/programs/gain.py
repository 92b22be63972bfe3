"""An honest guest: voices are the mixture with a gain per video frame, by the mean of the face's stream around it.

Arguments are `NAME=VALUE`: people, shortest, longest (frames) and level_db refuse a call that brings something else;
silence=0 refuses silence; own_level=RMS gives every voice this level.
"""

import math

import numpy as np

FRAME = 640


class Gain:
    def __init__(self, **settings):
        self.settings = settings

    def separate(self, mixture, streams, seen):
        self.refuse(mixture, streams)
        frames = len(mixture) // FRAME
        margin = (streams.shape[1] - frames) // 2
        mean = np.abs(streams).reshape(*streams.shape[:2], -1).mean(-1)  # (P, M)
        around = np.stack([mean[:, k : k + frames] for k in range(2 * margin + 1)]).mean(0)  # (P, frames)
        gain = np.where(seen[:, margin : margin + frames] > 0, around / (around + 1), 1)
        voices = (np.repeat(gain, FRAME, 1) * mixture).astype(np.float32)
        if "own_level" in self.settings:
            level = np.sqrt(np.square(voices).mean(1, keepdims=True))
            voices *= np.float32(self.settings["own_level"]) / np.maximum(level, np.float32(1e-9))
        mixture[:], streams[:], seen[:] = 7, 7, 7  # a guest may do with its arrays what it likes
        return voices

    def refuse(self, mixture, streams):
        asked = self.settings
        frames, level = len(mixture) // FRAME, math.sqrt(np.square(mixture, dtype=np.float64).mean())
        if len(streams) > asked.get("people", len(streams)):
            raise ValueError(f"{len(streams)} people")
        if not asked.get("shortest", 0) <= frames <= asked.get("longest", frames):
            raise ValueError(f"{frames} frames")
        if not level and "silence" in asked:
            raise ValueError("silence")
        if "level_db" in asked and abs(20 * math.log10(level) - asked["level_db"]) > 0.01:
            raise ValueError(f"a level of {level}")


def load(arguments, device):
    assert device == "cpu"
    pairs = (argument.split("=") for argument in arguments)
    return Gain(**{name: float(value) for name, value in pairs})
