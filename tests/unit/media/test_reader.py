"""Reading: what is in a file, exact samples, exact picture times, and a sentence for every broken file."""

from __future__ import annotations

import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from engine import cache
from engine.errors import InputError, JobCancelled, NoPictureError, NoSoundError, OutputError
from engine.jobs import CancelToken, Progress
from engine.media.reader import decode_audio, frame_at, probe, read_frames
from engine.seals import read_sealed
from engine.types import PcmStore
from tests.helpers import media_files as media
from tests.helpers.media_files import FILM_RATE, NTSC_RATE, Picture, Sound, write_media

LOUD = 0.4


@pytest.fixture(autouse=True)
def fresh_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(cache.CACHE_DIR_VARIABLE, str(tmp_path / "cache"))


def clicks(store: PcmStore) -> list[int]:
    return np.flatnonzero(np.abs(store.open()[:, 0]) > LOUD).tolist()


# --- what is in a file


@pytest.mark.parametrize("fps", [NTSC_RATE, FILM_RATE, Fraction(25), Fraction(60)])
@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mov"])
def test_constant_rates(tmp_path: Path, fps: Fraction, suffix: str) -> None:
    info = probe(write_media(tmp_path / f"a{suffix}", Picture(fps=fps), [Sound()]))
    assert info.video is not None
    assert info.video.avg_fps == pytest.approx(float(fps), rel=1e-3)
    assert not info.video.is_vfr
    assert (info.video.width, info.video.height, info.video.codec) == (160, 96, "h264")
    assert info.duration_s == pytest.approx(2.0, abs=0.06)


def test_varying_rate_and_its_times(tmp_path: Path) -> None:
    times_s = (0.0, 0.04, 0.08, 0.3, 0.34, 0.38, 0.5, 0.9, 1.0, 1.5)
    path = write_media(tmp_path / "vfr.mp4", Picture(times_s=times_s))
    info = probe(path)
    assert info.video is not None
    assert info.video.is_vfr
    frames = list(read_frames(path))
    np.testing.assert_allclose([frame.time_s for frame in frames], times_s, atol=1e-4)
    assert [media.number_of(frame.rgb) for frame in frames] == list(range(10))


@pytest.mark.parametrize("clockwise_deg", [0, 90, 180, 270])
def test_rotated_pictures_come_upright(tmp_path: Path, clockwise_deg: int) -> None:
    path = write_media(tmp_path / "r.mp4", Picture(clockwise_deg=clockwise_deg))
    info = probe(path)
    assert info.video is not None
    assert info.video.rotation_deg == clockwise_deg
    assert (info.video.width, info.video.height) == ((160, 96) if clockwise_deg % 180 == 0 else (96, 160))
    for number, frame in enumerate(read_frames(path)):
        assert frame.rgb.shape == (info.video.height, info.video.width, 3)
        assert media.is_upright(frame.rgb)
        assert media.number_of(frame.rgb) == number


