"""The sample clip that ships: it is what its description says, and faces and voices belong together.

The files come from `python -m tests.helpers.make_sample`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray
from PySide6.QtGui import QImage

from engine.vision.landmarks import encode, find_boxes, shape_68
from tests.helpers.faces import LOOKS, ClipPerson, Expression, Pose, draw_face, envelope, write_clip
from tests.helpers.sample.icon import SIZES_PX, render

FOLDER = Path(__file__).resolve().parents[2] / "resources" / "sample"
CLIP = FOLDER / "two_talkers.mp4"
RATE_HZ = 48000
FPS = 25
N_FRAMES = 400
N_SAMPLES = 16 * RATE_HZ
EVERY = 3  # every third picture is looked at


@dataclass(frozen=True)
class Seen:
    """What is seen of both people in every third picture."""

    boxes: list[NDArray[np.float32]]
    opening: NDArray[np.float64]
    identity: NDArray[np.float64]


def gap(points: NDArray[np.float32]) -> float:
    """Height of the mouth opening by landmarks, relative to the distance of the eyes."""
    eyes = np.linalg.norm(points[36:42].mean(0) - points[42:48].mean(0))
    return float((points[65:68, 1].mean() - points[61:64, 1].mean()) / eyes)


def pictures(path: Path) -> Iterator[tuple[NDArray[np.uint8], Fraction]]:
    """Every picture, (h, w, 3) uint8 red, green, blue, and its time in seconds."""
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            assert frame.pts is not None
            assert frame.time_base is not None
            yield np.asarray(frame.to_ndarray(format="rgb24"), np.uint8), frame.pts * frame.time_base


def correlation(a: NDArray[Any], b: NDArray[Any]) -> float:
    return float(np.corrcoef(a, b)[0, 1])


@pytest.fixture(scope="module")
def about() -> dict[str, Any]:
    content: dict[str, Any] = json.loads((FOLDER / "sample.json").read_text(encoding="utf-8"))
    return content


@pytest.fixture(scope="module")
def voices() -> list[NDArray[np.float32]]:
    return [soundfile.read(FOLDER / f"voice_{n}.flac", dtype="float32")[0] for n in (1, 2)]


@pytest.fixture(scope="module")
def clip_sound() -> NDArray[np.float32]:
    """Decoded sound from t = 0, (T, 2): packets before t = 0 are the encoder's run-in."""
    with av.open(str(CLIP)) as container:
        stream = container.streams.audio[0]
        blocks = list(container.decode(stream))
    first = blocks[0]
    assert first.pts is not None
    assert first.time_base is not None
    run_in = -round(first.pts * first.time_base * RATE_HZ)
    return np.concatenate([np.asarray(b.to_ndarray().T, np.float32) for b in blocks])[max(0, run_in) :]


@pytest.fixture(scope="module")
def seen() -> Seen:
    boxes, opening, identity = [], [], []
    for k, (rgb, _) in enumerate(pictures(CLIP)):
        if k % EVERY:
            continue
        small = np.asarray(cv2.resize(rgb, (640, 360), interpolation=cv2.INTER_AREA), np.uint8)
        found = find_boxes(small)
        found = found[np.argsort(found[:, 0])]
        boxes.append(found)
        if len(found) == 2:
            opening.append([gap(points) for points in shape_68(rgb, 2 * found)])
            if k % 99 == 0:
                identity.append(encode(small, found))
        else:
            opening.append([np.nan, np.nan])
    return Seen(boxes, np.asarray(opening).T, np.asarray(identity))


def test_streams_are_as_described(about: dict[str, Any]) -> None:
    with av.open(str(CLIP)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.width, video.height, video.average_rate) == (1280, 720, Fraction(25))
        assert video.codec_context.name == "h264"
        assert (audio.sample_rate, audio.channels, audio.codec_context.name) == (RATE_HZ, 2, "aac")
    assert [at for _, at in pictures(CLIP)] == [Fraction(k, FPS) for k in range(N_FRAMES)]
    assert CLIP.stat().st_size < 2_500_000
    assert (about["duration_s"], about["fps"], about["size_px"]) == (16.0, 25, [1280, 720])


def test_voices_have_the_length_of_the_clip(voices: list[NDArray[np.float32]], clip_sound: NDArray[np.float32]) -> None:
    assert [v.shape for v in voices] == [(N_SAMPLES, 2)] * 2
    assert 0 <= len(clip_sound) - N_SAMPLES < 2048  # AAC comes in blocks of 1024


def test_voices_add_up_to_the_clip(voices: list[NDArray[np.float32]], clip_sound: NDArray[np.float32]) -> None:
    mixture = voices[0] + voices[1]
    assert np.abs(mixture).max() < 0.9
    error = clip_sound[:N_SAMPLES] - mixture
    assert 10 * np.log10(np.mean(mixture**2) / np.mean(error**2)) > 20.0  # AAC at 160 kbit/s
    late = np.fft.irfft(np.fft.rfft(clip_sound[:N_SAMPLES, 0]) * np.fft.rfft(mixture[:, 0]).conj())
    assert int(np.argmax(late)) == 0  # not one sample early or late


def test_people_sit_where_they_sound(about: dict[str, Any], voices: list[NDArray[np.float32]]) -> None:
    for person, voice in zip(about["people"], voices, strict=True):
        left, right = np.sqrt(np.mean(np.square(voice.astype(np.float64)), axis=0))
        assert np.sign(person["pan"]) == np.sign(right - left)
        assert (person["eyes_px"][0] > 640) == (person["pan"] > 0)
        assert 2.0 < abs(20 * np.log10(right / left)) < 9.0


