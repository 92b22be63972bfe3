"""From what a user names to a queue: files, patterns, manifests, names, and what is checked before the work."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest

from engine.batch.inputs import FoundInput, find_inputs
from engine.batch.item import Batch, BatchItem, BatchOptions, PersonRule
from engine.batch.manifest import ManifestRow, read_manifest
from engine.batch.naming import changed, check_names, fill, numbered, safe_path, with_ending
from engine.batch.plan import Prospect, check_existing, check_folder, make_items
from engine.errors import InputError, OutputError, OutputExistsError, UsageError

PLAIN = BatchOptions()
MOST = PersonRule()


@pytest.fixture
def films(tmp_path: Path) -> Path:
    for name in (
        "talk 10.MP4",
        "talk 2.mov",
        "notes.txt",
        ".hidden.mp4",
        "day 1/a.mkv",
        "day 1/.trash/b.mp4",
        "out/c.mp4",
    ):
        path = tmp_path / "films" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path / "films"


def found(films: Path, *wanted: str | Path, **options: object) -> list[tuple[str, str]]:
    inputs = find_inputs(wanted or (films,), outside=films / "out", **options)  # type: ignore[arg-type]
    return [(one.path.relative_to(films).as_posix(), one.below) for one in inputs]


def test_a_folder_and_all_below_it(films: Path) -> None:
    assert found(films) == [("talk 2.mov", ""), ("talk 10.MP4", ""), ("day 1/a.mkv", "day 1")]


def test_numbers_count_by_their_value(tmp_path: Path) -> None:
    for name in ("day 10/b.mp4", "day 9/c 10.mp4", "day 9/c 9.mp4"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    wanted = ["c 9.mp4", "c 10.mp4", "b.mp4"]
    assert [one.path.name for one in find_inputs([tmp_path])] == wanted
    assert [one.path.name for one in find_inputs([f"{tmp_path}/*/*.mp4"])] == wanted


def test_a_file_counts_once_and_may_be_missing(films: Path) -> None:
    missing = films / "none.mp4"
    assert [name for name, _ in found(films, films / "talk 10.MP4", missing, films)] == [
        "talk 10.MP4", "none.mp4", "talk 2.mov", "day 1/a.mkv",
    ]  # fmt: skip


def test_a_named_file_may_have_any_name(films: Path) -> None:
    assert found(films, films / "notes.txt") == [("notes.txt", "")]
    (films / "[1]?.mp4").touch()
    assert found(films, films / "[1]?.mp4") == [("[1]?.mp4", "")]


def test_patterns_and_exclusions(films: Path) -> None:
    assert found(films, f"{films}/**/*.m*") == [("day 1/a.mkv", ""), ("talk 2.mov", "")]
    assert found(films, exclude=["day*"]) == [("talk 2.mov", ""), ("talk 10.MP4", "")]
    assert found(films, exclude=["*.MP4", f"{films}/talk 2*"]) == [("day 1/a.mkv", "day 1")]


def test_results_may_go_beside_the_files(films: Path) -> None:
    """Then what is in the folder counts, but not the results themselves."""
    inputs = find_inputs([films], outside=films)
    assert len(inputs) == 4
    assert [one.path.name for one in find_inputs([films / "out" / "c.mp4"], outside=films / "out")] == ["c.mp4"]
    batch = Batch(films, (BatchItem(1, films / "talk 2.mov", "talk 2"), BatchItem(2, films / "x.mp4", "out/c.mp4")))
    made = make_items(batch, inputs, rule=MOST, options=PLAIN)
    assert [item.input.name for item in made] == ["talk 10.MP4", "a.mkv"]


def test_nothing_is_left(films: Path) -> None:
    with pytest.raises(InputError, match="There are no videos in"):
        found(films, exclude=["*"])


@pytest.mark.parametrize(
    ("template", "wanted"),
    [
        ("{path}/{stem}", "day 1/talk"),
        ("{number:03} {stem}", "007 talk"),
        ("{parent}-{stem}.{ext}", "films-talk.mp4"),
        ("{model}/{number}", "default/7"),
        ("../../{stem}", "talk"),
        ("/etc/{stem}", "etc/talk"),
        ("a:b/{stem}?", "a_b/talk_"),
        ("con/{stem}", "con_/talk"),
        ("{stem}\\x", "talk/x"),
    ],
)
def test_templates(template: str, wanted: str) -> None:
    assert fill(template, FoundInput(Path("/films/talk.mp4"), "day 1"), 7, PLAIN) == wanted


@pytest.mark.parametrize(
    "template",
    ["{person}", "{stem!r}", "{stem:>10}", "{stem.x}", "{0}", "{", "{number:x}", "{number:999999999}", ""],
)
def test_templates_that_cannot_be(template: str) -> None:
    with pytest.raises(UsageError, match=r"cannot be filled in|gives no name"):
        fill(template, FoundInput(Path("/films/talk.mp4")), 1, PLAIN)


def test_names_are_safe_everywhere() -> None:
    assert safe_path("a\x00b/…/ .. /x." + "é" * 300).startswith("a_b/…/x.é")
    assert all(len(part.encode()) <= 120 for part in safe_path("é" * 300).split("/"))
    assert safe_path("//..//.") == ""


@pytest.mark.parametrize(
    ("source", "rule", "options", "output", "write", "form"),
    [
        ("t.mp4", MOST, PLAIN, "x", "folder", "wav"),
        ("t.mp4", MOST, BatchOptions("voice", "flac"), "x.flac", "voice", "flac"),
        ("t.mov", MOST, BatchOptions("video"), "x.mov", "video", "mov"),
        ("t.avi", MOST, BatchOptions("video"), "x.mkv", "video", "mkv"),
        ("t.mp4", PersonRule("everyone"), BatchOptions("voice"), "x", "folder", "wav"),
    ],
)
def test_endings(source: str, rule: PersonRule, options: BatchOptions, output: str, write: str, form: str) -> None:
    name, adapted = with_ending("x", Path(source), rule, options)
    assert (name, adapted.write, adapted.format) == (output, write, form)


def test_a_format_that_does_not_fit() -> None:
    with pytest.raises(UsageError, match="'mp4' is no format for sound files"):
        with_ending("x", Path("t.mp4"), MOST, BatchOptions("voice", "mp4"))
    with pytest.raises(UsageError, match="'wav' is no format for a video"):
        with_ending("x", Path("t.mp4"), MOST, BatchOptions("video", "wav"))


def items(*outputs: str, folder: str = "/films") -> list[BatchItem]:
    return [BatchItem(k, Path(folder, f"{k}.mp4"), output) for k, output in enumerate(outputs, 1)]


@pytest.mark.parametrize(
    ("outputs", "words"),
    [
        (("a", "b", "A"), "“/films/1.mp4” and “/films/3.mp4” would both become “A”"),
        (("caf\u00e9", "cafe\u0301"), "would both become"),
        (("a", "a/b"), "would both become “a/b”"),
        (("a", "summary.JSON"), "is the name of a file of the batch"),
        (("a", "1.mp4"), "would replace the video “/films/1.mp4”"),
    ],
)
def test_names_that_collide(outputs: tuple[str, ...], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        check_names(Path("/films"), items(*outputs))


def test_names_that_do_not_collide() -> None:
    check_names(Path("/films"), items("a", "a.wav", "b/a", "ab"))


def test_taken_names_get_a_number() -> None:
    voice = replace(items("a.wav")[0], options=BatchOptions("voice", "wav"))
    free = numbered([*items("a", "A", "c"), voice], ["a"], lambda item: item.output == "c")
    assert [item.output for item in free] == ["a (2)", "A (3)", "c (2)", "a.wav"]


def test_a_changed_file_gets_a_name_that_fits(tmp_path: Path) -> None:
    batch = Batch(tmp_path, tuple(items("a.b", "c")))
    first = changed(batch, batch.items[0].begun(), PersonRule("person", 2), BatchOptions("voice"))
    assert (first.output, first.status, first.rule.person) == ("a.b.wav", "waiting", 2)
    back = changed(batch.with_item(first), first, PersonRule("everyone"), first.options)
    assert (back.output, back.options.write) == ("a.b", "folder")
    (tmp_path / "c.wav").touch()
    assert changed(batch, batch.items[1], MOST, BatchOptions("voice")).output == "c (2).wav"


def test_items_of_files_and_lines(tmp_path: Path) -> None:
    one, two = FoundInput(Path("/films/1.mp4")), FoundInput(Path("/films/2.mp4"))
    lines = [ManifestRow(two, PersonRule("everyone"), PLAIN, "named"), ManifestRow(two, MOST, PLAIN, "")]
    made = make_items(Batch(tmp_path), [one, two, one], lines, rule=MOST, options=PLAIN, template="{number} {stem}")
    assert [(item.input.name, item.output, item.rule.kind) for item in made] == [
        ("2.mp4", "named", "everyone"), ("2.mp4", "2 2", "most_visible"), ("1.mp4", "3 1", "most_visible"),
    ]  # fmt: skip
    batch = Batch(tmp_path).with_new(made)
    assert make_items(batch, [one, two], lines, rule=MOST, options=PLAIN, template="{number} {stem}") == ()


def test_results_that_exist(tmp_path: Path) -> None:
    batch = Batch(tmp_path, tuple(items("a", "b", "c")))
    (tmp_path / "a").mkdir()  # empty: nothing is lost
    assert check_existing(batch) == batch
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "rest.wav").touch()
    with pytest.raises(OutputExistsError, match="b” exists already"):
        check_existing(batch)
    assert check_existing(replace(batch, existing="overwrite")).count("waiting") == 3
    skipped = check_existing(replace(batch, existing="skip"))
    assert [item.status for item in skipped.items] == ["waiting", "skipped", "waiting"]
    begun = batch.with_item(batch.items[1].begun().waiting())  # its result may be ours
    assert check_existing(begun) == begun


def test_space_is_checked_first(tmp_path: Path) -> None:
    batch = Batch(tmp_path / "not" / "there", tuple(items("a", "b")))
    check_folder(batch, [Prospect(item, 10) for item in batch.items])
    with pytest.raises(OutputError, match=r"The results need about 2000000\.0 GB"):
        check_folder(batch, [Prospect(item, 10**15) for item in batch.items])


def manifest(tmp_path: Path, text: str, *, encoding: str = "utf-8") -> Path:
    path = tmp_path / "list.csv"
    path.write_bytes(text.encode(encoding))
    return path


def test_a_manifest(tmp_path: Path) -> None:
    text = (
        "Input,Person,Photo,Like,Output,Write,Range,Mix_Back,Absent,Loudness,Audio_Index\r\n"
        '"a, b.mp4",,,,,,,,,,\r\n'
        "\r\n"
        "../c.mp4,everyone,,,x/all,,0:01-,0.5,hold,-16,2\r\n"
        "c.mp4,2,,first.mp4,two.M4A,,,,,,\r\n"
        "c.mp4,,anna.jpg,,,video,,,,,\r\n"
    )
    plain, everyone, same, photo = read_manifest(manifest(tmp_path, text), PersonRule("person", 3), PLAIN)
    assert plain == ManifestRow(FoundInput(tmp_path / "a, b.mp4"), PersonRule("person", 3), PLAIN, "")
    assert everyone.source.path == tmp_path.parent / "c.mp4" and everyone.rule == PersonRule("everyone")
    assert everyone.options == BatchOptions(
        range_s=(1.0, math.inf), mix_back=0.5, absent="hold", loudness_lufs=-16.0, audio_index=2
    )
    assert everyone.output == "x/all"
    assert same.rule == PersonRule("same", 2, video=tmp_path / "first.mp4")
    assert (same.output, same.options.write, same.options.format) == ("two", "voice", "m4a")
    assert photo.rule == PersonRule("photo", photo=tmp_path / "anna.jpg") and photo.options.write == "video"


@pytest.mark.parametrize("mark", [";", "\t"])
def test_other_separators_and_a_byte_order_mark(tmp_path: Path, mark: str) -> None:
    rows = read_manifest(manifest(tmp_path, f"input{mark}person\na.mp4{mark}2\n", encoding="utf-8-sig"), MOST, PLAIN)
    assert rows[0].rule == PersonRule("person", 2)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("file\na.mp4\n", "line 1: there is no column “file”"),
        ("input,Input\na.mp4,b.mp4\n", "line 1: the column “input” is there twice"),
        ("person\n2\n", "line 1: the column “input” is missing"),
        ("input,person\na.mp4,2\nb.mp4,two\n", "line 3, column “person”: “two” does not say who is meant"),
        ("input,person\n,2\n", "line 2, column “input”: it is empty"),
        ("input\na.mp4,b\n", "line 2: 2 cells for 1 columns"),
        ("input,person,photo\na.mp4,2,x.jpg\n", "line 2, column “photo”: say who is meant by photo or by person"),
        ("input,like\na.mp4,b.mp4\n", "line 2, column “person”: “” is not the number of a person of “b.mp4”"),
        ("input,mix_back\na.mp4,7\n", "line 2, column “mix_back”: 7 is not a share from 0 to 1"),
        ("input,absent\na.mp4,never\n", "line 2, column “absent”: “never” is not one of silence, hold, original"),
        ("input,range\na.mp4,9-2\n", "line 2, column “range”: '9-2' is not a range"),
        ("input,audio_index\na.mp4,-1\n", "line 2, column “audio_index”"),
        ("input,output,write\na.mp4,x.wav,video\n", "line 2, column “output”: “x.wav” does not go with"),
        ("input,output\na.mp4,../..\n", "line 2, column “output”: “../..” is not a possible name"),
        ('input\n\n\n"a.mp4\n', "line 4: unexpected end of data"),
        ("input,person\n" + "a.mp4,x\n" * 9, "line 6, column “person”: .*; and 4 more"),
    ],
)
def test_faults_name_line_and_column(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        read_manifest(manifest(tmp_path, text), MOST, PLAIN)


def test_what_is_no_manifest(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="lists no files"):
        read_manifest(manifest(tmp_path, "input\n\n"), MOST, PLAIN)
    with pytest.raises(InputError, match="is not a table in UTF-8"):
        read_manifest(manifest(tmp_path, "input\ncafé.mp4\n", encoding="latin-1"), MOST, PLAIN)
    with pytest.raises(InputError, match="was not found"):
        read_manifest(tmp_path / "none.csv", MOST, PLAIN)
