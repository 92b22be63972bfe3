"""Synthetic speech with the times of its sounds, and its place in a room. Needs the program `flite`."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray
from scipy.signal import fftconvolve, resample_poly

FloatArray = NDArray[np.float32]
FLITE_RATE_HZ = 16000


@dataclass(frozen=True)
class Phone:
    """One speech sound, flite's US English name ("pau" is a pause)."""

    name: str
    start_s: float
    end_s: float


@dataclass(frozen=True)
class Speech:
    """A spoken sentence: mono float32, its rate, its sounds in order."""

    samples: FloatArray
    sample_rate_hz: int
    phones: tuple[Phone, ...]

    @property
    def spoken_s(self) -> tuple[float, float]:
        """Where speech begins and ends, without the pauses around it."""
        voiced = [p for p in self.phones if p.name != "pau"]
        return voiced[0].start_s, voiced[-1].end_s


def speak(text: str, voice: str, *, sample_rate_hz: int = 48000, stretch: float = 1.0) -> Speech:
    """Say one sentence.

    Args:
        text: a single sentence (flite restarts its clock after a full stop).
        voice: "slt" (female), "rms", "awb" (male).
        stretch: above 1 speaks slower.

    Raises:
        RuntimeError: flite is not installed or failed.
    """
    if shutil.which("flite") is None:
        raise RuntimeError("flite was not found. Install it (Debian: apt install flite).")
    with tempfile.TemporaryDirectory() as folder:
        wav = Path(folder) / "speech.wav"
        command = [
            "flite",
            "-voice",
            voice,
            "--setf",
            f"duration_stretch={stretch}",
            "-psdur",
            "-t",
            text,
            "-o",
            str(wav),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"flite failed with code {done.returncode}: {done.stderr.strip()}")
        samples, rate = soundfile.read(wav, dtype="float64")
    phones, start = [], 0.0
    for word in done.stdout.split():
        name, _, end = word.rpartition(":")
        if float(end) < start:
            raise RuntimeError(f"flite took {text!r} for several sentences. Speak them one by one.")
        phones.append(Phone(name, start, float(end)))
        start = float(end)
    wide = resample_poly(samples, sample_rate_hz, rate)
    return Speech(wide.astype(np.float32), sample_rate_hz, tuple(phones))


def lay_out(lines: list[tuple[float, Speech]], n_samples: int) -> FloatArray:
    """One mono track, (n_samples,), with each speech at its start time in seconds; loudness -23 dBFS while speaking."""
    track = np.zeros(n_samples, np.float64)
    spoken = []
    for start_s, speech in lines:
        at = round(start_s * speech.sample_rate_hz)
        if at + len(speech.samples) > n_samples:
            raise ValueError(f"The line at {start_s} s ends after the clip.")
        track[at : at + len(speech.samples)] += speech.samples
        begin, end = (round(s * speech.sample_rate_hz) for s in speech.spoken_s)
        spoken.append(speech.samples[begin:end])
    level = np.sqrt(np.mean(np.square(np.concatenate(spoken).astype(np.float64))))
    return np.asarray(track * (10 ** (-23 / 20) / level), np.float32)


def place_in_room(mono: FloatArray, pan: float, *, sample_rate_hz: int, seed: int) -> FloatArray:
    """Put a voice into the stereo picture of a small furnished room.

    Args:
        mono: (T,) float32.
        pan: -1 left to 1 right; sets level (constant power) and arrival time (up to 0.5 ms) of each side.

    Returns:
        (T, 2) float32: direct sound plus a weak reverberation of 0.2 s, its start on the same sample as `mono`.
    """
    rng = np.random.default_rng(seed)
    angle = (pan + 1.0) * np.pi / 4
    length = round(0.2 * sample_rate_hz)
    decay = 10 ** (-3.0 * np.arange(length) / length)
    sides = []
    for gain, late_s in ((np.cos(angle), max(0.0, pan) * 5e-4), (np.sin(angle), max(0.0, -pan) * 5e-4)):
        room = rng.standard_normal(length) * decay
        room[: round(0.006 * sample_rate_hz)] = 0.0  # the first reflection travels 2 m further
        room *= 0.16 / np.sqrt(np.sum(room**2))
        room[round(late_s * sample_rate_hz)] += gain * np.sqrt(2.0)
        sides.append(fftconvolve(mono, room)[: len(mono)])
    return np.stack(sides, 1).astype(np.float32)


def room_tone(n_samples: int, *, sample_rate_hz: int, seed: int, level_db: float = -68.0) -> FloatArray:
    """Quiet air of a room, (n_samples, 2): noise that falls by 6 dB per octave above 200 Hz."""
    rng = np.random.default_rng(seed)
    spectrum = np.fft.rfft(rng.standard_normal((n_samples, 2)), axis=0)
    hz = np.fft.rfftfreq(n_samples, 1 / sample_rate_hz)
    spectrum *= (hz / (hz + 40.0) / np.sqrt(1.0 + (hz / 200.0) ** 2))[:, None]
    noise = np.fft.irfft(spectrum, n_samples, axis=0)
    return np.asarray(noise * (10 ** (level_db / 20) / np.sqrt(np.mean(noise**2))), np.float32)
