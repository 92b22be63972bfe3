"""The main job from request to files, with a separation whose result is known."""

from __future__ import annotations

import json
import os
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from engine import api
from engine.errors import (
    EngineError,
    InputChangedError,
    JobCancelled,
    ModelError,
    NoPictureError,
    NoSoundError,
    OutputError,
    OutputExistsError,
    UsageError,
)
from engine.export.levels import measure_voice
from engine.export.mix import Mix
from engine.export.verify import null_test_db, offset_samples
from engine.jobs import CancelToken, Progress
from engine.media.writer import SoundTrack, write_sound
from engine.registry import model_spec
from engine.types import FloatArray, SeparationRequest, SeparationResult
from tests.helpers.fake_isolation import SHARES, FakeEngine, installed
from tests.helpers.media_files import Picture, Sound, packet_hashes, write_media

decode_audio, probe = api.decode_audio, api.probe


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    return installed(tmp_path, monkeypatch)


def _separate(
    engine: FakeEngine, output: Path, on_progress: Callable[[Progress], None] = lambda _: None, **options: Any
) -> SeparationResult:
    options.setdefault("person_ids", (1,))
    request = SeparationRequest(engine.video, output, **options)
    return api.separate(request, on_progress=on_progress, cancel=CancelToken())


def _read(path: Path) -> FloatArray:
    samples: FloatArray = soundfile.read(path, dtype="float32", always_2d=True)[0]
    return samples


def _left_over(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name not in ("stores", "talk.mp4"))


def test_a_wav_file_holds_the_voice_to_the_last_bit(engine: FakeEngine, tmp_path: Path) -> None:
    result = _separate(engine, tmp_path / "voice.wav")
    info = soundfile.info(tmp_path / "voice.wav")
    assert (info.samplerate, info.channels, info.frames) == (48_000, 2, 144_000)
    np.testing.assert_array_equal(_read(tmp_path / "voice.wav"), engine.samples * np.float32(SHARES[1]))
    assert [(o.path, o.person, o.kind) for o in result.outputs] == [(tmp_path / "voice.wav", 1, "voice")]
    assert result.null_test_db < -140 and result.offset_samples == 0
    assert result.duration_s == 3.0 and result.real_time_factor == pytest.approx(result.wall_s / 3.0)
    assert set(result.stages) == {"probe_s", "faces_s", "isolate_s", "measure_s", "write_s", "verify_s"}
    assert sum(result.stages.values()) <= result.wall_s
    assert 20 < result.peak_rss_mb < 20_000
    assert result.warnings == ("A note of the isolation.",)
    assert _left_over(tmp_path) == ["voice.wav"]


def test_a_folder_holds_everything_that_belongs_together(engine: FakeEngine, tmp_path: Path) -> None:
    engine.labels = ("Ann", "Bob / Rob")
    result = _separate(engine, tmp_path / "out", person_ids=(), everyone=True)
    names = ["Ann.wav", "Bob _ Rob.wav", "rest.wav", "talk.otio", "report.json"]
    assert [str(o.path) for o in result.outputs] == names
    assert [(o.person, o.kind) for o in result.outputs] == [
        (1, "voice"),
        (2, "voice"),
        (None, "rest"),
        (None, "timeline"),
        (None, "report"),
    ]
    assert _left_over(tmp_path / "out") == sorted(names)
    total = sum(_read(tmp_path / "out" / name).astype(np.float64) for name in names[:3])
    assert 20 * np.log10(np.abs(total - engine.samples).max()) < -120
    assert result.null_test_db < -120 and result.offset_samples == 0
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["input"]["name"] == "talk.mp4" and report["model_card"]["name"] == "tiny"
    assert report["versions"]["numpy"] == np.__version__
    assert report["outputs"][0] == {"path": "Ann.wav", "person": 1, "kind": "voice"}
    assert report["null_test_db"] == result.null_test_db and report["wall_s"] == result.wall_s
    assert [voice["gain_db"] for voice in report["voices"]] == [0.0, 0.0]


