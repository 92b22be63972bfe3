"""Translations: nothing is missing, placeholders and mnemonics are right, and a German window speaks German."""

from __future__ import annotations

import ast
import itertools
import re
import shutil
import xml.etree.ElementTree as ElementTree
from collections import Counter
from pathlib import Path

import pytest
from conftest import WAIT_MS
from pyqtgraph import GraphicsScene
from PySide6.QtCore import QCoreApplication, QLocale, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QDialogButtonBox,
    QGroupBox,
    QLabel,
    QLineEdit,
    QListWidget,
    QMenu,
    QPlainTextEdit,
    QTreeWidget,
    QWidget,
)

from avsep_gui import app as app_module
from avsep_gui import words
from avsep_gui.about_client import AboutClient
from avsep_gui.engine_words import SENTENCES, error_in_words, in_words
from avsep_gui.resources import resource
from avsep_gui.settings import Settings
from avsep_gui.views.about_dialog import AboutDialog
from avsep_gui.views.export_dialog import ExportDialog
from avsep_gui.views.help_dialogs import KeysDialog
from avsep_gui.views.report_dialog import ReportDialog
from engine import cache
from engine.errors import InputError
from engine.types import OutputFile, SeparationResult
from tests.helpers.scripts import packaging_script

ROOT = Path(__file__).parents[2]
UPDATE = "run .venv/bin/python packaging/translations.py (CONTRIBUTING.md)"
PLACEHOLDER = re.compile(r"\{\d[^}]*\}|%n|%\d")
# What is the same in both languages, or is a name.
SAME = frozenset(
    (
        "A/B", "AVSep", "CPU", "Film", "Import", "Name", "Original", "Pause", "Podcast", "Start", "System", "Version",
        "Web", "mono", "stereo", "&Format", "&Name", "GPU {0}", "Person {0}", "Person &{0}", "−{0:g} LUFS, {1}",
    )
)  # fmt: skip
# What comes from the engine of the tests, in its own words.
ENGINE_SAYS = ("CPU: 2 cores", "Choose another file.", "as a test would have it", "recordings of others", "SI-SNRi")


@pytest.fixture(scope="module")
def tool():
    """The script that brings translations up to date."""
    with packaging_script("translations.py") as module:
        yield module


class Message:
    """One message of a .ts file."""

    def __init__(self, context, node):
        self.context, self.source = context, node.findtext("source")
        translation = node.find("translation")
        self.finished = translation.get("type") is None
        self.plural = node.get("numerus") == "yes"
        forms = translation.findall("numerusform")
        self.forms = [form.text or "" for form in forms] if forms else [translation.text or ""]


def messages(language):
    tree = ElementTree.parse(ROOT / "resources" / "translations" / f"avsep_{language}.ts")
    return [Message(part.findtext("name"), node) for part in tree.iter("context") for node in part.iter("message")]


def test_every_text_of_the_window_is_translated(tool):
    there = {(message.context, message.source) for message in messages("de")}
    wanted = {(text.context, text.source) for text in tool.texts()}
    assert sorted(wanted - there) == [], UPDATE
    assert sorted(there - wanted) == [], UPDATE
    assert [message.source for message in messages("de") if not message.finished or not all(message.forms)] == []


def test_plural_forms_are_known_to_both_languages(tool):
    wanted = {(text.context, text.source) for text in tool.texts() if "%n" in text.source}
    for language in ("de", "en"):
        there = {(m.context, m.source): m for m in messages(language) if m.plural}
        assert set(there) == wanted, UPDATE
        assert all(message.finished and len(message.forms) == 2 for message in there.values())


