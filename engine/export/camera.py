"""Where a camera would look that films one person: calm, on the face, cutting where the film cuts."""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d, median_filter

from engine.types import CloseUpShape, FaceTrack

Curve = NDArray[np.float64]

ASPECTS: dict[CloseUpShape, float] = {"16:9": 16 / 9, "1:1": 1.0, "9:16": 9 / 16}
# How many faces are as high as the picture, so that head and shoulders are in it.
FACES_HIGH: dict[CloseUpShape, float] = {"16:9": 2.6, "1:1": 2.8, "9:16": 3.9}
LEAST_FACES_WIDE = 1.45  # so that ears and hair are in it, even where that is more than the picture is high
FACE_HEIGHT = 0.46  # where the face's centre is, from the top: shoulders take more room than hair
STEP_S = 0.04
HOLD_S = 1.5  # a face that is hidden for less is waited for
EASE_S = 0.3
ZOOM_S = 0.6
MARGIN_S = 2 * EASE_S
# A move of so many face sizes, times the seconds that it lasts, is not followed.
STILL_FACES_S = 0.3
FARTHEST_FACES = 0.3


@dataclass(frozen=True)
class View:
    """What is filmed at a moment, in square displayed pixels of the film; it may reach beyond the picture.

    Attributes:
        left, top, width, height: the stretch of the picture.
        face_x, face_y, face_px: where the face is and how large, smoothed like the view.
        closeness: 1 on the face, 0 on the whole picture, between them on the way.
    """

    left: float
    top: float
    width: float
    height: float
    face_x: float
    face_y: float
    face_px: float
    closeness: float


@dataclass(frozen=True)
class _Path:
    times_s: Curve
    x: Curve
    y: Curve
    size: Curve
    closeness: Curve


class Camera:
    """Films one person of a video. One shot at a time is worked out, so that nothing grows with the length.

    Within a shot the camera rests while the face stays near, moves softly and without delay when it goes elsewhere,
    and never loses it from the middle, but at the edges of the picture, which a close-up does not leave, unless the
    face is too large for a part of the picture in this shape. A face that
    is hidden for less than 1.5 s is waited for. Longer than that, and in shots without the face, it shows the whole
    picture: what stood where the face was would be cut at random, and the whole tells who is seen instead.

    Args:
        tracks: where the person's face is.
        cuts_s: when shots begin.
        size_px: width and height of the film as displayed.
        pixel_aspect: width of a displayed pixel over its height.
        least_px: how high a close-up is at least, where faces are too small to be enlarged further.
    """

    def __init__(
        self,
        tracks: tuple[FaceTrack, ...],
        cuts_s: tuple[float, ...],
        duration_s: float,
        size_px: tuple[int, int],
        shape: CloseUpShape,
        *,
        pixel_aspect: float = 1.0,
        least_px: float = 0.0,
    ) -> None:
        self._tracks = tuple(sorted((track for track in tracks if len(track.times_s)), key=lambda track: track.start_s))
        self.cuts_s = tuple(sorted(cut_s for cut_s in cuts_s if 0 < cut_s < duration_s))
        self._duration_s = duration_s
        self._width, self._height = size_px[0] * pixel_aspect, float(size_px[1])
        self._pixel_aspect = pixel_aspect
        self._aspect = ASPECTS[shape]
        self._faces_high = FACES_HIGH[shape]
        self._least_px = least_px
        self._shot = -1
        self._path: _Path | None = None

    def view_at(self, time_s: float, *, shot: int | None = None) -> View:
        """What to film at a time.

        Args:
            shot: counts the shots, for a picture that belongs to the shot after a cut whose time is a little late;
                None tells it by the time.
        """
        shot = bisect_right(self.cuts_s, time_s + 1e-6) if shot is None else shot
        if shot != self._shot:
            self._shot, self._path = shot, self._film(shot)
        path = self._path
        if path is None:
            return self._view(self._width / 2, self._height / 2, 1.0, 0.0)
        x, y, size, closeness = (
            float(np.interp(time_s, path.times_s, curve)) for curve in (path.x, path.y, path.size, path.closeness)
        )
        return self._view(x, y, size, closeness)

    def usual_height(self) -> float:
        """How high a close-up usually is, in pixels, before `least_px`; the whole picture where no face is seen."""
        sizes = [float(np.median(_sizes(track, self._pixel_aspect))) for track in self._tracks]
        return self._close_height(float(np.median(sizes))) if sizes else self._height

    def _close_height(self, size: float) -> float:
        """How high a close-up of a face of this size is: within the picture, unless that would cut the head."""
        inside = min(self._height, self._width / self._aspect)
        return min(max(size * self._faces_high, self._least_px), max(inside, LEAST_FACES_WIDE * size / self._aspect))

    def _view(self, x: float, y: float, size: float, closeness: float) -> View:
        close = self._close_height(size)
        whole = max(self._height, self._width / self._aspect)
        height = math.exp(closeness * math.log(close) + (1 - closeness) * math.log(whole))
        width = height * self._aspect
        middle_x = closeness * x + (1 - closeness) * self._width / 2
        middle_y = closeness * (y + (0.5 - FACE_HEIGHT) * close) + (1 - closeness) * self._height / 2
        left = _inside(middle_x - width / 2, width, self._width)
        top = _inside(middle_y - height / 2, height, self._height)
        return View(left, top, width, height, x, y, size, closeness)

    def _film(self, shot: int) -> _Path | None:
        """The path through one shot; None where the face is not in it."""
        bounds = (0.0, *self.cuts_s, self._duration_s)
        start_s, end_s = bounds[shot], bounds[shot + 1]
        inside = [track for track in self._tracks if track.start_s < end_s - 1e-6 and track.end_s > start_s + 1e-6]
        parts = [(track.times_s >= start_s - 1e-6) & (track.times_s < end_s - 1e-6) for track in inside]
        if not any(part.any() for part in parts):
            return None
        both = list(zip(inside, parts, strict=True))
        seen_s = np.concatenate([track.times_s[part] for track, part in both])
        boxes = np.concatenate([track.boxes_px[part] for track, part in both]).astype(np.float64)
        sizes = np.concatenate([_sizes(track, self._pixel_aspect)[part] for track, part in both])
        usual = max(1.0, float(np.median(sizes)))
        times_s = np.linspace(start_s, end_s, max(2, math.ceil((end_s - start_s) / STEP_S) + 1))
        x = np.interp(times_s, seen_s, (boxes[:, 0] + boxes[:, 2]) / 2 * self._pixel_aspect)
        y = np.interp(times_s, seen_s, (boxes[:, 1] + boxes[:, 3]) / 2)
        zoom = np.log(np.maximum(np.interp(times_s, seen_s, sizes), 1.0))
        return _Path(
            times_s,
            _calm(x / usual) * usual,
            _calm(y / usual) * usual,
            np.exp(_smooth(resting(_clean(zoom), STILL_FACES_S / 2 / STEP_S), ZOOM_S)),
            self._closeness(times_s, inside),
        )

    def _closeness(self, times_s: Curve, tracks: list[FaceTrack]) -> Curve:
        """1 where the face is seen or is back soon, 0 where it is long away, eased between."""
        close = np.ones(len(times_s))
        start_s, end_s = float(times_s[0]), float(times_s[-1])
        left_s = start_s
        for begin_s, until_s in [*((track.start_s, track.end_s) for track in tracks), (end_s, end_s)]:
            if begin_s - left_s > HOLD_S:
                # At the ends of the shot there is a cut, so nothing has to be eased there.
                first = left_s if left_s == start_s else left_s + MARGIN_S
                last = begin_s if begin_s == end_s else begin_s - MARGIN_S
                close[(times_s >= first) & (times_s <= last)] = 0.0
            left_s = max(left_s, until_s)
        return _smooth(close, EASE_S)


