from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d

from engine.types import PcmStore
from engine.vision.lips import LipStream
from engine.vision.speaking import (
    Motion,
    mouth_motion,
    per_second,
    sound_delay_ms,
    speaking_score,
    speech_envelope,
)
from tests.unit.vision.faces import box, landmarks

RATE = 16000
LIPS_LEAD_S = 0.02  # real lips open that much before they sound


def syllables(seconds: float, seed: int) -> np.ndarray:
    """Loudness of speech, 0 to 1, at 25 Hz: bumps of some 4 Hz with irregular spacing."""
    random = np.random.default_rng(seed)
    count = round(seconds * 25)
    bumps = np.zeros(count)
    at = 0.0
    while at < count:
        bumps[int(at)] = random.uniform(0.5, 1.0)
        at += random.uniform(4, 9)
    smooth = gaussian_filter1d(bumps, 1.6)
    return smooth / smooth.max()


def lips_of(opening: np.ndarray, *, tremble_px: float = 0.3, seed: int = 0) -> LipStream:
    """A face whose lips open as given (share of the box), with landmark noise, nodding slowly."""
    random = np.random.default_rng(seed)
    time = np.arange(len(opening)) / 25
    points = np.stack(
        [
            landmarks(box(300 + 15 * np.sin(1.5 * t), 200 + 8 * np.sin(2.1 * t), 160), o)
            for t, o in zip(time, opening, strict=True)
        ]
    )
    points = (points + random.normal(size=points.shape) * tremble_px).astype(np.float32)
    mouths = np.repeat((100 + 80 * opening)[:, None, None], 32, 1).repeat(32, 2).astype(np.uint8)
    mouths[:, :16] = 30
    return LipStream(points, np.ones(len(opening), bool), mouths)


def sound_of(loudness: np.ndarray, path: Path, *, delay_s: float = 0.0, channels: int = 1) -> PcmStore:
    """Noise with a loudness given at 25 Hz; the sound comes `delay_s` later than it would by nature."""
    count = round(len(loudness) / 25 * RATE)
    time = np.arange(count) / RATE - delay_s - LIPS_LEAD_S
    gain = np.interp(time, np.arange(len(loudness)) / 25, loudness, left=0.0, right=0.0)
    noise = np.random.default_rng(9).normal(size=count) * gain * 0.1
    np.repeat(noise[:, None], channels, 1).astype("<f4").tofile(path)
    return PcmStore(path, RATE, channels, count, "mono" if channels == 1 else "stereo")


def score_of(lips: LipStream, sound: PcmStore | None) -> np.ndarray:
    envelope = None if sound is None else speech_envelope(sound, len(lips.visible))
    return speaking_score(mouth_motion(lips), lips.visible, envelope)


def test_a_talker_is_high_and_a_listener_low(tmp_path: Path) -> None:
    speech = syllables(12, 1)
    sound = sound_of(speech, tmp_path / "a.f32", channels=2)
    talker = score_of(lips_of(0.02 + 0.25 * speech), sound)
    listener = score_of(lips_of(np.full(300, 0.03), seed=3), sound)
    smiling = score_of(lips_of(np.full(300, 0.2), seed=4), sound)
    assert talker.mean() > 0.85
    assert listener.mean() < 0.15 and smiling.mean() < 0.15
    assert all(s.min() >= 0.0 and s.max() <= 1.0 and s.dtype == np.float32 for s in (talker, listener, smiling))


def test_the_score_follows_the_turns(tmp_path: Path) -> None:
    first, second = syllables(8, 2), syllables(8, 3)
    sound = sound_of(np.r_[first, second], tmp_path / "a.f32")
    quiet = np.full(200, 0.03)
    score = score_of(lips_of(np.r_[0.02 + 0.25 * first, quiet]), sound)
    assert score[25:175].min() > 0.5 and score[225:].max() < 0.5


def test_lips_in_step_with_the_sound_count_more(tmp_path: Path) -> None:
    speech, other = syllables(20, 4), syllables(20, 5)
    sound = sound_of(speech, tmp_path / "a.f32")
    in_step = score_of(lips_of(0.03 + 0.07 * speech), sound)
    out_of_step = score_of(lips_of(0.03 + 0.07 * other), sound)
    assert in_step.mean() > out_of_step.mean() + 0.1


def test_nobody_speaks_in_silence(tmp_path: Path) -> None:
    speech = syllables(12, 6)
    loud = speech.copy()
    loud[150:] = 0.0
    score = score_of(lips_of(0.02 + 0.25 * speech), sound_of(loud, tmp_path / "a.f32"))
    assert score[:125].mean() > 0.7 and score[190:].max() < 0.05