@pytest.mark.parametrize("layout", ["mono", "stereo", "5.1"])
@pytest.mark.parametrize("rate_hz", [8_000, 22_050, 44_100, 48_000, 96_000])
def test_rates_and_layouts_stay(tmp_path: Path, layout: str, rate_hz: int) -> None:
    sound = Sound(sample_rate_hz=rate_hz, layout=layout, clicks=(rate_hz // 2,))
    path = write_media(tmp_path / "a.mp4", Picture(), [sound])
    (audio,) = probe(path).audio
    store = decode_audio(path)
    assert (audio.sample_rate_hz, audio.layout) == (rate_hz, layout)
    assert (store.sample_rate_hz, store.layout, store.channels) == (rate_hz, layout, audio.channels)
    assert store.n_samples == 2 * rate_hz
    # AAC may move the peak of a click by a sample; the sound as a whole stays where it was.
    assert media.lag_of(store.open()[:, 0], sound.signal()[:, 0]) == 0


def test_192_khz(tmp_path: Path) -> None:
    path = write_media(tmp_path / "a.mov", None, [Sound(sample_rate_hz=192_000, codec="pcm_s24le", clicks=(77,))])
    store = decode_audio(path)
    assert (store.n_samples, store.sample_rate_hz, clicks(store)) == (384_000, 192_000, [77])


def test_two_audio_tracks_are_told_apart(tmp_path: Path) -> None:
    path = write_media(
        tmp_path / "two.mp4",
        Picture(),
        [
            Sound(clicks=(1_000,), title="Left mic", language="eng"),
            Sound(clicks=(2_000,), sample_rate_hz=44_100, language="deu"),
        ],
    )
    first, second = probe(path).audio
    assert (first.title, first.language, second.title, second.language) == ("Left mic", "eng", "", "deu")
    assert clicks(decode_audio(path)) == [1_000]
    assert clicks(decode_audio(path, audio_index=second.index)) == [2_000]
    with pytest.raises(NoSoundError, match="no sound stream 7"):
        decode_audio(path, audio_index=7)


def test_no_audio(tmp_path: Path) -> None:
    path = write_media(tmp_path / "silent.mp4", Picture())
    assert probe(path).audio == ()
    with pytest.raises(NoSoundError, match=r"silent\.mp4"):
        decode_audio(path)


def test_no_video(tmp_path: Path) -> None:
    path = write_media(tmp_path / "only.m4a", None, [Sound()])
    assert probe(path).video is None
    with pytest.raises(NoPictureError, match=r"only\.m4a"):
        next(read_frames(path))
    with pytest.raises(NoPictureError):
        frame_at(path, 0)


def test_cover_picture_is_no_video(tmp_path: Path) -> None:
    path = media.with_cover(tmp_path / "song.mp4")
    info = probe(path)
    assert info.video is None
    assert len(info.audio) == 1


@pytest.mark.parametrize(("name", "codec"), [("a.m4a", "aac"), ("a.mka", "libopus")])
def test_eight_planar_channels_stay_apart(tmp_path: Path, name: str, codec: str) -> None:
    """PyAV sees a ninth plane in them, which is no memory of the frame."""
    hum = np.sin(np.arange(24_000)[:, None] * np.array([0.01, 0.02, 0.03, 0.001, 0.05, 0.06, 0.07, 0.08])) * 0.3
    path = write_media(tmp_path / name, None, [Sound(layout="7.1", samples=hum.astype(np.float32), codec=codec)])
    heard = decode_audio(path).open()
    assert heard.shape[1] == 8
    middle = slice(6000, 18_000)
    likeness = np.corrcoef(heard[middle].T, hum[middle].T)[:8, 8:]
    assert (likeness.argmax(axis=0) == np.arange(8)).all() and np.diag(likeness).min() > 0.5


def test_wav_without_a_channel_mask_has_the_usual_layout(tmp_path: Path) -> None:
    path = write_media(tmp_path / "a.wav", None, [Sound(codec="pcm_s16le")])
    assert probe(path).audio[0].layout == "stereo"
    assert decode_audio(path).layout == "stereo"


# --- sound on the file's clock


@pytest.mark.parametrize("codec", ["pcm_u8", "pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_f32le", "pcm_f64le", "flac"])
def test_samples_are_exact(tmp_path: Path, codec: str) -> None:
    steps = {"pcm_u8": 2**7, "pcm_s16le": 2**15, "flac": 2**15}.get(codec, 2**23)
    samples = np.random.default_rng(5).integers(-steps, steps, (5_000, 2)) / steps
    path = write_media(tmp_path / "a.mkv", None, [Sound(codec=codec, samples=samples.astype(np.float32))])
    got = np.array(decode_audio(path).open())
    if codec == "flac":  # the helper feeds 16 bits
        np.testing.assert_allclose(got, samples, atol=1 / 2**15)
    else:
        np.testing.assert_array_equal(got, samples.astype(np.float32))


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_late_sound_is_preceded_by_silence(tmp_path: Path, suffix: str) -> None:
    sound = Sound(start_s=0.5, clicks=(1_000,), codec="flac")
    path = write_media(tmp_path / f"late{suffix}", Picture(), [sound])
    info = probe(path)
    assert info.audio[0].start_s == pytest.approx(0.5)
    assert info.video is not None
    assert info.video.start_s == 0
    store = decode_audio(path)
    assert store.n_samples == 24_000 + 96_000
    assert clicks(store) == [25_000]
    assert not store.open()[:24_000].any()


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_early_sound_makes_the_picture_late(tmp_path: Path, suffix: str) -> None:
    path = write_media(tmp_path / f"early{suffix}", Picture(start_s=0.3), [Sound(clicks=(1_000,))])
    info = probe(path)
    assert info.video is not None
    assert info.video.start_s == pytest.approx(0.3)
    assert info.audio[0].start_s == 0
    assert info.duration_s == pytest.approx(2.3, abs=0.003)
    store = decode_audio(path)
    assert (store.n_samples, clicks(store)) == (96_000, [1_000])
    assert next(read_frames(path)).time_s == pytest.approx(0.3)


def test_time_0_is_the_earliest_stream_where_all_start_late(tmp_path: Path) -> None:
    path = write_media(tmp_path / "a.mkv", Picture(start_s=0.75), [Sound(start_s=0.5, clicks=(10,))])
    info = probe(path)
    assert info.video is not None
    assert info.video.start_s == pytest.approx(0.25)
    assert clicks(decode_audio(path)) == [10]
    assert next(read_frames(path)).time_s == pytest.approx(0.25)


def test_broadcast_clock_is_taken_off(tmp_path: Path) -> None:
    path = write_media(tmp_path / "a.ts", Picture(), [Sound()])
    info = probe(path)
    assert info.video is not None
    assert min(info.video.start_s, info.audio[0].start_s) == 0
    assert info.duration_s == pytest.approx(2.0, abs=0.06)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".m4a", ".mov"])
