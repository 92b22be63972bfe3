"""Results get their names all together; what a killed run left goes with the next one."""

from __future__ import annotations

import multiprocessing
import os
import signal
from pathlib import Path

import pytest

from engine.errors import OutputError, OutputExistsError
from engine.export.staging import Staging, staging

NAMES = ("voice.wav", "rest.wav", "report.json")


def _make(place: Staging) -> None:
    for name in NAMES:
        (place.folder / name).write_text(name)


def _die_moving(folder: Path, after: int) -> None:
    """Publish, and be killed after some of the files are moved."""
    moved = 0
    replace = Path.replace

    def counted(self: Path, target: Path) -> Path:
        nonlocal moved
        if target.name in NAMES:
            if moved == after:
                os.kill(os.getpid(), signal.SIGKILL)
            moved += 1
        return replace(self, target)

    Path.replace = counted  # type: ignore[method-assign]
    with staging(folder, whole=False) as place:
        _make(place)
        place.publish(NAMES, overwrite=False)


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_new_folder_appears_as_a_whole(tmp_path: Path) -> None:
    with staging(tmp_path / "out", whole=True) as place:
        _make(place)
        assert not (tmp_path / "out").exists()
        place.publish(NAMES, overwrite=False)
        assert _names(tmp_path / "out") == sorted(NAMES)
    assert _names(tmp_path) == ["out"]


@pytest.mark.parametrize("whole", [True, False])
def test_nothing_stays_of_what_failed(tmp_path: Path, whole: bool) -> None:
    with pytest.raises(RuntimeError), staging(tmp_path / "out" if whole else tmp_path, whole=whole) as place:
        _make(place)
        raise RuntimeError
    assert _names(tmp_path) == []


@pytest.mark.parametrize("whole", [True, False])
def test_who_was_quicker_keeps_the_place(tmp_path: Path, whole: bool) -> None:
    folder = tmp_path / "out" if whole else tmp_path
    with pytest.raises(OutputExistsError), staging(folder, whole=whole) as place:
        _make(place)
        folder.mkdir(exist_ok=True)
        (folder / "rest.wav").write_text("mine")
        place.publish(NAMES, overwrite=False)
    assert _names(folder) == ["rest.wav"] and (folder / "rest.wav").read_text() == "mine"


@pytest.mark.parametrize("after", [0, 1, 2])
def test_what_a_killed_run_moved_is_taken_back(tmp_path: Path, after: int) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    process = multiprocessing.get_context("spawn").Process(target=_die_moving, args=(tmp_path, after))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert len([name for name in _names(tmp_path) if name in NAMES]) == after
    with staging(tmp_path, whole=False) as place:
        assert not any(name in NAMES for name in _names(tmp_path))
        _make(place)
        place.publish(NAMES, overwrite=False)
    assert _names(tmp_path) == sorted((*NAMES, "mine.txt"))


def test_what_was_put_in_the_place_since_stays(tmp_path: Path) -> None:
    process = multiprocessing.get_context("spawn").Process(target=_die_moving, args=(tmp_path, 2))
    process.start()
    process.join()
    (tmp_path / "voice.wav").unlink()
    (tmp_path / "voice.wav").write_text("mine")
    with staging(tmp_path, whole=False):
        assert [name for name in _names(tmp_path) if name in NAMES] == ["voice.wav"]


def test_a_run_that_lives_is_left_alone(tmp_path: Path) -> None:
    with staging(tmp_path, whole=False) as one:
        _make(one)
        with staging(tmp_path, whole=False):
            assert _names(one.folder) == sorted(NAMES)
        one.publish(NAMES, overwrite=False)
    assert _names(tmp_path) == sorted(NAMES)


def test_a_folder_that_goes_meanwhile_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    with pytest.raises(OutputError, match="is not there"), staging(folder, whole=False) as place:
        _make(place)
        folder.rename(tmp_path / "gone")
        place.publish(NAMES, overwrite=False)
