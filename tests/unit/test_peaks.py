"""Peaks of a sound: exact for every block however it arrives, kept by the decoder, and used by the overview."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.audio.peaks import BLOCK_SAMPLES, PeakMeter, peaks_path, read_peaks
from engine.audio.picture import waveform
from engine.media.reader import decode_audio
from engine.types import PcmStore
from tests.helpers.media_files import Sound, write_media


@pytest.mark.parametrize("n_samples", [1, 1_023, 1_024, 1_025, 300_000])
def test_every_block_has_its_own_extremes_however_the_sound_arrives(n_samples: int) -> None:
    rng = np.random.default_rng(n_samples)
    samples = rng.uniform(-1, 1, (n_samples, 2)).astype(np.float32)
    meter, place = PeakMeter(), 0
    while place < n_samples:
        count = int(rng.integers(1, 5_000))
        meter.add(samples[place : place + count])
        place += count
    peaks = meter.peaks(n_samples)
    starts = range(0, n_samples, BLOCK_SAMPLES)
    wanted = [(block.min(), block.max()) for start in starts for block in [samples[start : start + BLOCK_SAMPLES]]]
    wanted[-1] = (min(wanted[-1][0], 0), max(wanted[-1][1], 0)) if n_samples % BLOCK_SAMPLES else wanted[-1]
    np.testing.assert_array_equal(peaks, np.array(wanted, np.float32))


def test_silence_and_a_cut_off_end() -> None:
    meter = PeakMeter()
    meter.add_silence(200_000)
    meter.add(np.ones((100, 1), np.float32))
    peaks = meter.peaks(200_050)
    assert peaks.shape == (196, 2)
    assert peaks[:195].max() == 0 and peaks[195, 1] == 1
    assert PeakMeter().peaks(0).shape == (0, 2)


def test_one_sample_is_seen_in_the_overview_of_a_film(tmp_path: Path) -> None:
    clip = write_media(
        tmp_path / "one.mkv", sounds=[Sound(duration_s=60.0, layout="mono", codec="flac", clicks=(1_234_567,))]
    )
    sound = decode_audio(clip)
    shown = waveform(sound, start_s=0, end_s=60, columns=100).peaks[1]
    assert shown[1_234_567 * 100 // sound.n_samples] == pytest.approx(0.9, abs=0.01)
    assert np.sum(shown > 0.5) == 1
    peaks_path(sound.path).write_bytes(b"damaged")
    assert read_peaks(sound) is None
    assert waveform(sound, start_s=0, end_s=60, columns=100).peaks[1].max() > 0.01, "without them it is still drawn"


def test_a_sound_without_peaks_has_none(tmp_path: Path) -> None:
    assert read_peaks(PcmStore(tmp_path / "voice.f32", 48_000, 1, 10, "mono")) is None
