"""A tiny guest with weights: every voice is the mixture times the number in its weights file."""

import json
from pathlib import Path

import numpy as np


class Scaled:
    def __init__(self, gain):
        self.gain = np.float32(gain)

    def separate(self, mixture, streams, seen):
        return np.repeat(self.gain * mixture[None], len(streams), 0)


def load(arguments, device):
    (weights,) = arguments
    return Scaled(json.loads(Path(weights).read_text())["gain"])
