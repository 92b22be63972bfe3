"""The result of an export in words: what was measured, and what the user should know. No widgets."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from avsep_gui.remark import Remark
from avsep_gui.state.document import Document
from avsep_gui.state.intervals import union
from avsep_gui.words import FAIR_AGREEMENT, GOOD_AGREEMENT, agreement, short_clock, sound_format
from engine.types import PersonConfidence, SeparationResult

EXACT_DB = -120.0  # voice and everyone else are the original below this
MOST_PLACES = 3


def findings(result: SeparationResult, document: Document) -> tuple[Remark, ...]:
    """What was measured on the files, each a sentence; the engine's own notes last."""
    found = [_place(result), _sum(result)]
    found += [_agreement(confidence, document) for confidence in result.confidence]
    found += [Remark("warning", warning) for warning in result.warnings]
    return tuple(found)


def facts(result: SeparationResult) -> tuple[tuple[str, str], ...]:
    """Names and values: files, sound, time, model."""
    channels = {1: _text("mono"), 2: _text("stereo")}.get(
        result.channels, _text("{0} channels").format(result.channels)
    )
    time = _text("{0:.0f} s for {1} ({2:.2f} × the length)")
    return (
        (_text("Files"), "\n".join(output.path.name for output in result.outputs)),
        (_text("Sound"), sound_format(result.sample_rate_hz, channels)),
        (_text("Time"), time.format(result.wall_s, short_clock(result.duration_s), result.real_time_factor)),
        (_text("Computed with"), f"{result.model}, {result.device.upper()}"),
    )


def as_text(result: SeparationResult, document: Document) -> str:
    """The whole report for the clipboard."""
    signs = {"good": "✓", "muted": "·", "warning": "!", "danger": "✗"}
    lines = [f"{signs[remark.gravity]} {remark.text}" for remark in findings(result, document)]
    lines += [f"{name}: {value.replace(chr(10), ', ')}" for name, value in facts(result)]
    places = sorted({str(output.path.parent) for output in result.outputs})
    return "\n".join([*lines, *(_text("Folder: {0}").format(place) for place in places)])


def _text(words: str) -> str:
    return QCoreApplication.translate("ExportReport", words)


def _place(result: SeparationResult) -> Remark:
    offset = result.offset_samples
    if offset == 0:
        return Remark("good", _text("Every sample is in its place (offset to the original: 0 samples)."))
    words = (
        _text("The voice is {0} samples late ({1:.1f} ms).")
        if offset > 0
        else _text("The voice is {0} samples early ({1:.1f} ms).")
    )
    return Remark("warning", words.format(abs(offset), 1000 * abs(offset) / result.sample_rate_hz))


def _sum(result: SeparationResult) -> Remark:
    if result.null_test_db <= EXACT_DB:
        words = _text("Voice and everyone else give the original again (difference {0:.0f} dBFS, not audible).")
        return Remark("good", words.format(result.null_test_db))
    words = _text("Voice and everyone else differ from the original by up to {0:.0f} dBFS.")
    return Remark("warning", words.format(result.null_test_db))


def _agreement(confidence: PersonConfidence, document: Document) -> Remark:
    """How well lips and voice of a person agree, and where they do not."""
    name = document.name(confidence.person)
    weak = union((span.start_s, span.end_s) for span in confidence.spans if 0 < span.value < FAIR_AGREEMENT)
    text = _text("Is it really {0}? {1}.").format(name, agreement(confidence.mean).capitalize())
    if weak:
        places = ", ".join(f"{short_clock(start)}–{short_clock(end)}" for start, end in weak[:MOST_PLACES])
        more = _text(" and {0} more").format(len(weak) - MOST_PLACES) if len(weak) > MOST_PLACES else ""
        text += " " + _text("Weak at {0}.").format(places + more)
    return Remark("good" if confidence.mean >= GOOD_AGREEMENT and not weak else "warning", text)
