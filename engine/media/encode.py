"""Sound through an encoder: FLAC, ALAC, AAC, Opus."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.packet import Packet

from engine.errors import OutputError, UsageError
from engine.jobs import CancelToken, Progress, ProgressCallback
from engine.media.tracks import SoundTrack, checked_blocks, quantised
from engine.types import FloatArray

STAGE = "Writing the sound"
AAC_BIT_RATE = 256_000
OPUS_BIT_RATE = 160_000
OPUS_RATES_HZ = frozenset({8_000, 12_000, 16_000, 24_000, 48_000})
# Containers that FFmpeg gives identifiers by chance, so that the same sound would not give the same file.
_BY_CHANCE = frozenset({"opus", "matroska"})
_NO_CHANCE = {"fflags": "+bitexact"}
# Above this rate FFmpeg makes FLAC blocks so long that its own parser loses those of many channels.
HIGH_RATE_HZ, FLAC_BLOCK_SAMPLES = 48_000, 4096
CodecName = Literal["aac", "alac", "flac", "libopus"]


@dataclass(frozen=True)
class Coding:
    """How an encoder is fed.

    Attributes:
        sample_format: what the encoder takes.
        bits: integers of so many bits; None for float.
    """

    codec: CodecName
    sample_format: str
    bits: int | None
    bit_rate: int | None = None


def lossless(codec: Literal["flac", "alac"], bits: int = 24) -> Coding:
    """FLAC or ALAC at 24 or 16 bits."""
    planar = "p" if codec == "alac" else ""
    return Coding(codec, ("s32" if bits > 16 else "s16") + planar, bits)


def lossy(codec: Literal["aac", "libopus"], channels: int) -> Coding:
    """AAC or Opus at a rate that leaves nothing to hear; more where there are more than two channels."""
    rate = AAC_BIT_RATE if codec == "aac" else OPUS_BIT_RATE
    return Coding(codec, "fltp" if codec == "aac" else "flt", None, max(rate, rate // 2 * channels))


def first_that_takes(track: SoundTrack, path: Path, *choices: Coding) -> Coding:
    """The first coding that can hold the track at its rate and layout.

    Raises:
        UsageError: none can.
    """
    for coding in choices:
        if _takes(coding, track):
            return coding
    raise UsageError(
        f"“{path.suffix}” files cannot hold {track.channels} channels ({track.layout}) at {track.sample_rate_hz} Hz.",
        "Choose .wav, which takes any sound.",
    )


def _takes(coding: Coding, track: SoundTrack) -> bool:
    try:
        context = av.CodecContext.create(coding.codec, "w")
        assert isinstance(context, AudioCodecContext)
        context.sample_rate = output_rate(coding, track)
        context.layout = track.layout
        context.format = coding.sample_format
        context.time_base = Fraction(1, context.sample_rate)
        context.open()
    except (av.error.FFmpegError, ValueError):
        return False
    # An encoder may open with the nearest layout that it knows.
    return bool(context.layout.nb_channels == track.channels)


def output_rate(coding: Coding, track: SoundTrack) -> int:
    """The rate in the file: the track's own, save for Opus, which knows five."""
    if coding.codec == "libopus" and track.sample_rate_hz not in OPUS_RATES_HZ:
        return 48_000
    return track.sample_rate_hz


