"""Find the people in a video, follow them, and say when each one speaks.

One pass over the frames, in order; what grows with the video's length goes to disk.
"""

from __future__ import annotations

import secrets
import shutil
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from engine import speed
from engine.cache import WORK_PREFIX, content_key, entry, in_use, output_error
from engine.casting import parts_of, person_key
from engine.errors import InputError, NoPictureError, NoSoundError, UsageError
from engine.jobs import CancelToken, Progress, ProgressCallback
from engine.media.reader import decode_audio, probe, read_frames
from engine.seals import intact, seal
from engine.types import Cast, FaceAnalysis, FaceTrack, FloatArray, MediaInfo, Person
from engine.vision.analysis_store import load_analysis, save_analysis
from engine.vision.detect import FaceDetector, LookSchedule, find_faces_in_frame
from engine.vision.fit import box_of_points
from engine.vision.identity import Appearance, PortraitKeeper, describe, same_person_groups, thumbnail
from engine.vision.lips import RATE_HZ, LipStream
from engine.vision.shots import mark_cuts
from engine.vision.speaking import mouth_motion, per_second, sound_delay_ms, speaking_score, speech_envelope
from engine.vision.streams import (
    TrackRecorder,
    join_streams,
    person_files,
    read_person,
    read_rows,
    row_count,
    write_person,
)
from engine.vision.track import EndedTrack, Sample, Tracker

VERSION = 3  # of the method: a higher number makes old cache entries void
SHORTEST_VISIBLE_S = 0.8
SMALLEST_FACE_PX = 24.0
MAX_WIDTH_PX = 1280
FAST_FPS = 45.0  # above it, frames are thinned to 25 per second

_KIND = "faces"
_STAGE = "Finding people"
_DECODE_SHARE = 0.95  # of the progress bar; the rest is telling people apart and listening


def find_faces(path: Path, *, on_progress: ProgressCallback, cancel: CancelToken) -> FaceAnalysis:
    """Find the people in a video; instant the second time.

    Returns:
        Everybody seen for 0.8 s and more, most visible first; nobody where there is no face.

    Raises:
        NoPictureError: the file has no video stream.
        InputError: the picture cannot be decoded.
        OutputError: the cache cannot be written.
        JobCancelled: asked for through `cancel`.
    """
    media, key, folder = _place(path)
    known = _known(media, key, folder)
    if known is not None:
        return known
    with _work_folder(folder) as work:
        analysis = _Analyser(media, key, work, in_use(on_progress, folder), cancel).run()
        for person in analysis.people:
            _keep(work, folder, _name(person.id))
        save_analysis(folder, analysis)
    on_progress(Progress(_STAGE, 1.0, 1.0))
    return analysis


def pictures_in(media: MediaInfo) -> float:
    """How many pictures of a film are looked at."""
    fps = media.video.avg_fps if media.video is not None else 0.0
    return media.duration_s * (RATE_HZ if fps > FAST_FPS else fps)


def known_faces(path: Path) -> FaceAnalysis | None:
    """What `find_faces` found earlier; None where it has not looked yet. Raises like it."""
    return _known(*_place(path))


def _place(path: Path) -> tuple[MediaInfo, str, Path]:
    """What is in a film, and where its analysis is kept: key and folder."""
    media = probe(path)
    if media.video is None:
        raise NoPictureError(f"“{path.name}” has no picture.", "Choose a video file.")
    key = f"{content_key(path)}-{VERSION}"
    return media, key, entry(_KIND, key)


def _known(media: MediaInfo, key: str, folder: Path) -> FaceAnalysis | None:
    known = load_analysis(folder, media, key)
    if known is None or not all(_has_lips(folder, _name(person.id)) for person in known.people):
        return None
    return known


def load_lips(key: str, person_id: int, cast: Cast = ()) -> LipStream:
    """The lips of one person over the whole file, memory-mapped.

    Args:
        key: `FaceAnalysis.key`.
        person_id: `Person.id`, after the cast.

    Raises:
        UsageError: the analysis has no such person, or is no longer in the cache.
        OutputError: the cache cannot be written.
    """
    folder, name, parts = entry(_KIND, key), _name(person_key(cast, person_id)), parts_of(cast, person_id)
    try:
        if name != _name(parts[0].found) and not _has_lips(folder, name):
            _join(folder, name, parts)
        return read_person(folder, name)
    except (OSError, ValueError) as error:
        raise UsageError(
            f"Person {person_id} is not known in this video.",
            "Find the people in the video again, then choose one of them.",
            details=f"{key}: {error}",
        ) from error


def _name(person: int | str) -> str:
    return f"person{person}"


def _has_lips(folder: Path, name: str) -> bool:
    return intact(folder / f"{name}.json")


def _keep(work: Path, folder: Path, name: str) -> None:
    """Move a finished stream out of the work folder."""
    for file in person_files(name):
        (work / file).replace(folder / file)
    seal(folder / f"{name}.json", [folder / file for file in person_files(name)])


