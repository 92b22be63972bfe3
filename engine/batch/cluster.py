"""The crew of a cluster: workers of a Dask scheduler, which places the files, and places them anew where one is lost.

Differs from the crew of this computer in where `do_item` runs, and in nothing else: the results' folder is one that all
computers see, and its receipts and locks see to it that a file which is done twice is written once (ADR 12).
"""

from __future__ import annotations

import os
import secrets
from collections import deque
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.batch.crew import Answer, Task, died
from engine.batch.item import BatchItem
from engine.batch.store import WORK_NAME
from engine.errors import EngineError, JobCancelled, UsageError, known_error
from engine.jobs import CancelToken, Progress, ThinnedProgress

if TYPE_CHECKING:
    from distributed import Client, Future

GPU = "GPU"
"""The resource that workers with a graphics card are started with: `dask worker ... --resources GPU=1`."""
_ANSWER_S = 20.0
_REPORT_S = 0.5
_LOCK_S = 300.0  # a worker that was given up may be at the file still
_STOPPED = ("cancelled", "released", "forgotten")


class Cluster:
    """The workers of a scheduler; one file for each thread that they offer.

    Args:
        address: of the scheduler, "tcp://farm:8786" or "farm:8786".
        folder: of the results, which all workers must see under this path.

    Raises:
        UsageError: the package is not installed, nobody answers, there is no worker, or one does not see the folder
            or has another version of AVSep.
    """

    def __init__(self, address: str, folder: Path) -> None:
        try:
            from distributed import Client
        except ImportError as error:
            raise UsageError(
                "Work on a cluster needs the package “distributed”, which is not installed.",
                "Install it with: pip install 'avsep[cluster]'",
                details=str(error),
            ) from error
        try:
            self._client: Client = Client(address, timeout=_ANSWER_S, set_as_default=False)
        except (OSError, ValueError) as error:
            raise UsageError(
                f"No scheduler answers at “{address}”.",
                "Check the address, or start one with: dask scheduler",
                details=str(error),
            ) from error
        self._address = address
        self._topic = f"avsep-{secrets.token_hex(8)}"
        self._reports: deque[tuple[int, Progress]] = deque()
        self._at_once: list[tuple[BatchItem, Answer]] = []
        self._given: dict[Future, Task] = {}
        try:
            self._look_at_workers(folder)
        except BaseException:
            self.close()
            raise
        self._client.subscribe_topic(self._topic, self._on_report)

    def room(self) -> int:
        """How many more files the threads of all workers can take now; workers may come and go."""
        with suppress(OSError, ValueError):
            threads: int = sum(self._client.nthreads().values())
            return max(1, threads) - len(self._given)
        return 0

    def give(self, task: Task) -> None:
        """Let a worker do a file; on a graphics card where that is asked for."""
        needs_card = (task.item.options.device or "").startswith("cuda")
        if needs_card and not self._has_cards():
            told = f"No worker of the cluster at “{self._address}” has a graphics card."
            error = UsageError(told, f"Start workers with --resources {GPU}=1, or leave --device out.")
            self._at_once.append((task.item, error))
            return
        future = self._client.submit(
            _work,
            task,
            self._topic,
            key=f"{self._topic}-{task.item.id}-{task.item.attempts}",
            pure=False,
            resources={GPU: 1} if needs_card else None,
        )
        self._given[future] = task

    def hear(self, wait_s: float) -> list[tuple[BatchItem, Answer]]:
        """What came in, after at most `wait_s` seconds.

        Raises:
            EngineError: the scheduler is gone; what was begun can be gone on with.
        """
        from distributed import wait

        heard, self._at_once = self._at_once, []
        if self._given and not heard:
            with suppress(TimeoutError), self._client.as_current():
                wait(list(self._given), timeout=wait_s, return_when="FIRST_COMPLETED")
        items = {task.item.id: task.item for task in self._given.values()}
        while self._reports:
            item_id, progress = self._reports.popleft()
            if item_id in items:
                heard.append((items[item_id], progress))
        for future in [future for future in self._given if future.done()]:
            task = self._given.pop(future)
            heard.append((task.item, self._answer(future, task.item)))
        return heard

    def busy(self) -> bool:
        """Whether a file did not end."""
        return bool(self._given)

    def stop(self) -> None:
        """Take back everything; a worker notices at the next safe point of its file."""
        if self._given:
            self._at_once += [(task.item, None) for task in self._given.values()]
            self._client.cancel(list(self._given))
            self._given.clear()

    def close(self) -> None:
        """Take back what is left, and let go of the scheduler."""
        with suppress(Exception):  # what the scheduler's end may bring is not ours to tell
            self.stop()
        self._client.close()

    def _answer(self, future: Future, item: BatchItem) -> Answer:
        from distributed import KilledWorker

        if future.status == "finished":
            answer: Answer = future.result()
            return answer
        if future.status == "error":
            error = future.exception()
            return died(item, str(error)) if isinstance(error, KilledWorker) else known_error(error)
        raise EngineError(
            f"The cluster at “{self._address}” does not answer any more.",
            "Start it again, and go on with --resume; what was done is kept.",
            details=future.status,
        )

    def _has_cards(self) -> bool:
        workers = self._client.scheduler_info(n_workers=-1)["workers"]
        return any(worker["resources"].get(GPU, 0) for worker in workers.values())

    def _look_at_workers(self, folder: Path) -> None:
        mark = folder / WORK_NAME / f"{self._topic}.mark"
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.touch()
        try:
            found: dict[str, tuple[bool, str]] = self._client.run(_look, str(mark), on_error="return")
        finally:
            mark.unlink(missing_ok=True)
        if not found:
            raise UsageError(
                f"The cluster at “{self._address}” has no workers.",
                f"Start some with: dask worker {self._address} --nthreads 1",
            )
        ours = _version()
        for worker, told in found.items():
            if not isinstance(told, tuple) or told[1] != ours:
                there = told[1] if isinstance(told, tuple) else "none"
                raise UsageError(
                    f"Worker {worker} has AVSep {there}, this computer {ours}.",
                    "Install the same version of AVSep for every worker.",
                    details=str(told),
                )
            if not told[0]:
                raise UsageError(
                    f"Worker {worker} does not see “{folder}”.",
                    "Choose a folder that all computers have under the same path.",
                )

    def _on_report(self, event: tuple[float, Any]) -> None:
        report = event[1]
        self._reports.append((report["item"], Progress(**report["progress"])))


def _version() -> str:
    from importlib.metadata import version

    return version("avsep")


def _look(mark: str) -> tuple[bool, str]:
    """On a worker: does it see the folder, and what does it run?"""
    with suppress(OSError):
        os.listdir(Path(mark).parent)  # noqa: PTH208 - a network folder may remember what was not there
    return Path(mark).exists(), _version()


def _work(task: Task, topic: str) -> Answer:
    """On a worker: do one file, tell how far it is, and stop when nobody wants it any more."""
    from distributed import get_worker

    from engine.batch.work import do_item

    worker = get_worker()
    key = worker.get_current_task()

    def is_unwanted() -> bool:
        known = worker.state.tasks.get(key)
        return known is None or known.state in _STOPPED

    def report(progress: Progress) -> None:
        worker.log_event(topic, {"item": task.item.id, "progress": asdict(progress)})

    try:
        return do_item(
            task.folder,
            task.item,
            task.existing,
            on_progress=ThinnedProgress(report, _REPORT_S),
            cancel=CancelToken(is_unwanted),
            wait_s=_LOCK_S,
        )
    except JobCancelled:
        return None
    except Exception as error:  # noqa: BLE001 - one bad file never stops the rest
        return known_error(error)
