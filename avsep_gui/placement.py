"""Placement: a window whose screen is gone, or became smaller, comes back to a visible place."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

LEAST_SEEN_PX = 120  # of the strip at the top by which a window is moved
STRIP_PX = 32


def visible_place(frame: QRect, screens: list[QRect]) -> QRect:
    """Where a window can be reached: as it is where its top is seen, else moved onto the first screen and cut to it.

    Args:
        frame: the window with its frame.
        screens: the room of each screen, the main one first.
    """
    strip = QRect(frame.left(), frame.top(), frame.width(), min(STRIP_PX, frame.height()))
    for room in screens:
        seen = strip.intersected(room)
        if seen.height() >= strip.height() and seen.width() >= min(LEAST_SEEN_PX, frame.width()):
            return frame
    if not screens:
        return frame
    room = screens[0]
    width, height = min(frame.width(), room.width()), min(frame.height(), room.height())
    corner = QPoint(room.left() + (room.width() - width) // 2, room.top() + (room.height() - height) // 2)
    return QRect(corner.x(), corner.y(), width, height)


def bring_back(window: QWidget) -> None:
    """Move a window to where it can be reached, if it is not."""
    if window.isMaximized() or window.isFullScreen():
        return
    main = QGuiApplication.primaryScreen()
    others = [screen for screen in QGuiApplication.screens() if screen is not main]
    rooms = [screen.availableGeometry() for screen in ([main, *others] if main is not None else others)]
    frame = window.frameGeometry()
    wanted = visible_place(frame, rooms)
    if wanted != frame:
        borders = frame.size() - window.size()
        window.resize(wanted.size() - borders)
        window.move(wanted.topLeft())
