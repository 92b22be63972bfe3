"""BatchDesk: brings the batch into the window: its dialog, what was left unfinished, the question at the end."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QMessageBox, QWidget

from avsep_gui.batch_client import BatchClient
from avsep_gui.jobs import JobRunner
from avsep_gui.look import Look
from avsep_gui.settings import Settings
from avsep_gui.state.batch_queue import BatchQueue
from avsep_gui.views.batch_window import BatchWindow
from avsep_gui.views.notices import Notice, Notices
from engine.api import Batch


class BatchDesk(QObject):
    """Connects the batch with the window.

    Args:
        computing: the model and the device that are chosen.
    """

    def __init__(
        self,
        window: QWidget,
        runner: JobRunner,
        settings: Settings,
        look: Look,
        notices: Notices,
        computing: Callable[[], tuple[str, str]],
    ) -> None:
        super().__init__(window)
        self._window = window
        self._look = look
        self._notices = notices
        self._offer: Notice | None = None
        self.queue = BatchQueue(self)
        self.client = BatchClient(runner, self.queue, settings, computing, self)
        self.client.ended.connect(self._on_ended)
        self.client.changed.connect(self._on_changed)
        self.dialog: BatchWindow | None = None
        self._left = settings.batch_file
        if self._left is not None:
            QTimer.singleShot(0, self, self._open_left)

    def show_dialog(self) -> None:
        """Open the batch window, or bring it to the front."""
        if self.dialog is None:
            self.dialog = BatchWindow(self.queue, self.client, self._look, self._window)
        self._forget_offer()
        self.dialog.open_beside()

    def may_close(self) -> bool:
        """Ask, if files are being done, whether to stop that."""
        if not self.client.running:
            return True
        left = self.queue.batch.count("waiting", "running")
        box = QMessageBox(self._window)
        box.setIcon(QMessageBox.Icon.Question)
        box.setWindowTitle(self.tr("Batch"))
        box.setText(self.tr("The batch is not finished: %n file(s) are left.", "", left))
        box.setInformativeText(self.tr("You can go on with it when AVSep is open again. Nothing that is done is lost."))
        stop = box.addButton(self.tr("Stop and close"), QMessageBox.ButtonRole.AcceptRole)
        stay = box.addButton(self.tr("Keep working"), QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(stay)
        box.setEscapeButton(stay)
        box.exec()
        answer = box.clickedButton() is stop
        box.deleteLater()
        return answer

    def close(self) -> None:
        """The window closes."""
        if self.dialog is not None:
            self.dialog.close()
        self.client.close()

    def _open_left(self) -> None:
        if self._left is not None:
            self.client.open(self._left)

    def _on_changed(self) -> None:
        """Offer, once, to go on with what was left last time."""
        if self._left is None or not self.queue.batch.items:
            return
        self._left = None
        left = self.queue.batch.count("waiting")
        if left and not self.client.running and (self.dialog is None or not self.dialog.isVisible()):
            text = self.tr("A batch is not finished: %n file(s) are left.", "", left)
            self._offer = self._notices.show_text("info", text, action=(self.tr("Go on…"), self._go_on), stays=True)
            self._offer.dismissed.connect(self._on_offer_gone)

    def _go_on(self) -> None:
        self.show_dialog()
        self.client.start()

    def _on_ended(self, batch: Batch) -> None:
        if self.dialog is not None and self.dialog.isActiveWindow():
            return
        failed = batch.count("failed")
        text = self.tr("The batch is done: {0} of {1} files.").format(batch.count("done"), len(batch.items))
        self._notices.show_text("warning" if failed else "good", text, action=(self.tr("Show…"), self.show_dialog))

    def _forget_offer(self) -> None:
        if self._offer is not None:
            self._offer.dismiss()

    def _on_offer_gone(self) -> None:
        self._offer = None
