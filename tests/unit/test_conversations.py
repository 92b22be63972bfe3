"""Conversations: what the list promises, drawing, the video and its true voices, and scores of known errors."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.data.pack import Clip
from engine.media.reader import decode_audio, probe, read_frames
from engine.metrics import si_sdr
from tests.benchmark.conversations import LIST, largest_click, people_in_tiles, score, summaries
from tests.helpers.conversation import (
    FPS,
    RATE_HZ,
    TILE_PX,
    Conversation,
    FloatArray,
    Picture,
    Turn,
    clip_tiles,
    make,
    quietest,
    read_conversations,
    shrunk,
    slowed,
    square,
    write_conversations,
)
from tests.helpers.draw_conversations import Speech, draw, hear, same_take
from tests.helpers.sample.encode import write_video

HELD_OUT = {
    "grid": {f"av/grid/s{number}" for number in (31, 32, 33, 34)},
    "vasp": {f"av/vasp/ID{number}" for number in (3, 9, 16, 20)},
}
LISTED = read_conversations(LIST)


def _turn(
    person: int, at_s: float, seconds: float, path: str = "", start_s: float = 0.0, level_db: float = 0.0
) -> Turn:
    return Turn("talk", "film", person, path or f"p{person}/{at_s}.mp4", start_s, at_s, seconds, level_db)


# The list


def test_the_list_has_six_conversations_per_corpus_of_two_to_four_people() -> None:
    sizes = Counter((conversation.corpus, conversation.people) for conversation in LISTED)
    assert sizes == dict.fromkeys(itertools.product(("grid", "vasp"), (2, 3, 4)), 2)


@pytest.mark.parametrize("made", LISTED, ids=lambda made: made.id)
def test_a_listed_conversation_holds_what_is_promised(made: Conversation) -> None:
    assert {turn.conversation for turn in made.turns} == {made.id}
    assert 18 <= made.seconds <= 22
    assert 0.1 <= made.overlap_share <= 0.3
    assert made.talking(FPS).sum(0).max() == 2
    counts = Counter(turn.person for turn in made.turns)
    assert sorted(counts) == list(range(made.people)) and min(counts.values()) >= 2
    for turn in made.turns:
        assert 1.5 <= turn.seconds <= 5 and abs(turn.level_db) <= 3
        for time_s in (turn.clip_start_s, turn.at_s, turn.seconds):
            assert abs(time_s * FPS - round(time_s * FPS)) < 1e-6
    for before, after in itertools.pairwise(made.turns):
        gap_s = round(after.at_s - before.end_s, 6)
        assert before.person != after.person
        assert 0.1 <= gap_s <= 0.8 or -1.0 <= gap_s <= -0.3


@pytest.mark.parametrize("made", LISTED, ids=lambda made: made.id)
def test_listed_people_are_held_out_and_nothing_of_them_is_used_twice(made: Conversation) -> None:
    folders: dict[int, set[str]] = {}
    for turn in made.turns:
        folders.setdefault(turn.person, set()).add(turn.path.rpartition("/")[0])
    people = set().union(*folders.values())
    assert people <= HELD_OUT[made.corpus] and len(people) == made.people
    assert all(len(own) == 1 for own in folders.values())
    by_clip: dict[str, list[tuple[float, float]]] = {}
    for turn in made.turns:
        by_clip.setdefault(turn.path, []).append((turn.clip_start_s, turn.clip_start_s + turn.seconds))
    for stretches in by_clip.values():
        assert all(a[1] <= b[0] + 1e-6 for a, b in itertools.pairwise(sorted(stretches)))


def test_every_held_out_person_is_heard() -> None:
    for corpus, people in HELD_OUT.items():
        heard = {turn.path.rpartition("/")[0] for made in LISTED if made.corpus == corpus for turn in made.turns}
        assert heard == people


def test_a_list_comes_back_as_it_was(tmp_path: Path) -> None:
    write_conversations(tmp_path / "again.csv", LISTED)
    assert (tmp_path / "again.csv").read_bytes() == LIST.read_bytes()
    assert read_conversations(tmp_path / "again.csv") == LISTED


# Drawing


def _table() -> list[Clip]:
    """Four test people with ten clips of 4 s each, and others whom the draw must leave alone."""
    kinds = [("film", f"film-{k}", "test") for k in range(4)] + [
        ("film", "film-t", "train"),
        ("talk", "talk-1", "test"),
    ]
    return [
        Clip(f"{speaker}/{n}.mp4", corpus, speaker, split, 0, 64_000, 0, 100)
        for corpus, speaker, split in kinds
        for n in range(10)
    ]


def test_drawing_is_determined_by_the_seed() -> None:
    clips = _table()
    heard = {clip.name: Speech(10 + number % 20, 70 + number % 30, -20.0) for number, clip in enumerate(clips)}
    first, again, other = (draw(clips, "film", seed=seed, heard=heard) for seed in (3, 3, 4))
    assert first == again != other
    assert [made.people for made in first] == [2, 2, 3, 3, 4, 4]
    for turn in (turn for made in first for turn in made.turns):
        speech = heard[turn.path]
        assert turn.path.split("/")[0] in {f"film-{k}" for k in range(4)}
        assert speech.first / FPS - 1e-6 <= turn.clip_start_s
        assert turn.clip_start_s + turn.seconds <= speech.end / FPS + 1e-6


def test_short_sentences_are_widened_within_the_clip() -> None:
    clips = _table()
    drawn = draw(clips, "film", seed=0, heard={clip.name: Speech(85, 100, -20.0) for clip in clips})
    assert {(turn.clip_start_s, turn.seconds) for made in drawn for turn in made.turns} == {(2.48, 1.52)}


def test_a_long_clip_is_used_up_before_another_and_clips_with_a_quiet_moment_come_first() -> None:
    clips = [replace(clip, audio_samples=320_000, video_frames=500) for clip in _table()]
    heard = {clip.name: Speech(0, 500, -20.0 if clip.name.endswith("/7.mp4") else -5.0) for clip in clips}
    for made in draw(clips, "film", seed=1, heard=heard):
        for person in range(made.people):
            turns = [turn for turn in made.turns if turn.person == person]
            assert {turn.path.rpartition("/")[2] for turn in turns} == {"7.mp4"}
            for before, after in itertools.pairwise(turns):
                assert after.clip_start_s == pytest.approx(before.clip_start_s + before.seconds)


def test_too_few_people_are_refused() -> None:
    with pytest.raises(ValueError, match="0 test people"):
        draw(_table(), "nowhere", seed=0, heard={})


def test_speech_is_found_between_silence_and_a_short_noise() -> None:
    rng = np.random.default_rng(1)
    level = np.zeros(48_000)
    level[:1_600] = 1_000  # a click, far from the speech
    level[16_000:22_400] = level[25_600:40_000] = 3_000  # a pause of 0.2 s inside
    sound = (level * rng.uniform(-1, 1, 48_000)).astype(np.int16)
    heard = [hear(sound, frames) for frames in (75, 60)]
    assert [(speech.first, speech.end) for speech in heard] == [(25, 63), (25, 60)]
    assert all(speech.quiet_db < -60 for speech in heard)


def test_one_recording_cut_twice_is_recognised() -> None:
    rng = np.random.default_rng(6)
    recording = rng.standard_normal(160_000) * np.repeat(rng.uniform(0, 5_000, 100), 1_600)
    other = rng.standard_normal(80_000) * np.repeat(rng.uniform(0, 5_000, 50), 1_600)
    early, late, later, stranger = (
        sound.astype(np.int16) for sound in (recording[:80_000], recording[43_210:], recording[80_000:], other)
    )
    assert same_take(early, late) and same_take(late, early) and same_take(late, later)
    assert not same_take(early, later) and not same_take(early, stranger)


# The video

CLIP_PX = (96, 64)
RED, BLUE, GREEN = (220, 30, 30), (30, 30, 220), (30, 220, 30)


def _film(path: Path, colour: tuple[int, int, int], pitch_hz: float) -> None:
    """3 s: red or green and loud, but blue and quiet between 2.0 and 2.6 s. The sides of the picture are white."""
    path.parent.mkdir(parents=True, exist_ok=True)
    time_s = np.arange(48_000) / 16_000
    quiet = (time_s >= 2.0) & (time_s < 2.6)
    sound = np.where(quiet, 0.001, 0.3) * np.sin(2 * np.pi * pitch_hz * time_s * (1 + 0.1 * time_s))

    def frames() -> Iterator[Picture]:
        for k in range(75):
            picture = np.full((CLIP_PX[1], CLIP_PX[0], 4), 255, np.uint8)
            picture[:, 16:80, :3] = (BLUE if 50 <= k < 65 else colour)[::-1]
            yield picture

    write_video(path, frames(), sound[:, None].astype(np.float32), size=CLIP_PX, sample_rate_hz=16_000, crf=10)


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("films")
    _film(root / "a/1.mp4", RED, 300)
    _film(root / "b/1.mp4", GREEN, 500)
    return root


TALK = Conversation((_turn(0, 0.6, 1.6, "a/1.mp4", 0.2), _turn(1, 1.8, 1.52, "b/1.mp4", 0.4, -2.0)))


def test_a_video_shows_who_talks_and_sounds_as_the_true_voices(films: Path, tmp_path: Path) -> None:
    made = make(TALK, films, tmp_path / "talk")
    voices = made.true_voices()
    media = probe(made.video)
    assert media.video is not None
    assert (media.video.width, media.video.height, media.video.avg_fps) == (2 * TILE_PX, TILE_PX, FPS)
    assert voices.shape == (2, round(TALK.seconds * RATE_HZ))
    levels = []
    for turn in TALK.turns:
        voice, span = voices[turn.person], turn.span(RATE_HZ)
        levels.append(10 * np.log10(np.mean(voice[span] ** 2)))
        outside = np.ones(len(voice), np.bool_)
        outside[span] = False
        assert not voice[outside].any()
        assert abs(voice[span.start]) < 1e-3 and abs(voice[span.stop - 1]) < 1e-3
    assert levels[1] - levels[0] == pytest.approx(-2.0, abs=0.1)
    assert np.abs(voices.sum(0)).max() == pytest.approx(0.8, abs=1e-3)
    sound = decode_audio(made.video)
    heard = np.asarray(sound.open()).mean(1)[: voices.shape[1]].astype(np.float32)
    assert sound.sample_rate_hz == RATE_HZ and si_sdr(heard, voices.sum(0)[: len(heard)]) > 20
    pictures = [frame.rgb for frame in read_frames(made.video)]
    assert len(pictures) == round(TALK.seconds * FPS)
    talking = TALK.talking(FPS)
    for k, picture in enumerate(pictures):
        for person, colour in enumerate((RED, GREEN)):
            shown = picture[20:300:40, person * TILE_PX + 20 : (person + 1) * TILE_PX - 20].mean((0, 1))
            assert np.allclose(shown, colour if talking[person, k] else BLUE, atol=40), (k, person, shown)


def test_a_made_video_is_used_again_until_the_list_changes(films: Path, tmp_path: Path) -> None:
    made = make(TALK, films, tmp_path)
    stamp = made.video.stat().st_mtime_ns
    assert make(TALK, films, tmp_path).video.stat().st_mtime_ns == stamp
    louder = Conversation((replace(TALK.turns[0], level_db=3.0), TALK.turns[1]))
    make(louder, films, tmp_path)
    assert made.video.stat().st_mtime_ns > stamp


def test_the_quietest_half_second_ends_with_the_picture() -> None:
    sound = np.ones(3 * RATE_HZ, np.float32)
    sound[RATE_HZ : RATE_HZ + 13 * RATE_HZ // FPS] = 0.1
    sound[60 * RATE_HZ // FPS :] = 0
    start, level_db = quietest(sound, RATE_HZ, 50)
    assert start == 25 and level_db == pytest.approx(-20 - 10 * np.log10((37 + 0.13) / 50), abs=0.01)
    assert quietest(sound, RATE_HZ, 75)[0] in (60, 61, 62)


def test_pictures_are_those_on_the_screen_at_their_time(tmp_path: Path) -> None:
    def frames() -> Iterator[Picture]:
        for k in range(60):
            yield np.full((64, 64, 4), 20 + 50 * (k % 5), np.uint8)

    def shown(start_s: float, count: int) -> list[int]:
        tiles = clip_tiles(tmp_path / "grey.mp4", start_s, count)
        return [round((float(tile.mean()) - 20) / 50) for tile in tiles]

    write_video(tmp_path / "grey.mp4", frames(), None, size=(64, 64), crf=5)
    assert shown(0.52, 20) == [k % 5 for k in range(13, 33)]
    assert shown(2.24, 6) == [1, 2, 3, 4, 4, 4]  # the last picture stays


def test_tiles_are_the_middle_of_the_picture() -> None:
    wide = np.zeros((100, 180, 3), np.uint8)
    wide[:, 40:140] = 200
    assert square(wide).shape == (TILE_PX, TILE_PX, 3) and (square(wide) == 200).all()
    assert (square(wide.transpose(1, 0, 2)) == 200).all()


def test_stretches_shrink_at_both_ends_and_short_ones_go() -> None:
    mask = np.array([1, 1, 1, 1, 1, 0, 1, 1, 0, 0, 1, 1, 1], np.bool_)
    assert shrunk(mask, 1).tolist() == [False, True, True, True] + [False] * 7 + [True, False]


# The scores

SPOKEN = Conversation((_turn(0, 0.5, 2.0), _turn(1, 2.0, 2.0), _turn(0, 4.4, 1.6), _turn(1, 6.2, 1.6)))


@pytest.fixture(scope="module")
def voices() -> FloatArray:
    rng = np.random.default_rng(2)
    noise = rng.standard_normal((2, round(SPOKEN.seconds * RATE_HZ))) * np.array([[0.1], [0.05]])
    return np.asarray(noise * SPOKEN.talking(RATE_HZ), np.float32)


def test_a_perfect_voice_has_perfect_scores(voices: FloatArray) -> None:
    perfect = score(SPOKEN, 0, voices[0], voices)
    assert perfect.own_level_db == pytest.approx(0, abs=1e-6)
    assert perfect.others_db == perfect.rest_db == -60
    assert perfect.largest_click is not None and 0.5 < perfect.largest_click < 1.3
    assert perfect.si_sdr_mixture == pytest.approx(6, abs=1)
    assert perfect.si_sdri is not None and perfect.si_sdri > 60


def test_the_mixture_itself_gains_nothing(voices: FloatArray) -> None:
    mixture = score(SPOKEN, 1, voices.sum(0), voices)
    assert mixture.si_sdri == pytest.approx(0, abs=1e-6)
    assert mixture.own_level_db == pytest.approx(0, abs=1e-4)  # where this person talks alone, it is their voice
    assert mixture.others_db == pytest.approx(0, abs=1e-4)
    assert mixture.largest_click == pytest.approx(1)


def test_a_known_gain_and_a_known_leak_are_measured(voices: FloatArray) -> None:
    known = score(SPOKEN, 1, 0.5 * voices[1] + 0.1 * voices[0], voices)
    assert known.own_level_db == pytest.approx(-6.02, abs=0.01)
    assert known.others_db == pytest.approx(-20, abs=0.01)
    assert known.rest_db == pytest.approx(-6.02, abs=0.01)
    ratio_db = 10 * np.log10(np.sum((0.5 * voices[1]) ** 2) / np.sum((0.1 * voices[0]) ** 2))
    assert known.si_sdri == pytest.approx(ratio_db - known.si_sdr_mixture, abs=0.1)


def test_a_voice_upside_down_stays_in_the_rest_twice(voices: FloatArray) -> None:
    upside_down = score(SPOKEN, 0, -voices[0], voices)
    assert upside_down.own_level_db == pytest.approx(0, abs=1e-6)
    assert upside_down.rest_db == pytest.approx(6.02, abs=0.01)


def test_what_happens_within_100_ms_of_an_edge_does_not_count_as_level(voices: FloatArray) -> None:
    late = voices[0].copy()
    for turn in SPOKEN.turns:
        for time_s in (turn.at_s, turn.end_s):
            at = round(time_s * RATE_HZ)
            late[at - 4_700 : at + 4_700] = 0.3
    scores = score(SPOKEN, 0, late, voices)
    assert scores.own_level_db == pytest.approx(0, abs=1e-6) and scores.others_db == -60


def test_silence_within_a_turn_is_not_talking(voices: FloatArray) -> None:
    paused = voices.copy()
    paused[0, round(0.7 * RATE_HZ) : round(1.5 * RATE_HZ)] *= 1e-3  # of the turn from 0.5 to 2.5 s
    hum = np.full(paused.shape[1], 0.05, np.float32)
    hum[: round(0.7 * RATE_HZ)] = hum[round(1.5 * RATE_HZ) :] = 0
    own = score(SPOKEN, 0, paused[0] + hum, paused)
    assert own.own_level_db == pytest.approx(0, abs=0.05)
    other = score(SPOKEN, 1, paused[1] + hum, paused)
    assert other.others_db is not None and other.others_db < -30
    plain = score(SPOKEN, 1, voices[1] + hum, voices)
    assert plain.others_db is not None and plain.others_db > -15


def test_a_click_is_seen_at_edges_only(voices: FloatArray) -> None:
    mixture, clean = voices.sum(0), 0.5 * voices[0]
    jump = float(np.abs(np.diff(mixture)).max())
    clicked, elsewhere = clean.copy(), clean.copy()
    clicked[round(4.0 * RATE_HZ) + 960] += 2 * jump  # 20 ms after the end of a turn
    elsewhere[round(1.5 * RATE_HZ)] += 2 * jump
    assert largest_click(SPOKEN, clean, mixture) <= 1
    assert largest_click(SPOKEN, clicked, mixture) >= 2
    assert largest_click(SPOKEN, elsewhere, mixture) == largest_click(SPOKEN, clean, mixture)


def test_a_person_who_was_not_found_has_no_scores(voices: FloatArray) -> None:
    missing = score(SPOKEN, 0, None, voices)
    assert (missing.own_level_db, missing.rest_db, missing.others_db, missing.si_sdri) == (None,) * 4


def _person(number: int, visible_s: float, *tracks: tuple[float, float, float]) -> dict[str, Any]:
    """Tracks are (start, end, centre of the face)."""
    boxes = [{"start_s": a, "end_s": b, "box_px": [x - 60, 100, x + 60, 220]} for a, b, x in tracks]
    return {"id": number, "visible_s": visible_s, "tracks": boxes}


def test_people_are_matched_by_where_their_faces_are() -> None:
    people = [
        _person(1, 20.0, (0.0, 20.0, 810.0)),
        _person(2, 9.0, (0.0, 9.0, 150.0)),
        _person(3, 11.0, (9.0, 20.0, 170.0)),
        _person(4, 20.0, (0.0, 15.0, 1100.0), (15.0, 20.0, 500.0)),
    ]
    assert people_in_tiles(people, 4) == [[3, 2], [], [1], [4]]


def test_summaries_group_by_corpus_and_leave_out_what_is_missing() -> None:
    rows: list[dict[str, Any]] = [
        {
            "conversation": f"{corpus}-{number // 2}",
            "corpus": corpus,
            "own_level_db": None if number == 3 else float(number),
            "rest_db": -10.0,
            "others_db": -20.0,
            "si_sdr_mixture": 1.0,
            "si_sdri": 5.0,
            "largest_click": 1.0,
            "found": number != 3,
            "own_level_kept": None if number == 3 else number < 2,
            "others_quiet": True,
        }
        for corpus in ("film", "grid")
        for number in range(4)
    ]
    parts = summaries(rows)
    assert list(parts) == ["film", "grid", "all"]
    assert parts["film"]["own_level_db"] == {"mean": 1.0, "ci95": (0.5, 2.0), "n": 3}
    assert parts["all"]["found"]["mean"] == 0.75 and parts["all"]["conversations"] == 4


def test_slowed_pictures_move_a_fraction_of_a_step_at_a_time() -> None:
    tiles = [np.full((4, 4, 3), value, np.uint8) for value in (0, 60, 30)]
    assert [int(tile[0, 0, 0]) for tile in slowed(tiles, 3)] == [0, 20, 40, 60, 50, 40, 30]
