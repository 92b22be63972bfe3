"""One file of a batch, done once however often the process is killed.

A result is made in `<folder>/.avsep-batch/<id>/` and then moved to its place. Between the two a receipt is written
that says what to move where: before it the work is begun again (the cache keeps what was computed), after it only the
moving is finished. The receipt stays until the queue's file says "done" (`sweep`).
"""

from __future__ import annotations

import json
import os
import shutil
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path, PurePosixPath

from engine import api
from engine.batch.item import Batch, BatchItem, BatchOutcome, Existing
from engine.batch.store import WORK_NAME, Json, checked_output, flush_folder, item_json, outcome_from, outcome_json
from engine.cache import output_error, write_then_rename
from engine.errors import OutputExistsError
from engine.jobs import CancelToken, ProgressCallback
from engine.locks import held
from engine.types import SeparationRequest

_RECEIPT = "receipt.json"
_WAIT_S = 10.0  # a process that was killed may take a moment to let go


def do_item(
    folder: Path,
    item: BatchItem,
    existing: Existing,
    *,
    on_progress: ProgressCallback,
    cancel: CancelToken,
    wait_s: float = _WAIT_S,
) -> BatchOutcome:
    """Do one file, or finish what was left of it; instant where only its result was still to be moved.

    Args:
        folder: the batch's folder; what is written lies below it.
        existing: "overwrite" replaces results that are there; else that is an error.
        wait_s: how long another process that is at this file may take to let go of it.

    Raises:
        EngineError: as `engine.api.separate`, `engine.batch.rules.people_for`; OutputExistsError where something
            was put in the result's place meanwhile.
        JobCancelled: asked to stop; it can be gone on with.
    """
    work = work_folder(folder, item.id)
    busy = f"“{item.input.name}” is being worked on elsewhere."
    with held(work.with_suffix(".lock"), busy, "Wait for that to end, and try again.", wait_s=wait_s):
        outcome = _kept(work, item)
        if outcome is None:
            there = taken(folder, item)
            if there is not None and existing != "overwrite":
                raise OutputExistsError(f"“{there}” exists already.", "Move it away, and try this file again.")
            shutil.rmtree(work, ignore_errors=True)
            outcome = _make(folder, work, item, on_progress, cancel)
        _place(folder, work, overwrite=existing == "overwrite")
        return outcome


def work_folder(folder: Path, item_id: int) -> Path:
    """Where the results of a file are made."""
    return folder / WORK_NAME / str(item_id)


def sweep(batch: Batch) -> None:
    """Remove what work left, and the receipts of what is done; for who holds the queue, after it was saved.

    Never raises.
    """
    root = batch.folder / WORK_NAME
    with suppress(OSError):
        for path in list(root.iterdir()):
            item = batch.item(int(path.stem)) if path.stem.isdecimal() else None
            needed = path.name == "lock" if item is None else item.status == "running"
            if item is not None and item.status != "done":
                needed = needed or (path / _RECEIPT).exists()
            if not needed:
                _remove(path)
    if batch.finished and not batch.count("failed"):
        with suppress(OSError):
            (root / "lock").unlink()
            root.rmdir()


def taken(folder: Path, item: BatchItem) -> Path | None:
    """What is in the place of a result already; an empty folder is nothing."""
    place = folder / item.output
    if place.is_dir() and item.options.write == "folder" and not any(place.iterdir()):
        return None
    return place if os.path.lexists(place) else None


def _kept(work: Path, item: BatchItem) -> BatchOutcome | None:
    """The outcome in the receipt of this very work; None where there is none, or it was about something else."""
    with suppress(OSError, ValueError, TypeError, RecursionError):
        receipt = json.loads((work / _RECEIPT).read_bytes())
        if isinstance(receipt, dict) and receipt.get("item") == _identity(item) and _moves(receipt):
            return outcome_from(receipt.get("outcome"))
    return None


def _moves(receipt: Json) -> list[tuple[PurePosixPath, PurePosixPath]]:
    """What is to be moved from the work folder to where below the batch's.

    Raises:
        ValueError, TypeError: the receipt is damaged.
    """
    told = receipt.get("moves")
    if not isinstance(told, list):
        raise TypeError("“moves” is not a list")
    return [(PurePosixPath(checked_output(name)), PurePosixPath(checked_output(output))) for name, output in told]


def _identity(item: BatchItem) -> Json:
    """What the work on a file depends on, as JSON."""
    data = item_json(item)
    told: Json = {key: data[key] for key in ("input", "output", "rule", "options")}
    return told


def _make(
    folder: Path, work: Path, item: BatchItem, on_progress: ProgressCallback, cancel: CancelToken
) -> BatchOutcome:
    """Make the result in the work folder, and write the receipt at last."""
    from engine.batch.rules import people_for  # loads what decodes pictures, which only workers need

    began = time.perf_counter()
    options, to_folder = item.options, item.options.write == "folder"
    staged = work / ("out" if to_folder else f"out{PurePosixPath(item.output).suffix}")
    analysis = api.find_faces(item.input, on_progress=on_progress, cancel=cancel)
    people = people_for(item.rule, analysis, on_progress=on_progress, cancel=cancel)
    try:
        work.mkdir(parents=True)
    except OSError as error:
        raise output_error(work, error) from error
    request = SeparationRequest(
        video=item.input,
        output=staged,
        person_ids=people,
        labels=_labels(item, people),
        model=options.model,
        device=options.device,
        range_s=options.range_s,
        mix_back=options.mix_back,
        absent=options.absent,
        loudness_lufs=options.loudness_lufs,
        format=options.format,
        picture=options.picture,
        audio_index=options.audio_index,
    )
    result = api.separate(request, on_progress=on_progress, cancel=cancel)
    outputs = tuple(
        replace(output, path=Path(item.output, output.path) if to_folder else Path(item.output))
        for output in result.outputs
    )
    wall_s = time.perf_counter() - began
    outcome = BatchOutcome(outputs, people, result.duration_s, wall_s, result.warnings)
    receipt = {"item": _identity(item), "outcome": outcome_json(outcome), "moves": [[staged.name, item.output]]}
    with write_then_rename(work / _RECEIPT) as temporary:
        temporary.write_text(json.dumps(receipt), encoding="ascii")
    flush_folder(work)
    return outcome


def _labels(item: BatchItem, people: tuple[int, ...]) -> tuple[tuple[int, str], ...]:
    """Who was found by a photo is called as the photo is."""
    photo = item.rule.photo
    return ((people[0], photo.stem),) if item.rule.kind == "photo" and photo is not None else ()


def _place(folder: Path, work: Path, *, overwrite: bool) -> None:
    """Do the moves of a receipt, or what is left of them."""
    receipt = json.loads((work / _RECEIPT).read_bytes())
    for name, output in _moves(receipt):
        source, place = work / name, folder / output
        if not source.exists():
            continue
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            pairs = [(source, place)]
            if source.is_dir() and place.is_dir():
                pairs = [(file, place / file.name) for file in sorted(source.iterdir(), key=_report_last)]
            for _, wanted in pairs:
                if os.path.lexists(wanted) and (not overwrite or wanted.is_dir()):
                    raise OutputExistsError(f"“{wanted}” exists already.", "Move it away, and try this file again.")
            for made, wanted in pairs:
                made.replace(wanted)
            flush_folder(place.parent)
        except OSError as error:
            raise output_error(place, error) from error


def _report_last(file: Path) -> tuple[bool, str]:
    return file.suffix == ".json", file.name


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
