from __future__ import annotations

import os
import time

import pytest

from avsep_gui.jobs import CANCEL_GRACE_S, Priority
from avsep_gui.pace import Pace, time_left_text
from engine.errors import EngineError, InputError
from engine.jobs import Progress
from engine.types import IsolationRequest

WAIT_MS = 20_000


class Outcomes:
    def __init__(self, runner):
        self.order = []
        self.values = {}
        self.errors = {}
        self.cancelled = []
        self.progress = []
        runner.succeeded.connect(self.on_success)
        runner.failed.connect(self.on_error)
        runner.cancelled.connect(self.on_cancel)
        runner.progressed.connect(self.on_progress)

    def on_success(self, job, value):
        self.order.append(job)
        self.values[job] = value

    def on_error(self, job, error):
        self.errors[job] = error

    def on_cancel(self, job):
        self.cancelled.append(job)

    def on_progress(self, job, progress):
        self.progress.append((job, progress))


@pytest.fixture
def outcomes(runner):
    return Outcomes(runner)


def request(path, **options):
    return IsolationRequest(path, (1,), **options)


def test_a_call_gives_its_value_and_an_error_arrives_whole(qtbot, runner, outcomes, tmp_path):
    good = runner.submit("light", "probe", tmp_path / "a.mp4")
    bad = runner.submit("light", "probe", tmp_path / "broken.mp4")
    qtbot.waitUntil(lambda: good in outcomes.values and bad in outcomes.errors, timeout=WAIT_MS)
    assert outcomes.values[good].duration_s == 20.0
    assert isinstance(outcomes.errors[bad], InputError)
    assert outcomes.errors[bad].details == "moov atom not found"


def test_a_bug_in_the_engine_becomes_a_sentence_with_details(qtbot, runner, outcomes):
    job = runner.submit("light", "probe", 7)
    qtbot.waitUntil(lambda: job in outcomes.errors, timeout=WAIT_MS)
    assert "unexpected" in outcomes.errors[job].message
    assert "Traceback" in outcomes.errors[job].details


def test_cancel_stops_a_running_job_and_keeps_the_process(qtbot, runner, outcomes, tmp_path):
    job = runner.submit("heavy", "isolate", request(tmp_path / "slow.mp4"))
    qtbot.waitUntil(lambda: bool(outcomes.progress), timeout=WAIT_MS)
    pid = runner.pids()["heavy"]
    runner.cancel(job)
    qtbot.waitUntil(lambda: job in outcomes.cancelled, timeout=WAIT_MS)
    assert runner.pids()["heavy"] == pid
    assert not runner.jobs()


def test_a_job_that_ignores_cancelling_is_killed_and_the_next_one_runs(qtbot, runner, outcomes, tmp_path):
    job = runner.submit("heavy", "isolate", request(tmp_path / "stuck.mp4"))
    qtbot.waitUntil(lambda: bool(outcomes.progress), timeout=WAIT_MS)
    pid = runner.pids()["heavy"]
    asked = time.monotonic()
    runner.cancel(job)
    qtbot.waitUntil(lambda: job in outcomes.cancelled, timeout=WAIT_MS)
    assert time.monotonic() - asked >= CANCEL_GRACE_S - 0.1
    following = runner.submit("heavy", "isolate", request(tmp_path / "next.mp4"))
    qtbot.waitUntil(lambda: following in outcomes.values, timeout=WAIT_MS)
    assert runner.pids()["heavy"] not in (pid, None)


def test_a_crash_is_one_sentence_and_the_process_comes_back(qtbot, runner, outcomes, tmp_path):
    job = runner.submit("heavy", "isolate", request(tmp_path / "crash.mp4"), title="Preview of Anna")
    qtbot.waitUntil(lambda: job in outcomes.errors, timeout=WAIT_MS)
    error = outcomes.errors[job]
    assert isinstance(error, EngineError)
    assert "stopped unexpectedly" in error.message
    assert "Preview of Anna" in error.message
    following = runner.submit("heavy", "isolate", request(tmp_path / "next.mp4"))
    qtbot.waitUntil(lambda: following in outcomes.values, timeout=WAIT_MS)


