"""Preferences: themes, size of text, motion, device, keys, language; a window that comes back to a visible place."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import fake_engine
import pytest
from conftest import WAIT_MS
from PySide6.QtCore import QLocale, QPoint, QRect, Qt
from PySide6.QtGui import QGuiApplication, QKeySequence
from PySide6.QtWidgets import QApplication, QLabel

from avsep_gui import app as app_module
from avsep_gui import theme as theme_module
from avsep_gui.keymap import SPECS, Keymap, fixed_use
from avsep_gui.placement import bring_back, visible_place
from avsep_gui.settings import Settings
from avsep_gui.theme import CONTRAST, DARK, LIGHT, THEMES
from avsep_gui.views.help_dialogs import KeysDialog
from avsep_gui.views.preferences_dialog import translations

ROOT = Path(__file__).parents[2]
SCREEN = QRect(0, 0, 1920, 1080)
SECOND = QRect(1920, 0, 1280, 1024)


def press(qtbot, button):
    qtbot.waitUntil(lambda: button.isVisible() and button.isEnabled(), timeout=WAIT_MS)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def key(qtbot, window, wanted, modifier=Qt.KeyboardModifier.NoModifier):
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow, timeout=WAIT_MS)
    qtbot.keyClick(window, wanted, modifier)


@pytest.fixture
def preferences(qtbot, window):
    """Opens the dialog by its keys and goes to a page."""

    def open_(page=0):
        key(qtbot, window, Qt.Key.Key_Comma, Qt.KeyboardModifier.ControlModifier)
        dialog = window.preferences.dialog
        assert dialog.isVisible()
        qtbot.waitUntil(dialog.isActiveWindow, timeout=WAIT_MS)
        for _ in range(page):
            qtbot.keyClick(dialog.pages, Qt.Key.Key_Down)
        assert dialog.pages.currentRow() == page
        return dialog

    return open_


def choose(qtbot, box, data):
    """As a user does it: open the list, go there, Enter."""
    box.setFocus()
    steps = box.findData(data) - box.currentIndex()
    for _ in range(abs(steps)):
        qtbot.keyClick(box, Qt.Key.Key_Down if steps > 0 else Qt.Key.Key_Up)
    assert box.currentData() == data


def select(qtbot, page, action):
    page.select(action)
    page.table.setFocus()


def test_a_theme_is_chosen_in_the_dialog_and_remembered(qtbot, window, preferences):
    dialog = preferences()
    assert dialog.themes["dark"].isChecked()
    press(qtbot, dialog.themes["contrast"])
    assert window._look.theme is CONTRAST
    assert [name for name, button in dialog.themes.items() if button.isChecked()] == ["contrast"]
    assert window.actions_by_id["contrast"].isChecked()
    assert not window.actions_by_id["dark"].isChecked()
    press(qtbot, dialog.themes["contrast"])
    assert dialog.themes["contrast"].isChecked()
    window.actions_by_id["light"].trigger()
    assert dialog.themes["light"].isChecked()
    assert Settings().theme == "light"


def test_the_theme_follows_the_system(qtbot, window, monkeypatch):
    assert window._look.theme is DARK
    monkeypatch.setattr("avsep_gui.look.system_theme", lambda: LIGHT)
    window.actions_by_id["system"].trigger()
    assert window._look.theme is LIGHT
    assert Settings().theme == "system"
    monkeypatch.setattr("avsep_gui.look.system_theme", lambda: DARK)
    QGuiApplication.styleHints().colorSchemeChanged.emit(Qt.ColorScheme.Dark)
    assert window._look.theme is DARK
    window.actions_by_id["light"].trigger()
    QGuiApplication.styleHints().colorSchemeChanged.emit(Qt.ColorScheme.Dark)
    assert window._look.theme is LIGHT


@pytest.mark.parametrize(
    ("scheme", "contrast", "wanted"),
    [("Light", "NoPreference", LIGHT), ("Dark", "NoPreference", DARK), ("Unknown", "NoPreference", DARK),
     ("Light", "HighContrast", CONTRAST)],
)  # fmt: skip
def test_what_the_system_asks_for(qapp, monkeypatch, scheme, contrast, wanted):
    class Hints:
        def colorScheme(self):  # noqa: N802 - Qt's name
            return Qt.ColorScheme[scheme]

        def accessibility(self):
            return self

        def contrastPreference(self):  # noqa: N802 - Qt's name
            return Qt.ContrastPreference[contrast]

    monkeypatch.setattr(theme_module.QGuiApplication, "styleHints", Hints)
    assert theme_module.system_theme() is wanted


def test_text_grows_at_once_and_for_good(qtbot, window, preferences):
    dialog = preferences()
    before = window.header.model.font().pixelSize()
    choose(qtbot, dialog.text_size, 1.4)
    qtbot.waitUntil(lambda: window.header.model.font().pixelSize() > 1.3 * before, timeout=WAIT_MS)
    assert Settings().text_scale == 1.4


def test_reduced_motion_stills_the_wave_and_the_menus(qtbot, window, opened, preferences):
    opened()
    dialog = preferences()
    qtbot.mouseClick(dialog.motion, Qt.MouseButton.LeftButton, pos=QPoint(10, dialog.motion.height() // 2))
    assert Settings().reduce_motion
    assert not QApplication.isEffectEnabled(Qt.UIEffect.UI_AnimateMenu)
    button = window.workspace.video.overlay.buttons[1]
    assert button.speaking
    pictures = []
    for at_s in (0.1, 0.24):
        button.time_s = at_s
        pictures.append(button.grab().toImage())
    assert pictures[0] == pictures[1]
    qtbot.mouseClick(dialog.motion, Qt.MouseButton.LeftButton, pos=QPoint(10, dialog.motion.height() // 2))
    button.time_s = 0.1
    assert button.grab().toImage() != pictures[1]


def test_the_device_holds_for_later_jobs_and_is_remembered(qtbot, window, opened, preferences, monkeypatch):
    opened()
    dialog = preferences(1)
    choices = [dialog.device.itemData(row) for row in range(dialog.device.count())]
    assert choices == ["auto", "cpu"]
    qtbot.waitUntil(lambda: "CPU: 2 cores" in dialog.device_note.text(), timeout=WAIT_MS)
    choose(qtbot, dialog.device, "cpu")
    qtbot.waitUntil(lambda: Settings().device == "cpu", timeout=WAIT_MS)
    assert window.client.device == "cpu"
    assert window.client.separation_request(fake_engine.Path("x.wav")).device == "cpu"
    assert window.client.voices._request(1).device == "cpu"


def test_cuda_devices_are_offered_where_the_engine_finds_them(qtbot, window, preferences):
    fake_engine.change_state(cuda=["H1", "H2"])
    window.client.device_now = None
    window.client.ask_device()
    qtbot.waitUntil(lambda: len(window.client.cuda_devices) == 2, timeout=WAIT_MS)
    dialog = preferences(1)
    words = [dialog.device.itemText(row) for row in range(dialog.device.count())]
    assert words[2:] == ["H1 (cuda:0)", "H2 (cuda:1)"]
    choose(qtbot, dialog.device, "cuda:1")
    qtbot.waitUntil(lambda: window.header.device.text() == "Running on: H2 (GPU 1)", timeout=WAIT_MS)
    assert Settings().device == "cuda:1"


def test_a_device_that_is_gone_is_said_and_replaced(qtbot, window):
    window.client.set_device("cuda:3")
    wanted = "There is no device cuda:3. Voices are computed on what is there."
    qtbot.waitUntil(lambda: any(notice.text == wanted for notice in window.notices.shown()), timeout=WAIT_MS)
    qtbot.waitUntil(lambda: window.header.device.text().startswith("Running on: CPU (no CUDA"), timeout=WAIT_MS)
    assert window.client.device == "auto"


def test_new_keys_are_pressed_and_work_everywhere(qtbot, window, opened, preferences):
    opened()
    dialog = preferences(2)
    page = dialog.keys
    select(qtbot, page, "loop")
    qtbot.keyClick(page.table, Qt.Key.Key_Return)
    assert page.catcher.isVisible()
    assert "Loop the selection" in page.catcher.text()
    qtbot.keyClick(page.catcher, Qt.Key.Key_P)
    assert not page.catcher.isVisible()
    assert page.keys_text("loop") == "P  (changed)"
    assert Settings().keys == {"loop": ("P",)}
    assert "(P)" in window.actions_by_id["loop"].toolTip()
    dialog.close()
    key(qtbot, window, Qt.Key.Key_P)
    assert window.actions_by_id["loop"].isChecked()
    key(qtbot, window, Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier)
    assert window.actions_by_id["loop"].isChecked()
    keys = KeysDialog(window.preferences.keymap, window)
    words = [label.text() for label in keys.findChildren(QLabel)]
    assert words[words.index("Loop the selection") - 1] == "P"
    keys.deleteLater()


def test_a_conflict_is_named_and_asked_about(qtbot, window, preferences):
    page = preferences(2).keys
    select(qtbot, page, "play")
    press(qtbot, page.change)
    qtbot.keyClick(page.catcher, Qt.Key.Key_F)
    assert page.asked.text() == "F belongs to “Full screen”. Give it to “Play” instead?"
    press(qtbot, page.no)
    assert page.keys_text("play") == "Space, K"
    assert not page.question.isVisible()
    press(qtbot, page.add)
    qtbot.keyClick(page.catcher, Qt.Key.Key_F)
    press(qtbot, page.yes)
    assert page.keys_text("play") == "Space, K, F  (changed)"
    assert page.keys_text("full_screen") == "none  (changed)"
    assert window.actions_by_id["full_screen"].shortcuts() == []
    select(qtbot, page, "full_screen")
    press(qtbot, page.reset)
    assert page.asked.text() == "F belongs to “Play” now. Give it back to “Full screen”?"
    press(qtbot, page.yes)
    assert page.keys_text("play") == "Space, K"
    assert page.keys_text("full_screen") == "F"
    assert Settings().keys == {}


def test_signs_are_caught_as_they_are_written(qtbot, window, preferences):
    page = preferences(2).keys
    select(qtbot, page, "rename")
    for typed, modifier, wanted in (
        ("~", Qt.KeyboardModifier.ShiftModifier, "~"),
        ("d", Qt.KeyboardModifier.ShiftModifier, "Shift+D"),
        ("d", Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier, "Ctrl+Alt+D"),
    ):
        press(qtbot, page.change)
        qtbot.keyClick(page.catcher, typed, modifier)
        assert page.keys_text("rename") == f"{wanted}  (changed)"


def test_keys_with_a_fixed_use_are_refused_and_esc_leaves(qtbot, window, preferences):
    page = preferences(2).keys
    select(qtbot, page, "play")
    press(qtbot, page.change)
    for wanted, words in ((Qt.Key.Key_3, "picks person 3"), (Qt.Key.Key_Tab, "goes to the next control")):
        qtbot.keyClick(page.catcher, wanted)
        assert page.catcher.isVisible()
        assert words in page.catcher.text()
    qtbot.keyClick(page.catcher, Qt.Key.Key_Shift)
    assert page.catcher.isVisible()
    qtbot.keyClick(page.catcher, Qt.Key.Key_Escape)
    assert not page.catcher.isVisible()
    assert window.preferences.dialog.isVisible()
    assert Settings().keys == {}


def test_all_keys_are_reset_after_a_question_and_none_can_be_given(qtbot, window, preferences):
    page = preferences(2).keys
    assert not page.reset_all.isEnabled()
    select(qtbot, page, "mute")
    press(qtbot, page.none)
    assert window.actions_by_id["mute"].toolTip() == "Mute"
    select(qtbot, page, "open")
    press(qtbot, page.change)
    qtbot.keyClick(page.catcher, Qt.Key.Key_F9)
    assert "(F9)" in window.start.open.toolTip()
    press(qtbot, page.reset_all)
    assert "2 were changed" in page.asked.text()
    press(qtbot, page.yes)
    assert Settings().keys == {}
    assert "(Ctrl+O)" in window.start.open.toolTip()
    assert window.actions_by_id["mute"].shortcut() == QKeySequence("M")


def test_the_table_of_keys_can_be_searched(qtbot, window, preferences):
    page = preferences(2).keys
    assert set(page._items) == set(SPECS)
    page.search.setFocus()
    qtbot.keyClicks(page.search, "zoom")
    shown = [action for action, item in page._items.items() if not item.isHidden()]
    assert shown == ["zoom_in", "zoom_out"]
    assert sum(not group.isHidden() for group in page._groups) == 1


def test_stored_keys_are_checked():
    keymap = Keymap({"play": ("P", "5", "Ctrl+K, Ctrl+C"), "gone": ("G",), "mute": ("F",), "solo": (), "loop": ("P",)})
    assert keymap.keys("play") == ("P",)
    assert keymap.keys("loop") == ()
    assert keymap.keys("mute") == ()
    assert keymap.keys("solo") == ()
    assert "gone" not in keymap.changes()
    assert keymap.holder("F") == "full_screen"


def test_no_key_of_the_table_is_given_twice_or_has_a_fixed_use(qapp):
    keys = [wanted for spec in SPECS.values() for wanted in spec.keys]
    assert len(keys) == len(set(keys))
    assert not [wanted for wanted in keys if fixed_use(wanted)]


def test_only_languages_with_a_translation_are_offered(qtbot, window, preferences, tmp_path, monkeypatch):
    dialog = preferences()
    offered = [dialog.language.itemData(row) for row in range(dialog.language.count())]
    assert offered == ["system", "en", *translations()]
    choose(qtbot, dialog.language, "en")
    qtbot.waitUntil(lambda: Settings().language == "en", timeout=WAIT_MS)
    (tmp_path / "avsep_de.qm").touch()
    (tmp_path / "avsep_en.qm").touch()
    monkeypatch.setattr("avsep_gui.views.preferences_dialog.resource", lambda *_: tmp_path)
    assert translations() == ["de"]
    assert QLocale("de").nativeLanguageName() == "Deutsch"


@pytest.mark.parametrize(
    ("frame", "screens", "wanted"),
    [
        (QRect(100, 50, 1440, 900), [SCREEN], QRect(100, 50, 1440, 900)),
        (QRect(2000, 50, 1200, 900), [SCREEN, SECOND], QRect(2000, 50, 1200, 900)),
        (QRect(2000, 50, 1200, 900), [SCREEN], QRect(360, 90, 1200, 900)),
        (QRect(100, -900, 1200, 940), [SCREEN], QRect(360, 70, 1200, 940)),
        (QRect(-1300, 50, 1400, 900), [SCREEN], QRect(260, 90, 1400, 900)),
        (QRect(5000, 50, 2560, 1440), [SCREEN], SCREEN),
        (QRect(1700, 50, 1440, 900), [SCREEN], QRect(1700, 50, 1440, 900)),
        (QRect(5000, 50, 800, 600), [], QRect(5000, 50, 800, 600)),
    ],
)
def test_a_window_comes_back_to_a_visible_place(frame, screens, wanted):
    assert visible_place(frame, screens) == wanted


def test_the_main_window_comes_back_from_a_screen_that_is_gone(qtbot, window):
    window.move(9000, 9000)
    bring_back(window)
    room = QGuiApplication.primaryScreen().availableGeometry()
    assert room.intersects(QRect(window.frameGeometry().topLeft(), window.frameGeometry().topLeft() + QPoint(120, 30)))


def test_what_is_preferred_holds_after_a_restart(qtbot, window):
    settings = Settings()
    settings.theme, settings.text_scale, settings.reduce_motion = "contrast", 1.2, True
    settings.keys = {"open": ("Ctrl+Shift+O", "F9"), "mute": ()}
    settings.device = "cpu"
    other = app_module.make_window("fake_engine")
    try:
        assert other._look.theme is CONTRAST
        assert other._look.text_scale >= 1.2
        assert other._look.still
        assert other.actions_by_id["open"].shortcuts() == [QKeySequence("Ctrl+Shift+O"), QKeySequence("F9")]
        assert other.actions_by_id["mute"].shortcuts() == []
        assert other.client.device == "cpu"
    finally:
        other.close()
        other.deleteLater()
    assert set(THEMES) == {"dark", "light", "contrast"}


COLLECTING = """
import gc
from PySide6.QtWidgets import QApplication, QLabel
from avsep_gui.app import configure
from avsep_gui.look import Look

