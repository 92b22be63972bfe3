"""Shelf: the models, which of them computes voices in this window, and what is being done to the others."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from PySide6.QtCore import QObject, Signal

from engine.errors import EngineError
from engine.types import Download, ModelInfo

DEFAULT = "default"
FOR_TESTS = "tiny"
IMPORT = ""  # stands for a model that has no row yet, since it is being brought in
REAL_TIME = 1.0

WorkKind = Literal["asking", "adding", "removing", "importing", "default"]


@dataclass(frozen=True)
class Work:
    """What is being done to a model.

    Attributes:
        job_id: the job, None before there is one. waiting: whether it has not begun.
        stage, fraction, time_left_s: as of `avsep_gui.jobs.Job`.
    """

    kind: WorkKind
    job_id: int | None = None
    waiting: bool = True
    stage: str = ""
    fraction: float = 0.0
    time_left_s: float | None = None


@dataclass(frozen=True)
class Question:
    """What the user is asked before a model is added or removed.

    Attributes:
        downloads: what adding would fetch.
        source, wheels: files and packages that the user gave in place of downloads.
    """

    kind: Literal["add", "remove"]
    downloads: tuple[Download, ...] = ()
    source: Path | None = None
    wheels: Path | None = None


def is_slow(row: ModelInfo | None) -> bool:
    """Whether this computer needs longer for a voice than it lasts; False where that is not known."""
    return row is not None and row.pace is not None and row.pace > REAL_TIME


class Shelf(QObject):
    """The rows and what the user wants of them.

    Signals:
        model_changed(): another model computes voices from now on; what the one before computed does not count.
        rows_changed(): rows, or which of them is chosen or the default.
        state_changed(str): work, question or trouble of this row; `IMPORT` for a model without a row.
        network_changed(): the network is used, or not any more.
    """

    model_changed = Signal()
    rows_changed = Signal()
    state_changed = Signal(str)
    network_changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.rows: tuple[ModelInfo, ...] = ()
        self.chosen = DEFAULT
        self.work: dict[str, Work] = {}
        self.questions: dict[str, Question] = {}
        self.troubles: dict[str, EngineError] = {}
        self.downloads: dict[str, tuple[Download, ...]] = {}
        self.stopped: set[str] = set()
        self.network: list[str] = []
        self._network_now: set[str] = set()
        self._identity = self.identity

    def row(self, name: str) -> ModelInfo | None:
        """The row with this name."""
        return next((row for row in self.rows if row.name == name), None)

    @property
    def default_name(self) -> str:
        """What "default" means now."""
        row = self.row(DEFAULT)
        return row.stands_for if row is not None and row.stands_for else DEFAULT

    @property
    def name(self) -> str:
        """The model that computes voices in this window, with "default" replaced by what it stands for."""
        return self.default_name if self.chosen == DEFAULT else self.chosen

    @property
    def current(self) -> ModelInfo | None:
        """The row of that model; None while rows are not known."""
        return self.row(self.name)

    @property
    def slow(self) -> bool:
        """Whether that model is slower here than real time."""
        return is_slow(self.current)

    @property
    def identity(self) -> tuple[str, str]:
        """What tells whether two voices come from the same model: its name and the hash of its weights."""
        row = self.current
        return self.name, row.sha256 if row is not None else ""

    def shown(self) -> tuple[ModelInfo, ...]:
        """The rows that the user sees: without the alias, and without the untrained one unless it is in use."""
        hidden = {DEFAULT if self.default_name != DEFAULT else "", FOR_TESTS} - {self.name}
        return tuple(row for row in self.rows if row.name not in hidden)

    def installed(self) -> tuple[ModelInfo, ...]:
        """The rows that can be chosen."""
        return tuple(row for row in self.shown() if row.installed)

    def choose(self, name: str) -> None:
        """Let this model compute voices in this window; names that are on no row are taken as they are."""
        self.chosen = DEFAULT if name == self.default_name else name
        self._announce()

    def set_rows(self, rows: tuple[ModelInfo, ...]) -> None:
        """The engine listed its models. A chosen one that is gone gives way to the default."""
        known, before = {row.name for row in self.rows}, self.chosen
        first = not self.rows
        self.rows = rows
        row = self.row(self.chosen)
        if (row is None and self.chosen in known) or (row is not None and not row.installed):
            self.chosen = DEFAULT
        for row in rows:
            if row.installed:
                self.downloads.pop(row.name, None)
                self.stopped.discard(row.name)
        if first and self.chosen == before:  # the same model, of which only now more is known
            self._identity = self.identity
        self._announce()

    def set_default(self, name: str) -> None:
        """The engine took another default; rows that come later say the same."""
        self.rows = tuple(replace(row, stands_for=name) if row.name == DEFAULT else row for row in self.rows)
        self.chosen = DEFAULT
        self._announce()

    def set_work(self, name: str, work: Work | None) -> None:
        """Work on a model began, went on, or ended (None)."""
        if work is None:
            self.work.pop(name, None)
        elif self.work.get(name) == work:
            return
        else:
            self.work[name] = work
        self.state_changed.emit(name)

    def set_question(self, name: str, question: Question | None) -> None:
        """Ask the user, or do not ask any more (None)."""
        self.questions.pop(name, None)
        if question is not None:
            self.questions[name] = question
        self.state_changed.emit(name)

    def set_trouble(self, name: str, error: EngineError | None) -> None:
        """Something failed, and stays readable until the next try or until it is dismissed (None)."""
        self.troubles.pop(name, None)
        if error is not None:
            self.troubles[name] = error
        self.state_changed.emit(name)

    def set_downloads(self, name: str, downloads: tuple[Download, ...]) -> None:
        """What adding this model would fetch."""
        self.downloads[name] = downloads
        self.state_changed.emit(name)

    def set_stopped(self, name: str, stopped: bool) -> None:
        """Adding was stopped by the user, and can go on where it stopped."""
        (self.stopped.add if stopped else self.stopped.discard)(name)
        self.state_changed.emit(name)

    def set_network(self, name: str, used: bool) -> None:
        """Adding this model begins or ends to use the network; that it did is remembered."""
        if used:
            self._network_now.add(name)
            self.network = [*(other for other in self.network if other != name), name]
        else:
            self._network_now.discard(name)
        self.network_changed.emit()

    @property
    def network_now(self) -> bool:
        """Whether the network is used at this moment."""
        return bool(self._network_now)

    def _announce(self) -> None:
        before, self._identity = self._identity, self.identity
        if before != self._identity:
            self.model_changed.emit()
        self.rows_changed.emit()
