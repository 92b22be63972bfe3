"""One file of a corpus: its sound, its lips and its face, or why it cannot be used."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from numpy.typing import NDArray

from engine.data.attributes import ATTRIBUTES, portraits_of, vector_of
from engine.data.pictures import MOUTH_PICTURE_PX, Pictures, face_pictures
from engine.errors import InputError, NoFaceError, NoSoundError
from engine.jobs import CancelToken
from engine.media.reader import Frame, probe, read_frames
from engine.media.sound import to_float
from engine.media.source import decode, heads, open_media, packets
from engine.vision import landmarks
from engine.vision.lips import LANDMARK_FEATURES, MOUTH_PX, RATE_HZ, landmark_features, mouth_crop

SAMPLE_RATE_HZ = 16_000
_SHORTEST_S = 0.5
_SILENCE = 50  # of 32767: no sample is louder
_LOWEST_SOUND_RATE_HZ = 8_000
_LOWEST_PICTURE_RATE_HZ = 10.0
_FAST_FPS = 45.0  # above it, pictures are thinned to 25 a second
_MAX_WIDTH_PX = 640
_LOOK_S = 5 / RATE_HZ  # from one search for the face to the next
_WAITING = 50  # pictures kept until the next face is found; those before stay without landmarks
_RIVAL = 0.6  # a second face of this share of the first one's width may be the talker
_RIVAL_SHARE = 1 / 3  # of the looks with a rival that a clip may have


@dataclass(frozen=True)
class Source:
    """A file to take in, and what is known of it.

    Attributes:
        name: how the pack calls it, its path below the corpora's folder.
        split: "train", "val" or "test"; "" where it is still to be drawn.
        has_face: whether its picture is used.
    """

    path: Path
    name: str
    corpus: str
    speaker: str
    split: str
    has_face: bool


@dataclass(frozen=True)
class Rejected:
    """A file that was left out, and why."""

    path: Path
    why: str


class Taken(NamedTuple):
    """What a pack keeps of a file.

    Attributes:
        audio: (n,) int16, 16 kHz mono, from the file's t = 0.
        lips: (M, 240) float16, features at 25 Hz from t = 0; M = 0 without a face.
        mouths: (M, 32, 32) uint8.
        attributes: (128,) float16, the face vector; zeros without a face.
        pictures: of mouth and face; None without a face, or where they were not asked for.
    """

    audio: NDArray[np.int16]
    lips: NDArray[np.float16]
    mouths: NDArray[np.uint8]
    attributes: NDArray[np.float16]
    pictures: Pictures | None = None


class Followed(NamedTuple):
    """A face, frame by frame on the 25 Hz clock of its file; row k is at k / 25 s.

    Attributes:
        points: (M, 68, 2) float32 in pixels of the pictures.
        mouths: (M, 32, 32) uint8. pictures: (M, 96, 96) uint8, the same mouths; M = 0 where not asked for.
    """

    points: NDArray[np.float32]
    mouths: NDArray[np.uint8]
    pictures: NDArray[np.uint8]


def take_in(source: Source, cancel: CancelToken | None = None, *, with_pictures: bool = False) -> Taken | Rejected:
    """What a pack keeps of one file, or why the file is left out.

    Args:
        with_pictures: also keep pictures of mouth and face, where it has a face.

    Raises:
        ModelError: the face models are missing. JobCancelled: asked for through `cancel`.
    """
    cancel = cancel or CancelToken()
    try:
        audio = _sound(source.path, cancel)
        if not source.has_face:
            empty = np.zeros((0, LANDMARK_FEATURES), np.float16), np.zeros((0, MOUTH_PX, MOUTH_PX), np.uint8)
            return Taken(audio, *empty, np.zeros(ATTRIBUTES, np.float16))
        face = follow_face(_pictures(source.path, cancel), with_pictures=with_pictures)
        lips = landmark_features(face.points).astype(np.float16)
        if len(lips) < _SHORTEST_S * RATE_HZ:
            raise InputError(f"Its picture lasts {len(lips) / RATE_HZ:.2f} s.", f"Use {_SHORTEST_S} s or more.")
        if not np.isfinite(lips).all():
            raise InputError("Its landmarks are not finite numbers.", "Use another clip.")
        portraits = portraits_of(source.path, len(lips) / RATE_HZ, cancel)
        kept = Pictures(face.pictures, face_pictures(portraits)) if with_pictures else None
        return Taken(audio, lips, face.mouths, vector_of(portraits), kept)
    except InputError as error:
        return Rejected(source.path, error.message)
    except (OSError, ValueError, MemoryError, av.error.FFmpegError) as error:
        return Rejected(source.path, f"It cannot be read ({type(error).__name__}: {error}).")


def _sound(path: Path, cancel: CancelToken) -> NDArray[np.int16]:
    """The first sound stream from the file's t = 0, (n,) int16 at 16 kHz, mono.

    Raises:
        InputError: no sound, silent, shorter than half a second, not finite, or of too low a rate.
    """
    begin = heads(path)
    if not begin.sound:
        raise NoSoundError("It has no sound.", "Use clips with sound.")
    index, head = next(iter(begin.sound.items()))
    if head.sample_rate_hz < _LOWEST_SOUND_RATE_HZ:
        raise InputError(
            f"Its sound has {head.sample_rate_hz} Hz.", f"Use sound of {_LOWEST_SOUND_RATE_HZ} Hz and more."
        )
    late = max(0, round((head.start_s - begin.zero_s) * SAMPLE_RATE_HZ))
    parts = [np.zeros(late, np.int16)]
    resampler = AudioResampler("s16", "mono", SAMPLE_RATE_HZ)
    with open_media(path) as container:
        for packet in packets(container, path, container.streams[index]):
            cancel.checkpoint()
            for frame in decode(packet):
                if not isinstance(frame, AudioFrame):
                    continue
                if not np.isfinite(to_float(frame)).all():
                    raise InputError("Its sound holds values that are not finite numbers.", "Repair or drop the file.")
                parts += [part.to_ndarray()[0] for part in resampler.resample(frame)]
    parts += [part.to_ndarray()[0] for part in resampler.resample(None)]
    audio = np.concatenate(parts)
    if len(audio) < _SHORTEST_S * SAMPLE_RATE_HZ:
        raise InputError(f"Its sound lasts {len(audio) / SAMPLE_RATE_HZ:.2f} s.", f"Use {_SHORTEST_S} s or more.")
    if not np.any((audio > _SILENCE) | (audio < -_SILENCE)):
        raise InputError("It is silent.", "Use clips with speech.")
    return audio


def _pictures(path: Path, cancel: CancelToken) -> Iterable[Frame]:
    video = probe(path).video
    rate_hz = _LOWEST_PICTURE_RATE_HZ if video is None or not video.avg_fps else video.avg_fps
    if rate_hz < _LOWEST_PICTURE_RATE_HZ:
        raise InputError(f"It has {rate_hz:.3g} pictures a second.", f"Use {_LOWEST_PICTURE_RATE_HZ:g} and more.")
    every_s = 1 / RATE_HZ if rate_hz > _FAST_FPS else None
    return read_frames(path, max_width=_MAX_WIDTH_PX, every_s=every_s, cancel=cancel)


def follow_face(frames: Iterable[Frame], *, with_pictures: bool = False) -> Followed:
    """Landmarks and mouths of a close-up with one face, on the 25 Hz clock of the file.

    Landmarks between two pictures are interpolated by time, the mouth is that of the nearer picture; before the
    first and after the last one they are held. Only what is returned grows in memory.

    Args:
        frames: the pictures, in order of time.
        with_pictures: cut the mouths at 96 pixels too.

    Raises:
        NoFaceError: no face in more than a third of the pictures looked at.
        InputError: a second face of similar size in more than a third of them.
    """
    follower = _Follower((MOUTH_PX, MOUTH_PICTURE_PX) if with_pictures else (MOUTH_PX,))
    for frame in frames:
        follower.add(frame)
    return follower.finish()


class _Follower:
    """Gathers what `follow_face` gives; the mouths at each of `sizes_px`."""

    def __init__(self, sizes_px: Sequence[int]) -> None:
        self._sizes_px = sizes_px
        self._times: list[float] = []
        self._points: list[NDArray[np.float32]] = []
        self._mouths: list[list[NDArray[np.uint8]]] = [[] for _ in sizes_px]
        self._waiting: list[Frame] = []
        self._known: tuple[float, NDArray[np.float32]] | None = None  # when and where the face was last found
        self._next_look_s = float("-inf")
        self._last_s = float("-inf")
        self._looks = self._found = self._rivals = 0

    def add(self, frame: Frame) -> None:
        if frame.time_s <= self._last_s:  # a damaged file may repeat a time
            return
        self._last_s = frame.time_s
        self._waiting.append(frame)
        if frame.time_s >= self._next_look_s - 1e-3:
            self._next_look_s = frame.time_s + _LOOK_S
            self._look(frame)
        if len(self._waiting) > _WAITING:
            del self._waiting[0]

    def finish(self) -> Followed:
        if self._waiting:
            self._look(self._waiting[-1])
        if self._known is not None:
            self._settle(self._waiting, self._known[1], self._known)
        if self._found * 3 < self._looks * 2 or not self._times:
            raise NoFaceError(
                f"A face was found in {self._found} of {self._looks} pictures looked at.", "Use a close-up of one face."
            )
        if self._rivals > _RIVAL_SHARE * self._looks:
            raise InputError(
                f"Two faces of similar size in {self._rivals} of {self._looks} pictures looked at.",
                "Use clips that show the talker alone.",
            )
        times = np.asarray(self._times)
        clock = np.arange(int(np.floor(self._last_s * RATE_HZ + 1e-2)) + 1) / RATE_HZ
        after = np.clip(np.searchsorted(times, clock), 1, max(len(times) - 1, 1)) if len(times) > 1 else 0
        before = np.maximum(np.asarray(after) - 1, 0)
        share = np.clip((clock - times[before]) / np.maximum(times[after] - times[before], 1e-6), 0, 1)
        points = np.asarray(self._points)
        weight = share.astype(np.float32)[:, None, None]
        nearer = np.where(share >= 0.5, after, before)
        mouths = [np.stack([cut[row] for row in nearer]) for cut in self._mouths]
        large = mouths[1] if len(mouths) > 1 else np.zeros((0, MOUTH_PICTURE_PX, MOUTH_PICTURE_PX), np.uint8)
        return Followed(points[before] * (1 - weight) + points[after] * weight, mouths[0], large)

    def _look(self, frame: Frame) -> None:
        """Search for the face; where it is found, the pictures that wait for it get their landmarks."""
        self._looks += 1
        found = landmarks.find_boxes(frame.rgb)
        if len(found) == 0:
            found = landmarks.find_boxes(frame.rgb, upsample=1)
        if len(found) == 0:
            return
        self._found += 1
        widths = np.sort(found[:, 2] - found[:, 0])
        self._rivals += int(len(widths) > 1 and widths[-2] >= _RIVAL * widths[-1])
        box = found[np.argmax(found[:, 2] - found[:, 0])]
        self._settle(self._waiting, box, self._known or (frame.time_s, box))
        self._waiting = []
        self._known = frame.time_s, box

    def _settle(self, frames: list[Frame], box: NDArray[np.float32], known: tuple[float, NDArray[np.float32]]) -> None:
        """Fit landmarks in pictures between the last known place of the face and `box`, in the last of them."""
        for frame in frames:
            span_s = frames[-1].time_s - known[0]
            share = 1.0 if span_s <= 0 else (frame.time_s - known[0]) / span_s
            between = known[1] + (box - known[1]) * share
            points = landmarks.shape_68(frame.rgb, between[None].astype(np.float32))[0]
            self._times.append(frame.time_s)
            self._points.append(points)
            for size_px, cut in zip(self._sizes_px, self._mouths, strict=True):
                cut.append(mouth_crop(frame.rgb, points, size_px))
