"""A video with new sound: the picture's packets pass through untouched, everything else that fits comes along."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from heapq import merge
from io import BytesIO
from itertools import islice
from math import lcm
from pathlib import Path
from typing import Any

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import Disposition, Stream

from engine.errors import NoPictureError, UsageError
from engine.jobs import CancelToken, Progress, ProgressCallback
from engine.media.encode import TrackEncoder, first_that_takes, lossless, lossy, open_output
from engine.media.information import duration_s
from engine.media.languages import language_for
from engine.media.sound import decode_audio
from engine.media.source import Heads, heads, open_media, packets
from engine.media.tracks import SoundTrack, store_track
from engine.types import ContainerFit

STAGE = "Writing the video"
FORMATS = {".mp4": "mp4", ".mov": "mov", ".mkv": "matroska"}
# What the output's own muxer says about itself.
CONTAINER_KEYS = frozenset({"major_brand", "minor_version", "compatible_brands", "encoder"})
# Apple's players show HEVC under this tag only.
HEVC_TAG = "hvc1"
# How many packets tell whether a container takes a stream.
TRIAL_PACKETS = 8
# How many packets at the start of a stream may lack a decoding time; codecs reorder far fewer.
MAX_HELD_PACKETS = 64
# What recorders and muxers call a sound track when nobody named it.
_NO_NAMES = frozenset({"", "SoundHandler", "Core Media Audio", "GPAC ISO Audio Handler", "Apple Sound Media Handler"})

log = logging.getLogger(__name__)


def remux(
    temporary: Path,
    suffix: str,
    source: Path,
    tracks: Sequence[SoundTrack],
    keep_sound: bool,
    on_progress: ProgressCallback,
    cancel: CancelToken,
) -> None:
    """Write the video. Its clock begins at the source's t = 0.

    Raises:
        UsageError: the container cannot hold a track. NoPictureError: the source has no picture.
        InputError: the source cannot be read. OutputError: the container refuses the contents.
        OSError: the file cannot be written.
    """
    begin = heads(source)
    if begin.picture is None or begin.picture_index is None:
        raise NoPictureError(f"“{source.name}” has no picture.", "Choose a sound format for the output, such as .wav.")
    length_s = duration_s(source)
    with (
        open_media(source) as old,
        open_output(temporary, FORMATS[suffix], _options(suffix, begin, old, tracks)) as new,
    ):
        job = _Remux(old, new, source, suffix, begin, cancel)
        job.copy_picture(old.streams[begin.picture_index])
        for track in tracks:
            job.add_track(track)
        if keep_sound:
            for stream in old.streams.audio:
                if stream.index in begin.sound:
                    job.copy_sound(stream)
        job.copy_the_rest()
        for written_s in job.run():
            done_s = min(max(0.0, written_s), length_s)
            on_progress(Progress(STAGE, done_s, length_s))
    on_progress(Progress(STAGE, length_s, length_s))


def _options(suffix: str, begin: Heads, old: InputContainer, tracks: Sequence[SoundTrack]) -> dict[str, str]:
    """Options of the muxer: edit lists of mp4 and mov count in the movie's clock, which has to hit every sample."""
    if suffix == ".mkv" or not tracks or begin.picture is None or begin.picture_index is None:
        return {}
    clock_hz = tracks[0].sample_rate_hz
    picture_clock = old.streams[begin.picture_index].time_base
    if begin.picture.start_s != begin.zero_s and picture_clock is not None:
        clock_hz = min(lcm(clock_hz, picture_clock.denominator), 2**30) if picture_clock.numerator == 1 else clock_hz
    return {"movie_timescale": str(clock_hz)}


