"""Mixer: what is heard at each moment, computed from the original and the isolated voice while the buffer is filled.

Everything heard is a linear mix `a * original + b * voice`: original (1, 0), voice (m, g), everyone else (g, -g). A
change of what is heard moves the weights over a few milliseconds at the same sample, so nothing clicks or jumps. Where
the voice is not computed yet, the original is heard softly instead.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avsep_gui.state.document import ListenMode
from avsep_gui.state.intervals import Intervals
from engine.types import FloatArray

FADE_S = 0.010
NOT_READY_GAIN = 0.126  # -18 dB
_DOWNMIX = {  # left and right weights per channel, ITU-R BS.775 without the bass channel
    6: ((1.0, 0.0, 0.707, 0.0, 0.707, 0.0), (0.0, 1.0, 0.707, 0.0, 0.0, 0.707)),
    8: ((1.0, 0.0, 0.707, 0.0, 0.707, 0.0, 0.5, 0.0), (0.0, 1.0, 0.707, 0.0, 0.0, 0.707, 0.0, 0.5)),
}


@dataclass(frozen=True)
class _Segment:
    out_frame: int
    source_s: float
    seconds_per_frame: float


class Mixer:
    """Renders stereo blocks for the sound output and remembers which source time each output frame came from.

    Times are seconds of the file; blocks are float32, shape (frames, 2), at `out_rate_hz`. One thread may `read` while
    another chooses what is heard and asks for positions; `set_original` and `restart` are for when nothing reads.
    """

    def __init__(self, out_rate_hz: int = 48000) -> None:
        self.out_rate_hz = out_rate_hz
        self.duration_s = 0.0
        self.loop_s: tuple[float, float] | None = None
        self.level = 0.0
        self._source_rate_hz = out_rate_hz
        self._original: Any = None
        self._voice: tuple[Any, Intervals] = (None, ())
        self._mode = ListenMode.ORIGINAL
        self._mix_back = 0.0
        self._voice_gain = self._rest_gain = 1.0
        self._volume = 1.0
        self._weights = np.array([1.0, 0.0, 1.0])
        self._target = self._weights.copy()
        self._position_s = 0.0
        self._rate = 1.0
        self._frames_out = 0
        self._segments: deque[_Segment] = deque()

    def set_original(self, samples: Any, rate_hz: int, duration_s: float) -> None:
        """Take the original: an array (samples, channels) or a `PcmReader`, or None for silence."""
        self._original, self._source_rate_hz, self.duration_s = samples, rate_hz, duration_s
        self._voice = (None, ())

    def set_voice(self, samples: Any, ready: Intervals) -> None:
        """Take the picked voice, on the original's clock, and the stretches in which it is valid."""
        self._voice = (samples, ready if samples is not None else ())

    def set_listening(
        self, mode: ListenMode, *, mix_back: float, voice_gain: float, rest_gain: float, volume: float
    ) -> None:
        """Choose what is heard. The gains match the loudness of voice and rest to the original's."""
        self._mode, self._mix_back = mode, mix_back
        self._voice_gain, self._rest_gain, self._volume = voice_gain, rest_gain, volume
        self._target = np.array(self._wanted())

    def restart(self, position_s: float, rate: float = 1.0) -> None:
        """Begin a new run of output frames at `position_s`, `rate` times as fast (negative: backwards)."""
        self._position_s, self._rate, self._frames_out = position_s, rate, 0
        self._segments.clear()
        self._weights = self._target.copy()

    def position_at(self, out_frame: float) -> float:
        """The source time of an output frame since `restart`."""
        while len(self._segments) > 1 and self._segments[1].out_frame <= out_frame:
            self._segments.popleft()
        if not self._segments:
            return self._position_s
        segment = self._segments[0]
        at_s = segment.source_s + (out_frame - segment.out_frame) * segment.seconds_per_frame
        return float(min(max(at_s, 0.0), self.duration_s))

    def read(self, frames: int) -> FloatArray:
        """Render the next block and move on; silence past either end."""
        parts: list[FloatArray] = []
        left = frames
        while left > 0:
            count = min(left, self._frames_until_loop_end())
            parts.append(self._run(count))
            left -= count
        block = parts[0] if len(parts) == 1 else np.concatenate(parts)
        self.level = float(np.max(np.abs(block))) if block.size else 0.0
        return block

    def render(self, start_s: float, frames: int) -> FloatArray:
        """What is heard from `start_s` on with the present settings at normal speed, without moving on."""
        return self._mix(start_s, 1.0 / self.out_rate_hz, np.repeat(self._target[None], frames, axis=0), frames)

    def _wanted(self) -> tuple[float, float, float]:
        if self._mode is ListenMode.VOICE:
            gain, back = self._voice_gain, self._mix_back
            weights = gain * back, gain * (1.0 - back), NOT_READY_GAIN
        elif self._mode is ListenMode.REST:
            weights = self._rest_gain, -self._rest_gain, NOT_READY_GAIN
        else:
            weights = 1.0, 0.0, 1.0
        return weights[0] * self._volume, weights[1] * self._volume, weights[2] * self._volume

    def _frames_until_loop_end(self) -> int:
        step_s = self._rate / self.out_rate_hz
        # A run may end up to one step behind the loop's end; only what is clearly behind it plays on outside.
        loop_s = self.loop_s
        if loop_s is None or self._rate <= 0 or self._position_s > loop_s[1] + 2.0 * step_s:
            return 1 << 30
        left = int(np.ceil((loop_s[1] - self._position_s) / step_s - 1e-6))
        if left <= 0:
            self._position_s = loop_s[0]
            left = max(1, int(np.ceil((loop_s[1] - loop_s[0]) / step_s)))
        return left

    def _run(self, frames: int) -> FloatArray:
        step_s = self._rate / self.out_rate_hz
        self._segments.append(_Segment(self._frames_out, self._position_s, step_s))
        block = self._mix(self._position_s, step_s, self._ramp(frames), frames)
        self._position_s += frames * step_s
        self._frames_out += frames
        return block

    def _ramp(self, frames: int) -> NDArray[np.float64]:
        target = self._target
        weights = np.repeat(target[None], frames, axis=0)
        if not np.array_equal(self._weights, target):
            fade = max(1, round(FADE_S * self.out_rate_hz))
            steps = min(frames, fade)
            share = (np.arange(1, steps + 1) / fade)[:, None]
            weights[:steps] = self._weights + share * (target - self._weights)
            self._weights = weights[steps - 1].copy() if steps < fade else target.copy()
        return weights

    def _mix(self, start_s: float, step_s: float, weights: NDArray[np.float64], frames: int) -> FloatArray:
        original = self._take(self._original, start_s, step_s, frames)
        samples, intervals = self._voice
        if samples is None:
            solo = self._mode is ListenMode.ORIGINAL
            return np.asarray(original * (weights[:, :1] if solo else weights[:, 2:3]), dtype=np.float32)
        voice = self._take(samples, start_s, step_s, frames)
        ready = self._readiness(intervals, start_s + step_s * np.arange(frames, dtype=np.float64))[:, None]
        mixed = ready * (weights[:, 0:1] * original + weights[:, 1:2] * voice)
        mixed += (1.0 - ready) * weights[:, 2:3] * original
        return np.clip(mixed, -1.0, 1.0).astype(np.float32)

    def _readiness(self, intervals: Intervals, times_s: NDArray[np.floating]) -> NDArray[np.float64]:
        """1 inside what is ready, 0 outside, with a short slope inside each edge that is not an end of the file."""
        share = np.zeros(len(times_s))
        for start, end in intervals:
            if end < min(times_s[0], times_s[-1]) or start > max(times_s[0], times_s[-1]):
                continue
            rise = (times_s - start) / FADE_S if start > 0.0 else np.ones(len(times_s))
            fall = (end - times_s) / FADE_S if end < self.duration_s - 0.05 else np.ones(len(times_s))
            share = np.maximum(share, np.clip(np.minimum(rise, fall), 0.0, 1.0))
        return share

    def _take(self, samples: Any, start_s: float, step_s: float, frames: int) -> FloatArray:
        """Stereo float32 from an array (samples, channels), linearly interpolated unless the steps are whole."""
        if samples is None:
            return np.zeros((frames, 2), np.float32)
        step = step_s * self._source_rate_hz
        first = start_s * self._source_rate_hz
        if abs(step - 1.0) < 1e-9:
            begin = round(first)
            return _slice(samples, begin, begin + frames)
        at = first + step * np.arange(frames)
        low, high = int(np.floor(min(at[0], at[-1]))), int(np.ceil(max(at[0], at[-1]))) + 2
        block = _slice(samples, low, high)
        index = np.floor(at).astype(np.int64)
        share = (at - index)[:, None].astype(np.float32)
        index -= low
        return np.asarray((1.0 - share) * block[index] + share * block[index + 1], dtype=np.float32)


def _slice(samples: Any, begin: int, end: int) -> FloatArray:
    """Stereo copy of samples[begin:end], zeros outside."""
    block = np.zeros((end - begin, 2), np.float32)
    low, high = max(begin, 0), min(end, len(samples))
    if high > low:
        block[low - begin : high - begin] = to_stereo(np.asarray(samples[low:high]))
    return block


def to_stereo(samples: FloatArray) -> FloatArray:
    """Fold (frames, channels) to (frames, 2) for listening."""
    channels = samples.shape[1]
    if channels == 1:
        return np.repeat(samples, 2, axis=1)
    if channels in _DOWNMIX:
        return np.asarray(samples @ np.array(_DOWNMIX[channels], np.float32).T * 0.6, dtype=np.float32)
    return samples[:, :2]
