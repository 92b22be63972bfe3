"""Soon: something that is done once for all that one event changed, in an event of its own after it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer


class Soon(QTimer):
    """Ask as often as anything changes; `then` is called once. What is done apart stalls the window less."""

    def __init__(self, then: Callable[[], None], parent: QObject) -> None:
        super().__init__(parent)
        self.setInterval(0)
        self.setSingleShot(True)
        self.timeout.connect(then)

    def ask(self, *_: object) -> None:
        """Do it after this event. Takes what any signal tells, where `start` would take a number for milliseconds."""
        self.start()
