"""KeysPage: every action with its keys; new keys are pressed, conflicts are named and asked about."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from avsep_gui.actions import ACTIONS, MENUS, translated
from avsep_gui.announce import announce
from avsep_gui.keymap import SPECS, Keymap, Keys, fixed_use, key_name, plain, portable

ACTION_ROLE = Qt.ItemDataRole.UserRole
MODIFIER_KEYS = (
    Qt.Key.Key_Shift,
    Qt.Key.Key_Control,
    Qt.Key.Key_Alt,
    Qt.Key.Key_AltGr,
    Qt.Key.Key_Meta,
    Qt.Key.Key_CapsLock,
    Qt.Key.Key_NumLock,
    Qt.Key.Key_unknown,
)


class KeyCatcher(QLabel):
    """Waits for one stroke of keys.

    Signals:
        caught(str): the stroke in Qt's portable form.
        left(): Esc was pressed, or the keyboard went elsewhere.
    """

    caught = Signal(str)
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("keyCatcher")
        self.setWordWrap(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.hide()

    def event(self, event: QEvent) -> bool:
        """Every key is ours, also those of shortcuts and of the dialog."""
        if isinstance(event, QKeyEvent) and event.type() in (QEvent.Type.ShortcutOverride, QEvent.Type.KeyPress):
            event.accept()
            if event.type() == QEvent.Type.KeyPress:
                self._on_key(event)
            return True
        if event.type() == QEvent.Type.FocusOut and self.isVisible():
            self.left.emit()
        return super().event(event)

    def _on_key(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        elif Qt.Key(event.key()) not in MODIFIER_KEYS:
            combination = event.keyCombination()
            text = event.text()
            signs = len(text) == 1 and text.isprintable() and not text.isalpha() and not text.isspace()
            if signs and event.modifiers() == Qt.KeyboardModifier.ShiftModifier:
                self.caught.emit(portable(QKeySequence(event.key()).toString()))
            else:
                self.caught.emit(portable(QKeySequence(combination).toString()))


class KeysPage(QWidget):
    """The table of actions with their keys. What is changed holds at once."""

    def __init__(self, keymap: Keymap, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._keymap = keymap
        self._adding = False
        self._on_yes: Callable[[], None] | None = None
        self._items: dict[str, QTreeWidgetItem] = {}
        self._groups: list[QTreeWidgetItem] = []
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(12)
        self.search = QLineEdit()
        self.search.setPlaceholderText(self.tr("Find an action, or a key"))
        self.search.setAccessibleName(self.tr("Find an action, or a key"))
        self.search.setClearButtonEnabled(False)
        self.search.textChanged.connect(self._filter)
        layout.addWidget(self.search)
        self.table = QTreeWidget()
        self.table.setColumnCount(2)
        self.table.setHeaderLabels([self.tr("Action"), self.tr("Keys")])
        self.table.setRootIsDecorated(False)
        self.table.setItemsExpandable(False)
        self.table.setIndentation(12)
        self.table.setUniformRowHeights(True)
        self.table.setAllColumnsShowFocus(True)
        self.table.setAccessibleName(self.tr("Actions and their keys"))
        self.table.setTabKeyNavigation(False)
        self.table.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.table.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.table.header().setStretchLastSection(False)
        self.table.itemActivated.connect(lambda *_: self.begin(adding=False))
        self.table.itemDoubleClicked.connect(lambda *_: self.begin(adding=False))
        self.table.currentItemChanged.connect(lambda *_: self._on_current())
        layout.addWidget(self.table, 1)
        self.catcher = KeyCatcher()
        self.catcher.caught.connect(self._on_caught)
        self.catcher.left.connect(self._on_left)
        layout.addWidget(self.catcher)
        layout.addWidget(self._build_question())
        layout.addWidget(self._build_buttons())
        self._fill()
        keymap.changed.connect(self._show_keys)
        self._show_keys()

    def select(self, action: str) -> None:
        """Go to the row of an action."""
        self.table.setCurrentItem(self._items[action])

    def selected(self) -> str | None:
        """The action of the current row."""
        item = self.table.currentItem()
        value = item.data(0, ACTION_ROLE) if item is not None else None
        return value if isinstance(value, str) else None

    def keys_text(self, action: str) -> str:
        """What the table says in an action's row."""
        return self._items[action].text(1)

    def begin(self, *, adding: bool) -> None:
        """Wait for the new keys of the current row's action."""
        action = self.selected()
        if action is None:
            return
        self._close_question()
        self._adding = adding
        words = self.tr("Press the keys for “{0}”. Esc leaves it as it is.").format(plain(SPECS[action]))
        self.catcher.setText(words)
        self.catcher.setAccessibleName(words)
        self.catcher.show()
        self._keep_in_view()
        self.catcher.setFocus(Qt.FocusReason.OtherFocusReason)
        announce(self.catcher, words)

    def _build_question(self) -> QFrame:
        self.question = QFrame()
        self.question.setObjectName("question")
        box = QVBoxLayout(self.question)
        box.setContentsMargins(16, 12, 16, 12)
        box.setSpacing(12)
        self.asked = QLabel()
        self.asked.setWordWrap(True)
        box.addWidget(self.asked)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addStretch(1)
        self.no = QPushButton(self.tr("Leave it"))
        self.no.clicked.connect(self._on_no)
        self.yes = QPushButton()
        self.yes.clicked.connect(self._on_answer)
        row.addWidget(self.no)
        row.addWidget(self.yes)
        box.addLayout(row)
        self.question.hide()
        return self.question

    def _build_buttons(self) -> QWidget:
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        self.change = self._button(row, self.tr("Change…"), lambda: self.begin(adding=False))
        self.add = self._button(row, self.tr("Add…"), lambda: self.begin(adding=True))
        self.none = self._button(row, self.tr("No keys"), self._on_none)
        self.reset = self._button(row, self.tr("Reset"), self._on_reset)
        row.addStretch(1)
        self.reset_all = self._button(row, self.tr("Reset all…"), self._on_reset_all)
        self.change.setToolTip(self.tr("Press other keys for this action (Enter)"))
        self.add.setToolTip(self.tr("Press keys that are to work besides"))
        self.none.setToolTip(self.tr("Take all keys from this action"))
        self.reset.setToolTip(self.tr("The keys that this action had at first"))
        self.reset_all.setToolTip(self.tr("The keys that all actions had at first"))
        return holder

    def _button(self, row: QHBoxLayout, text: str, slot: Callable[[], None]) -> QPushButton:
        button = QPushButton(text)
        button.setAutoDefault(False)
        button.clicked.connect(slot)
        row.addWidget(button)
        return button

    def _fill(self) -> None:
        for menu in MENUS:
            group = QTreeWidgetItem([translated(menu)])
            group.setFlags(Qt.ItemFlag.ItemIsEnabled)
            font = group.font(0)
            font.setBold(True)
            group.setFont(0, font)
            self.table.addTopLevelItem(group)
            self._groups.append(group)
            group.setFirstColumnSpanned(True)
            for spec in ACTIONS:
                if spec.menu == menu:
                    item = QTreeWidgetItem([plain(spec), ""])
                    item.setData(0, ACTION_ROLE, spec.id)
                    group.addChild(item)
                    self._items[spec.id] = item
        self.table.expandAll()
        self.select(ACTIONS[0].id)

    def _show_keys(self) -> None:
        for action, item in self._items.items():
            keys = ", ".join(self._keymap.names(action))
            changed = self._keymap.is_changed(action)
            item.setText(1, self.tr("{0}  (changed)").format(keys or self.tr("none")) if changed else keys)
            item.setData(1, Qt.ItemDataRole.AccessibleTextRole, keys or self.tr("no keys"))
            font = item.font(1)
            font.setBold(changed)
            item.setFont(1, font)
        self.reset_all.setEnabled(bool(self._keymap.changes()))
        self._on_current()

    def _on_current(self) -> None:
        action = self.selected()
        for button in (self.change, self.add):
            button.setEnabled(action is not None)
        self.none.setEnabled(action is not None and bool(self._keymap.keys(action)))
        self.reset.setEnabled(action is not None and self._keymap.is_changed(action))
        self._close_question()

    def _filter(self, text: str) -> None:
        wanted = text.strip().casefold()
        for item in self._items.values():
            item.setHidden(wanted not in item.text(0).casefold() and wanted not in item.text(1).casefold())
        for group in self._groups:
            group.setHidden(not any(item.parent() is group and not item.isHidden() for item in self._items.values()))

    def _on_caught(self, key: str) -> None:
        action = self.selected()
        if action is None or not key:
            return
        taken = fixed_use(key)
        if taken:
            words = self.tr("{0} always {1}. Press other keys for “{2}”, or Esc.")
            text = words.format(key_name(key), taken, plain(SPECS[action]))
            self.catcher.setText(text)
            announce(self.catcher, text)
            return
        self._end_catching()
        keys: Keys = (*self._keymap.keys(action), key) if self._adding else (key,)
        keys = tuple(dict.fromkeys(keys))
        holder = self._keymap.holder(key)
        if holder is None or holder == action:
            self._keymap.assign(action, keys)
            announce(self.table, f"{plain(SPECS[action])}: {', '.join(self._keymap.names(action))}")
            return
        self._ask(
            self.tr("{0} belongs to “{1}”. Give it to “{2}” instead?").format(
                key_name(key), plain(SPECS[holder]), plain(SPECS[action])
            ),
            self.tr("Give it to “{0}”").format(plain(SPECS[action])),
            lambda: self._keymap.assign(action, keys),
        )

    def _on_left(self) -> None:
        had_focus = self.catcher.hasFocus()
        self.catcher.hide()
        if had_focus:
            self.table.setFocus(Qt.FocusReason.OtherFocusReason)

    def _end_catching(self) -> None:
        self.catcher.blockSignals(True)
        self.catcher.hide()
        self.catcher.blockSignals(False)
        self.table.setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_none(self) -> None:
        action = self.selected()
        if action is not None:
            self._keymap.assign(action, ())

    def _on_reset(self) -> None:
        action = self.selected()
        if action is None:
            return
        lost = self._keymap.lost_by_reset(action)
        if not lost:
            self._keymap.reset(action)
            return
        parts = [
            self.tr("{0} belongs to “{1}” now.").format(key_name(key), plain(SPECS[holder]))
            for key, holder in lost.items()
        ]
        text = " ".join(parts) + " " + self.tr("Give it back to “{0}”?").format(plain(SPECS[action]))
        self._ask(text, self.tr("Give it back"), lambda: self._keymap.reset(action))

    def _on_reset_all(self) -> None:
        changed = len(self._keymap.changes())
        text = self.tr("Give all actions the keys that they had at first? %n action(s) were changed.", "", changed)
        self._ask(text, self.tr("Reset all"), self._keymap.reset_all)

    def _ask(self, text: str, yes: str, then: Callable[[], None]) -> None:
        self.asked.setText(text)
        self.yes.setText(yes)
        self.question.setAccessibleName(text)
        self._on_yes = then
        self.question.show()
        self._keep_in_view()
        self.no.setFocus(Qt.FocusReason.OtherFocusReason)
        announce(self.question, text)

    def _keep_in_view(self) -> None:
        """The table became lower: its current row is to be seen all the same."""
        item = self.table.currentItem()
        if item is not None:
            QTimer.singleShot(0, self.table, lambda: self.table.scrollToItem(item))

    def _on_answer(self) -> None:
        then = self._on_yes
        self._close_question()
        self.table.setFocus(Qt.FocusReason.OtherFocusReason)
        if then is not None:
            then()

    def _on_no(self) -> None:
        self._close_question()
        self.table.setFocus(Qt.FocusReason.OtherFocusReason)

    def _close_question(self) -> None:
        self._on_yes = None
        self.question.hide()