@pytest.mark.parametrize("codec", ["aac", "libopus", "alac"])
def test_priming_and_padding_are_cut(tmp_path: Path, suffix: str, codec: str) -> None:
    if codec == "libopus" and suffix in (".m4a", ".mov"):
        pytest.skip("the container does not take Opus")
    # 1.91 s is no whole number of frames of any of them.
    sound = Sound(codec=codec, duration_s=1.91, clicks=(1_000, 91_000))
    store = decode_audio(write_media(tmp_path / f"a{suffix}", None, [sound]))
    assert clicks(store) == [1_000, 91_000]
    padding = 1_024 if (codec, suffix) == ("aac", ".mkv") else 0  # Matroska does not say where AAC ends
    assert 91_680 <= store.n_samples <= 91_680 + padding


def test_gap_is_filled_with_silence(tmp_path: Path) -> None:
    sound = Sound(codec="pcm_s16le", clicks=(1_000, 70_000), gap=(30_720, 20_480))
    path = write_media(tmp_path / "gap.mkv", None, [sound])
    store = decode_audio(path)
    samples = store.open()
    # Matroska's clock counts milliseconds.
    assert abs(clicks(store)[1] - 70_000) <= 24
    assert not samples[30_720:51_200].any()
    assert samples[30_700:30_720].any()


def test_gap_in_an_exact_clock_is_exact(tmp_path: Path) -> None:
    sound = Sound(clicks=(1_000, 70_000), gap=(30_720, 20_480))
    store = decode_audio(write_media(tmp_path / "gap.mp4", None, [sound]))
    assert (clicks(store), store.n_samples) == ([1_000, 70_000], 96_000)


def test_second_call_reads_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_media(tmp_path / "a.mp4", None, [Sound()])
    first = decode_audio(path)
    monkeypatch.setattr("engine.media.sound.decode", lambda packet: pytest.fail("decoded again"))
    assert decode_audio(path) == first
    moved = path.rename(tmp_path / "moved.mp4")
    assert decode_audio(moved) == first


def test_damaged_cache_is_decoded_again(tmp_path: Path) -> None:
    path = write_media(tmp_path / "a.mkv", None, [Sound(clicks=(500,))])
    store = decode_audio(path)
    with store.path.open("r+b") as file:
        file.truncate(100)
    assert clicks(decode_audio(path)) == [500]
    (store.path.parent / "sound.json").write_text("{")
    assert clicks(decode_audio(path)) == [500]
    with store.path.open("r+b") as file:
        file.seek(4 * 2 * 700)
        file.write(b"\0\0\x60\x3f")
    assert clicks(decode_audio(path)) == [500, 700]
    assert clicks(decode_audio(path, checked=True)) == [500]


