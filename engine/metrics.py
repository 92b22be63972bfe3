"""Scores of a separated voice, behind one signature: (estimate, target) in, numbers out.

SI-SDR and BSS-eval are computed here; PESQ and STOI come from the packages pesq and pystoi (`avsep[eval]`).
"""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Sequence
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, next_fast_len, rfft
from scipy.linalg import toeplitz

from engine.errors import UsageError

FloatArray = NDArray[np.float32]
_DOUBLE = NDArray[np.float64]
_SAMPLE_RATE_HZ = 16_000
_TAPS = 512
_PACKAGES = {"pesq_wb": "pesq", "pesq_nb": "pesq", "stoi": "pystoi", "estoi": "pystoi"}
PERCEPTUAL = tuple(_PACKAGES)


def si_sdr(estimate: FloatArray, target: FloatArray) -> float:
    """Scale-invariant signal-to-distortion ratio in dB; see `engine.losses.separation.si_sdr`."""
    e, t = estimate.astype(np.float64), target.astype(np.float64)
    e, t = e - e.mean(), t - t.mean()
    wanted = (e @ t) / (t @ t + 1e-8) * t
    return float(10 * np.log10((wanted @ wanted + 1e-8) / ((e - wanted) @ (e - wanted) + 1e-8)))


def snr(estimate: FloatArray, target: FloatArray) -> float:
    """Signal-to-noise ratio in dB: unlike all the others it counts level and polarity, on which the rest depends."""
    e, t = estimate.astype(np.float64), target.astype(np.float64)
    return float(10 * np.log10((t @ t + 1e-8) / ((e - t) @ (e - t) + 1e-8)))


def bss_eval(estimates: FloatArray, targets: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """SDR, SIR and SAR in dB: how well 512-tap filters of the targets explain an estimate.

    Args:
        estimates: (E, talkers, T) float32, E sets of estimates in the order of the targets; several sets cost little
            more than one.
        targets: (talkers, T) float32.

    Returns:
        Three arrays (E, talkers), within -100..100 dB.

    Raises:
        UsageError: shapes differ, or a target is silent.

    Source: Vincent et al., "Performance measurement in blind audio source separation", IEEE TASLP 14(4) 2006, with the
    time-invariant filters of BSS-eval v3 (`bss_eval_sources`, permutation off).
    Differs: energies are taken from the normal equations, without filtering; 1e-10 of the energy is the floor.
    """
    if estimates.shape[1:] != targets.shape:
        raise UsageError(f"Estimates {estimates.shape} do not go with targets {targets.shape}.", "Give one per talker.")
    if not np.all(np.any(targets != 0, 1)):
        raise UsageError("SDR is not defined for a silent target.", "Choose a stretch in which everyone speaks.")
    sources, heard = targets.astype(np.float64), estimates.astype(np.float64)
    size = next_fast_len(sources.shape[-1] + _TAPS - 1)
    spectra, heard_spectra = rfft(sources, size), rfft(heard, size)
    talkers = range(len(sources))
    blocks = [[_gram_block(spectra[i], spectra[j], size) for j in talkers] for i in talkers]
    gram = np.block(blocks)
    # Correlation of every estimate with every delayed target: (E, S, S', T) -> (E, S, S' taps)
    fit = irfft(heard_spectra[:, :, None] * spectra[None, None].conj(), size)[..., :_TAPS].reshape(*heard.shape[:2], -1)
    explained = _explained(gram, fit)
    own = np.stack(
        [_explained(blocks[s][s], fit[:, s, s * _TAPS : (s + 1) * _TAPS]) for s in talkers], 1
    )  # by the own target alone
    total = (heard**2).sum(-1)
    floor = 1e-10 * total + 1e-20

    def decibels(wanted: _DOUBLE, rest: _DOUBLE) -> FloatArray:
        return np.asarray(10 * np.log10(np.maximum(wanted, floor) / np.maximum(rest, floor)), np.float32)

    return decibels(own, total - own), decibels(own, explained - own), decibels(explained, total - explained)


def _gram_block(first: NDArray[np.complex128], second: NDArray[np.complex128], size: int) -> _DOUBLE:
    """Inner products of two signals at all pairs of delays below 512, (512, 512), from their spectra."""
    correlation = irfft(first * second.conj(), size)
    return np.asarray(toeplitz(np.r_[correlation[0], correlation[:-_TAPS:-1]], correlation[:_TAPS]), np.float64)


def _explained(gram: _DOUBLE, fit: _DOUBLE) -> _DOUBLE:
    """Energy of the projection whose normal equations are (gram, fit); fit is (..., n)."""
    flat = fit.reshape(-1, fit.shape[-1])
    try:
        weights = np.linalg.solve(gram, flat.T).T
    except np.linalg.LinAlgError:
        weights = np.linalg.lstsq(gram, flat.T, rcond=None)[0].T
    return np.asarray((flat * weights).sum(-1).reshape(fit.shape[:-1]), np.float64)


def perceptual(estimate: FloatArray, target: FloatArray) -> dict[str, float | None]:
    """PESQ in wide and narrow band (MOS-LQO) and STOI, plain and extended (0..1), at 16 kHz.

    Args:
        estimate, target: (T,) float32; the target is the reference.

    Returns:
        pesq_wb, pesq_nb, stoi, estoi; None where the package is missing or the signal has too little speech to tell.
    """
    scores: dict[str, float | None] = dict.fromkeys(PERCEPTUAL)
    if not (np.any(estimate) and np.any(target)):
        return scores
    if find_spec("pesq"):
        package = importlib.import_module("pesq")
        for name, band in (("pesq_wb", "wb"), ("pesq_nb", "nb")):
            try:
                scores[name] = _finite(package.pesq(_SAMPLE_RATE_HZ, target, estimate, band))
            except (package.PesqError, ValueError):
                continue
    if find_spec("pystoi"):
        stoi = importlib.import_module("pystoi").stoi
        for name, extended in (("stoi", False), ("estoi", True)):
            with warnings.catch_warnings():
                warnings.simplefilter("error", RuntimeWarning)  # with too little speech it warns and returns 1e-5
                try:
                    scores[name] = _finite(stoi(target, estimate, _SAMPLE_RATE_HZ, extended=extended))
                except (RuntimeWarning, ValueError):
                    continue
    return scores


def missing_packages() -> dict[str, str]:
    """Which of the perceptual scores cannot be computed here, and the package that each needs."""
    return {name: package for name, package in _PACKAGES.items() if find_spec(package) is None}


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def bootstrap_ci95(groups: Sequence[Sequence[float]], *, rounds: int = 2000, seed: int = 0) -> tuple[float, float]:
    """95 % interval of the mean, drawing whole groups (the scores of one mixture belong together)."""
    rng = np.random.default_rng(seed)
    sums = np.asarray([float(np.sum(g)) for g in groups])
    sizes = np.asarray([len(g) for g in groups])
    draws = rng.integers(len(groups), size=(rounds, len(groups)))
    means = sums[draws].sum(1) / sizes[draws].sum(1)
    low, high = np.quantile(means, (0.025, 0.975))
    return float(low), float(high)
