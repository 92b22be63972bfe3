"""Fixed mixture lists: a CSV recipe that anyone can make sound of again.

The columns are the fields of `Recipe`; `docs/evaluation.md` shows them with examples. Those without a default must be
there. What a recipe sounds and looks like is in `engine.data.scene`.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import MISSING, asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from engine.data.pack import SAMPLE_RATE_HZ, Clip
from engine.errors import InputError, UsageError
from engine.vision.lips import RATE_HZ

_HELP = "The columns are described in docs/evaluation.md."
_GENDERS = ("", "f", "m")


@dataclass(frozen=True)
class Voice:
    """One talker of a mixture: a clip, where the window begins in it, and its level against the target in dB."""

    path: str
    start_s: float
    level_db: float
    gender: str


@dataclass(frozen=True)
class Recipe:
    """One mixture of two or three talkers. Every talker who is filmed is scored, the target first.

    Attributes:
        id: unique in the list. corpus, split: names to group by.
        target, interferer, interferer2: paths below the data folder; `interferer2` empty for two talkers. An
            interferer without a picture is a talker whom nobody sees.
        target_start_s, interferer_start_s, interferer2_start_s: where the window begins in each clip.
        seconds: length of the window; used down to whole 25 Hz frames.
        sir_db, sir2_db: level of the target over the interferer, each at unit level in its window.
        noise, noise_start_s: a sound file, repeated where it is short; empty for none.
        snr_db: level of all voices together over the noise; None without noise.
        delay_frames: by how many 25 Hz frames the picture comes later than the sound; negative for earlier.
        margin_frames: how far the picture reaches beyond the sound at both ends; None for all that the model takes.
        jitter_frames: the time stamp of each picture frame is wrong by up to this much.
        drop_share: share of the picture frames that are lost, 0..1.
        seed: of jitter and drops.
        target_gender, interferer_gender, interferer2_gender: f, m or empty. tag: a word of your own to group by.

    Raises:
        UsageError: a value is out of range or does not go with another.
    """

    id: str
    corpus: str
    split: str
    target: str
    target_start_s: float
    interferer: str
    interferer_start_s: float
    seconds: float
    sir_db: float
    interferer2: str = ""
    interferer2_start_s: float = 0.0
    sir2_db: float = 0.0
    noise: str = ""
    noise_start_s: float = 0.0
    snr_db: float | None = None
    delay_frames: int = 0
    margin_frames: int | None = None
    jitter_frames: float = 0.0
    drop_share: float = 0.0
    seed: int = 0
    target_gender: str = ""
    interferer_gender: str = ""
    interferer2_gender: str = ""
    tag: str = ""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, float) and not math.isfinite(value):
                raise UsageError(f"{field.name} is {value}.", "Write a number.")
            if field.name.endswith("start_s") and value < 0:
                raise UsageError(f"{field.name} is {value:g}.", "A window begins at 0 s or later.")
            if field.name.endswith("gender") and value not in _GENDERS:
                raise UsageError(f"{field.name} is {value!r}.", "Write f, m or nothing.")
        if not self.id or not self.target or not self.interferer:
            raise UsageError("id, target and interferer must not be empty.", "Fill them in.")
        if self.seconds < 0.5:
            raise UsageError(f"seconds is {self.seconds:g}.", "A mixture is half a second or longer.")
        if (self.snr_db is None) != (not self.noise):
            raise UsageError("noise and snr_db must be given together.", "Fill in both, or neither.")
        if self.jitter_frames < 0 or not 0 <= self.drop_share <= 1 or self.seed < 0 or (self.margin_frames or 0) < 0:
            raise UsageError(
                f"jitter_frames {self.jitter_frames:g}, drop_share {self.drop_share:g}, seed {self.seed} or "
                f"margin_frames {self.margin_frames} is out of range.",
                "drop_share is 0 to 1, the others are not negative.",
            )

    @property
    def voices(self) -> tuple[Voice, ...]:
        """The talkers, the target first."""
        two = (
            Voice(self.target, self.target_start_s, 0.0, self.target_gender),
            Voice(self.interferer, self.interferer_start_s, -self.sir_db, self.interferer_gender),
        )
        if not self.interferer2:
            return two
        return (*two, Voice(self.interferer2, self.interferer2_start_s, -self.sir2_db, self.interferer2_gender))


def draw_recipe(
    clips: Sequence[Clip],
    corpus: str,
    split: str,
    count: int,
    *,
    seed: int,
    seconds: float = 2.88,
    talkers: int = 2,
    sir_db: tuple[float, float] = (-5.0, 5.0),
    genders: Mapping[str, str] | None = None,
    same_gender: bool | None = None,
) -> list[Recipe]:
    """Draw mixtures of different filmed people; the same seed, the same list.

    Args:
        talkers: 2 or 3.
        sir_db: range of the level of the target over each interferer.
        genders: f or m of each speaker, written into the recipes.
        same_gender: all talkers of one gender, or not; None leaves it to chance. Needs `genders`.

    Returns:
        `count` recipes; none where the split has too few people for what is asked.
    """
    rng = np.random.default_rng(seed)
    people: dict[str, list[Clip]] = {}
    for clip in clips:
        long_enough = min(clip.audio_samples / SAMPLE_RATE_HZ, clip.video_frames / RATE_HZ) >= seconds
        if clip.corpus == corpus and clip.split == split and long_enough:
            people.setdefault(clip.speaker, []).append(clip)
    known = genders or {}
    if len(people) < talkers or not _possible([known.get(who, "") for who in people], talkers, same_gender):
        return []
    rows = []
    for number in range(count):
        who = _draw_people(rng, sorted(people), talkers, known, same_gender)
        drawn = [people[name][int(rng.integers(len(people[name])))] for name in who]
        starts = []
        for clip in drawn:
            last = min(clip.video_frames, clip.audio_samples * RATE_HZ // SAMPLE_RATE_HZ) - round(seconds * RATE_HZ)
            starts.append(int(rng.integers(last + 1)) / RATE_HZ)
        levels = [round(float(rng.uniform(*sir_db)), 2) for _ in drawn[1:]]
        third: dict[str, Any] = {}
        if talkers == 3:
            third = {
                "interferer2": drawn[2].name,
                "interferer2_start_s": starts[2],
                "sir2_db": levels[1],
                "interferer2_gender": known.get(who[2], ""),
            }
        rows.append(
            Recipe(
                f"{corpus}-{split}-{number:03d}",
                corpus,
                split,
                drawn[0].name,
                starts[0],
                drawn[1].name,
                starts[1],
                seconds,
                levels[0],
                target_gender=known.get(who[0], ""),
                interferer_gender=known.get(who[1], ""),
                **third,
            )
        )
    return rows


def _possible(genders: list[str], talkers: int, same: bool | None) -> bool:
    if same is None:
        return True
    women, men = genders.count("f"), genders.count("m")
    return max(women, men) >= talkers if same else women > 0 and men > 0 and women + men >= talkers


def _draw_people(
    rng: np.random.Generator, names: list[str], talkers: int, genders: Mapping[str, str], same: bool | None
) -> list[str]:
    while True:
        who = [str(name) for name in rng.choice(names, talkers, replace=False)]
        if same is None or ("" not in (sexes := {genders.get(name, "") for name in who}) and (len(sexes) == 1) == same):
            return who


def write_recipes(path: Path, rows: Iterable[Recipe]) -> None:
    """Write a recipe list; columns that no row uses are left out."""
    written = list(rows)
    used = [
        f.name for f in fields(Recipe) if f.default is MISSING or any(getattr(r, f.name) != f.default for r in written)
    ]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, used, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(row) for row in written)


def read_recipes(path: Path) -> list[Recipe]:
    """Read a recipe list. Columns without a value in a row have their default there.

    Raises:
        InputError: missing, not text, no rows, an unknown column, an id twice, or a value that is missing, not a
            number or out of range; names the line.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = list(_rows(csv.DictReader(file, strict=True), path.name))
    except OSError as error:
        raise InputError(f"Cannot read the mixture list {path}: {error.strerror}.", "Check the path.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"The mixture list {path} is not a CSV file: {error}.", "Save it as CSV in UTF-8.") from error
    if not rows:
        raise InputError(f"The mixture list {path} is empty.", f"Add rows. {_HELP}")
    return rows


def _rows(reader: csv.DictReader[str], name: str) -> Iterator[Recipe]:
    known = {f.name: f for f in fields(Recipe)}
    unknown = [column for column in reader.fieldnames or () if column not in known]
    if unknown:
        raise InputError(f"{name} has an unknown column {unknown[0]!r}.", f"Known are {', '.join(known)}.")
    lines: dict[str, int] = {}
    for row in reader:
        at = reader.line_num
        try:
            recipe = Recipe(**_values(row))
        except UsageError as error:
            raise InputError(
                f"Line {at} of {name} is not a mixture: {error.message}", f"{error.remedy} {_HELP}"
            ) from error
        if recipe.id in lines:
            raise InputError(
                f"Line {at} of {name} has the id {recipe.id!r} of line {lines[recipe.id]} again.",
                "Give every row its own.",
            )
        lines[recipe.id] = at
        yield recipe


def _values(row: dict[str, Any]) -> dict[str, Any]:
    if None in row:
        raise UsageError("it has more values than the list has columns.", "Correct the line.")
    values: dict[str, Any] = {}
    for field in fields(Recipe):
        text = (row.get(field.name) or "").strip()
        if field.type == "str":
            if not text and field.name in ("id", "target", "interferer"):
                raise UsageError(f"{field.name} is missing.", "Fill it in.")
            values[field.name] = text
        elif text:
            kind = int if str(field.type).startswith("int") else float
            try:
                values[field.name] = kind(text)
            except ValueError as error:
                whole = "whole " if kind is int else ""
                raise UsageError(f"{field.name} is {text!r}, not a {whole}number.", "Correct the value.") from error
        elif field.default is MISSING:
            raise UsageError(f"{field.name} is missing.", "Fill it in.")
    return values