def test_progress_rises_to_its_end(tmp_path: Path) -> None:
    path = write_media(tmp_path / "a.mp4", None, [Sound(duration_s=5)])
    seen: list[Progress] = []
    decode_audio(path, on_progress=seen.append)
    fractions = [progress.fraction for progress in seen]
    assert len(fractions) >= 4
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
    assert all(0 <= progress.completed <= progress.total for progress in seen)


def test_cancelled_decoding_leaves_nothing_half(tmp_path: Path) -> None:
    path = write_media(tmp_path / "a.mp4", Picture(), [Sound(duration_s=5)])
    token = CancelToken()
    with pytest.raises(JobCancelled):
        decode_audio(path, on_progress=lambda progress: token.cancel(), cancel=token)
    assert [file for file in (tmp_path / "cache").rglob("*") if file.is_file()] == []
    with pytest.raises(JobCancelled):
        list(read_frames(path, cancel=token))
    assert decode_audio(path).n_samples == 240_000


def test_full_disk_is_told_before_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_media(tmp_path / "a.mp4", None, [Sound()])
    usage = type("Usage", (), {"free": 1_000})
    monkeypatch.setattr("shutil.disk_usage", lambda folder: usage)
    with pytest.raises(OutputError, match="working space"):
        decode_audio(path)


def test_facts_beside_the_samples(tmp_path: Path) -> None:
    store = decode_audio(write_media(tmp_path / "a.mp4", None, [Sound()]))
    facts = read_sealed(store.path.parent / "sound.json")
    assert facts["n_samples"] == store.n_samples == store.path.stat().st_size // 8


# --- pictures


def test_range_and_step_of_frames(tmp_path: Path) -> None:
    path = write_media(tmp_path / "a.mp4", Picture(fps=Fraction(25), duration_s=4))
    some = list(read_frames(path, start_s=1.0, end_s=2.0))
    assert [media.number_of(frame.rgb) for frame in some] == list(range(25, 50))
    sparse = list(read_frames(path, every_s=0.5))
    assert [media.number_of(frame.rgb) for frame in sparse] == [0, 13, 25, 38, 50, 63, 75, 88]
    assert list(read_frames(path, start_s=9.0)) == []


def test_frames_are_reduced_and_never_enlarged(tmp_path: Path) -> None:
    path = write_media(tmp_path / "a.mp4", Picture(clockwise_deg=90))
    small = next(read_frames(path, max_width=48))
    assert small.rgb.shape == (80, 48, 3)
    assert small.scale == 0.5
    assert media.is_upright(small.rgb)
    large = next(read_frames(path, max_width=4_000))
    assert (large.rgb.shape, large.scale) == ((160, 96, 3), 1.0)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts", ".avi"])
@pytest.mark.parametrize("fps", [NTSC_RATE, Fraction(25)])
def test_frame_at_any_time_is_the_one_on_the_screen(tmp_path: Path, suffix: str, fps: Fraction) -> None:
    b_frames = 0 if suffix == ".avi" else 2
    path = write_media(tmp_path / f"a{suffix}", Picture(fps=fps, duration_s=4, b_frames=b_frames))
    frames = list(read_frames(path))
    times = np.array([frame.time_s for frame in frames])
    assert [media.number_of(frame.rgb) for frame in frames] == list(range(len(frames)))
    for time_s in (-1.0, 0.0, 0.019, 0.5, 1.2345, 2.0, 2.99, 3.97, 60.0):
        expected = max(0, int(np.searchsorted(times, time_s + 1e-6, side="right")) - 1)
        found = frame_at(path, time_s)
        assert media.number_of(found.rgb) == expected
        assert found.time_s == pytest.approx(times[expected])


def test_colours_are_kept(tmp_path: Path) -> None:
    frame = frame_at(write_media(tmp_path / "a.mp4", Picture()), 0)
    assert np.abs(frame.rgb[-8:].astype(int) - (255, 0, 0)).mean() < 12


