"""The ffmpeg program as a second opinion: it reads what AVSep wrote without any of AVSep's code."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import imageio_ffmpeg
import numpy as np

from engine.types import FloatArray


def decoded(path: Path, channels: int, *, track: int = 0) -> FloatArray:
    """A sound track as ffmpeg decodes it, (n, channels) float32, edit lists and priming applied."""
    command = ["-i", str(path), "-map", f"0:a:{track}", "-f", "f32le", "-"]
    return np.frombuffer(_run(command).stdout, "<f4").reshape(-1, channels)


def loudness(path: Path) -> tuple[float, float]:
    """Integrated loudness in LUFS and true peak in dBTP, by ffmpeg's own meter (EBU R 128)."""
    command = ["-nostats", "-i", str(path), "-map", "0:a:0", "-af", "ebur128=peak=true", "-f", "null", "-"]
    told = _run(command, level="info").stderr.decode().rpartition("Summary:")[2]
    lufs, peak = re.search(r"I:\s+(-?[\d.]+|-inf) LUFS", told), re.search(r"Peak:\s+(-?[\d.]+|-inf) dBFS", told)
    assert lufs is not None and peak is not None, told
    return float(lufs[1]), float(peak[1])


def _run(command: list[str], *, level: str = "error") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-v", level, *command], check=True, capture_output=True)
