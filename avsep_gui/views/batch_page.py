"""BatchPage: the files of a batch, whose voice is wanted in each, what is made of them, and where it goes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QPoint, Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from avsep_gui.batch_client import BatchClient
from avsep_gui.look import Look
from avsep_gui.state.batch_queue import BatchQueue
from avsep_gui.views.batch_parts import button, folder_beside
from avsep_gui.views.batch_rules import fill_rule_menu
from avsep_gui.views.batch_table import BatchTable
from avsep_gui.views.elided_label import ElidedLabel
from avsep_gui.words import as_tip
from engine.api import Batch, PersonRule


class BatchPage(QWidget):
    """The list, its tools, and the choices below it."""

    def __init__(self, queue: BatchQueue, client: BatchClient, look: Look) -> None:
        super().__init__()
        self._queue = queue
        self._client = client
        self._look = look
        layout = QVBoxLayout(self)
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
        self.up = button(self.tr("Up"), lambda: self._shift(-1))
        self.up.setToolTip(self.tr("Earlier (Alt+Up)"))
        self.down = button(self.tr("Down"), lambda: self._shift(1))
        self.down.setToolTip(self.tr("Later (Alt+Down)"))
        self.remove = button(self.tr("Remove"), self._on_remove)
        self.remove.setToolTip(self.tr("Take out of the list (Delete); results stay"))
        for tool in (self.who, self.up, self.down, self.remove):
            tools.addWidget(tool)
        tools.addStretch(1)
        self.clear = button(self.tr("New batch"), self._client.clear)
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

    @property
    def stops(self) -> tuple[QWidget, ...]:
        """Where Tab stops, as one reads."""
        tools = (self.who, self.up, self.down, self.remove, self.clear)
        return (*tools, self.table, self.write, self.change_folder, self.open_folder)

    def refresh(self) -> None:
        """Show what holds now."""
        batch, client = self._queue.batch, self._client
        selected = self.table.selected_ids()
        present = self._queue.working
        free = [one for one in selected if present is None or one != present.item_id]
        self.who.setEnabled(bool(free))
        self.remove.setEnabled(bool(free))
        rows = [row for row, item in enumerate(batch.items) if item.id in set(selected)]
        self.up.setEnabled(bool(rows) and rows[0] > 0)
        self.down.setEnabled(bool(rows) and rows[-1] < len(batch.items) - 1)
        self.clear.setVisible(bool(batch.items) and not client.running)
        self.folder.setText(str(client.folder or ""))
        self.folder.setToolTip(as_tip(str(client.folder or "")))
        self.change_folder.setEnabled(not client.running and not batch.count("done"))
        self.open_folder.setEnabled(client.folder is not None and client.folder.is_dir())
        self.write.setCurrentIndex(self.write.findData(client.options.write))
        self._show_detail(batch, selected)

    def show_results(self) -> None:
        """Open the folder with the results in the system's file manager."""
        if self._client.folder is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._client.folder)))

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
        self.change_folder = button(self.tr("Change…"), self._on_change_folder)
        self.change_folder.setAccessibleName(self.tr("Change the folder for the results"))
        self.open_folder = button(self.tr("Open folder"), self.show_results)
        grid.addWidget(where, 1, 0)
        grid.addWidget(self.folder, 1, 1)
        grid.addWidget(self.change_folder, 1, 2)
        grid.addWidget(self.open_folder, 1, 3)
        grid.setColumnStretch(1, 1)
        return grid

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

    def _on_write(self, _: int) -> None:
        self._client.set_options(replace(self._client.options, write=self.write.currentData(), format=None))

    def _on_change_folder(self) -> None:
        name = QFileDialog.getExistingDirectory(self, self.tr("Folder for the results"), folder_beside(self._queue))
        if name:
            self._client.set_folder(Path(name))