def test_trimmed_file_begins_where_it_was_cut(tmp_path: Path) -> None:
    path = write_media(tmp_path / "a.mp4", Picture(start_s=-0.32), [Sound(clicks=(1_000,))])
    frames = list(read_frames(path))
    assert frames[0].time_s == 0
    assert [media.number_of(frame.rgb) for frame in frames] == list(range(8, 50))
    assert media.number_of(frame_at(path, 0.5).rgb) == 20
    assert clicks(decode_audio(path)) == [1_000]


@pytest.mark.parametrize("options", [{"movflags": "frag_keyframe+empty_moov"}, {"live": "1"}], ids=["mp4", "mkv"])
def test_files_written_as_they_were_recorded(tmp_path: Path, options: dict[str, str]) -> None:
    suffix = ".mkv" if "live" in options else ".mp4"
    path = write_media(tmp_path / f"a{suffix}", Picture(duration_s=4), [Sound(duration_s=4)], options=options)
    info = probe(path)
    assert info.duration_s == pytest.approx(4, abs=0.1)
    assert info.video is not None
    assert info.video.avg_fps == pytest.approx(25, rel=0.01)
    assert not info.video.is_vfr
    assert decode_audio(path).n_samples == pytest.approx(192_000, abs=4_096)
    assert media.number_of(frame_at(path, info.video.start_s + 3.02).rgb) == 75


def test_rate_of_a_container_that_declares_its_clock(tmp_path: Path) -> None:
    path = write_media(tmp_path / "a.mkv", Picture(times_s=tuple(np.arange(60) / 12.5)))
    info = probe(path)
    assert info.video is not None
    assert info.video.avg_fps == pytest.approx(12.5, rel=0.01)


# --- names, and files that are no good


NAMES = [
    "with space.mp4",
    'it\'s "quoted".mp4',
    "🎬 émoji.mp4",
    "-x.mp4",
    "x" * 200 + ".mp4",
    "new\nline.mp4",
    "file:a.mp4",
    "100%d.mp4",
    "a;b|c$(d).mp4",
]


