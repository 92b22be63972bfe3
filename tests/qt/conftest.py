"""Fixtures of the window's tests: no display, no sound device, no user settings, a fake engine."""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).parent))

import pytest  # noqa: E402
from PySide6.QtCore import QSettings  # noqa: E402

from avsep_gui.jobs import JobRunner  # noqa: E402

HARMLESS = ("No audio device detected", "pipewire", "PulseAudio", "propagateSizeHints", "Using Qt multimedia", "vaapi")


@pytest.fixture(autouse=True)
def settings_in_tmp(tmp_path, monkeypatch):
    QSettings.setDefaultFormat(QSettings.Format.IniFormat)
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, str(tmp_path / "settings"))


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
