"""BatchWindow: many files at once: drop them, say whose voice, start; the main window stays free for listening."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from PySide6.QtCore import QPoint, QSize, Qt, QUrl
from PySide6.QtGui import QDesktopServices, QDragEnterEvent, QDragLeaveEvent, QDropEvent, QKeyEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QCheckBox,
    QComboBox,
    QDialog,
    QFileDialog,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QMenu,
    QProgressBar,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from avsep_gui.announce import announce
from avsep_gui.batch_client import BatchClient
from avsep_gui.icons import pixmap
from avsep_gui.look import Look
from avsep_gui.pace import time_left_text
from avsep_gui.state.batch_queue import BatchQueue, dropped_paths
from avsep_gui.views.batch_rules import fill_rule_menu
from avsep_gui.views.batch_table import BatchTable
from avsep_gui.views.elided_label import ElidedLabel
from avsep_gui.views.notices import Notice
from avsep_gui.views.project_desk import VIDEO_FILTER
from avsep_gui.views.restyle import restyle
from avsep_gui.words import as_tip
from engine.api import Batch, PersonRule
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
        self._zone = self._build_empty()
        self._work = self._build_work()
        self._pages.addWidget(self._zone)
        self._pages.addWidget(self._work)
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
        first: QWidget = self.table if self._queue.batch.items else self.add_first
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
            restyle(self._zone, "over", True)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """They went away."""
        restyle(self._zone, "over", False)

    def dropEvent(self, event: QDropEvent) -> None:
        """Add them."""
        restyle(self._zone, "over", False)
        event.acceptProposedAction()
        self._client.add(dropped_paths(event.mimeData()))

    def refresh(self) -> None:
        """Show what holds now."""
        if not self.isVisible():
            return
        batch, client = self._queue.batch, self._client
        has_files = bool(batch.items)
        self._pages.setCurrentWidget(self._work if has_files else self._zone)
        for widget in self._with_files:
            widget.setVisible(has_files)
        selected = self.table.selected_ids()
        present = self._queue.working
        free = [one for one in selected if present is None or one != present.item_id]
        self.who.setEnabled(bool(free))
        self.remove.setEnabled(bool(free))
        rows = [row for row, item in enumerate(batch.items) if item.id in set(selected)]
        self.up.setEnabled(bool(rows) and rows[0] > 0)
        self.down.setEnabled(bool(rows) and rows[-1] < len(batch.items) - 1)
        waiting, failed = batch.count("waiting"), batch.count("failed")
        self.start.setText(self._start_words())
        self.start.setEnabled(not client.busy and not client.stopping and (client.running or waiting > 0))
        self.retry.setVisible(failed > 0 and not client.running)
        self.stop_after.setVisible(client.running)
        self.stop_after.setChecked(client.stop_after)
        self.clear.setVisible(has_files and not client.running)
        self.folder.setText(str(client.folder or ""))
        self.folder.setToolTip(as_tip(str(client.folder or "")))
        self.change_folder.setEnabled(not client.running and not batch.count("done"))
        self.open_folder.setEnabled(client.folder is not None and client.folder.is_dir())
        self.write.setCurrentIndex(self.write.findData(client.options.write))
        self._show_progress(batch)
        self._show_detail(batch, selected)

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

    def _show_detail(self, batch: Batch, selected: list[int]) -> None:
        item = batch.item(selected[0]) if len(selected) == 1 else None
        text = ""
        if item is not None and item.error is not None:
            text = f"{item.error.message} {item.error.remedy}"
        elif item is not None and item.note:
            text = item.note
        elif item is not None and item.outcome is not None and item.outcome.warnings:
            text = " ".join(item.outcome.warnings)
        self.detail.setText(text)
        self.detail.setVisible(bool(text))

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
        self.add_files = self._button(self.tr("Add files…"), self._on_add_files)
        self.add_folder = self._button(self.tr("Add a folder…"), self._on_add_folder)
        for button in (self.add_files, self.add_folder):
            head.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        return head

    def _build_empty(self) -> QFrame:
        zone = QFrame()
        zone.setObjectName("dropZone")
        layout = QVBoxLayout(zone)
        layout.setContentsMargins(40, 24, 40, 24)
        layout.setSpacing(8)
        layout.addStretch(1)
        self._picture = QLabel()
        self._picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        layout.addWidget(self._picture)
        title = QLabel(self.tr("Drop videos or folders here"))
        title.setObjectName("title")
        text = QLabel(
            self.tr(
                "In each file the voice of one person, or of everyone, is made into files of its own: the person seen "
                "most, the one on a photo, or by number."
            )
        )
        text.setObjectName("subtitle")
        for label in (title, text):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            label.setWordWrap(True)
            layout.addWidget(label)
        layout.addSpacing(12)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addStretch(1)
        self.add_first = self._button(self.tr("Add files…"), self._on_add_files)
        self.add_first.setProperty("primary", True)
        self.add_first_folder = self._button(self.tr("Add a folder…"), self._on_add_folder)
        row.addWidget(self.add_first)
        row.addWidget(self.add_first_folder)
        row.addStretch(1)
        layout.addLayout(row)
        layout.addStretch(1)
        return zone

    def _build_work(self) -> QWidget:
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        tools = QHBoxLayout()
        tools.setSpacing(8)
        self.who = QPushButton(self.tr("Whose voice"))
        self.who.setAutoDefault(False)
        self.who.setToolTip(self.tr("For the files that are selected (Enter in the list)"))
        self._who_menu = QMenu(self.who)
        self._who_menu.aboutToShow.connect(lambda: self._fill_menu(self._who_menu))
        self.who.setMenu(self._who_menu)
        self.up = self._button(self.tr("Up"), lambda: self._shift(-1))
        self.up.setToolTip(self.tr("Earlier (Alt+Up)"))
        self.down = self._button(self.tr("Down"), lambda: self._shift(1))
        self.down.setToolTip(self.tr("Later (Alt+Down)"))
        self.remove = self._button(self.tr("Remove"), self._on_remove)
        self.remove.setToolTip(self.tr("Take out of the list (Delete); results stay"))
        for button in (self.who, self.up, self.down, self.remove):
            tools.addWidget(button)
        tools.addStretch(1)
        self.clear = self._button(self.tr("New batch"), self._client.clear)
        self.clear.setToolTip(self.tr("Begin with an empty list; results and the list beside them stay"))
        tools.addWidget(self.clear)
        layout.addLayout(tools)
        self.table = BatchTable(self._queue, self._look)
        self.table.shift_wanted.connect(self._shift)
        self.table.remove_wanted.connect(self._on_remove)
        self.table.menu_wanted.connect(self._on_menu)
        self.table.selection_changed.connect(self.refresh)
        layout.addWidget(self.table, 1)
        self.detail = QLabel()
        self.detail.setWordWrap(True)
        self.detail.setTextFormat(Qt.TextFormat.PlainText)
        self.detail.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        layout.addWidget(self.detail)
        layout.addLayout(self._build_choices())
        return page

    def _build_choices(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(8)
        words = QLabel(self.tr("Each file becomes"))
        self.write = QComboBox()
        self.write.addItem(self.tr("A folder: voice, everyone else, timeline, report"), "folder")
        self.write.addItem(self.tr("A sound file with the voice"), "voice")
        self.write.addItem(self.tr("A video with the voice as a sound track"), "video")
        self.write.setAccessibleName(self.tr("Each file becomes"))
        self.write.activated.connect(self._on_write)
        words.setBuddy(self.write)
        grid.addWidget(words, 0, 0)
        grid.addWidget(self.write, 0, 1, 1, 3)
        where = QLabel(self.tr("Results go to"))
        self.folder = ElidedLabel()
        self.change_folder = self._button(self.tr("Change…"), self._on_change_folder)
        self.change_folder.setAccessibleName(self.tr("Change the folder for the results"))
        self.open_folder = self._button(self.tr("Open folder"), self._on_open_folder)
        grid.addWidget(where, 1, 0)
        grid.addWidget(self.folder, 1, 1)
        grid.addWidget(self.change_folder, 1, 2)
        grid.addWidget(self.open_folder, 1, 3)
        grid.setColumnStretch(1, 1)
        return grid

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
        self.retry = self._button(self.tr("Retry the failed"), self._client.retry)
        self.start = self._button(self.tr("Start"), self._on_start)
        self.start.setProperty("primary", True)
        self.close_button = self._button(self.tr("Close"), self.close)
        self.close_button.setToolTip(self.tr("The work goes on"))
        for widget in (self.stop_after, self.retry, self.start, self.close_button):
            row.addWidget(widget)
        foot.addLayout(row)
        self._with_files: tuple[QWidget, ...] = (self.bar, self.start, self.add_files, self.add_folder)
        return foot

    def _order_stops(self) -> None:
        """Tab goes as one reads."""
        told = self._trouble.findChildren(QAbstractButton) if self._trouble is not None else []
        stops: tuple[QWidget, ...] = (
            *(
                self.add_files,
                self.add_folder,
                *told,
                self.add_first,
                self.add_first_folder,
                self.who,
                self.up,
                self.down,
            ),
            *(self.remove, self.clear, self.table, self.write, self.change_folder, self.open_folder),
            *(self.stop_after, self.retry, self.start, self.close_button),
        )
        for before, after in pairwise(stops):
            QWidget.setTabOrder(before, after)

    def _button(self, words: str, slot: Callable[[], object]) -> QPushButton:
        button = QPushButton(words)
        button.setAutoDefault(False)
        button.clicked.connect(lambda: slot())
        return button

    def _recolour(self) -> None:
        self._picture.setPixmap(pixmap("film", self._look.theme.focus, 56, self.devicePixelRatioF()))
        for button in (self.add_files, self.add_folder):
            button.setIcon(self._look.icon("open"))
        self.add_first.setIcon(self._look.icon("open", primary=True))

    def _fill_menu(self, menu: QMenu) -> None:
        fill_rule_menu(menu, self._queue.batch.items, self._on_rule, self)

    def _on_menu(self, place: QPoint) -> None:
        self._fill_menu(self._who_menu)
        self._who_menu.popup(place)

    def _on_rule(self, rule: PersonRule) -> None:
        self._client.set_rule(self.table.selected_ids(), rule)

    def _shift(self, step: int) -> None:
        self._client.shift(self.table.selected_ids(), step)

    def _on_remove(self) -> None:
        self._client.remove(self.table.selected_ids())

    def _on_start(self) -> None:
        self._forget_trouble()
        if self._client.running:
            self._client.pause()
        else:
            self._client.start()

    def _on_stop_after(self, on: bool) -> None:
        if on != self._client.stop_after:
            self._client.set_stop_after(on)

    def _on_write(self, _: int) -> None:
        self._client.set_options(replace(self._client.options, write=self.write.currentData(), format=None))

    def _on_add_files(self) -> None:
        pattern = self.tr("Videos ({0});;All files (*)").format(f"{VIDEO_FILTER} {VIDEO_FILTER.upper()}")
        names, _ = QFileDialog.getOpenFileNames(self, self.tr("Add files to the batch"), self._beside(), pattern)
        self._client.add([Path(name) for name in names])

    def _on_add_folder(self) -> None:
        name = QFileDialog.getExistingDirectory(self, self.tr("Add a folder to the batch"), self._beside())
        self._client.add([Path(name)] if name else [])

    def _on_change_folder(self) -> None:
        name = QFileDialog.getExistingDirectory(self, self.tr("Folder for the results"), self._beside())
        if name:
            self._client.set_folder(Path(name))

    def _beside(self) -> str:
        items = self._queue.batch.items
        return str(items[-1].input.parent if items else Path.home())

    def _on_open_folder(self) -> None:
        if self._client.folder is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._client.folder)))

    def _on_failed(self, error: EngineError) -> None:
        self._show_notice(Notice(self._look, "error", str(error), details=error.details))

    def _on_ended(self, batch: Batch) -> None:
        done, failed, total = batch.count("done"), batch.count("failed"), len(batch.items)
        text = self.tr("All {0} files are done.").format(total)
        if done != total:
            text = self.tr("{0} of {1} files are done, {2} failed.").format(done, total, failed)
        action = (self.tr("Open folder"), self._on_open_folder)
        self._show_notice(Notice(self._look, "warning" if failed else "good", text, action=action))

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
