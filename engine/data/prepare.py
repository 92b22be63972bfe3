"""Make a training set of folders of talking-face videos and of speech (`avsep prepare`).

In the folder that it is given: the files of the pack (`engine.data.pack`), `rejected.csv` (path, why), and `clips/`
with the finished clips. A run that was stopped goes on where it was; a further call with more folders takes in only
what is new. `clips/` may be deleted when the set is final.
"""

from __future__ import annotations

import csv
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.cache import input_error, output_error, write_then_rename
from engine.data.clip import SAMPLE_RATE_HZ, Rejected, Source, Taken, take_in
from engine.data.clip_store import FOLDER, ClipStore
from engine.data.layouts import Layout, draw_splits, find_sources
from engine.data.morph import FACTORS, morph
from engine.data.pack import TABLE, Clip, write_pack
from engine.data.pool import for_each
from engine.errors import InputError, OutputError, OutputExistsError, UsageError
from engine.jobs import CancelToken, Progress, ProgressCallback, ignore_progress

REJECTED = "rejected.csv"
_STAGE = "Taking in clips"
_CRASHED = "The program that reads it crashed, or ran out of memory."


@dataclass(frozen=True)
class Extent:
    """How much a training set, or a part of it, holds."""

    clips: int
    hours: float
    speakers: int


@dataclass(frozen=True)
class Prepared:
    """A training set that was made.

    Attributes:
        clips: rows of clips.csv.
        rejected: what was left out, in the order of the sources.
    """

    folder: Path
    clips: tuple[Clip, ...]
    rejected: tuple[Rejected, ...]

    def extent(self, split: str = "") -> Extent:
        """Of a split, or of everything."""
        clips = [clip for clip in self.clips if split in ("", clip.split)]
        hours = sum(clip.audio_samples for clip in clips) / SAMPLE_RATE_HZ / 3600
        return Extent(len(clips), hours, len({clip.speaker for clip in clips}))


class _Job(NamedTuple):
    source: Source
    key: str
    folder: Path
    factors: tuple[float, ...]
    pictures: bool = False


