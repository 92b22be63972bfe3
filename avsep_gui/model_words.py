"""What the window says of a model: whose it is, how fast, how large, under which licence."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from avsep_gui.state.shelf import Question, is_slow
from avsep_gui.words import figure, size
from engine.types import Download, ModelInfo

EVEN_RATIO = 1.15  # nearer to real time than this is called as fast as real time


def _tr(words: str) -> str:
    return QCoreApplication.translate("ModelWords", words)


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def speed(row: ModelInfo) -> str:
    """How fast a model is on this computer, and where that is known from."""
    if row.pace is None:
        return _tr("speed not known here yet")
    source = _tr("measured on this computer") if row.pace_measured else _tr("estimated for this computer")
    return f"{pace(row)}, {source}"


def pace(row: ModelInfo) -> str:
    """How fast a model is on this computer."""
    if row.pace is None:
        return _tr("speed not known here yet")
    if is_slow(row):
        return _tr("about {0} s for each second of one voice").format(figure(row.pace))
    if row.pace * EVEN_RATIO >= 1.0:
        return _tr("about as fast as real time")
    return _tr("about {0} × faster than real time").format(figure(1.0 / row.pace))


def short_pace(row: ModelInfo) -> str:
    """The same for a menu."""
    if row.pace is None:
        return _tr("speed not known")
    if is_slow(row):
        return _tr("{0} s per second").format(figure(row.pace))
    return _tr("{0} × real time").format(figure(1.0 / row.pace))


def origin(row: ModelInfo) -> str:
    """Who a model is from."""
    if row.imported:
        return _tr("Imported by you")
    if row.guest:
        return _tr("Guest engine: made by others, runs in a process of its own")
    return _tr("Made for AVSep, comes with it")


def licences(row: ModelInfo) -> str:
    """Licences of weights and program."""
    weights = row.declaration.licence or _tr("not told")
    code = row.declaration.code_licence or _tr("not told")
    if weights == code:
        return _tr("{0} (weights and program)").format(weights)
    return _tr("{0} (weights), {1} (program)").format(weights, code)


def parameters(row: ModelInfo) -> str:
    """How many numbers a model has; empty where it is not told."""
    count = row.declaration.parameters
    if count >= 1_000_000:
        return _tr("{0} million parameters").format(figure(count / 1e6))
    return _tr("{0} parameters").format(count) if count else ""


def room(row: ModelInfo, downloads: tuple[Download, ...] | None) -> str:
    """How large a model is on the disk, or how much would be fetched (None: that is not known)."""
    if row.installed:
        return _tr("{0} on the disk").format(size(row.size_bytes)) if row.size_bytes else ""
    if downloads is None:
        return ""
    if not downloads:
        return _tr("nothing has to be downloaded")
    return _tr("about {0} to be downloaded").format(size(sum(download.size_bytes for download in downloads)))


def facts(row: ModelInfo, downloads: tuple[Download, ...] | None) -> list[tuple[str, str]]:
    """Labels and texts of a model's card."""
    extent = ", ".join(part for part in (parameters(row), room(row, downloads)) if part)
    published = ""
    if row.published:
        words = _capital(row.published.rstrip(". "))
        published = _tr("{0} – published by its authors, not measured by us").format(words)
    rows = [
        (_tr("From"), origin(row)),
        (_tr("Speed here"), speed(row)),
        (_tr("Quality"), published),
        (_tr("Trained on"), _capital(row.declaration.trained_on)),
        (_tr("Licence"), licences(row)),
        (_tr("Size"), extent),
    ]
    return [(label, text) for label, text in rows if text]


def tooltip(row: ModelInfo) -> str:
    """Title, licence and speed, one per line."""
    lines = [row.title, _tr("Licence: {0}").format(licences(row)), _tr("Speed: {0}").format(speed(row))]
    return "\n".join(lines)


def without_gpu(row: ModelInfo) -> str:
    """How fast a model is without a GPU; empty where it is not told."""
    factor = row.declaration.real_time_factor
    if factor is None:
        return ""
    return _tr("Without a GPU: {0} s of one processor core for each second of one voice.").format(figure(factor))


def add_question(row: ModelInfo, question: Question) -> tuple[str, list[tuple[str, str]], str]:
    """What is asked before a model is added: headline, downloads with their hosts, and what to know beforehand."""
    total = size(sum(download.size_bytes for download in question.downloads))
    words = _tr("Repair {0}? About {1} will be downloaded.") if row.installed else _tr("Download about {1} for {0}?")
    items = [
        (_capital(download.what), f"{size(download.size_bytes)}, {download.host}") for download in question.downloads
    ]
    items.append((_tr("Licence"), licences(row)))
    items.append((_tr("Speed here"), speed(row)))
    notes = [without_gpu(row), _tr("Nothing of yours is sent. AVSep uses the network for this download only.")]
    return words.format(row.name, total), items, " ".join(note for note in notes if note)
