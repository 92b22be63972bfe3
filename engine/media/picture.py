"""The encoder of pictures that are made anew: the best one that works here.

libx264 is under the GPL, so that an FFmpeg may lack it, or name it and be unable to open it: each is tried once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache

import av
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from engine.errors import OutputError

KEY_PICTURE_S = 2.0
_TRIAL_PX = (320, 240)


@dataclass(frozen=True)
class PictureCoding:
    """How pictures are encoded.

    Attributes:
        encoder: as FFmpeg calls it. format: what it makes, as people call it.
        suffixes: of the files that can hold it.
        bits_per_pixel: what encoders are given that know a bit rate and no quality; None for the others.
        clock_hz: in which times are counted.
        note: what the user should know of it, a sentence; "" for nothing.
    """

    encoder: str
    format: str
    options: dict[str, str] = field(default_factory=dict)
    suffixes: frozenset[str] = frozenset({".mp4", ".mov", ".mkv"})
    bits_per_pixel: float | None = None
    clock_hz: int = 90_000
    note: str = ""

    def prepare(self, context: VideoCodecContext, size_px: tuple[int, int], rate: Fraction) -> None:
        """Set up an encoder for pictures (yuv420p) of a size that come at about a rate, in 1/s."""
        context.width, context.height = size_px
        context.pix_fmt = "yuv420p"
        context.time_base = Fraction(1, self.clock_hz)
        context.gop_size = max(1, round(KEY_PICTURE_S * float(rate)))
        if self.bits_per_pixel is not None:
            context.bit_rate = round(self.bits_per_pixel * size_px[0] * size_px[1] * rate)
        context.options = dict(self.options)


# In this order; measured in docs/adr/0013-lgpl-codecs.md.
CHOICES = (
    PictureCoding("libx264", "H.264", {"preset": "veryfast", "crf": "18", "x264-params": "log-level=none"}),
    PictureCoding("h264_videotoolbox", "H.264", {"allow_sw": "1"}, bits_per_pixel=0.25),
    PictureCoding("libopenh264", "H.264", {"rc_mode": "bitrate"}, bits_per_pixel=0.25),
    PictureCoding(
        "libvpx-vp9",
        "VP9",
        # Always as many threads, since the bytes depend on whether there is more than one.
        {"deadline": "realtime", "cpu-used": "7", "row-mt": "1", "threads": "4", "crf": "25", "b": "0"},
        frozenset({".mp4", ".mkv"}),
        note="This AVSep cannot encode H.264: the picture of the close-up is VP9 (libvpx-vp9), which browsers, Android "
        "and VLC show. For Apple’s programs and most editors choose .mov.",
    ),
    PictureCoding(
        "mpeg4",
        "MPEG-4 Part 2",
        {"flags": "+qscale", "qmin": "2"},  # one quality throughout, which is this
        clock_hz=45_000,  # it counts in 16 bits
        note="This AVSep cannot encode H.264: the picture of the close-up is MPEG-4 Part 2 (mpeg4), which players and "
        "most editors show. For browsers choose .mp4.",
    ),
)


@cache
def picture_coding(suffix: str) -> PictureCoding:
    """The first choice that works here and that a file of this kind can hold.

    Raises:
        OutputError: there is none.
    """
    fitting = [coding for coding in CHOICES if suffix in coding.suffixes]
    for coding in fitting:
        if works(coding):
            return coding
    raise OutputError(
        f"No picture can be encoded for a “{suffix}” file by this FFmpeg.",
        "Install PyAV (the package “av”) anew, or export without a close-up.",
        details=f"Tried: {', '.join(coding.encoder for coding in fitting)}.",
    )


def works(coding: PictureCoding) -> bool:
    """Whether an encoder makes something of a picture."""
    try:
        context = av.CodecContext.create(coding.encoder, "w")
        assert isinstance(context, VideoCodecContext)
        coding.prepare(context, _TRIAL_PX, Fraction(25))
        context.framerate = Fraction(25)
        picture = VideoFrame(*_TRIAL_PX, "yuv420p")
        picture.pts, picture.time_base = 0, context.time_base
        return any(packet.size for packet in [*context.encode(picture), *context.encode(None)])
    except (av.error.FFmpegError, ValueError):  # a name that is not known is a ValueError
        return False
