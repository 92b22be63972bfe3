"""Everybody can use it: a walk through all windows in all themes, with usual and with larger text.

Checked are: what can be pressed or typed into is reached by Tab, in the order in which one reads, shows that it has the
keyboard, has a name and a role for screen readers and is at least 24 x 24 pixels; no text is cut off; colours differ
enough, as computed from the palettes.
"""

from __future__ import annotations

from itertools import pairwise
from types import SimpleNamespace

import pytest
from conftest import WAIT_MS
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QAccessible, QColor, QFont
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QCheckBox,
    QComboBox,
    QHeaderView,
    QLabel,
    QLineEdit,
    QMenuBar,
    QPlainTextEdit,
    QScrollArea,
    QScrollBar,
    QStyle,
    QStyleOptionComboBox,
    QToolButton,
)

from avsep_gui import announce as announce_module
from avsep_gui.about_client import AboutClient
from avsep_gui.person_words import describe
from avsep_gui.state.document import FacesState, OpenState
from avsep_gui.theme import CONTRAST, THEMES, contrast
from avsep_gui.views.about_dialog import AboutDialog
from avsep_gui.views.elided_label import ElidedLabel
from avsep_gui.views.export_dialog import ExportDialog
from avsep_gui.views.face_overlay import FaceButton
from avsep_gui.views.help_dialogs import KeysDialog
from avsep_gui.views.keys_page import KeyCatcher
from avsep_gui.views.lanes import PALE
from avsep_gui.views.report_dialog import ReportDialog
from avsep_gui.views.timeline_view import TimelineView
from avsep_gui.views.video_view import VideoView
from engine.errors import EngineError
from engine.types import OutputFile, SeparationResult

USED = (
    QAbstractButton, QLineEdit, QComboBox, QAbstractSpinBox, QAbstractSlider, QAbstractItemView, QPlainTextEdit,
    KeyCatcher, TimelineView, VideoView,
)  # fmt: skip
WITHOUT_ROLE = (TimelineView, VideoView)  # Qt gives pictures that are drawn by hand no role but "client"
LEAST_PX = 24
USUAL_PX = 13
TEXT_SCALES = (1.0, 1.4)


def interface(widget):
    return QAccessible.queryAccessibleInterface(widget)


def called(widget):
    name = interface(widget).text(QAccessible.Text.Name) if interface(widget) is not None else ""
    return f"{type(widget).__name__} {widget.objectName()!r} {name!r}"


def used(root):
    """What can be pressed or typed into, without the parts that Qt's own widgets are made of."""
    inner = (QComboBox, QAbstractSpinBox, QLineEdit, QMenuBar, QHeaderView)
    found = []
    for widget in root.findChildren(object):
        if not isinstance(widget, USED) or isinstance(widget, QScrollBar | QHeaderView):
            continue
        if not widget.isVisible() or widget.window() is not root.window():
            continue
        parent = widget.parentWidget()
        while parent is not None and parent is not root and not isinstance(parent, inner):
            parent = parent.parentWidget()
        if not isinstance(parent, inner):
            found.append(widget)
    return found


def place(widget):
    return QRect(widget.mapTo(widget.window(), QPoint(0, 0)), widget.size())


def scrolled(widget):
    """The page in a scroll area that a widget is part of."""
    while widget is not None and not isinstance(widget.parentWidget(), QScrollArea):
        widget = widget.parentWidget() if not widget.isWindow() else None
        if widget is not None and widget.parentWidget() is not None:
            area = widget.parentWidget().parentWidget()
            if isinstance(area, QScrollArea) and area.widget() is widget:
                return area
    return None


def places(before, after):
    """Where two widgets are; one in a scroll area, seen from outside, is where the area is."""
    first, second = scrolled(before), scrolled(after)
    if first is second:
        return place(before), place(after)
    return place(first or before), place(second or after)


