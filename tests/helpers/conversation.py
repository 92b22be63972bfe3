"""Turn-taking conversations: the list of their turns, and a video with true voices made from it.

The list has one row per turn of a person. A conversation's people sit side by side, person 0 on the left, each in a
square tile of the picture; while a person listens, the tile plays the quietest half second of their clips forth
and back at a sixth of its speed, so that the face lives and does not talk. (At full speed the turning back and forth
moves the mouth in the rhythm of syllables.)
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import soundfile
from numpy.typing import NDArray
from scipy.signal import resample_poly

from engine.cache import write_then_rename
from engine.media.reader import decode_audio, read_frames
from tests.helpers.sample.encode import write_video

FloatArray = NDArray[np.float32]
Mask = NDArray[np.bool_]
Picture = NDArray[np.uint8]

TILE_PX = 320
FPS = 25
RATE_HZ = 48_000
TAIL_S = 0.4  # after the last turn
_MAKING = 2  # changes when the same list would give another video
_QUIET_FRAMES = 13
_SLOWER = 6
_FADE_S = 0.01
_PEAK = 0.8
_CRF = 18
_AAC_BIT_RATE = 256_000
_CLOCK_S = 1e-3  # rounding of time stamps


@dataclass(frozen=True)
class Turn:
    """One person's turn.

    Attributes:
        conversation: its id. corpus: a name to group by.
        person: 0 for the leftmost tile.
        path: the clip, below the data folder.
        clip_start_s: where the turn begins in the clip. at_s: where it begins in the conversation.
        seconds: length. All three are whole 25 Hz frames.
        level_db: level of the turn, scaled to equal power before.
    """

    conversation: str
    corpus: str
    person: int
    path: str
    clip_start_s: float
    at_s: float
    seconds: float
    level_db: float

    @property
    def end_s(self) -> float:
        """Where the turn ends in the conversation."""
        return self.at_s + self.seconds

    def span(self, rate_hz: int) -> slice:
        """The turn in samples of the conversation."""
        return slice(round(self.at_s * rate_hz), round(self.end_s * rate_hz))


@dataclass(frozen=True)
class Conversation:
    """All turns of a conversation, by time."""

    turns: tuple[Turn, ...]

    @property
    def id(self) -> str:
        """The name in the list."""
        return self.turns[0].conversation

    @property
    def corpus(self) -> str:
        """Where the clips are from."""
        return self.turns[0].corpus

    @property
    def people(self) -> int:
        """How many sit there."""
        return 1 + max(turn.person for turn in self.turns)

    @property
    def seconds(self) -> float:
        """Length, with a moment after the last turn."""
        return round(max(turn.end_s for turn in self.turns) + TAIL_S, 2)

    def talking(self, rate_hz: int) -> Mask:
        """Who has a turn when, (P, T)."""
        mask = np.zeros((self.people, round(self.seconds * rate_hz)), np.bool_)
        for turn in self.turns:
            mask[turn.person, turn.span(rate_hz)] = True
        return mask

    @property
    def overlap_share(self) -> float:
        """Time in which several people have a turn, of the time in which anybody has."""
        count = self.talking(100).sum(0)
        return float((count > 1).sum() / (count > 0).sum())


@dataclass(frozen=True)
class Made:
    """What was made of a conversation: the video, and one float WAV per person with the true voice."""

    video: Path
    voices: tuple[Path, ...]

    def true_voices(self) -> FloatArray:
        """(P, T) at 48 kHz; their sum is the video's sound before it was coded."""
        return np.stack([soundfile.read(path, dtype="float32")[0] for path in self.voices])


def read_conversations(path: Path) -> list[Conversation]:
    """Read a list of turns; the order is that of the first turns in the file."""
    kinds: dict[str, Any] = {f.name: {"int": int, "float": float}.get(str(f.type), str) for f in fields(Turn)}
    with path.open(newline="", encoding="utf-8") as file:
        turns = [Turn(**{name: kinds[name](value) for name, value in row.items()}) for row in csv.DictReader(file)]
    names = dict.fromkeys(turn.conversation for turn in turns)
    return [
        Conversation(tuple(sorted((t for t in turns if t.conversation == name), key=lambda t: t.at_s)))
        for name in names
    ]


