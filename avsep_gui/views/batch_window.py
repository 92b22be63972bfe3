"""BatchWindow: many files at once: drop them, say whose voice, start; the main window stays free for listening."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent, QKeyEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QCheckBox,
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from avsep_gui.announce import announce
from avsep_gui.batch_client import BatchClient
from avsep_gui.look import Look
from avsep_gui.pace import time_left_text
from avsep_gui.state.batch_queue import BatchQueue, dropped_paths
from avsep_gui.views.batch_page import BatchPage
from avsep_gui.views.batch_parts import button, folder_beside
from avsep_gui.views.batch_start import BatchStart
from avsep_gui.views.notices import Notice
from avsep_gui.views.project_desk import VIDEO_FILTER
from avsep_gui.views.restyle import restyle
from engine.api import Batch
from engine.errors import EngineError

SIZE_PX = (920, 640)


class BatchWindow(QDialog):
    """A window beside the main one."""

    def __init__(self, queue: BatchQueue, client: BatchClient, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Window)
        self._queue = queue
        self._client = client
        self._look = look
        self._trouble: Notice | None = None
        self.setWindowTitle(self.tr("Batch"))
        self.setModal(False)
        self.setAcceptDrops(True)
        self.setMinimumSize(720, 480)
        screen = self.screen().availableSize()
        self.resize(QSize(look.px(SIZE_PX[0]), look.px(SIZE_PX[1])).boundedTo(screen))
        outer = QVBoxLayout(self)
        outer.setContentsMargins(24, 24, 24, 16)
        outer.setSpacing(12)
        outer.addLayout(self._build_head())
        self._notes = QVBoxLayout()
        outer.addLayout(self._notes)
        self._pages = QStackedWidget()
        self.empty = BatchStart(look, self._on_add_files, self._on_add_folder)
        self.page = BatchPage(queue, client, look)
        self._pages.addWidget(self.empty)
        self._pages.addWidget(self.page)
        outer.addWidget(self._pages, 1)
        outer.addLayout(self._build_foot())
        queue.changed.connect(self.refresh)
        client.changed.connect(self.refresh)
        client.failed.connect(self._on_failed)
        client.ended.connect(self._on_ended)
        look.changed.connect(self._recolour)
        self._order_stops()
        self._recolour()
        self.refresh()

    def open_beside(self) -> None:
        """Show it, in front, with the keyboard."""
        if self.isVisible():
            self.raise_()
        self.show()
        self.refresh()
        self.activateWindow()
        first: QWidget = self.page.table if self._queue.batch.items else self.empty.add_files
        first.setFocus(Qt.FocusReason.OtherFocusReason)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc closes the window; the work goes on. Enter is for what has the keyboard."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            focused = QApplication.focusWidget()
            if isinstance(focused, QPushButton):
                focused.click()
            return
        super().keyPressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Welcome files and folders anywhere."""
        if dropped_paths(event.mimeData()):
            event.acceptProposedAction()
            restyle(self.empty, "over", True)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """They went away."""
        restyle(self.empty, "over", False)

    def dropEvent(self, event: QDropEvent) -> None:
        """Add them."""
        restyle(self.empty, "over", False)
        event.acceptProposedAction()
        self._client.add(dropped_paths(event.mimeData()))

    def refresh(self) -> None:
        """Show what holds now."""
        if not self.isVisible():
            return
        batch, client = self._queue.batch, self._client
        has_files = bool(batch.items)
        self._pages.setCurrentWidget(self.page if has_files else self.empty)
        for widget in self._with_files:
            widget.setVisible(has_files)
        waiting, failed = batch.count("waiting"), batch.count("failed")
        self.start.setText(self._start_words())
        self.start.setEnabled(not client.busy and not client.stopping and (client.running or waiting > 0))
        is_over = has_files and not waiting and not client.running
        self.start.setVisible(has_files and not is_over)
        self.retry.setVisible(failed > 0 and not client.running)
        restyle(self.retry, "primary", is_over)
        self.stop_after.setVisible(client.running)
        self.stop_after.setChecked(client.stop_after)
        self._show_progress(batch)
        self.page.refresh()

    def _start_words(self) -> str:
        if self._client.stopping:
            return self.tr("Stopping…")
        if self._client.running:
            return self.tr("Pause")
        begun = any(item.attempts for item in self._queue.batch.items)
        return self.tr("Go on") if begun and self._queue.batch.count("waiting") else self.tr("Start")

    def _show_progress(self, batch: Batch) -> None:
        total = len(batch.items)
        ended = batch.count("done", "failed", "skipped")
        working = self._queue.working
        share = working.fraction if working is not None else 0.0
        self.bar.setRange(0, 1000)
        self.bar.setValue(round(1000 * min(1.0, (ended + 0.95 * share) / total)) if total else 0)
        if self._client.busy:
            text = self.tr("Looking at the files…")
        elif not total:
            text = ""
        else:
            parts = [self.tr("{0} of {1} done").format(batch.count("done"), total)]
            if batch.count("failed"):
                parts.append(self.tr("{0} failed").format(batch.count("failed")))
            if batch.count("skipped"):
                parts.append(self.tr("{0} skipped").format(batch.count("skipped")))
            if self._client.running and self._client.stop_after:
                parts.append(self.tr("stops after this one"))
            elif self._client.running:
                parts.append(time_left_text(self._client.time_left_s()))
            elif batch.count("waiting") and any(item.attempts for item in batch.items):
                parts.append(self.tr("paused"))
            text = "  ·  ".join(part for part in parts if part)
        self.status.setText(text)
        self.bar.setAccessibleName(text or self.tr("Progress of the batch"))

    def _build_head(self) -> QHBoxLayout:
        head = QHBoxLayout()
        head.setSpacing(8)
        texts = QVBoxLayout()
        texts.setSpacing(4)
        title = QLabel(self.tr("Batch"))
        title.setObjectName("title")
        text = QLabel(self.tr("Many files, one after the other. You can go on listening meanwhile."))
        text.setWordWrap(True)
        text.setProperty("muted", True)
        texts.addWidget(title)
        texts.addWidget(text)
        head.addLayout(texts, 1)
        self.add_files = button(self.tr("Add files…"), self._on_add_files)
        self.add_folder = button(self.tr("Add a folder…"), self._on_add_folder)
        for adding in (self.add_files, self.add_folder):
            head.addWidget(adding, 0, Qt.AlignmentFlag.AlignTop)
        return head

    def _build_foot(self) -> QVBoxLayout:
        foot = QVBoxLayout()
        foot.setSpacing(8)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        foot.addWidget(self.bar)
        row = QHBoxLayout()
        row.setSpacing(8)
        self.status = QLabel()
        self.status.setProperty("muted", True)
        row.addWidget(self.status, 1)
        self.stop_after = QCheckBox(self.tr("Stop after this file"))
        self.stop_after.toggled.connect(self._on_stop_after)
        self.retry = button(self.tr("Retry the failed"), self._client.retry)
        self.start = button(self.tr("Start"), self._on_start)
        self.start.setProperty("primary", True)
        self.close_button = button(self.tr("Close"), self.close)
        self.close_button.setToolTip(self.tr("The work goes on"))
        for widget in (self.stop_after, self.retry, self.start, self.close_button):
            row.addWidget(widget)
        foot.addLayout(row)
        self._with_files: tuple[QWidget, ...] = (self.bar, self.add_files, self.add_folder)
        return foot

    def _order_stops(self) -> None:
        """Tab goes as one reads."""
        told = self._trouble.findChildren(QAbstractButton) if self._trouble is not None else []
        stops: tuple[QWidget, ...] = (
            *(self.add_files, self.add_folder, *told, self.empty.add_files, self.empty.add_folder),
            *self.page.stops,
            *(self.stop_after, self.retry, self.start, self.close_button),
        )
        for before, after in pairwise(stops):
            QWidget.setTabOrder(before, after)

    def _recolour(self) -> None:
        for adding in (self.add_files, self.add_folder):
            adding.setIcon(self._look.icon("open"))

    def _on_start(self) -> None:
        self._forget_trouble()
        if self._client.running:
            self._client.pause()
        else:
            self._client.start()

    def _on_stop_after(self, on: bool) -> None:
        if on != self._client.stop_after:
            self._client.set_stop_after(on)

    def _on_add_files(self) -> None:
        pattern = self.tr("Videos ({0});;All files (*)").format(f"{VIDEO_FILTER} {VIDEO_FILTER.upper()}")
        names, _ = QFileDialog.getOpenFileNames(
            self, self.tr("Add files to the batch"), folder_beside(self._queue), pattern
        )
        self._client.add([Path(name) for name in names])

    def _on_add_folder(self) -> None:
        name = QFileDialog.getExistingDirectory(self, self.tr("Add a folder to the batch"), folder_beside(self._queue))
        self._client.add([Path(name)] if name else [])

    def _on_failed(self, error: EngineError) -> None:
        self._show_notice(Notice(self._look, "error", str(error), details=error.details))

    def _on_ended(self, batch: Batch) -> None:
        done, failed, total = batch.count("done"), batch.count("failed"), len(batch.items)
        text = self.tr("All {0} files are done.").format(total)
        if done != total:
            text = self.tr("{0} of {1} files are done, {2} failed.").format(done, total, failed)
        self._show_notice(Notice(self._look, "warning" if failed else "good", text))

    def _show_notice(self, notice: Notice) -> None:
        self._forget_trouble()
        self._trouble = notice
        notice.dismissed.connect(self._on_dismissed)
        self._notes.addWidget(notice)
        self._order_stops()
        announce(self, notice.text, urgent=notice.level == "error")

    def _forget_trouble(self) -> None:
        if self._trouble is not None:
            self._trouble.dismiss()

    def _on_dismissed(self) -> None:
        self._trouble = None
