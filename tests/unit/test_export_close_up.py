"""The close-up: where the camera looks, what each picture shows and when, and how the file comes to be."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from engine import api
from engine.errors import JobCancelled, OutputError, UsageError
from engine.export.camera import ASPECTS, FACE_HEIGHT, Camera, resting
from engine.export.close_up import CloseUp, write_close_up
from engine.export.close_up_edit import CloseUpEdit, font_for
from engine.jobs import CancelToken, Progress
from engine.media import picture
from engine.media.frames import Frame, read_frames
from engine.media.tracks import SoundTrack
from engine.types import (
    AudioInfo,
    CloseUpShape,
    FaceAnalysis,
    FaceTrack,
    MediaInfo,
    Person,
    SeparationRequest,
    SeparationResult,
    VideoInfo,
)
from tests.helpers.fake_isolation import SHARES, FakeEngine, installed
from tests.helpers.media_files import Picture, Sound, is_upright, number_of, numbered, write_media

decode_audio, probe = api.decode_audio, api.probe
SHAPES: tuple[CloseUpShape, ...] = ("16:9", "1:1", "9:16")
FILM_PX = (640, 360)
FACE_PX = 60.0


def _track(times_s: NDArray[np.float64], x: NDArray[np.float64], y: NDArray[np.float64] | float) -> FaceTrack:
    half = FACE_PX / 2
    y = np.broadcast_to(y, x.shape)
    boxes = np.stack([x - half, y - half, x + half, y + half], axis=1).astype(np.float32)
    return FaceTrack(float(times_s[0]), float(times_s[-1]), tuple(map(float, boxes[0])), times_s, boxes)


def _camera(track: FaceTrack, shape: CloseUpShape = "1:1", cuts_s: tuple[float, ...] = (), **options: Any) -> Camera:
    return Camera((track,), cuts_s, 20.0, FILM_PX, shape, **options)


def _walk(where: Any, until_s: float = 20.0) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    times_s = np.arange(0, until_s, 0.04)
    return times_s, where(times_s)


def _middles(camera: Camera, times_s: NDArray[np.float64]) -> NDArray[np.float64]:
    views = [camera.view_at(time_s) for time_s in times_s]
    return np.array([view.left + view.width / 2 for view in views])


@pytest.mark.parametrize("seed", range(5))
def test_the_resting_curve_is_the_best_there_is(seed: int) -> None:
    """The optimality conditions of the problem that Condat's algorithm solves, not another algorithm."""
    rng = np.random.default_rng(seed)
    values = np.cumsum(rng.standard_normal(80)) + 3 * rng.standard_normal(80)
    stiffness = float(rng.uniform(0.5, 8))
    found = resting(values, stiffness)
    slack = np.cumsum(values - found)
    assert abs(slack[-1]) < 1e-9
    assert np.all(np.abs(slack) <= stiffness + 1e-9)
    moves = np.sign(np.where(np.abs(np.diff(found)) < 1e-12, 0, np.diff(found)))
    np.testing.assert_allclose(slack[:-1][moves != 0], -stiffness * moves[moves != 0], atol=1e-9)
    assert 1 < np.count_nonzero(moves) < 60


def test_the_camera_rests_while_a_head_only_sways() -> None:
    rng = np.random.default_rng(1)
    times_s, x = _walk(lambda t: 320 + 0.15 * FACE_PX * np.sin(2 * np.pi * 0.5 * t))
    x = x + 0.02 * FACE_PX * rng.standard_normal(len(x))
    middles = _middles(_camera(_track(times_s, x, 180)), times_s)
    assert np.ptp(middles[50:-50]) < 0.02 * FACE_PX
    assert abs(middles.mean() - 320) < 0.05 * FACE_PX


