"""The arithmetic of an export, block by block: range, mix-back, gain, and everyone else."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from engine.types import FloatArray, PcmStore

BLOCK_SAMPLES = 1 << 16
FADE_S = 0.005


@dataclass(frozen=True)
class Mix:
    """What becomes of the source and the voices on their way to the files.

    With one voice, everyone else is exactly what is missing from it, so both add up to the source whatever the range
    and the mix-back are. With several voices, everyone else is what belongs to none of them, and the part that the
    mix-back adds to each voice comes on top (`overlap`).

    Attributes:
        voices: one store per person, same rate, channels and length as `source`.
        gains: linear factor of each voice file; everyone else is never scaled.
        range_s: outside it voices are silent; 5 ms fades lie inside. None is the whole file.
        mix_back: share of everyone else that stays in each voice, 0..1.
    """

    source: PcmStore
    voices: tuple[PcmStore, ...]
    gains: tuple[float, ...]
    range_s: tuple[float, float] | None
    mix_back: float

    def __post_init__(self) -> None:
        for voice in self.voices:
            if (voice.sample_rate_hz, voice.channels, voice.n_samples) != (
                self.source.sample_rate_hz,
                self.source.channels,
                self.source.n_samples,
            ):
                raise ValueError(f"voice {voice} does not match source {self.source}")
        if len(self.gains) != len(self.voices):
            raise ValueError(f"{len(self.gains)} gains for {len(self.voices)} voices")

    def spans(self) -> Iterator[tuple[int, int]]:
        """(start, stop) samples of all blocks, in order."""
        for start in range(0, self.source.n_samples, BLOCK_SAMPLES):
            yield start, min(start + BLOCK_SAMPLES, self.source.n_samples)

    @property
    def range_samples(self) -> tuple[int, int]:
        """First sample of the range and the first after it."""
        if self.range_s is None:
            return 0, self.source.n_samples
        first, last = (round(time_s * self.source.sample_rate_hz) for time_s in self.range_s)
        return first, min(last, self.source.n_samples)

    def original(self, start: int, stop: int) -> FloatArray:
        """The source between two samples, (n, channels) float32."""
        return np.array(self.source.open()[start:stop])

    def unscaled_voice(self, which: int, start: int, stop: int) -> FloatArray:
        """A voice with range and mix-back but no gain, (n, channels) float32; `which` counts `voices`."""
        weight = self._weight(start, stop)
        if not weight.any():
            return np.zeros((stop - start, self.source.channels), np.float32)
        voice = np.asarray(self.voices[which].open()[start:stop])
        if self.mix_back:
            original = np.asarray(self.source.open()[start:stop])
            voice = voice + np.float32(self.mix_back) * (original - voice)
        return np.asarray(weight[:, None] * voice, np.float32)

    def voice(self, which: int, start: int, stop: int) -> FloatArray:
        """A voice as it goes into its file."""
        return self.unscaled_voice(which, start, stop) * np.float32(self.gains[which])

    def rest(self, start: int, stop: int) -> FloatArray:
        """Everyone else: the source less the voices."""
        rest = self.original(start, stop)
        for which in range(len(self.voices)):
            rest -= self.unscaled_voice(which, start, stop)
        return rest + self.overlap(start, stop) if self._overlaps else rest

    def overlap(self, start: int, stop: int) -> FloatArray:
        """How much unscaled voices and everyone else are more than the source: 0 for a single voice."""
        total = np.zeros((stop - start, self.source.channels), np.float32)
        if self._overlaps:
            weight = self._weight(start, stop)[:, None] * np.float32(self.mix_back)
            original = np.asarray(self.source.open()[start:stop])
            for voice in self.voices:
                total += weight * (original - np.asarray(voice.open()[start:stop]))
        return total

    def voice_blocks(self, which: int) -> Iterator[FloatArray]:
        """All of `voice` in order."""
        return (self.voice(which, *span) for span in self.spans())

    def voice_in_range(self, which: int) -> Iterator[FloatArray]:
        """What of `voice` lies in the range, in order."""
        first, last = self.range_samples
        for start in range(first, last, BLOCK_SAMPLES):
            yield self.voice(which, start, min(start + BLOCK_SAMPLES, last))

    def rest_blocks(self) -> Iterator[FloatArray]:
        """All of `rest` in order."""
        return (self.rest(*span) for span in self.spans())

    def original_blocks(self) -> Iterator[FloatArray]:
        """All of `original` in order."""
        return (self.original(*span) for span in self.spans())

    @property
    def _overlaps(self) -> bool:
        return len(self.voices) > 1 and self.mix_back > 0

    def _weight(self, start: int, stop: int) -> FloatArray:
        """Weight of the voices per sample, (n,) float32: 1 in the range, 0 outside, short raised-cosine edges."""
        if self.range_s is None:
            return np.ones(stop - start, np.float32)
        rate = self.source.sample_rate_hz
        first, last = (round(time_s * rate) for time_s in self.range_s)  # the range is [first, last)
        sample = np.arange(start, stop)
        # An edge at the end of the file cuts nothing off, so it needs no fade.
        fade = max(1, min(round(FADE_S * rate), (last - first) // 2))
        rise = (sample - first + 1) / fade if first > 0 else np.where(sample >= first, 1.0, 0.0)
        fall = (last - sample) / fade if last < self.source.n_samples else np.where(sample < last, 1.0, 0.0)
        ramp = np.clip(np.minimum(rise, fall), 0.0, 1.0)
        return np.asarray(0.5 - 0.5 * np.cos(math.pi * ramp), np.float32)
