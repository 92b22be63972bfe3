"""RecentDelegate: a line of the recent files: the name, and its folder quietly at the other end."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, Qt
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QApplication, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from avsep_gui.look import Look

FOLDER_ROLE = Qt.ItemDataRole.UserRole + 1
GAP_PX, END_PX = 24, 12
MOST_NAME = 0.7  # of the line


class RecentDelegate(QStyledItemDelegate):
    """Draws an item whose `FOLDER_ROLE` is the folder in words."""

    def __init__(self, look: Look, parent: QWidget) -> None:
        super().__init__(parent)
        self._look = look

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Ground and icon as everywhere, then both texts, cut in their middle where there is no room."""
        line = QStyleOptionViewItem(option)
        self.initStyleOption(line, index)
        widget = line.widget
        style = widget.style() if widget is not None else QApplication.style()
        room = style.subElementRect(QStyle.SubElement.SE_ItemViewItemText, line, widget)
        room.setRight(line.rect.right() - END_PX)
        words, metrics = line.text, line.fontMetrics
        line.text = ""
        style.drawControl(QStyle.ControlElement.CE_ItemViewItem, line, painter, widget)
        name = metrics.elidedText(words, Qt.TextElideMode.ElideMiddle, round(MOST_NAME * room.width()))
        left = metrics.horizontalAdvance(name) + GAP_PX
        folder = metrics.elidedText(
            str(index.data(FOLDER_ROLE) or ""), Qt.TextElideMode.ElideMiddle, room.width() - left
        )
        centre = Qt.AlignmentFlag.AlignVCenter
        painter.save()
        painter.setFont(line.font)
        painter.setPen(QColor(self._look.theme.text))
        painter.drawText(room, Qt.AlignmentFlag.AlignLeft | centre, name)
        painter.setPen(QColor(self._look.theme.muted))
        painter.drawText(QRect(room).adjusted(left, 0, 0, 0), Qt.AlignmentFlag.AlignRight | centre, folder)
        painter.restore()
