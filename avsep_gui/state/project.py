"""Project: what is kept in a `NAME.avsep` file, and how it is written; `project_reader` reads it.

The file is JSON. It names a video and says where the user was and what was decided; it holds no sound and no picture.
What a newer AVSep added within the same version is kept as it is.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import stat
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path, PureWindowsPath
from typing import Any

import numpy as np

from avsep_gui.state.document import ListenMode
from engine.types import Cast, Person

SUFFIX = ".avsep"
FORMAT = "avsep-project"
VERSION = 1
MIB = 1 << 20
SAME_FACE = 0.3
SAME_MOMENT_S = 0.5

Box = tuple[float, float, float, float]
Json = dict[str, Any]


@dataclass(frozen=True)
class Fingerprint:
    """What tells one video file from another without decoding it; both empty where it is not known."""

    size_bytes: int = 0
    digest: str = ""


@dataclass(frozen=True)
class PersonMark:
    """A person as a project refers to one.

    Attributes:
        id: as in the analysis that the project was made with.
        name: what the user calls the person, or empty.
        first_s, box_px: when and where the face was seen first, so that another analysis is noticed; None: not known.
        extra: what the file says beyond that.
    """

    id: int
    name: str = ""
    first_s: float | None = None
    box_px: Box | None = None
    extra: Json = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True)
class Project:
    """The contents of a project file.

    Attributes:
        video: the path as the file says it: relative to the file's folder, or absolute.
        content: what tells that video from another.
        model: a row of the model shelf.
        cast: the user's corrections of who is who. found: of the faces that it names, as they were found.
        hidden: whom the user hid.
        view_s: the stretch that the time line shows; None for all.
        recovered_from: of a recovery file: the project file it belongs to, or empty.
        unsaved: of a recovery file: it was left since the project could not be written, not by a crash.
        raw: what was read, for keys that are not known here.
    """

    video: str
    content: Fingerprint = Fingerprint()
    model: str = "default"
    people: tuple[PersonMark, ...] = ()
    cast: Cast = ()
    found: tuple[PersonMark, ...] = ()
    hidden: tuple[int, ...] = ()
    picked: int | None = None
    mode: ListenMode = ListenMode.ORIGINAL
    mix_back: float = 0.0
    range_s: tuple[float, float] | None = None
    playhead_s: float = 0.0
    view_s: tuple[float, float] | None = None
    recovered_from: str = ""
    unsaved: bool = False
    raw: Json = field(default_factory=dict, compare=False, repr=False)

    @property
    def video_name(self) -> str:
        """The name of the video's file, also where the path is of another system."""
        windows = PureWindowsPath(self.video)
        return windows.name if windows.is_absolute() else Path(self.video).name

    def video_path(self, folder: Path) -> Path:
        """Where the video is said to be, for a project file in this folder."""
        return Path(os.path.normpath(folder / self.video))

    def find_video(self, folder: Path) -> Path | None:
        """The video: where it is said to be, else of the same name and size beside the project file."""
        wanted = self.video_path(folder)
        if is_plain_file(wanted):
            return wanted
        beside = folder / self.video_name
        if not is_plain_file(beside):
            return None
        known = self.content.size_bytes
        return beside if not known or known == beside.stat().st_size else None


def is_project(path: Path) -> bool:
    """Whether a file is a project by its name."""
    return path.suffix.lower() == SUFFIX


