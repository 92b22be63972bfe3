"""A guest's process: what it may do to us, and what we do then."""

from __future__ import annotations

import gc
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from engine.errors import JobCancelled, ModelError, OutputError
from engine.guests.process import Failed, Loaded, Program, Separated, Unreadable, read_answer
from engine.guests.runner import DEFAULT_LIMITS, Limits, Runner
from engine.jobs import CancelToken

PROGRAMS = Path(__file__).with_name("programs")
ROOT = Path(__file__).parents[3]
MIXTURE = np.sin(np.arange(16_000, dtype=np.float32) / 20)
STREAMS = np.ones((2, 27, 240), np.float32) * np.array([1, 3], np.float32)[:, None, None]
SEEN = np.ones((2, 27), np.float32)
LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is read from /proc")

Start = Callable[..., Runner]


@pytest.fixture
def note(tmp_path: Path) -> Path:
    """Where a guest writes what the test must know."""
    return tmp_path / "note"


@pytest.fixture
def start(note: Path) -> Iterator[Start]:
    """Make a runner of the guest in trouble; all are closed at the end."""
    runners = []

    def make(when: str, what: str, limits: Limits = DEFAULT_LIMITS) -> Runner:
        runners.append(Runner(trouble(when, what, note), limits))
        return runners[-1]

    yield make
    for runner in runners:
        runner.close()


def trouble(when: str, what: str, note: Path) -> Program:
    return Program("borrowed", Path(sys.executable), PROGRAMS / "trouble.py", (when, what, str(note)))


def separate(runner: Runner, cancel: CancelToken | None = None) -> np.ndarray:
    return runner.separate(MIXTURE, STREAMS, SEEN, cancel)


