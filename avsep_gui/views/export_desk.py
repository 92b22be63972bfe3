"""ExportDesk: brings exports into the window: the question what to write, and what came of it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QWidget

from avsep_gui.engine_client import EngineClient
from avsep_gui.look import Look
from avsep_gui.settings import Settings
from avsep_gui.state.document import Document
from avsep_gui.state.shelf import Shelf
from avsep_gui.views.export_dialog import ExportDialog
from avsep_gui.views.notices import Notices
from avsep_gui.views.report_dialog import ReportDialog
from engine.errors import EngineError, OutputExistsError
from engine.types import SeparationRequest, SeparationResult


class ExportDesk(QObject):
    """Connects exports with the window."""

    def __init__(
        self,
        window: QWidget,
        document: Document,
        shelf: Shelf,
        client: EngineClient,
        settings: Settings,
        look: Look,
        notices: Notices,
    ) -> None:
        super().__init__(window)
        self._window = window
        self._document = document
        self._shelf = shelf
        self._client = client
        self._settings = settings
        self._look = look
        self._notices = notices
        self._dialog: ExportDialog | None = None
        client.export_done.connect(self._on_done)
        client.export_failed.connect(self._on_failed)

    def ask(self) -> None:
        """Ask what to export, then do it in the background."""
        document = self._document
        if self._dialog is not None or document.picked is None or document.source is None or document.media is None:
            return
        dialog = ExportDialog(
            document,
            self._look,
            self._settings.export_folder or document.media.path.parent,
            self._window,
            shelf=self._shelf,
            settings=self._settings,
            ask_fit=self._client.ask_container_fit,
        )
        self._dialog = dialog
        dialog.finished.connect(self._on_answer)
        QTimer.singleShot(0, dialog, dialog.open)  # to make it and to paint it are two events

    def start(self, output: Path, options: dict[str, object]) -> int:
        """Write `output` with these fields of a `SeparationRequest`; the job's id."""
        self._settings.export_folder = output.parent
        request = self._client.separation_request(output, **options)
        return self._client.export(request, self.tr("Export {0}").format(output.name))

    def _on_answer(self, answer: int) -> None:
        dialog, self._dialog = self._dialog, None
        if dialog is None:
            return
        if answer == ExportDialog.DialogCode.Accepted:
            self.start(dialog.output, dialog.options())
        dialog.deleteLater()

    def _on_done(self, result: SeparationResult) -> None:
        names = ", ".join(output.path.name for output in result.outputs if output.kind in ("voice", "video"))
        self._notices.show_text(
            "good",
            self.tr("Exported {0}.").format(names or self.tr("the files")),
            action=(self.tr("Report…"), lambda: self._show_report(result)),
        )
        for warning in result.warnings:
            self._notices.show_text("warning", warning)

    def _on_failed(self, error: EngineError, request: SeparationRequest) -> None:
        words = self.tr("Choose another name…") if isinstance(error, OutputExistsError) else self.tr("Try again…")
        same_file = request.video == self._document.path
        self._notices.show_error(error, action=(words, self.ask) if same_file else None)

    def _show_report(self, result: SeparationResult) -> None:
        dialog = ReportDialog(result, self._document, self._look, self._window)
        dialog.exec()
        dialog.deleteLater()
