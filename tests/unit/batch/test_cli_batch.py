"""`avsep batch` in this process: what is refused before the work, the dry run, and the live table."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest

from engine import api
from engine.batch import runner
from engine.batch.item import Batch, BatchItem, BatchOutcome
from engine.batch.store import load_batch, queue_path, save_batch
from engine.batch.summary import counts_text, summary_json, summary_text, write_summary
from engine.cli import main
from engine.cli.live import LiveTable
from engine.errors import InputError, JobCancelled, NoFaceError
from engine.jobs import Progress
from tests.helpers.fake_isolation import FakeEngine, installed


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    monkeypatch.chdir(tmp_path)
    return installed(tmp_path, monkeypatch)


def run(capsys: pytest.CaptureFixture[str], *arguments: str, code: int) -> dict[str, Any]:
    assert main(["batch", *arguments, "--json"]) == code
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    return answer


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["-o", "out"], 2, "No file is named"),
        (["-o", "out", "--watch"], 2, "--watch needs folders"),
        (["-o", "out", "--resume"], 2, "no batch in"),
        (["stores", "-o", "out"], 3, "There are no videos in “stores”"),
        (["talk.mp4", "-o", "out", "--name", "{who}"], 2, "{who} is not known"),
        (["talk.mp4", "-o", "out", "--write", "video", "--format", "wav"], 2, "'wav' is no format for a video"),
        (["talk.mp4", "sub/talk.mp4", "-o", "out"], 2, "would both become “talk”"),
        (["talk.mp4", "-o", "out", "--everyone", "--person", "1"], 2, "not allowed with"),
        (["talk.mp4", "-o", "out", "--person", "0"], 2, "not a whole number from 1"),
        (["--manifest", "none.csv", "-o", "out"], 3, "was not found"),
        (["talk.mp4", "-o", "full", "--write", "voice"], 1, "exists already"),
    ],
)
def test_what_is_refused_leaves_nothing_behind(
    engine: FakeEngine, capsys: pytest.CaptureFixture[str], tmp_path: Path, arguments: list[str], code: int, words: str
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "talk.wav").touch()
    assert words in run(capsys, *arguments, code=code)["error"]["message"]
    assert not (tmp_path / "out").exists() and len(list((tmp_path / "full").iterdir())) == 1


def test_a_dry_run_tells_and_writes_nothing(
    engine: FakeEngine, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def probe(path: Path) -> api.MediaInfo:
        if path.name == "bad.mp4":
            raise InputError("“bad.mp4” is not a video.")
        return engine.probe(path)

    monkeypatch.setattr(api, "probe", probe)
    told = run(capsys, "talk.mp4", "bad.mp4", "-o", "out", "--everyone", "--dry-run", code=0)
    assert [(item["output"], item["trouble"], item["duration_s"]) for item in told["items"]] == [
        ("talk", "", 3.0),
        ("bad", "“bad.mp4” is not a video.", None),
    ]
    assert told["items"][0]["needed_bytes"] == 4 * 4 * 2 * 48_000 * 3  # three voices and the rest
    assert main(["batch", "talk.mp4", "bad.mp4", "-o", "out", "--dry-run"]) == 0
    text = capsys.readouterr().out
    assert re.search(r"talk\.mp4 +talk +most visible +0:03\.0 +2 MB", text) and "Nothing was written" in text
    assert not (tmp_path / "out").exists()


def test_a_batch_that_is_there_is_not_begun_anew(
    engine: FakeEngine, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    save_batch(out / "avsep-batch.json", ended(out))
    error = run(capsys, "talk.mp4", "-o", "out", code=2)["error"]
    assert "with 1 file left" in error["message"] and "--resume" in error["remedy"]
    (out / "avsep-batch.json").write_text("{")
    assert "damaged" in run(capsys, "--resume", "-o", "out", code=3)["error"]["message"]


def ended(folder: Path) -> Batch:
    outcome = BatchOutcome((), (1,), 3.0, 2.0)
    items = [BatchItem(k, folder / f"{k}.mp4", f"{k}") for k in range(1, 5)]
    error = NoFaceError("No face was found in “2.mp4”.", "Choose another.")
    return Batch(
        folder,
        (items[0].begun().done(outcome), items[1].begun().failed(error), items[2].skipped("It exists."), items[3]),
    )


def test_the_summary_says_it_in_three_forms(tmp_path: Path) -> None:
    batch = ended(tmp_path)
    data = summary_json(batch)
    assert (data["done"], data["failed"], data["skipped"], data["waiting"]) == (1, 1, 1, 1)
    assert data["items"][1]["error"] == {
        "code": "no_face", "message": "No face was found in “2.mp4”.", "remedy": "Choose another.",
    }  # fmt: skip
    assert counts_text(batch) == "4 files: 1 done, 1 failed, 1 skipped, 1 not done yet."
    text = summary_text(batch)
    assert text.index("Failed:") < text.index("Skipped:") < text.index("Not done yet:") < text.index("Done:")
    assert write_summary(batch).read_text(encoding="utf-8") == text + "\n"
    assert json.loads((tmp_path / "summary.json").read_text()) == data


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def screen(text: str) -> list[str]:
    """What a terminal shows of text that goes up and clears below."""
    lines = [""]
    for part in re.split(r"(\x1b\[\d+A|\x1b\[J|\n)", text):
        if part == "\n":
            lines.append("")
        elif part.endswith("A") and part.startswith("\x1b"):
            lines = [*lines[: -int(part[2:-1]) - 1], ""]
        elif part != "\x1b[J":
            lines[-1] += part
    return lines


def told(stream: io.StringIO, form: str, folder: Path) -> LiveTable:
    batch = Batch(folder, tuple(BatchItem(k, folder / f"film\x1b{k}.mp4", f"{k}") for k in (1, 2)))
    live = LiveTable(stream, batch, form=form)
    first = batch.items[0].begun()
    live.show(first, None)
    live.show(first, Progress("Isolating the voice", 1, 4))
    live.show(first.done(BatchOutcome((), (1,), 3.0, 2.0)), None)
    second = batch.items[1].begun()
    live.show(second, None)
    live.show(second.failed(NoFaceError("No face.")), None)
    return live


def test_the_table_is_renewed_in_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.cli.live._UPDATES_PER_S", 1e9)
    monkeypatch.setenv("COLUMNS", "120")
    stream = Terminal()
    live = told(stream, "auto", tmp_path)
    assert "25%  Isolating the voice" in stream.getvalue()
    assert screen(stream.getvalue()) == [
        r"film\x1b1.mp4: done in 2 s, 1",
        r"film\x1b2.mp4: failed. No face.",
        "  1 of 2 done, 1 failed",
        "",
    ]
    live.close()
    assert screen(stream.getvalue()) == [r"film\x1b1.mp4: done in 2 s, 1", r"film\x1b2.mp4: failed. No face.", ""]


def test_without_a_terminal_there_is_a_line_for_each_file(tmp_path: Path) -> None:
    stream = io.StringIO()
    told(stream, "auto", tmp_path).close()
    assert stream.getvalue() == "[1/2] film\\x1b1.mp4: done in 2 s, 1\n[2/2] film\\x1b2.mp4: failed. No face.\n"
    quiet = io.StringIO()
    told(quiet, "none", tmp_path).close()
    assert quiet.getvalue() == ""


def test_progress_as_json(tmp_path: Path) -> None:
    stream = io.StringIO()
    told(stream, "json", tmp_path).close()
    events = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [event["status"] for event in events] == ["running", "running", "done", "running", "failed"]
    assert events[1] == {
        "item": 1, "input": str(tmp_path / "film\x1b1.mp4"), "status": "running", "stage": "Isolating the voice",
        "fraction": 0.25,
    }  # fmt: skip


@pytest.mark.parametrize(("free", "workers"), [(None, 4), (100 * 2**30, 4), (5 * 2**30, 2), (1, 1)])
def test_workers_fit_into_the_memory(monkeypatch: pytest.MonkeyPatch, free: int | None, workers: int) -> None:
    monkeypatch.setattr(runner, "free_memory_bytes", lambda: free)
    assert runner.allowed_workers(4, 9) == workers
    assert runner.allowed_workers(4, 1) == 1


def test_free_memory_is_known_here() -> None:
    free = runner.free_memory_bytes()
    assert free is None or 2**20 < free < 2**50


def test_a_batch_is_gone_on_with_as_it_was_begun(
    engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On how many cores a file is computed decides on its last bits: neither the memory nor what is left may."""
    crews: list[tuple[int, int]] = []

    def stop(count: int, threads: int, **_: bool) -> None:
        crews.append((count, threads))
        raise JobCancelled

    monkeypatch.setattr("engine.cli.batch.Processes", stop)
    monkeypatch.setattr("engine.batch.runner.physical_cores", lambda: 8)
    monkeypatch.setattr(runner, "free_memory_bytes", lambda: 100 * 2**30)

    def batch(*arguments: str) -> tuple[int, int]:
        run(capsys, *arguments, "-o", "out", code=JobCancelled.exit_code)
        return crews[-1]

    assert batch("talk.mp4", "sub/talk.mp4", "--name", "{number}", "--workers", "4") == (2, 2)
    path = queue_path(Path("out"))
    begun = load_batch(path)
    save_batch(path, begun.with_item(begun.items[0].begun().done(BatchOutcome((), (1,), 14.0, 1.0))))
    assert batch("--resume") == (1, 2)
    monkeypatch.setattr(runner, "free_memory_bytes", lambda: 1)
    save_batch(path, begun)
    assert batch("--resume") == (1, 2)
    assert batch("--resume", "--workers", "1") == batch("--resume") == (1, 8)
