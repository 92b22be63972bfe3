"""What the command line says: results on stdout, everything else on stderr."""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Sequence
from typing import Any, TextIO

from engine.errors import JobCancelled, UsageError
from engine.jobs import Progress

Json = dict[str, Any]

_UPDATES_PER_S = 20
_BAR_WIDTH = 24


class Console:
    """Results and progress in the form that the options ask for.

    Args:
        as_json: one JSON object on stdout instead of text.
        progress: "auto", "bar", "json" or "none".
    """

    def __init__(self, *, as_json: bool, progress: str) -> None:
        self._stdout, self._stderr = sys.stdout, sys.stderr
        self._as_json = as_json
        self._progress = ("bar" if self._stderr.isatty() else "none") if progress == "auto" else progress
        self._stage, self._next_update, self._began = "", 0.0, 0.0
        self._line_open = False

    def result(self, data: Json, text: str) -> None:
        """Print a result: `data` under --json, else `text`."""
        self.end_progress()
        if self._as_json:
            from engine.export.report import dump

            _write(self._stdout, dump(data))
        else:
            _write(self._stdout, text)

    def failure(self, code: str, message: str, remedy: str) -> None:
        """Print why a command failed: JSON on stdout, or a sentence on stderr."""
        self.end_progress()
        if self._as_json:
            error = {"code": code, "message": message, "remedy": remedy}
            _write(self._stdout, json.dumps({"error": error}, indent=2))
        else:
            self.note(f"avsep: {message} {remedy}".strip())

    def note(self, text: str) -> None:
        """Print a line on stderr."""
        self.end_progress()
        _write(self._stderr, text)

    def confirm(self, question: str, *, unasked: str) -> None:
        """Ask the user on the terminal.

        Args:
            question: what the answer yes would do. unasked: option that says yes beforehand.

        Raises:
            UsageError: there is nobody to ask: no terminal, or --json.
            JobCancelled: the answer is not yes.
        """
        if self._as_json or not (sys.stdin.isatty() and self._stderr.isatty()):
            told = question.replace("\n", " ")
            raise UsageError(f"{told} This needs a yes, and there is no terminal to ask on.", f"Add {unasked}.")
        self._stderr.write(f"{question}\nGo on? [y/N] ")
        self._stderr.flush()
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            raise JobCancelled

    def on_progress(self, progress: Progress) -> None:
        """A `ProgressCallback`: at most 20 updates a second, and each stage's first and last."""
        now = time.monotonic()
        new_stage = progress.stage != self._stage
        if new_stage:
            self.end_progress()
            self._stage, self._began = progress.stage, now
        if self._progress == "none" or (not new_stage and progress.fraction < 1 and now < self._next_update):
            return
        self._next_update = now + 1 / _UPDATES_PER_S
        try:
            if self._progress == "json":
                self._stderr.write(json.dumps(_progress_json(progress)) + "\n")
            else:
                self._stderr.write("\r" + self._bar(progress, now) + "\x1b[K")
                self._line_open = True
            self._stderr.flush()
        except (OSError, ValueError):  # nobody reads it any more; the job goes on
            self._progress, self._line_open = "none", False

    def end_progress(self) -> None:
        """Leave the line of the bar, so that other text starts on its own."""
        if self._line_open:
            self._line_open = False
            _write(self._stderr, "")

    def _bar(self, progress: Progress, now: float) -> str:
        done = round(progress.fraction * _BAR_WIDTH)
        line = f"{progress.stage:<24} [{'#' * done}{'.' * (_BAR_WIDTH - done)}] {progress.fraction:4.0%}"
        elapsed = now - self._began
        if elapsed > 2 and 0 < progress.fraction < 1:
            left = round(elapsed * (1 - progress.fraction) / progress.fraction)
            line += f"  {left // 60}:{left % 60:02d} left"
        return line[: shutil.get_terminal_size().columns - 1]


def table(rows: Sequence[Sequence[str]], *, header: Sequence[str] = ()) -> str:
    """Rows as aligned columns; the header, where given, is underlined."""
    lines = [header, *rows] if header else list(rows)
    if not lines:
        return ""
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    if header:
        lines.insert(1, ["-" * width for width in widths])
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def printable(text: object) -> str:
    """Text of others (file names, titles) on one line: control characters become visible."""
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in str(text))


def _write(stream: TextIO, text: str) -> None:
    """Write a line; what the stream's encoding cannot hold becomes an escape."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
    stream.flush()


def _progress_json(progress: Progress) -> Json:
    return {
        "stage": progress.stage,
        "completed": progress.completed,
        "total": progress.total,
        "fraction": progress.fraction,
        "ready_s": None if progress.ready_s is None else list(progress.ready_s),
        "person": progress.person_id,
    }