def _join(folder: Path, name: str, parts: Cast) -> None:
    """Write the stream of a person who is made of stretches of found people."""
    streams = {part.found: read_person(folder, _name(part.found)) for part in parts}
    with _work_folder(folder) as work:
        join_streams(work, name, [(streams[part.found], part) for part in parts])
        _keep(work, folder, name)


@contextmanager
def _work_folder(folder: Path) -> Iterator[Path]:
    """A folder for files that are not finished, gone afterwards.

    Raises:
        OutputError: also for an `OSError` of the block.
    """
    work = folder / f"{WORK_PREFIX}{secrets.token_hex(4)}"
    try:
        work.mkdir()
        yield work
    except OSError as error:
        raise output_error(work, error) from error
    finally:
        shutil.rmtree(work, ignore_errors=True)


@dataclass(frozen=True)
class _SeenTrack:
    """A finished track: where its rows are, and what is needed to tell whose it is."""

    rows: Path
    face: FaceTrack
    appearance: Appearance
    portrait_png: bytes
    portrait_quality: float


class _OpenTrack:
    """What is gathered while a face is being followed; boxes in displayed pixels."""

    def __init__(self, rows: Path) -> None:
        self.recorder = TrackRecorder(rows)
        self.portraits = PortraitKeeper()
        self.times = array("d")
        self.boxes = array("f")

    def add(self, sample: Sample, rgb: NDArray[np.uint8], scale: float) -> None:
        self.recorder.add(sample.time_s, rgb, sample.points_px, scale)
        self.portraits.offer(sample.time_s, rgb, sample.points_px, sample.spread)
        self.times.append(sample.time_s)
        self.boxes.extend(box_of_points(sample.points_px) / scale)

    def finish(self, ended: EndedTrack, shot: int, width: int, height: int) -> _SeenTrack | None:
        """Close the track; None when it was no face, or nobody could be recognised in it.

        Args:
            ended: what the tracker says about it.
            shot: number of its shot.
            width, height: of the displayed picture, in pixels.
        """
        count = int(np.searchsorted(np.asarray(self.times), ended.end_s + 1e-6, "right"))
        portraits = self.portraits.best_until(ended.end_s)
        vectors = describe(portraits) if ended.is_face and count else np.zeros((0, 128))
        if len(vectors) == 0:
            self.recorder.discard()
            return None
        times = np.asarray(self.times[:count], np.float64)
        boxes = _smooth(np.asarray(self.boxes[: 4 * count], np.float32).reshape(count, 4))
        shown = np.clip(boxes, 0.0, np.asarray([width, height, width, height], np.float32))
        left, top, right, bottom = (float(v) for v in np.median(shown, 0))
        face = FaceTrack(float(times[0]), float(times[-1]), (left, top, right, bottom), times, shown)
        appearance = Appearance(face.start_s, face.end_s, vectors, shot, boxes[0], boxes[-1])
        best = portraits[0]
        _, png = cv2.imencode(".png", thumbnail(best))
        return _SeenTrack(self.recorder.finish(), face, appearance, png.tobytes(), best.quality)


def _smooth(boxes_px: FloatArray) -> FloatArray:
    """Take the tremble out of boxes, (n, 4): a mean over five frames, shorter at the ends."""
    kernel = np.array([1.0, 2.0, 3.0, 2.0, 1.0]) / 9.0
    padded = np.pad(boxes_px, ((2, 2), (0, 0)), "edge")
    return np.stack([np.convolve(padded[:, k], kernel, "valid") for k in range(4)], 1).astype(np.float32)


