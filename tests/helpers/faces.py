"""Drawn people for tests: one face as a picture, or a whole clip with people who come, go and speak.

The faces are found by dlib's detector from about 90 px of face width on (frames of 640 px: `width_px` >= 90), and its
68 landmarks follow the drawn mouth.

    loud = envelope(voice, 48000, 25, 100)
    people = [
        ClipPerson(LOOKS[0], (160, 150), opening=loud),
        ClipPerson(LOOKS[1], (480, 150), visible_s=((0.0, 2.0), (3.0, 4.0))),  # silent, leaves, comes back
    ]
    write_clip(folder / "clip.mp4", people, sound, duration_s=4.0)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.helpers.sample.articulation import act, envelope
from tests.helpers.sample.canvas import Canvas, Image
from tests.helpers.sample.encode import write_video
from tests.helpers.sample.look import LOOKS, Expression, Look, Pose
from tests.helpers.sample.portrait import draw_person

__all__ = ["LOOKS", "ClipPerson", "Expression", "Look", "Pose", "clip_frames", "draw_face", "envelope", "write_clip"]

_WALLS = ((216, 211, 203), (186, 196, 208), (201, 214, 196), (214, 200, 206))  # one colour per shot, blue first


def draw_face(
    width: int,
    opening: float = 0.0,
    pose: Pose | None = None,
    *,
    look: Look = LOOKS[0],
    expression: Expression | None = None,
    background: tuple[int, int, int] = (203, 211, 216),
) -> Image:
    """One person in the middle of a square picture; the face is half as wide as the picture.

    Args:
        width: side of the picture in pixels; the detector wants 180 or more.
        opening: mouth, 0 closed to 1 wide open; ignored where `expression` is given.
        background: red, green, blue.

    Returns:
        (width, width, 3) uint8 red, green, blue.

    Raises:
        ValueError: the picture is too small to draw in, or the opening is out of range.
    """
    if width < 16 or not 0.0 <= opening <= 1.0:
        raise ValueError(f"width {width} must be at least 16 and opening {opening} in 0..1.")
    pixels = np.empty((width, width, 4), np.uint8)
    pixels[:, :, :3] = background[::-1]
    with Canvas(pixels) as canvas:
        centre = (0.5 * width, 0.46 * width)
        draw_person(canvas, centre, 0.25 * width, look, pose, expression or Expression(opening=opening))
    return np.ascontiguousarray(pixels[:, :, 2::-1])


@dataclass(frozen=True)
class ClipPerson:
    """One person of a test clip.

    Attributes:
        centre_px: the point between the eyes.
        width_px: width of the face.
        opening: (n_frames,) mouth, 0 closed to 1 open; None for somebody who is silent. `envelope` makes one
            from a voice.
        visible_s: (start, end) stretches in which the person is in the picture; None for always.
        off_by_frames: the lips move this many frames after (positive) or before the given opening.
    """

    look: Look
    centre_px: tuple[float, float]
    width_px: float = 120.0
    opening: NDArray[np.float64] | None = None
    visible_s: tuple[tuple[float, float], ...] | None = None
    off_by_frames: int = 0

    def is_visible(self, time_s: float) -> bool:
        """Whether the person is in the picture at this time."""
        return self.visible_s is None or any(start <= time_s < end for start, end in self.visible_s)


def clip_frames(
    people: Sequence[ClipPerson],
    *,
    duration_s: float,
    size: tuple[int, int] = (640, 360),
    fps: Fraction = Fraction(25),
    cuts_s: Sequence[float] = (),
    seed: int = 0,
) -> Iterator[Image]:
    """The pictures of a clip, (h, w, 4) uint8 blue, green, red, unused. Frame k is at k / fps seconds.

    Args:
        cuts_s: at each of these times the wall changes its colour abruptly; who is seen in which shot is up to
            `ClipPerson.visible_s`.
        seed: of the small motions of heads and eyes.

    Raises:
        ValueError: an opening has another length than the clip has frames.
    """
    n_frames = round(duration_s * fps)
    motions = []
    for number, person in enumerate(people):
        opening = np.zeros(n_frames) if person.opening is None else person.opening
        if opening.shape != (n_frames,):
            raise ValueError(f"Person {number} has {len(opening)} mouth openings for {n_frames} frames.")
        shifted = opening[np.clip(np.arange(n_frames) - person.off_by_frames, 0, n_frames - 1)]
        motions.append(act(shifted, fps=float(fps), seed=seed * 100 + number))
    for k in range(n_frames):
        time_s = float(k / fps)
        pixels = np.empty((size[1], size[0], 4), np.uint8)
        pixels[:, :, :3] = _WALLS[sum(time_s >= cut for cut in cuts_s) % len(_WALLS)]
        with Canvas(pixels) as canvas:
            for person, motion in zip(people, motions, strict=True):
                if person.is_visible(time_s):
                    draw_person(canvas, person.centre_px, person.width_px / 2, person.look, *motion[k])
        yield pixels


def write_clip(
    path: Path,
    people: Sequence[ClipPerson],
    sound: NDArray[np.float32] | None = None,
    *,
    duration_s: float,
    size: tuple[int, int] = (640, 360),
    fps: Fraction = Fraction(25),
    sample_rate_hz: int = 48000,
    cuts_s: Sequence[float] = (),
    seed: int = 0,
) -> None:
    """Write a clip of drawn people as H.264 and AAC (mp4, mov, mkv).

    Args:
        sound: (T, channels) float32 with 1, 2 or 6 channels, or None for a clip without an audio stream.

    The other arguments are those of `clip_frames`. About 15 ms per frame and person of 120 px.
    """
    frames = clip_frames(people, duration_s=duration_s, size=size, fps=fps, cuts_s=cuts_s, seed=seed)
    write_video(path, frames, sound, size=size, fps=fps, sample_rate_hz=sample_rate_hz)