def test_the_timeline_names_every_file(engine: FakeEngine, tmp_path: Path) -> None:
    _separate(engine, tmp_path / "out")
    timeline = json.loads((tmp_path / "out" / "talk.otio").read_text())
    assert timeline["OTIO_SCHEMA"] == "Timeline.1" and timeline["tracks"]["OTIO_SCHEMA"] == "Stack.1"
    tracks = timeline["tracks"]["children"]
    assert [(track["name"], track["kind"]) for track in tracks] == [
        ("Picture", "Video"),
        ("Person 1", "Audio"),
        ("Everyone else", "Audio"),
        ("Original", "Audio"),
    ]
    urls = [track["children"][0]["media_reference"]["target_url"] for track in tracks]
    assert urls == [engine.video.as_uri(), "Person%201.wav", "rest.wav", engine.video.as_uri()]
    for track in tracks:
        length = track["children"][0]["source_range"]["duration"]
        assert length["value"] / length["rate"] == 3.0
    _separate(engine, tmp_path / "sound", picture="none")
    timeline = json.loads((tmp_path / "sound" / "talk.otio").read_text())
    assert [track["kind"] for track in timeline["tracks"]["children"]] == ["Audio"] * 3


@pytest.mark.parametrize(("suffix", "limit_db"), [("flac", -120), ("m4a", -140), ("opus", -140)])
def test_other_formats(engine: FakeEngine, tmp_path: Path, suffix: str, limit_db: float) -> None:
    result = _separate(engine, tmp_path / f"voice.{suffix}")
    assert result.null_test_db < limit_db and result.offset_samples == 0
    store = decode_audio(tmp_path / f"voice.{suffix}")
    assert (store.sample_rate_hz, store.channels, store.n_samples) == (48_000, 2, 144_000)
    error = store.open() - engine.samples * np.float32(SHARES[1])
    assert np.sqrt(np.mean(error**2)) < 0.01


def test_range_reaches_the_isolation_and_the_file(engine: FakeEngine, tmp_path: Path) -> None:
    _separate(engine, tmp_path / "out", range_s=(1.0, 99.0))
    assert engine.requests[0].range_s == (1.0, 3.0) and engine.requests[0].from_s == 1.0
    voice = _read(tmp_path / "out" / "Person 1.wav")
    assert not voice[:48_000].any() and voice[48_300:].all(axis=1).mean() > 0.99
    np.testing.assert_array_equal(_read(tmp_path / "out" / "rest.wav")[:48_000], engine.samples[:48_000])


def test_a_range_of_the_whole_file_is_no_range(engine: FakeEngine, tmp_path: Path) -> None:
    _separate(engine, tmp_path / "voice.wav", range_s=(0.0, 5.0))
    assert engine.requests[0].range_s is None


def test_mix_back_keeps_the_sum(engine: FakeEngine, tmp_path: Path) -> None:
    result = _separate(engine, tmp_path / "out", mix_back=0.5)
    voice, rest = _read(tmp_path / "out" / "Person 1.wav"), _read(tmp_path / "out" / "rest.wav")
    assert np.abs(voice - 0.65 * engine.samples).max() < 1e-6
    assert np.abs(voice + rest - engine.samples).max() < 1e-6
    assert result.null_test_db < -120


def test_loudness_is_reached_reported_and_undone_in_the_null_test(engine: FakeEngine, tmp_path: Path) -> None:
    result = _separate(engine, tmp_path / "out", loudness_lufs=-30.0)
    gain_db = json.loads((tmp_path / "out" / "report.json").read_text())["voices"][0]["gain_db"]
    voice = _read(tmp_path / "out" / "Person 1.wav")
    assert np.abs(voice - engine.samples * 0.3 * 10 ** (gain_db / 20)).max() < 1e-6
    assert abs(gain_db) > 1 and result.null_test_db < -120
    assert any("-30.0 LUFS" in warning for warning in result.warnings)


