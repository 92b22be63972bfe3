"""How fast a model is here: measured in jobs, else reckoned."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine import cache, speed
from engine.contract import Declaration

SLOW = Declaration(real_time_factor=10.0)


@pytest.fixture(autouse=True)
def cache_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AVSEP_CACHE_DIR", str(tmp_path / "cache"))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, to be set."""
    now = [0.0]
    monkeypatch.setattr(speed, "_yardstick_s", lambda: speed._YARDSTICK_S)
    monkeypatch.setattr("engine.speed.time.perf_counter", lambda: now[0])
    return now


def job(clock: list[float], voice_s: float, took_s: float, device: str = "cpu") -> None:
    watch = speed.Watch()
    watch.add(voice_s / 2)
    clock[0] += took_s
    watch.add(voice_s / 2)
    watch.keep("abc", device)


def test_a_job_tells_the_pace_and_later_ones_move_it(clock: list[float]) -> None:
    job(clock, 20, 100)
    assert speed.pace_of(SLOW, "abc", "cpu") == speed.Pace(5.0, True)
    job(clock, 20, 60)
    assert speed.pace_of(SLOW, "abc", "cpu") == speed.Pace(4.0, True)


def test_a_short_job_tells_nothing(clock: list[float]) -> None:
    job(clock, 4, 100)
    known = speed.pace_of(Declaration(), "abc", "cpu")
    assert known is None


def test_a_pace_belongs_to_weights_and_device(clock: list[float]) -> None:
    job(clock, 20, 100, "cuda:0")
    assert speed.pace_of(SLOW, "abc", "cuda:0") == speed.Pace(5.0, True)
    for fingerprint, device in (("abc", "cpu"), ("other", "cpu"), ("", "cpu")):
        told = speed.pace_of(SLOW, fingerprint, device)
        assert told is not None and not told.measured
    assert speed.pace_of(SLOW, "other", "cuda:0") is None


def test_a_pace_is_reckoned_from_cores_and_yardstick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "_yardstick_s", lambda: 2 * speed._YARDSTICK_S)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert speed.pace_of(SLOW, "", "cpu") == speed.Pace(pytest.approx(30.0), False)  # 10 x 6 s / 4 s x 2
    monkeypatch.setenv("OMP_NUM_THREADS", "4")
    told = speed.pace_of(SLOW, "", "cpu")
    assert told is not None and 30 / 4 < told.seconds < 30 / 3


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"pace": "fast"}', '{"pace": NaN}', '{"pace": -1}', '{"pace": 1e9}'])
def test_a_damaged_note_counts_as_none(clock: list[float], text: str) -> None:
    job(clock, 20, 100)
    (file,) = (cache.cache_root() / "speeds").glob("*/speed.json")
    file.write_text(text)
    told = speed.pace_of(SLOW, "abc", "cpu")
    assert told is not None and not told.measured


def test_a_cache_that_cannot_be_written_is_no_error(
    clock: list[float], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("AVSEP_CACHE_DIR", str(tmp_path / "file"))
    job(clock, 20, 100)
    told = speed.pace_of(SLOW, "abc", "cpu")
    assert told is not None and not told.measured


def test_the_yardstick_is_a_time() -> None:
    speed._yardstick_s.cache_clear()
    assert 0 < speed._yardstick_s() < 1
