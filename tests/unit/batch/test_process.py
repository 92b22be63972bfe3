"""The crew of this computer, workers and the scout that looks ahead: real processes, in which made-up things happen."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from engine.batch import runner
from engine.batch.crew import Answer, Task
from engine.batch.item import Batch, BatchItem, BatchOutcome
from engine.batch.process import Deed, Processes
from engine.batch.store import load_batch, queue_path
from engine.errors import EngineError, NoFaceError
from engine.jobs import CancelToken, Progress, ProgressCallback

MOST_S = 60.0
DONE = BatchOutcome((), (1,), 1.0, 0.0)


def until(path: Path, cancel: CancelToken) -> None:
    """Wait for what another process does."""
    stop = time.monotonic() + MOST_S
    while not path.exists():
        cancel.checkpoint()
        if time.monotonic() > stop:
            raise EngineError(f"waited in vain for {path.name}", "")
        time.sleep(0.01)


def note(task: Task, what: str) -> None:
    (task.folder / f"{what} {task.item.id}").touch()
    with (task.folder / "log").open("a") as log:
        log.write(f"{what} {task.item.id}\n")


def work(task: Task, on_progress: ProgressCallback, cancel: CancelToken) -> Answer:
    note(task, "work")
    return DONE


def work_until_the_next_was_seen(task: Task, on_progress: ProgressCallback, cancel: CancelToken) -> Answer:
    note(task, "work")
    if task.item.id == 1:
        until(task.folder / "seen 2", cancel)
    return DONE


def work_until_let_go(task: Task, on_progress: ProgressCallback, cancel: CancelToken) -> Answer:
    note(task, "work")
    until(task.folder / "go", cancel)
    return DONE


def look_while_the_first_is_done(task: Task, on_progress: ProgressCallback, cancel: CancelToken) -> Answer:
    until(task.folder / "work 1", cancel)
    on_progress(Progress("Finding people", 1, 2))
    note(task, "seen")
    return None


def look_for_ever(task: Task, on_progress: ProgressCallback, cancel: CancelToken) -> Answer:
    note(task, "look")
    until(task.folder / "never", cancel)
    return None


def die(task: Task, on_progress: ProgressCallback, cancel: CancelToken) -> Answer:
    note(task, "die")
    os._exit(3)


def die_of_the_first(task: Task, on_progress: ProgressCallback, cancel: CancelToken) -> Answer:
    note(task, "work")
    return os._exit(3) if task.item.id == 1 else DONE


def fail(task: Task, on_progress: ProgressCallback, cancel: CancelToken) -> Answer:
    note(task, "fail")
    raise NoFaceError("No face.")


@contextmanager
def crew(work: Deed, look: Deed, count: int = 1) -> Iterator[Processes]:
    processes = Processes(count, 1, ahead=True, work=work, look=look)
    try:
        yield processes
    finally:
        processes.close()


def tasks(folder: Path, count: int) -> list[Task]:
    return [Task(folder, BatchItem(k, folder / f"{k}.mp4", f"{k}"), "refuse") for k in range(1, count + 1)]


def ended(processes: Processes) -> list[tuple[int, Answer]]:
    """What becomes of everything that was given."""
    heard: list[tuple[int, Answer]] = []
    stop = time.monotonic() + MOST_S
    while processes.busy():
        assert time.monotonic() < stop, heard
        heard += [(item.id, told) for item, told in processes.hear(0.1) if not isinstance(told, Progress)]
    return heard


def wait_for(processes: Processes, path: Path) -> None:
    stop = time.monotonic() + MOST_S
    while not path.exists():
        assert time.monotonic() < stop
        assert all(isinstance(told, Progress) for _, told in processes.hear(0.01))


def run(folder: Path, count: int, processes: Processes) -> tuple[Batch, list[tuple[int, str]]]:
    """A run over made-up files: how it ended, and what was told of each file, in order."""
    told: list[tuple[int, str]] = []

    def on_item(item: BatchItem, progress: Progress | None) -> None:
        told.append((item.id, item.status if progress is None else progress.stage))

    batch = Batch(folder, tuple(task.item for task in tasks(folder, count)))
    return runner.run(queue_path(folder), batch, processes, on_item=on_item, cancel=CancelToken()), told


def log(folder: Path) -> list[str]:
    return (folder / "log").read_text().splitlines()


def test_a_file_is_looked_at_while_another_is_done(tmp_path: Path) -> None:
    """Each waits for the other: one after the other they would never end."""
    batch, told = run(
        tmp_path, 3, Processes(1, 1, ahead=True, work=work_until_the_next_was_seen, look=look_while_the_first_is_done)
    )
    assert [item.status for item in batch.items] == ["done"] * 3
    assert log(tmp_path)[:2] == ["work 1", "seen 2"] and "work 2" in log(tmp_path)
    assert told.index((2, "Finding people")) < told.index((1, "done")) < told.index((2, "done"))
    assert [item.attempts for item in load_batch(queue_path(tmp_path)).items] == [1, 1, 1]


def test_nobody_looks_ahead_unless_asked_to(tmp_path: Path) -> None:
    batch, _ = run(tmp_path, 3, Processes(1, 1, work=work, look=fail))
    assert batch.count("done") == 3 and log(tmp_path) == ["work 1", "work 2", "work 3"]


def test_the_scout_is_one_file_ahead_and_no_more(tmp_path: Path) -> None:
    first, second, third = tasks(tmp_path, 3)
    with crew(work_until_let_go, look_while_the_first_is_done) as processes:
        assert processes.room() == 2
        processes.give(first)
        processes.give(second)
        assert processes.room() == 0
        wait_for(processes, tmp_path / "seen 2")
        assert processes.room() == 0 and processes.busy()
        (tmp_path / "go").touch()
        assert ended(processes) == [(1, DONE), (2, DONE)]
        assert processes.room() == 2
        processes.give(third)
        assert ended(processes) == [(3, DONE)]
    assert log(tmp_path) == ["work 1", "seen 2", "work 2", "work 3"]


@pytest.mark.parametrize("look", [die, fail])
def test_what_becomes_of_the_look_decides_nothing(tmp_path: Path, look: Deed) -> None:
    batch, _ = run(tmp_path, 6, Processes(1, 1, ahead=True, work=work, look=look))
    assert [item.status for item in batch.items] == ["done"] * 6
    told = log(tmp_path)
    assert sorted(line for line in told if line.startswith("work")) == [f"work {k}" for k in range(1, 7)]
    assert f"{look.__name__} 2" in told


def test_a_worker_that_dies_fails_its_file_alone(tmp_path: Path) -> None:
    with crew(die_of_the_first, look_while_the_first_is_done) as processes:
        for task in tasks(tmp_path, 2):
            processes.give(task)
        (one, error), two = ended(processes)
    assert one == 1 and isinstance(error, EngineError) and "ended unexpectedly" in error.message
    assert two == (2, DONE)


def test_stopped_all_files_wait_again(tmp_path: Path) -> None:
    with crew(work_until_let_go, look_for_ever) as processes:
        for task in tasks(tmp_path, 2):
            processes.give(task)
        wait_for(processes, tmp_path / "work 1")
        wait_for(processes, tmp_path / "look 2")
        processes.stop()
        assert sorted(ended(processes)) == [(1, None), (2, None)]
    assert sorted(log(tmp_path)) == ["look 2", "work 1"]


def test_stopped_with_a_file_that_was_looked_at(tmp_path: Path) -> None:
    with crew(work_until_let_go, look_while_the_first_is_done) as processes:
        for task in tasks(tmp_path, 2):
            processes.give(task)
        while processes._seen is None:
            processes.hear(0.1)
        processes.stop()
        assert sorted(ended(processes)) == [(1, None), (2, None)]
    assert log(tmp_path) == ["work 1", "seen 2"]


@pytest.mark.parametrize(
    ("cores", "workers", "waiting", "memory_gb", "ahead"),
    [(2, 1, 5, 8, True), (2, 2, 5, 8, False), (16, 3, 5, 8, True), (2, 1, 1, 8, False), (2, 1, 5, 3, False)],
)
def test_a_scout_needs_a_core_memory_and_a_file(
    monkeypatch: pytest.MonkeyPatch, cores: int, workers: int, waiting: int, memory_gb: int, ahead: bool
) -> None:
    monkeypatch.setattr(runner, "physical_cores", lambda: cores)
    monkeypatch.setattr(runner, "free_memory_bytes", lambda: memory_gb * 2**30)
    assert runner.may_look_ahead(workers, waiting) == ahead


def test_threads_depend_on_what_is_asked_for_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "physical_cores", lambda: 8)
    assert [runner.threads_each(workers) for workers in (1, 2, 3, 9)] == [8, 4, 2, 1]