def gone(pid: int) -> bool:
    """Whether a process has ended, though perhaps nobody has asked how."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z"


def wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + 60
    while not gone(pid):
        assert time.monotonic() < deadline, f"process {pid} goes on"
        time.sleep(0.02)


def killing(note: Path) -> CancelToken:
    """A wish never uttered; who asks for it kills the guest that wrote its number."""

    def look() -> bool:
        if note.exists():
            os.kill(int(note.read_text()), signal.SIGKILL)
            note.unlink()
        return False

    return CancelToken(look)


@pytest.fixture(scope="module")
def honest() -> Iterator[Runner]:
    with Runner(Program("gain", Path(sys.executable), PROGRAMS / "gain.py")) as runner:
        yield runner


def test_an_honest_guest_is_given_its_arrays_and_gives_its_voices() -> None:
    given = [values.copy() for values in (MIXTURE, STREAMS, SEEN)]
    with Runner(Program("gain", Path(sys.executable), PROGRAMS / "gain.py")) as runner:
        assert runner.real_time_factor is None
        voices = separate(runner)
        assert voices.dtype == np.float32
        np.testing.assert_allclose(voices, np.outer([0.5, 0.75], MIXTURE), rtol=1e-6)
        np.testing.assert_array_equal(separate(runner), voices)
        assert runner.real_time_factor is not None and runner.real_time_factor > 0
        assert runner.warnings == []
    for old, now in zip(given, (MIXTURE, STREAMS, SEEN), strict=True):
        np.testing.assert_array_equal(old, now)


def test_arrays_need_not_lie_in_one_piece(honest: Runner) -> None:
    crops = np.random.default_rng(0).random((27, 2, 8, 8)).astype(np.float32)
    plain = honest.separate(MIXTURE, np.ascontiguousarray(crops.swapaxes(0, 1)), SEEN)
    np.testing.assert_array_equal(honest.separate(MIXTURE, crops.swapaxes(0, 1), SEEN[:, ::-1]), plain)


def test_it_works_in_a_folder_of_its_own_that_is_removed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with Runner(Program("gain", Path(sys.executable), PROGRAMS / "gain.py")) as runner:
        separate(runner)
        (folder,) = tmp_path.iterdir()
        assert list(folder.iterdir()) == [], "the arrays are still there"
    assert list(tmp_path.iterdir()) == []


def test_it_sees_nothing_of_our_python(start: Start, note: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = str(note.parent)
    for name in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"):
        monkeypatch.setenv(name, ours)
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    separate(start("call", "surroundings"))
    told = json.loads(note.read_text())
    assert not {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"} & told["variables"].keys()
    assert told["variables"]["OMP_NUM_THREADS"] == "3"
    assert not {ours, str(ROOT / "engine" / "guests"), str(PROGRAMS), "", told["folder"]} & set(told["path"])
    assert Path(told["folder"]).name.startswith("avsep-guest-")


def test_threads_are_the_physical_cores(start: Start, note: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS")
    monkeypatch.setattr("engine.guests.process.physical_cores", lambda: 5)
    separate(start("call", "surroundings"))
    assert json.loads(note.read_text())["variables"]["OMP_NUM_THREADS"] == "5"


@pytest.mark.parametrize("what", ["chatter", "flood"])
def test_what_it_prints_does_not_reach_the_protocol(start: Start, what: str) -> None:
    runner = start("call", what)
    for _ in range(2):
        np.testing.assert_array_equal(separate(runner), [MIXTURE, MIXTURE])


@pytest.mark.parametrize(
    ("what", "sentence"),
    [
        ("not_a_number", "gave back 8 values out of 32000 that are not numbers"),
        ("shorter", r"gave back float32 of the shape \(2, 15999\); float32 of \(2, 16000\) was expected"),
        ("one_voice", r"gave back float32 of the shape \(16000,\); float32 of \(2, 16000\) was expected"),
        ("other_numbers", r"gave back float64 of the shape \(2, 16000\); float32 of"),
        ("nothing", r"gave back object of the shape \(\); float32 of"),
        ("error", "failed with “ValueError: no lips in the picture” in a call"),
        ("memory", "ran out of memory in a call"),
        ("break_in", "gave an answer that AVSep does not understand, “not of the protocol”, in a call"),
    ],
)
def test_what_is_wrong_is_said_and_not_asked_for_again(start: Start, what: str, sentence: str) -> None:
    runner = start("call", what)
    with pytest.raises(ModelError, match=f"The model borrowed {sentence}") as caught:
        separate(runner)
    assert caught.value.remedy
    assert runner.warnings == [] and runner.real_time_factor is None
    assert runner.pid is None


@pytest.mark.parametrize(
    ("what", "sentence"),
    [
        ("error", "failed with “ValueError: no lips in the picture” while loading"),
        ("memory", "ran out of memory while loading"),
        ("leave", "ended by itself with exit code 3 while loading"),
        ("die", r"ended by itself with signal 9 \(SIGKILL\) while loading"),
        ("break_in", "gave an answer that AVSep does not understand, “not of the protocol”, while loading"),
    ],
)
def test_a_guest_that_cannot_be_loaded_says_why(start: Start, what: str, sentence: str) -> None:
    runner = start("load", what)
    with pytest.raises(ModelError, match=f"The model borrowed {sentence}"):
        runner.start()
    assert runner.pid is None and runner.warnings == []


def test_the_traceback_of_the_guest_is_kept(start: Start) -> None:
    with pytest.raises(ModelError) as caught:
        separate(start("call", "error"))
    assert "trouble.py" in caught.value.details and "in error" in caught.value.details


@pytest.mark.parametrize(("what", "how"), [("leave", "exit code 3"), ("crash", r"signal 11 \(SIGSEGV\)")])
def test_a_guest_that_dies_twice_is_given_up(start: Start, what: str, how: str) -> None:
    runner = start("call", what)
    with pytest.raises(ModelError, match=f"The model borrowed ended by itself with {how} in a call"):
        separate(runner)
    (warning,) = runner.warnings
    assert warning.endswith("It was started again.")


def test_the_last_words_of_the_dead_are_kept_within_bounds(start: Start) -> None:
    with pytest.raises(ModelError) as caught:
        separate(start("call", "flood_and_leave"))
    assert caught.value.details.rstrip().endswith("last words")
    assert len(caught.value.details) == 2000


def test_a_guest_that_dies_once_is_asked_again(start: Start) -> None:
    runner = start("call", "die_once")
    np.testing.assert_array_equal(separate(runner), [MIXTURE, MIXTURE])
    assert runner.warnings == [
        "The model borrowed ended by itself with signal 9 (SIGKILL) in a call. It was started again."
    ]


def test_killed_while_loading(start: Start, note: Path) -> None:
    runner = start("load", "hang")
    with pytest.raises(ModelError, match=r"signal 9 \(SIGKILL\) while loading"):
        separate(runner, killing(note))
    assert runner.pid is None


def test_killed_between_calls(honest: Runner) -> None:
    first, pid = separate(honest), honest.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    np.testing.assert_array_equal(separate(honest), first)
    assert honest.pid not in (None, pid)


def test_killed_in_every_call(start: Start, note: Path) -> None:
    runner = start("call", "hang")
    with pytest.raises(ModelError, match=r"signal 9 \(SIGKILL\) in a call"):
        separate(runner, killing(note))
    assert len(runner.warnings) == 1


def test_closed_and_asked_again(honest: Runner) -> None:
    first = separate(honest)
    honest.close()
    assert honest.pid is None
    np.testing.assert_array_equal(separate(honest), first)


@pytest.mark.parametrize("when", ["load", "call"])
def test_a_guest_that_hangs_is_ended(start: Start, when: str) -> None:
    runner = start(when, "hang", Limits(load_s=0.5 if when == "load" else 120, call_s=0.3, call_per_s=0.1))
    stage = "while loading" if when == "load" else "in a call"
    with pytest.raises(ModelError, match=f"gave no answer within 0.5 s {stage}"):
        separate(runner)
    assert runner.pid is None and runner.warnings == []


@LINUX
def test_a_guest_that_works_on_a_busy_computer_is_waited_for(monkeypatch: pytest.MonkeyPatch, start: Start) -> None:
    """A clock that gives it a tenth of a processor: less than its limit of work after twice its limit of time."""
    began = time.monotonic()
    monkeypatch.setattr("engine.guests.process._worked_s", lambda pid: 0.1 * (time.monotonic() - began))
    runner = start("call", "slow", Limits(call_s=0.5, call_per_s=0.0))
    assert separate(runner).shape == (2, 16_000)


@LINUX
def test_a_guest_that_works_without_end_is_ended(start: Start) -> None:
    runner = start("call", "spin", Limits(call_s=0.5, call_per_s=0.0))
    with pytest.raises(ModelError, match=r"gave no answer within 0\.5 s"):
        separate(runner)
    assert runner.pid is None


@pytest.mark.parametrize("when", ["load", "call"])
@pytest.mark.parametrize("what", ["hang", "child"])
def test_a_cancel_ends_the_guest_and_what_it_started(start: Start, note: Path, when: str, what: str) -> None:
    runner = start(when, what)
    with pytest.raises(JobCancelled):
        separate(runner, CancelToken(note.exists))
    assert runner.pid is None
    wait_until_gone(int(note.read_text()))


@LINUX
@pytest.mark.parametrize("when", ["load", "call"])
def test_a_guest_that_takes_too_much_memory_is_ended(start: Start, when: str) -> None:
    runner = start(when, "grow", Limits(memory_bytes=200_000_000))
    with pytest.raises(ModelError, match=r"took 0\.[23]\d GB of memory, with 0\.20 GB allowed,"):
        separate(runner)
    assert runner.pid is None


def test_an_environment_that_is_gone(tmp_path: Path) -> None:
    python = tmp_path / "bin" / "python"
    with pytest.raises(ModelError, match="borrowed cannot be started with") as caught:
        Runner(Program("borrowed", python, PROGRAMS / "gain.py")).start()
    assert str(python) in caught.value.message and "Install" in caught.value.remedy


def test_a_program_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"failed with “FileNotFoundError: .*missing\.py.*” while loading"):
        Runner(Program("borrowed", Path(sys.executable), tmp_path / "missing.py")).start()


def test_a_full_disk_is_said_and_survived(honest: Runner) -> None:
    first = separate(honest)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, before[1]))
    try:
        with pytest.raises(OutputError, match="no space left"):
            separate(honest)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    np.testing.assert_array_equal(separate(honest), first)


def test_a_runner_that_nobody_holds_ends_its_guest(note: Path) -> None:
    runner = Runner(trouble("call", "chatter", note))
    runner.start()
    pid = runner.pid
    assert pid is not None and not gone(pid)
    del runner
    gc.collect()
    assert gone(pid)


ABANDON = """
import os, sys
from pathlib import Path
import numpy as np
from engine.guests.process import Program
from engine.guests.runner import Runner
from engine.jobs import CancelToken

