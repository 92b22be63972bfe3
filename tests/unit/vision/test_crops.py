from __future__ import annotations

import tracemalloc
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from engine.cache import cache_root
from engine.contract import Crops
from engine.errors import JobCancelled, OutputError
from engine.jobs import CancelToken, Progress, ignore_progress
from engine.media.reader import Frame, probe, read_frames
from engine.types import FaceAnalysis
from engine.vision import crops
from engine.vision.crops import cut_mouths
from engine.vision.lips import RATE_HZ, LipStream, mouth_crop
from engine.vision.people import find_faces, load_lips
from engine.vision.streams import row_count
from tests.helpers.faces import LOOKS, ClipPerson, clip_frames
from tests.unit.vision.faces import box, landmarks

GREY, COLOUR = Crops(112), Crops(48, "rgb")
AWAY_S = (1.2, 2.0)
UNEVEN_S = tuple(np.cumsum(np.random.default_rng(2).integers(17, 60, 75)) / 1000)


@dataclass(frozen=True)
class Film:
    """A film whose people are known."""

    analysis: FaceAnalysis
    streams: dict[int, LipStream]

    def cut(
        self,
        form: Crops = GREY,
        part: slice = slice(None),
        *,
        people: Sequence[int] | None = None,
        on_progress: crops.ProgressCallback = ignore_progress,
        cancel: CancelToken | None = None,
    ) -> dict[int, NDArray[np.uint8]]:
        """Mouths by person, those of some rows asked for."""
        streams = {str(p): self.streams[p] for p in people or self.streams}
        rows = {p: np.zeros(len(stream.visible), bool) for p, stream in streams.items()}
        for asked in rows.values():
            asked[part] = True
        cut = cut_mouths(self.analysis, form, streams, rows, on_progress=on_progress, cancel=cancel or CancelToken())
        return {int(p): stream.mouths for p, stream in cut.items()}


def write_film(path: Path, frames: Iterable[NDArray[np.uint8]], times_s: Sequence[float]) -> Path:
    """Pictures (h, w, 3 or 4), blue first, each at its time."""
    with av.open(str(path), "w") as file:
        stream = None
        for pixels, time_s in zip(frames, times_s, strict=True):
            if stream is None:
                stream = file.add_stream("libx264", rate=Fraction(30), options={"crf": "20", "preset": "veryfast"})
                stream.height, stream.width = pixels.shape[:2]
                stream.pix_fmt, stream.codec_context.time_base = "yuv420p", Fraction(1, 6000)
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels[:, :, :3]), format="bgr24")
            frame.pts, frame.time_base = round(time_s * 6000), Fraction(1, 6000)
            file.mux(stream.encode(frame))
        assert stream is not None
        file.mux(stream.encode())
    return path


def film_of(path: Path) -> Film:
    analysis = find_faces(path, on_progress=ignore_progress, cancel=CancelToken())
    return Film(analysis, {person.id: load_lips(analysis.key, person.id) for person in analysis.people})


def drawn(path: Path, times_s: Sequence[float], people: int = 1) -> Film:
    """Drawn people whose mouths are another in every picture; the second one is away for a while."""
    opening = np.abs(np.sin(2.4 * np.arange(len(times_s))))
    cast = [
        ClipPerson(LOOKS[0], (160, 150), opening=opening),
        ClipPerson(LOOKS[1], (480, 150), opening=opening, visible_s=((0.0, AWAY_S[0]), (AWAY_S[1], 9.0))),
    ]
    pictures = clip_frames(cast[:people], duration_s=len(times_s) / 25)
    return film_of(write_film(path, pictures, times_s))


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Film:
    """3.2 s of two people at 25 pictures per second."""
    return drawn(tmp_path_factory.mktemp("film") / "two.mp4", tuple(np.arange(80) / 25), 2)


