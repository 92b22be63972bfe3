"""All that a client may call.

Every function is importable without torch or a codec library; heavy imports wait until the call. Long calls take
`on_progress` and `cancel` and raise `EngineError` (a sentence for the user) or `JobCancelled`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.batch.item import BATCH_NAME as BATCH_NAME
from engine.batch.item import Batch as Batch
from engine.batch.item import BatchItem as BatchItem
from engine.batch.item import BatchOptions as BatchOptions
from engine.batch.item import BatchOutcome as BatchOutcome
from engine.batch.item import PersonRule as PersonRule
from engine.jobs import CancelToken, ProgressCallback, ignore_progress
from engine.types import (
    AboutInfo,
    CacheClearing,
    CacheUsage,
    ContainerFit,
    DeviceInfo,
    Download,
    FaceAnalysis,
    IsolationRequest,
    IsolationResult,
    MediaInfo,
    ModelInfo,
    Outlook,
    PcmStore,
    SeparationRequest,
    SeparationResult,
    SpectrogramImage,
    WaveformPeaks,
)


def probe(path: Path) -> MediaInfo:
    """Say what is in a file.

    Raises:
        InputError: missing, unreadable, not media, or neither picture nor sound inside.
    """
    from engine.media.reader import probe

    return probe(path)


def decode_audio(
    path: Path,
    *,
    audio_index: int | None = None,
    on_progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> PcmStore:
    """Decode a file's sound into the cache, for playback and separation; instant the second time.

    Args:
        audio_index: `AudioInfo.index` of the stream, None for the first.

    Raises:
        NoSoundError: the file has no such stream.
        InputError: the stream cannot be decoded.
        OutputError: the cache folder is full or cannot be written.
    """
    from engine.media.reader import decode_audio

    return decode_audio(path, audio_index=audio_index, on_progress=on_progress, cancel=cancel or CancelToken())


def find_faces(
    path: Path,
    *,
    on_progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> FaceAnalysis:
    """Find the people in a video, follow them, and say when each one speaks; instant the second time.

    Returns an analysis with no people where there is no face; the client decides whether that is an error.

    Raises:
        NoPictureError: the file has no video stream.
        InputError: the picture cannot be decoded.
    """
    from engine.vision.people import find_faces

    return find_faces(path, on_progress=on_progress, cancel=cancel or CancelToken())


def face_picture(path: Path, at_s: float, box_px: tuple[float, float, float, float]) -> NDArray[np.uint8]:
    """A face at a moment, as the people panel shows it, (160, 160, 3) uint8 RGB.

    Args:
        box_px: left, top, right, bottom in displayed pixels.

    Raises:
        NoPictureError, InputError: the picture cannot be read.
    """
    from engine.vision.identity import face_picture

    return face_picture(path, at_s, box_px)


def match_photo(
    path: Path,
    photo: Path,
    *,
    on_progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> tuple[tuple[int, float], ...]:
    """Say who in a video is the person on a photo; the people are found first where that was not done yet.

    Returns:
        (person id, distance), nearest first; the same person lies within about 0.6.

    Raises:
        NoFaceError: the video or the photo shows nobody.
        InputError: the photo is missing, too large, no picture, or shows several faces about as large; as `find_faces`.
    """
    from engine.isolation.job import check_people
    from engine.vision.people import find_faces
    from engine.vision.reference import match_photo

    analysis = find_faces(path, on_progress=on_progress, cancel=cancel or CancelToken())
    check_people(analysis, ())
    return match_photo(analysis, photo)


def isolate(
    request: IsolationRequest,
    *,
    on_progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> IsolationResult:
    """Compute voices into the cache, for listening. Windows that are there already are not computed again.

    `Progress.ready_s` and `.person_id` tell what became audible; the store's file exists from the first such
    report on, at `voice_store(...)`.

    Raises:
        UsageError: an unknown person, model or range. NoSoundError, NoPictureError, NoFaceError, ModelError,
        DeviceError: as named.
    """
    from engine.isolation.job import isolate

    return isolate(request, on_progress=on_progress, cancel=cancel or CancelToken())


def voice_store(request: IsolationRequest, person_id: int) -> PcmStore:
    """Where `isolate(request)` puts this person's voice; the file may not exist yet."""
    from engine.isolation.job import voice_store

    return voice_store(request, person_id)


def outlook(request: SeparationRequest, *, voices: int | None = None) -> Outlook:
    """Reckon what `separate(request)` will need, without doing any of it; takes a moment.

    Args:
        voices: how many are wanted; None takes it from the request, as far as it is known who is in the film.

    Raises:
        UsageError, InputError, NoSoundError, OutputError, OutputExistsError: as `separate`.
    """
    from engine.outlook import outlook

    return outlook(request, voices)


