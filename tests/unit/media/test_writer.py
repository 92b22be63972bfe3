"""Writing: exact samples, an untouched picture, and nothing half-written when it fails."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from engine import cache
from engine.errors import (
    InputError,
    JobCancelled,
    NoPictureError,
    OutputError,
    OutputExistsError,
    UsageError,
)
from engine.jobs import CancelToken, Progress
from engine.media import wav
from engine.media.reader import decode_audio, probe, read_frames
from engine.media.remux import container_fit
from engine.media.writer import SampleFormat, SoundTrack, store_track, write_sound, write_video
from engine.types import ContainerFit, FloatArray
from tests.helpers import media_files as media
from tests.helpers.media_files import FILM_RATE, NTSC_RATE, Picture, Sound, write_media

N_SAMPLES = 50_001


@pytest.fixture(autouse=True)
def fresh_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(cache.CACHE_DIR_VARIABLE, str(tmp_path_factory.mktemp("cache")))


def noise(n_samples: int = N_SAMPLES, channels: int = 2, level: float = 0.2) -> FloatArray:
    return (np.random.default_rng(11).standard_normal((n_samples, channels)) * level).astype(np.float32)


def track(samples: FloatArray, rate_hz: int = 48_000, layout: str = "stereo", title: str = "Voice") -> SoundTrack:
    def blocks() -> Iterator[FloatArray]:
        for start in range(0, len(samples), 7_001):
            yield samples[start : start + 7_001]

    return SoundTrack(title, rate_hz, samples.shape[1], layout, len(samples), blocks)


def save(path: Path, samples: FloatArray, rate_hz: int = 48_000, layout: str = "stereo", **options: object) -> None:
    write_sound(path, track(samples, rate_hz, layout), cancel=CancelToken(), **options)  # type: ignore[arg-type]


# --- sound files


def test_float_wav_comes_back_bit_for_bit(tmp_path: Path) -> None:
    samples = noise(level=2.0)  # beyond full scale on purpose
    save(tmp_path / "a.wav", samples)
    np.testing.assert_array_equal(np.array(decode_audio(tmp_path / "a.wav").open()), samples)
    read, rate_hz = soundfile.read(tmp_path / "a.wav", dtype="float32")
    assert rate_hz == 48_000
    np.testing.assert_array_equal(read, samples)


def test_voice_and_rest_give_the_original_back(tmp_path: Path) -> None:
    original, voice = noise(), noise(level=0.05)[::-1]
    rest = original - voice
    save(tmp_path / "voice.wav", voice)
    save(tmp_path / "rest.wav", rest)
    total = decode_audio(tmp_path / "voice.wav").open() + decode_audio(tmp_path / "rest.wav").open()
    residual = np.abs(total - original).max()
    assert 20 * np.log10(max(residual, 1e-12)) <= -120


@pytest.mark.parametrize(("sample_format", "bits"), [("s24", 24), ("s16", 16)])
@pytest.mark.parametrize("suffix", [".wav", ".flac"])
def test_integer_formats_are_off_by_half_a_step_at_most(
    tmp_path: Path, sample_format: SampleFormat, bits: int, suffix: str
) -> None:
    samples = np.clip(noise(), -0.999, 0.999)
    path = tmp_path / f"a{suffix}"
    save(path, samples, sample_format=sample_format)
    read, _ = soundfile.read(path, dtype="float64")
    assert soundfile.info(path).subtype == f"PCM_{bits}"
    assert np.abs(read - samples).max() <= 0.5 / 2 ** (bits - 1)
    assert abs((read - samples).mean()) < 0.05 / 2 ** (bits - 1)  # rounded, not cut off
    # Decoded to float32, the steps of the format are still exact.
    np.testing.assert_array_equal(np.array(decode_audio(path).open()), read.astype(np.float32))


def test_integers_are_limited_to_full_scale(tmp_path: Path) -> None:
    save(tmp_path / "a.wav", np.array([[2.0], [-2.0], [np.nan]], np.float32), layout="mono", sample_format="s16")
    read, _ = soundfile.read(tmp_path / "a.wav", dtype="int16")
    assert read.tolist() == [32_767, -32_768, 0]


@pytest.mark.parametrize(("layout", "channels", "mask"), [("5.1", 6, 0x3F), ("5.1(side)", 6, 0x60F), ("7.1", 8, 0x63F)])
def test_surround_wav_names_its_speakers(tmp_path: Path, layout: str, channels: int, mask: int) -> None:
    samples = noise(2_000, channels)
    save(tmp_path / "a.wav", samples, layout=layout)
    store = decode_audio(tmp_path / "a.wav")
    assert store.layout == layout
    np.testing.assert_array_equal(np.array(store.open()), samples)
    assert int.from_bytes((tmp_path / "a.wav").read_bytes()[40:44], "little") == mask


@pytest.mark.parametrize("rate_hz", [8_000, 11_025, 44_100, 96_000, 192_000])
def test_any_rate_in_wav(tmp_path: Path, rate_hz: int) -> None:
    samples = noise(1_001, 1)
    save(tmp_path / "a.wav", samples, rate_hz, "mono", sample_format="s24")
    assert len((tmp_path / "a.wav").read_bytes()) % 2 == 0
    store = decode_audio(tmp_path / "a.wav")
    assert (store.sample_rate_hz, store.n_samples, store.layout) == (rate_hz, 1_001, "mono")


def test_wav_beyond_4_gib_is_rf64(tmp_path: Path) -> None:
    n_samples = 2**29 + 5
    long = SoundTrack("", 48_000, 2, "stereo", n_samples, lambda: iter(()))
    head = wav.header(long, "f32")
    assert head[:4] == b"RF64"
    path = tmp_path / "long.wav"
    path.write_bytes(head)
    with path.open("r+b") as file:
        file.truncate(len(head) + n_samples * 8)  # a hole of zeros
    info = soundfile.info(path)
    assert (info.format, info.frames, info.channels, info.samplerate) == ("RF64", n_samples, 2, 48_000)
    assert probe(path).duration_s == pytest.approx(n_samples / 48_000)
    short = SoundTrack("", 48_000, 2, "stereo", 2**28, lambda: iter(()))
    assert wav.header(short, "f32")[:4] == b"RIFF"


def test_m4a_keeps_place_and_length(tmp_path: Path) -> None:
    samples = np.convolve(noise()[:, 0], np.hanning(24) / 12, "same").astype(np.float32)[:, None].repeat(2, axis=1)
    save(tmp_path / "a.m4a", samples)
    info = probe(tmp_path / "a.m4a")
    assert info.audio[0].codec == "aac"
    store = decode_audio(tmp_path / "a.m4a")
    assert store.n_samples == N_SAMPLES
    assert media.lag_of(store.open()[:, 0], samples[:, 0]) == 0
    error = np.sqrt(np.mean((store.open() - samples) ** 2)) / np.sqrt(np.mean(samples**2))
    assert error < 0.05  # below -26 dB; nothing to hear


def test_m4a_at_a_rate_beyond_aac_is_lossless(tmp_path: Path) -> None:
    samples = np.clip(noise(), -0.99, 0.99)
    save(tmp_path / "a.m4a", samples, 192_000)
    assert probe(tmp_path / "a.m4a").audio[0].codec == "alac"
    store = decode_audio(tmp_path / "a.m4a")
    assert (store.sample_rate_hz, store.n_samples) == (192_000, N_SAMPLES)
    assert np.abs(store.open() - samples).max() <= 0.5 / 2**23


@pytest.mark.parametrize("rate_hz", [48_000, 44_100, 16_000, 8_000, 96_000])
def test_opus_keeps_place_and_length(tmp_path: Path, rate_hz: int) -> None:
    smooth = np.convolve(noise(N_SAMPLES, 1)[:, 0], np.hanning(12), "same").astype(np.float32)[:, None]
    save(tmp_path / "a.opus", smooth, rate_hz, "mono")
    store = decode_audio(tmp_path / "a.opus")
    assert store.sample_rate_hz == 48_000  # Opus always comes back at 48 kHz
    assert abs(store.n_samples - N_SAMPLES * 48_000 / rate_hz) < 1 + 48_000 / rate_hz
    times = np.arange(store.n_samples) / 48_000
    expected = np.interp(times, np.arange(N_SAMPLES) / rate_hz, smooth[:, 0]).astype(np.float32)
    assert abs(media.lag_of(store.open()[:, 0], expected)) <= 1


@pytest.mark.parametrize("suffix", [".flac", ".m4a", ".opus"])
@pytest.mark.parametrize(("layout", "channels"), [("mono", 1), ("stereo", 2), ("5.1", 6)])
def test_layouts_in_encoded_files(tmp_path: Path, suffix: str, layout: str, channels: int) -> None:
    path = tmp_path / f"a{suffix}"
    samples = np.zeros((24_000, channels), np.float32)
    # Each channel has its own moment, so that a mix-up of channels shows. The last is no bass channel in 5.1.
    for channel in range(channels):
        samples[3_000 * channel + 1_000 : 3_000 * channel + 3_000, channel] = noise(2_000, 1)[:, 0]
    save(path, samples, layout=layout)
    store = decode_audio(path)
    assert store.layout == layout
    got = np.array(store.open()[: len(samples)])
    for channel in range(channels):
        if layout == "5.1" and channel == 3 and suffix != ".flac":
            continue  # lossy coders keep only the lowest frequencies of the bass channel
        energy = (got[3_000 * channel + 1_200 : 3_000 * channel + 2_800] ** 2).mean(axis=0)
        assert int(energy.argmax()) == channel


def test_title_is_in_the_file(tmp_path: Path) -> None:
    write_sound(tmp_path / "a.flac", track(noise(), title="Anna’s voice"), cancel=CancelToken())
    with av.open(str(tmp_path / "a.flac")) as container:
        titles = {key.lower(): value for key, value in container.metadata.items()}
        assert titles["title"] == "Anna’s voice"


@pytest.mark.parametrize("suffix", [".flac", ".m4a", ".opus"])
def test_more_channels_than_the_format_takes(tmp_path: Path, suffix: str) -> None:
    with pytest.raises(UsageError, match="12 channels") as caught:
        save(tmp_path / f"a{suffix}", noise(100, 12), layout="12 channels")
    assert ".wav" in caught.value.remedy
    assert list(tmp_path.iterdir()) == []
    save(tmp_path / "a.wav", noise(100, 12), layout="12 channels")
    assert decode_audio(tmp_path / "a.wav").channels == 12


# --- videos


def export(
    tmp_path: Path, source: Path, suffix: str, *, keep_sound: bool = True, name: str = "out"
) -> tuple[Path, FloatArray]:
    """Write the source with two new tracks; the first is silence with clicks at its first, middle and last samples."""
    store = decode_audio(source)
    original = np.array(store.open())
    voice = np.zeros_like(original)
    voice[[100, len(voice) // 2, len(voice) - 1]] = 0.8
    path = tmp_path / f"{name}{suffix}"
    tracks = [
        track(voice, store.sample_rate_hz, store.layout, "Anna"),
        track(original - voice, store.sample_rate_hz, store.layout, "Everyone else"),
    ]
    write_video(path, source, tracks, keep_sound=keep_sound, cancel=CancelToken())
    return path, original


SOURCES = {
    "ntsc.mp4": (Picture(fps=NTSC_RATE), [Sound(clicks=(1_000,))]),
    "film.mkv": (Picture(fps=FILM_RATE), [Sound(clicks=(1_000,))]),
    "vfr.mp4": (Picture(times_s=(0, 0.04, 0.08, 0.3, 0.34, 0.38, 0.5, 0.9, 1, 1.5)), [Sound(layout="mono")]),
    "turned.mov": (Picture(clockwise_deg=90), [Sound(sample_rate_hz=44_100, clicks=(1_000,))]),
    "turned back.mp4": (Picture(clockwise_deg=270), [Sound(layout="5.1", clicks=(1_000,))]),
    "late sound.mp4": (Picture(), [Sound(start_s=0.5, codec="flac", clicks=(1_000,))]),
    "late picture.mp4": (Picture(start_s=0.3), [Sound(clicks=(1_000,))]),
    "late picture.mkv": (Picture(start_s=0.1), [Sound(clicks=(1_000,))]),
    "low.mp4": (Picture(), [Sound(sample_rate_hz=8_000, layout="mono")]),
    "high.mov": (Picture(), [Sound(sample_rate_hz=192_000, codec="pcm_s24le", clicks=(1_000,))]),
    "opus.mkv": (Picture(), [Sound(codec="libopus", clicks=(1_000,))]),
    "pcm.mkv": (Picture(codec="mpeg4"), [Sound(codec="pcm_s16le", clicks=(1_000,))]),
    "hevc.mkv": (Picture(codec="libx265"), [Sound(clicks=(1_000,))]),
    "short sound.mp4": (Picture(duration_s=3), [Sound(duration_s=1)]),
    "long sound.mp4": (Picture(duration_s=1), [Sound(duration_s=3)]),
    "no b-frames.mkv": (Picture(b_frames=0), [Sound(layout="5.1")]),
}


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
@pytest.mark.parametrize("name", SOURCES)
def test_picture_is_untouched_and_sound_in_place(tmp_path: Path, name: str, suffix: str) -> None:
    source = write_media(tmp_path / name, *SOURCES[name])
    before = probe(source)
    path, original = export(tmp_path, source, suffix)
    after = probe(path)
    assert before.video is not None
    assert after.video is not None

    old_packets, new_packets = media.packet_hashes(source), media.packet_hashes(path)
    assert [content for content, _ in new_packets] == [content for content, _ in old_packets]
    tolerance_s = 0.0005 if suffix == ".mkv" else 0.00002  # Matroska counts milliseconds
    old_times = np.array([float(time or 0) for _, time in old_packets])
    new_times = np.array([float(time or 0) for _, time in new_packets])
    np.testing.assert_allclose(new_times, old_times, atol=tolerance_s + 1e-9)
    assert after.video.rotation_deg == before.video.rotation_deg
    assert (after.video.width, after.video.height) == (before.video.width, before.video.height)
    assert after.video.start_s == pytest.approx(before.video.start_s, abs=tolerance_s + 1e-9)
    np.testing.assert_allclose(
        [frame.time_s for frame in read_frames(path)],
        [frame.time_s for frame in read_frames(source)],
        atol=tolerance_s + 1e-9,
    )

    assert [audio.title for audio in after.audio[:2]] == ["Anna", "Everyone else"]
    assert len(after.audio) == 3
    assert after.audio[2].channels == before.audio[0].channels
    for audio in after.audio[:2]:
        assert (audio.sample_rate_hz, audio.layout) == (before.audio[0].sample_rate_hz, before.audio[0].layout)
    voice = decode_audio(path, audio_index=after.audio[0].index)
    rest = decode_audio(path, audio_index=after.audio[1].index)
    assert voice.n_samples == rest.n_samples == len(original)
    loud = np.flatnonzero(np.abs(voice.open()[:, 0]) > 0.3)
    if voice.sample_rate_hz > 8_000:
        assert loud.tolist() == [100, len(original) // 2, len(original) - 1]
    else:  # AAC has few bits there
        assert np.abs(loud - 100).min() <= 1
    kept = np.array(decode_audio(path, audio_index=after.audio[2].index).open())
    # Opus has a run-in of 6.5 ms, which Matroska can only write as 7 ms; mp4 takes it at its word.
    assert media.lag_of(kept[:, 0], original[:, 0]) == (-24 if (name, suffix) == ("opus.mkv", ".mp4") else 0)


def test_trimmed_file_stays_trimmed(tmp_path: Path) -> None:
    source = write_media(tmp_path / "a.mp4", Picture(start_s=-0.32), [Sound()])
    path, original = export(tmp_path, source, ".mp4")
    assert media.packet_hashes(path) == media.packet_hashes(source)
    assert [media.number_of(frame.rgb) for frame in read_frames(path)] == list(range(8, 50))
    assert decode_audio(path).n_samples == len(original)
    with pytest.raises(UsageError, match="trimmed") as caught:
        export(tmp_path, source, ".mkv")
    assert ".mp4" in caught.value.remedy


def test_original_sound_is_copied_bit_for_bit(tmp_path: Path) -> None:
    source = write_media(
        tmp_path / "a.mp4", Picture(), [Sound(title="Boom", language="eng"), Sound(sample_rate_hz=44_100)]
    )
    path, original = export(tmp_path, source, ".mp4")
    audio = probe(path).audio
    assert [(sound.title, sound.language) for sound in audio[2:]] == [("Boom", "eng"), ("Original", "")]
    kept = decode_audio(path, audio_index=audio[2].index)
    np.testing.assert_array_equal(np.array(kept.open()), original)
    second = decode_audio(path, audio_index=audio[3].index)
    np.testing.assert_array_equal(second.open(), decode_audio(source, audio_index=2).open())


def test_lossless_sound_that_does_not_fit_stays_lossless(tmp_path: Path) -> None:
    source = write_media(tmp_path / "a.mkv", Picture(), [Sound(codec="pcm_s16le")])
    path, original = export(tmp_path, source, ".mp4")
    audio = probe(path).audio
    assert audio[2].title == "Original"
    np.testing.assert_array_equal(np.array(decode_audio(path, audio_index=audio[2].index).open()), original)


def test_without_the_original_sound(tmp_path: Path) -> None:
    source = write_media(tmp_path / "a.mp4", Picture(), [Sound()])
    path, _ = export(tmp_path, source, ".mkv", keep_sound=False)
    assert [audio.title for audio in probe(path).audio] == ["Anna", "Everyone else"]


def test_players_start_with_the_first_new_track(tmp_path: Path) -> None:
    source = write_media(tmp_path / "a.mp4", Picture(), [Sound()])
    for suffix in (".mp4", ".mkv"):
        path, _ = export(tmp_path, source, suffix)
        with av.open(str(path)) as container:
            default = [bool(sound.disposition & av.stream.Disposition.default) for sound in container.streams.audio]
        assert default == [True, False, False]


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mov"])
def test_chapters_and_metadata_are_kept(tmp_path: Path, suffix: str) -> None:
    chapters = [(0.0, 0.75, "Opening"), (0.75, 2.0, "Talk")]
    source = write_media(
        tmp_path / "a.mkv", Picture(), [Sound()], metadata={"title": "An interview"}, chapters=chapters
    )
    path, _ = export(tmp_path, source, suffix)
    with av.open(str(path)) as container:
        assert container.metadata["title"] == "An interview"
        kept = [
            (float(chapter["start"] * chapter["time_base"]), chapter["metadata"]["title"])
            for chapter in container.chapters()
        ]
    assert kept == [(0.0, "Opening"), (0.75, "Talk")]


def test_players_read_flac_of_high_rates_and_many_channels(tmp_path: Path) -> None:
    """FFmpeg's parser finds nothing in blocks of some hundred kilobytes."""
    noise = np.random.default_rng(0).standard_normal((192_000, 6)).astype(np.float32) * np.float32(0.1)
    track = SoundTrack("Noise", 192_000, 6, "5.1", len(noise), lambda: iter([noise]))
    write_sound(tmp_path / "a.flac", track, cancel=CancelToken())
    with av.open(str(tmp_path / "a.flac")) as container:
        assert sum(frame.samples for frame in container.decode(audio=0)) == len(noise)


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.m4a", "a.opus", "a.mp4", "a.mov", "a.mkv"])
def test_the_same_sound_gives_the_same_file(tmp_path: Path, name: str) -> None:
    source = write_media(tmp_path / "film.mp4", Picture(), [Sound()])
    track = store_track(decode_audio(source), "Voice")
    written = []
    for folder in (tmp_path / "1", tmp_path / "2"):
        folder.mkdir()
        if name.endswith(("mp4", "mov", "mkv")):
            write_video(folder / name, source, [track], cancel=CancelToken())
        else:
            write_sound(folder / name, track, cancel=CancelToken())
        written.append((folder / name).read_bytes())
    assert written[0] == written[1]


