"""The small tables of a training set: CSV files whose rows are a dataclass of numbers and names."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Row = TypeVar("Row", bound="DataclassInstance")
_NUMBERS: dict[str, Any] = {"int": int, "float": float}


def read_table(path: Path, kind: type[Row]) -> list[Row]:
    """The rows of a table.

    Raises:
        OSError: the file cannot be read. ValueError, TypeError: its rows are not of this kind.
    """
    kinds = {field.name: _NUMBERS.get(str(field.type), str) for field in fields(kind)}
    with path.open(newline="", encoding="utf-8", errors="surrogateescape") as file:
        return [kind(**{name: kinds[name](value) for name, value in row.items()}) for row in csv.DictReader(file)]


def write_table(path: Path, kind: type[Row], rows: Iterable[Row]) -> None:
    """Write a table; file names that are not UTF-8 stay as they are.

    Raises:
        OSError: the file cannot be written.
    """
    with path.open("w", newline="", encoding="utf-8", errors="surrogateescape") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(kind)])
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)
