"""Follow faces from frame to frame inside a shot."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.vision.detect import Detection, overlap
from engine.vision.fit import FACE_SPREAD, Fit, box_of_points, fit_face, look_closely

FloatArray = NDArray[np.float32]
Image = NDArray[np.uint8]

LOST_S = 0.6  # a face that was not confirmed for so long is gone
SHORTEST_TRACK_S = 0.5
_UNSEEN_S = 2.0  # followed by landmarks alone for longer, a face is looked at closely
_SMOOTHING = 0.3
_SURE_SPREAD = 0.03
_WORST_SPREAD = 0.1  # fits beyond this are not kept
_SEEN_SHARE = 0.35  # of the looks, for faces whose landmarks are unsteady because they are small or bent
_SAME_FACE = 0.45
_STEADY_SPREAD = 0.015  # landmarks that fit so well need no second detection


class Sample(NamedTuple):
    """A face in one frame. Positions in pixels of the frame; `spread` as in `Fit`."""

    time_s: float
    points_px: FloatArray
    spread: float


class EndedTrack(NamedTuple):
    """A track that is over; samples after `end_s` were not confirmed and do not count.

    Attributes:
        is_face: whether it lasted, was detected more than once and fitted well.
    """

    track_id: int
    start_s: float
    end_s: float
    is_face: bool


class Step(NamedTuple):
    """What one frame brought: samples by track, and the tracks that ended before or with it."""

    samples: tuple[tuple[int, Sample], ...]
    ended: tuple[EndedTrack, ...]


@dataclass
class _Track:
    track_id: int
    start_s: float
    last: Sample
    spread: float
    confirmed_s: float
    detected_s: float
    detections: int = 1
    looks: int = 1
    velocity: FloatArray = field(default_factory=lambda: np.zeros(2, np.float32))
    spreads: list[float] = field(default_factory=list)

    def predicted_box(self, time_s: float) -> FloatArray:
        box = box_of_points(self.last.points_px)
        ahead_s = min(time_s - self.last.time_s, 0.2)
        reach = 0.4 * float(box[2] - box[0])
        shift = np.clip(self.velocity * ahead_s, -reach, reach)
        return np.asarray(box + np.tile(shift, 2), np.float32)

    def accept(self, sample: Sample) -> None:
        step_s = max(sample.time_s - self.last.time_s, 1e-3)
        moved = (sample.points_px.mean(0) - self.last.points_px.mean(0)) / step_s
        self.velocity = np.asarray(0.5 * self.velocity + 0.5 * moved, np.float32)
        self.last = sample
        self.spreads.append(sample.spread)

    def end(self) -> EndedTrack:
        middle = float(np.median(self.spreads)) if self.spreads else 1.0
        lasted = self.confirmed_s - self.start_s >= SHORTEST_TRACK_S
        enough = self.detections >= 2 or middle < _STEADY_SPREAD
        seen = middle < FACE_SPREAD or (self.detections >= 3 and self.detections > _SEEN_SHARE * self.looks)
        return EndedTrack(self.track_id, self.start_s, self.confirmed_s, lasted and seen and enough)


class Tracker:
    """Joins detections and landmark fits into tracks; one call of `step` per frame, in order of time.

    Args:
        fit: fits landmarks in a box of a frame.
        look: gives the box of a frontal face near a box of a frame or None, also for faces too small for the
            usual look.
    """

    def __init__(
        self,
        fit: Callable[[Image, FloatArray], Fit] = fit_face,
        look: Callable[[Image, FloatArray], FloatArray | None] = look_closely,
    ) -> None:
        self._fit = fit
        self._look = look
        self._tracks: list[_Track] = []
        self._count = 0

    def step(self, time_s: float, rgb: Image, detections: Sequence[Detection] | None, *, is_cut: bool = False) -> Step:
        """Follow all faces into the next frame.

        Args:
            time_s: the frame's time, later than the one before.
            rgb: the frame, (h, w, 3) uint8.
            detections: what was found in this frame, or None when nobody looked.
            is_cut: a new shot begins with this frame; all tracks end before it.
        """
        ended = list(self.finish()) if is_cut else []
        samples = {track.track_id: self._follow(track, time_s, rgb) for track in self._tracks}
        if detections is not None:
            self._match(time_s, rgb, detections, samples)
        alive: list[_Track] = []
        for track in self._tracks:
            if time_s - track.confirmed_s > LOST_S or self._is_double(track):
                ended.append(track.end())
                samples.pop(track.track_id, None)
            else:
                alive.append(track)
        self._tracks = alive
        kept = tuple((track_id, sample) for track_id, sample in samples.items() if sample is not None)
        return Step(kept, tuple(ended))

    @property
    def alive(self) -> int:
        """How many faces are being followed."""
        return len(self._tracks)

    def finish(self) -> tuple[EndedTrack, ...]:
        """End all tracks."""
        ended = tuple(track.end() for track in self._tracks)
        self._tracks = []
        return ended

    def _follow(self, track: _Track, time_s: float, rgb: Image) -> Sample | None:
        box = track.predicted_box(time_s)
        if not _is_inside(box, rgb):
            return None
        points, spread = self._fit(rgb, box)
        track.spread += _SMOOTHING * (spread - track.spread)
        if spread > _WORST_SPREAD or not _is_plausible(box, box_of_points(points)):
            track.velocity = np.zeros(2, np.float32)
            return None
        sample = Sample(time_s, points, spread)
        track.accept(sample)
        limit = FACE_SPREAD if time_s - track.detected_s < _UNSEEN_S else _SURE_SPREAD
        if track.spread < limit:
            track.confirmed_s = time_s
        return sample

    def _match(
        self, time_s: float, rgb: Image, detections: Sequence[Detection], samples: dict[int, Sample | None]
    ) -> None:
        boxes = {track.track_id: track.predicted_box(time_s) for track in self._tracks}
        pairs = sorted(
            (
                (overlap(boxes[track.track_id], found.box_px), number, track)
                for track in self._tracks
                for number, found in enumerate(detections)
            ),
            key=lambda pair: -pair[0],
        )
        matched: set[int] = set()
        taken: set[int] = set()
        for shared, number, track in pairs:
            if shared < 0.25 or track.track_id in matched or number in taken:
                continue
            matched.add(track.track_id)
            taken.add(number)
            if detections[number].is_sure:
                track.looks += 1
                self._confirm(track, time_s, rgb, detections[number].box_px, shared, samples)
        for track in self._tracks:
            young = track.detections < 2
            unsure = young or track.spread > 0.6 * FACE_SPREAD or time_s - track.detected_s > _UNSEEN_S
            if track.track_id in matched or not unsure:
                continue
            track.looks += 1
            seen = self._look(rgb, boxes[track.track_id])
            if seen is not None:
                self._confirm(track, time_s, rgb, seen, overlap(boxes[track.track_id], seen), samples)
        for number, found in enumerate(detections):
            near = any(overlap(found.box_px, box) >= 0.25 for box in boxes.values())
            if number not in taken and not near:
                self._begin(time_s, rgb, found, samples)

    def _confirm(
        self,
        track: _Track,
        time_s: float,
        rgb: Image,
        box: FloatArray,
        shared: float,
        samples: dict[int, Sample | None],
    ) -> None:
        track.confirmed_s = track.detected_s = time_s
        track.detections += 1
        if samples.get(track.track_id) is None or shared < 0.5:
            points, spread = self._fit(rgb, box)
            if spread <= _WORST_SPREAD and (samples.get(track.track_id) is None or spread < track.last.spread):
                sample = Sample(time_s, points, spread)
                track.accept(sample)
                samples[track.track_id] = sample

    def _begin(self, time_s: float, rgb: Image, found: Detection, samples: dict[int, Sample | None]) -> None:
        points, spread = self._fit(rgb, found.box_px)
        if spread > (_WORST_SPREAD if found.is_sure else FACE_SPREAD):
            return
        if not found.is_sure:  # the landmarks must also hold from where they lie themselves
            points, again = self._fit(rgb, box_of_points(points))
            if again > FACE_SPREAD:
                return
        self._count += 1
        sample = Sample(time_s, points, spread)
        track = _Track(self._count, time_s, sample, min(spread, FACE_SPREAD), time_s, time_s)
        track.spreads.append(spread)
        self._tracks.append(track)
        samples[track.track_id] = sample

    def _is_double(self, track: _Track) -> bool:
        """Whether an older track follows the same face."""
        box = box_of_points(track.last.points_px)
        return any(
            other.track_id < track.track_id and overlap(box, box_of_points(other.last.points_px)) > _SAME_FACE
            for other in self._tracks
        )


def _is_inside(box: FloatArray, rgb: Image) -> bool:
    middle_x, middle_y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return bool(0 <= middle_x < rgb.shape[1] and 0 <= middle_y < rgb.shape[0] and box[2] - box[0] >= 8)


def _is_plausible(before: FloatArray, after: FloatArray) -> bool:
    """Whether a face can have come from one box to the other within a frame."""
    grown = float(after[2] - after[0]) / max(float(before[2] - before[0]), 1e-3)
    return 0.7 < grown < 1.4 and overlap(before, after) > 0.35
