"""Takes the README's screenshots from the sample: `python tests/qt/take_screenshots.py [--model NAME] [--out FOLDER]`.

Not a test. It needs a display (or `xvfb-run -a -s "-screen 0 1600x1000x24"`) and the model; the second
picture shows that model's result, so take it with one that ships.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))
MOST_S = 600.0
AT_S = 6.2


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="default")
    parser.add_argument("--out", type=Path, default=ROOT / "resources" / "screenshots")
    arguments = parser.parse_args()
    from PySide6.QtCore import QEventLoop, QSettings, QTimer
    from PySide6.QtWidgets import QApplication

    from avsep_gui import app
    from avsep_gui.player import player
    from avsep_gui.player.output import SilentOutput
    from avsep_gui.resources import sample_video
    from avsep_gui.state.intervals import covers

    QSettings.setDefaultFormat(QSettings.Format.IniFormat)
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, tempfile.mkdtemp())
    player.open_output = lambda mixer, rate: (SilentOutput(mixer, rate), True)
    app.before_application()
    qapp = QApplication([])
    app.configure(qapp)
    window = app.make_window()
    window.client.use_model(arguments.model)
    window.resize(1184, 740)
    window.show()
    document = window.document

    def wait(condition: Callable[[], bool], settle_s: float = 1.5) -> None:
        for left in range(int(MOST_S / 0.05), 0, -1):
            if condition() and left > settle_s / 0.05:
                break
            pause(0.05)
        pause(settle_s)

    def pause(seconds: float) -> None:
        loop = QEventLoop()
        QTimer.singleShot(int(seconds * 1000), loop.quit)
        loop.exec()

    def save(name: str) -> None:
        arguments.out.mkdir(parents=True, exist_ok=True)
        path = arguments.out / name
        window.notices.clear()
        pause(0.2)
        window.grab().save(str(path))
        print(path, path.stat().st_size)

    video = sample_video()
    if video is None:
        print("the sample is missing", file=sys.stderr)
        return 1
    window.open_file(video)
    wait(lambda: bool(document.people) and document.source is not None and not window._runner.jobs())
    window.player.seek(AT_S)
    pause(0.5)
    save("people.png")
    document.rename(document.people[0].id, "Anna")
    document.rename(document.people[1].id, "Ben")
    document.pick(document.people[0].id)
    wait(lambda: covers(document.voice(document.people[0].id).ready, 0.0, document.duration_s - 0.05))
    wait(lambda: not window._runner.jobs())
    save("voice.png")
    window.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