@pytest.mark.parametrize("name", NAMES)
def test_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    made = write_media(tmp_path / "plain.mp4", Picture(duration_s=0.4), [Sound(duration_s=0.4)])
    made.rename(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    path = Path(name)
    assert probe(path).path == path
    assert decode_audio(path).n_samples == 19_200
    assert media.number_of(frame_at(path, 0.1).rgb) == 2


def test_text_named_mp4(tmp_path: Path) -> None:
    path = media.text_as_video(tmp_path / "text.mp4")
    for job in (probe, decode_audio, lambda path: next(read_frames(path))):
        with pytest.raises(InputError, match=r"text\.mp4.*is not a video or sound file") as caught:
            job(path)
        assert caught.value.remedy


def test_text_files_are_no_picture_of_letters(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("hello\n" * 50)
    with pytest.raises(InputError, match="is not a video"):
        probe(path)


@pytest.mark.parametrize("suffix", [".mp4", ".m3u8"])
@pytest.mark.parametrize(
    "text", ["#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{}\n#EXT-X-ENDLIST\n", "ffconcat version 1.0\nfile '{}'\n"]
)
@pytest.mark.parametrize("name", ["other.ts", "file://{}/other.ts", "{}/other.ts"])
def test_a_list_of_other_files_is_no_film(tmp_path: Path, suffix: str, text: str, name: str) -> None:
    write_media(tmp_path / "other.ts", Picture(), [Sound(codec="mp2")])
    path = tmp_path / f"list{suffix}"
    path.write_text(text.format(name.format(tmp_path)))
    with pytest.raises(InputError, match="not a video or sound file"):
        probe(path)


def test_a_file_of_the_same_length_and_age_is_another(tmp_path: Path) -> None:
    path = write_media(
        tmp_path / "a.wav", None, [Sound(layout="mono", codec="pcm_s16le", samples=np.zeros((800, 1), np.float32))]
    )
    other = write_media(
        tmp_path / "b.wav", None, [Sound(16_000, "mono", codec="pcm_s16le", samples=np.zeros((800, 1), np.float32))]
    )
    assert probe(path).audio[0].sample_rate_hz == 48_000
    status = path.stat()
    assert other.stat().st_size == status.st_size
    path.write_bytes(other.read_bytes())
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert probe(path).audio[0].sample_rate_hz == 16_000


def test_subtitles_are_neither_picture_nor_sound(tmp_path: Path) -> None:
    path = tmp_path / "lines.srt"
    path.write_text("1\n00:00:00,000 --> 00:00:01,000\nHello\n\n")
    with pytest.raises(InputError, match="neither picture nor sound"):
        probe(path)


@pytest.mark.parametrize(
    ("make", "says"),
    [(Path.touch, "is empty"), (Path.mkdir, "is a folder"), (lambda path: None, "was not found")],
    ids=["empty", "folder", "missing"],
)
def test_nothing_to_read(tmp_path: Path, make, says: str) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "a.mp4"
    make(path)
    for job in (probe, decode_audio, lambda path: next(read_frames(path)), lambda path: frame_at(path, 0)):
        with pytest.raises(InputError, match=says):
            job(path)


def test_truncated_without_an_index_is_an_input_error(tmp_path: Path) -> None:
    whole = write_media(tmp_path / "a.mp4", Picture(), [Sound()])
    with pytest.raises(InputError, match=r"cut\.mp4"):
        probe(media.truncated(tmp_path / "cut.mp4", whole))


def test_truncated_with_an_index_gives_what_is_there(tmp_path: Path) -> None:
    whole = write_media(
        tmp_path / "a.mp4", Picture(duration_s=6), [Sound(duration_s=6)], options={"movflags": "faststart"}
    )
    path = media.truncated(tmp_path / "cut.mp4", whole)
    samples = decode_audio(path).n_samples
    assert 48_000 < samples < 6 * 48_000 - 1_024
    frames = list(read_frames(path))
    assert 20 < len(frames) < 150
    np.testing.assert_allclose([frame.time_s for frame in frames], np.arange(len(frames)) / 25, atol=1e-4)


def test_corrupt_stretch_does_not_shift_what_follows(tmp_path: Path) -> None:
    whole = write_media(tmp_path / "a.mkv", Picture(duration_s=8), [Sound(duration_s=8, clicks=(380_000,))])
    path = media.corrupted(tmp_path / "bad.mkv", whole, start=0.4, end=0.6)
    store = decode_audio(path)
    # Matroska's clock counts milliseconds; noise may click, so the look is at the place itself.
    around = np.abs(store.open()[380_000 - 48 : 380_000 + 49, 0])
    assert around.max() > LOUD
    times = [frame.time_s for frame in read_frames(path)]
    assert times == sorted(times)
    assert times[-1] > 7.5


def test_noise_named_mp4_is_an_input_error(tmp_path: Path) -> None:
    path = tmp_path / "noise.mp4"
    path.write_bytes(np.random.default_rng(1).bytes(200_000))
    with pytest.raises(InputError, match=r"noise\.mp4"):
        probe(path)


def test_playlist_under_a_videos_name_reaches_nothing(tmp_path: Path) -> None:
    path = tmp_path / "list.mp4"
    path.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n")
    with pytest.raises(InputError, match=r"list\.mp4"):
        probe(path)


def test_changed_file_is_looked_at_again(tmp_path: Path) -> None:
    path = write_media(tmp_path / "a.mp4", Picture(), [Sound()])
    assert probe(path).video is not None
    write_media(path, None, [Sound(duration_s=1)])
    os.utime(path, (1, 1))
    assert probe(path).video is None


def test_decoders_write_nothing_to_the_terminal(tmp_path: Path) -> None:
    whole = write_media(tmp_path / "a.mp4", Picture(), [Sound()], options={"movflags": "faststart"})
    media.corrupted(tmp_path / "bad.mp4", whole, start=0.6, end=0.9)
    media.text_as_video(tmp_path / "text.mp4")
    script = (
        "import contextlib, pathlib, sys\n"
        "from engine.errors import EngineError\n"
        "from engine.media.reader import decode_audio, probe, read_frames\n"
        "for name in ('bad.mp4', 'text.mp4'):\n"
        "    path = pathlib.Path(sys.argv[1]) / name\n"
        "    for job in (probe, decode_audio, lambda path: list(read_frames(path))):\n"
        "        with contextlib.suppress(EngineError):\n"
        "            job(path)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout == ""
    assert done.stderr == ""
