"""Where one shot ends and the next begins."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Item = TypeVar("Item")

_SMALL = (64, 36)
_GAP_S = 0.12  # a flash is shorter than this
_BLUR = 1.5
_HISTORY = 24
_CUT = 0.28  # measured on broadcasts: cuts 0.4 to 1, everything else below 0.1


class ShotSignature:
    """What a frame looks like from far: a small blurred picture and its colours.

    Args:
        rgb: picture, (h, w, 3) uint8.
    """

    def __init__(self, rgb: Image) -> None:
        small = cv2.resize(rgb, _SMALL, interpolation=cv2.INTER_AREA)
        lab = cv2.cvtColor(small, cv2.COLOR_RGB2LAB)
        colours = cv2.calcHist([lab], [0, 1, 2], None, [8, 12, 12], [0, 256, 64, 192, 64, 192])
        self._colours = np.asarray(colours / max(1.0, float(colours.sum())), np.float32)
        blurred = np.asarray(cv2.GaussianBlur(lab, (0, 0), _BLUR), np.float32)
        self._picture = blurred
        shape = blurred[..., 0] - blurred[..., 0].mean()
        self._shape = shape / max(float(np.sqrt((shape**2).sum())), 1e-3)

    def change(self, other: ShotSignature) -> float:
        """How different two frames are: 0 the same, about 1 nothing in common.

        A change of brightness alone counts little, because structure and brightness must both differ.
        """
        moved = float(np.abs(self._picture - other._picture).mean()) / 40.0
        colours = 1.0 - float(np.minimum(self._colours, other._colours).sum())
        structure = (1.0 - float((self._shape * other._shape).sum())) / 2.0
        return min(1.0, moved) * 0.3 + colours * 0.3 + min(1.0, structure * 2.0) * 0.4


def mark_cuts(
    items: Iterable[Item],
    picture: Callable[[Item], Image],
    time_s: Callable[[Item], float],
) -> Iterator[tuple[Item, bool]]:
    """Pass frames on, each with whether a new shot begins with it.

    A change that is gone again within 0.12 s is a flash, not a cut; to tell, up to that much is looked ahead.

    Args:
        items: frames in order of time.
        picture: gives a frame's picture, (h, w, 3) uint8.
        time_s: gives a frame's time.

    Yields:
        Every item once, in order, with True where a shot begins (never for the first).
    """
    source = iter(items)
    ahead: deque[tuple[Item, ShotSignature]] = deque()
    usual: deque[float] = deque(maxlen=_HISTORY)
    before: ShotSignature | None = None
    while True:
        if not ahead:
            following = next(source, None)
            if following is None:
                return
            ahead.append((following, ShotSignature(picture(following))))
        item, now = ahead.popleft()
        is_cut = False
        if before is not None:
            change = now.change(before)
            threshold = min(0.5, max(_CUT, 4.0 * float(np.median(usual)) if usual else 0.0))
            if change > threshold:
                is_cut = True
                for later_item in source:
                    ahead.append((later_item, ShotSignature(picture(later_item))))
                    if time_s(later_item) - time_s(item) >= _GAP_S:
                        break
                if any(later.change(before) < 0.5 * change for _, later in ahead):
                    is_cut = False
            usual.append(min(change, threshold))
        if is_cut:
            usual.clear()
        # During a flash the picture from before it stays the measure.
        if before is None or is_cut or now.change(before) <= _CUT or not ahead:
            before = now
        yield item, is_cut
