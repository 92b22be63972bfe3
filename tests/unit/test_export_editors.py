"""What editors need to put an export in its place: the time stamp in WAV files, and the timeline."""

from __future__ import annotations

import json
import struct
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from engine import api
from engine.export.timeline import TimelineSound, write_timeline
from engine.jobs import CancelToken
from engine.media.timecode import parse_timecode, start_timecode
from engine.media.tracks import SoundTrack, Stamp
from engine.media.wav import header
from engine.types import MediaInfo, PcmStore, SeparationRequest, VideoInfo
from tests.helpers.fake_isolation import FakeEngine, installed
from tests.helpers.media_files import NTSC_RATE, Picture, Sound, write_media

decode_audio = api.decode_audio
# What each object of OpenTimelineIO's JSON form must have (its documentation, "Serialized Schema").
FIELDS = {
    "Timeline.1": {"metadata", "name", "global_start_time", "tracks"},
    "Stack.1": {"metadata", "name", "source_range", "effects", "markers", "children"},
    "Track.1": {"metadata", "name", "source_range", "effects", "markers", "children", "kind"},
    "Clip.1": {"metadata", "name", "source_range", "effects", "markers", "media_reference"},
    "Gap.1": {"metadata", "name", "source_range", "effects", "markers"},
    "ExternalReference.1": {"metadata", "name", "available_range", "target_url"},
    "TimeRange.1": {"start_time", "duration"},
    "RationalTime.1": {"rate", "value"},
}


def _chunks(data: bytes) -> dict[bytes, bytes]:
    """The chunks of a RIFF file up to the samples, by name."""
    found, at = {}, 12
    while at + 8 <= len(data):
        name, size = data[at : at + 4], struct.unpack_from("<I", data, at + 4)[0]
        found[name] = data[at + 8 : at + 8 + size]
        at += 8 + size + size % 2
    return found


def _separate(engine: FakeEngine, output: Path, **options: Any) -> None:
    request = SeparationRequest(engine.video, output, person_ids=(1,), **options)
    api.separate(request, on_progress=lambda _: None, cancel=CancelToken())


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    """A film whose timecode begins at ten o'clock."""
    film = tmp_path / "talk.mov"
    write_media(film, Picture(duration_s=3.0), [Sound(duration_s=3.0)], metadata={"timecode": "10:00:00:05"})
    return installed(tmp_path, monkeypatch, film)


@pytest.mark.parametrize(
    ("text", "fps", "seconds"),
    [
        ("01:00:00:00", 25.0, 3600.0),
        ("00:00:01:12", 24.0, 1.5),
        ("01:00:00:00", 29.97, 3603.6),  # not dropped: the clock is late
        ("01:00:00;00", 29.97, 107_892 * 1001 / 30_000),
        ("00:01:00;02", 29.97, 1800 * 1001 / 30_000),
        ("00:10:00.00", 59.94, 35_964 * 1001 / 60_000),
        ("23:59:59:24", 25.0, 86_400 - 0.04),
    ],
)
def test_timecode_is_read_as_seconds_since_midnight(text: str, fps: float, seconds: float) -> None:
    found = parse_timecode(text, fps)
    assert found is not None and found.seconds == pytest.approx(seconds, abs=1e-6)


@pytest.mark.parametrize("text", ["", "yesterday", "25:00:00:00", "00:61:00:00", "00:00:00:25", "1:2:3:4"])
def test_what_is_no_timecode(text: str) -> None:
    assert parse_timecode(text, 25.0) is None
    assert parse_timecode("00:00:00:00", 0.0) is None


@pytest.mark.parametrize("suffix", ["mov", "mp4", "mkv"])
def test_timecode_of_a_film(tmp_path: Path, suffix: str) -> None:
    film = tmp_path / f"film.{suffix}"
    write_media(film, Picture(fps=NTSC_RATE), [Sound()], metadata={"timecode": "10:00:00;00"})
    found = start_timecode(film, 29.97)
    assert found is not None and found.fps == Fraction(30_000, 1001) and found.frames == 1_078_920
    write_media(tmp_path / f"plain.{suffix}", Picture(), [Sound()])
    assert start_timecode(tmp_path / f"plain.{suffix}", 25.0) is None


