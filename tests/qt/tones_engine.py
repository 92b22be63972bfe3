"""The fake engine with true pictures of its tones: 300 and 600 Hz at 0.2 each, that is -14 dB, for 20 s."""

from fake_engine import *  # noqa: F403

from engine.audio.picture import spectrogram, waveform  # noqa: F401
