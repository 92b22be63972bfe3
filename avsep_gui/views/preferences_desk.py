"""PreferencesDesk: brings what the user prefers into the window: theme, keys, motion, device, and the dialog."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QWidget

from avsep_gui.engine_client import EngineClient
from avsep_gui.keymap import SPECS, Keymap, plain
from avsep_gui.look import Look
from avsep_gui.settings import Settings
from avsep_gui.state.document import ListenMode
from avsep_gui.storage_client import StorageClient
from avsep_gui.theme import SYSTEM, THEMES
from avsep_gui.views.header import Header
from avsep_gui.views.help_dialogs import KeysDialog
from avsep_gui.views.preferences_dialog import PreferencesDialog
from avsep_gui.views.start_view import StartView
from avsep_gui.views.workspace import Workspace


class PreferencesDesk(QObject):
    """Connects the settings with the window.

    Args:
        actions: the window's actions by id.
    """

    def __init__(
        self,
        window: QWidget,
        actions: dict[str, QAction],
        settings: Settings,
        look: Look,
        client: EngineClient,
        storage: StorageClient,
    ) -> None:
        super().__init__(window)
        self._window = window
        self._actions = actions
        self._settings = settings
        self._look = look
        self._client = client
        self._storage = storage
        self._hints: list[tuple[Callable[[str], None], str, str]] = []
        self.keymap = Keymap(settings.keys, self)
        self.dialog: PreferencesDialog | None = None
        self.keymap.changed.connect(self._on_keys_changed)
        look.changed.connect(self._show_theme)
        client.set_device(settings.device, ask=False)
        self.keymap.apply(actions)
        self._show_theme()

    def follow_keys(self, start: StartView, header: Header, workspace: Workspace) -> None:
        """Keep the words true that name keys, in these views."""
        people, listen = workspace.people, workspace.listen
        hints = [
            (start.open.setToolTip, self.tr("Open a video"), "open"),
            (people.open.setToolTip, self.tr("Open a video"), "open"),
            (people.set_rename_hint, self.tr("Click to rename"), "rename"),
            (header.jobs.setToolTip, self.tr("What is being computed"), "show_jobs"),
            (header.set_models_hint, self.tr("Click to choose another one; all models"), "models"),
            (listen.export.setToolTip, plain(SPECS["export"]), "export"),
            (listen.set_compare_hint, self.tr("A/B compares"), "compare"),
        ]
        for mode, name in zip(ListenMode, ("original", "voice", "rest"), strict=True):
            hints.append((listen.modes[mode].setToolTip, plain(SPECS[name]), name))
        self._hints = hints
        self._show_hints()

    def show_dialog(self) -> None:
        """Open the preferences, or bring them to the front."""
        if self.dialog is None:
            self.dialog = PreferencesDialog(
                self._settings, self._look, self.keymap, self._client, self._storage, self._window
            )
        self.dialog.open_beside()

    def show_keys(self) -> None:
        """Show every action with its keys."""
        dialog = KeysDialog(self.keymap, self._window)
        dialog.exec()
        dialog.deleteLater()

    def use_theme(self, name: str) -> None:
        """Use a theme from now on, and remember it."""
        self._settings.theme = name
        self._look.use(name)

    def close(self) -> None:
        """The window closes."""
        if self.dialog is not None:
            self.dialog.close()

    def _show_theme(self) -> None:
        for name in (*THEMES, SYSTEM):
            self._actions[name].setChecked(name == self._look.choice)

    def _on_keys_changed(self) -> None:
        self._settings.keys = self.keymap.changes()
        self.keymap.apply(self._actions)
        self._show_hints()

    def _show_hints(self) -> None:
        for show, words, action in self._hints:
            show(self.keymap.hint(words, action))