def test_a_wav_file_says_when_it_was_recorded(engine: FakeEngine, tmp_path: Path) -> None:
    _separate(engine, tmp_path / "voice.wav")
    bext = _chunks((tmp_path / "voice.wav").read_bytes())[b"bext"]
    assert len(bext) == 602
    description, originator, _, date, time, reference, version = struct.unpack_from("<256s32s32s10s8sQH", bext)
    assert reference == round((36_000 + 5 / 25) * 48_000)
    assert version == 1 and originator.rstrip(b"\0") == b"AVSep" and description.rstrip(b"\0") == b"Voice: Person 1"
    assert date[4:5] == b"-" and time[2:3] == b":"
    # Other readers are not disturbed.
    assert soundfile.info(tmp_path / "voice.wav").frames == 144_000
    np.testing.assert_array_equal(
        np.array(decode_audio(tmp_path / "voice.wav").open()), engine.samples * np.float32(0.3)
    )


def test_without_timecode_the_stamp_is_midnight(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "stores").mkdir()
    engine = FakeEngine(tmp_path / "stores", tmp_path / "talk.mp4")
    engine.install(monkeypatch)
    _separate(engine, tmp_path / "out")
    for name in ("Person 1.wav", "rest.wav"):
        bext = _chunks((tmp_path / "out" / name).read_bytes())[b"bext"]
        assert struct.unpack_from("<Q", bext, 338)[0] == 0


def test_long_files_have_a_stamp_too() -> None:
    stamp = Stamp(48_000 * 86_399, "2026-01-31", "23:59:59")
    long = SoundTrack("é", 48_000, 2, "stereo", 2**29 + 5, lambda: iter(()), "", stamp)
    head = header(long, "f32")
    assert head[:4] == b"RF64"
    bext = _chunks(head)[b"bext"]
    assert struct.unpack_from("<Q", bext, 338)[0] == 48_000 * 86_399 and bext[:1] == b"?"


def _check_schema(value: Any) -> None:
    if isinstance(value, dict) and "OTIO_SCHEMA" in value:
        assert set(value) - {"OTIO_SCHEMA"} == FIELDS[value["OTIO_SCHEMA"]]
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _check_schema(part)


def test_the_timeline_counts_from_the_timecode(engine: FakeEngine, tmp_path: Path) -> None:
    """Editors find the film's stretch by its timecode, and the voice's by its stamp."""
    _separate(engine, tmp_path / "out")
    timeline = json.loads((tmp_path / "out" / "talk.otio").read_text())
    _check_schema(timeline)
    assert timeline["global_start_time"]["value"] == 900_005 and timeline["global_start_time"]["rate"] == 25
    for track in timeline["tracks"]["children"]:
        clip = track["children"][0]
        begins, available = clip["source_range"]["start_time"], clip["media_reference"]["available_range"]
        assert begins["value"] / begins["rate"] == pytest.approx(36_000.2)
        assert available["start_time"]["value"] / available["start_time"]["rate"] == pytest.approx(36_000.2)
        assert available["duration"]["value"] / available["duration"]["rate"] == 3.0
    _separate(engine, tmp_path / "small", format="flac")  # has no stamp
    timeline = json.loads((tmp_path / "small" / "talk.otio").read_text())
    starts = [track["children"][0]["source_range"]["start_time"]["value"] for track in timeline["tracks"]["children"]]
    assert starts == pytest.approx([900_005, 0, 0, 36_000.2 * 48_000])


def test_the_timeline_opens_in_opentimelineio(tmp_path: Path) -> None:
    """With the library itself, where it is installed; a picture that begins late has a gap before it."""
    otio = pytest.importorskip("opentimelineio")
    film = tmp_path / "a talk.mp4"
    film.write_bytes(b"film")
    media = MediaInfo(film, 10.0, VideoInfo(0, "h264", 640, 360, 25.0, False, 0, 0.2), ())
    source = PcmStore(tmp_path / "x", 48_000, 2, 480_000, "stereo")
    sounds = [TimelineSound("Ann", "Ann.wav")]
    write_timeline(tmp_path / "a.otio", media, source, sounds, with_picture=True, starts_s=3600.0, stamped=True)
    timeline = otio.adapters.read_from_file(str(tmp_path / "a.otio"))
    assert [(track.name, track.kind) for track in timeline.tracks] == [
        ("Picture", "Video"),
        ("Ann", "Audio"),
        ("Original", "Audio"),
    ]
    assert timeline.global_start_time.to_seconds() == 3600
    assert [type(item).__name__ for item in timeline.tracks[0]] == ["Gap", "Clip"]
    for track in timeline.tracks:
        assert track.duration().to_seconds() == 10.0
        clip = track[-1]
        there, used = clip.available_range(), clip.source_range
        assert there.start_time <= used.start_time and used.end_time_exclusive() <= there.end_time_exclusive()
    assert otio.url_utils.filepath_from_url(timeline.tracks[0][1].media_reference.target_url) == film.as_posix()
