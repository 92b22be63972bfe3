"""`--loudness`: the voice is as loud as was asked, by another program's meter, and its peaks stay below full scale."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from engine.export.levels import PEAK_LIMIT_DBTP
from engine.types import FloatArray
from tests.guarantees.command import avsep
from tests.guarantees.ffmpeg import loudness
from tests.guarantees.finding import Finding, Scope
from tests.guarantees.inputs import Film, babble, cast, make
from tests.helpers.media_files import Picture, Sound

SECONDS = 4.0
TARGETS_LUFS = (-30.0, -23.0, -20.0)
LOUD_LUFS = -3.0  # more than the peaks allow
TOLERANCE_LU, TOLERANCE_DB = 0.1, 0.1
KINDS = [(rate, "mono") for rate in (8_000, 16_000, 44_100, 48_000, 96_000, 192_000)]
KINDS += [(48_000, "stereo"), (44_100, "stereo"), (48_000, "quad"), (48_000, "5.0"), (48_000, "5.1")]
# Not 7.1: BS.1770 counts the channels at the back once, ffmpeg 1.41 times like those at the side.


def asked_loudness(scope: Scope) -> list[Finding]:
    """Loudness and true peak of voices at many rates and layouts."""
    exact = Finding("`--loudness`: within 0.1 LU of what was asked, by ffmpeg's meter")
    safe = Finding(f"`--loudness`: no true peak above {PEAK_LIMIT_DBTP:g} dBTP, within 0.1 dB, by ffmpeg's meter")
    off, peaks = [0.0], [-200.0]
    for rate, layout in [(44_100, "mono"), (48_000, "5.1")] if scope.short else KINDS:
        name = f"{rate} Hz {layout}"
        stream = Sound(rate, layout, samples=_speech_like(rate, Sound(layout=layout).channels))
        film = Film(name, ".mkv", Picture(duration_s=SECONDS), (stream,), cast(1))
        source = make(scope.folder, film).path
        for target in TARGETS_LUFS[-1:] if scope.short else TARGETS_LUFS:
            lufs, peak = _written(source, target, scope.folder / f"{name} {target:g}.wav")
            off.append(abs(lufs - target))
            exact.case(f"{name} at {target:g} LUFS", None if off[-1] <= TOLERANCE_LU else f"{lufs:.2f} LUFS")
            peaks.append(peak)
            safe.case(f"{name} at {target:g} LUFS", _too_high(peak))
        _, peak = _written(source, LOUD_LUFS, scope.folder / f"{name} loud.wav")
        peaks.append(peak)
        safe.case(f"{name} at {LOUD_LUFS:g} LUFS", _too_high(peak))
    exact.worst, safe.worst = f"{max(off):.3f} LU", f"{max(peaks):.2f} dBTP"
    return [exact, safe]


def _speech_like(rate_hz: int, channels: int) -> FloatArray:
    """Babble with little above 4 kHz, whose peaks are low enough for -20 LUFS."""
    spectrum = np.fft.rfft(babble(rate_hz, channels, SECONDS), axis=0)
    hz = np.fft.rfftfreq(round(SECONDS * rate_hz), 1 / rate_hz)
    spectrum /= np.sqrt(1 + (hz / 800) ** 4)[:, None]
    return np.fft.irfft(spectrum, round(SECONDS * rate_hz), axis=0).astype(np.float32)


def _written(source: Path, target: float, path: Path) -> tuple[float, float]:
    """What ffmpeg measures on a voice; it is the whole sound here, so that it is no noise of a model."""
    wanted = ["--person", "1", "--model", "tiny", "--mix-back", "1", "--loudness", f"{target:g}"]
    answer = avsep("separate", source, *wanted, "-o", path)
    assert not answer.exit_code, answer.trouble()
    return loudness(path)


def _too_high(peak_db: float) -> str | None:
    return f"{peak_db:.2f} dBTP" if peak_db > PEAK_LIMIT_DBTP + TOLERANCE_DB else None
