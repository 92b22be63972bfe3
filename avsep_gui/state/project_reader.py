"""Reads a project file, of which nothing is believed before it was checked; nothing but the file itself is opened."""

from __future__ import annotations

import json
import math
import stat
import unicodedata
from pathlib import Path

from PySide6.QtCore import QCoreApplication

from avsep_gui.state.document import ListenMode
from avsep_gui.state.project import FORMAT, VERSION, Fingerprint, Json, PersonMark, Project
from engine.errors import InputError
from engine.types import Cast, CastPart

MOST_BYTES = 5_000_000
MOST_DEPTH = 32
MOST_VALUES = 200_000
MOST_PEOPLE = 10_000
MOST_PATH = 4096
MOST_NAME = 200
MOST_S = 1e7
MOST_PX = 1e6
_ENDS = ("start_s", "end_s")


def read_project(path: Path) -> Project:
    """Read a project file, of which nothing is believed before it was checked.

    Raises:
        InputError: there is no project at `path`, or it is damaged, or made by a newer AVSep.
    """
    name = path.name or str(path)
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:
        raise InputError(
            _tr("There is no project at {0}.").format(path),
            _tr("Choose another file, or open the video itself."),
            details=str(error),
        ) from None
    if not stat.S_ISREG(mode):
        raise InputError(
            _tr("“{0}” is a folder or a device, not a project.").format(name), _tr("Choose a file with .avsep.")
        )
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise InputError(
            _tr("The project “{0}” cannot be read: {1}.").format(name, error.strerror or error),
            _tr("Choose another file, or open the video itself."),
            details=str(error),
        ) from None
    return parse_project(data, name)


