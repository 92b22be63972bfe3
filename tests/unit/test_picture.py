"""Spectrogram and waveform: calibration, edges, and a cost that does not follow the length."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from engine.audio.picture import FLOOR_DB, Scale, row_edges_hz, spectrogram, waveform
from engine.errors import InputError, UsageError
from engine.types import FloatArray, PcmStore

ROWS = 200


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def stored(folder: Path, samples: FloatArray, rate_hz: int) -> PcmStore:
    path = folder / "sound.f32"
    samples.astype("<f4").tofile(path)
    return PcmStore(path, rate_hz, samples.shape[1], len(samples), "mono" if samples.shape[1] == 1 else "stereo")


def sine(frequency_hz: float, rate_hz: int, length_s: float = 1.0) -> FloatArray:
    times = np.arange(round(rate_hz * length_s)) / rate_hz
    return np.sin(2 * np.pi * frequency_hz * times).astype(np.float32)[:, None]


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 44_100, 48_000, 192_000])
@pytest.mark.parametrize("scale", ["linear", "log", "mel"])
@pytest.mark.parametrize("row", [60, 120, 180])
def test_full_scale_sine_reads_0_db_in_its_row(folder: Path, rate_hz: int, scale: Scale, row: int) -> None:
    max_hz = min(8_000.0, rate_hz / 2)
    edges = row_edges_hz(ROWS, max_hz, scale)
    sound = stored(folder, sine((edges[row] + edges[row + 1]) / 2, rate_hz), rate_hz)
    image = spectrogram(sound, start_s=0.2, end_s=0.8, columns=20, rows=ROWS, max_hz=max_hz, scale=scale)
    assert image.level_db.shape == (ROWS, 20)
    assert image.level_db.dtype == np.float32
    # Rows narrower than a bin share it with their neighbours.
    assert abs(int(image.level_db.mean(axis=1).argmax()) - row) <= 1
    np.testing.assert_allclose(image.level_db[row], 0.0, atol=0.2)


@pytest.mark.parametrize("scale", ["linear", "log", "mel"])
@pytest.mark.parametrize("frequency_hz", [63.0, 110.0, 237.5, 517.3, 1_003.0, 2_931.0, 6_011.0])
@pytest.mark.parametrize("rows", [32, 128])
def test_a_sine_anywhere_reads_its_level_in_the_row_that_holds_it(
    folder: Path, frequency_hz: float, scale: Scale, rows: int
) -> None:
    sound = stored(folder, sine(frequency_hz, 48_000) * np.float32(0.1), 48_000)
    image = spectrogram(sound, start_s=0.2, end_s=0.8, columns=4, rows=rows, scale=scale)
    row = int(np.searchsorted(row_edges_hz(rows, 8_000, scale), frequency_hz)) - 1
    np.testing.assert_allclose(image.level_db[row], -20.0, atol=1.5)


def test_level_follows_amplitude(folder: Path) -> None:
    edges = row_edges_hz(ROWS, 8_000, "mel")
    frequency_hz = (edges[100] + edges[101]) / 2
    sound = stored(folder, sine(frequency_hz, 48_000) * np.float32(0.01), 48_000)
    image = spectrogram(sound, start_s=0.2, end_s=0.8, columns=10, rows=ROWS)
    np.testing.assert_allclose(image.level_db[100], -40.0, atol=0.2)


def test_row_order_and_edges() -> None:
    assert row_edges_hz(4, 8_000, "linear").tolist() == [0, 2_000, 4_000, 6_000, 8_000]
    np.testing.assert_allclose(row_edges_hz(2, 8_000, "mel")[[0, 2]], [0, 8_000], atol=1e-6)
    # O'Shaughnessy's scale puts 1000 Hz at 1000 mel.
    np.testing.assert_allclose(row_edges_hz(2, 700 * (10 ** (2000 / 2595) - 1), "mel")[1], 1_000, rtol=1e-3)
    log = row_edges_hz(3, 8_000, "log")
    np.testing.assert_allclose(log[1:] / log[:-1], (8_000 / 40) ** (1 / 3))


def test_silence_and_what_lies_outside_are_the_floor(folder: Path) -> None:
    noise = np.random.default_rng(1).standard_normal((16_000, 1)).astype(np.float32)
    sound = stored(folder, noise, 16_000)
    image = spectrogram(sound, start_s=-1.0, end_s=2.0, columns=30, rows=40)
    assert np.all(image.level_db[:, :9] == FLOOR_DB)
    assert np.all(image.level_db[:, 21:] == FLOOR_DB)
    assert np.all(image.level_db[:, 11:19] > -80)
    assert (image.start_s, image.end_s) == (-1.0, 2.0)


def test_rows_above_half_the_rate_are_the_floor(folder: Path) -> None:
    sound = stored(folder, np.random.default_rng(1).standard_normal((8_000, 1)).astype(np.float32), 8_000)
    image = spectrogram(sound, start_s=0.2, end_s=0.8, columns=4, rows=80, max_hz=8_000, scale="linear")
    assert np.all(image.level_db[41:] == FLOOR_DB)
    assert np.all(image.level_db[:39] > -80)


def test_channels_are_averaged(folder: Path) -> None:
    tone = sine(1_000, 48_000)
    opposite = stored(folder, np.hstack([tone, -tone]), 48_000)
    assert spectrogram(opposite, start_s=0.2, end_s=0.8, columns=4, rows=40).level_db.max() < -110


def test_event_stands_in_its_column_at_every_zoom(folder: Path) -> None:
    samples = np.zeros((480_000, 1), np.float32)
    samples[240_000:241_920] = np.random.default_rng(1).standard_normal((1_920, 1)) * 0.5  # 40 ms at 5.00 s
    sound = stored(folder, samples, 48_000)
    for start_s, end_s in [(0, 10), (4, 6), (4.9, 5.1)]:
        image = spectrogram(sound, start_s=start_s, end_s=end_s, columns=100, rows=32)
        column = int(image.level_db.mean(axis=0).argmax())
        centre_s = start_s + (column + 0.5) * (end_s - start_s) / 100
        assert abs(centre_s - 5.02) < max(0.06, (end_s - start_s) / 100)


def test_not_a_number_does_not_spread(folder: Path) -> None:
    samples = sine(1_000, 16_000)
    samples[8_000] = np.nan
    samples[8_001] = np.inf
    sound = stored(folder, samples, 16_000)
    assert np.all(np.isfinite(spectrogram(sound, start_s=0, end_s=1, columns=50, rows=32).level_db))
    assert np.all(np.isfinite(waveform(sound, start_s=0, end_s=1, columns=50).peaks))


def test_waveform_is_exact_where_columns_are_short(folder: Path) -> None:
    samples = np.random.default_rng(2).uniform(-1, 1, (9_600, 2)).astype(np.float32)
    peaks = waveform(stored(folder, samples, 48_000), start_s=0, end_s=0.2, columns=100).peaks
    assert peaks.shape == (2, 100)
    np.testing.assert_array_equal(peaks[0], samples.reshape(100, -1).min(axis=1))
    np.testing.assert_array_equal(peaks[1], samples.reshape(100, -1).max(axis=1))


@pytest.mark.parametrize("column_samples", [0.3, 1.0, 1.5, 37.7, 511.0, 8191.5, 8192.0, 8192.6])
def test_waveform_holds_every_sample_of_its_columns(folder: Path, column_samples: float) -> None:
    samples = np.random.default_rng(2).uniform(-1, 1, (60_000, 2)).astype(np.float32)
    columns, start_s = 7, 0.013
    end_s = start_s + columns * column_samples / 48_000
    peaks = waveform(stored(folder, samples, 48_000), start_s=start_s, end_s=end_s, columns=columns).peaks
    for column in range(columns):
        first = int(start_s * 48_000 + column * column_samples + 1e-6)
        last = max(first + 1, int(start_s * 48_000 + (column + 1) * column_samples + 1e-6))
        assert peaks[:, column].tolist() == [samples[first:last].min(), samples[first:last].max()], column


def test_waveform_beyond_single_samples_and_beyond_the_ends(folder: Path) -> None:
    samples = np.array([[0.1], [0.2], [0.3], [0.4]], np.float32)
    sound = stored(folder, samples, 1_000)
    peaks = waveform(sound, start_s=0, end_s=0.004, columns=8).peaks
    assert set(peaks[1].tolist()) == set(samples[:, 0].tolist())
    beyond = waveform(sound, start_s=-0.004, end_s=0.008, columns=3).peaks
    np.testing.assert_array_equal(beyond, np.array([[0, 0.1, 0], [0, 0.4, 0]], np.float32))


def test_waveform_of_long_columns_finds_the_level(folder: Path) -> None:
    samples = np.random.default_rng(2).uniform(-0.5, 0.5, (480_000, 1)).astype(np.float32)
    samples[240_000:] *= 0.1
    peaks = waveform(stored(folder, samples, 48_000), start_s=0, end_s=10, columns=4).peaks
    np.testing.assert_allclose(peaks[1], [0.5, 0.5, 0.05, 0.05], rtol=0.02)


def test_two_hours_are_quick(folder: Path) -> None:
    n_samples = 2 * 3_600 * 48_000
    path = folder / "long.f32"
    with path.open("wb") as file:
        file.truncate(n_samples * 8)
        file.seek(n_samples * 4)
        file.write(np.full(96_000 * 20, 0.5, "<f4").tobytes())  # 20 s in the middle
    sound = PcmStore(path, 48_000, 2, n_samples, "stereo")
    start = time.monotonic()
    image = spectrogram(sound, start_s=0, end_s=7_200, columns=1_000, rows=200)
    peaks = waveform(sound, start_s=0, end_s=7_200, columns=1_000).peaks
    # Reading all 2.8 GB takes far longer; the bound leaves room for a busy machine.
    assert time.monotonic() - start < 15
    assert peaks[1].argmax() in (500, 501, 502)
    assert image.level_db[0].argmax() in (500, 501, 502)


def test_missing_or_short_store_is_an_input_error(folder: Path) -> None:
    with pytest.raises(InputError, match="missing or incomplete"):
        spectrogram(PcmStore(folder / "no", 48_000, 1, 10, "mono"), start_s=0, end_s=1, columns=1, rows=1)
    (folder / "short").write_bytes(bytes(8))
    with pytest.raises(InputError, match="missing or incomplete"):
        waveform(PcmStore(folder / "short", 48_000, 1, 10, "mono"), start_s=0, end_s=1, columns=1)


@pytest.mark.parametrize("request_", [(1, 1, 5, 5), (2, 1, 5, 5), (0, float("nan"), 5, 5), (0, 1, 0, 5), (0, 1, 5, 0)])
def test_empty_pictures_are_refused(folder: Path, request_: tuple[float, float, int, int]) -> None:
    sound = stored(folder, np.zeros((10, 1), np.float32), 10)
    start_s, end_s, columns, rows = request_
    with pytest.raises(UsageError):
        spectrogram(sound, start_s=start_s, end_s=end_s, columns=columns, rows=rows)
