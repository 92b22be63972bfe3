"""Export in the window: presets, what is known beforehand, close-ups, the report."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from conftest import WAIT_MS
from PySide6.QtCore import Qt
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QDialog, QInputDialog

from avsep_gui import export_plan
from avsep_gui.export_presets import (
    ExportChoice,
    Preset,
    all_presets,
    built_in,
    choice_from_text,
    choice_to_text,
    find,
    presets_from_text,
    presets_to_text,
    with_preset,
)
from avsep_gui.preflight import MOST_LINES
from avsep_gui.settings import Settings
from avsep_gui.views.export_dialog import ExportDialog
from avsep_gui.views.report_dialog import ReportDialog, main_file
from engine.confidence import Judgement
from engine.types import ConfidenceSpan, FaceTrack, OutputFile, PersonConfidence, SeparationResult

SHARE, PODCAST = 4, 2  # rows of the built-in presets


@pytest.fixture
def ask(window, opened, tmp_path):
    """Opens a video, picks the first person and makes export dialogs, which are gone afterwards."""
    made = []

    def ask_(name="talk.mp4", *, again=False):
        if not again:
            opened(name)
            window.document.pick(1)
        made.append(
            ExportDialog(
                window.document,
                window._look,
                tmp_path,
                window,
                shelf=window.shelf,
                settings=Settings(),
                ask_fit=window.client.ask_container_fit,
            )
        )
        return made[-1]

    yield ask_
    for dialog in made:
        dialog.close()
        dialog.deleteLater()


def use(dialog, row):
    """Choose a preset as a user does; row 0 is "Custom"."""
    dialog.presets.box.setCurrentIndex(row + 1)
    dialog.presets.box.activated.emit(row + 1)


def gravities(dialog):
    return {remark.text: remark.gravity for remark in dialog.preflight.remarks}


def test_every_built_in_preset_fills_the_fields(ask):
    dialog = ask()
    for row, preset in enumerate(built_in()):
        use(dialog, row)
        assert dialog.choice == preset.choice.settled()
        assert dialog.presets.box.currentText() == preset.name
        assert dialog.start.isEnabled()
    use(dialog, SHARE)
    options = dialog.options()
    assert options["close_up"] == "9:16"
    assert options["loudness_lufs"] == -14.0
    assert dialog.output.name == "talk - Person 1 - close-up.mp4"
    assert dialog.shape.isVisibleTo(dialog)
    assert not dialog.everyone.isVisibleTo(dialog)


def test_a_changed_field_makes_it_custom_and_back_again(ask):
    dialog = ask()
    use(dialog, PODCAST)
    assert not dialog.presets.save.isEnabled()
    dialog.loudness.setCurrentIndex(0)
    assert dialog.presets.box.currentText() == "Custom"
    assert dialog.presets.save.isEnabled()
    dialog.loudness.setCurrentIndex(2)
    assert dialog.presets.box.currentText() == built_in()[PODCAST].name


def test_a_preset_of_ones_own_is_kept_chosen_and_deleted(qtbot, ask, monkeypatch):
    dialog = ask()
    use(dialog, SHARE)
    assert not dialog.presets.delete.isEnabled()
    dialog.name_shown.setChecked(True)
    monkeypatch.setattr(QInputDialog, "getText", lambda *_: ("  My  phone clips ", True))
    qtbot.mouseClick(dialog.presets.save, Qt.MouseButton.LeftButton)
    assert dialog.presets.box.currentText() == "My phone clips"
    again = ask(again=True)
    names = [again.presets.box.itemText(row) for row in range(again.presets.box.count())]
    assert names[-1] == "My phone clips"
    use(again, len(names) - 2)
    assert again.options()["close_up_name"] is True
    qtbot.mouseClick(again.presets.delete, Qt.MouseButton.LeftButton)
    assert again.presets.box.currentText() == "Custom"
    assert again.options()["close_up_name"] is True, "the fields stay as they are"
    assert presets_from_text(Settings().export_presets) == ()


def test_what_was_exported_last_is_offered_next_time(ask):
    dialog = ask()
    use(dialog, SHARE)
    dialog.reject()
    assert ask(again=True).choice == ExportChoice(), "what was not exported is not remembered"
    dialog = ask(again=True)
    use(dialog, SHARE)
    dialog.shape.setCurrentIndex(1)
    dialog._on_start()
    assert dialog.result() == QDialog.DialogCode.Accepted
    again = ask(again=True)
    assert again.choice.close_up == "1:1"
    assert again.presets.box.currentText() == "Custom"


def test_presets_survive_what_they_are_kept_in():
    own = with_preset((), "Ann's", ExportChoice("folder", ".flac", -23.0, everyone=True, close_up="1:1"))
    assert presets_from_text(presets_to_text(own)) == own
    assert choice_from_text(choice_to_text(own[0].choice)) == own[0].choice
    renewed = with_preset(own, "ANN'S", ExportChoice())
    assert [preset.choice for preset in renewed] == [ExportChoice()]
    assert find(all_presets(renewed), ExportChoice()) == renewed[0], "one's own comes before the built-in"
    assert all_presets((Preset("b", ExportChoice(), True), Preset("A", ExportChoice(), True)))[-1].name == "b"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[" * 100_000,
        '[{"name": "x", "kind": []}]',
        '{"kind": {}, "loudness_lufs": [1]}',
        "not json",
        "{}",
        "[1, null, {}]",
        '[{"name": "x", "kind": "voice", "ending": ".exe"}]',
        '[{"name": "x", "kind": "close_up", "ending": ".mp4", "close_up": "4:3"}]',
        '[{"name": 3, "kind": "voice", "ending": ".wav"}]',
        '[{"name": "x", "kind": "voice", "ending": ".wav", "everyone": "yes"}]',
    ],
)
def test_settings_that_are_no_presets_are_left_out(text):
    assert presets_from_text(text) == ()
    assert choice_from_text(text) == ExportChoice()


def test_the_engine_is_asked_for_the_close_up(qtbot, window, ask):
    dialog = ask()
    window.document.set_range((2.0, 6.0))
    dialog = ask(again=True)
    use(dialog, SHARE)
    dialog.shape.setCurrentIndex(dialog.shape.findData("1:1"))
    dialog.name_shown.setChecked(True)
    dialog.selection.setChecked(True)
    window.export_desk.start(dialog.output, dialog.options())
    qtbot.waitUntil(lambda: dialog.output.exists(), timeout=WAIT_MS)
    asked = json.loads(dialog.output.read_text())
    assert {key: asked[key] for key in ("close_up", "close_up_name", "range_s", "person_ids")} == {
        "close_up": "1:1",
        "close_up_name": True,
        "range_s": [2.0, 6.0],
        "person_ids": [1],
    }


def test_a_folder_may_have_a_close_up(ask):
    dialog = ask()
    dialog.what.setCurrentIndex(dialog.what.findData("folder"))
    assert dialog.options()["close_up"] is None
    assert not dialog.shape.isVisibleTo(dialog)
    dialog.close_up.setChecked(True)
    assert dialog.shape.isVisibleTo(dialog)
    assert dialog.options()["close_up"] == "16:9"
    dialog.what.setCurrentIndex(dialog.what.findData("voice"))
    assert dialog.options()["close_up"] is None


def test_what_a_video_file_cannot_hold_is_said(qtbot, ask):
    dialog = ask("subtitled.mp4")
    dialog.what.setCurrentIndex(dialog.what.findData("video"))
    words = "MP4 cannot hold these subtitles: choose MKV to keep them."
    qtbot.waitUntil(lambda: words in dialog.preflight.text, timeout=WAIT_MS)
    assert gravities(dialog)[words] == "warning"
    assert "encoded anew" in dialog.preflight.text
    dialog.format.setCurrentIndex(dialog.format.findData(".mkv"))
    assert words not in dialog.preflight.text


def test_a_picture_that_does_not_fit_stops_the_export(qtbot, ask):
    dialog = ask("odd.mp4")
    dialog.what.setCurrentIndex(dialog.what.findData("video"))
    assert dialog.start.isEnabled()
    dialog.format.setCurrentIndex(dialog.format.findData(".mov"))
    qtbot.waitUntil(lambda: not dialog.start.isEnabled(), timeout=WAIT_MS)
    assert dialog.preflight.text == "MOV cannot hold this picture unchanged: choose MKV."
    dialog.what.setCurrentIndex(dialog.what.findData("close_up"))
    assert dialog.start.isEnabled(), "the close-up makes its own pictures"


def test_an_answer_that_comes_late_disturbs_nobody(qtbot, window, ask):
    answers = []
    dialog = ExportDialog(
        window.document, window._look, ask().output.parent, window, ask_fit=lambda *a: answers.append(a)
    )
    dialog.what.setCurrentIndex(dialog.what.findData("video"))
    dialog.reject()
    before = dialog.preflight.text
    from engine.types import ContainerFit

    answers[0][1](ContainerFit(False, 0, ()))
    assert dialog.preflight.text == before
    dialog.deleteLater()


def seen_only(window, start_s, end_s, *, height=150.0):
    """From now on the first person is seen in this stretch only."""
    document = window.document
    person = document.person(1)
    times = np.arange(start_s, end_s, 0.2)
    boxes = np.tile(np.array([60, 80, 60 + height, 80 + height], np.float32), (len(times), 1))
    track = FaceTrack(start_s, end_s, tuple(map(float, boxes[0])), times, boxes)
    people = (replace(person, tracks=(track,)), *document.people[1:])
    document.set_analysis(replace(document.analysis, people=people))


def test_a_person_who_is_seldom_seen(window, ask):
    ask()
    seen_only(window, 2.0, 6.0)
    dialog = ask(again=True)
    text = "Person 1 is seen in 20 % of the film; the voice is silent in the rest."
    assert gravities(dialog)[text] == "warning"
    use(dialog, SHARE)
    assert "the rest is silent and shows the whole picture" in dialog.preflight.text
    window.document.set_range((10.0, 15.0))
    dialog = ask(again=True)
    use(dialog, SHARE)
    dialog.selection.setChecked(True)
    assert not dialog.start.isEnabled()
    assert dialog.preflight.text == "Person 1 is not seen in the selection: there is no face to follow."
    use(dialog, PODCAST)
    assert dialog.start.isEnabled()


def test_a_face_too_small_for_a_close_up(window, ask):
    ask()
    seen_only(window, 0.0, 20.0, height=40.0)
    dialog = ask(again=True)
    assert "small" not in dialog.preflight.text
    use(dialog, SHARE)
    assert (
        gravities(dialog)["The face is small in the picture (40 pixels): the close-up will not be sharp."] == "warning"
    )


def test_where_lips_and_voice_hardly_agree(qtbot, window, ask):
    ask()
    qtbot.waitUntil(lambda: bool(window.document.voice(1).spans), timeout=WAIT_MS)
    dialog = ask(again=True)
    assert "Lips and voice hardly agree" in dialog.preflight.text
    window.document.set_range((1.0, 3.0))  # seconds that the fake engine is sure of
    dialog = ask(again=True)
    dialog.selection.setChecked(True)
    assert "hardly agree" not in dialog.preflight.text


def test_what_is_computed_already_takes_no_time(qtbot, window, ask):
    dialog = ask()
    assert "ready in" in dialog.preflight.text
    qtbot.waitUntil(lambda: window.document.voice(1).ready == ((0.0, 20.0),), timeout=WAIT_MS)
    dialog = ask(again=True)
    assert "the voice is computed already" in dialog.preflight.text
    use(dialog, SHARE)
    assert "ready in about 20 s" in dialog.preflight.text, "the pictures are not"


def test_what_a_format_does_to_the_sound(window, ask):
    dialog = ask()
    dialog.format.setCurrentIndex(dialog.format.findData(".opus"))
    assert "48 kHz" not in dialog.preflight.text, "16 kHz is a rate that Opus has"
    media = window.document.media
    window.document.media = replace(media, audio=(replace(media.audio[0], sample_rate_hz=44_100),))
    dialog = ask(again=True)
    dialog.format.setCurrentIndex(dialog.format.findData(".opus"))
    assert "the sound becomes 48 kHz, not 44.1 kHz" in dialog.preflight.text
    dialog.what.setCurrentIndex(dialog.what.findData("folder"))
    dialog.loudness.setCurrentIndex(1)
    dialog.format.setCurrentIndex(0)
    assert "no longer add up" in dialog.preflight.text


def test_room_is_named_with_what_is_needed(ask, monkeypatch):
    dialog = ask()
    usage = type(export_plan.shutil.disk_usage("/"))
    monkeypatch.setattr(export_plan.shutil, "disk_usage", lambda _: usage(10, 9, 60_000_000))
    dialog._check()
    assert "of 60 MB free" in dialog.preflight.text
    use(dialog, SHARE)  # 24 MB and a reserve
    assert "not enough room" in dialog.preflight.text
    assert not dialog.start.isEnabled()


def test_the_dialog_stays_calm(qtbot, window, ask):
    """However much there is to say, four lines at most, the gravest first, the outlook last."""
    ask("subtitled.mp4")
    qtbot.waitUntil(lambda: bool(window.document.voice(1).spans), timeout=WAIT_MS)
    seen_only(window, 2.0, 12.0)
    dialog = ask(again=True)
    (dialog._folder / "there.mp4").write_text("x")
    dialog.what.setCurrentIndex(dialog.what.findData("video"))
    dialog.file_name.setText("there.mp4")
    qtbot.waitUntil(lambda: "subtitles" in dialog.preflight.text, timeout=WAIT_MS)
    shown = [remark.gravity for remark in dialog.preflight.remarks]
    assert len(shown) == MOST_LINES
    assert shown == ["warning", "warning", "warning", "muted"]
    assert "free" in dialog.preflight.remarks[-1].text
    assert dialog.start.text() == "Replace it"


@pytest.fixture
def result(tmp_path):
    spans = tuple(
        ConfidenceSpan(s, s + 1.0, 0.2 if s in (3, 4, 9) else 0.9, Judgement(1.0, 0.1, 1.0)) for s in range(20)
    )
    return SeparationResult(
        "compact", "cpu", 20.0, 31.0, 1.55, {}, 100.0, 48_000, 2, -151.0, 0,
        (OutputFile(tmp_path / "out" / "rest.wav", None, "rest"), OutputFile(tmp_path / "out" / "A.wav", 1, "voice")),
        (PersonConfidence(1, 0.81, spans),), ("A note.",),
    )  # fmt: skip


def test_the_report_says_what_was_measured(qtbot, window, opened, result):
    opened()
    dialog = ReportDialog(result, window.document, window._look, window)
    qtbot.addWidget(dialog)
    assert [remark.gravity for remark in dialog.findings.remarks] == ["good", "good", "warning", "warning"]
    text = dialog.findings.text
    assert "0 samples" in text
    assert "-151 dBFS" in text
    assert "Is it really Person 1? Good. Weak at 0:03–0:05, 0:09–0:10." in text
    assert text.endswith("A note.")
    worse = replace(result, null_test_db=-80.0, offset_samples=-48, confidence=(), warnings=())
    dialog = ReportDialog(worse, window.document, window._look, window)
    qtbot.addWidget(dialog)
    assert [remark.gravity for remark in dialog.findings.remarks] == ["warning", "warning"]
    assert "48 samples early (1.0 ms)" in dialog.findings.text


def test_the_report_is_copied_and_opens_what_was_written(qtbot, window, opened, result, monkeypatch, tmp_path):
    opened()
    dialog = ReportDialog(result, window.document, window._look, window)
    qtbot.addWidget(dialog)
    qtbot.mouseClick(dialog.copy, Qt.MouseButton.LeftButton)
    copied = QGuiApplication.clipboard().text()
    assert "✓ Every sample is in its place" in copied
    assert "Files: rest.wav, A.wav" in copied
    assert f"Folder: {tmp_path / 'out'}" in copied
    shown = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: shown.append(url.toLocalFile()))
    qtbot.mouseClick(dialog.open_file, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(dialog.open_folder, Qt.MouseButton.LeftButton)
    assert shown == [str(tmp_path / "out" / "A.wav"), str(tmp_path / "out")]
    film = OutputFile(tmp_path / "film.mp4", 1, "video")
    assert main_file(replace(result, outputs=(*result.outputs, film))) == film.path
    assert main_file(replace(result, outputs=())) is None


def test_files_of_a_folder_are_told_with_their_place(qtbot, window, opened, tmp_path, result):
    opened()
    told = []
    window.client.export_done.connect(told.append)
    relative = tuple(
        OutputFile(file.path.relative_to(tmp_path / "out"), file.person, file.kind) for file in result.outputs
    )
    window.client._on_exported(replace(result, outputs=relative), tmp_path / "out")
    assert told[0].outputs == result.outputs
    window.notices.clear()


def test_the_whole_dialog_can_be_used_with_keys(qtbot, ask):
    dialog = ask()
    dialog.open()  # as with exec, the window's own keys rest
    dialog.presets.box.setFocus()
    for _ in range(PODCAST):
        qtbot.keyClick(dialog.presets.box, Qt.Key.Key_Down)
    assert dialog.choice == built_in()[PODCAST].choice
    with qtbot.waitSignal(dialog.accepted):
        qtbot.keyClick(dialog, Qt.Key.Key_Return)