class _Analyser:
    """One run over one video."""

    def __init__(
        self, media: MediaInfo, key: str, work: Path, on_progress: ProgressCallback, cancel: CancelToken
    ) -> None:
        self._media = media
        self._key = key
        self._work = work
        self._on_progress = on_progress
        self._cancel = cancel
        self._detect: FaceDetector = find_faces_in_frame
        self._open: dict[int, _OpenTrack] = {}
        self._seen: list[_SeenTrack] = []
        self._cuts_s: list[float] = []

    def run(self) -> FaceAnalysis:
        """The analysis; the lip streams lie in the work folder."""
        self._watch()
        self._report(_DECODE_SHARE)
        groups = same_person_groups([track.appearance for track in self._seen])
        people = self._people([[self._seen[k] for k in group] for group in groups])
        return FaceAnalysis(self._media, people, tuple(self._cuts_s), self._key)

    def _watch(self) -> None:
        """Go through the frames; afterwards all tracks are in `_seen`."""
        video = self._media.video
        assert video is not None
        every_s = 1.0 / RATE_HZ if video.avg_fps > FAST_FPS else None
        frames = read_frames(self._media.path, max_width=MAX_WIDTH_PX, every_s=every_s, cancel=self._cancel)
        tracker, schedule = Tracker(), LookSchedule()
        was_lost = False
        last_s, watch = float("-inf"), speed.Watch()
        for frame, is_cut in mark_cuts(frames, lambda item: item.rgb, lambda item: item.time_s):
            self._cancel.checkpoint()
            if frame.time_s <= last_s:  # a damaged file may repeat a time
                continue
            last_s = frame.time_s
            if is_cut:
                self._end(tracker.finish())
                self._cuts_s.append(frame.time_s)
            look, deep = schedule.due(frame.time_s, is_cut=is_cut, is_searching=was_lost or tracker.alive == 0)
            found = self._detect(frame.rgb, deep=deep) if look else None
            step = tracker.step(frame.time_s, frame.rgb, found)
            for track_id, sample in step.samples:
                if track_id not in self._open:
                    self._open[track_id] = _OpenTrack(self._work / f"track{track_id}.rows")
                self._open[track_id].add(sample, frame.rgb, frame.scale)
            self._end(step.ended)
            was_lost = bool(step.ended) or (was_lost and not deep)
            self._report(_DECODE_SHARE * frame.time_s / max(self._media.duration_s, 1e-3))
            watch.add(1 / speed.PICTURES)
        self._end(tracker.finish())
        watch.keep(speed.FACES, "cpu")

    def _end(self, ended: Sequence[EndedTrack]) -> None:
        video = self._media.video
        assert video is not None
        for track in ended:
            open_track = self._open.pop(track.track_id, None)
            shot = len(self._cuts_s)
            seen = open_track.finish(track, shot, video.width, video.height) if open_track else None
            if seen is not None:
                self._seen.append(seen)

    def _report(self, share: float) -> None:
        self._on_progress(Progress(_STAGE, min(share, _DECODE_SHARE), 1.0))

    def _people(self, groups: Sequence[Sequence[_SeenTrack]]) -> tuple[Person, ...]:
        usable = [group for group in groups if _is_somebody(group)]
        envelope = self._envelope() if usable else None
        people = [self._person(k, group, envelope) for k, group in enumerate(usable)]
        order = sorted(range(len(people)), key=lambda k: _prominence(people[k]))
        ranked = []
        for person_id, k in enumerate(order, 1):
            for old, new in zip(person_files(f"group{k}"), person_files(_name(person_id)), strict=True):
                (self._work / old).replace(self._work / new)
            ranked.append(replace(people[k], id=person_id, label=f"Person {person_id}"))
        return tuple(ranked)

    def _envelope(self) -> FloatArray | None:
        """Loudness of the sound at 25 Hz; None where there is no sound, which is no reason to fail here."""
        if not self._media.audio:
            return None
        try:
            sound = decode_audio(self._media.path, cancel=self._cancel)
        except (NoSoundError, InputError):
            return None
        return speech_envelope(sound, row_count(self._media.duration_s))

    def _person(self, number: int, group: Sequence[_SeenTrack], envelope: FloatArray | None) -> Person:
        """One person with id 0; the lip stream is written as "group<number>"."""
        self._cancel.checkpoint()
        tracks = sorted(group, key=lambda track: track.face.start_s)
        rows = (read_rows(track.rows, track.face.end_s) for track in tracks)
        lips = write_person(self._work, f"group{number}", rows, row_count(self._media.duration_s))
        motion = mouth_motion(lips)
        score = speaking_score(motion, lips.visible, envelope)
        best = max(tracks, key=lambda track: track.portrait_quality)
        picture = cv2.imdecode(np.frombuffer(best.portrait_png, np.uint8), cv2.IMREAD_COLOR)
        seconds = int(np.ceil(self._media.duration_s))
        return Person(
            id=0,
            label="",
            visible_s=float(lips.visible.sum()) / RATE_HZ,
            speaking_s=float(score.sum()) / RATE_HZ,
            av_offset_ms=None if envelope is None else sound_delay_ms(motion, lips.visible, envelope),
            tracks=tuple(track.face for track in tracks),
            thumbnail_rgb=np.asarray(picture, np.uint8),
            visible=per_second(lips.visible, seconds),
            speaking=per_second(score, seconds),
        )


def _prominence(person: Person) -> tuple[float, float, float]:
    """Sort key: most visible first, equals from left to right, then by first appearance."""
    first = person.tracks[0]
    return -round(person.visible_s, 1), first.box_px[0], first.start_s


def _is_somebody(group: Sequence[_SeenTrack]) -> bool:
    """Whether these tracks together are long and large enough to be a person."""
    visible_s = sum(track.face.end_s - track.face.start_s for track in group)
    heights = np.concatenate([track.face.boxes_px[:, 3] - track.face.boxes_px[:, 1] for track in group])
    return visible_s >= SHORTEST_VISIBLE_S and float(np.median(heights)) >= SMALLEST_FACE_PX