def test_a_preview_interrupts_the_whole_file_which_goes_on_afterwards(qtbot, runner, outcomes, tmp_path):
    whole = runner.submit(
        "heavy", "isolate", request(tmp_path / "slow.mp4"), priority=Priority.BACKGROUND, resumable=True
    )
    qtbot.waitUntil(lambda: bool(outcomes.progress), timeout=WAIT_MS)
    preview = runner.submit(
        "heavy", "isolate", request(tmp_path / "p.mp4", range_s=(4.0, 8.0)), priority=Priority.PREVIEW
    )
    qtbot.waitUntil(lambda: preview in outcomes.values, timeout=WAIT_MS)
    assert whole not in outcomes.cancelled
    assert whole not in outcomes.values
    seen = len(outcomes.progress)
    qtbot.waitUntil(lambda: any(job == whole for job, _ in outcomes.progress[seen:]), timeout=WAIT_MS)
    runner.cancel(whole)
    qtbot.waitUntil(lambda: whole in outcomes.cancelled, timeout=WAIT_MS)


def test_work_on_models_has_a_process_of_its_own_that_starts_with_the_first(qtbot, runner, outcomes, tmp_path):
    runner.start()
    qtbot.waitUntil(lambda: None not in (runner.pids()["light"], runner.pids()["heavy"]))
    assert runner.pids()["shelf"] is None
    whole = runner.submit("heavy", "isolate", request(tmp_path / "slow.mp4"))
    adding = runner.submit("shelf", "add_model", "guest-fast")
    qtbot.waitUntil(lambda: adding in outcomes.values, timeout=WAIT_MS)
    assert runner.pids()["shelf"] is not None
    assert whole not in outcomes.values
    stopped = runner.submit("shelf", "add_model", "guest-slow")
    qtbot.waitUntil(lambda: any(job == stopped for job, _ in outcomes.progress), timeout=WAIT_MS)
    runner.cancel(stopped)
    qtbot.waitUntil(lambda: stopped in outcomes.cancelled, timeout=WAIT_MS)


def test_shut_down_during_a_job_ends_the_processes_in_time(qtbot, runner, outcomes, tmp_path):
    runner.submit("heavy", "isolate", request(tmp_path / "stuck.mp4"))
    qtbot.waitUntil(lambda: bool(outcomes.progress), timeout=WAIT_MS)
    pids = [pid for pid in runner.pids().values() if pid is not None]
    runner.shut_down(2.0)
    assert pids
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_time_left_comes_from_measured_speed():
    pace = Pace()
    assert pace.add(0.0, "a", 0.0) is None
    assert pace.add(0.5, "a", 0.1) is None
    assert pace.add(2.0, "a", 0.2) == pytest.approx(8.0)
    assert pace.add(2.1, "b", 0.1) is None
    assert time_left_text(None) == ""
    assert time_left_text(130.0) == "about 2 min left"
    assert time_left_text(31.0) == "about 30 s left"


def test_figures_are_told_now_and_then_and_the_last_state_always(qtbot, runner, outcomes, tmp_path):
    """A job that reports often must not keep the window busy with drawing what it says."""
    told = []

    def tell():
        told.append([job.fraction for job in runner.jobs()])

    runner.jobs_changed.connect(tell)
    job = runner.submit("heavy", "find_faces", tmp_path / "talk.mp4")
    qtbot.waitUntil(lambda: len(outcomes.progress) >= 1, timeout=WAIT_MS)
    begun = next(running for running in runner.jobs() if running.id == job)
    told.clear()
    for step in range(200):
        runner._on_progress(begun, Progress("Finding people", step, 200))
    assert not told, "figures wait for the next poll"
    qtbot.waitUntil(lambda: job in outcomes.values, timeout=WAIT_MS)
    runner.jobs_changed.disconnect(tell)
    assert 1 <= len(told) < 10 and told[-1] == []
