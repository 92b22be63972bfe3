"""What crosses the boundary between engine and clients: frozen, picklable, no tensors."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.confidence import Judgement
from engine.contract import Declaration

SAME_FACE = 0.6  # largest distance of two faces of one person, the recommendation of the network's authors
STRETCH_S = 4  # a voice is computed in stretches of this length, each with its two neighbours
FloatArray = NDArray[np.float32]
AbsentPolicy = Literal["silence", "hold", "original"]
PicturePolicy = Literal["copy", "none"]
OutputKind = Literal["voice", "rest", "original", "video", "report", "timeline"]
CloseUpShape = Literal["16:9", "1:1", "9:16"]


@dataclass(frozen=True)
class VideoInfo:
    """A picture stream. Sizes are as displayed, that is after rotation; `start_s` is on the file's clock."""

    index: int
    codec: str
    width: int
    height: int
    avg_fps: float
    is_vfr: bool
    rotation_deg: int
    start_s: float


@dataclass(frozen=True)
class AudioInfo:
    """A sound stream. `index` counts all streams of the file; `start_s` is on the file's clock."""

    index: int
    codec: str
    sample_rate_hz: int
    channels: int
    layout: str
    start_s: float
    title: str = ""
    language: str = ""


@dataclass(frozen=True)
class MediaInfo:
    """What is in a file. Time 0 is the earliest start among its picture and sound."""

    path: Path
    duration_s: float
    video: VideoInfo | None
    audio: tuple[AudioInfo, ...]


@dataclass(frozen=True)
class PcmStore:
    """Sound on disk as raw float32, interleaved, from the file's t = 0; memory-map it, never load it whole.

    Attributes:
        path: raw little-endian float32 file, `n_samples * channels` values.
        n_samples: samples per channel.
        layout: channel layout name ("stereo", "5.1").
        complete: False while a job still fills it (what is not computed reads as zeros).
    """

    path: Path
    sample_rate_hz: int
    channels: int
    n_samples: int
    layout: str
    complete: bool = True

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.n_samples / self.sample_rate_hz

    def open(self) -> np.memmap[tuple[int, int], np.dtype[np.float32]]:
        """Read-only view, shape (n_samples, channels), float32, full scale 1.0."""
        return np.memmap(self.path, np.dtype("<f4"), "r", shape=(self.n_samples, self.channels))


@dataclass(frozen=True)
class FaceTrack:
    """A face followed inside one shot.

    Attributes:
        box_px: median [left, top, right, bottom] in displayed (rotated) pixels.
        times_s: (n,) float64, increasing, when `boxes_px` were seen.
        boxes_px: (n, 4) float32, left, top, right, bottom in displayed pixels.
    """

    start_s: float
    end_s: float
    box_px: tuple[float, float, float, float]
    times_s: NDArray[np.float64] = field(repr=False)
    boxes_px: FloatArray = field(repr=False)


@dataclass(frozen=True)
class Person:
    """One identity over the whole file.

    Attributes:
        id: 1, 2, ... in order of visible time, most visible first.
        av_offset_ms: how much the sound is late against this person's lips; None where it is not known yet.
        thumbnail_rgb: (h, w, 3) uint8, the clearest face.
        visible: (seconds,) float32 0..1, share of each second in which the face is seen.
        speaking: (seconds,) float32 0..1, how surely the person speaks in each second.
    """

    id: int
    label: str
    visible_s: float
    speaking_s: float
    av_offset_ms: float | None
    tracks: tuple[FaceTrack, ...]
    thumbnail_rgb: NDArray[np.uint8] = field(repr=False)
    visible: FloatArray = field(repr=False)
    speaking: FloatArray = field(repr=False)


@dataclass(frozen=True)
class FaceAnalysis:
    """Everybody in a file. `key` names the analysis in the cache, for the separator."""

    media: MediaInfo
    people: tuple[Person, ...]
    cuts_s: tuple[float, ...]
    key: str


@dataclass(frozen=True)
class CastPart:
    """The user's correction: from `start_s` until `end_s` the face that was found as `found` is `person`.

    Attributes:
        start_s, end_s: in seconds; None: from the beginning, to the end.
    """

    person: int
    found: int
    start_s: float | None = None
    end_s: float | None = None

    @property
    def is_whole(self) -> bool:
        """Whether it is the found person over the whole film."""
        return self.start_s is None and self.end_s is None

    @property
    def low_s(self) -> float:
        """The start as a number, minus infinity for the beginning."""
        return -math.inf if self.start_s is None else self.start_s

    @property
    def high_s(self) -> float:
        """The end as a number, infinity for the end."""
        return math.inf if self.end_s is None else self.end_s


Cast = tuple[CastPart, ...]