class _Remux:
    """One remuxing job: streams are declared first, then all packets are written in order of time."""

    def __init__(
        self,
        old: InputContainer,
        new: OutputContainer,
        source: Path,
        suffix: str,
        begin: Heads,
        cancel: CancelToken,
    ) -> None:
        self._old = old
        self._new = new
        self._source = source
        self._suffix = suffix
        self._zero_s = begin.zero_s
        self._begin = begin
        self._cancel = cancel
        self._copies: dict[int, Stream] = {}
        self._encoders: list[TrackEncoder] = []
        new.metadata.update({key: value for key, value in old.metadata.items() if key not in CONTAINER_KEYS})

    def copy_picture(self, stream: Stream) -> None:
        """Let the picture through.

        Raises:
            UsageError: the container does not take it, or would show more of it.
        """
        if not self.takes(stream):
            raise UsageError(
                f"“{self._suffix}” files cannot hold the picture of “{self._source.name}” ({stream.name}) as it is.",
                "Choose .mkv, which takes nearly every picture.",
            )
        if not self.keeps_picture(stream):
            raise UsageError(
                f"“{self._source.name}” was trimmed without encoding it anew: .mkv would show what was cut off.",
                "Choose .mp4 or .mov, which keep the cut.",
            )
        copy = self._copy(stream)
        copy.disposition = stream.disposition | Disposition.default
        if self._suffix != ".mkv" and stream.codec_context.codec.canonical_name == "hevc":
            copy.codec_context.codec_tag = HEVC_TAG

    def add_track(self, track: SoundTrack, *, compress: bool = True) -> None:
        """Encode a new sound track; the first one is what players play."""
        path = Path(self._suffix)
        if self._suffix == ".mkv":
            coding = first_that_takes(track, path, lossless("flac"))
        elif compress:
            coding = first_that_takes(track, path, lossy("aac", track.channels), lossless("alac"))
        else:
            coding = first_that_takes(track, path, lossless("alac"), lossy("aac", track.channels))
        language = language_for(self._suffix, track.language)
        encoder = TrackEncoder(self._new, replace(track, language=language), coding)
        encoder.stream.metadata["title"] = track.title
        if self._suffix != ".mkv" and track.title:
            encoder.stream.metadata["handler_name"] = track.title  # what players of mp4 and mov show
        encoder.stream.disposition = Disposition(0) if self._encoders else Disposition.default
        self._encoders.append(encoder)

    def copy_sound(self, stream: AudioStream) -> None:
        """Let a sound track of the source through; encode it anew where the container does not take it as it is."""
        if self.keeps_sound(stream):
            copy = self._copy(stream)
            if stream.metadata.get("title", "") == "" and stream.metadata.get("handler_name", "") in _NO_NAMES:
                copy.metadata["title"] = copy.metadata["handler_name"] = "Original"
            copy.disposition = stream.disposition & ~Disposition.default if self._encoders else stream.disposition
            return
        log.info("%s does not take %s as it is: the sound is encoded anew", self._suffix, stream.codec_context.name)
        store = decode_audio(self._source, audio_index=stream.index, cancel=self._cancel)
        title = stream.metadata.get("title") or stream.metadata.get("handler_name") or "Original"
        track = store_track(store, title, stream.metadata.get("language", ""))
        self.add_track(track, compress=not stream.codec_context.codec.lossless)

    def copy_the_rest(self) -> None:
        """Let subtitles, covers and attachments through where the container takes them; chapters too."""
        for stream in self._old.streams:
            if stream.index in self._copies or stream.type not in ("subtitle", "attachment", "video"):
                continue
            if self.takes(stream):
                self._copy(stream).disposition = stream.disposition
            else:
                log.warning("%s does not take stream %d (%s): left out", self._suffix, stream.index, stream.type)
        chapters = self._old.chapters()
        for chapter in chapters:
            ticks = round(self._zero_s / (chapter["time_base"] or Fraction(1)))
            chapter["start"] -= ticks
            chapter["end"] -= ticks
        if chapters:
            self._new.set_chapters(chapters)

    def run(self) -> Iterator[float]:
        """Write everything; gives the time in seconds that was reached."""
        demuxed = [stream for index in self._copies if (stream := self._old.streams[index]).type != "attachment"]
        new_sound = merge(*(encoder.packets() for encoder in self._encoders), key=_decoding_time)
        waiting = next(new_sound, None)
        for packet in with_decoding_times(packets(self._old, self._source, *demuxed)):
            self._cancel.checkpoint()
            ticks = round(self._zero_s / packet.time_base)
            packet.pts, packet.dts = (packet.pts or 0) - ticks, (packet.dts or 0) - ticks
            while waiting is not None and _decoding_time(waiting) <= _decoding_time(packet):
                self._new.mux(waiting)
                waiting = next(new_sound, None)
            packet.stream = self._copies[packet.stream_index]
            self._new.mux(packet)
            yield float(_decoding_time(packet))
        while waiting is not None:  # the sound is longer than the picture
            self._cancel.checkpoint()
            self._new.mux(waiting)
            yield float(_decoding_time(waiting))
            waiting = next(new_sound, None)

    def keeps_picture(self, stream: Stream) -> bool:
        """Whether the picture can pass as it is, and nothing of it would show that was cut off."""
        head = self._begin.picture
        trimmed = head is not None and head.packet_s < head.start_s
        return self.takes(stream) and not (self._suffix == ".mkv" and trimmed)

    def keeps_sound(self, stream: AudioStream) -> bool:
        """Whether a sound track can pass as it is."""
        return not self._loses_its_start(stream) and self.takes(stream)

    def takes(self, stream: Stream) -> bool:
        """Whether the container takes a stream as it is."""
        return container_takes(FORMATS[self._suffix], self._source, stream.index)

    def _loses_its_start(self, stream: AudioStream) -> bool:
        """Whether a copy would sound its encoder's run-in: Matroska hides it only where it was hidden by Matroska."""
        head = self._begin.sound[stream.index]
        return self._suffix == ".mkv" and "matroska" not in self._old.format.name and head.packet_s < head.start_s

    def _copy(self, stream: Stream) -> Stream:
        copy = self._new.add_stream_from_template(stream, opaque=True)
        copy.metadata.update(stream.metadata)
        if stream.language:
            copy.metadata["language"] = language_for(self._suffix, stream.language)
        self._copies[stream.index] = copy
        return copy