def resting(values: Curve, stiffness: float) -> Curve:
    """The curve nearest to `values` that moves least: it rests, and moves where that pays.

    Minimises half the squared distance plus `stiffness` times the way that is gone. A departure whose height times its
    length in samples stays below twice the stiffness is flattened.

    Source: Condat, "A direct algorithm for 1-D total variation denoising", IEEE Signal Processing Letters 20(11), 2013.
    """
    y, last, twice = values.tolist(), len(values) - 1, 2 * stiffness
    x = [0.0] * len(y)
    first = low_end = high_end = at = 0
    low, high = y[0] - stiffness, y[0] + stiffness
    low_slack, high_slack = stiffness, -stiffness
    while True:
        if at == last:
            if low_slack < 0:
                x[first : low_end + 1] = [low] * (low_end + 1 - first)
                at = low_end = first = low_end + 1
                low, low_slack = y[at], stiffness
                high_slack = low + stiffness - high
            elif high_slack > 0:
                x[first : high_end + 1] = [high] * (high_end + 1 - first)
                at = high_end = first = high_end + 1
                high, high_slack = y[at], -stiffness
                low_slack = high - stiffness - low
            else:
                x[first:] = [low + low_slack / (at - first + 1)] * (last + 1 - first)
                return np.array(x)
            continue
        low_slack += y[at + 1] - low
        high_slack += y[at + 1] - high
        if low_slack < -stiffness:
            x[first : low_end + 1] = [low] * (low_end + 1 - first)
            at = first = low_end = high_end = low_end + 1
            low, high, low_slack, high_slack = y[at], y[at] + twice, stiffness, -stiffness
        elif high_slack > stiffness:
            x[first : high_end + 1] = [high] * (high_end + 1 - first)
            at = first = low_end = high_end = high_end + 1
            low, high, low_slack, high_slack = y[at] - twice, y[at], stiffness, -stiffness
        else:
            at += 1
            if low_slack >= stiffness:
                low_end = at
                low += (low_slack - stiffness) / (at - first + 1)
                low_slack = stiffness
            if high_slack <= -stiffness:
                high_end = at
                high += (high_slack + stiffness) / (at - first + 1)
                high_slack = -stiffness


def _calm(face: Curve) -> Curve:
    """A camera's position from a face's, both in face sizes: resting, soft, and never far away."""
    face = _clean(face)
    path = _smooth(resting(face, STILL_FACES_S / 2 / STEP_S), EASE_S)
    return _smooth(np.clip(path, face - FARTHEST_FACES, face + FARTHEST_FACES), EASE_S / 3)


def _clean(values: Curve) -> Curve:
    """Without single wrong boxes."""
    return np.asarray(median_filter(values, 5, mode="nearest"), np.float64)


def _smooth(values: Curve, sigma_s: float) -> Curve:
    """Softened alike forwards and backwards, so without delay."""
    return np.asarray(gaussian_filter1d(values, sigma_s / STEP_S, mode="nearest"), np.float64)


def _sizes(track: FaceTrack, pixel_aspect: float) -> Curve:
    boxes = track.boxes_px.astype(np.float64)
    wide, high = (boxes[:, 2] - boxes[:, 0]) * pixel_aspect, boxes[:, 3] - boxes[:, 1]
    return np.asarray(np.sqrt(np.maximum(wide, 1.0) * np.maximum(high, 1.0)), np.float64)


def _inside(start: float, length: float, room: float) -> float:
    """Where a stretch begins that is to lie within (0, room); in the middle where it is longer."""
    return (room - length) / 2 if length >= room else min(max(start, 0.0), room - length)
