"""SpectrogramMenu: scale and colours of the spectrograms, for the menu bar and the lanes."""

from __future__ import annotations

from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu, QWidget

from avsep_gui.state.frequency import Scale
from avsep_gui.state.spectrogram_choice import ColourMap, SpectrogramChoice


class SpectrogramMenu(QMenu):
    """Two groups of choices, each with a mark at the one in use."""

    def __init__(self, choice: SpectrogramChoice, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTitle(self.tr("&Spectrograms"))
        self._choice = choice
        scales: tuple[tuple[Scale, str], ...] = (
            ("mel", self.tr("&Mel scale, as one hears")),
            ("log", self.tr("&Logarithmic scale, by octaves")),
            ("linear", self.tr("L&inear scale")),
        )
        colours: tuple[tuple[ColourMap, str], ...] = (
            ("magma", self.tr("Colours: M&agma")),
            ("viridis", self.tr("Colours: &Viridis")),
            ("grey", self.tr("Colours: &Grey")),
        )
        self._scales, self._colours = QActionGroup(self), QActionGroup(self)
        for scale, text in scales:
            action = self._add(self._scales, scale, text)
            action.triggered.connect(lambda _checked=False, wanted=scale: choice.choose(scale=wanted))
        self.addSeparator()
        for name, text in colours:
            action = self._add(self._colours, name, text)
            action.triggered.connect(lambda _checked=False, wanted=name: choice.choose(colours=wanted))
        choice.changed.connect(self._mark)
        self._mark()

    def _add(self, group: QActionGroup, name: str, text: str) -> QAction:
        action = self.addAction(text)
        action.setData(name)
        action.setCheckable(True)
        group.addAction(action)
        return action

    def _mark(self) -> None:
        for group, name in ((self._scales, self._choice.scale), (self._colours, self._choice.colours)):
            for action in group.actions():
                action.setChecked(action.data() == name)
