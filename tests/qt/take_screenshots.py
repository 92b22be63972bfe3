"""Takes pictures of the window: two for the README, or with `--every` one of each of its states.

Not a test. It needs a display (or `xvfb-run -a -s "-screen 0 3200x2000x24"`) and the model; the README's second
picture shows that model's result, so take it with one that ships.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(Path(__file__).resolve().parent)]
README_PX = (1184, 768)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "resources" / "screenshots")
    parser.add_argument("--every", action="store_true", help="every state")
    parser.add_argument("--scene", action="append", default=[], help="the states of this scene (repeatable)")
    parser.add_argument("--theme", choices=("dark", "light", "contrast"), default="dark")
    parser.add_argument("--scale", type=float, default=1.0, help="of the whole window; 2 is 200 %%")
    parser.add_argument("--language", default="en")
    parser.add_argument("--size", type=int, nargs=2, default=(1440, 900), metavar=("W", "H"))
    arguments = parser.parse_args()
    os.environ["QT_SCALE_FACTOR"] = str(arguments.scale)
    from helpers import stage as stage_module
    from helpers.looks import SCENES
    from PySide6.QtWidgets import QApplication

    from avsep_gui import app
    from avsep_gui.resources import sample_video

    if sample_video() is None:
        print("the sample is missing", file=sys.stderr)
        return 1
    app.before_application()
    stage = stage_module.Stage(
        QApplication([]), arguments.out, theme=arguments.theme, language=arguments.language, size=tuple(arguments.size)
    )
    if arguments.every or arguments.scene:
        for name in arguments.scene or SCENES:
            SCENES[name](stage)
    else:
        readme(stage)
        for name in ("people", "voice"):
            shrink(arguments.out / f"{name}.png")
    stage.strike()
    return 0


def readme(stage) -> None:
    """The two pictures of the README: the people who were found, and a voice."""
    from helpers.looks import AT_S, REAL

    from avsep_gui.resources import sample_video

    stage.prepare()
    window = stage.raise_curtain(REAL)
    window.resize(*README_PX)
    stage.open(sample_video())
    stage.rest()
    window.player.seek(AT_S)
    stage.take("people", 1.0)
    window.document.rename(1, "Anna")
    window.document.rename(2, "Ben")
    stage.compute(1)
    window.player.pause()
    window.player.seek(AT_S)
    window.notices.clear()
    stage.take("voice", 1.0)


def shrink(path: Path) -> None:
    """Leave six bits of each colour, which nobody sees and which saves a third."""
    from PySide6.QtGui import QImage

    QImage(str(path)).convertToFormat(QImage.Format.Format_RGB666).save(str(path), "PNG", 0)


if __name__ == "__main__":
    sys.exit(main())
