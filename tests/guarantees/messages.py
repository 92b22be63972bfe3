"""Errors: one table of codes (`engine.errors`); every code comes out of the command line and of a worker, with a
message and a remedy."""

from __future__ import annotations

import ast
import contextlib
import io
import json
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import soundfile

from avsep_gui.worker import Failed, JobRequest, Message, Reported, Stopped
from avsep_gui.worker_process import WorkerProcess
from engine import api, cli, errors
from engine.errors import EngineError, JobCancelled
from engine.resources import resource
from engine.types import SeparationRequest
from tests.guarantees import troubled_engine
from tests.guarantees.finding import Finding, Scope
from tests.guarantees.mutations import seed_files
from tests.helpers.media_files import Picture, Sound, write_media

ROOT = Path(__file__).resolve().parents[2]
AVSEP = [sys.executable, "-m", "engine.cli"]
WAIT_S = 120.0
INJECTED = ("failed", "memory", "unexpected")


def codes() -> dict[str, type[EngineError]]:
    """All codes of failures, with their classes."""
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, EngineError)]
    return {kind.code: kind for kind in kinds}


@dataclass(frozen=True)
class Case:
    """How a code is provoked: a request for `separate`, as the command line and a worker give it.

    Attributes:
        meddle: done when the first progress is told.
    """

    code: str
    request: SeparationRequest
    meddle: Callable[[], None] | None = None

    @property
    def arguments(self) -> list[str]:
        """The command."""
        asked = self.request
        who = ["--everyone"] if asked.everyone else [f"--person={person}" for person in asked.person_ids]
        options = [f"--model={asked.model}", f"--device={asked.device}", f"--output={asked.output}"]
        return ["separate", "--json", "--progress=json", *who, *options, "--", str(asked.video)]


def error_codes(scope: Scope) -> list[Finding]:
    """Every code through the command line and through a worker."""
    by_command = Finding("Every error code comes out of the command line with message, remedy and exit code")
    by_worker = Finding("Every error code comes out of a worker process with message and remedy")
    cases = _cases(scope.folder)
    for case in cases:
        by_command.case(case.code, _through_command(case))
    for code in INJECTED:
        by_command.case(code, _injected(code))
    by_command.case("cancelled", _cancelled_command(scope.folder))
    with _worker("engine.api") as worker:
        for case in cases:
            answer = _ask(worker, "separate", case.request, on_progress=case.meddle)
            by_worker.case(case.code, _judge_answer(case.code, answer))
        by_worker.case("cancelled", _cancelled_worker(worker, scope.folder))
    with _worker("tests.guarantees.troubled_engine") as worker:
        for code in INJECTED:
            by_worker.case(code, _judge_answer(code, _ask(worker, code)))
    untried = codes().keys() - {case.code for case in cases} - set(INJECTED)
    by_command.case("all codes are tried", f"not tried: {sorted(untried)}" if untried else None)
    by_command.worst = by_worker.worst = f"{len(codes()) + 1} codes"
    return [by_command, by_worker]


def error_table(scope: Scope) -> list[Finding]:
    """Every error in the sources has a remedy, and the document says what the classes say."""
    del scope
    remedies = Finding("Every error that the sources can raise says what to do")
    for place, call in _raised():
        remedies.case(place, None if _has_remedy(call) else ast.unparse(call)[:80])
    document = Finding("The table of error codes is that of the program")
    told = _documented()
    known = {kind.code: kind.exit_code for kind in codes().values()} | {JobCancelled.code: JobCancelled.exit_code}
    for code in sorted(told.keys() | known.keys()):
        document.case(code, None if told.get(code) == known.get(code) else f"{told.get(code)}, not {known.get(code)}")
    return [remedies, document]


