"""BatchTable: the queue as a list; rows are dragged, moved and removed by keys, and say how far they are."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QDragEnterEvent, QDragMoveEvent, QKeyEvent, QPainter, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeView,
    QWidget,
)

from avsep_gui.look import Look
from avsep_gui.state.batch_queue import FRACTION_ROLE, ROWS_TYPE, STATUS_ROLE, BatchQueue, Column, dropped_paths, ids_in

BAR_PX = 3
ROW_PX = 32
MENU_KEYS = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_F2)


class StateDelegate(QStyledItemDelegate):
    """Draws the state in its colour, and a bar below the file that is being done."""

    def __init__(self, look: Look, parent: QWidget) -> None:
        super().__init__(parent)
        self._look = look

    def initStyleOption(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        """Colours say again what the words say."""
        super().initStyleOption(option, index)
        option.textElideMode = Qt.TextElideMode.ElideRight
        theme = self._look.theme
        colours = {"done": theme.good, "failed": theme.danger, "running": theme.text}
        colour = QColor(colours.get(index.data(STATUS_ROLE), theme.muted))
        for role in (option.palette.ColorRole.Text, option.palette.ColorRole.HighlightedText):
            option.palette.setColor(role, colour)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Words, and the bar."""
        super().paint(painter, option, index)
        fraction = index.data(FRACTION_ROLE)
        if fraction is None:
            return
        place: QRect = option.rect
        bar = QRect(place.left() + 4, place.bottom() - BAR_PX - 1, place.width() - 12, BAR_PX)
        painter.fillRect(bar, QColor(self._look.theme.line))
        bar.setWidth(round(bar.width() * fraction))
        painter.fillRect(bar, QColor(self._look.theme.focus))

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        """Room for the bar."""
        hint = super().sizeHint(option, index)
        return QSize(hint.width(), self._look.px(ROW_PX))


class BatchTable(QTreeView):
    """The list of files.

    Signals:
        shift_wanted(int): move what is selected one row up (-1) or down (1); Alt+Up, Alt+Down.
        remove_wanted(): take what is selected out of the list; Delete.
        menu_wanted(object): show at this `QPoint` of the screen what can be done with the rows; Enter, F2, right click.
        selection_changed(): other rows are selected.
    """

    shift_wanted = Signal(int)
    remove_wanted = Signal()
    menu_wanted = Signal(object)
    selection_changed = Signal()

    def __init__(self, queue: BatchQueue, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._queue = queue
        self.setModel(queue)
        self.setItemDelegateForColumn(Column.STATE, StateDelegate(look, self))
        self.setRootIsDecorated(False)
        self.setItemsExpandable(False)
        self.setUniformRowHeights(True)
        self.setTabKeyNavigation(False)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragDrop)
        self.setDefaultDropAction(Qt.DropAction.MoveAction)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setAccessibleName(self.tr("Files of the batch"))
        self.setAccessibleDescription(
            self.tr("Enter chooses whose voice, Alt with the arrow keys moves a file, Delete removes it")
        )
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        header = self.header()
        header.setSectionsMovable(False)
        header.setStretchLastSection(False)
        header.setMinimumSectionSize(look.px(60))
        for column, share in ((Column.FILE, 3), (Column.WHO, 2), (Column.RESULT, 3), (Column.STATE, 4)):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Interactive)
            header.resizeSection(column, share * 10)
        self._shares = (0.27, 0.17, 0.23)
        self.customContextMenuRequested.connect(self._on_menu)
        self.selectionModel().selectionChanged.connect(lambda *_: self.selection_changed.emit())

    def selected_ids(self) -> list[int]:
        """The files that are selected, from the first row on."""
        return ids_in(self._queue.batch, (index.row() for index in self.selectionModel().selectedRows()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Keys for what the mouse can do."""
        alt = event.modifiers() == Qt.KeyboardModifier.AltModifier
        if alt and event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self.shift_wanted.emit(-1 if event.key() == Qt.Key.Key_Up else 1)
        elif event.key() == Qt.Key.Key_Delete:
            self.remove_wanted.emit()
        elif event.key() in MENU_KEYS and self.selected_ids():
            self.menu_wanted.emit(self._menu_place())
        else:
            super().keyPressEvent(event)
            return
        event.accept()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Share out the width."""
        super().resizeEvent(event)
        width, used = self.viewport().width(), 0
        for column, share in enumerate(self._shares):
            self.header().resizeSection(column, round(share * width))
            used += round(share * width)
        self.header().resizeSection(Column.STATE, width - used)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Welcome rows, and files of other programs."""
        self._welcome(event)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        """Show where they would go."""
        super().dragMoveEvent(event)
        self._welcome(event)

    def _welcome(self, event: QDragEnterEvent | QDragMoveEvent) -> None:
        if event.mimeData().hasFormat(ROWS_TYPE) or dropped_paths(event.mimeData()):
            event.acceptProposedAction()
        else:
            event.ignore()

    def _menu_place(self) -> QPoint:
        place = self.visualRect(self.currentIndex().siblingAtColumn(Column.WHO))
        return self.viewport().mapToGlobal(place.bottomLeft())

    def _on_menu(self, point: QPoint) -> None:
        if self.selected_ids():
            self.menu_wanted.emit(self.viewport().mapToGlobal(point))
