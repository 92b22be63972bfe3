"""One file of a batch: whose voice, done once wherever the process is killed, and nothing of others replaced."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine import api
from engine.batch import rules, work
from engine.batch.item import Batch, BatchItem, BatchOptions, BatchOutcome, Existing, PersonRule
from engine.batch.store import WORK_NAME, load_batch, queue_path, save_batch
from engine.errors import InputError, NoFaceError, OutputError, OutputExistsError, UsageError
from engine.jobs import CancelToken, ignore_progress
from engine.locks import held
from tests.helpers.fake_isolation import FakeEngine, installed


class Killed(BaseException):
    """Stands for the end of the process."""


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    return installed(tmp_path, monkeypatch)


@pytest.fixture
def item(engine: FakeEngine) -> BatchItem:
    return BatchItem(7, engine.video, "sub/talk", PersonRule("everyone"), BatchOptions(format="wav", model="tiny"))


def do(folder: Path, item: BatchItem, existing: Existing = "refuse") -> BatchOutcome:
    return work.do_item(folder, item, existing, on_progress=ignore_progress, cancel=CancelToken())


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.suffix in (".wav", ".otio"))
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_a_folder_and_what_is_told_of_it(item: BatchItem, tmp_path: Path) -> None:
    outcome = do(tmp_path / "out", item)
    told = [(output.path.as_posix(), output.person, output.kind) for output in outcome.outputs]
    assert told[:3] == [
        ("sub/talk/Person 1.wav", 1, "voice"),
        ("sub/talk/Person 2.wav", 2, "voice"),
        ("sub/talk/rest.wav", None, "rest"),
    ]
    assert all((tmp_path / "out" / path).is_file() for path, _, _ in told)
    assert outcome.people == (1, 2) and outcome.duration_s == 3.0


@pytest.mark.parametrize(("write", "output"), [("voice", "a.b.flac"), ("folder", "v1.2")])
def test_names_with_dots_stay_what_they_are(item: BatchItem, tmp_path: Path, write: str, output: str) -> None:
    options = BatchOptions(write=write, format="flac" if write == "voice" else "wav", model="tiny")
    outcome = do(tmp_path / "out", replace(item, output=output, options=options, rule=PersonRule()))
    assert (tmp_path / "out" / output).is_file() == (write == "voice")
    assert outcome.people == (1,)


@pytest.mark.parametrize("existing", ["refuse", "overwrite"])
def test_killed_at_any_rename_it_is_done_once(
    item: BatchItem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, existing: Existing
) -> None:
    do(tmp_path / "whole", item)
    wanted = contents(tmp_path / "whole")
    plain, separate = Path.replace, api.separate
    computed: list[int] = []
    monkeypatch.setattr(api, "separate", lambda *args, **options: computed.append(1) or separate(*args, **options))
    for last in range(100):
        folder, left = tmp_path / f"killed {last}", [last]
        if existing == "overwrite":
            (folder / "sub" / "talk").mkdir(parents=True)
            (folder / "sub" / "talk" / "rest.wav").write_text("old")

        def replace_until(path: Path, target: Path, left: list[int] = left) -> Path:
            left[0] -= 1
            if left[0] < 0:
                raise Killed
            return plain(path, target)

        monkeypatch.setattr(Path, "replace", replace_until)
        try:
            do(folder, item, existing)
            killed = False
        except Killed:
            killed = True
        monkeypatch.setattr(Path, "replace", plain)
        had_receipt = (work.work_folder(folder, item.id) / "receipt.json").exists()
        computed.clear()
        outcome = do(folder, item, existing)
        assert contents(folder) == wanted
        assert len(computed) == (0 if had_receipt else 1)
        assert len(outcome.outputs) == 5
        if not killed:
            break
    assert last > 5, "it was not killed in the middle of anything"


def test_a_receipt_of_other_work_does_not_count(item: BatchItem, tmp_path: Path, engine: FakeEngine) -> None:
    do(tmp_path / "out", item)
    other = replace(item, rule=PersonRule("person", 2), output="two")
    assert do(tmp_path / "out", other).people == (2,)
    assert (tmp_path / "out" / "two" / "Person 2.wav").exists()
    receipt = work.work_folder(tmp_path / "out", item.id) / "receipt.json"
    receipt.write_text("[" * 100_000)
    assert do(tmp_path / "out", replace(other, output="three")).people == (2,)


@pytest.mark.parametrize("moves", [[["out", "../elsewhere"]], [["../out", "x"]], [["out"]], [7], {}, None])
def test_a_receipt_cannot_lead_out_of_the_folder(item: BatchItem, tmp_path: Path, moves: object) -> None:
    """It counts for nothing: the work is begun again."""
    do(tmp_path / "out", item)
    path = work.work_folder(tmp_path / "out", item.id) / "receipt.json"
    receipt = json.loads(path.read_text())
    (path.parent / "out").mkdir()
    receipt["moves"] = moves
    path.write_text(json.dumps(receipt))
    with pytest.raises(OutputExistsError):
        do(tmp_path / "out", item)
    assert do(tmp_path / "out", item, "overwrite").people
    assert not (tmp_path / "elsewhere").exists()


def test_what_is_there_is_not_replaced_unasked(item: BatchItem, tmp_path: Path, engine: FakeEngine) -> None:
    place = tmp_path / "out" / "sub" / "talk"
    place.mkdir(parents=True)
    (place / "rest.wav").write_text("mine")
    with pytest.raises(OutputExistsError, match="exists already"):
        do(tmp_path / "out", item)
    assert not engine.requests and (place / "rest.wav").read_text() == "mine"
    do(tmp_path / "out", item, "overwrite")
    assert (place / "rest.wav").read_bytes()[:4] == b"RIFF"


def test_what_came_while_it_worked_is_not_replaced_and_nothing_is_lost(
    item: BatchItem, tmp_path: Path, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = replace(item, output="talk.wav", rule=PersonRule(), options=BatchOptions("voice", "wav", "tiny"))
    isolate = engine.isolate

    def isolate_meanwhile(*args: object, **options: object) -> object:
        (tmp_path / "out" / "talk.wav").write_text("theirs")
        return isolate(*args, **options)

    monkeypatch.setattr(api, "isolate", isolate_meanwhile)
    with pytest.raises(OutputExistsError):
        do(tmp_path / "out", one)
    assert (tmp_path / "out" / "talk.wav").read_text() == "theirs"
    (tmp_path / "out" / "talk.wav").unlink()
    count = len(engine.requests)
    do(tmp_path / "out", one)  # the result was kept: it only had to be moved
    assert len(engine.requests) == count and (tmp_path / "out" / "talk.wav").read_bytes()[:4] == b"RIFF"


def test_one_process_at_a_time(item: BatchItem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "_WAIT_S", 0.1)
    lock = tmp_path / "out" / WORK_NAME / "7.lock"
    with held(lock, "", ""), pytest.raises(OutputError, match="worked on elsewhere"):
        do(tmp_path / "out", item)
    do(tmp_path / "out", item)


def test_sweeping_keeps_what_is_still_needed(item: BatchItem, tmp_path: Path) -> None:
    out = tmp_path / "out"
    outcome = do(out, item)
    batch = Batch(out, (item.begun().done(outcome), replace(item, id=8)))
    root = out / WORK_NAME
    (root / "lock").touch()
    (root / "8").mkdir()  # of an interrupted run, without a receipt
    (root / "9").mkdir()  # of a file that was removed
    work.sweep(batch)
    assert [path.name for path in root.iterdir()] == ["lock"]
    work.sweep(batch.without([8]))
    assert not root.exists()


def test_receipts_go_when_the_queue_says_what_is_done(item: BatchItem, tmp_path: Path) -> None:
    """Killed after the end of a batch that was not saved for the last time, its last file would be done again."""
    out = tmp_path / "out"
    out.mkdir()
    save_batch(queue_path(out), Batch(out, (item.begun(),)))
    ended = Batch(out, (item.begun().done(do(out, item)),))
    with api.hold_batch(out):
        api.end_batch(ended)
    assert not (out / WORK_NAME).exists()
    assert load_batch(queue_path(out)) == ended


@pytest.mark.parametrize(
    ("rule", "people"),
    [(PersonRule(), (1,)), (PersonRule("everyone"), (1, 2)), (PersonRule("person", 2), (2,))],
)
def test_rules_without_faces(engine: FakeEngine, rule: PersonRule, people: tuple[int, ...]) -> None:
    found = rules.people_for(rule, engine.find_faces(engine.video), on_progress=ignore_progress, cancel=CancelToken())
    assert found == people


def test_rules_by_face(engine: FakeEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = {1: np.full(128, 0.1), 2: np.full(128, 0.12)}
    people = iter([1, 2] * 10)
    monkeypatch.setattr("engine.vision.reference.face_of_thumbnail", lambda _: vectors[next(people)])
    analysis = engine.find_faces(engine.video)

    def of(vector: np.ndarray) -> tuple[int, ...]:
        monkeypatch.setattr(rules, "face_of_photo", lambda _: vector)
        rule = PersonRule("photo", photo=tmp_path / "Anna.jpg")
        return rules.people_for(rule, analysis, on_progress=ignore_progress, cancel=CancelToken())

    assert of(vectors[2]) == (2,)
    assert of(vectors[1] - 0.01) == (1,)
    with pytest.raises(NoFaceError, match=r"Nobody in “talk\.mp4” looks like the person on “Anna\.jpg”"):
        of(np.full(128, 0.9))


def test_rules_that_cannot_be(engine: FakeEngine, tmp_path: Path) -> None:
    def people(rule: PersonRule) -> tuple[int, ...]:
        analysis = engine.find_faces(engine.video)
        return rules.people_for(rule, analysis, on_progress=ignore_progress, cancel=CancelToken())

    with pytest.raises(UsageError, match="no person 3"):
        people(PersonRule("person", 3))
    with pytest.raises(InputError, match="no photo"):
        people(PersonRule("photo", photo=tmp_path / "none.jpg"))
    engine.labels = ()
    with pytest.raises(NoFaceError):
        people(PersonRule())


def test_the_same_file_needs_no_comparison(engine: FakeEngine) -> None:
    rule = PersonRule("same", 2, video=engine.video)
    analysis = engine.find_faces(engine.video)
    assert rules.people_for(rule, analysis, on_progress=ignore_progress, cancel=CancelToken()) == (2,)
