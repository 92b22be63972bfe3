"""How results are called: templates, names that every system takes, and no name twice."""

from __future__ import annotations

import os
import string
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from engine.batch.inputs import FoundInput
from engine.batch.item import BATCH_NAME, Batch, BatchItem, BatchOptions, PersonRule
from engine.errors import UsageError
from engine.export.target import SOUND_FORMATS, VIDEO_FORMATS, safe_name

DEFAULT_TEMPLATE = "{path}/{stem}"
FIELDS = {
    "stem": "the file's name without its ending",
    "ext": "its ending without the dot",
    "parent": "the folder it lies in",
    "path": "the folders between a folder that was named and the file",
    "number": "1, 2, ... in the order of the queue; {number:03} gives 001",
    "model": "the model's name",
}
SUMMARY_NAMES = ("summary.json", "summary.csv", "summary.txt")
_OURS = frozenset((BATCH_NAME, *SUMMARY_NAMES))


def fill(template: str, source: FoundInput, number: int, options: BatchOptions) -> str:
    """The name of a result without its ending, as a path below the output folder.

    Raises:
        UsageError: the template has a field that does not exist, or gives no name.
    """
    values = {
        "stem": _one(source.path.stem),
        "ext": _one(source.path.suffix.removeprefix(".")),
        "parent": _one(source.path.parent.name),
        "path": source.below,
        "model": _one(options.model),
    }
    made = []
    try:
        for text, field, form, conversion in string.Formatter().parse(template):
            made.append(text)
            if field is None:
                continue
            if field == "number" and not conversion and (not form or (form.isdecimal() and len(form) <= 2)):
                made.append(f"{number:{form or ''}}")
            elif field in values and not form and not conversion:
                made.append(values[field])
            else:
                raise ValueError(f"{{{field}}} is not known")
    except ValueError as error:
        raise UsageError(
            f"The name “{template}” cannot be filled in: {error}.",
            f"These can be: {', '.join('{' + name + '}' for name in FIELDS)}.",
        ) from error
    name = safe_path("".join(made))
    if not name:
        raise UsageError(
            f"The name “{template}” gives no name for “{source.path.name}”.", "Add {stem} or {number} to it."
        )
    return name


def safe_path(text: str) -> str:
    """A path below the output folder, each part of it a name that every system takes; "" where nothing can stay."""
    parts = (safe_name(part) for part in text.replace("\\", "/").split("/"))
    return "/".join(part for part in parts if part)


def with_ending(name: str, source: Path, rule: PersonRule, options: BatchOptions) -> tuple[str, BatchOptions]:
    """The whole name of a result, and the options as they hold for it.

    Everyone's voices do not go into one sound file: then it is a folder.

    Raises:
        UsageError: there is no such format for what is written.
    """
    if rule.kind == "everyone" and options.write == "voice":
        options = replace(options, write="folder")
    known = VIDEO_FORMATS if options.write == "video" else SOUND_FORMATS
    wanted = options.format
    if wanted is not None and wanted not in known:
        kind = "a video" if options.write == "video" else "sound files"
        raise UsageError(f"{wanted!r} is no format for {kind}.", f"Use one of {', '.join(known)}.")
    if wanted is None:
        own = source.suffix.lower().removeprefix(".")
        wanted = (own if own in VIDEO_FORMATS else "mkv") if options.write == "video" else "wav"
    options = replace(options, format=wanted)
    return (name if options.write == "folder" else f"{name}.{wanted}"), options


def named(output: str) -> tuple[str, BatchOptions | None]:
    """Split a name that a user wrote: the safe path, and what its ending asks for; None for a folder."""
    stem, dot, ending = output.rpartition(".")
    if dot and ending.lower() in SOUND_FORMATS:
        return safe_path(stem), BatchOptions("voice", ending.lower())
    if dot and ending.lower() in VIDEO_FORMATS:
        return safe_path(stem), BatchOptions("video", ending.lower())
    return safe_path(output), None


def check_names(folder: Path, items: Iterable[BatchItem]) -> None:
    """Make sure that no result replaces another, lies in another's folder, replaces its source, or a file of ours.

    Raises:
        UsageError: one does; names the first.
    """
    items = tuple(items)
    owners: dict[str, BatchItem] = {}
    sources = {os.path.normcase(item.input): item for item in items}
    for item in items:
        key = _key(item.output)
        if key in _OURS:
            raise UsageError(f"“{item.output}” is the name of a file of the batch.", "Choose another name with --name.")
        if key in owners:
            raise _twice(owners[key], item)
        owners[key] = item
        source = sources.get(os.path.normcase(folder.absolute() / item.output))
        if source is not None:
            raise UsageError(
                f"“{item.output}” would replace the video “{source.input}”.", "Choose another folder for the results."
            )
    for key, item in owners.items():
        parts = key.split("/")
        for depth in range(1, len(parts)):
            above = owners.get("/".join(parts[:depth]))
            if above is not None:
                raise _twice(above, item)


def numbered(
    items: Iterable[BatchItem], taken: Iterable[str], exists: Callable[[BatchItem], bool]
) -> tuple[BatchItem, ...]:
    """Items with "(2)", "(3)" in the names that are taken or exist, for who cannot be asked for another template."""
    seen = {_key(name) for name in taken} | _OURS
    free = []
    for item in items:
        stem, dot, ending = item.output.rpartition(".") if item.options.write != "folder" else (item.output, "", "")
        name, number = item.output, 2
        while _key(name) in seen or exists(replace(item, output=name)):
            name, number = f"{stem} ({number}){dot}{ending}", number + 1
        seen.add(_key(name))
        free.append(replace(item, output=name))
    return tuple(free)


def changed(batch: Batch, item: BatchItem, rule: PersonRule, options: BatchOptions) -> BatchItem:
    """A file of a queue with another rule and other options, to be done, under a name that is free.

    Raises:
        UsageError: there is no such format for what is written.
    """
    stem = item.output if item.options.write == "folder" else item.output.rpartition(".")[0]
    output, adapted = with_ending(stem, item.input, rule, options)
    item = replace(item.waiting(), rule=rule, options=adapted)
    if output == item.output:
        return item
    others = [other.output for other in batch.items if other.id != item.id]
    return numbered([replace(item, output=output)], others, lambda one: os.path.lexists(batch.folder / one.output))[0]


def _twice(first: BatchItem, second: BatchItem) -> UsageError:
    return UsageError(
        f"“{first.input}” and “{second.input}” would both become “{second.output}”.",
        "Tell them apart in the name, such as --name '{parent}/{stem}' or '{number:03} {stem}'.",
    )


def _key(output: str) -> str:
    """What two names have in common that are one on some file system."""
    return unicodedata.normalize("NFC", output).casefold()


def _one(value: str) -> str:
    return value.replace("/", "_").replace("\\", "_")