@pytest.mark.parametrize(("written", "read"), [("eng", "eng"), ("deu", "ger"), ("swe", "sve"), ("cze", "ces")])
def test_languages_are_kept_in_quicktime_files(tmp_path: Path, written: str, read: str) -> None:
    """QuickTime's own list of languages has other codes for some of them, and none for a code that it does not know."""
    source = write_media(tmp_path / "a.mp4", Picture(), [Sound(language=written)])
    out = tmp_path / "b.mov"
    track = store_track(decode_audio(source), "Voice", written)
    write_video(out, source, [track], cancel=CancelToken())
    with av.open(str(out)) as container:
        assert [stream.language for stream in container.streams.audio] == [read, read]


def _with_subtitles(path: Path, folder: Path, codec: str) -> Path:
    """A video with one line of subtitles, muxed by the ffmpeg program."""
    import imageio_ffmpeg

    plain = write_media(folder / "plain.mkv", Picture(), [Sound()])
    lines = folder / "lines.srt"
    lines.write_text("1\n00:00:00,500 --> 00:00:01,500\nHello there\n\n")
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(plain), "-i", str(lines), "-map", "0", "-map"]
    command += ["1", "-c", "copy", "-c:s", codec, "-metadata:s:s:0", "language=fra", str(path)]
    subprocess.run(command, check=True)
    return path