def nameless(widgets):
    troubles = []
    for widget in widgets:
        there = interface(widget)
        if not there.text(QAccessible.Text.Name).strip():
            troubles.append(f"no name: {called(widget)}")
        plain = (QAccessible.Role.NoRole, QAccessible.Role.Client, QAccessible.Role.Pane)
        if there.role() in plain and not isinstance(widget, WITHOUT_ROLE):
            troubles.append(f"no role: {called(widget)}")
    return troubles


def small(widgets):
    return [
        f"small, {widget.width()} x {widget.height()}: {called(widget)}"
        for widget in widgets
        if widget.width() < LEAST_PX or widget.height() < LEAST_PX
    ]


def sticking_out(widgets):
    """Parts of a page in a scroll area that cannot be scrolled sideways."""
    troubles = []
    for widget in widgets:
        area = scrolled(widget)
        if area is not None and area.horizontalScrollBarPolicy() == Qt.ScrollBarPolicy.ScrollBarAlwaysOff:
            right = widget.mapTo(area.viewport(), QPoint(widget.width(), 0)).x()
            if right > area.viewport().width() + 1:
                troubles.append(f"sticks out by {right - area.viewport().width()}: {called(widget)}")
    return troubles


def cut_off(root):
    """Labels and controls that have less room than their words need."""
    troubles = []
    for label in root.findChildren(QLabel):
        if not label.isVisible() or not label.text() or isinstance(label, ElidedLabel):
            continue
        label.setIndent(label.indent())  # Qt keeps the hint for the type before
        if label.wordWrap():
            fits = label.heightForWidth(label.width()) <= label.height() + 1
        else:
            wanted = label.sizeHint()
            fits = wanted.width() <= label.width() + 1 and wanted.height() <= label.height() + 1
        if not fits:
            troubles.append(f"cut off, {label.size().toTuple()} of {label.sizeHint().toTuple()}: {label.text()!r}")
    for button in root.findChildren(QAbstractButton):
        has_words = isinstance(button, QToolButton) and (
            button.toolButtonStyle() == Qt.ToolButtonStyle.ToolButtonIconOnly and not button.icon().isNull()
        )
        if not button.isVisible() or not button.text() or has_words or isinstance(button, FaceButton):
            continue
        metrics = button.fontMetrics()
        words = button.text().replace("&", "")
        needs_w, needs_h = metrics.horizontalAdvance(words), metrics.height()
        if isinstance(button, QCheckBox):
            needs_w, needs_h = button.sizeHint().width(), button.sizeHint().height()
        if needs_w > button.width() + 1 or needs_h > button.height() + 1:
            troubles.append(f"cut off: {called(button)}")
    for box in root.findChildren(QComboBox):
        if box.isVisible():
            option = QStyleOptionComboBox()
            box.initStyleOption(option)
            room = box.style().subControlRect(
                QStyle.ComplexControl.CC_ComboBox, option, QStyle.SubControl.SC_ComboBoxEditField, box
            )
            metrics = box.fontMetrics()
            if metrics.horizontalAdvance(box.currentText()) > room.width() or metrics.height() > box.height():
                troubles.append(f"cut off: {called(box)} {box.currentText()!r}")
    for line in root.findChildren(QLineEdit):
        if line.isVisible() and line.fontMetrics().height() > line.height():
            troubles.append(f"cut off: {called(line)}")
    return troubles


def walk(qtbot, root, first):
    """Press Tab until it comes round; returns what had the keyboard, and what did not show it."""
    root.activateWindow()
    qtbot.waitUntil(root.isActiveWindow, timeout=WAIT_MS)
    first.setFocus(Qt.FocusReason.TabFocusReason)
    visited, unseen = [], []
    for _ in range(200):
        focused = QApplication.focusWidget()
        if focused is None or focused in visited:
            break
        visited.append(focused)
        with_focus = focused.grab().toImage() if isinstance(focused, USED) else None
        qtbot.keyClick(focused, Qt.Key.Key_Tab)
        if QApplication.focusWidget() is focused:
            focused.clearFocus()
        if with_focus is not None and focused.grab().toImage() == with_focus:
            unseen.append(f"focus is not seen: {called(focused)}")
    return visited, unseen


