"""TransportBar: play, frames, time, loop, in and out, A/B, mute and the level meter."""

from __future__ import annotations

import math

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QAction, QColor, QFont, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QToolButton, QWidget

from avsep_gui.look import Look
from avsep_gui.words import clock

FLOOR_DB = -48.0
FALL_PER_UPDATE = 0.86


class LevelMeter(QWidget):
    """A small bar with the peak of what is heard."""

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = look
        self._shown = 0.0
        self.setFixedSize(72, 8)
        self.setAccessibleName(self.tr("Level of what is heard"))
        self.setToolTip(self.tr("Level of what is heard"))

    def set_level(self, peak: float) -> None:
        """Show a peak, 0 to 1; the bar rises at once and falls slowly."""
        level_db = 20.0 * math.log10(max(peak, 1e-6))
        wanted = min(1.0, max(0.0, 1.0 - level_db / FLOOR_DB))
        self._shown = wanted if peak == 0.0 else max(wanted, self._shown * FALL_PER_UPDATE)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Ground and bar; the last tenth is in the warning colour."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        theme = self._look.theme
        if theme.has_outlines:
            painter.setPen(QColor(theme.edge))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
        painter.setPen(Qt.PenStyle.NoPen)
        if not theme.has_outlines:
            painter.setBrush(QColor(theme.line))
            painter.drawRoundedRect(QRectF(self.rect()), 4, 4)
        if self._shown > 0.02:
            painter.setBrush(QColor(theme.warning if self._shown > 0.96 else theme.good))
            painter.drawRoundedRect(QRectF(0, 0, self.width() * self._shown, self.height()), 4, 4)


class TransportBar(QFrame):
    """Buttons for the actions that move time, and the time itself.

    Args:
        actions: the window's actions by id; each button mirrors one.
    """

    def __init__(self, actions: dict[str, QAction], look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("transport")
        self._look = look
        self.setMinimumHeight(56)
        self._silent = False
        self._row = layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 8)
        layout.setSpacing(4)
        layout.addWidget(self._button(actions["frame_back"]))
        play = self._button(actions["play"])
        play.setObjectName("play")
        layout.addWidget(play)
        layout.addWidget(self._button(actions["frame_forward"]))
        layout.addSpacing(12)
        self._time = QLabel(clock(0.0))
        self._time.setObjectName("time")
        self._time.setFont(_tabular(self._time.font()))
        self._time.setAccessibleName(self.tr("Position"))
        self._total = QLabel("/ " + clock(0.0, millis=False))
        self._total.setObjectName("timeTotal")
        self._total.setFont(_tabular(self._total.font()))
        self._total.setAccessibleName(self.tr("Length"))
        layout.addWidget(self._time)
        layout.addSpacing(4)
        layout.addWidget(self._total)
        layout.addSpacing(12)
        for name in ("range_in", "range_out", "loop"):
            layout.addWidget(self._button(actions[name]))
        layout.addStretch(1)
        compare = self._button(actions["compare"])
        compare.setObjectName("outlined")
        compare.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        layout.addWidget(compare)
        layout.addSpacing(8)
        layout.addWidget(self._button(actions["mute"]))
        self.meter = LevelMeter(look)
        layout.addWidget(self.meter)
        self._no_device = QLabel(self.tr("No sound device"))
        self._no_device.setObjectName("chip")
        self._no_device.setMinimumHeight(24)
        self._no_device.hide()
        layout.addWidget(self._no_device, 0, Qt.AlignmentFlag.AlignVCenter)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave out what can be missed where there is no room: the length first, then that there is no sound device."""
        super().resizeEvent(event)
        self._fit()

    def set_position(self, at_s: float) -> None:
        """Show where playback is."""
        self._time.setText(clock(at_s))

    def set_duration(self, duration_s: float) -> None:
        """Show the length of the file."""
        self._total.setText("/ " + clock(duration_s, millis=False))
        self._fit()

    def show_no_device(self, text: str) -> None:
        """Say for good that nothing is heard."""
        self._no_device.setToolTip(text)
        self._silent = True
        self.meter.hide()
        self._fit()

    def _fit(self) -> None:
        """Never cut a word or the time."""
        self._total.show()
        self._no_device.setVisible(self._silent)
        for part in (self._total, self._no_device):
            self._row.invalidate()
            if self._row.sizeHint().width() > self.width():
                part.hide()

    def _button(self, action: QAction) -> QToolButton:
        button = QToolButton()
        button.setDefaultAction(action)
        button.setIconSize(QSize(20, 20))
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setAccessibleName(action.text().replace("&", ""))
        button.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        return button


def _tabular(font: QFont) -> QFont:
    """Figures of one width, so that a running time does not shiver."""
    tabular = QFont(font)
    tabular.setFeature(QFont.Tag("tnum"), 1)
    return tabular