@dataclass(frozen=True)
class ConfidenceSpan:
    """Lip-voice agreement, 0..1, over a stretch of the file; 0 where the face is not seen; and what it is made of."""

    start_s: float
    end_s: float
    value: float
    judgement: Judgement


@dataclass(frozen=True)
class PersonConfidence:
    """Agreement of one voice with its lips."""

    person: int
    mean: float
    spans: tuple[ConfidenceSpan, ...]


@dataclass(frozen=True)
class IsolationRequest:
    """Ask for voices without writing a user's file: for listening.

    Attributes:
        person_ids: whose voices; others in the picture are used as context where the model can.
        range_s: only this part (a preview), or None for the whole file.
        from_s: work outwards from here, so that what the user looks at is ready first.
        audio_index: which sound stream (`AudioInfo.index`), None for the first.
        cast: the user's corrections of who is who; empty: as found.
        checked: what the cache holds is compared with what was written, and computed again where it was damaged.
    """

    video: Path
    person_ids: tuple[int, ...]
    model: str = "default"
    device: str = "auto"
    range_s: tuple[float, float] | None = None
    from_s: float = 0.0
    absent: AbsentPolicy = "silence"
    audio_index: int | None = None
    cast: Cast = ()
    checked: bool = False


@dataclass(frozen=True)
class IsolatedVoice:
    """One person's voice, sample for sample on the source's clock; everyone else is source minus voice."""

    person_id: int
    voice: PcmStore
    ready_s: tuple[tuple[float, float], ...]
    confidence: PersonConfidence
    av_offset_ms: float | None


@dataclass(frozen=True)
class IsolationResult:
    """What an `IsolationRequest` gives. `source` is the decoded original."""

    source: PcmStore
    voices: tuple[IsolatedVoice, ...]
    model: str
    device: str
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class SeparationRequest:
    """The main job: voices into files.

    Attributes:
        person_ids: whose voices; empty with `at` or `everyone`.
        labels: what the user calls people, as (id, name) pairs; for file names, tracks and the report.
        at: (seconds, x_px, y_px): the person whose face is there, in displayed pixels.
        output: a sound file, a video file, or a folder (product contract, section 3).
        range_s: (start, end) in seconds; outside it the voice is silent.
        mix_back: share of everyone else that stays in the voice, 0..1.
        loudness_lufs: target loudness of the voice, None leaves the level alone.
        format: "wav", "flac", "m4a", "opus" for files in a folder; None chooses from `output`.
        close_up: shape of a video that follows the face, with the voice as its sound: what a video `output` then is,
            or one more file per person in a folder. It lasts as long as `range_s`.
        close_up_name: whether the person's name is written into the close-up.
        cast: the user's corrections of who is who; empty: as found.
    """

    video: Path
    output: Path
    person_ids: tuple[int, ...] = ()
    labels: tuple[tuple[int, str], ...] = ()
    at: tuple[float, float, float] | None = None
    everyone: bool = False
    model: str = "default"
    device: str = "auto"
    range_s: tuple[float, float] | None = None
    mix_back: float = 0.0
    absent: AbsentPolicy = "silence"
    loudness_lufs: float | None = None
    format: str | None = None
    overwrite: bool = False
    picture: PicturePolicy = "copy"
    audio_index: int | None = None
    close_up: CloseUpShape | None = None
    close_up_name: bool = False
    cast: Cast = ()


@dataclass(frozen=True)
class Outlook:
    """What a separation will need, reckoned before it begins.

    Attributes:
        wall_s: how long it takes here; None where nothing is known of the model's pace.
        memory_bytes: the most memory at once.
        output_bytes: size of the results.
        cache_bytes: working space in the cache.
    """

    wall_s: float | None
    memory_bytes: int
    output_bytes: int
    cache_bytes: int


@dataclass(frozen=True)
class OutputFile:
    """A file that was written. `person` is None for what belongs to nobody."""

    path: Path
    person: int | None
    kind: OutputKind


