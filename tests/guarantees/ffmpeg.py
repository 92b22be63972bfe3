"""The ffmpeg program as a second opinion: it reads what AVSep wrote without any of AVSep's code."""

from __future__ import annotations

import math
import subprocess
from pathlib import Path

import imageio_ffmpeg
import numpy as np

from engine.types import FloatArray


def decoded(path: Path, channels: int, *, track: int = 0) -> FloatArray:
    """A sound track as ffmpeg decodes it, (n, channels) float32, edit lists and priming applied."""
    command = ["-i", str(path), "-map", f"0:a:{track}", "-f", "f32le", "-"]
    return np.frombuffer(_run(command).stdout, "<f4").reshape(-1, channels)


def pictures_sum(path: Path) -> bytes:
    """A sum over all pictures of a film, decoded."""
    return _run(["-i", str(path), "-map", "0:v:0", "-f", "md5", "-"]).stdout


def loudness(path: Path) -> tuple[float, float]:
    """Integrated loudness in LUFS and true peak in dBTP, by ffmpeg's own meter (EBU R 128)."""
    meter = "ebur128=metadata=1:peak=true,ametadata=print:file=-"
    told = _run(["-i", str(path), "-map", "0:a:0", "-af", meter, "-f", "null", "-"]).stdout.decode()
    values: dict[str, float] = {}
    for line in told.splitlines():
        key, equals, value = line.partition("=")
        if equals and key.startswith("lavfi.r128."):
            values[key] = float(value)  # the last one is that of the whole file
    peak = max(value for key, value in values.items() if ".true_peaks_ch" in key)
    return values["lavfi.r128.I"], 20 * math.log10(peak)


def _run(command: list[str], *, level: str = "error") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-v", level, *command], check=True, capture_output=True)
