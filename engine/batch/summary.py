"""What became of a batch: as an object, as a table, and to read."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

from engine.batch.item import Batch, BatchItem
from engine.batch.naming import SUMMARY_NAMES
from engine.batch.store import output_json
from engine.cache import write_then_rename
from engine.export.report import dump

Json = dict[str, Any]
_COLUMNS = (
    *("input", "who", "status", "output", "people", "duration_s", "wall_s", "attempts", "error", "remedy", "notes"),
)


def summary_json(batch: Batch) -> Json:
    """The result of `avsep batch`, with the keys of the product contract."""
    return {
        "folder": str(batch.folder),
        "items": [_item_json(item) for item in batch.items],
        "done": batch.count("done"),
        "failed": batch.count("failed"),
        "skipped": batch.count("skipped"),
        "waiting": batch.count("waiting", "running"),
    }


def summary_text(batch: Batch) -> str:
    """The same to read: counts first, then what failed and why, then what was done."""
    lines = [counts_text(batch), f"Folder: {_line(batch.folder)}"]
    parts = {"Failed": ("failed",), "Skipped": ("skipped",), "Not done yet": ("waiting", "running"), "Done": ("done",)}
    for title, statuses in parts.items():
        chosen = [item for item in batch.items if item.status in statuses]
        if chosen:
            lines += ["", f"{title}:", *(_told(item) for item in chosen)]
    return "\n".join(lines)


def counts_text(batch: Batch) -> str:
    """How many files are done, in one line."""
    counts = [(batch.count("done"), "done"), (batch.count("failed"), "failed"), (batch.count("skipped"), "skipped")]
    counts.append((batch.count("waiting", "running"), "not done yet"))
    total = len(batch.items)
    told = ", ".join(f"{count} {word}" for count, word in counts if count or word == "done")
    return f"{total} {'file' if total == 1 else 'files'}: {told}."


def write_summary(batch: Batch) -> Path:
    """Write `summary.json`, `summary.csv` and `summary.txt` beside the results; gives the last one's path.

    Raises:
        OutputError: they cannot be written.
    """
    texts = (dump(summary_json(batch)) + "\n", _table(batch), summary_text(batch) + "\n")
    for name, text in zip(SUMMARY_NAMES, texts, strict=True):
        with write_then_rename(batch.folder / name) as temporary:
            temporary.write_bytes(text.encode("utf-8", "backslashreplace"))
    return batch.folder / SUMMARY_NAMES[-1]


def _item_json(item: BatchItem) -> Json:
    outcome, error = item.outcome, item.error
    return {
        "input": str(item.input),
        "status": item.status,
        "outputs": [] if outcome is None else [output_json(output) for output in outcome.outputs],
        "error": None if error is None else {"code": error.code, "message": error.message, "remedy": error.remedy},
        "who": item.rule.text,
        "output": item.output,
        "people": [] if outcome is None else list(outcome.people),
        "duration_s": item.duration_s,
        "wall_s": None if outcome is None else outcome.wall_s,
        "attempts": item.attempts,
        "warnings": [] if outcome is None else list(outcome.warnings),
        "note": item.note,
    }


def _table(batch: Batch) -> str:
    table = io.StringIO(newline="")
    writer = csv.writer(table)
    writer.writerow(_COLUMNS)
    for item in batch.items:
        told = _item_json(item)
        error = told["error"] or {"message": "", "remedy": ""}
        notes = [item.note] if item.note else told["warnings"]
        writer.writerow(
            [
                *(told["input"], told["who"], told["status"], told["output"]),
                " ".join(map(str, told["people"])),
                *("" if told[key] is None else f"{told[key]:.3f}" for key in ("duration_s", "wall_s")),
                *(told["attempts"], error["message"], error["remedy"], " ".join(notes)),
            ]
        )
    return table.getvalue()


def _told(item: BatchItem) -> str:
    if item.error is not None:
        why = f": {item.error.message} {item.error.remedy}".rstrip()
    elif item.outcome is not None:
        why = f" -> {item.output} ({item.rule.text}, {item.outcome.wall_s:.0f} s)"
    else:
        why = f": {item.note}" if item.note else ""
    return _line(f"  {item.input}{why}")


def _line(text: object) -> str:
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in str(text))
