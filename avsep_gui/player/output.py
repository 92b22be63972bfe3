"""Where sound goes: a device, or nowhere on a timer when there is none. Both are the clock of playback."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from PySide6.QtCore import QElapsedTimer, QIODevice
from PySide6.QtMultimedia import QAudioDevice, QAudioFormat, QAudioSink, QMediaDevices, QtAudio

from avsep_gui.player.mixer import Mixer
from engine.types import FloatArray

BUFFER_S = 0.12
FEED_EVERY_S = 0.01
OPENING_S = 5.0
SILENT_BLOCK_S = 0.05
FASTEST = 1.0003  # a sound card against the computer's clock


class SoundOutput(Protocol):
    """A consumer of the mixer's blocks that knows how much of them was heard."""

    rate_hz: int

    def start(self, *, snippet: bool = False) -> bool:
        """Begin a new run, or play one short buffer and nothing after it; False when the device refuses."""

    def frames_heard(self) -> float:
        """Output frames heard since `start`; asked some 60 times a second."""

    def stop(self) -> None:
        """Be silent at once; nothing reads from the mixer after that."""


class SilentOutput:
    """Playback without a sound device: a timer is the clock, blocks are computed and dropped."""

    def __init__(self, mixer: Mixer, rate_hz: int) -> None:
        self.rate_hz = rate_hz
        self._mixer = mixer
        self._clock = QElapsedTimer()
        self._taken = 0

    def start(self, *, snippet: bool = False) -> bool:
        """Start the clock."""
        self._taken = 0
        self._clock.start()
        return True

    def frames_heard(self) -> float:
        """Time on the clock in frames; what would have been heard until now is computed, for the level meter."""
        if not self._clock.isValid():
            return 0.0
        passed = self._clock.nsecsElapsed() * 1e-9 * self.rate_hz
        longest = int(SILENT_BLOCK_S * self.rate_hz)
        while (behind := int(passed) - self._taken) > 0:
            count = min(behind, longest)
            self._mixer.read(count)
            self._taken += count
        return passed

    def stop(self) -> None:
        """Stop the clock."""
        self._clock.invalidate()


@dataclass(frozen=True)
class _Heard:
    """What a device had played of a run at a moment: frames, and `time.monotonic`; it goes on from there."""

    frames: float
    at: float


class DeviceOutput:
    """Plays on a sound device through QAudioSink, with a short buffer so that switching is prompt.

    While it plays a thread of its own fills the buffer, so that nothing the window does can let it run dry.
    """

    def __init__(self, mixer: Mixer, device: QAudioDevice, wanted_rate_hz: int) -> None:
        self._mixer = mixer
        self._device = device
        self._format = _format_for(device, wanted_rate_hz)
        self.rate_hz = self._format.sampleRate()
        self._thread: threading.Thread | None = None
        self._over = threading.Event()
        self._opened = threading.Event()
        self._works = False
        self._sounding: _Heard | None = None
        self._most = 0.0

    def start(self, *, snippet: bool = False) -> bool:
        """Open the device and fill its buffer."""
        self.stop()
        self._over.clear()
        self._opened.clear()
        self._works, self._sounding, self._most = False, None, 0.0
        self._thread = threading.Thread(target=self._play, args=(snippet,), name="avsep-sound", daemon=True)
        self._thread.start()
        self._opened.wait(OPENING_S)
        return self._works

    def frames_heard(self) -> float:
        """What the device took in, less what waits in its buffer; never more than time has passed.

        A sound server takes in its own buffer at once when it begins, and reports that as played.
        """
        sounding = self._sounding
        if sounding is None:
            return 0.0
        passed = sounding.frames + FASTEST * self.rate_hz * (time.monotonic() - sounding.at)
        return min(self._most, passed)

    def stop(self) -> None:
        """Drop what waits in the buffer and let go of the device."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _play(self, snippet: bool) -> None:
        """The thread: from opening the device to letting go of it."""
        sink = QAudioSink(self._device, self._format)
        sink.setBufferSize(int(BUFFER_S * self.rate_hz) * self._format.bytesPerFrame())
        io: QIODevice | None = sink.start()
        self._works = io is not None and sink.error() is QtAudio.Error.NoError
        if io is not None and self._works:
            self._feed(sink, io)
            self._opened.set()
            while not self._over.wait(FEED_EVERY_S):
                if not snippet:
                    self._feed(sink, io)
        self._opened.set()
        sink.reset()

    def _feed(self, sink: QAudioSink, io: QIODevice) -> None:
        """Fill the free part of the device's buffer, and note what was played."""
        frame_bytes = self._format.bytesPerFrame()
        played = sink.processedUSecs() * 1e-6 * self.rate_hz
        free = sink.bytesFree()
        if played > 0 and (self._sounding is None or free >= sink.bufferSize()):
            # It begins to sound, now or once more after it ran dry.
            self._sounding = _Heard(played if self._sounding else 0.0, time.monotonic())
        self._most = max(self._most, played)
        if free >= frame_bytes:
            io.write(self._encode(self._mixer.read(free // frame_bytes)))

    def _encode(self, block: FloatArray) -> bytes:
        channels = self._format.channelCount()
        if channels == 1:
            block = block.mean(axis=1, keepdims=True)
        elif channels > 2:
            block = np.pad(block, ((0, 0), (0, channels - 2)))
        if self._format.sampleFormat() is QAudioFormat.SampleFormat.Float:
            return block.astype("<f4").tobytes()
        return np.round(np.clip(block, -1.0, 1.0) * 32767.0).astype("<i2").tobytes()


def _format_for(device: QAudioDevice, wanted_rate_hz: int) -> QAudioFormat:
    """Float stereo at the wanted rate, or the nearest that the device takes."""
    preferred = device.preferredFormat()
    for rate in (wanted_rate_hz, preferred.sampleRate()):
        for kind in (QAudioFormat.SampleFormat.Float, QAudioFormat.SampleFormat.Int16):
            for channels in (2, preferred.channelCount()):
                wish = QAudioFormat()
                wish.setSampleRate(rate)
                wish.setChannelCount(channels)
                wish.setSampleFormat(kind)
                if device.isFormatSupported(wish):
                    return wish
    preferred.setSampleFormat(QAudioFormat.SampleFormat.Int16)
    return preferred


def open_output(mixer: Mixer, wanted_rate_hz: int) -> tuple[SoundOutput, bool]:
    """The default sound device, or silence on a timer. The second value says whether there is a device."""
    device = QMediaDevices.defaultAudioOutput()
    if device.isNull():
        return SilentOutput(mixer, wanted_rate_hz), False
    return DeviceOutput(mixer, device, wanted_rate_hz), True
