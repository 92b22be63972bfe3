"""Where a guest lives, what was installed there, and the lock that keeps a second process out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from engine import cache
from engine.errors import ModelError
from engine.guests.catalogue import GuestSpec
from engine.locks import held
from engine.resources import data_folder

_RECORD = "installed.json"


@dataclass(frozen=True)
class HeldFile:
    """A weights file as it was when it was installed; `mtime_ns` saves reading all of it before each use."""

    sha256: str
    size_bytes: int
    mtime_ns: int


@dataclass(frozen=True)
class Record:
    """What was installed.

    Attributes:
        device: kind that the torch of its environment is built for, "cpu" or "cuda".
        weights: its files by name. size_bytes: of all that its folder held. date: ISO 8601.
    """

    device: str
    weights: Mapping[str, HeldFile]
    size_bytes: int
    date: str

    @property
    def sha256(self) -> str:
        """Of the weights; of the hashes in order of their names where there are several files."""
        hashes = [held.sha256 for _, held in sorted(self.weights.items())]
        return hashes[0] if len(hashes) == 1 else hashlib.sha256("".join(hashes).encode()).hexdigest()


def folder_of(name: str) -> Path:
    """Where a guest lives, whether or not it is there."""
    return data_folder() / "guests" / name


def read_record(spec: GuestSpec) -> Record | None:
    """What was installed; None where nothing was, or where the record is damaged."""
    try:
        told = json.loads((folder_of(spec.name) / _RECORD).read_text(encoding="utf-8"))
        weights = {
            file.name: HeldFile(
                str(told["weights"][file.name]["sha256"]),
                int(told["weights"][file.name]["size_bytes"]),
                int(told["weights"][file.name]["mtime_ns"]),
            )
            for file in spec.weights
        }
        return Record(str(told["device"]), weights, int(told["size_bytes"]), str(told["date"]))
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None


def write_record(spec: GuestSpec, record: Record) -> None:
    """Say that a guest is installed.

    Raises:
        OutputError: it cannot be written.
    """
    with cache.write_then_rename(folder_of(spec.name) / _RECORD) as part:
        part.write_text(json.dumps(asdict(record), indent=2) + "\n", encoding="utf-8")


def forget(spec: GuestSpec) -> None:
    """From here on the guest is not used any more.

    Raises:
        OutputError: its record cannot be deleted.
    """
    record = folder_of(spec.name) / _RECORD
    try:
        record.unlink(missing_ok=True)
    except OSError as error:
        raise cache.output_error(record, error) from error


@contextmanager
def locked(spec: GuestSpec) -> Iterator[None]:
    """Hold a guest's lock; the system lets go of it also when this process is killed.

    Raises:
        ModelError: another process holds it. OutputError: the folder cannot be written.
    """
    folder = folder_of(spec.name)
    message = f"The model {spec.name} is being added or removed elsewhere."
    with held(folder.with_name(f".{spec.name}.lock"), message, "Wait for that to end.", busy=ModelError):
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise cache.output_error(folder, error) from error
        yield