@pytest.mark.parametrize("shape", SHAPES)
def test_a_face_that_goes_elsewhere_stays_near_the_middle(shape: CloseUpShape) -> None:
    """Within a fifth of the frame, at walking speed and for a jump to one side; and in it, once it stays."""
    times_s, x = _walk(lambda t: np.interp(t, [0, 5, 8, 12, 12.2, 20], [250, 250, 400, 400, 330, 330]))
    camera = _camera(_track(times_s, x, 180), shape)
    views = [camera.view_at(time_s) for time_s in times_s]
    shares_x = np.array([(at - view.left) / view.width for at, view in zip(x, views, strict=True)])
    shares_y = np.array([(180 - view.top) / view.height for view in views])
    assert np.abs(shares_x - 0.5).max() < 0.2
    assert np.abs(shares_x[(times_s > 9.5) & (times_s < 11)] - 0.5).max() < 0.05
    assert np.abs(shares_y - FACE_HEIGHT).max() < 0.03


def test_the_camera_moves_softly_and_without_delay() -> None:
    """A step is met in its middle: the path of a film that runs backwards is the same path backwards."""
    times_s, x = _walk(lambda t: np.where(t < 10, 200.0, 300.0))
    there = _middles(_camera(_track(times_s, x, 180)), times_s)
    back = _middles(_camera(_track(times_s, x[::-1].copy(), 180)), times_s)
    np.testing.assert_allclose(there, back[::-1], atol=3.0)
    assert abs(float(np.interp(250, there, times_s)) - 10) < 0.05
    assert np.abs(np.diff(there, 2)).max() < 0.03 * 100  # pixels per picture and picture: no jerk


def test_the_camera_cuts_with_the_film() -> None:
    times_s, x = _walk(lambda t: np.where(t < 10, 200.0, 420.0))
    camera = _camera(_track(times_s, x, 180), cuts_s=(10.0,))
    before, after = camera.view_at(9.96), camera.view_at(10.0)
    assert abs(before.left + before.width / 2 - 200) < 1
    assert abs(after.left + after.width / 2 - 420) < 1
    assert camera.view_at(9.96, shot=1).left == pytest.approx(after.left), "a picture of the shot after a late cut"


def test_a_close_up_does_not_leave_the_picture() -> None:
    times_s, x = _walk(lambda t: np.full_like(t, 20.0))
    for shape in SHAPES:
        view = _camera(_track(times_s, x, 350), shape).view_at(3.0)
        assert view.left >= 0 and view.top + view.height <= FILM_PX[1] + 1e-6
        assert view.width / view.height == pytest.approx(ASPECTS[shape])


def test_a_face_that_fills_the_picture_is_not_cut() -> None:
    """The head is in an upright close-up of it, and the name is below its chin."""
    times_s, x = _walk(lambda t: np.full_like(t, 320.0))
    scaled = _track(times_s, x, 180)
    large = replace(scaled, boxes_px=np.tile(np.array([220, 80, 420, 280], np.float32), (len(times_s), 1)))
    view = _camera(large, "9:16").view_at(1.0)
    assert view.width > 1.4 * 200 and view.height > FILM_PX[1]
    assert view.top + view.height / 2 == pytest.approx(180) and view.left + view.width / 2 == pytest.approx(320)
    frame = Frame(1.0, np.full((360, 640, 3), 90, np.uint8), 1.0)
    plain, named = CloseUpEdit((360, 640), 1.0, ""), CloseUpEdit((360, 640), 1.0, "Ann")
    changed = np.abs(named.picture(frame, view).astype(int) - plain.picture(frame, view)).max(axis=2) > 20
    scale = 640 / view.height
    assert np.nonzero(changed)[0].min() / scale + view.top > 180 + 0.7 * 200


def test_a_face_hidden_for_a_moment_is_waited_for_and_for_longer_not() -> None:
    tracks = tuple(
        _track(np.arange(start, end, 0.04), np.full(len(np.arange(start, end, 0.04)), 320.0), 180.0)
        for start, end in ((0.0, 5.0), (6.4, 10.0), (15.0, 20.0))
    )
    camera = Camera(tracks, (), 20.0, FILM_PX, "9:16")
    closeness = [camera.view_at(time_s).closeness for time_s in (3.0, 5.5, 9.9, 12.5, 15.1)]
    assert closeness == pytest.approx([1, 1, 1, 0, 1], abs=0.06)
    assert min(camera.view_at(time_s).closeness for time_s in np.arange(4, 8, 0.04)) > 0.999
    whole = camera.view_at(12.5)
    assert whole.width == pytest.approx(FILM_PX[0], rel=0.01) and whole.height > FILM_PX[1]
    steps = np.diff([camera.view_at(time_s).closeness for time_s in np.arange(9, 16, 0.04)])
    assert np.abs(steps).max() < 0.08


