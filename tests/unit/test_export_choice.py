"""Who is meant, what OUT means, and what is refused before any work."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.errors import NoFaceError, OutputError, OutputExistsError, UsageError
from engine.export.people import choose_people
from engine.export.target import check_space, file_stems, find_target, plan_files, timeline_stem
from engine.types import AudioInfo, SeparationRequest
from tests.helpers.fake_isolation import FakeEngine


@pytest.fixture
def engine(tmp_path: Path) -> FakeEngine:
    return FakeEngine(tmp_path, tmp_path / "talk.mp4")


def _request(engine: FakeEngine, output: str = "out", **options: Any) -> SeparationRequest:
    return SeparationRequest(engine.video, engine.folder / output, **options)


def _ids(engine: FakeEngine, **options: Any) -> list[int]:
    return [person.id for person in choose_people(engine.find_faces(engine.video), _request(engine, **options))]


def test_people_by_id_keep_the_order_and_come_once(engine: FakeEngine) -> None:
    assert _ids(engine, person_ids=(2, 1, 2)) == [2, 1]
    assert _ids(engine, everyone=True) == [1, 2]


def test_people_carry_the_names_that_the_user_gave(engine: FakeEngine) -> None:
    request = _request(engine, everyone=True, labels=((2, "Anna / Bob"),))
    people = choose_people(engine.find_faces(engine.video), request)
    assert [person.label for person in people] == ["Person 1", "Anna / Bob"]
    assert "/" not in file_stems(people)[1] and "Anna" in file_stems(people)[1]


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ((0.0, 161, 101), 1),
        ((0.0, 330, 150), 2),
        ((0.5, 164, 150), 1),  # the box has moved to 165: one pixel outside of it
        ((1.0, 259, 150), 1),  # 9 px right of the face
        ((1.0, 300, 150), 2),  # 30 px left of person 2, 50 px right of person 1
        ((2.0, 255, 195), 1),  # after the last box the last one holds
        ((1.0, 200, 239), 1),  # 39 px below: within half a box width
    ],
)
def test_people_by_a_point(engine: FakeEngine, at: tuple[float, float, float], expected: int) -> None:
    assert _ids(engine, at=at) == [expected]


def test_a_point_without_a_face_says_who_is_where(engine: FakeEngine) -> None:
    with pytest.raises(UsageError, match=r"\(600, 10\).*at 1 s") as caught:
        _ids(engine, at=(1.0, 600, 10))
    assert "Person 1 at x 170 to 250, y 100 to 200" in caught.value.remedy
    assert "Person 2 at x 330 to 410" in caught.value.remedy


def test_a_time_without_faces_says_when_they_are_seen(engine: FakeEngine) -> None:
    with pytest.raises(UsageError) as caught:
        _ids(engine, at=(2.9, 200, 150))
    assert "no face is seen" in caught.value.remedy and "Person 1 from 0.0 s to 2.5 s" in caught.value.remedy


@pytest.mark.parametrize(
    "options",
    [{}, {"person_ids": (1,), "everyone": True}, {"everyone": True, "at": (0, 0, 0)}, {"at": (float("nan"), 1, 1)}],
)
def test_exactly_one_way_of_choosing(engine: FakeEngine, options: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        _ids(engine, **options)


def test_an_unknown_person_names_those_that_are_there(engine: FakeEngine) -> None:
    engine.labels = ("Person 1", "Ann")
    with pytest.raises(UsageError, match="no person 7") as caught:
        _ids(engine, person_ids=(1, 7))
    assert "1, 2 (Ann)" in caught.value.remedy


def test_nobody_in_the_picture(engine: FakeEngine) -> None:
    engine.labels = ()
    with pytest.raises(NoFaceError) as caught:
        _ids(engine, everyone=True)
    assert caught.value.exit_code == 3


@pytest.mark.parametrize(
    ("output", "format", "kind", "expected"),
    [
        ("a.wav", None, "sound", "wav"),
        ("a.FLAC", None, "sound", "flac"),
        ("a.m4a", "m4a", "sound", "m4a"),
        ("a.mkv", None, "video", "mkv"),
        ("folder", None, "folder", "wav"),
        ("folder", "opus", "folder", "opus"),
    ],
)
def test_what_out_means(engine: FakeEngine, output: str, format: str | None, kind: str, expected: str) -> None:
    target = find_target(_request(engine, output, format=format))
    assert (target.kind, target.format) == (kind, expected)


@pytest.mark.parametrize(
    ("output", "options", "words"),
    [
        ("a.mp3", {}, r"\.mp3"),
        ("a.wav", {"format": "flac"}, "ends in .wav, but the format is flac"),
        ("folder", {"format": "mp4"}, "folder"),
        ("folder", {"format": "ogg"}, "no format 'ogg'"),
        ("a.mp4", {"picture": "none"}, "picture was not wanted"),
        ("talk.mp4", {"overwrite": True}, "is the video itself"),
    ],
)
def test_what_out_cannot_be(engine: FakeEngine, output: str, options: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        find_target(_request(engine, output, **options))


def test_an_existing_folder_is_a_folder_whatever_its_name(engine: FakeEngine) -> None:
    (engine.folder / "takes.v2").mkdir()
    assert find_target(_request(engine, "takes.v2")).kind == "folder"


def test_nothing_is_overwritten_unasked(engine: FakeEngine) -> None:
    (engine.folder / "a.wav").write_bytes(b"precious")
    with pytest.raises(OutputExistsError, match="exists already"):
        find_target(_request(engine, "a.wav"))
    assert find_target(_request(engine, "a.wav", overwrite=True)).kind == "sound"
    (engine.folder / "dangling.wav").symlink_to(engine.folder / "gone.wav")
    with pytest.raises(OutputExistsError):
        find_target(_request(engine, "dangling.wav"))


@pytest.mark.parametrize("name", ["Person 2.wav", "rest.wav", "talk.otio", "report.json"])
def test_one_existing_file_in_a_folder_is_enough(engine: FakeEngine, name: str) -> None:
    (engine.folder / "out").mkdir()
    (engine.folder / "out" / name).write_text("x")
    request = _request(engine, everyone=True)
    target, people = find_target(request), engine.find_faces(engine.video).people
    with pytest.raises(OutputExistsError, match=name):
        plan_files(target, request, people)
    assert plan_files(target, replace(request, overwrite=True), people)[-1].kind == "report"


@pytest.mark.parametrize("output", ["missing/a.wav", "missing/deeper/folder"])
def test_a_missing_folder_is_named(engine: FakeEngine, output: str) -> None:
    with pytest.raises(OutputError, match="is not there"):
        find_target(_request(engine, output))


def test_a_file_is_not_a_folder(engine: FakeEngine) -> None:
    (engine.folder / "out").write_text("x")
    with pytest.raises(OutputExistsError, match="is a file, not a folder"):
        find_target(_request(engine, "out", overwrite=True))


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="permissions do not bind this user")
def test_a_folder_without_permission(engine: FakeEngine) -> None:
    closed = engine.folder / "closed"
    closed.mkdir(mode=0o500)
    with pytest.raises(OutputError, match="permission"):
        find_target(_request(engine, "closed/a.wav"))


def test_a_read_only_disk(engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    with pytest.raises(OutputError, match="read-only"):
        find_target(_request(engine, "a.wav"))


def test_several_voices_need_a_folder_or_tracks(engine: FakeEngine) -> None:
    people = engine.find_faces(engine.video).people
    for output, count in (("a.mp4", 1), ("out", 5)):
        request = _request(engine, output)
        assert len(plan_files(find_target(request), request, people)) == count
    request = _request(engine, "a.wav")
    with pytest.raises(UsageError, match="2 voices do not fit into one file"):
        plan_files(find_target(request), request, people)


def test_space_is_estimated(engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    sound = AudioInfo(1, "aac", 48_000, 2, "stereo", 0.0)

    def needs(output: str, free: int) -> bool:
        usage = shutil.disk_usage(engine.folder)._replace(free=free)
        monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
        request = _request(engine, output)
        try:
            check_space(find_target(request), request, sound, 3600.0, 1)
        except OutputError as error:
            assert "GB" in error.message or "MB" in error.message
            return True
        return False

    hour_of_float = 3600 * 48_000 * 2 * 4
    assert needs("a.wav", hour_of_float) and not needs("a.wav", hour_of_float + 20_000_000)
    assert needs("out", 2 * hour_of_float) and not needs("out", 2 * hour_of_float + 20_000_000)
    assert not needs("a.m4a", 200_000_000) and needs("a.m4a", 100_000_000)
    engine.video.write_bytes(bytes(5_000_000))
    assert needs("a.mp4", 3600 * 64_000 + 16 * 2**20) and not needs("a.mp4", 3600 * 64_000 + 25_000_000)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (("Ann", "ann"), ["Ann", "ann (2)"]),
        (("Rest", "report"), ["Rest (2)", "report (2)"]),
        (("a/b\\c:d*e", "x\ny"), ["a_b_c_d_e", "x_y"]),
        (("", " .. "), ["Person 1", "Person 2"]),
        (("CON", "-rf"), ["CON_", "rf"]),
        (("é" * 100, "Zoë 🎤"), ["é" * 60, "Zoë 🎤"]),
        (("\udcff",), ["_"]),
    ],
)
def test_file_names_from_labels(engine: FakeEngine, labels: tuple[str, ...], expected: list[str]) -> None:
    engine.labels = labels
    assert file_stems(engine.find_faces(engine.video).people) == expected


def test_timeline_is_named_after_the_video() -> None:
    assert timeline_stem(Path("a/My: talk.mp4")) == "My_ talk"
    assert timeline_stem(Path("a/...mp4")) == "timeline"