def write_conversations(path: Path, conversations: Iterable[Conversation]) -> None:
    """Write a list of turns."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [f.name for f in fields(Turn)], lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(turn) for conversation in conversations for turn in conversation.turns)


def shrunk(mask: Mask, by: int) -> Mask:
    """The stretches of a mask (T,), each shorter by `by` samples at both ends."""
    out = np.zeros_like(mask)
    edges = np.flatnonzero(np.diff(np.r_[False, mask, False]))
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        out[start + by : max(start + by, end - by)] = True
    return out


def make(conversation: Conversation, root: Path, folder: Path) -> Made:
    """Make the video and the true voices in `folder`, or use those that lie there.

    Args:
        root: the folder that the turns' paths are relative to.

    Raises:
        InputError: a clip is missing or cannot be read.
    """
    folder.mkdir(parents=True, exist_ok=True)
    made = Made(folder / "conversation.mp4", tuple(folder / f"true-{p}.wav" for p in range(conversation.people)))
    recipe = json.dumps({"making": _MAKING, "turns": [asdict(t) for t in conversation.turns]}, indent=1)
    note = folder / "made_of.json"
    whole = note.is_file() and all(path.is_file() for path in (made.video, *made.voices))
    if whole and note.read_text(encoding="utf-8") == recipe:
        return made
    note.unlink(missing_ok=True)
    voices = true_voices(conversation, root)
    for path, voice in zip(made.voices, voices, strict=True):
        soundfile.write(path, voice, RATE_HZ, subtype="FLOAT")
    with write_then_rename(made.video) as temporary:
        write_video(
            temporary,
            _pictures(conversation, root),
            voices.sum(0)[:, None],
            size=(TILE_PX * conversation.people, TILE_PX),
            sample_rate_hz=RATE_HZ,
            crf=_CRF,
            audio_bit_rate=_AAC_BIT_RATE,
        )
    note.write_text(recipe, encoding="utf-8")
    return made


def true_voices(conversation: Conversation, root: Path) -> FloatArray:
    """The voices, (P, T) float32 at 48 kHz; the peak of their sum is 0.8."""
    voices = np.zeros((conversation.people, round(conversation.seconds * RATE_HZ)), np.float64)
    ramp = np.linspace(0.0, 1.0, round(_FADE_S * RATE_HZ))
    for turn in conversation.turns:
        sound, start = clip_sound(root / turn.path), round(turn.clip_start_s * RATE_HZ)
        place = turn.span(RATE_HZ)
        part = sound[start : start + place.stop - place.start].astype(np.float64)
        part = part - part.mean()
        part *= 10 ** (turn.level_db / 20) / np.sqrt(np.mean(part**2))
        part[: len(ramp)] *= ramp
        part[-len(ramp) :] *= ramp[::-1]
        voices[turn.person, place.start : place.start + len(part)] += part
    return np.asarray(voices * (_PEAK / np.abs(voices.sum(0)).max()), np.float32)


def clip_sound(path: Path) -> FloatArray:
    """A clip's sound, (T,) at 48 kHz."""
    store = decode_audio(path)
    mono = np.asarray(store.open()).mean(1)
    return np.asarray(resample_poly(mono, RATE_HZ, store.sample_rate_hz), np.float32)


def quietest(sound: NDArray[Any], rate_hz: int, frames: int) -> tuple[int, float]:
    """Where the quietest half second of a clip begins, as a 25 Hz frame, and its level in dB against the whole clip.

    Args:
        sound: (T,). frames: how many pictures the clip has.
    """
    step = rate_hz // FPS
    whole = min(len(sound) // step, frames)
    energy = (sound[: whole * step].astype(np.float64).reshape(whole, step) ** 2).mean(1)
    window = min(_QUIET_FRAMES, whole)
    levels = np.convolve(energy, np.ones(window) / window, "valid")
    start = int(levels.argmin())
    return start, float(10 * np.log10((levels[start] + 1e-12) / (energy.mean() + 1e-12)))


def _pictures(conversation: Conversation, root: Path) -> Iterator[Picture]:
    """The conversation's pictures, (320, 320 P, 4) blue, green, red, unused."""
    tiles = [_tiles(conversation, person, root) for person in range(conversation.people)]
    for row in zip(*tiles, strict=True):
        rgb = np.concatenate(row, 1)
        yield np.concatenate([rgb[..., ::-1], np.zeros_like(rgb[..., :1])], 2)


def _tiles(conversation: Conversation, person: int, root: Path) -> Iterator[Picture]:
    """One person's pictures, (320, 320, 3), through the whole conversation."""
    turns = [turn for turn in conversation.turns if turn.person == person]
    listening = _listening(root, sorted({turn.path for turn in turns}))
    swing = listening + listening[-2:0:-1]
    at = 0
    for turn in turns:
        start = round(turn.at_s * FPS)
        yield from (swing[k % len(swing)] for k in range(at, start))
        yield from clip_tiles(root / turn.path, turn.clip_start_s, round(turn.seconds * FPS))
        at = start + round(turn.seconds * FPS)
    yield from (swing[k % len(swing)] for k in range(at, round(conversation.seconds * FPS)))


def _listening(root: Path, paths: Sequence[str]) -> list[Picture]:
    """The quietest half second of the clips that a person is heard from, slowed down by dissolves."""
    found = []
    for path in paths:
        frames = sum(1 for _ in read_frames(root / path, max_width=16))
        start, level_db = quietest(clip_sound(root / path), RATE_HZ, frames)
        found.append((level_db, path, start, frames))
    _, path, start, frames = min(found)
    return slowed(clip_tiles(root / path, start / FPS, min(_QUIET_FRAMES, frames - start)), _SLOWER)


def slowed(tiles: Sequence[Picture], times: int) -> list[Picture]:
    """Pictures at a fraction of their speed, each dissolving into the next; the last one ends them."""
    slow = [
        np.asarray(cv2.addWeighted(a, 1 - k / times, b, k / times, 0), np.uint8)
        for a, b in pairwise(tiles)
        for k in range(times)
    ]
    return [*slow, tiles[-1]]


def clip_tiles(path: Path, start_s: float, count: int) -> list[Picture]:
    """`count` pictures of a clip at 25 a second, each what is on the screen then, cut to a tile."""
    tiles: list[Picture] = []
    last: Picture | None = None
    for frame in read_frames(path, start_s=max(0.0, start_s - 2 / FPS)):
        while last is not None and len(tiles) < count and frame.time_s > start_s + len(tiles) / FPS + _CLOCK_S:
            tiles.append(last)
        if len(tiles) == count:
            return tiles
        last = square(frame.rgb)
    assert last is not None, f"{path} has no picture at {start_s} s"
    return tiles + [last] * (count - len(tiles))


def square(rgb: Picture) -> Picture:
    """The largest square in the middle of a picture, scaled to a tile."""
    height, width = rgb.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    cut = np.ascontiguousarray(rgb[top : top + side, left : left + side])
    how = cv2.INTER_AREA if side > TILE_PX else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(cut, (TILE_PX, TILE_PX), interpolation=how), np.uint8)