def badly_ordered(visited):
    """Steps of Tab that go up without going to the right."""
    troubles = []
    for before, after in pairwise(visited):
        a, b = places(before, after)
        inside = before.isAncestorOf(after) or after.isAncestorOf(before)
        if not inside and b.bottom() < a.top() and b.left() < a.right() and not isinstance(after, FaceButton):
            troubles.append(f"Tab goes up from {called(before)} to {called(after)}")
    return troubles


@pytest.fixture
def checked(qtbot, qapp, window):
    """Checks a window in all themes and sizes of text; `again` is called after each change of look."""
    usual = QFont(QApplication.font())

    def dress(name, scale):
        font = QFont(usual)
        font.setPixelSize(round(USUAL_PX * scale))
        QApplication.setFont(font)
        window._look.use(name)
        qapp.processEvents()

    def check(root, *, part=None, walked=True):
        part = part or root
        troubles = []
        for name in THEMES:
            for scale in TEXT_SCALES:
                dress(name, scale)
                if root is not window and root.isWindow():
                    qtbot.wait(20)
                    root.layout().activate()
                    root.resize(root.size().expandedTo(root.sizeHint()).expandedTo(root.minimumSizeHint()))
                qtbot.wait(20)
                widgets = used(part)
                assert widgets
                found = [*nameless(widgets), *small(widgets), *sticking_out(widgets), *cut_off(part)]
                if walked and scale == 1.0:
                    usable = [widget for widget in widgets if widget.isEnabled() and not isinstance(widget, KeyCatcher)]
                    visited, unseen = walk(qtbot, root, usable[0])
                    found += [f"Tab does not reach: {called(widget)}" for widget in usable if widget not in visited]
                    found += unseen
                    found += badly_ordered([widget for widget in visited if widget in usable])
                troubles += [f"{name}, {scale:.0%}: {trouble}" for trouble in found]
        dress("dark", 1.0)
        assert not troubles, "\n".join(troubles)

    yield check
    QApplication.setFont(usual)
    window._look.use("dark")


def test_the_start_page(qtbot, window, checked, video):
    window._settings.add_recent(video("a rather long name of an interview.mp4"))
    window._refresh()
    window.start.recovery.ask("Go on with talk.mp4?", "AVSep stopped before the work on it was saved.")
    checked(window)


def test_the_error_page(qtbot, window, checked, video):
    window.open_file(video("broken.mp4"))
    qtbot.waitUntil(lambda: window.document.open_state is OpenState.FAILED, timeout=WAIT_MS)
    qtbot.mouseClick(window.error_view._more, Qt.MouseButton.LeftButton)
    checked(window)


def test_the_work_page_with_notices_and_jobs(qtbot, window, checked, opened):
    opened()
    document = window.document
    document.pick(1)
    qtbot.waitUntil(lambda: not window._runner.jobs(), timeout=WAIT_MS)
    window.player.pause()
    checked(window)
    window.notices.show_error(EngineError("It did not work.", "Try again.", details="a\nb"), action=("Retry…", int))
    notice = window.notices.show_text("warning", "A longer sentence that warns of something " * 3, stays=True)
    qtbot.mouseClick(window.notices.shown()[0].findChildren(QAbstractButton)[1], Qt.MouseButton.LeftButton)
    checked(window, part=window.notices)
    notice.dismiss()


def test_the_jobs_drawer(qtbot, window, checked, opened):
    opened("slow.mp4")
    window.document.pick(1)
    window.actions_by_id["show_jobs"].trigger()
    qtbot.waitUntil(lambda: len(window.drawer.rows) == 2, timeout=WAIT_MS)
    checked(window, part=window.drawer, walked=False)
    visited, _ = walk(qtbot, window, window.drawer)
    assert all(row.cancel in visited for row in window.drawer.rows.values())


def test_a_page_without_people(qtbot, window, checked, opened):
    opened("nobody.mp4", people=False)
    assert window.document.faces_state is FacesState.NOBODY
    checked(window, part=window.workspace.people, walked=False)


