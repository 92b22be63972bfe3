"""What one call of a model must keep to; only `engine.contract` is known of it."""

from __future__ import annotations

import gc
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.audio.fullband import masked
from engine.contract import SAMPLES_PER_VIDEO_FRAME, FloatArray, SeparationModel, WindowMasks
from tests.conformance.puppets import RATE, Given, puppets

Sound = FloatArray | NDArray[np.complex64]

# Single precision: a sum over some thousand products is off by 1e-6 of the whole; ten times that is no difference.
SAME_DB = -100.0
# The level is taken out of the sound and put back: rounding alone, unless a floor or a fixed noise comes in.
LINEAR_DB = -80.0
# A judge may compare all voices of a call, also that of a face which nobody sees.
JUDGE_DB = 0.5
# A judgement is in dB already, of ratios that rounding moves.
ROUNDED_DB = 0.01
# Above what rounding can do, and far below what an untrained network makes of another face (-43 dB).
ANOTHER_FACE_DB = -80.0
# The last centred frame is left out of the grid: half an analysis window at the end is not given back in full.
EDGE = 400
# A third of what 30 calls that each keep their masks (0.2 MB per face) would add; allocators alone move by less.
LEAK_CALLS, LEAK_BYTES = 30, 4_000_000


def call(model: SeparationModel, given: Given, lag: FloatArray | None = None) -> WindowMasks:
    """All faces, in as many calls as the model needs."""
    groups = [
        slice(first, first + model.declaration.people) for first in range(0, len(given.lips), model.declaration.people)
    ]
    parts = [model.masks(given.mixture, given.lips[g], given.seen[g], None if lag is None else lag[g]) for g in groups]
    return WindowMasks(*map(np.concatenate, zip(*(vars(part).values() for part in parts), strict=True)))


def voices(model: SeparationModel, given: Given) -> FloatArray:
    return masked(given.mixture, call(model, given).mask, model.declaration.grid)


def rows_of(out: WindowMasks, *rows: int) -> WindowMasks:
    return WindowMasks(*(values[list(rows)] for values in vars(out).values()))


def apart_db(one: Sound, other: Sound, beside: Sound | None = None) -> float:
    """Energy of the difference over that of `beside`, or of `other`, in dB."""
    assert one.shape == other.shape
    error, whole = np.square(np.abs(one - other)).sum(), np.square(np.abs(other if beside is None else beside)).sum()
    return float(10 * np.log10(error / max(whole, 1e-30))) if error else -np.inf


def check_form(model: SeparationModel, given: Given, out: WindowMasks) -> None:
    declared = model.declaration
    people, frames = len(given.lips), len(given.mixture) // declared.grid.hop_samples
    assert out.mask.shape == (people, declared.grid.bins, frames) and out.mask.dtype == np.complex64
    assert out.match.shape == (people, frames, 2 * declared.margin_frames + 1)
    assert out.activity.shape == out.quality.shape == (people, frames)
    for told in (out.match, out.activity, out.quality):
        assert told.dtype == np.float32
    assert all(np.isfinite(values).all() for values in vars(out).values())
    assert out.activity.min() >= 0 and out.activity.max() <= 1


def test_it_declares_what_a_user_must_know(model: SeparationModel) -> None:
    declared = model.declaration
    assert declared.licence and declared.code_licence and declared.trained_on
    assert declared.people >= 1 and declared.margin_frames >= 0
    assert "cpu" in declared.devices
    assert str(model.device).split(":")[0] in declared.devices
    assert SAMPLES_PER_VIDEO_FRAME % declared.grid.hop_samples == 0
    assert declared.real_time_factor is None or declared.real_time_factor > 0


def test_the_result_has_the_form_of_the_contract(model: SeparationModel, two: Given) -> None:
    check_form(model, two, call(model, two))


@pytest.mark.parametrize("at_s", [0.3, 1.0, 1.5])
def test_a_chirp_and_an_impulse_stay_where_they_were(model: SeparationModel, two: Given, at_s: float) -> None:
    start, length = round(at_s * RATE), 4800
    t = np.arange(length) / RATE
    chirp, impulse = np.zeros_like(two.mixture), np.zeros_like(two.mixture)
    chirp[start : start + length] = 0.3 * np.hanning(length) * np.sin(2 * np.pi * (200 + 4700 * t) * t)
    impulse[start] = 1
    for voice in voices(model, replace(two, mixture=chirp)):
        pad = 2 * len(chirp)
        together = np.fft.irfft(np.fft.rfft(voice, pad) * np.fft.rfft(chirp, pad).conj())
        assert np.abs(together).argmax() == 0
        outside = np.delete(voice, slice(start - EDGE, start + length + EDGE))
        assert np.abs(outside).max() < 1e-3 * np.abs(voice).max()
    for voice in voices(model, replace(two, mixture=impulse)):
        assert np.abs(voice).argmax() == start


def test_the_same_call_gives_the_same_and_leaves_what_it_was_given(model: SeparationModel, two: Given) -> None:
    before = [values.copy() for values in vars(two).values()]
    first = call(model, two)
    call(model, two.louder(-0.3).faces(1))
    again = call(model, two)
    for one, other in zip(vars(first).values(), vars(again).values(), strict=True):
        np.testing.assert_array_equal(one, other)
    for old, now in zip(before, vars(two).values(), strict=True):
        np.testing.assert_array_equal(old, now)


