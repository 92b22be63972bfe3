"""What a corpus' folders say: whose clip it is, and which split it belongs to.

    folders    [train|val|test/]SPEAKER/.../clip; clips directly in a given folder belong to one speaker, the folder
    lrs2       main|pretrain/SPEAKER/clip, with train.txt, val.txt, test.txt (and pretrain.txt) in or above it
    lrs3       pretrain|trainval|test/SPEAKER/clip
    voxceleb2  .../idNNNNN/VIDEO/clip, one or two folders below one with "dev" or "test" in its name
    grid       .../sN/.../clip, N = 1..34; no splits of its own

A sound file beside a video of the same utterance is its sound track once more, and not a second clip.
"""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from typing import Literal, NamedTuple

from engine.cache import input_error
from engine.data.clip import Rejected, Source
from engine.errors import InputError

Layout = Literal["auto", "folders", "lrs2", "lrs3", "voxceleb2", "grid"]
LAYOUTS: tuple[Layout, ...] = ("auto", "folders", "lrs2", "lrs3", "voxceleb2", "grid")

VIDEO_SUFFIXES = frozenset({".mp4", ".mkv", ".mov", ".avi", ".mpg", ".mpeg", ".m4v", ".webm"})
SOUND_SUFFIXES = frozenset({".opus", ".wav", ".flac", ".m4a", ".ogg", ".aac", ".mp3"})
_LIST_SUFFIXES = frozenset({".csv", ".txt"})
_SPLITS = ("train", "val", "test")
_VOXCELEB_ID = re.compile(r"id\d{5}")
_VOXCELEB_SPLIT = re.compile(r"(?<![a-z])(dev|test)(?![a-z])")
_GRID_SPEAKER = re.compile(r"(s\d{1,2})(\.mpg_\w+|_processed)?")


class _Place(NamedTuple):
    """What a path says; `utterance` is the same for a video and its sound."""

    speaker: str
    split: str
    utterance: str


_Reader = Callable[[Path], _Place | None]


def media_below(folder: Path) -> list[Path]:
    """All sound and video files below a folder, in a fixed order; hidden files are left alone."""
    suffixes = VIDEO_SUFFIXES | SOUND_SUFFIXES
    return sorted(p for p in folder.rglob("*") if p.suffix.lower() in suffixes and not p.name.startswith("."))


def find_sources(
    places: Sequence[Path], *, layout: Layout = "auto", corpus: str = "", audio_only: bool = False
) -> tuple[list[Source], list[Rejected]]:
    """Every clip below some folders with its speaker and split, in a fixed order.

    Args:
        places: folders; video or sound files; lists: a .txt file with a path per line, or a .csv file with the
            columns path, speaker and, where wanted, split. Paths in a list are relative to it.
        layout: how the folders are to be read; "auto" recognises the corpora.
        corpus: its name; "" takes the layout's name, or that of the folder.
        audio_only: take everything as speech without a face.

    Returns:
        The sources, each file once; and what does not fit the layout. `Source.split` is "" where it is to be drawn.

    Raises:
        InputError: a place is missing or empty; a list is not readable; LRS2 without its lists.
    """
    listed = {place: _listed(place) for place in places if place.suffix.lower() in _LIST_SUFFIXES}
    below = {place: list(listed[place]) if place in listed else _files(place) for place in places}
    files = [path for paths in below.values() for path in paths]
    root = _root(places, files)
    found: dict[Path, tuple[Source, str]] = {}
    rejected: list[Rejected] = []
    for place in places:
        chosen, read = _layout(place, below[place], layout)
        name = corpus or (chosen if chosen != "folders" else _corpus_of(root, files))
        for path in below[place]:
            where = listed.get(place, {}).get(path) or read(path)
            if where is None:
                rejected.append(Rejected(path, f"It is not where the layout {chosen} has its clips, or on no list."))
                continue
            has_face = not audio_only and path.suffix.lower() in VIDEO_SUFFIXES
            source = Source(path, _name(path, root), name, f"{name}-{where.speaker}", where.split, has_face)
            found.setdefault(path.absolute(), (source, where.utterance))
    kept, strays = _one_split_each(_without_companions(list(found.values()), audio_only=audio_only))
    return kept, rejected + strays


