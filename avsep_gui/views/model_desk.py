"""ModelDesk: what the window shows of the models: the chip's menu, the dialog, and notices about slow work."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu, QWidget

from avsep_gui.engine_client import EngineClient
from avsep_gui.look import Look
from avsep_gui.model_words import pace, short_pace
from avsep_gui.shelf_client import ShelfClient
from avsep_gui.state.document import Document
from avsep_gui.state.shelf import Shelf
from avsep_gui.views.header import Header
from avsep_gui.views.notices import Notice, Notices
from avsep_gui.views.shelf_dialog import ShelfDialog
from avsep_gui.words import about, short_clock
from engine.errors import EngineError


class ModelDesk(QObject):
    """Connects the shelf with the window.

    Args:
        open_action: the window's action that opens the dialog.
    """

    def __init__(
        self,
        window: QWidget,
        document: Document,
        shelf: Shelf,
        client: EngineClient,
        shelf_client: ShelfClient,
        header: Header,
        notices: Notices,
        look: Look,
        open_action: QAction,
    ) -> None:
        super().__init__(window)
        self._window = window
        self._document = document
        self._shelf = shelf
        self._client = client
        self._shelf_client = shelf_client
        self._notices = notices
        self._look = look
        self._open_action = open_action
        self._announced: set[tuple[Path | None, tuple[str, str]]] = set()
        self._notice: Notice | None = None
        self._name = shelf.name
        self.dialog: ShelfDialog | None = None
        self.menu = QMenu(window)
        self.menu.setToolTipsVisible(True)
        header.model.setMenu(self.menu)
        shelf.rows_changed.connect(self._fill_menu)
        shelf.model_changed.connect(self._on_model_changed)
        shelf_client.changed.connect(self._on_changed)
        shelf_client.failed.connect(self._on_failed)
        client.voices.slow_work.connect(self._on_slow_work)
        client.voices.computed.connect(shelf_client.refresh)
        self._fill_menu()

    def show_dialog(self) -> None:
        """Open the model shelf, or bring it to the front."""
        if self.dialog is None:
            self.dialog = ShelfDialog(self._shelf, self._shelf_client, self._look, self._window)
        self.dialog.open_beside()

    def close(self) -> None:
        """The window closes."""
        self._shelf_client.stop()
        if self.dialog is not None:
            self.dialog.close()

    def _fill_menu(self) -> None:
        shelf = self._shelf
        self.menu.clear()
        group = QActionGroup(self.menu)
        for row in shelf.installed():
            words = self.tr("{0}, default").format(row.name) if row.name == shelf.default_name else row.name
            action = QAction(f"{words}\t{short_pace(row)}", group)
            action.setCheckable(True)
            action.setChecked(row.name == shelf.name)
            action.setToolTip(row.title)
            action.triggered.connect(lambda _checked=False, name=row.name: self._client.use_model(name))
            self.menu.addAction(action)
        self.menu.addSeparator()
        self.menu.addAction(self._open_action)

    def _on_model_changed(self) -> None:
        if self._notice is not None:
            self._notice.dismiss()
        before, self._name = self._name, self._shelf.name
        row = self._shelf.row(before)
        if before != self._name and self._shelf.rows and (row is None or not row.installed):
            text = self.tr("The model {0} is not installed any more; {1} computes voices now.")
            self._notices.show_text("info", text.format(before, self._name))

    def _on_changed(self, what: str, name: str) -> None:
        seen = self.dialog is not None and self.dialog.isVisible()
        if what == "imported" and seen and self.dialog is not None:
            self.dialog.show_card(name)
        if seen or what not in ("added", "imported"):
            return
        self._notices.show_text(
            "good",
            self.tr("The model {0} is installed.").format(name),
            action=(self.tr("Use it"), lambda: self._client.use_model(name)),
        )

    def _on_failed(self, name: str, error: EngineError) -> None:
        if self.dialog is None or not self.dialog.isVisible():
            self._notices.show_error(error, action=(self.tr("Models…"), self.show_dialog))

    def _on_slow_work(self, start_s: float, end_s: float) -> None:
        document, row = self._document, self._shelf.current
        if row is None:
            return
        key = (document.path, self._shelf.identity)
        text = self._slow_text(start_s, end_s)
        if self._notice is not None:
            self._notice.set_text(text)
        elif key not in self._announced:
            self._announced.add(key)
            whole_s = row.seconds_for(0.0, document.duration_s, document.duration_s) or 0.0
            words = self.tr("Whole file ({0})").format(about(whole_s))
            notice = self._notices.show_text(
                "warning", text, action=(words, self._client.voices.request_whole), stays=True
            )
            notice.dismissed.connect(self._forget_notice)
            self._notice = notice

    def _slow_text(self, start_s: float, end_s: float) -> str:
        row = self._shelf.current
        assert row is not None
        needed = about(row.seconds_for(start_s, end_s, self._document.duration_s) or 0.0)
        stretch = f"{short_clock(start_s)}–{short_clock(end_s)}"
        if self._document.range_s == (start_s, end_s):
            part = self.tr("Only the selection, {0}, is computed at first ({1}).").format(stretch, needed)
        else:
            part = self.tr("Only {0} is computed at first ({1}); select what you want to hear.").format(stretch, needed)
        return self.tr("{0} takes {1} here.").format(row.name, pace(row)) + " " + part

    def _forget_notice(self) -> None:
        self._notice = None
