"""A close-up from the command line: the sample clip, the `tiny` model."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine import api
from engine.media.frames import read_frames
from engine.resources import resource

pytestmark = pytest.mark.slow

SAMPLE = Path(str(resource("sample/two_talkers.mp4")))


def _avsep(*arguments: str | Path, code: int = 0) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "engine.cli", *map(str, arguments), "--json"],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        env=os.environ,
    )
    assert done.returncode == code, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.mark.parametrize(("shape", "wide", "high"), [("16:9", 16, 9), ("1:1", 1, 1), ("9:16", 9, 16)])
def test_a_close_up_in_each_shape(tmp_path: Path, shape: str, wide: int, high: int) -> None:
    """The face is found again in the result, near its middle, and the sound is in its place."""
    output = tmp_path / "close up.mp4"
    options = ("--model", "tiny", "--range", "4-7", "--close-up", shape, "--close-up-name", "-o", output)
    answer = _avsep("separate", SAMPLE, "--person", "1", *options)
    assert [entry["kind"] for entry in answer["outputs"]] == ["video"]
    assert answer["offset_samples"] == 0
    info = api.probe(output)
    assert info.video is not None and info.video.width * high == pytest.approx(info.video.height * wide, rel=0.01)
    assert info.duration_s == pytest.approx(3.0, abs=0.05)
    assert api.decode_audio(output).n_samples == 144_000
    times = [frame.time_s for frame in read_frames(output, max_width=64)]
    np.testing.assert_allclose(times, np.arange(75) / 25, atol=0.001)
    people = api.find_faces(output).people
    boxes = people[0].tracks[0].boxes_px
    film = api.find_faces(SAMPLE).people[0].tracks[0].box_px
    middle = (boxes[:, 0] + boxes[:, 2]) / 2 / info.video.width
    # The person sits at the left edge of the film: what is wide shows the whole of it.
    wanted = (film[0] + film[2]) / 2 / 1110 if shape == "16:9" else 0.5
    assert np.abs(middle - wanted).max() < 0.12


def test_a_close_up_is_refused_in_words(tmp_path: Path) -> None:
    answer = _avsep("separate", SAMPLE, "--everyone", "--close-up", "1:1", "-o", tmp_path / "a.mp4", code=2)
    assert "one person" in answer["error"]["message"]
    assert not list(tmp_path.iterdir())
