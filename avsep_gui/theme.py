"""Colours of the window (dark, light, high contrast) and how they reach Qt: palette, style sheet, pyqtgraph."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

from avsep_gui.resources import resource

# On the picture and on dark ground; distinguishable with the common colour vision deficiencies.
PEOPLE_ON_PICTURE = ("#56B4E9", "#E69F00", "#2FB58A", "#F0E442", "#E4703A", "#D98AB6")


@dataclass(frozen=True)
class Theme:
    """One set of colours. `people` is a cycle; everything else is named after its use.

    `line` parts grounds and carries no meaning, `edge` is the border of a control, `disabled` what cannot be used.
    """

    name: str
    window: str
    panel: str
    raised: str
    hover: str
    line: str
    edge: str
    disabled: str
    text: str
    muted: str
    focus: str
    on_focus: str
    warning: str
    danger: str
    good: str
    stage: str
    people: tuple[str, ...]

    def person(self, person_id: int) -> str:
        """The person's colour on panels and lanes."""
        return self.people[(person_id - 1) % len(self.people)]

    @property
    def has_outlines(self) -> bool:
        """Whether grounds do not differ, so that what is filled elsewhere gets an outline."""
        return self.panel == self.raised

    @property
    def is_dark(self) -> bool:
        """Whether light ink stands on dark ground."""
        return _luminance(self.window) < _luminance(self.text)


DARK = Theme(
    name="dark",
    window="#15171C",
    panel="#1D2027",
    raised="#262A33",
    hover="#303541",
    line="#343945",
    edge="#6D7687",
    disabled="#6D7687",
    text="#E8EAF0",
    muted="#A6ADBB",
    focus="#7AB8FF",
    on_focus="#0E1116",
    warning="#F2B34C",
    danger="#FF6B6B",
    good="#57C785",
    stage="#0B0C0F",
    people=PEOPLE_ON_PICTURE,
)
LIGHT = Theme(
    name="light",
    window="#F6F7F9",
    panel="#FFFFFF",
    raised="#EEF0F4",
    hover="#E2E6ED",
    line="#D5D9E2",
    edge="#7C8496",
    disabled="#7C8496",
    text="#1B1E26",
    muted="#545B6B",
    focus="#1F66B8",
    on_focus="#FFFFFF",
    warning="#8F5B00",
    danger="#BF2C2C",
    good="#1E7A46",
    stage="#1B1D22",
    people=("#1F78AE", "#9A6700", "#127A57", "#7C7200", "#B5491C", "#A24A7B"),
)
CONTRAST = Theme(
    name="contrast",
    window="#000000",
    panel="#000000",
    raised="#000000",
    hover="#262626",
    line="#8C8C8C",
    edge="#FFFFFF",
    disabled="#9C9C9C",
    text="#FFFFFF",
    muted="#E0E0E0",
    focus="#FFE100",
    on_focus="#000000",
    warning="#FFB454",
    danger="#FF9C94",
    good="#6FE3A0",
    stage="#000000",
    people=PEOPLE_ON_PICTURE,
)
THEMES = {theme.name: theme for theme in (DARK, LIGHT, CONTRAST)}
SYSTEM = "system"  # the choice to do as the system does


def person_on_picture(person_id: int) -> QColor:
    """The person's colour over a picture, the same in every theme."""
    return QColor(PEOPLE_ON_PICTURE[(person_id - 1) % len(PEOPLE_ON_PICTURE)])


def contrast(first: str, second: str) -> float:
    """Contrast ratio of two colours, 1 to 21 (WCAG 2.2, relative luminance)."""
    lighter, darker = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def system_theme() -> Theme:
    """What the system asks for: high contrast, light or dark; dark where it does not tell."""
    hints = QGuiApplication.styleHints()
    accessibility = getattr(hints, "accessibility", None)  # since Qt 6.10
    if accessibility is not None and accessibility().contrastPreference() == Qt.ContrastPreference.HighContrast:
        return CONTRAST
    return LIGHT if hints.colorScheme() == Qt.ColorScheme.Light else DARK


def style_sheet(theme: Theme, text_scale: float = 1.0) -> str:
    """The style sheet with the theme's colours and icon paths filled in.

    Args:
        text_scale: factor on every size of type.
    """
    text = resource("styles", "avsep.qss").read_text(encoding="utf-8")
    if theme is CONTRAST:
        text += resource("styles", "contrast.qss").read_text(encoding="utf-8")
    text = re.sub(r"font-size: (\d+)px", lambda size: f"font-size: {round(int(size[1]) * text_scale)}px", text)
    for token in fields(theme):
        value = getattr(theme, token.name)
        if isinstance(value, str):
            text = text.replace(f"@{token.name}@", value)
    return text.replace("@icons@", resource("icons").as_posix())


def apply_theme(app: QApplication, theme: Theme, text_scale: float = 1.0) -> None:
    """Dress the whole application, whose style is Fusion (`avsep_gui.app.configure`)."""
    app.setPalette(_palette(theme))
    app.setStyleSheet(style_sheet(theme, text_scale))


def _palette(theme: Theme) -> QPalette:
    palette = QPalette()
    roles = {
        QPalette.ColorRole.Window: theme.window,
        QPalette.ColorRole.WindowText: theme.text,
        QPalette.ColorRole.Base: theme.panel,
        QPalette.ColorRole.AlternateBase: theme.raised,
        QPalette.ColorRole.Text: theme.text,
        QPalette.ColorRole.PlaceholderText: theme.muted,
        QPalette.ColorRole.Button: theme.raised,
        QPalette.ColorRole.ButtonText: theme.text,
        QPalette.ColorRole.ToolTipBase: theme.raised,
        QPalette.ColorRole.ToolTipText: theme.text,
        QPalette.ColorRole.Highlight: theme.focus,
        QPalette.ColorRole.HighlightedText: theme.on_focus,
        QPalette.ColorRole.Link: theme.focus,
    }
    for role, colour in roles.items():
        palette.setColor(role, QColor(colour))
    for role in (QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText, QPalette.ColorRole.WindowText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(theme.disabled))
    return palette


def _luminance(colour: str) -> float:
    def linear(value: float) -> float:
        return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4

    parts = QColor(colour)
    return 0.2126 * linear(parts.redF()) + 0.7152 * linear(parts.greenF()) + 0.0722 * linear(parts.blueF())
