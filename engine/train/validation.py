"""How a network does on fixed mixtures of the validation speakers, with sound and pictures to look at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import soundfile
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.audio.stft import stft
from engine.config import sight
from engine.data.mixtures import attributes_of, lips_at, mouths_at
from engine.data.pack import SAMPLE_RATE_HZ, Clip, Pack
from engine.data.pictures import middle_of
from engine.data.recipe import draw_recipe
from engine.losses.separation import si_sdr
from engine.train.batch import looks


@torch.inference_mode()
def validate(
    model: Any, pack: Pack, device: torch.device, *, count: int, samples: Path | None = None
) -> dict[str, dict[str, float]]:
    """Score a network.

    Args:
        model: a network of `engine.models`. count: mixtures per corpus.
        samples: folder for the first mixture of each corpus: sound (WAV) and spectrograms (PNG), or None.

    Returns:
        Per corpus si_sdri in dB and wrong, the wrong-talker rate. A corpus is left out where fewer than two validation
        speakers have clips that are long enough.
    """
    scores: dict[str, dict[str, float]] = {}
    by_name = {c.name: c for c in pack.clips}
    for corpus in sorted({c.corpus for c in pack.clips if c.split == "val" and c.video_frames}):
        gains: list[float] = []
        wrong: list[float] = []
        for number, row in enumerate(draw_recipe(pack.clips, corpus, "val", count, seed=11)):
            cuts = [
                _cut(pack, by_name[name], start_s, row.seconds, model.config)
                for name, start_s in ((row.target, row.target_start_s), (row.interferer, row.interferer_start_s))
            ]
            batch = {name: torch.from_numpy(np.stack([[c[name] for c in cuts]])).to(device) for name in cuts[0]}
            lips, seen, attributes = looks(batch, model.config)
            targets = batch["targets"][0] * torch.tensor([[1.0], [10 ** (-row.sir_db / 20)]], device=device)
            mixture = targets.sum(0, keepdim=True)
            estimates = model(mixture, lips, seen, faces=2, attributes=attributes).wave
            own = si_sdr(estimates, targets)
            gains += (own - si_sdr(mixture.expand_as(targets), targets)).tolist()
            wrong += (si_sdr(estimates, targets.flip(0)) > own).tolist()
            if samples is not None and number == 0:
                write_sample(samples, corpus, mixture[0], targets[0], estimates[0], model.config.stft)
        if gains:
            scores[corpus] = {"si_sdri": float(np.mean(gains)), "wrong": float(np.mean(wrong))}
    return scores


def write_sample(folder: Path, name: str, mixture: Tensor, target: Tensor, estimate: Tensor, config: Any) -> None:
    """Write NAME.wav (mixture, target, estimate one after the other) and NAME.png (their spectrograms, top down)."""
    folder.mkdir(parents=True, exist_ok=True)
    sounds = torch.stack([mixture, target, estimate]).cpu()
    joined = (sounds / sounds.abs().amax(1, keepdim=True).clamp_min(1e-6)).flatten().numpy()
    soundfile.write(folder / f"{name}.wav", 0.7 * joined, SAMPLE_RATE_HZ)
    level_db = 20 * torch.log10(stft(sounds, config).abs() + 1e-5)
    shade = ((level_db - level_db.amax() + 70) / 70).clamp(0, 1).flip(1).flatten(0, 1)
    cv2.imwrite(str(folder / f"{name}.png"), (255 * shade).byte().numpy())


def _cut(pack: Pack, clip: Clip, start_s: float, seconds: float, config: Any) -> dict[str, NDArray[Any]]:
    """A stretch of a clip by the names of `engine.data.mixtures.Batch`; with what pictures the network sees."""
    at = clip.audio_start + round(start_s * SAMPLE_RATE_HZ)
    sound = pack.audio[at : at + round(seconds * SAMPLE_RATE_HZ)].astype(np.float32)
    frames = round(seconds * 25)
    rows = np.arange(-config.max_lag_frames, frames + config.max_lag_frames) + start_s * 25
    lips, seen = lips_at(pack, clip, rows)
    cut: dict[str, NDArray[Any]] = {"targets": sound / max(float(sound.std()), 1.0), "lips": lips, "seen": seen}
    cut["attributes"] = attributes_of(pack, clip)
    if sight(config).mouths:
        cut["mouths"] = middle_of(mouths_at(pack, clip, rows))
    if sight(config).faces:
        cut["faces"] = pack.face_pictures_of(clip)[0].transpose(2, 0, 1)
    return cut
