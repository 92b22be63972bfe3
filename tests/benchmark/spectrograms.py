"""Spectrograms to look at: mixture, every voice and everyone else of what `separate --everyone` wrote.

    python -m tests.benchmark.spectrograms OUT.png FOLDER

FOLDER has report.json. Rows from top to bottom: source, voices, rest; 0 to 8 kHz, 70 dB from black to white, all on one
scale. Printed: level of every voice and of the rest against the source, and how much two voices are alike (SI-SDR).
"""

from __future__ import annotations

import json
import sys
from itertools import combinations
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import soundfile
from numpy.typing import NDArray
from scipy.signal import resample_poly, stft

from engine.metrics import si_sdr

_RATE_HZ, _WINDOW, _HOP, _RANGE_DB = 16_000, 512, 160, 70.0
_MOST_COLUMNS = 2000


def mono(path: Path) -> NDArray[np.float32]:
    """A file's sound, (T,) at 16 kHz."""
    sound, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    return np.asarray(resample_poly(sound.mean(1), _RATE_HZ, rate_hz), np.float32)


def picture(sounds: list[NDArray[np.float32]]) -> NDArray[np.uint8]:
    """Grey rows of spectrograms with a thin line between."""
    rows: list[Any] = []
    shades = [
        20 * np.log10(np.abs(stft(s, _RATE_HZ, nperseg=_WINDOW, noverlap=_WINDOW - _HOP)[2]) + 1e-6) for s in sounds
    ]
    top = max(float(np.percentile(shade, 99.9)) for shade in shades)
    for shade in shades:
        grey = (255 * np.clip((shade[::-1] - top + _RANGE_DB) / _RANGE_DB, 0, 1)).astype(np.uint8)
        step = max(1, -(-grey.shape[1] // _MOST_COLUMNS))
        rows += [grey[:, ::step], np.full((4, len(range(0, grey.shape[1], step))), 128, np.uint8)]
    return np.concatenate(rows)


def main() -> None:
    out, folder = Path(sys.argv[1]), Path(sys.argv[2])
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    paths = {o["kind"] + str(o.get("person") or ""): folder / o["path"] for o in report["outputs"]}
    names = [name for name in paths if name.startswith("voice")] + [name for name in paths if name.startswith("rest")]
    sounds = {name: mono(paths[name]) for name in names}
    rest = sounds[names[-1]]
    source = rest + np.sum([sounds[name] for name in names[:-1]], 0)
    cv2.imwrite(str(out), picture([source, *sounds.values()]))
    for name, sound in sounds.items():
        print(f"{name}: {20 * np.log10((sound.std() + 1e-9) / source.std()):+.1f} dB of the source")
    for a, b in combinations(names[:-1], 2):
        print(f"{a} and {b}: {si_sdr(sounds[a], sounds[b]):+.1f} dB alike")


if __name__ == "__main__":
    main()
