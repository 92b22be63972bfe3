"""StoragePage: where AVSep keeps what it computed, how much that is, how much it may become, and its deletion."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QShowEvent
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from avsep_gui.announce import announce
from avsep_gui.storage_client import StorageClient
from avsep_gui.views.elided_label import ElidedLabel
from avsep_gui.views.preferences_parts import add_field, note, strong
from avsep_gui.views.restyle import Tone, set_tone
from avsep_gui.words import as_tip, size
from engine.errors import EngineError
from engine.types import CacheClearing, CacheUsage

ALL = "all"
OTHER = "other"
GROUPS: dict[str, tuple[str, ...]] = {
    "sound": ("sound",),
    "faces": ("faces", "crops"),
    "voices": ("voices", "lags"),
}
LIMITS_GB = (5, 10, 20, 50, 100, 200, 500)


class ClearQuestion(QFrame):
    """Asks before anything is deleted.

    Signals:
        answered(bool): whether to delete.
    """

    answered = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("question")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(8)
        self.headline = strong("")
        self.headline.setWordWrap(True)
        self.text = note("")
        self.text.setTextFormat(Qt.TextFormat.PlainText)
        layout.addWidget(self.headline)
        layout.addWidget(self.text)
        layout.addSpacing(8)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addStretch(1)
        self.leave = QPushButton(self.tr("Cancel"))
        self.delete = QPushButton(self.tr("Delete"))
        self.delete.setProperty("danger", True)
        for button, answer in ((self.leave, False), (self.delete, True)):
            button.setAutoDefault(False)
            button.clicked.connect(lambda _checked=False, wanted=answer: self.answered.emit(wanted))
            row.addWidget(button)
        layout.addLayout(row)
        self.hide()

    def ask(self, headline: str, text: str) -> None:
        """Show the question, with the keyboard on the harmless answer."""
        self.headline.setText(headline)
        self.text.setText(text)
        self.setAccessibleName(f"{headline} {text}")
        self.show()
        self.leave.setFocus(Qt.FocusReason.OtherFocusReason)


class FolderRow(QWidget):
    """A folder's path, cut where there is no room, and a button that shows it in the system's file manager."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name = name
        self.folder = Path()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        self.path = ElidedLabel(mode=Qt.TextElideMode.ElideMiddle)
        self.path.setProperty("muted", True)
        row.addWidget(self.path, 1)
        self.button = QPushButton(self.tr("Show folder"))
        self.button.setAutoDefault(False)
        self.button.setAccessibleName(self.tr("Show folder: {0}").format(name))
        self.button.clicked.connect(self._on_show)
        row.addWidget(self.button)

    def show_folder(self, folder: Path, *, exists: bool) -> None:
        """Show this path; where the folder does not exist yet, it cannot be opened."""
        self.folder = folder
        self.path.setText(str(folder))
        self.path.setToolTip(as_tip(str(folder)))
        self.path.setAccessibleName(f"{self._name}: {folder}")
        self.button.setEnabled(exists)

    def _on_show(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self.folder)))


