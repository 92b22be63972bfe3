"""Scores of a model on a fixed list of mixtures (`avsep evaluate`).

Every mixture is separated for both talkers' faces; the two outputs are scored against their own voices, and count as
wrong when they are nearer to the other one. Feeding one face or the other into the same mixture is the swapped-face
test: `both_faces_right` says how often each face gave its own voice, `similarity` how alike the outputs are (dB; high
means that the face is ignored). `..._alone` are the same scores when only the wanted face is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.cache import content_key, entry, write_then_rename
from engine.data.pack import SAMPLE_RATE_HZ, Rejected, Source, take_in
from engine.data.recipe import Recipe, read_recipes
from engine.errors import InputError
from engine.jobs import CancelToken, Progress, ProgressCallback, ignore_progress
from engine.metrics import bootstrap_ci95, bss_eval, si_sdr
from engine.separator import Separator
from engine.vision.lips import RATE_HZ

FloatArray = NDArray[np.float32]
_WRONG = {"wrong": "wrong_talker_rate", "wrong_alone": "wrong_talker_rate_alone"}


def run(
    mixtures: Path,
    *,
    model: str = "default",
    root: Path = Path(),
    device: str = "auto",
    on_progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> dict[str, Any]:
    """Score a model of the shelf.

    Args:
        mixtures: a recipe list (`engine.data.recipe`). root: the folder that its paths are relative to.

    Returns:
        n (scores), metrics, wrong_talker_rate, both_faces_right, ci95, by_corpus {same keys}, per_mixture [...].

    Raises:
        InputError: the list or a file in it cannot be used. UsageError, ModelError, DeviceError: as named.
    """
    rows = read_recipes(mixtures)
    scored = score(Separator.load(model, device), rows, root, on_progress=on_progress, cancel=cancel)
    corpora = sorted({s["corpus"] for s in scored})
    by_corpus = {name: _summary([s for s in scored if s["corpus"] == name]) for name in corpora}
    return {"model": model, **_summary(scored), "by_corpus": by_corpus, "per_mixture": scored}


def score(
    separator: Separator,
    rows: Sequence[Recipe],
    root: Path,
    *,
    on_progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> list[dict[str, Any]]:
    """Scores of every talker of every mixture, two rows per mixture (keys as in `run`'s per_mixture)."""
    cancel = cancel or CancelToken()
    scored: list[dict[str, Any]] = []
    for number, row in enumerate(rows):
        cancel.checkpoint()
        scored += _score(separator, row, root)
        on_progress(Progress("Scoring", number + 1, len(rows)))
    return scored


def mixture_of(row: Recipe, root: Path, margin_frames: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Make a recipe's sound and lips.

    Returns:
        voices (2, T) at 16 kHz, whose sum is the mixture; lips (2, M, 240) and seen (2, M), with the margin.

    Raises:
        InputError: a file is missing, too short or shows no face.
    """
    voices, lips, seen = [], [], []
    for name, start_s in ((row.target, row.target_start_s), (row.interferer, row.interferer_start_s)):
        audio, features = _clip(root / name)
        at, frames = round(start_s * SAMPLE_RATE_HZ), round(row.seconds * RATE_HZ)
        sound = audio[at : at + round(row.seconds * SAMPLE_RATE_HZ)].astype(np.float32)
        if len(sound) < round(row.seconds * SAMPLE_RATE_HZ) or sound.std() == 0:
            raise InputError(
                f"{row.id}: {name} is silent or ends before {start_s + row.seconds:g} s.", "Check the list."
            )
        rows = np.arange(-margin_frames, frames + margin_frames) + round(start_s * RATE_HZ)
        inside = (rows >= 0) & (rows < len(features))
        stream = np.zeros((len(rows), features.shape[1]), np.float32)
        stream[inside] = features[rows[inside]]
        voices.append(sound / sound.std())
        lips.append(stream)
        seen.append(inside.astype(np.float32))
    voices[1] = voices[1] * np.float32(10 ** (-row.sir_db / 20))
    return np.stack(voices), np.stack(lips), np.stack(seen)


def _score(separator: Separator, row: Recipe, root: Path) -> list[dict[str, Any]]:
    voices, lips, seen = mixture_of(row, root, separator.model.config.max_lag_frames)
    mixture = voices.sum(0)
    out = separator.masks(mixture, lips, seen, None)
    estimates = separator.waves(mixture, out.mask)
    both = np.stack([mixture, mixture])
    single = [separator.masks(mixture, lips[i : i + 1], seen[i : i + 1], None).mask[0] for i in range(2)]
    alone = separator.waves(mixture, np.stack(single))
    sdr, sir, sar = bss_eval(estimates, voices)
    before = bss_eval(both, voices)[0]
    scores = []
    for talker, path in enumerate((row.target, row.interferer)):
        own, other = si_sdr(estimates[talker], voices[talker]), si_sdr(estimates[talker], voices[1 - talker])
        own_alone = si_sdr(alone[talker], voices[talker])
        before_db = si_sdr(mixture, voices[talker])
        scores.append(
            {
                "id": row.id,
                "corpus": row.corpus,
                "talker": path,
                "sir_db": row.sir_db if talker == 0 else -row.sir_db,
                "si_sdr": own,
                "si_sdri": own - before_db,
                "si_sdri_alone": own_alone - before_db,
                "sdr": float(sdr[talker]),
                "sdri": float(sdr[talker] - before[talker]),
                "sir": float(sir[talker]),
                "sar": float(sar[talker]),
                "margin": float(out.margin[talker].mean()),
                "wrong": other > own,
                "wrong_alone": si_sdr(alone[talker], voices[1 - talker]) > own_alone,
                "similarity": si_sdr(estimates[talker], estimates[1 - talker]),
            }
        )
    return scores


def _summary(scores: Sequence[dict[str, Any]]) -> dict[str, Any]:
    mixtures: dict[str, list[dict[str, Any]]] = {}
    for score in scores:
        mixtures.setdefault(score["id"], []).append(score)
    names = ("si_sdr", "si_sdri", "si_sdri_alone", "sdr", "sdri", "sir", "sar", "similarity")
    groups = {name: [[float(s[name]) for s in group] for group in mixtures.values()] for name in (*names, *_WRONG)}
    right = [[float(not any(s["wrong"] for s in group))] for group in mixtures.values()]
    return {
        "n": len(scores),
        "metrics": {name: float(np.mean([s[name] for s in scores])) for name in names},
        **{key: float(np.mean([s[name] for s in scores])) for name, key in _WRONG.items()},
        "both_faces_right": float(np.mean(right)),
        "ci95": {
            **{name: bootstrap_ci95(groups[name]) for name in names},
            **{key: bootstrap_ci95(groups[name]) for name, key in _WRONG.items()},
            "both_faces_right": bootstrap_ci95(right),
        },
    }


def _clip(path: Path) -> tuple[NDArray[np.int16], FloatArray]:
    """Sound and lip features of a clip, kept in the cache."""
    stored = entry("clips", content_key(path)) / "clip.npz"
    if not stored.is_file():
        taken = take_in(Source(path, path.name, "", "", "", has_face=True))
        if isinstance(taken, Rejected):
            raise InputError(f"{path.name} cannot be used: {taken.why}", "Take it off the list.")
        with write_then_rename(stored) as part, part.open("wb") as file:
            np.savez(file, audio=taken[0], lips=taken[1])
    with np.load(stored) as arrays:
        return arrays["audio"], arrays["lips"].astype(np.float32)
