"""Windows of a file: they add up, in any order, after any stop, and out of memory is survived."""

from __future__ import annotations

import dataclasses
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import pytest
import torch

from engine import cache
from engine.config import StftConfig
from engine.contract import Asked, Crops, Declaration, WindowMasks
from engine.errors import DeviceError, JobCancelled, ModelError, NoFaceError, OutputError, UsageError
from engine.isolation import supply
from engine.isolation.calls import Window, told_of
from engine.isolation.faces import Face
from engine.isolation.job import HOP_S, isolate, voice_store, windows_of
from engine.jobs import CancelToken, Progress, ignore_progress
from engine.registry import build, declaration
from engine.seals import read_sealed, write_sealed
from engine.separator import Separator
from engine.types import FaceAnalysis, IsolationRequest, MediaInfo, PcmStore, PersonConfidence
from engine.vision.lips import LipStream, mouth_shape
from engine.vision.people import find_faces
from tests.conformance.example_model import DECLARATION, LipGate
from tests.helpers.faces import LOOKS, ClipPerson, write_clip
from tests.unit.conftest import FRAMES, RATE, SECONDS


def _ones(self: Separator, mixture: np.ndarray, lips: np.ndarray, seen: np.ndarray, lag: object) -> WindowMasks:
    frames = len(mixture) // 160
    lags = 2 * self.model.config.max_lag_frames + 1
    return WindowMasks(
        np.ones((len(lips), 257, frames), np.complex64),
        np.zeros((len(lips), frames, lags), np.float32),
        activity=np.ones((len(lips), frames), np.float32),
        quality=np.zeros((len(lips), frames), np.float32),
    )


def test_windows_cover_a_range_with_both_neighbours() -> None:
    assert windows_of(SECONDS, None) == [0, 1, 2, 3]
    assert windows_of(SECONDS, (5.0, 6.0)) == [0, 1, 2]
    assert windows_of(0.5, None) == [0]
    for bad in ((3.0, 3.0), (14.0, 15.0), (-1.0, 2.0)):
        with pytest.raises(UsageError, match="range"):
            windows_of(SECONDS, bad)


def test_an_open_mask_gives_the_source_back(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Separator, "masks", _ones)
    result = isolate(IsolationRequest(clip, (1,), model="tiny"))
    voice, source = result.voices[0].voice, result.source
    assert voice.complete
    assert (voice.n_samples, voice.channels, voice.sample_rate_hz) == (source.n_samples, 2, RATE)
    assert np.abs(voice.open() - source.open()).max() < 1e-4
    assert result.voices[0].ready_s == ((0.0, pytest.approx(SECONDS, abs=1e-3)),)


