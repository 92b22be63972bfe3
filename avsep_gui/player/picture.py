"""Picture: Qt's decoder for what is on screen, kept in step with the sound clock. Its own sound is off."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, QUrl, Signal
from PySide6.QtGui import QImage
from PySide6.QtMultimedia import QMediaPlayer, QVideoFrame, QVideoSink

from avsep_gui.player.drift import Drift

SEEK_PATIENCE_MS = 400
JUMP_DRIFT_S = 0.30
CORRECT_EVERY_S = 0.4
LATE_S = 0.01  # into its time, when a picture is best shown: what comes a little early is still right


class Picture(QObject):
    """Shows frames of a video file; times are seconds of the file.

    Signals:
        frame_changed(QImage, float): a frame as displayed (rotated) and when it begins.
        failed(str): the decoder's message.

    Args:
        clock: the sound clock's position in seconds.
    """

    frame_changed = Signal(QImage, float)
    failed = Signal(str)

    def __init__(self, clock: Callable[[], float], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._clock = clock
        self._sink = QVideoSink(self)
        self._player = QMediaPlayer(self)
        self._player.setVideoSink(self._sink)
        self._sink.videoFrameChanged.connect(self._on_frame)
        self._player.errorOccurred.connect(self._on_error)
        self._player.mediaStatusChanged.connect(self._on_status)
        self._seeking = False
        self._wanted_s: float | None = None
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.setInterval(SEEK_PATIENCE_MS)
        self._patience.timeout.connect(self._end_seek)
        self._rate = 0.0
        self._drift = Drift()
        self._corrected_at = 0.0
        self.frame_start_s = 0.0
        self.frame_end_s = 0.0

    @property
    def drift_s(self) -> float:
        """How far the picture runs ahead of the sound, as the last frames tell, in seconds."""
        return self._drift.ahead_s

    def load(self, path: Path | None) -> None:
        """Open a file and show its first frame, or close."""
        self._player.stop()
        self._seeking, self._wanted_s, self._rate = False, None, 0.0
        self._drift.restart()
        self.frame_start_s = self.frame_end_s = 0.0
        if path is None:
            self._player.setSource(QUrl())
            return
        self._player.setSource(QUrl.fromLocalFile(str(path)))
        self._player.pause()

    def play(self, rate: float) -> None:
        """Run at `rate` times normal speed; backwards and standing still go by seeking."""
        self._rate = rate
        self._corrected_at = 0.0
        self._drift.restart()
        if rate > 0:
            self._player.setPlaybackRate(rate)
            self._player.play()
        else:
            self._player.pause()

    def pause(self) -> None:
        """Stand still."""
        self._rate = 0.0
        self._player.pause()

    def seek(self, at_s: float) -> None:
        """Show the frame at `at_s`; while a file loads or a seek is under way only the latest wish is kept."""
        if self._seeking or self._player.mediaStatus() is QMediaPlayer.MediaStatus.LoadingMedia:
            self._wanted_s = at_s
            return
        self._seeking = True
        self._patience.start()
        self._drift.restart()
        if self._rate > 0:
            self._player.setPlaybackRate(self._rate)
        # The decoder shows the first frame that ends at or after the wish, in whole milliseconds.
        self._player.setPosition(math.floor(at_s * 1000.0) + 1)

    def follow(self, at_s: float) -> None:
        """Keep up with the sound: called a few times a second while it plays."""
        if self._rate < 0:
            self.seek(at_s)
            return
        now = time.monotonic()
        if self._seeking or self._rate == 0 or now - self._corrected_at < CORRECT_EVERY_S:
            return
        self._corrected_at = now
        if abs(self._drift.ahead_s) > JUMP_DRIFT_S * max(1.0, self._rate):
            self.seek(at_s)
            return
        wanted = self._rate * self._drift.correct(CORRECT_EVERY_S * self._rate)
        if abs(self._player.playbackRate() - wanted) > 0.005:
            self._player.setPlaybackRate(wanted)

    def close(self) -> None:
        """Let go of the file."""
        self._patience.stop()
        self._player.stop()
        self._player.setSource(QUrl())

    def _on_frame(self, frame: QVideoFrame) -> None:
        if not frame.isValid():
            return
        start, end = frame.startTime(), frame.endTime()
        self.frame_start_s = start * 1e-6 if start >= 0 else self._player.position() * 1e-3
        self.frame_end_s = end * 1e-6 if end > start >= 0 else self.frame_start_s
        if self._rate > 0 and not self._seeking:
            now_s = self._clock()
            into_s = min(LATE_S, (self.frame_end_s - self.frame_start_s) / 2)
            self._drift.note(self.frame_start_s + into_s - now_s, now_s)
        self._end_seek()
        self.frame_changed.emit(frame.toImage(), self.frame_start_s)

    def _end_seek(self) -> None:
        self._patience.stop()
        self._seeking = False
        if self._wanted_s is not None:
            wanted, self._wanted_s = self._wanted_s, None
            self.seek(wanted)

    def _on_status(self, status: QMediaPlayer.MediaStatus) -> None:
        if status is not QMediaPlayer.MediaStatus.LoadedMedia:
            return
        if self._player.activeAudioTrack() >= 0:
            self._player.setActiveAudioTrack(-1)
        self._end_seek()

    def _on_error(self, _error: QMediaPlayer.Error, message: str) -> None:
        self.failed.emit(message)
