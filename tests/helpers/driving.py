"""Drives the real window: waits, and watches how long its thread stands still, and why."""

from __future__ import annotations

import faulthandler
import os
import re
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEventLoop, QSettings, QTimer
from PySide6.QtWidgets import QApplication

if TYPE_CHECKING:
    from avsep_gui.views.main_window import MainWindow

TICK_MS = 5
LATE_S = 0.025
MOST_S = 600.0


def make_window(home: Path) -> tuple[QApplication, MainWindow]:
    """The real window with the real engine, shown; settings and what it keeps are in `home`."""
    from avsep_gui import app

    os.environ["AVSEP_DATA_DIR"] = str(home / "data")
    QSettings.setDefaultFormat(QSettings.Format.IniFormat)
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, str(home))
    app.before_application()
    qapp = QApplication([])
    app.configure(qapp)
    window = app.make_window()
    window.resize(1440, 900)
    window.show()
    return qapp, window


class Stalls:
    """Longest gap between two ticks of a 5 ms timer on the window's thread, and what ran in long ones.

    Attributes:
        culprits: of each long gap its ms by the clock, the ms that the thread computed, the ms that it was ready to but
            had no processor (Linux), and where it was seen.
    """

    def __init__(self) -> None:
        self._last, self._used = time.perf_counter(), time.thread_time()
        self._worst_ms = self._computed_ms = 0.0
        self.culprits: list[tuple[float, float, float, str]] = []
        self._waited = _waited_ms()
        self._seen: tuple[float, str] = (0.0, "")
        self._timer = QTimer(interval=TICK_MS)
        self._timer.timeout.connect(self._tick)
        self._timer.start()
        self._main = threading.get_ident()
        self._over = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()

    def take(self) -> tuple[float, float]:
        """The longest since last asked, in ms of the clock, and the most that the thread itself computed in one."""
        worst = self._worst_ms, self._computed_ms
        self._worst_ms = self._computed_ms = 0.0
        self._last, self._used, self._waited = time.perf_counter(), time.thread_time(), _waited_ms()
        return worst

    def stop(self) -> None:
        """Watch no longer."""
        self._timer.stop()
        self._over.set()
        self._watcher.join()

    def _tick(self) -> None:
        now, used, waited = time.perf_counter(), time.thread_time(), _waited_ms()
        gap_ms, own_ms = 1000 * (now - self._last), 1000 * (used - self._used)
        self._worst_ms = max(self._worst_ms, gap_ms)
        self._computed_ms = max(self._computed_ms, own_ms)
        if self._seen[0] == self._last:
            self.culprits.append((gap_ms, own_ms, waited - self._waited, self._seen[1]))
        self._last, self._used, self._waited = now, used, waited

    def _watch(self) -> None:
        """Look at the window's thread while a tick is late.

        By `faulthandler`, which holds no frame: one that is held keeps its painter alive, and Qt does not survive that.
        """
        with tempfile.TemporaryFile("w+") as file:
            while not self._over.wait(0.005):
                began = self._last
                if time.perf_counter() - began > LATE_S and self._seen[0] != began:
                    file.seek(0)
                    file.truncate()
                    faulthandler.dump_traceback(file)
                    file.seek(0)
                    self._seen = began, _ours(file.read(), self._main)


def _waited_ms() -> float:
    """For how long this thread was ready to run without a processor; 0 where the system does not tell."""
    try:
        return int(Path(f"/proc/self/task/{threading.get_native_id()}/schedstat").read_text().split()[1]) / 1e6
    except (OSError, IndexError, ValueError):
        return 0.0


def _ours(dump: str, thread: int) -> str:
    """The innermost of our own lines of a thread, "function:line < ..."."""
    parts = re.split(r"(?:Current thread|Thread) (0x[0-9a-f]+)[^\n]*\n", dump)
    of_thread = next((text for name, text in zip(parts[1::2], parts[2::2], strict=True) if int(name, 16) == thread), "")
    lines = re.findall(r'File "([^"]+)", line (\d+) in (\w+)', of_thread)
    return " < ".join(f"{function}:{line}" for file, line, function in lines if "avsep" in file or "tests" in file)[
        :160
    ]


def pause(seconds: float) -> None:
    """Let the window run for a while."""
    loop = QEventLoop()
    QTimer.singleShot(round(seconds * 1000), loop.quit)
    loop.exec()


def wait(condition: Callable[[], bool], most_s: float = MOST_S) -> float:
    """Let the window run until a condition holds.

    Returns:
        Seconds that it took.

    Raises:
        TimeoutError: it did not hold in time.
    """
    started = time.perf_counter()
    pause(0.005)  # what was done just now is an event of its own
    while not condition():
        pause(0.005)
        if time.perf_counter() - started > most_s:
            raise TimeoutError("the window did not get there")
    return time.perf_counter() - started
