"""Checks on what was written: do voice and everyone else give the source, and is every sample in its place."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
from scipy.fft import ifft, irfft, next_fast_len, rfft

from engine import api
from engine.errors import InputError, OutputError
from engine.export.mix import Mix
from engine.jobs import CancelToken
from engine.types import FloatArray

Reader = Callable[[int, int], FloatArray]
"""Gives the samples between two positions, (n, channels) float32."""

FLOOR_DBFS = -200.0
WINDOW_SAMPLES = 1 << 16
LARGEST_LAG_SAMPLES = 1 << 14
MOST_WINDOWS = 16
# Frequencies weaker than this, against the strongest, are noise of the encoder.
SPECTRUM_FLOOR = 1e-5
# Peaks as near as this are the same: a pure tone fits everywhere, and the middle is meant then.
EQUAL_PEAKS = 1 - 1e-6


@contextmanager
def open_sound(path: Path, mix: Mix) -> Iterator[Reader]:
    """Open a written WAV or FLAC file for reading back.

    Raises:
        OutputError: it cannot be read, or its rate, channels or length are not the source's.
    """
    import soundfile

    try:
        file = soundfile.SoundFile(path)
    except (OSError, soundfile.SoundFileError) as error:
        raise _unreadable(path, str(error)) from error
    with file:
        _check_shape(path, (file.samplerate, file.channels, file.frames), _shape(mix))

        def read(start: int, stop: int) -> FloatArray:
            file.seek(start)
            block: FloatArray = file.read(stop - start, dtype="float32", always_2d=True)
            return block

        yield read


@contextmanager
def open_encoded(
    path: Path, mix: Mix, cancel: CancelToken, *, span: tuple[int, int] | None = None
) -> Iterator[tuple[Reader | None, str]]:
    """Decode the first sound track of a written file for reading back.

    The reader counts samples of the source, and is silent outside `span`, the first and last of them that the file
    holds; None is all.

    Gives a reader, or None where there is nothing to compare (no space to decode, or another sample rate), and a
    sentence about what does not hold, or "".

    Raises:
        OutputError: it cannot be decoded, or has other channels than the source.
    """
    try:
        store = api.decode_audio(path, cancel=cancel)
    except InputError as error:
        raise _unreadable(path, str(error)) from error
    except OutputError as error:
        yield None, f"“{path.name}” is complete but could not be checked: {error.message}"
        return
    try:
        if store.sample_rate_hz != mix.source.sample_rate_hz:
            yield None, ""
            return
        found = (store.sample_rate_hz, store.channels, mix.source.n_samples)
        _check_shape(path, found, _shape(mix))
        begin, end = span or (0, mix.source.n_samples)
        missing = end - begin - store.n_samples
        note = f"“{path.name}” is {abs(missing)} samples {'short' if missing > 0 else 'long'}." if missing else ""

        def read(start: int, stop: int) -> FloatArray:
            first, last = max(0, start - begin), max(0, stop - begin)
            block = np.array(store.open()[first:last])
            before = min(max(0, begin - start), stop - start)
            return np.pad(block, ((before, stop - start - before - len(block)), (0, 0)))

        yield read, note
    finally:
        shutil.rmtree(store.path.parent, ignore_errors=True)  # nobody asks the cache for it again


def null_test_db(mix: Mix, voices: list[Reader], rest: Reader, *, on_block: Callable[[int], None]) -> float:
    """Largest residual of voices + everyone else - source, in dBFS, floored at -200.

    Gains are undone first, and what a mix-back adds to several voices is taken off, see `Mix`.

    Args:
        voices: one per voice of the mix, with its gain, as in the files.
        rest: everyone else.
        on_block: called with the number of samples done; may raise to stop.
    """
    largest = 0.0
    for start, stop in mix.spans():
        residual = rest(start, stop).astype(np.float64) - mix.original(start, stop) - mix.overlap(start, stop)
        for voice, gain in zip(voices, mix.gains, strict=True):
            residual += voice(start, stop).astype(np.float64) / gain
        largest = max(largest, float(np.abs(residual).max(initial=0.0)))
        on_block(stop)
    return max(FLOOR_DBFS, 20 * math.log10(largest)) if largest > 0 else FLOOR_DBFS


def offset_samples(measured: Reader, mix: Mix, *, on_block: Callable[[int], None]) -> int | None:
    """How many samples a sound is late against the source (early: negative).

    Where the plain cross-correlation peaks at 0, that is the answer. Otherwise the phases decide, by generalised
    cross-correlation with phase transform: every frequency that both hold counts alike, so that the pitch of a voice
    does not mislead. The loudest windows are looked at, at most 16: the cost does not follow the length.

    Returns:
        The offset, within 16384 samples; None where the sound is silent.

    Source: Knapp and Carter, "The generalized correlation method for estimation of time delay", IEEE TASSP 24(4), 1976.

    Differs: phases are doubled and the envelope is taken, because a model may turn the sign of single frequencies or
    the phase of all: neither moves the voice in time, but either would move the peak.
    """
    spectrum_length = next_fast_len(WINDOW_SAMPLES + 2 * LARGEST_LAG_SAMPLES, real=True)
    total = np.zeros(spectrum_length // 2 + 1, np.complex128)
    for start in _loudest_windows(measured, mix):
        stop = min(start + WINDOW_SAMPLES, mix.source.n_samples)
        window = rfft(measured(start, stop), spectrum_length, axis=0)
        context = rfft(_with_margin(mix, start, stop), spectrum_length, axis=0)
        total += (np.conj(window) * context).sum(axis=1)
        on_block(stop)
    plain = irfft(total, spectrum_length)[: 2 * LARGEST_LAG_SAMPLES + 1]
    if plain[LARGEST_LAG_SAMPLES] > 0 and plain[LARGEST_LAG_SAMPLES] >= plain.max() * EQUAL_PEAKS:
        return 0
    magnitude = np.abs(total)
    heard = magnitude > SPECTRUM_FLOOR * magnitude.max()
    if not heard.any():
        return None
    # Positive frequencies alone give the analytic signal. Entry 2 k: the source k - LARGEST_LAG_SAMPLES samples later.
    one_sided = np.zeros(spectrum_length, np.complex128)
    one_sided[: len(total)][heard] = (total[heard] / magnitude[heard]) ** 2
    envelope = np.abs(ifft(one_sided))[: 4 * LARGEST_LAG_SAMPLES + 1]
    return LARGEST_LAG_SAMPLES - round(int(np.argmax(envelope)) / 2)


def total_of(readers: list[Reader]) -> Reader:
    """The sum of several sounds."""

    def read(start: int, stop: int) -> FloatArray:
        total = readers[0](start, stop).copy()
        for reader in readers[1:]:
            total += reader(start, stop)
        return total

    return read


def open_sounds(paths: list[Path], mix: Mix, stack: ExitStack) -> list[Reader]:
    """Open several files with `open_sound`, for as long as `stack` lives."""
    return [stack.enter_context(open_sound(path, mix)) for path in paths]


def _shape(mix: Mix) -> tuple[int, int, int]:
    return mix.source.sample_rate_hz, mix.source.channels, mix.source.n_samples


def _check_shape(path: Path, found: tuple[int, ...], expected: tuple[int, ...]) -> None:
    if found != expected:
        raise OutputError(
            f"“{path.name}” has (rate, channels, samples) {found} instead of {expected}.",
            "Choose another format, and report this as a fault of AVSep.",
        )


def _unreadable(path: Path, details: str) -> OutputError:
    return OutputError(f"“{path.name}” was written but cannot be read back.", "Check the disk.", details=details)


def _loudest_windows(measured: Reader, mix: Mix) -> list[int]:
    """First samples of the windows with most energy; silent ones are left out."""
    energies = []
    for start in range(0, mix.source.n_samples, WINDOW_SAMPLES):
        block = measured(start, min(start + WINDOW_SAMPLES, mix.source.n_samples))
        energies.append((float(np.square(block, dtype=np.float64).sum()), start))
    loudest = sorted(energies, reverse=True)[:MOST_WINDOWS]
    return sorted(start for energy, start in loudest if energy > 0)


def _with_margin(mix: Mix, start: int, stop: int) -> FloatArray:
    """The source from LARGEST_LAG_SAMPLES before `start` to as many after `stop`, zeros beyond the ends."""
    first, last = start - LARGEST_LAG_SAMPLES, stop + LARGEST_LAG_SAMPLES
    inside = mix.original(max(0, first), min(last, mix.source.n_samples))
    padding = ((max(0, -first), max(0, last - mix.source.n_samples)), (0, 0))
    return np.pad(inside, padding)
