"""Pictures of sound for the screen: spectrogram and waveform, at a cost that follows the number of columns."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.fft import rfft

from engine.audio.peaks import BLOCK_SAMPLES, read_peaks
from engine.errors import InputError, UsageError
from engine.types import FloatArray, PcmStore, SpectrogramImage, WaveformPeaks

Scale = Literal["linear", "log", "mel"]

FLOOR_DB = -120.0
# Lower edge of the first row on the logarithmic scale; the other scales begin at 0 Hz.
LOG_LOWEST_HZ = 40.0
# Long enough to part the harmonics of a low voice, short enough to show syllables.
WINDOW_S = 0.04
# Looks per column where a column is longer than a window: enough that a word is not missed, few enough to be quick.
LOOKS_PER_COLUMN = 4
COLUMNS_AT_ONCE = 64
# A column of the waveform with more samples than this is not read whole.
WHOLE_COLUMN_SAMPLES = 8192
STRETCHES_PER_COLUMN = 8
STRETCH_SAMPLES = 1024
# Neighbouring pieces of sound are read at once while that reads no more than this many times what is needed.
MOST_READ_TWICE = 2
MOST_READ_SAMPLES = 1 << 18


def spectrogram(
    sound: PcmStore,
    *,
    start_s: float,
    end_s: float,
    columns: int,
    rows: int,
    max_hz: float = 8000.0,
    scale: Scale = "mel",
) -> SpectrogramImage:
    """Picture of a stretch of sound, channels averaged.

    A full-scale sine reads 0 dB at the centre of a row, on every scale, and within 1.5 dB of that at its edges. Rows
    above half the sample rate and columns beyond the ends of the sound read -120 dB, the floor.

    Args:
        start_s, end_s: what the columns span, edge to edge; may reach beyond the sound.
        columns, rows: size of the picture.
        max_hz: upper edge of the last row.
        scale: spacing of the rows; "log" begins at 40 Hz, the others at 0 Hz.

    Raises:
        UsageError: an empty stretch or picture. InputError: the store's file cannot be read.
    """
    _check(start_s, end_s, columns, rows)
    rate_hz = sound.sample_rate_hz
    n_fft = 1 << max(6, round(math.log2(WINDOW_S * rate_hz)))
    window = np.hanning(n_fft + 1)[:-1].astype(np.float32)
    weights = _row_weights(rows, max_hz, scale, rate_hz, n_fft) / np.square(window.sum() / 2)
    column_s = (end_s - start_s) / columns
    looks = min(LOOKS_PER_COLUMN, max(1, math.floor(column_s * rate_hz / n_fft)))
    level_db = np.empty((rows, columns), np.float32)
    with _Sound(sound) as samples:
        for first in range(0, columns, COLUMNS_AT_ONCE):
            last = min(first + COLUMNS_AT_ONCE, columns)
            places = (np.arange(first * looks, last * looks) + 0.5) / looks  # in columns
            starts = np.round((start_s + places * column_s) * rate_hz).astype(np.int64) - n_fft // 2
            spectrum = rfft(samples.mono_pieces(starts, n_fft) * window, axis=1)  # (N, bins) complex64
            power = np.square(spectrum.real) + np.square(spectrum.imag)
            power = power.reshape(last - first, looks, -1).mean(axis=1)  # (N, bins) -> (columns, bins)
            level_db[:, first:last] = 10 * np.log10(np.maximum(weights @ power.T, 1e-20))
    np.maximum(level_db, FLOOR_DB, out=level_db)
    return SpectrogramImage(level_db, start_s, end_s, max_hz, scale)


def waveform(sound: PcmStore, *, start_s: float, end_s: float, columns: int) -> WaveformPeaks:
    """Lowest and highest sample per column, over all channels; 0 beyond the ends of the sound.

    Columns of up to 8192 samples are looked at whole. Longer ones are as the sound's peaks tell, to the next 1024
    samples; where there are none (a voice), they are looked at in eight evenly spread stretches of 1024 samples.

    Raises:
        UsageError: an empty stretch or picture. InputError: the store's file cannot be read.
    """
    _check(start_s, end_s, columns, 1)
    places = np.linspace(start_s, end_s, columns + 1) * sound.sample_rate_hz
    edges = np.floor(places + 1e-6).astype(np.int64)  # not a sample early for an error in the last digit
    begins = np.clip(edges[:-1], 0, sound.n_samples)
    # Zoomed in beyond single samples, neighbouring columns show the same one.
    ends = np.clip(np.maximum(edges[1:], edges[:-1] + 1), 0, sound.n_samples)
    peaks = np.zeros((2, columns), np.float32)
    has_long = bool(np.any(ends - begins > WHOLE_COLUMN_SAMPLES))
    kept = read_peaks(sound) if has_long else None
    with _Sound(sound) as samples:
        for first, last in _runs(begins, ends):
            if ends[first] - begins[first] <= WHOLE_COLUMN_SAMPLES:
                block = samples.stretch(int(begins[first]), int(ends[last - 1] - begins[first])).ravel()
                starts = (begins[first:last] - begins[first]) * sound.channels
                peaks[0, first:last] = np.minimum.reduceat(block, starts)
                peaks[1, first:last] = np.maximum.reduceat(block, starts)
            elif kept is not None:
                blocks = kept[begins[first] // BLOCK_SAMPLES : -(-ends[first] // BLOCK_SAMPLES)]
                peaks[:, first] = blocks[:, 0].min(), blocks[:, 1].max()
            else:
                starts = np.linspace(begins[first], ends[first] - STRETCH_SAMPLES, STRETCHES_PER_COLUMN)
                block = samples.pieces(starts.astype(np.int64), STRETCH_SAMPLES)
                peaks[:, first] = block.min(), block.max()
    return WaveformPeaks(peaks, start_s, end_s)


def row_edges_hz(rows: int, max_hz: float, scale: Scale) -> NDArray[np.float64]:
    """The frequencies between rows, lowest first, (rows + 1,)."""
    if scale == "linear":
        return np.linspace(0.0, max_hz, rows + 1)
    if scale == "log":
        return np.geomspace(min(LOG_LOWEST_HZ, max_hz / 2), max_hz, rows + 1)
    # Mel scale after O'Shaughnessy, 2595 log10(1 + f / 700).
    top = math.log10(1 + max_hz / 700)
    return 700 * (10 ** np.linspace(0.0, top, rows + 1) - 1)


def _runs(begins: NDArray[np.int64], ends: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Columns of the waveform that are read together, (first, after the last); empty columns are left out."""
    filled = np.flatnonzero(ends > begins)
    first = 0
    while first < len(filled):
        column = int(filled[first])
        last = first + 1
        if ends[column] - begins[column] <= WHOLE_COLUMN_SAMPLES:
            limit = begins[column] + max(MOST_READ_SAMPLES, WHOLE_COLUMN_SAMPLES)
            # Columns that share samples are no run: `reduceat` parts a block at the beginnings.
            while last < len(filled) and ends[filled[last]] <= limit and begins[filled[last]] >= ends[filled[last] - 1]:
                last += 1
        yield column, int(filled[last - 1]) + 1
        first = last


