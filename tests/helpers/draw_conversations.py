"""Draw tests/data/conversations.csv again: who talks when, from clips of people whom no model was trained on.

python -m tests.helpers.draw_conversations PACK_FOLDER [OUT_FILE]

Six conversations of about 20 s per corpus, of two, three and four people. A turn is a sentence or a part of one; the
next one begins after a pause, or early.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.data.pack import SAMPLE_RATE_HZ, Clip, Pack
from engine.vision.lips import RATE_HZ
from tests.helpers.conversation import Conversation, Turn, shrunk, write_conversations

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
_ROUNDS = 100_000

Span = tuple[int, int]


def speech_span(sound: NDArray[np.int16], frames: int) -> Span:
    """The longest stretch of speech in a clip, first and end in 25 Hz frames; pauses below half a second belong to it.

    Args:
        sound: (T,) at 16 kHz. frames: how many pictures the clip has.
    """
    block = round(_BLOCK_S * SAMPLE_RATE_HZ)
    count = len(sound) // block
    energy = (sound[: count * block].astype(np.float64).reshape(count, block) ** 2).mean(1)
    loud = np.flatnonzero(energy > energy.max() * 10 ** (_SPEECH_DB / 10))
    runs = np.split(loud, np.flatnonzero(np.diff(loud) > _JOINED_BLOCKS) + 1)
    longest = max(runs, key=lambda run: int(run[-1] - run[0]))
    per_frame = _BLOCK_S * RATE_HZ
    first, end = int(longest[0] * per_frame), int(np.ceil((longest[-1] + 1) * per_frame))
    return first, min(end, frames, len(sound) * RATE_HZ // SAMPLE_RATE_HZ)


def draw(clips: Sequence[Clip], corpus: str, *, seed: int, spans: Mapping[str, Span]) -> list[Conversation]:
    """Draw a corpus' conversations; the same seed, the same turns.

    Args:
        clips: of these, filmed ones of the corpus' test people are used.
        spans: where in a clip somebody talks, by its name, as `speech_span` tells.

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
        conversations.append(_conversation(rng, name, corpus, [people[p] for p in who], spans))
    return conversations


def _conversation(
    rng: np.random.Generator, name: str, corpus: str, people: Sequence[Sequence[Clip]], spans: Mapping[str, Span]
) -> Conversation:
    for _ in range(_ROUNDS):
        turns = _turns(rng, name, corpus, people, spans)
        if turns is not None and _is_good(made := Conversation(tuple(turns)), len(people)):
            return made
    raise ValueError(f"no conversation was found for {name}; more or longer clips are needed")


def _turns(
    rng: np.random.Generator, name: str, corpus: str, people: Sequence[Sequence[Clip]], spans: Mapping[str, Span]
) -> list[Turn] | None:
    """Turns until the time is over; None where somebody runs out of clips."""
    decks = [[clips[k] for k in rng.permutation(len(clips))] for clips in people]
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
        clip = decks[who].pop()
        start, length = _window(rng, spans[clip.name], clip)
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


def _window(rng: np.random.Generator, span: Span, clip: Clip) -> Span:
    """First frame and length of a turn in a clip: all that is said, or a part where that is long."""
    first, end = span
    wanted = int(rng.integers(_TURN[0], _TURN[1] + 1))
    if end - first > wanted:
        return first + int(rng.integers(end - first - wanted + 1)), wanted
    whole = min(clip.video_frames, clip.audio_samples * RATE_HZ // SAMPLE_RATE_HZ)
    length = max(end - first, _TURN[0])
    return max(0, min(first, whole - length)), length


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
    clips = [clip for clip in pack.clips if clip.corpus in CORPORA and clip.split == "test" and clip.video_frames]
    spans = {
        clip.name: speech_span(pack.audio[clip.audio_start : clip.audio_start + clip.audio_samples], clip.video_frames)
        for clip in clips
    }
    drawn = [c for seed, corpus in enumerate(CORPORA) for c in draw(clips, corpus, seed=seed, spans=spans)]
    write_conversations(out, drawn)
    for c in drawn:
        print(f"{c.id}: {c.people} people, {len(c.turns)} turns, {c.seconds:.1f} s, {c.overlap_share:.0%} overlapped")


if __name__ == "__main__":
    main()
