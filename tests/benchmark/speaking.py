"""Who speaks when: our scores against a published active-speaker network, on conversations whose turns are known.

    python -m tests.benchmark.speaking CONVERSATIONS_OUT WEIGHTS.npz

CONVERSATIONS_OUT is what `tests.benchmark.conversations` made. Per person and second, of those in which the person
talks for at most 0.2 s or at least 0.8 s, three scores are asked: `faces`, what the analysis says before any
separation; `voice`, the level of the separated voice against the mixture; and the network of `tests.helpers.light_asd`.
Printed: the area under the ROC curve, that is, how often a second of speech gets more than one of silence.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray
from scipy.signal import resample_poly
from scipy.stats import rankdata

from engine.jobs import CancelToken, ignore_progress
from engine.media.reader import read_frames
from engine.vision.lips import LipStream
from engine.vision.people import find_faces, load_lips
from tests.benchmark.conversations import LIST
from tests.helpers.conversation import FPS, RATE_HZ, read_conversations
from tests.helpers.light_asd import SIDE_PX, LightAsd, face_crop

SCORES = ("faces", "voice", "light-asd")
_SOUND_HZ = 16_000
_SILENT_S, _TALKS_S = 0.2, 0.8


def face_crops(video: Path, streams: dict[int, LipStream]) -> dict[int, NDArray[np.uint8]]:
    """Every person's face at 25 fps, (T, 112, 112) grey; the last one stands where it is not seen."""
    crops = {p: np.zeros((len(stream.visible), SIDE_PX, SIDE_PX), np.uint8) for p, stream in streams.items()}
    for frame in read_frames(video):
        row = round(frame.time_s * FPS)
        for person, stream in streams.items():
            if row < len(stream.visible):
                seen = bool(stream.visible[row])
                crops[person][row] = (
                    face_crop(frame.rgb, np.asarray(stream.points_px[row]) * np.float32(frame.scale))
                    if seen
                    else crops[person][max(row - 1, 0)]
                )
    return crops


def area_under_curve(scores: NDArray[np.float64], positive: NDArray[np.bool_]) -> float:
    """How often a positive has a higher score than a negative; ties count half."""
    ranks, count = rankdata(scores), int(positive.sum())
    return float((ranks[positive].sum() - count * (count + 1) / 2) / (count * (~positive).sum()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("weights", type=Path)
    args = parser.parse_args()
    network = LightAsd(args.weights)
    ids = {
        (row["conversation"], row["person"]): row["product_ids"]
        for row in json.loads((args.out / "scores.json").read_text(encoding="utf-8"))["rows"]
    }
    found: dict[str, list[tuple[bool, dict[str, float]]]] = {}
    for conversation in read_conversations(LIST):
        folder = args.out / conversation.id
        video = folder / "conversation.mp4"
        analysis = find_faces(video, on_progress=ignore_progress, cancel=CancelToken())
        known = {p: ids[conversation.id, p][0] for p in range(conversation.people) if ids[conversation.id, p]}
        crops = face_crops(video, {i: load_lips(analysis.key, i) for i in known.values()})
        sounds = [
            soundfile.read(folder / f"true-{p}.wav", dtype="float32", always_2d=True)[0].mean(1)
            for p in range(conversation.people)
        ]
        mixture = np.sum(sounds, 0)
        low_rate = resample_poly(mixture, _SOUND_HZ, RATE_HZ).astype(np.float32)
        talking = conversation.talking(RATE_HZ)
        for person, own in known.items():
            told = network.score(crops[own], low_rate)
            speaking = next(p.speaking for p in analysis.people if p.id == own)
            voice = soundfile.read(folder / "default" / f"Person {own}.wav", dtype="float32", always_2d=True)[0].mean(1)
            for second in range(int(conversation.seconds)):
                at = slice(second * RATE_HZ, (second + 1) * RATE_HZ)
                talks_s = talking[person, at].mean()
                if _SILENT_S < talks_s < _TALKS_S:
                    continue
                scores = {
                    "faces": float(speaking[second]),
                    "voice": float(
                        10 * np.log10((np.square(voice[at]).sum() + 1e-9) / (np.square(mixture[at]).sum() + 1e-9))
                    ),
                    "light-asd": float(told[second * FPS : (second + 1) * FPS].mean()),
                }
                for group in (conversation.corpus, "all"):
                    found.setdefault(group, []).append((talks_s >= _TALKS_S, scores))
    for group, rows in found.items():
        positive = np.array([talks for talks, _ in rows])
        areas = {name: area_under_curve(np.array([s[name] for _, s in rows]), positive) for name in SCORES}
        print(f"{group}: {len(rows)} seconds, {positive.mean():.0%} speech", {n: round(a, 3) for n, a in areas.items()})


if __name__ == "__main__":
    main()
