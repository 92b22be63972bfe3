"""Notices: the one door for messages to the user, as bars over the work, never as dialogs."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Literal

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QPoint, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from avsep_gui.announce import announce
from avsep_gui.engine_words import in_words
from avsep_gui.icons import pixmap
from avsep_gui.look import Look
from avsep_gui.views.removal import remove_widget
from engine.errors import EngineError

Level = Literal["info", "good", "warning", "error"]
ICONS: dict[Level, str] = {"info": "info", "good": "check", "warning": "warning", "error": "error"}
MOST_SHOWN = 3
WIDTH_PX = 680
TOP_PX = 56
MARGIN_PX = 16
PASSING_MS = 12_000
LEAST_LINES, MOST_LINES = 2, 8  # of details, before one scrolls


class Notice(QFrame):
    """One message with an optional button and optional details to copy.

    Signals:
        dismissed(): it left the window.
    """

    dismissed = Signal()

    def __init__(
        self,
        look: Look,
        level: Level,
        text: str,
        *,
        details: str = "",
        action: tuple[str, Callable[[], None]] | None = None,
    ) -> None:
        super().__init__()
        self.setObjectName("notice")
        self.setProperty("level", level)
        self.text = text
        self.level = level
        self.stays = level == "error"
        self.setAccessibleName(text)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(12, 8, 8, 8)
        row = QHBoxLayout()
        row.setSpacing(8)
        sign = QLabel()
        colours = {"info": look.theme.focus, "good": look.theme.good}
        colour = colours.get(level, look.theme.warning if level == "warning" else look.theme.danger)
        sign.setPixmap(pixmap(ICONS[level], colour, 20, self.devicePixelRatioF()))
        row.addWidget(sign, 0, Qt.AlignmentFlag.AlignVCenter)
        self._label = label = QLabel(text)
        label.setTextFormat(Qt.TextFormat.PlainText)  # names of files and people are words, never markup
        label.setWordWrap(True)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        row.addWidget(label, 1)
        self.button: QPushButton | None = None
        if action is not None:
            self.button = button = QPushButton(action[0])
            button.clicked.connect(action[1])
            button.clicked.connect(self.dismiss)
            row.addWidget(button)
        if details:
            row.addWidget(self._details_button(outer, details))
        self._close = close = QToolButton()
        close.setIcon(look.icon("close"))
        close.setIconSize(QSize(16, 16))
        close.setToolTip(self.tr("Dismiss"))
        close.setAccessibleName(self.tr("Dismiss this message"))
        close.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        close.clicked.connect(self.dismiss)
        row.addWidget(close, 0, Qt.AlignmentFlag.AlignVCenter)
        outer.addLayout(row)

    def dismiss(self) -> None:
        """Go away."""
        remove_widget(self)
        self.dismissed.emit()

    def pass_by(self) -> None:
        """Go away after a while."""
        timer = QTimer(self)  # which goes with the message, where `QTimer.singleShot` would run on
        timer.setSingleShot(True)
        timer.timeout.connect(self.dismiss)
        timer.start(PASSING_MS)

    def set_text(self, text: str) -> None:
        """Say something newer."""
        self.text = text
        self._label.setText(text)
        self.setAccessibleName(text)

    def _details_button(self, outer: QVBoxLayout, details: str) -> QPushButton:
        button = QPushButton(self.tr("Details"))
        button.setProperty("flat", True)
        button.setCheckable(True)
        box: list[QWidget] = []

        def toggle(shown: bool) -> None:
            if not box:
                view = details_view(details)
                outer.addWidget(view)
                box.append(view)
                stops = [self._close, *view.findChildren(QPlainTextEdit), *view.findChildren(QPushButton)]
                for before, after in pairwise(stops):
                    QWidget.setTabOrder(before, after)
            box[0].setVisible(shown)

        button.toggled.connect(toggle)
        return button


def details_view(details: str) -> QWidget:
    """A read-only text with a button that copies it."""
    holder = QWidget()
    layout = QVBoxLayout(holder)
    layout.setContentsMargins(0, 8, 0, 0)
    text = QPlainTextEdit(details)
    text.setReadOnly(True)
    text.setTabChangesFocus(True)
    lines = min(MOST_LINES, details.count("\n") + LEAST_LINES)
    text.setFixedHeight(lines * text.fontMetrics().lineSpacing() + 2 * MARGIN_PX)
    text.setAccessibleName(QCoreApplication.translate("Notice", "Details"))
    layout.addWidget(text)
    copy = QPushButton(QCoreApplication.translate("Notice", "Copy"))
    copy.setProperty("flat", True)
    copy.clicked.connect(lambda: QApplication.clipboard().setText(details))
    layout.addWidget(copy, 0, Qt.AlignmentFlag.AlignRight)
    return holder


class Notices(QWidget):
    """The bars, floating over the foot of the picture or the head of `parent`, latest below; at most three.

    Errors, and others that are to stay, stay until they are dismissed; the rest leaves by itself after a while.
    """

    def __init__(self, look: Look, parent: QWidget) -> None:
        super().__init__(parent)
        self._look = look
        self._parent = parent
        self._anchor: QWidget | None = None
        self._shown: list[Notice] = []
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(8)
        self.hide()
        parent.installEventFilter(self)

    def set_anchor(self, anchor: QWidget) -> None:
        """Float over this widget while it is visible."""
        self._anchor = anchor
        anchor.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Stay in place when the parent's size changes."""
        if event.type() in (QEvent.Type.Resize, QEvent.Type.Show, QEvent.Type.Hide):
            self._place()
        return super().eventFilter(watched, event)

    def event(self, event: QEvent) -> bool:
        """Fit the bars when one of them grows."""
        if event.type() == QEvent.Type.LayoutRequest:
            self._place()
        return super().event(event)

    def shown(self) -> list[Notice]:
        """The messages on screen, oldest first."""
        return list(self._shown)

    def show_text(
        self,
        level: Level,
        text: str,
        *,
        details: str = "",
        action: tuple[str, Callable[[], None]] | None = None,
        stays: bool = False,
    ) -> Notice:
        """Show a message and return it; the same text is not shown twice at once."""
        text = in_words(text)
        there = next((notice for notice in self.shown() if notice.text == text), None)
        if there is not None:
            return there
        notice = Notice(self._look, level, text, details=details, action=action)
        notice.dismissed.connect(self._on_dismissed)
        self._layout.addWidget(notice)
        self._shown.append(notice)
        notice.stays = notice.stays or stays
        if not notice.stays:
            notice.pass_by()
        announce(self, text, urgent=level == "error")
        self.show()
        self.raise_()
        self._place()
        shown = self.shown()
        passing_first = sorted(shown[:-1], key=lambda other: other.stays)
        for other in passing_first[: max(0, len(shown) - MOST_SHOWN)]:
            other.dismiss()
        return notice

    def show_error(self, error: EngineError, *, action: tuple[str, Callable[[], None]] | None = None) -> Notice:
        """Show what failed and what to do."""
        return self.show_text("error", str(error), details=error.details, action=action)

    def _on_dismissed(self) -> None:
        self._shown = [notice for notice in self._shown if notice.parent() is self]
        self.setVisible(bool(self._shown))
        self._place()

    def _place(self) -> None:
        parent = self._parent
        room = parent.rect()
        over_picture = self._anchor is not None and self._anchor.isVisible()
        if self._anchor is not None and over_picture:
            room = QRect(self._anchor.mapTo(parent, QPoint(0, 0)), self._anchor.size())
        width = min(WIDTH_PX, room.width() - 2 * MARGIN_PX)
        height = self._layout.heightForWidth(width) if self._layout.hasHeightForWidth() else self.sizeHint().height()
        top = room.bottom() - height - MARGIN_PX if over_picture else TOP_PX
        self.setGeometry(room.left() + (room.width() - width) // 2, top, width, height)

    def clear(self) -> None:
        """Remove all messages."""
        for notice in self.shown():
            notice.dismiss()
