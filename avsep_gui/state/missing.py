"""Missing: a project waits for its video, which is not where the project says."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QCoreApplication

from avsep_gui.state.project import Project
from engine.errors import InputError


@dataclass(frozen=True)
class Missing:
    """The video of a project is not where the project says.

    Attributes:
        project: what waits for it.
        path: the project file, None for one that was never saved.
        found: another file that the user chose, which has other contents.
    """

    project: Project
    path: Path | None
    found: Path | None = None

    @property
    def said_path(self) -> Path:
        """Where the project says that its video is."""
        return self.project.video_path(self.path.parent if self.path is not None else Path("/"))

    def error(self) -> InputError:
        """What is wrong, and what to do about it."""
        where, project = self.said_path, self.project
        if self.found is not None:
            return InputError(
                _tr("“{0}” is not the video that this project was made with.").format(self.found.name),
                _tr("It holds something else: times and people may not fit."),
            )
        if _exists(where):
            return InputError(
                _tr("What this project calls its video, {0}, is a folder or a device.").format(where),
                _tr("Find the video, or open another one."),
            )
        place = where.parent if where.name == project.video_name else project.video
        return InputError(
            _tr("The video {0} is missing.").format(project.video_name),
            _tr("It is not at {0} any more: it was moved, renamed or deleted. Find it to go on where you were.").format(
                place
            ),
        )


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a name that no disk takes
        return False


def _tr(words: str) -> str:
    return QCoreApplication.translate("Missing", words)
