"""Scores against known cases and against the reference implementation."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy.signal import lfilter

from engine import metrics
from engine.errors import UsageError
from engine.metrics import PERCEPTUAL, bootstrap_ci95, bss_eval, missing_packages, perceptual, si_sdr, snr


def _voices(talkers: int, samples: int = 24_000, seed: int = 0) -> np.ndarray:
    """Noise with the spectrum and the syllables of speech, roughly."""
    rng = np.random.default_rng(seed)
    loud = np.abs(rng.standard_normal((talkers, samples // 2000 + 1))).repeat(2000, 1)[:, :samples]
    return (lfilter([1], [1, -0.9], rng.standard_normal((talkers, samples))) * (0.05 + loud)).astype(np.float32)


def test_si_sdr_of_a_known_mixture() -> None:
    t = np.sin(np.arange(16_000) * 0.1).astype(np.float32)
    n = np.cos(np.arange(16_000) * 0.1).astype(np.float32)
    assert si_sdr(3 * t + 0.3 * n + 5, t) == pytest.approx(20, abs=0.05)  # neither scale nor offset counts
    assert si_sdr(n, t) < -40
    assert np.isfinite(si_sdr(np.zeros_like(t), t))


def test_snr_counts_level_and_polarity() -> None:
    t, n = np.random.default_rng(2).standard_normal((2, 16_000)).astype(np.float32)
    assert snr(t + 0.1 * n, t) == pytest.approx(20, abs=0.1)
    assert snr(0.5 * t, t) == pytest.approx(6.02, abs=0.01)
    assert snr(-t, t) == pytest.approx(-6.02, abs=0.01)
    assert np.isfinite(snr(t, t))


@pytest.mark.parametrize("talkers", [2, 3])
def test_bss_eval_equals_the_reference(talkers: int) -> None:
    separation = pytest.importorskip("mir_eval.separation")
    voices = _voices(talkers)
    rng = np.random.default_rng(1)
    leaked = (np.eye(talkers) + 0.2 * rng.standard_normal((talkers, talkers))) @ voices
    estimates = lfilter(rng.standard_normal(30), [1], leaked) + 0.3 * rng.standard_normal(voices.shape)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wanted = separation.bss_eval_sources(voices.astype(np.float64), estimates, compute_permutation=False)[:3]
    mixture = np.stack([voices.sum(0)] * talkers)
    got = bss_eval(np.stack([estimates.astype(np.float32), mixture]), voices)
    for ours, reference in zip(got, wanted, strict=True):
        np.testing.assert_allclose(ours[0], reference, atol=1e-3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        before = separation.bss_eval_sources(voices.astype(np.float64), mixture, compute_permutation=False)
    np.testing.assert_allclose(got[0][1], before[0], atol=1e-3)


def test_bss_eval_forgives_a_filter_but_neither_leakage_nor_noise() -> None:
    voices = _voices(2)
    filtered = lfilter([0.5, 0, 0, 0.4], [1], voices).astype(np.float32)
    leaking = (voices + 0.1 * voices[::-1]).astype(np.float32)
    noisy = (voices + 0.1 * np.random.default_rng(2).standard_normal(voices.shape) * voices.std()).astype(np.float32)
    sdr, sir, sar = bss_eval(np.stack([filtered, leaking, noisy]), voices)
    assert (sdr[0] > 40).all()
    assert (sir[1] < sar[1] - 30).all() and (sir[2] > sar[2] + 10).all()
    assert (np.abs(sdr[1:] - 20) < 8).all()


def test_bss_eval_stays_finite_at_the_ends() -> None:
    voices = _voices(2)
    for estimates in (voices, np.zeros_like(voices)):
        for scores in bss_eval(estimates[None], voices):
            assert np.isfinite(scores).all() and (np.abs(scores) <= 100).all()
    with pytest.raises(UsageError, match="silent"):
        bss_eval(voices[None], np.zeros_like(voices))
    with pytest.raises(UsageError, match="do not go with"):
        bss_eval(voices, voices)


def test_stoi_falls_with_noise() -> None:
    pytest.importorskip("pystoi")
    voice, noise = _voices(2, 48_000)
    clean, bad = perceptual(voice, voice), perceptual(voice + 3 * noise, voice)
    for name in ("stoi", "estoi"):
        assert clean[name] == pytest.approx(1, abs=1e-3)
        assert bad[name] is not None and bad[name] < 0.8


def test_pesq_falls_with_noise_and_takes_the_target_as_reference() -> None:
    pesq = pytest.importorskip("pesq")
    voice, noise = _voices(2, 48_000)
    estimate = voice + noise
    assert perceptual(voice, voice)["pesq_wb"] == pytest.approx(4.644, abs=0.01)
    assert perceptual(voice, voice)["pesq_nb"] == pytest.approx(4.549, abs=0.01)
    scores = perceptual(estimate, voice)
    assert scores["pesq_wb"] == pytest.approx(pesq.pesq(16_000, voice, estimate, "wb"))
    assert scores["pesq_wb"] != pytest.approx(pesq.pesq(16_000, estimate, voice, "wb"), abs=1e-3)
    assert scores["pesq_nb"] == pytest.approx(pesq.pesq(16_000, voice, estimate, "nb"))


def test_what_cannot_be_told_is_none() -> None:
    voice = _voices(1, 48_000)[0]
    silent = np.zeros(48_000, np.float32)
    for estimate, target in ((silent, voice), (voice, silent), (voice[:2000], voice[:2000])):
        scores = perceptual(estimate, target)
        assert set(scores) == set(PERCEPTUAL) and all(value is None for value in scores.values())


def test_missing_packages_leave_gaps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "find_spec", lambda name: None)
    assert missing_packages() == {"pesq_wb": "pesq", "pesq_nb": "pesq", "stoi": "pystoi", "estoi": "pystoi"}
    voice = _voices(1)[0]
    assert set(perceptual(voice, voice).values()) == {None}


def test_the_interval_holds_groups_together() -> None:
    rng = np.random.default_rng(0)
    values = rng.standard_normal(200)
    low, high = bootstrap_ci95([[v] for v in values])
    assert low < values.mean() < high
    assert high - low == pytest.approx(2 * 1.96 * values.std() / np.sqrt(200), rel=0.1)
    doubled = bootstrap_ci95([[v, v] for v in values])
    assert doubled == pytest.approx((low, high))  # the same score twice is no new evidence
    assert bootstrap_ci95([[v] for v in values]) == (low, high)