@pytest.fixture(scope="module")
def whole(two: Film, tmp_path_factory: pytest.TempPathFactory) -> dict[int, NDArray[np.uint8]]:
    """All mouths of `two`, cut at once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AVSEP_CACHE_DIR", str(tmp_path_factory.mktemp("whole")))
        return {person: mouths.copy() for person, mouths in two.cut().items()}


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, two: Film, whole: object, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AVSEP_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[list[float]]:
    """The times of the pictures that each pass decodes."""
    passes: list[list[float]] = []

    def counted(path: Path, **options: object) -> Iterator[Frame]:
        passes.append([])
        for frame in read_frames(path, **options):  # type: ignore[arg-type]
            passes[-1].append(frame.time_s)
            yield frame

    monkeypatch.setattr(crops, "read_frames", counted)
    return passes


@pytest.mark.parametrize("form", [GREY, COLOUR, Crops(256)])
def test_mouths_are_those_of_the_picture_at_their_time(two: Film, form: Crops) -> None:
    cut = two.cut(form)
    frames = list(read_frames(two.analysis.media.path))
    for person, stream in two.streams.items():
        assert cut[person].dtype == np.uint8 and stream.visible.sum() > 50
        assert cut[person].shape == (80, form.size_px, form.size_px, *((3,) if form.colour == "rgb" else ()))
        for row in np.flatnonzero(stream.visible):
            expected = mouth_crop(frames[row].rgb, stream.points_px[row], form.size_px, form.colour)
            difference = np.abs(cut[person][row].astype(int) - expected)
            assert difference.mean() < 0.05, "a float's rounding moves a few pixels by one level"


def test_mouths_of_every_form_show_what_the_analysis_kept(two: Film) -> None:
    """Every third point of 96 is a point of 32, found to 1/32 pixel: up to 7 levels at the edge of the lips."""
    grey, colour = two.cut(Crops(96)), two.cut(Crops(96, "rgb"))
    for person, stream in two.streams.items():
        seen = stream.visible
        kept = stream.mouths[seen].astype(int)
        assert np.abs(grey[person][seen, ::3, ::3] - kept).max() <= 7 < kept.std()
        points = colour[person][seen, ::3, ::3]
        without = cv2.cvtColor(points.reshape(-1, 32, 3), cv2.COLOR_RGB2GRAY).reshape(kept.shape)
        assert np.abs(without - kept).max() <= 8
        assert points[..., 0].mean() > points[..., 2].mean() + 10, "skin is redder than blue"


def test_a_reduced_picture_gives_the_same_mouths(two: Film, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crops, "MAX_WIDTH_PX", 320)
    form = Crops(16)
    reduced = two.cut(form)[1].copy()
    frame = next(iter(read_frames(two.analysis.media.path, max_width=320)))
    assert frame.scale == 0.5
    np.testing.assert_array_equal(reduced[0], mouth_crop(frame.rgb, two.streams[1].points_px[0] / 2, 16))
    kept = two.streams[1].mouths.astype(float).reshape(80, 16, 2, 16, 2).mean((2, 4))
    assert np.corrcoef(reduced.ravel(), kept.ravel())[0, 1] > 0.95


def points_at(stream: LipStream, time_s: float) -> NDArray[np.float32]:
    """Landmarks between the visible rows, by time."""
    rows = np.flatnonzero(stream.visible)
    flat = stream.points_px[rows].reshape(len(rows), -1)
    there = [np.interp(time_s * RATE_HZ, rows, values) for values in flat.T]
    return np.asarray(there, np.float32).reshape(68, 2)


@pytest.mark.parametrize("times_s", [tuple(np.arange(60) / 30), UNEVEN_S], ids=["30 fps", "uneven"])
def test_a_row_shows_the_picture_nearest_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, times_s: tuple[float, ...]
) -> None:
    film = drawn(tmp_path / "talk.mp4", times_s)
    mouths, stream = film.cut()[1].astype(int), film.streams[1]
    frames = list(read_frames(film.analysis.media.path))
    shown = np.array([frame.time_s for frame in frames])
    assert len(shown) == len(times_s) and stream.visible.sum() > 40
    told = 0
    for row in np.flatnonzero(stream.visible):
        away_s = np.abs(shown - row / RATE_HZ)
        nearest = int(away_s.argmin())
        around = np.arange(max(0, nearest - 1), min(len(shown), nearest + 2))
        if np.sort(away_s)[1] - np.sort(away_s)[0] < 2e-3:
            continue  # two are as near as one another
        apart = [
            np.abs(mouth_crop(frames[n].rgb, points_at(stream, shown[n]), 112) - mouths[row]).mean() for n in around
        ]
        assert around[int(np.argmin(apart))] == nearest and min(apart) < 0.1, (row, apart)
        told += 1
    assert told > 35
    monkeypatch.setenv("AVSEP_CACHE_DIR", str(tmp_path / "stretch"))
    np.testing.assert_array_equal(film.cut(part=slice(21, 33))[1][21:33], mouths[21:33])


def moving(path: Path, fps: int, cut_s: float) -> Film:
    """A disc where a mouth would be, 150 px/s fast, which is elsewhere after a cut; rows tell where it is."""

    def face_at(time_s: float) -> NDArray[np.float32]:
        left = 100.0 if time_s < cut_s - 1e-6 else 400.0
        return landmarks(box(left + 150 * (time_s % cut_s), 180, 120))

    def pictures() -> Iterator[NDArray[np.uint8]]:
        for k in range(2 * fps):
            pixels = np.full((360, 720, 3), 60, np.uint8)
            x, y = 16 * face_at(k / fps)[48:68].mean(0)
            yield np.asarray(cv2.circle(pixels, (round(x - 8), round(y - 8)), 16 * 10, (220,) * 3, -1, cv2.LINE_AA, 4))

    write_film(path, pictures(), [k / fps for k in range(2 * fps)])
    rows = row_count(2.0)
    points = np.stack([face_at(row / RATE_HZ) for row in range(rows)])
    stream = LipStream(points, np.ones(rows, bool), np.zeros((rows, 32, 32), np.uint8))
    return Film(FaceAnalysis(probe(path), (), (cut_s,), f"moving-{fps}"), {1: stream})


@pytest.mark.parametrize("fps", [25, 30, 60])
def test_a_moving_mouth_stays_in_the_middle_and_cuts_are_not_bridged(tmp_path: Path, fps: int) -> None:
    film = moving(tmp_path / "disc.mp4", fps, round(fps * 1.02) / fps)
    mouths = film.cut()[1].astype(float) - 60
    light = mouths.sum((1, 2))
    middle = (mouths * np.arange(112)).sum((1, 2)) / light
    assert light.min() > 0.8 * np.median(light)
    assert np.ptp(middle[:25]) < 0.5 and np.ptp(middle[28:-1]) < 0.5
    # Beside a cut and at the end no second row tells where it is: half a frame at 150 px/s, shown 1.8 times larger.
    assert np.abs(middle - np.median(middle)).max() < 150 * 1.8 * 0.5 / fps + 0.2


def test_unseen_rows_are_zero(two: Film, whole: dict[int, NDArray[np.uint8]]) -> None:
    unseen = ~two.streams[2].visible
    gone = np.arange(80) / RATE_HZ
    assert unseen[(gone > AWAY_S[0] + 0.1) & (gone < AWAY_S[1] - 0.1)].all()
    assert not whole[2][unseen].any()
    for person, mouths in whole.items():
        assert mouths[two.streams[person].visible].any((1, 2)).all()


def test_the_second_call_decodes_nothing(two: Film, decoded: list[list[float]]) -> None:
    first = two.cut()
    assert len(decoded) == 1
    again = two.cut()
    two.cut(part=slice(10, 20), people=[2])
    assert len(decoded) == 1
    for person in first:
        np.testing.assert_array_equal(first[person], again[person])
    two.cut(Crops(112, "rgb"))
    assert len(decoded) == 2


def test_nothing_is_decoded_where_nobody_is_seen_or_for_what_the_analysis_keeps(
    two: Film, decoded: list[list[float]]
) -> None:
    assert not two.cut(part=slice(35, 45), people=[2])[2].any()
    np.testing.assert_array_equal(two.cut(Crops(32))[1], two.streams[1].mouths)
    assert decoded == []


def test_a_stretch_decodes_its_part_and_the_rest_later_gives_the_whole(
    two: Film, whole: dict[int, NDArray[np.uint8]], decoded: list[list[float]]
) -> None:
    part = slice(45, 55)
    first = two.cut(part=part, people=[1])[1]
    np.testing.assert_array_equal(first[part], whole[1][part])
    assert not first[: part.start].any() and not first[part.stop :].any()
    (times,) = decoded
    assert min(times) > 45 / RATE_HZ - 0.4 and max(times) < 54 / RATE_HZ + 0.4
    rows: list[float] = []
    rest = two.cut(people=[1], on_progress=lambda p: rows.append(p.total))
    assert set(rows) == {70.0}
    np.testing.assert_array_equal(rest[1], whole[1])
    for person, mouths in two.cut().items():
        np.testing.assert_array_equal(mouths, whole[person])


def test_what_lies_far_between_is_jumped_over(
    two: Film, whole: dict[int, NDArray[np.uint8]], decoded: list[list[float]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crops, "_SKIP_ROWS", 25)
    streams = {"1": two.streams[1]}
    rows = np.zeros(80, bool)
    rows[[5, 10, 70, 79]] = True
    cut = cut_mouths(two.analysis, GREY, streams, {"1": rows}, on_progress=ignore_progress, cancel=CancelToken())
    assert len(decoded) == 2 and max(decoded[0]) < 1.0 and min(decoded[1]) > 2.4
    np.testing.assert_array_equal(cut["1"].mouths, np.where(rows[:, None, None], whole[1], 0))


def test_progress_counts_to_the_end(two: Film) -> None:
    seen: list[Progress] = []
    two.cut(on_progress=seen.append)
    assert {progress.stage for progress in seen} == {"Cutting out mouths"}
    assert [progress.completed for progress in seen] == list(range(1, 81))
    assert seen[-1].total == 80


def test_a_cancel_leaves_nothing_half_and_is_gone_on_from(
    two: Film, whole: dict[int, NDArray[np.uint8]], decoded: list[list[float]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crops, "_WAITING_BYTES", 10 * 112 * 112)
    cancel = CancelToken()

    def stop(progress: Progress) -> None:
        if progress.completed == 35:
            cancel.cancel()

    with pytest.raises(JobCancelled):
        two.cut(on_progress=stop, cancel=cancel)
    assert max(decoded[0]) < 1.7
    folders = sorted((cache_root() / "crops").iterdir())
    assert [sorted(file.name for file in folder.iterdir()) for folder in folders] == [["mouths.u8", "sums.u32"]] * 2
    kept = np.fromfile(folders[0] / "sums.u32", np.uint32)
    assert np.flatnonzero(kept).tolist() == list(range(30))
    for person, mouths in two.cut().items():
        np.testing.assert_array_equal(mouths, whole[person])
    assert min(decoded[1]) > 0.7


@pytest.mark.parametrize("after_rows", [0, 20])
def test_a_full_cache_is_told_and_gone_on_from(
    two: Film, whole: dict[int, NDArray[np.uint8]], monkeypatch: pytest.MonkeyPatch, after_rows: int
) -> None:
    resource = pytest.importorskip("resource")
    monkeypatch.setattr(crops, "_WAITING_BYTES", 10 * 112 * 112)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill(progress: Progress | None = None) -> None:
        if progress is None or progress.completed == after_rows:
            resource.setrlimit(resource.RLIMIT_FSIZE, (25 * 112 * 112, before[1]))

    if not after_rows:
        fill()
    try:
        with pytest.raises(OutputError, match=r"“mouths\.u8” could not be written: there is no space left in"):
            two.cut(on_progress=fill)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    for person, mouths in two.cut().items():
        np.testing.assert_array_equal(mouths, whole[person])


@pytest.mark.parametrize(
    ("file", "size"), [("sums.u32", 100), ("sums.u32", 0), ("mouths.u8", 1000), ("sums.u32", None), ("mouths.u8", None)]
)
def test_a_damaged_entry_is_made_again(
    two: Film, whole: dict[int, NDArray[np.uint8]], decoded: list[list[float]], file: str, size: int | None
) -> None:
    two.cut(people=[1])
    (folder,) = (cache_root() / "crops").iterdir()
    content = bytearray((folder / file).read_bytes())
    if size is None:
        content[40] ^= 0x55
    (folder / file).write_bytes(content[:size])
    np.testing.assert_array_equal(two.cut(people=[1])[1], whole[1])
    assert len(decoded) == 2


def test_memory_does_not_follow_the_length(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crops, "_WAITING_BYTES", 2**17)
    still = np.full((180, 320, 3), 90, np.uint8)

    def peak(frames: int) -> int:
        path = write_film(tmp_path / f"{frames}.mp4", (still for _ in range(frames)), [k / 25 for k in range(frames)])
        points = np.repeat(landmarks(box(160, 90))[None], frames, 0)
        stream = LipStream(points, np.ones(frames, bool), np.zeros((frames, 32, 32), np.uint8))
        film = Film(FaceAnalysis(probe(path), (), (), f"still-{frames}"), {1: stream})
        tracemalloc.start()
        film.cut()
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    peak(20)
    assert peak(250) < 1.3 * peak(60) + 2**18
