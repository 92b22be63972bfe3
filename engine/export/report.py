"""Results as JSON: for the command line and for `report.json`."""

from __future__ import annotations

import json
import math
import os
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from engine.cache import write_then_rename
from engine.types import MediaInfo, ModelInfo, SeparationResult

Json = dict[str, Any]

_PACKAGES = ("avsep", "torch", "numpy", "av")


def result_json(result: SeparationResult) -> Json:
    """A result with the keys of the product contract, ready for `dump`."""
    return {
        "model": result.model,
        "device": result.device,
        "duration_s": result.duration_s,
        "wall_s": result.wall_s,
        "real_time_factor": result.real_time_factor,
        "stages": dict(result.stages),
        "peak_rss_mb": result.peak_rss_mb,
        "sample_rate_hz": result.sample_rate_hz,
        "channels": result.channels,
        "null_test_db": result.null_test_db,
        "offset_samples": result.offset_samples,
        "outputs": [
            {"path": str(output.path), "person": output.person, "kind": output.kind} for output in result.outputs
        ],
        "confidence": [
            {
                "person": confidence.person,
                "mean": confidence.mean,
                "spans": [
                    {
                        "start_s": span.start_s,
                        "end_s": span.end_s,
                        "value": span.value,
                        "visible": round(span.judgement.visible, 3),
                        "improvement_db": round(span.judgement.improvement_db, 2),
                        "removed_db": round(span.judgement.removed_db, 2),
                    }
                    for span in confidence.spans
                ],
            }
            for confidence in result.confidence
        ],
        "warnings": list(result.warnings),
    }


def write_report(
    path: Path, result: SeparationResult, media: MediaInfo, card: ModelInfo | None, voices: list[Json]
) -> None:
    """Write `report.json`: the result, what went in, and with what it was made.

    Args:
        card: the model's row of the shelf; None where the shelf does not know it.
        voices: person, label, gain and loudness of each voice.

    Raises:
        OutputError: it cannot be written.
    """
    report = result_json(result) | {
        "input": {"name": media.path.name, "bytes": media.path.stat().st_size, "duration_s": media.duration_s},
        "voices": voices,
        "model_card": None
        if card is None
        else {
            "name": card.name,
            "title": card.title,
            "licence": card.declaration.licence,
            "trained_on": card.declaration.trained_on,
            "sha256": card.sha256,
        },
        "versions": versions(),
    }
    with write_then_rename(path) as temporary:
        temporary.write_text(dump(report) + "\n", encoding="utf-8")


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that decide about the sound."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = ""
    return found


def dump(value: Json) -> str:
    """JSON text in ASCII; numbers that JSON cannot hold (NaN, infinity) become null."""
    return json.dumps(_finite(value), indent=2, allow_nan=False)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, (bool, int, str)) or value is None:
        return value
    if isinstance(value, (np.generic, np.ndarray)):
        return _finite(value.tolist())
    number = float(value)
    return number if math.isfinite(number) else None
