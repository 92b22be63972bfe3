"""The whole way through the real window by mouse and keys, with a real sound server, pictures and measurements.

xvfb-run -a -s "-screen 0 3200x2000x24" python -m tests.benchmark.window_walk CLIP OUT [--theme dark] [--scale 1]

Open, pick, preview, A/B, solo, correct who is who and undo it, export, kill the worker, end the window by force, start
again and recover. The sound goes to a null sink, which is recorded. Printed are: click to picked, to audible preview,
the longest stall of the window's thread per step and what ran in it, how far picture and sound are apart, the gap of a
change between original and voice, memory, and the processor time of a window that rests. Pictures go to OUT.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.helpers.null_sink import RATE, Recorder, null_sink

BLOCK = RATE // 5
IDLE_S = 20.0
HAND_S = 0.1
HOME = "AVSEP_WALK_HOME"  # what both phases keep


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clip", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--theme", default="dark", choices=("dark", "light", "contrast"))
    parser.add_argument("--scale", default="1")
    parser.add_argument("--model", default="default")
    parser.add_argument("--phase", default="", choices=("", "walk", "recover"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    if given.phase:
        return Walk(given).run()
    with tempfile.TemporaryDirectory() as home, null_sink(Path(home) / "pulse") as environment:
        environment = dict(environment or os.environ)
        environment |= {"QT_SCALE_FACTOR": given.scale, HOME: home, "AVSEP_CACHE_DIR": str(Path(home) / "cache")}
        for phase, ends_with in (("walk", -signal.SIGKILL), ("recover", 0)):
            command = [sys.executable, "-m", "tests.benchmark.window_walk", *sys.argv[1:], "--phase", phase]
            code = subprocess.run(command, env=environment, check=False).returncode
            if code != ends_with:
                print(f"the {phase} ended with {code}, not with {ends_with}")
                return 1
    return 0


class Walk:
    """One run of the window; what it finds goes to the screen and to OUT/walk.json."""

    def __init__(self, given: argparse.Namespace) -> None:
        from tests.helpers.driving import Stalls, make_window

        self.given = given
        self.qapp, self.window = make_window(Path(os.environ[HOME]))
        self.window.client.use_model(given.model)
        self.window.preferences.use_theme(given.theme)
        self.stalls = Stalls()
        self.facts: dict[str, Any] = {}
        self.worst: dict[str, float] = {}
        self.own = 0.0
        self.culprits: list[tuple[float, float, float, str]] = []

    def run(self) -> int:
        """Go the way of the phase."""
        (self.walk if self.given.phase == "walk" else self.recover)()
        return 0

    def walk(self) -> None:
        """Everything up to the forced end."""
        self.open()
        self.pick()
        self.listen()
        self.correct()
        self.export()
        self.lose_worker()
        self.rest()
        self.tell()
        self.end_by_force()

    def open(self) -> None:
        """The start page, the video, its people."""
        from tests.helpers.driving import pause, wait

        window, document = self.window, self.window.document
        wait(lambda: bool(window.shelf.rows))
        self.step("start")
        window.open_file(self.given.clip.absolute())
        wait(lambda: document.open_state.value == "open")
        pause(0.3)
        self.step("opening")
        took = wait(lambda: bool(document.people) and document.source is not None and not window._runner.jobs())
        window.player.seek(min(3.0, document.duration_s / 2))
        pause(0.5)
        self.step("people", f"{len(document.people)} people, {took:.1f} s after opening")

    def pick(self) -> None:
        """Click a face; the preview plays by itself."""
        from PySide6.QtCore import Qt
        from PySide6.QtTest import QTest

        from avsep_gui.views.face_overlay import FaceButton
        from tests.helpers.driving import wait

        window, document = self.window, self.window.document
        buttons = {b.person_id: b for b in window.findChildren(FaceButton) if b.isVisible()}
        self.who = min(buttons)
        recorder = self.recorder()
        clicked = time.perf_counter()
        face = buttons[self.who]
        QTest.mouseClick(face, Qt.MouseButton.LeftButton, pos=face.face_centre())
        picked_ms = 1000 * wait(lambda: document.picked == self.who)
        wait(lambda: window.player.playing)
        self.step("preview")
        heard, arrived = recorder.stop()
        loud = np.flatnonzero(np.abs(heard).max(1) > 1e-3)
        audible_s = float(arrived[loud[0]] - clicked) if len(loud) else float("nan")
        self.fact("click to picked, ms", picked_ms)
        self.fact("click to audible preview, s", audible_s)

    def listen(self) -> None:
        """A/B while it plays, picture and sound, solo, mute."""
        from PySide6.QtCore import Qt

        from avsep_gui.state.intervals import covers
        from tests.helpers.driving import pause, wait

        window, document, player = self.window, self.window.document, self.window.player
        wait(lambda: covers(document.voice(self.who).ready, 0.0, document.duration_s - 0.05))
        wait(lambda: not window._runner.jobs())
        player.pause()
        self.step("voice")
        document.set_listening(mix_back=0.2)
        player.seek(0.0)
        apart: list[float] = []
        clock: list[tuple[float, float]] = []

        def on_frame(_image: object, at_s: float) -> None:
            end_s = max(player.picture.frame_end_s, at_s + 0.02)
            now = player.position_s
            apart.append(0.0 if at_s <= now <= end_s else min(abs(now - at_s), abs(now - end_s)))

        recorder = self.recorder()
        player.position_changed.connect(lambda at_s: clock.append((time.perf_counter(), at_s)))
        self.key(Qt.Key.Key_Space)
        pause(1.0)
        player.picture.frame_changed.connect(on_frame)
        begun = time.perf_counter()
        until = min(document.duration_s - 1.0, 9.0)
        while player.position_s < until:
            self.key(Qt.Key.Key_A)
            pause(0.45)
        player.picture.frame_changed.disconnect(on_frame)
        self.step("playing")
        self.key(Qt.Key.Key_Space)
        heard, arrived = recorder.stop()
        shown_s = clock[-1][0] - begun
        self.fact("pictures shown per second", len(apart) / shown_s)
        self.fact("pictures per second of the film", document.media.video.avg_fps)
        self.fact("picture and sound apart, ms (95 of 100 frames)", 1000 * float(np.percentile(apart, 95)))
        self.fact("picture and sound apart, ms (worst)", 1000 * max(apart))
        self.heard = (heard, arrived, document.source, clock)
        self.stalls.take()  # that was our own work
        self.stalls.culprits.clear()
        document.set_listening(mix_back=0.0)
        self.key(Qt.Key.Key_S)
        self.key(Qt.Key.Key_M)
        pause(0.3)
        self.step("muted")
        self.key(Qt.Key.Key_M)
        for _ in range(6):
            self.key(Qt.Key.Key_Plus)
            pause(0.1)
        self.step("zoomed")
        self.key(Qt.Key.Key_0, Qt.KeyboardModifier.ControlModifier)

    def correct(self) -> None:
        """Split, merge again, hide, undo: who is who."""
        from PySide6.QtCore import Qt

        from tests.helpers.driving import pause, wait

        window, document = self.window, self.window.document
        window.player.seek(document.duration_s / 2)
        before = [person.id for person in document.people]
        self.key(Qt.Key.Key_C)
        wait(window.people_desk.menu.isVisible)
        pause(0.3)
        self.step("correct_menu")
        self.choose("From here on it is")
        wait(lambda: len(document.people) == len(before) + 1)
        new = max(person.id for person in document.people)
        pause(0.8)
        self.step("somebody_new")
        window.people_desk.fill(window.people_desk.menu, new)
        self.choose(f"{document.name(new)} is the same person as", document.name(self.who))
        wait(lambda: [person.id for person in document.people] == before)
        undo = window.actions_by_id["undo"].shortcut()[0]
        for left in (len(before) + 1, len(before)):
            self.key(undo.key(), undo.keyboardModifiers())
            wait(lambda left=left: len(document.people) == left)
        if len(before) > 1:
            window.people_desk.fill(window.people_desk.menu, before[-1])
            self.choose("Hide")
            wait(lambda: len(document.people) == len(before) - 1)
            pause(0.3)
            self.step("hidden")
            self.key(undo.key(), undo.keyboardModifiers())
        window.notices.clear()

    def export(self) -> None:
        """By the dialog, with its report."""
        from PySide6.QtCore import QTimer
        from PySide6.QtWidgets import QApplication

        from tests.helpers.driving import wait

        window = self.window
        target = self.given.out / "voice.wav"
        target.unlink(missing_ok=True)

        def in_dialog() -> None:
            dialog = QApplication.activeModalWidget()
            dialog._folder = self.given.out.absolute()
            dialog.file_name.setText(target.name)
            dialog._check()
            self.grab("export_dialog", dialog)
            dialog.start.click()

        QTimer.singleShot(600, in_dialog)
        window.actions_by_id["export"].trigger()
        took = wait(lambda: target.exists() and not window._runner.jobs())

        def in_report() -> None:
            dialog = QApplication.activeModalWidget()
            self.grab("report_dialog", dialog)
            dialog.close()

        notice = next(n for n in window.notices.shown() if n.button is not None)
        self.step("exported", f"{target.stat().st_size / 1e6:.1f} MB after {took:.1f} s")
        QTimer.singleShot(600, in_report)
        notice.button.click()
        window.notices.clear()

    def lose_worker(self) -> None:
        """The worker dies in the middle of a job; the next click works."""
        from tests.helpers.driving import pause, wait

        window, document = self.window, self.window.document
        other = next((p.id for p in document.people if p.id != self.who), self.who)
        window._on_pick(other)
        wait(lambda: any(job.worker == "heavy" and job.state.value == "running" for job in window._runner.jobs()))
        pause(0.5)
        os.kill(window._runner.pids()["heavy"], signal.SIGKILL)
        wait(lambda: any("stopped unexpectedly" in notice.text for notice in window.notices.shown()))
        pause(0.3)
        self.step("worker_lost")
        window.notices.clear()
        window._on_pick(self.who)
        pause(HAND_S)
        window._on_pick(other)
        took = wait(lambda: bool(document.voice(other).ready))
        self.step("worker_back", f"heard {took:.1f} s after the next click")
        window.player.pause()
        wait(lambda: not window._runner.jobs())

    def rest(self) -> None:
        """What a window that does nothing takes."""
        from tests.helpers.driving import pause

        pause(2.0)
        self.stalls.stop()  # whose own timer would be measured
        pids = {"window": os.getpid()} | {name: pid for name, pid in self.window._runner.pids().items() if pid}
        before = {name: used_s(pid) for name, pid in pids.items()}
        pause(IDLE_S)
        for name, pid in pids.items():
            self.fact(f"processor of the resting {name}, per cent", 100 * (used_s(pid) - before[name]) / IDLE_S)
            self.fact(f"memory of the {name}, MB", memory_mb(pid))

    def tell(self) -> None:
        """Look at what was heard, which would stall the window that is watched; write everything down."""
        heard, arrived, source, clock = self.heard
        for name, value in listening(heard, arrived, source.open(), source.sample_rate_hz, clock):
            self.fact(name, value)
        self.fact("longest stall, ms", max(self.worst.values()))
        self.fact("longest stretch of computing, ms", self.own)
        print(json.dumps(self.facts, indent=2))
        for gap_ms, own_ms, waited_ms, culprit in sorted(self.culprits, reverse=True)[:16]:
            print(
                f"  {gap_ms:4.0f} ms, {own_ms:3.0f} of them computing, {waited_ms:3.0f} without a processor: {culprit}"
            )
        found = {"facts": self.facts, "stalls_ms": self.worst}
        (self.given.out / "walk.json").write_text(json.dumps(found, indent=2), encoding="utf-8")

    def end_by_force(self) -> None:
        """No time to save anything."""
        from avsep_gui.projects import CHANGE_MS
        from tests.helpers.driving import pause

        self.window.document.rename(self.who, "Anna")
        pause(CHANGE_MS / 1000 + 1.0)
        for pid in self.window._runner.pids().values():
            if pid is not None:
                os.kill(pid, signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGKILL)

    def recover(self) -> None:
        """Start again: everything is there."""
        from tests.helpers.driving import pause, wait

        window, document = self.window, self.window.document
        wait(lambda: window.start.recovery.isVisible())
        pause(0.3)
        self.grab("recovery", window)
        window.start.recovery.restore.click()
        wait(lambda: bool(document.people) and document.source is not None and not window._runner.jobs())
        assert any(document.name(person.id) == "Anna" for person in document.people)
        assert document.picked is not None
        pause(0.5)
        self.grab("recovered", window)
        self.stalls.stop()
        window.close()
        print("recovered: the name and the pick are there")

    def key(self, key: Any, modifiers: Any = None) -> None:
        """Press a key in the window, which must have the keyboard for that; a hand takes a moment after it."""
        from PySide6.QtCore import Qt
        from PySide6.QtTest import QTest

        from tests.helpers.driving import pause, wait

        if not self.window.isActiveWindow():
            self.window.activateWindow()
            wait(self.window.isActiveWindow, 10.0)
        QTest.keyClick(self.window, key, Qt.KeyboardModifier.NoModifier if modifiers is None else modifiers)
        pause(HAND_S)

    def choose(self, *words: str) -> None:
        """Take an entry of the person menu by how its words begin."""
        from tests.helpers.driving import pause

        menu = self.window.people_desk.menu
        for number, word in enumerate(words):
            action = next(a for a in menu.actions() if a.text().replace("&", "").startswith(word))
            if number < len(words) - 1:
                menu = action.menu()
            else:
                action.trigger()
        self.window.people_desk.menu.close()
        pause(HAND_S)

    def step(self, name: str, note: str = "") -> None:
        """Say how long the window stood still until here, and take a picture."""
        from tests.helpers.driving import pause

        self.worst[name], own = self.stalls.take()
        print(f"{name:14s} longest stall {self.worst[name]:4.0f} ms, {own:3.0f} of them computing   {note}", flush=True)
        self.own = max(self.own, own)
        self.culprits += [(*figures, f"{name}: {where}") for *figures, where in self.stalls.culprits]
        pause(0.2)
        self.grab(name, self.window)
        pause(0.1)
        self.stalls.take()
        self.stalls.culprits.clear()

    def grab(self, name: str, widget: Any) -> None:
        """A picture of a window and of what lies over it."""
        screen = widget.screen().grabWindow(0)
        inside = widget.frameGeometry()
        ratio = screen.devicePixelRatio()
        shown = screen.copy(*(round(v * ratio) for v in (inside.x(), inside.y(), inside.width(), inside.height())))
        shown.save(str(self.given.out / f"{name}.png"))

    def fact(self, name: str, value: float) -> None:
        """Keep a figure."""
        self.facts[name] = round(value, 2)

    def recorder(self) -> Recorder:
        """Record what is played from now on."""
        return Recorder(dict(os.environ))


def listening(
    heard: NDArray[np.float32],
    arrived: NDArray[np.float64],
    source: NDArray[np.float32],
    rate: int,
    clock: list[tuple[float, float]],
) -> list[tuple[str, float]]:
    """Longest silence, largest jump in time between blocks, and how late what is heard is against the clock."""
    from scipy.signal import fftconvolve, resample_poly

    loud = np.flatnonzero(np.abs(heard).max(1) > 1e-4)
    if not len(loud):
        return [("gap of A/B, ms", float("nan"))]
    sound, when = heard[loud[0] : loud[-1]].mean(1), arrived[loud[0] : loud[-1]]
    original = resample_poly(np.asarray(source).mean(1), RATE, rate)
    found = []  # of each block: where it starts, and how alike the original is from every sample on
    for start in range(0, len(sound) - BLOCK, BLOCK):
        block = sound[start : start + BLOCK]
        energy = np.convolve(original**2, np.ones(BLOCK), "valid").clip(1e-9) * (block**2).sum().clip(1e-9)
        found.append((start, np.abs(fftconvolve(original, block[::-1], "valid")) / np.sqrt(energy)))
    found = [(start, alike) for start, alike in found if alike.max() > 0.8]
    place = int(np.median([start - int(alike.argmax()) for start, alike in found])) if found else 0
    times, positions = (np.asarray(values) for values in zip(*clock, strict=True))
    lags, late = [], []
    for start, alike in found:
        best = int(alike.argmax())
        usual = start - place
        if 0 <= usual < len(alike) and alike[usual] > 0.97 * alike[best]:
            best = usual  # speech is like itself a few periods of the voice further on
        lags.append(start - best)
        late.append(1000 * (np.interp(when[start], times, positions) - best / RATE))
    steps = np.abs(np.diff(lags))
    there = original[max(0, -place) :][: len(sound)]
    missing = (np.abs(sound[: len(there)]) < 1e-5) & (np.abs(there) > 1e-3)
    gaps = np.diff(np.flatnonzero(np.diff(np.concatenate([[0], missing.astype(int), [0]]))))[::2]
    return [
        ("gap of A/B, ms", 1000 * float(gaps.max(initial=0)) / RATE),
        ("jump of A/B, ms (largest change of place between blocks)", 1000 * float(steps.max(initial=0)) / RATE),
        (
            "sound behind its clock, ms (with the recorder's own delay)",
            float(np.median(late)) if late else float("nan"),
        ),
        ("blocks compared", float(len(found))),
    ]


def used_s(pid: int) -> float:
    """Processor time of a process, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_mb(pid: int) -> float:
    """Memory that a process has for itself and shares, in MB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return float("nan")


if __name__ == "__main__":
    sys.exit(main())
