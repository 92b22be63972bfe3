"""The live table of `avsep batch`."""

from __future__ import annotations

import json
import shutil
import time
from typing import TextIO

from engine.batch.item import Batch, BatchItem
from engine.cli.console import Json, printable
from engine.jobs import Progress

_UPDATES_PER_S = 10
_BAR_WIDTH = 20
_NAME_WIDTH = 32


class LiveTable:
    """What is being done: a line for each file under way and one for all, renewed in place on a terminal.

    Args:
        form: "auto": in place on a terminal, else a line for each file that ends; "bar"; "json": an object per line
            for each change; "none".
    """

    def __init__(self, stream: TextIO, batch: Batch, *, form: str) -> None:
        self._stream, self._form = stream, form
        self._in_place = form == "bar" or (form == "auto" and stream.isatty())
        self._lines = 0
        self._next_update = 0.0
        self._began = time.monotonic()
        self._items = {item.id: item for item in batch.items}
        self._shares: dict[int, tuple[str, float]] = {}
        self._total = sum(item.status == "waiting" for item in batch.items)
        self._ended = self._failed = 0

    def show(self, item: BatchItem, progress: Progress | None) -> None:
        """Follow a change of a file's status, or progress within it."""
        self._items[item.id] = item
        if progress is not None:
            self._shares[item.id] = (progress.stage, progress.fraction)
        elif item.status == "running":
            self._shares[item.id] = ("Starting", 0.0)
        else:
            self._shares.pop(item.id, None)
        ended = progress is None and item.status in ("done", "failed")
        self._ended += ended
        self._failed += ended and item.status == "failed"
        if self._form == "json":
            self._say(json.dumps(_event_json(item, progress)))
        elif self._in_place:
            self._renew([_ended_text(item)] if ended else [])
        elif ended and self._form == "auto":
            self._say(f"[{self._ended}/{self._total}] {_ended_text(item)}")

    def close(self) -> None:
        """Leave the terminal as it is to be read."""
        self._put("".join(self._clear()))
        self._in_place = False

    def _renew(self, above: list[str]) -> None:
        now = time.monotonic()
        if not above and now < self._next_update:
            return
        self._next_update = now + 1 / _UPDATES_PER_S
        width = shutil.get_terminal_size().columns - 1
        lines = [*(self._row(item_id) for item_id in self._shares), self._overall(now)]
        text = self._clear() + [f"{line[:width]}\n" for line in (*above, *lines)]
        self._lines = len(lines)
        self._put("".join(text))

    def _clear(self) -> list[str]:
        lines, self._lines = self._lines, 0
        return [f"\x1b[{lines}A\x1b[J"] if lines else []

    def _row(self, item_id: int) -> str:
        stage, share = self._shares[item_id]
        done = round(share * _BAR_WIDTH)
        name = _short(printable(self._items[item_id].input.name))
        return f"  {name:<{_NAME_WIDTH}} [{'#' * done}{'.' * (_BAR_WIDTH - done)}] {share:4.0%}  {stage}"

    def _overall(self, now: float) -> str:
        text = f"  {self._ended - self._failed} of {self._total} done"
        text += f", {self._failed} failed" if self._failed else ""
        if 0 < self._ended < self._total:
            left = round((now - self._began) / self._ended * (self._total - self._ended))
            text += f", about {left // 3600}:{left // 60 % 60:02d}:{left % 60:02d} left"
        return text

    def _say(self, text: str) -> None:
        self._put(text + "\n")

    def _put(self, text: str) -> None:
        encoding = getattr(self._stream, "encoding", None) or "utf-8"
        try:
            self._stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
            self._stream.flush()
        except (OSError, ValueError):  # nobody reads it any more; the work goes on
            self._form, self._in_place = "none", False


def _ended_text(item: BatchItem) -> str:
    name = printable(item.input.name)
    if item.error is not None:
        return f"{name}: failed. {printable(item.error.message)}"
    took = "" if item.outcome is None else f" in {item.outcome.wall_s:.0f} s"
    return f"{name}: done{took}, {printable(item.output)}"


def _event_json(item: BatchItem, progress: Progress | None) -> Json:
    event: Json = {"item": item.id, "input": str(item.input), "status": item.status}
    if progress is not None:
        event |= {"stage": progress.stage, "fraction": progress.fraction}
    return event


def _short(name: str) -> str:
    return name if len(name) <= _NAME_WIDTH else f"{name[: _NAME_WIDTH - 1]}…"
