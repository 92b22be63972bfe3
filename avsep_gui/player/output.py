"""Where sound goes: a device, or nowhere on a timer when there is none. Both are the clock of playback."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from PySide6.QtCore import QElapsedTimer, QIODevice
from PySide6.QtMultimedia import QAudioDevice, QAudioFormat, QAudioSink, QMediaDevices, QtAudio

from avsep_gui.player.mixer import Mixer
from engine.types import FloatArray

BUFFER_S = 0.12
SILENT_BLOCK_S = 0.05
FASTEST = 1.002  # a sound card against the computer's clock


class SoundOutput(Protocol):
    """A consumer of the mixer's blocks that knows how much of them was heard."""

    rate_hz: int

    def start(self) -> bool:
        """Begin a new run; False when the device refuses."""

    def pump(self) -> None:
        """Fill the buffer; called some 60 times a second."""

    def frames_heard(self) -> float:
        """Output frames heard since `start`."""

    def stop(self) -> None:
        """Be silent at once."""


class SilentOutput:
    """Playback without a sound device: a timer is the clock, blocks are computed and dropped."""

    def __init__(self, mixer: Mixer, rate_hz: int) -> None:
        self.rate_hz = rate_hz
        self._mixer = mixer
        self._clock = QElapsedTimer()
        self._taken = 0

    def start(self) -> bool:
        """Start the clock."""
        self._taken = 0
        self._clock.start()
        return True

    def pump(self) -> None:
        """Compute what would be heard now, for the level meter."""
        behind = int(self._frames_passed()) - self._taken
        longest = int(SILENT_BLOCK_S * self.rate_hz)
        while behind > 0:
            count = min(behind, longest)
            self._mixer.read(count)
            self._taken += count
            behind -= count

    def frames_heard(self) -> float:
        """Time on the clock in frames, as far as it was computed."""
        return min(self._frames_passed(), float(self._taken))

    def stop(self) -> None:
        """Stop the clock."""
        self._clock.invalidate()

    def _frames_passed(self) -> float:
        return self._clock.nsecsElapsed() * 1e-9 * self.rate_hz if self._clock.isValid() else 0.0


class DeviceOutput:
    """Plays on a sound device through QAudioSink, in push mode, with a short buffer so that switching is prompt."""

    def __init__(self, mixer: Mixer, device: QAudioDevice, wanted_rate_hz: int) -> None:
        self._mixer = mixer
        self._format = _format_for(device, wanted_rate_hz)
        self.rate_hz = self._format.sampleRate()
        self._sink = QAudioSink(device, self._format)
        self._sink.setBufferSize(int(BUFFER_S * self.rate_hz) * self._format.bytesPerFrame())
        self._io: QIODevice | None = None
        self._sounding = QElapsedTimer()

    def start(self) -> bool:
        """Open the device and fill its buffer."""
        self._sink.reset()
        self._sounding.invalidate()
        io: QIODevice | None = self._sink.start()
        self._io = io
        if io is None or self._sink.error() != QtAudio.Error.NoError:
            return False
        self.pump()
        return True

    def pump(self) -> None:
        """Fill the free part of the device's buffer."""
        if self._io is None:
            return
        frames = self._sink.bytesFree() // self._format.bytesPerFrame()
        if frames > 0:
            self._io.write(self._encode(self._mixer.read(frames)))

    def frames_heard(self) -> float:
        """What the device took in, less what waits in its buffer; never more than time has passed.

        A sound server takes in its own buffer at once when it begins, and reports that as played.
        """
        played_s = self._sink.processedUSecs() * 1e-6
        if played_s > 0 and not self._sounding.isValid():
            self._sounding.start()
        passed_s = self._sounding.nsecsElapsed() * 1e-9 if self._sounding.isValid() else 0.0
        return min(played_s, FASTEST * passed_s) * self.rate_hz

    def stop(self) -> None:
        """Drop what waits in the buffer."""
        self._sink.reset()
        self._io = None

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
