"""The arithmetic of an export: sums, range, mix-back, loudness."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.errors import ModelError
from engine.export.levels import measure_voice
from engine.export.loudness import LoudnessMeter, k_weighting
from engine.export.mix import BLOCK_SAMPLES, Mix
from engine.export.verify import LARGEST_LAG_SAMPLES, null_test_db, offset_samples
from engine.types import FloatArray, PcmStore

RATE = 48_000


def _store(folder: Path, name: str, samples: FloatArray) -> PcmStore:
    path = folder / f"{name}.f32"
    path.write_bytes(samples.astype("<f4").tobytes())
    return PcmStore(path, RATE, samples.shape[1], len(samples), "stereo")


def _mix(folder: Path, *, voices: int = 1, count: int = 150_001, **options: object) -> Mix:
    rng = np.random.default_rng(1)
    source = rng.uniform(-1, 1, (count, 2)).astype(np.float32)
    stores = tuple(
        _store(folder, f"voice{n}", (source * rng.uniform(0.1, 0.4, (count, 2))).astype(np.float32))
        for n in range(voices)
    )
    chosen = {"gains": (1.0,) * voices, "range_s": None, "mix_back": 0.0} | options
    return Mix(_store(folder, "source", source), stores, **chosen)  # type: ignore[arg-type]


def _joined(blocks: object) -> FloatArray:
    return np.concatenate(list(blocks))  # type: ignore[call-overload, no-any-return]


def _ignore(_: int) -> None: ...


@pytest.mark.parametrize(
    "options", [{}, {"range_s": (0.5, 1.5)}, {"mix_back": 0.4}, {"range_s": (1, 9), "mix_back": 1}]
)
def test_voice_and_rest_are_the_source(tmp_path: Path, options: dict[str, object]) -> None:
    mix = _mix(tmp_path, **options)
    total = _joined(mix.voice_blocks(0)).astype(np.float64) + _joined(mix.rest_blocks())
    assert np.abs(total - mix.source.open()).max() < 1e-6
    assert total.shape == (mix.source.n_samples, 2)


def test_range_is_silent_outside_and_untouched_inside(tmp_path: Path) -> None:
    voice = _joined(_mix(tmp_path, range_s=(0.5, 1.5)).voice_blocks(0))
    plain = _joined(_mix(tmp_path).voice_blocks(0))
    assert not voice[: RATE // 2].any() and not voice[3 * RATE // 2 :].any()
    inside = slice(RATE // 2 + 240, 3 * RATE // 2 - 240)
    np.testing.assert_array_equal(voice[inside], plain[inside])
    edge = np.abs(voice[RATE // 2 : RATE // 2 + 24]).max()
    assert 0 < edge < 0.05  # no click: the first half millisecond is faded


def test_a_range_to_the_ends_of_the_file_has_no_fade_there(tmp_path: Path) -> None:
    plain = _joined(_mix(tmp_path).voice_blocks(0))
    np.testing.assert_array_equal(_joined(_mix(tmp_path, range_s=(0.0, 1.0)).voice_blocks(0))[:40_000], plain[:40_000])
    to_end = _joined(_mix(tmp_path, range_s=(1.0, 150_001 / RATE)).voice_blocks(0))
    np.testing.assert_array_equal(to_end[60_000:], plain[60_000:])


def test_several_voices_leave_what_belongs_to_none(tmp_path: Path) -> None:
    mix = _mix(tmp_path, voices=2)
    voices = sum(_joined(mix.voice_blocks(which)).astype(np.float64) for which in range(2))
    assert np.abs(voices + _joined(mix.rest_blocks()) - mix.source.open()).max() < 1e-6
    mixed_back = _mix(tmp_path, voices=2, mix_back=0.5)
    assert np.abs(_joined(mixed_back.rest_blocks()) - _joined(mix.rest_blocks())).max() < 1e-6
    one = mix.voices[0].open()
    expected = one + 0.5 * (mix.source.open() - one)
    assert np.abs(_joined(mixed_back.voice_blocks(0)) - expected).max() < 1e-6


def test_stores_must_match(tmp_path: Path) -> None:
    mix = _mix(tmp_path)
    short = _store(tmp_path, "short", np.zeros((10, 2), np.float32))
    with pytest.raises(ValueError, match="does not match"):
        Mix(mix.source, (short,), (1.0,), None, 0.0)
    with pytest.raises(ValueError, match="2 gains"):
        Mix(mix.source, mix.voices, (1.0, 1.0), None, 0.0)


@pytest.mark.parametrize("voices", [1, 2])
@pytest.mark.parametrize("mix_back", [0.0, 0.5])
def test_null_test_sees_what_is_there_and_what_is_not(tmp_path: Path, voices: int, mix_back: float) -> None:
    mix = _mix(tmp_path, voices=voices, mix_back=mix_back, gains=(2.0, 0.5)[:voices])
    readers = [lambda start, stop, which=which: mix.voice(which, start, stop) for which in range(voices)]
    assert null_test_db(mix, readers, mix.rest, on_block=_ignore) < -130

    def wrong(start: int, stop: int) -> FloatArray:
        rest = mix.rest(start, stop)
        if start > 0:
            rest[0, 1] += np.float32(0.01)
        return rest

    assert null_test_db(mix, readers, wrong, on_block=_ignore) == pytest.approx(-40, abs=0.01)


@pytest.mark.parametrize("late", [0, 1, -1, 700, -LARGEST_LAG_SAMPLES])
def test_offset_is_found_to_the_sample(tmp_path: Path, late: int) -> None:
    mix = _mix(tmp_path)
    shifted = np.roll(np.asarray(mix.source.open()) * -0.3 * np.array([1, -1]), late, axis=0).astype(np.float32)

    def read(start: int, stop: int) -> FloatArray:
        return -shifted[start:stop] * np.array([1, -1], np.float32)

    assert offset_samples(read, mix, on_block=_ignore) == late


@pytest.mark.parametrize("late", [0, 3, -500])
def test_signs_that_a_model_turns_do_not_move_the_voice(tmp_path: Path, late: int) -> None:
    """A zero-phase filter with a random sign every 40 Hz: the plain cross-correlation peaks anywhere."""
    mix = _mix(tmp_path)
    spectrum = np.fft.rfft(np.asarray(mix.source.open()), axis=0)
    signs = np.random.default_rng(2).choice([-1.0, 1.0], 1 + len(spectrum) // 125).repeat(125)[: len(spectrum), None]
    filtered = np.fft.irfft(0.3 * signs * spectrum, mix.source.n_samples, axis=0)
    shifted = np.roll(filtered, late, axis=0).astype(np.float32)
    plain = np.fft.irfft(np.fft.rfft(shifted[:, 0]) * np.conj(np.fft.rfft(mix.source.open()[:, 0])))
    assert int(np.argmax(plain)) != late % len(plain)
    assert offset_samples(lambda start, stop: shifted[start:stop], mix, on_block=_ignore) == late


def test_offset_of_a_periodic_sound_is_zero_and_of_silence_unknown(tmp_path: Path) -> None:
    tone = np.sin(2 * np.pi * 480 * np.arange(100_000) / RATE).astype(np.float32)[:, None].repeat(2, axis=1)
    source = _store(tmp_path, "tone", tone)
    mix = Mix(source, (source,), (1.0,), None, 0.0)
    assert offset_samples(mix.original, mix, on_block=_ignore) == 0
    silent = lambda start, stop: np.zeros((stop - start, 2), np.float32)  # noqa: E731
    assert offset_samples(silent, mix, on_block=_ignore) is None


def test_k_weighting_at_48_khz_is_the_table_of_the_recommendation() -> None:
    shelf, highpass = k_weighting(48_000)
    printed = [1.53512485958697, -2.69169618940638, 1.19839281085285, 1.0, -1.69065929318241, 0.73248077421585]
    np.testing.assert_allclose(shelf, printed, atol=1e-7)
    np.testing.assert_allclose(highpass, [1, -2, 1, 1, -1.99004745483398, 0.99007225036621], atol=1e-7)


@pytest.mark.parametrize("rate", [44_100, 48_000, 96_000])
def test_loudness_of_the_calibration_tone(rate: int) -> None:
    """BS.1770: 997 Hz at 0 dBFS in one channel measures -3.01 LUFS."""
    tone = np.sin(2 * np.pi * 997 * np.arange(5 * rate) / rate).astype(np.float32)
    for block_samples in (rate * 5, 1000, 4801):
        meter = LoudnessMeter(rate, 2, "stereo")
        for start in range(0, len(tone), block_samples):
            block = tone[start : start + block_samples, None] * np.array([1, 0], np.float32)
            meter.add(block)
        assert meter.integrated_lufs() == pytest.approx(-3.01, abs=0.02)
        assert meter.true_peak() == pytest.approx(1.0, abs=0.02)


def test_gating_leaves_pauses_out() -> None:
    tone = 0.1 * np.sin(2 * np.pi * 997 * np.arange(10 * RATE) / RATE).astype(np.float32)[:, None]
    whole, with_pause = LoudnessMeter(RATE, 1), LoudnessMeter(RATE, 1)
    whole.add(tone)
    with_pause.add(tone)
    with_pause.add(np.zeros((20 * RATE, 1), np.float32))
    assert with_pause.integrated_lufs() == pytest.approx(whole.integrated_lufs(), abs=0.2)


def test_low_frequency_channel_does_not_count_and_surround_counts_more() -> None:
    tone = 0.1 * np.sin(2 * np.pi * 997 * np.arange(3 * RATE) / RATE).astype(np.float32)

    def lufs(channel: int) -> float | None:
        sound = np.zeros((len(tone), 6), np.float32)
        sound[:, channel] = tone
        meter = LoudnessMeter(RATE, 6, "5.1")
        meter.add(sound)
        return meter.integrated_lufs()

    assert lufs(3) is None
    front, side = lufs(0), lufs(4)
    assert front is not None and side is not None and side - front == pytest.approx(1.49, abs=0.01)


def test_silence_and_short_sound_have_no_loudness() -> None:
    for count in (0, 100, 3 * RATE):
        meter = LoudnessMeter(RATE, 1)
        meter.add(np.zeros((count, 1), np.float32))
        assert meter.integrated_lufs() is None and meter.true_peak() == 0.0


def test_true_peak_lies_between_the_samples() -> None:
    """A tone at a quarter of the rate, 45 degrees off the samples: samples reach 0.707, the wave 1."""
    tone = np.sin(2 * np.pi * 0.25 * np.arange(RATE) + np.pi / 4).astype(np.float32)[:, None]
    for block_samples in (RATE, 777):
        meter = LoudnessMeter(RATE, 1)
        for start in range(0, RATE, block_samples):
            meter.add(tone[start : start + block_samples])
        assert np.abs(tone).max() < 0.71
        assert meter.true_peak() == pytest.approx(1.0, abs=0.06)


def test_gain_reaches_the_target(tmp_path: Path) -> None:
    mix = _mix(tmp_path, count=4 * RATE)
    level = measure_voice(mix, 0, name="Ann", target_lufs=-30.0, on_block=_ignore)
    meter = LoudnessMeter(RATE, 2)
    meter.add(_joined(mix.voice_blocks(0)) * np.float32(level.gain))
    assert meter.integrated_lufs() == pytest.approx(-30.0, abs=0.01)
    assert "Ann" in level.note and "-30.0 LUFS" in level.note


def test_gain_stops_at_the_peak_limit(tmp_path: Path) -> None:
    mix = _mix(tmp_path, count=4 * RATE)
    level = measure_voice(mix, 0, name="Ann", target_lufs=-1.0, on_block=_ignore)
    meter = LoudnessMeter(RATE, 2)
    meter.add(_joined(mix.voice_blocks(0)) * np.float32(level.gain))
    assert 20 * np.log10(meter.true_peak()) == pytest.approx(-1.0, abs=0.01)
    assert "-1 dBTP" in level.note


def test_values_that_are_no_numbers_are_found(tmp_path: Path) -> None:
    mix = _mix(tmp_path)
    damaged = np.array(mix.voices[0].open())
    damaged[BLOCK_SAMPLES + 5, 0] = np.nan
    mix = Mix(mix.source, (_store(tmp_path, "damaged", damaged),), (1.0,), None, 0.0)
    with pytest.raises(ModelError, match=r"Ann near 1\.4 s"):
        measure_voice(mix, 0, name="Ann", target_lufs=None, on_block=_ignore)
