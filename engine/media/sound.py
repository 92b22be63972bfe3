"""Sound of a file as samples on the file's clock, decoded once into the cache."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer

from engine import cache
from engine.audio.peaks import PeakMeter, peaks_path
from engine.errors import InputError, NoSoundError, OutputError
from engine.jobs import CancelToken, Progress, ProgressCallback, ignore_progress
from engine.media.information import duration_s, stream_end
from engine.media.source import SoundHead, decode, heads, layout_name, open_media, packets, timestamp
from engine.seals import checksum, read_sealed, write_sealed
from engine.types import FloatArray, PcmStore

CACHE_KIND = "sound"
STAGE = "Reading the sound"
# Changes when samples would come out differently, so that older entries are decoded again.
DECODER_VERSION = 1
# A time stamp that is off by more than this is a gap or an overlap; less is rounding or jitter of the recorder.
EXACT_CLOCK_TOLERANCE_S = Fraction(5, 1000)
COARSE_CLOCK_TOLERANCE_S = Fraction(15, 1000)
COARSE_CLOCK_S = Fraction(1, 2000)
# A jump beyond the declared end, or back by more than this, is a broken clock and not a gap.
CLOCK_FAULT_S = 10
# What a decoder gives beyond the declared end of a stream is padding of its last frames, if it is as short as this.
PADDING_FRAMES = 3
SILENCE_BLOCK = 1 << 18
# By the name of the packed format, whether or not samples are planar.
_SAMPLE_TYPES = {"u8": "u1", "s16": "i2", "s32": "i4", "s64": "i8", "flt": "f4", "dbl": "f8"}
SPACE_REMEDY = f"Free some space, or set {cache.CACHE_DIR_VARIABLE} to a folder on another drive."

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Block:
    """Samples at a place: `start` counts samples from the file's t = 0; `samples` is (n, channels) float32."""

    start: int
    samples: FloatArray