script, note, how = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
what = "chatter" if how == "idle" else "hang"
runner = Runner(Program("borrowed", Path(sys.executable), script, ("call", what, str(note))))
runner.start()
if how != "in a call":
    note.write_text(str(runner.pid))
if how == "idle":
    os._exit(0)
if how == "in a call":
    look = CancelToken(lambda: note.exists() and os._exit(0))
    runner.separate(np.ones(640, np.float32), np.ones((1, 1, 4), np.float32), np.ones((1, 1), np.float32), look)
"""


@pytest.mark.parametrize("how", ["idle", "in a call", "at the end"])
def test_a_guest_ends_with_us(note: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    subprocess.run(
        [sys.executable, "-c", ABANDON, str(PROGRAMS / "trouble.py"), str(note), how], cwd=ROOT, check=True, timeout=120
    )
    pid = int(note.read_text())
    if how == "at the end":
        assert gone(pid)
    wait_until_gone(pid)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        (b'{"kind": "loaded"}\n', Loaded()),
        (b'{"kind": "separated", "call": 3, "dtype": "float32", "shape": [1, 5]}\n', Separated(3, "float32", (1, 5))),
        (b'{"kind": "failed", "reason": "error", "message": "a", "details": "b"}\n', Failed("error", "a", "b")),
        (b"plain words\n", Unreadable("plain words")),
        (b"\xff\n", Unreadable("\ufffd")),
        (b"[]\n", Unreadable("[]")),
        (b'{"kind": "separated", "call": 3}\n', Unreadable('{"kind": "separated", "call": 3}')),
        (b'{"kind": "other"}\n', Unreadable('{"kind": "other"}')),
        (b"[" * 50_000, Unreadable("[" * 80)),
    ],
)
def test_lines_become_answers(line: bytes, answer: object) -> None:
    assert read_answer(line) == answer
