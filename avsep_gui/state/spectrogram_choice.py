"""SpectrogramChoice: how spectrograms are drawn, as the user chose: the scale of frequencies and the colours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import QObject, Signal

from avsep_gui.state.frequency import Scale

if TYPE_CHECKING:
    from avsep_gui.settings import Settings

ColourMap = Literal["magma", "viridis", "grey"]

COLOUR_MAPS: tuple[ColourMap, ...] = ("magma", "viridis", "grey")


class SpectrogramChoice(QObject):
    """The choice of the user, which holds for all spectrograms of the window.

    Signals:
        changed(): another scale or other colours.
    """

    changed = Signal()

    def __init__(self, settings: Settings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self._scale = settings.spectrogram_scale
        self._colours = settings.spectrogram_colours

    @property
    def scale(self) -> Scale:
        """How frequencies are spaced."""
        return self._scale

    @property
    def colours(self) -> ColourMap:
        """Which colours stand for levels."""
        return self._colours

    def choose(self, *, scale: Scale | None = None, colours: ColourMap | None = None) -> None:
        """Draw all spectrograms like this, in later runs as well; what is None stays."""
        before = (self._scale, self._colours)
        self._scale, self._colours = scale or self._scale, colours or self._colours
        if (self._scale, self._colours) != before:
            self._settings.spectrogram_scale, self._settings.spectrogram_colours = self._scale, self._colours
            self.changed.emit()
