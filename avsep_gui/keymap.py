"""Keymap: which keys each action of the table has, as the user changed them."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QObject, Signal
from PySide6.QtGui import QAction, QKeySequence

from avsep_gui.actions import ACTIONS, ActionSpec, translated

SPECS = {spec.id: spec for spec in ACTIONS}
Keys = tuple[str, ...]


class Keymap(QObject):
    """Keys by action, in Qt's portable form ("Ctrl+O"); one key never belongs to two actions.

    Signals:
        changed(): some action has other keys.

    Args:
        stored: keys that differ from the table's; what is no action or no key is left out.
    """

    changed = Signal()

    def __init__(self, stored: dict[str, Keys] | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._own: dict[str, Keys] = {}
        for action, keys in (stored or {}).items():
            usable = tuple(key for key in map(portable, keys) if key and not fixed_use(key))
            if action in SPECS and (usable or not keys):
                self._own[action] = usable
        for action in list(self._own):
            self._own[action] = tuple(key for key in self._own[action] if self._is_first(key, action))

    def keys(self, action: str) -> Keys:
        """The keys of an action; empty where it has none."""
        return self._own.get(action, SPECS[action].keys)

    def names(self, action: str) -> list[str]:
        """The keys of an action as this system writes them."""
        return [key_name(key) for key in self.keys(action)]

    def is_changed(self, action: str) -> bool:
        """Whether an action has other keys than the table gives it."""
        return self.keys(action) != SPECS[action].keys

    def holder(self, key: str) -> str | None:
        """The action that a key belongs to."""
        return next((action for action in SPECS if key in self.keys(action)), None)

    def assign(self, action: str, keys: Keys) -> None:
        """Give an action these keys and no others; they are taken from other actions that have them."""
        self._set(action, keys)
        self.changed.emit()

    def reset(self, action: str) -> None:
        """Give an action its keys of the table; they are taken from other actions that have them."""
        self.assign(action, SPECS[action].keys)

    def reset_all(self) -> None:
        """Every action has its keys of the table."""
        self._own = {}
        self.changed.emit()

    def lost_by_reset(self, action: str) -> dict[str, str]:
        """The keys that `reset` would take away: key to the action that has it now."""
        holders = {key: self.holder(key) for key in SPECS[action].keys}
        return {key: held_by for key, held_by in holders.items() if held_by is not None and held_by != action}

    def changes(self) -> dict[str, Keys]:
        """What is to be remembered."""
        return dict(self._own)

    def apply(self, actions: dict[str, QAction]) -> None:
        """Give the window's actions these keys, and write them into the tooltips."""
        for action, spec in SPECS.items():
            actions[action].setShortcuts([QKeySequence(key) for key in self.keys(action)])
            actions[action].setToolTip(self.hint(plain(spec), action))

    def hint(self, words: str, action: str) -> str:
        """Words for a tooltip, with the action's keys in brackets."""
        names = ", ".join(self.names(action))
        return f"{words} ({names})" if names else words

    def _set(self, action: str, keys: Keys) -> None:
        for other in SPECS:
            if other != action and set(keys) & set(self.keys(other)):
                self._keep(other, tuple(key for key in self.keys(other) if key not in keys))
        self._keep(action, keys)

    def _keep(self, action: str, keys: Keys) -> None:
        if keys == SPECS[action].keys:
            self._own.pop(action, None)
        else:
            self._own[action] = keys

    def _is_first(self, key: str, action: str) -> bool:
        """Whether no action before this one, and none with the table's keys, has the key."""
        order = list(SPECS)
        others = [other for other in order if other != action and key in self.keys(other)]
        return not any(other not in self._own or order.index(other) < order.index(action) for other in others)


def plain(spec: ActionSpec) -> str:
    """An action's words without the marks of a menu."""
    return translated(spec.text).replace("&", "").rstrip("…")


def portable(key: str) -> str:
    """A key in Qt's portable form; empty where it is none, or more than one stroke."""
    sequence = QKeySequence(key)
    return sequence.toString(QKeySequence.SequenceFormat.PortableText) if sequence.count() == 1 else ""


def key_name(key: str) -> str:
    """A key as this system writes it."""
    return QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText)


def fixed_use(key: str) -> str:
    """What a key does that cannot be given to an action, in words; empty where it is free to give."""
    if len(key) == 1 and key in "123456789":
        return QCoreApplication.translate("Keymap", "picks person {0}").format(key)
    uses = {
        "Tab": QCoreApplication.translate("Keymap", "goes to the next control"),
        "Shift+Tab": QCoreApplication.translate("Keymap", "goes to the control before"),
        "Backtab": QCoreApplication.translate("Keymap", "goes to the control before"),
        "Shift+Backtab": QCoreApplication.translate("Keymap", "goes to the control before"),
        "Return": QCoreApplication.translate("Keymap", "presses the control in focus"),
        "Enter": QCoreApplication.translate("Keymap", "presses the control in focus"),
        "Esc": QCoreApplication.translate("Keymap", "leaves what is open"),
    }
    return uses.get(key, "")
