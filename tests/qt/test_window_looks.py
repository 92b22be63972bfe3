"""What must be readable in every state: chosen words, long names, notes where there is nothing to see or hear."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QFontMetrics
from PySide6.QtWidgets import QLabel

from avsep_gui.settings import TEXT_SCALES
from avsep_gui.views.help_dialogs import KeysDialog
from engine.errors import NoFaceError
from engine.types import AudioInfo, MediaInfo

LONG = "Professor Dr. Anneliese Schmidt-Rottluff"


@pytest.mark.parametrize("scale", TEXT_SCALES)
def test_the_chosen_mode_has_room_for_its_bold_words(window, opened, scale):
    opened()
    window.document.pick(1)
    window._look.set_text(scale)
    for mode, button in window.workspace.listen.modes.items():
        window.document.set_mode(mode)
        font = QFont(button.font())
        font.setWeight(QFont.Weight.DemiBold)
        assert button.width() >= QFontMetrics(font).horizontalAdvance(button.text()) + 10, mode


def test_muted_is_said_in_words(window, opened):
    opened()
    window.document.set_listening(muted=True)
    assert window.workspace.listen._state.text() == "Muted: nothing is heard."
    window.document.set_listening(muted=False)
    assert "Muted" not in window.workspace.listen._state.text()


def test_a_long_name_begins_with_its_first_letter(qtbot, window, opened):
    opened()
    window.document.rename(1, LONG)
    window.document.pick(1)
    name = window.workspace.people.row(1).name
    qtbot.waitUntil(lambda: name.text() == LONG and name.cursorPosition() == 0)
    cut = name.grab().toImage()
    name.setFocus(Qt.FocusReason.OtherFocusReason)
    name.end(False)
    qtbot.waitUntil(lambda: name.grab().toImage() != cut)
    assert window.workspace.listen.export.text() == "Export Professor Dr. A…"


def test_tags_of_long_names_leave_each_other_room(qtbot, window, opened):
    opened()
    for person in window.document.people:
        window.document.rename(person.id, LONG)
    window.resize(960, 600)
    window.player.seek(0.0)
    overlay = window.workspace.video.overlay
    qtbot.waitUntil(lambda: window.workspace.video.picture_rect().width() < 560.0)
    overlay.refresh()
    tags = [
        button._tag.translated(button.pos())
        for button in sorted(overlay.buttons.values(), key=lambda button: button.x())
        if button.isVisible()
    ]
    assert len(tags) == 2
    assert tags[0].right() <= tags[1].left()
    assert max(tag.width() for tag in tags) <= 0.3 * window.workspace.video.picture_rect().width()


def test_a_file_without_pictures_asks_for_another_one(qtbot, window, video):
    document, people = window.document, window.workspace.people
    path = video("talk.mp4")
    document.begin_open(path)
    assert people._hint.text() == "Opening the file…"
    assert window.workspace.video._note == "Opening…"
    document.set_media(MediaInfo(path, 20.0, None, (AudioInfo(0, "flac", 16000, 1, "mono", 0.0),)))
    document.set_faces_error(NoFaceError("There is no picture.", "Open a video."))
    qtbot.waitUntil(lambda: people.open.isVisible() and not people.search.isVisible())
    assert window.workspace.video._note == "There is no picture in this file"


def test_people_without_sound_cannot_be_asked_for(window, opened):
    opened("nosound.mp4")
    assert "no sound" in window.workspace.people._hint.text()
    assert "Click" not in window.workspace.people._hint.text()


def test_spans_are_left_out_whole_and_never_cut(window, opened):
    opened()
    facts = window.workspace.people.row(1)._facts
    wide = facts.fontMetrics().horizontalAdvance(facts.text())
    facts.setFixedWidth(wide + 4)
    whole = facts.grab().toImage()
    facts.setFixedWidth(wide - 4)
    assert facts.grab().toImage() != whole
    assert facts._shorter == "speaks 0:00–0:05 …"


def test_all_keys_are_seen_at_one_glance(window):
    dialog = KeysDialog(window.preferences.keymap, window)
    titles = [label.text() for label in dialog.findChildren(QLabel, "strong")]
    assert titles == ["File", "Edit", "On the picture and the time line", "View", "People", "Help", "Play"]
    dialog.deleteLater()
