"""The dialog about AVSep: version, build, licences on demand, models, the network; all of it can be copied."""

from __future__ import annotations

import pytest
from conftest import WAIT_MS
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication

from avsep_gui.about_client import AboutClient
from avsep_gui.views.about_dialog import AboutDialog


@pytest.fixture
def about(qtbot, window):
    made = []

    def open_():
        qtbot.waitUntil(lambda: bool(window.shelf.rows), timeout=WAIT_MS)
        dialog = AboutDialog(AboutClient(window._runner, window), window.shelf, window._look, window)
        made.append(dialog)
        dialog.show()
        qtbot.waitUntil(lambda: bool(dialog.own_licence.toPlainText()), timeout=WAIT_MS)
        return dialog

    yield open_
    for dialog in made:
        dialog.close()
        dialog.deleteLater()


def row(dialog, name):
    return dialog.software.findItems(name, Qt.MatchFlag.MatchExactly)[0]


def test_version_build_and_own_licence_are_told(about):
    dialog = about()
    rows = {name: label.text() for name, label in dialog.facts.values.items()}
    assert rows["Version"]
    assert rows["Licence"] == "Apache-2.0"
    assert rows["Installed as"] in ("from its source code", "a Python package")
    assert rows["Qt"].startswith("6.") and rows["Python"].startswith("3.") and rows["FFmpeg"]
    assert "Apache License" in dialog.own_licence.toPlainText()


def test_a_licence_is_read_on_demand_by_keyboard(qtbot, about):
    dialog = about()
    assert dialog.licence.toPlainText() == ""
    dialog.software.setCurrentItem(row(dialog, "moviepy"))
    qtbot.waitUntil(lambda: "Permission is hereby granted" in dialog.licence.toPlainText(), timeout=WAIT_MS)
    dialog.pages.setCurrentRow(2)
    dialog.software.setFocus()
    qtbot.keyClick(dialog.software, Qt.Key.Key_Down)
    below = dialog.software.currentItem().text(0)
    assert below != "moviepy"
    qtbot.waitUntil(lambda: bool(dialog.licence.toPlainText()), timeout=WAIT_MS)
    dialog.software.setCurrentItem(row(dialog, "PySide6"))
    qtbot.waitUntil(lambda: "lgpl-3.0" in dialog.licence.toPlainText(), timeout=WAIT_MS)


def test_models_have_their_licences(qtbot, window, about):
    dialog = about()
    assert "Apache-2.0" in dialog.models.values["compact"].text()
    assert "MIT" in dialog.models.values["guest-fast"].text()
    assert "LRS3" in dialog.models.values["compact"].text()


def test_what_the_network_is_used_for_is_said_as_it_is(window, about):
    dialog = about()
    assert dialog.network.text() == "No network used since the start"
    window.shelf.set_network("guest-fast", True)
    assert dialog.network.text() == "Using the network: adding guest-fast"
    window.shelf.set_network("guest-fast", False)
    assert dialog.network.text() == "Network used since the start: to add guest-fast"


def test_all_of_it_is_copied(qtbot, about):
    dialog = about()
    qtbot.mouseClick(dialog.copy, Qt.MouseButton.LeftButton)
    text = QApplication.clipboard().text()
    assert text == dialog.text()
    for part in ("AVSep 0", "Licence: Apache-2.0", "PySide6 6.", "LGPL", "compact: ", "No network used"):
        assert part in text


def test_the_menu_opens_it_and_it_closes_before_answers_came(qtbot, window):
    seen = []

    def look():
        dialog = QApplication.activeModalWidget()
        if isinstance(dialog, AboutDialog):
            seen.append(dialog.windowTitle())
            dialog.close()

    timer = QTimer(window)
    timer.timeout.connect(look)
    timer.start(10)
    window.actions_by_id["about"].trigger()
    timer.stop()
    assert seen == ["About AVSep"]
