"""Fixtures of the window's tests: no display, no sound device, no user settings, a fake engine."""

from __future__ import annotations

import gc
import multiprocessing
import os
import shutil
import sys
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).parent))

import pytest
from leaks import Standing, bad_records, left_since, stale_items
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication

from avsep_gui import app as app_module
from avsep_gui.jobs import JobRunner
from avsep_gui.player import player as player_module
from avsep_gui.player.output import SilentOutput
from avsep_gui.resources import resource
from avsep_gui.state.document import FacesState

HARMLESS = (
    "No audio device detected",
    "pipewire",
    "PulseAudio",
    "This plugin does not support",
    "Using Qt multimedia",
    "No RHI",
)
WAIT_MS = 20_000


def pytest_configure(config):
    config.addinivalue_line(
        "markers", "logs(part, ...): warnings of the window or the engine with one of these parts are what is tested"
    )


@pytest.fixture(autouse=True)
def collected_between_tests():
    """As in the application (`avsep_gui.collector`), nothing is collected in the middle of a Qt call."""
    gc.disable()
    yield
    gc.collect()
    gc.enable()


@pytest.fixture(autouse=True)
def nothing_left(request, collected_between_tests, qapp, caplog):
    """No test leaves a thread, process, timer, object or widget behind, or a warning in the log (`leaks`).

    It is set up before the window and what a test replaces, so that it looks after they went.
    """
    before, failed = Standing.now(), request.session.testsfailed
    yield
    request.node.funcargs.clear()  # which would keep the window alive
    if request.session.testsfailed > failed:
        return  # the traceback of what failed keeps it alive too
    left = left_since(before)
    assert not left, left
    marker = request.node.get_closest_marker("logs")
    bad = bad_records(caplog, marker.args if marker is not None else ())
    assert not bad, bad


@pytest.fixture(scope="session")
def qapp_cls():
    app_module.before_application()
    return QApplication


@pytest.fixture(autouse=True)
def settings_in_tmp(tmp_path):
    QSettings.setDefaultFormat(QSettings.Format.IniFormat)
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, str(tmp_path / "settings"))


@pytest.fixture(autouse=True)
def models_in_tmp(nothing_left, tmp_path, monkeypatch):
    """Where the fake engine keeps which models are installed; its processes are given the same variable."""
    monkeypatch.setenv("AVSEP_FAKE_STATE", str(tmp_path / "models"))


@pytest.fixture(autouse=True)
def data_in_tmp(nothing_left, tmp_path, monkeypatch):
    """Where windows keep what was not saved, so that no test finds what another one left."""
    monkeypatch.setenv("AVSEP_DATA_DIR", str(tmp_path / "data"))


@pytest.fixture(autouse=True)
def no_qt_warnings(qtlog):
    yield
    bad = [
        record.message
        for record in qtlog.records
        if record.type_name in ("QtWarningMsg", "QtCriticalMsg", "QtFatalMsg")
        and not any(known in record.message for known in HARMLESS)
    ]
    assert not bad, bad


@pytest.fixture
def runner(qapp):
    runner = JobRunner("fake_engine")
    yield runner
    runner.shut_down(1.0)
    assert all(pid is None for pid in runner.pids().values())


@pytest.fixture
def video(tmp_path):
    """Makes a video file whose name tells the fake engine how to behave."""

    def make(name="talk.mp4"):
        path = tmp_path / name
        shutil.copyfile(resource("sample", "two_talkers.mp4"), path)
        return path

    return make


@pytest.fixture
def engine_name():
    """The module that answers for `engine.api`."""
    return "fake_engine"


@pytest.fixture
def window(qtbot, qapp, monkeypatch, engine_name):
    """The whole window over the fake engine, closed afterwards without leaving anything behind."""
    monkeypatch.setattr(player_module, "open_output", lambda mixer, rate: (SilentOutput(mixer, rate), True))
    app_module.configure(qapp)
    window = app_module.make_window(engine_name)
    window.resize(1280, 800)
    window.show()
    yield window
    stale = stale_items()
    window.close()
    assert all(pid is None for pid in window._runner.pids().values())
    window.deleteLater()
    qapp.sendPostedEvents(None, 52)  # QEvent.DeferredDelete
    qapp.processEvents()
    assert not multiprocessing.active_children()
    assert not [widget for widget in QApplication.topLevelWidgets() if widget.isVisible()]
    assert not stale, stale


@pytest.fixture
def opened(qtbot, window, video):
    """Opens a video in the window and waits for people and sound."""

    def open_(name="talk.mp4", *, people=True):
        path = video(name)
        window.open_file(path)
        document = window.document
        qtbot.waitUntil(lambda: document.faces_state in (FacesState.FOUND, FacesState.NOBODY), timeout=WAIT_MS)
        qtbot.waitUntil(lambda: document.source is not None or "nosound" in name, timeout=WAIT_MS)
        assert bool(document.people) == people
        return path

    return open_
