"""The queue and its file: changes, what is read back, and what is refused."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.batch.item import Batch, BatchItem, BatchOptions, BatchOutcome, PersonRule
from engine.batch.store import load_batch, opened, queue_path, save_batch
from engine.errors import InputError, NoSoundError, OutputError
from engine.types import OutputFile

OUTCOME = BatchOutcome((OutputFile(Path("a/Anna.wav"), 1, "voice"),), (1,), 9.5, 3.25, ("Weak.",))


def items(folder: Path) -> tuple[BatchItem, ...]:
    options = BatchOptions("voice", "flac", "tiny", "cpu", (1.5, math.inf), 0.25, "hold", -16.0, "none", 2)
    return (
        BatchItem(1, folder / "a 🎤.mp4", "a").begun().done(OUTCOME),
        BatchItem(2, folder / "b\n.mp4", "b.flac", PersonRule("person", 2), options).begun(),
        BatchItem(4, folder / "c.mp4", "c", PersonRule("photo", photo=folder / "Anna.jpg"), duration_s=2.0),
        BatchItem(5, folder / "d.mp4", "d", PersonRule("same", 1, video=folder / "a.mp4")).failed(
            NoSoundError("“d.mp4” has no sound.", "Choose another.", details="why")
        ),
        BatchItem(6, folder / "bad\udcff.mp4", "e/f", PersonRule("everyone")).skipped("“e/f” exists already."),
    )


@pytest.fixture
def batch(tmp_path: Path) -> Batch:
    return Batch(tmp_path, items(tmp_path), "skip", workers=3)


def test_what_is_written_is_read_back(batch: Batch, tmp_path: Path) -> None:
    save_batch(queue_path(tmp_path), batch)
    assert load_batch(queue_path(tmp_path)) == batch
    assert [path.name for path in tmp_path.iterdir()] == ["avsep-batch.json"]


def test_a_folder_that_was_moved_takes_its_batch_along(batch: Batch, tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    save_batch(tmp_path / "old" / "avsep-batch.json", replace(batch, folder=tmp_path / "old"))
    (tmp_path / "old").rename(tmp_path / "new")
    assert load_batch(tmp_path / "new" / "avsep-batch.json").folder == tmp_path / "new"
    save_batch(tmp_path / "apart.json", replace(batch, folder=tmp_path / "new"))
    assert load_batch(tmp_path / "apart.json").folder == tmp_path / "new"


def test_a_queue_that_cannot_be_written_leaves_the_old_one(batch: Batch, tmp_path: Path, monkeypatch) -> None:
    path = queue_path(tmp_path)
    save_batch(path, batch)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OutputError, match="no space left"):
        save_batch(path, batch.without([1]))
    assert load_batch(path) == batch


def changed(data: dict[str, Any], place: str, value: object) -> None:
    *steps, last = place.split("/")
    target: Any = data
    for step in steps:
        target = target[int(step) if step.isdecimal() else step]
    target[last] = value


@pytest.mark.parametrize(
    ("place", "value", "words"),
    [
        ("folder", 3, "“folder” is 3, which is not a text"),
        ("existing", "maybe", "“existing” is 'maybe', not one of refuse, skip, overwrite"),
        ("workers", "two", "'two' is not a whole number"),
        ("items", {}, "“items” is {}, which is not a list"),
        ("items/0/status", "lost", r"items\[0\]: “status” is 'lost'"),
        ("items/0/outcome", None, r"items\[0\]: status, outcome and error do not go together"),
        ("items/0/outcome/outputs/0/path", "/etc/passwd", "is no place in the folder"),
        ("items/1/output", "../b", r"items\[1\]: “output” is '../b', which is no place in the folder"),
        ("items/1/output", "C:/b", "is no place in the folder"),
        ("items/1/output", "", "is no place in the folder"),
        ("items/1/rule/person", None, r"items\[1\]: rule: “kind” is 'person', but what it needs is not there"),
        ("items/1/options/mix_back", True, r"items\[1\]: options: “mix_back” is True, which is not a number"),
        ("items/1/options/range_s", [1], "which is no range"),
        ("items/1/id", 1, "items: an id is there twice"),
        ("items/1/attempts", -1, "-1 is not a whole number"),
        ("items/2/input", None, r"items\[2\]: “input” is None, which is not a text"),
    ],
)
def test_a_damaged_queue_says_where(batch: Batch, tmp_path: Path, place: str, value: object, words: str) -> None:
    path = queue_path(tmp_path)
    save_batch(path, batch)
    data = json.loads(path.read_text())
    changed(data, place, value)
    path.write_text(json.dumps(data))
    with pytest.raises(InputError, match=words):
        load_batch(path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "it is not JSON"), ("[" * 100_000, "it is not JSON"), ("[]", "is not a batch of AVSep"),
        ('{"format": "avsep-batch", "version": 2}', "later AVSep"), ('{"format": "avsep-batch"}', "“folder” is None"),
    ],
)  # fmt: skip
def test_what_is_no_queue(tmp_path: Path, text: str, words: str) -> None:
    queue_path(tmp_path).write_text(text)
    with pytest.raises(InputError, match=words):
        load_batch(queue_path(tmp_path))


def test_no_queue(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="was not found"):
        load_batch(queue_path(tmp_path))


def test_it_is_held_by_one(tmp_path: Path) -> None:
    with opened(tmp_path), pytest.raises(OutputError, match="worked on elsewhere"), opened(tmp_path):
        pass
    with opened(tmp_path) as path:
        assert path == queue_path(tmp_path)


def test_the_life_of_a_file(tmp_path: Path) -> None:
    item = BatchItem(1, tmp_path / "a.mp4", "a")
    begun = item.begun()
    assert (begun.status, begun.attempts) == ("running", 1)
    failed = begun.failed(NoSoundError("No sound.", "Another."))
    assert failed.error is not None and (failed.status, failed.error.code) == ("failed", "no_sound")
    again = failed.waiting().begun().done(OUTCOME)
    assert (again.status, again.attempts, again.error, again.duration_s) == ("done", 2, None, 9.5)


def test_order_adding_and_removing(batch: Batch) -> None:
    def ids(changed: Batch) -> list[int]:
        return [item.id for item in changed.items]

    assert ids(batch.moved([4, 6], 0)) == [4, 6, 1, 2, 5]
    assert ids(batch.moved([1, 2], 5)) == [4, 5, 6, 1, 2]
    assert ids(batch.moved([4], 2)) == ids(batch)
    added = batch.without([6]).with_new([BatchItem(0, Path("x"), "x"), BatchItem(0, Path("y"), "y")])
    assert ids(added) == [1, 2, 4, 5, 6, 7]
    assert batch.next() == batch.items[2]
    assert batch.interrupted().next() == batch.items[1].waiting()
    assert batch.to_retry().count("waiting") == 2 and not batch.finished
    assert batch.without([2, 4]).finished
