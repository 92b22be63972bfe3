"""The queue's file (docs/batch.md): read strictly, replaced as a whole, held by one process at a time."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar, get_args

from engine.batch.item import (
    BATCH_NAME,
    Batch,
    BatchError,
    BatchItem,
    BatchOptions,
    BatchOutcome,
    Existing,
    PersonRule,
    RuleKind,
    Status,
    Write,
)
from engine.cache import input_error, write_then_rename
from engine.errors import InputError
from engine.locks import held
from engine.types import AbsentPolicy, OutputFile, OutputKind, PicturePolicy

Json = dict[str, Any]
T = TypeVar("T")

WORK_NAME = ".avsep-batch"
"""Folder beside the results in which files are made and from which they are moved."""
FORMAT, VERSION = "avsep-batch", 1
_LARGEST_BYTES = 256 * 2**20


def queue_path(folder: Path) -> Path:
    """Where the queue of an output folder is kept."""
    return folder / BATCH_NAME


def save_batch(path: Path, batch: Batch) -> None:
    """Write a queue so that `path` holds the old one or the new one, also after a power failure.

    Raises:
        OutputError: it cannot be written.
    """
    folder = "." if batch.folder.absolute() == path.absolute().parent else str(batch.folder.absolute())
    data = {
        "format": FORMAT,
        "version": VERSION,
        "folder": folder,
        "existing": batch.existing,
        "workers": batch.workers,
        "items": [item_json(item) for item in batch.items],
    }
    with write_then_rename(path) as temporary:
        temporary.write_text(json.dumps(data, indent=1) + "\n", encoding="ascii")
    flush_folder(path.parent)


def load_batch(path: Path) -> Batch:
    """Read a queue as it was left; what was being done then has the status "running".

    Raises:
        InputError: missing, not a queue, damaged, or of a later version.
    """
    remedy = "Begin a new batch in another folder."
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise InputError(f"“{path.name}” is too large for a batch.", remedy)
        data = json.loads(path.read_bytes())
    except OSError as error:
        raise input_error(path, error) from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"“{path}” is damaged: it is not JSON.", remedy, details=str(error)) from error
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise InputError(f"“{path}” is not a batch of AVSep.", remedy)
    version = data.get("version")
    if isinstance(version, int) and version > VERSION:
        raise InputError(f"“{path}” was written by a later AVSep (version {version}).", "Open it with that one.")
    try:
        folder = _text(data, "folder")
        items = [_place(f"items[{n}]", _item, entry) for n, entry in enumerate(_list(data, "items"))]
        if len({item.id for item in items}) != len(items):
            raise ValueError("items: an id is there twice")
        existing: Existing = _one_of(data, "existing", get_args(Existing))
        workers = max(1, _whole(data.get("workers", 1)))
    except ValueError as error:
        raise InputError(f"“{path}” is damaged: {error}.", remedy) from error
    base = path.absolute().parent
    return Batch(base if folder == "." else Path(folder), tuple(items), existing, workers)


def outcome_json(outcome: BatchOutcome) -> Json:
    """An outcome as the queue's file and receipts hold it."""
    return {
        "outputs": [output_json(output) for output in outcome.outputs],
        "people": list(outcome.people),
        "duration_s": outcome.duration_s,
        "wall_s": outcome.wall_s,
        "warnings": list(outcome.warnings),
    }


def output_json(output: OutputFile) -> Json:
    """A file that was written."""
    return {"path": output.path.as_posix(), "person": output.person, "kind": output.kind}


def outcome_from(data: object) -> BatchOutcome:
    """The outcome that `outcome_json` wrote.

    Raises:
        ValueError: it is not one; the message says where.
    """
    entry = _object(data)
    return BatchOutcome(
        tuple(_place(f"outputs[{n}]", _output, one) for n, one in enumerate(_list(entry, "outputs"))),
        tuple(_whole(value) for value in _list(entry, "people")),
        _number(entry, "duration_s"),
        _number(entry, "wall_s"),
        tuple(str(text) for text in _list(entry, "warnings")),
    )


def flush_folder(folder: Path) -> None:
    """Make sure that names given in a folder last through a power failure, where the system can promise that."""
    if os.name != "posix":
        return
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def opened(folder: Path) -> Iterator[Path]:
    """Hold the queue of a folder while it is worked on; gives its path.

    Raises:
        OutputError: another process works on it, or the folder cannot be written.
    """
    path = queue_path(folder)
    with held(
        folder / WORK_NAME / "lock",
        f"The batch in “{folder}” is being worked on elsewhere.",
        "Wait for that to end, or stop it first.",
    ):
        yield path


