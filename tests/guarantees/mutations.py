"""Damages files on purpose: small valid files of many containers, and what can be done to their bytes.

All of it follows from a seed, so that a case can be made again from its number.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from tests.helpers.faces import LOOKS, ClipPerson, clip_frames

SECONDS, FPS, RATE, SIZE = 1.2, 10, 16_000, (320, 240)
# Container: codecs of picture and sound; the sound of webm is at 48 kHz.
KINDS: dict[str, tuple[str | None, str]] = {
    "mp4": ("libx264", "aac"),
    "mov": ("mpeg4", "pcm_s16le"),
    "mkv": ("libx264", "flac"),
    "webm": ("libvpx", "libopus"),
    "avi": ("mjpeg", "pcm_s16le"),
    "ts": ("mpeg2video", "mp2"),
    "wav": (None, "pcm_s16le"),
    "flac": (None, "flac"),
    "mp3": (None, "libmp3lame"),
    "m4a": (None, "aac"),
    "ogg": (None, "libopus"),
}
_BOXES = (
    *(b"moov", b"mvhd", b"trak", b"tkhd", b"edts", b"elst", b"mdia", b"mdhd", b"hdlr", b"minf", b"stbl", b"stsd"),
    *(b"stts", b"ctts", b"stsc", b"stsz", b"stco", b"stss", b"mdat", b"ftyp", b"esds", b"avcC", b"udta"),
)
_CHUNKS = (b"RIFF", b"fmt ", b"data", b"fact", b"LIST", b"avih", b"strh", b"strf", b"idx1", b"movi", b"indx")
_EXTREMES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 2**63 - 1, 2**64 - 1)


def seed_files(folder: Path) -> dict[str, bytes]:
    """Valid files with a face that is found and sound, by suffix."""
    person = ClipPerson(LOOKS[0], (160, 110), 130.0)
    frames = list(clip_frames([person], duration_s=SECONDS, size=SIZE, fps=Fraction(FPS)))
    noise = np.random.default_rng(3).standard_normal((round(SECONDS * RATE), 1)) * 0.1
    made = {}
    for suffix, (picture, sound) in KINDS.items():
        path = folder / f"seed.{suffix}"
        _write(path, frames if picture else [], picture, sound, noise.astype(np.float32))
        made[suffix] = path.read_bytes()
    return made


def _write(path: Path, frames: list[np.ndarray], picture: str | None, sound: str, noise: np.ndarray) -> None:
    rate = 48_000 if sound == "libopus" else RATE
    with av.open(str(path), "w") as container:
        video = None
        if picture is not None:
            video = container.add_stream(picture, rate=FPS)
            video.width, video.height = SIZE
            video.pix_fmt = "yuvj420p" if picture == "mjpeg" else "yuv420p"
            video.codec_context.thread_count = 1
            video.codec_context.bit_rate = 300_000
            if picture == "mpeg2video":
                video.codec_context.framerate = Fraction(25)
                video.codec_context.time_base = Fraction(1, 25)
        audio = container.add_stream(sound, rate=rate, layout="mono")
        for k, pixels in enumerate(frames):
            assert video is not None
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels[:, :, :3]), format="bgr24")
            frame = frame.reformat(format=video.pix_fmt)
            frame.pts = k if picture != "mpeg2video" else round(k * 25 / FPS)
            frame.time_base = Fraction(1, FPS if picture != "mpeg2video" else 25)
            container.mux(video.encode(frame))
        if video is not None:
            container.mux(video.encode(None))
        resampler = av.AudioResampler(audio.codec_context.format, "mono", rate, audio.codec_context.frame_size or 1024)
        whole = av.AudioFrame.from_ndarray(np.ascontiguousarray(noise.T), format="fltp", layout="mono")
        whole.sample_rate, whole.pts = RATE, 0
        for frame in (*resampler.resample(whole), *resampler.resample(None)):
            container.mux(audio.encode(frame))
        container.mux(audio.encode(None))


@dataclass(frozen=True)
class Mutant:
    """A damaged file: what it was, what was done, and what it is now."""

    number: int
    suffix: str
    how: str
    data: bytes

    @property
    def name(self) -> str:
        """A file name that says all that."""
        return f"{self.number:05}-{self.how}.{self.suffix}"


def mutants(seeds: dict[str, bytes], count: int, seed: int) -> Iterator[Mutant]:
    """So many damaged files, the containers in turn."""
    suffixes = list(seeds)
    for number in range(count):
        chance = random.Random(seed * 1_000_003 + number)
        suffix = suffixes[number % len(suffixes)]
        change = MUTATIONS[chance.randrange(len(MUTATIONS))]
        data = change(seeds[suffix], chance, [seeds[other] for other in suffixes if other != suffix])
        yield Mutant(number, suffix, change.__name__, data)


Mutation = Callable[[bytes, random.Random, Sequence[bytes]], bytes]


def flipped_bits(data: bytes, chance: random.Random, _: Sequence[bytes]) -> bytes:
    """Some bits are others, anywhere or all in the head."""
    new = bytearray(data)
    end = len(new) if chance.random() < 0.5 else min(len(new), 2048)
    for _ in range(2 ** chance.randrange(9)):
        new[chance.randrange(end)] ^= 1 << chance.randrange(8)
    return bytes(new)


def cut_off(data: bytes, chance: random.Random, _: Sequence[bytes]) -> bytes:
    """The end is missing, or the beginning."""
    at = chance.randrange(1, len(data))
    return data[:at] if chance.random() < 0.8 else data[at:]


def swapped_blocks(data: bytes, chance: random.Random, _: Sequence[bytes]) -> bytes:
    """Two blocks have changed places."""
    size = 2 ** chance.randrange(3, 12)
    if len(data) < 2 * size + 2:
        return data[::-1]
    first, second = sorted(chance.sample(range(len(data) // size), 2))
    new = bytearray(data)
    a, b = slice(first * size, first * size + size), slice(second * size, second * size + size)
    new[a], new[b] = new[b], new[a]
    return bytes(new)


def extreme_field(data: bytes, chance: random.Random, _: Sequence[bytes]) -> bytes:
    """A number near the beginning is one of those at which programs stumble."""
    new = bytearray(data)
    for _ in range(chance.randrange(1, 4)):
        width = chance.choice((1, 2, 4, 8))
        at = chance.randrange(max(1, min(len(new), 1024) - width))
        value = chance.choice(_EXTREMES) % 256**width
        new[at : at + width] = value.to_bytes(width, chance.choice(("big", "little")))
    return bytes(new)


def extreme_header(data: bytes, chance: random.Random, _: Sequence[bytes]) -> bytes:
    """Sizes, counts, time scales or durations of a box or a chunk are 0, negative or huge."""
    marks = [(at, mark) for mark in (*_BOXES, *_CHUNKS) for at in _places(data, mark)]
    if not marks:
        return extreme_field(data, chance, ())
    new = bytearray(data)
    for at, mark in chance.sample(marks, min(len(marks), chance.randrange(1, 4))):
        big = mark in _BOXES
        field = at - 4 if big and chance.random() < 0.4 else at + 4 + 4 * chance.randrange(8)
        value = chance.choice(_EXTREMES[:-2]) & 0xFFFFFFFF
        if 0 <= field <= len(new) - 4:
            new[field : field + 4] = value.to_bytes(4, "big" if big else "little")
    return bytes(new)


def nested_boxes(data: bytes, chance: random.Random, _: Sequence[bytes]) -> bytes:
    """Boxes within boxes within boxes, or chunks or lists."""
    depth = 2 ** chance.randrange(1, 14)
    if data[:4] == b"RIFF":
        inner = data[12:]
        head = b"".join(b"LIST" + struct.pack("<I", 0x7FFFFFFF) + b"hdrl" for _ in range(depth))
        return data[:12] + head + inner
    if data[4:8] == b"ftyp":
        name = chance.choice((b"moov", b"trak", b"udta", b"meta", b"mdia"))
        sizes = [8 * (depth - k) + len(data) for k in range(depth)]
        first = struct.unpack(">I", data[:4])[0]
        return data[:first] + b"".join(struct.pack(">I", size) + name for size in sizes) + data[first:]
    element = chance.choice((b"\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff", b"\x1f\x43\xb6\x75\xff"))
    at = chance.randrange(min(len(data), 512))
    return data[:at] + element * depth + data[at:]


def spliced(data: bytes, chance: random.Random, others: Sequence[bytes]) -> bytes:
    """The head of one file, the tail of another."""
    other = chance.choice(others)
    return data[: chance.randrange(1, len(data))] + other[chance.randrange(len(other)) :]


def blanked(data: bytes, chance: random.Random, _: Sequence[bytes]) -> bytes:
    """A stretch is all zero, or all ones, or noise, or there again and again."""
    start = chance.randrange(len(data))
    stop = min(len(data), start + 2 ** chance.randrange(2, 13))
    how = chance.randrange(4)
    part = data[start:stop]
    new = (b"\0" * len(part), b"\xff" * len(part), chance.randbytes(len(part)), part * chance.randrange(2, 40))[how]
    return data[:start] + new + data[stop:]


MUTATIONS: tuple[Mutation, ...] = (
    *(flipped_bits, flipped_bits, cut_off, swapped_blocks, extreme_field),
    *(extreme_header, extreme_header, nested_boxes, spliced, blanked),
)


def _places(data: bytes, mark: bytes) -> list[int]:
    found, at = [], data.find(mark)
    while at >= 0 and len(found) < 8:
        found.append(at)
        at = data.find(mark, at + 1)
    return found


def references(secret: Path) -> dict[str, bytes]:
    """Files that name another file in place of holding sound and picture, by name."""
    place, name = str(secret), secret.name
    lists = {
        "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{}\n#EXT-X-ENDLIST\n",
        "concat": "ffconcat version 1.0\nfile '{}'\n",
        "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=audio 5004 RTP/AVP 0\na={}\n",
        "dash": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
        'mediaPresentationDuration="PT2S"><Period><AdaptationSet mimeType="video/mp4"><Representation id="1" '
        'bandwidth="1"><BaseURL>{}</BaseURL></Representation></AdaptationSet></Period></MPD>',
        "smil": '<smil><body><video src="{}"/></body></smil>',
    }
    made = {}
    for kind, text in lists.items():
        for how, target in (
            ("name", name),
            ("path", place),
            ("url", f"file://{place}"),
            ("net", "http://127.0.0.1:9/"),
        ):
            for suffix in ("mp4", "mkv", "m3u8"):
                made[f"{kind}-{how}.{suffix}"] = text.format(target).encode()
    return made
