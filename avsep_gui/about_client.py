"""AboutClient: what AVSep is made of, read by a worker, since it opens many small files."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, Signal

from avsep_gui.calls import Calls
from avsep_gui.jobs import JobRunner
from engine.types import AboutInfo


class AboutClient(QObject):
    """Asks the engine.

    Signals:
        known(object): `AboutInfo`.
        text_known(str, str): a piece of software and its licence in full.
        failed(object): `EngineError`.
    """

    known = Signal(object)
    text_known = Signal(str, str)
    failed = Signal(object)

    def __init__(self, runner: JobRunner, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._calls = Calls(runner, self)
        self._text_job: int | None = None

    def ask(self) -> None:
        """Read what is installed; answered by `known`."""
        self._calls.submit("light", "about", on_success=self._on_known, on_error=self.failed.emit)

    def ask_text(self, name: str) -> None:
        """Read a licence; a newer wish replaces an older one; answered by `text_known`."""
        if self._text_job is not None:
            self._calls.drop(self._text_job)
        self._text_job = self._calls.submit(
            "light", "licence_text", name, on_success=partial(self.text_known.emit, name), on_error=self.failed.emit
        )

    def stop(self) -> None:
        """Nobody waits for an answer any more."""
        self._calls.drop(*self._calls.under_way())

    def _on_known(self, info: AboutInfo) -> None:
        self.known.emit(info)
