"""`avsep-gui --self-test`: the main job by mouse and keys, as an installed copy is tested."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
import soundfile

from engine.resources import resource


def run(*command: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    return subprocess.run([sys.executable, *command], env=environment, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_the_window_does_the_main_job_by_itself(tmp_path):
    done = run("-m", "avsep_gui", "--self-test", str(tmp_path / "told"))
    assert done.returncode == 0, done.stderr
    told = json.loads((tmp_path / "told" / "self-test.json").read_text())
    assert told["passed"]
    times = list(told["steps"].values())
    assert times == sorted(times)
    assert {"window", "people", "picked", "voice", "exported"} <= set(told["steps"])
    assert told["offset_samples"] == [0]
    voice = soundfile.info(tmp_path / "told" / "voice.wav")
    original = json.loads(resource("sample/sample.json").read_text())
    assert voice.frames > 0 and voice.samplerate == original["sample_rate_hz"]
    assert sorted(file.name for file in (tmp_path / "told").iterdir()) == ["self-test.json", "voice.wav"]


def test_what_it_waited_for_in_vain_is_told_with_a_picture(tmp_path):
    code = (
        "import sys, pathlib\n"
        "from avsep_gui import self_test\n"
        "from avsep_gui.views import main_window\n"
        "self_test.STEP_S = 1.0\n"
        "main_window.sample_video = lambda: None\n"
        "sys.exit(self_test.run(pathlib.Path(sys.argv[1])))\n"
    )
    done = run("-c", code, str(tmp_path))
    assert done.returncode == 1, done.stderr
    told = json.loads((tmp_path / "self-test.json").read_text())
    assert not told["passed"]
    assert told["problem"] == "waited in vain: open"
    assert (tmp_path / "last-seen.png").stat().st_size > 1000
