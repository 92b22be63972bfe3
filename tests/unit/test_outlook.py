"""What is said before a job: it follows the film, the people, the format, and what is known already."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from engine import api, speed
from engine.cli import main
from engine.errors import NoSoundError
from engine.types import SeparationRequest
from tests.helpers.media_files import Picture, Sound, write_media

SECONDS, RATE = 8.0, 48_000


@pytest.fixture(autouse=True)
def cache_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AVSEP_CACHE_DIR", str(tmp_path / "cache"))


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return write_media(tmp_path / "film.mkv", Picture(duration_s=SECONDS), [Sound(RATE, duration_s=SECONDS)])


def test_room_is_that_of_the_files_and_of_the_voices_as_they_grow(film: Path, tmp_path: Path) -> None:
    request = SeparationRequest(film, tmp_path / "voice.wav", person_ids=(1,))
    one, three = api.outlook(request), api.outlook(request, voices=3)
    store = SECONDS * RATE * 2 * 4
    assert one.output_bytes == store and three.output_bytes == 3 * store
    assert 3.5 * store < one.cache_bytes < three.cache_bytes  # sound, two layers of windows with overlap, the voice
    short = api.outlook(replace(request, output=tmp_path / "voice.flac"))
    assert short.output_bytes < one.output_bytes


def test_time_follows_what_was_measured_here(film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    request = SeparationRequest(film, tmp_path / "voice.wav", person_ids=(1,))
    monkeypatch.setattr(speed, "pace_of_faces", lambda: speed.Pace(1.0, True))
    quick = api.outlook(request).wall_s
    monkeypatch.setattr(speed, "pace_of_faces", lambda: speed.Pace(11.0, True))
    slow = api.outlook(request).wall_s
    assert quick is not None and slow is not None
    assert slow - quick == pytest.approx(10 * SECONDS, rel=0.02)


def test_what_is_known_of_the_faces_is_not_reckoned_again(film: Path, tmp_path: Path) -> None:
    request = SeparationRequest(film, tmp_path / "out", everyone=True)
    before = api.outlook(request)
    api.find_faces(film)  # there is nobody
    after = api.outlook(request)
    assert after.memory_bytes < before.memory_bytes and after.cache_bytes < before.cache_bytes
    assert before.wall_s is not None and after.wall_s is not None and after.wall_s < before.wall_s


def test_memory_follows_picture_and_sound_and_hardly_the_length(tmp_path: Path) -> None:
    def memory(name: str, seconds: float, width: int, rate: int) -> int:
        path = write_media(tmp_path / name, Picture(duration_s=seconds, width=width), [Sound(rate, duration_s=seconds)])
        return api.outlook(SeparationRequest(path, tmp_path / "voice.wav", everyone=True)).memory_bytes

    usual = memory("a.mkv", 1.0, 160, 48_000)
    assert usual < memory("b.mkv", 9.0, 160, 48_000) < usual + 2e6
    assert memory("c.mkv", 1.0, 640, 48_000) > usual and memory("d.mkv", 1.0, 160, 192_000) > usual


def test_a_film_that_cannot_be_done_has_no_outlook(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    silent = write_media(tmp_path / "silent.mkv", Picture())
    with pytest.raises(NoSoundError):
        api.outlook(SeparationRequest(silent, tmp_path / "voice.wav", everyone=True))
    assert main(["separate", str(silent), "--everyone", "-o", str(tmp_path / "voice.wav"), "--json"]) == 3
    told = capsys.readouterr()
    assert json.loads(told.out)["error"]["code"] == "no_sound" and "This will need" not in told.err


@pytest.mark.parametrize(("progress", "said"), [("none", True), ("json", False)])
def test_the_command_line_says_it_before_the_work(
    film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], progress: str, said: bool
) -> None:
    assert main(["separate", str(film), "--everyone", "-o", str(tmp_path / "out"), "--progress", progress]) == 3
    assert ("of working space" in capsys.readouterr().err) == said  # nobody is in the film, so that the work ends early
