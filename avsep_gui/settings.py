"""Typed access to what is remembered between runs."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

from PySide6.QtCore import QByteArray, QSettings

from avsep_gui.state.frequency import SCALES, Scale
from avsep_gui.state.project import is_plain_file
from avsep_gui.state.spectrogram_choice import COLOUR_MAPS, ColourMap
from avsep_gui.theme import SYSTEM, THEMES

MOST_RECENT = 8
TEXT_SCALES = (1.0, 1.2, 1.4)
_CUDA = re.compile(r"cuda:\d+")


class Settings:
    """Remembered choices. Every value has a default and is checked when read; nothing else touches QSettings."""

    def __init__(self) -> None:
        self._store = QSettings(QSettings.defaultFormat(), QSettings.Scope.UserScope, "avsep", "avsep")

    @property
    def theme(self) -> str:
        """Name of a theme, or "system"."""
        value = str(self._store.value("look/theme", "dark"))
        return value if value in (*THEMES, SYSTEM) else "dark"

    @theme.setter
    def theme(self, name: str) -> None:
        self._store.setValue("look/theme", name)

    @property
    def text_scale(self) -> float:
        """The user's factor on the size of text, one of `TEXT_SCALES`."""
        value = str(self._store.value("look/text_scale", "1.0"))
        return next((scale for scale in TEXT_SCALES if value == str(scale)), 1.0)

    @text_scale.setter
    def text_scale(self, scale: float) -> None:
        self._store.setValue("look/text_scale", str(scale))

    @property
    def reduce_motion(self) -> bool:
        """Whether nothing is to move of itself but the film."""
        return str(self._store.value("look/reduce_motion", "false")).lower() == "true"

    @reduce_motion.setter
    def reduce_motion(self, on: bool) -> None:
        self._store.setValue("look/reduce_motion", on)

    @property
    def spectrogram_scale(self) -> Scale:
        """How spectrograms space frequencies, one of `SCALES`."""
        value = str(self._store.value("look/spectrogram_scale", SCALES[0]))
        return next((scale for scale in SCALES if value == scale), SCALES[0])

    @spectrogram_scale.setter
    def spectrogram_scale(self, scale: Scale) -> None:
        self._store.setValue("look/spectrogram_scale", scale)

    @property
    def spectrogram_colours(self) -> ColourMap:
        """In which colours spectrograms are drawn, one of `COLOUR_MAPS`."""
        value = str(self._store.value("look/spectrogram_colours", COLOUR_MAPS[0]))
        return next((colours for colours in COLOUR_MAPS if value == colours), COLOUR_MAPS[0])

    @spectrogram_colours.setter
    def spectrogram_colours(self, colours: ColourMap) -> None:
        self._store.setValue("look/spectrogram_colours", colours)

    @property
    def language(self) -> str:
        """ "system", "en", or the code of a translation."""
        return str(self._store.value("look/language", "system"))

    @language.setter
    def language(self, code: str) -> None:
        self._store.setValue("look/language", code)

    @property
    def device(self) -> str:
        """Where voices are computed: "auto", "cpu", "cuda:0" and so on."""
        value = str(self._store.value("computing/device", "auto"))
        return value if value in ("auto", "cpu") or _CUDA.fullmatch(value) else "auto"

    @device.setter
    def device(self, name: str) -> None:
        self._store.setValue("computing/device", name)

    @property
    def keys(self) -> dict[str, tuple[str, ...]]:
        """The keys of the actions that the user gave other keys, in Qt's portable form."""
        kept: dict[str, tuple[str, ...]] = {}
        self._store.beginGroup("keys")
        for action in self._store.childKeys():
            value = self._store.value(action, [])
            names = [value] if isinstance(value, str) else value if isinstance(value, list) else []
            kept[action] = tuple(str(name) for name in names if name)
        self._store.endGroup()
        return kept

    @keys.setter
    def keys(self, changed: dict[str, tuple[str, ...]]) -> None:
        self._store.remove("keys")
        for action, names in changed.items():
            self._store.setValue(f"keys/{action}", list(names))

    @property
    def true_levels(self) -> bool:
        """Whether voice and rest play at their own level instead of the original's."""
        return str(self._store.value("listen/true_levels", "false")).lower() == "true"

    @true_levels.setter
    def true_levels(self, on: bool) -> None:
        self._store.setValue("listen/true_levels", on)

    @property
    def recent(self) -> list[Path]:
        """Videos and projects opened before, latest first; those that are gone are left out."""
        value = self._store.value("files/recent", [])
        names = [value] if isinstance(value, str) else value if isinstance(value, list) else []
        return [Path(name) for name in names if name and is_plain_file(Path(name))][:MOST_RECENT]

    def add_recent(self, path: Path) -> None:
        """Put a video or a project at the top of the list."""
        others = [str(known) for known in self.recent if known != path]
        self._store.setValue("files/recent", [str(path), *others][:MOST_RECENT])

    @property
    def export_folder(self) -> Path | None:
        """Where the last export went, if it is still there."""
        value = str(self._store.value("files/export_folder", ""))
        with contextlib.suppress(OSError, ValueError):
            return Path(value) if value and Path(value).is_dir() else None
        return None

    @export_folder.setter
    def export_folder(self, folder: Path) -> None:
        self._store.setValue("files/export_folder", str(folder))

    @property
    def export_presets(self) -> str:
        """The user's presets of the export dialog, as `export_presets.presets_to_text` writes them."""
        return str(self._store.value("export/presets", ""))

    @export_presets.setter
    def export_presets(self, text: str) -> None:
        self._store.setValue("export/presets", text)

    @property
    def export_choice(self) -> str:
        """What was exported last, as `export_presets.choice_to_text` writes it."""
        return str(self._store.value("export/choice", ""))

    @export_choice.setter
    def export_choice(self, text: str) -> None:
        self._store.setValue("export/choice", text)

    @property
    def batch_file(self) -> Path | None:
        """The queue of the batch that was not finished, if it is still there."""
        value = str(self._store.value("files/batch", ""))
        return Path(value) if value and is_plain_file(Path(value)) else None

    @batch_file.setter
    def batch_file(self, path: Path | None) -> None:
        self._store.setValue("files/batch", "" if path is None else str(path))

    def layout(self, name: str) -> QByteArray | None:
        """A saved geometry or splitter state."""
        value = self._store.value(f"layout/{name}")
        return value if isinstance(value, QByteArray) else None

    def set_layout(self, name: str, state: QByteArray) -> None:
        """Keep a geometry or splitter state."""
        self._store.setValue(f"layout/{name}", state)