def container_fit(source: Path, suffix: str) -> ContainerFit:
    """How a film goes into a container; see `engine.api.container_fit`.

    Raises:
        UsageError: a suffix that is no video's. NoPictureError: the source has no picture. InputError: as named.
    """
    if suffix not in FORMATS:
        raise UsageError(f"“{suffix}” is no type of video file.", f"Use {', '.join(FORMATS)}.")
    begin = heads(source)
    if begin.picture is None or begin.picture_index is None:
        raise NoPictureError(f"“{source.name}” has no picture.", "Choose a sound format for the output, such as .wav.")
    with open_media(source) as old, av.open(BytesIO(), "w", format=FORMATS[suffix]) as new:
        job = _Remux(old, new, source, suffix, begin, CancelToken())
        sounds = [stream for stream in old.streams.audio if stream.index in begin.sound]
        others = [
            stream
            for stream in old.streams
            if stream.index != begin.picture_index and stream.type in ("subtitle", "attachment", "video")
        ]
        return ContainerFit(
            picture=job.keeps_picture(old.streams[begin.picture_index]),
            new_sounds=sum(not job.keeps_sound(stream) for stream in sounds),
            left_out=tuple(sorted({stream.type for stream in others if not job.takes(stream)})),
        )


def container_takes(container_format: str, source: Path, index: int) -> bool:
    """Whether a stream can be copied into a container, found out by copying its first packets into memory.

    Muxers refuse some streams at the header and some only at the end, when everything else is written already.
    """
    with open_media(source) as old:
        stream = old.streams[index]
        new = av.open(BytesIO(), "w", format=container_format)
        try:
            copy = new.add_stream_from_template(stream, opaque=True)
            demuxed = packets(old, source, stream) if stream.type != "attachment" else iter(())
            for packet in islice(with_decoding_times(demuxed), TRIAL_PACKETS):
                packet.stream = copy
                new.mux(packet)
            new.start_encoding()
            new.close()
        except (av.error.FFmpegError, ValueError, AttributeError):  # AttributeError: a codec that PyAV does not know
            with suppress(av.error.FFmpegError, ValueError):
                new.close()
            return False
    return True


def with_decoding_times(found: Iterator[Packet[Stream]]) -> Iterator[Packet[Stream]]:
    """Packets that all have times, rising per stream, as muxers want them; packets without contents are left out.

    Some containers keep only display times. FFmpeg then works out when to decode, but not for the first packets of a
    stream: these wait here until the first known time, and count back from it.
    """
    waiting: dict[int, list[Packet[Stream]]] = {}
    last: dict[int, int] = {}
    for packet in found:
        index = packet.stream_index
        held = waiting.setdefault(index, [])
        if packet.size:
            held.append(packet)
        if packet.size and packet.dts is None and index not in last and len(held) < MAX_HELD_PACKETS:
            continue
        _count_back(held)
        for ready in held:
            dts = ready.dts if ready.dts is not None else last.get(index, -1) + 1
            if index in last and dts <= last[index]:
                dts = last[index] + 1
            ready.dts = last[index] = dts
            ready.pts = dts if ready.pts is None else max(ready.pts, dts)
            yield ready
        held.clear()


def _count_back(held: list[Packet[Stream]]) -> None:
    """Give decoding times to the packets at the start of a stream, one picture's length each before the known one."""
    known = next((packet.dts for packet in held if packet.dts is not None), None)
    stamps = [packet.pts for packet in held if packet.pts is not None]
    if not held or not stamps or held[0].dts is not None:
        return
    step = max(1, held[0].duration or 1)
    count = sum(packet.dts is None for packet in held)
    first = (min(stamps) if known is None else known) - count * step
    for number, packet in enumerate(held[:count]):
        packet.dts = first + number * step


def _decoding_time(packet: Packet[Any]) -> Fraction:
    return (packet.dts or 0) * packet.time_base
