"""The picture of quality against delay: right numbers, well-formed, names escaped."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.benchmark.offset_curve import curve, main, ticks


def _scores(gain: float) -> list[dict[str, object]]:
    return [
        {
            "corpus": corpus,
            "voices": f"{corpus}{k}",
            "delay_frames": d,
            "jitter_frames": abs(d) / 6,
            "si_sdri": gain - abs(d) + k % 2,
            "pesq_wb": None,
        }
        for corpus in ("grid", "vasp")
        for d in (9, -9, 0)
        for k in range(6)
    ]


def test_points_are_means_with_intervals() -> None:
    points = curve(_scores(5.0), "si_sdri")
    assert [(p.frames, p.mean, p.n) for p in points] == [(-9, -3.5, 12), (0, 5.5, 12), (9, -3.5, 12)]
    assert all(p.low < p.mean < p.high for p in points)
    assert curve(_scores(5.0), "pesq_wb") == []
    assert [(p.frames, p.n) for p in curve(_scores(5.0), "si_sdri", "jitter_frames")] == [(0.0, 12), (1.5, 24)]


def test_the_picture_has_a_line_per_model_and_a_table_beside_it(tmp_path: Path) -> None:
    for name, gain in (("a", 5.0), ("b", 2.0)):
        (tmp_path / f"{name}.json").write_text(json.dumps({"per_mixture": _scores(gain)}))
    out = tmp_path / "curve.svg"
    main([str(out), f"A & <b>={tmp_path / 'a.json'}", f"B={tmp_path / 'b.json'}", "--corpus", "grid"])
    root = ElementTree.parse(out).getroot()
    space = "{http://www.w3.org/2000/svg}"
    lines = root.findall(f"{space}polyline")
    heights = [[float(p.split(",")[1]) for p in line.attrib["points"].split()] for line in lines]
    assert len(lines) == 2 and heights[0][1] < heights[0][0] and heights[0][1] < heights[1][1]  # up is better
    assert "A & <b>" in [text.text for text in root.iter(f"{space}text")]
    rows = list(csv.DictReader((tmp_path / "curve.csv").read_text().splitlines()))
    assert [(r["model"], r["delay_frames"], r["si_sdri"], r["scores"]) for r in rows[:2]] == [
        ("A & <b>", "-9", "-3.500", "6"),
        ("A & <b>", "0", "5.500", "6"),
    ]
    main([str(out), f"A={tmp_path / 'a.json'}", "--against", "jitter_frames"])
    assert "1.5" in [text.text for text in ElementTree.parse(out).getroot().iter(f"{space}text")]
    with pytest.raises(SystemExit):
        main([str(out), f"A={tmp_path / 'a.json'}", "--metric", "pesq_wb"])


@pytest.mark.parametrize(("low", "high"), [(0, 3.2), (-0.4, 12), (0, 0.03), (-30, 5)])
def test_ticks_enclose_the_range(low: float, high: float) -> None:
    marks = ticks(low, high)
    assert marks[0] <= low and marks[-1] >= high and 3 <= len(marks) <= 10
