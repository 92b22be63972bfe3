"""What a job will need, reckoned before it begins: time, memory, room for the results and working space."""

from __future__ import annotations

from engine import api, speed
from engine.errors import UsageError
from engine.export.job import clip_range, sound_stream
from engine.export.target import find_target, needed_bytes
from engine.isolation.job import windows_of
from engine.isolation.voice_file import WINDOW_S, window_bytes
from engine.types import AudioInfo, FaceAnalysis, MediaInfo, Outlook, SeparationRequest
from engine.vision.people import MAX_WIDTH_PX, known_faces, pictures_in

EVERYONE = 3  # reckoned with, before people are found
# Measured with pictures of 640x360 and 1920x1080, sound of 8 to 192 kHz; what was freed is not all given back.
_FACES_BYTES, _BYTES_PER_PIXEL = 530e6, 770
_VOICES_BYTES, _VOICES_AFTER_FACES_BYTES, _BYTES_PER_SAMPLE = 480e6, 170e6, 80
_LIPS_MAPPED_BYTES_PER_S = 40e3  # of a voice: mapped, so that the system may take it back
_LIPS_BYTES_PER_S = 90e3  # of a person, with what is kept until the film ends
_START_S = 3  # until the networks are loaded
_WRITING = 0.03  # seconds for a second of one track


def outlook(request: SeparationRequest, voices: int | None) -> Outlook:
    """Reckon what a request needs, as if no voice of it were computed; see `engine.api.outlook`."""
    media = api.probe(request.video)
    sound, target = sound_stream(media, request), find_target(request)
    known = known_faces(request.video)
    if voices is None:
        voices = _voices(request, known)
    range_s = clip_range(request.range_s, media)
    count = len(windows_of(media.duration_s, range_s))
    tracks = voices + (target.kind != "sound")
    picture_bytes = request.video.stat().st_size
    return Outlook(
        _wall_s(request, media, known, voices, tracks),
        _memory_bytes(media, known, sound, voices),
        needed_bytes(target.kind, target.format, sound, media.duration_s, voices, picture_bytes),
        _cache_bytes(media, known, sound, count * voices, checked=target.format not in ("wav", "flac")),
    )


def _voices(request: SeparationRequest, known: FaceAnalysis | None) -> int:
    if not request.everyone:
        return max(1, len(set(request.person_ids)))
    return EVERYONE if known is None else max(1, len(known.people))


def _wall_s(
    request: SeparationRequest, media: MediaInfo, known: FaceAnalysis | None, voices: int, tracks: int
) -> float | None:
    try:
        row = api.model_info(request.model)
    except UsageError:  # a training run, or a name that the job itself refuses
        return None
    start_s, end_s = clip_range(request.range_s, media) or (0.0, media.duration_s)
    voices_s = row.seconds_for(start_s, end_s, media.duration_s, voices)
    if voices_s is None:
        return None
    faces_s = 0.0 if known is not None else pictures_in(media) / speed.PICTURES * speed.pace_of_faces().seconds
    return _START_S + faces_s + voices_s + tracks * media.duration_s * _WRITING


def _memory_bytes(media: MediaInfo, known: FaceAnalysis | None, sound: AudioInfo, voices: int) -> int:
    """What looking and listening take; of it, what is mapped of the lips alone grows with the film's length."""
    window = WINDOW_S * sound.sample_rate_hz * sound.channels * _BYTES_PER_SAMPLE
    read = window + voices * media.duration_s * _LIPS_MAPPED_BYTES_PER_S
    if known is not None or media.video is None:
        return int(_VOICES_BYTES + read)
    scale = min(1.0, MAX_WIDTH_PX / max(1, media.video.width))
    pixels = media.video.width * media.video.height * scale**2
    return int(_FACES_BYTES + pixels * _BYTES_PER_PIXEL + _VOICES_AFTER_FACES_BYTES + read)


def _cache_bytes(media: MediaInfo, known: FaceAnalysis | None, sound: AudioInfo, windows: int, *, checked: bool) -> int:
    """The decoded sound, the voices as they grow, the lips; compressed results are decoded once more to be checked."""
    store = media.duration_s * sound.sample_rate_hz * sound.channels * 4
    people = EVERYONE if known is None else len(known.people)
    lips = people * media.duration_s * _LIPS_BYTES_PER_S
    return int(store * (2 if checked else 1) + windows * window_bytes(sound.sample_rate_hz, sound.channels) + lips)
