"""What is good to know before an export: one sentence each, the gravest first. No widgets, no engine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QCoreApplication

from avsep_gui.export_plan import ExportKind, expected_bytes, free_bytes, problem
from avsep_gui.export_presets import ExportChoice
from avsep_gui.remark import Gravity, Remark
from avsep_gui.state.document import Document
from avsep_gui.state.intervals import Intervals, complement, union
from avsep_gui.state.shelf import is_slow
from avsep_gui.words import FAIR_AGREEMENT, about, short_clock, size, sound_format
from engine.types import ContainerFit, MediaInfo, ModelInfo, Person

MOST_LINES = 4
OPUS_RATES_HZ = (8_000, 12_000, 16_000, 24_000, 48_000)
SELDOM_SEEN = 0.6
NEARLY_ALWAYS = 0.95
SMALL_FACE_PX = 70
# Seconds for a second of a close-up on a usual computer: the pictures are made anew.
CLOSE_UP_PACE = 1.0


@dataclass(frozen=True)
class Plan:
    """What is to be exported, where and with what.

    Attributes:
        selected: whether only the document's selection is wanted.
        fit: what the type of video file can hold of the film; None where that is not known (yet).
    """

    document: Document
    media: MediaInfo
    kind: ExportKind
    choice: ExportChoice
    output: Path
    selected: bool
    model: ModelInfo | None = None
    fit: ContainerFit | None = None

    @property
    def range_s(self) -> tuple[float, float]:
        """The stretch of the film that is wanted."""
        wanted = self.document.range_s if self.selected else None
        return wanted or (0.0, self.media.duration_s)

    @property
    def people(self) -> tuple[Person, ...]:
        """Whose voices."""
        if self.choice.everyone:
            return self.document.people
        return tuple(person for person in self.document.people if person.id == self.document.picked)

    def needed_bytes(self) -> float:
        """About how much room it takes."""
        close_up_s = self.range_s[1] - self.range_s[0] if self.choice.close_up is not None else 0.0
        people = max(1, len(self.people))
        return expected_bytes(self.media, self.kind, self.choice.ending, people, close_up_s=close_up_s)

    def work_s(self) -> float | None:
        """About how long it takes here, less what is computed already; None where that is not known."""
        if self.model is None or self.model.pace is None:
            return None
        start_s, end_s = self.range_s
        total = 0.0
        for person in self.people:
            missing = complement(self.document.voice(person.id).ready, start_s, end_s)
            if missing == ((start_s, end_s),):
                total += self.model.seconds_for(start_s, end_s, self.media.duration_s) or 0.0
            else:
                total += sum(right - left for left, right in missing) * self.model.pace
        films = len(self.people) if self.choice.close_up is not None else 0
        return total + films * (end_s - start_s) * CLOSE_UP_PACE


def remarks(plan: Plan) -> tuple[Remark, ...]:
    """What is good to know, the gravest first, at most four sentences; the last says how large and how long.

    One of gravity "danger" means that the export cannot begin.
    """
    trouble = problem(plan.output, plan.needed_bytes(), plan.media.path)
    if trouble:
        return (Remark("danger", trouble),)
    found = [
        *_existing(plan),
        *_container(plan),
        *_seen(plan),
        *_long_work(plan),
        *_weak(plan),
        *_small(plan),
        *_format(plan),
    ]
    order = {"danger": 0, "warning": 1, "muted": 2}
    found.sort(key=lambda remark: order[remark.gravity])
    if found and found[0].gravity == "danger":  # until that is mended, nothing else matters
        return tuple(remark for remark in found if remark.gravity == "danger")
    return (*found[: MOST_LINES - 1], _outlook(plan))


def _text(words: str) -> str:
    return QCoreApplication.translate("Preflight", words)


def _existing(plan: Plan) -> list[Remark]:
    if not plan.output.exists():
        return []
    if plan.kind.is_folder and plan.output.is_dir():
        words = _text("The folder {0} exists already: files of the same names in it are replaced.")
    else:
        words = _text("{0} exists already.")
    return [Remark("warning", words.format(plan.output.name))]


def _container(plan: Plan) -> list[Remark]:
    fit, ending = plan.fit, plan.choice.ending
    if fit is None or plan.kind.id != "video":
        return []
    name = ending.removeprefix(".").upper()
    found = []
    if not fit.picture:
        other = "MKV" if ending != ".mkv" else "MP4"
        words = _text("{0} cannot hold this picture unchanged: choose {1}.")
        return [Remark("danger", words.format(name, other))]
    if "subtitle" in fit.left_out:
        words = _text("{0} cannot hold these subtitles: choose MKV to keep them.")
        found.append(Remark("warning", words.format(name)))
    elif fit.left_out:
        words = _text("{0} cannot hold all that is in this file; picture and sound are kept.")
        found.append(Remark("warning", words.format(name)))
    if fit.new_sounds:
        words = _text("{0} does not take the original sound as it is: it is encoded anew.")
        found.append(Remark("muted", words.format(name)))
    return found


def _seen(plan: Plan) -> list[Remark]:
    """How much of the time the picked person is in the picture."""
    if plan.choice.everyone or not plan.people:
        return []
    person, (start_s, end_s) = plan.people[0], plan.range_s
    name = plan.document.name(person.id)
    away = complement(_seen_spans(person), start_s, end_s)
    share = 1 - sum(right - left for left, right in away) / max(end_s - start_s, 1e-6)
    where = _text("the selection") if plan.selected else _text("the film")
    filmed = plan.choice.close_up is not None
    if share <= 0:
        if plan.kind.id == "close_up":
            words = _text("{0} is not seen in {1}: there is no face to follow.")
            return [Remark("danger", words.format(name, where))]
        return [Remark("warning", _text("{0} is not seen in {1}: the voice is silent there.").format(name, where))]
    if share >= NEARLY_ALWAYS:
        return []
    words = (
        _text("{0} is seen in {1} % of {2}; the rest is silent and shows the whole picture.")
        if filmed
        else _text("{0} is seen in {1} % of {2}; the voice is silent in the rest.")
    )
    gravity: Gravity = "warning" if share < SELDOM_SEEN else "muted"
    return [Remark(gravity, words.format(name, max(1, round(100 * share)), where))]


def _seen_spans(person: Person) -> Intervals:
    return union((track.start_s, track.end_s + 0.1) for track in person.tracks)


def _weak(plan: Plan) -> list[Remark]:
    """Where it is doubtful that the voice is the person's, as far as it is computed."""
    document, (start_s, end_s) = plan.document, plan.range_s
    if document.picked is None or plan.choice.everyone:
        return []
    weak = union(
        (max(span.start_s, start_s), min(span.end_s, end_s))
        for span in document.voice(document.picked).spans
        if 0 < span.value < FAIR_AGREEMENT
    )
    if not weak:
        return []
    first = f"{short_clock(weak[0][0])}–{short_clock(weak[0][1])}"
    if len(weak) == 1:
        return [Remark("warning", _text("Lips and voice hardly agree at {0}: listen to it before.").format(first))]
    words = _text("Lips and voice hardly agree in {0} places, first at {1}: check by ear.")
    return [Remark("warning", words.format(len(weak), first))]


