"""The gate: open over speech and its edges, closed in silence, patient with breath."""

from __future__ import annotations

import numpy as np

from engine.gate import gate_gain

RATE_HZ = 100.0


def _activity(*spans_s: tuple[float, float], seconds: float = 10.0, likely: float = 0.95) -> np.ndarray:
    out = np.full(round(seconds * RATE_HZ), 0.05, np.float32)
    for start, end in spans_s:
        out[round(start * RATE_HZ) : round(end * RATE_HZ)] = likely
    return out


def _at(gain: np.ndarray, seconds: float) -> float:
    return float(gain[round(seconds * RATE_HZ)])


def test_speech_passes_whole_and_silence_does_not() -> None:
    gain = gate_gain(_activity((3, 6)), RATE_HZ)
    assert gain[295:606].min() == 1.0, "no word loses its edge"
    assert _at(gain, 1) < 0.04 and _at(gain, 8) < 0.04


def test_it_never_jumps() -> None:
    assert np.abs(np.diff(gate_gain(_activity((2, 3), (6, 7)), RATE_HZ))).max() < 0.2


def test_breath_between_words_stays_and_long_silence_goes() -> None:
    gain = gate_gain(_activity((1, 2), (2.6, 4), (7, 8)), RATE_HZ)
    assert gain[100:400].min() == 1.0
    assert _at(gain, 5.5) < 0.04


def test_a_doubtful_flicker_does_not_open_it_and_doubt_inside_speech_does_not_close_it() -> None:
    activity = _activity((2, 3), likely=0.65)
    assert gate_gain(activity, RATE_HZ).max() < 0.04
    activity = np.maximum(_activity((5, 6)), _activity((6, 8), likely=0.55))
    assert gate_gain(activity, RATE_HZ)[500:800].min() == 1.0


def test_always_and_never() -> None:
    assert gate_gain(np.ones(50, np.float32), RATE_HZ).min() == 1.0
    assert gate_gain(np.zeros(50, np.float32), RATE_HZ).max() < 0.04
