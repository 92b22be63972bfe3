"""Picture and sound meet soon, and stay together, however late either began and however unsteady pictures come."""

from __future__ import annotations

import numpy as np
import pytest

from avsep_gui.player.drift import MOST_FASTER, MOST_SLOWER, Drift

EVERY_S = 0.4


def played(begins_ahead_s, fps, speed=1.0, clocks_apart=0.0, seconds=12.0, seed=0):
    """How far a picture really runs ahead at each frame; it comes up to 8 ms early or late."""
    rng = np.random.default_rng(seed)
    drift, ahead_s, pace, corrected_at = Drift(), begins_ahead_s, 1.0, 0.0
    found = []
    for number in range(round(seconds * fps)):
        now_s = number / fps
        drift.note(ahead_s + rng.uniform(-0.008, 0.008), now_s)
        if now_s - corrected_at >= EVERY_S * speed:
            pace, corrected_at = drift.correct(EVERY_S * speed), now_s
        found.append(ahead_s)
        ahead_s += (pace * (1.0 + clocks_apart) - 1.0) / fps
    return np.array(found)


@pytest.mark.parametrize("fps", [12.0, 25.0, 60.0])
@pytest.mark.parametrize("begins_ahead_s", [-0.25, -0.06, 0.0, 0.06, 0.28])
def test_they_meet_and_stay_together(begins_ahead_s, fps):
    found = played(begins_ahead_s, fps)
    latest_s = 1.5 + max(0.0, -begins_ahead_s / MOST_FASTER, begins_ahead_s / MOST_SLOWER)
    assert np.abs(found[round(latest_s * fps) :]).max() < 0.02
    overshoot = -found * np.sign(begins_ahead_s) if begins_ahead_s else np.abs(found)
    assert overshoot.max() < 0.02


@pytest.mark.parametrize("speed", [0.5, 2.0, 4.0])
def test_at_other_speeds(speed):
    assert np.abs(played(0.2, 25.0, speed)[round((1.5 + 2 * speed) * 25) :]).max() < 0.025


def test_a_decoder_whose_clock_is_off_is_held():
    assert np.abs(played(0.0, 25.0, clocks_apart=0.003)).max() < 0.02


def test_a_new_run_knows_nothing_of_the_last():
    drift = Drift()
    drift.note(0.2, 1.0)
    drift.correct(EVERY_S)
    drift.restart()
    assert drift.pace == 1.0 and drift.ahead_s == 0.0
    drift.note(0.01, 50.0)
    assert drift.ahead_s == 0.01