def decode_audio(
    path: Path,
    *,
    audio_index: int | None = None,
    checked: bool = False,
    on_progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> PcmStore:
    """Decode a sound stream into the cache; instant the second time.

    The store begins at the file's t = 0: a stream that starts later is preceded by silence, gaps in its time stamps
    are filled with silence, encoder priming and padding are cut. Rate, channels and layout are the stream's own.

    Args:
        audio_index: `AudioInfo.index` of the stream, None for the first.
        checked: what the cache holds is read once, and decoded again where it is not as it was written.

    Raises:
        NoSoundError: the file has no such stream.
        InputError: nothing of the stream can be decoded.
        OutputError: the cache folder is full or cannot be written.
    """
    begin = heads(path)
    if not begin.sound:
        raise NoSoundError(f"“{path.name}” has no sound.", "Choose a file with a sound track.")
    index = next(iter(begin.sound)) if audio_index is None else audio_index
    if index not in begin.sound:
        raise NoSoundError(
            f"“{path.name}” has no sound stream {index}.",
            f"Choose one of: {', '.join(str(known) for known in begin.sound)}.",
        )
    folder = cache.entry(CACHE_KIND, f"{cache.content_key(path)}-{index}")
    known = _read_store(folder, checked=checked)
    if known is not None:
        return known
    _check_space(folder, duration_s(path), begin.sound[index])
    try:
        return _fill_store(folder, path, index, begin.zero_s, on_progress, cancel or CancelToken())
    except OutputError as error:
        raise OutputError(
            f"The sound of “{path.name}” could not be kept for work: {error.message}",
            SPACE_REMEDY,
            details=error.details,
        ) from error


def _check_space(folder: Path, length_s: float, head: SoundHead) -> None:
    needed = int(length_s * head.sample_rate_hz) * head.channels * 4
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise OutputError(
            f"The sound needs {needed / 1e9:.1f} GB of working space; {free / 1e9:.1f} GB are free in “{folder}”.",
            SPACE_REMEDY,
        )


def _fill_store(
    folder: Path, path: Path, index: int, zero_s: Fraction, on_progress: ProgressCallback, cancel: CancelToken
) -> PcmStore:
    pcm, facts = folder / "sound.f32", folder / "sound.json"
    with open_media(path) as container, cache.write_then_rename(pcm) as temporary:
        stream = container.streams[index]
        assert isinstance(stream, AudioStream)
        decoder = _StreamDecoder(path, container, stream, zero_s, duration_s(path))
        written = 0
        meter = PeakMeter()
        with temporary.open("wb") as file:
            for block in decoder.blocks(on_progress, cancel):
                _write_silence(file, (block.start - written) * block.samples.shape[1])
                file.write(np.ascontiguousarray(block.samples, "<f4").data)
                meter.add_silence(block.start - written)
                meter.add(block.samples)
                written = block.start + len(block.samples)
            written = min(written, decoder.declared_samples(written))
            file.truncate(written * decoder.channels * 4)
        if not written:
            raise InputError(
                f"The sound of “{path.name}” is damaged: nothing of it can be decoded.",
                "Copy or download the file again, or choose another sound track.",
            )
    with cache.write_then_rename(peaks_path(pcm)) as temporary:
        meter.peaks(written).tofile(temporary)
    store = PcmStore(pcm, decoder.rate_hz, decoder.channels, written, decoder.layout)
    told = {
        "version": DECODER_VERSION,
        "sample_rate_hz": store.sample_rate_hz,
        "channels": store.channels,
        "layout": store.layout,
        "n_samples": store.n_samples,
        "crc32": checksum(pcm),
    }
    write_sealed(facts, told)
    on_progress(Progress(STAGE, 1.0, 1.0))
    return store


def _read_store(folder: Path, *, checked: bool) -> PcmStore | None:
    """The store of a cache entry, None where it is missing, damaged or of another version."""
    pcm = folder / "sound.f32"
    facts = read_sealed(folder / "sound.json")
    if facts is None or facts["version"] != DECODER_VERSION:
        return None
    store = PcmStore(pcm, facts["sample_rate_hz"], facts["channels"], facts["n_samples"], facts["layout"])
    try:
        whole = pcm.stat().st_size == store.n_samples * store.channels * 4
        return store if whole and not (checked and checksum(pcm) != facts["crc32"]) else None
    except OSError:
        return None


def _write_silence(file: BinaryIO, count: int) -> None:
    zeros = np.zeros(min(count, SILENCE_BLOCK), "<f4")
    while count > 0:
        file.write(zeros[:count].data)
        count -= SILENCE_BLOCK


class _StreamDecoder:
    """Turns the frames of one stream into blocks that follow each other on the file's clock."""

    def __init__(
        self, path: Path, container: InputContainer, stream: AudioStream, zero_s: Fraction, length_s: float
    ) -> None:
        head = heads(path).sound[stream.index]
        self.rate_hz = head.sample_rate_hz
        self.channels = head.channels
        self.layout = head.layout
        self._path = path
        self._container = container
        self._stream = stream
        self._zero_s = zero_s
        self._length_s = length_s
        coarse = (stream.time_base or Fraction(0)) >= COARSE_CLOCK_S
        tolerance_s = COARSE_CLOCK_TOLERANCE_S if coarse else EXACT_CLOCK_TOLERANCE_S
        self._tolerance = int(tolerance_s * self.rate_hz)
        self._frame_samples = 0
        self._resampler: AudioResampler | None = None

    def blocks(self, on_progress: ProgressCallback, cancel: CancelToken) -> Iterator[_Block]:
        """The stream's samples in order, without overlap; what lies between two blocks is silence."""
        place: int | None = None  # where the next sample goes
        shift = 0  # what a broken clock is off by, in samples
        report_at = 0
        for packet in packets(self._container, self._path, self._stream):
            cancel.checkpoint()
            for frame in decode(packet):
                if not isinstance(frame, AudioFrame):
                    continue
                samples = self._samples(frame)
                found_s = timestamp(frame)
                stamp = None if found_s is None else round((found_s - self._zero_s) * self.rate_hz) + shift
                if place is None:
                    place = max(0, stamp or 0)
                elif stamp is not None and abs(stamp - place) > self._tolerance:
                    if self._is_fault(stamp, place):
                        log.warning("%s: time stamps jump at %.2f s", self._path.name, place / self.rate_hz)
                        shift += place - stamp
                    elif stamp < place:
                        samples = samples[place - stamp :]
                    else:
                        place = stamp
                if len(samples):
                    yield _Block(place, samples)
                    place += len(samples)
                if place >= report_at:
                    done_s = min(place / self.rate_hz, self._length_s)
                    on_progress(Progress(STAGE, done_s, max(self._length_s, done_s)))
                    report_at = place + self.rate_hz

    def declared_samples(self, decoded: int) -> int:
        """How many samples the stream says it has; `decoded` where it says nothing or is wrong."""
        end_s = stream_end(self._stream)
        if end_s is None:
            return decoded
        declared = round((end_s - self._zero_s) * self.rate_hz)
        return declared if 0 < decoded - declared <= PADDING_FRAMES * self._frame_samples else decoded

    def _is_fault(self, stamp: int, place: int) -> bool:
        limit = CLOCK_FAULT_S * self.rate_hz
        return stamp < place - limit or stamp > max(place, self._length_s * self.rate_hz) + limit

    def _samples(self, frame: AudioFrame) -> FloatArray:
        """A frame as (n, channels) float32 at the stream's own rate and layout."""
        self._frame_samples = max(self._frame_samples, frame.samples)
        if frame.sample_rate == self.rate_hz and layout_name(frame.layout) == self.layout:
            return to_float(frame)
        # The stream changes its rate or layout on the way, as broadcasts do.
        if self._resampler is None:
            self._resampler = AudioResampler("fltp", self.layout, self.rate_hz)
        try:
            parts = [to_float(part) for part in self._resampler.resample(frame)]
        except ValueError:  # it changes a second time: a resampler takes one kind of input
            self._resampler = AudioResampler("fltp", self.layout, self.rate_hz)
            parts = [to_float(part) for part in self._resampler.resample(frame)]
        return np.concatenate(parts) if parts else np.zeros((0, self.channels), np.float32)


def to_float(frame: AudioFrame) -> FloatArray:
    """Samples of a decoded frame, (n, channels) float32, full scale 1.0."""
    channels = frame.layout.nb_channels
    if frame.format.is_planar:
        # WORKAROUND(PyAV 18.1, AudioFrame.planes): eight channels come with a ninth plane that is no memory of the
        # frame, and `to_ndarray` reads it; remove when `to_ndarray` of a planar 7.1 frame has 8 rows.
        kind = _SAMPLE_TYPES[frame.format.packed.name]
        samples = np.stack(
            [np.frombuffer(bytes(plane), kind, frame.samples) for plane in frame.planes[:channels]], axis=1
        )
    else:
        samples = frame.to_ndarray().reshape(-1, channels)
    if samples.dtype == np.uint8:
        return (samples.astype(np.float32) - np.float32(128.0)) / np.float32(128.0)
    full_scale = {"s16": 2.0**15, "s32": 2.0**31, "s64": 2.0**63}.get(frame.format.packed.name, 1.0)
    # In double, so that 32-bit samples are rounded once.
    return np.asarray(samples / np.float64(full_scale), np.float32)
