"""Which of the window's actions can be used in which state of the document."""

from __future__ import annotations

from avsep_gui.actions import ACTIONS
from avsep_gui.resources import sample_video
from avsep_gui.state.document import Document, FacesState, OpenState
from avsep_gui.theme import SYSTEM, THEMES

ALWAYS: tuple[str, ...] = (
    "open",
    "batch",
    "quit",
    "models",
    "preferences",
    "show_people",
    "show_timeline",
    "show_jobs",
    "full_screen",
)
ALWAYS += ("keys", "about", *THEMES, SYSTEM)
WITH_PICK = ("compare", "voice", "rest", "rename", "correct", "hide", "pick_nobody", "whole_file")


def usable_actions(document: Document) -> set[str]:
    """Ids of the actions that can be used now."""
    is_open, is_picked = document.open_state is OpenState.OPEN, document.picked is not None
    known = {
        **dict.fromkeys(ALWAYS, True),
        **dict.fromkeys(WITH_PICK, is_picked),
        "sample": sample_video() is not None,
        "undo": document.undo_stack.canUndo(),
        "redo": document.undo_stack.canRedo(),
        "export": is_picked and document.source is not None,
        "close_file": document.open_state is not OpenState.EMPTY,
        "clear_range": document.range_s is not None,
        "by_photo": bool(document.people),
        "search_again": is_open and document.faces_state is not FacesState.SEARCHING,
    }
    return {spec.id for spec in ACTIONS if known.get(spec.id, is_open)}