def test_spans_hold_the_speech(about: dict[str, Any], voices: list[NDArray[np.float32]]) -> None:
    speaks = np.zeros((2, N_SAMPLES), bool)
    for row, person, voice in zip(speaks, about["people"], voices, strict=True):
        for span in person["spans"]:
            row[round(span["start_s"] * RATE_HZ) : round((span["end_s"] + 0.25) * RATE_HZ)] = True  # and its echo
        power = np.square(voice.astype(np.float64)).sum(1)
        assert power[~row].sum() < 0.001 * power.sum()
    both, one = float(np.mean(speaks.all(0))), float(np.mean(speaks[0] ^ speaks[1]))
    assert 0.35 < both < 0.65
    assert one > 0.3
    assert min(float(np.mean(speaks[0] & ~speaks[1])), float(np.mean(speaks[1] & ~speaks[0]))) > 0.1


def test_both_faces_are_found(about: dict[str, Any], seen: Seen) -> None:
    assert len(seen.boxes) == len(range(0, N_FRAMES, EVERY))
    assert np.mean([len(b) == 2 for b in seen.boxes]) > 0.98
    assert max(len(b) for b in seen.boxes) == 2  # nothing else is taken for a face
    for boxes in seen.boxes:
        if len(boxes) == 2:
            for (left, top, right, bottom), person in zip(2 * boxes, about["people"], strict=True):
                x, y = person["eyes_px"]
                assert left < x < right
                assert top < y < bottom


def test_people_are_told_apart(seen: Seen) -> None:
    left, right = seen.identity[:, 0], seen.identity[:, 1]
    between = np.linalg.norm(left[:, None] - right[None], axis=-1).min()
    within = max(np.linalg.norm(v[:, None] - v[None], axis=-1).max() for v in (left, right))
    assert within < between
    assert within < 0.4


def test_landmarks_follow_the_drawn_mouth(about: dict[str, Any], seen: Seen) -> None:
    for person, measured in zip(about["people"], seen.opening, strict=True):
        drawn = np.asarray(person["mouth_opening"])[::EVERY]
        ok = ~np.isnan(measured)
        assert correlation(drawn[ok], measured[ok]) > 0.9


def test_lips_belong_to_their_own_voice(voices: list[NDArray[np.float32]], seen: Seen) -> None:
    loudness = [envelope(v.mean(1), RATE_HZ, FPS, N_FRAMES)[::EVERY] for v in voices]
    ok = ~np.isnan(seen.opening).any(0)
    for own in (0, 1):
        mine = correlation(seen.opening[own][ok], loudness[own][ok])
        other = correlation(seen.opening[own][ok], loudness[1 - own][ok])
        assert mine > 0.6
        assert mine > other + 0.5


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.hair_style)
def test_every_drawn_face_is_found_and_opens_its_mouth(look: Any) -> None:
    gaps = []
    for opening in (0.0, 0.4, 0.8):
        rgb = draw_face(320, look=look, expression=Expression(opening=opening), pose=Pose(yaw_deg=3, roll_deg=-2))
        assert rgb.shape == (320, 320, 3)
        boxes = find_boxes(rgb)
        assert len(boxes) == 1
        gaps.append(gap(shape_68(rgb, boxes)[0]))
    assert gaps[0] < gaps[1] - 0.03
    assert gaps[1] < gaps[2] - 0.03


def test_clip_with_a_face_that_leaves(tmp_path: Path) -> None:
    opening = np.tile([0.0, 0.2, 0.6, 0.9, 0.5], 5)
    people = [
        ClipPerson(LOOKS[2], (170, 150), opening=opening),
        ClipPerson(LOOKS[3], (470, 150), visible_s=((0.0, 0.4),)),
    ]
    sound = np.zeros((RATE_HZ, 1), np.float32)
    path = tmp_path / "clip.mp4"
    write_clip(path, people, sound, duration_s=1.0, cuts_s=(0.4,))
    with av.open(str(path)) as container:
        assert container.streams.audio[0].channels == 1
    frames = [rgb for rgb, _ in pictures(path)]
    assert len(frames) == 25
    assert [len(find_boxes(frames[k])) for k in (0, 5, 9, 10, 15, 24)] == [2, 2, 2, 1, 1, 1]
    assert np.abs(frames[9][5, 5].astype(int) - frames[10][5, 5]).max() > 8  # the cut
    boxes = find_boxes(frames[13])
    assert gap(shape_68(frames[13], boxes)[0]) > gap(shape_68(frames[15], find_boxes(frames[15]))[0])


@pytest.mark.parametrize("size", SIZES_PX)
def test_icon_files_show_the_drawing(size: int) -> None:
    stored = QImage(str(FOLDER.parent / "icons" / f"avsep-{size}.png")).convertToFormat(QImage.Format.Format_ARGB32)
    assert (stored.width(), stored.height()) == (size, size)
    fresh = render(size)
    pixels = [
        np.frombuffer(image.constBits(), np.uint8).reshape(size, size, 4).astype(int) for image in (stored, fresh)
    ]
    assert np.abs(pixels[0] - pixels[1]).mean() < 2.0  # versions of Qt differ a little
    assert stored.pixelColor(0, 0).alpha() == 0
    assert max(stored.pixelColor(x, y).alpha() for x in range(size) for y in (size // 3, 7 * size // 8)) == 255