def test_shots_without_the_face_show_the_whole_picture_at_once() -> None:
    times_s = np.arange(10.0, 20.0, 0.04)
    camera = _camera(_track(times_s, np.full(len(times_s), 320.0), 180), cuts_s=(10.0,))
    assert camera.view_at(9.96).closeness == 0 and camera.view_at(10.0).closeness == pytest.approx(1)


def test_small_faces_are_not_enlarged_without_end() -> None:
    times_s, x = _walk(lambda t: np.full_like(t, 320.0))
    assert _camera(_track(times_s, x, 180)).view_at(1.0).height == pytest.approx(2.8 * FACE_PX)
    assert _camera(_track(times_s, x, 180), least_px=200.0).view_at(1.0).height == pytest.approx(200)


def _film(path: Path, times_s: list[float], x: list[float], *, flash_s: float = -1.0, clock_hz: int = 90_000) -> Path:
    """A grey film with a white disc for a face; one picture is white all over."""
    rows, columns = np.mgrid[0 : FILM_PX[1], 0 : FILM_PX[0]]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = *FILM_PX, "yuv420p"
        stream.options = {"preset": "ultrafast", "x264-params": "log-level=none"}
        stream.codec_context.time_base = stream.time_base = Fraction(1, clock_hz)
        for time_s, middle in zip(times_s, x, strict=True):
            rgb = np.full((FILM_PX[1], FILM_PX[0], 3), 70, np.uint8)
            rgb[np.hypot(columns - middle, rows - 180) < FACE_PX / 2] = 235
            if abs(time_s - flash_s) < 1e-4:
                rgb[:] = 255
            frame = av.VideoFrame.from_ndarray(rgb, format="rgb24")
            frame.pts, frame.time_base = round(time_s * clock_hz), Fraction(1, clock_hz)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def _close_up(
    film: Path, track: FaceTrack, shape: CloseUpShape, range_s: tuple[float, float], name: str = "", **film_is: Any
) -> CloseUp:
    width, height = film_is.get("size_px", FILM_PX)
    video = VideoInfo(0, "h264", width, height, 25.0, True, 0, 0.0)
    media = MediaInfo(film, range_s[1], video, (AudioInfo(1, "aac", 48_000, 1, "mono", 0.0),))
    ones = np.ones(max(1, round(range_s[1])), np.float32)
    person = Person(1, "Ann", 3.0, 3.0, None, (track,), np.zeros((8, 8, 3), np.uint8), ones, ones)
    return CloseUp(film, FaceAnalysis(media, (person,), (), "key"), person, shape, range_s, name)


def _voice(seconds: float, click_s: float = 0.0, rate: int = 48_000) -> SoundTrack:
    samples = np.zeros((round(seconds * rate), 1), np.float32)
    samples[round(click_s * rate)] = 0.9
    return SoundTrack("Voice: Ann", rate, 1, "mono", len(samples), lambda: iter([samples]))


def _write(path: Path, close_up: CloseUp, voice: SoundTrack) -> list[str]:
    return write_close_up(path, close_up, voice, on_progress=lambda _: None, cancel=CancelToken())


