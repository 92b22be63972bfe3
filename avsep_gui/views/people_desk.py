"""PeopleDesk: what the user can say about who is who: menus of one person, a photo, and notices with a way back."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QPoint
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFileDialog, QMenu, QWidget

from avsep_gui.calls import Calls
from avsep_gui.jobs import JobRunner, Priority
from avsep_gui.player.player import Player
from avsep_gui.state import casting
from avsep_gui.state.corrections import Corrections
from avsep_gui.state.document import Document
from avsep_gui.views.notices import Notice, Notices
from avsep_gui.views.workspace import Workspace
from avsep_gui.words import cut
from engine.casting import parts_of
from engine.errors import EngineError, UsageError
from engine.types import SAME_FACE, Person


class PeopleDesk(QObject):
    """Corrects who is who, for the panel, the picture and the menu.

    Args:
        rename: puts the cursor into a person's name.
        pick: picks a person as a click does.
    """

    def __init__(
        self,
        window: QWidget,
        document: Document,
        player: Player,
        runner: JobRunner,
        workspace: Workspace,
        notices: Notices,
        rename: Callable[[int], None],
        pick: Callable[[int], None],
    ) -> None:
        super().__init__(window)
        self._window = window
        self._document = document
        self._player = player
        self._people = workspace.people
        self._notices = notices
        self._rename = rename
        self._pick = pick
        self._calls = Calls(runner, self)
        self.corrections = Corrections(document, self)
        self._notice: Notice | None = None
        self.menu = QMenu(window)
        self.menu.setToolTipsVisible(True)
        workspace.people.menu_wanted.connect(self.show_menu)
        workspace.people.show_wanted.connect(lambda who: self.corrections.hide(who, hidden=False))
        workspace.video.overlay.menu_wanted.connect(self.show_menu)
        document.undo_stack.indexChanged.connect(self._on_history)
        document.open_state_changed.connect(lambda: self._calls.drop(*self._calls.under_way()))

    def show_menu(self, person_id: int, at: QPoint) -> None:
        """Show what can be said of a person at a point of the screen."""
        self.fill(self.menu, person_id)
        self.menu.popup(at)

    def show_menu_of_picked(self) -> None:
        """Show what can be said of the picked person, beside their row."""
        picked = self._document.picked
        row = self._people.row(picked) if picked is not None else None
        if picked is not None and row is not None:
            shown = row if row.isVisible() else self._window
            self.show_menu(picked, shown.mapToGlobal(shown.rect().center()))

    def fill(self, menu: QMenu, person_id: int) -> None:
        """Put into a menu what can be said of a person at the moment that is shown."""
        menu.clear()
        document, at_s = self._document, self._player.position_s
        person = document.person(person_id)
        if person is None:
            return
        name = self._called(person_id)
        others = [other for other in document.people if other.id != person_id]
        is_here = casting.track_at(person, at_s) is not None
        self._add(menu, self.tr("&Rename…"), partial(self._rename, person_id))
        menu.addSeparator()
        wrong = menu.addMenu(self.tr("&This here is not {0}, but").format(name))
        for other in others:
            self._add(wrong, self._called(other.id), partial(self._give, person_id, at_s, other.id))
        self._add(wrong, self.tr("Somebody &new"), partial(self._give, person_id, at_s, None))
        wrong.setEnabled(is_here)
        same = menu.addMenu(self.tr("{0} is the &same person as").format(name))
        places = menu.addMenu(self.tr("From here on {0} &changes places with").format(name))
        for other in others:
            self._add(same, self._called(other.id), partial(self._merge, other.id, person_id))
            self._add(places, self._called(other.id), partial(self._exchange, person_id, other.id, at_s))
        same.setEnabled(bool(others))
        places.setEnabled(bool(others))
        new = self._add(menu, self.tr("From here on it is somebody &new"), partial(self._split, person_id, at_s))
        new.setEnabled(self.corrections.can_split(person, at_s))
        menu.addSeparator()
        self._add(menu, self.tr("&Hide {0}").format(name), partial(self._hide, person_id))

    def hide_picked(self) -> None:
        """Hide the picked person."""
        if self._document.picked is not None:
            self._hide(self._document.picked)

    def ask_photo(self) -> None:
        """Let the user choose a photo of somebody, and find who that is."""
        words = self.tr("Pictures") + " (*.jpg *.jpeg *.png *.webp *.bmp *.tif *.tiff)"
        chosen, _ = QFileDialog.getOpenFileName(self._window, self.tr("A photo of the person"), "", words)
        if chosen:
            self.find_by_photo(Path(chosen))

    def find_by_photo(self, photo: Path) -> None:
        """Pick the person who looks like the one in a photo."""
        if self._document.path is None:
            return
        self._calls.submit(
            "heavy",
            "match_photo",
            self._document.path,
            photo,
            title=self.tr("Looking for the person of {0}").format(photo.name),
            priority=Priority.PREVIEW,
            on_success=lambda matches: self._on_matches(photo, matches),
            on_error=self._show_error,
        )

    def _on_matches(self, photo: Path, matches: tuple[tuple[int, float], ...]) -> None:
        """People nearest to the photo first, as they were found."""
        for found, apart in matches:
            person = self._made_of(found)
            if person is not None:
                self._tell_match(photo, person, looks_alike=apart <= SAME_FACE)
                return
        self._notices.show_text("info", self._nobody(photo))

    def _tell_match(self, photo: Path, person: Person, *, looks_alike: bool) -> None:
        name = self._document.name(person.id)
        if looks_alike:
            self._pick(person.id)
            self._notices.show_text("good", self.tr("{0} looks like the person in {1}.").format(name, photo.name))
            return
        text = self._nobody(photo) + " " + self.tr("{0} comes nearest.").format(name)
        self._notices.show_text("info", text, action=(self.tr("Pick {0}").format(name), partial(self._pick, person.id)))

    def _nobody(self, photo: Path) -> str:
        return self.tr("Nobody in this video looks like the person in {0}.").format(photo.name)

    def _show_error(self, error: EngineError) -> None:
        self._notices.show_error(error)

    def _made_of(self, found: int) -> Person | None:
        """Who has the face that was found as `found`."""
        document = self._document
        have = (one for one in document.people if any(part.found == found for part in parts_of(document.cast, one.id)))
        return max(have, key=lambda one: one.visible_s, default=None)

    def _give(self, person_id: int, at_s: float, to: int | None) -> None:
        self._do(lambda: self.corrections.give(person_id, at_s, to))

    def _merge(self, into: int, other: int) -> None:
        self._do(lambda: self.corrections.merge(into, other))

    def _exchange(self, one: int, other: int, at_s: float) -> None:
        self._do(lambda: self.corrections.exchange(one, other, at_s))

    def _split(self, person_id: int, at_s: float) -> None:
        self._do(lambda: self.corrections.split(person_id, at_s))

    def _hide(self, person_id: int) -> None:
        words = self.tr("{0} is hidden.").format(self._document.name(person_id))
        self._do(lambda: self.corrections.hide(person_id), words)

    def _do(self, correct: Callable[[], None], words: str = "") -> None:
        """Correct something, say what (in these words, if any), and offer the way back; or say why it cannot be."""
        stack = self._document.undo_stack
        before = stack.index()
        try:
            correct()
        except UsageError as error:
            self._notices.show_text("warning", str(error))
            return
        if stack.index() != before:
            text = words or self.tr("Corrected: {0}.").format(stack.undoText())
            self._notice = self._notices.show_text("info", text, action=(self.tr("Undo"), stack.undo))
            self._notice.dismissed.connect(self._forget_notice)

    def _on_history(self) -> None:
        """The way back of a notice leads to where one was before: it goes when something else was done."""
        if self._notice is not None:
            self._notice.dismiss()

    def _forget_notice(self) -> None:
        self._notice = None

    def _called(self, person_id: int) -> str:
        """A person's name as a menu takes it, where an ampersand marks a key."""
        return cut(self._document.name(person_id)).replace("&", "&&")

    def _add(self, menu: QMenu, words: str, then: Callable[[], None]) -> QAction:
        action = menu.addAction(words)
        action.triggered.connect(lambda _checked=False: then())
        return action
