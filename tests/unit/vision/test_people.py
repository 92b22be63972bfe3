from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from engine import api
from engine.cache import entry
from engine.errors import JobCancelled, NoPictureError, UsageError
from engine.jobs import CancelToken, Progress, ignore_progress
from engine.types import FaceAnalysis
from engine.vision import people
from engine.vision.people import find_faces, load_lips
from engine.vision.streams import row_count

SAMPLE = Path(__file__).resolve().parents[3] / "resources" / "sample"


@pytest.fixture(scope="module")
def sample() -> FaceAnalysis:
    return api.find_faces(SAMPLE / "two_talkers.mp4")


def write_video(path: Path, picture: Callable[[int], np.ndarray], frames: int = 40) -> Path:
    with av.open(str(path), "w") as file:
        stream = file.add_stream("mpeg4", rate=Fraction(25))
        stream.height, stream.width = picture(0).shape[:2]
        stream.pix_fmt = "yuv420p"
        for k in range(frames):
            file.mux(stream.encode(av.VideoFrame.from_ndarray(picture(k), format="rgb24")))
        file.mux(stream.encode())
    return path


def blobs(k: int) -> np.ndarray:
    """Moving colours without a face."""
    y, x = np.mgrid[0:144, 0:256]
    return np.stack([127 + 120 * np.sin((x + k * c) / 25 + c) * np.cos(y / 19 * c) for c in (1, 2, 3)], -1).astype(
        np.uint8
    )


def test_the_two_people_of_the_sample_are_found(sample: FaceAnalysis) -> None:
    truth = json.loads((SAMPLE / "sample.json").read_text())["people"]
    assert [person.id for person in sample.people] == [1, 2]
    assert [person.label for person in sample.people] == ["Person 1", "Person 2"]
    assert sample.cuts_s == ()
    for person in sample.people:
        assert person.visible_s > 15.5 and len(person.tracks) == 1
        left, top, right, bottom = person.tracks[0].box_px
        inside = [p for p in truth if left < p["eyes_px"][0] < right and top < p["eyes_px"][1] < bottom]
        assert len(inside) == 1
        spoken = np.zeros(16)
        for second in range(16):
            spoken[second] = sum(
                max(0.0, min(second + 1, span["end_s"]) - max(second, span["start_s"])) for span in inside[0]["spans"]
            )
        assert person.speaking[spoken > 0.9].min() > 0.5
        assert person.speaking[spoken < 0.1].mean() < 0.4
        assert person.speaking_s == pytest.approx(spoken.sum(), abs=3.0)
        assert person.thumbnail_rgb.shape == (160, 160, 3) and person.thumbnail_rgb.std() > 10
        assert person.visible.shape == person.speaking.shape == (16,)
    corners = {round(person.tracks[0].box_px[0] / 640) for person in sample.people}
    assert len(corners) == 2


def test_tracks_are_in_order_and_in_the_picture(sample: FaceAnalysis) -> None:
    for person in sample.people:
        track = person.tracks[0]
        assert np.all(np.diff(track.times_s) > 0)
        assert track.start_s == track.times_s[0] and track.end_s == track.times_s[-1]
        assert track.boxes_px.shape == (len(track.times_s), 4)
        assert track.boxes_px.min() > 0 and track.boxes_px[:, 2].max() < 1280 and track.boxes_px[:, 3].max() < 720


def test_lips_move_where_somebody_speaks(sample: FaceAnalysis) -> None:
    for person in sample.people:
        lips = load_lips(sample.key, person.id)
        assert lips.points_px.shape == (row_count(sample.media.duration_s), 68, 2)
        assert lips.mouths.shape[1:] == (32, 32) and lips.mouths.dtype == np.uint8
        assert lips.visible.mean() > 0.95
        gap = np.hypot(*(lips.points_px[:, 62] - lips.points_px[:, 66]).T)
        moves = [float(gap[25 * s : 25 * s + 25].std()) for s in range(15)]
        talks, rests = person.speaking[:15] > 0.9, person.speaking[:15] < 0.35
        assert np.mean(np.array(moves)[talks]) > 2 * np.mean(np.array(moves)[rests])


