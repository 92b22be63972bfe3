"""What differs in the bundle between Linux, Windows and macOS."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

APPLICATION_ID = "io.github.avsep.AVSep"
_ALWAYS_LEFT_OUT = ("pyi_rth_pkgres", "pyi_rth_setuptools")  # setuptools is not there


@dataclass(frozen=True)
class System:
    """The small part of one operating system.

    Attributes:
        hooks_left_out: what PyInstaller would run at each start, and is not needed.
        icon, version_file, entitlements: files for the programs, None for none.
        app_bundle: the arguments of PyInstaller's BUNDLE (macOS), empty for none.
    """

    hooks_left_out: tuple[str, ...] = _ALWAYS_LEFT_OUT
    icon: str | None = None
    version_file: str | None = None
    entitlements: str | None = None
    app_bundle: dict[str, Any] = field(default_factory=dict)


def version(root: Path) -> str:
    """AVSep's version, as the sources have it."""
    return str(tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"])


def system(platform: str, root: Path) -> System:
    """The part of a system.

    Args:
        platform: as `sys.platform` tells it. root: of the sources.
    """
    icon = str(root / "resources" / "icons" / "avsep-256.png")  # turned into the system's own form
    if platform == "darwin":
        return System(icon=icon, entitlements=str(root / "packaging/macos/entitlements.plist"), app_bundle=_app(root))
    if platform == "win32":
        return System(icon=icon)
    # Qt finds its parts by the file qt.conf: PyInstaller's hook would load Qt for the command line too, and leave its
    # places in the environment of every program that is started from here.
    return System(hooks_left_out=(*_ALWAYS_LEFT_OUT, "pyi_rth_pyside6"))


def _app(root: Path) -> dict[str, Any]:
    kinds = [
        {
            "CFBundleTypeName": "Video",
            "CFBundleTypeRole": "Viewer",
            "LSHandlerRank": "Alternate",
            "LSItemContentTypes": ["public.movie"],
        },
        {"CFBundleTypeName": "AVSep project", "CFBundleTypeRole": "Editor", "CFBundleTypeExtensions": ["avsep"]},
    ]
    return {
        "name": "AVSep.app",
        "icon": str(root / "resources" / "icons" / "avsep-256.png"),
        "bundle_identifier": APPLICATION_ID,
        "version": version(root),
        "info_plist": {
            "CFBundleDisplayName": "AVSep",
            "CFBundleExecutable": "avsep-gui",
            "CFBundleDocumentTypes": kinds,
            "LSMinimumSystemVersion": "13.0",
            "NSHighResolutionCapable": True,
        },
    }
