"""PresetBar: choose a preset, keep the fields as a preset of one's own, delete that again."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QInputDialog, QPushButton, QWidget

from avsep_gui.export_presets import (
    ExportChoice,
    Preset,
    all_presets,
    find,
    presets_from_text,
    presets_to_text,
    with_preset,
)
from avsep_gui.settings import Settings


class PresetBar(QWidget):
    """The row of the export dialog that holds presets.

    Signals:
        chosen(object): the `ExportChoice` of the preset that the user chose.

    Args:
        settings: where the user's presets are kept; None keeps them for as long as this lives.
    """

    chosen = Signal(object)

    def __init__(self, settings: Settings | None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self._own = presets_from_text(settings.export_presets) if settings is not None else ()
        self._choice = ExportChoice()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        self.box = QComboBox()
        self.box.setAccessibleName(self.tr("Preset"))
        self.box.activated.connect(self._on_activated)
        self.save = QPushButton(self.tr("Save as…"))
        self.save.setToolTip(self.tr("Keep these choices under a name"))
        self.save.clicked.connect(self._on_save)
        self.delete = QPushButton(self.tr("Delete"))
        self.delete.clicked.connect(self._on_delete)
        layout.addWidget(self.box, 1)
        layout.addWidget(self.save)
        layout.addWidget(self.delete)
        self.setFocusProxy(self.box)
        self._fill()

    def show_choice(self, choice: ExportChoice) -> None:
        """Say which preset the fields are, or that they are none."""
        self._choice = choice.settled()
        known = find(self._presets, self._choice)
        blocked = QSignalBlocker(self.box)
        self.box.setCurrentIndex(0 if known is None else 1 + self._presets.index(known))
        blocked.unblock()
        self.save.setEnabled(known is None)
        self._show_delete()

    def save_as(self, name: str) -> None:
        """Keep what is shown as a preset of the user's own; an empty name keeps nothing."""
        if name.strip():
            self._own = with_preset(self._own, name, self._choice)
            self._store()

    def _fill(self) -> None:
        self._presets = all_presets(self._own)
        blocked = QSignalBlocker(self.box)
        self.box.clear()
        self.box.addItem(self.tr("Custom"))
        for preset in self._presets:
            self.box.addItem(preset.name)
        blocked.unblock()
        self.show_choice(self._choice)

    def _store(self) -> None:
        if self._settings is not None:
            self._settings.export_presets = presets_to_text(self._own)
        self._fill()

    def _shown(self) -> Preset | None:
        index = self.box.currentIndex()
        return self._presets[index - 1] if index > 0 else None

    def _show_delete(self) -> None:
        preset = self._shown()
        self.delete.setEnabled(preset is not None and preset.own)
        name = preset.name if preset is not None and preset.own else ""
        self.delete.setToolTip(self.tr("Delete the preset {0}").format(name) if name else self.tr("Delete a preset"))

    def _on_activated(self, index: int) -> None:
        preset = self._shown()
        if preset is None:  # what is in the fields is custom enough
            self.show_choice(self._choice)
        else:
            self.chosen.emit(preset.choice)

    def _on_save(self) -> None:
        name, wanted = QInputDialog.getText(self, self.tr("Save as preset"), self.tr("Name of the preset"))
        if wanted:
            self.save_as(name)

    def _on_delete(self) -> None:
        preset = self._shown()
        if preset is not None and preset.own:
            self._own = tuple(other for other in self._own if other != preset)
            self._store()
            self.box.setFocus()
