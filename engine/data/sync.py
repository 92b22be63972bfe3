"""How late the pictures of each clip of a training set come against its sound.

Footage from the wild is rarely in step: sound and pictures went through different machines, and clips of one speaker
may differ by half a second. A network that is told a shift must be told the whole shift, the clip's own included.

The measure is linear and knows nothing of any network of ours: a ridge regression tells the loudness of frequency bands
from the motion of the lips, and a clip's delay is where telling and sound correlate best. Regression and delays are
made in turn, each clip's delay by a regression over other people, since one that has seen the clip finds it where it
was. How delays scatter in a corpus is its prior, so that a short clip that tells little stays with the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.cache import output_error, write_then_rename
from engine.data.pack import DELAYS, SAMPLE_RATE_HZ, Clip, Pack, PictureDelay
from engine.data.table import write_table
from engine.jobs import CancelToken, Progress, ProgressCallback, ignore_progress
from engine.vision.lips import LANDMARK_FEATURES, RATE_HZ

FloatArray = NDArray[np.float32]
REACH = 10  # frames early or late that are tried
_FRAME = SAMPLE_RATE_HZ // RATE_HZ  # samples
_BANDS = 16
_RIDGE = 0.3  # of the mean variance of the lips' features
_ROUNDS = 4
_MOST_KNOWN = 1000  # clips that the regressions are made of
_STAGE = "Matching lips and sound"
_SHORTEST = 3 * REACH  # frames
_FLOOR = 1e-3  # of a band's power, of samples in -1..1
_INDEPENDENT = 0.7  # values per frame that say something new: sounds and lips change slowly, bands go together


@dataclass(frozen=True)
class Sync:
    """What was measured.

    Attributes:
        clips: number of filmed clips. within_a_frame: share of them whose pictures are in step to one frame.
        correlation: mean correlation of sound with what lips tell of it, at the delays that were found;
            before: at none.
    """

    clips: int
    within_a_frame: float
    correlation: float
    before: float


@dataclass(frozen=True)
class _Take:
    """Band levels (M, 16) and lip features (M, 240) of a clip, means taken out, at 25 Hz."""

    clip: Clip
    bands: FloatArray
    lips: FloatArray


def measure_delays(
    folder: Path, *, on_progress: ProgressCallback = ignore_progress, cancel: CancelToken | None = None
) -> Sync | None:
    """Measure the delay of every filmed clip of a pack and keep it in the pack, in place of what is there.

    Zero is where the clips of that corpus lie whose delays scatter least, as those of a studio do: a delay that all
    clips share cannot be told from the one that lies in speech.

    Args:
        folder: of the pack.

    Returns:
        None where there are fewer than two filmed people to learn from; the pack has no delays then.

    Raises:
        InputError: there is no pack. OutputError: the folder is full or cannot be written.
        JobCancelled: asked for through `cancel`.
    """
    cancel = cancel or CancelToken()
    pack = Pack(folder)
    clips = [clip for clip in pack.clips if _frames(clip) > _SHORTEST]
    train = [clip for clip in clips if clip.split == "train"]
    people = sorted({clip.speaker for clip in train})
    if len(people) < 2:
        _write(folder, [])
        return None
    halves = [set(people[0::2]), set(people[1::2])]
    known = [_take(pack, clip) for clip in train[:: -(-len(train) // _MOST_KNOWN)]]
    delays, steps = np.zeros(len(known)), len(clips) + _ROUNDS
    regressions: list[FloatArray] = []
    for number in range(_ROUNDS):
        cancel.checkpoint()
        regressions = [
            _regression([(t, d) for t, d in zip(known, delays, strict=True) if t.clip.speaker in half])
            for half in halves
        ]
        delays = _delays(np.stack([_match(take, regressions, halves) for take in known]), [t.clip for t in known])
        on_progress(Progress(_STAGE, number + 1, steps))
    match = np.zeros((len(clips), 2 * REACH + 1))
    for number, clip in enumerate(clips):
        cancel.checkpoint()
        match[number] = _match(_take(pack, clip), regressions, halves)
        on_progress(Progress(_STAGE, _ROUNDS + number + 1, steps))
    delays = _delays(match, clips)
    delays -= _zero(delays, clips)
    _write(folder, [PictureDelay(clip.name, round(d, 2)) for clip, d in zip(clips, delays.tolist(), strict=True)])
    within = float(np.mean(np.abs(delays) <= 1))
    return Sync(len(clips), within, float(match.max(1).mean()), float(match[:, REACH].mean()))


def _frames(clip: Clip) -> int:
    return min(clip.video_frames, clip.audio_samples // _FRAME)


def _take(pack: Pack, clip: Clip) -> _Take:
    frames = _frames(clip)
    sound = np.asarray(pack.audio[clip.audio_start : clip.audio_start + frames * _FRAME], np.float32) / 32768
    power = np.square(np.abs(np.fft.rfft(sound.reshape(frames, _FRAME) * np.hanning(_FRAME), axis=1)))
    edges = np.geomspace(1, power.shape[1] - 1, _BANDS + 2).astype(int)
    bands = np.stack([power[:, a : max(b, a + 1)].sum(1) for a, b in zip(edges, edges[2:], strict=False)], 1)
    level = np.log(bands + _FLOOR)
    level -= level.mean(0)
    lips = np.asarray(pack.lips_of(clip)[:frames], np.float32)
    return _Take(clip, np.asarray(level / max(float(level.std()), 1e-3), np.float32), lips - lips.mean(0))


def _together(pictures: FloatArray, sound: FloatArray, delay: int) -> tuple[FloatArray, FloatArray]:
    """The rows of both that belong together where pictures come `delay` frames late; means taken out."""
    count = len(sound)
    shown = pictures[max(0, delay) : min(count, count + delay)]
    heard = sound[max(0, -delay) : min(count, count - delay)]
    return shown - shown.mean(0), heard - heard.mean(0)


def _regression(takes: Iterable[tuple[_Take, float]]) -> FloatArray:
    """Lip features -> bands, (240, 16), over clips with their delays; the ridge is in proportion to each feature."""
    squares, products = np.zeros((LANDMARK_FEATURES, LANDMARK_FEATURES)), np.zeros((LANDMARK_FEATURES, _BANDS))
    for take, delay in takes:
        lips, bands = _together(take.lips, take.bands, round(delay))
        squares += lips.T @ lips
        products += lips.T @ bands
    ridge = np.diag(_RIDGE * squares.diagonal() + 1e-3)
    return np.asarray(np.linalg.solve(squares + ridge, products), np.float32)


def _match(take: _Take, regressions: Sequence[FloatArray], halves: Sequence[set[str]]) -> NDArray[np.float64]:
    """Correlation of the bands with what lips tell of them to who does not know the person, by delay, (2 K + 1,)."""
    unaware = [r for r, half in zip(regressions, halves, strict=True) if take.clip.speaker not in half]
    told = take.lips @ np.mean(unaware, 0)
    scores = []
    for delay in range(-REACH, REACH + 1):
        a, b = _together(told, take.bands, delay)
        scores.append(float((a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum() + 1e-9)))
    return np.asarray(scores)


def _delays(match: NDArray[np.float64], clips: Sequence[Clip]) -> NDArray[np.float64]:
    """Delays in frames, (clips,), the top of a parabola through the likeliest one and its neighbours.

    The log-likelihood of a delay is -n/2 log(1 - correlation^2), n the values that say something new; the prior is the
    corpus' histogram of the likeliest delays, smoothed, found in a few rounds.
    """
    count, corpora = _INDEPENDENT * np.asarray([[_frames(clip)] for clip in clips]), _corpora(clips)
    likelihood = -count / 2 * np.log(1 - np.square(match.clip(0, 0.99)))
    posterior = likelihood.copy()
    for corpus in np.unique(corpora):
        own = corpora == corpus
        for _ in range(_ROUNDS):
            histogram = np.bincount(posterior[own].argmax(1), minlength=2 * REACH + 1)
            prior = np.convolve(histogram, [0.25, 0.5, 0.25], "same") + 0.02 * own.sum() / len(histogram)
            posterior[own] = likelihood[own] + np.log(prior / prior.sum())
    best = posterior.argmax(1).clip(1, 2 * REACH - 1)
    low, top, high = (np.take_along_axis(likelihood, best[:, None] + side, 1)[:, 0] for side in (-1, 0, 1))
    bend = low - 2 * top + high
    part = np.where(bend < 0, 0.5 * (low - high) / np.minimum(bend, -1e-9), 0.0)
    return np.asarray(best - REACH + part.clip(-0.5, 0.5), float)


def _zero(delays: NDArray[np.float64], clips: Sequence[Clip]) -> float:
    """The median of the corpus that scatters least."""
    corpora = _corpora(clips)
    groups = [delays[corpora == corpus] for corpus in np.unique(corpora)]
    tightest = min(groups, key=lambda group: float(np.subtract(*np.percentile(group, [75, 25]))))
    return float(np.median(tightest))


def _corpora(clips: Sequence[Clip]) -> NDArray[np.str_]:
    return np.asarray([clip.corpus for clip in clips])


def _write(folder: Path, rows: Sequence[PictureDelay]) -> None:
    try:
        with write_then_rename(folder / DELAYS) as part:
            write_table(part, PictureDelay, rows)
    except OSError as error:
        raise output_error(folder / DELAYS, error) from error