def test_what_a_container_cannot_hold_is_known_beforehand(tmp_path: Path) -> None:
    source = _with_subtitles(tmp_path / "s.mkv", tmp_path, "srt")
    assert container_fit(source, ".mkv") == ContainerFit(True, 0, ())
    assert container_fit(source, ".mp4") == ContainerFit(True, 0, ("subtitle",))
    old = write_media(tmp_path / "old.mkv", Picture(codec="mpeg4"), [Sound(codec="pcm_s16le")])
    assert container_fit(old, ".mov").picture
    assert container_fit(old, ".mp4").new_sounds == 1
    film = write_media(tmp_path / "film.mkv", Picture(codec="ffv1"), [Sound()])
    assert not container_fit(film, ".mov").picture
    with pytest.raises(UsageError):
        container_fit(source, ".avi")


@pytest.mark.parametrize(("name", "codec", "suffix"), [("s.mkv", "srt", ".mkv"), ("s.mp4", "mov_text", ".mp4")])
def test_subtitles_are_kept(tmp_path: Path, name: str, codec: str, suffix: str) -> None:
    source = _with_subtitles(tmp_path / name, tmp_path, codec)
    path, _ = export(tmp_path, source, suffix)
    with av.open(str(path)) as container:
        (subtitle,) = container.streams.subtitles
        assert subtitle.language == "fra"
        texts = [bytes(packet) for packet in container.demux(subtitle) if packet.size]
    assert sum(b"Hello there" in text for text in texts) == 1