def prepare(
    places: Sequence[Path],
    folder: Path,
    *,
    layout: Layout = "auto",
    corpus: str = "",
    audio_only: bool = False,
    val: float = 0.1,
    test: float = 0.1,
    seed: int = 0,
    with_morphs: bool = False,
    with_pictures: bool = False,
    retry: bool = False,
    workers: int = 1,
    on_progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> Prepared:
    """Find the clips below some folders and make a training set of them.

    Args:
        places, layout, corpus, audio_only: as in `engine.data.layouts.find_sources`.
        val, test, seed: as in `engine.data.layouts.draw_splits`; drawn among the clips that can be used.

    The other arguments and the errors are those of `take_in_all`.

    Raises:
        InputError: also for a place that is missing or empty, and where no clip can be used.
        UsageError: the shares leave no speaker for training.
    """
    if val + test >= 1:
        raise UsageError(
            f"The shares for val ({val:g}) and test ({test:g}) leave nobody to train on.", "Choose less than 1 in all."
        )
    sources, strays = find_sources(places, layout=layout, corpus=corpus, audio_only=audio_only)
    return take_in_all(
        sources,
        folder,
        strays=strays,
        val=val,
        test=test,
        seed=seed,
        with_morphs=with_morphs,
        with_pictures=with_pictures,
        retry=retry,
        workers=workers,
        on_progress=on_progress,
        cancel=cancel,
    )


def take_in_all(
    sources: Sequence[Source],
    folder: Path,
    *,
    strays: Sequence[Rejected] = (),
    val: float = 0.0,
    test: float = 0.0,
    seed: int = 0,
    with_morphs: bool = False,
    with_pictures: bool = False,
    retry: bool = False,
    workers: int = 1,
    on_progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> Prepared:
    """Make a training set of known sources.

    Args:
        folder: of the training set; made where it is missing.
        strays: files that were left out before, for the list of the rejected.
        val, test, seed: for sources without a split.
        with_morphs: also make other voices of the clips with a face (`engine.data.morph`).
        with_pictures: also keep pictures of mouth and face (`engine.data.pictures`).
        retry: try again what an earlier run rejected.
        workers: processes that take in clips.

    Raises:
        InputError: no clip can be used.
        OutputExistsError: the folder has a training set that was not made here.
        OutputError: the folder is full or cannot be written. What is finished is kept.
        JobCancelled: asked for through `cancel`; what is finished is kept.
    """
    cancel = cancel or CancelToken()
    if (folder / TABLE).exists() and not (folder / FOLDER).is_dir():
        raise OutputExistsError(
            f"“{folder}” holds a finished training set without its clips.", "Choose another folder."
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise output_error(folder, error) from error
    factors = FACTORS if with_morphs else ()
    outcome = _Outcome(ClipStore(folder), factors, with_pictures)
    try:
        jobs = outcome.plan(sources, folder, retry=retry)
        done = len(sources) - len(jobs)
        on_progress(Progress(_STAGE, done, len(sources)))

        def on_result(job: _Job, why: str) -> None:
            nonlocal done
            done += 1
            outcome.note(job.source, job.key, why)
            on_progress(Progress(_STAGE, done, len(sources)))

        def on_crash(job: _Job) -> None:
            outcome.store.reject(job.key, _CRASHED)
            on_result(job, _CRASHED)

        for_each(_take_in, jobs, workers=workers, on_result=on_result, on_crash=on_crash, cancel=cancel)
    finally:
        rejected = (*strays, *(outcome.rejected[s.path] for s in sources if s.path in outcome.rejected))
        _write_rejected(folder / REJECTED, rejected)
    usable = [source for source in sources if source.path in outcome.keys]
    if not usable:
        why, count = Counter(item.why for item in rejected).most_common(1)[0] if rejected else ("No file is given.", 0)
        raise InputError(
            f"None of {len(rejected)} files can be used. The commonest reason ({count}): {why}",
            f"The reasons are in “{folder / REJECTED}”." if rejected else "Name files.",
        )
    usable = draw_splits(usable, val=val, test=test, seed=seed)
    return Prepared(folder, tuple(_assemble(usable, folder, outcome, on_progress, cancel)), rejected)


class _Outcome:
    """What became of each source so far."""

    def __init__(self, store: ClipStore, factors: tuple[float, ...], with_pictures: bool) -> None:
        self.store, self.factors, self.with_pictures = store, factors, with_pictures
        self.keys: dict[Path, str] = {}
        self.rejected: dict[Path, Rejected] = {}

    def plan(self, sources: Sequence[Source], folder: Path, *, retry: bool) -> list[_Job]:
        """The sources that are still to be taken in; the others are noted."""
        jobs = []
        for source in sources:
            try:
                key = self.store.key(source)
            except OSError as error:
                self.note(source, "", input_error(source.path, error).message)
                continue
            why = self.store.why_rejected(key)
            if why is not None and retry:
                self.store.forget_rejection(key)
                why = None
            factors, pictures = self.wanted(source)
            if why is not None or self.store.has(key, factors, pictures=pictures):
                self.note(source, key, why or "")
            else:
                jobs.append(_Job(source, key, folder, factors, pictures))
        return jobs

    def wanted(self, source: Source) -> tuple[tuple[float, ...], bool]:
        """What the clip of a source needs besides itself: the variants of its voice, and whether pictures."""
        return (self.factors, self.with_pictures) if source.has_face else ((), False)

    def note(self, source: Source, key: str, why: str) -> None:
        """Remember that a source is finished, or with a reason that it is left out."""
        if why:
            self.rejected[source.path] = Rejected(source.path, why)
        else:
            self.keys[source.path] = key


def _take_in(job: _Job, cancel: CancelToken) -> str:
    """Finish one clip, in a worker: it is in the store, or the reason why not is there and the answer."""
    store = ClipStore(job.folder)
    finished = store.has(job.key, (), pictures=job.pictures)
    taken: Taken | Rejected
    taken = store.load(job.key) if finished else take_in(job.source, cancel, with_pictures=job.pictures)
    if isinstance(taken, Rejected):
        if job.source.path.is_file():  # else it went away with its drive, and is tried again when it is back
            store.reject(job.key, taken.why)
        return taken.why
    if not finished:
        store.keep(job.key, taken)
    if job.factors and not store.has(job.key, job.factors):
        variants = []
        for factor in job.factors:
            cancel.checkpoint()
            variants.append(morph(taken.audio, factor))
        store.keep_morphs(job.key, job.factors, variants)
    return ""


def _assemble(
    sources: Sequence[Source],
    folder: Path,
    outcome: _Outcome,
    on_progress: ProgressCallback,
    cancel: CancelToken,
) -> list[Clip]:
    """Write the pack from the finished clips, those with a face first."""
    store, keys = outcome.store, outcome.keys
    ordered = sorted(sources, key=lambda source: not source.has_face)
    wanted = {source.path: outcome.wanted(source) for source in ordered}
    needed = sum(store.size_bytes(keys[path], factors, pictures=there) for path, (factors, there) in wanted.items())
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise OutputError(
            f"The training set needs {needed / 1e9:.1f} GB; {free / 1e9:.1f} GB are free in “{folder}”.",
            "Free some space and call again: the clips that are finished are kept.",
        )

    def clips() -> Iterator[tuple[Source, Taken, Sequence[NDArray[np.int16]]]]:
        for number, source in enumerate(ordered, 1):
            cancel.checkpoint()
            key, (factors, pictures) = keys[source.path], wanted[source.path]
            taken = store.load(key, pictures=pictures)
            yield source, taken, list(store.load_morphs(key, factors)) if factors else []
            on_progress(Progress("Writing the training set", number, len(ordered)))

    return write_pack(clips(), folder, factors=outcome.factors, with_pictures=outcome.with_pictures)


def _write_rejected(path: Path, rejected: Sequence[Rejected]) -> None:
    with (
        write_then_rename(path) as part,
        part.open("w", newline="", encoding="utf-8", errors="surrogateescape") as file,
    ):
        writer = csv.writer(file)
        writer.writerow(["path", "why"])
        writer.writerows([item.path, item.why] for item in rejected)
