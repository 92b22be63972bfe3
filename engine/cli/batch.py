"""`avsep batch`: many files, with a live table of what is being done."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from engine.batch.crew import Crew
from engine.batch.inputs import FoundInput, find_inputs
from engine.batch.item import Batch, BatchItem, BatchOptions, PersonRule
from engine.batch.manifest import read_manifest
from engine.batch.plan import Prospect, check_existing, check_folder, look_ahead, make_items, with_lengths
from engine.batch.process import Processes
from engine.batch.runner import allowed_workers, may_look_ahead, run, threads_each
from engine.batch.store import load_batch, opened, queue_path, save_batch
from engine.batch.summary import counts_text, summary_json, summary_text, write_summary
from engine.batch.watch import Watch
from engine.batch.work import sweep
from engine.cache import output_error
from engine.cli.commands import Answer
from engine.cli.console import Console, Json, printable, table
from engine.cli.live import LiveTable
from engine.errors import JobCancelled, UsageError
from engine.export.target import size_text
from engine.jobs import CancelToken
from engine.values import clock

EXIT_FAILED = 1


def batch(args: argparse.Namespace, console: Console, cancel: CancelToken) -> Answer:
    """`avsep batch`."""
    folder = Path(os.path.abspath(args.output))  # noqa: PTH100 - unlike Path.absolute, it resolves ".."
    if args.watch and not args.inputs:
        raise UsageError("--watch needs folders.", "Name the folders that files come into.")
    if args.dry_run:
        planned, prospects = _plan(args, folder, console, cancel)
        return Answer(_dry_json(planned, prospects), _dry_text(planned, prospects))
    if not queue_path(folder).exists():
        _plan(args, folder, console, cancel)  # what is wrong is told before there is a folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise output_error(folder, error) from error
    with opened(folder) as path:
        planned, prospects = _plan(args, folder, console, cancel)
        planned = with_lengths(planned, prospects)
        save_batch(path, planned)
        if args.watch:
            return _watch(path, planned, args, console, cancel)
        return _run(path, planned, args, console, cancel)


def _watch(path: Path, planned: Batch, args: argparse.Namespace, console: Console, cancel: CancelToken) -> Answer:
    """Do what is there, then what comes, until somebody stops it."""
    rule, options = _rule(args, ()), _options(args)
    watch = Watch(args.inputs, exclude=args.exclude, rule=rule, options=options, template=args.name)
    while True:
        answer = _run(path, planned, args, console, cancel)
        if answer.exit_code == JobCancelled.exit_code:
            return answer
        console.note(f"Waiting for files. {counts_text(load_batch(path))}")
        try:
            planned = watch.wait(load_batch(path), cancel)
        except JobCancelled:
            return _cancelled(load_batch(path), args)
        save_batch(path, planned)


def _run(path: Path, planned: Batch, args: argparse.Namespace, console: Console, cancel: CancelToken) -> Answer:
    waiting = planned.count("waiting")
    crew = _crew(args, planned, console) if waiting else None
    console.end_progress()
    live = LiveTable(sys.stderr, planned, form=args.progress)
    ended = planned
    try:
        if crew is not None:
            ended = run(path, planned, crew, on_item=live.show, cancel=cancel)
    except JobCancelled:
        live.close()
        return _cancelled(load_batch(path), args)
    finally:
        live.close()
    write_summary(ended)
    sweep(ended)
    return Answer(summary_json(ended), summary_text(ended), EXIT_FAILED if ended.count("failed") else 0)


def _cancelled(left: Batch, args: argparse.Namespace) -> Answer:
    write_summary(left)
    text = f"Cancelled. {counts_text(left)}\nGo on with: avsep batch --resume -o {printable(args.output)}"
    error = {"code": "cancelled", "message": "Cancelled.", "remedy": "Go on with --resume."}
    return Answer({"error": error, **summary_json(left)}, text, JobCancelled.exit_code)


def _crew(args: argparse.Namespace, planned: Batch, console: Console) -> Crew:
    """Who does the work: processes here, or the workers of a cluster."""
    if args.cluster is not None:
        from engine.batch.cluster import Cluster

        return Cluster(args.cluster, planned.folder)
    workers = allowed_workers(planned.workers, planned.count("waiting"))
    if workers < min(planned.workers, planned.count("waiting")):
        console.note(f"Note: {workers} at a time instead of {planned.workers}: there is no memory free for more.")
    ahead = may_look_ahead(workers, planned.count("waiting"))
    return Processes(workers, threads_each(planned.workers), ahead=ahead)


def _plan(
    args: argparse.Namespace, folder: Path, console: Console, cancel: CancelToken
) -> tuple[Batch, tuple[Prospect, ...]]:
    """The queue that is to be done: a new one, or one that is gone on with, and what is known of its files."""
    batch = _earlier(args, folder)
    if args.overwrite or args.skip_existing:
        batch = replace(batch, existing="overwrite" if args.overwrite else "skip")
    if args.workers is not None:
        batch = replace(batch, workers=args.workers)
    batch = batch.with_new(_wanted(args, batch, cancel))
    if not batch.items and not args.watch:
        raise UsageError("No file is named.", "Name files or folders, or a table with --manifest.")
    if args.retry:
        batch = batch.to_retry()
    check_folder(batch, ())
    batch = check_existing(batch)
    prospects = look_ahead(batch, on_progress=console.on_progress, cancel=cancel)
    check_folder(batch, prospects)
    return batch, prospects


def _earlier(args: argparse.Namespace, folder: Path) -> Batch:
    """The queue of the folder; an empty one where there is none."""
    path = queue_path(folder)
    if not path.exists():
        if not args.inputs and args.manifest is None:
            raise UsageError(
                f"There is no batch in “{folder}” to go on with." if args.resume or args.retry else "No file is named.",
                "Name files or folders, or a table with --manifest.",
            )
        return Batch(folder)
    if not (args.resume or args.retry):
        left = load_batch(path).interrupted().count("waiting")
        raise UsageError(
            f"There is a batch in “{folder}” already, with {left or 'no'} {'file' if left == 1 else 'files'} left.",
            "Go on with --resume (files that are named are added), try what failed again with --retry, or choose "
            "another folder.",
        )
    return load_batch(path).interrupted()


def _wanted(args: argparse.Namespace, batch: Batch, cancel: CancelToken) -> tuple[BatchItem, ...]:
    options = _options(args)
    found: tuple[FoundInput, ...] = ()
    if args.inputs and not args.watch:  # what is watched may not be whole yet
        found = find_inputs(args.inputs, exclude=args.exclude, outside=batch.folder, cancel=cancel)
    rule = _rule(args, found)
    rows = read_manifest(args.manifest, rule, options) if args.manifest is not None else ()
    return make_items(batch, found, rows, rule=rule, options=options, template=args.name)


def _options(args: argparse.Namespace) -> BatchOptions:
    return BatchOptions(
        write=args.write,
        format=args.format,
        model=args.model,
        device=args.device,
        range_s=args.range,
        mix_back=args.mix_back,
        absent=args.absent,
        loudness_lufs=args.loudness,
        picture=args.picture,
    )


def _rule(args: argparse.Namespace, found: Sequence[FoundInput]) -> PersonRule:
    """Whose voice, in every file that a manifest says nothing else of."""
    if args.everyone:
        return PersonRule("everyone")
    if args.person is not None:
        return PersonRule("person", args.person)
    if args.photo is not None:
        return PersonRule("photo", photo=args.photo.absolute())
    if args.same_person is not None:
        if not found:
            raise UsageError("--same-person needs files.", "Name the file that the person is in first.")
        return PersonRule("same", args.same_person, video=found[0].path)
    return PersonRule()


def _dry_json(batch: Batch, prospects: tuple[Prospect, ...]) -> Json:
    ahead = {prospect.item.id: prospect for prospect in prospects}
    data = summary_json(with_lengths(batch, prospects))
    for told, item in zip(data["items"], batch.items, strict=True):
        prospect = ahead.get(item.id)
        told["needed_bytes"] = prospect.needed_bytes if prospect is not None else 0
        told["trouble"] = prospect.trouble if prospect is not None else ""
    return {**data, "dry_run": True}


def _dry_text(batch: Batch, prospects: tuple[Prospect, ...]) -> str:
    ahead = {prospect.item.id: prospect for prospect in prospects}
    rows = []
    for item in batch.items:
        prospect = ahead.get(item.id)
        known = prospect is not None and prospect.item.duration_s is not None
        length = clock(prospect.item.duration_s or 0.0) if prospect is not None and known else ""
        size = size_text(prospect.needed_bytes) if prospect is not None and prospect.needed_bytes else ""
        note = prospect.trouble if prospect is not None and prospect.trouble else item.note
        what = "" if item.status == "waiting" else item.status
        told = " ".join(part for part in (what, note) if part)
        rows.append([*map(printable, (item.input, item.output, item.rule.text)), length, size, printable(told)])
    total = size_text(sum(prospect.needed_bytes for prospect in prospects))
    head = ["File", "Result", "Who", "Length", "About", "Note"]
    return f"{table(rows, header=head)}\n\nNothing was written. It would be about {total} in {printable(batch.folder)}."