def _cases(folder: Path) -> list[Case]:
    film = folder / "film.mp4"
    film.write_bytes(seed_files(folder)["mp4"])
    mute = write_media(folder / "mute.mp4", Picture(width=320, height=240))
    wall = write_media(folder / "wall.mp4", Picture(width=320, height=240), [Sound()])
    noise = np.random.default_rng(1).standard_normal((16_000, 1)) * 0.1
    soundfile.write(folder / "noise.wav", noise, 16_000)
    (folder / "text.mp4").write_text("no film")
    (folder / "there.wav").write_text("mine")
    changing = Path(shutil.copy(film, folder / "changing.mp4"))

    def ask(video: Path, output: str = "out.wav", **more: Any) -> SeparationRequest:
        options = {"person_ids": (1,), "model": "tiny", "device": "cpu"} | more
        return SeparationRequest(video, folder / output, **options)

    def change() -> None:
        content = bytearray(changing.read_bytes())
        content[len(content) // 2] ^= 1
        changing.write_bytes(content)

    return [
        Case("usage", ask(film, person_ids=(99,))),
        Case("input_unreadable", ask(folder / "text.mp4")),
        Case("input_changed", ask(changing), change),
        Case("no_sound", ask(mute)),
        Case("no_picture", ask(folder / "noise.wav")),
        Case("no_face", ask(wall)),
        Case("output", ask(film, "missing/out.wav")),
        Case("output_exists", ask(film, "there.wav")),
        Case("model", ask(film, model=str(folder / "none.safetensors"))),
        Case("device", ask(film, device="cuda:77")),
    ]


def _through_command(case: Case) -> str | None:
    if case.meddle is None:
        return _judge_output(case.code, *_run(case.arguments))
    process = _start(case.arguments)
    assert process.stderr is not None
    told = process.stderr.readline()
    case.meddle()
    out, err = process.communicate(timeout=WAIT_S)
    return _judge_output(case.code, process.returncode, out, told + err)


def _run(arguments: list[str]) -> tuple[int, str, str]:
    """A command in this process: exit code, standard output and standard error."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        exit_code = cli.main(arguments)
    return exit_code, out.getvalue(), err.getvalue()


def _start(arguments: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen([*AVSEP, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _injected(code: str) -> str | None:
    """The command line over an engine in which that trouble happens."""
    trouble = getattr(troubled_engine, code)
    with mock.patch.object(api, "probe", lambda _: trouble()):
        return _judge_output(code, *_run(["probe", "any.mp4", "--json"]))


def _judge_output(code: str, exit_code: int, out: str, err: str) -> str | None:
    wanted = codes()[code].exit_code if code in codes() else JobCancelled.exit_code
    try:
        told = json.loads(out)["error"]
    except (ValueError, LookupError):
        return f"no JSON error: {out[:200]!r} {err[-300:]!r}"
    if set(told) < {"code", "message", "remedy"} or not told["message"].strip() or not told["remedy"].strip():
        return f"incomplete: {told}"
    if (told["code"], exit_code) != (code, wanted):
        return f"{told['code']} with exit code {exit_code}: {told['message']}"
    return "a traceback" if "Traceback" in err else None


@contextlib.contextmanager
def _worker(module: str) -> Iterator[WorkerProcess]:
    worker = WorkerProcess("codes", module)
    try:
        yield worker
    finally:
        worker.kill()
        worker.wait_for_end()


def _ask(
    worker: WorkerProcess, function: str, *args: object, on_progress: Callable[[], None] | None = None
) -> Message | None:
    """The last message of a worker about one call; None when it died or went on for too long.

    Args:
        on_progress: called once, when progress is told.
    """
    worker.send(JobRequest(1, function, args))
    until = time.monotonic() + WAIT_S
    while time.monotonic() < until:
        for message in worker.messages():
            if not isinstance(message, Reported):
                return message
            if on_progress is not None:
                on_progress()
                on_progress = None
        time.sleep(0.002)
    return None


def _judge_answer(code: str, answer: Message | None) -> str | None:
    if not isinstance(answer, Failed):
        return f"no failure: {answer}"
    error = answer.error
    if error.code != code or not error.message.strip() or not error.remedy.strip():
        return f"{error.code!r}: {error.message!r} {error.remedy!r}"
    return None


def _cancelled_command(folder: Path) -> str | None:
    film = Path(shutil.copy(resource("sample/two_talkers.mp4"), folder / "cancelled.mp4"))
    film.write_bytes(film.read_bytes() + b"c")  # nothing of it is in the cache
    process = _start(["faces", str(film), "--json", "--progress=json"])
    assert process.stderr is not None
    told = process.stderr.readline()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=WAIT_S)
    return _judge_output(JobCancelled.code, process.returncode, out, told + err)


def _cancelled_worker(worker: WorkerProcess, folder: Path) -> str | None:
    film = folder / "stopped.mp4"
    film.write_bytes(resource("sample/two_talkers.mp4").read_bytes() + b"s")
    answer = _ask(worker, "find_faces", film, on_progress=worker.ask_to_cancel)
    return None if isinstance(answer, Stopped) else f"no stop: {answer}"


def _raised() -> list[tuple[str, ast.Call]]:
    """Every place in the sources that makes an error of ours."""
    names = {kind.__name__ for kind in codes().values()} | {"GuestDiedError"}
    found = []
    for package in ("engine", "avsep_gui"):
        for path in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
                    found.append((f"{path.relative_to(ROOT).as_posix()}:{node.lineno}", node))
    return found


def _has_remedy(call: ast.Call) -> bool:
    if any(isinstance(argument, ast.Starred) for argument in call.args):
        return True  # of another error, which has one
    remedy = call.args[1] if len(call.args) > 1 else None
    remedy = next((keyword.value for keyword in call.keywords if keyword.arg == "remedy"), remedy)
    return remedy is not None and not (isinstance(remedy, ast.Constant) and not str(remedy.value or "").strip())


def _documented() -> dict[str, int]:
    """Exit code by error code, as docs/exit_codes.md has them."""
    text = (ROOT / "docs" / "exit_codes.md").read_text(encoding="utf-8")
    return {code: int(exit_code) for code, exit_code in re.findall(r"^\| `(\w+)` \| (\d+) \|", text, re.MULTILINE)}
