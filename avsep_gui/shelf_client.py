"""ShelfClient: turns what the user wants of the models into engine calls, and outcomes into facts of the shelf."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from avsep_gui.calls import Calls
from avsep_gui.jobs import JobRunner, JobState, Priority, WorkerName
from avsep_gui.state.shelf import DEFAULT, IMPORT, Question, Shelf, Work, WorkKind
from engine.errors import EngineError
from engine.types import Download, ModelInfo


class ShelfClient(QObject):
    """Lists, adds, removes and imports models beside the work on voices.

    Signals:
        changed(str, str): what ended well ("added", "removed", "imported", "default") and the model's name.
        failed(str, object): the model's name (`IMPORT` without one), and the `EngineError`, which the shelf keeps.

    Args:
        in_use: whether an export that is under way needs this model.
    """

    changed = Signal(str, str)
    failed = Signal(str, object)

    def __init__(
        self, runner: JobRunner, shelf: Shelf, in_use: Callable[[str], bool], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._runner = runner
        self._shelf = shelf
        self._in_use = in_use
        self._calls = Calls(runner, self)
        self._listing = False
        self._stopped = False
        runner.jobs_changed.connect(self._on_jobs_changed)

    def stop(self) -> None:
        """The window closes: ask for nothing any more."""
        self._stopped = True

    def list_first(self) -> None:
        """Read the rows for the first time."""
        self._list("heavy", Priority.NORMAL)

    def refresh(self) -> None:
        """Read the rows again when nothing else is computed: the speed of a model may be known better."""
        if not self._listing:
            self._listing = True
            self._list("heavy", Priority.LATER)

    def ask_sizes(self) -> None:
        """Find out what the models that are not here would fetch."""
        for row in self._shelf.shown():
            if row.guest and not row.installed and row.name not in self._shelf.downloads:
                self._ask(row.name, None, None, partial(self._shelf.set_downloads, row.name))

    def prepare(self, name: str, *, source: Path | None = None, wheels: Path | None = None) -> None:
        """Find out what adding or repairing needs; ask the user if that is the network, else begin.

        Args:
            source, wheels: what the user has already, as of `engine.api.add_model`.
        """
        shelf = self._shelf
        if name in shelf.work:
            return
        shelf.set_trouble(name, None)
        shelf.set_question(name, None)

        def on_answer(downloads: tuple[Download, ...]) -> None:
            shelf.set_work(name, None)
            if downloads:
                shelf.set_question(name, Question("add", downloads, source, wheels))
            else:
                self.add(name, source=source, wheels=wheels, offline=True)

        job_id = self._ask(name, source, wheels, on_answer, lambda error: self._fail(name, error))
        shelf.set_work(name, Work("asking", job_id))

    def add(self, name: str, *, source: Path | None = None, wheels: Path | None = None, offline: bool = False) -> None:
        """Add or repair a model; the user was asked."""
        if name in self._shelf.work:
            return
        self._shelf.set_stopped(name, False)

        def on_success(_: Any) -> None:
            self._end(name, "added")

        def on_cancel() -> None:
            self._shelf.set_stopped(name, True)
            self._list("shelf", Priority.NORMAL)

        self._work(
            name,
            "adding",
            "add_model",
            name,
            source=source,
            wheels=wheels,
            offline=offline,
            title=self.tr("Adding {0}").format(name),
            on_success=on_success,
            on_cancel=on_cancel,
        )
        if not offline:
            self._shelf.set_network(name, True)

    def remove(self, name: str) -> None:
        """Delete a model; the user was asked. If this window uses it, the default takes over."""
        shelf = self._shelf
        shelf.set_question(name, None)
        if self._in_use(name):
            message = self.tr("An export is using the model {0}.").format(name)
            self._fail(name, EngineError(message, self.tr("Wait until it is done, or cancel it.")))
            return
        if shelf.name == name:
            shelf.choose(DEFAULT)
        title = self.tr("Removing {0}").format(name)
        self._work(name, "removing", "remove_model", name, title=title, on_success=lambda _: self._end(name, "removed"))

    def import_model(self, path: Path) -> None:
        """Bring in the user's own model, from its weights file."""
        self._work(
            IMPORT,
            "importing",
            "import_model",
            path,
            title=self.tr("Importing {0}").format(path.name),
            on_success=lambda name: self._end(name, "imported"),
        )

    def set_default(self, name: str) -> None:
        """Use a model in this window and in every new one."""

        def on_success(_: Any) -> None:
            self._shelf.set_default(name)
            self._end(name, "default")

        self._work(name, "default", "set_default_model", name, on_success=on_success)

    def cancel(self, name: str) -> None:
        """Stop what is being done to a model."""
        work = self._shelf.work.get(name)
        if work is not None and work.job_id is not None:
            self._calls.cancel(work.job_id)

    def _ask(
        self,
        name: str,
        source: Path | None,
        wheels: Path | None,
        on_success: Callable[[tuple[Download, ...]], None],
        on_error: Callable[[EngineError], None] | None = None,
    ) -> int:
        return self._calls.submit(
            "light", "model_downloads", name, source=source, wheels=wheels, on_success=on_success, on_error=on_error
        )

    def _work(
        self, name: str, kind: WorkKind, function: str, *args: Any, on_success: Callable[[Any], None], **options: Any
    ) -> None:
        if name in self._shelf.work:
            return
        self._shelf.set_trouble(name, None)
        self._shelf.set_question(name, None)
        job_id = self._calls.submit(
            "shelf",
            function,
            *args,
            on_success=on_success,
            on_error=lambda error: self._on_failed(name, error),
            on_end=lambda _: self._on_ended(name),
            **options,
        )
        self._shelf.set_work(name, Work(kind, job_id))

    def _on_ended(self, name: str) -> None:
        self._shelf.set_work(name, None)
        self._shelf.set_network(name, False)

    def _end(self, name: str, what: str) -> None:
        self._list("shelf", Priority.NORMAL, lambda: self.changed.emit(what, name))

    def _fail(self, name: str, error: EngineError) -> None:
        self._shelf.set_work(name, None)
        self._shelf.set_trouble(name, error)
        self.failed.emit(name, error)

    def _on_failed(self, name: str, error: EngineError) -> None:
        self._fail(name, error)
        self._list("shelf", Priority.NORMAL)

    def _list(self, worker: WorkerName, priority: Priority, then: Callable[[], None] | None = None) -> None:
        if self._stopped:
            return

        def on_rows(rows: tuple[ModelInfo, ...]) -> None:
            self._shelf.set_rows(rows)
            if then is not None:
                then()

        def on_end(_: int) -> None:
            self._listing = False

        self._calls.submit(
            worker,
            "list_models",
            priority=priority,
            on_success=on_rows,
            on_error=lambda error: self._shelf.set_trouble(IMPORT, error),
            on_end=on_end,
        )

    def _on_jobs_changed(self) -> None:
        """Copy the progress of the jobs to the shelf."""
        if not self._shelf.work:
            return
        jobs = {job.id: job for job in self._runner.jobs()}
        for name, work in list(self._shelf.work.items()):
            job = jobs.get(work.job_id) if work.job_id is not None else None
            if job is not None:
                waiting = job.state is JobState.QUEUED
                stage = self.tr("Stopping") if job.state is JobState.CANCELLING else job.stage
                self._shelf.set_work(name, Work(work.kind, job.id, waiting, stage, job.fraction, job.time_left_s))
