"""What comes out of a real sound device: a PulseAudio null sink that is recorded while the window plays."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import fake_engine
import numpy as np
import pytest

from tests.helpers.null_sink import null_sink as server

HERE = Path(__file__).parent
RATE = fake_engine.RATE
START = """
import subprocess, sys
from pathlib import Path
sys.path[:0] = sys.argv[2:]

def main():
    from PySide6.QtCore import QEventLoop, QSettings, QTimer
    from PySide6.QtWidgets import QApplication
    from avsep_gui import app
    from avsep_gui.state.document import ListenMode
    folder = Path(sys.argv[1])
    QSettings.setDefaultFormat(QSettings.Format.IniFormat)
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, str(folder))
    app.before_application()
    qapp = QApplication([])
    app.configure(qapp)
    window = app.make_window("fake_engine")
    document, player = window.document, window.player

    def run_until(condition, most_s=30.0):
        for _ in range(int(most_s / 0.02)):
            if condition():
                return
            loop = QEventLoop()
            QTimer.singleShot(20, loop.quit)
            loop.exec()
        raise SystemExit("waited in vain")

    window.open_file(folder / "talk.mp4")
    run_until(lambda: document.faces_state.value == "found" and document.source is not None)
    document.set_listening(true_levels=True)
    document.pick(2)
    run_until(lambda: document.voice(2).ready == ((0.0, 20.0),) and document.voice(2).store is not None)
    print(type(player._output).__name__)
    document.set_mode(ListenMode.ORIGINAL)
    command = "parec -d test_out.monitor --format=float32le --rate=16000 --channels=1".split()
    with (folder / "heard.raw").open("wb") as heard:
        recorder = subprocess.Popen(command, stdout=heard)
        player.seek(1.0)
        player.play()
        run_until(lambda: player.position_s > 2.0)
        document.set_mode(ListenMode.VOICE)
        run_until(lambda: player.position_s > 3.0)
        document.set_mode(ListenMode.REST)
        run_until(lambda: player.position_s > 4.0)
        player.pause()
        recorder.terminate()
        recorder.wait()
    window.close()

if __name__ == "__main__":
    main()
"""


@pytest.fixture
def null_sink(tmp_path):
    """The environment of a sound server of our own with a device that plays into nothing."""
    with server(tmp_path / "pulse") as environment:
        if environment is None:
            pytest.skip("needs pulseaudio and parec")
        yield {**environment, "QT_QPA_PLATFORM": "offscreen"}


def trouble_in(heard):
    """What is wrong with what was heard: a mode that is missing, a click, a gap; "" if nothing is."""
    loud = np.flatnonzero(np.abs(heard) > 1e-3)
    heard = heard[loud[0] : loud[-1]] if len(loud) else heard[:0]
    if len(heard) < 2.5 * RATE:
        return f"only {len(heard) / RATE:.1f} s sound"
    block = RATE // 10
    spectra = np.abs(np.fft.rfft(heard[: len(heard) // block * block].reshape(-1, block))) * 2 / block
    first, second = spectra[:, 30], spectra[:, 60]  # the tones of person 1 and 2 at 10 Hz per bin
    blocks = {
        "original": np.sum((first > 0.19) & (second > 0.19)),
        "voice": np.sum((first < 0.01) & (second > 0.19)),
        "rest": np.sum((first > 0.19) & (second < 0.01)),
    }
    if min(blocks.values()) < 5:
        return f"not every mode is heard: {blocks}"
    own_step = 2 * np.pi * (300 + 600) / RATE * 0.2
    inside = heard[RATE // 20 : -RATE // 20]
    click = np.max(np.abs(np.diff(inside))) / own_step
    gap_s = np.max(np.diff(np.flatnonzero(np.abs(inside) > 0.01))) / RATE
    return f"a click of {click:.1f} steps" if click > 1.2 else f"a gap of {gap_s:.3f} s" if gap_s > 0.01 else ""


@pytest.mark.slow
def test_the_device_plays_each_mode_without_gap_or_click(null_sink, tmp_path, video):
    """Three takes at most: a computer that is busy with other things may break the sound, or its recording, once."""
    video()
    script = tmp_path / "start.py"
    script.write_text(START)
    troubles = []
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, str(script), str(tmp_path), str(HERE.parent.parent), str(HERE)],
            env=null_sink, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.stdout.strip() == "DeviceOutput", done.stderr
        troubles.append(trouble_in(np.fromfile(tmp_path / "heard.raw", "<f4")))
        if not troubles[-1]:
            return
    pytest.fail(f"in each of three takes: {troubles}")
