"""Guest engines on this computer: added, repaired, checked, opened and removed.

A guest's folder has `environment/`, `weights/` and, written last, `installed.json`: what was installed, by which the
files are checked from then on. Without that record, nothing in the folder is used. A lock keeps out a second process.
"""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from engine import cache
from engine.contract import Declaration
from engine.errors import DeviceError, InputError, ModelError, UsageError
from engine.guests.catalogue import GUESTS, GuestSpec, WeightsFile
from engine.guests.download import download, file_sha256, is_file_with, take_local
from engine.guests.environment import Environment, length_of
from engine.guests.process import SIDE, Program
from engine.guests.pythons import python_hindrance, system
from engine.guests.record import HeldFile, Record, folder_of, forget, locked, read_record, write_record
from engine.guests.runner import Runner
from engine.jobs import CancelToken, Progress, ProgressCallback, ignore_progress
from engine.types import Download, ModelInfo

if TYPE_CHECKING:
    from engine.guests.model import GuestModel

_UNKNOWN = "NOASSERTION"  # so SPDX calls a licence of which nothing is known


def guest_spec(name: str) -> GuestSpec:
    """A guest by its name.

    Raises:
        UsageError: there is no such guest engine.
    """
    spec = GUESTS.get(name)
    if spec is None:
        raise UsageError(f"There is no guest engine called {name!r}.", f"There is: {', '.join(GUESTS)}.")
    return spec


def installed(name: str) -> Record | None:
    """What was installed; None where nothing was, or where files of it are gone. No process is started for it.

    Raises:
        UsageError: there is no such guest engine.
    """
    spec = guest_spec(name)
    record = read_record(spec)
    return record if _is_there(spec, record) else None


def _is_there(spec: GuestSpec, record: Record | None) -> bool:
    """Whether all that was installed is there, as far as can be told without starting its Python or reading weights."""
    if record is None or record.device not in spec.requirements:
        return False
    if not _environment(spec, record.device).is_complete():
        return False
    return all(_has_size(_weights_path(spec, file), record.weights[file.name].size_bytes) for file in spec.weights)


def info(name: str) -> ModelInfo:
    """The row of a guest; no process is started for it.

    Raises:
        UsageError: there is no such guest engine.
    """
    spec = guest_spec(name)
    record = read_record(spec)
    there = _is_there(spec, record)
    own = _has_published_weights(spec, record)
    return ModelInfo(
        spec.name,
        spec.title,
        _declaration(spec, record),
        record.sha256 if there and record is not None else "",
        there,
        record.size_bytes if there and record is not None else 0,
        guest=True,
        published=spec.published if own else "",
        hindrance="" if there else str(_hindrance(spec) or ""),
    )


def declaration(name: str) -> Declaration:
    """What a guest is; where other weights than the published ones were added, nothing is known of these."""
    spec = guest_spec(name)
    return _declaration(spec, read_record(spec))


def _declaration(spec: GuestSpec, record: Record | None) -> Declaration:
    if _has_published_weights(spec, record):
        return spec.declaration
    return replace(
        spec.declaration, licence=_UNKNOWN, trained_on="not known: these are not the weights that its authors publish"
    )


def downloads(name: str, *, from_: Path | None = None, wheels: Path | None = None) -> tuple[Download, ...]:
    """What `add` would fetch from the network as things are; nothing where all is here.

    Raises:
        UsageError: there is no such guest engine.
    """
    spec = guest_spec(name)
    record = read_record(spec)
    kind = _device_kind(spec, record)
    wanted = []
    if wheels is None and not _environment(spec, kind).is_ready():
        wanted.append(Download("Python packages", spec.package_bytes[kind], spec.package_hosts))
    if from_ is None:
        for file in spec.weights:
            sha256 = record.weights[file.name].sha256 if record else file.sha256
            if not is_file_with(sha256, _weights_path(spec, file), CancelToken()):
                wanted.append(Download("weights", file.size_bytes, file.host))
    return tuple(wanted)


