"""A guest behind the model contract: given sound at one level in windows of its length, its waveforms become masks."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from engine.audio.fullband import mask_of
from engine.contract import MODEL_RATE_HZ, SAMPLES_PER_VIDEO_FRAME, Declaration, FloatArray, WindowMasks
from engine.guests.runner import Runner
from engine.jobs import CancelToken

_LEVEL_DB = -25.0  # root mean square of what a guest is given, below full scale; usual for speech
_FADE_FRAMES = 25  # at most; a quarter of the window where that is shorter
_LEAST_GAIN, _MOST_GAIN = 0.1, 10.0


@dataclass
class GuestModel:
    """A guest as a `SeparationModel`; it is loaded with the first call that needs it.

    Attributes:
        runner: asks the guest. declaration: what the guest is; `margin_frames` of its streams come with every window.
        own_level: the guest chooses the level of what it gives back; each window is then brought to that of the
            mixture by least squares.
        least_s: shorter sound is filled up with silence, and faces with frames in which they are not seen.
        cancel: heard in the middle of a call.
    """

    runner: Runner
    declaration: Declaration
    own_level: bool = False
    least_s: float = 0.0
    cancel: CancelToken | None = None

    @property
    def device(self) -> str:
        """Where it runs."""
        return self.runner.program.device

    @property
    def warnings(self) -> list[str]:
        """Sentences for the user about a guest that had to be started again."""
        return self.runner.warnings

    def close(self) -> None:
        """End the guest's process; the next call starts another."""
        self.runner.close()

    def masks(
        self,
        mixture: FloatArray,
        lips: FloatArray,
        seen: FloatArray,
        lag: FloatArray | None,
        attributes: FloatArray | None = None,
    ) -> WindowMasks:
        """Separate one window for all faces (`SeparationModel.masks`); neither lag nor attributes are looked at.

        Raises:
            ModelError, OutputError, JobCancelled: as `Runner.separate`.
        """
        grid = self.declaration.grid
        people, frames = len(lips), len(mixture) // grid.hop_samples
        mask = np.ones((people, grid.bins, frames), np.complex64)
        asked = seen.any(1)
        if asked.any():
            level = math.sqrt(np.square(mixture, dtype=np.float64).mean())
            # A mask is a ratio: it needs no way back from this level.
            sound = (mixture * (10 ** (_LEVEL_DB / 20) / level if level else 0.0)).astype(np.float32)
            mask[asked] = mask_of(self._voices(sound, lips[asked], seen[asked]), sound, grid)
        return WindowMasks(
            mask,
            match=np.zeros((people, frames, 2 * self.declaration.margin_frames + 1), np.float32),
            activity=np.ones((people, frames), np.float32),
            quality=np.zeros((people, frames), np.float32),
        )

    def lag_probabilities(self, match: FloatArray) -> FloatArray:
        """No delay: a guest finds none."""
        return np.asarray(np.eye(match.shape[-1])[match.shape[-1] // 2], np.float32)

    def _voices(self, mixture: FloatArray, lips: FloatArray, seen: FloatArray) -> FloatArray:
        """Voices (P, T) in windows of the guest's length, cross-faded."""
        margin, frames = 2 * self.declaration.margin_frames, len(mixture) // SAMPLES_PER_VIDEO_FRAME
        length = frames
        if self.declaration.window_s is not None:
            length = min(frames, max(1, math.floor(_frames(self.declaration.window_s))))
        voices, weights = np.zeros((len(lips), len(mixture)), np.float32), np.zeros(len(mixture), np.float32)
        for first in _starts(frames, length):
            part = slice(first * SAMPLES_PER_VIDEO_FRAME, (first + length) * SAMPLES_PER_VIDEO_FRAME)
            shown = slice(first, first + length + margin)
            weight = _weight(length, first > 0, first + length < frames)
            voices[:, part] += weight * self._window(mixture[part], lips[:, shown], seen[:, shown])
            weights[part] += weight
        return voices / weights

    def _window(self, mixture: FloatArray, lips: FloatArray, seen: FloatArray) -> FloatArray:
        """Voices (P, T) of a window as long as the guest takes; silence is not worth asking."""
        if not mixture.any():
            return np.zeros((len(lips), len(mixture)), np.float32)
        missing = max(0, math.ceil(_frames(self.least_s)) - len(mixture) // SAMPLES_PER_VIDEO_FRAME)
        sound = np.pad(mixture, (0, missing * SAMPLES_PER_VIDEO_FRAME))
        lips, seen = _longer(lips, missing), _longer(seen, missing)
        most = self.declaration.people
        groups = [slice(first, first + most) for first in range(0, len(lips), most)]
        waves = np.concatenate([self.runner.separate(sound, lips[g], seen[g], self.cancel) for g in groups])
        waves = waves[:, : len(mixture)]
        return _levelled(waves, mixture) if self.own_level else waves


def _frames(seconds: float) -> float:
    """Video frames, so that 1.16 s are 29 and not a little less."""
    return round(seconds * MODEL_RATE_HZ / SAMPLES_PER_VIDEO_FRAME, 6)


def _fade_frames(length: int) -> int:
    return min(_FADE_FRAMES, length // 4)


def _starts(frames: int, length: int) -> list[int]:
    """First frames of windows of one length that cover all frames, evenly spread; neighbours share a fade or more."""
    if frames == length:
        return [0]
    fade = _fade_frames(length)
    count = math.ceil((frames - fade) / (length - fade))
    return [round(k * (frames - length) / (count - 1)) for k in range(count)]


def _weight(length: int, fades_in: bool, fades_out: bool) -> FloatArray:
    """How much a window counts at each of its samples: raised-cosine ramps at the ends where it has a neighbour."""
    weight = np.ones(length * SAMPLES_PER_VIDEO_FRAME, np.float32)
    samples = _fade_frames(length) * SAMPLES_PER_VIDEO_FRAME
    ramp = np.square(np.sin(np.pi / 2 * (np.arange(samples) + 0.5) / max(samples, 1)))
    if fades_in:
        weight[:samples] *= ramp
    if fades_out:
        weight[len(weight) - samples :] *= ramp[::-1]
    return weight


def _longer(stream: FloatArray, frames: int) -> FloatArray:
    """A stream (P, M, ...) with frames after it in which nobody is seen."""
    return np.pad(stream, ((0, 0), (0, frames), *((0, 0),) * (stream.ndim - 2))) if frames else stream


def _levelled(waves: FloatArray, mixture: FloatArray) -> FloatArray:
    """Voices (P, T) at the level at which each explains most of the mixture (T,), by least squares."""
    energy = np.square(waves, dtype=np.float64).sum(1)
    gain = (waves @ mixture.astype(np.float64)) / np.maximum(energy, np.finfo(np.float64).tiny)
    bounded: FloatArray = np.clip(gain, _LEAST_GAIN, _MOST_GAIN).astype(np.float32)
    return waves * bounded[:, None]
