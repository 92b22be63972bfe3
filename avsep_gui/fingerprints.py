"""Fingerprints: looks at video files beside the window's thread; a slow disk never holds the window up."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from avsep_gui.state.project import Fingerprint, fingerprint

JOIN_S = 0.5


class Fingerprints(QObject):
    """Answers what a file is, some time later.

    Signals:
        known(object, object): path, and its `Fingerprint`, None where it cannot be read.
    """

    known = Signal(object, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._threads: list[threading.Thread] = []

    def ask(self, path: Path) -> None:
        """Look at a file; answered by `known`."""
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        thread = threading.Thread(target=self._look, args=(path,), name="fingerprint", daemon=True)
        self._threads.append(thread)
        thread.start()

    def close(self) -> None:
        """Wait a moment for what is under way."""
        for thread in self._threads:
            thread.join(JOIN_S)

    def _look(self, path: Path) -> None:
        try:
            content: Fingerprint | None = fingerprint(path)
        except OSError:
            content = None
        with contextlib.suppress(RuntimeError):  # the window is gone
            self.known.emit(path, content)
