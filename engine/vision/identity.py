"""Who is who: portraits of each track, and the tracks of one person joined over all shots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.media.reader import frame_at
from engine.vision.fit import box_of_points, crop_around
from engine.vision.landmarks import encode

FloatArray = NDArray[np.float32]
Image = NDArray[np.uint8]

THUMBNAIL_PX = 160
PADDING = 0.4
SAME_PERSON = 0.55
_PORTRAIT_FACE_PX = 150
_PORTRAIT_PX = round(_PORTRAIT_FACE_PX * (1 + 2 * PADDING))
_PORTRAITS = 2
_APART_S = 1.0  # two portraits of a track are taken at least so far apart
_EVERY_S = 0.3
_OVERLAP_S = 0.3  # tracks that share more time than this are two people
_NEARBY_S = 3.0
_NEARBY_BONUS = 0.12
_RIGHT_THERE_S = 1.0
_RIGHT_THERE_BONUS = 0.2


class Portrait(NamedTuple):
    """A good picture of a face.

    Attributes:
        picture_rgb: (h, w, 3) uint8, the face and up to 0.4 of its size around it.
        box_px: (4,), the detector's box in this picture.
        quality: higher is better.
        time_s: when it was taken.
    """

    picture_rgb: Image
    box_px: FloatArray
    quality: float
    time_s: float


class PortraitKeeper:
    """Keeps the best pictures of one track: sharp, seen from the front, large, eyes open."""

    def __init__(self) -> None:
        self._kept: list[Portrait] = []
        self._next_s = float("-inf")

    def offer(self, time_s: float, rgb: Image, points_px: FloatArray, spread: float) -> None:
        """Consider a frame.

        Args:
            time_s: the frame's time.
            rgb: the frame, (h, w, 3) uint8.
            points_px: (68, 2), landmarks in pixels of the frame.
            spread: as in `fit.Fit`.
        """
        if time_s < self._next_s:
            return
        self._next_s = time_s + _EVERY_S
        box = box_of_points(points_px)
        window, reach = _window(box, rgb)
        picture, scale, corner = crop_around(rgb, window, _PORTRAIT_PX / (2 * reach), _PORTRAIT_PX)
        quality = _quality(picture, points_px, scale, spread) * _shown_share(box, rgb) ** 2
        taken = Portrait(picture, np.asarray((box - np.tile(corner, 2)) * scale, np.float32), quality, time_s)
        near = [k for k, kept in enumerate(self._kept) if time_s - kept.time_s < _APART_S]
        if near:
            if quality > self._kept[near[-1]].quality:
                self._kept[near[-1]] = taken
        else:
            self._kept.append(taken)
        self._kept.sort(key=lambda kept: -kept.quality)
        if len(self._kept) > _PORTRAITS:
            self._kept = self._kept[:_PORTRAITS]
        self._kept.sort(key=lambda kept: kept.time_s)

    def best_until(self, end_s: float) -> list[Portrait]:
        """The portraits not later than `end_s`, best first; the earliest one when all are later."""
        usable = [kept for kept in self._kept if kept.time_s <= end_s + 1e-6] or self._kept[:1]
        return sorted(usable, key=lambda kept: -kept.quality)


def _window(box: FloatArray, rgb: Image) -> tuple[FloatArray, float]:
    """Where to cut a portrait so that it does not leave the frame: the box, moved, and how far around its middle."""
    size = max(float(box[2] - box[0]), 1.0)
    limits = np.asarray(rgb.shape[1::-1], np.float32)
    reach = float(np.clip(limits.min() / (2 * size), 0.5, 0.5 + PADDING))
    middle = (box[:2] + box[2:]) / 2
    low = np.full(2, reach * size)
    moved = np.clip(middle, low, np.maximum(limits - low, low))
    return np.asarray(box + np.tile(moved - middle, 2), np.float32), reach


def _shown_share(box: FloatArray, rgb: Image) -> float:
    """How much of a box lies in the frame, 0 to 1."""
    low, high = np.maximum(box[:2], 0), np.minimum(box[2:], rgb.shape[1::-1])
    return float(np.prod(np.maximum(high - low, 0)) / max(float(np.prod(box[2:] - box[:2])), 1e-3))


def _quality(picture: Image, points_px: FloatArray, scale: float, spread: float) -> float:
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    inner = grey[_PORTRAIT_PX // 4 : -_PORTRAIT_PX // 4, _PORTRAIT_PX // 4 : -_PORTRAIT_PX // 4]
    sharpness = float(np.log1p(cv2.Laplacian(inner, cv2.CV_32F).var()))
    to_sides = np.hypot(*(points_px[[0, 16]] - points_px[30]).T)
    frontal = float(to_sides.min() / max(float(to_sides.max()), 1e-3))
    eyes = points_px[36:48].reshape(2, 6, 2)  # (12, 2) -> (eye, point, xy)
    height = np.hypot(*(eyes[:, [1, 2]] - eyes[:, [5, 4]]).mean(1).T)
    width = np.hypot(*(eyes[:, 0] - eyes[:, 3]).T)
    is_open = min(1.0, float((height / np.maximum(width, 1e-3)).mean()) / 0.25)
    large = min(1.0, 1.0 / scale)
    steady = max(0.1, 1.0 - spread / 0.1)
    return sharpness * frontal * (0.3 + 0.7 * is_open) * (0.4 + 0.6 * large) * steady


def describe(portraits: Sequence[Portrait]) -> NDArray[np.float64]:
    """Identity vectors of a track's portraits, (n, 128)."""
    vectors = [encode(portrait.picture_rgb, portrait.box_px[None]) for portrait in portraits]
    return np.concatenate(vectors) if vectors else np.zeros((0, 128))


