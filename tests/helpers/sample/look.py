"""How a drawn person looks, holds the head and moves the face: plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

HairStyle = Literal["long", "short", "bun", "curly", "bald"]


@dataclass(frozen=True)
class Look:
    """What stays the same about a person. Colours are "#rrggbb".

    Attributes:
        jaw: width of the jaw, 0.7 (pointed) to 1.0 (square).
        length: height of the face below the eyes, 0.9 (short) to 1.1 (long).
        eye_gap: distance of the eyes from the middle, 0.9 (close) to 1.1 (wide).
        brow: thickness of the brows, 0.6 to 1.5.
        nose: width of the nose, 0.8 to 1.4.
        beard: a short beard round mouth and chin.
    """

    skin: str
    hair: str
    lips: str
    iris: str
    top: str
    hair_style: HairStyle
    jaw: float = 0.85
    length: float = 1.0
    eye_gap: float = 1.0
    brow: float = 1.0
    nose: float = 1.0
    beard: bool = False


@dataclass(frozen=True)
class Pose:
    """Where the head is turned and how far it has moved from its seat.

    Attributes:
        x, y: shift of the head, unit: half a face width, y down.
        roll_deg: tilt towards the viewer's right.
        yaw_deg: turn towards the viewer's right.
        pitch_deg: nod, downwards.
    """

    x: float = 0.0
    y: float = 0.0
    roll_deg: float = 0.0
    yaw_deg: float = 0.0
    pitch_deg: float = 0.0


@dataclass(frozen=True)
class Expression:
    """What the face does at one moment.

    Attributes:
        opening: mouth, 0 closed to 1 wide open.
        spread: mouth corners, -1 rounded ("oo") to 1 wide ("ee").
        blink: eyelids, 0 open to 1 closed.
        brow: brows, -1 lowered to 1 raised.
        gaze_x, gaze_y: where the eyes look, -1 to 1, right and down of the viewer.
    """

    opening: float = 0.0
    spread: float = 0.0
    blink: float = 0.0
    brow: float = 0.0
    gaze_x: float = 0.0
    gaze_y: float = 0.0


LOOKS: tuple[Look, ...] = (
    Look("#f0c6a8", "#5a3120", "#b5524f", "#4d7a63", "#2f7f86", "long", 0.8, 1.0, 1.08, 1.1, 0.9),
    Look("#9a6240", "#1f1a1a", "#8a4038", "#4a2c1a", "#d9a441", "short", 0.9, 1.06, 0.97, 1.15, 1.34, beard=True),
    Look("#f3cdb2", "#c98f45", "#c0605c", "#4b7fa8", "#7c5aa6", "bun", 0.97, 0.97, 0.97, 0.93, 1.3),
    Look("#80523a", "#17120f", "#7a3436", "#2d1b12", "#3f7d4f", "curly", 0.79, 1.1, 1.08, 0.65, 0.85),
    Look("#e3b08d", "#8d8a86", "#a85a52", "#5f7f8c", "#8b4238", "bald", 1.01, 0.94, 1.07, 0.79, 0.99),
)
"""People to draw who are told apart easily by eye; their identity vectors lie 0.4 to 0.7 apart."""