def test_landmark_noise_is_not_speech(tmp_path: Path) -> None:
    sound = sound_of(syllables(12, 7), tmp_path / "a.f32")
    assert score_of(lips_of(np.full(300, 0.05), tremble_px=2.0), sound).mean() < 0.3


def test_without_sound_the_mouth_decides() -> None:
    assert score_of(lips_of(0.02 + 0.25 * syllables(8, 8)), None).mean() > 0.7
    assert score_of(lips_of(np.full(200, 0.03)), None).mean() < 0.2


def test_nothing_is_said_about_what_is_not_seen(tmp_path: Path) -> None:
    speech = syllables(12, 9)
    lips = lips_of(0.02 + 0.25 * speech)
    visible = np.arange(300) < 150
    points = lips.points_px.copy()
    points[150:] = 0.0
    score = score_of(LipStream(points, visible, lips.mouths), sound_of(speech, tmp_path / "a.f32"))
    assert score[150:].max() == 0.0 and score[:125].mean() > 0.7
    assert np.isfinite(score).all()


@pytest.mark.parametrize("delay_s", [-0.2, -0.08, 0.0, 0.12, 0.28])
def test_the_delay_of_the_sound_is_measured(tmp_path: Path, delay_s: float) -> None:
    speech = syllables(40, 10)
    lips = lips_of(0.02 + 0.25 * speech)
    envelope = speech_envelope(sound_of(speech, tmp_path / "a.f32", delay_s=delay_s), 1000)
    measured = sound_delay_ms(mouth_motion(lips), lips.visible, envelope)
    assert measured is not None
    assert measured == pytest.approx(delay_s * 1000, abs=20)


def test_no_delay_is_claimed_where_it_is_not_clear(tmp_path: Path) -> None:
    envelope = speech_envelope(sound_of(syllables(40, 11), tmp_path / "a.f32"), 1000)
    for seed in range(5):
        other = lips_of(0.02 + 0.25 * syllables(40, 20 + seed))
        assert sound_delay_ms(mouth_motion(other), other.visible, envelope) is None
    still = lips_of(np.full(1000, 0.03))
    assert sound_delay_ms(mouth_motion(still), still.visible, envelope) is None
    brief = lips_of(0.02 + 0.25 * syllables(4, 11))
    assert sound_delay_ms(mouth_motion(brief), brief.visible, envelope[:100]) is None


def test_the_envelope_is_on_the_clock_and_in_the_band(tmp_path: Path) -> None:
    count = 4 * RATE
    time = np.arange(count) / RATE
    tone = np.where((time >= 1.0) & (time < 2.0), np.sin(2 * np.pi * 1000 * time), 0.0)
    rumble = np.where(time >= 3.0, np.sin(2 * np.pi * 40 * time), 0.0)
    (tone + rumble).astype("<f4").tofile(tmp_path / "a.f32")
    level = speech_envelope(PcmStore(tmp_path / "a.f32", RATE, 1, count, "mono"), 120)
    assert level.shape == (120,)
    assert level[30:48].min() > -15 and level[:22].max() < -80
    assert level[78:98].max() < level[30:48].min() - 25
    assert level[105:].max() < -80  # after the end


def test_blocks_make_no_seams(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    speech = syllables(16, 12)
    lips, sound = lips_of(0.02 + 0.25 * speech), sound_of(speech, tmp_path / "a.f32")
    whole = (*mouth_motion(lips), speech_envelope(sound, 400))
    monkeypatch.setattr("engine.vision.speaking._BLOCK_ROWS", 37)
    for expected, found in zip(whole, (*mouth_motion(lips), speech_envelope(sound, 400)), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-4)


def test_head_motion_and_size_do_not_open_the_mouth() -> None:
    time = np.arange(200) / 25
    points = np.stack([landmarks(box(300, 200, 100 + 60 * np.sin(2 * t)), 0.1) for t in time])
    motion: Motion = mouth_motion(LipStream(points, np.ones(200, bool), np.zeros((200, 32, 32), np.uint8)))
    assert motion.opening.std() < 1e-3 * motion.opening.mean()
    assert motion.head.max() < 1e-3


def test_means_per_second() -> None:
    values = np.r_[np.ones(25), np.zeros(25), np.ones(10)]
    np.testing.assert_allclose(per_second(values, 3), [1.0, 0.0, 1.0])
    np.testing.assert_allclose(per_second(values[:30], 2), [1.0, 0.0])
    np.testing.assert_allclose(per_second(values[:10], 3), [0.4, 0.0, 0.0])
