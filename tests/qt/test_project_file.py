"""The project file: what comes back, what is kept, and every file that is no project."""

from __future__ import annotations

import json
import os
import stat
import sys
from dataclasses import replace
from pathlib import Path

import fake_engine
import pytest

from avsep_gui.recovery import Recovery, abandoned
from avsep_gui.state.document import ListenMode
from avsep_gui.state.project import (
    Fingerprint,
    PersonMark,
    Project,
    differs,
    fingerprint,
    mark,
    match,
    project_text,
    said_path,
    write_project,
)
from avsep_gui.state.project_reader import MOST_BYTES, parse_project, read_project
from engine.errors import InputError

unix = pytest.mark.skipif(sys.platform == "win32", reason="modes, pipes and devices of Unix")
WHOLE = Project(
    video="films/talk.mp4",
    content=Fingerprint(123, "blake2b:00ff"),
    model="guest-fast",
    people=(PersonMark(1, "Anna", 0.2, (60.0, 80.0, 180.0, 230.0)), PersonMark(2)),
    picked=1,
    mode=ListenMode.REST,
    mix_back=0.25,
    range_s=(1.5, 7.0),
    playhead_s=6.125,
    view_s=(4.0, 9.0),
)
LEAST = {"format": "avsep-project", "version": 1, "video": {"path": "talk.mp4"}}


def refusal(data, name="x.avsep"):
    with pytest.raises(InputError) as caught:
        parse_project(data if isinstance(data, bytes) else json.dumps(data).encode(), name)
    error = caught.value
    assert "\n" not in error.message
    assert len(error.message) < 200
    return error.message


def test_what_is_written_is_what_is_read(tmp_path):
    path = tmp_path / "talk – größe.avsep"
    write_project(path, WHOLE)
    assert read_project(path) == WHOLE
    text = path.read_text(encoding="utf-8")
    assert '"selection_s": [1.5, 7.0]' in text
    assert list(json.loads(text))[:2] == ["format", "version"]
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_the_least_project_has_defaults():
    project = parse_project(json.dumps(LEAST).encode(), "x")
    assert project == Project("talk.mp4")


def test_names_with_quotes_emoji_brackets_and_broken_letters_come_back():
    for name in ('O\'Hara "Q"', "👩‍👧 [ 1, 2 ]", "שלום", "a\\b"):
        project = replace(WHOLE, people=(PersonMark(1, name),))
        assert parse_project(project_text(project).encode(), "x").people[0].name == name
    raw = {**LEAST, "people": [{"id": 1, "name": "An\ud800na\n"}]}
    assert parse_project(json.dumps(raw).encode(), "x").people[0].name == "Anna"
    odd = replace(WHOLE, video=os.fsdecode(b"caf\xe9.mp4"))
    assert parse_project(project_text(odd).encode(), "x").video == odd.video


def test_keys_of_others_are_kept(tmp_path):
    path = tmp_path / "x.avsep"
    raw = json.loads(project_text(WHOLE))
    raw["later"] = {"a": [1, {"b": None}]}
    raw["video"]["reel"] = "A001"
    raw["listening"]["room"] = True
    raw["people"][0]["role"] = "guest"
    path.write_text(json.dumps(raw))
    project = read_project(path)
    write_project(path, replace(project, picked=2))
    again = json.loads(path.read_text())
    assert again == {**raw, "picked": 2}


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "x.avsep"
    write_project(path, WHOLE)

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_project(path, replace(WHOLE, picked=2))
    assert read_project(path) == WHOLE
    assert len(list(tmp_path.iterdir())) == 1


def test_a_read_only_project_is_not_replaced(tmp_path, monkeypatch):
    path = tmp_path / "x.avsep"
    write_project(path, WHOLE)
    monkeypatch.setattr(os, "access", lambda path, how: False)  # the user of the tests may write everything
    with pytest.raises(PermissionError):
        write_project(path, replace(WHOLE, picked=2))
    assert read_project(path) == WHOLE


@unix
def test_the_mode_of_the_file_is_kept(tmp_path):
    path = tmp_path / "x.avsep"
    write_project(path, WHOLE)
    path.chmod(0o640)
    write_project(path, WHOLE)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_videos_beside_and_below_are_named_relative():
    folder = Path("/a/b")
    assert said_path(Path("/a/b/talk.mp4"), folder) == "talk.mp4"
    assert said_path(Path("/a/b/c/../d/talk.mp4"), folder) == "d/talk.mp4"
    assert said_path(Path("/a/talk.mp4"), folder) == str(Path("/a/talk.mp4").absolute())