def is_plain_file(path: Path) -> bool:
    """Whether there is a file at `path`: no folder, no device; False also for a path that cannot be."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except (OSError, ValueError):
        return False


def fingerprint(path: Path) -> Fingerprint:
    """Length, and BLAKE2 of length, first and last MiB: two short reads, however long the file is.

    Raises:
        OSError: it cannot be read.
    """
    if not is_plain_file(path):
        raise OSError(f"{path} is not a file")
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        digest = hashlib.blake2b(size.to_bytes(8, "little"), digest_size=16)
        digest.update(file.read(MIB))
        if size > MIB:
            file.seek(max(MIB, size - MIB))
            digest.update(file.read(MIB))
    return Fingerprint(size, f"blake2b:{digest.hexdigest()}")


def differs(one: Fingerprint, other: Fingerprint) -> bool:
    """Whether two files are surely not the same."""
    if one.size_bytes and other.size_bytes and one.size_bytes != other.size_bytes:
        return True
    return bool(one.digest and other.digest) and one.digest != other.digest


def mark(person: Person, name: str = "", extra: Json | None = None) -> PersonMark:
    """How a project refers to this person."""
    track = min(person.tracks, key=lambda track: track.start_s, default=None)
    if track is None or not len(track.times_s):
        return PersonMark(person.id, name, extra=extra or {})
    left, top, right, bottom = (round(float(value), 1) for value in track.boxes_px[0])
    return PersonMark(person.id, name, round(float(track.times_s[0]), 3), (left, top, right, bottom), extra or {})


def match(marks: Sequence[PersonMark], people: Sequence[Person]) -> dict[int, int]:
    """Which person each mark means now, by id; marks that mean nobody any more are left out.

    A person with the same id is taken if the face is where it was; else whoever's face is there.
    """
    by_id = {person.id: person for person in people}
    found: dict[int, int] = {}
    for wanted in marks:
        if wanted.id in by_id and _likeness(wanted, by_id[wanted.id]) >= SAME_FACE:
            found[wanted.id] = wanted.id
    for wanted in marks:
        if wanted.id in found or wanted.box_px is None:
            continue
        free = [person for person in people if person.id not in found.values()]
        best = max(free, key=lambda person: _likeness(wanted, person), default=None)
        if best is not None and _likeness(wanted, best) >= SAME_FACE:
            found[wanted.id] = best.id
    return found


def cast_now(project: Project, people: Sequence[Person]) -> tuple[Cast, dict[int, int]] | None:
    """A project's corrections for the people found now, and what its ids of people are now.

    Returns:
        None where a face that the corrections name was not found again.
    """
    now = match(project.found, people)
    if any(part.found not in now for part in project.cast):
        return None
    taken = {person.id for person in people}
    for part in project.cast:
        if part.person not in now:  # somebody whom the user made
            now[part.person] = part.person if part.person not in taken else max(taken) + 1
            taken.add(now[part.person])
    return tuple(replace(part, person=now[part.person], found=now[part.found]) for part in project.cast), now


def project_text(project: Project) -> str:
    """The file's text: what is known first, in a fixed order, then what was in the file beyond it."""
    raw = project.raw
    known: Json = {
        "format": FORMAT,
        "version": VERSION,
        "video": _over(
            raw.get("video"),
            {
                "path": project.video,
                "size_bytes": project.content.size_bytes,
                "fingerprint": project.content.digest,
            },
        ),
        "model": project.model,
        "people": [_person_json(person) for person in project.people],
        "corrections": _over(
            raw.get("corrections"),
            {
                "found": [_person_json(person) for person in project.found],
                "parts": [asdict(part) for part in project.cast],
            },
        ),
        "hidden": list(project.hidden),
        "picked": project.picked,
        "listening": _over(raw.get("listening"), {"mode": project.mode.value, "mix_back": round(project.mix_back, 4)}),
        "selection_s": _rounded(project.range_s),
        "playhead_s": round(project.playhead_s, 3),
        "timeline": _over(raw.get("timeline"), {"view_s": _rounded(project.view_s)}),
    }
    extra = {key: value for key, value in raw.items() if key not in known and key != "recovery"}
    if project.recovered_from or project.unsaved:
        extra["recovery"] = {"project": project.recovered_from, "unsaved": project.unsaved}
    text = json.dumps({**known, **extra}, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    text = re.sub(r"\[\n\s+(-?[\d.]+(?:,\n\s+-?[\d.]+)*)\n\s+\]", _on_one_line, text)
    return re.sub("[\ud800-\udfff]", lambda found: f"\\u{ord(found.group()):04x}", text)


def write_project(path: Path, project: Project, *, safe: bool = True) -> None:
    """Write a project file under another name, then rename it: what was there is whole until the new one is.

    Args:
        safe: wait until it is on the disk.

    Raises:
        OSError: it cannot be written.
    """
    data = project_text(project).encode()
    draft = path.with_name(f".avsep-{secrets.token_hex(6)}.tmp")
    mode = 0o666
    if is_plain_file(path):
        mode = stat.S_IMODE(path.stat().st_mode)
        if not os.access(path, os.W_OK):
            raise PermissionError(13, os.strerror(13), str(path))
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            if safe:
                file.flush()
                os.fsync(file.fileno())
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise


def said_path(video: Path, folder: Path) -> str:
    """How a project file in `folder` names its video: relative where the video is below it."""
    video, folder = Path(os.path.normpath(video.absolute())), Path(os.path.normpath(folder.absolute()))
    return video.relative_to(folder).as_posix() if video.is_relative_to(folder) else str(video)


def _person_json(person: PersonMark) -> Json:
    known = {
        "id": person.id,
        "name": person.name,
        "first_seen_s": person.first_s,
        "first_box_px": None if person.box_px is None else list(person.box_px),
    }
    return {**known, **person.extra}


def _over(raw: object, known: Json) -> Json:
    """The known values over an object of the file, whose other keys stay."""
    return {**known, **({key: raw[key] for key in raw if key not in known} if isinstance(raw, dict) else {})}


def _rounded(stretch: tuple[float, float] | None) -> list[float] | None:
    return None if stretch is None else [round(stretch[0], 3), round(stretch[1], 3)]


def _on_one_line(found: re.Match[str]) -> str:
    return "[" + ", ".join(part.strip() for part in found.group(1).split(",")) + "]"


def _likeness(wanted: PersonMark, person: Person) -> float:
    """How much the person's face at that moment covers the same place, 0 to 1; 1 where the place is not known."""
    if wanted.box_px is None or wanted.first_s is None:
        return 1.0
    best = 0.0
    for track in person.tracks:
        if not len(track.times_s):
            continue
        nearest = int(np.argmin(np.abs(track.times_s - wanted.first_s)))
        if abs(float(track.times_s[nearest]) - wanted.first_s) <= SAME_MOMENT_S:
            best = max(best, _overlap(wanted.box_px, track.boxes_px[nearest]))
    return best


def _overlap(one: Box, other: Sequence[float]) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    areas = (one[2] - one[0]) * (one[3] - one[1]) + (other[2] - other[0]) * (other[3] - other[1])
    return float(width * height / (areas - width * height))
