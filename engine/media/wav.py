"""WAV files, written sample for sample: 32-bit float, 24 or 16 bit; RF64 (EBU Tech 3306) beyond 4 GiB.

With a stamp they are Broadcast Wave files (EBU Tech 3285, version 1).
"""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
from av.audio.layout import AudioLayout

from engine.jobs import CancelToken, Progress, ProgressCallback
from engine.media.tracks import SampleFormat, SoundTrack, Stamp, checked_blocks, quantised
from engine.types import FloatArray

STAGE = "Writing the sound"
BYTES_PER_SAMPLE: dict[SampleFormat, int] = {"f32": 4, "s24": 3, "s16": 2}
RIFF_LIMIT_BYTES = 2**32 - 2**16
PCM, IEEE_FLOAT, EXTENSIBLE = 1, 3, 0xFFFE
SUBFORMAT_TAIL = bytes.fromhex("000000001000800000AA00389B71")
# Bits of dwChannelMask, in FFmpeg's names.
SPEAKERS = ("FL", "FR", "FC", "LFE", "BL", "BR", "FLC", "FRC", "BC", "SL", "SR", "TC")


def write_wav(
    path: Path, track: SoundTrack, sample_format: SampleFormat, on_progress: ProgressCallback, cancel: CancelToken
) -> None:
    """Write a whole WAV file.

    Raises:
        OSError: the file cannot be written.
    """
    with path.open("wb") as file:
        file.write(header(track, sample_format))
        done = 0
        for block in checked_blocks(track):
            cancel.checkpoint()
            file.write(_encoded(block, sample_format))
            done += len(block)
            on_progress(Progress(STAGE, done, track.n_samples))
        if _data_bytes(track, sample_format) % 2:
            file.write(b"\0")


def header(track: SoundTrack, sample_format: SampleFormat) -> bytes:
    """Everything before the first sample."""
    data_bytes = _data_bytes(track, sample_format)
    body = _chunk(b"fmt ", _format(track, sample_format)) + _chunk(b"fact", _u32(track.n_samples))
    if track.stamp is not None:
        body += _chunk(b"bext", _broadcast(track.title, track.stamp))
    riff_bytes = 4 + len(body) + 8 + data_bytes + data_bytes % 2
    if riff_bytes <= RIFF_LIMIT_BYTES:
        return b"RIFF" + _u32(riff_bytes) + b"WAVE" + body + b"data" + _u32(data_bytes)
    sizes = struct.pack("<QQQI", riff_bytes + 36, data_bytes, track.n_samples, 0)
    return b"RF64" + _u32(2**32 - 1) + b"WAVE" + _chunk(b"ds64", sizes) + body + b"data" + _u32(2**32 - 1)


def _format(track: SoundTrack, sample_format: SampleFormat) -> bytes:
    width = BYTES_PER_SAMPLE[sample_format]
    code = IEEE_FLOAT if sample_format == "f32" else PCM
    frame_bytes = width * track.channels
    plain = track.channels <= 2
    base = struct.pack(
        "<HHIIHH",
        code if plain else EXTENSIBLE,
        track.channels,
        track.sample_rate_hz,
        track.sample_rate_hz * frame_bytes,
        frame_bytes,
        width * 8,
    )
    if plain:
        return base if code == PCM else base + struct.pack("<H", 0)
    return base + struct.pack("<HHIH", 22, width * 8, _speaker_mask(track), code) + SUBFORMAT_TAIL


def _broadcast(title: str, stamp: Stamp) -> bytes:
    """The broadcast extension; its last field, the coding history, is empty."""
    return struct.pack(
        "<256s32s32s10s8sQH64s190s",
        _ascii(title, 256),
        b"AVSep",
        b"",
        _ascii(stamp.date, 10),
        _ascii(stamp.time, 8),
        stamp.samples,
        1,
        b"",
        b"",
    )


def _ascii(text: str, length: int) -> bytes:
    return text.encode("ascii", "replace")[:length]


def _speaker_mask(track: SoundTrack) -> int:
    try:
        names = [channel.name for channel in AudioLayout(track.layout).channels]
    except ValueError:
        return 0
    mask = sum(1 << SPEAKERS.index(name) for name in names if name in SPEAKERS)
    return mask if mask.bit_count() == track.channels else 0


def _encoded(block: FloatArray, sample_format: SampleFormat) -> bytes:
    if sample_format == "f32":
        return block.astype("<f4", copy=False).tobytes()
    if sample_format == "s16":
        return quantised(block, 16).astype("<i2").tobytes()
    return quantised(block, 24).astype("<i4").view(np.uint8).reshape(-1, 4)[:, :3].tobytes()


def _data_bytes(track: SoundTrack, sample_format: SampleFormat) -> int:
    return track.n_samples * track.channels * BYTES_PER_SAMPLE[sample_format]


def _chunk(name: bytes, content: bytes) -> bytes:
    return name + _u32(len(content)) + content


def _u32(value: int) -> bytes:
    return struct.pack("<I", min(value, 2**32 - 1))
