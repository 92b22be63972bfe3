"""The only decoder: what is in a file, its sound as samples, its pictures with their times.

Time 0 is the earliest start among the file's picture and sound; every time comes from time stamps.
"""

from engine.media.frames import Frame, frame_at, read_frames
from engine.media.information import probe
from engine.media.sound import decode_audio

__all__ = ["Frame", "decode_audio", "frame_at", "probe", "read_frames"]