def parse_project(data: bytes, name: str) -> Project:
    """The project in these bytes.

    Args:
        name: of the file, for what is said about it.

    Raises:
        InputError: it is damaged, or made by a newer AVSep.
    """
    if len(data) > MOST_BYTES:
        raise InputError(
            _tr("“{0}” is no project of AVSep: it is larger than {1} MB.").format(name, MOST_BYTES // 1_000_000),
            _tr("Choose another file."),
        )
    try:
        raw = json.loads(data.decode("utf-8-sig"), parse_constant=_refuse_constant)
        depth_and_numbers_are_sane(raw)
    except (ValueError, RecursionError, OverflowError) as error:
        raise InputError(
            _tr("“{0}” is no project of AVSep, or it is damaged: it cannot be read as one.").format(name),
            _tr("Choose another file, or open the video itself."),
            details=str(error)[:500],
        ) from None
    if not isinstance(raw, dict) or raw.get("format") != FORMAT:
        raise InputError(
            _tr("“{0}” is no project of AVSep.").format(name), _tr("Choose another file, or open the video itself.")
        )
    version = raw.get("version")
    if isinstance(version, int) and not isinstance(version, bool) and version > VERSION:
        raise InputError(
            _tr("“{0}” was made by a newer AVSep: version {1}; this one reads {2}.").format(name, version, VERSION),
            _tr("Open it with the newer AVSep, or open the video itself."),
        )
    if version != VERSION or isinstance(version, bool):
        raise _damaged(name, "version")
    return _Reader(name).project(raw)


def depth_and_numbers_are_sane(raw: object) -> None:
    """Refuse what no project holds anywhere: deep nesting, endless lists, numbers that are none.

    Raises:
        ValueError: it holds such things.
    """
    level: list[object] = [raw]
    values = 0
    for _ in range(MOST_DEPTH):
        below: list[object] = []
        for value in level:
            if isinstance(value, dict):
                below.extend(value.values())
            elif isinstance(value, list):
                below.extend(value)
            elif isinstance(value, float) and not math.isfinite(value):
                raise ValueError("a number is not finite")
            elif isinstance(value, int) and abs(value) >= 1 << 63:
                raise ValueError("a number is too large")
        if not below:
            return
        values += len(below)
        if values > MOST_VALUES:
            raise ValueError("it holds too many values")
        level = below
    raise ValueError("it is nested too deeply")


class _Reader:
    """Checks every value against what it may be."""

    def __init__(self, name: str) -> None:
        self._name = name

    def project(self, raw: Json) -> Project:
        video = self._object(raw, "video", required=True)
        listening, timeline = self._object(raw, "listening"), self._object(raw, "timeline")
        recovery, corrections = self._object(raw, "recovery"), self._object(raw, "corrections")
        people = tuple(self._person(entry) for entry in self._list(raw, "people"))
        if len({person.id for person in people}) != len(people):
            raise _damaged(self._name, "people")
        picked = raw.get("picked")
        mode = listening.get("mode", ListenMode.ORIGINAL.value)
        if mode not in [known.value for known in ListenMode]:
            raise _damaged(self._name, "mode")
        return Project(
            video=self._path(video, "path"),
            content=Fingerprint(
                int(self._number(video, "size_bytes", 0, 1 << 62)), self._text(video, "fingerprint", most=200)
            ),
            model=self._text(raw, "model", most=MOST_NAME) or "default",
            people=people,
            cast=self._cast(corrections),
            found=tuple(self._person(entry) for entry in self._list(corrections, "found")),
            hidden=tuple(self._id({"hidden": entry}, "hidden") for entry in self._list(raw, "hidden")),
            picked=None if picked is None else self._id(raw, "picked"),
            mode=ListenMode(mode),
            mix_back=self._number(listening, "mix_back", 0.0, 1.0),
            range_s=self._stretch(raw, "selection_s"),
            playhead_s=self._number(raw, "playhead_s", 0.0, MOST_S),
            view_s=self._stretch(timeline, "view_s"),
            recovered_from=self._path(recovery, "project") if recovery.get("project") else "",
            unsaved=recovery.get("unsaved") is True,
            raw=raw,
        )

    def _person(self, entry: object) -> PersonMark:
        if not isinstance(entry, dict):
            raise _damaged(self._name, "people")
        name = self._text(entry, "name", most=MOST_NAME)
        name = "".join(letter for letter in name if unicodedata.category(letter) not in ("Cc", "Cs")).strip()
        first_s = None if entry.get("first_seen_s") is None else self._number(entry, "first_seen_s", 0.0, MOST_S)
        box = None
        if entry.get("first_box_px") is not None:
            numbers = self._numbers(entry, "first_box_px", 4, -MOST_PX, MOST_PX)
            box = (numbers[0], numbers[1], numbers[2], numbers[3])
        known = ("id", "name", "first_seen_s", "first_box_px")
        extra = {key: value for key, value in entry.items() if key not in known}
        return PersonMark(self._id(entry, "id"), name, first_s, box if first_s is not None else None, extra)

    def _cast(self, raw: Json) -> Cast:
        parts = []
        for entry in self._list(raw, "parts"):
            if not isinstance(entry, dict):
                raise _damaged(self._name, "parts")
            ends = [None if entry.get(key) is None else self._number(entry, key, 0.0, MOST_S) for key in _ENDS]
            if ends[0] is not None and ends[1] is not None and ends[0] >= ends[1]:
                raise _damaged(self._name, "parts")
            parts.append(CastPart(self._id(entry, "person"), self._id(entry, "found"), *ends))
        return tuple(parts)

    def _object(self, raw: Json, key: str, *, required: bool = False) -> Json:
        value = raw.get(key)
        if value is None and not required:
            return {}
        if not isinstance(value, dict):
            raise _damaged(self._name, key)
        return value

    def _list(self, raw: Json, key: str) -> list[object]:
        value = raw.get(key)
        if value is None:
            return []
        if not isinstance(value, list) or len(value) > MOST_PEOPLE:
            raise _damaged(self._name, key)
        return value

    def _text(self, raw: Json, key: str, *, most: int) -> str:
        value = raw.get(key, "")
        if not isinstance(value, str) or len(value) > most:
            raise _damaged(self._name, key)
        return value

    def _path(self, raw: Json, key: str) -> str:
        value = self._text(raw, key, most=MOST_PATH)
        if not value or "\0" in value or Path(value).name in ("", ".."):
            raise _damaged(self._name, key)
        return value

    def _number(self, raw: Json, key: str, least: float, most: float) -> float:
        value = raw.get(key, least)
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            raise _damaged(self._name, key)
        return value

    def _id(self, raw: Json, key: str) -> int:
        value = raw.get(key)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= MOST_PEOPLE:
            raise _damaged(self._name, key)
        return value

    def _numbers(self, raw: Json, key: str, count: int, least: float, most: float) -> tuple[float, ...]:
        values = raw.get(key)
        if not isinstance(values, list) or len(values) != count:
            raise _damaged(self._name, key)
        return tuple(float(self._number({key: value}, key, least, most)) for value in values)

    def _stretch(self, raw: Json, key: str) -> tuple[float, float] | None:
        if raw.get(key) is None:
            return None
        start, end = self._numbers(raw, key, 2, 0.0, MOST_S)
        if end <= start:
            raise _damaged(self._name, key)
        return start, end


def _refuse_constant(text: str) -> float:
    raise ValueError(f"{text} is not a number")


def _damaged(name: str, key: str) -> InputError:
    return InputError(
        _tr("The project “{0}” is damaged: what it says for “{1}” makes no sense.").format(name, key),
        _tr("Choose another file, or open the video itself."),
    )


def _tr(words: str) -> str:
    return QCoreApplication.translate("Project", words)
