"""What users type, and how results look."""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from engine import values
from engine.cli.console import printable, table
from engine.export.report import dump


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0", 0), ("75.5", 75.5), (".5", 0.5), ("1:15", 75), ("0:01:15.5", 75.5), ("2:00:00", 7200), (" 12 ", 12)],
)
def test_seconds(text: str, expected: float) -> None:
    assert values.seconds(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("12.5-30", (12.5, 30)), ("0:01:00-0:02:30", (60, 150)), ("1:00-", (60, math.inf)), ("5 - 6", (5, 6))],
)
def test_ranges(text: str, expected: tuple[float, float]) -> None:
    assert values.time_range(text) == expected


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (values.seconds, "1:75"),
        (values.seconds, "1:60:00"),
        (values.seconds, "-3"),
        (values.seconds, "nan"),
        (values.seconds, "1e3"),
        (values.seconds, ""),
        (values.time_range, "5"),
        (values.time_range, "9-5"),
        (values.time_range, "5-5"),
        (values.time_range, "-5"),
        (values.point, "1,2"),
        (values.point, "1,2,3,4"),
        (values.point, "1,x,3"),
        (values.point, "1,nan,3"),
        (values.share, "1.1"),
        (values.share, "-0.1"),
        (values.share, "inf"),
        (values.loudness, "1"),
        (values.loudness, "-70"),
        (values.loudness, "loud"),
    ],
)
def test_wrong_values_say_what_they_are(kind: Callable[[str], object], text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError) as caught:
        kind(text)
    assert "is not " in str(caught.value)


def test_points_shares_and_loudness() -> None:
    assert values.point("0:01:00,640,-3.5") == (60.0, 640.0, -3.5)
    assert values.share("0.25") == 0.25
    assert values.loudness("-16") == -16.0


@pytest.mark.parametrize(("time_s", "text"), [(0, "0:00.0"), (75.54, "1:15.5"), (59.96, "1:00.0"), (3675, "1:01:15.0")])
def test_clock(time_s: float, text: str) -> None:
    assert values.clock(time_s) == text


def test_table_aligns_its_columns() -> None:
    assert table([["a", "1"], ["bbb", "22"]], header=["N", "V"]) == "N    V\n---  --\na    1\nbbb  22"
    assert table([]) == ""


def test_text_of_others_stays_on_its_line() -> None:
    assert printable("a\nb\x1b[31m é 🎤") == "a\\nb\\x1b[31m é 🎤"


def test_json_never_holds_what_json_cannot() -> None:
    assert json.loads(dump({"a": np.int64(3), "b": np.True_, "c": np.array([1.5, np.nan]), "d": Path("x")})) == {
        "a": 3,
        "b": True,
        "c": [1.5, None],
        "d": "x",
    }
    text = dump({"a": math.nan, "b": [math.inf, (1, -math.inf)], "c": "é\udcff", "d": True, "e": None})
    assert '"a": null' in text and "NaN" not in text and "Infinity" not in text and text.isascii()
    assert '"d": true' in text
