"""Generates small media files for tests, with PyAV and nothing from outside.

Pictures carry their number as eight black or white bars, so that a test can tell which one it got; sound is quiet noise
with single clicks at known samples.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from engine.types import FloatArray

NTSC_RATE = Fraction(30_000, 1001)
FILM_RATE = Fraction(24_000, 1001)
NUMBER_BITS = 8


@dataclass(frozen=True)
class Sound:
    """A sound stream to generate.

    Attributes:
        samples: (n, channels) float32; None makes `duration_s` of quiet noise with a click at `clicks`.
        gap: (sample, length): this stretch is left out of the file, the time stamps jump over it.
        codec: encoder; None takes "aac" in mp4/mov/m4a, "flac" elsewhere.
    """

    sample_rate_hz: int = 48_000
    layout: str = "stereo"
    start_s: float = 0.0
    duration_s: float = 2.0
    clicks: tuple[int, ...] = ()
    codec: str | None = None
    samples: FloatArray | None = None
    gap: tuple[int, int] | None = None
    title: str = ""
    language: str = ""

    @property
    def channels(self) -> int:
        return av.AudioLayout(self.layout).nb_channels

    def signal(self) -> FloatArray:
        if self.samples is not None:
            return self.samples
        n_samples = round(self.duration_s * self.sample_rate_hz)
        samples = (np.random.default_rng(7).standard_normal((n_samples, self.channels)) * 0.01).astype(np.float32)
        samples[list(self.clicks)] = 0.9
        return samples


@dataclass(frozen=True)
class Picture:
    """A picture stream to generate.

    Attributes:
        times_s: when each picture appears; None counts at `fps` from `start_s`.
        clockwise_deg: how a player has to turn it.
        shown: pictures as they are seen, (h, w, 3) uint8 each; None shows numbers. The last one stays to the end.
    """

    fps: Fraction = Fraction(25)
    duration_s: float = 2.0
    start_s: float = 0.0
    width: int = 160
    height: int = 96
    times_s: tuple[float, ...] | None = None
    clockwise_deg: int = 0
    codec: str = "libx264"
    b_frames: int = 2
    shown: Sequence[NDArray[np.uint8]] | None = None

    @property
    def clock_hz(self) -> int:
        return 60_000 if self.codec == "mpeg4" else 90_000

    def seen(self, number: int) -> NDArray[np.uint8]:
        """Picture `number` as it is seen, (h, w, 3) uint8."""
        if self.shown is not None:
            return self.shown[min(number, len(self.shown) - 1)]
        upright = self.clockwise_deg % 180 == 0
        return numbered(number, *((self.width, self.height) if upright else (self.height, self.width)))

    def ticks(self) -> list[int]:
        if self.times_s is not None:
            return [round(time_s * self.clock_hz) for time_s in self.times_s]
        count = round(self.duration_s * self.fps)
        return [round((Fraction(self.start_s) + number / self.fps) * self.clock_hz) for number in range(count)]


def write_media(
    path: Path,
    picture: Picture | None = None,
    sounds: Sequence[Sound] = (),
    *,
    metadata: dict[str, str] | None = None,
    chapters: Sequence[tuple[float, float, str]] = (),
    options: dict[str, str] | None = None,
) -> Path:
    """Write a file whose suffix chooses the container."""
    with av.open(
        str(path.absolute()),
        "w",
        options=options or {"movie_timescale": "90000"} if path.suffix in (".mp4", ".mov") else {},
    ) as container:
        container.metadata.update(metadata or {})
        jobs: list[Iterator[av.Packet]] = []
        if picture is not None:
            jobs.append(_picture_packets(container, picture))
        jobs += [_sound_packets(container, sound, path.suffix) for sound in sounds]
        for job in jobs:
            next(job)  # makes the stream, before anything is written
        if chapters:
            container.set_chapters(
                [
                    {
                        "id": number,
                        "start": round(start_s * 1000),
                        "end": round(end_s * 1000),
                        "time_base": Fraction(1, 1000),
                        "metadata": {"title": title},
                    }
                    for number, (start_s, end_s, title) in enumerate(chapters)
                ]
            )
        packets = [packet for job in jobs for packet in job]
        for packet in sorted(packets, key=lambda packet: packet.dts * packet.time_base):
            container.mux(packet)
    return path


def _picture_packets(container: av.container.OutputContainer, picture: Picture) -> Iterator[av.Packet | None]:
    stream = container.add_stream(picture.codec, rate=picture.fps)
    stream.width, stream.height, stream.pix_fmt = picture.width, picture.height, "yuv420p"
    stream.codec_context.time_base = Fraction(1, picture.clock_hz)
    stream.time_base = Fraction(1, picture.clock_hz)
    stream.codec_context.gop_size = 12
    stream.codec_context.max_b_frames = picture.b_frames if picture.codec != "mpeg4" else 0
    if picture.codec == "libx265":
        stream.options = {"preset": "ultrafast", "x265-params": "log-level=none"}
    if picture.codec == "libx264":
        stream.options = {"preset": "ultrafast", "bf": str(picture.b_frames), "x264-params": "log-level=none"}
    if picture.clockwise_deg:
        stream.set_display_rotation(-picture.clockwise_deg)
    yield None
    for number, tick in enumerate(picture.ticks()):
        stored = np.rot90(picture.seen(number), picture.clockwise_deg // 90)
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(stored), format="rgb24")
        frame.pts, frame.time_base = tick, Fraction(1, picture.clock_hz)
        yield from stream.encode(frame)
    yield from stream.encode(None)


def _sound_packets(container: av.container.OutputContainer, sound: Sound, suffix: str) -> Iterator[av.Packet | None]:
    codec = sound.codec or ("aac" if suffix in (".mp4", ".mov", ".m4a", ".ts") else "flac")
    stream = container.add_stream(codec, rate=sound.sample_rate_hz, layout=sound.layout)
    stream.time_base = Fraction(1, sound.sample_rate_hz)
    for key, value in (("title", sound.title), ("handler_name", sound.title), ("language", sound.language)):
        if value:
            stream.metadata[key] = value
    yield None
    samples = sound.signal()
    start = round(sound.start_s * sound.sample_rate_hz)
    hole = range(0) if sound.gap is None else range(sound.gap[0], sound.gap[0] + sound.gap[1])
    # Blocks end where the hole starts, so that what is left out is left out exactly.
    block = 1024 if sound.gap is None else np.gcd(1024, sound.gap[0])
    for first in range(0, len(samples), block):
        if first in hole:
            continue
        part = samples[first : first + block]
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(part).reshape(1, -1), "flt", sound.layout)
        frame.sample_rate, frame.time_base = sound.sample_rate_hz, Fraction(1, sound.sample_rate_hz)
        frame.pts = start + first
        yield from stream.encode(frame)
    yield from stream.encode(None)


def numbered(number: int, width: int, height: int) -> NDArray[np.uint8]:
    """A picture that carries its number: bars from left to right, highest bit first; the bottom third is red."""
    rgb = np.zeros((height, width, 3), np.uint8)
    for bit in range(NUMBER_BITS):
        left, right = bit * width // NUMBER_BITS, (bit + 1) * width // NUMBER_BITS
        rgb[:, left:right] = 255 if number >> (NUMBER_BITS - 1 - bit) & 1 else 0
    rgb[2 * height // 3 :] = (255, 0, 0)
    return rgb


def number_of(rgb: NDArray[np.uint8]) -> int:
    """The number that an upright picture carries."""
    height, width = rgb.shape[:2]
    centres = [(2 * bit + 1) * width // (2 * NUMBER_BITS) for bit in range(NUMBER_BITS)]
    return sum(int(rgb[height // 3, x].mean() > 128) << (NUMBER_BITS - 1 - bit) for bit, x in enumerate(centres))


def is_upright(rgb: NDArray[np.uint8]) -> bool:
    """Whether the red third of a numbered picture is at the bottom."""
    red = rgb[..., 0].astype(int) - rgb[..., 1] > 128
    height = rgb.shape[0]
    return bool(red[7 * height // 9 :].mean() > 0.9 and red[: height // 2].mean() < 0.1)


def lag_of(got: NDArray[np.float32], want: NDArray[np.float32]) -> int:
    """By how many samples one sound is late against another, from the peak of their cross-correlation."""
    size = 1 << (len(got) + len(want)).bit_length()
    peaks = np.fft.irfft(np.fft.rfft(got, size) * np.conj(np.fft.rfft(want, size)))
    lag = int(peaks.argmax())
    return lag if lag < size // 2 else lag - size


def with_cover(path: Path) -> Path:
    """An .mp4 with sound and an attached picture, which is no video."""
    with av.open(str(path.absolute()), "w") as container:
        job = _sound_packets(container, Sound(duration_s=0.5), path.suffix)
        next(job)
        cover = container.add_stream("mjpeg", rate=1, width=64, height=64, pix_fmt="yuvj420p")
        cover.disposition = av.stream.Disposition.attached_pic
        frame = av.VideoFrame.from_ndarray(numbered(3, 64, 64), format="rgb24").reformat(format="yuvj420p")
        frame.pts = 0
        for packet in [*cover.encode(frame), *cover.encode(None), *job]:
            container.mux(packet)
    return path


def truncated(path: Path, source: Path, share: float = 0.6) -> Path:
    """The first part of a file, as after a broken download."""
    data = source.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    return path


def corrupted(path: Path, source: Path, *, start: float = 0.3, end: float = 0.9) -> Path:
    """A file with a stretch of noise in it."""
    data = bytearray(source.read_bytes())
    first, last = int(len(data) * start), int(len(data) * end)
    data[first:last] = np.random.default_rng(3).bytes(last - first)
    path.write_bytes(bytes(data))
    return path


def text_as_video(path: Path) -> Path:
    """A text file under a video's name."""
    path.write_text("This is not a video.\n" * 200, encoding="utf-8")
    return path


def packet_hashes(path: Path, kind: str = "video") -> list[tuple[int, Fraction | None]]:
    """Content and presentation time of every packet of the first stream of a kind."""
    with av.open(str(path.absolute())) as container:
        stream = next(stream for stream in container.streams if stream.type == kind)
        return [
            (hash(bytes(packet)), None if packet.pts is None else packet.pts * packet.time_base)
            for packet in container.demux(stream)
            if packet.size
        ]