def _mono(sound: FloatArray) -> FloatArray:
    """Channels averaged, (..., channels) -> (...); adding slices is many times as quick as `mean`."""
    mixed = sound[..., 0].copy()
    for channel in range(1, sound.shape[-1]):
        mixed += sound[..., channel]
    return np.divide(mixed, np.float32(sound.shape[-1]), out=mixed)


def _row_weights(rows: int, max_hz: float, scale: Scale, rate_hz: int, n_fft: int) -> FloatArray:
    """How much of each bin's power goes into each row, (rows, bins).

    All of what lies in the row, less and less of the bin on either side, so that a sine between two bins or rows is
    not lost. Each row is scaled to give 1 for a full-scale sine at its centre, whose power the Hann window spreads
    over neighbouring bins.
    """
    edges = row_edges_hz(rows, max_hz, scale) / (rate_hz / n_fft)  # in bins
    centres = (edges[:-1] + edges[1:]) / 2
    halves = np.maximum(np.diff(edges), 1.0) / 2
    bins = np.arange(n_fft // 2 + 1)
    apart = bins - centres[:, None]  # (rows, bins)
    weights = np.clip(1.0 + halves[:, None] - np.abs(apart), 0.0, 1.0)
    response = np.sum(weights * _hann_response(apart) ** 2, axis=1, keepdims=True)
    weights = np.divide(weights, response, out=np.zeros_like(weights), where=response > 0)
    weights[centres > n_fft / 2] = 0.0
    return np.asarray(weights, np.float32)


def _hann_response(bins: NDArray[np.float64]) -> NDArray[np.float64]:
    """Amplitude of a sine so many bins off, relative to its peak, in the spectrum of a Hann window; signed."""
    return np.asarray(np.sinc(bins) + (np.sinc(bins - 1) + np.sinc(bins + 1)) / 2, np.float64)


class _Sound:
    """Random access to a store. Plain reads: page faults of a memory map cost twenty times as much here.

    Raises:
        InputError: the file is missing, or shorter than the store says.
    """

    def __init__(self, store: PcmStore) -> None:
        self.n_samples = store.n_samples
        self._channels = store.channels
        try:
            self._file = store.path.open("rb", buffering=0)
        except OSError as error:
            raise _unreadable(store, f"{type(error).__name__}: {error}") from error
        size = self._file.seek(0, 2)
        if size < store.n_samples * store.channels * 4:
            self._file.close()
            raise _unreadable(store, f"{size} bytes for {store.n_samples} samples")

    def __enter__(self) -> _Sound:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def stretch(self, start: int, length: int) -> FloatArray:
        """Samples from a place on, (length, channels); zeros beyond the ends and where a value is not a number."""
        return np.asarray(self.pieces(np.array([start]), length)[0])

    def pieces(self, starts: NDArray[np.int64], length: int) -> FloatArray:
        """Several stretches, (N, length, channels); zeros as in `stretch`."""
        out = np.zeros((len(starts), length, self._channels), np.float32)
        for piece, start in zip(out, starts.tolist(), strict=True):
            begin, end = max(0, start), min(self.n_samples, start + length)
            if begin < end:
                self._file.seek(begin * self._channels * 4)
                self._file.readinto(piece[begin - start : end - start].data)
        with np.errstate(invalid="ignore", over="ignore"):
            is_sound = np.isfinite(out.sum())  # cheaper than to look at every value
        if not is_sound:
            np.nan_to_num(out, copy=False, posinf=0.0, neginf=0.0)
        return out

    def mono_pieces(self, starts: NDArray[np.int64], length: int) -> FloatArray:
        """Several stretches with channels averaged, (N, length); `starts` increase."""
        first, whole = int(starts[0]), int(starts[-1] - starts[0]) + length
        if whole > MOST_READ_TWICE * len(starts) * length:
            return _mono(self.pieces(starts, length))
        together = np.lib.stride_tricks.sliding_window_view(_mono(self.stretch(first, whole)), length)
        return np.asarray(together[starts - first])


def _unreadable(store: PcmStore, details: str) -> InputError:
    return InputError(
        f"The decoded sound “{store.path.name}” is missing or incomplete.", "Open the video again.", details=details
    )


def _check(start_s: float, end_s: float, columns: int, rows: int) -> None:
    if not (math.isfinite(start_s) and math.isfinite(end_s) and start_s < end_s):
        raise UsageError(f"The stretch from {start_s} s to {end_s} s is empty.", "Choose an end after the start.")
    if columns < 1 or rows < 1:
        raise UsageError(f"A picture of {columns} x {rows} points is empty.", "Ask for at least one column and row.")