def test_the_dialogs_of_help_export_and_report(qtbot, window, checked, opened, tmp_path):
    opened()
    document = window.document
    document.pick(1)
    document.set_range((1.0, 3.0))
    document.set_listening(mix_back=0.3)
    result = SeparationResult(
        "compact", "cpu", 20.0, 1.0, 0.05, {}, 100.0, 16000, 1, -140.0, 0,
        (OutputFile(tmp_path / "x.wav", 1, "voice"),), (), ("Something to be noted, in a sentence that is long.",),
    )  # fmt: skip
    qtbot.waitUntil(lambda: bool(window.shelf.rows), timeout=WAIT_MS)
    dialogs = (
        ExportDialog(document, window._look, tmp_path, window, shelf=window.shelf),
        ReportDialog(result, document, window._look, window),
        KeysDialog(window.preferences.keymap, window),
        AboutDialog(AboutClient(window._runner, window), window.shelf, window._look, window),
    )
    for dialog in dialogs:
        dialog.show()
        checked(dialog)
        dialog.close()
        dialog.deleteLater()


def test_the_models(qtbot, window, checked):
    qtbot.waitUntil(lambda: bool(window.shelf.rows), timeout=WAIT_MS)
    window.models.show_dialog()
    dialog = window.models.dialog
    card = dialog.cards["guest-slow"]
    qtbot.waitUntil(lambda: "935 MB" in card.facts.values["Size"].text(), timeout=WAIT_MS)
    qtbot.mouseClick(card.install, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(card.question.isVisible, timeout=WAIT_MS)
    checked(dialog)


@pytest.mark.parametrize("page", [0, 1, 2, 3])
def test_the_preferences(qtbot, window, checked, page):
    window.preferences.show_dialog()
    dialog = window.preferences.dialog
    dialog.pages.setCurrentRow(page)
    checked(dialog)
    if page == 2:
        dialog.keys.select("play")
        dialog.keys.begin(adding=False)
        assert interface(dialog.keys.catcher).text(QAccessible.Text.Name) == dialog.keys.catcher.text()
        qtbot.keyClick(dialog.keys.catcher, Qt.Key.Key_F)
        assert dialog.keys.question.isVisible()
        checked(dialog)


def test_the_batch(qtbot, window, checked, video):
    window.batch.show_dialog()
    dialog = window.batch.dialog
    checked(dialog)
    window.batch.client.add([video("talk.mp4"), video("broken.mp4")])
    queue = window.batch.queue
    qtbot.waitUntil(lambda: len(queue.batch.items) == 2 and not window.batch.client.busy, timeout=WAIT_MS)
    dialog.page.table.setCurrentIndex(queue.index(1, 0))
    checked(dialog)
    dialog.start.click()
    qtbot.waitUntil(lambda: dialog.retry.isVisible() and dialog._trouble is not None, timeout=WAIT_MS)
    checked(dialog)


def test_people_are_described(qtbot, window, opened):
    opened()
    first, second = window.document.people
    assert describe(window.document, first) == "Person 1, left, speaks 0:00 to 0:05 and 0:10 to 0:15"
    assert describe(window.document, second) == "Person 2, right, speaks 0:05 to 0:10 and 0:15 to 0:20"
    row = window.workspace.people.rows[1]
    assert interface(row).role() == QAccessible.Role.Button
    assert interface(row._face).role() == QAccessible.Role.Graphic
    assert interface(row._face).text(QAccessible.Text.Name) == "Picture of " + describe(window.document, second)
    button = window.workspace.video.overlay.buttons[2]
    assert interface(button).text(QAccessible.Text.Name) == "Hear Person 2"
    assert interface(button).text(QAccessible.Text.Description) == describe(window.document, second)
    window.document.rename(2, "Ben")
    window.document.pick(2)
    words = "Ben, right, speaks 0:05 to 0:10 and 0:15 to 0:20, picked"
    qtbot.waitUntil(lambda: row.accessibleName() == words, timeout=WAIT_MS)


def test_what_happens_is_announced(qtbot, window, opened, monkeypatch, tmp_path):
    said = []
    for module in ("avsep_gui.views.announcer", "avsep_gui.views.notices"):
        monkeypatch.setattr(f"{module}.announce", lambda _widget, text, urgent=False: said.append((text, urgent)))
    opened()
    assert ("2 people found: Person 1, Person 2", False) in said
    window.document.pick(1)
    qtbot.waitUntil(lambda: ("The voice of Person 1 can be heard", False) in said, timeout=WAIT_MS)
    window.export_desk.start(tmp_path / "out.wav", {"person_ids": (1,)})
    qtbot.waitUntil(lambda: ("Export out.wav: done", False) in said, timeout=WAIT_MS)
    assert ("Exported out.wav.", False) in said
    window.notices.show_error(EngineError("It did not work.", "Try again."))
    assert ("It did not work. Try again.", True) in said
    assert len(said) == len(set(said))


def test_long_work_is_announced_in_quarters(qtbot, window, monkeypatch):
    said = []
    monkeypatch.setattr("avsep_gui.views.announcer.announce", lambda _widget, text, urgent=False: said.append(text))
    announcer = window.announcer
    for fraction in (0.1, 0.26, 0.3, 0.55, 0.9):
        announcer._on_progress(SimpleNamespace(id=99, title="Export x", fraction=fraction, time_left_s=60.0))
    announcer._on_progress(SimpleNamespace(id=98, title="Short", fraction=0.5, time_left_s=2.0))
    assert said == ["Export x: 25 %", "Export x: 50 %", "Export x: 75 %"]


def test_announcements_reach_qt_and_older_versions_do_without(qtbot, window, monkeypatch):
    sent = []
    monkeypatch.setattr(announce_module.QAccessible, "isActive", lambda: True)
    monkeypatch.setattr(announce_module.QAccessible, "updateAccessibility", sent.append)
    announce_module.announce(window, "It is done", urgent=True)
    assert [event.message() for event in sent] == ["It is done"]
    assert sent[0].politeness() == QAccessible.AnnouncementPoliteness.Assertive
    monkeypatch.delattr(announce_module.QtGui, "QAccessibleAnnouncementEvent")
    announce_module.announce(window, "Nobody hears this")
    assert len(sent) == 1


def over(ink, ground, opacity):
    """An ink that lets the ground through."""
    parts = zip(QColor(ink).getRgb()[:3], QColor(ground).getRgb()[:3], strict=True)
    return QColor(*(round(a * opacity + b * (1 - opacity)) for a, b in parts)).name()


@pytest.mark.parametrize("theme", THEMES.values(), ids=lambda theme: theme.name)
def test_colours_differ_enough(theme):
    words, marks = (7.0, 4.5) if theme is CONTRAST else (4.5, 3.0)
    grounds = {theme.window, theme.panel, theme.raised}
    pairs = [(ink, ground, words) for ground in (*grounds, theme.hover) for ink in (theme.text, theme.muted)]
    pairs += [(ink, theme.panel, words) for ink in (theme.warning, theme.danger, theme.good)]
    pairs += [(ink, theme.window, words) for ink in (theme.warning, theme.danger, theme.good)]
    pairs += [(theme.on_focus, theme.focus, words), (theme.focus, theme.panel, words)]
    pairs += [(mark, ground, marks) for ground in grounds for mark in (theme.edge, theme.focus)]
    pairs += [(mark, ground, marks) for ground in grounds for mark in (theme.warning, theme.danger, theme.good)]
    pairs += [(theme.disabled, ground, marks) for ground in grounds]
    pairs += [(person, ground, marks) for ground in (*grounds, theme.hover) for person in theme.people]
    pairs += [(over(person, theme.panel, PALE), theme.panel, 3.0) for person in theme.people]
    bad = [
        f"{ink} on {ground}: {contrast(ink, ground):.2f} of {least}"
        for ink, ground, least in pairs
        if contrast(ink, ground) < least
    ]
    assert not bad, "\n".join(bad)
