"""JobsDrawer: what runs and waits, with stage, per cent, time left and cancel."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QToolButton, QVBoxLayout, QWidget

from avsep_gui.jobs import Job, JobRunner, JobState
from avsep_gui.look import Look
from avsep_gui.pace import time_left_text
from avsep_gui.views.elided_label import ElidedLabel
from avsep_gui.views.removal import remove_widget

WIDTH_PX = 380


class _JobRow(QFrame):
    cancel_wanted = Signal(int)

    def __init__(self, job: Job, look: Look) -> None:
        super().__init__()
        self.setObjectName("jobRow")
        self.job_id = job.id
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 8, 12)
        layout.setSpacing(4)
        top = QHBoxLayout()
        self._title = ElidedLabel(job.title)
        self._title.setToolTip(job.title)
        top.addWidget(self._title, 1)
        self.cancel = QToolButton()
        self.cancel.setIcon(look.icon("close"))
        self.cancel.setIconSize(QSize(16, 16))
        self.cancel.setToolTip(self.tr("Cancel"))
        self.cancel.setAccessibleName(self.tr("Cancel: {0}").format(job.title))
        self.cancel.clicked.connect(lambda: self.cancel_wanted.emit(self.job_id))
        top.addWidget(self.cancel)
        layout.addLayout(top)
        self._state = ElidedLabel()
        self._state.setProperty("muted", True)
        layout.addWidget(self._state)
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setRange(0, 1000)
        layout.addSpacing(4)
        layout.addWidget(self._bar)
        self.show_job(job)

    def show_job(self, job: Job) -> None:
        self.cancel.setEnabled(job.state is not JobState.CANCELLING)
        if job.state is JobState.CANCELLING:
            text = self.tr("Stopping…")
        elif job.state is JobState.QUEUED:
            text = self.tr("Waiting")
        else:
            stage = job.stage or self.tr("Starting")
            parts = [stage, f"{round(100 * job.fraction)} %", time_left_text(job.time_left_s)]
            text = "  ·  ".join(part for part in parts if part)
        self._state.setText(text)
        self._state.setToolTip(text)
        self._bar.setValue(round(1000 * job.fraction))
        self._bar.setAccessibleName(f"{job.title}: {text}")


class JobsDrawer(QFrame):
    """A list over the window's upper right corner; only jobs with a title are shown.

    Signals:
        cancel_wanted(int): stop this job.
    """

    cancel_wanted = Signal(int)

    def __init__(self, runner: JobRunner, look: Look, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("drawer")
        self._runner = runner
        self._look = look
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(12, 12, 12, 12)
        self._layout.setSpacing(8)
        title = QLabel(self.tr("JOBS"))
        title.setObjectName("section")
        self._layout.addWidget(title)
        self._empty = QLabel(self.tr("Nothing is being computed."))
        self._empty.setProperty("muted", True)
        self._layout.addWidget(self._empty)
        self.rows: dict[int, _JobRow] = {}
        runner.jobs_changed.connect(self._on_jobs)
        look.changed.connect(self.refresh)
        self.hide()

    def refresh(self) -> None:
        """Bring the rows up to date."""
        self.setFixedWidth(self._look.px(WIDTH_PX))
        jobs = {job.id: job for job in self._runner.jobs() if job.title}
        for job_id in [known for known in self.rows if known not in jobs]:
            remove_widget(self.rows.pop(job_id))
        for job_id, job in jobs.items():
            if job_id not in self.rows:
                row = _JobRow(job, self._look)
                row.cancel_wanted.connect(self.cancel_wanted)
                self._layout.addWidget(row)
                self.rows[job_id] = row
            self.rows[job_id].show_job(job)
        self._empty.setVisible(not jobs)
        if self.isVisible():
            self._layout.activate()
            self.adjustSize()

    def _on_jobs(self) -> None:
        if self.isVisible():
            self.refresh()

    def job_in_focus(self) -> int | None:
        """The job in whose row the keyboard is."""
        return next((job_id for job_id, row in self.rows.items() if row.isAncestorOf(self.focusWidget())), None)

    def open_at(self, right_px: int, top_px: int) -> None:
        """Show with its upper right corner there."""
        self.refresh()
        self.adjustSize()
        self.move(right_px - self.width(), top_px)
        self.raise_()
        self.show()
        self.setFocus(Qt.FocusReason.PopupFocusReason)