def test_the_second_call_reads_the_cache(sample: FaceAnalysis, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def no_frames(*_: object, **__: object) -> None:
        raise AssertionError("the video was decoded again")

    monkeypatch.setattr(people, "read_frames", no_frames)
    renamed = tmp_path / "elsewhere.mp4"
    renamed.write_bytes((SAMPLE / "two_talkers.mp4").read_bytes())
    again = api.find_faces(renamed)
    assert again.key == sample.key and again.media.path == renamed
    for before, after in zip(sample.people, again.people, strict=True):
        empty = {"tracks": (), "thumbnail_rgb": None, "visible": None, "speaking": None}
        assert replace(before, **empty) == replace(after, **empty)
        np.testing.assert_array_equal(before.thumbnail_rgb, after.thumbnail_rgb)
        np.testing.assert_array_equal(before.speaking, after.speaking)
        np.testing.assert_array_equal(before.tracks[0].boxes_px, after.tracks[0].boxes_px)
        assert before.tracks[0].box_px == after.tracks[0].box_px


def test_a_picture_without_faces_has_no_people_and_needs_no_sound(tmp_path: Path) -> None:
    video = write_video(tmp_path / "blobs.mp4", blobs)
    reports: list[Progress] = []
    analysis = find_faces(video, on_progress=reports.append, cancel=CancelToken())
    assert analysis.people == ()
    shares = [report.fraction for report in reports]
    assert shares == sorted(shares) and shares[-1] == 1.0 and len(shares) > 10
    assert all(0 <= report.completed <= report.total for report in reports)


@pytest.mark.parametrize("file", ["people.json", "people.npz"])
def test_a_damaged_cache_entry_is_made_again(tmp_path: Path, file: str) -> None:
    video = write_video(tmp_path / f"{file}.mp4", lambda k: blobs(k + len(file)), 12)
    first = api.find_faces(video)
    damaged = entry("faces", first.key) / file
    whole = damaged.read_bytes()
    damaged.write_bytes(whole[: len(whole) // 2])
    assert api.find_faces(video).people == ()
    assert damaged.stat().st_size == len(whole)


def test_cancelling_leaves_nothing_half_done(tmp_path: Path) -> None:
    video = write_video(tmp_path / "cancelled.mp4", lambda k: blobs(3 * k))
    cancel = CancelToken()

    def stop(progress: Progress) -> None:
        if progress.fraction > 0.3:
            cancel.cancel()

    with pytest.raises(JobCancelled):
        find_faces(video, on_progress=stop, cancel=cancel)
    key = find_faces(video, on_progress=ignore_progress, cancel=CancelToken()).key
    assert sorted(path.name for path in entry("faces", key).iterdir()) == ["people.json", "people.npz"]


def test_sound_alone_has_no_people(tmp_path: Path) -> None:
    import soundfile

    soundfile.write(tmp_path / "sound.wav", np.zeros(8000), 8000)
    with pytest.raises(NoPictureError, match=r"sound\.wav"):
        api.find_faces(tmp_path / "sound.wav")


def test_an_unknown_person_is_refused(sample: FaceAnalysis) -> None:
    for key, person_id in ((sample.key, 3), ("0" * 32 + "-1", 1)):
        with pytest.raises(UsageError) as error:
            load_lips(key, person_id)
        assert str(person_id) in error.value.message and error.value.remedy


def test_memory_does_not_follow_the_length(tmp_path: Path) -> None:
    def peak(frames: int) -> int:
        video = write_video(tmp_path / f"{frames}.mp4", blobs, frames)
        tracemalloc.start()
        find_faces(video, on_progress=ignore_progress, cancel=CancelToken())
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    peak(20)  # loads the models
    assert peak(200) < 1.3 * peak(60) + 2**18