def test_placeholders_are_those_of_the_source():
    wrong = []
    for language in ("de", "en"):
        for message in messages(language):
            for form in message.forms:
                same = Counter(PLACEHOLDER.findall(form)) == Counter(PLACEHOLDER.findall(message.source))
                edges = all(
                    message.source.startswith(edge) == form.startswith(edge)
                    and message.source.endswith(edge) == form.endswith(edge)
                    for edge in (" ", "\n", "…", ":")
                )
                lines = message.source.count("\n") == form.count("\n")
                if not (same and edges and lines and form.count("&") <= 1):
                    wrong.append((message.source, form))
    assert wrong == []


def test_a_german_text_is_not_the_english_one():
    same = {m.source for m in messages("de") if m.forms == [m.source] and re.search("[a-z]{3}", m.source)}
    assert sorted(same - SAME) == []


def test_nobody_is_addressed():
    """Plain, without "du" and without "Sie"."""
    told = re.compile(r"\b(du|dein\w*|dir|dich|Ihr\w*|Ihnen|klick|wähle|öffne)\b|[.!?] Sie (?!ist)|\w+en Sie\b")
    assert [form for m in messages("de") for form in m.forms if told.search(form)] == []


def test_what_the_window_reads_is_made_of_these_files(tool, tmp_path):
    tool.release(tmp_path)
    for language in tool.LANGUAGES:
        shipped = ROOT / "resources" / "translations" / f"avsep_{language}.qm"
        assert shipped.read_bytes() == (tmp_path / shipped.name).read_bytes(), UPDATE


def test_a_text_that_nobody_could_translate_is_refused(tool, tmp_path, monkeypatch):
    monkeypatch.setattr(tool, "ROOT", tmp_path)
    monkeypatch.setattr(tool, "WINDOW", tmp_path)
    for line in ("self.tr(words)", "self.tr(f'{n} files')", "QCoreApplication.translate(CONTEXT, 'words')"):
        (tmp_path / "view.py").write_text(f"class View:\n    def show(self, words, n):\n        {line}\n")
        with pytest.raises(ValueError, match=r"view\.py:3"):
            tool.texts()


SHOWERS = ("setText", "addItem", "QLabel", "QPushButton", "QCheckBox", "setToolTip", "setAccessibleName", "addAction")
SHOWERS += ("setWindowTitle", "setPlaceholderText", "QAction", "addMenu", "setTitle", "EngineError")


