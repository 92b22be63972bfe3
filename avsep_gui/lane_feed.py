"""LaneFeed: asks for the pictures of the lanes when the view, the sound or the voice changed, not more often."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer

from avsep_gui.engine_client import EngineClient
from avsep_gui.state.document import Document

SPECTROGRAM_ROWS = 128
VOICE_INTERVAL_MS = 800


class LaneFeed(QObject):
    """Keeps waveforms and spectrograms up to date. Connect `show` to the view's visible stretch."""

    def __init__(self, document: Document, client: EngineClient, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._client = client
        self._view: tuple[float, float, int] | None = None
        self._voice_timer = QTimer(self)
        self._voice_timer.setSingleShot(True)
        self._voice_timer.setInterval(VOICE_INTERVAL_MS)
        self._voice_timer.timeout.connect(self._request_voice)
        document.source_changed.connect(self._request_source)
        document.voice_changed.connect(self._on_voice_changed)
        document.picked_changed.connect(self._drop_voice)
        document.voices_forgotten.connect(self._drop_voice)

    def show(self, start_s: float, end_s: float, columns: int) -> None:
        """The view shows another stretch."""
        self._view = (start_s, end_s, columns)
        self._request_source()
        self._request_voice()

    def _on_voice_changed(self, person_id: int) -> None:
        if person_id == self._document.picked and not self._voice_timer.isActive():
            self._voice_timer.start()

    def _drop_voice(self) -> None:
        self._client.drop_lane("voice")
        self._client.drop_lane("voice_waveform")

    def _request_source(self) -> None:
        source = self._document.source
        if source is not None and self._view is not None:
            start_s, end_s, columns = self._view
            self._client.request_lane("waveform", source, start_s, end_s, columns)
            self._client.request_lane("mixture", source, start_s, end_s, columns, SPECTROGRAM_ROWS)

    def _request_voice(self) -> None:
        picked = self._document.picked
        if picked is None or self._view is None:
            return
        state = self._document.voice(picked)
        start_s, end_s, columns = self._view
        if state.store is not None and any(left < end_s and start_s < right for left, right in state.ready):
            self._client.request_lane("voice", state.store, start_s, end_s, columns, SPECTROGRAM_ROWS)
            self._client.request_lane("voice_waveform", state.store, start_s, end_s, columns)
