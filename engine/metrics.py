"""Scores of a separated voice, behind one signature: (estimate, references, mixture) in, decibels out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.errors import ModelError

FloatArray = NDArray[np.float32]


def si_sdr(estimate: FloatArray, target: FloatArray) -> float:
    """Scale-invariant signal-to-distortion ratio in dB; see `engine.losses.separation.si_sdr`."""
    e, t = estimate.astype(np.float64), target.astype(np.float64)
    e, t = e - e.mean(), t - t.mean()
    wanted = (e @ t) / (t @ t + 1e-8) * t
    return float(10 * np.log10((wanted @ wanted + 1e-8) / ((e - wanted) @ (e - wanted) + 1e-8)))


def bss_eval(estimates: FloatArray, targets: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """SDR, SIR and SAR in dB (BSS-eval v3, 512-tap distortion filter), estimates in the order of the targets.

    Args:
        estimates, targets: (talkers, T) float32.

    Returns:
        Three arrays (talkers,).

    Raises:
        ModelError: the package mir_eval is not installed.
    """
    try:
        from mir_eval.separation import bss_eval_sources
    except ImportError as error:
        raise ModelError("SDR needs the package mir_eval.", "Install AVSep with its extra: avsep[eval].") from error
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # mir_eval announces the end of its separation module with every call
        sdr, sir, sar, _ = bss_eval_sources(
            targets.astype(np.float64), estimates.astype(np.float64), compute_permutation=False
        )
    return np.asarray(sdr, np.float32), np.asarray(sir, np.float32), np.asarray(sar, np.float32)


def bootstrap_ci95(groups: Sequence[Sequence[float]], *, rounds: int = 2000, seed: int = 0) -> tuple[float, float]:
    """95 % interval of the mean, drawing whole groups (the scores of one mixture belong together)."""
    rng = np.random.default_rng(seed)
    sums = np.asarray([float(np.sum(g)) for g in groups])
    sizes = np.asarray([len(g) for g in groups])
    draws = rng.integers(len(groups), size=(rounds, len(groups)))
    means = sums[draws].sum(1) / sizes[draws].sum(1)
    low, high = np.quantile(means, (0.025, 0.975))
    return float(low), float(high)
