"""The window tests itself: `avsep-gui --self-test FOLDER` does the main job on the sample by mouse and keys.

It drives the window that users have, through Qt's own delivery of events: a click on the sample, on a face and on the
export, a name typed in its dialog. Settings and caches are its own for the time: nothing of the user's is changed.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEventLoop, QPoint, QSettings, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from avsep_gui import app
from avsep_gui.settings import Settings
from avsep_gui.state.intervals import covers
from avsep_gui.views.export_dialog import ExportDialog
from avsep_gui.views.face_overlay import FaceButton
from avsep_gui.views.main_window import MainWindow
from engine.types import SeparationResult

STEP_S = 300.0  # a slow computer may take so long for one step
REPORT, VOICE, LAST_SEEN = "self-test.json", "voice.wav", "last-seen.png"


class _StuckError(Exception):
    """What was waited for in vain."""


def run(folder: Path) -> int:
    """Do the job and write `self-test.json`, and the voice beside it.

    Args:
        folder: for both; it is made where it does not exist.

    Returns:
        0 where everything came about, 1 with the picture `last-seen.png` where not.
    """
    folder = folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / VOICE).unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix="avsep-self-test-") as own:
        os.environ |= {"AVSEP_DATA_DIR": str(Path(own, "data")), "AVSEP_CACHE_DIR": str(Path(own, "cache"))}
        QSettings.setDefaultFormat(QSettings.Format.IniFormat)
        QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, own)
        app.before_application()
        application = QApplication(sys.argv[:1])
        app.configure(application)
        Settings().export_folder = folder
        return _Walk(folder).go()


class _Walk:
    """One way through the window; `steps` holds what came about, and at which time since the epoch, in seconds."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._window: MainWindow = app.make_window()
        self.steps: dict[str, float] = {}
        self.results: list[SeparationResult] = []
        self._window.client.export_done.connect(self.results.append)

    def go(self) -> int:
        """All steps; the exit code."""
        problem = ""
        try:
            self._show()
            self._open_sample()
            self._pick()
            self._export()
        except _StuckError as stuck:
            problem = f"waited in vain: {stuck}"
            self._window.grab().save(str(self._folder / LAST_SEEN))
        said = [notice.text for notice in self._window.notices.shown()]
        self._window.close()
        measured = {
            "null_test_db": [result.null_test_db for result in self.results],
            "offset_samples": [result.offset_samples for result in self.results],
        }
        report = {"passed": not problem, "problem": problem, "steps": self.steps, "notices": said, **measured}
        (self._folder / REPORT).write_text(json.dumps(report, indent=2), encoding="utf-8")
        return 1 if problem else 0

    def _show(self) -> None:
        """Until it is painted and answers."""
        self._window.show()
        self._wait(
            "window", lambda: QTest.qWaitForWindowExposed(self._window, 0) and self._window.start.open.isEnabled()
        )

    def _open_sample(self) -> None:
        """By its button; until the people are found."""
        document = self._window.document
        _click(self._window.start.sample)
        self._wait("open", lambda: document.open_state.value == "open")
        self._wait("people", lambda: len(document.people) > 1 and document.source is not None)

    def _pick(self) -> None:
        """By a click on a face in the picture; until the whole voice is there."""
        window, document = self._window, self._window.document
        self._wait("face", lambda: any(face.isVisible() for face in window.findChildren(FaceButton)))
        _pause(0.3)  # the picture is still being laid out
        face = min((one for one in window.findChildren(FaceButton) if one.isVisible()), key=lambda one: one.person_id)
        _click(face, face.face_centre())
        self._wait("picked", lambda: document.picked == face.person_id)
        self._wait("heard", lambda: bool(document.voice(face.person_id).ready))
        self._wait("voice", lambda: covers(document.voice(face.person_id).ready, 0.0, document.duration_s - 0.05))

    def _export(self) -> None:
        """By the export's button and its dialog; until it is reported done."""
        _click(self._window.workspace.listen.export)
        self._wait("dialog", lambda: isinstance(QApplication.activeModalWidget(), ExportDialog))
        dialog = QApplication.activeModalWidget()
        assert isinstance(dialog, ExportDialog)
        dialog.file_name.setFocus()
        dialog.file_name.selectAll()
        QTest.keyClicks(dialog.file_name, VOICE)
        self._wait("ready to export", dialog.start.isEnabled)
        _click(dialog.start)
        self._wait("exported", lambda: bool(self.results))

    def _wait(self, step: str, came_about: Callable[[], bool]) -> None:
        """Let the window run until it came about."""
        until = time.monotonic() + STEP_S
        _pause(0.0)
        while not came_about():
            if time.monotonic() > until:
                raise _StuckError(step)
            _pause(0.005)
        self.steps[step] = time.time()


def _click(widget: QWidget, at: QPoint | None = None) -> None:
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at or widget.rect().center())


def _pause(seconds: float) -> None:
    """Let the window run for a while."""
    loop = QEventLoop()
    QTimer.singleShot(round(1000 * seconds), loop.quit)
    loop.exec()
