"""FixedKeys: the window's keys that are no actions: numbers pick people, Enter presses, Esc leaves or cancels."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QObject
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QAbstractButton, QApplication, QLineEdit, QListWidget, QMainWindow

from avsep_gui.jobs import JobRunner
from avsep_gui.state.document import Document
from avsep_gui.views.jobs_drawer import JobsDrawer


class FixedKeys(QObject):
    """Listens to them while the window is in front.

    Args:
        pick: picks a person as a click does.
        leave_full_screen: called for Esc when nothing else is to be left.
    """

    def __init__(
        self,
        window: QMainWindow,
        document: Document,
        runner: JobRunner,
        drawer: JobsDrawer,
        pick: Callable[[int], None],
        leave_full_screen: Callable[[], None],
    ) -> None:
        super().__init__(window)
        self._window = window
        self._document = document
        self._runner = runner
        self._drawer = drawer
        self._pick = pick
        self._leave_full_screen = leave_full_screen
        for number in range(1, 10):
            self._listen(str(number), partial(self._pick_number, number))
        for name in ("Return", "Enter"):
            self._listen(name, self._press_focused)
        self._listen("Esc", self._on_escape)

    def _listen(self, key: str, then: Callable[[], None]) -> None:
        QShortcut(QKeySequence(key), self._window).activated.connect(then)

    def _pick_number(self, number: int) -> None:
        if any(person.id == number for person in self._document.people):
            self._pick(number)

    def _press_focused(self) -> None:
        focused = QApplication.focusWidget()
        if isinstance(focused, QAbstractButton):
            focused.click()
        elif isinstance(focused, QLineEdit):
            focused.clearFocus()
        elif isinstance(focused, QListWidget) and focused.currentItem() is not None:
            focused.itemActivated.emit(focused.currentItem())

    def _on_escape(self) -> None:
        focused = QApplication.focusWidget()
        if isinstance(focused, QLineEdit):
            focused.setText(str(focused.property("saved") or ""))
            focused.clearFocus()
        elif (job_id := self._drawer.job_in_focus()) is not None:
            self._runner.cancel(job_id)
        elif self._drawer.isVisible():
            self._drawer.hide()
        elif self._window.isFullScreen():
            self._leave_full_screen()