def _small(plan: Plan) -> list[Remark]:
    """Faces of which a close-up cannot be sharp."""
    sizes = [track.box_px[3] - track.box_px[1] for person in plan.people for track in person.tracks]
    if plan.choice.close_up is None or not sizes or max(sizes) >= SMALL_FACE_PX:
        return []
    words = _text("The face is small in the picture ({0} pixels): the close-up will not be sharp.")
    return [Remark("warning", words.format(round(max(sizes))))]


def _long_work(plan: Plan) -> list[Remark]:
    """Where a slow model is to do the whole file."""
    needed_s = plan.work_s()
    if plan.model is None or needed_s is None or not is_slow(plan.model) or plan.selected or needed_s < 1:
        return []
    shorter = (
        _text("Tick “Only the selection” for less.")
        if plan.document.range_s is not None
        else _text("Select a stretch on the time line for less.")
    )
    words = _text("The whole file takes {0} with {1} on this computer.")
    return [Remark("warning", words.format(about(needed_s), plan.model.name) + " " + shorter)]


def _format(plan: Plan) -> list[Remark]:
    """What the format does to the sound."""
    audio = plan.media.audio[0] if plan.media.audio else None
    if audio is None:
        return []
    if plan.choice.ending == ".opus" and audio.sample_rate_hz not in OPUS_RATES_HZ:
        words = _text("Opus knows few rates: the sound becomes 48 kHz, not {0:g} kHz.")
        return [Remark("muted", words.format(audio.sample_rate_hz / 1000))]
    if plan.choice.loudness_lufs is not None and plan.kind.id in ("video", "folder"):
        words = _text("With another loudness, voice and everyone else no longer add up to the original.")
        return [Remark("muted", words)]
    return []


def _outlook(plan: Plan) -> Remark:
    audio = plan.media.audio[0]
    needed, free = size(plan.needed_bytes()), size(free_bytes(plan.output.parent))
    sound = sound_format(audio.sample_rate_hz, audio.layout)
    work_s = plan.work_s()
    if work_s is None:
        return Remark("muted", _text("About {0} of {1} free, {2}.").format(needed, free, sound))
    if work_s < 1:
        words = _text("About {0} of {1} free, {2}; the voice is computed already.")
        return Remark("muted", words.format(needed, free, sound))
    words = _text("About {0} of {1} free, {2}; ready in {3}.")
    return Remark("muted", words.format(needed, free, sound, about(work_s)))
