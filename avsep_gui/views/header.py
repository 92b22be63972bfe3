"""Header: the file's name, and what is always visible: network, where work runs, which model, jobs."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QToolButton, QWidget

from avsep_gui.device_words import device_why, running_on
from avsep_gui.jobs import Job
from avsep_gui.look import Look
from avsep_gui.model_words import tooltip
from avsep_gui.pace import time_left_text
from avsep_gui.state.document import Document
from avsep_gui.state.shelf import Shelf
from avsep_gui.views.restyle import restyle
from avsep_gui.words import as_tip, short_clock, sound_format
from engine.types import DeviceInfo

HEIGHT_PX = 44
CHIP_PX = 24
LEAST_NAME_PX = 80
FIRST_NAME_PX = 200  # of a name, before anything is said of why it is this device
MOST_NAME_PX = 480
MOST_MODEL_PX = 160
MOST_NETWORK_PX = 280
MOST_DEVICE_PX = 360


class Header(QFrame):
    """The strip at the top.

    Signals:
        jobs_wanted(): open or close the jobs drawer.
    """

    jobs_wanted = Signal()

    def __init__(self, document: Document, shelf: Shelf, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("header")
        self._document = document
        self._shelf = shelf
        self._look = look
        self._models_hint = ""
        layout = QHBoxLayout(self)
        layout.setContentsMargins(16, 0, 12, 0)
        layout.setSpacing(8)
        self._name = QLabel()
        self._name.setObjectName("fileName")
        self._name.setTextFormat(Qt.TextFormat.PlainText)
        self._facts = QLabel()
        self._facts.setProperty("muted", True)
        layout.addWidget(self._name)
        layout.addSpacing(4)
        layout.addWidget(self._facts)
        layout.addStretch(1)
        self.network = self._chip("")
        self._running_on = self.tr("Looking at this computer…")
        self.device = self._chip(self._running_on)
        self.model = self._chip_button()
        self.model.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.model.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.model.setLayoutDirection(Qt.LayoutDirection.RightToLeft)  # the arrow stands behind the words
        self.jobs = self._chip_button()
        self.jobs.clicked.connect(self.jobs_wanted)
        self._chips: tuple[QWidget, ...] = (self.network, self.device, self.model, self.jobs)
        for chip in self._chips:
            layout.addWidget(chip, 0, Qt.AlignmentFlag.AlignVCenter)
        document.open_state_changed.connect(self.refresh)
        shelf.rows_changed.connect(self.show_model)
        shelf.network_changed.connect(self.show_network)
        look.changed.connect(self._on_look)
        self.show_jobs([])
        self.show_model()
        self.show_network()
        self.refresh()
        self._on_look()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give the file's name the room that is left."""
        super().resizeEvent(event)
        self._fit()

    def show_network(self) -> None:
        """Say whether the network is or was used, and for what."""
        shelf = self._shelf
        names = ", ".join(shelf.network)
        if shelf.network_now:
            text = self.tr("Using the network: adding {0}").format(names)
        elif shelf.network:
            text = self.tr("Network used: adding {0}").format(names)
        if shelf.network:
            tip = self.tr("Since AVSep was started, files were fetched to add {0}, because you asked for it.")
            tip = tip.format(names)
            tip += "\n" + self.tr("Nothing of yours was sent: voices are computed on this computer.")
        else:
            text = self.tr("No network used")
            tip = self.tr("Everything is computed on this computer; nothing is sent or fetched.")
        self.network.setText(
            self.network.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, self._look.px(MOST_NETWORK_PX))
        )
        self.network.setToolTip(tip)
        self.network.setAccessibleName(text)
        self._set_busy(self.network, shelf.network_now)
        self._fit()

    def show_model(self) -> None:
        """Say which model computes voices."""
        row, name = self._shelf.current, self._shelf.name
        words = self.tr("Model: {0}").format(name)
        self.model.setText(
            self.model.fontMetrics().elidedText(words, Qt.TextElideMode.ElideMiddle, self._look.px(MOST_MODEL_PX))
        )
        self.model.setIcon(self._look.icon("chevron"))
        tip = words if row is None else words + "\n" + tooltip(row)
        self.model.setToolTip(f"{tip}\n{self._models_hint}")
        self.model.setAccessibleName(words)
        self._fit()

    def set_models_hint(self, words: str) -> None:
        """How to come to other models, with the keys."""
        self._models_hint = words
        self.show_model()

    def show_device(self, info: DeviceInfo) -> None:
        """Say where work runs and why."""
        self._running_on = running_on(info)
        self.device.setToolTip(self.tr("Work runs on: {0} ({1})").format(info.name, device_why(info)))
        self.device.setAccessibleName(self._running_on)
        self._fit()

    def show_jobs(self, jobs: list[Job]) -> None:
        """Say how many jobs there are and how far the first one is."""
        shown = [job for job in jobs if job.title]
        text = self.tr("Jobs")
        if shown:
            parts = [self.tr("Jobs {0}").format(len(shown)), f"{round(100 * shown[0].fraction)} %"]
            left = time_left_text(shown[0].time_left_s)
            text = "  ·  ".join([*parts, left] if left else parts)
        self.jobs.setText(text)
        self.jobs.setAccessibleName(text)
        self._set_busy(self.jobs, bool(shown))
        self._fit()

    def refresh(self) -> None:
        """Show the file."""
        document = self._document
        self._name.setToolTip(as_tip(str(document.path)) if document.path is not None else "")
        facts = []
        media = document.media
        if media is not None:
            facts.append(short_clock(media.duration_s))
            if media.video is not None:
                facts.append(f"{media.video.width} × {media.video.height}")
            if media.audio:
                facts.append(sound_format(media.audio[0].sample_rate_hz, media.audio[0].layout))
        self._facts.setText("  ·  ".join(facts))
        self._fit()

    def _fit(self) -> None:
        """Cut the file's name, leave its facts out, and cut why it is this device, where the chips need the room."""
        path = self._document.path
        name = path.name if path is not None else "AVSep"
        spaces = 16 + 12 + 8 * len(self._chips) + 4 + 2 * 8
        left = self.width() - spaces - sum(chip.sizeHint().width() for chip in self._chips if chip is not self.device)
        metrics = self._name.fontMetrics()
        wanted = min(MOST_NAME_PX, metrics.horizontalAdvance(name) + 4)
        self._fit_device(left - min(wanted, FIRST_NAME_PX))
        left -= self.device.sizeHint().width()
        facts_px = self._facts.sizeHint().width()
        self._facts.setVisible(bool(self._facts.text()) and left - facts_px >= min(wanted, LEAST_NAME_PX))
        if self._facts.isVisibleTo(self):
            left -= facts_px
        room = min(MOST_NAME_PX, max(LEAST_NAME_PX, left))
        self._name.setText(metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, room))

    def _fit_device(self, room_px: int) -> None:
        """Say where work runs in any case, and why as far as there is room."""
        metrics = self.device.fontMetrics()
        around_px = self.device.sizeHint().width() - metrics.horizontalAdvance(self.device.text())
        least_px = metrics.horizontalAdvance(self._running_on.partition(" (")[0] + "…")
        text_px = min(self._look.px(MOST_DEVICE_PX), max(least_px, room_px - around_px))
        self.device.setText(metrics.elidedText(self._running_on, Qt.TextElideMode.ElideRight, text_px))

    def _on_look(self) -> None:
        self.setFixedHeight(self._look.px(HEIGHT_PX))
        for chip in self._chips:
            chip.setFixedHeight(self._look.px(CHIP_PX))
        self.show_model()
        self.show_network()

    def _set_busy(self, chip: QWidget, busy: bool) -> None:
        restyle(chip, "busy", busy)

    def _chip_button(self) -> QToolButton:
        button = QToolButton()
        button.setObjectName("chip")
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        button.setIconSize(QSize(12, 12))
        return button

    def _chip(self, text: str) -> QLabel:
        chip = QLabel(text)
        chip.setObjectName("chip")
        return chip