def test_no_text_goes_past_the_translations():
    past = []
    for path in sorted((ROOT / "avsep_gui").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = getattr(getattr(node, "func", None), "attr", getattr(getattr(node, "func", None), "id", ""))
            if isinstance(node, ast.Call) and name in SHOWERS:
                words = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else ""
                if isinstance(words, str) and re.search("[A-Za-z]{3}", words) and words != "English":
                    past.append(f"{path.name}:{node.lineno}: {words!r}")
    assert past == []


@pytest.fixture
def language(qapp):
    """What the window speaks when it is made; afterwards it is as it was."""

    def choose(code):
        Settings().language = code

    yield choose
    app_module.speak(qapp, "en")


@pytest.fixture
def german(language, settings_in_tmp):
    language("de")


def templates():
    """Every text of the engine and of the process that runs it, with {0}, {1} where values stand."""
    found = set()
    for path in (*(ROOT / "engine").rglob("*.py"), ROOT / "avsep_gui" / "worker.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
            elif isinstance(node, ast.JoinedStr):
                number, text = itertools.count(), ""
                for part in node.values:
                    text += part.value if isinstance(part, ast.Constant) else f"{{{next(number)}}}"
                found.add(text)
    return found


def test_what_is_translated_of_the_engine_is_what_it_says():
    assert sorted(set(SENTENCES) - templates()) == []
    assert len(SENTENCES) == len(set(SENTENCES))


def test_errors_and_stages_of_the_engine_are_german(qapp, language, tmp_path):
    app_module.speak(qapp, "de")
    with pytest.raises(InputError) as caught:
        cache.content_key(tmp_path / "fehlt {0}.mp4")
    error = error_in_words(caught.value)
    assert error.message == f"„fehlt {{0}}.mp4“ wurde in „{tmp_path}“ nicht gefunden."
    assert error.remedy == "Den Namen prüfen oder die Datei an ihrem neuen Ort wählen."
    assert type(error) is InputError and error.details == caught.value.details
    assert in_words("Downloading weights.bin") == "weights.bin wird heruntergeladen"
    assert in_words("Something else") == "Something else"
    warning = "Persons 1 and 2 have the same voice in 4 s, first at 0:07; the model could not tell them apart there."
    went_on = in_words("cuda:0 ran out of memory. Going on with the CPU, which is slower.")
    assert went_on == "Auf cuda:0 ging der Speicher aus. Es geht auf der CPU weiter, die langsamer ist."
    assert in_words(warning).startswith("Person 1 und Person 2 haben in 4 s dieselbe Stimme, zuerst bei 0:07;")
    app_module.speak(qapp, "en")
    assert str(error_in_words(caught.value)) == str(caught.value)


def test_the_stage_of_a_job_is_told_in_german(german, qtbot, window, video):
    stages = set()
    window._runner.jobs_changed.connect(lambda: stages.update(job.stage for job in window._runner.jobs()))
    window.open_file(video("slow.mp4"))
    qtbot.waitUntil(lambda: "Personen werden gesucht" in stages, timeout=WAIT_MS)
    assert "Finding people" not in stages


def translate(text):
    return QCoreApplication.translate("Words", text)


@pytest.mark.parametrize(
    ("chosen", "system", "wanted"),
    [("de", "en_US", "gut"), ("en", "de_DE", "good"), ("system", "de_AT", "gut"), ("system", "fr_FR", "good")],
)
def test_the_language_is_the_chosen_one_or_the_systems(qapp, language, monkeypatch, chosen, system, wanted):
    monkeypatch.setattr(QLocale, "system", lambda: QLocale(system))
    app_module.speak(qapp, chosen)
    assert translate("good") == wanted
    cancel = {"gut": "Abbrechen", "good": "Cancel"}[wanted]
    assert QCoreApplication.translate("QPlatformTheme", "Cancel") == cancel, "Qt's words and ours are of one language"
    assert words.number(1.5, 1) == {"gut": "1,5", "good": "1.5"}[wanted]
    app_module.speak(qapp, "en")
    assert translate("good") == "good", "nothing of another language is left"


def test_numbers_have_their_plural_in_every_language(qapp, language):
    source = "%n folder(s) could not be read, so there may be more."
    for code, one, two in (("de", "1 Ordner konnte", "2 Ordner konnten"), ("en", "1 folder could", "2 folders could")):
        app_module.speak(qapp, code)
        assert QCoreApplication.translate("StoragePage", source, "", 1).startswith(one)
        assert QCoreApplication.translate("StoragePage", source, "", 2).startswith(two)


def test_numbers_are_written_as_the_language_does(qapp, language):
    for code, wanted in (
        ("de", ("3,0 MB", "44,1 kHz stereo", "1,5", "7")),
        ("en", ("3.0 MB", "44.1 kHz stereo", "1.5", "7")),
    ):
        app_module.speak(qapp, code)
        told = (words.size(3e6), words.sound_format(44100, "stereo"), words.figure(1.5), words.figure(7.0))
        assert told == wanted
        assert words.sound_format(48000, "mono") == "48 kHz mono"
        assert words.size(1234e9).startswith("1234")


def test_qts_own_buttons_are_german_too(qapp, language):
    app_module.speak(qapp, "de")
    box = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel | QDialogButtonBox.StandardButton.Save)
    assert box.button(QDialogButtonBox.StandardButton.Cancel).text() == "Abbrechen"
    box.deleteLater()


def test_mnemonics_are_unique_in_every_menu(german, qtbot, window, opened):
    opened()
    bar = [action.text() for action in window.menuBar().actions()]
    menus = [[action.text() for action in menu.actions()] for menu in window.menus.by_name.values()]
    for texts in (bar, *menus):
        letters = [text[text.index("&") + 1].lower() for text in texts if "&" in text]
        assert sorted(letters) == sorted(set(letters)), texts


def shown_texts(top):
    """Every text that a user of this widget can see or be told: widget, text."""
    for widget in [top, *top.findChildren(QWidget)]:
        words = [widget.toolTip(), widget.accessibleName(), widget.accessibleDescription(), widget.windowTitle()]
        if isinstance(widget, QLabel | QAbstractButton):
            words.append(widget.text())
        if isinstance(widget, QGroupBox | QMenu):
            words.append(widget.title())
        if isinstance(widget, QComboBox):
            words += [widget.itemText(index) for index in range(widget.count())]
        if isinstance(widget, QLineEdit | QPlainTextEdit):
            words.append(widget.placeholderText())
        if isinstance(widget, QListWidget):
            words += [widget.item(row).text() for row in range(widget.count())]
        if isinstance(widget, QTreeWidget):
            head = widget.headerItem()
            words += [head.text(column) for column in range(widget.columnCount())]
        yield from ((widget, text) for text in words if text)
    for action in top.findChildren(QAction):
        if isinstance(action.parent(), GraphicsScene):
            continue  # a menu of pyqtgraph that the time line does not open
        yield from ((action, text) for text in (action.text(), action.toolTip()) if text)


def english_left(top, sources):
    """Texts that are an English source as it stands, or one with something filled in."""
    found = []
    for widget, text in shown_texts(top):
        plain = text.replace("&", "").partition("\t")[0]
        bare = re.sub(r" \([^()]*\)$", "", plain).rstrip("…")
        if any(said in text for said in ENGINE_SAYS):
            continue
        if any(source.fullmatch(part) for part in (plain, bare, *plain.split("\n")) for source in sources):
            found.append(f"{type(widget).__name__} {widget.objectName()!r}: {text!r}")
    return found


@pytest.fixture(scope="module")
def sources():
    """English texts as patterns; those that say the same in German, or are nearly all placeholder, are left out."""
    patterns = []
    for message in messages("de"):
        plain = message.source.replace("&", "").rstrip("…")
        german = {form.replace("&", "").rstrip("…") for form in message.forms}
        letters = re.sub(PLACEHOLDER, "", plain)
        if plain in german or plain in SAME or len(re.findall("[A-Za-z]", letters)) < 3:
            continue
        parts = [re.escape(part) for part in PLACEHOLDER.split(plain)]
        patterns.append(re.compile("(?s)" + ".+?".join(parts) + "…?"))
    return patterns


def test_the_walk_sees_what_is_left_in_english(qtbot, qapp, sources):
    holder = QWidget()
    for text in ("Export voice…", "Running on: Xeon", "Nur Deutsch", "Close"):
        QLabel(text, holder)
    assert len(english_left(holder, sources)) == 3
    holder.deleteLater()


def test_a_german_window_speaks_german_on_every_page(german, qtbot, window, opened, video, sources):
    assert window.start.open.text() == "Video öffnen…"
    left = english_left(window, sources)
    window.open_file(video("broken.mp4"))
    qtbot.waitUntil(lambda: window.pages.currentWidget() is window.error_view, timeout=WAIT_MS)
    left += english_left(window, sources)
    opened()
    qtbot.waitUntil(lambda: bool(window.shelf.rows), timeout=WAIT_MS)
    left += english_left(window, sources)
    window.document.pick(1)
    qtbot.waitUntil(lambda: bool(window.document.voice(1).ready), timeout=WAIT_MS)
    left += english_left(window, sources)
    assert sorted(set(left)) == []


def test_german_dialogs_speak_german(german, qtbot, window, opened, sources):
    opened()
    qtbot.waitUntil(lambda: bool(window.shelf.rows), timeout=WAIT_MS)
    window.actions_by_id["preferences"].trigger()
    window.models.show_dialog()
    client = AboutClient(window._runner, window)
    about = AboutDialog(client, window.shelf, window._look, window)
    keys = KeysDialog(window.preferences.keymap, window)
    about.show()
    qtbot.waitUntil(lambda: bool(about.own_licence.toPlainText()), timeout=WAIT_MS)
    storage = window.preferences.dialog.storage
    window.preferences.dialog.pages.setCurrentRow(3)
    qtbot.waitUntil(lambda: storage._client.usage is not None, timeout=WAIT_MS)
    shown = (window.preferences.dialog, window.models.dialog, about, keys)
    left = [text for dialog in shown for text in english_left(dialog, sources)]
    assert sorted(set(left)) == []
    for dialog in (about, keys):
        dialog.close()
        dialog.deleteLater()


def test_a_german_export_and_its_report_speak_german(german, qtbot, window, opened, sources, tmp_path):
    opened()
    qtbot.waitUntil(lambda: bool(window.shelf.rows), timeout=WAIT_MS)
    window.document.pick(1)
    window.document.set_range((1.0, 3.0))
    dialog = ExportDialog(
        *(window.document, window._look, tmp_path, window),
        shelf=window.shelf, settings=Settings(), ask_fit=window.client.ask_container_fit,
    )  # fmt: skip
    dialog.show()
    left = []
    for row in range(dialog.presets.box.count()):
        dialog.presets.box.setCurrentIndex(row)
        dialog.presets.box.activated.emit(row)
        left += english_left(dialog, sources)
    result = SeparationResult(
        "compact", "cpu", 20.0, 1.0, 0.05, {}, 100.0, 16000, 1, -100.0, 3,
        (OutputFile(tmp_path / "x.wav", 1, "voice"),), (), (),
    )  # fmt: skip
    report = ReportDialog(result, window.document, window._look, window)
    report.show()
    left += english_left(report, sources)
    assert sorted(set(left)) == []
    for shown in (dialog, report):
        shown.close()
        shown.deleteLater()


def test_a_german_batch_speaks_german(german, qtbot, window, sources, tmp_path):
    folder = tmp_path / "filme"
    folder.mkdir()
    for name in ("broken.mp4", "a.mp4"):
        shutil.copyfile(resource("sample", "two_talkers.mp4"), folder / name)
    window.batch.show_dialog()
    dialog = window.batch.dialog
    left = english_left(dialog, sources)
    dialog._client.add([folder])
    qtbot.waitUntil(lambda: dialog._queue.batch.count("waiting") == 2, timeout=WAIT_MS)
    left += english_left(dialog, sources)
    qtbot.mouseClick(dialog.start, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: dialog._client.running, timeout=WAIT_MS)
    left += english_left(dialog, sources)
    qtbot.waitUntil(lambda: not dialog._client.running, timeout=WAIT_MS)
    table = dialog.page.table
    for row in range(table.model().rowCount()):
        table.setCurrentIndex(table.model().index(row, 0))
        left += english_left(dialog, sources)
        cells = [table.model().index(row, column).data() for column in range(table.model().columnCount())]
        left += [text for text in cells if any(source.fullmatch(str(text)) for source in sources)]
    left += english_left(window, sources)
    assert sorted(set(left)) == []


def test_the_choice_is_offered_and_says_when_it_holds(qtbot, window):
    window.actions_by_id["preferences"].trigger()
    dialog = window.preferences.dialog
    offered = {dialog.language.itemData(row): dialog.language.itemText(row) for row in range(dialog.language.count())}
    assert offered == {"system": "As the system", "en": "English", "de": "Deutsch"}
    said = [label.text() for label in dialog.findChildren(QLabel)]
    assert any("when AVSep is started again" in text for text in said)
    dialog.language.setCurrentIndex(dialog.language.findData("de"))
    dialog.language.activated.emit(dialog.language.currentIndex())
    assert Settings().language == "de"
    QApplication.processEvents()
