"""Menus: the menu bar with every action, and how the actions look and whether they can be used."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMainWindow, QMenu

from avsep_gui.actions import ACTIONS, MENUS, translated
from avsep_gui.keymap import SPECS
from avsep_gui.look import Look
from avsep_gui.player.player import Player
from avsep_gui.settings import Settings
from avsep_gui.state.document import Document
from avsep_gui.state.spectrogram_choice import SpectrogramChoice
from avsep_gui.usable import usable_actions
from avsep_gui.views.spectrogram_menu import SpectrogramMenu


class Menus(QObject):
    """Fills the menu bar of the window and keeps it true.

    Attributes:
        by_name: the menus, by their names in `actions.MENUS`.

    Args:
        actions: the window's actions by id.
        open_file: opens a file that was open before.
    """

    def __init__(
        self,
        window: QMainWindow,
        actions: dict[str, QAction],
        document: Document,
        player: Player,
        settings: Settings,
        look: Look,
        spectrograms: SpectrogramChoice,
        open_file: Callable[[Path], None],
    ) -> None:
        super().__init__(window)
        self._actions = actions
        self._document = document
        self._player = player
        self._settings = settings
        self._look = look
        self._open_file = open_file
        self.by_name = {name: window.menuBar().addMenu("&" + translated(name)) for name in MENUS}
        self._recent = QMenu(self.tr("Open &recent"), window)
        for spec in ACTIONS:
            menu = self.by_name[spec.menu]
            if spec.separator:
                menu.addSeparator()
            menu.addAction(actions[spec.id])
            if spec.id == "sample":
                menu.addMenu(self._recent)
            elif spec.id == "zoom_fit":
                menu.addMenu(SpectrogramMenu(spectrograms, window))
        document.mode_changed.connect(self._show_listening)
        player.playing_changed.connect(self._show_listening)
        look.changed.connect(self._recolour)
        self._recolour()

    def refresh(self) -> None:
        """Show what can be used now, what would be undone, and which files were open before."""
        usable = usable_actions(self._document)
        for name, action in self._actions.items():
            action.setEnabled(name in usable)
        self._name_history()
        self._recent.clear()
        for path in self._settings.recent:
            action = self._recent.addAction(path.name)
            action.setToolTip(str(path))
            action.triggered.connect(lambda _checked=False, wanted=path: self._open_file(wanted))
        self._recent.setEnabled(not self._recent.isEmpty())

    def _name_history(self) -> None:
        stack = self._document.undo_stack
        for name, words, what in (
            ("undo", self.tr("&Undo: {0}"), stack.undoText()),
            ("redo", self.tr("&Redo: {0}"), stack.redoText()),
        ):
            self._actions[name].setText(words.format(what) if what else translated(SPECS[name].text))

    def _recolour(self) -> None:
        for spec in ACTIONS:
            if spec.icon:
                self._actions[spec.id].setIcon(self._look.icon(spec.icon))
        self._show_listening()

    def _show_listening(self, *_: object) -> None:
        look, actions = self._look, self._actions
        actions["play"].setIcon(look.icon("pause" if self._player.playing else "play"))
        actions["mute"].setIcon(look.icon("muted" if self._document.muted else "speaker"))
        actions["mute"].setChecked(self._document.muted)
