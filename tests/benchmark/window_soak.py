"""An hour of use by a restless hand: memory, objects and threads of the window, minute by minute.

xvfb-run -a -s "-screen 0 1600x1000x24" python -m tests.benchmark.window_soak MINUTES VIDEO [VIDEO ...]

Every few seconds something is done that users do, drawn from a seed: another video, another person, play, scrub, zoom,
A/B, correct and undo, another theme, a dialog. Printed per minute: memory of window and workers in MB, widgets and
threads; at the end how much the second half of the time added.
"""

from __future__ import annotations

import gc
import os
import random
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.benchmark.window_walk import memory_mb

PAUSE_S = (0.3, 3.0)
OPEN_S = 240.0


def main() -> int:
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication

    from tests.helpers.driving import make_window, pause, wait

    minutes, videos = float(sys.argv[1]), [Path(name).absolute() for name in sys.argv[2:]]
    _qapp, window = make_window(Path(tempfile.mkdtemp()))
    rng = random.Random(20)
    document, player, actions = window.document, window.player, window.actions_by_id

    def open_one() -> None:
        window.open_file(rng.choice(videos))
        wait(lambda: document.open_state.value == "failed" or bool(document.people), OPEN_S)

    def pick() -> None:
        if document.people:
            window._on_pick(rng.choice(document.people).id)

    def zoom() -> None:
        window.workspace.timeline.zoom(rng.choice((0.3, 0.7, 1.5, 4.0)), rng.uniform(0, document.duration_s))

    def scrub() -> None:
        for _ in range(20):
            player.scrub(rng.uniform(0, document.duration_s))
            pause(0.03)
        player.end_scrub()

    def correct() -> None:
        if document.people:
            who = rng.choice(document.people).id
            desk = window.people_desk.corrections
            rng.choice((lambda: desk.split(who, rng.uniform(0, document.duration_s)), lambda: desk.hide(who)))()
            pause(1.0)
            document.undo_stack.undo()

    def dialog() -> None:
        name = rng.choice(("export", "keys", "about"))
        if actions[name].isEnabled():
            QTimer.singleShot(700, lambda: (shown := QApplication.activeModalWidget()) is not None and shown.close())
            actions[name].trigger()

    def preferences() -> None:
        name = rng.choice(("preferences", "models", "batch"))
        actions[name].trigger()
        pause(0.7)
        for widget in QApplication.topLevelWidgets():
            if widget is not window and widget.isVisible():
                widget.close()

    def theme() -> None:
        actions[rng.choice(("dark", "light", "contrast"))].trigger()

    usual: list[Callable[[], Any]] = [
        *[pick] * 4,
        *[player.toggle] * 4,
        *[zoom] * 3,
        *[scrub] * 2,
        *[lambda: actions["compare"].trigger()] * 3,
        lambda: player.seek(rng.uniform(0, document.duration_s)),
        lambda: document.set_range((document.duration_s / 3, document.duration_s / 2)),
        lambda: document.set_range(None),
        correct,
        dialog,
        preferences,
        theme,
        lambda: window.workspace.timeline.fit(),
    ]
    began, next_open, next_note = time.monotonic(), 0.0, 0.0
    notes: list[float] = []
    done = 0
    while (passed := time.monotonic() - began) < 60 * minutes:
        if passed >= next_open:
            next_open = passed + rng.uniform(60, 120)
            open_one()
        else:
            rng.choice(usual)()
        done += 1
        if passed >= next_note:
            next_note = passed + 60
            gc.collect()
            workers = {name: round(memory_mb(pid)) for name, pid in window._runner.pids().items() if pid}
            notes.append(memory_mb(os.getpid()))
            print(
                f"{passed / 60:5.1f} min  window {notes[-1]:5.0f} MB  {workers}  "
                f"{len(QApplication.allWidgets())} widgets  {threading.active_count()} threads  {done} actions",
                flush=True,
            )
        pause(rng.uniform(*PAUSE_S))
    half = len(notes) // 2
    print(f"{done} actions; memory of the window at half time {notes[half]:.0f} MB, at the end {notes[-1]:.0f} MB")
    window.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
