from __future__ import annotations

import numpy as np
import pytest

from avsep_gui.player.loudness import matching_gains
from avsep_gui.player.mixer import NOT_READY_GAIN, Mixer
from avsep_gui.player.pcm_reader import PcmReader
from avsep_gui.state.document import ListenMode
from engine.types import PcmStore

RATE = 8000
N = RATE * 4


@pytest.fixture
def sounds():
    random = np.random.default_rng(3)
    original = random.uniform(-0.3, 0.3, (N, 1)).astype(np.float32)
    voice = random.uniform(-0.3, 0.3, (N, 1)).astype(np.float32)
    return original, voice


@pytest.fixture
def mixer(sounds):
    mixer = Mixer(RATE)
    mixer.set_original(sounds[0], RATE, 4.0)
    mixer.set_voice(sounds[1], ((0.0, 2.0),))
    return mixer


def listen(mixer, mode, **options):
    settings = {"mix_back": 0.0, "voice_gain": 1.0, "rest_gain": 1.0, "volume": 1.0} | options
    mixer.set_listening(mode, **settings)


def test_each_mode_gives_its_own_samples(mixer, sounds):
    original, voice = sounds
    part = slice(800, 1800)
    for mode, expected in (
        (ListenMode.ORIGINAL, original),
        (ListenMode.VOICE, voice),
        (ListenMode.REST, original - voice),
    ):
        listen(mixer, mode)
        heard = mixer.render(0.1, 1000)
        assert heard.shape == (1000, 2)
        np.testing.assert_allclose(heard[:, 0], expected[part, 0], atol=1e-6)
        np.testing.assert_array_equal(heard[:, 0], heard[:, 1])
    listen(mixer, ListenMode.VOICE, mix_back=0.25)
    expected = 0.25 * original + 0.75 * voice
    np.testing.assert_allclose(mixer.render(0.1, 1000)[:, 0], expected[part, 0], atol=1e-6)


def test_what_is_not_computed_is_the_original_at_low_level(mixer, sounds):
    listen(mixer, ListenMode.VOICE)
    heard = mixer.render(2.5, 800)
    np.testing.assert_allclose(heard[:, 0], NOT_READY_GAIN * sounds[0][20000:20800, 0], atol=1e-6)


def test_switching_goes_on_at_the_same_sample_without_a_jump(mixer, sounds):
    original = np.full((N, 1), 0.5, np.float32)
    voice = np.full((N, 1), -0.5, np.float32)
    mixer.set_original(original, RATE, 4.0)
    mixer.set_voice(voice, ((0.0, 4.0),))
    listen(mixer, ListenMode.ORIGINAL)
    mixer.restart(1.0)
    before = mixer.read(100)
    listen(mixer, ListenMode.VOICE)
    after = mixer.read(300)
    heard = np.concatenate([before, after])[:, 0]
    assert np.max(np.abs(np.diff(heard))) < 1.0 / (0.010 * RATE) + 1e-3
    assert heard[0] == pytest.approx(0.5)
    assert heard[-1] == pytest.approx(-0.5)
    assert mixer.position_at(400) == pytest.approx(1.0 + 400 / RATE)


def test_a_fade_longer_than_the_blocks_still_arrives(mixer, sounds):
    listen(mixer, ListenMode.ORIGINAL)
    mixer.restart(0.5)
    listen(mixer, ListenMode.VOICE)
    for _ in range(400):
        mixer.read(7)
    at = round(0.5 * RATE) + 2800
    np.testing.assert_allclose(mixer.read(50)[:, 0], sounds[1][at : at + 50, 0], atol=1e-4)


def test_the_loop_comes_back_to_its_beginning(mixer):
    mixer.loop_s = (1.0, 1.5)
    mixer.restart(1.4)
    mixer.read(RATE)
    assert mixer.position_at(0) == pytest.approx(1.4)
    assert mixer.position_at(RATE * 0.2) == pytest.approx(1.1)
    assert mixer.position_at(RATE * 0.9) == pytest.approx(1.3)


def test_the_loop_holds_for_any_block_sizes(mixer):
    random = np.random.default_rng(5)
    mixer.loop_s = (1.1, 1.7)
    mixer.restart(1.1)
    out = 0
    for _ in range(3000):
        count = int(random.integers(1, 400))
        mixer.read(count)
        out += count
        assert 1.1 - 1e-9 <= mixer.position_at(out - 1) <= 1.7 + 1.0 / RATE


def test_backwards_and_fast_playback_read_the_right_places(sounds):
    ramp = np.linspace(0.0, 1.0, N, dtype=np.float32)[:, None]
    mixer = Mixer(RATE)
    mixer.set_original(ramp, RATE, 4.0)
    mixer.restart(2.0, -1.0)
    heard = mixer.read(RATE)[:, 0]
    assert heard[0] == pytest.approx(0.5, abs=1e-3)
    assert heard[-1] == pytest.approx(0.25, abs=1e-3)
    mixer.restart(0.0, 4.0)
    assert mixer.read(RATE // 2)[-1, 0] == pytest.approx(0.5, abs=1e-3)


def test_another_device_rate_keeps_the_pitch(sounds):
    times = np.arange(N) / RATE
    mixer = Mixer(48000)
    mixer.set_original(np.sin(2 * np.pi * 200 * times).astype(np.float32)[:, None] * 0.5, RATE, 4.0)
    mixer.restart(0.0)
    heard = mixer.read(48000)[:, 0]
    assert np.argmax(np.abs(np.fft.rfft(heard))) == 200


def test_surround_is_folded_and_the_ends_are_silent():
    mixer = Mixer(RATE)
    surround = np.zeros((N, 6), np.float32)
    surround[:, 2] = 0.5
    mixer.set_original(surround, RATE, 4.0)
    heard = mixer.render(3.9, RATE)
    assert heard[10, 0] == heard[10, 1] > 0.1
    assert not heard[RATE // 2 :].any()


def test_a_file_that_is_cut_off_reads_as_silence(tmp_path):
    path = tmp_path / "sound.f32"
    np.full(N * 2, 0.25, "<f4").tofile(path)
    reader = PcmReader(PcmStore(path, RATE, 2, N, "stereo"))
    assert len(reader) == N
    assert reader[N - 10 : N + 10].shape == (10, 2)
    with path.open("r+b") as file:
        file.truncate(1000 * 2 * 4)
    block = reader[990:1010]
    assert (block[:10] == 0.25).all()
    assert not block[10:].any()


def test_loudness_is_matched_where_the_voice_is_ready(sounds):
    original, _ = sounds
    quiet = 0.5 * original
    voice_gain, rest_gain = matching_gains(original, quiet, RATE, ((0.0, 3.0),))
    assert voice_gain == pytest.approx(2.0, rel=0.02)
    assert rest_gain == pytest.approx(2.0, rel=0.02)
    assert matching_gains(original, np.zeros_like(original), RATE, ((0.0, 3.0),))[0] == 1.0
    assert matching_gains(original, quiet, RATE, ()) == (1.0, 1.0)
