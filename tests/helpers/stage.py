"""A window to take pictures of: over the real engine or the fake one, with settings and data of its own."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from helpers.driving import pause, wait
from PySide6.QtCore import QPoint, QSettings
from PySide6.QtGui import QPainter, QPixmap
from PySide6.QtWidgets import QApplication

from avsep_gui import app as app_module
from avsep_gui.player import player as player_module
from avsep_gui.player.output import SilentOutput
from avsep_gui.resources import sample_video
from avsep_gui.settings import Settings
from avsep_gui.state.document import FacesState
from avsep_gui.state.intervals import covers

if TYPE_CHECKING:
    from avsep_gui.views.main_window import MainWindow

SMALLEST = 0  # Qt's word for the most compression


class Stage:
    """Makes one window after the other and takes pictures of what they show.

    Args:
        out: folder of the pictures.
        theme, language: as in the settings.
        size: of the windows, in device independent pixels.
    """

    def __init__(
        self,
        app: QApplication,
        out: Path,
        *,
        theme: str = "dark",
        language: str = "en",
        size: tuple[int, int] = (1440, 900),
    ) -> None:
        gc.disable()
        self._app = app
        self._out = out
        self._theme, self._language, self._size = theme, language, size
        self._window: MainWindow | None = None
        self.folder = Path()
        player_module.open_output = lambda mixer, rate: (SilentOutput(mixer, rate), True)
        QSettings.setDefaultFormat(QSettings.Format.IniFormat)

    @property
    def window(self) -> MainWindow:
        """The window that is shown."""
        assert self._window is not None
        return self._window

    def prepare(self) -> Settings:
        """Begin anew: an empty folder, where data, settings and videos of the next window are."""
        self.strike()
        self.folder = Path(tempfile.mkdtemp(prefix="stage-"))
        QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, str(self.folder / "settings"))
        os.environ["AVSEP_DATA_DIR"] = str(self.folder / "data")
        os.environ["AVSEP_FAKE_STATE"] = str(self.folder / "models")
        settings = Settings()
        settings.theme, settings.language = self._theme, self._language
        return settings

    def raise_curtain(self, engine: str = "fake_engine") -> MainWindow:
        """Show a window over this engine."""
        app_module.configure(self._app)
        self._window = app_module.make_window(engine)
        self._window.resize(*self._size)
        self._window.show()
        wait(lambda: bool(self.window.shelf.rows))
        pause(0.3)
        return self._window

    def strike(self) -> None:
        """Close the window and take its folder away."""
        if self._window is not None:
            self._window.close()
            self._window.deleteLater()
            self._app.sendPostedEvents(None, 52)  # QEvent.DeferredDelete
            self._window = None
            gc.collect()
        if self.folder != Path():
            shutil.rmtree(self.folder, ignore_errors=True)

    def video(self, name: str) -> Path:
        """A copy of the sample, whose name tells the fake engine how to behave."""
        path = self.folder / "Interviews" / name
        path.parent.mkdir(exist_ok=True)
        sample = sample_video()
        assert sample is not None
        shutil.copyfile(sample, path)
        return path

    def open(self, path: Path) -> None:
        """Open a video and wait until people and sound are there."""
        self.window.open_file(path)
        document = self.window.document
        searched = (FacesState.FOUND, FacesState.NOBODY, FacesState.FAILED)
        wait(lambda: document.faces_state in searched or (document.media is not None and document.media.video is None))
        wait(lambda: document.source is not None or document.media is None or not document.media.audio)
        pause(0.5)

    def compute(self, person_id: int) -> None:
        """Pick a person and wait for the whole voice."""
        document = self.window.document
        document.pick(person_id)
        wait(lambda: covers(document.voice(person_id).ready, 0.0, document.duration_s - 0.05))
        self.rest()

    def rest(self) -> None:
        """Wait until nothing is computed, and the pictures are there."""
        wait(lambda: not self.window._runner.jobs())
        pause(1.0)

    def take(self, name: str, after_s: float = 0.4) -> None:
        """Save the window with the dialogs and menus over it as `name`.png."""
        pause(after_s)
        self._out.mkdir(parents=True, exist_ok=True)
        path = self._out / f"{name}.png"
        self._picture().save(str(path), "PNG", SMALLEST)
        print(path.name, flush=True)

    def take_when(self, name: str, condition: Callable[[], bool], after_s: float = 0.2) -> None:
        """Wait for something, then take it."""
        wait(condition)
        self.take(name, after_s)

    def _picture(self) -> QPixmap:
        picture = self.window.grab()
        origin = self.window.geometry().topLeft()
        over = [w for w in QApplication.topLevelWidgets() if w.isVisible() and w is not self.window]
        if not over:
            return picture
        places = [(widget.geometry().topLeft() - origin, widget.grab()) for widget in over]
        painter = QPainter(picture)
        for place, shown in places:
            painter.drawPixmap(QPoint(max(0, place.x()), max(0, place.y())), shown)
        painter.end()
        return picture