def separate(
    request: SeparationRequest,
    *,
    on_progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> SeparationResult:
    """Isolate voices and write them to files. What `isolate` computed before is used again.

    Raises:
        UsageError, NoSoundError, NoPictureError, NoFaceError, OutputError, OutputExistsError, ModelError,
        DeviceError: as named.
    """
    from engine.export import separate

    return separate(request, on_progress=on_progress, cancel=cancel or CancelToken())


def new_batch_items(
    batch: Batch,
    paths: Sequence[Path],
    *,
    rule: PersonRule,
    options: BatchOptions,
    on_progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> tuple[BatchItem, ...]:
    """Items for files and folders (all videos below them), to be added to a batch; names that are taken get a number.

    Raises:
        InputError: there is no video. UsageError: the options do not go together.
    """
    from engine.batch.plan import new_items

    token = cancel or CancelToken()
    return new_items(batch, paths, rule=rule, options=options, on_progress=on_progress, cancel=token)


def changed_batch_item(batch: Batch, item: BatchItem, rule: PersonRule, options: BatchOptions) -> BatchItem:
    """A file of a batch with another rule or other options, to be done, under a name that is free; quick.

    Raises:
        UsageError: there is no such format for what is written.
    """
    from engine.batch.naming import changed

    return changed(batch, item, rule, options)


def check_batch(
    batch: Batch, *, on_progress: ProgressCallback = ignore_progress, cancel: CancelToken | None = None
) -> None:
    """Make sure that the results of a batch can be written, fit on the disk, and have names of their own.

    Raises:
        UsageError, OutputError: as named.
    """
    from engine.batch.plan import check_folder, look_ahead

    check_folder(batch, look_ahead(batch, on_progress=on_progress, cancel=cancel or CancelToken()))


def do_batch_item(
    batch: Batch, item_id: int, *, on_progress: ProgressCallback = ignore_progress, cancel: CancelToken | None = None
) -> BatchOutcome:
    """Do one file of a batch, or finish what an earlier process left of it; never the same work twice.

    Raises:
        EngineError: as `separate`, `find_faces`, `match_photo`.
    """
    from engine.batch.work import do_item

    item = batch.item(item_id)
    assert item is not None
    return do_item(batch.folder, item, batch.existing, on_progress=on_progress, cancel=cancel or CancelToken())


def hold_batch(folder: Path) -> AbstractContextManager[Path]:
    """Hold the batch of a folder while it is worked on, so that no other process does; gives its file's path.

    Raises:
        OutputError: another process holds it, or the folder cannot be written.
    """
    from engine.batch.store import opened

    return opened(folder)


def load_batch(path: Path) -> Batch:
    """Read the file of a batch (docs/batch.md); what was under way when it was written is waiting again.

    Raises:
        InputError: missing, damaged, or of a later version.
    """
    from engine.batch.store import load_batch

    return load_batch(path).interrupted()


def save_batch(path: Path, batch: Batch) -> None:
    """Write the file of a batch, the old one or the new one as a whole.

    Raises:
        OutputError: it cannot be written.
    """
    from engine.batch.store import save_batch

    save_batch(path, batch)


def end_batch(batch: Batch) -> Path:
    """Save a batch, write its summaries and remove what its work left; for who holds it. Gives the one to read.

    Raises:
        OutputError: they cannot be written.
    """
    from engine.batch.store import queue_path, save_batch
    from engine.batch.summary import write_summary
    from engine.batch.work import sweep

    save_batch(queue_path(batch.folder), batch)  # the receipts are needed until it says what is done
    sweep(batch)
    return write_summary(batch)


def container_fit(path: Path, suffix: str) -> ContainerFit:
    """What a video file of a type (".mp4", ".mkv", ".mov") can hold of a film, found out with its first packets.

    Raises:
        InputError: the film cannot be read. NoPictureError: it has no picture. UsageError: another type.
    """
    from engine.media.remux import container_fit

    return container_fit(path, suffix)


def spectrogram(
    sound: PcmStore,
    *,
    start_s: float,
    end_s: float,
    columns: int,
    rows: int,
    max_hz: float = 8000.0,
    scale: Literal["linear", "log", "mel"] = "mel",
) -> SpectrogramImage:
    """Picture of a stretch of sound, channels averaged. Cost follows `columns`, not the stretch's length."""
    from engine.audio.picture import spectrogram

    return spectrogram(sound, start_s=start_s, end_s=end_s, columns=columns, rows=rows, max_hz=max_hz, scale=scale)


def waveform(sound: PcmStore, *, start_s: float, end_s: float, columns: int) -> WaveformPeaks:
    """Lowest and highest sample per column, for drawing."""
    from engine.audio.picture import waveform

    return waveform(sound, start_s=start_s, end_s=end_s, columns=columns)


def list_models() -> tuple[ModelInfo, ...]:
    """The model shelf, `default` first."""
    from engine.registry import list_models

    return list_models()


def model_info(name: str) -> ModelInfo:
    """One row of the model shelf.

    Raises:
        UsageError: there is no such row.
    """
    from engine.registry import model_info

    return model_info(name)


def model_downloads(name: str, *, source: Path | None = None, wheels: Path | None = None) -> tuple[Download, ...]:
    """What `add_model` would fetch from the network now, for the question before it; nothing where all is here.

    Raises:
        UsageError: there is no such guest engine.
    """
    from engine.guests.shelf import downloads

    return downloads(name, from_=source, wheels=wheels)


def add_model(
    name: str,
    *,
    source: Path | None = None,
    wheels: Path | None = None,
    offline: bool = False,
    on_progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> None:
    """Install or repair a guest engine; uses the network for what is not given, so ask the user before.

    Args:
        source: its weights file or a folder that has it, in place of a download.
        wheels: folder with its Python packages, in place of the package index.
        offline: refuse to use the network.

    Raises:
        UsageError, InputError, ModelError, OutputError: as named.
    """
    from engine.guests.shelf import add

    add(name, from_=source, wheels=wheels, offline=offline, on_progress=on_progress, cancel=cancel)


def import_model(
    path: Path,
    *,
    name: str | None = None,
    on_progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> str:
    """Put a network of the user's own on the shelf: weights (.safetensors) with their card (.json) beside them.

    Both are checked, tried once and copied into the application's data folder; nothing in them is executed.

    Args:
        name: of its row; None takes it from the file's name, or its run folder's.

    Returns:
        The name of its row, for `--model`.

    Raises:
        InputError: the file or its card is missing, cannot be read, or is not what it should be.
        UsageError: the name is not possible or taken, or the network sees pictures, which films do not give.
        ModelError: weights and card do not go together, or the network does not run.
        OutputError: the disk is full, or the folder cannot be written.
        JobCancelled: asked to stop; nothing is kept.
    """
    from engine.importing import import_model

    return import_model(path, name=name, on_progress=on_progress, cancel=cancel or CancelToken())


def set_default_model(name: str) -> None:
    """Choose what "default" stands for from now on; "compact" or "default" goes back to the one that ships.

    Raises:
        UsageError: there is no such model. ModelError: it is not installed. OutputError: the choice cannot be kept.
    """
    from engine.registry import set_default_model

    set_default_model(name)


def remove_model(name: str) -> None:
    """Delete a guest engine or an imported model with all its files; "default" is ours again if it stood for it.

    Raises:
        UsageError: there is no such model. ModelError: it comes with AVSep, or is not installed. OutputError: as named.
    """
    from engine.registry import remove_model

    remove_model(name)


def device_info(device: str = "auto") -> DeviceInfo:
    """Where work would run and why.

    Raises:
        DeviceError: the asked-for device does not exist.
    """
    from engine.device import device_info

    return device_info(device)


def cache_usage(*, cancel: CancelToken | None = None) -> CacheUsage:
    """Where computed things and the application's data are kept, and how large they are; may take seconds.

    Raises:
        JobCancelled: asked to stop.
    """
    from engine.storage import cache_usage

    return cache_usage(cancel or CancelToken())


def clear_cache(
    kinds: Collection[str] | None = None, *, spare_since: float | None = None, cancel: CancelToken | None = None
) -> CacheClearing:
    """Delete what can be computed again.

    Args:
        kinds: names of `CacheKind`; None deletes all.
        spare_since: entries that were asked for at this time (seconds of the epoch) or later stay. It is the caller
            who knows since when its jobs run.

    Raises:
        JobCancelled: asked to stop; what is deleted by then is gone.
    """
    from engine.storage import clear_cache

    return clear_cache(kinds, spare_since, cancel or CancelToken())


def set_cache_limit(limit_bytes: int) -> None:
    """Let the cache take so much from now on, on the command line too; what is too much goes at once.

    Raises:
        UsageError: less than 1 GB. OutputError: the choice cannot be kept.
    """
    from engine.cache import keep_limit, prune

    keep_limit(limit_bytes)
    prune()


def about() -> AboutInfo:
    """What this AVSep is, and the software it stands on with their licences, as installed here; takes a moment."""
    from engine.about import about

    return about()


def licence_text(name: str) -> str:
    """The licence of a piece of software in full, or where to read it where its text does not come with it.

    Args:
        name: as of `SoftwareInfo.name`, or "avsep".

    Raises:
        UsageError: it is no part of AVSep here.
    """
    from engine.about import licence_text

    return licence_text(name)
