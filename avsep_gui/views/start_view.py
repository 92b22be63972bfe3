"""StartView and ErrorView: what is seen before a video is open, and when one cannot be opened."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from avsep_gui.icons import pixmap
from avsep_gui.look import Look
from avsep_gui.state.project import is_project
from avsep_gui.views.notices import details_view
from avsep_gui.views.recent_delegate import FOLDER_ROLE, RecentDelegate
from avsep_gui.views.removal import remove_widget
from avsep_gui.views.restyle import restyle
from avsep_gui.words import as_tip
from engine.errors import EngineError

COLUMN_PX = 560
RECENT_INSET_PX = 14  # where the icons of the list begin


class StartView(QWidget):
    """Drop target, Open, the sample, recent files.

    Signals:
        open_wanted(): choose a file.
        sample_wanted(): open the sample.
        file_wanted(object): open this `Path`.
    """

    open_wanted = Signal()
    sample_wanted = Signal()
    file_wanted = Signal(object)

    def __init__(self, look: Look, *, has_sample: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("startView")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAcceptDrops(True)
        self._look = look
        outer = QHBoxLayout(self)
        outer.addStretch(1)
        column = QVBoxLayout()
        column.setSpacing(24)
        column.addStretch(2)
        self.recovery = RecoveryCard(look)
        self.recovery.hide()
        column.addWidget(self.recovery)
        self._zone = QFrame()
        self._zone.setObjectName("dropZone")
        self._zone.setFixedWidth(COLUMN_PX)
        zone = QVBoxLayout(self._zone)
        zone.setContentsMargins(40, 40, 40, 40)
        zone.setSpacing(8)
        self._picture = QLabel()
        self._picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        zone.addWidget(self._picture)
        zone.addSpacing(8)
        title = QLabel(self.tr("Hear one person in a video"))
        title.setObjectName("title")
        title.setAlignment(Qt.AlignmentFlag.AlignCenter)
        zone.addWidget(title)
        text = QLabel(
            self.tr("Drop a video here, click a face, and hear that voice alone.\nNothing leaves this computer.")
        )
        text.setObjectName("subtitle")
        text.setWordWrap(True)
        text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        zone.addWidget(text)
        zone.addSpacing(16)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addStretch(1)
        self.open = QPushButton(self.tr("Open a video…"))
        self.open.setProperty("primary", True)
        self.open.setMinimumHeight(36)
        self.open.clicked.connect(self.open_wanted)
        buttons.addWidget(self.open)
        self.sample = QPushButton(self.tr("Try the sample"))
        self.sample.setMinimumHeight(36)
        self.sample.setToolTip(self.tr("Two people talk at once: pick one"))
        self.sample.setVisible(has_sample)
        self.sample.clicked.connect(self.sample_wanted)
        buttons.addWidget(self.sample)
        buttons.addStretch(1)
        zone.addLayout(buttons)
        column.addWidget(self._zone)
        self._recent_title = QLabel(self.tr("RECENT"))
        self._recent_title.setObjectName("section")
        self._recent_title.setContentsMargins(RECENT_INSET_PX, 0, 0, 0)
        self.recent = QListWidget()
        self.recent.setObjectName("recent")
        self.recent.setFixedWidth(COLUMN_PX)
        self.recent.setItemDelegate(RecentDelegate(look, self.recent))
        self.recent.setAccessibleName(self.tr("Recent videos and projects"))
        self.recent.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.recent.itemActivated.connect(self._on_recent)
        self.recent.itemClicked.connect(self._on_recent)
        recent = QVBoxLayout()
        recent.setSpacing(4)
        recent.addWidget(self._recent_title)
        recent.addWidget(self.recent)
        column.addLayout(recent)
        column.addStretch(3)
        outer.addLayout(column)
        outer.addStretch(1)
        look.changed.connect(self._recolour)
        self._recolour()

    def set_recent(self, paths: list[Path]) -> None:
        """Show the videos and projects opened before."""
        self.recent.clear()
        for path in paths:
            icon = self._look.icon("project" if is_project(path) else "film")
            item = QListWidgetItem(icon, path.name)
            item.setData(FOLDER_ROLE, _home_as_tilde(path.parent))
            item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{path.name}, {path.parent}")
            item.setData(Qt.ItemDataRole.UserRole, str(path))
            item.setToolTip(as_tip(str(path)))
            self.recent.addItem(item)
        self.recent.setFixedHeight(min(5, len(paths)) * 36 + 4)
        self.recent.setVisible(bool(paths))
        self._recent_title.setVisible(bool(paths))

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Welcome files."""
        if dropped_file(event) is not None:
            event.acceptProposedAction()
            self._set_over(True)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """The file went away."""
        self._set_over(False)

    def dropEvent(self, event: QDropEvent) -> None:
        """Open the dropped file."""
        self._set_over(False)
        path = dropped_file(event)
        if path is not None:
            event.acceptProposedAction()
            self.file_wanted.emit(path)

    def _set_over(self, over: bool) -> None:
        restyle(self._zone, "over", over)

    def _on_recent(self, item: QListWidgetItem) -> None:
        self.file_wanted.emit(Path(item.data(Qt.ItemDataRole.UserRole)))

    def _recolour(self) -> None:
        self._picture.setPixmap(pixmap("hear", self._look.theme.focus, 64, self.devicePixelRatioF()))
        self._look.lead(self.open, "open", primary=True)
        self._look.lead(self.sample, "sample")


