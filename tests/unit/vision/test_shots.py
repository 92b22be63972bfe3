from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from engine.vision.shots import ShotSignature, mark_cuts

Image = NDArray[np.uint8]


def scene(seed: int, colour: tuple[int, int, int]) -> Image:
    """A picture with large shapes, different for each seed."""
    random = np.random.default_rng(seed)
    picture = np.full((180, 320, 3), colour, np.uint8)
    for _ in range(12):
        x, y, r = int(random.integers(320)), int(random.integers(180)), int(random.integers(15, 50))
        cv2.circle(picture, (x, y), r, [int(v) for v in random.integers(0, 255, 3)], -1)
    return picture


def cuts(frames: list[Image], fps: float = 25.0) -> list[int]:
    items = list(enumerate(frames))
    marked = list(mark_cuts(items, lambda item: item[1], lambda item: item[0] / fps))
    assert [item[0] for item, _ in marked] == list(range(len(frames)))
    return [item[0] for item, is_cut in marked if is_cut]


def shaken(picture: Image, k: int) -> Image:
    return np.roll(picture, (k % 3, 2 * k % 5), (0, 1))


def test_a_cut_is_found_at_its_frame() -> None:
    one, two = scene(1, (40, 60, 90)), scene(2, (120, 110, 60))
    assert cuts([shaken(one, k) for k in range(20)] + [shaken(two, k) for k in range(20)]) == [20]


def test_cuts_in_quick_succession_are_all_found() -> None:
    shots = [scene(seed, (30 * seed, 90, 255 - 30 * seed)) for seed in range(4)]
    assert cuts([shot for shot in shots for _ in range(10)]) == [10, 20, 30]


@pytest.mark.parametrize("flash_frames", [1, 2])
def test_a_flash_is_no_cut(flash_frames: int) -> None:
    picture = scene(3, (50, 50, 50))
    white = np.full_like(picture, 250)
    frames = [picture] * 12 + [white] * flash_frames + [picture] * 12
    assert cuts(frames) == []


def test_a_cut_right_after_a_flash_is_found() -> None:
    one, two = scene(4, (50, 50, 50)), scene(5, (140, 90, 30))
    white = np.full_like(one, 250)
    found = cuts([one] * 12 + [white] + [two] * 12)
    assert found in ([12], [13], [12, 13])  # the flash may belong to either shot


def test_a_pan_and_a_fade_of_light_are_no_cuts() -> None:
    wide = np.concatenate([scene(6, (70, 60, 90)), scene(7, (70, 60, 90))], 1)
    pan = [np.ascontiguousarray(wide[:, 6 * k : 6 * k + 320]) for k in range(50)]
    assert cuts(pan) == []
    dimmed = [(scene(8, (120, 100, 90)) * (1.0 - 0.03 * k)).astype(np.uint8) for k in range(25)]
    assert cuts(dimmed) == []


def test_brightness_counts_less_than_content() -> None:
    picture, other = scene(9, (90, 90, 90)), scene(10, (60, 120, 60))
    brighter = np.clip(picture.astype(float) * 1.3, 0, 255).astype(np.uint8)
    same, light, cut = (ShotSignature(picture).change(ShotSignature(x)) for x in (picture, brighter, other))
    assert same == pytest.approx(0.0, abs=1e-6)
    assert light < 0.5 * cut


def test_no_frames_give_nothing() -> None:
    assert cuts([]) == []
