"""The commands about this machine: the model shelf, and the doctor."""

from __future__ import annotations

import argparse
from contextlib import suppress
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Literal

from engine import api, imported
from engine.cli.commands import Answer
from engine.cli.console import Console, Json, printable, table
from engine.contract import Crops
from engine.errors import EngineError, UsageError
from engine.guests import shelf
from engine.guests.environment import length_of
from engine.guests.record import folder_of
from engine.jobs import CancelToken, ProgressCallback
from engine.types import Download, ModelInfo

if TYPE_CHECKING:
    from engine.media.picture import PictureCoding

CHANGES = ("add", "import", "remove")  # of what is on the model shelf

# What the exports write and what common cameras, phones and meeting programs record.
ENCODERS = ("aac", "flac", "libopus")
DECODERS = (
    "h264",
    "hevc",
    "vp8",
    "vp9",
    "av1",
    "mpeg4",
    "mjpeg",
    "prores",
    "aac",
    "mp3",
    "ac3",
    "opus",
    "vorbis",
    "flac",
)


def models(args: argparse.Namespace) -> Answer:
    """`avsep models list|info|verify|default`; verify answers with exit code 1 where a model is missing or damaged."""
    if args.action == "default":
        return _default(args.name)
    rows = api.list_models()
    if args.action == "list":
        return Answer({"models": [_model_json(row) for row in rows]}, _list_text(rows))
    chosen = _named(rows, args.names) if args.names else _expected(rows)
    if args.action == "info":
        return Answer({"models": [_model_json(row) for row in chosen]}, "\n\n".join(map(_info_text, chosen)))
    checks = [(row, _problem(row.name)) for row in chosen]
    data: Json = {
        "models": [_model_json(row) | {"verified": not problem, "problem": problem or None} for row, problem in checks]
    }
    text = table([[row.name, printable(problem) or "unharmed"] for row, problem in checks])
    return Answer(data, text, exit_code=1 if any(problem for _, problem in checks) else 0)


def _default(name: str | None) -> Answer:
    """`avsep models default [NAME]`: choose where a name is given; the answer is what the default is then."""
    if name is not None:
        api.set_default_model(name)
    row = api.model_info("default")
    return Answer({"default": row.stands_for, "models": [_model_json(row)]}, f"{printable(row.title)}.")


def confirm(args: argparse.Namespace, console: Console) -> None:
    """Ask before `avsep models add` uses the network or `avsep models remove` deletes something.

    Raises:
        UsageError: there is no such model, it comes with AVSep, or nobody to ask. JobCancelled: the user does not want
            it.
    """
    if args.action == "import":  # copies the user's own files, and replaces nothing
        return
    row = api.model_info(args.name)
    if not (row.guest or row.imported):
        raise UsageError(
            f"The model {row.name} comes with AVSep.", "Only guest engines and imported models are added and removed."
        )
    if args.action == "add" and row.imported:
        raise UsageError(f"The model {row.name} was imported.", "To replace it, remove it and import another file.")
    if args.yes:
        return
    if args.action == "remove":
        folder = imported.folder_of(row.name) if row.imported else folder_of(row.name)
        size = length_of(folder)
        if folder.exists():
            console.confirm(f"This deletes the model {row.name}: {_size(size)} in “{folder}”.", unasked="--yes")
        return
    wanted = () if args.offline else shelf.downloads(row.name, from_=args.source, wheels=args.wheels)
    if wanted:
        console.confirm(_question(row, wanted), unasked="--yes")


def change_models(args: argparse.Namespace, on_progress: ProgressCallback, cancel: CancelToken) -> Answer:
    """`avsep models add|import|remove`; the answer is the model's row as it is then, or was if it is no more."""
    name = args.name
    if args.action == "remove":
        return _remove(name)
    if args.action == "import":
        name = api.import_model(args.file, name=name, on_progress=on_progress, cancel=cancel)
    else:
        api.add_model(
            args.name,
            source=args.source,
            wheels=args.wheels,
            offline=args.offline,
            on_progress=on_progress,
            cancel=cancel,
        )
    row = api.model_info(name)
    return Answer({"models": [_model_json(row)]}, _info_text(row))


