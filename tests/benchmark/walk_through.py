"""The main job in the real window, by mouse and keys, with a picture of every step and the times.

xvfb-run -a -s "-screen 0 1600x1000x24" python -m tests.benchmark.walk_through CLIP OUT_FOLDER [MODEL]

Open, click a face, hear the preview, A/B, export, cancel the whole-file job of another person, close during a job.
Printed are the milliseconds from click to picked, the seconds from click to audible, and the longest stall of the
GUI thread per step.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEventLoop, QSettings, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from avsep_gui import app
from avsep_gui.state.intervals import covers
from avsep_gui.views.face_overlay import FaceButton

MOST_S = 300.0


class Stalls:
    """Longest gap between ticks of a 5 ms timer on the GUI thread."""

    def __init__(self) -> None:
        self._last = time.perf_counter()
        self.worst_ms = 0.0
        self._timer = QTimer(interval=5)
        self._timer.timeout.connect(self._tick)
        self._timer.start()

    def _tick(self) -> None:
        now = time.perf_counter()
        self.worst_ms = max(self.worst_ms, 1000 * (now - self._last))
        self._last = now

    def take(self) -> float:
        """The worst since last asked, in ms."""
        worst, self.worst_ms = self.worst_ms, 0.0
        return worst


def pause(seconds: float) -> None:
    loop = QEventLoop()
    QTimer.singleShot(int(seconds * 1000), loop.quit)
    loop.exec()


def wait(condition: Callable[[], bool]) -> float:
    """Seconds until a condition holds."""
    started = time.perf_counter()
    while not condition():
        pause(0.01)
        if time.perf_counter() - started > MOST_S:
            raise TimeoutError("the window did not get there")
    return time.perf_counter() - started


def main() -> None:
    clip, out = Path(sys.argv[1]).absolute(), Path(sys.argv[2]).absolute()
    out.mkdir(parents=True, exist_ok=True)
    QSettings.setDefaultFormat(QSettings.Format.IniFormat)
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, tempfile.mkdtemp())
    app.before_application()
    qapp = QApplication([])
    app.configure(qapp)
    window = app.make_window()
    if len(sys.argv) > 3:
        window.client.use_model(sys.argv[3])
    window.resize(1440, 900)
    window.show()
    document, runner, stalls = window.document, window._runner, Stalls()

    def step(name: str, note: str = "") -> None:
        print(f"{name:12s} longest stall {stalls.take():5.0f} ms   {note}", flush=True)
        pause(0.4)
        window.grab().save(str(out / f"{name}.png"))
        stalls.take()

    window.open_file(clip)
    took = wait(lambda: bool(document.people) and document.source is not None and not runner.jobs())
    window.player.seek(min(3.0, document.duration_s / 2))
    pause(0.5)
    step("opened", f"{len(document.people)} people after {took:.1f} s")

    buttons = {b.person_id: b for b in window.findChildren(FaceButton) if b.isVisible()}
    first, *others = sorted(buttons)
    clicked = time.perf_counter()
    QTest.mouseClick(buttons[first], Qt.MouseButton.LeftButton, pos=buttons[first]._face.center().toPoint())
    picked_ms = 1000 * wait(lambda: document.picked == first)
    here = window.player.position_s
    wait(lambda: covers(document.voice(first).ready, here, here + 1.0))
    step("preview", f"picked after {picked_ms:.0f} ms, audible after {time.perf_counter() - clicked:.1f} s")

    window.player.play()
    pause(1.0)
    for key in (Qt.Key.Key_Q, Qt.Key.Key_W, Qt.Key.Key_E, Qt.Key.Key_A, Qt.Key.Key_A):
        QTest.keyClick(window, key)
        pause(0.3)
    QTest.keyClick(window, Qt.Key.Key_W)
    step("a_b", f"playing at {window.player.position_s:.2f} s, listening to {document.mode.name.lower()}")
    QTest.keyClick(window, Qt.Key.Key_Space)

    took = wait(lambda: covers(document.voice(first).ready, 0.0, document.duration_s - 0.05))
    step("whole", f"whole file after another {took:.1f} s")
    target = out / "export"
    window.start_export(target, {"person_ids": (first,), "overwrite": True})
    took = wait(lambda: (target / "report.json").exists() and not runner.jobs())
    step("exported", f"{sorted(p.name for p in target.iterdir())} after {took:.1f} s")

    for other in others[:1]:
        window._on_pick(other)
        wait(lambda: any(job.worker == "heavy" for job in runner.jobs()))
        for job in runner.jobs():
            runner.cancel(job.id)
        took = wait(lambda: not runner.jobs())
        step("cancelled", f"all jobs gone after {took:.2f} s")
        window._on_pick(first)
        window._on_pick(other)
    pause(0.2)
    busy = len(runner.jobs())
    started = time.perf_counter()
    window.close()
    print(f"closed with {busy} jobs running in {time.perf_counter() - started:.2f} s")


if __name__ == "__main__":
    main()
