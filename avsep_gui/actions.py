"""Table of the window's actions: id, menu, text, keys, icon."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QWidget


@dataclass(frozen=True)
class ActionSpec:
    """One action. `keys` are alternatives; `text` may hold a mnemonic; `short` stands on buttons."""

    id: str
    menu: str
    text: str
    keys: tuple[str, ...] = ()
    icon: str = ""
    checkable: bool = False
    separator: bool = False
    short: str = ""


ACTIONS = (
    ActionSpec("open", "File", "&Open a video or project…", ("Ctrl+O",), "open"),
    ActionSpec("sample", "File", "Open the &sample", (), "sample"),
    ActionSpec("save_project", "File", "&Save project", ("Ctrl+S",), "project", separator=True),
    ActionSpec("save_project_as", "File", "Save project &as…", ("Ctrl+Shift+S",)),
    ActionSpec("export", "File", "&Export…", ("Ctrl+E",), "export", separator=True),
    ActionSpec("batch", "File", "&Batch…", ("Ctrl+B",)),
    ActionSpec("close_file", "File", "&Close the video", ("Ctrl+W",), separator=True),
    ActionSpec("quit", "File", "&Quit", ("Ctrl+Q",)),
    ActionSpec("undo", "Edit", "&Undo", ("Ctrl+Z",)),
    ActionSpec("redo", "Edit", "&Redo", ("Ctrl+Shift+Z",)),
    ActionSpec("clear_range", "Edit", "&Clear the selection", ("X",), separator=True),
    ActionSpec("models", "Edit", "&Models…", ("F8",), separator=True),
    ActionSpec("preferences", "Edit", "&Preferences…", ("Ctrl+,",), separator=True),
    ActionSpec("dark", "View", "&Dark", (), checkable=True),
    ActionSpec("light", "View", "&Light", (), checkable=True),
    ActionSpec("contrast", "View", "High &contrast", (), checkable=True),
    ActionSpec("system", "View", "As the s&ystem", (), checkable=True),
    ActionSpec("zoom_in", "View", "Zoom &in", ("+", "="), "zoom_in", separator=True),
    ActionSpec("zoom_out", "View", "Zoom &out", ("-",), "zoom_out"),
    ActionSpec("zoom_fit", "View", "&Whole file", ("Ctrl+0",), "fit"),
    ActionSpec("show_people", "View", "&People panel", ("F6",), checkable=True, separator=True),
    ActionSpec("show_timeline", "View", "&Time line", ("F7",), checkable=True),
    ActionSpec("show_jobs", "View", "&Jobs", ("Ctrl+J",), "jobs"),
    ActionSpec("full_screen", "View", "&Full screen", ("F",), checkable=True, separator=True),
    ActionSpec("play", "Play", "&Play", ("Space", "K"), "play"),
    ActionSpec("shuttle_back", "Play", "&Backwards, faster", ("J",)),
    ActionSpec("shuttle_forward", "Play", "&Forwards, faster", ("L",)),
    ActionSpec("frame_back", "Play", "P&revious frame", ("Left",), "frame_back", separator=True),
    ActionSpec("frame_forward", "Play", "&Next frame", ("Right",), "frame_forward"),
    ActionSpec("second_back", "Play", "One second back", ("Shift+Left",)),
    ActionSpec("second_forward", "Play", "One second on", ("Shift+Right",)),
    ActionSpec("to_start", "Play", "To the &start", ("Home",)),
    ActionSpec("to_end", "Play", "To the &end", ("End",)),
    ActionSpec("range_in", "Play", "Selection starts &here", ("I",), "range_in", separator=True),
    ActionSpec("range_out", "Play", "Selection ends he&re", ("O",), "range_out"),
    ActionSpec("loop", "Play", "&Loop the selection", ("Ctrl+L",), "loop", checkable=True),
    ActionSpec("compare", "Play", "&A/B: original or voice", ("A",), separator=True, short="A/B"),
    ActionSpec("original", "Play", "Hear the ori&ginal", ("Q",)),
    ActionSpec("voice", "Play", "Hear the &voice", ("W",)),
    ActionSpec("rest", "Play", "Hear everyone &else", ("E",)),
    ActionSpec("mute", "Play", "&Mute", ("M",), "speaker", checkable=True, separator=True),
    ActionSpec("next_face", "People", "&Next face", ("]",)),
    ActionSpec("previous_face", "People", "&Previous face", ("[",)),
    ActionSpec("solo", "People", "&Solo the picked person", ("S",)),
    ActionSpec("rename", "People", "&Rename…", ("F2",)),
    ActionSpec("correct", "People", "&Wrong person? Correct…", ("C",)),
    ActionSpec("hide", "People", "&Hide", ("H",)),
    ActionSpec("by_photo", "People", "&Find by a photo…", (), separator=True),
    ActionSpec("pick_nobody", "People", "&Pick nobody", ()),
    ActionSpec("whole_file", "People", "Compute the whole &file", (), separator=True),
    ActionSpec("search_again", "People", "Search for people &again", (), separator=True),
    ActionSpec("keys", "Help", "&Keys", ("?", "F1")),
    ActionSpec("about", "Help", "&About AVSep"),
)
MENUS = ("File", "Edit", "View", "Play", "People", "Help")


def translated(words: str) -> str:
    """A text of the table in the user's language."""
    return QCoreApplication.translate("Actions", words)


def make_actions(window: QWidget, slots: dict[str, Callable[[], None]]) -> dict[str, QAction]:
    """Create every action of the table and connect it; `Keymap.apply` gives them their keys and tooltips.

    Raises:
        KeyError: an action has no slot.
    """
    actions: dict[str, QAction] = {}
    for spec in ACTIONS:
        action = QAction(translated(spec.text), window)
        action.setObjectName(spec.id)
        if spec.short:
            action.setIconText(spec.short)
        action.setCheckable(spec.checkable)
        action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        action.triggered.connect(lambda _checked=False, run=slots[spec.id]: run())
        window.addAction(action)
        actions[spec.id] = action
    return actions
