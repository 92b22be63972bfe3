"""The inputs of the product contract's section 6, made anew each time with drawn people."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import numpy as np
from numpy.typing import NDArray

from engine.types import FloatArray
from tests.helpers.faces import LOOKS, ClipPerson, clip_frames
from tests.helpers.media_files import (
    FILM_RATE,
    NTSC_RATE,
    Picture,
    Sound,
    corrupted,
    text_as_video,
    truncated,
    write_media,
)

SIZE = (640, 360)
SECONDS = 2.0
AAC_RUN_IN = 1024  # samples that an AAC encoder puts before the sound
COMMANDS = ("probe", "faces", "voice", "folder", "video", "batch")
Refusals = dict[str, tuple[int, str]]  # command: exit code and error code
UNREADABLE: Refusals = dict.fromkeys(COMMANDS, (3, "input_unreadable"))
NO_PICTURE: Refusals = dict.fromkeys(COMMANDS[1:], (3, "no_picture"))
NO_SOUND: Refusals = dict.fromkeys(COMMANDS[2:], (3, "no_sound"))
NO_FACE: Refusals = dict.fromkeys(COMMANDS[2:], (3, "no_face"))
# By how many people there are: where they sit in a picture of 640 pixels, and how wide their faces are.
SEATS = {1: ((320,), 130.0), 2: ((160, 480), 120.0), 3: ((110, 320, 530), 110.0), 4: ((82, 242, 400, 560), 98.0)}


@dataclass(frozen=True)
class Input:
    """A file, and what must come of it.

    Attributes:
        people: how many are found in its picture; None where it has none or is damaged.
        refused: the commands that cannot work on it.
        heard: the sound that went in, from the file's t = 0, (n, channels); None where that is not known.
        probed: values of `avsep probe`, by "video.rotation_deg" and the like.
    """

    name: str
    path: Path
    people: int | None = 2
    refused: Refusals = field(default_factory=dict)
    heard: FloatArray | None = None
    probed: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Film:
    """How an input is made: the people in its picture, and how picture and sound are written."""

    name: str
    suffix: str = ".mp4"
    picture: Picture | None = field(default_factory=lambda: Picture(duration_s=SECONDS))
    sounds: tuple[Sound, ...] = field(default_factory=lambda: (sound(),))
    cast: tuple[ClipPerson, ...] = ()
    cuts_s: tuple[float, ...] = ()
    refused: Refusals = field(default_factory=dict)
    probed: dict[str, Any] = field(default_factory=dict)
    short: bool = False


def cast(count: int) -> tuple[ClipPerson, ...]:
    """So many people side by side."""
    centres, width = SEATS[count]
    return tuple(ClipPerson(LOOKS[k % len(LOOKS)], (x, 160), width) for k, x in enumerate(centres))


def babble(rate_hz: int, channels: int, seconds: float = SECONDS) -> FloatArray:
    """Bursts of noise, another for each channel, (n, channels)."""
    chance = np.random.default_rng(rate_hz + channels)
    n_samples = round(seconds * rate_hz)
    loudness = np.interp(np.arange(n_samples) / rate_hz, np.arange(0, seconds + 0.2, 0.1), _bursts(seconds))
    return (chance.standard_normal((n_samples, channels)) * 0.1 * loudness[:, None]).astype(np.float32)


def _bursts(seconds: float) -> NDArray[np.float64]:
    return np.random.default_rng(3).uniform(0.05, 1.0, len(np.arange(0, seconds + 0.2, 0.1)))


def sound(rate_hz: int = 48_000, layout: str = "stereo", seconds: float = SECONDS, **how: Any) -> Sound:
    """A stream of babble."""
    return Sound(rate_hz, layout, samples=babble(rate_hz, Sound(layout=layout).channels, seconds), **how)


def inputs(folder: Path, *, short: bool) -> Iterator[Input]:
    """All inputs, or a sample of them, each written when it is asked for."""
    folder.mkdir()
    plain = make(folder, Film("25 pictures a second, stereo", short=True))
    yield plain
    for film in films():
        if film.short or not short:
            yield make(folder, film)
    if not short:
        yield _cut_by_copying(folder, plain)
    yield from _damaged(folder, plain)
    yield from _oddly_named(folder, plain)


def films() -> list[Film]:
    """Every film that is written from scratch."""
    uneven = tuple(float(time_s) for time_s in np.cumsum([0.0, *[0.03, 0.05, 0.033, 0.1, 0.04] * 10])[:48])
    late, early = 0.35, 0.4
    aac_late = (
        late - AAC_RUN_IN / 48_000
    )  # where sound starts late, the encoder's run-in is not cut from it but comes before
    found = [
        Film("29.97 pictures a second", picture=Picture(NTSC_RATE, SECONDS), probed={"video.avg_fps": 29.97}),
        Film("23.976 pictures a second", ".mkv", Picture(FILM_RATE, SECONDS), probed={"video.avg_fps": 23.976}),
        Film("varying rate of pictures", picture=Picture(times_s=uneven), probed={"video.is_vfr": True}, short=True),
        *(
            Film(
                f"rotated by {turn}",
                picture=Picture(clockwise_deg=turn, duration_s=SECONDS),
                probed={"video.rotation_deg": turn, "video.width": SIZE[0]},
                short=turn == 90,
            )
            for turn in (90, 180, 270)
        ),
        Film("sound late, edit list", sounds=(sound(start_s=late),), probed={"audio.0.start_s": aac_late}, short=True),
        Film("sound late, start offset", ".mkv", sounds=(sound(start_s=late),), probed={"audio.0.start_s": late}),
        Film(
            "sound early, edit list",
            picture=Picture(start_s=early, duration_s=SECONDS),
            sounds=(sound(),),
            probed={"video.start_s": early},
        ),
        Film(
            "sound early, start offset",
            ".mkv",
            Picture(start_s=early, duration_s=SECONDS),
            (sound(),),
            probed={"video.start_s": early},
        ),
        Film("broadcast stream", ".ts", sounds=(sound(),)),
        Film(
            "two sound tracks", sounds=(sound(), sound(44_100, "mono", language="deu")), probed={"audio.1.channels": 1}
        ),
        Film("no sound", sounds=(), refused=NO_SOUND, short=True),
        Film("no picture", ".m4a", None, (sound(),), refused=NO_PICTURE, short=True),
        Film("no face", picture=Picture(duration_s=SECONDS, width=640, height=360), refused=NO_FACE, short=True),
        Film("a face that leaves and comes back", cast=_comes_back(), picture=Picture(duration_s=4.0)),
        Film("shot cuts", cast=_in_shots(), cuts_s=(1.4, 2.8), picture=Picture(duration_s=4.0), short=True),
        Film("a talker off screen", cast=cast(1)),
        Film("three talkers", cast=cast(3)),
        Film("four talkers", cast=cast(4), short=True),
    ]
    for layout in ("mono", "5.1", "7.1"):
        name = ".mkv" if layout == "7.1" else ".mp4"
        found.append(Film(f"sound in {layout}", name, sounds=(sound(layout=layout),), short=layout == "5.1"))
    for rate in (8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 96_000, 176_400, 192_000):
        facts = {"audio.0.sample_rate_hz": rate}
        found.append(Film(f"{rate} Hz", ".mkv", sounds=(sound(rate),), probed=facts, short=rate in (8_000, 192_000)))
    return found


def _comes_back() -> tuple[ClipPerson, ...]:
    away = ((0.0, 1.4), (2.4, 4.0))
    return (ClipPerson(LOOKS[0], (160, 160)), ClipPerson(LOOKS[1], (480, 160), visible_s=away))


def _in_shots() -> tuple[ClipPerson, ...]:
    first, second, third = (0.0, 1.4), (1.4, 2.8), (2.8, 4.0)
    return (
        ClipPerson(LOOKS[0], (160, 160), visible_s=(first, third)),
        ClipPerson(LOOKS[1], (480, 160), visible_s=(second, third)),
    )


def make(folder: Path, film: Film) -> Input:
    """Write a film."""
    path = folder / f"{film.name}{film.suffix}"
    people = film.cast or cast(2)
    faceless = film.picture is None or film.refused == NO_FACE
    picture = film.picture
    if picture is not None and not faceless:
        upright = picture.clockwise_deg % 180 == 0
        width, height = SIZE if upright else SIZE[::-1]
        shown = drawn(people, film.cuts_s, len(picture.ticks()))
        picture = Picture(**(vars(picture) | {"width": width, "height": height, "shown": shown}))
    write_media(path, picture, film.sounds)
    count = 0 if film.refused == NO_FACE else len(people)
    heard = _heard(film.sounds[0], film.picture) if film.sounds else None
    if heard is not None and film.suffix == ".ts":  # nothing hides the encoder's run-in: it is what sounds first
        heard = np.pad(heard, ((AAC_RUN_IN, 0), (0, 0)))
    return Input(film.name, path, None if film.picture is None else count, film.refused, heard, film.probed)


@lru_cache(maxsize=4)
def drawn(people: tuple[ClipPerson, ...], cuts_s: tuple[float, ...], count: int) -> tuple[NDArray[np.uint8], ...]:
    """So many pictures of people, (360, 640, 3) uint8 red, green, blue."""
    frames = clip_frames(people, duration_s=count / 25, size=SIZE, fps=Fraction(25), cuts_s=cuts_s)
    return tuple(np.ascontiguousarray(frame[:, :, 2::-1]) for frame in frames)


def _heard(stream: Sound, picture: Picture | None) -> FloatArray:
    """A stream on the file's clock, which begins with what comes first."""
    picture_s = stream.start_s if picture is None else picture.ticks()[0] / picture.clock_hz
    before = round((stream.start_s - min(stream.start_s, picture_s)) * stream.sample_rate_hz)
    return np.pad(stream.signal(), ((before, 0), (0, 0)))


