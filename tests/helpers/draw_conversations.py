"""Draw tests/data/conversations.csv again: who talks when, from clips of people whom no model was trained on.

python -m tests.helpers.draw_conversations PACK_FOLDER [OUT_FILE]

Six conversations of about 20 s per corpus, of two, three and four people. A turn is a sentence or a part of one; the
next one begins after a pause, or early.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.data.pack import SAMPLE_RATE_HZ, Clip, Pack
from engine.vision.lips import RATE_HZ
from tests.helpers.conversation import Conversation, Turn, quietest, shrunk, write_conversations

CORPORA = ("grid", "vasp")
SIZES = (2, 2, 3, 3, 4, 4)
LIST = Path(__file__).parents[1] / "data/conversations.csv"
OVERLAP_SHARE = (0.1, 0.3)
_LENGTH_S = (18.0, 22.0)
# In 25 Hz frames, so that sound and picture are cut at the same place.
_LEAD = 15
_TURN = (38, 125)
_PAUSE = (3, 20)
_EARLY = (8, 25)
_APART = 3  # between a turn and the next but one: never three at once
_EARLY_CHANCE = 0.45
_PERSON_DB, _TURN_DB = 2.0, 1.0
_ALONE_S = 1.0  # of every person, when the edges are left out
_EDGE_S = 0.12
_BLOCK_S = 0.1
_SPEECH_DB = -25.0  # of the loudest block
_JOINED_BLOCKS = 4
_QUIET_DB = -15.0  # of the whole clip
_OUTLINE_S = 0.02
_SAME_S = 2.0
_SAME = 0.95  # sentences of one grammar reach 0.92, one recording cut twice 0.99
_ROUNDS = 100_000

Stretch = tuple[Clip, int, int]  # first frame and length


@dataclass(frozen=True)
class Speech:
    """What is heard in a clip.

    Attributes:
        first, end: the longest stretch of speech, in 25 Hz frames.
        quiet_db: level of the quietest half second, where a face can be seen that does not talk.
    """

    first: int
    end: int
    quiet_db: float


def hear(sound: NDArray[np.int16], frames: int) -> Speech:
    """Find the speech in a clip; pauses below half a second belong to it.

    Args:
        sound: (T,) at 16 kHz. frames: how many pictures the clip has.
    """
    energy = _energies(sound, _BLOCK_S)
    loud = np.flatnonzero(energy > energy.max() * 10 ** (_SPEECH_DB / 10))
    runs = np.split(loud, np.flatnonzero(np.diff(loud) > _JOINED_BLOCKS) + 1)
    longest = max(runs, key=lambda run: int(run[-1] - run[0]))
    per_frame = _BLOCK_S * RATE_HZ
    first, end = int(longest[0] * per_frame), int(np.ceil((longest[-1] + 1) * per_frame))
    last = min(frames, len(sound) * RATE_HZ // SAMPLE_RATE_HZ)
    return Speech(first, min(end, last), quietest(sound, SAMPLE_RATE_HZ, frames)[1])


def same_take(first: NDArray[np.int16], second: NDArray[np.int16]) -> bool:
    """Whether two clips (T,) at 16 kHz hold the same words of one recording, by how their loudness goes."""
    one, two = (np.sqrt(_energies(sound, _OUTLINE_S)) for sound in (first, second))
    least = round(_SAME_S / _OUTLINE_S)
    for lag in range(least - len(two), len(one) - least + 1):
        a, b = one[max(0, lag) : len(two) + lag], two[max(0, -lag) : len(one) - lag]
        if np.corrcoef(a, b)[0, 1] > _SAME:
            return True
    return False


def _energies(sound: NDArray[np.int16], block_s: float) -> NDArray[np.float64]:
    block = round(block_s * SAMPLE_RATE_HZ)
    count = len(sound) // block
    return np.asarray((sound[: count * block].astype(np.float64).reshape(count, block) ** 2).mean(1))


def draw(clips: Sequence[Clip], corpus: str, *, seed: int, heard: Mapping[str, Speech]) -> list[Conversation]:
    """Draw a corpus' conversations; the same seed, the same turns.

    Args:
        clips: of these, filmed ones of the corpus' test people are used.
        heard: what is heard in them, by name.

    Raises:
        ValueError: too few people or clips.
    """
    people: dict[str, list[Clip]] = {}
    for clip in clips:
        if clip.corpus == corpus and clip.split == "test" and clip.video_frames >= _TURN[0]:
            people.setdefault(clip.speaker, []).append(clip)
    if len(people) < max(SIZES):
        raise ValueError(f"{corpus} has {len(people)} test people; {max(SIZES)} are needed")
    rng = np.random.default_rng(seed)
    order = [str(name) for name in rng.permutation(sorted(people))]
    conversations = []
    for number, size in enumerate(SIZES):
        who = [order[(k + size * (number % 2)) % len(order)] for k in range(size)]
        name = f"{corpus}-{size}{'ab'[number % 2]}"
        conversations.append(_conversation(rng, name, corpus, [people[p] for p in who], heard))
    return conversations


def _conversation(
    rng: np.random.Generator, name: str, corpus: str, people: Sequence[Sequence[Clip]], heard: Mapping[str, Speech]
) -> Conversation:
    for _ in range(_ROUNDS):
        turns = _turns(rng, name, corpus, people, heard)
        if turns is not None and _is_good(made := Conversation(tuple(turns)), len(people)):
            return made
    raise ValueError(f"no conversation was found for {name}; more or longer clips are needed")


def _turns(
    rng: np.random.Generator, name: str, corpus: str, people: Sequence[Sequence[Clip]], heard: Mapping[str, Speech]
) -> list[Turn] | None:
    """Turns until the time is over; None where somebody runs out of clips."""
    decks = [_deck(rng, clips, heard) for clips in people]
    levels = rng.uniform(-_PERSON_DB, _PERSON_DB, len(people))
    spoken = np.zeros(len(people))
    turns: list[Turn] = []
    before = last = -1  # who spoke last, and where the last but one ended
    at = _LEAD
    while at < (_LENGTH_S[0] - 1.0) * RATE_HZ:
        weights = 1.0 / (1.0 + spoken) ** 2
        if before >= 0:
            weights[before] = 0.0
        who = int(rng.choice(len(people), p=weights / weights.sum()))
        if not decks[who]:
            return None
        clip, start, length = decks[who].pop(0)
        level = round(float(levels[who] + rng.uniform(-_TURN_DB, _TURN_DB)), 2) + 0.0  # no minus zero
        start_s, at_s, seconds = (round(frames / RATE_HZ, 2) for frames in (start, at, length))
        turns.append(Turn(name, corpus, who, clip.name, start_s, at_s, seconds, level))
        spoken[who] += 1
        before, end = who, at + length
        if rng.random() < _EARLY_CHANCE:
            at = end - int(rng.integers(_EARLY[0], _EARLY[1] + 1))
            if at < last + _APART:
                return None
        else:
            at = end + int(rng.integers(_PAUSE[0], _PAUSE[1] + 1))
        last = end
    return turns


def _deck(rng: np.random.Generator, clips: Sequence[Clip], heard: Mapping[str, Speech]) -> list[Stretch]:
    """All that a person can say, in the order in which it is used.

    A clip is used up before the next, because it may be of another place and time. Clips with a quiet moment come
    first, long ones among them.
    """
    cut = [_stretches(rng, clips[k], heard[clips[k].name]) for k in rng.permutation(len(clips))]
    cut.sort(key=lambda part: (heard[part[0][0].name].quiet_db > _QUIET_DB, len(part) < 2))
    return [stretch for part in cut for stretch in part]


def _stretches(rng: np.random.Generator, clip: Clip, speech: Speech) -> list[Stretch]:
    """A clip's speech in parts that are long enough for a turn; nothing that is too short is left over."""
    at, found = speech.first, []
    while speech.end - at >= _TURN[0]:
        length, rest = int(rng.integers(_TURN[0], _TURN[1] + 1)), speech.end - at
        if rest - length < _TURN[0]:
            length = rest if rest <= _TURN[1] else rest - _TURN[0]
        found.append((clip, at, length))
        at += length
    if found:
        return found
    whole = min(clip.video_frames, clip.audio_samples * RATE_HZ // SAMPLE_RATE_HZ)
    return [(clip, max(0, min(speech.first, whole - _TURN[0])), _TURN[0])]


def _is_good(made: Conversation, people: int) -> bool:
    counts = Counter(turn.person for turn in made.turns)
    if len(counts) < people or min(counts.values()) < 2 or not _LENGTH_S[0] <= made.seconds <= _LENGTH_S[1]:
        return False
    if not OVERLAP_SHARE[0] <= made.overlap_share <= OVERLAP_SHARE[1]:
        return False
    talking = made.talking(RATE_HZ)
    alone = talking & (talking.sum(0) == 1)
    return all(shrunk(row, round(_EDGE_S * RATE_HZ)).sum() >= _ALONE_S * RATE_HZ for row in alone)


def main() -> None:
    pack, out = Pack(Path(sys.argv[1])), Path(sys.argv[2]) if len(sys.argv) > 2 else LIST
    filmed = [clip for clip in pack.clips if clip.corpus in CORPORA and clip.split == "test" and clip.video_frames]
    sound = {c.name: pack.audio[c.audio_start : c.audio_start + c.audio_samples] for c in filmed}
    clips: list[Clip] = []
    for clip in filmed:
        known = (c.name for c in clips if c.speaker == clip.speaker)
        if twin := next((name for name in known if same_take(sound[name], sound[clip.name])), ""):
            print(f"{clip.name} is left out: {twin} holds the same words.")
        else:
            clips.append(clip)
    heard = {clip.name: hear(sound[clip.name], clip.video_frames) for clip in clips}
    drawn = [c for seed, corpus in enumerate(CORPORA) for c in draw(clips, corpus, seed=seed, heard=heard)]
    write_conversations(out, drawn)
    for c in drawn:
        print(f"{c.id}: {c.people} people, {len(c.turns)} turns, {c.seconds:.1f} s, {c.overlap_share:.0%} overlapped")


if __name__ == "__main__":
    main()