def draw_splits(sources: Sequence[Source], *, val: float, test: float, seed: int) -> list[Source]:
    """Give every source a split; all clips of a speaker go to one.

    A split that a corpus brings along is kept, and no speakers are drawn into one that it has. The others' speakers
    are drawn corpus by corpus, by seed and name, so that the same speakers always give the same answer.

    Args:
        val, test: share of a corpus' speakers; at least one of three and more where it is above 0.
    """

    def place_of(speaker: str) -> bytes:
        return blake2b(f"{seed}/{speaker}".encode("utf-8", "surrogateescape"), digest_size=8).digest()

    drawn: dict[str, str] = {}
    for corpus in sorted({source.corpus for source in sources}):
        own = [source for source in sources if source.corpus == corpus]
        fixed = {source.split for source in own}
        speakers = {source.speaker for source in own if not source.split}
        order = sorted(speakers, key=place_of)
        for split, share in (("test", test), ("val", val)):
            if split in fixed or share <= 0:
                continue
            count = min(max(round(len(speakers) * share), int(len(speakers) >= 3)), max(len(order) - 1, 0))
            drawn.update(dict.fromkeys(order[:count], split))
            order = order[count:]
    return [s if s.split else replace(s, split=drawn.get(s.speaker, "train")) for s in sources]


def _files(place: Path) -> list[Path]:
    if not place.is_dir():
        try:
            place.stat()
        except OSError as error:
            raise input_error(place, error) from error
        return [place]
    files = media_below(place)
    if not files:
        raise InputError(f"There is no video or sound file below “{place}”.", "Check the folder.")
    return files


def _listed(path: Path) -> dict[Path, _Place | None]:
    """The files of a list; None where the list does not say whose they are."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise input_error(path, error) from error
    except UnicodeDecodeError as error:
        raise InputError(
            f"The list “{path.name}” is not UTF-8 text.", "Save it as UTF-8.", details=str(error)
        ) from error
    found: dict[Path, _Place | None] = {}
    if path.suffix.lower() == ".txt":
        found = {path.parent / line.strip(): None for line in text.splitlines() if line.strip()}
    else:
        for number, row in enumerate(csv.DictReader(text.splitlines()), 2):
            name, speaker, split = ((row.get(key) or "").strip() for key in ("path", "speaker", "split"))
            if not name or not speaker or split not in ("", *_SPLITS):
                raise InputError(
                    f"Line {number} of “{path.name}” has path “{name}”, speaker “{speaker}”, split “{split}”.",
                    "Give the columns path, speaker and, where wanted, split: train, val or test.",
                )
            found[path.parent / name] = _Place(speaker, split, str((path.parent / name).with_suffix("")))
    if not found:
        raise InputError(f"The list “{path.name}” is empty.", "Put a path on each line.")
    return found


def _root(places: Sequence[Path], files: Sequence[Path]) -> Path:
    """The folder that names are relative to: the place given, or what all files have in common."""
    if len(places) == 1 and places[0].is_dir():
        return places[0].absolute()
    try:
        return Path(os.path.commonpath([str(path.absolute().parent) for path in files]))
    except ValueError:  # on two drives
        return Path()


def _name(path: Path, root: Path) -> str:
    absolute = path.absolute()
    return (absolute.relative_to(root) if absolute.is_relative_to(root) else absolute).as_posix()


def _corpus_of(root: Path, files: Sequence[Path]) -> str:
    is_flat = any(path.absolute().parent == root for path in files)
    return (root.resolve().parent.name if is_flat else root.resolve().name) or "clips"


def _layout(place: Path, files: Sequence[Path], layout: Layout) -> tuple[str, _Reader]:
    """The name of a place's layout and what reads its paths."""
    readers: dict[str, Callable[[], _Reader]] = {
        "voxceleb2": lambda: _voxceleb2,
        "lrs2": lambda: _lrs2(files),
        "lrs3": lambda: _lrs3,
        "grid": lambda: _grid,
        "folders": lambda: lambda path: _folders(path, place),
    }
    if layout != "auto":
        return layout, readers[layout]()
    parents = {path.parent.parent.name for path in files}
    if all(_voxceleb2(path) for path in files):
        return "voxceleb2", _voxceleb2
    if parents <= {"main", "pretrain"} and "main" in parents and _lrs2_lists(files):
        return "lrs2", _lrs2(files)
    if parents <= {"pretrain", "trainval", "test"} and parents != {"test"}:
        return "lrs3", _lrs3
    if all(_grid(path) for path in files):
        return "grid", _grid
    return "folders", readers["folders"]()


