"""Generated people whose mouths open as loud as their voices are, in any form that a model may ask for."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from engine.contract import SAMPLES_PER_VIDEO_FRAME, Crops, Declaration, FloatArray, Landmarks
from engine.vision.lips import MOUTH_PX, RATE_HZ, LipStream, stream_for

RATE = 16_000


@dataclass(frozen=True)
class Given:
    """What a model is given: mixture (T,), lips (P, M, ...) and seen (P, M)."""

    mixture: FloatArray
    lips: FloatArray
    seen: FloatArray

    def louder(self, times: float) -> Given:
        return replace(self, mixture=self.mixture * np.float32(times))

    def faces(self, *rows: int) -> Given:
        return replace(self, lips=self.lips[list(rows)], seen=self.seen[list(rows)])

    def unseen(self, row: int, frames: slice = slice(None)) -> Given:
        """With one face not visible in some frames."""
        lips, seen = self.lips.copy(), self.seen.copy()
        lips[row, frames], seen[row, frames] = 0, 0
        return replace(self, lips=lips, seen=seen)


@dataclass(frozen=True)
class Puppets:
    """Some seconds of people who talk at once, each at a rhythm of its own.

    Attributes:
        sound: (T,) float32 at 16 kHz, the sum of their voices. streams: T / 640 frames of each.
    """

    sound: FloatArray
    streams: tuple[LipStream, ...]

    def given(self, declaration: Declaration) -> Given:
        """In the form that a model declares; the margin before and after shows nobody."""
        k = declaration.margin_frames
        form = declaration.lips
        lips = np.stack([stream_for(form, in_form(form, stream)) for stream in self.streams])
        seen = np.stack([stream.visible for stream in self.streams]).astype(np.float32)
        around = ((0, 0), (k, k))
        return Given(self.sound, np.pad(lips, (*around, *((0, 0),) * (lips.ndim - 2))), np.pad(seen, around))


def puppets(seconds: float, people: int) -> Puppets:
    """Make them; the same person is the same in any company."""
    frames = round(seconds * RATE_HZ)
    streams, sound = [], np.zeros(frames * SAMPLES_PER_VIDEO_FRAME)
    at = np.arange(len(sound))
    for person in range(people):
        rng = np.random.default_rng(person)
        opening = 0.5 - 0.5 * np.cos(2 * np.pi * (2.0 + 1.3 * person) * np.arange(frames) / RATE_HZ)
        loud = np.interp(at / SAMPLES_PER_VIDEO_FRAME, np.arange(frames), opening)
        tone = np.sign(np.sin(2 * np.pi * (140 + 60 * person) * at / RATE))
        sound += 0.05 * loud * (tone + 0.5 * rng.standard_normal(len(sound)))
        streams.append(_stream(opening, rng))
    return Puppets(sound.astype(np.float32), tuple(streams))


def in_form(form: Landmarks | Crops, stream: LipStream) -> LipStream:
    """With mouths of the size and colour that a model asks for: those of 32 pixels, enlarged or reduced."""
    if isinstance(form, Landmarks):
        return stream
    at = np.arange(form.size_px) * MOUTH_PX // form.size_px
    grey = stream.mouths[:, at][:, :, at]
    return replace(stream, mouths=grey if form.colour == "grey" else np.repeat(grey[..., None], 3, -1))


def _stream(opening: np.ndarray, rng: np.random.Generator) -> LipStream:
    points = np.repeat((rng.random((68, 2)) * 100)[None], len(opening), 0)
    points[:, 48:68, 1] += 6 * opening[:, None] * rng.random(20)
    points += 0.05 * rng.standard_normal(points.shape)
    row = np.abs(np.arange(MOUTH_PX) - MOUTH_PX / 2)
    dark = row[None, :, None] < 2 + 10 * opening[:, None, None]
    mouths = np.where(np.broadcast_to(dark, (len(opening), MOUTH_PX, MOUTH_PX)), 40, 150)
    return LipStream(points.astype(np.float32), np.ones(len(opening), bool), mouths.astype(np.uint8))
