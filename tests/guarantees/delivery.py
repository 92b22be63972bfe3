"""Delivery: every format at every rate and layout, sample for sample, read back by a program that is not ours."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import numpy as np

from engine import api
from engine.media.encode import OPUS_RATES_HZ
from engine.types import FloatArray
from tests.guarantees.boxes import tracks
from tests.guarantees.command import avsep
from tests.guarantees.ffmpeg import decoded
from tests.guarantees.finding import Finding, Scope
from tests.guarantees.inputs import AAC_RUN_IN, Film, cast, make, sound
from tests.helpers.media_files import lag_of, packet_hashes

RATES_HZ = (8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000, 88_200, 96_000, 176_400, 192_000)
LAYOUTS = ("mono", "stereo", "2.1", "quad", "5.0", "5.1", "7.1")
LOSSLESS = {"wav": -120.0, "flac": 20 * math.log10(2.0**-23)}  # the largest null; one step of 24 bit
LOSSY = ("m4a", "opus")
VIDEOS = ("mp4", "mov", "mkv")


@dataclass
class _Table:
    """The rows that formats fill."""

    null: Finding = field(default_factory=lambda: Finding("WAV and FLAC: voices + rest = original, read by ffmpeg"))
    length: Finding = field(default_factory=lambda: Finding("Any format, 8 to 192 kHz, 1 to 8 channels: exact length"))
    place: Finding = field(default_factory=lambda: Finding("Any format: the voice lies where it lies in WAV"))
    edits: Finding = field(default_factory=lambda: Finding("MP4, MOV, M4A: run-in hidden, edit lists to the sample"))
    picture: Finding = field(default_factory=lambda: Finding("The picture's packets are copied bit for bit"))
    null_db: dict[str, float] = field(default_factory=dict)
    offset: int = 0


def any_format(scope: Scope) -> list[Finding]:
    """Every format from sources of many rates and layouts."""
    kinds = [(rate, layout) for rate in RATES_HZ for layout in ("mono", "stereo")]
    kinds += [(rate, layout) for rate in (48_000, 96_000) for layout in LAYOUTS[2:]] + [
        (192_000, "5.1"),
        (8_000, "5.1"),
    ]
    table = _Table()
    for rate, layout in [(44_100, "mono"), (48_000, "5.1")] if scope.short else kinds:
        name = f"{rate} Hz {layout}"
        source = make(scope.folder, Film(name, ".mkv", sounds=(sound(rate, layout),), cast=cast(1))).path
        _one_source(table, name, source, scope.folder / f"{name} out")
    table.null.worst = ", ".join(f"{format_} {db:.0f} dBFS" for format_, db in table.null_db.items())
    table.place.worst = f"{table.offset} samples"
    return [table.null, table.length, table.place, table.edits, table.picture]


def _one_source(table: _Table, name: str, source: Path, out: Path) -> None:
    original = np.array(api.decode_audio(source).open())
    out.mkdir()
    for format_, limit_db in LOSSLESS.items():
        folder = out / format_
        answer = avsep("separate", source, "--person", "1", "--model", "tiny", "--format", format_, "-o", folder)
        if answer.exit_code:
            table.null.case(f"{format_} of {name}", answer.trouble())
            continue
        parts = [decoded(path, original.shape[1]) for path in sorted(folder.glob(f"*.{format_}"))]
        lengths = {len(part) for part in parts}
        table.length.case(
            f"{format_} of {name}", None if lengths == {len(original)} else f"{lengths}, not {len(original)}"
        )
        if lengths == {len(original)}:
            residual = sum(part.astype(np.float64) for part in parts) - original
            null_db = 20 * math.log10(float(np.abs(residual).max()) or 1e-10)
            table.null_db[format_] = max(null_db, table.null_db.get(format_, -200.0))
            table.null.case(f"{format_} of {name}", None if null_db <= limit_db + 0.1 else f"{null_db:.1f} dBFS")
    for format_ in (*LOSSY, *VIDEOS):
        _one_format(table, f"{format_} of {name}", source, original, out / f"all.{format_}")


def _one_format(table: _Table, name: str, source: Path, original: FloatArray, path: Path) -> None:
    """A compressed voice or a video. The voice is the whole sound here, so that there is much to compare."""
    rate_hz, format_ = api.probe(source).audio[0].sample_rate_hz, path.suffix[1:]
    wanted = ["separate", source, "--person", "1", "--model", "tiny", "--mix-back", "1", "-o", path]
    answer = avsep(*wanted)
    if answer.exit_code:
        refused = answer.error.get("code") == "usage" and answer.exit_code == 2 and bool(answer.error["remedy"])
        table.length.case(name, None if refused and original.shape[1] > 2 else answer.trouble())
        return
    found = decoded(path, original.shape[1])
    new_rate_hz = 48_000 if format_ == "opus" and rate_hz not in OPUS_RATES_HZ else rate_hz
    length = _resampled(len(original), rate_hz, new_rate_hz)
    read_hz = 48_000 if format_ == "opus" else new_rate_hz  # decoders of Opus give 48 kHz
    length = _resampled(length, new_rate_hz, read_hz)
    table.length.case(name, None if len(found) == length else f"{len(found)} samples, not {length}")
    if read_hz == rate_hz:
        offset = lag_of(np.asarray(found[:, 0]), original[:, 0])
        table.offset = max(table.offset, abs(offset))
        table.place.case(name, f"{offset} samples late" if offset else None)
    if format_ in VIDEOS:
        same = [content for content, _ in packet_hashes(source)] == [content for content, _ in packet_hashes(path)]
        table.picture.case(name, None if same else "packets differ")
    if format_ in ("mp4", "mov", "m4a"):
        table.edits.case(name, _edits(path, rate_hz, len(original)))


def _resampled(n_samples: int, from_hz: int, to_hz: int) -> int:
    return -(-n_samples * to_hz // from_hz)


def _edits(path: Path, rate_hz: int, n_samples: int) -> str | None:
    """What is wrong with the first sound track's edit list."""
    track = next(track for track in tracks(path) if track.kind == "soun")
    codec = api.probe(path).audio[0].codec
    hidden = Fraction(AAC_RUN_IN if codec == "aac" else 0, rate_hz)
    if (track.waits_s, track.skipped_s) != (0, hidden):
        return f"{codec}: waits {float(track.waits_s)} s, hides {float(track.skipped_s * rate_hz)} samples"
    plays = track.plays_s * rate_hz
    return None if plays == n_samples else f"{codec}: plays {float(plays)} samples, not {n_samples}"
