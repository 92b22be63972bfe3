"""Voices into files: who is meant, what to write, the mix, the checks and the report."""

from engine.export.job import separate

__all__ = ["separate"]
