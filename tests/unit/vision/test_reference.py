from __future__ import annotations

import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from engine import api
from engine.errors import InputError, NoFaceError
from engine.types import SAME_FACE, FaceAnalysis, MediaInfo, Person
from engine.vision.reference import match_photo
from tests.helpers.faces import LOOKS, ClipPerson, draw_face, write_clip

WHO = (0, 1, 2)  # of LOOKS


def picture(which: int, width: int = 320, opening: float = 0.0) -> np.ndarray:
    return draw_face(width, opening, look=LOOKS[which])


def person(number: int, which: int) -> Person:
    small = cv2.resize(picture(which), (160, 160), interpolation=cv2.INTER_AREA)
    empty = np.zeros(0, np.float32)
    return Person(number, f"Person {number}", 1.0, 1.0, None, (), np.asarray(small, np.uint8), empty, empty)


@pytest.fixture(scope="module")
def analysis() -> FaceAnalysis:
    people = tuple(person(number, which) for number, which in enumerate(WHO, 1))
    return FaceAnalysis(MediaInfo(Path("talk.mp4"), 9.0, None, ()), people, (), "key")


def save(path: Path, rgb: np.ndarray, **options: object) -> Path:
    Image.fromarray(rgb).save(path, **options)
    return path


@pytest.mark.parametrize("place", range(len(WHO)))
def test_the_person_of_the_photo_is_the_nearest(analysis: FaceAnalysis, tmp_path: Path, place: int) -> None:
    photo = save(tmp_path / "photo.png", picture(WHO[place], 700, opening=0.6))
    found = match_photo(analysis, photo)
    assert found[0][0] == place + 1
    assert found[0][1] < SAME_FACE
    assert sorted(number for number, _ in found) == [1, 2, 3]
    assert [distance for _, distance in found] == sorted(distance for _, distance in found)


def test_a_photo_lying_on_its_side_is_turned_as_the_camera_noted(analysis: FaceAnalysis, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # Orientation: turn by 90 degrees clockwise to see it upright
    photo = save(tmp_path / "phone.jpg", np.rot90(picture(WHO[1], 700)).copy(), exif=exif)
    assert match_photo(analysis, photo)[0][0] == 2


def test_a_large_photo_and_a_face_that_fills_it(analysis: FaceAnalysis, tmp_path: Path) -> None:
    drawn = picture(WHO[2], 3000)
    assert match_photo(analysis, save(tmp_path / "large.jpg", drawn))[0][0] == 3
    close = drawn[620:2350, 740:2260]
    assert match_photo(analysis, save(tmp_path / "close.jpg", close))[0][0] == 3


def test_the_largest_face_counts_and_two_as_large_are_refused(analysis: FaceAnalysis, tmp_path: Path) -> None:
    group = np.full((640, 1000, 3), 210, np.uint8)
    group[:, :640] = picture(WHO[0], 640)
    group[200:520, 660:980] = picture(WHO[1])
    assert match_photo(analysis, save(tmp_path / "group.png", group))[0][0] == 1
    twins = np.hstack([picture(WHO[0]), picture(WHO[1])])
    with pytest.raises(InputError, match=r"“twins\.png” shows 2 faces about as large\."):
        match_photo(analysis, save(tmp_path / "twins.png", twins))


def test_a_photo_without_a_face(analysis: FaceAnalysis, tmp_path: Path) -> None:
    with pytest.raises(NoFaceError, match=r"No face was found on the photo “wall\.png”"):
        match_photo(analysis, save(tmp_path / "wall.png", np.full((300, 400, 3), 180, np.uint8)))


@pytest.mark.parametrize(
    "content", [b"", b"not a picture at all", b"\x89PNG\r\n\x1a\n" + bytes(64), b"\xff\xd8\xff\xe0"]
)
def test_what_is_no_picture(analysis: FaceAnalysis, tmp_path: Path, content: bytes) -> None:
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(content)
    with pytest.raises(InputError, match=r"“photo\.jpg” is not a picture that can be read"):
        match_photo(analysis, photo)


def test_a_photo_that_breaks_off_after_the_face_serves(analysis: FaceAnalysis, tmp_path: Path) -> None:
    photo = save(tmp_path / "photo.jpg", picture(WHO[1], 700), quality=95)
    content = photo.read_bytes()
    photo.write_bytes(content[: len(content) * 95 // 100])
    assert match_photo(analysis, photo)[0][0] == 2


def test_a_missing_photo_and_a_folder(analysis: FaceAnalysis, tmp_path: Path) -> None:
    for path in (tmp_path / "none.jpg", tmp_path):
        with pytest.raises(InputError, match="There is no photo"):
            match_photo(analysis, path)


@pytest.mark.parametrize("size", [(12_001, 10_000), (40_000, 40_000)])
def test_a_small_file_that_unpacks_to_gigabytes_is_refused(
    analysis: FaceAnalysis, tmp_path: Path, size: tuple[int, int]
) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", *size, 8, 2, 0, 0, 0)
    photo = tmp_path / "bomb.png"
    photo.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(10))))
    with pytest.raises(InputError, match=r"“bomb\.png” is too large"):
        match_photo(analysis, photo)


def test_a_file_of_too_many_bytes_is_refused(analysis: FaceAnalysis, tmp_path: Path) -> None:
    photo = tmp_path / "photo.jpg"
    with photo.open("wb") as file:
        file.truncate(100_000_001)
    with pytest.raises(InputError, match="is too large"):
        match_photo(analysis, photo)


def test_the_front_door(tmp_path: Path) -> None:
    video = tmp_path / "talk.mp4"
    people = [ClipPerson(LOOKS[WHO[0]], (160, 150)), ClipPerson(LOOKS[WHO[1]], (480, 150))]
    write_clip(video, people, duration_s=2.0)
    left, right = (p.id for p in sorted(api.find_faces(video).people, key=lambda p: p.tracks[0].box_px[0]))
    photos = [save(tmp_path / f"{which}.png", picture(which, 400)) for which in WHO[:2]]
    assert [api.match_photo(video, photo)[0][0] for photo in photos] == [left, right]


def test_a_video_that_shows_nobody(tmp_path: Path) -> None:
    video = tmp_path / "wall.mp4"
    write_clip(video, [], duration_s=1.0)
    with pytest.raises(NoFaceError, match=r"No face was found in “wall\.mp4”"):
        api.match_photo(video, save(tmp_path / "photo.png", picture(0)))