def add(
    name: str,
    *,
    from_: Path | None = None,
    wheels: Path | None = None,
    offline: bool = False,
    on_progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> None:
    """Install a guest, or repair it: what is there and right is kept, and a download goes on where it stopped.

    Args:
        from_: the weights file, or a folder with the weights files, taken instead of a download. A file with another
            content than the published one is taken too; `declaration` says so then.
        wheels: folder with all packages, used instead of the index.
        offline: refuse to use the network.

    Raises:
        UsageError: there is no such guest engine, or `from_` is one file where several are needed.
        InputError: `from_` cannot be read.
        ModelError: its environment cannot be made on this computer, offline was asked for, something is not to be had
            or is not what it should be, the installed model does not load, or another process adds or removes it now.
        OutputError: the disk is full, or the folder cannot be written.
        JobCancelled: asked to stop; what is complete is kept.
    """
    spec, cancel = guest_spec(name), cancel or CancelToken()
    sources = {file.name: _source(spec, file, from_) for file in spec.weights}
    if not _environment(spec, _device_kind(spec, read_record(spec))).is_ready():
        hindrance = _hindrance(spec, from_index=wheels is None)
        if hindrance is not None:
            raise hindrance
    with locked(spec):
        if from_ is None and _is_sound(spec, on_progress, cancel):
            return
        before = read_record(spec)
        forget(spec)
        kind = _device_kind(spec, before)
        _environment(spec, kind).create(wheels=wheels, offline=offline, on_progress=on_progress, cancel=cancel)
        held = {
            file.name: _bring(spec, file, sources[file.name], before, offline, on_progress, cancel)
            for file in spec.weights
        }
        _try(spec, kind, on_progress, cancel)
        write_record(spec, Record(kind, held, size_bytes(name), datetime.now(UTC).isoformat(timespec="seconds")))


def remove(name: str) -> None:
    """Delete a guest with all its files, also where it is only half there.

    Raises:
        UsageError: there is no such guest engine.
        ModelError: it is not there, or another process adds or removes it now.
        OutputError: files cannot be deleted.
    """
    spec, folder = guest_spec(name), folder_of(name)
    if not folder.exists():
        raise ModelError(f"The model {name} is not installed.", "There is nothing to remove.")
    with locked(spec):
        forget(spec)
        _environment(spec, "cpu").remove()
        try:
            shutil.rmtree(folder)
        except OSError as error:
            raise cache.output_error(folder, error) from error


def verify(name: str) -> str:
    """Read all weights and compare them with the record.

    Returns:
        The SHA-256 of the weights.

    Raises:
        UsageError: there is no such guest engine. ModelError: it is not installed, or files of it have changed.
    """
    spec, record = guest_spec(name), _usable(name)
    for file in spec.weights:
        _check_hash(spec, file, record, CancelToken(), ignore_progress)
    return record.sha256


def fingerprint(name: str) -> str:
    """What identifies a guest's results: its weights, and the program that runs them.

    Raises:
        UsageError: there is no such guest engine. ModelError: it is not installed, or its program is missing.
    """
    program = guest_spec(name).program
    try:
        digest = hashlib.sha256(program.read_bytes()).hexdigest()
    except OSError as error:
        raise _lacking(program) from error
    return f"{name}-{_installed(name).sha256}-{digest[:16]}"


def size_bytes(name: str) -> int:
    """Length of all files of a guest; 0 if it is not there."""
    return length_of(folder_of(name))


def open_guest(name: str, device: str = "auto", cancel: CancelToken | None = None) -> GuestModel:
    """An installed guest as a model; its process starts with the first call.

    Args:
        cancel: heard in the middle of a call.

    Raises:
        UsageError: there is no such guest engine or device.
        ModelError: it is not installed, or its weights have changed.
        DeviceError: it does not run on the asked-for device.
    """
    from engine.guests.model import GuestModel

    spec, record = guest_spec(name), _usable(name)
    for file in spec.weights:
        path, held = _weights_path(spec, file), record.weights[file.name]
        if path.stat().st_mtime_ns != held.mtime_ns:
            _check_hash(spec, file, record, CancelToken(), ignore_progress)
    where, warning = _where(spec, record, device)
    runner = Runner(_program(spec, record.device, where), spec.limits)
    if warning:
        runner.warnings.append(warning)
    return GuestModel(runner, declaration(name), spec.own_level, spec.least_s, cancel)


def _installed(name: str) -> Record:
    record = installed(name)
    if record is None:
        state = "is not complete" if folder_of(name).exists() else "is not installed"
        raise ModelError(f"The model {name} {state}.", _remedy(name))
    return record


def _usable(name: str) -> Record:
    """What was installed, of which the Python starts and is still the one that the packages were installed for."""
    record = _installed(name)
    if not _environment(guest_spec(name), record.device).is_ready():
        raise ModelError(f"The model {name} is not complete.", _remedy(name))
    return record


def _hindrance(spec: GuestSpec, *, from_index: bool = True) -> ModelError | None:
    """Why a guest cannot be added on this computer; None where it can, as far as can be told before.

    Args:
        from_index: its packages are those of the index.
    """
    for file in (SIDE, spec.program):
        if not file.is_file():
            return _lacking(file)
    if from_index and spec.systems and system() not in spec.systems:
        return ModelError(
            f"There are no packages of the model {spec.name} for this system ({system()}).", "Use another model."
        )
    return python_hindrance()


def _lacking(file: Path) -> ModelError:
    return ModelError(
        f"This copy of AVSep lacks “{file.name}”, which runs a guest engine.", "Install AVSep again.", details=str(file)
    )


def _remedy(name: str) -> str:
    return f"Run “avsep models add {name}”."


def _is_sound(spec: GuestSpec, on_progress: ProgressCallback, cancel: CancelToken) -> bool:
    """Whether an installed guest has all its files, unchanged."""
    record = installed(spec.name)
    if record is None or not _environment(spec, record.device).is_ready():
        return False
    try:
        for file in spec.weights:
            _check_hash(spec, file, record, cancel, on_progress)
    except ModelError:
        return False
    return True


def _check_hash(
    spec: GuestSpec, file: WeightsFile, record: Record, cancel: CancelToken, on_progress: ProgressCallback
) -> None:
    path = _weights_path(spec, file)
    try:
        found = file_sha256(path, cancel, on_progress)
    except OSError as error:
        raise ModelError(f"“{path}” cannot be read ({error}).", _remedy(spec.name)) from error
    expected = record.weights[file.name].sha256
    if found != expected:
        raise ModelError(
            f"“{file.name}” of the model {spec.name} has changed since it was installed: its SHA-256 is {found[:12]}…, "
            f"not {expected[:12]}….",
            _remedy(spec.name),
            details=str(path),
        )


def _source(spec: GuestSpec, file: WeightsFile, from_: Path | None) -> Path | None:
    """Which of the user's files stands for a weights file; None: none does."""
    if from_ is None:
        return None
    if not from_.is_dir():
        if len(spec.weights) > 1:
            names = ", ".join(file.name for file in spec.weights)
            raise UsageError(f"The model {spec.name} has several weights files.", f"Give a folder with {names}.")
        cache.check_input(from_)
        return from_
    path = from_ / file.name
    if not path.is_file():
        raise InputError(f"“{from_}” has no file {file.name}.", "Give the file itself, or the folder that has it.")
    return path


def _bring(
    spec: GuestSpec,
    file: WeightsFile,
    source: Path | None,
    before: Record | None,
    offline: bool,
    on_progress: ProgressCallback,
    cancel: CancelToken,
) -> HeldFile:
    """Make sure that a weights file is there: the user's, the one that was installed before, or the published one."""
    path = _weights_path(spec, file)
    if source is not None:
        sha256 = take_local(source, path, sha256=None, on_progress=on_progress, cancel=cancel)
    elif before is not None and is_file_with(before.weights[file.name].sha256, path, cancel):
        sha256 = before.weights[file.name].sha256
    else:
        sha256 = file.sha256
        _download(file, path, offline, on_progress, cancel)
    status = path.stat()
    return HeldFile(sha256, status.st_size, status.st_mtime_ns)


def _download(file: WeightsFile, path: Path, offline: bool, on_progress: ProgressCallback, cancel: CancelToken) -> None:
    """Fetch a file from the first of its addresses that gives it; where none does, the last one's error is told."""
    for number, url in enumerate(file.urls, 1):
        try:
            download(
                url,
                path,
                sha256=file.sha256,
                size_bytes=file.size_bytes,
                offline=offline,
                on_progress=on_progress,
                cancel=cancel,
            )
        except ModelError:
            if offline or number == len(file.urls):
                raise
        else:
            return


def _has_size(path: Path, size: int) -> bool:
    try:
        return path.stat().st_size == size
    except OSError:
        return False


def _has_published_weights(spec: GuestSpec, record: Record | None) -> bool:
    """Whether the weights are, or would be, those that its authors publish."""
    return record is None or all(record.weights[file.name].sha256 == file.sha256 for file in spec.weights)


def _try(spec: GuestSpec, kind: str, on_progress: ProgressCallback, cancel: CancelToken) -> None:
    """Load the model once, so that one that does not load counts as not installed."""
    on_progress(Progress(f"Trying {spec.name}", 0, 1))
    with Runner(_program(spec, kind, "cpu"), spec.limits) as runner:
        runner.start(cancel)
    on_progress(Progress(f"Trying {spec.name}", 1, 1))


def _where(spec: GuestSpec, record: Record, device: str) -> tuple[str, str]:
    """On which device a guest runs, and a sentence for the user where it is not the one that AVSep itself would use."""
    from engine.device import device_info

    where = device_info(device).device
    if where == "cpu" or record.device == "cuda":
        return where, ""
    sentence = f"The model {spec.name} was installed without support for {where}"
    if device != "auto":
        raise DeviceError(f"{sentence}.", "Use the CPU, or remove the model and add it again.")
    return "cpu", f"{sentence}, so it runs on the CPU."


def _device_kind(spec: GuestSpec, before: Record | None = None) -> str:
    """For which kind of device a guest's environment shall be built: as before, else as this machine has."""
    from engine.device import device_info

    if before is not None and before.device in spec.requirements:
        return before.device
    here = device_info("auto").device.partition(":")[0]
    return here if here in spec.requirements else "cpu"


def _environment(spec: GuestSpec, kind: str) -> Environment:
    return Environment(folder_of(spec.name) / "environment", spec.requirements[kind])


def _weights_path(spec: GuestSpec, file: WeightsFile) -> Path:
    return folder_of(spec.name) / "weights" / file.name


def _program(spec: GuestSpec, kind: str, device: str) -> Program:
    weights = tuple(str(_weights_path(spec, file)) for file in spec.weights)
    return Program(spec.name, _environment(spec, kind).python, spec.program, weights, device)