def _folders(path: Path, place: Path) -> _Place:
    if not place.is_dir():
        return _own_folder(path)
    parts = path.relative_to(place).parts
    split = parts[0] if len(parts) > 2 and parts[0] in _SPLITS else ""
    speaker = place.resolve().name if len(parts) == 1 else parts[1 if split else 0]
    return _Place(speaker, split, str(path.with_suffix("")))


def _own_folder(path: Path) -> _Place:
    return _Place(path.absolute().parent.name, "", str(path.with_suffix("")))


def _grid(path: Path) -> _Place | None:
    for part in reversed(path.absolute().parts[:-1]):
        named = _GRID_SPEAKER.fullmatch(part)
        if named:
            return _Place(named[1], "", f"{named[1]}/{path.stem}")
    return None


def _voxceleb2(path: Path) -> _Place | None:
    parts = path.absolute().parts[:-1]
    for at in range(len(parts) - 1, -1, -1):
        if _VOXCELEB_ID.fullmatch(parts[at]):
            named = next(
                (n for part in reversed(parts[max(0, at - 2) : at]) if (n := _VOXCELEB_SPLIT.search(part))), None
            )
            split = "test" if named and named[0] == "test" else ""
            return _Place(parts[at], split, "/".join((*parts[at:], path.stem)))
    return None


def _lrs3(path: Path) -> _Place | None:
    parts = path.absolute().parts
    if len(parts) < 3 or parts[-3] not in ("pretrain", "trainval", "test"):
        return None
    return _Place(parts[-2], "test" if parts[-3] == "test" else "", "/".join((*parts[-3:-1], path.stem)))


def _lrs2_lists(files: Sequence[Path]) -> dict[str, str]:
    """Split by clip ("main/SPEAKER/clip") from the list files; empty where there are none."""
    splits: dict[str, str] = {}
    for top in sorted({path.absolute().parent.parent.parent for path in files}):
        for folder in (top, top.parent):
            for split in _SPLITS:
                lines = _lines(folder / f"{split}.txt")
                # A line is "SPEAKER/clip", in test.txt followed by a word on its use.
                splits |= {f"main/{line.split()[0]}": split for line in lines}
    return splits


def _lines(path: Path) -> list[str]:
    try:
        return [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except OSError:
        return []


def _lrs2(files: Sequence[Path]) -> _Reader:
    splits = _lrs2_lists(files)
    if not splits:
        raise InputError(
            "LRS2 is split by its lists, and train.txt, val.txt and test.txt are not there.",
            "Put them beside the folders main and pretrain, or read the folders with --layout folders.",
        )

    def read(path: Path) -> _Place | None:
        utterance = "/".join((*path.absolute().parts[-3:-1], path.stem))
        split = "train" if utterance.startswith("pretrain/") else splits.get(utterance)
        return None if split is None else _Place(path.absolute().parts[-2], split, utterance)

    return read


def _without_companions(found: Sequence[tuple[Source, str]], *, audio_only: bool) -> list[Source]:
    """Leave out what is there as video and as sound: the sound, or with `audio_only` the video."""
    kinds: dict[tuple[str, str], set[bool]] = {}
    for source, utterance in found:
        kinds.setdefault((source.corpus, utterance), set()).add(_is_video(source))
    return [
        source
        for source, utterance in found
        if len(kinds[source.corpus, utterance]) == 1 or _is_video(source) != audio_only
    ]


def _is_video(source: Source) -> bool:
    return source.path.suffix.lower() in VIDEO_SUFFIXES


def _one_split_each(sources: Iterable[Source]) -> tuple[list[Source], list[Rejected]]:
    """Keep splits speaker-disjoint: who is tested (or validated) on is not trained on."""
    sources = list(sources)
    rank = {"": 0, "train": 1, "val": 2, "test": 3}
    highest: dict[str, str] = {}
    for source in sources:
        highest[source.speaker] = max(highest.get(source.speaker, ""), source.split, key=rank.__getitem__)
    kept: list[Source] = []
    strays: list[Rejected] = []
    for source in sources:
        split = highest[source.speaker]
        if source.split == split or split == "train":
            kept.append(replace(source, split=split))
        else:
            strays.append(Rejected(source.path, f"Its speaker, {source.speaker}, belongs to the {split} split."))
    return kept, strays