def _remove(name: str) -> Answer:
    before = api.model_info(name)
    api.remove_model(name)
    after = next((row for row in api.list_models() if row.name == name), None)
    row = after or replace(before, sha256="", size_bytes=0, installed=False)
    return Answer({"models": [_model_json(row)]}, f"The model {name} is removed.")


def _question(row: ModelInfo, wanted: tuple[Download, ...]) -> str:
    """What adding a guest means: whose it is, what comes from where, how fast it is."""
    declared = row.declaration
    size = _size(sum(part.size_bytes for part in wanted))
    parts = "; ".join(f"{part.what}, about {_size(part.size_bytes)}, from {part.host}" for part in wanted)
    speed = declared.real_time_factor
    slow = "" if speed is None else f" Without a GPU, a second of one voice takes about {speed:.0f} s of a CPU core."
    return (
        f"{row.title}. Licence of the weights: {declared.licence}, of the code: {declared.code_licence}.{slow}\n"
        f"This downloads about {size} to “{folder_of(row.name)}”: {parts}."
    )


def doctor(args: argparse.Namespace) -> Answer:
    """`avsep doctor`; exit code 1 where the default model is damaged or the self-test fails."""
    import torch

    where = api.device_info("auto")
    codecs = {"encoders": _present(ENCODERS, "w"), "decoders": _present(DECODERS, "r")}
    close_ups = _close_ups()
    checks = [
        (row.name, _problem(row.name) if row.installed else "not installed") for row in _expected(api.list_models())
    ]
    self_test = _self_test()
    info = api.about()
    data: Json = {
        "version": info.version,
        "build": asdict(info.build) if info.build is not None else None,
        "installed_as": info.installed_as,
        "device": where.device,
        "name": where.name,
        "why": where.why,
        "torch": torch.__version__,
        "codecs": codecs | {"close_ups": {suffix: coding.encoder for suffix, coding in close_ups.items()}},
        "models": [{"name": name, "passed": not problem, "problem": problem or None} for name, problem in checks],
        "self_test": self_test,
    }
    missing = [name for kind in codecs.values() for name, there in kind.items() if not there]
    speed = self_test["real_time_factor"]
    build = f" ({info.build.date}, {info.build.revision})" if info.build is not None else ""
    rows = [
        ["AVSep", f"{info.version or 'not known'}{build}"],
        ["Device", f"{where.device} ({where.name})"],
        ["Why", where.why],
        ["PyTorch", torch.__version__],
        ["Codecs", f"missing: {', '.join(missing)}" if missing else "all present"],
        [
            "Close-ups",
            ", ".join(f"{suffix} {coding.format} ({coding.encoder})" for suffix, coding in close_ups.items()),
        ],
        *([f"Model {name}", printable(problem) or "unharmed"] for name, problem in checks),
        [
            "Self-test",
            f"passed, {speed:.2f} x real time" if self_test["passed"] else f"failed. {printable(self_test['problem'])}",
        ],
        ["Network", "not used"],
    ]
    healthy = self_test["passed"] and not dict(checks).get("default")
    return Answer(data, table(rows), exit_code=0 if healthy else 1)


def _self_test() -> Json:
    from engine.isolation.supply import self_test
    from engine.registry import OURS

    try:
        report = self_test(OURS)  # what the machine can do shall not hang on the model that the user chose
    except EngineError as error:
        return {"passed": False, "real_time_factor": None, "problem": str(error)}
    return {**report, "problem": None if report["passed"] else "The result is silent or not a number."}


def _named(rows: tuple[ModelInfo, ...], wanted: list[str]) -> tuple[ModelInfo, ...]:
    by_name = {row.name: row for row in rows}
    for name in wanted:
        if name not in by_name:
            raise UsageError(f"There is no model called {name!r}.", f"Use one of {', '.join(by_name)}.")
    return tuple(by_name[name] for name in wanted)


def _expected(rows: tuple[ModelInfo, ...]) -> tuple[ModelInfo, ...]:
    """What comes with AVSep, and the guests that were added."""
    return tuple(row for row in rows if row.installed or not row.guest)


def _problem(name: str) -> str:
    """Why a model cannot be used, or ""."""
    from engine.registry import verify

    try:
        verify(name)
    except EngineError as error:
        return str(error)
    return ""