@pytest.mark.parametrize("shape", SHAPES)
def test_the_picture_follows_the_face(tmp_path: Path, shape: CloseUpShape) -> None:
    """Found again in the finished video, the face is within a fifth of the frame of where it belongs."""
    times = np.arange(0, 4, 0.04)
    x = np.interp(times, [0, 1, 3, 4], [230, 230, 410, 410])
    film = _film(tmp_path / "film.mp4", list(times), list(x))
    track = _track(times, x, 180.0)
    notes = _write(tmp_path / "out.mp4", _close_up(film, track, shape, (0.0, 4.0)), _voice(4.0))
    info = probe(tmp_path / "out.mp4")
    assert info.video is not None and info.video.width / info.video.height == pytest.approx(ASPECTS[shape], rel=0.01)
    assert info.video.width % 2 == info.video.height % 2 == 0
    assert [stream.title for stream in info.audio] == ["Voice: Ann"]
    count = 0
    for frame in read_frames(tmp_path / "out.mp4"):
        rows, columns = np.nonzero(frame.rgb[..., 1] > 180)
        assert abs(columns.mean() / frame.rgb.shape[1] - 0.5) < 0.2
        assert abs(rows.mean() / frame.rgb.shape[0] - FACE_HEIGHT) < 0.04
        corner = frame.rgb[4:20, 4:20].mean()
        assert corner < 60, "the surroundings are dimmed"
        count += 1
    assert count == 100
    assert bool(notes) == (360 / 2.6 / FACE_PX > 2 if shape == "16:9" else notes != [])


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
@pytest.mark.parametrize("start_s", [0.0, 0.7])
def test_pictures_keep_their_times_and_the_sound_fits(tmp_path: Path, suffix: str, start_s: float) -> None:
    """A film with a varying rate: every picture where it was, a flash and a click together within 20 ms."""
    rng = np.random.default_rng(4)
    times = np.round(np.cumsum(rng.uniform(0.012, 0.09, 60)) - 0.012, 4)
    times[0] = 0.0
    flash = float(times[35])
    film = _film(tmp_path / "film.mp4", list(times), [320.0] * 60, flash_s=flash)
    end_s = float(times[-1]) + 0.04
    close_up = _close_up(film, _track(times, np.full(60, 320.0), 180.0), "1:1", (start_s, end_s))
    _write(tmp_path / f"out{suffix}", close_up, _voice(end_s - start_s, flash - start_s))
    made = list(read_frames(tmp_path / f"out{suffix}"))
    # What was on the screen when the range began comes first.
    wanted = [0.0, *(time_s - start_s for time_s in times if time_s > start_s)]
    np.testing.assert_allclose([frame.time_s for frame in made], wanted, atol=0.0011)
    flashed = [frame.time_s for frame in made if frame.rgb[:40].mean() > 130]
    sound = np.abs(np.asarray(decode_audio(tmp_path / f"out{suffix}").open())[:, 0])
    assert len(flashed) == 1
    assert abs(int(sound.argmax()) / 48_000 - flashed[0]) < 0.02
    assert abs(flashed[0] - (flash - start_s)) < 0.0011


