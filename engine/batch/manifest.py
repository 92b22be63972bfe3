"""A list of files as a table (CSV), with a rule and options for each; columns in docs/batch.md."""

from __future__ import annotations

import argparse
import csv
import io
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

from engine import values
from engine.batch.inputs import FoundInput
from engine.batch.item import BatchOptions, PersonRule, Write
from engine.batch.naming import named
from engine.cache import input_error
from engine.errors import InputError, UsageError
from engine.types import AbsentPolicy, PicturePolicy

COLUMNS = (
    *("input", "person", "photo", "like", "output", "write", "format", "model", "device", "range", "mix_back"),
    *("absent", "loudness", "picture", "audio_index"),
)
_LARGEST_BYTES = 64 * 2**20
_SHOWN = 5


@dataclass(frozen=True)
class ManifestRow:
    """A line of a manifest. `output` is a name without ending, "" to fill in the template."""

    source: FoundInput
    rule: PersonRule
    options: BatchOptions
    output: str


def read_manifest(path: Path, rule: PersonRule, options: BatchOptions) -> tuple[ManifestRow, ...]:
    """Read a manifest; relative paths in it start from its folder.

    Args:
        rule, options: what holds where a line says nothing.

    Raises:
        InputError: missing, not text, or without a line.
        UsageError: an unknown column, or what a line says cannot be; with the line and the column of the first faults.
    """
    rows: list[ManifestRow] = []
    faults: list[str] = []
    reader = csv.reader(io.StringIO(_text(path), newline=""), _dialect(path), strict=True)
    header: list[str] = []
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if not header:
                header = _header(path, reader.line_num, cells)
                continue
            row = _row(path.absolute().parent, header, cells, rule, options, _Faults(reader.line_num, faults))
            rows += [row] if row is not None else []
    except csv.Error as error:
        where = f"“{path.name}”, line {reader.line_num}"
        raise UsageError(f"{where}: {error}.", "Check the quotes in that line.") from error
    if faults:
        more = f"; and {len(faults) - _SHOWN} more" if len(faults) > _SHOWN else ""
        raise UsageError(f"“{path.name}”, {'; '.join(faults[:_SHOWN])}{more}.", "Correct that in the manifest.")
    if not rows:
        raise InputError(f"“{path.name}” lists no files.", "Add a line with a file in the column “input”.")
    return tuple(rows)


class _Faults:
    """Collects what is wrong in one line."""

    def __init__(self, line: int, found: list[str]) -> None:
        self._line, self._found = line, found
        self.any = False

    def add(self, column: str, text: str) -> None:
        self.any = True
        where = f"line {self._line}, column “{column}”" if column else f"line {self._line}"
        self._found.append(f"{where}: {text.rstrip('.')}")


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise InputError(f"“{path.name}” is too large for a manifest.", "Split it up.")
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"“{path.name}” is not a table in UTF-8 (byte {error.start}).", "Save it as CSV, UTF-8.", details=str(error)
        ) from error
    except OSError as error:
        raise input_error(path, error) from error


def _dialect(path: Path) -> type[csv.Dialect]:
    """Commas, or what the first line has in their place: semicolons as spreadsheets write in many countries, tabs."""
    first = next((line for line in _text(path).splitlines() if line.strip()), "")
    mark = max(",;\t", key=first.count)

    class Found(csv.excel):
        delimiter = mark

    return Found


def _header(path: Path, line: int, cells: list[str]) -> list[str]:
    header = [cell.strip().casefold() for cell in cells]
    remedy = f"The columns are: {', '.join(COLUMNS)}."
    for place, name in enumerate(header):
        if name not in COLUMNS:
            raise UsageError(f"“{path.name}”, line {line}: there is no column “{cells[place].strip()}”.", remedy)
        if name in header[:place]:
            raise UsageError(f"“{path.name}”, line {line}: the column “{name}” is there twice.", remedy)
    if "input" not in header:
        raise UsageError(f"“{path.name}”, line {line}: the column “input” is missing.", remedy)
    return header


def _row(
    folder: Path, header: list[str], cells: list[str], rule: PersonRule, options: BatchOptions, faults: _Faults
) -> ManifestRow | None:
    if len(cells) > len(header):
        faults.add("", f"{len(cells)} cells for {len(header)} columns")
        return None
    line = {name: cell.strip() for name, cell in zip(header, cells, strict=False)}
    if not line["input"]:
        faults.add("input", "it is empty")
        return None
    rule = _rule(folder, line, rule, faults)
    stem, asked = named(line.get("output", ""))
    if line.get("output") and not stem:
        faults.add("output", f"“{line['output']}” is not a possible name")
    if asked is not None:
        options = replace(options, write=asked.write, format=asked.format)
    options = replace(options, **_changes(line, faults))
    if asked is not None and (options.write, options.format) != (asked.write, asked.format):
        faults.add("output", f"“{line['output']}” does not go with “write” or “format”")
    return None if faults.any else ManifestRow(FoundInput(_path(folder, line["input"])), rule, options, stem)


def _rule(folder: Path, line: dict[str, str], rule: PersonRule, faults: _Faults) -> PersonRule:
    person, photo, like = (line.get(name, "") for name in ("person", "photo", "like"))
    if photo and (person or like):
        faults.add("photo", "say who is meant by photo or by person, not both")
    elif photo:
        return PersonRule("photo", photo=_path(folder, photo))
    elif like and not (person.isdecimal() and int(person)):
        faults.add("person", f"“{person}” is not the number of a person of “{like}”")
    elif like:
        return PersonRule("same", int(person), video=_path(folder, like))
    elif person:
        try:
            return PersonRule.parse(person)
        except UsageError as error:
            faults.add("person", error.message)
    return rule


def _changes(line: dict[str, str], faults: _Faults) -> dict[str, Any]:
    """Fields of `BatchOptions` that a line gives."""

    def one_of(known: tuple[str, ...]) -> Callable[[str], str]:
        def read(text: str) -> str:
            if text not in known:
                raise argparse.ArgumentTypeError(f"“{text}” is not one of {', '.join(known)}")
            return text

        return read

    def stream(text: str) -> int:
        if not text.isdecimal():
            raise argparse.ArgumentTypeError(f"“{text}” is not the number of a stream")
        return int(text)

    readers: dict[str, tuple[str, Callable[[str], Any]]] = {
        "write": ("write", one_of(get_args(Write))),
        "format": ("format", str.lower),
        "model": ("model", str),
        "device": ("device", str),
        "range": ("range_s", values.time_range),
        "mix_back": ("mix_back", values.share),
        "absent": ("absent", one_of(get_args(AbsentPolicy))),
        "loudness": ("loudness_lufs", values.loudness),
        "picture": ("picture", one_of(get_args(PicturePolicy))),
        "audio_index": ("audio_index", stream),
    }
    changes = {}
    for column, (field, read) in readers.items():
        if line.get(column):
            try:
                changes[field] = read(line[column])
            except argparse.ArgumentTypeError as error:
                faults.add(column, str(error))
    return changes


def _path(folder: Path, text: str) -> Path:
    return Path(os.path.abspath(folder / text))  # noqa: PTH100 - unlike Path.absolute, it resolves ".."
