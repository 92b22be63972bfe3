"""Look: the theme in use, shared by all views, with icons in its colours; size of the text, stillness."""

from __future__ import annotations

from PySide6.QtCore import QObject, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontInfo, QGuiApplication, QIcon
from PySide6.QtWidgets import QAbstractButton, QApplication

from avsep_gui.icons import SIZE, icon
from avsep_gui.theme import DARK, SYSTEM, THEMES, Theme, apply_theme, system_theme

USUAL_FONT_PX = 13
MOST_SCALE = 2.0
WORDS_GAP_PX = 4  # beside an icon, with the four that Qt leaves
EFFECTS = (
    Qt.UIEffect.UI_AnimateMenu,
    Qt.UIEffect.UI_FadeMenu,
    Qt.UIEffect.UI_AnimateCombo,
    Qt.UIEffect.UI_AnimateTooltip,
    Qt.UIEffect.UI_FadeTooltip,
)


class Look(QObject):
    """The theme in use.

    Signals:
        changed(): another theme or size of text; views recolour what the style sheet does not reach.
    """

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.choice = DARK.name
        self.theme: Theme = DARK
        self.text_scale = 1.0
        self.still = False
        self._wanted_scale = 1.0
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._on_system_changed)

    def use(self, name: str) -> None:
        """Switch the whole application to a theme by its name, or to what the system asks for ("system")."""
        self.choice = name if name in (*THEMES, SYSTEM) else DARK.name
        self._dress()

    def set_text(self, scale: float) -> None:
        """Let the user's factor on the size of text hold; a larger font of the system counts besides."""
        self._wanted_scale = scale
        self._dress()

    def set_still(self, still: bool) -> None:
        """Reduce motion: nothing moves of itself but the film and the playhead."""
        self.still = still
        for effect in EFFECTS:
            QApplication.setEffectEnabled(effect, not still)
        self.changed.emit()

    def px(self, size: float) -> int:
        """A length in pixels that grows with the text."""
        return round(size * self.text_scale)

    def icon(self, name: str, *, primary: bool = False) -> QIcon:
        """An icon for ordinary controls, or for the primary button."""
        return icon(name, self.theme.on_focus if primary else self.theme.text, self.theme.disabled)

    def lead(self, button: QAbstractButton, name: str, *, primary: bool = False) -> None:
        """Put an icon before the words of a button."""
        theme = self.theme
        ink = theme.on_focus if primary else theme.text
        button.setIcon(icon(name, ink, theme.disabled, gap=WORDS_GAP_PX))
        button.setIconSize(QSize(SIZE + WORDS_GAP_PX, SIZE))

    def person(self, person_id: int) -> QColor:
        """A person's colour on panels and lanes."""
        return QColor(self.theme.person(person_id))

    def _dress(self) -> None:
        self.theme = system_theme() if self.choice == SYSTEM else THEMES[self.choice]
        app = QApplication.instance()
        if isinstance(app, QApplication):
            system = max(1.0, QFontInfo(QApplication.font()).pixelSize() / USUAL_FONT_PX)
            self.text_scale = min(MOST_SCALE, self._wanted_scale * system)
            apply_theme(app, self.theme, self.text_scale)
        self.changed.emit()

    def _on_system_changed(self) -> None:
        if self.choice == SYSTEM:
            self._dress()
