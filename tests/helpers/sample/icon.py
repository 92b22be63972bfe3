"""Renders resources/icons/avsep.svg as PNG files: `python -m tests.helpers.sample.icon` in the repository root."""

from __future__ import annotations

import sys
from pathlib import Path

from PySide6.QtGui import QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

FOLDER = Path(__file__).resolve().parents[3] / "resources" / "icons"
SIZES_PX = (16, 24, 32, 48, 64, 128, 256)


def render(size_px: int) -> QImage:
    """The icon on transparent ground."""
    drawing = QSvgRenderer(str(FOLDER / "avsep.svg"))
    image = QImage(size_px, size_px, QImage.Format.Format_ARGB32)
    image.fill(0)
    painter = QPainter(image)
    drawing.render(painter)
    painter.end()
    return image


def main() -> int:
    """Write one file per size."""
    for size in SIZES_PX:
        if not render(size).save(str(FOLDER / f"avsep-{size}.png")):
            raise RuntimeError(f"avsep-{size}.png cannot be written to {FOLDER}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