@pytest.fixture
def no_h264(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """libx264 is there, but cannot be opened."""
    refuses = replace(picture.CHOICES[0], options={"preset": "there is none"})
    monkeypatch.setattr(picture, "CHOICES", (refuses, *picture.CHOICES[1:]))
    picture.picture_coding.cache_clear()
    yield
    picture.picture_coding.cache_clear()


@pytest.mark.parametrize(("suffix", "codec"), [(".mp4", "vp9"), (".mov", "mpeg4"), (".mkv", "vp9")])
def test_without_h264_another_encoder_makes_the_same_film(
    tmp_path: Path, request: pytest.FixtureRequest, suffix: str, codec: str
) -> None:
    """Size, pictures, times, sound and what is seen are as they were; the report tells of the codec."""
    rng = np.random.default_rng(4)
    times = np.round(np.cumsum(rng.uniform(0.012, 0.09, 60)) - 0.012, 4)
    times[0] = 0.0
    x = 300 + 20 * np.sin(times)
    film = _film(tmp_path / "film.mp4", list(times), list(x), flash_s=float(times[35]))
    end_s = float(times[-1]) + 0.04
    close_up, voice = _close_up(film, _track(times, x, 180.0), "1:1", (0.0, end_s)), _voice(end_s, float(times[35]))
    usual = _write(tmp_path / f"usual{suffix}", close_up, voice)
    request.getfixturevalue("no_h264")
    notes = _write(tmp_path / f"out{suffix}", close_up, voice)
    assert [note for note in notes if note not in usual] == [picture.picture_coding(suffix).note]
    with av.open(str(tmp_path / f"out{suffix}")) as container:
        coded = container.streams.video[0].codec_context
        assert coded.name.startswith(codec) and coded.colorspace == 1  # BT.709
    made, wanted = (list(read_frames(tmp_path / f"{name}{suffix}")) for name in ("out", "usual"))
    np.testing.assert_allclose([frame.time_s for frame in made], times, atol=0.0011)
    assert decode_audio(tmp_path / f"out{suffix}").n_samples == round(end_s * 48_000)
    for one, other in zip(made, wanted, strict=True):
        assert one.rgb.shape == other.rgb.shape
        assert np.abs(one.rgb.astype(int) - other.rgb).mean() < 1.5


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_a_turned_film_is_shown_upright(tmp_path: Path, turn: int) -> None:
    size = (360, 640) if turn % 180 else FILM_PX
    film = write_media(
        tmp_path / "film.mp4", Picture(duration_s=1.0, width=FILM_PX[0], height=FILM_PX[1], clockwise_deg=turn)
    )
    # A face so large that the close-up is the whole width or height, in which the number can be read.
    times = np.arange(0, 1, 0.04)
    x, y = size[0] / 2, size[1] / 2
    boxes = np.tile(np.array([x - 100, y - 100, x + 100, y + 100], np.float32), (len(times), 1))
    track = FaceTrack(0.0, 1.0, tuple(map(float, boxes[0])), times, boxes)
    shape: CloseUpShape = "9:16" if turn % 180 else "16:9"
    _write(tmp_path / "out.mp4", _close_up(film, track, shape, (0.0, 1.0), size_px=size), _voice(1.0))
    made = list(read_frames(tmp_path / "out.mp4"))
    assert [number_of(frame.rgb) for frame in made] == list(range(25))
    assert all(is_upright(frame.rgb) for frame in made)


def test_pixels_that_are_not_square_are_shown_as_they_should() -> None:
    """A disc of a film with wide pixels is stored as a narrow ellipse, and a disc again in the close-up."""
    rows, columns = np.mgrid[0:360, 0:480]
    rgb = np.where(np.hypot((columns - 240) * 4 / 3, rows - 180) < 60, 255, 0).astype(np.uint8)
    times_s, x = _walk(lambda t: np.full_like(t, 240.0))
    camera = Camera((_track(times_s, x, 180),), (), 20.0, (480, 360), "1:1", pixel_aspect=4 / 3)
    view = camera.view_at(1.0)
    made = CloseUpEdit((400, 400), 4 / 3, "").picture(Frame(1.0, np.stack([rgb] * 3, axis=-1), 1.0), view)
    there = np.nonzero(made[..., 1] > 90)
    assert np.ptp(there[0]) == pytest.approx(np.ptp(there[1]), rel=0.05)
    assert there[1].mean() == pytest.approx(200, abs=3)


def test_the_name_is_there_while_the_face_is(tmp_path: Path) -> None:

    times_s, x = _walk(lambda t: np.full_like(t, 320.0))
    near = _camera(_track(times_s, x, 180)).view_at(1.0)
    frame = Frame(1.0, np.full((360, 640, 3), 90, np.uint8), 1.0)
    plain, named = CloseUpEdit((720, 720), 1.0, ""), CloseUpEdit((720, 720), 1.0, "Ann  Ytterby")
    changed = np.abs(named.picture(frame, near).astype(int) - plain.picture(frame, near)).max(axis=2) > 20
    rows, columns = np.nonzero(changed)
    assert rows.min() > 0.8 * 720 and rows.max() < 0.95 * 720
    assert abs(columns.mean() - 360) < 20
    away = replace(near, closeness=0.0)
    np.testing.assert_array_equal(named.picture(frame, away), plain.picture(frame, away))
    long = CloseUpEdit((360, 640), 1.0, "A name that is far too long for a picture, Countess of Somewhere and Else" * 3)
    assert long.picture(frame, replace(near, width=near.height * 9 / 16)).shape == (640, 360, 3)


def test_letters_that_no_font_has_are_left_out_and_that_is_said() -> None:
    assert font_for("Ann") is not None
    edit = CloseUpEdit((360, 360), 1.0, "\U0001f9ff\ue123")
    assert len(edit.notes) == 1 and "left out" in edit.notes[0]


@pytest.mark.parametrize("told", [{}, {"FFMPEG_BINARY": "/no/such/program", "FFPLAY_BINARY": "/no/such/program"}])
def test_no_program_ffmpeg_is_needed(told: dict[str, str]) -> None:
    """As in a bundle: there is none, whatever the user's environment says; and none is started."""
    code = (
        "import imageio_ffmpeg._utils as utils, os, subprocess\n"
        "utils._get_ffmpeg_exe = lambda: None\n"
        "def refuse(*command, **_): raise FileNotFoundError(command)\n"
        "subprocess.check_call = refuse\n"
        "told = lambda: [os.environ.get(name) for name in close_up_edit._NO_PROGRAMS]\n"
        "from engine.export import close_up_edit\n"
        "before = told()\n"
        "close_up_edit.CloseUpEdit((64, 64), 1.0, 'Ann')\n"
        "assert told() == before\n"
    )
    done = subprocess.run([sys.executable, "-c", code], env=os.environ | told, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_cancelled_on_the_way_nothing_is_left(tmp_path: Path) -> None:
    times = np.arange(0, 4, 0.04)
    film = _film(tmp_path / "film.mp4", list(times), [320.0] * 100)
    token, seen = CancelToken(), []

    def on_progress(progress: Progress) -> None:
        seen.append(progress.completed)
        token.cancel()

    close_up = _close_up(film, _track(times, np.full(100, 320.0), 180.0), "1:1", (0.0, 4.0))
    with pytest.raises(JobCancelled):
        write_close_up(tmp_path / "out.mp4", close_up, _voice(4.0), on_progress=on_progress, cancel=token)
    assert len(seen) <= 3
    assert [path.name for path in tmp_path.iterdir()] == ["film.mp4"]


def test_a_full_disk_leaves_nothing_and_is_named(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    times = np.arange(0, 2, 0.04)
    film = write_media(tmp_path / "film.mp4", Picture(duration_s=2.0, width=640, height=360))
    voice = _voice(2.0)
    noise = rng.uniform(-0.5, 0.5, (voice.n_samples, 1)).astype(np.float32)
    loud = SoundTrack("Voice", 48_000, 1, "mono", len(noise), lambda: iter([noise]))
    close_up = _close_up(film, _track(times, np.full(50, 320.0), 180.0), "1:1", (0.0, 2.0))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, before[1]))  # Python ignores the signal: writing fails
    try:
        with pytest.raises(OutputError, match="no space left"):
            _write(tmp_path / "out.mkv", close_up, loud)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [path.name for path in tmp_path.iterdir()] == ["film.mp4"]


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    video = write_media(tmp_path / "talk.mp4", Picture(duration_s=3.0, width=640, height=360), [Sound(duration_s=3.0)])
    return installed(tmp_path, monkeypatch, video)


def _separate(engine: FakeEngine, output: Path, **options: Any) -> SeparationResult:
    options = {"person_ids": (1,), "close_up": "1:1"} | options
    request = SeparationRequest(engine.video, output, **options)
    return api.separate(request, on_progress=lambda _: None, cancel=CancelToken())


def test_a_video_with_a_close_up_is_the_close_up(engine: FakeEngine, tmp_path: Path) -> None:
    result = _separate(engine, tmp_path / "ann.mkv", mix_back=0.25)
    assert [(o.path, o.person, o.kind) for o in result.outputs] == [(tmp_path / "ann.mkv", 1, "video")]
    assert result.offset_samples == 0 and result.null_test_db < -120
    info = probe(tmp_path / "ann.mkv")
    assert info.video is not None and info.video.width == info.video.height
    assert len(info.audio) == 1 and info.audio[0].sample_rate_hz == 48_000 and info.audio[0].language == "eng"
    share = SHARES[1] + 0.25 * (1 - SHARES[1])
    np.testing.assert_allclose(decode_audio(tmp_path / "ann.mkv").open(), engine.samples * share, atol=2.0**-22)


@pytest.mark.parametrize("suffix", ["mp4", "mov", "mkv"])
def test_a_close_up_of_a_range_is_as_long_as_the_range(engine: FakeEngine, tmp_path: Path, suffix: str) -> None:
    result = _separate(engine, tmp_path / f"ann.{suffix}", range_s=(1.0, 2.5))
    assert result.offset_samples == 0 and not any("samples" in warning for warning in result.warnings)
    assert probe(tmp_path / f"ann.{suffix}").duration_s == pytest.approx(1.5, abs=0.05)
    assert decode_audio(tmp_path / f"ann.{suffix}").n_samples == 72_000


def test_a_folder_has_a_close_up_of_each(engine: FakeEngine, tmp_path: Path) -> None:
    result = _separate(engine, tmp_path / "out", person_ids=(), everyone=True, close_up="9:16", close_up_name=True)
    names = [(str(o.path), o.person) for o in result.outputs if o.kind == "video"]
    assert names == [("Person 1 - close-up.mp4", 1), ("Person 2 - close-up.mp4", 2)]
    for name, _ in names:
        assert probe(tmp_path / "out" / name).audio[0].title.startswith("Voice: Person")


@pytest.mark.parametrize(
    ("output", "options", "words"),
    [
        ("ann.wav", {}, "a close-up is a video"),
        ("ann.mp4", {"person_ids": (1, 2)}, "follows one person"),
        ("ann.mp4", {"range_s": (2.6, 2.9)}, "no face to follow"),
    ],
)
def test_what_a_close_up_cannot_be(
    engine: FakeEngine, tmp_path: Path, output: str, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        _separate(engine, tmp_path / output, **options)
    assert not engine.requests, "refused before the work"


def test_numbered_pictures_are_what_they_seem() -> None:
    """The helper that the test of turned films relies on."""
    assert number_of(numbered(5, 640, 360)) == 5


def test_a_cut_that_was_seen_late_is_filmed_in_time(tmp_path: Path) -> None:
    """Faces are looked for 25 times a second: with 100 pictures a second, a cut begins before it was noticed."""
    times = np.arange(0, 1, 0.01)
    film = tmp_path / "film.mp4"
    rows, columns = np.mgrid[0 : FILM_PX[1], 0 : FILM_PX[0]]
    with av.open(str(film), "w") as container:
        stream = container.add_stream("libx264", rate=100)
        stream.width, stream.height, stream.pix_fmt = *FILM_PX, "yuv420p"
        stream.options = {"preset": "ultrafast", "x264-params": "log-level=none"}
        for number in range(100):
            x, ground = (200, (20, 60, 20)) if number < 50 else (440, (90, 30, 160))
            rgb = np.empty((FILM_PX[1], FILM_PX[0], 3), np.uint8)
            rgb[:] = ground
            rgb[np.hypot(columns - x, rows - 180) < FACE_PX / 2] = 235
            container.mux(stream.encode(av.VideoFrame.from_ndarray(rgb, format="rgb24")))
        container.mux(stream.encode(None))
    looks = np.arange(0, 1, 0.04)  # the cut at 0.50 is noticed at 0.52
    x = np.where(looks < 0.5, 200.0, 440.0)
    tracks = (_track(looks[:13], x[:13], 180.0), _track(looks[13:], x[13:], 180.0))
    close_up = _close_up(film, tracks[0], "1:1", (0.0, 1.0))
    close_up = replace(
        close_up,
        person=replace(close_up.person, tracks=tracks),
        analysis=replace(close_up.analysis, cuts_s=(0.52,)),
    )
    _write(tmp_path / "out.mp4", close_up, _voice(1.0))
    made = list(read_frames(tmp_path / "out.mp4"))
    assert len(made) == len(times)
    for frame in made:
        found = np.nonzero(frame.rgb[..., 1] > 180)[1]
        assert found.size and abs(found.mean() / frame.rgb.shape[1] - 0.5) < 0.1, frame.time_s
