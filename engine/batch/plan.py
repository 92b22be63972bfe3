"""From what a user names to a queue, with everything checked that can be known before the work."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from engine import api
from engine.batch.inputs import FoundInput, find_inputs
from engine.batch.item import Batch, BatchItem, BatchOptions, PersonRule
from engine.batch.manifest import ManifestRow
from engine.batch.naming import DEFAULT_TEMPLATE, check_names, fill, numbered, with_ending
from engine.batch.work import taken
from engine.cache import output_error
from engine.errors import EngineError, OutputError, OutputExistsError
from engine.export.target import SPARE_BYTES, needed_bytes, size_text
from engine.jobs import CancelToken, Progress, ProgressCallback

_STAGE = "Looking at the files"
_VOICES = {"everyone": 3}  # reckoned with, before people are found


@dataclass(frozen=True)
class Prospect:
    """What is known of a file before the work: about how large its result becomes, or why nothing will come of it."""

    item: BatchItem
    needed_bytes: int = 0
    trouble: str = ""


def make_items(
    batch: Batch,
    found: Sequence[FoundInput],
    rows: Sequence[ManifestRow] = (),
    *,
    rule: PersonRule,
    options: BatchOptions,
    template: str = DEFAULT_TEMPLATE,
) -> tuple[BatchItem, ...]:
    """Items for files and for the lines of a manifest, to be added to a queue.

    A file comes once for each rule, and not at all where the queue has it, or has it as a result. In a manifest it may
    come more often, under names of its own.

    Raises:
        UsageError: the template or a format cannot be.
    """
    lines = [*rows, *(ManifestRow(source, rule, options, "") for source in found)]
    first = max((item.id for item in batch.items), default=0) + 1
    items: list[BatchItem] = []
    seen = {(os.path.normcase(item.input), item.rule) for item in batch.items}
    outputs = {(os.path.normcase(item.input), item.rule, item.output) for item in batch.items}
    results = {os.path.normcase(batch.folder.absolute() / item.output) for item in batch.items}
    for line in lines:
        if os.path.normcase(line.source.path) in results:
            continue
        key = (os.path.normcase(line.source.path), line.rule)
        number = first + len(items)
        name = line.output or fill(template, line.source, number, line.options)
        output, adapted = with_ending(name, line.source.path, line.rule, line.options)
        if (*key, output) in outputs or (key in seen and not line.output):
            continue
        seen.add(key)
        outputs.add((*key, output))
        items.append(BatchItem(number, line.source.path, output, line.rule, adapted))
    return tuple(items)


def new_items(
    batch: Batch,
    wanted: Sequence[Path],
    *,
    rule: PersonRule,
    options: BatchOptions,
    on_progress: ProgressCallback,
    cancel: CancelToken,
) -> tuple[BatchItem, ...]:
    """Items for files and folders, with their lengths and under names that are free."""
    found = find_inputs(wanted, outside=batch.folder, cancel=cancel)
    items = make_items(batch, found, rule=rule, options=options)
    names = [item.output for item in batch.items]
    items = numbered(items, names, lambda item: taken(batch.folder, item) is not None)
    prospects = look_ahead(replace(batch, items=items), on_progress=on_progress, cancel=cancel)
    return tuple(prospect.item for prospect in prospects)


def check_existing(batch: Batch) -> Batch:
    """Look for results that are there already; with "skip" their files are skipped.

    Raises:
        OutputExistsError: with "refuse", there are some; names the first.
    """
    for item in batch.items:
        there = taken(batch.folder, item) if item.status == "waiting" else None
        if there is None or batch.existing == "overwrite" or item.attempts:
            continue
        if batch.existing == "refuse":
            raise OutputExistsError(
                f"“{there}” exists already.",
                "Choose another folder or other names, leave such files out (--skip-existing) or replace them "
                "(--overwrite).",
            )
        batch = batch.with_item(item.skipped(f"“{item.output}” exists already."))
    return batch


def look_ahead(batch: Batch, *, on_progress: ProgressCallback, cancel: CancelToken) -> tuple[Prospect, ...]:
    """Look into every file that waits: its length, and how large its result becomes. Bad files are told, not raised."""
    waiting = [item for item in batch.items if item.status == "waiting"]
    prospects = []
    for done, item in enumerate(waiting):
        cancel.checkpoint()
        on_progress(Progress(_STAGE, done, len(waiting)))
        prospects.append(_prospect(item))
    on_progress(Progress(_STAGE, 1, 1))
    return tuple(prospects)


def check_folder(batch: Batch, prospects: Sequence[Prospect]) -> None:
    """Make sure that the results can be written and fit, and that their names do not collide.

    Raises:
        UsageError: two results would have one name. OutputError: the folder cannot be written, or has too little
            space.
    """
    check_names(batch.folder, batch.items)
    folder = batch.folder
    try:
        while not folder.exists() and folder != folder.parent:
            folder = folder.parent
        with tempfile.TemporaryFile(dir=folder):
            pass
        free = shutil.disk_usage(folder).free
    except OSError as error:
        raise output_error(batch.folder / "results", error) from error
    needed = sum(prospect.needed_bytes for prospect in prospects)
    if needed and needed + SPARE_BYTES > free:
        raise OutputError(
            f"The results need about {size_text(needed)}, but “{batch.folder}” has {size_text(free)} free.",
            "Free some space, choose another folder, or choose a compressed format such as flac or m4a.",
        )


def with_lengths(batch: Batch, prospects: Sequence[Prospect]) -> Batch:
    """The queue with the lengths of its files, as far as they are known."""
    for prospect in prospects:
        item = batch.item(prospect.item.id)
        if item is not None and prospect.item.duration_s is not None:
            batch = batch.with_item(replace(item, duration_s=prospect.item.duration_s))
    return batch


def _prospect(item: BatchItem) -> Prospect:
    try:
        media = api.probe(item.input)
        size = item.input.stat().st_size
    except EngineError as error:
        return Prospect(item, trouble=error.message)
    except OSError as error:
        return Prospect(item, trouble=str(error))
    item = replace(item, duration_s=media.duration_s)
    if not media.audio:
        return Prospect(item, trouble=f"“{item.input.name}” has no sound.")
    if media.video is None:
        return Prospect(item, trouble=f"“{item.input.name}” has no picture.")
    options = item.options
    kind = {"folder": "folder", "voice": "sound", "video": "video"}[options.write]
    index = options.audio_index
    sound = next((stream for stream in media.audio if stream.index == index), media.audio[0])
    voices = _VOICES.get(item.rule.kind, 1)
    needed = needed_bytes(kind, options.format or "wav", sound, media.duration_s, voices, size)  # type: ignore[arg-type]
    return Prospect(item, needed)