def test_people_together_are_what_they_are_alone(model: SeparationModel, two: Given) -> None:
    """Unless faces are seen together: then a face that nobody sees changes no voice. Matches always are."""
    batch = call(model, two)
    if model.declaration.faces_together:
        company = two.faces(0, 1, 1).unseen(2)
        parts = [rows_of(call(model, company), 0, 1)]
    else:
        parts = [call(model, two.faces(row)) for row in (0, 1)]
    for name in ("mask", "match", "activity"):
        assert apart_db(np.concatenate([getattr(part, name) for part in parts]), getattr(batch, name)) < SAME_DB, name
    assert np.abs(np.concatenate([part.quality for part in parts]) - batch.quality).max() < JUDGE_DB
    alone = np.concatenate([call(model, two.faces(row)).match for row in (0, 1)])
    assert apart_db(alone, batch.match) < SAME_DB


def test_swapped_faces_swap_the_voices(model: SeparationModel, two: Given) -> None:
    straight, crossed = call(model, two), call(model, two.faces(1, 0))
    for name in ("mask", "match", "activity"):
        assert apart_db(getattr(crossed, name)[::-1], getattr(straight, name)) < SAME_DB, name
    assert np.abs(crossed.quality[::-1] - straight.quality).max() < ROUNDED_DB
    first, second = voices(model, two)
    assert apart_db(first, second) > ANOTHER_FACE_DB, "the face is ignored"


def test_silence_gives_silence(model: SeparationModel, two: Given) -> None:
    silent = two.louder(0)
    out = call(model, silent)
    check_form(model, silent, out)
    assert not masked(silent.mixture, out.mask, model.declaration.grid).any()


@pytest.mark.parametrize("times", [4.0, 0.03])
def test_louder_in_is_louder_out(model: SeparationModel, two: Given, times: float) -> None:
    assert apart_db(voices(model, two.louder(times)) / np.float32(times), voices(model, two)) < LINEAR_DB


def test_a_face_never_seen_leaves_the_sound_as_it_is(model: SeparationModel, two: Given) -> None:
    hidden = two.unseen(1)
    kept = voices(model, hidden)[1]
    assert apart_db(kept[:-EDGE], two.mixture[:-EDGE]) < SAME_DB
    assert apart_db(voices(model, hidden.faces(1))[0], kept) < SAME_DB


def awkward(two: Given) -> dict[str, Given]:
    rng = np.random.default_rng(0)
    noise = rng.standard_normal(len(two.mixture)).astype(np.float32)
    frame = two.lips.shape[1] - len(two.mixture) // SAMPLES_PER_VIDEO_FRAME + 1
    short = Given(two.mixture[:SAMPLES_PER_VIDEO_FRAME], two.lips[:, :frame], two.seen[:, :frame])
    burst = np.zeros_like(noise)
    burst[len(burst) // 2 :] = noise[len(burst) // 2 :]
    return {
        "direct current": replace(two, mixture=np.full_like(noise, 0.5)),
        "clipped": replace(two, mixture=np.sign(noise)),
        "far too loud": replace(two, mixture=1e4 * noise),
        "all but silent": replace(two, mixture=1e-9 * noise),
        "sound begins late": replace(two, mixture=burst),
        "one video frame": short,
        "one video frame of nobody": short.unseen(0).unseen(1),
        "nobody for a while": two.unseen(0, slice(10, 40)).unseen(1, slice(30, 35)),
        "seen for one frame": two.unseen(0, slice(0, 30)).unseen(0, slice(31, None)),
        "nobody": two.unseen(0).unseen(1),
    }


def test_awkward_input_gives_numbers(model: SeparationModel, two: Given) -> None:
    for name, given in awkward(two).items():
        out = call(model, given)
        try:
            check_form(model, given, out)
        except AssertionError as error:
            raise AssertionError(f"with {name}") from error


def test_as_many_people_as_declared(model: SeparationModel, two: Given) -> None:
    crowd = two.faces(*(row % 2 for row in range(model.declaration.people)))
    check_form(model, crowd, model.masks(crowd.mixture, crowd.lips, crowd.seen, None))


def test_delays_are_probabilities_and_can_be_given(model: SeparationModel, two: Given) -> None:
    if not model.declaration.finds_lag:
        assert not call(model, two).match.any(), "a match without a lag misleads"
        return
    match = call(model, two).match
    lags = np.stack([model.lag_probabilities(np.stack([row, row])) for row in match])
    assert lags.shape == (2, 2 * model.declaration.margin_frames + 1) and lags.dtype == np.float32
    assert lags.min() >= 0 and np.abs(lags.sum(1) - 1).max() < 1e-4
    check_form(model, two, call(model, two, lags))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is read from /proc")
def test_memory_stays_flat(model: SeparationModel) -> None:
    second = puppets(1, 2).given(model.declaration)

    def held() -> int:
        gc.collect()
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

    for _ in range(5):
        call(model, second)
    before = held()
    for _ in range(LEAK_CALLS):
        call(model, second)
    assert held() - before < LEAK_BYTES