def test_a_silent_voice(engine: FakeEngine, tmp_path: Path) -> None:
    engine.voices[1] = np.zeros_like(engine.samples)
    result = _separate(engine, tmp_path / "voice.wav", loudness_lufs=-16.0)
    assert result.null_test_db < -140 and result.offset_samples == 0
    assert any("too quiet" in warning for warning in result.warnings)
    assert any("silent" in warning for warning in result.warnings)


def test_a_voice_beyond_full_scale_survives_in_wav_and_is_reported_in_flac(engine: FakeEngine, tmp_path: Path) -> None:
    engine.voices[1] = engine.samples * np.float32(5.0)
    assert _separate(engine, tmp_path / "a.wav").null_test_db < -120
    result = _separate(engine, tmp_path / "a.flac")
    assert result.null_test_db > -20
    assert any("Float WAV" in warning for warning in result.warnings)


def test_a_person_is_chosen_by_a_point(engine: FakeEngine, tmp_path: Path) -> None:
    result = _separate(engine, tmp_path / "voice.wav", person_ids=(), at=(0.5, 340.0, 150.0))
    assert result.outputs[0].person == 2


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({"mix_back": 1.5}, UsageError),
        ({"mix_back": float("nan")}, UsageError),
        ({"loudness_lufs": 3.0}, UsageError),
        ({"range_s": (2.0, 1.0)}, UsageError),
        ({"range_s": (-1.0, 1.0)}, UsageError),
        ({"range_s": (5.0, 9.0)}, UsageError),
        ({"audio_index": 7}, UsageError),
        ({"model": "nonsense"}, UsageError),
        ({"model": "gone"}, ModelError),
        ({"model": "runs/gone/best.safetensors"}, ModelError),
        ({"person_ids": (9,)}, UsageError),
        ({"person_ids": (1, 2)}, UsageError),
    ],
)
def test_wrong_requests_are_refused_before_the_work(
    engine: FakeEngine, tmp_path: Path, options: dict[str, Any], kind: type[EngineError]
) -> None:
    with pytest.raises(kind) as caught:
        _separate(engine, tmp_path / "voice.wav", **options)
    assert type(caught.value) is kind and caught.value.remedy
    assert not engine.requests and not _left_over(tmp_path)


def test_the_weights_of_a_training_run_are_a_model(engine: FakeEngine, tmp_path: Path) -> None:
    weights = model_spec("compact").path
    assert weights is not None
    _separate(engine, tmp_path / "voice.wav", model=str(weights))
    assert engine.requests[0].model == str(weights)


