"""Where the desktop's files go, below a folder like /usr or ~/.local: menu, icons, file type, software centre."""

from __future__ import annotations

from pathlib import Path

ID = "io.github.avsep.AVSep"
ROOT = Path(__file__).resolve().parents[2]
SIZES = (16, 24, 32, 48, 64, 128, 256)


def files() -> dict[str, Path]:
    """What is to be copied, by its place below the folder."""
    here, icons = Path(__file__).parent, ROOT / "resources" / "icons"
    return {
        f"share/applications/{ID}.desktop": here / f"{ID}.desktop",
        f"share/metainfo/{ID}.metainfo.xml": here / f"{ID}.metainfo.xml",
        f"share/mime/packages/{ID}.xml": here / f"{ID}.mime.xml",
        f"share/icons/hicolor/scalable/apps/{ID}.svg": icons / "avsep.svg",
        **{f"share/icons/hicolor/{size}x{size}/apps/{ID}.png": icons / f"avsep-{size}.png" for size in SIZES},
    }