class Label(QLabel):
    def changeEvent(self, event):
        super().changeEvent(event)
        self.made = [[] for _ in range(10)]  # wakes the collector, where it is on

app = QApplication([])
configure(app)
look = Look()
kept = [Label() for _ in range(20)]
by_itself = gc.isenabled()
for theme in ("light", "contrast", "dark") * 5:
    gc.disable()
    for _ in range(200):
        label = Label()
        label.itself = label
    if by_itself:
        gc.enable()
    gc.set_threshold(1, 1, 1)
    look.use(theme)
    gc.set_threshold(700, 10, 10)
    app.processEvents()
print("alive")
"""


def test_a_change_of_look_bears_the_collector():
    run = subprocess.run([sys.executable, "-c", COLLECTING], capture_output=True, text=True, cwd=ROOT)
    assert run.stdout.strip() == "alive", run.stderr[-2000:]


@pytest.mark.parametrize("path", ["x" * 300_000, "a\0b", "~", "/dev/null"])
def test_places_that_no_file_can_have_are_passed_over(path):
    store = Settings()._store
    for key in ("files/recent", "files/export_folder", "files/batch"):
        store.setValue(key, path)
    settings = Settings()
    assert (settings.recent, settings.export_folder, settings.batch_file) == ([], None, None)
