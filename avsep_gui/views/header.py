"""Header: the file's name, and what is always visible: no network, where work runs, jobs."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QToolButton, QWidget

from avsep_gui.jobs import Job
from avsep_gui.look import Look
from avsep_gui.pace import time_left_text
from avsep_gui.state.document import Document
from avsep_gui.words import short_clock, sound_format
from engine.types import DeviceInfo

CHIP_PX = 24


class Header(QFrame):
    """The strip at the top.

    Signals:
        jobs_wanted(): open or close the jobs drawer.
    """

    jobs_wanted = Signal()

    def __init__(self, document: Document, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("header")
        self.setFixedHeight(44)
        self._document = document
        self._look = look
        layout = QHBoxLayout(self)
        layout.setContentsMargins(16, 0, 12, 0)
        layout.setSpacing(8)
        self._name = QLabel()
        self._name.setObjectName("fileName")
        self._name.setTextFormat(Qt.TextFormat.PlainText)
        self._name.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
        self._facts = QLabel()
        self._facts.setProperty("muted", True)
        layout.addWidget(self._name)
        layout.addSpacing(4)
        layout.addWidget(self._facts)
        layout.addStretch(1)
        self._network = self._chip(self.tr("No network used"))
        self._network.setToolTip(self.tr("Everything is computed on this computer; nothing is sent or fetched."))
        self.device = self._chip(self.tr("Looking at this computer…"))
        self.jobs = QToolButton()
        self.jobs.setObjectName("chip")
        self.jobs.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        self.jobs.setIconSize(QSize(16, 16))
        self.jobs.setToolTip(self.tr("What is being computed (Ctrl+J)"))
        self.jobs.clicked.connect(self.jobs_wanted)
        for chip in (self._network, self.device, self.jobs):
            chip.setFixedHeight(CHIP_PX)
            layout.addWidget(chip, 0, Qt.AlignmentFlag.AlignVCenter)
        document.open_state_changed.connect(self.refresh)
        self.show_jobs([])
        self.refresh()

    def show_device(self, info: DeviceInfo) -> None:
        """Say where work runs, and why in the tooltip."""
        short = self.tr("CPU") if info.device == "cpu" else info.name
        self.device.setText(self.tr("Running on: {0}").format(short))
        self.device.setToolTip(self.tr("Work runs on: {0} ({1})").format(info.name, info.why))
        self.device.setAccessibleName(self.device.toolTip())

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
        if self.jobs.property("busy") != bool(shown):
            self.jobs.setProperty("busy", bool(shown))
            self.jobs.style().unpolish(self.jobs)
            self.jobs.style().polish(self.jobs)

    def refresh(self) -> None:
        """Show the file."""
        document = self._document
        name = document.path.name if document.path is not None else "AVSep"
        self._name.setText(self._name.fontMetrics().elidedText(name, Qt.TextElideMode.ElideMiddle, 480))
        self._name.setToolTip(str(document.path) if document.path is not None else "")
        facts = []
        media = document.media
        if media is not None:
            facts.append(short_clock(media.duration_s))
            if media.video is not None:
                facts.append(f"{media.video.width} × {media.video.height}")
            if media.audio:
                facts.append(sound_format(media.audio[0].sample_rate_hz, media.audio[0].layout))
        self._facts.setText("  ·  ".join(facts))

    def _chip(self, text: str) -> QLabel:
        chip = QLabel(text)
        chip.setObjectName("chip")
        return chip
