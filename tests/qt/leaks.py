"""What no test of the window may leave behind: threads, processes, timers, objects, widgets, warnings in the log."""

from __future__ import annotations

import gc
import logging
import os
import sys
import threading
import time
from dataclasses import dataclass
from multiprocessing import resource_tracker
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QObject, QThread, QThreadPool, QTimer
from PySide6.QtWidgets import QApplication, QLayout, QSpacerItem, QWidgetItem
from shiboken6 import getAllValidWrappers, getCppPointer, invalidate, isValid

from avsep_gui.collector import Collector

PATIENCE_S = 3.0  # what was told to end may take a moment: a decoder's thread, a killed process
KEPT_NATIVE = ("python", "QDBus", "QXcb", "pulse", "pw-", "data-loop", "dconf", "gmain", "gdbus", "Thread (pooled)")


@dataclass(frozen=True)
class Standing:
    """What there is at one moment; two of them are compared."""

    threads: frozenset[int]
    native: frozenset[str]
    processes: frozenset[int]
    ours: frozenset[int]
    of_qt: frozenset[int]

    @staticmethod
    def now() -> Standing:
        return Standing(
            frozenset(thread.ident for thread in threading.enumerate() if thread.ident is not None),
            frozenset(_native_threads()),
            frozenset(_processes()),
            frozenset(id(one) for one in _ours()),
            frozenset(_address(one) for one in (*_known(QTimer), *QApplication.allWidgets())),
        )


def left_since(before: Standing) -> list[str]:
    """What came since and has not gone, in words; waits a moment for what is about to end."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
        QCoreApplication.processEvents()
        gc.collect()
        left = _left(before)
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.02)


def stale_items() -> list[str]:
    """Python's objects for items of layouts that Qt deleted (see `avsep_gui.views.removal`), in words."""
    wrapped = [one for one in getAllValidWrappers() if isinstance(one, QWidgetItem | QSpacerItem) and isValid(one)]
    known = {getCppPointer(one)[0] for one in wrapped}
    there = set()
    for layout in _known(QLayout):
        for item in filter(None, map(layout.itemAt, range(layout.count()))):
            there.add(getCppPointer(item)[0])
            if not isinstance(item, QLayout) and getCppPointer(item)[0] not in known:
                invalidate(item)  # which would be stale itself one day
    return [f"{type(one).__name__} of a layout, deleted in Qt" for one in wrapped if getCppPointer(one)[0] not in there]


def bad_records(caplog: pytest.LogCaptureFixture, allowed: tuple[str, ...]) -> list[str]:
    """Warnings and errors that the window or the engine logged, but for those with one of these parts."""
    records = [record for phase in ("setup", "call", "teardown") for record in caplog.get_records(phase)]
    ours = [
        record
        for record in records
        if record.levelno >= logging.WARNING and record.name.split(".")[0] in ("avsep_gui", "engine")
    ]
    return [
        f"{record.name}: {record.getMessage()}"
        for record in ours
        if not any(part in record.getMessage() for part in allowed)
    ]


def _left(before: Standing) -> list[str]:
    left = [f"thread {thread.name}" for thread in threading.enumerate() if thread.ident not in before.threads]
    left += [f"native thread {name}" for name in _native_threads() - before.native]
    left += [f"process {name}" for pid, name in _processes().items() if pid not in before.processes]
    left += [f"object {_name(one)}" for one in _ours() if id(one) not in before.ours]
    left += [f"running {_name(thread)}" for thread in _known(QThread) if thread.isRunning() and not _is_main(thread)]
    left += [
        f"active timer {_name(timer)} of {_name(timer.parent())}"
        for timer in _known(QTimer)
        if timer.isActive() and _address(timer) not in before.of_qt and not isinstance(timer.parent(), Collector)
    ]
    left += [f"widget {_name(one)}" for one in QApplication.allWidgets() if _address(one) not in before.of_qt]
    if QThreadPool.globalInstance().activeThreadCount():
        left.append("work in the thread pool")
    return left


def _ours() -> list[QObject]:
    """The window's own objects that Python still holds, whether or not Qt has deleted its half of them."""
    return [
        one
        for one in gc.get_objects()
        if issubclass(type(one), QObject)  # to ask an object for its class wakes those that only stand for others
        and type(one).__module__.split(".")[0] == "avsep_gui"
        and not issubclass(type(one), Collector)
    ]


def _known(kind: type[Any]) -> list[Any]:
    """Qt's objects of a kind that Python knows; those that Qt made for itself are not here."""
    return [one for one in gc.get_objects() if issubclass(type(one), kind) and isValid(one)]


def _is_main(thread: QThread) -> bool:
    return _address(thread) == _address(QCoreApplication.instance().thread())


def _native_threads() -> set[str]:
    """Names with ids of the threads that Qt and its decoders started (Linux; elsewhere nothing)."""
    names = set()
    python = {thread.native_id for thread in threading.enumerate()}
    for task in Path("/proc/self/task").glob("*"):
        try:
            name = (task / "comm").read_text().strip()
        except OSError:
            continue  # it ended this moment
        if int(task.name) not in python and not name.startswith((*KEPT_NATIVE, Path(sys.executable).name[:15])):
            names.add(f"{name} {task.name}")
    return names


def _processes() -> dict[int, str]:
    """Children of this process by id, but for the one that `multiprocessing` keeps for itself (Linux only)."""
    kept = getattr(resource_tracker._resource_tracker, "_pid", None)
    found = {}
    for listing in Path(f"/proc/{os.getpid()}/task").glob("*/children"):
        try:
            pids = [int(pid) for pid in listing.read_text().split()]
        except OSError:
            continue
        for pid in pids:
            if pid != kept:
                found[pid] = _command(pid)
    return found


def _command(pid: int) -> str:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        words = ""
    return f"{pid} {words or '(ended, not waited for)'}"


def _address(one: QObject) -> int:
    """Where Qt keeps it: Python's wrapper of an object that Qt made comes and goes."""
    return int(getCppPointer(one)[0])


def _name(one: QObject | None) -> str:
    if one is None:
        return "nobody"
    return f"{type(one).__name__} “{one.objectName()}”" if isValid(one) else f"{type(one).__name__}, deleted in Qt"
