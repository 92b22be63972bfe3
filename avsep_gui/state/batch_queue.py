"""BatchQueue: the files of the batch window, a Qt item model over the engine's frozen `Batch`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QByteArray,
    QCoreApplication,
    QMimeData,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
)

from avsep_gui.pace import time_left_text
from avsep_gui.words import about, as_tip, short_clock
from engine.api import Batch, BatchItem, PersonRule

ROWS_TYPE = "application/x-avsep-batch-rows"
FRACTION_ROLE = Qt.ItemDataRole.UserRole
STATUS_ROLE = Qt.ItemDataRole.UserRole + 1
Index = QModelIndex | QPersistentModelIndex


class Column(IntEnum):
    """What stands where in the table."""

    FILE = 0
    WHO = 1
    RESULT = 2
    STATE = 3


@dataclass(frozen=True)
class Working:
    """How far the file is that is being done."""

    item_id: int
    stage: str = ""
    fraction: float = 0.0
    time_left_s: float | None = None
    stopping: bool = False


class BatchQueue(QAbstractTableModel):
    """The files in the order of the work; rows can be dragged to another place, and files dropped on it.

    Signals:
        changed(): the queue, or how far its present file is.
        move_wanted(object, int): put the files with these ids before the one in this row.
        files_dropped(object): add these `Path`s.
    """

    changed = Signal()
    move_wanted = Signal(object, int)
    files_dropped = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._batch = Batch(Path())
        self._working: Working | None = None

    @property
    def batch(self) -> Batch:
        """The queue as it is now."""
        return self._batch

    @property
    def working(self) -> Working | None:
        """The file that is being done."""
        return self._working

    def set_batch(self, batch: Batch) -> None:
        """Show another state of the queue; what is selected stays selected."""
        self._remove_rows({item.id for item in batch.items})
        kept = len(self._batch.items)
        known = {item.id for item in self._batch.items}
        added = [item for item in batch.items if item.id not in known]
        if added:
            self.beginInsertRows(QModelIndex(), kept, kept + len(added) - 1)
            self._batch = Batch(batch.folder, (*self._batch.items, *added), batch.existing)
            self.endInsertRows()
        self._reorder(batch)
        if batch.items:
            self.dataChanged.emit(self.index(0, 0), self.index(len(batch.items) - 1, len(Column) - 1))
        self.changed.emit()

    def set_working(self, working: Working | None) -> None:
        """Show how far the present file is."""
        before, self._working = self._working, working
        for one in (before, working):
            row = self.row_of(one.item_id) if one is not None else None
            if row is not None:
                self.dataChanged.emit(self.index(row, Column.STATE), self.index(row, Column.STATE))
        self.changed.emit()

    def row_of(self, item_id: int) -> int | None:
        """The row of a file."""
        return next((row for row, item in enumerate(self._batch.items) if item.id == item_id), None)

    def item_at(self, row: int) -> BatchItem | None:
        """The file in a row."""
        return self._batch.items[row] if 0 <= row < len(self._batch.items) else None

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """How many files there are."""
        return 0 if parent.isValid() else len(self._batch.items)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """File, whose voice, result, state."""
        return 0 if parent.isValid() else len(Column)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Titles of the columns."""
        if orientation != Qt.Orientation.Horizontal or role != Qt.ItemDataRole.DisplayRole:
            return None
        return (self.tr("File"), self.tr("Whose voice"), self.tr("Result"), self.tr("State"))[section]

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Words, tooltips, and for the state how far it is."""
        item = self.item_at(index.row())
        if item is None:
            return None
        column = Column(index.column())
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return self._words(item, column)
        if role == Qt.ItemDataRole.ToolTipRole:
            return as_tip(self._tip(item, column))
        if role == FRACTION_ROLE:
            working = self._working
            return working.fraction if working is not None and working.item_id == item.id else None
        if role == STATUS_ROLE:
            return item.status
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Rows can be dragged; things are dropped between them."""
        if not index.isValid():
            return Qt.ItemFlag.ItemIsDropEnabled
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsDragEnabled

    def supportedDropActions(self) -> Qt.DropAction:
        """Rows are moved, files of other programs are named and stay where they are."""
        return Qt.DropAction.MoveAction | Qt.DropAction.CopyAction | Qt.DropAction.LinkAction

    def mimeTypes(self) -> list[str]:
        """What can be dropped."""
        return [ROWS_TYPE, "text/uri-list"]

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        """Rows on their way to another place."""
        rows = sorted({index.row() for index in indexes})
        ids = ",".join(str(self._batch.items[row].id) for row in rows)
        data = QMimeData()
        data.setData(ROWS_TYPE, QByteArray(ids.encode()))
        return data

    def dropMimeData(self, data: QMimeData, action: Qt.DropAction, row: int, column: int, parent: Index) -> bool:
        """Ask for what is dropped. The answer is no, so that the view leaves the rows to us."""
        place = row if row >= 0 else parent.row() if parent.isValid() else len(self._batch.items)
        if data.hasFormat(ROWS_TYPE):
            ids = [int(text) for text in bytes(data.data(ROWS_TYPE).data()).decode().split(",") if text]
            self.move_wanted.emit(ids, place)
        elif paths := dropped_paths(data):
            self.files_dropped.emit(paths)
        return False

    def _words(self, item: BatchItem, column: Column) -> str:
        if column is Column.FILE:
            return item.input.name
        if column is Column.WHO:
            return rule_words(item.rule)
        if column is Column.RESULT:
            return item.output
        if item.status == "waiting":
            return self.tr("Waiting")
        if item.status == "running":
            return self._working_words(item)
        if item.status == "done":
            took = about(item.outcome.wall_s) if item.outcome is not None else ""
            return self.tr("Done ({0})").format(took)
        if item.status == "skipped":
            return self.tr("Skipped")
        return self.tr("Failed: {0}").format(item.error.message if item.error is not None else "")

    def _working_words(self, item: BatchItem) -> str:
        working = self._working
        if working is None or working.item_id != item.id or not working.stage:
            return self.tr("Starting")
        if working.stopping:
            return self.tr("Stopping…")
        left = time_left_text(working.time_left_s)
        return "  ·  ".join(part for part in (working.stage, f"{round(100 * working.fraction)} %", left) if part)

    def _tip(self, item: BatchItem, column: Column) -> str:
        if column is Column.FILE:
            length = f" ({short_clock(item.duration_s)})" if item.duration_s is not None else ""
            return f"{item.input}{length}"
        if column is Column.WHO and item.rule.photo is not None:
            return str(item.rule.photo)
        if column is Column.RESULT:
            return str(self._batch.folder / item.output)
        if column is Column.STATE and item.error is not None:
            return f"{item.error.message} {item.error.remedy}"
        return item.note if column is Column.STATE and item.note else self._words(item, column)

    def _remove_rows(self, wanted: set[int]) -> None:
        for row in range(len(self._batch.items) - 1, -1, -1):
            if self._batch.items[row].id not in wanted:
                self.beginRemoveRows(QModelIndex(), row, row)
                self._batch = self._batch.without([self._batch.items[row].id])
                self.endRemoveRows()

    def _reorder(self, batch: Batch) -> None:
        before = [item.id for item in self._batch.items]
        after = [item.id for item in batch.items]
        if before == after:
            self._batch = batch
            return
        self.layoutAboutToBeChanged.emit()
        old = self.persistentIndexList()
        rows = {item_id: row for row, item_id in enumerate(after)}
        self._batch = batch
        self.changePersistentIndexList(old, [self.index(rows[before[one.row()]], one.column()) for one in old])
        self.layoutChanged.emit()


def rule_words(rule: PersonRule) -> str:
    """A rule as the window says it."""
    if rule.kind == "everyone":
        return QCoreApplication.translate("BatchQueue", "Everyone")
    if rule.kind == "person":
        return QCoreApplication.translate("BatchQueue", "Person {0}").format(rule.person)
    if rule.kind == "photo" and rule.photo is not None:
        return QCoreApplication.translate("BatchQueue", "As on {0}").format(rule.photo.name)
    if rule.kind == "same" and rule.video is not None:
        words = QCoreApplication.translate("BatchQueue", "Person {0} of {1}")
        return words.format(rule.person, rule.video.name)
    return QCoreApplication.translate("BatchQueue", "Most visible")


def dropped_paths(data: QMimeData) -> list[Path]:
    """The local files and folders that are dragged."""
    return [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]


def ids_in(batch: Batch, rows: Iterable[int]) -> list[int]:
    """The ids of the files in some rows, from the first row on."""
    return [batch.items[row].id for row in sorted(set(rows)) if row < len(batch.items)]
