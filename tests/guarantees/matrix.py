"""Every input of the product contract with every command: it works and holds its promises, or is refused as told."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from engine import api
from tests.guarantees.command import Answer, avsep, refusal
from tests.guarantees.ffmpeg import pictures_sum
from tests.guarantees.finding import Finding, Scope
from tests.guarantees.inputs import COMMANDS, Input, inputs
from tests.helpers.media_files import lag_of, packet_hashes

NULL_LIMIT_DB = -120.0
ROUNDING_S = 0.0011  # Matroska counts in milliseconds
MODEL = "tiny"


@dataclass
class _Table:
    """The rows that the matrix fills."""

    answered: Finding = field(
        default_factory=lambda: Finding(
            "Any input works with every command, or is refused as documented", headline="Inputs tried"
        )
    )
    placed: Finding = field(
        default_factory=lambda: Finding(
            "No sample moves: voices + rest lie where the sound lay", headline="Worst offset"
        )
    )
    added: Finding = field(
        default_factory=lambda: Finding("Voices + rest = original, for any input", headline="Worst null test")
    )
    clean: Finding = field(default_factory=lambda: Finding("What is refused leaves no file behind"))
    offset: int = 0
    null_db: float = -200.0


def every_input(scope: Scope) -> list[Finding]:
    """All inputs with `probe`, `faces`, `separate` (a voice, a folder, a video) and `batch`."""
    table, seen = _Table(), []
    for item in inputs(scope.folder / "in", short=scope.short):
        seen.append(item)
        out = scope.folder / f"out {len(seen)}"
        out.mkdir()
        for command in COMMANDS[:-1]:
            answer = _call(command, item, out)
            table.answered.case(f"{command}: {item.name}", _judged(command, item, answer, out))
        if "folder" in item.refused:
            left = [path.name for path in out.rglob("*")]
            table.clean.case(item.name, f"{left} left" if left else None)
        elif (out / "all").is_dir():
            _measure(table, item, out / "all")
    _batch(table, seen, scope.folder / "batch")
    table.answered.worst = f"{len(seen)} inputs"
    table.placed.worst = f"{table.offset} samples"
    table.added.worst = f"{table.null_db:.0f} dBFS"
    return [table.answered, table.placed, table.added, table.clean]


def _call(command: str, item: Input, out: Path) -> Answer:
    """Run a command on an input, from the input's folder, under the name that it has there."""
    name, folder = item.path.name, item.path.parent
    options = ["--model", MODEL, "--device", "cpu"]
    match command:
        case "probe" | "faces":
            return avsep(command, "--", name, folder=folder)
        case "voice":
            return avsep("separate", "--person", "1", *options, "-o", out / "voice.wav", "--", name, folder=folder)
        case "folder":
            return avsep("separate", "--everyone", *options, "-o", out / "all", "--", name, folder=folder)
        case _:
            return avsep("separate", "--everyone", *options, "-o", _video(item, out), "--", name, folder=folder)


def _video(item: Input, out: Path) -> Path:
    return out / f"video{item.path.suffix if item.path.suffix in ('.mp4', '.mkv') else '.mkv'}"


def _judged(command: str, item: Input, answer: Answer, out: Path) -> str | None:
    """What is wrong with an answer; None where nothing is."""
    if command in item.refused:
        return refusal(answer, *item.refused[command], item.path.name.split("\n")[0])
    if answer.trouble():
        return answer.trouble()
    match command:
        case "probe":
            return _facts(item, answer.data)
        case "faces":
            found = len(answer.data["people"])
            return None if item.people in (None, found) else f"{found} people instead of {item.people}"
        case "video":
            return _numbers(answer.data) or _picture(item.path, _video(item, out))
        case "voice":
            return _numbers(answer.data) or _shape(item.path, out / "voice.wav")
        case _:
            return _numbers(answer.data)


