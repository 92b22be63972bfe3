"""What a film makes of a model: `engine.isolation.job` goes through its windows with a model in place of a shelf's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from engine.audio.fullband import masked
from engine.contract import Crops, FloatArray, SeparationModel, WindowMasks
from engine.errors import JobCancelled
from engine.isolation.job import isolate
from engine.jobs import CancelToken
from engine.types import FaceAnalysis, IsolationRequest, IsolationResult, MediaInfo, Person
from engine.vision.lips import LipStream
from tests.conformance.puppets import RATE, in_form, puppets
from tests.conformance.test_calls import EDGE, apart_db, call

SECONDS, PEOPLE = 11, 3
TALK = puppets(SECONDS, PEOPLE)
# Windows hear 6 s, the whole hears 11 s, and what a network gathers over all that it hears differs; seams and shifts of
# a video frame are far above this share of the mixture.
CHUNKED_DB = -15.0


@dataclass
class Watched:
    """A model that is counted and looked at, and says that every voice sounds, so that no gate hides what it gives.

    Attributes:
        shapes, lags: of the lips, and the delays, of every call. on_call: done in the middle of every call.
    """

    inner: SeparationModel
    shapes: list[tuple[int, ...]] = field(default_factory=list)
    lags: list[FloatArray | None] = field(default_factory=list)
    on_call: Callable[[], None] = lambda: None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def masks(self, mixture: FloatArray, lips: FloatArray, seen: FloatArray, lag: FloatArray | None) -> WindowMasks:
        self.shapes.append(lips.shape)
        self.lags.append(lag)
        self.on_call()
        out = self.inner.masks(mixture, lips, seen, lag)
        return replace(out, activity=np.ones_like(out.activity))


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("film") / "talk.wav"
    soundfile.write(path, TALK.sound, RATE, subtype="FLOAT")
    nothing = np.zeros(0, np.float32)
    people = tuple(
        Person(k + 1, f"Person {k + 1}", 1.0, 1.0, None, (), np.zeros((4, 4, 3), np.uint8), nothing, nothing)
        for k in range(PEOPLE)
    )
    with pytest.MonkeyPatch.context() as patch:
        analysis = FaceAnalysis(MediaInfo(path, SECONDS, None, ()), people, (), "key")
        patch.setattr("engine.vision.people.find_faces", lambda video, **_: analysis)
        patch.setattr("engine.vision.people.load_lips", lambda key, person, cast: TALK.streams[person - 1])
        patch.setattr("engine.vision.crops.cut_mouths", cut_mouths)
        yield path


def cut_mouths(
    analysis: FaceAnalysis, form: Crops, streams: Mapping[int, LipStream], *_: object, **__: object
) -> dict[int, LipStream]:
    """In place of cutting them out of pictures, which this film does not have."""
    return {person: in_form(form, stream) for person, stream in streams.items()}


def run(model: Watched, film: Path, cache: Path, cancel: CancelToken | None = None) -> IsolationResult:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AVSEP_CACHE_DIR", str(cache))
        patch.setattr("engine.separator.open_model", lambda name, device, cancel: model)
        everyone = tuple(range(1, PEOPLE + 1))
        return isolate(IsolationRequest(film, everyone, model="tiny", absent="hold"), cancel=cancel)


@pytest.fixture(scope="module")
def seen_through(model: SeparationModel, film: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Watched, Any]:
    watched = Watched(model)
    result = run(watched, film, tmp_path_factory.mktemp("cache"))
    return watched, [voice.voice.open()[:, 0].copy() for voice in result.voices]


def test_chunked_is_nearly_whole_and_in_place(model: SeparationModel, seen_through: tuple[Watched, Any]) -> None:
    watched, voices = seen_through
    given = TALK.given(model.declaration)
    lag = np.concatenate(watched.lags[-calls_per_window(model) :]) if model.declaration.finds_lag else None
    whole = masked(given.mixture, call(model, given, lag).mask, model.declaration.grid)
    for voice, expected in zip(voices, whole, strict=True):
        assert len(voice) == len(TALK.sound)
        assert apart_db(voice[:-EDGE], expected[:-EDGE], TALK.sound[:-EDGE]) < CHUNKED_DB
        pad = 2 * len(voice)
        together = np.fft.irfft(np.fft.rfft(voice, pad) * np.fft.rfft(expected, pad).conj())
        assert together.argmax() == 0


def test_no_call_brings_more_than_is_declared(model: SeparationModel, seen_through: tuple[Watched, Any]) -> None:
    declared = model.declaration
    seconds = 5, 6, 4  # of the film's windows: what reaches beyond it is left out
    lengths = {length * declared.video_rate_hz + 2 * declared.margin_frames for length in seconds}
    for shape in seen_through[0].shapes:
        assert 1 <= shape[0] <= declared.people
        assert shape[1] in lengths and shape[2:] == TALK.given(declared).lips.shape[2:]


def calls_per_window(model: SeparationModel) -> int:
    return -(-PEOPLE // model.declaration.people)


@pytest.mark.parametrize("stage", ["matching", "isolating"])
def test_a_cancel_is_heard_within_a_window(model: SeparationModel, film: Path, tmp_path: Path, stage: str) -> None:
    cancel, watched = CancelToken(), Watched(model)
    finds_lag = model.declaration.finds_lag
    after: list[int] = []

    def stop() -> None:
        if cancel.cancelled:
            after.append(len(watched.shapes))
        elif stage == "matching" or not finds_lag or watched.lags[-1] is not None:
            cancel.cancel()

    watched.on_call = stop
    with pytest.raises(JobCancelled):
        run(watched, film, tmp_path, cancel)
    assert len(after) < (1 if stage == "matching" and finds_lag else calls_per_window(model))