class StoragePage(QWidget):
    """A page of the preferences. Sizes are counted when it is shown, by a worker."""

    def __init__(self, client: StorageClient, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._client = client
        self._asked: str | None = None
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 8, 0)
        layout.setSpacing(8)
        layout.addWidget(
            note(
                self.tr(
                    "What was computed is kept, so that a video is ready at once when it is opened again. Deleting it "
                    "loses nothing but time: it is computed again when it is needed."
                )
            )
        )
        layout.addSpacing(8)
        self.total = strong("")
        layout.addWidget(self.total)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setRange(0, 1000)
        layout.addWidget(self.bar)
        self.unread = note("")
        set_tone(self.unread, "warning")
        self.unread.hide()
        layout.addWidget(self.unread)
        layout.addLayout(self._build_rows())
        self.question = ClearQuestion()
        self.question.answered.connect(self._on_answered)
        layout.addWidget(self.question)
        self.said = note("")
        self.said.setTextFormat(Qt.TextFormat.PlainText)
        self.said.hide()
        layout.addWidget(self.said)
        layout.addSpacing(8)
        self.limit = QComboBox()
        self.limit.activated.connect(self._on_limit)
        add_field(layout, self.tr("Keep at &most"), self.limit)
        layout.addWidget(
            note(
                self.tr("Beyond that, what was not used for longest goes first. What was used in the last hour stays.")
            )
        )
        layout.addSpacing(16)
        layout.addWidget(strong(self.tr("Where it is")))
        self.cache_folder = FolderRow(self.tr("What was computed"))
        layout.addWidget(self.cache_folder)
        layout.addSpacing(8)
        self.data = strong("")
        layout.addWidget(self.data)
        self.data_folder = FolderRow(self.tr("Added models and unsaved projects"))
        layout.addWidget(self.data_folder)
        layout.addStretch(1)
        client.changed.connect(self.refresh)
        client.cleared.connect(self._on_cleared)
        client.failed.connect(self._on_failed)
        self.refresh()

    def showEvent(self, event: QShowEvent) -> None:
        """Count again."""
        super().showEvent(event)
        self._close_question()
        self._client.count()

    def refresh(self) -> None:
        """Show what is known."""
        usage = self._client.usage
        if usage is None:
            self.total.setText(self.tr("Counting…"))
        else:
            self._show_usage(usage)
        for name, button in self.buttons.items():
            has_some = usage is not None and _bytes_of(usage, name) > 0
            button.setEnabled(has_some and not self._client.clearing)

    def _build_rows(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setContentsMargins(0, 8, 0, 8)
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(8)
        grid.setColumnStretch(0, 1)
        self.sizes: dict[str, QLabel] = {}
        self.buttons: dict[str, QPushButton] = {}
        names = {
            "sound": self.tr("Sound of the videos"),
            "faces": self.tr("Faces that were found"),
            "voices": self.tr("Voices"),
            OTHER: self.tr("Everything else, such as measured speeds"),
            ALL: self.tr("All of it"),
        }
        for number, (name, words) in enumerate(names.items()):
            label = strong(words) if name == ALL else QLabel(words)
            label.setWordWrap(True)
            grid.addWidget(label, number, 0)
            shown = QLabel()
            shown.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            grid.addWidget(shown, number, 1)
            button = QPushButton(self.tr("Clear all…") if name == ALL else self.tr("Clear…"))
            button.setAutoDefault(False)
            button.setAccessibleName(self.tr("Clear: {0}").format(words))
            button.clicked.connect(lambda _checked=False, wanted=name: self._ask(wanted))
            grid.addWidget(button, number, 2)
            self.sizes[name], self.buttons[name] = shown, button
            shown.setProperty("name", words)
        return grid

    def _show_usage(self, usage: CacheUsage) -> None:
        total = self.tr("{0} of at most {1}").format(size(usage.size_bytes), size(usage.limit_bytes))
        self.total.setText(total)
        self.bar.setValue(min(1000, round(1000 * usage.size_bytes / usage.limit_bytes)))
        self.bar.setAccessibleName(self.tr("Space taken: {0}").format(total))
        for name, label in self.sizes.items():
            label.setText(size(_bytes_of(usage, name)))
            label.setAccessibleName(f"{label.property('name')}: {label.text()}")
        self._fill_limits(usage.limit_bytes)
        self.cache_folder.show_folder(usage.folder, exists=bool(usage.kinds))
        self.data.setText(self.tr("Added models and unsaved projects: {0}").format(size(usage.data_bytes)))
        self.data_folder.show_folder(usage.data_folder, exists=usage.data_bytes > 0)
        self.unread.setVisible(usage.unreadable > 0)
        self.unread.setText(self.tr("%n folder(s) could not be read, so there may be more.", "", usage.unreadable))

    def _fill_limits(self, limit_bytes: int) -> None:
        choices = sorted({*(gb * 10**9 for gb in LIMITS_GB), limit_bytes})
        if [self.limit.itemData(index) for index in range(self.limit.count())] != choices:
            self.limit.clear()
            for choice in choices:
                self.limit.addItem(size(choice), choice)
        self.limit.setCurrentIndex(choices.index(limit_bytes))

    def _ask(self, name: str) -> None:
        usage = self._client.usage
        if usage is None:
            return
        self._asked = name
        self._say("")
        taken = size(_bytes_of(usage, name))
        headline = {
            "sound": self.tr("Delete the sound of the videos ({0})?"),
            "faces": self.tr("Delete the faces that were found ({0})?"),
            "voices": self.tr("Delete the voices ({0})?"),
            OTHER: self.tr("Delete everything else ({0})?"),
            ALL: self.tr("Delete all that was computed ({0})?"),
        }[name].format(taken)
        self.question.ask(headline, self._consequences())
        self._bring_into_view(self.question)

    def _bring_into_view(self, part: QWidget) -> None:
        above = self.parentWidget()
        while above is not None and not isinstance(above, QScrollArea):
            above = above.parentWidget()
        if above is not None:
            QApplication.sendPostedEvents(self, QEvent.Type.LayoutRequest.value)  # its place counts, not the old one
            above.ensureWidgetVisible(part)

    def _consequences(self) -> str:
        parts = [self.tr("Your videos, projects and exports stay.")]
        titles = self._client.titles()
        if titles:
            parts.append(self.tr("What is under way ({0}) goes on, and what it uses stays.").format(", ".join(titles)))
        elif self._client.in_use_since() is not None:
            parts.append(self.tr("What the open video uses stays too."))
        parts.append(self.tr("If another window of AVSep, or the command line, is at work, wait until it is done."))
        return " ".join(parts)

    def _on_answered(self, yes: bool) -> None:
        name = self._asked
        self._close_question()
        usage = self._client.usage
        if name is None or usage is None:
            return
        if yes:
            self._client.clear(_kinds_of(usage, name))
            self._say(self.tr("Deleting…"))
        self.limit.setFocus(Qt.FocusReason.OtherFocusReason)

    def _close_question(self) -> None:
        self._asked = None
        self.question.hide()

    def _on_cleared(self, cleared: CacheClearing) -> None:
        parts = [self.tr("{0} deleted.").format(size(cleared.freed_bytes))]
        if cleared.spared_bytes:
            parts.append(self.tr("{0} in use; that stays.").format(size(cleared.spared_bytes)))
        if cleared.stuck_bytes:
            parts.append(
                self.tr("{0} could not be deleted: another program uses it, or permission is missing.").format(
                    size(cleared.stuck_bytes)
                )
            )
        self._say(" ".join(parts), "warning" if cleared.stuck_bytes else "good")

    def _on_failed(self, error: EngineError) -> None:
        self._say(str(error), "danger")

    def _on_limit(self) -> None:
        self._client.set_limit(self.limit.currentData())

    def _say(self, words: str, tone: Tone = "muted") -> None:
        self.said.setText(words)
        self.said.setVisible(bool(words))
        self.said.setAccessibleName(words)
        set_tone(self.said, tone)
        announce(self, words, urgent=tone == "danger")


def _kinds_of(usage: CacheUsage, name: str) -> tuple[str, ...] | None:
    """The engine's kinds behind a line of the page; None stands for all."""
    if name == ALL:
        return None
    if name != OTHER:
        return GROUPS[name]
    named = {kind for kinds in GROUPS.values() for kind in kinds}
    return tuple(kind.kind for kind in usage.kinds if kind.kind not in named)


def _bytes_of(usage: CacheUsage, name: str) -> int:
    kinds = _kinds_of(usage, name)
    return sum(kind.size_bytes for kind in usage.kinds if kinds is None or kind.kind in kinds)