def _facts(item: Input, data: dict[str, Any]) -> str | None:
    for key, wanted in item.probed.items():
        found: Any = data
        for part in key.split("."):
            found = found[int(part)] if part.isdecimal() else found[part]
        same = math.isclose(found, wanted, abs_tol=2e-3) if isinstance(wanted, float) else found == wanted
        if not same:
            return f"{key} is {found}, not {wanted}"
    return None


def _numbers(data: dict[str, Any]) -> str | None:
    """The guarantees that the command measured itself."""
    if data["null_test_db"] > NULL_LIMIT_DB or data["offset_samples"] != 0:
        return f"null test {data['null_test_db']:.0f} dBFS, offset {data['offset_samples']} samples"
    return None


def _shape(source: Path, voice: Path) -> str | None:
    original, info = api.decode_audio(source), soundfile.info(voice)
    wanted = (original.sample_rate_hz, original.channels, original.n_samples)
    found = (info.samplerate, info.channels, info.frames)
    return None if found == wanted else f"rate, channels and samples are {found}, not {wanted}"


def _picture(source: Path, video: Path) -> str | None:
    """Whether the picture is the source's, packet by packet, each at its time."""
    old, new = packet_hashes(source), packet_hashes(video)
    if source.suffix == ".ts":  # it separates the same contents in another way
        return None if pictures_sum(source) == pictures_sum(video) else "the pictures differ"
    if [content for content, _ in old] != [content for content, _ in new]:
        return f"the picture's packets differ: {len(new)} of {len(old)}"
    before, after = api.probe(source).video, api.probe(video).video
    assert before is not None and after is not None
    if (before.rotation_deg, before.width) != (after.rotation_deg, after.width):
        return f"turned by {after.rotation_deg} instead of {before.rotation_deg}"
    if abs(before.start_s - after.start_s) > ROUNDING_S:
        return f"the picture starts at {after.start_s} s instead of {before.start_s} s"
    shifts = [float(late - early) for (_, early), (_, late) in zip(old, new, strict=True) if early is not None]
    spread = max(shifts) - min(shifts)
    return None if spread <= ROUNDING_S else f"pictures moved by {spread * 1000:.1f} ms against each other"


def _measure(table: _Table, item: Input, folder: Path) -> None:
    """Add up the files of a folder, and lay the sum beside what went into the input."""
    original = np.asarray(api.decode_audio(item.path).open(), np.float64)
    total = sum(
        soundfile.read(path, dtype="float32", always_2d=True)[0].astype(np.float64) for path in folder.glob("*.wav")
    )
    if np.shape(total) != original.shape:
        table.added.case(item.name, f"{np.shape(total)} samples, not {original.shape}")
        return
    residual = float(np.abs(total - original).max())
    null_db = 20 * math.log10(residual) if residual else -200.0
    table.null_db = max(table.null_db, null_db)
    table.added.case(item.name, None if null_db <= NULL_LIMIT_DB else f"{null_db:.0f} dBFS")
    if item.heard is not None:
        offset = lag_of(np.asarray(total)[:, 0], item.heard[:, 0])
        table.offset = max(table.offset, abs(offset))
        table.placed.case(item.name, f"{offset} samples late" if offset else None)


def _batch(table: _Table, items: list[Input], out: Path) -> None:
    """All inputs as one batch: the good ones are done, each bad one fails for its own reason."""
    items = [item for item in items if not item.path.is_dir()]  # of a folder, a batch takes what is in it
    told = avsep("batch", "-o", out, "--model", MODEL, "--device", "cpu", "--", *(item.path for item in items))
    listed = {found["input"]: found for found in told.data.get("items", ())}
    for item in items:
        found = listed.get(str(item.path))
        if found is None:
            complaint: str | None = f"not in the batch: {told.trouble()}"
        elif "batch" in item.refused:
            said = Answer(item.refused["batch"][0], {"error": found["error"]}, "")
            complaint = refusal(said, *item.refused["batch"], item.path.name.split("\n")[0])
        else:
            complaint = None if found["status"] == "done" else f"{found['status']}: {found['error']}"
        table.answered.case(f"batch: {item.name}", complaint)