def test_files_without_sound_or_picture(engine: FakeEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    media = engine.probe(engine.video)
    monkeypatch.setattr(api, "probe", lambda _: replace(media, audio=()))
    with pytest.raises(NoSoundError, match=r"talk\.mp4"):
        _separate(engine, tmp_path / "voice.wav")
    monkeypatch.setattr(api, "probe", lambda _: replace(media, video=None))
    with pytest.raises(NoPictureError):
        _separate(engine, tmp_path / "voice.mp4")


def test_what_exists_stays_and_is_replaced_when_asked(engine: FakeEngine, tmp_path: Path) -> None:
    (tmp_path / "voice.wav").write_bytes(b"precious")
    with pytest.raises(OutputExistsError):
        _separate(engine, tmp_path / "voice.wav")
    assert not engine.requests and (tmp_path / "voice.wav").read_bytes() == b"precious"
    _separate(engine, tmp_path / "voice.wav", overwrite=True)
    assert len(_read(tmp_path / "voice.wav")) == 144_000


def test_a_folder_is_filled_again_when_asked(engine: FakeEngine, tmp_path: Path) -> None:
    _separate(engine, tmp_path / "out")
    with pytest.raises(OutputExistsError):
        _separate(engine, tmp_path / "out")
    (tmp_path / "out" / "notes.txt").write_text("mine")
    _separate(engine, tmp_path / "out", overwrite=True, format="flac")
    assert (tmp_path / "out" / "notes.txt").exists() and (tmp_path / "out" / "Person 1.flac").exists()


@pytest.mark.parametrize("stage", ["Isolating", "Measuring the voice", "Checking the result"])
@pytest.mark.parametrize("output", ["voice.wav", "out"])
def test_cancelled_at_any_stage_nothing_is_left(engine: FakeEngine, tmp_path: Path, stage: str, output: str) -> None:
    token = CancelToken()

    def on_progress(progress: Progress) -> None:
        if progress.stage == stage:
            token.cancel()

    request = SeparationRequest(engine.video, tmp_path / output, person_ids=(1,))
    with pytest.raises(JobCancelled):
        api.separate(request, on_progress=on_progress, cancel=token)
    assert _left_over(tmp_path) == []


@pytest.mark.parametrize("output", ["voice.wav", "out"])
def test_a_disk_that_fills_up_leaves_nothing(
    engine: FakeEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, output: str
) -> None:
    from engine.media import writer

    def full(path: Path, *_: object, **__: object) -> None:
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(writer, "write_sound", full)
    with pytest.raises(OutputError, match="no space left"):
        _separate(engine, tmp_path / output)
    assert _left_over(tmp_path) == []


@pytest.mark.parametrize("output", ["voice.wav", "out"])
def test_a_video_that_changes_meanwhile_gives_no_result(engine: FakeEngine, tmp_path: Path, output: str) -> None:
    def change(progress: Progress) -> None:
        if progress.stage == "Finding people":
            status = engine.video.stat()
            engine.video.write_bytes(b"a VIDEO")  # as long, and as old
            os.utime(engine.video, ns=(status.st_atime_ns, status.st_mtime_ns))

    with pytest.raises(InputChangedError, match=r"“talk.mp4” was changed while it was worked on"):
        _separate(engine, tmp_path / output, change)
    assert _left_over(tmp_path) == []


def test_a_video_that_goes_when_it_is_needed_no_more_is_not_missed(engine: FakeEngine, tmp_path: Path) -> None:
    _separate(
        engine,
        tmp_path / "voice.wav",
        lambda told: engine.video.unlink(missing_ok=True) if told.stage == "Checking the result" else None,
    )
    assert _left_over(tmp_path) == ["voice.wav"]


def test_a_file_that_appears_in_the_meantime_is_not_replaced(
    engine: FakeEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def on_progress(progress: Progress) -> None:
        if progress.stage == "Checking the result":
            (tmp_path / "voice.wav").write_bytes(b"precious")

    with pytest.raises(OutputExistsError):
        _separate(engine, tmp_path / "voice.wav", on_progress)
    assert (tmp_path / "voice.wav").read_bytes() == b"precious"


def test_progress_stays_in_bounds_and_ends(engine: FakeEngine, tmp_path: Path) -> None:
    seen: list[Progress] = []
    _separate(engine, tmp_path / "out", seen.append)
    assert all(0 <= progress.completed <= progress.total for progress in seen)
    assert seen[-1].stage == "Checking the result" and seen[-1].fraction == 1.0


def test_a_video_gets_tracks_and_keeps_its_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    video = tmp_path / "talk.mp4"
    write_media(video, Picture(duration_s=3.0), [Sound(duration_s=3.0)])
    (tmp_path / "stores").mkdir()
    engine = FakeEngine(tmp_path / "stores", video)
    source = np.array(decode_audio(video).open())
    engine.samples = source
    engine.install(monkeypatch)
    for suffix in ("mp4", "mkv", "mov"):
        output = tmp_path / f"result.{suffix}"
        result = _separate(engine, output, person_ids=(), everyone=True)
        assert [(o.path, o.person, o.kind) for o in result.outputs] == [(output, None, "video")]
        assert result.offset_samples == 0 and result.null_test_db < -120
        titles = [stream.title for stream in probe(output).audio]
        assert titles[:3] == ["Voice: Person 1", "Voice: Person 2", "Everyone else"] and len(titles) == 4
        assert [entry[0] for entry in packet_hashes(output)] == [entry[0] for entry in packet_hashes(video)]


def test_mixed_up_gains_would_fail_the_null_test(
    engine: FakeEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The null test reads the files: a writer that changes the level is caught."""
    from engine.media import writer

    honest = writer.write_sound

    def louder(path: Path, track: writer.SoundTrack, **options: Any) -> None:
        honest(path, replace(track, blocks=lambda: (block * np.float32(1.01) for block in track.blocks())), **options)

    monkeypatch.setattr(writer, "write_sound", louder)
    result = _separate(engine, tmp_path / "out")
    assert result.null_test_db > -60
    assert any("differ from the original" in warning for warning in result.warnings)


@pytest.mark.parametrize("name", ["voice.wav", "voice.flac", "voice.m4a", "voice.opus"])
def test_a_late_file_is_measured(
    engine: FakeEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    from engine.media import writer

    honest = writer.write_sound

    def late(path: Path, track: writer.SoundTrack, **options: Any) -> None:
        whole = np.concatenate(list(track.blocks()))
        honest(path, replace(track, blocks=lambda: iter([np.roll(whole, 240, axis=0)])), **options)

    rng = np.random.default_rng(3)
    engine.samples = rng.uniform(-0.5, 0.5, engine.samples.shape).astype(np.float32)
    monkeypatch.setattr(writer, "write_sound", late)
    assert _separate(engine, tmp_path / name).offset_samples == 240


def test_an_encoded_file_that_is_short_is_reported(
    engine: FakeEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from engine.media import writer

    honest = writer.write_sound

    def short(path: Path, track: writer.SoundTrack, **options: Any) -> None:
        whole = np.concatenate(list(track.blocks()))[:-960]
        honest(path, replace(track, n_samples=len(whole), blocks=lambda: iter([whole])), **options)

    monkeypatch.setattr(writer, "write_sound", short)
    result = _separate(engine, tmp_path / "voice.m4a")
    assert any("960 samples short" in warning for warning in result.warnings)
    with pytest.raises(OutputError, match="143040"):
        _separate(engine, tmp_path / "voice.wav")
    assert _left_over(tmp_path) == ["voice.m4a"]


def test_reading_back_leaves_nothing_in_the_cache(
    engine: FakeEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AVSEP_CACHE_DIR", str(tmp_path / "stores" / "cache"))
    _separate(engine, tmp_path / "voice.m4a")
    assert not list((tmp_path / "stores" / "cache" / "sound").iterdir())


def test_memory_does_not_grow_with_the_length(engine: FakeEngine, tmp_path: Path) -> None:
    def peak_bytes(seconds: float) -> int:
        engine.seconds = seconds
        engine.samples = np.tile(short, (round(seconds / 3), 1))
        tracemalloc.start()
        try:
            store = engine.store("source", engine.samples)
            voice = engine.store("voice", engine.samples * np.float32(0.5))
            tracemalloc.reset_peak()
            before = tracemalloc.get_traced_memory()[0]
            mix = Mix(store, (voice,), (1.0,), (0.5, seconds), 0.1)
            measure_voice(mix, 0, name="Ann", target_lufs=-20.0, on_block=lambda _: None)
            write_sound(tmp_path / f"{seconds}.wav", voice_track(mix), cancel=CancelToken())
            null_test_db(mix, [lambda start, stop: mix.voice(0, start, stop)], mix.rest, on_block=lambda _: None)
            offset_samples(mix.original, mix, on_block=lambda _: None)
            return tracemalloc.get_traced_memory()[1] - before
        finally:
            tracemalloc.stop()

    def voice_track(mix: Mix) -> SoundTrack:
        return SoundTrack("Voice", 48_000, 2, "stereo", mix.source.n_samples, lambda: mix.voice_blocks(0))

    short = engine.samples
    peak_bytes(6.0)  # first calls of SciPy fill its caches
    assert peak_bytes(60.0) < 1.2 * peak_bytes(12.0) < 60e6