def test_a_video_is_found_beside_the_project_whatever_system_named_it(tmp_path):
    (tmp_path / "talk.mp4").write_bytes(b"12345")
    for said in ("gone/talk.mp4", "/nowhere/talk.mp4", r"C:\films\talk.mp4"):
        assert Project(said).find_video(tmp_path) == tmp_path / "talk.mp4"
        assert Project(said).video_name == "talk.mp4"
    other = Project("/nowhere/talk.mp4", content=Fingerprint(6, ""))
    assert other.find_video(tmp_path) is None


def test_fingerprints_tell_files_apart(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    data = bytearray(3 << 20)
    one.write_bytes(data)
    two.write_bytes(data)
    assert not differs(fingerprint(one), fingerprint(two))
    data[-1] = 1
    two.write_bytes(data)
    assert differs(fingerprint(one), fingerprint(two))
    two.write_bytes(data[:-1])
    assert differs(fingerprint(one), fingerprint(two))
    assert not differs(Fingerprint(), fingerprint(one))
    (tmp_path / "small").write_bytes(b"")
    assert fingerprint(tmp_path / "small").size_bytes == 0
    with pytest.raises(OSError, match="not a file"):
        fingerprint(tmp_path)


def test_people_are_found_again_by_their_faces():
    people = fake_engine.find_faces(Path("talk.mp4")).people
    marks = [mark(people[0], "Anna"), mark(people[1], "Ben")]
    assert match(marks, people) == {1: 1, 2: 2}
    swapped = (replace(people[0], id=2), replace(people[1], id=1))
    assert match(marks, swapped) == {1: 2, 2: 1}
    assert match(marks, people[:1]) == {1: 1}
    elsewhere = replace(marks[0], box_px=(400.0, 300.0, 420.0, 340.0))
    assert match([elsewhere], people) == {}
    later = replace(marks[0], first_s=500.0)
    assert match([later], people) == {}
    assert match([PersonMark(2)], people) == {2: 2}


def changed(**changes):
    return {**LEAST, **changes}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00\x01\x02",
        b"\xff\xfe{}",
        b"not json",
        b"[" * 100_000,
        b'{"a":' * 900 + b"1" + b"}" * 900,
        b'{"format": "avsep-project", "version": 1, "video": {"path": "a"}, "x": ' + b"[" * 50 + b"]" * 50 + b"}",
        b"9" * 5000,
        b"[" + b"0," * 200_000 + b"0]",
        b'{"format": "avsep-project", "version": 1, "video": {"path": "a"}, "playhead_s": NaN}',
        b'{"format": "avsep-project", "version": 1, "video": {"path": "a"}, "playhead_s": -Infinity}',
        b'{"format": "avsep-project", "version": 1, "video": {"path": "a"}, "anything": 1e999}',
        b'{"format": "avsep-project", "version": 1, "video": {"path": "a"}, "anything": 1' + b"0" * 400 + b"}",
    ],
    ids=range(13),
)
def test_what_is_no_json_or_no_number_is_refused(data):
    assert "“x.avsep” is no project of AVSep, or it is damaged" in refusal(data)


@pytest.mark.parametrize("data", [[], "text", 3, None, {}, {"format": "other"}, {"format": ["avsep-project"]}])
def test_other_json_is_no_project(data):
    assert refusal(data) == "“x.avsep” is no project of AVSep."


def test_a_newer_version_is_said_to_be_newer():
    assert refusal(changed(version=3)) == "“x.avsep” was made by a newer AVSep: version 3; this one reads 1."


def test_a_huge_file_is_not_parsed():
    assert "larger than 5 MB" in refusal(b" " * (MOST_BYTES + 1))


