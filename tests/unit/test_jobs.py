"""Progress of long calls: what is passed on of it."""

from __future__ import annotations

import pytest

from engine.jobs import Progress, ThinnedProgress


def test_no_stage_and_no_part_is_lost_and_the_rest_comes_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = 0.02  # of a computer that has just been started
    monkeypatch.setattr("time.monotonic", lambda: clock)
    told: list[Progress] = []
    report = ThinnedProgress(told.append, 0.1)
    for step in range(5):  # 0.02 to 0.18 s
        report(Progress("Reading", step, 5))
        clock += 0.04
    assert [progress.completed for progress in told] == [0, 3]
    report(Progress("Isolating", 1, 9))
    report(Progress("Isolating", 2, 9, ready_s=(0.0, 3.0)))
    report(Progress("Isolating", 3, 9))
    assert [progress.completed for progress in told[2:]] == [1, 2]