def test_a_seen_person_who_says_nothing_is_silent(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is not seen is another matter: what to do there is the absence policy's."""

    def still(*a: Any) -> WindowMasks:
        open_ = _ones(*a)
        return dataclasses.replace(open_, activity=0 * open_.activity)

    monkeypatch.setattr(Separator, "masks", still)
    result = isolate(IsolationRequest(clip, (1, 2), model="tiny", absent="hold"))
    seen, sometimes = (voice.voice.open() for voice in result.voices)
    source = result.source.open()
    assert np.abs(seen).max() < 0.04 * np.abs(source).max()
    assert "Person 1 was not heard: their voice is all but silent." in result.warnings
    away = slice(round(5.5 * RATE), round(7.5 * RATE))
    assert np.abs(sometimes[away] - source[away]).max() < 1e-4


def test_two_people_with_one_voice_are_named(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Separator, "masks", _ones)
    said = isolate(IsolationRequest(clip, (1, 2), model="tiny", range_s=(0.0, 4.0))).warnings
    assert any(line.startswith("Persons 1 and 2 have the same voice in 4 s, first at 0:00") for line in said)
    assert not any("not heard" in line for line in said)

    def halves(*a: Any) -> WindowMasks:
        out = _ones(*a)
        out.mask[0, 128:] = out.mask[1:, :128] = 0
        return out

    monkeypatch.setattr(Separator, "masks", halves)
    monkeypatch.setenv("AVSEP_CACHE_DIR", str(clip.parent / "other"))
    said = isolate(IsolationRequest(clip, (1, 2), model="tiny", range_s=(0.0, 4.0))).warnings
    assert not any("same voice" in line for line in said)


def test_absence_is_silent_held_or_original(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    half = lambda *a: dataclasses.replace(_ones(*a), mask=_ones(*a).mask * np.float32(0.5))  # noqa: E731
    monkeypatch.setattr(Separator, "masks", half)
    away, here = slice(round(4.5 * RATE), round(8.5 * RATE)), slice(RATE, 3 * RATE)
    for policy, expected in (("silence", 0.0), ("hold", 0.5), ("original", 1.0)):
        result = isolate(IsolationRequest(clip, (2,), model="tiny", absent=policy))  # type: ignore[arg-type]
        voice, source = result.voices[0].voice.open(), result.source.open()
        assert np.abs(voice[away] - expected * source[away]).max() < 1e-4, policy
        assert np.abs(voice[here] - 0.5 * source[here]).max() < 1e-4, policy


def test_order_and_stops_do_not_change_the_result(clip: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    request = IsolationRequest(clip, (1, 2), model="tiny")
    plain = [v.voice.open().copy() for v in isolate(request).voices]

    monkeypatch.setenv("AVSEP_CACHE_DIR", str(tmp_path / "other"))
    token, seen = CancelToken(), []

    def stop(progress: Progress) -> None:
        if progress.stage == "Isolating":
            seen.append(progress)
            if len(seen) == 4:
                token.cancel()

    backwards = dataclasses.replace(request, from_s=12.0)
    with pytest.raises(JobCancelled):
        isolate(backwards, on_progress=stop, cancel=token)
    again = isolate(backwards)
    for one, other in zip(plain, again.voices, strict=True):
        np.testing.assert_array_equal(one, other.voice.open())


def test_windows_that_are_computed_together_make_the_same_voice(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a graphics card: all people and progress as one by one, in fewer calls; only rounding differs."""
    told: list[Progress] = []
    sizes: list[int] = []
    together = Separator.masks_together

    def counted(self: Separator, windows: list[Asked]) -> list[WindowMasks]:
        sizes.append(len(windows))
        return together(self, windows)

    def made(name: str) -> list[np.ndarray]:
        monkeypatch.setenv("AVSEP_CACHE_DIR", str(tmp_path / name))
        told.clear()
        voices = isolate(IsolationRequest(clip, (1, 2), model="compact"), on_progress=told.append).voices
        return [voice.voice.open().copy() for voice in voices]

    alone = made("alone")
    steps = [(progress.completed, progress.person_id) for progress in told if progress.stage == "Isolating"]
    monkeypatch.setattr(Separator, "windows_at_once", 3)
    monkeypatch.setattr(Separator, "masks_together", counted)
    for one, other in zip(alone, made("together"), strict=True):
        assert np.abs(one - other).max() < 1e-4 * np.abs(one).max()
    assert [(p.completed, p.person_id) for p in told if p.stage == "Isolating"] == steps
    assert sizes and max(sizes) > 1


@pytest.mark.parametrize("model", ["tiny", "compact"])
def test_whom_a_voice_is_made_with_does_not_change_a_bit(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str
) -> None:
    """A kill may come between the voices of a window, and voices may be asked for one by one."""
    monkeypatch.setenv("AVSEP_CACHE_DIR", str(tmp_path / "own"))

    def made(*people: int) -> dict[int, tuple[int, PersonConfidence]]:
        voices = isolate(IsolationRequest(clip, people, model=model, checked=True)).voices
        return {voice.person_id: (crc32(voice.voice.open()), voice.confidence) for voice in voices}

    plain = made(1, 2)
    states = list((tmp_path / "own" / "voices").glob("*/state.json"))
    assert len(states) == 2
    for state in states:
        kept = read_sealed(state)
        write_sealed(state, kept | {"done": {k: told for k, told in kept["done"].items() if k not in ("0", "3")}})
        assert made(1, 2) == plain
    for people in ((1,), (2,), (2, 1)):
        shutil.rmtree(tmp_path / "own" / "voices")
        assert made(*people) == {person: plain[person] for person in people}


@pytest.mark.parametrize(
    ("together", "asked", "calls"),
    [
        (True, (5, 0), [[5, 2, 3]]),
        (True, (4, 1), [[2, 3, 1]]),
        (True, (5, 2), [[2, 3, 1], [5, 2, 3]]),
        (False, (5, 2), [[2, 3, 1], [5]]),
        (True, (0, 4), []),
    ],
)
def test_more_faces_than_a_model_takes_are_given_in_turns(
    monkeypatch: pytest.MonkeyPatch, together: bool, asked: tuple[int, ...], calls: list[list[int]]
) -> None:
    """Those seen most come first, and stand beside the last ones too; nobody is asked about who is not seen."""
    shown = [0, 40, 90, 60, 0, 10]
    nothing = np.zeros((100, 68, 2), np.float32)
    faces = [Face(k, str(k), LipStream(nothing, np.arange(100) < rows, nothing)) for k, rows in enumerate(shown)]
    given: list[list[int]] = []

    def asked_of(_declared: Any, _sound: Any, _source: Any, rows: list[Face], *_: Any) -> list[Face]:
        given.append([face.person for face in rows])
        return rows

    def marked(_model: Open, asked_: list[list[Face]]) -> list[tuple[WindowMasks, np.ndarray]]:
        marks = [np.asarray([face.person for face in rows], np.float32)[:, None] for rows in asked_]
        return [(WindowMasks(mark[..., None], mark, mark, mark), mark) for mark in marks]

    monkeypatch.setattr("engine.isolation.calls.call_of", asked_of)
    monkeypatch.setattr("engine.isolation.calls.answers", marked)
    model = Open(Declaration(people=3, faces_together=together))
    window = Window(0, np.zeros((6, 1), np.float32), asked)
    (told,) = told_of(model, [window], PcmStore(Path(), 1, 1, 6, "mono"), faces, None)
    assert given == calls
    assert {person: one.mask.flat[0] for person, one in told.items()} == {p: p if shown[p] else 1 for p in asked}


@pytest.mark.parametrize("file", ["even.f32", "odd.f32", "voice.f32", "state.json", "lags.json"])
@pytest.mark.parametrize("how", ["garbled", "cut", "emptied", "removed"])
def test_a_damaged_voice_is_made_again(clip: Path, tmp_path: Path, monkeypatch, file: str, how: str) -> None:
    monkeypatch.setenv("AVSEP_CACHE_DIR", str(tmp_path / "own"))
    request = IsolationRequest(clip, (2,), model="tiny", checked=True)
    plain = isolate(request).voices[0]
    samples = plain.voice.open().copy()
    (path,) = (tmp_path / "own").rglob(file)
    content = bytearray(path.read_bytes())
    if how == "garbled":
        for place in range(len(content) // 7, len(content), len(content) // 3):
            content[place] ^= 0x15
    path.write_bytes(content[: {"garbled": None, "cut": len(content) // 2}.get(how, 0)])
    if how == "removed":
        path.unlink()
    again = isolate(request).voices[0]
    np.testing.assert_array_equal(again.voice.open(), samples)
    assert again.confidence == plain.confidence and again.av_offset_ms == plain.av_offset_ms


def test_a_full_disk_is_a_sentence(clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    resource = pytest.importorskip("resource")
    monkeypatch.setenv("AVSEP_CACHE_DIR", str(tmp_path / "own"))
    request = IsolationRequest(clip, (1,), model="tiny")
    plain = isolate(request).voices[0].voice.open().copy()
    shutil.rmtree(tmp_path / "own" / "voices")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill(progress: Progress) -> None:
        if progress.stage == "Isolating":
            resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, before[1]))

    try:
        with pytest.raises(OutputError, match="no space left"):
            isolate(request, on_progress=fill)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    np.testing.assert_array_equal(isolate(request).voices[0].voice.open(), plain)


def test_a_job_of_hours_keeps_what_it_works_on(clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another job may make room in the cache meanwhile, and what was not asked for in the last hour goes first."""
    monkeypatch.setenv("AVSEP_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(cache, "MARK_EVERY_S", 0.0)
    made: list[str] = []

    def two_hours_later(progress: Progress) -> None:
        if progress.stage != "Isolating":
            return
        cache.prune(0)
        made[:] = sorted(one.kind for one in cache.entries())
        for one in cache.entries():
            os.utime(one.folder, (time.time() - 7200,) * 2)

    request = IsolationRequest(clip, (1,), model="tiny")
    voice = isolate(request, on_progress=two_hours_later).voices[0].voice
    assert np.array(voice.open()).shape[0] == voice.n_samples and {"sound", "voices"} <= set(made)


def test_a_preview_is_part_of_the_whole(clip: Path) -> None:
    ready: list[tuple[float, float]] = []
    preview = isolate(
        IsolationRequest(clip, (1,), model="tiny", range_s=(0.5, 3.5), from_s=1.0),
        on_progress=lambda p: ready.append(p.ready_s) if p.ready_s else None,
    )
    assert preview.voices[0].ready_s == ((0.0, float(HOP_S)),)
    assert not preview.voices[0].voice.complete
    assert ready == [(0.0, float(HOP_S))]
    heard = preview.voices[0].voice.open()[: HOP_S * RATE].copy()
    whole = isolate(IsolationRequest(clip, (1,), model="tiny"))
    store = voice_store(IsolationRequest(clip, (1,), model="tiny"), 1)
    assert whole.voices[0].voice.path == preview.voices[0].voice.path == store.path
    np.testing.assert_array_equal(whole.voices[0].voice.open()[: HOP_S * RATE], heard)
    assert len(whole.voices[0].confidence.spans) == 14
    assert all(0 <= s.value <= 1 for s in whole.voices[0].confidence.spans)


def test_nothing_is_computed_twice(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    request = IsolationRequest(clip, (1,), model="tiny")
    isolate(request)

    def refuse(*_: object) -> None:
        raise AssertionError("computed again")

    monkeypatch.setattr(Separator, "load", refuse)
    assert isolate(request).voices[0].voice.complete


def test_wrong_people_are_named(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="no person 3"):
        isolate(IsolationRequest(clip, (3,), model="tiny"))
    with pytest.raises(UsageError, match="no model called"):
        isolate(IsolationRequest(clip, (1,), model="nonsense"))
    nobody: Callable[..., FaceAnalysis] = lambda video, **_: FaceAnalysis(MediaInfo(video, 1.0, None, ()), (), (), "k")  # noqa: E731
    monkeypatch.setattr("engine.vision.people.find_faces", nobody)
    with pytest.raises(NoFaceError):
        isolate(IsolationRequest(clip, (1,), model="tiny"))


def test_out_of_memory_halves_the_work_and_says_so() -> None:
    separator = Separator(build("tiny"), torch.device("meta"), declaration("tiny"))
    separator.device = torch.device("cuda")  # pretended: only its type is looked at
    whole = Separator(build("tiny"), torch.device("cpu"), declaration("tiny"))
    rng = np.random.default_rng(1)
    sound = rng.standard_normal(6 * 16_000).astype(np.float32)
    lips, seen = rng.standard_normal((2, 170, 240)).astype(np.float32), np.ones((2, 170), np.float32)
    sizes: list[int] = []

    def run(windows: list[Asked], *rest: object) -> list[WindowMasks]:
        sizes.append(len(windows[0].mixture))
        if sizes[-1] > 50_000 and separator.device.type != "cpu":
            raise DeviceError("The GPU ran out of memory.", "")
        return whole._run(windows, *rest)  # type: ignore[arg-type]

    separator._run = run  # type: ignore[method-assign]
    out = separator.masks(sound, lips, seen, None)
    assert out.mask.shape == (2, 257, 600)
    assert out.match.shape == (2, 600, 21)
    assert sizes == [96_000, 48_000, 48_000]
    assert separator.warnings == ["The GPU ran out of memory. Going on with half as much at a time."]


def test_out_of_memory_ends_on_the_cpu_and_says_so() -> None:
    separator = Separator(build("tiny"), torch.device("cpu"), declaration("tiny"))
    separator.device = torch.device("cuda")
    plain = Separator(build("tiny"), torch.device("cpu"), declaration("tiny"))
    rng = np.random.default_rng(1)
    sound = rng.standard_normal(2 * 16_000).astype(np.float32)
    lips, seen = rng.standard_normal((1, 70, 240)).astype(np.float32), np.ones((1, 70), np.float32)

    def run(*given: object) -> list[WindowMasks]:
        if separator.device.type != "cpu":
            raise DeviceError("The GPU ran out of memory.", "")
        return plain._run(*given)  # type: ignore[arg-type]

    separator._run = run  # type: ignore[method-assign]
    out = separator.masks(sound, lips, seen, None)
    np.testing.assert_array_equal(out.mask, plain.masks(sound, lips, seen, None).mask)
    assert "Going on with the CPU" in separator.warnings[0]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (Declaration(video_rate_hz=30), "30 Hz pictures"),
        (Declaration(grid=StftConfig(8000)), "8000 Hz sound"),
        (Declaration(lips=Crops(15)), "mouths of 15 pixels; they can have 16 to 256"),
        (Declaration(lips=Crops(257, "rgb")), "mouths of 257 pixels"),
    ],
)
def test_a_model_that_cannot_be_served_is_refused(
    clip: Path, monkeypatch: pytest.MonkeyPatch, asked: Declaration, said: str
) -> None:
    model = Separator(build("tiny"), torch.device("cpu"), asked)
    monkeypatch.setattr("engine.separator.open_model", lambda name, device, cancel: model)
    with pytest.raises(ModelError, match=said):
        isolate(IsolationRequest(clip, (1,), model="tiny"))
    with pytest.raises(ModelError, match=said):
        supply.self_test("tiny", "cpu", seconds=2)


@dataclass
class AskedMouths:
    """Stands in for `cut_mouths`: keeps what was asked for, and gives mouths that are white there."""

    rows: dict[int, list[int]] = field(default_factory=dict)

    def __call__(
        self,
        analysis: FaceAnalysis,
        form: Crops,
        streams: dict[int, LipStream],
        rows: dict[int, np.ndarray],
        **_: object,
    ) -> dict[int, LipStream]:
        self.rows = {person: np.flatnonzero(asked).tolist() for person, asked in rows.items()}
        shape = (-1, *(1,) * len(mouth_shape(form)))
        white = {person: np.where(asked.reshape(shape), np.uint8(255), 0) for person, asked in rows.items()}
        return {
            person: dataclasses.replace(
                stream, mouths=np.broadcast_to(white[person], (len(stream.visible), *mouth_shape(form)))
            )
            for person, stream in streams.items()
        }


@dataclass
class Open:
    """Lets all sound through and keeps the lips that it was given."""

    declaration: Declaration
    device: str = "cpu"
    warnings: list[str] = field(default_factory=list)
    lips: list[np.ndarray] = field(default_factory=list)
    seen: list[np.ndarray] = field(default_factory=list)

    def masks(self, mixture: np.ndarray, lips: np.ndarray, seen: np.ndarray, *_: object) -> WindowMasks:
        self.lips.append(lips)
        self.seen.append(seen)
        nothing = (len(lips), len(mixture) // 160)
        match = np.zeros((*nothing, 2 * self.declaration.margin_frames + 1), np.float32)
        ones = np.ones(nothing, np.float32)
        return WindowMasks(np.ones((len(lips), 257, nothing[1]), np.complex64), match, ones, 0 * ones)

    def lag_probabilities(self, match: np.ndarray) -> np.ndarray:
        return np.asarray(np.eye(match.shape[-1])[0], np.float32)

    def close(self) -> None:
        pass


def _opened(monkeypatch: pytest.MonkeyPatch, **declared: Any) -> tuple[Open, AskedMouths]:
    model, asked = Open(Declaration(**declared)), AskedMouths()
    monkeypatch.setattr("engine.separator.open_model", lambda name, device, cancel: model)
    monkeypatch.setattr("engine.vision.crops.cut_mouths", asked)
    return model, asked


@pytest.mark.parametrize("form", [Crops(112, mean=0.4, std=0.2), Crops(24, "rgb", mean=0.5, std=0.25)])
def test_a_model_gets_mouths_as_it_asks_for_them(clip: Path, monkeypatch: pytest.MonkeyPatch, form: Crops) -> None:
    model, _ = _opened(monkeypatch, lips=form, margin_frames=3)
    isolate(IsolationRequest(clip, (2,), model="tiny"))
    white = np.float32((1 - form.mean) / form.std)
    for lips, seen in zip(model.lips, model.seen, strict=True):
        assert lips.dtype == np.float32 and lips.shape == (*seen.shape, *mouth_shape(form))
        flat = lips.reshape(seen.size, -1)
        np.testing.assert_allclose(flat[seen[0] > 0], white, rtol=1e-6)
        assert not flat[seen[0] == 0].any()
    assert sum(seen.sum() for seen in model.seen) > 100


def test_no_silence_is_heard_beyond_the_film(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, _ = _opened(monkeypatch, margin_frames=3)
    voice = isolate(IsolationRequest(clip, (1,), model="tiny")).voices[0].voice
    frames = int(np.ceil(25 * voice.duration_s))
    inside = [min(25 * (4 * k + 5), frames) - max(0, 25 * (4 * k - 1)) for k in range(4)]  # of the four windows
    assert [seen.shape for seen in model.seen] == [(1, count + 6) for count in inside]
    assert np.abs(voice.open()[-100:]).max() > 0, "the last moment's mask stands to the end"


def test_mouths_are_cut_for_the_windows_and_people_asked_for_alone(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, asked = _opened(monkeypatch, lips=Crops(112), margin_frames=2)
    preview = IsolationRequest(clip, (1,), model="tiny", range_s=(0.0, 1.0))
    isolate(preview)
    assert asked.rows == {"1": list(range(9 * 25 + 2))}  # windows 0 and 1, to 9 s
    isolate(dataclasses.replace(preview, range_s=None))
    assert asked.rows == {"1": list(range(7 * 25 - 2, FRAMES))}  # windows 2 and 3, from 7 s
    asked.rows = {}
    isolate(preview)
    assert asked.rows == {}


def test_mouths_of_others_are_cut_where_they_are_seen_and_count(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, asked = _opened(monkeypatch, lips=Crops(112), people=2, faces_together=True)
    away = LipStream(
        np.zeros((FRAMES, 68, 2), np.float32), np.arange(FRAMES) >= 250, np.zeros((FRAMES, 32, 32), np.uint8)
    )
    here = dataclasses.replace(away, visible=np.ones(FRAMES, bool))
    monkeypatch.setattr("engine.vision.people.load_lips", lambda key, person, cast: here if person == 1 else away)
    request = IsolationRequest(clip, (1,), model="tiny", range_s=(0.0, 1.0))
    isolate(request)
    assert set(asked.rows) == {"1"}  # person 2 comes at 10 s
    isolate(dataclasses.replace(request, range_s=None))
    assert set(asked.rows) == {"1", "2"}


def test_mouths_are_cut_where_the_delay_is_looked_for(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, asked = _opened(monkeypatch, lips=Crops(112), margin_frames=1, finds_lag=True)
    isolate(IsolationRequest(clip, (1,), model="tiny", range_s=(0.0, 1.0)))
    assert asked.rows == {"1": list(range(FRAMES))}
    isolate(IsolationRequest(clip, (1,), model="tiny", range_s=(0.0, 1.0), absent="hold"))
    assert asked.rows == {"1": list(range(9 * 25 + 1))}  # it is known now


def test_a_film_is_separated_with_mouths_cut_out_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two people speak in turns over noise; a model on crops of 112 pixels lets each through in their own turn."""
    monkeypatch.setenv("AVSEP_CACHE_DIR", str(tmp_path / "cache"))
    rng = np.random.default_rng(3)
    talks = 0.5 + 0.5 * np.sin(2.1 * np.arange(90))
    first, second = np.where(np.arange(90) < 45, talks, 0), np.where(np.arange(90) < 45, 0, talks)
    people = [ClipPerson(LOOKS[0], (160, 150), opening=first), ClipPerson(LOOKS[1], (480, 150), opening=second)]
    film = tmp_path / "turns.mp4"
    write_clip(film, people, (0.1 * rng.standard_normal((round(3.6 * 48_000), 1))).astype(np.float32), duration_s=3.6)
    model = LipGate(dataclasses.replace(DECLARATION, lips=Crops(112, "grey", mean=0.42, std=0.17)))
    monkeypatch.setattr("engine.separator.open_model", lambda name, device, cancel: model)
    stages: list[str] = []

    def voice_of(person: int, **more: Any) -> np.ndarray:
        asked = IsolationRequest(film, (person,), model="tiny", **more)
        found = isolate(asked, on_progress=lambda progress: stages.append(progress.stage)).voices[0].voice
        assert found.complete
        return found.open()[:, 0].astype(float)

    def level(voice: np.ndarray, start_s: float, end_s: float) -> float:
        return float(np.sqrt(np.square(voice[round(start_s * 48_000) : round(end_s * 48_000)]).mean()))

    analysis = find_faces(film, on_progress=ignore_progress, cancel=CancelToken())
    left, right = sorted(analysis.people, key=lambda person: person.tracks[0].box_px[0])
    early = voice_of(left.id)
    assert stages.count("Cutting out mouths") == 90
    (folder,) = (tmp_path / "cache" / "crops").iterdir()
    assert folder.name.endswith(f"-{left.id}-112-grey-1.3")
    assert level(early, 0.2, 1.6) > 2.5 * level(early, 2.0, 3.4)
    late = voice_of(right.id)
    assert level(late, 2.0, 3.4) > 2.5 * level(late, 0.2, 1.6)
    stages.clear()
    np.testing.assert_array_equal(voice_of(left.id, absent="hold"), early)
    assert "Isolating" in stages and "Cutting out mouths" not in stages


@pytest.mark.parametrize("form", [Crops(112), Crops(48, "rgb")])
def test_self_test_gives_a_model_the_mouths_that_it_asks_for(monkeypatch: pytest.MonkeyPatch, form: Crops) -> None:
    model, _ = _opened(monkeypatch, lips=form, margin_frames=2)
    assert supply.self_test("tiny", "cpu", seconds=2)["passed"]
    assert model.lips[0].shape == (1, 54, *mouth_shape(form)) and model.lips[0].std() > 0.1


def test_self_test_passes_with_tiny() -> None:
    report = supply.self_test("tiny", "cpu", seconds=2)
    assert report["passed"]
    assert report["real_time_factor"] > 0
