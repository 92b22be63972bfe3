"""ListenPanel: original, voice or everyone else; mix-back, levels, agreement at the playhead, export."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QFont, QFontMetrics, QKeyEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from avsep_gui.look import Look
from avsep_gui.state.document import Document, FacesState, ListenMode
from avsep_gui.state.intervals import contains
from avsep_gui.views.restyle import Tone, set_tone
from avsep_gui.words import FAIR_AGREEMENT, GOOD_AGREEMENT, agreement, cut

SEGMENT_ROOM_PX = 10


class KeySlider(QSlider):
    """A slider whose arrow keys win over the window's shortcuts while it has the focus."""

    def event(self, event: QEvent) -> bool:
        """Keep the arrows, Home and End."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            keys = (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Home, Qt.Key.Key_End)
            if event.key() in keys:
                event.accept()
                return True
        return super().event(event)


class ListenPanel(QWidget):
    """What is heard, and how far it can be trusted.

    Signals:
        export_wanted(): the export button.
    """

    export_wanted = Signal()

    def __init__(self, document: Document, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._look = look
        self._position_s = 0.0
        self._compare_hint = ""
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 8, 16, 16)
        layout.setSpacing(8)
        title = QLabel(self.tr("LISTEN TO"))
        title.setObjectName("section")
        top = QHBoxLayout()
        top.addWidget(title)
        top.addStretch(1)
        self.true_levels = QCheckBox(self.tr("True levels"))
        self.true_levels.setToolTip(
            self.tr("Off: original, voice and everyone else play equally loud. On: each at its own level.")
        )
        self.true_levels.toggled.connect(lambda on: document.set_listening(true_levels=on))
        top.addWidget(self.true_levels)
        layout.addLayout(top)
        layout.addLayout(self._build_modes())
        self._state = QLabel()
        self._state.setWordWrap(True)
        self._state.setProperty("muted", True)
        self._state.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._state.setToolTip(
            self.tr("Where the voice is not computed yet, the original plays softly, so that you keep your place.")
        )
        layout.addWidget(self._state)
        row = QHBoxLayout()
        label = QLabel(self.tr("Mix back"))
        self.mix_back = KeySlider(Qt.Orientation.Horizontal)
        self.mix_back.setRange(0, 100)
        self.mix_back.setAccessibleName(self.tr("Mix back: share of everyone else in the voice, per cent"))
        self.mix_back.setToolTip(self.tr("How much of everyone else stays under the voice"))
        label.setBuddy(self.mix_back)
        self._percent = QLabel("0 %")
        self._percent.setProperty("muted", True)
        self._percent.setFixedWidth(44)
        self._percent.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.mix_back.valueChanged.connect(lambda value: document.set_listening(mix_back=value / 100.0))
        for widget in (label, self.mix_back, self._percent):
            row.addWidget(widget)
        layout.addLayout(row)
        trust = QHBoxLayout()
        trust.setSpacing(8)
        trust.addWidget(QLabel(self.tr("Is it really them?")))
        trust.addStretch(1)
        self._dot = QLabel()
        self._trust = QLabel()
        self._trust.setObjectName("strong")
        self._trust.setAccessibleName(self.tr("How well lips and voice agree here"))
        trust.addWidget(self._dot)
        trust.addWidget(self._trust)
        layout.addLayout(trust)
        layout.addSpacing(4)
        self.export = QPushButton(self.tr("Export voice…"))
        self.export.setProperty("primary", True)
        self.export.setMinimumHeight(36)
        self.export.clicked.connect(self.export_wanted)
        layout.addWidget(self.export)
        for signal in (
            document.picked_changed,
            document.mode_changed,
            document.voice_changed,
            document.voices_forgotten,
            document.source_changed,
            document.faces_changed,
            document.open_state_changed,
            look.changed,
        ):
            signal.connect(self.refresh)
        self.refresh()

    def set_position(self, at_s: float) -> None:
        """The playhead moved: another second may be trusted differently."""
        before, self._position_s = self._position_s, at_s
        if int(before * 4) != int(at_s * 4):
            self.refresh()

    def set_compare_hint(self, words: str) -> None:
        """How to compare, with the keys."""
        self._compare_hint = words
        self.refresh()

    def refresh(self, *_: object) -> None:
        """Show what the document says now."""
        document = self._document
        picked = document.picked
        for mode, button in self.modes.items():
            button.setChecked(mode is document.mode)
            button.setMinimumWidth(_strong_width(button) + 2 * SEGMENT_ROOM_PX)
            button.setEnabled(mode is ListenMode.ORIGINAL or picked is not None)
        usable = picked is not None and document.source is not None
        self.mix_back.setEnabled(usable and document.mode is ListenMode.VOICE)
        self._set_quietly(self.mix_back, round(document.mix_back * 100))
        self._percent.setText(f"{round(document.mix_back * 100)} %")
        self.true_levels.setEnabled(usable)
        self.true_levels.blockSignals(True)
        self.true_levels.setChecked(document.true_levels)
        self.true_levels.blockSignals(False)
        self.export.setEnabled(usable)
        self._look.lead(self.export, "export", primary=True)
        words = self.tr("Export…") if picked is None else self.tr("Export {0}…").format(cut(document.name(picked), 16))
        self.export.setText(words.replace("……", "…"))
        self._state.setText(self._state_text())
        self._show_trust()

    def _build_modes(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(0)
        self.modes: dict[ListenMode, QPushButton] = {}
        choices = (
            (ListenMode.ORIGINAL, self.tr("Original"), "first"),
            (ListenMode.VOICE, self.tr("Voice"), "middle"),
            (ListenMode.REST, self.tr("Everyone else"), "last"),
        )
        for mode, text, place in choices:
            button = QPushButton(text)
            button.setCheckable(True)
            button.setProperty("segment", True)
            button.setProperty("place", place)
            button.setAccessibleName(self.tr("Listen to: {0}").format(text))
            button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            button.clicked.connect(lambda _checked=False, wanted=mode: self._on_mode(wanted))
            self.modes[mode] = button
            row.addWidget(button)
        return row

    def _on_mode(self, wanted: ListenMode) -> None:
        self._document.set_mode(wanted)
        self.refresh()  # a click on the mode that holds must not uncheck it

    def _state_text(self) -> str:
        document = self._document
        picked = document.picked
        if document.open_state.value == "open" and document.source is None:
            has_sound = document.media is not None and bool(document.media.audio)
            return self.tr("Reading the sound…") if has_sound else self.tr("There is no sound in this file.")
        if document.muted:
            return self.tr("Muted: nothing is heard.")
        if document.faces_state in (FacesState.NOBODY, FacesState.FAILED):
            return self.tr("Only the original can be heard.")
        if picked is None:
            return self.tr("Pick a person to hear the voice alone.")
        name = document.name(picked)
        if document.mode is ListenMode.ORIGINAL:
            return self.tr("You hear the original.") + (f" {self._compare_hint}." if self._compare_hint else "")
        if not contains(document.voice(picked).ready, self._position_s):
            return self.tr("Not computed here yet: you hear the original, softly.")
        if document.mode is ListenMode.VOICE:
            return self.tr("You hear {0} alone.").format(name)
        return self.tr("You hear everyone except {0}.").format(name)

    def _show_trust(self) -> None:
        document = self._document
        value: float | None = None
        if document.picked is not None:
            spans = document.voice(document.picked).spans
            value = next((span.value for span in spans if span.start_s <= self._position_s < span.end_s), None)
        tone: Tone = "muted"
        if value is not None and value > 0:
            tone = "good" if value >= GOOD_AGREEMENT else "" if value >= FAIR_AGREEMENT else "warning"
        self._trust.setText(agreement(value))
        self._dot.setText("●" if value is not None and value > 0 else "○")
        for label in (self._trust, self._dot):
            set_tone(label, tone)

    def _set_quietly(self, slider: QSlider, value: int) -> None:
        slider.blockSignals(True)
        slider.setValue(value)
        slider.blockSignals(False)


def _strong_width(button: QPushButton) -> int:
    """Room that the words need when they are chosen, which makes them bold."""
    font = QFont(button.font())
    font.setWeight(QFont.Weight.DemiBold)
    return QFontMetrics(font).horizontalAdvance(button.text())
