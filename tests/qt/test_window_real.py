"""The window over the real engine, with the quick `tiny` network and the sample: stories, and the worker's death."""

from __future__ import annotations

import json
import os
import signal

import numpy as np
import pytest
import soundfile
from conftest import WAIT_MS
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog
from test_window_people import choose, rows

from avsep_gui.resources import resource
from avsep_gui.state.document import FacesState, ListenMode, OpenState
from avsep_gui.state.intervals import covers

LONG_MS = 6 * WAIT_MS  # the first search for people takes longest


@pytest.fixture
def engine_name():
    return "engine.api"


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """The sample under a name of its own; its analysis stays in the cache from test to test."""
    path = tmp_path_factory.mktemp("film") / "talk.mp4"
    path.write_bytes(resource("sample", "two_talkers.mp4").read_bytes())
    return path


@pytest.fixture
def opened_film(qtbot, window, film):
    """Opens the film with the quick network and waits for people and sound."""
    qtbot.waitUntil(lambda: bool(window.shelf.rows), timeout=LONG_MS)
    window.client.use_model("tiny")
    window.open_file(film)
    qtbot.waitUntil(lambda: window.document.faces_state is FacesState.FOUND, timeout=LONG_MS)
    qtbot.waitUntil(lambda: window.document.source is not None, timeout=LONG_MS)
    return film


def whole_voice(qtbot, window, person_id):
    document = window.document
    ready = lambda: covers(document.voice(person_id).ready, 0.0, document.duration_s - 0.05)  # noqa: E731
    qtbot.waitUntil(ready, timeout=LONG_MS)


def test_open_pick_listen_correct_export(qtbot, window, opened_film, tmp_path):
    document = window.document
    window.player.seek(2.0)
    button = window.workspace.video.overlay.buttons[2]
    qtbot.waitUntil(button.isVisible, timeout=WAIT_MS)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton, pos=button._face.center().toPoint())
    assert document.picked == 2 and document.mode is ListenMode.VOICE
    whole_voice(qtbot, window, 2)
    qtbot.waitUntil(lambda: window.player.playing, timeout=WAIT_MS)
    window.player.pause()
    document.set_listening(true_levels=True)
    rate = document.source.sample_rate_hz
    original, voice = (
        np.asarray(store.open()[2 * rate : 3 * rate]) for store in (document.source, document.voice(2).store)
    )
    heard = {}
    for key, mode in ((Qt.Key.Key_Q, "original"), (Qt.Key.Key_W, "voice"), (Qt.Key.Key_E, "rest")):
        qtbot.keyClick(window, key)
        assert document.mode.value == mode
        heard[mode] = window.player.mixer.render(2.0, rate)
    assert np.allclose(heard["original"], original, atol=1e-6)
    assert np.allclose(heard["voice"], voice, atol=1e-6) and np.abs(voice).max() > 0
    assert np.allclose(heard["rest"], original - voice, atol=1e-6)
    qtbot.keyClick(window, Qt.Key.Key_W)
    window.player.seek(8.0)
    choose(window, 2, "From here on it is somebody new")
    assert set(rows(window)) == {1, 2, 3}
    assert document.voice(2).ready == (), "another half of the film, another voice"
    whole_voice(qtbot, window, 2)
    document.rename(3, "Carla")
    choose(window, 1, "Hide")
    target = tmp_path / "out"
    window.export_desk.start(target, {"everyone": True, "format": "wav"})
    qtbot.waitUntil(lambda: (target / "report.json").exists() and not window._runner.jobs(), timeout=LONG_MS)
    report = json.loads((target / "report.json").read_text())
    voices = [output for output in report["outputs"] if output["kind"] == "voice"]
    assert [voice["person"] for voice in voices] == [2, 3]
    assert "Carla" in voices[1]["path"]
    early, late = (soundfile.read(target / voice["path"])[0] for voice in voices)
    half = round(8.0 * document.source.sample_rate_hz)
    assert np.abs(late[: half - 9600]).max() == 0 < np.abs(late[half + 9600 :]).max()
    assert np.abs(early[half + 9600 :]).max() == 0 < np.abs(early[: half - 9600]).max()