@pytest.mark.parametrize(
    ("key", "raw"),
    [
        ("version", changed(version=0)),
        ("version", changed(version="1")),
        ("version", changed(version=True)),
        ("version", changed(version=None)),
        ("video", changed(video=None)),
        ("video", changed(video="talk.mp4")),
        ("path", changed(video={})),
        ("path", changed(video={"path": ""})),
        ("path", changed(video={"path": 7})),
        ("path", changed(video={"path": "a\0b"})),
        ("path", changed(video={"path": "a" * 5000})),
        ("path", changed(video={"path": "/"})),
        ("path", changed(video={"path": ".."})),
        ("size_bytes", changed(video={"path": "a", "size_bytes": -1})),
        ("size_bytes", changed(video={"path": "a", "size_bytes": "1"})),
        ("fingerprint", changed(video={"path": "a", "fingerprint": {}})),
        ("model", changed(model=["x"])),
        ("model", changed(model="m" * 300)),
        ("people", changed(people={"1": "Anna"})),
        ("people", changed(people=["Anna"])),
        ("people", changed(people=[{"id": 1}, {"id": 1}])),
        ("people", changed(people=[{"id": n + 1} for n in range(10_001)])),
        ("id", changed(people=[{"id": 0}])),
        ("id", changed(people=[{"id": True}])),
        ("id", changed(people=[{"id": 1.5}])),
        ("name", changed(people=[{"id": 1, "name": 5}])),
        ("name", changed(people=[{"id": 1, "name": "x" * 201}])),
        ("first_seen_s", changed(people=[{"id": 1, "first_seen_s": "0"}])),
        ("first_box_px", changed(people=[{"id": 1, "first_seen_s": 0, "first_box_px": [1, 2, 3]}])),
        ("first_box_px", changed(people=[{"id": 1, "first_seen_s": 0, "first_box_px": [1, 2, 3, 1e30]}])),
        ("picked", changed(picked="1")),
        ("picked", changed(picked=10**15)),
        ("listening", changed(listening=[])),
        ("mode", changed(listening={"mode": "loud"})),
        ("mode", changed(listening={"mode": ["voice"]})),
        ("mix_back", changed(listening={"mix_back": 1.5})),
        ("mix_back", changed(listening={"mix_back": False})),
        ("selection_s", changed(selection_s=[3, 1])),
        ("selection_s", changed(selection_s=[0, 1e300])),
        ("selection_s", changed(selection_s="all")),
        ("playhead_s", changed(playhead_s=-1)),
        ("playhead_s", changed(playhead_s=1e300)),
        ("playhead_s", changed(playhead_s=[])),
        ("timeline", changed(timeline=1)),
        ("view_s", changed(timeline={"view_s": [0, 0]})),
        ("recovery", changed(recovery="x")),
    ],
)
def test_wrong_types_and_absurd_numbers_are_named(key, raw):
    assert refusal(raw) == f"The project “x.avsep” is damaged: what it says for “{key}” makes no sense."


@unix
def test_paths_that_are_no_file_are_refused(tmp_path):
    folder = tmp_path / "folder.avsep"
    folder.mkdir()
    pipe = tmp_path / "pipe.avsep"
    os.mkfifo(pipe)
    for path, words in (
        (folder, "is a folder or a device"),
        (pipe, "is a folder or a device"),
        (tmp_path / "gone.avsep", "There is no project at"),
        (tmp_path / ("n" * 300 + ".avsep"), "There is no project at"),
        (Path("/dev/zero"), "is a folder or a device"),
    ):
        with pytest.raises(InputError, match=words):
            read_project(path)


def test_a_video_that_is_a_folder_or_a_device_is_not_found(tmp_path):
    (tmp_path / "talk.mp4").mkdir()
    for said in ("talk.mp4", "/dev/zero", "n" * 4000):
        assert Project(said).find_video(tmp_path) is None


def test_a_recovery_file_is_left_alone_while_its_window_lives(tmp_path):
    mine, other = Recovery(tmp_path), Recovery(tmp_path)
    mine.write(WHOLE)
    other.write(replace(WHOLE, picked=2))
    assert mine.path != other.path
    assert abandoned(tmp_path) == []
    mine.release()
    found = abandoned(tmp_path)
    assert [one.project for one in found] == [WHOLE]
    assert abandoned(tmp_path) == []  # whoever finds it holds it
    found[0].discard()
    other.remove()
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_recovery_file_is_passed_over(tmp_path):
    (tmp_path / "1-a.avsep").write_text("{")
    write_project(tmp_path / "1-b.avsep", WHOLE)
    found = abandoned(tmp_path)
    assert [one.path.name for one in found] == ["1-b.avsep"]
    found[0].release()
    assert abandoned(tmp_path / "none") == []
