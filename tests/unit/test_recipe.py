"""Mixture lists: round trips, refusals that name the line, and draws that hold what they promise."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from engine.data.pack import Clip, Pack
from engine.data.recipe import Recipe, draw_recipe, read_recipes, write_recipes
from engine.errors import InputError, UsageError
from tests.helpers.draw_lists import DELAYS, gender, lists
from tests.helpers.packs import write_small_pack

LISTS = Path(__file__).parents[1] / "data/mixtures"
PLAIN = Recipe("a", "c", "test", "1.mp4", 0.0, "2.mp4", 0.4, 2.88, 1.5)
HEADER = "id,corpus,split,target,target_start_s,interferer,interferer_start_s,seconds,sir_db"
ROW = "a,c,test,1.mp4,0,2.mp4,0.4,2.88,1.5"


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[Clip]:
    return Pack(write_small_pack(tmp_path_factory.mktemp("pack"), speakers=5)).clips


def test_lists_come_back_as_they_were(tmp_path: Path) -> None:
    rows = [
        PLAIN,
        replace(PLAIN, id="b", interferer2="3.mp4", interferer2_start_s=1.04, sir2_db=-2.25, interferer2_gender="f"),
        replace(PLAIN, id="c", noise="rain, “heavy”.opus", noise_start_s=0.5, snr_db=0.0),
        replace(PLAIN, id="d", delay_frames=-9, margin_frames=0, jitter_frames=0.5, drop_share=0.3, seed=7, tag="x y"),
    ]
    write_recipes(tmp_path / "list.csv", rows)
    assert read_recipes(tmp_path / "list.csv") == rows


def test_columns_that_nobody_uses_are_not_written(tmp_path: Path) -> None:
    write_recipes(tmp_path / "list.csv", [PLAIN])
    assert (tmp_path / "list.csv").read_text().splitlines()[0] == HEADER


def test_columns_may_come_in_any_order_and_with_a_byte_order_mark(tmp_path: Path) -> None:
    order = [8, 7, 6, 5, 4, 3, 2, 1, 0]
    text = "\n".join(",".join(line.split(",")[k] for k in order) for line in (HEADER, ROW))
    (tmp_path / "list.csv").write_text("\ufeff" + text, encoding="utf-8")
    assert read_recipes(tmp_path / "list.csv") == [PLAIN]


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("target", "", "target is missing"),
        ("seconds", "", "seconds is missing"),
        ("sir_db", "loud", "sir_db is 'loud', not a number"),
        ("sir_db", "nan", "sir_db is nan"),
        ("target_start_s", "-1", "target_start_s is -1"),
        ("seconds", "0.1", "seconds is 0.1"),
        ("seconds", "inf", "seconds is inf"),
        ("delay_frames", "1.5", "delay_frames is '1.5', not a whole number"),
        ("drop_share", "30", "out of range"),
        ("jitter_frames", "-1", "out of range"),
        ("snr_db", "10", "noise and snr_db"),
        ("target_gender", "woman", "target_gender is 'woman'"),
    ],
)
def test_a_bad_value_is_named_with_its_line(tmp_path: Path, column: str, value: str, said: str) -> None:
    cells = dict(zip(HEADER.split(","), ROW.split(","), strict=True))
    good = ",".join([*cells.values(), *([""] if column not in cells else [])])
    cells[column] = value
    bad = ",".join(["z", *list(cells.values())[1:]])
    path = tmp_path / "list.csv"
    path.write_text("\n".join([",".join(cells), good, bad]))
    with pytest.raises(InputError, match=r"Line 3 of list\.csv") as caught:
        read_recipes(path)
    assert said in caught.value.message and caught.value.remedy


def test_bad_lists_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    with pytest.raises(InputError, match="Cannot read"):
        read_recipes(path)
    for text, said in (
        ("", "empty"),
        (HEADER, "empty"),
        (f"{HEADER}\n{ROW}\n{ROW}", "Line 3 .* id 'a' of line 2 again"),
        (f"{HEADER},delay_frame\n{ROW},2", "unknown column 'delay_frame'"),
        (f"{HEADER}\n{ROW},7", "Line 2 .* more values"),
        ("id,corpus\n1,2\n", "Line 2 .* split|target|seconds"),
    ):
        path.write_text(text)
        with pytest.raises(InputError, match=said):
            read_recipes(path)
    path.write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(InputError, match="not a CSV file"):
        read_recipes(path)


def test_a_recipe_is_checked_when_it_is_made() -> None:
    with pytest.raises(UsageError, match="sir_db"):
        replace(PLAIN, sir_db=float("nan"))


def test_draws_repeat_and_hold_what_they_promise(clips: list[Clip]) -> None:
    genders = {"s0": "f", "s1": "f", "s2": "m", "s3": "m", "s4": "f"}
    speaker = {clip.name: clip.speaker for clip in clips}
    assert draw_recipe(clips, "film", "train", 6, seed=1) == draw_recipe(clips, "film", "train", 6, seed=1)
    assert draw_recipe(clips, "film", "train", 6, seed=1) != draw_recipe(clips, "film", "train", 6, seed=2)

    for same in (True, False):
        rows = draw_recipe(clips, "film", "train", 12, seed=3, genders=genders, same_gender=same, sir_db=(-10, -10))
        assert len(rows) == 12
        for row in rows:
            assert row.target_gender == genders[speaker[row.target]]
            assert (row.target_gender == row.interferer_gender) == same
            assert row.sir_db == -10
    three = draw_recipe(clips, "film", "train", 12, seed=4, talkers=3)
    for row in three:
        assert len({speaker[voice.path] for voice in row.voices}) == 3
        assert row.voices[2].level_db == -row.sir2_db and -5 <= row.sir2_db <= 5


def test_what_cannot_be_drawn_gives_no_rows(clips: list[Clip]) -> None:
    assert draw_recipe(clips, "film", "val", 3, seed=1, talkers=3) == []
    assert draw_recipe(clips, "film", "train", 3, seed=1, same_gender=True) == []
    assert draw_recipe(clips, "film", "train", 3, seed=1, seconds=60) == []


def test_draws_of_training_stay_the_same() -> None:
    """Validation curves of a run compare only while the same seed gives the same mixtures."""
    clips = [
        Clip(f"{k}.mp4", "c", f"s{k // 2}", "val", 0, 64_000 + 640 * k, 0, 100 + k) for k in range(8)
    ]  # what the first release drew
    rows = draw_recipe(clips, "c", "val", 2, seed=11)
    drawn = [(r.target, r.target_start_s, r.interferer, r.interferer_start_s, r.sir_db) for r in rows]
    assert drawn == [("0.mp4", 0.68, "7.mp4", 1.0, -3.52), ("1.mp4", 0.64, "2.mp4", 0.16, 4.48)]


@pytest.mark.parametrize("path", sorted(LISTS.glob("*.csv")), ids=lambda path: path.stem)
def test_the_lists_of_the_project_are_readable(path: Path) -> None:
    rows = read_recipes(path)
    split = "val" if path.stem == "validation" else "test"
    corpora = {"wild"} if path.stem == "wild" else {"grid", "vasp"}
    assert {row.split for row in rows} == {split} and {row.corpus for row in rows} == corpora
    for row in rows:
        names = [voice.path.split("/")[-1 if path.stem == "wild" else -2] for voice in row.voices]
        assert len(set(names)) == len(names), "two voices of one person"


def test_lists_vary_what_their_name_says() -> None:
    offsets = read_recipes(LISTS / "offsets.csv")
    assert sorted({row.delay_frames for row in offsets}) == list(DELAYS)
    voices = {d: [row.voices for row in offsets if row.delay_frames == d] for d in DELAYS}
    assert all(voices[d] == voices[0] and len(voices[d]) == 20 for d in DELAYS)
    assert {row.sir_db for row in read_recipes(LISTS / "sir.csv")} == {-10, -5, 0, 5, 10}
    assert {row.snr_db for row in read_recipes(LISTS / "noise.csv")} == {None, 0, 10, 20}
    assert {row.drop_share for row in read_recipes(LISTS / "drop_outs.csv")} == {0, 0.1, 0.3, 1}
    assert {row.jitter_frames for row in read_recipes(LISTS / "jitter.csv")} == {0, 0.5, 1, 2}
    assert all(len(row.voices) == 3 for row in read_recipes(LISTS / "three_talkers.csv"))
    for row in read_recipes(LISTS / "genders.csv"):
        assert (row.target_gender == row.interferer_gender) == row.id.endswith("_same") and row.target_gender


def test_lists_can_be_drawn_from_any_pack() -> None:
    clips = [
        Clip(f"{who}-{k}.mp4", who.split("-")[0], who, "test", 0, 64_000, 0, 100)
        for who in ("grid-s31", "grid-s32", "grid-s33", "vasp-ID3", "vasp-ID9", "vasp-ID16", "vasp-ID20")
        for k in range(2)
    ]
    drawn = lists(clips, ["a.opus", "b.opus"])
    assert drawn == lists(clips, ["a.opus", "b.opus"])
    assert {name: len(rows) for name, rows in drawn.items()}["offsets"] == 180
    for rows in drawn.values():
        assert len({row.id for row in rows}) == len(rows)
    assert [gender(who) for who in ("grid-s32", "grid-s31", "vasp-ID10", "vasp-ID11", "other-1")] == [*"mffm", ""]
