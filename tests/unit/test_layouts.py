"""Whose clip a path names, in each corpus' own folders, and splits that share no speaker."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.data.clip import Source
from engine.data.layouts import Layout, draw_splits, find_sources
from engine.errors import InputError


def touch(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")
    return root


def facts(sources: list[Source]) -> dict[str, tuple[str, str]]:
    return {source.name: (source.speaker, source.split) for source in sources}


def found(root: Path, layout: Layout = "auto", *, audio_only: bool = False) -> dict[str, tuple[str, str]]:
    sources, rejected = find_sources([root], layout=layout, audio_only=audio_only)
    assert rejected == []
    return facts(sources)


def test_plain_folders_name_the_speaker(tmp_path: Path) -> None:
    root = touch(tmp_path / "talks", "ann/a.mp4", "ann/day 2/b.MOV", "bob/c.wav", "bob/notes.doc", "bob/._c.mp4")
    sources, rejected = find_sources([root])
    assert facts(sources) == {
        "ann/a.mp4": ("talks-ann", ""),
        "ann/day 2/b.MOV": ("talks-ann", ""),
        "bob/c.wav": ("talks-bob", ""),
    }
    assert [source.has_face for source in sources] == [True, True, False] and rejected == []
    assert {source.corpus for source in sources} == {"talks"}


def test_plain_folders_may_be_split(tmp_path: Path) -> None:
    root = touch(tmp_path, "train/ann/a.mp4", "val/bob/a.mp4", "test/cid/a.mp4", "dan/a.mp4")
    assert list(found(root).values()) == [
        (f"{tmp_path.name}-dan", ""),
        (f"{tmp_path.name}-cid", "test"),
        (f"{tmp_path.name}-ann", "train"),
        (f"{tmp_path.name}-bob", "val"),
    ]


def test_a_speaker_of_two_splits_is_only_tested_on(tmp_path: Path) -> None:
    root = touch(tmp_path, "train/ann/a.mp4", "test/ann/b.mp4", "train/bob/c.mp4")
    sources, rejected = find_sources([root])
    assert [source.name for source in sources] == ["test/ann/b.mp4", "train/bob/c.mp4"]
    assert [item.path.name for item in rejected] == ["a.mp4"] and "belongs to the test split" in rejected[0].why


def test_folders_of_single_speakers_are_one_corpus(tmp_path: Path) -> None:
    root = touch(tmp_path / "talks", "ann/a.mp4", "bob/a.mp4")
    sources, _ = find_sources([root / "bob", root / "ann", root / "ann"])
    assert facts(sources) == {"bob/a.mp4": ("talks-bob", ""), "ann/a.mp4": ("talks-ann", "")}


def test_grid(tmp_path: Path) -> None:
    root = touch(
        tmp_path, "s1/video/mpg_6000/bbaf2n.mpg", "s1/audio/bbaf2n.wav", "s1/audio/bbaf3s.wav", "s20/brbk7n.mpg"
    )
    pictures = {"s1/video/mpg_6000/bbaf2n.mpg": ("grid-s1", ""), "s20/brbk7n.mpg": ("grid-s20", "")}
    assert found(root) == pictures | {"s1/audio/bbaf3s.wav": ("grid-s1", "")}
    assert found(root / "s20") == {"brbk7n.mpg": ("grid-s20", "")}
    heard = found(root, audio_only=True)
    assert set(heard) == {"s1/audio/bbaf2n.wav", "s1/audio/bbaf3s.wav", "s20/brbk7n.mpg"}


def test_voxceleb2(tmp_path: Path) -> None:
    root = touch(
        tmp_path / "latest",  # a name with "test" in it that says nothing
        "vox2/dev/mp4/id00012/21Uxsk56VDQ/00001.mp4",
        "vox2/dev/aac/id00012/21Uxsk56VDQ/00001.m4a",
        "vox2/test/mp4/id00017/01dfn2spqyE/00001.mp4",
    )
    expected = {
        "dev/mp4/id00012/21Uxsk56VDQ/00001.mp4": ("voxceleb2-id00012", ""),
        "test/mp4/id00017/01dfn2spqyE/00001.mp4": ("voxceleb2-id00017", "test"),
    }
    assert found(root / "vox2") == expected
    assert found(touch(tmp_path / "latest/some", "id00018/a/00001.mp4")) == {
        "id00018/a/00001.mp4": ("voxceleb2-id00018", "")
    }


def test_lrs3(tmp_path: Path) -> None:
    root = touch(
        tmp_path, "pretrain/aaa/00001.mp4", "trainval/aaa/50001.mp4", "trainval/bbb/50001.mp4", "test/ccc/00001.mp4"
    )
    touch(tmp_path, "trainval/aaa/50001.txt")
    assert found(root) == {
        "pretrain/aaa/00001.mp4": ("lrs3-aaa", ""),
        "trainval/aaa/50001.mp4": ("lrs3-aaa", ""),
        "trainval/bbb/50001.mp4": ("lrs3-bbb", ""),
        "test/ccc/00001.mp4": ("lrs3-ccc", "test"),
    }
    assert found(root / "test", "lrs3") == {"ccc/00001.mp4": ("lrs3-ccc", "test")}


def test_lrs2_follows_its_lists(tmp_path: Path) -> None:
    root = touch(
        tmp_path / "mvlrs_v1",
        "main/551/00001.mp4",
        "main/552/00001.mp4",
        "main/553/00009.mp4",
        "pretrain/554/00001.mp4",
    )
    with pytest.raises(InputError, match=r"train\.txt"):
        find_sources([root], layout="lrs2")
    (tmp_path / "train.txt").write_text("551/00001\n")
    (tmp_path / "test.txt").write_text("552/00001 NF\n")
    sources, rejected = find_sources([root])
    assert facts(sources) == {
        "main/551/00001.mp4": ("lrs2-551", "train"),
        "main/552/00001.mp4": ("lrs2-552", "test"),
        "pretrain/554/00001.mp4": ("lrs2-554", "train"),
    }
    assert [item.path.parent.name for item in rejected] == ["553"] and "on no list" in rejected[0].why


def test_a_strange_file_in_a_named_layout_is_left_out(tmp_path: Path) -> None:
    root = touch(tmp_path, "trainval/aaa/1.mp4", "extras.mp4")
    sources, rejected = find_sources([root], layout="lrs3")
    assert [source.name for source in sources] == ["trainval/aaa/1.mp4"]
    assert [item.path.name for item in rejected] == ["extras.mp4"]


def test_lists(tmp_path: Path) -> None:
    touch(tmp_path, "x/a.mp4", "y/b.mp4")
    (tmp_path / "clips.csv").write_text("path,speaker,split\nx/a.mp4,ann,val\ny/b.mp4,bob,\n")
    (tmp_path / "clips.txt").write_text("x/a.mp4\n\ny/b.mp4\ny/gone.mp4\n")
    sources, _ = find_sources([tmp_path / "clips.csv"], corpus="mine")
    assert facts(sources) == {"x/a.mp4": ("mine-ann", "val"), "y/b.mp4": ("mine-bob", "")}
    sources, _ = find_sources([tmp_path / "clips.txt"], corpus="mine")
    assert [source.speaker for source in sources] == ["mine-x", "mine-y", "mine-y"]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("empty.txt", "\n\n", "empty.txt. is empty"),
        ("empty.csv", "path,speaker,split\n", "empty.csv. is empty"),
        ("wrong.csv", "path,speaker,split\na.mp4,ann,dev\n", "Line 2 .* split .dev"),
        ("wrong.csv", "file,who\na.mp4,ann\n", "Line 2"),
    ],
)
def test_useless_lists_are_refused(tmp_path: Path, name: str, text: str, message: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=message):
        find_sources([tmp_path / name])


def test_missing_and_empty_places_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not found"):
        find_sources([tmp_path / "gone"])
    with pytest.raises(InputError, match="not found"):
        find_sources([tmp_path / "gone.csv"])
    with pytest.raises(InputError, match="no video or sound file"):
        find_sources([tmp_path])


def made_up(corpus: str, count: int, split: str = "") -> list[Source]:
    return [
        Source(Path(f"{corpus}{split}{k}-{n}.mp4"), f"{k}-{n}", corpus, f"{corpus}{split}-{k}", split, True)
        for k in range(count)
        for n in range(3)
    ]


def speakers_of(sources: list[Source], corpus: str) -> dict[str, set[str]]:
    return {
        split: {s.speaker for s in sources if s.split == split and s.corpus == corpus}
        for split in ("train", "val", "test")
    }


def test_drawn_splits_share_no_speaker_and_repeat() -> None:
    sources = made_up("a", 20) + made_up("b", 3) + made_up("c", 2)
    drawn = draw_splits(sources, val=0.1, test=0.2, seed=0)
    sizes = {}
    for corpus in "abc":
        parts = speakers_of(drawn, corpus)
        sizes[corpus] = tuple(map(len, parts.values()))
        assert sum(sizes[corpus]) == len(set.union(*parts.values()))
    assert sizes == {"a": (14, 2, 4), "b": (1, 1, 1), "c": (2, 0, 0)}
    shuffled = draw_splits(sources[::-1], val=0.1, test=0.2, seed=0)
    assert speakers_of(shuffled, "a") == speakers_of(drawn, "a")
    assert speakers_of(draw_splits(sources, val=0.1, test=0.2, seed=1), "a") != speakers_of(drawn, "a")


def test_a_split_that_comes_along_is_not_drawn_into() -> None:
    drawn = draw_splits(made_up("a", 10) + made_up("a", 2, "test"), val=0.1, test=0.5, seed=0)
    parts = speakers_of(drawn, "a")
    assert parts["test"] == {"atest-0", "atest-1"} and len(parts["val"]) == 1 and len(parts["train"]) == 9