def _present(codecs: tuple[str, ...], mode: Literal["r", "w"]) -> dict[str, bool]:
    """Which codecs the media library can use; `mode` is "r" for decoding, "w" for encoding."""
    from av.codec import Codec
    from av.codec.codec import UnknownCodecError

    present = {}
    for name in codecs:
        try:
            Codec(name, mode)
            present[name] = True
        except UnknownCodecError:
            present[name] = False
    return present


def _close_ups() -> dict[str, PictureCoding]:
    """What encodes the pictures of close-ups, by the kind of file; nothing for kinds that cannot be made here."""
    from engine.media.picture import picture_coding
    from engine.media.remux import FORMATS

    found = {}
    for suffix in FORMATS:
        with suppress(EngineError):
            found[suffix] = picture_coding(suffix)
    return found


def _model_json(row: ModelInfo) -> Json:
    declared = row.declaration
    return {
        "name": row.name,
        "title": row.title,
        "licence": declared.licence,
        "code_licence": declared.code_licence,
        "trained_on": declared.trained_on,
        "sample_rate_hz": declared.grid.sample_rate_hz,
        "parameters": declared.parameters,
        "people": declared.people,
        "faces_together": declared.faces_together,
        "window_s": declared.window_s,
        "lips": {"form": type(declared.lips).__name__.lower(), **asdict(declared.lips)},
        "video_rate_hz": declared.video_rate_hz,
        "margin_frames": declared.margin_frames,
        "devices": list(declared.devices),
        "real_time_factor": declared.real_time_factor,
        "sha256": row.sha256,
        "installed": row.installed,
        "size_bytes": row.size_bytes,
        "guest": row.guest,
        "imported": row.imported,
        "stands_for": row.stands_for or None,
        "hindrance": row.hindrance or None,
        "pace": row.pace,
        "pace_measured": row.pace_measured,
        "published": row.published or None,
    }


def _list_text(rows: tuple[ModelInfo, ...]) -> str:
    return table(
        [
            [
                row.name,
                "yes" if row.installed else "no",
                printable(row.declaration.licence),
                _millions(row.declaration.parameters),
                printable(row.title),
            ]
            for row in rows
        ],
        header=["Name", "Installed", "Licence", "Parameters", "What it is"],
    )


def _info_text(row: ModelInfo) -> str:
    declared = row.declaration
    window = declared.window_s
    lips = declared.lips
    form = f"{lips.colour} mouths, {lips.size_px} pixels" if isinstance(lips, Crops) else "landmarks"
    return table(
        [
            ["Name", row.name],
            ["What it is", printable(row.title)],
            *([["Stands for", row.stands_for]] if row.stands_for else []),
            ["Installed", _installed_text(row)],
            *([["Hindrance", printable(row.hindrance)]] if row.hindrance else []),
            ["Licence", printable(declared.licence)],
            ["Licence of code", declared.code_licence],
            ["Trained on", printable(declared.trained_on)],
            ["Sample rate", f"{declared.grid.sample_rate_hz} Hz"],
            ["Lips", f"{form}, {declared.video_rate_hz} Hz, {declared.margin_frames} frames before and after"],
            ["People at once", str(declared.people)],
            ["Hears at once", "all that it is given" if window is None else f"{window:g} s"],
            ["Runs on", ", ".join(declared.devices)],
            ["Speed", _speed_text(row)],
            ["Parameters", f"{declared.parameters:,}"],
            ["Size on disk", _size(row.size_bytes) if row.size_bytes else "nothing"],
            ["SHA-256", row.sha256],
            *([["Published", f"{row.published}; not measured by us"]] if row.published else []),
        ]
    )


def _installed_text(row: ModelInfo) -> str:
    return f"{'yes' if row.installed else 'no'}{', imported' if row.imported else ''}"


def _speed_text(row: ModelInfo) -> str:
    if row.pace is not None:
        how = "measured here" if row.pace_measured else "estimated"
        return f"about {_number(row.pace)} s for a second of one voice on this computer ({how})"
    speed = row.declaration.real_time_factor
    return "not measured" if speed is None else f"{_number(speed)} x real time, one CPU core"


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.2g}"


def _size(n_bytes: int) -> str:
    return f"{n_bytes / 1e9:.1f} GB" if n_bytes >= 1e9 else f"{n_bytes / 1e6:.0f} MB"


def _millions(number: int) -> str:
    return f"{number / 1e6:.1f} M" if number else ""
