"""Voices into files: who is meant, what to write, the mix, the checks and the report."""

from __future__ import annotations

from engine.jobs import CancelToken, ProgressCallback
from engine.types import SeparationRequest, SeparationResult


def separate(request: SeparationRequest, *, on_progress: ProgressCallback, cancel: CancelToken) -> SeparationResult:
    """Isolate voices and write them to files; see `engine.api.separate`. SciPy is loaded with the first call."""
    from engine.export import job

    return job.separate(request, on_progress=on_progress, cancel=cancel)
