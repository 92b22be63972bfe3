"""Typed access to what is remembered between runs."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QByteArray, QSettings

MOST_RECENT = 8


class Settings:
    """Remembered choices. Every value has a default and is checked when read; nothing else touches QSettings."""

    def __init__(self) -> None:
        self._store = QSettings(QSettings.defaultFormat(), QSettings.Scope.UserScope, "avsep", "avsep")

    @property
    def theme(self) -> str:
        """ "dark" or "light"."""
        value = str(self._store.value("look/theme", "dark"))
        return value if value in ("dark", "light") else "dark"

    @theme.setter
    def theme(self, name: str) -> None:
        self._store.setValue("look/theme", name)

    @property
    def true_levels(self) -> bool:
        """Whether voice and rest play at their own level instead of the original's."""
        return str(self._store.value("listen/true_levels", "false")).lower() == "true"

    @true_levels.setter
    def true_levels(self, on: bool) -> None:
        self._store.setValue("listen/true_levels", on)

    @property
    def recent(self) -> list[Path]:
        """Videos opened before, latest first; those that are gone are left out."""
        value = self._store.value("files/recent", [])
        names = [value] if isinstance(value, str) else value if isinstance(value, list) else []
        return [Path(name) for name in names if name and Path(name).is_file()][:MOST_RECENT]

    def add_recent(self, path: Path) -> None:
        """Put a video at the top of the list."""
        others = [str(known) for known in self.recent if known != path]
        self._store.setValue("files/recent", [str(path), *others][:MOST_RECENT])

    @property
    def export_folder(self) -> Path | None:
        """Where the last export went, if it is still there."""
        value = str(self._store.value("files/export_folder", ""))
        return Path(value) if value and Path(value).is_dir() else None

    @export_folder.setter
    def export_folder(self, folder: Path) -> None:
        self._store.setValue("files/export_folder", str(folder))

    def layout(self, name: str) -> QByteArray | None:
        """A saved geometry or splitter state."""
        value = self._store.value(f"layout/{name}")
        return value if isinstance(value, QByteArray) else None

    def set_layout(self, name: str, state: QByteArray) -> None:
        """Keep a geometry or splitter state."""
        self._store.setValue(f"layout/{name}", state)
