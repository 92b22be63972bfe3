"""Parts that the pages of the preferences share: titles, labels above fields, notes."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QLabel, QScrollArea, QVBoxLayout, QWidget


def titled(title: str, page: QWidget, *, scrolls: bool) -> QWidget:
    """A page below its title."""
    holder = QWidget()
    layout = QVBoxLayout(holder)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(16)
    label = QLabel(title)
    label.setObjectName("title")
    layout.addWidget(label)
    if scrolls:
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(page)
        layout.addWidget(area, 1)
    else:
        layout.addWidget(page, 1)
    return holder


def add_field(layout: QVBoxLayout, words: str, field: QComboBox) -> None:
    """A label above its field."""
    label = strong(words)
    label.setBuddy(field)
    field.setAccessibleName(words.replace("&", ""))
    field.setMinimumWidth(240)
    field.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
    layout.addWidget(label)
    layout.addWidget(field, 0, Qt.AlignmentFlag.AlignLeft)


def strong(words: str) -> QLabel:
    """What a group of controls is about."""
    label = QLabel(words)
    label.setObjectName("strong")
    return label


def note(words: str) -> QLabel:
    """A quiet explanation, which wraps."""
    label = QLabel(words)
    label.setWordWrap(True)
    label.setProperty("muted", True)
    return label
