"""The queue: what is to be done with each file, and how far that is. Frozen; every change gives a new value."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from engine.errors import EngineError, UsageError
from engine.types import AbsentPolicy, OutputFile, PicturePolicy

BATCH_NAME = "avsep-batch.json"
"""The file, in the folder of the results, in which a queue is kept."""

Status = Literal["waiting", "running", "done", "failed", "skipped"]
RuleKind = Literal["everyone", "most_visible", "person", "photo", "same"]
Write = Literal["folder", "voice", "video"]
Existing = Literal["refuse", "skip", "overwrite"]


@dataclass(frozen=True)
class PersonRule:
    """Whose voice is wanted of a file.

    Attributes:
        kind: "everyone"; "most_visible"; "person": the one with the id `person`; "photo": the one nearest to the
            largest face on `photo`; "same": the one who looks like person `person` of the file `video`.
    """

    kind: RuleKind = "most_visible"
    person: int | None = None
    photo: Path | None = None
    video: Path | None = None

    @classmethod
    def parse(cls, text: str) -> PersonRule:
        """A rule as it is written in a manifest: "", "everyone", "most visible" or a number.

        Raises:
            UsageError: something else.
        """
        words = " ".join(text.replace("-", " ").replace("_", " ").casefold().split())
        if words == "everyone":
            return cls("everyone")
        if words in ("", "most visible"):
            return cls()
        if words.isdecimal() and int(words) > 0:
            return cls("person", int(words))
        raise UsageError(f"“{text}” does not say who is meant.", "Write everyone, most visible, or a number from 1.")

    @property
    def text(self) -> str:
        """The rule in words."""
        if self.kind == "everyone":
            return "everyone"
        if self.kind == "person":
            return f"person {self.person}"
        if self.kind == "photo" and self.photo is not None:
            return f"as on {self.photo.name}"
        if self.kind == "same" and self.video is not None:
            return f"person {self.person} of {self.video.name}"
        return "most visible"


@dataclass(frozen=True)
class BatchOptions:
    """How a file is done; the rest as in `engine.types.SeparationRequest`.

    Attributes:
        write: "folder": voices, everyone else, timeline and report; "voice": one sound file; "video": the video with
            the voices as tracks.
        format: of the sound files, or of the video; None takes wav, and for a video that of the source where possible.
    """

    write: Write = "folder"
    format: str | None = None
    model: str = "default"
    device: str = "auto"
    range_s: tuple[float, float] | None = None
    mix_back: float = 0.0
    absent: AbsentPolicy = "silence"
    loudness_lufs: float | None = None
    picture: PicturePolicy = "copy"
    audio_index: int | None = None


@dataclass(frozen=True)
class BatchError:
    """Why a file failed, as `engine.errors.EngineError` has it."""

    code: str
    message: str
    remedy: str = ""
    details: str = ""

    @classmethod
    def of(cls, error: EngineError) -> BatchError:
        """Keep an error."""
        return cls(error.code, error.message, error.remedy, error.details)


@dataclass(frozen=True)
class BatchOutcome:
    """What became of a file.

    Attributes:
        outputs: the files written, relative to the batch's folder.
        people: whose voices, by id.
        wall_s: how long it took, without a look ahead; for a file that was nearly done before an interruption, as
            long as it took then.
    """

    outputs: tuple[OutputFile, ...]
    people: tuple[int, ...]
    duration_s: float
    wall_s: float
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class BatchItem:
    """A file of the queue.

    Attributes:
        id: 1, 2, ..., never given twice in a queue.
        output: what is written, relative to the batch's folder, with "/" between folders: a folder, or a file.
        attempts: how often the work was begun.
        duration_s: length of the file in seconds, None where it is not known yet.
        note: why it was skipped.
    """

    id: int
    input: Path
    output: str
    rule: PersonRule = PersonRule()
    options: BatchOptions = BatchOptions()
    status: Status = "waiting"
    outcome: BatchOutcome | None = None
    error: BatchError | None = None
    attempts: int = 0
    duration_s: float | None = None
    note: str = ""

    def begun(self) -> BatchItem:
        """The work begins."""
        return replace(self, status="running", attempts=self.attempts + 1, error=None, outcome=None, note="")

    def done(self, outcome: BatchOutcome) -> BatchItem:
        """The work is done."""
        return replace(self, status="done", outcome=outcome, error=None, duration_s=outcome.duration_s)

    def failed(self, error: EngineError) -> BatchItem:
        """The work failed."""
        return replace(self, status="failed", outcome=None, error=BatchError.of(error))

    def skipped(self, why: str) -> BatchItem:
        """Nothing is to be done."""
        return replace(self, status="skipped", outcome=None, error=None, note=why)

    def waiting(self) -> BatchItem:
        """It is to be done, again or at last."""
        return replace(self, status="waiting", outcome=None, error=None, note="")


@dataclass(frozen=True)
class Batch:
    """A queue, in the order of the work.

    Attributes:
        folder: everything is written below it.
        existing: what happens where a result is there already.
        workers: how many files the command line does at a time, where the memory allows it.
    """

    folder: Path
    items: tuple[BatchItem, ...] = ()
    existing: Existing = "refuse"
    workers: int = 1

    def next(self) -> BatchItem | None:
        """The file that is to be done next."""
        return next((item for item in self.items if item.status == "waiting"), None)

    def item(self, item_id: int) -> BatchItem | None:
        """The file with this id."""
        return next((item for item in self.items if item.id == item_id), None)

    def with_item(self, changed: BatchItem) -> Batch:
        """The queue with a file changed; a file that is not in it (any more) changes nothing."""
        return replace(self, items=tuple(changed if item.id == changed.id else item for item in self.items))

    def with_new(self, items: Iterable[BatchItem]) -> Batch:
        """The queue with files added at its end; they get ids of their own."""
        first = max((item.id for item in self.items), default=0) + 1
        added = tuple(replace(item, id=first + place) for place, item in enumerate(items))
        return replace(self, items=self.items + added)

    def without(self, item_ids: Iterable[int]) -> Batch:
        """The queue without some files."""
        gone = set(item_ids)
        return replace(self, items=tuple(item for item in self.items if item.id not in gone))

    def moved(self, item_ids: Iterable[int], place: int) -> Batch:
        """The queue with some files, in their order, moved before the one that is at `place` now."""
        moving = set(item_ids)
        chosen = [item for item in self.items if item.id in moving]
        before = [item for item in self.items[:place] if item.id not in moving]
        after = [item for item in self.items[place:] if item.id not in moving]
        return replace(self, items=(*before, *chosen, *after))

    def interrupted(self) -> Batch:
        """The queue after its process ended: what was being done is to be done."""
        return self._with("running")

    def to_retry(self) -> Batch:
        """The queue with what failed to be done again."""
        return self._with("failed")

    def count(self, *statuses: Status) -> int:
        """How many files are in one of these states."""
        return sum(item.status in statuses for item in self.items)

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do, whatever became of it."""
        return self.count("waiting", "running") == 0

    def _with(self, status: Status) -> Batch:
        return replace(self, items=tuple(item.waiting() if item.status == status else item for item in self.items))