class TrackEncoder:
    """One sound stream of an output: made from a track, gives its packets in order of time."""

    def __init__(self, container: OutputContainer, track: SoundTrack, coding: Coding) -> None:
        self._track = track
        self._coding = coding
        self._rate_hz = output_rate(coding, track)
        self.stream: AudioStream = container.add_stream(coding.codec, rate=self._rate_hz)
        self.stream.codec_context.layout = track.layout
        self.stream.codec_context.format = coding.sample_format
        self.stream.codec_context.time_base = Fraction(1, self._rate_hz)
        self.stream.time_base = Fraction(1, self._rate_hz)
        if coding.codec == "flac" and self._rate_hz > HIGH_RATE_HZ:
            self.stream.options = {"frame_size": str(FLAC_BLOCK_SAMPLES)}
        if coding.bit_rate is not None:
            self.stream.codec_context.bit_rate = coding.bit_rate
        if track.language:
            self.stream.metadata["language"] = track.language

    def packets(self) -> Iterator[Packet[AudioStream]]:
        """All packets of the track; time stamps count from t = 0."""
        done = 0
        for frame in self._frames():
            frame.pts, frame.time_base = done, Fraction(1, self._rate_hz)
            done += frame.samples
            yield from self.stream.encode(frame)
        yield from self.stream.encode(None)

    def _frames(self) -> Iterator[AudioFrame]:
        if self._rate_hz == self._track.sample_rate_hz:
            yield from (self._frame(block) for block in checked_blocks(self._track))
            return
        resampler = AudioResampler(self._coding.sample_format, self._track.layout, self._rate_hz)
        left = -(-self._track.n_samples * self._rate_hz // self._track.sample_rate_hz)
        for block in checked_blocks(self._track):
            for frame in resampler.resample(self._frame(block)):
                left -= frame.samples
                yield frame
        for frame in resampler.resample(None):
            if 0 < left < frame.samples:  # what the filter rings on beyond the end
                samples = frame.to_ndarray()[:, : left * self._track.channels]
                frame = AudioFrame.from_ndarray(samples, self._coding.sample_format, self._track.layout)
                frame.sample_rate = self._rate_hz
            if left > 0:
                left -= frame.samples
                yield frame

    def _frame(self, block: FloatArray) -> AudioFrame:
        if self._coding.bits is None:
            frame = AudioFrame.from_ndarray(np.nan_to_num(block).reshape(1, -1), "flt", self._track.layout)
        elif self._coding.bits <= 16:
            samples = quantised(block, self._coding.bits).astype(np.int16)
            frame = AudioFrame.from_ndarray(samples.reshape(1, -1), "s16", self._track.layout)
        else:
            samples = quantised(block, self._coding.bits) << (32 - self._coding.bits)
            frame = AudioFrame.from_ndarray(samples.reshape(1, -1), "s32", self._track.layout)
        frame.sample_rate = self._track.sample_rate_hz
        return frame


@contextmanager
def open_output(path: Path, container_format: str, options: dict[str, str] | None = None) -> Iterator[OutputContainer]:
    """Open a file for encoding; it is finished on success and just closed on an error.

    Raises:
        OutputError: the container refuses what is put into it.
        OSError: the file cannot be written.
    """
    told = {**(options or {}), **(_NO_CHANCE if container_format in _BY_CHANCE else {})}
    container = av.open(str(path.absolute()), "w", format=container_format, container_options=told)
    try:
        yield container
        container.close()
    except BaseException as error:
        with suppress(Exception):
            container.close()
        if isinstance(error, av.error.FFmpegError) and not isinstance(error, OSError):
            raise OutputError(
                f"The “{container_format}” container refuses the contents ({error.strerror}).",
                "Choose another file type: .mkv takes nearly everything.",
                details=f"{type(error).__name__}: {error}",
            ) from error
        raise


def write_encoded(
    path: Path,
    container_format: str,
    track: SoundTrack,
    coding: Coding,
    on_progress: ProgressCallback,
    cancel: CancelToken,
) -> None:
    """Write a file with one encoded sound stream.

    Raises:
        OutputError: the container refuses the sound.
        OSError: the file cannot be written.
    """
    # Edit lists count in the movie's clock, which has to hit every sample.
    options = {"movie_timescale": str(track.sample_rate_hz)} if container_format == "ipod" else None
    with open_output(path, container_format, options) as container:
        encoder = TrackEncoder(container, track, coding)
        if track.title:
            container.metadata["title"] = track.title
        for packet in encoder.packets():
            cancel.checkpoint()
            time_s = max(0.0, float((packet.pts or 0) * packet.time_base))
            done = min(round(time_s * track.sample_rate_hz), track.n_samples)
            container.mux(packet)
            on_progress(Progress(STAGE, done, track.n_samples))
        on_progress(Progress(STAGE, track.n_samples, track.n_samples))