def test_subtitles_that_do_not_fit_do_not_stop_the_rest(tmp_path: Path) -> None:
    source = _with_subtitles(tmp_path / "s.mkv", tmp_path, "srt")
    path, _ = export(tmp_path, source, ".mp4")
    assert len(probe(path).audio) == 3


def test_apples_players_see_hevc(tmp_path: Path) -> None:
    source = write_media(tmp_path / "a.mkv", Picture(codec="libx265"), [Sound()])
    path, _ = export(tmp_path, source, ".mp4")
    assert b"hvc1" in path.read_bytes()


def test_broadcast_stream_becomes_a_file_that_starts_at_0(tmp_path: Path) -> None:
    source = write_media(tmp_path / "a.ts", Picture(), [Sound()])
    path, original = export(tmp_path, source, ".mp4")
    with av.open(str(path)) as container:
        assert container.start_time == 0
    assert decode_audio(path).n_samples == len(original)
    assert [frame.time_s for frame in read_frames(path)] == pytest.approx(
        [frame.time_s for frame in read_frames(source)], abs=2e-5
    )


def test_another_program_finds_the_clicks_where_they_belong(tmp_path: Path) -> None:
    import imageio_ffmpeg

    source = write_media(tmp_path / "a.mp4", Picture(fps=NTSC_RATE), [Sound()])
    for suffix in (".mp4", ".mov", ".mkv"):
        path, original = export(tmp_path, source, suffix)
        command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(path), "-map", "0:a:0", "-f", "f32le", "-"]
        done = subprocess.run(command, capture_output=True, check=True)
        heard = np.frombuffer(done.stdout, "<f4").reshape(-1, 2)
        loud = np.flatnonzero(np.abs(heard[: len(original), 0]) > 0.3)
        assert loud.tolist() == [100, len(original) // 2, len(original) - 1]


def test_store_as_a_track(tmp_path: Path) -> None:
    save(tmp_path / "a.wav", noise(200_000))
    store = decode_audio(tmp_path / "a.wav")
    made = store_track(store, "All", "eng")
    for _ in range(2):  # each call starts from the beginning
        np.testing.assert_array_equal(np.concatenate(list(made.blocks())), store.open())
    assert (made.title, made.language, made.n_samples) == ("All", "eng", 200_000)


# --- refusals and failures


def test_nothing_that_exists_is_replaced_unasked(tmp_path: Path) -> None:
    source = write_media(tmp_path / "a.mp4", Picture(), [Sound()])
    for name in ("b.wav", "b.mp4"):
        path = tmp_path / name
        path.write_bytes(b"mine")
        with pytest.raises(OutputExistsError, match=name):
            if path.suffix == ".wav":
                save(path, noise())
            else:
                write_video(path, source, [track(noise())], cancel=CancelToken())
        assert path.read_bytes() == b"mine"
    save(tmp_path / "b.wav", noise(), overwrite=True)
    write_video(tmp_path / "b.mp4", source, [track(noise())], overwrite=True, cancel=CancelToken())
    assert decode_audio(tmp_path / "b.wav").n_samples == decode_audio(tmp_path / "b.mp4").n_samples == N_SAMPLES
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.mp4", "b.mp4", "b.wav"]


def test_file_that_appeared_in_the_meantime_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    with pytest.raises(OutputExistsError):
        save(path, noise(), on_progress=lambda progress: path.write_bytes(b"mine") and None)
    assert path.read_bytes() == b"mine"
    assert list(tmp_path.iterdir()) == [path]


def test_the_source_is_never_the_output(tmp_path: Path) -> None:
    source = write_media(tmp_path / "a.mp4", Picture(), [Sound()])
    content = source.read_bytes()
    with pytest.raises(OutputError, match="the source itself"):
        write_video(source, source, [track(noise())], overwrite=True, cancel=CancelToken())
    assert source.read_bytes() == content


def test_unknown_suffixes_name_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        save(tmp_path / "a.ogg", noise())
    assert ".opus" in caught.value.remedy
    with pytest.raises(UsageError) as caught:
        write_video(tmp_path / "a.avi", tmp_path / "x.mp4", [], cancel=CancelToken())
    assert ".mkv" in caught.value.remedy
    save(tmp_path / "A.WAV", noise())
    assert (tmp_path / "A.WAV").exists()


def test_missing_folder_and_folder_as_output(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="is not there"):
        save(tmp_path / "no" / "a.wav", noise())
    (tmp_path / "a.wav").mkdir()
    with pytest.raises(OutputError, match="is a folder"):
        save(tmp_path / "a.wav", noise(), overwrite=True)


def test_sound_without_a_picture_makes_no_video(tmp_path: Path) -> None:
    source = write_media(tmp_path / "a.m4a", None, [Sound()])
    with pytest.raises(NoPictureError, match=r"a\.m4a"):
        write_video(tmp_path / "b.mp4", source, [track(noise())], cancel=CancelToken())
    with pytest.raises(InputError):
        write_video(tmp_path / "b.mp4", tmp_path / "gone.mp4", [track(noise())], cancel=CancelToken())
    assert list(tmp_path.iterdir()) == [source]


def test_picture_that_the_container_does_not_take(tmp_path: Path) -> None:
    source = write_media(tmp_path / "a.mkv", Picture(codec="ffv1"), [Sound()])
    with pytest.raises(UsageError, match="cannot hold the picture") as caught:
        export(tmp_path, source, ".mov")
    assert ".mkv" in caught.value.remedy
    assert list(tmp_path.iterdir()) == [source]


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".m4a", ".opus", ".mp4", ".mkv"])
def test_cancelled_writing_leaves_nothing(tmp_path: Path, suffix: str) -> None:
    source = write_media(tmp_path / "a.mp4", Picture(), [Sound()])
    token = CancelToken()
    job = track(noise(500_000))
    path = tmp_path / f"b{suffix}"

    def stop(progress: Progress) -> None:
        token.cancel()

    with pytest.raises(JobCancelled):
        if suffix in (".mp4", ".mkv"):
            write_video(path, source, [job], on_progress=stop, cancel=token)
        else:
            write_sound(path, job, on_progress=stop, cancel=token)
    assert list(tmp_path.iterdir()) == [source]


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".m4a", ".mp4", ".mkv"])
def test_failing_sound_leaves_nothing(tmp_path: Path, suffix: str) -> None:
    source = write_media(tmp_path / "a.mp4", Picture(), [Sound()])
    path = tmp_path / f"b{suffix}"
    short = SoundTrack("Short", 48_000, 2, "stereo", 1_000, lambda: iter([noise(999)]))
    wrong = SoundTrack("Wrong", 48_000, 2, "stereo", 1_000, lambda: iter([noise(1_000, 1)]))
    for bad in (short, wrong):
        with pytest.raises(ValueError, match=bad.title):
            if suffix in (".mp4", ".mkv"):
                write_video(path, source, [bad], cancel=CancelToken())
            else:
                write_sound(path, bad, cancel=CancelToken())
    assert list(tmp_path.iterdir()) == [source]


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX file size limits")
@pytest.mark.parametrize("suffix", [".wav", ".flac", ".m4a", ".opus", ".mp4", ".mkv"])
def test_full_disk_is_a_sentence_and_leaves_nothing(tmp_path: Path, suffix: str) -> None:
    source = write_media(tmp_path / "a.mp4", Picture(), [Sound()])
    # A limit on the size of files stands in for the end of the disk: writes fail in the same place.
    script = (
        "import pathlib, resource, signal, sys\n"
        "import numpy as np\n"
        "from engine.errors import OutputError\n"
        "from engine.jobs import CancelToken\n"
        "from engine.media.writer import SoundTrack, write_sound, write_video\n"
        "folder, suffix = pathlib.Path(sys.argv[1]), sys.argv[2]\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))\n"
        "noise = np.random.default_rng(1).standard_normal((480_000, 2)).astype(np.float32) * 0.2\n"
        "track = SoundTrack('t', 48_000, 2, 'stereo', len(noise), lambda: iter([noise]))\n"
        "path = folder / ('b' + suffix)\n"
        "try:\n"
        "    if suffix in ('.mp4', '.mkv'):\n"
        "        write_video(path, folder / 'a.mp4', [track], keep_sound=False, cancel=CancelToken())\n"
        "    else:\n"
        "        write_sound(path, track, cancel=CancelToken())\n"
        "except OutputError as error:\n"
        "    print(error.message)\n"
    )
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path), suffix],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    assert "no space left" in done.stdout
    assert f"b{suffix}" in done.stdout
    assert done.stderr == ""
    assert list(tmp_path.iterdir()) == [source]