class RecoveryCard(QFrame):
    """What a crash left: a question with two answers, `restore` and `discard`."""

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("recoveryCard")
        self.setFixedWidth(COLUMN_PX)
        self._look = look
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 16, 16, 16)
        row.setSpacing(8)
        self._sign = QLabel()
        row.addWidget(self._sign, 0, Qt.AlignmentFlag.AlignTop)
        words = QVBoxLayout()
        words.setSpacing(2)
        self._title, self._text = QLabel(), QLabel()
        self._title.setObjectName("strong")
        self._text.setProperty("muted", True)
        for label in (self._title, self._text):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
            words.addWidget(label)
        row.addLayout(words, 1)
        row.addSpacing(8)
        self.discard = QPushButton(self.tr("Discard"))
        self.discard.setToolTip(self.tr("Forget what was not saved; the video and saved projects stay as they are"))
        self.restore = QPushButton(self.tr("Restore"))
        self.restore.setProperty("primary", True)
        for button in (self.discard, self.restore):
            row.addWidget(button, 0, Qt.AlignmentFlag.AlignVCenter)
        look.changed.connect(self._recolour)
        self._recolour()

    @property
    def question(self) -> str:
        """What is asked."""
        return self._title.text()

    def ask(self, title: str, text: str) -> None:
        """Show the question and what it is about."""
        self._title.setText(title)
        self._text.setText(text)
        self.setAccessibleName(f"{title} {text}")
        self.restore.setAccessibleDescription(title)
        self.discard.setAccessibleDescription(title)
        self.show()

    def _recolour(self) -> None:
        self._sign.setPixmap(pixmap("warning", self._look.theme.warning, 24, self.devicePixelRatioF()))


class ErrorView(QWidget):
    """One sentence, one way on or two, and details to copy.

    Signals:
        open_wanted(): choose another file.
    """

    open_wanted = Signal()

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("errorView")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._look = look
        outer = QHBoxLayout(self)
        outer.addStretch(1)
        column = QVBoxLayout()
        column.setSpacing(8)
        column.addStretch(2)
        self._sign = QLabel()
        self._sign.setAlignment(Qt.AlignmentFlag.AlignCenter)
        column.addWidget(self._sign)
        column.addSpacing(8)
        self._message = QLabel()
        self._message.setObjectName("title")
        self._remedy = QLabel()
        self._remedy.setObjectName("subtitle")
        for label in (self._message, self._remedy):
            label.setWordWrap(True)
            label.setFixedWidth(COLUMN_PX)
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            column.addWidget(label)
        column.addSpacing(16)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addStretch(1)
        self._ways_place = QHBoxLayout()
        self._ways_place.setSpacing(8)
        row.addLayout(self._ways_place)
        self.ways: list[QPushButton] = []
        self.open = QPushButton(self.tr("Open another video…"))
        self.open.setProperty("primary", True)
        self.open.setMinimumHeight(36)
        self.open.clicked.connect(self.open_wanted)
        row.addWidget(self.open)
        self._more = QPushButton(self.tr("Details"))
        self._more.setProperty("flat", True)
        self._more.setCheckable(True)
        self._more.toggled.connect(self._on_more)
        row.addWidget(self._more)
        row.addStretch(1)
        column.addLayout(row)
        self._details_place = QVBoxLayout()
        column.addLayout(self._details_place)
        self._details: QWidget | None = None
        self._details_text = ""
        column.addStretch(3)
        outer.addLayout(column)
        outer.addStretch(1)

    @property
    def message(self) -> str:
        """The sentence on screen."""
        return self._message.text()

    def show_error(self, error: EngineError, ways: Sequence[tuple[str, Callable[[], None]]] = ()) -> None:
        """Say what failed and what to do.

        Args:
            ways: words and deeds of better ways on than another video, the best one first.
        """
        self._details_text = error.details
        for button in self.ways:
            remove_widget(button)
        self.ways = [self._way(words, deed, primary=not place) for place, (words, deed) in enumerate(ways)]
        for before, after in pairwise([*self.ways, self.open]):
            QWidget.setTabOrder(before, after)
        (self.ways or [self.open])[0].setFocus(Qt.FocusReason.OtherFocusReason)
        restyle(self.open, "primary", not ways)
        self._message.setText(error.message)
        self._remedy.setText(error.remedy)
        self._sign.setPixmap(pixmap("error", self._look.theme.danger, 48, self.devicePixelRatioF()))
        self._more.setChecked(False)
        self._more.setVisible(bool(error.details))
        if self._details is not None:
            remove_widget(self._details)
            self._details = None

    def _way(self, words: str, deed: Callable[[], None], *, primary: bool) -> QPushButton:
        button = QPushButton(words)
        button.setProperty("primary", primary)
        button.setMinimumHeight(36)
        button.clicked.connect(lambda: deed())
        self._ways_place.addWidget(button)
        return button

    def _on_more(self, shown: bool) -> None:
        if self._details is None and shown:
            self._details = details_view(self._details_text)
            self._details_place.addWidget(self._details)
        if self._details is not None:
            self._details.setVisible(shown)


def _home_as_tilde(folder: Path) -> str:
    """A folder in short, as the user knows it."""
    try:
        return str(Path("~") / folder.relative_to(Path.home()))
    except (ValueError, RuntimeError):  # elsewhere, or nobody's
        return str(folder)


def dropped_file(event: QDragEnterEvent | QDropEvent) -> Path | None:
    """The first local file that is dragged, or None."""
    for url in event.mimeData().urls():
        if url.isLocalFile():
            return Path(url.toLocalFile())
    return None