def thumbnail(portrait: Portrait) -> Image:
    """A portrait at the size of the people panel, (160, 160, 3) uint8."""
    small = cv2.resize(portrait.picture_rgb, (THUMBNAIL_PX, THUMBNAIL_PX), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)


def face_picture(path: Path, at_s: float, box_px: tuple[float, float, float, float]) -> Image:
    """A face at a moment, at the size of the people panel; see `engine.api.face_picture`."""
    rgb = frame_at(path, at_s).rgb
    window, reach = _window(np.asarray(box_px, np.float32), rgb)
    picture, _, _ = crop_around(rgb, window, THUMBNAIL_PX / (2 * reach), THUMBNAIL_PX)
    return picture


@dataclass(frozen=True)
class Appearance:
    """What is known of a track when people are told apart.

    Attributes:
        vectors: (n, 128) identity vectors, n >= 1.
        shot: number of the shot it lies in.
        first_box_px, last_box_px: (4,), where it begins and ends.
    """

    start_s: float
    end_s: float
    vectors: NDArray[np.float64]
    shot: int
    first_box_px: FloatArray
    last_box_px: FloatArray


def same_person_groups(tracks: Sequence[Appearance], threshold: float = SAME_PERSON) -> list[list[int]]:
    """Join tracks into people: average-linkage clustering, where tracks seen at the same time never meet.

    Args:
        tracks: in any order.
        threshold: largest mean distance of identity vectors inside a person.

    Returns:
        Indices into `tracks`, one list per person, each in order; every track is in exactly one.
    """
    groups: list[list[int]] = [[k] for k in range(len(tracks))]
    if len(tracks) < 2:
        return groups
    distance = _distances(tracks)
    sizes = np.ones(len(tracks))
    nearest = distance.argmin(1)
    while True:
        closest = distance[np.arange(len(tracks)), nearest]
        first = int(closest.argmin())
        second = int(nearest[first])
        if closest[first] > threshold:
            break
        share = sizes[first] / (sizes[first] + sizes[second])
        merged = share * distance[first] + (1 - share) * distance[second]
        merged[[first, second]] = np.inf
        distance[first], distance[:, first] = merged, merged
        distance[second], distance[:, second] = np.inf, np.inf
        sizes[first] += sizes[second]
        groups[first] += groups[second]
        groups[second] = []
        stale = np.flatnonzero((nearest == first) | (nearest == second))
        nearest[stale] = distance[stale].argmin(1)
        nearest[first] = merged.argmin()
        # Average linkage never brings two groups closer than the closer of the two was, but ties may.
        nearer = distance[:, first] < distance[np.arange(len(tracks)), nearest]
        nearest[nearer] = first
    return [sorted(group) for group in groups if group]


def _distances(tracks: Sequence[Appearance]) -> NDArray[np.float64]:
    """Distance of every two tracks, infinite where they cannot be one person, (n, n)."""
    count = len(tracks)
    distance = np.full((count, count), np.inf)
    starts = np.asarray([track.start_s for track in tracks])
    ends = np.asarray([track.end_s for track in tracks])
    stacked = np.concatenate([track.vectors for track in tracks])
    owner = np.repeat(np.arange(count), [len(track.vectors) for track in tracks])
    first_row = np.searchsorted(owner, np.arange(count))
    for k, track in enumerate(tracks):
        pairs = np.sqrt(((track.vectors[:, None] - stacked[None]) ** 2).sum(-1))  # (n_k, all)
        totals = np.add.reduceat(pairs, first_row, axis=1).sum(0)
        counts = np.diff(np.append(first_row, len(stacked))) * len(track.vectors)
        least = np.minimum.reduceat(pairs, first_row, axis=1).min(0)
        distance[k] = 0.5 * (totals / counts + least)
        together = np.minimum(ends, track.end_s) - np.maximum(starts, track.start_s) > _OVERLAP_S
        distance[k, together] = np.inf
        distance[k, k] = np.inf
    for k, track in enumerate(tracks):
        soon = (starts > track.end_s - _OVERLAP_S) & (starts < track.end_s + _NEARBY_S)
        for other in map(int, np.flatnonzero(soon)):
            if other != k and tracks[other].shot == track.shot:
                closer = max(0.0, distance[k, other] - _place_bonus(track, tracks[other]))
                distance[k, other] = distance[other, k] = closer
    return distance


def _place_bonus(before: Appearance, after: Appearance) -> float:
    """How much the place speaks for one person, when a face is found again after it was lost."""
    first, second = before.last_box_px, after.first_box_px
    size = max(float(first[2] - first[0]), 1e-3)
    if not 0.6 < float(second[2] - second[0]) / size < 1.67:
        return 0.0
    gap_s = max(0.0, after.start_s - before.end_s)
    moved = float(np.hypot(*((first[:2] + first[2:]) / 2 - (second[:2] + second[2:]) / 2))) / size
    if gap_s < _RIGHT_THERE_S and moved < 0.6:
        return _RIGHT_THERE_BONUS
    return _NEARBY_BONUS if moved < 1.0 + min(gap_s, 1.0) else 0.0