def item_json(item: BatchItem) -> Json:
    """A file of the queue."""
    rule, options, error = item.rule, item.options, item.error
    return {
        "id": item.id,
        "input": str(item.input),
        "output": item.output,
        "rule": {
            "kind": rule.kind,
            "person": rule.person,
            "photo": None if rule.photo is None else str(rule.photo),
            "video": None if rule.video is None else str(rule.video),
        },
        "options": {**options.__dict__, "range_s": None if options.range_s is None else _range_json(options.range_s)},
        "status": item.status,
        "outcome": None if item.outcome is None else outcome_json(item.outcome),
        "error": None if error is None else dict(error.__dict__),
        "attempts": item.attempts,
        "duration_s": item.duration_s,
        "note": item.note,
    }


def _range_json(range_s: tuple[float, float]) -> list[float | None]:
    return [range_s[0], range_s[1] if math.isfinite(range_s[1]) else None]


def _item(data: Json) -> BatchItem:
    status: Status = _one_of(data, "status", get_args(Status))
    outcome, error = data.get("outcome"), data.get("error")
    item = BatchItem(
        _whole(data.get("id")),
        Path(_text(data, "input")),
        checked_output(_text(data, "output")),
        _place("rule", _rule, data.get("rule")),
        _place("options", _options, data.get("options")),
        status,
        None if outcome is None else _place("outcome", outcome_from, outcome),
        None if error is None else _place("error", _error, error),
        _whole(data.get("attempts")),
        None if data.get("duration_s") is None else _number(data, "duration_s"),
        _text(data, "note"),
    )
    if (item.status == "done") != (item.outcome is not None) or (item.status == "failed") != (item.error is not None):
        raise ValueError("status, outcome and error do not go together")
    return item


def checked_output(output: str) -> str:
    """A path below the batch's folder, as it is.

    Raises:
        ValueError: it is empty, absolute or leads elsewhere.
    """
    parts = PurePosixPath(output).parts
    if not parts or output.startswith("/") or ".." in parts or "\\" in output or ":" in parts[0] or "\0" in output:
        raise ValueError(f"“output” is {output!r}, which is no place in the folder")
    return output


def _rule(data: Json) -> PersonRule:
    kind: RuleKind = _one_of(data, "kind", get_args(RuleKind))
    person = None if data.get("person") is None else _whole(data.get("person"))
    photo = None if data.get("photo") is None else Path(_text(data, "photo"))
    video = None if data.get("video") is None else Path(_text(data, "video"))
    needed: dict[str, tuple[object, ...]] = {"person": (person,), "photo": (photo,), "same": (person, video)}
    if None in needed.get(kind, ()):
        raise ValueError(f"“kind” is {kind!r}, but what it needs is not there")
    return PersonRule(kind, person, photo, video)


def _options(data: Json) -> BatchOptions:
    write: Write = _one_of(data, "write", get_args(Write))
    absent: AbsentPolicy = _one_of(data, "absent", get_args(AbsentPolicy))
    picture: PicturePolicy = _one_of(data, "picture", get_args(PicturePolicy))
    range_s = None
    if data.get("range_s") is not None:
        ends = _list(data, "range_s")
        if len(ends) != 2:
            raise ValueError(f"“range_s” is {_short(ends)}, which is no range")
        range_s = (_finite(ends[0]), math.inf if ends[1] is None else _finite(ends[1]))
    return BatchOptions(
        write,
        None if data.get("format") is None else _text(data, "format"),
        _text(data, "model"),
        _text(data, "device"),
        range_s,
        _number(data, "mix_back"),
        absent,
        None if data.get("loudness_lufs") is None else _number(data, "loudness_lufs"),
        picture,
        None if data.get("audio_index") is None else _whole(data.get("audio_index")),
    )


def _error(data: Json) -> BatchError:
    return BatchError(*(_text(data, key) for key in ("code", "message", "remedy", "details")))


def _output(data: Json) -> OutputFile:
    kind: OutputKind = _one_of(data, "kind", get_args(OutputKind))
    person = None if data.get("person") is None else _whole(data.get("person"))
    return OutputFile(Path(checked_output(_text(data, "path"))), person, kind)


def _place(name: str, read: Callable[[Json], T], data: object) -> T:
    try:
        return read(_object(data))
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def _object(data: object) -> Json:
    if not isinstance(data, dict):
        raise ValueError(f"{_short(data)} is not an object")
    return data


def _list(data: Json, key: str) -> list[Any]:
    value = data.get(key)
    if not isinstance(value, list):
        raise ValueError(f"“{key}” is {_short(value)}, which is not a list")
    return value


def _text(data: Json, key: str) -> str:
    value = data.get(key)
    if not isinstance(value, str):
        raise ValueError(f"“{key}” is {_short(value)}, which is not a text")
    return value


def _number(data: Json, key: str) -> float:
    try:
        return _finite(data.get(key))
    except ValueError as error:
        raise ValueError(f"“{key}” is {error}") from None


def _finite(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ValueError(f"{_short(value)}, which is not a number")
    return float(value)


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"{_short(value)} is not a whole number")
    return value


def _one_of(data: Json, key: str, known: tuple[str, ...]) -> Any:
    value = data.get(key)
    if value not in known:
        raise ValueError(f"“{key}” is {_short(value)}, not one of {', '.join(known)}")
    return value


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:39]}…"
