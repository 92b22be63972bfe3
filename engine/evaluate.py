"""Scores of a model on a fixed list of mixtures (`avsep evaluate`); the protocol is in `docs/evaluation.md`.

Every mixture is separated once for all faces in it; each output is scored against its own voice, and counts as wrong
when it is nearer to another one. Feeding one face or the other into the same mixture is the swapped-face test:
`both_faces_right` says how often every face gave its own voice, `similarity` how alike the outputs are (dB; high means
that the face is ignored), `swapped_si_sdri` what the other face's output is worth for the wanted voice (should be far
below 0). `..._alone` are scores when only the wanted face is known.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from engine.audio.fullband import masked
from engine.cache import write_then_rename
from engine.confidence import judge
from engine.contract import Landmarks, SeparationModel, WindowMasks
from engine.data.recipe import Recipe, read_recipes
from engine.data.scene import Scene, check_files, make_scene
from engine.errors import ModelError, OutputExistsError, UsageError
from engine.jobs import CancelToken, Progress, ProgressCallback, ignore_progress
from engine.metrics import PERCEPTUAL, bootstrap_ci95, bss_eval, missing_packages, perceptual, si_sdr, snr
from engine.registry import settled
from engine.separator import open_model

METRICS = (
    *("si_sdr", "si_sdri", "si_sdri_alone", "swapped_si_sdri", "similarity", "snri"),
    *("sdr", "sdri", "sir", "sar", *PERCEPTUAL, "lag_error_frames"),
)
_RATES = {
    "wrong": "wrong_talker_rate",
    "wrong_alone": "wrong_talker_rate_alone",
    "both_right": "both_faces_right",
}
CONDITIONS = (
    *("corpus", "talkers", "genders", "sir_bin_db", "snr_db", "delay_frames", "margin_frames", "jitter_frames"),
    *("drop_share", "tag"),
)
_SIR_BIN_DB = 5


def run(
    mixtures: Path,
    *,
    model: str = "default",
    root: Path = Path(),
    device: str = "auto",
    table: Path | None = None,
    overwrite: bool = False,
    on_progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> dict[str, Any]:
    """Score a model of the shelf.

    Args:
        mixtures: a recipe list (`engine.data.recipe`). root: the folder that its paths are relative to.
        table: a CSV file for the rows of per_mixture, or None. overwrite: replace it where it exists.

    Returns:
        model, n (scores), metrics, wrong_talker_rate, wrong_talker_rate_alone, both_faces_right, ci95, nulls {metric:
        scores without a value}, by {condition that varies in the list: {value: the same keys}}, by_corpus, warnings,
        per_mixture [...] with one row per mixture and face. No value is NaN; what cannot be computed is None.

    Raises:
        InputError: the list or a file in it cannot be used. OutputError: the table cannot be written. UsageError,
        ModelError, DeviceError: as named.
    """
    rows = read_recipes(mixtures)
    check_files(rows, root)
    if table is not None and table.exists() and not overwrite:
        raise OutputExistsError(f"“{table}” exists already.", "Choose another name, or add --overwrite.")
    model = settled(model)
    with closing(open_model(model, device, cancel)) as separator:
        scored = score(separator, rows, root, on_progress=on_progress, cancel=cancel)
    if table is not None:
        write_table(table, scored)
    by = {name: parts for name in CONDITIONS if len(parts := _by(scored, name)) > 1 or name == "corpus"}
    return {
        "model": model,
        **_summary(scored),
        "by": by,
        "by_corpus": by["corpus"],
        "warnings": [*_missing(), *separator.warnings],
        "per_mixture": scored,
    }


def _missing() -> list[str]:
    """A sentence per package that is not installed."""
    missing = missing_packages()
    return [
        f"{', '.join(n for n in missing if missing[n] == package)}: not computed, since the package {package} is not "
        "installed (extra avsep[eval])."
        for package in dict.fromkeys(missing.values())
    ]


def score(
    separator: SeparationModel,
    rows: Sequence[Recipe],
    root: Path,
    *,
    on_progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> list[dict[str, Any]]:
    """Scores of every filmed talker of every mixture, one row each (keys as in `run`'s per_mixture).

    Raises:
        UsageError: the model asks for pictures; lists hold landmarks. Others as `run`.
    """
    if not isinstance(separator.declaration.lips, Landmarks):
        raise UsageError("The model asks for pictures of mouths; lists hold landmarks.", "Use a model on landmarks.")
    cancel = cancel or CancelToken()
    scored: list[dict[str, Any]] = []
    for number, row in enumerate(rows):
        cancel.checkpoint()
        scored += _score(separator, row, make_scene(row, root, separator.declaration.margin_frames))
        on_progress(Progress("Scoring", number + 1, len(rows)))
    return scored


def write_table(path: Path, scored: Sequence[dict[str, Any]]) -> None:
    """Write rows of scores as CSV; None is an empty cell, True is 1.

    Raises:
        OutputError: the file cannot be written.
    """
    with write_then_rename(path) as part, part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(scored[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows({k: int(v) if isinstance(v, bool) else v for k, v in row.items()} for row in scored)


def _score(separator: SeparationModel, row: Recipe, scene: Scene) -> list[dict[str, Any]]:
    mixture, voices = scene.mixture, scene.voices
    out = separator.masks(mixture, scene.lips, scene.seen, None, scene.attributes)
    grid = separator.declaration.grid
    estimates = masked(mixture, out.mask, grid)
    alone = estimates
    if len(scene.filmed) > 1:
        faces = [slice(face, face + 1) for face in range(len(scene.filmed))]
        single = [
            separator.masks(mixture, scene.lips[face], scene.seen[face], None, scene.attributes[face]).mask
            for face in faces
        ]
        alone = masked(mixture, np.concatenate(single), grid)
    if not (np.isfinite(estimates).all() and np.isfinite(alone).all()):
        raise ModelError(f"The model gave values that are not numbers for {row.id}.", "Check its weights.")
    # BSS-eval wants an estimate for every talker; whom nobody sees has none but the mixture.
    unseparated = np.stack([mixture] * len(voices))
    separated = unseparated.copy()
    separated[list(scene.filmed)] = estimates
    sdr, sir, sar = bss_eval(np.stack([separated, unseparated]), voices)

    def nearer_to_another(estimate: Any, talker: int, own: float) -> bool:
        return any(si_sdr(estimate, voices[other]) > own for other in range(len(voices)) if other != talker)

    scores = []
    for face, talker in enumerate(scene.filmed):
        own, own_alone = si_sdr(estimates[face], voices[talker]), si_sdr(alone[face], voices[talker])
        before = si_sdr(mixture, voices[talker])
        others = [other for other in range(len(scene.filmed)) if other != face]
        lag = _lag_frames(separator, out, face) if scene.seen[face].any() else None
        scores.append(
            {
                **_conditions(row, talker),
                "si_sdr": own,
                "si_sdri": own - before,
                "si_sdri_alone": own_alone - before,
                "swapped_si_sdri": _mean(si_sdr(estimates[other], voices[talker]) - before for other in others),
                "similarity": _mean(si_sdr(estimates[face], estimates[other]) for other in others),
                "snri": snr(estimates[face], voices[talker]) - snr(mixture, voices[talker]),
                "sdr": float(sdr[0, talker]),
                "sdri": float(sdr[0, talker] - sdr[1, talker]),
                "sir": float(sir[0, talker]),
                "sar": float(sar[0, talker]),
                **perceptual(estimates[face], voices[talker]),
                "lag_frames": lag,
                "lag_error_frames": None if lag is None else abs(lag - row.delay_frames),
                "quality_db": judge(mixture, estimates[face], grid.sample_rate_hz, out.quality[face]).improvement_db,
                "wrong": nearer_to_another(estimates[face], talker, own),
                "wrong_alone": nearer_to_another(alone[face], talker, own_alone),
            }
        )
    right = not any(s["wrong"] for s in scores) if len(scores) > 1 else None
    return [{**s, "both_right": right} for s in scores]


def _conditions(row: Recipe, talker: int) -> dict[str, Any]:
    """What a score is grouped by."""
    voices = row.voices
    rest = sum(10 ** (v.level_db / 10) for number, v in enumerate(voices) if number != talker)
    sir_db = round(voices[talker].level_db - 10 * float(np.log10(rest)), 4)
    genders = {v.gender for v in voices}
    return {
        "id": row.id,
        "corpus": row.corpus,
        "voices": " + ".join(f"{v.path}@{v.start_s:g}" for v in voices),
        "talker": voices[talker].path,
        "talkers": len(voices),
        "genders": None if "" in genders else "same" if len(genders) == 1 else "different",
        "sir_db": sir_db,
        "sir_bin_db": _SIR_BIN_DB * round(sir_db / _SIR_BIN_DB),
        "snr_db": row.snr_db,
        "delay_frames": row.delay_frames,
        "margin_frames": row.margin_frames,
        "jitter_frames": row.jitter_frames,
        "drop_share": row.drop_share,
        "tag": row.tag,
    }


def _lag_frames(separator: SeparationModel, out: WindowMasks, face: int) -> int | None:
    """By how many video frames the picture comes late, as the model sees it; None where it does not say."""
    if not out.match.any():
        return None
    chances = separator.lag_probabilities(out.match[face : face + 1])
    return int(np.argmax(chances)) - len(chances) // 2


def _mean(values: Iterable[float]) -> float | None:
    known = list(values)
    return float(np.mean(known)) if known else None


def _by(scores: Sequence[dict[str, Any]], condition: str) -> dict[str, dict[str, Any]]:
    """Summaries per value of a condition, in the order of the values."""
    values = sorted({s[condition] for s in scores}, key=lambda v: (v is None, 0 if v is None else v))
    groups = {_label(v): [s for s in scores if s[condition] == v] for v in values}
    return {label: _summary(group) for label, group in groups.items()}


def _label(value: Any) -> str:
    return "none" if value in (None, "") else f"{value:g}" if isinstance(value, int | float) else str(value)


def _summary(scores: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Means and 95 % intervals; scores of the same voices are drawn together."""
    columns = {name: [s[name] for s in scores if s[name] is not None] for name in (*METRICS, *_RATES)}
    mixtures: dict[str, list[dict[str, Any]]] = {}
    for s in scores:
        mixtures.setdefault(s["voices"], []).append(s)

    def interval(name: str) -> tuple[float, float] | None:
        groups = [[float(s[name]) for s in group if s[name] is not None] for group in mixtures.values()]
        kept = [group for group in groups if group]
        return bootstrap_ci95(kept) if kept else None

    return {
        "n": len(scores),
        "metrics": {name: _mean(columns[name]) for name in METRICS},
        **{key: _mean(columns[name]) for name, key in _RATES.items()},
        "ci95": {
            **{name: interval(name) for name in METRICS},
            **{key: interval(name) for name, key in _RATES.items()},
        },
        "nulls": {name: len(scores) - len(columns[name]) for name in METRICS if len(columns[name]) < len(scores)},
    }
