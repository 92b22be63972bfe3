"""BatchClient: does the files of the batch window one after the other, in a process of its own, and keeps the queue."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from avsep_gui.calls import Calls
from avsep_gui.jobs import JobRunner, JobState, Priority
from avsep_gui.settings import Settings
from avsep_gui.state.batch_queue import BatchQueue, Working
from engine import api
from engine.api import Batch, BatchItem, BatchOptions, BatchOutcome, PersonRule
from engine.errors import EngineError, UsageError

logger = logging.getLogger(__name__)

FOLDER_NAME = "AVSep"


class BatchClient(QObject):
    """What can be done with the queue. Its file (docs/batch.md) lies beside the results from the first start on.

    Signals:
        changed(): whether it works, stops or adds; the folder; the options.
        failed(object): an `EngineError` that is about no single file.
        ended(object): the `Batch`, when nothing is left to do; its summary is written.

    Args:
        computing: the model and the device that are chosen in the window; they hold for files that are added.

    Attributes:
        options: how files that are added are done.
        rule: whose voice of files that are added.
        running: whether a file is being done.
        stop_after: whether it rests when the present file is done.
    """

    changed = Signal()
    failed = Signal(object)
    ended = Signal(object)

    def __init__(
        self,
        runner: JobRunner,
        queue: BatchQueue,
        settings: Settings,
        computing: Callable[[], tuple[str, str]],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._runner = runner
        self._calls = Calls(runner, self)
        self._queue = queue
        self._settings = settings
        self._computing = computing
        self._hold = ExitStack()
        self._held: Path | None = None  # the folder whose queue is ours
        self._path: Path | None = None  # of the queue's file, once there is one
        self._job: int | None = None
        self._adding: deque[list[Path]] = deque()
        self._checking = False
        self._saving = self._dirty = False
        self._began_s = 0.0
        self._spent: list[tuple[float, float]] = []  # seconds of film, and of work, since it was started
        self.options = BatchOptions()
        self.rule = PersonRule()
        self.running = False
        self.stop_after = False
        runner.jobs_changed.connect(self._on_jobs_changed)
        queue.move_wanted.connect(self.move)
        queue.files_dropped.connect(self.add)

    @property
    def batch(self) -> Batch:
        """The queue."""
        return self._queue.batch

    @property
    def folder(self) -> Path | None:
        """Where results go; None before there is a file."""
        return self.batch.folder if self.batch.folder != Path() else None

    @property
    def busy(self) -> bool:
        """Whether files are being looked for or looked at."""
        return bool(self._adding) or self._checking

    @property
    def stopping(self) -> bool:
        """Whether the present file is being stopped."""
        working = self._queue.working
        return working is not None and working.stopping

    def add(self, paths: Sequence[Path]) -> None:
        """Add files, and all videos of folders, at the end; where there are none yet, a batch is gone on with.

        Args:
            paths: files and folders; or, for a batch, its folder or its file alone.
        """
        if not paths:
            return
        there = _batch_of(paths)
        if there is not None and not self.batch.items:
            self.open(there)
            return
        self._adding.append(list(paths))
        if self.folder is None:
            self._queue.set_batch(replace(self.batch, folder=_free_folder(paths[0])))
        if len(self._adding) == 1:
            self._add_next()
        self.changed.emit()

    def remove(self, ids: Iterable[int]) -> None:
        """Take files out of the queue, but the one that is being done; results stay."""
        present = self._queue.working
        self._change(self.batch.without(one for one in ids if present is None or one != present.item_id))

    def move(self, ids: Iterable[int], place: int) -> None:
        """Put files, in their order, before the one in row `place`."""
        self._change(self.batch.moved(ids, place))

    def shift(self, ids: Sequence[int], step: int) -> None:
        """Put files one row up (-1) or down (1)."""
        rows = [row for row, item in enumerate(self.batch.items) if item.id in set(ids)]
        if not rows:
            return
        place = rows[0] - 1 if step < 0 else rows[-1] + 2
        if 0 <= place <= len(self.batch.items):
            self.move(ids, place)

    def set_rule(self, ids: Iterable[int], rule: PersonRule) -> None:
        """Say whose voice is wanted of files; those that are done or being done stay as they are."""
        self._reset(ids, lambda item: (rule, item.options))

    def set_options(self, options: BatchOptions) -> None:
        """Say how files are done, those in the queue that wait and those that will be added."""
        self.options = options

        def how(item: BatchItem) -> tuple[PersonRule, BatchOptions]:
            return item.rule, replace(options, model=item.options.model, device=item.options.device)

        self._reset([item.id for item in self.batch.items if item.status == "waiting"], how)
        self.changed.emit()

    def set_folder(self, folder: Path) -> None:
        """Let results go there; a folder with a batch is gone on with if the queue is empty."""
        there = folder / api.BATCH_NAME
        if there == self._path:
            return
        if there.exists() and self.batch.items:
            message = self.tr("There is a batch in {0} already.").format(folder)
            self.failed.emit(UsageError(message, self.tr("Choose another folder, or remove the files here first.")))
        elif there.exists():
            self.open(there)
        elif self._path is None:
            self._queue.set_batch(replace(self.batch, folder=folder))
            self.changed.emit()

    def open(self, path: Path) -> None:
        """Go on with the queue of a file, where it was left. It is held here until there is another one."""
        if not self._take_hold(path.parent):
            return

        def on_loaded(batch: Batch) -> None:
            self._path = path
            self._settings.batch_file = path
            self._queue.set_batch(batch)
            self.changed.emit()

        self._calls.submit("light", "load_batch", path, on_success=on_loaded, on_error=self._on_unreadable)

    def clear(self) -> None:
        """Leave this queue, to begin another one; its file stays as it is."""
        if self.running:
            return
        self._release()
        self._path = None
        self._settings.batch_file = None
        self._queue.set_batch(Batch(Path()))
        self.changed.emit()

    def start(self) -> None:
        """Do what waits, after a look whether the results fit on the disk."""
        if self.running or self._checking or self.batch.next() is None:
            return
        self._checking = True

        def on_end(_: int) -> None:
            self._checking = False

        self._calls.submit(
            "light",
            "check_batch",
            self.batch,
            on_success=lambda _: self._begin(),
            on_error=self._fail,
            on_end=on_end,
        )
        self.changed.emit()

    def retry(self) -> None:
        """Do again what failed."""
        self._change(self.batch.to_retry())
        self.start()

    def pause(self) -> None:
        """Stop now; what is done of the present file is kept."""
        if self._job is not None:
            self._calls.cancel(self._job)

    def set_stop_after(self, on: bool) -> None:
        """Rest when the present file is done, or do not."""
        self.stop_after = on
        self.changed.emit()

    def time_left_s(self) -> float | None:
        """How long all that waits takes, from the speed of what was done; None while that is not known."""
        film_s, work_s = (sum(part) for part in zip(*self._spent, strict=True)) if self._spent else (0.0, 0.0)
        waiting = [item for item in self.batch.items if item.status in ("waiting", "running")]
        if not film_s or not waiting or not self.running:
            return None
        known = [item.duration_s for item in waiting if item.duration_s is not None]
        rest_s = sum(known) + (len(waiting) - len(known)) * film_s / len(self._spent)
        return max(0.0, rest_s * work_s / film_s - (time.monotonic() - self._began_s))

    def close(self) -> None:
        """The window closes: keep the queue as it is, what is being done to be gone on with."""
        if self._path is not None and self._held is not None:
            try:
                api.save_batch(self._path, self.batch.interrupted())
            except EngineError as error:
                logger.info("the batch could not be saved: %s", error)
        self._calls.drop(*self._calls.under_way())
        self._release()

    def _add_next(self) -> None:
        def on_items(items: tuple[BatchItem, ...]) -> None:
            self._change(self.batch.with_new(items))

        def on_end(_: int) -> None:
            self._adding.popleft()
            if self._adding:
                self._add_next()
            self.changed.emit()

        # The next ones are looked for when these have their names: `on_end` comes before the answer is used.
        def on_answer(then: Callable[[Any], None]) -> Callable[[Any], None]:
            def answered(value: Any) -> None:
                then(value)
                on_end(0)

            return answered

        model, device = self._computing()
        self._calls.submit(
            "light",
            "new_batch_items",
            self.batch,
            self._adding[0],
            rule=self.rule,
            options=replace(self.options, model=model, device=device),
            on_success=on_answer(on_items),
            on_error=on_answer(self._fail),
        )

    def _reset(self, ids: Iterable[int], how: Callable[[BatchItem], tuple[PersonRule, BatchOptions]]) -> None:
        batch = self.batch
        for item_id in ids:
            item = batch.item(item_id)
            if item is None or item.status in ("running", "done"):
                continue
            try:
                batch = batch.with_item(api.changed_batch_item(batch, item, *how(item)))
            except EngineError as error:
                self._fail(error)
                return
        self._change(batch)

    def _change(self, batch: Batch) -> None:
        if batch != self.batch:
            self._queue.set_batch(batch)
            self._save()
            self.changed.emit()

    def _begin(self) -> None:
        if not self._take_hold(self.batch.folder):
            return
        self._path = self.batch.folder / api.BATCH_NAME
        self._settings.batch_file = self._path
        self.running, self.stop_after = True, False
        self._spent.clear()
        self._save()
        self._next()

    def _next(self) -> None:
        item = self.batch.next()
        if item is None:
            self._end()
            return
        if self.stop_after:
            self._rest()
            return
        item = item.begun()
        self._began_s = time.monotonic()
        self._queue.set_working(Working(item.id))
        self._change(self.batch.with_item(item))
        self._job = self._calls.submit(
            "batch",
            "do_batch_item",
            replace(self.batch, items=(item,)),
            item.id,
            title=self.tr("Batch: {0}").format(item.input.name),
            priority=Priority.BACKGROUND,
            on_success=lambda outcome: self._on_done(item, outcome),
            on_error=lambda error: self._on_failed(item, error),
            on_cancel=lambda: self._on_stopped(item),
            on_end=self._forget_job,
        )
        self.changed.emit()

    def _forget_job(self, _: int) -> None:
        self._job = None
        self._queue.set_working(None)

    def _on_done(self, item: BatchItem, outcome: BatchOutcome) -> None:
        self._spent.append((outcome.duration_s, time.monotonic() - self._began_s))
        self._change(self.batch.with_item(item.done(outcome)))
        self._next()

    def _on_failed(self, item: BatchItem, error: EngineError) -> None:
        self._change(self.batch.with_item(item.failed(error)))
        self._next()

    def _on_stopped(self, item: BatchItem) -> None:
        self._change(self.batch.with_item(item.waiting()))
        self._rest()

    def _rest(self) -> None:
        """Stop, with files left."""
        self.running, self.stop_after = False, False
        self._save()
        self.changed.emit()

    def _end(self) -> None:
        """Nothing is left to do."""
        batch = self.batch
        self.running = False
        self._settings.batch_file = None

        def on_success(_: Path) -> None:
            self.ended.emit(batch)

        self._calls.submit(
            "light",
            "end_batch",
            batch,
            on_success=on_success,
            on_error=self._fail,
            on_end=lambda _: self._release(),
        )
        self.changed.emit()

    def _save(self) -> None:
        """Write the queue behind what is written already; only the latest state counts."""
        if self._path is None or not self._take_hold(self._path.parent):
            return
        if self._saving:
            self._dirty = True
            return
        self._saving, self._dirty = True, False

        def on_end(_: int) -> None:
            self._saving = False
            if self._dirty:
                self._save()

        self._calls.submit(
            "light",
            "save_batch",
            self._path,
            self.batch,
            on_success=lambda _: None,
            on_error=self._fail,
            on_end=on_end,
        )

    def _take_hold(self, folder: Path) -> bool:
        """Make sure that no other process works on the queue of a folder, or changes it."""
        if self._held == folder:
            return True
        self._release()
        try:
            self._hold.enter_context(api.hold_batch(folder))
        except EngineError as error:
            self._fail(error)
            return False
        self._held = folder
        return True

    def _release(self) -> None:
        self._held = None
        self._hold.close()

    def _fail(self, error: EngineError) -> None:
        self.failed.emit(error)
        self.changed.emit()

    def _on_unreadable(self, error: EngineError) -> None:
        self._release()
        self._settings.batch_file = None
        self._fail(error)

    def _on_jobs_changed(self) -> None:
        job = next((job for job in self._runner.jobs() if job.id == self._job), None)
        present = self._queue.working
        if job is not None and present is not None:
            stopping = job.state is JobState.CANCELLING
            now = Working(present.item_id, job.stage, job.fraction, job.time_left_s, stopping)
            if now != present:
                self._queue.set_working(now)
                if now.stopping != present.stopping:
                    self.changed.emit()


def _batch_of(paths: Sequence[Path]) -> Path | None:
    """The file of the batch that is meant by what was given; None where it is something else."""
    one = paths[0] if paths[0].name == api.BATCH_NAME else paths[0] / api.BATCH_NAME
    return one if len(paths) == 1 and one.is_file() else None


def _free_folder(beside: Path) -> Path:
    """A folder for results beside the first file, in which there is no batch yet."""
    parent = beside if beside.is_dir() else beside.parent
    folder, number = parent / FOLDER_NAME, 2
    while (folder / api.BATCH_NAME).exists():
        folder, number = parent / f"{FOLDER_NAME} {number}", number + 1
    return folder
