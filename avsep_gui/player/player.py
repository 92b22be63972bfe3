"""Player: play, seek, shuttle, loop and A/B, with the sound as master clock and the picture following."""

from __future__ import annotations

import time

from PySide6.QtCore import QObject, QTimer, Signal

from avsep_gui.player.loudness import matching_gains
from avsep_gui.player.mixer import Mixer
from avsep_gui.player.output import SilentOutput, SoundOutput, open_output
from avsep_gui.player.pcm_reader import PcmReader
from avsep_gui.player.picture import Picture
from avsep_gui.state.document import Document, ListenMode
from avsep_gui.state.intervals import contains
from engine.types import PcmStore

TICK_MS = 15
EMIT_INTERVAL_S = 1.0 / 40.0
FOLLOW_INTERVAL_S = 0.2
GAIN_INTERVAL_S = 1.0
PICTURE_PATIENCE_S = 2.5
SNIPPET_S = 0.1
SHUTTLE_RATES = (1.0, 2.0, 4.0)
DEFAULT_RATE_HZ = 48000


class Player(QObject):
    """Plays the document. Times are seconds of the file.

    Signals:
        position_changed(float): where playback is, some 40 times a second while it plays.
        playing_changed(bool): playback started or stopped.
        level_changed(float): peak of the block that was computed last, 0 to 1.
        no_device(str): there is no sound device, or it refused; playback goes on silently.
    """

    position_changed = Signal(float)
    playing_changed = Signal(bool)
    level_changed = Signal(float)
    no_device = Signal(str)

    def __init__(self, document: Document, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.mixer = Mixer()
        self.picture = Picture(lambda: self.position_s, self)
        self._document = document
        self._output: SoundOutput = SilentOutput(self.mixer, DEFAULT_RATE_HZ)
        self._position_s = 0.0
        self._rate = 0.0
        self._looping = False
        self._gains: dict[int, tuple[float, float]] = {}
        self._emitted_at = self._followed_at = 0.0
        self._picture_waits_until = 0.0
        self._snippet_at = 0.0
        self._wants_voice = False
        self._timer = QTimer(self)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self._tick)
        self._gain_timer = QTimer(self)
        self._gain_timer.setSingleShot(True)
        self._gain_timer.timeout.connect(self._measure)
        document.open_state_changed.connect(self._on_opened)
        document.source_changed.connect(self._on_source)
        document.picked_changed.connect(self._on_voice)
        document.voice_changed.connect(self._on_voice)
        document.voices_forgotten.connect(self._on_forgotten)
        document.mode_changed.connect(self._apply_listening)
        document.range_changed.connect(self._apply_loop)

    @property
    def position_s(self) -> float:
        """What is heard now."""
        return self.mixer.position_at(self._output.frames_heard()) if self.playing else self._position_s

    @property
    def playing(self) -> bool:
        """Whether time runs."""
        return self._rate != 0.0

    @property
    def rate(self) -> float:
        """Speed, 0 while paused, negative backwards."""
        return self._rate

    @property
    def looping(self) -> bool:
        """Whether the selection, or the whole file, is played again and again."""
        return self._looping

    def toggle(self) -> None:
        """Play or pause."""
        if self.playing:
            self.pause()
        else:
            self.play()

    def play(self, rate: float = 1.0) -> None:
        """Run from here; from the beginning when the end was reached."""
        if self.mixer.duration_s <= 0:
            return
        if rate > 0 and self._position_s >= self.mixer.duration_s - 0.02:
            self._position_s = 0.0
        if self._looping and rate > 0 and self._document.range_s is not None:
            start_s, end_s = self._document.range_s
            if not start_s <= self._position_s < end_s:
                self._position_s = start_s
        self._wants_voice = False
        was_playing = self.playing
        self._rate = rate
        self._run_from(self._position_s)
        self._picture_waits_until = time.monotonic() + PICTURE_PATIENCE_S
        self._timer.start()
        if not was_playing:
            self.playing_changed.emit(True)

    def play_when_ready(self) -> None:
        """Play as soon as the picked voice can be heard here; pausing or seeking takes the wish back."""
        self._wants_voice = not self.playing
        self._play_if_ready()

    def pause(self) -> None:
        """Stop here, on the picture that belongs to the sound."""
        self._wants_voice = False
        self._picture_waits_until = 0.0
        if not self.playing:
            return
        self._position_s = self.position_s
        self._rate = 0.0
        self._timer.stop()
        self._output.stop()
        self.picture.pause()
        self.picture.seek(self._position_s)
        self.position_changed.emit(self._position_s)
        self.level_changed.emit(0.0)
        self.playing_changed.emit(False)

    def shuttle(self, direction: int) -> None:
        """J and L: each press in the same direction doubles the speed; the other direction begins at 1."""
        speed = 1.0
        if self._rate * direction > 0:
            faster = [step for step in SHUTTLE_RATES if step > abs(self._rate)]
            speed = faster[0] if faster else SHUTTLE_RATES[-1]
        self._position_s = self.position_s
        self.play(direction * speed)

    def seek(self, at_s: float) -> None:
        """Go to `at_s`, playing on if it plays."""
        self._wants_voice = False
        self._position_s = min(max(0.0, at_s), self.mixer.duration_s)
        if self.playing:
            self._run_from(self._position_s)
        self.picture.seek(self._position_s)
        self.position_changed.emit(self._position_s)

    def scrub(self, at_s: float) -> None:
        """Go to `at_s` while the playhead is dragged, and let a snippet of the sound there be heard."""
        self.seek(at_s)
        now = time.monotonic()
        if not self.playing and now - self._snippet_at >= SNIPPET_S:
            self._snippet_at = now
            self._output.stop()
            self.mixer.restart(self._position_s)
            self._output.start(snippet=True)

    def end_scrub(self) -> None:
        """The drag ended: be silent unless it plays."""
        if not self.playing:
            self._output.stop()

    def skip(self, seconds: float) -> None:
        """Go forwards or backwards by some seconds."""
        self.seek(self.position_s + seconds)

    def step_frame(self, direction: int) -> None:
        """Pause and go to the next or previous frame, by the frames' own time stamps."""
        self.pause()
        start_s, end_s = self.picture.frame_start_s, self.picture.frame_end_s
        fps = self._document.media.video.avg_fps if self._document.media and self._document.media.video else 25.0
        length_s = end_s - start_s if end_s > start_s else 1.0 / max(fps, 1.0)
        if not start_s - length_s <= self._position_s <= end_s + length_s:
            start_s, end_s = self._position_s, self._position_s + length_s
        self.seek(end_s + 0.0005 if direction > 0 else start_s - 0.5 * length_s)

    def set_looping(self, looping: bool) -> None:
        """Play the selection, or the whole file, again and again."""
        self._looping = looping
        self._apply_loop()

    def close(self) -> None:
        """Let go of device and file."""
        self.pause()
        self._gain_timer.stop()
        self._output.stop()
        self.picture.close()

    def _run_from(self, at_s: float) -> None:
        self._output.stop()
        self.mixer.restart(at_s, self._rate)
        if not self._output.start():
            self._output = SilentOutput(self.mixer, self.mixer.out_rate_hz)
            self._output.start()
            self.no_device.emit(self.tr("The sound device does not answer. Playing without sound."))

    def _tick(self) -> None:
        if self._picture_waits_until:
            self._start_picture()
        before, self._position_s = self._position_s, self.position_s
        now = time.monotonic()
        if self._rate > 0 and self._position_s < before - 0.05:
            self.picture.seek(self._position_s)
        if now - self._emitted_at >= EMIT_INTERVAL_S:
            self._emitted_at = now
            self.position_changed.emit(self._position_s)
            self.level_changed.emit(self.mixer.level)
        if now - self._followed_at >= FOLLOW_INTERVAL_S:
            self._followed_at = now
            self.picture.follow(self._position_s)
        at_end = self._rate > 0 and self._position_s >= self.mixer.duration_s - 0.005
        if at_end and self._looping:
            self.seek(0.0)
        elif at_end or (self._rate < 0 and self._position_s <= 0.0):
            self.pause()

    def _play_if_ready(self) -> None:
        picked = self._document.picked
        if self._wants_voice and picked is not None and contains(self._document.voice(picked).ready, self._position_s):
            if picked not in self._gains:
                self._measure()
            self.play()

    def _start_picture(self) -> None:
        """A device begins to sound some time after it was started; the picture begins with it."""
        if self._output.frames_heard() > 0 or time.monotonic() > self._picture_waits_until:
            self._picture_waits_until = 0.0
            self.picture.play(self._rate)

    def _on_opened(self) -> None:
        self.pause()
        document = self._document
        self._position_s = 0.0
        media = document.media
        self.mixer.set_original(None, DEFAULT_RATE_HZ, document.duration_s)
        self.mixer.restart(0.0)
        self._gains.clear()
        self.picture.load(media.path if media is not None and media.video is not None else None)
        self.position_changed.emit(0.0)

    def _on_source(self) -> None:
        source = self._document.source
        if source is None:
            return
        position_s, rate = self.position_s, self._rate
        self.pause()
        self._output, has_device = open_output(self.mixer, source.sample_rate_hz)
        if not has_device:
            self.no_device.emit(self.tr("There is no sound device on this computer. Playing without sound."))
        self.mixer.out_rate_hz = self._output.rate_hz
        self.mixer.set_original(_open(source), source.sample_rate_hz, self._document.duration_s)
        self._on_voice()
        self._position_s = position_s
        if rate:
            self.play(rate)

    def _on_voice(self, person_id: int = 0) -> None:
        document = self._document
        if person_id and person_id != document.picked:
            return
        state = document.voice(document.picked) if document.picked is not None else None
        samples = _open(state.store) if state is not None and state.ready else None
        self.mixer.set_voice(samples, state.ready if state is not None else ())
        if samples is not None:
            self._plan_measuring()
        self._apply_listening()
        self._play_if_ready()

    def _on_forgotten(self) -> None:
        self._gains.clear()
        self._on_voice()

    def _plan_measuring(self) -> None:
        """Measure a voice that is new at once, but after what waits to be painted; one that grows now and then."""
        if self._document.picked not in self._gains:
            self._gain_timer.start(0)
        elif not self._gain_timer.isActive():
            self._gain_timer.start(round(GAIN_INTERVAL_S * 1000))

    def _measure(self) -> None:
        document = self._document
        if document.picked is None or document.source is None:
            return
        state = document.voice(document.picked)
        original, voice = _open(document.source), _open(state.store)
        if original is not None and voice is not None:
            gains = matching_gains(original, voice, document.source.sample_rate_hz, state.ready)
            self._gains[document.picked] = gains
            self._apply_listening()

    def _apply_listening(self) -> None:
        document = self._document
        mode = document.mode if document.picked is not None else ListenMode.ORIGINAL
        matched = self._gains.get(document.picked or 0, (1.0, 1.0))
        voice_gain, rest_gain = (1.0, 1.0) if document.true_levels else matched
        self.mixer.set_listening(
            mode,
            mix_back=document.mix_back,
            voice_gain=voice_gain,
            rest_gain=rest_gain,
            volume=0.0 if document.muted else 1.0,
        )
        if not self.playing:
            self.mixer.restart(self._position_s)

    def _apply_loop(self) -> None:
        range_s = self._document.range_s
        self.mixer.loop_s = range_s if self._looping and range_s is not None else None


def _open(store: PcmStore | None) -> PcmReader | None:
    """A reader of a sound file; None while the file does not exist."""
    if store is None:
        return None
    try:
        return PcmReader(store)
    except OSError:
        return None