def _cut_by_copying(folder: Path, plain: Input) -> Input:
    """The end of a film, cut off without encoding it anew: an edit list hides what comes before the cut."""
    path = folder / "cut by copying.mp4"
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-ss", "0.7", "-i", str(plain.path), "-c", "copy"]
    subprocess.run([*command, str(path)], check=True)
    return Input("cut by copying, edit list", path, 2)


def _damaged(folder: Path, plain: Input) -> Iterator[Input]:
    """Files that are not what they should be."""
    whole = make(folder, Film("to be damaged", ".mkv", sounds=(sound(),)))
    yield Input("truncated, index at the end", truncated(folder / "index at the end.mp4", plain.path), None, UNREADABLE)
    yield Input("truncated, index at the start", truncated(folder / "index at the start.mkv", whole.path), 2)
    yield Input("corrupt in the middle", corrupted(folder / "corrupt.mkv", whole.path, start=0.75, end=0.8), 2)
    noise = corrupted(folder / "noise.mp4", plain.path, start=0.0, end=1.0)
    yield Input("corrupt all through", noise, None, UNREADABLE)
    yield Input("a text file named .mp4", text_as_video(folder / "text.mp4"), None, UNREADABLE)
    empty = folder / "empty.mp4"
    empty.touch()
    yield Input("an empty file", empty, None, UNREADABLE)
    yield Input("a folder named .mp4", _folder(folder / "folder.mp4"), None, UNREADABLE)


def _folder(path: Path) -> Path:
    path.mkdir()
    return path


def _oddly_named(folder: Path, plain: Input) -> Iterator[Input]:
    """The plain film under names that trip programs up."""
    names: Sequence[tuple[str, str]] = (
        ("a name with spaces", "  two  words .mp4"),
        ("a name with quotes", 'it\'s "quoted" `so`.mp4'),
        ("a name with emoji", "🎤👩🏽‍🎤 é ü.mp4"),
        ("a name with a leading dash", "-o --json.mp4"),
        ("a name of 200 characters", "n" * 196 + ".mp4"),
        ("a name with a newline", "one\ntwo.mp4"),
        ("a name like a pattern", "50% [a-z]*?.mp4"),
    )
    for what, name in names:
        yield Input(what, Path(shutil.copy(plain.path, folder / name)), 2, heard=plain.heard)
