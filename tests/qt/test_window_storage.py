"""The storage page of the preferences: sizes, limit, clearing, and what is in use; on the engine's own cache."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from conftest import WAIT_MS
from PySide6.QtCore import Qt
from PySide6.QtGui import QDesktopServices

from engine import cache
from engine.cache import kept_limit

PAGE = 3


@pytest.fixture
def root(tmp_path, monkeypatch):
    """The cache of the window's workers, which are started after this."""
    monkeypatch.setenv(cache.CACHE_DIR_VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


def made(kind, key, size_bytes, age_s=60.0):
    folder = cache.entry(kind, key)
    (folder / "data").write_bytes(os.urandom(size_bytes))
    os.utime(folder, (time.time() - age_s,) * 2)
    return folder


@pytest.fixture
def page(qtbot, root, window):
    """Opens the page and waits until everything is counted."""

    def open_():
        window.actions_by_id["preferences"].trigger()
        dialog = window.preferences.dialog
        dialog.pages.setCurrentRow(PAGE)
        counted(qtbot, dialog.storage)
        return dialog.storage

    return open_


def counted(qtbot, page):
    qtbot.waitUntil(lambda: page._client.usage is not None and not page._client.busy, timeout=WAIT_MS)


def press(qtbot, button):
    qtbot.waitUntil(lambda: button.isVisible() and button.isEnabled(), timeout=WAIT_MS)
    button.setFocus()
    qtbot.keyClick(button, Qt.Key.Key_Space)


def cleared(qtbot, page):
    qtbot.waitUntil(lambda: page.said.text() not in ("", "Deleting…"), timeout=WAIT_MS)
    counted(qtbot, page)
    return page.said.text()


def test_sizes_are_told_by_kind_in_plain_words(qtbot, root, page):
    made("sound", "a", 3_000_000)
    made("faces", "b", 1_000_000)
    made("crops", "b", 1_000_000)
    made("voices", "c", 5_000_000)
    made("speeds", "d", 2_000_000)
    shown = page()
    told = {name: label.text() for name, label in shown.sizes.items()}
    assert told == {"sound": "3.0 MB", "faces": "2.0 MB", "voices": "5.0 MB", "other": "2.0 MB", "all": "12 MB"}
    assert shown.total.text() == "12 MB of at most 20 GB"
    assert shown.sizes["voices"].accessibleName() == "Voices: 5.0 MB"
    assert shown.cache_folder.path.text() == str(root)
    assert shown.unread.isHidden()


def test_an_empty_cache_has_nothing_to_clear(qtbot, page):
    shown = page()
    assert shown.total.text() == "0 B of at most 20 GB"
    assert not any(button.isEnabled() for button in shown.buttons.values())
    assert not shown.cache_folder.button.isEnabled()


def test_one_kind_is_cleared_after_a_question(qtbot, page):
    sound, voices = made("sound", "a", 1_000_000), made("voices", "b", 1_000_000)
    shown = page()
    press(qtbot, shown.buttons["voices"])
    assert shown.question.headline.text() == "Delete the voices (1.0 MB)?"
    assert shown.question.leave.hasFocus()
    press(qtbot, shown.question.leave)
    assert shown.question.isHidden() and voices.exists()
    press(qtbot, shown.buttons["voices"])
    press(qtbot, shown.question.delete)
    assert cleared(qtbot, shown) == "1.0 MB deleted."
    assert sound.exists() and not voices.exists()
    assert shown.sizes["voices"].text() == "0 B"
    assert not shown.buttons["voices"].isEnabled()


def test_everything_is_cleared(qtbot, root, page):
    for kind in ("sound", "faces", "crops", "voices", "lags", "speeds", "unheard-of"):
        made(kind, "a", 10_000)
    shown = page()
    press(qtbot, shown.buttons["all"])
    press(qtbot, shown.question.delete)
    cleared(qtbot, shown)
    assert list(root.glob("*/*")) == []


def test_the_rest_is_cleared_by_itself(qtbot, page):
    voices, other = made("voices", "a", 10_000), made("unheard-of", "a", 10_000)
    shown = page()
    press(qtbot, shown.buttons["other"])
    press(qtbot, shown.question.delete)
    cleared(qtbot, shown)
    assert voices.exists() and not other.exists()


def test_what_the_open_video_uses_stays(qtbot, root, opened, page):
    before = made("sound", "before", 1_000_000)
    opened()
    used = made("sound", "used", 2_000_000, age_s=0.0)
    shown = page()
    press(qtbot, shown.buttons["sound"])
    assert "What the open video uses stays too." in shown.question.text.text()
    press(qtbot, shown.question.delete)
    assert cleared(qtbot, shown) == "1.0 MB deleted. 2.0 MB in use; that stays."
    assert used.exists() and not before.exists()


def test_what_a_job_uses_stays_and_is_named(qtbot, root, window, opened, page, tmp_path):
    opened("slow.mp4")
    window.document.pick(1)
    window.export_desk.start(tmp_path / "voice.wav", {})
    qtbot.waitUntil(lambda: "Export voice.wav" in window.preferences._storage.titles(), timeout=WAIT_MS)
    window.document.close()
    used = made("voices", "used", 1_000_000, age_s=0.0)
    shown = page()
    press(qtbot, shown.buttons["all"])
    assert "What is under way (Export voice.wav" in shown.question.text.text()
    press(qtbot, shown.question.delete)
    cleared(qtbot, shown)
    assert used.exists()


def test_a_closed_video_holds_nothing_back(qtbot, root, window, opened, page):
    opened()
    used = made("sound", "used", 2_000_000, age_s=0.0)
    window.actions_by_id["close_file"].trigger()
    qtbot.waitUntil(lambda: window.preferences._storage.in_use_since() is None, timeout=WAIT_MS)
    shown = page()
    press(qtbot, shown.buttons["sound"])
    press(qtbot, shown.question.delete)
    cleared(qtbot, shown)
    assert not used.exists()


def test_the_limit_is_chosen_kept_and_holds(qtbot, monkeypatch, page):
    old = made("sound", "old", 10_000, age_s=9000)
    shown = page()
    assert shown.limit.currentText() == "20 GB"
    index = shown.limit.findText("5.0 GB")
    shown.limit.setCurrentIndex(index)
    shown.limit.activated.emit(index)
    qtbot.waitUntil(lambda: shown.total.text().endswith("of at most 5.0 GB"), timeout=WAIT_MS)
    assert kept_limit() == 5 * 10**9
    assert old.exists(), "it fits"


def test_a_limit_that_cannot_be_kept_is_said_and_the_old_one_shown(qtbot, tmp_path, page):
    (tmp_path / "data").write_text("in the way")
    shown = page()
    index = shown.limit.findText("50 GB")
    shown.limit.setCurrentIndex(index)
    shown.limit.activated.emit(index)
    qtbot.waitUntil(lambda: "cache.json" in shown.said.text(), timeout=WAIT_MS)
    counted(qtbot, shown)
    assert shown.limit.currentText() == "20 GB"
    assert shown.said.property("tone") == "danger"


def test_folders_that_cannot_be_read_are_said(qtbot, root, page):
    made("sound", "a", 10_000)
    shown = page()
    usage = shown._client.usage
    shown._client._on_usage(type(usage)(usage.folder, usage.kinds, usage.limit_bytes, usage.data_folder, 0, 3))
    assert shown.unread.isVisible()
    assert shown.unread.text().startswith("3 folder")


def test_what_went_since_it_was_counted_is_no_trouble(qtbot, root, page):
    gone = made("voices", "a", 10_000)
    shown = page()
    press(qtbot, shown.buttons["voices"])
    (gone / "data").unlink()
    gone.rmdir()
    press(qtbot, shown.question.delete)
    assert cleared(qtbot, shown) == "0 B deleted."


def test_the_folder_is_shown_by_the_system(qtbot, monkeypatch, root, page):
    made("sound", "a", 10_000)
    shown = page()
    wanted = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: wanted.append(Path(url.toLocalFile())))
    press(qtbot, shown.cache_folder.button)
    assert wanted == [root]