@pytest.mark.parametrize("suffix", [".wav", ".m4a", ".mp4"])
def test_progress_rises_to_its_end(tmp_path: Path, suffix: str) -> None:
    seen: list[Progress] = []
    path = tmp_path / f"b{suffix}"
    if suffix == ".mp4":
        source = write_media(tmp_path / "a.mp4", Picture(fps=Fraction(25)), [Sound()])
        write_video(path, source, [track(noise())], on_progress=seen.append, cancel=CancelToken())
    else:
        write_sound(path, track(noise()), on_progress=seen.append, cancel=CancelToken())
    fractions = [progress.fraction for progress in seen]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
    assert all(0 <= progress.completed <= progress.total for progress in seen)


@pytest.mark.parametrize("name", ["with 'quotes' and 🎬.mp4", "-x.mp4", "new\nline.mkv", "x" * 200 + ".mp4"])
def test_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    source = write_media(tmp_path / "a.mp4", Picture(duration_s=0.4), [Sound(duration_s=0.4)])
    monkeypatch.chdir(tmp_path)
    write_video(Path(name), Path(source.name), [track(noise(19_200))], cancel=CancelToken())
    write_sound(Path(name).with_suffix(".flac"), track(noise(19_200)), cancel=CancelToken())
    assert decode_audio(Path(name)).n_samples == 19_200
    assert decode_audio(Path(name).with_suffix(".flac")).n_samples == 19_200
