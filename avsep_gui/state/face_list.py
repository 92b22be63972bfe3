"""Item model over the people of a document."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from avsep_gui.state.document import Document

PERSON_ROLE = Qt.ItemDataRole.UserRole + 1
PICKED_ROLE = Qt.ItemDataRole.UserRole + 2

AnyIndex = QModelIndex | QPersistentModelIndex


class FaceListModel(QAbstractListModel):
    """One row per person: name (editable), `Person` under PERSON_ROLE, picked or not under PICKED_ROLE."""

    def __init__(self, document: Document, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document = document
        document.people_changed.connect(self._on_people_changed)
        document.picked_changed.connect(self._on_data_changed)
        document.name_changed.connect(self._on_data_changed)
        document.voice_changed.connect(self._on_data_changed)
        document.voices_forgotten.connect(self._on_data_changed)

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        """How many people there are."""
        return 0 if parent.isValid() else len(self._document.people)

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Name, person or picked state of a row."""
        people = self._document.people
        if not index.isValid() or index.row() >= len(people):
            return None
        person = people[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole, Qt.ItemDataRole.AccessibleTextRole):
            return self._document.name(person.id)
        if role == PERSON_ROLE:
            return person
        if role == PICKED_ROLE:
            return person.id == self._document.picked
        return None

    def setData(self, index: AnyIndex, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """Rename a person."""
        people = self._document.people
        if role != Qt.ItemDataRole.EditRole or not index.isValid() or index.row() >= len(people):
            return False
        self._document.rename(people[index.row()].id, str(value))
        return True

    def flags(self, index: AnyIndex) -> Qt.ItemFlag:
        """Rows can be selected and edited."""
        return super().flags(index) | Qt.ItemFlag.ItemIsEditable

    def _on_people_changed(self) -> None:
        self.beginResetModel()
        self.endResetModel()

    def _on_data_changed(self, _person_id: int = 0) -> None:
        if self._document.people:
            self.dataChanged.emit(self.index(0), self.index(len(self._document.people) - 1))