@dataclass(frozen=True)
class SeparationResult:
    """What was done and how well the guarantees held (keys of the product contract)."""

    model: str
    device: str
    duration_s: float
    wall_s: float
    real_time_factor: float
    stages: dict[str, float]
    peak_rss_mb: float
    sample_rate_hz: int
    channels: int
    null_test_db: float
    offset_samples: int
    outputs: tuple[OutputFile, ...]
    confidence: tuple[PersonConfidence, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class ContainerFit:
    """How a film goes into a video file of a certain type.

    Attributes:
        picture: whether its picture can be copied as it is.
        new_sounds: how many of its sound tracks are encoded anew.
        left_out: kinds of the streams that have no place in it: "subtitle", "attachment", "video".
    """

    picture: bool
    new_sounds: int
    left_out: tuple[str, ...]


@dataclass(frozen=True)
class SpectrogramImage:
    """A picture-ready spectrogram.

    Attributes:
        level_db: (F, T) float32, row 0 is the lowest frequency, 0 dB is full scale.
        start_s, end_s: the time that the columns span, edge to edge.
        max_hz: the frequency at the upper edge of the last row.
        scale: how rows are spaced, "linear", "log" or "mel".
    """

    level_db: FloatArray = field(repr=False)
    start_s: float
    end_s: float
    max_hz: float
    scale: Literal["linear", "log", "mel"]


@dataclass(frozen=True)
class WaveformPeaks:
    """Lowest and highest sample per column, (2, T) float32, all channels together."""

    peaks: FloatArray = field(repr=False)
    start_s: float
    end_s: float


@dataclass(frozen=True)
class ModelInfo:
    """A row of the model shelf.

    Attributes:
        sha256: of the weights. size_bytes: on the disk; 0 where nothing is.
        guest: whether it is an engine of others that is added and removed. imported: whether the user brought its
            weights. The rest comes with AVSep.
        stands_for: the row that "default" means now; "" for the rest.
        published: what others published of a guest's quality, on their data; "" for the rest.
        hindrance: why it cannot be added on this computer, as a sentence; "" where it can.
        pace: seconds that this computer takes for a second of one voice; None where nothing is known.
        pace_measured: whether `pace` was measured in earlier jobs here; else it is reckoned from the declaration.
    """

    name: str
    title: str
    declaration: Declaration
    sha256: str
    installed: bool
    size_bytes: int = 0
    guest: bool = False
    imported: bool = False
    stands_for: str = ""
    published: str = ""
    hindrance: str = ""
    pace: float | None = None
    pace_measured: bool = False

    def seconds_for(self, start_s: float, end_s: float, duration_s: float, people: int = 1) -> float | None:
        """How long this computer takes for a stretch of a film of `duration_s`, with what is computed beside it.

        Returns:
            Seconds, or None where the pace is not known.
        """
        if self.pace is None:
            return None
        first, last = math.floor(start_s / STRETCH_S) - 1, math.ceil(end_s / STRETCH_S) + 1
        computed_s = min(last * STRETCH_S, duration_s) - max(first * STRETCH_S, 0)
        return max(0.0, computed_s) * self.pace * people


@dataclass(frozen=True)
class Download:
    """What adding a model would fetch from the network: in words, about how many bytes, from whom."""

    what: str
    size_bytes: int
    host: str


@dataclass(frozen=True)
class DeviceInfo:
    """Where work runs and why, in words for the window ("CPU: 2 cores", "no CUDA device")."""

    device: str
    name: str
    why: str


@dataclass(frozen=True)
class CacheKind:
    """What the cache holds of one kind ("sound", "faces", "voices"): how many entries, how many bytes on the disk."""

    kind: str
    entries: int
    size_bytes: int


@dataclass(frozen=True)
class CacheUsage:
    """What AVSep keeps on the disk.

    Attributes:
        folder: of the cache; it may not exist. kinds: by name. limit_bytes: what the cache may take.
        data_folder: added models and what was not saved. data_bytes: how much that is.
        unreadable: how many folders could not be looked into, so that sizes are too small.
    """

    folder: Path
    kinds: tuple[CacheKind, ...]
    limit_bytes: int
    data_folder: Path
    data_bytes: int
    unreadable: int = 0

    @property
    def size_bytes(self) -> int:
        """How much the cache takes."""
        return sum(kind.size_bytes for kind in self.kinds)


@dataclass(frozen=True)
class CacheClearing:
    """What became of the entries that were to be deleted, in bytes.

    Attributes:
        spared_bytes: in use since the time that was given. stuck_bytes: what could not be deleted.
    """

    freed_bytes: int
    spared_bytes: int = 0
    stuck_bytes: int = 0


@dataclass(frozen=True)
class SoftwareInfo:
    """A piece of software that AVSep stands on: name, version ("" where it tells none), licence in short, home page."""

    name: str
    version: str
    licence: str
    home: str = ""


@dataclass(frozen=True)
class BuildInfo:
    """From what a bundle was made: the revision of the sources (of Git), and its date, "2026-11-22"."""

    revision: str
    date: str


@dataclass(frozen=True)
class AboutInfo:
    """What this AVSep is and what it is made of.

    Attributes:
        version: "" where it is not installed as a package. licence: its own.
        installed_as: "package", "source" (as developers have it) or "bundle" (with all it needs in one folder).
        system: the operating system. software: by name. build: of a bundle, None for the others.
    """

    version: str
    licence: str
    installed_as: str
    system: str
    software: tuple[SoftwareInfo, ...]
    build: BuildInfo | None = None