def test_a_project_is_saved_closed_and_opened_again(qtbot, window, opened_film, tmp_path, monkeypatch):
    document = window.document
    qtbot.keyClick(window, Qt.Key.Key_2)
    qtbot.keyClick(window, Qt.Key.Key_F2)
    row = window.workspace.people.row(2)
    row.name.setText("Ben")
    qtbot.keyClick(row.name, Qt.Key.Key_Return)
    window.player.seek(5.0)
    qtbot.keyClick(window, Qt.Key.Key_I)
    project = tmp_path / "talk.avsep"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(project), ""))
    qtbot.keyClick(window, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    assert project.exists() and not window.projects.modified
    whole_voice(qtbot, window, 2)
    qtbot.keyClick(window, Qt.Key.Key_W, Qt.KeyboardModifier.ControlModifier)
    assert document.open_state is OpenState.EMPTY
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(project), ""))
    qtbot.keyClick(window, Qt.Key.Key_O, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: document.faces_state is FacesState.FOUND, timeout=LONG_MS)
    assert (document.name(2), document.picked, document.mode) == ("Ben", 2, ListenMode.VOICE)
    assert document.range_s[0] == pytest.approx(5.0, abs=0.01) and window.shelf.chosen == "tiny"
    whole_voice(qtbot, window, 2)


@pytest.fixture
def killed(window):
    """Kills the heavy worker once, as soon as its work comes to a stage; gives a list of what was killed."""
    found = []

    def begin(stage):
        def on_progress(_job, progress):
            if progress.stage == stage and not found:
                found.append(window._runner.pids()["heavy"])
                os.kill(found[0], signal.SIGKILL)

        window._runner.progressed.connect(on_progress)
        return found

    return begin


def lost(window):
    return [notice for notice in window.notices.shown() if "stopped unexpectedly" in notice.text]


def test_killed_while_it_looks_for_people(qtbot, window, killed, tmp_path):
    film = tmp_path / "other.mp4"  # which no cache knows
    film.write_bytes(resource("sample", "two_talkers.mp4").read_bytes() + b"\0")
    gone = killed("Finding people")
    window.open_file(film)
    document, panel = window.document, window.workspace.people
    qtbot.waitUntil(lambda: document.faces_state is FacesState.FAILED, timeout=LONG_MS)
    assert gone and "stopped unexpectedly" in panel._hint.text()
    qtbot.mouseClick(panel.search, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: document.faces_state is FacesState.FOUND, timeout=LONG_MS)


@pytest.mark.parametrize(("stage", "at_s"), [("Matching lips and sound", 4.0), ("Isolating", 6.0)])
def test_killed_while_it_isolates(qtbot, window, opened_film, killed, stage, at_s):
    window.player.seek(at_s)
    choose(window, 1, "From here on it is somebody new")  # whose voice no cache knows
    gone = killed(stage)
    window.document.pick(3)
    qtbot.waitUntil(lambda: bool(lost(window)), timeout=LONG_MS)
    assert gone and lost(window)[0].button.text() == "Try again"
    qtbot.mouseClick(lost(window)[0].button, Qt.MouseButton.LeftButton)
    whole_voice(qtbot, window, 3)


@pytest.mark.parametrize(
    ("stage", "name"),
    [
        ("Measuring the voice", "voice.wav"),
        ("Writing the sound", "voice.wav"),
        ("Writing the video", "film.mp4"),
        ("Checking the result", "voice.flac"),
    ],
)
def test_killed_while_it_exports(qtbot, window, opened_film, killed, stage, name, tmp_path):
    target = tmp_path / name
    gone = killed(stage)
    window.export_desk.start(target, {"person_ids": (2,)})
    qtbot.waitUntil(lambda: bool(lost(window)), timeout=LONG_MS)
    assert gone and not target.exists(), "nothing half-done has a final name"
    window.export_desk.start(target, {"person_ids": (2,)})
    qtbot.waitUntil(lambda: target.exists() and not window._runner.jobs(), timeout=LONG_MS)


def test_the_light_worker_is_killed_while_it_reads(qtbot, window, tmp_path):
    """It reads the sound of a film that is not known; the notice's button reads it again."""
    film = tmp_path / "another.mp4"
    film.write_bytes(resource("sample", "two_talkers.mp4").read_bytes() + b"\1")
    document, runner = window.document, window._runner
    qtbot.waitUntil(lambda: bool(window.shelf.rows), timeout=LONG_MS)
    window.open_file(film)
    qtbot.waitUntil(lambda: document.media is not None, timeout=LONG_MS)
    os.kill(runner.pids()["light"], signal.SIGKILL)
    qtbot.waitUntil(lambda: any("Reading the sound" in notice.text for notice in lost(window)), timeout=LONG_MS)
    assert document.source is None
    again = next(notice for notice in lost(window) if "Reading the sound" in notice.text)
    qtbot.mouseClick(again.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: document.source is not None, timeout=LONG_MS)
