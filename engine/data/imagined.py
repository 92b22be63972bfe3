"""Lips imagined for voices without a face, so that speech alone teaches a separator to follow lips.

A small network tells from a voice how lips would move. Imagined lips are those of a donor, a filmed person, in which
the part that the donor's voice explains is exchanged for the part that the other voice explains:

    lips = sqrt(1 - r) (donor's lips - told(donor's voice)) + g sqrt(r) told(voice)

What a voice leaves open (the shape of a mouth, expression, errors of the landmarks) thus stays as in real pictures. r
is drawn anew for every stretch: a real mouth may say much or little, and the clear ones teach what lips are for. g
makes the voice's part as large as the rest. Two networks are taught, each with half of the filmed people, and a donor's
voice is always heard by the one that does not know them: else some of the donor's own words would be taken for chance.

It is the embedding of a voice standing in for that of the lips (models.md 8.7), in the place where lips enter, so that
every network can use it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from engine.audio.stft import compressed_magnitude, stft
from engine.cache import output_error, write_then_rename
from engine.config import StftConfig
from engine.data.augment import with_motion
from engine.data.morph import FACTORS
from engine.data.pack import IMAGINED, IMAGINED_LIPS, IMAGINED_TABLE, SAMPLE_RATE_HZ, Clip, Pack
from engine.data.table import write_table
from engine.errors import InputError
from engine.jobs import CancelToken, Progress, ProgressCallback, ignore_progress
from engine.models.blocks import ResidualBlock
from engine.vision.lips import LANDMARK_FEATURES, RATE_HZ

FloatArray = NDArray[np.float32]
_POINTS = LANDMARK_FEATURES // 3
_FRAME = SAMPLE_RATE_HZ // RATE_HZ  # samples
_WIDTH = 128
_WINDOW = 64  # video frames
_BATCH = 32
_STEPS = 500
_SHARE = 0.05, 0.8  # r; people that the network does not know have 0.01 (interviews) to 0.2 (read commands)


class VoiceToLips(nn.Module):
    """How lips move with a voice: (B, T) at 16 kHz -> positions over their spread, (B, 80, T / 640)."""

    def __init__(self) -> None:
        super().__init__()
        self.stft = StftConfig()
        self.layers = nn.Sequential(
            nn.Conv1d(self.stft.bins, _WIDTH, 4, stride=2, padding=1),
            *(ResidualBlock(_WIDTH, dilation, dropout=0.1) for dilation in (1, 2)),
            nn.Conv1d(_WIDTH, _WIDTH, 4, stride=2, padding=1),
            *(ResidualBlock(_WIDTH, dilation, dropout=0.1) for dilation in (1, 2, 4, 1)),
            nn.Conv1d(_WIDTH, _POINTS, 1),
        )

    def forward(self, voice: Tensor) -> Tensor:
        """See the class."""
        level = voice.square().mean(-1, keepdim=True).sqrt().clamp_min(1e-5)
        out: Tensor = self.layers(compressed_magnitude(stft(voice / level, self.stft)))
        return out


@dataclass(frozen=True)
class Imagined:
    """What was imagined.

    Attributes:
        clips: number of stretches. hours: of them. explained: share of the variance of people's lip positions that the
            network explains that was not taught with them.
    """

    clips: int
    hours: float
    explained: float


def imagine_lips(
    folder: Path,
    *,
    seed: int = 1,
    steps: int = _STEPS,
    on_progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> Imagined:
    """Give the training voices of a pack that have no face imagined lips, in place of those that are there.

    They become the corpus "imagined" of the mixer; the rest of the pack is not touched.

    Args:
        folder: of the pack. steps: of teaching, for each of the two networks.

    Raises:
        InputError: there is no pack, it has fewer than two filmed people, or no voice without a face.
        OutputError: the folder is full or cannot be written. JobCancelled: asked for through `cancel`.
    """
    cancel = cancel or CancelToken()
    pack = Pack(folder)
    train = [c for c in pack.clips if c.split == "train"]
    donors = [c for c in train if c.video_frames >= _WINDOW and c.audio_samples >= c.video_frames * _FRAME]
    voices = [c for c in train if not c.video_frames and c.audio_samples >= _WINDOW * _FRAME]
    people = sorted({c.speaker for c in donors})
    if len(people) < 2 or not voices:
        raise InputError(
            f"The training set in {folder} has {len(people)} filmed people and {len(voices)} voices without a face.",
            "Lips are imagined for voices without a face, from at least two filmed people: add what is missing.",
        )
    halves = [set(people[0::2]), set(people[1::2])]
    spread = np.concatenate([_positions(pack, c) for c in donors]).std(0).clip(1e-5)
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    unaware: dict[str, VoiceToLips] = {}  # the network that was not taught with a person
    for number, half in enumerate(halves):

        def teaching(step: int, number: int = number) -> None:
            cancel.checkpoint()
            on_progress(Progress("Teaching lips", number * steps + step, 2 * steps))

        network = _taught(pack, [c for c in donors if c.speaker in half], spread, rng, steps, teaching)
        unaware |= {who: network for who in people if who not in half}
    told = {c.name: _told(unaware[c.speaker], pack, c, spread) for c in donors}
    explained = _explained(pack, donors, told)
    rows: list[Clip] = []
    at = 0
    try:
        with write_then_rename(folder / IMAGINED_TABLE) as table, write_then_rename(folder / IMAGINED_LIPS) as lips:
            with lips.open("wb") as file:
                for number, voice in enumerate(voices, 1):
                    cancel.checkpoint()
                    for piece, donor in _pieces(voice, donors, rng):
                        own = _told(unaware[donor.speaker], pack, piece, spread)
                        rest = (_positions(pack, donor) - told[donor.name])[: len(own)]
                        shape = _joined(rest, own, rng.uniform(*_SHARE), spread)
                        file.write(with_motion(shape, np.ones(len(shape), np.float32)).astype(np.float16).tobytes())
                        rows.append(replace(piece, video_start=at))
                        at += len(shape)
                    on_progress(Progress("Imagining lips", number, len(voices)))
            write_table(table, Clip, rows)
            (folder / IMAGINED_TABLE).unlink(missing_ok=True)
    except OSError as error:
        raise output_error(folder / IMAGINED_TABLE, error) from error
    return Imagined(len(rows), at / RATE_HZ / 3600, explained)


def _pieces(voice: Clip, donors: Sequence[Clip], rng: np.random.Generator) -> list[tuple[Clip, Clip]]:
    """A voice cut into stretches, each as long as the donor drawn for it; the last one is cut to what is left."""
    pieces = []
    start, frames = 0, voice.audio_samples // _FRAME
    while frames - start >= _WINDOW:
        donor = donors[int(rng.integers(len(donors)))]
        count = min(donor.video_frames, frames - start)
        pieces.append(
            (
                Clip(
                    name=f"{voice.name}@{start}",
                    corpus=IMAGINED,
                    speaker=voice.speaker,
                    split=voice.split,
                    audio_start=voice.audio_start + start * _FRAME,
                    audio_samples=count * _FRAME,
                    video_start=0,
                    video_frames=count,
                ),
                donor,
            )
        )
        start += count
    return pieces


def _joined(rest: FloatArray, own: FloatArray, share: float, spread: FloatArray) -> FloatArray:
    """Positions (M, 80), as varied as `rest`; `own` makes up a share of their variance over the spread (80,)."""
    size, own_size = (float((x / spread).std(0).mean()) for x in (rest, own))
    return np.asarray(np.sqrt(1 - share) * rest + np.sqrt(share) * size / max(own_size, 1e-5) * own, np.float32)


def _positions(pack: Pack, clip: Clip) -> FloatArray:
    """Lip positions of a filmed clip, (M, 80), in step with its sound."""
    rows = np.arange(clip.video_frames) + round(pack.delay_of(clip))
    return np.asarray(pack.lips_of(clip)[rows.clip(0, clip.video_frames - 1), :_POINTS], np.float32)


def _sound(track: NDArray[np.int16], clip: Clip, start: int = 0, frames: int | None = None) -> Tensor:
    at = clip.audio_start + start * _FRAME
    count = (clip.video_frames if frames is None else frames) * _FRAME
    return torch.from_numpy(np.asarray(track[at : at + count], np.float32) / 32768)


def _taught(
    pack: Pack, clips: Sequence[Clip], spread: FloatArray, rng: np.random.Generator, steps: int, on_step: Any
) -> VoiceToLips:
    """A network taught with some people: squared error of positions and of twice their motion, over their spread."""
    network = VoiceToLips().train()
    optimizer = torch.optim.AdamW(network.parameters(), 2e-3, weight_decay=1e-2)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=steps)
    tracks = [pack.audio, *(pack.morph(factor) for factor in FACTORS)]
    for step in range(steps):
        sounds, lips = [], []
        for _ in range(_BATCH):
            clip = clips[int(rng.integers(len(clips)))]
            start = int(rng.integers(clip.video_frames - _WINDOW + 1))
            sounds.append(_sound(tracks[int(rng.integers(len(tracks)))], clip, start, _WINDOW))
            lips.append(_positions(pack, clip)[start : start + _WINDOW] / spread)
        wanted = torch.from_numpy(np.stack(lips)).transpose(1, 2)
        error = network(torch.stack(sounds)) - wanted
        loss = error.square().mean() + 4 * error.diff(dim=-1).square().mean()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        rate.step()
        on_step(step + 1)
    return network.eval()


@torch.inference_mode()
def _told(network: VoiceToLips, pack: Pack, clip: Clip, spread: FloatArray) -> FloatArray:
    """What a network tells of the lips from the voice of a clip, (M, 80)."""
    out: Tensor = network(_sound(pack.audio, clip)[None])[0]
    return np.asarray(out.T.numpy() * spread, np.float32)


def _explained(pack: Pack, clips: Sequence[Clip], told: dict[str, FloatArray]) -> float:
    left = sum(float(np.square(_positions(pack, c) - told[c.name]).sum()) for c in clips)
    whole = sum(float(np.square(_positions(pack, c) - _positions(pack, c).mean(0)).sum()) for c in clips)
    return 1 - left / whole
