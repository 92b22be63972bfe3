"""The time line over a long sound: how soon a view is full, how long drawing holds the window up, how much memory.

    python -m tests.benchmark.timeline [--hours 2] [--folder FOLDER] [--seconds 30]

Writes a synthetic sound (48 kHz stereo, bursts of noise with a tone) where there is none, and shows it in the real time
line with the real worker process, offscreen. Printed, in milliseconds: from a jump, a zoom, a change of scale to a view
whose lanes have all tiles of their level ("full"), and to one in which every lane shows something ("something"); the
stalls of the window's thread while the view scrolls, as the longest, the 99th percentile and the median time between
two ticks of a timer of 5 ms, and what of that the thread was computing (the rest it waited for a processor that other
programs use); then what the tiles and the two processes take up, in MB.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QCoreApplication, QEventLoop, QSettings, Qt, QTimer
from PySide6.QtWidgets import QApplication

from avsep_gui.collector import Collector
from avsep_gui.engine_client import EngineClient
from avsep_gui.jobs import JobRunner
from avsep_gui.lane_feed import LANES, LaneFeed, LaneKind
from avsep_gui.look import Look
from avsep_gui.settings import Settings
from avsep_gui.state.document import Document
from avsep_gui.state.shelf import Shelf
from avsep_gui.state.spectrogram_choice import SpectrogramChoice
from avsep_gui.state.tiles import keys_between
from avsep_gui.views.timeline_view import TimelineView
from engine.confidence import Judgement
from engine.types import (
    AudioInfo,
    ConfidenceSpan,
    FaceAnalysis,
    FaceTrack,
    IsolatedVoice,
    MediaInfo,
    PcmStore,
    Person,
    PersonConfidence,
)

RATE_HZ, CHANNELS = 48_000, 2
BLOCK_S = 60
TICK_MS = 5
JUMPS = 12
MOST_S = 30.0
PEOPLE = 4
STARTING_S = 3.0  # as in the application, the worker process starts before a file is opened


def synthetic(folder: Path, hours: float) -> PcmStore:
    """The sound, written once."""
    n_samples = round(hours * 3600) * RATE_HZ
    path = folder / f"timeline_{n_samples}.f32"
    if not path.exists() or path.stat().st_size != n_samples * CHANNELS * 4:
        rng = np.random.default_rng(1)
        times = np.arange(BLOCK_S * RATE_HZ) / RATE_HZ
        bursts = np.repeat(rng.uniform(0.0, 0.3, BLOCK_S * 4), RATE_HZ // 4)
        block = (
            bursts[:, None] * rng.standard_normal((len(times), CHANNELS)) + 0.1 * np.sin(2e3 * np.pi * times)[:, None]
        )
        with path.open("wb") as file:
            for _ in range(-(-n_samples // len(times))):
                file.write(block.astype("<f4").tobytes())
            file.truncate(n_samples * CHANNELS * 4)
    return PcmStore(path, RATE_HZ, CHANNELS, n_samples, "stereo")


def person(number: int, duration_s: float) -> Person:
    """Somebody who is always seen and speaks now and then, two seconds at a time."""
    seconds = np.arange(int(duration_s))
    speaking = (seconds // 2 % PEOPLE == number - 1).astype(np.float32)
    box = (0.0, 0.0, 9.0, 9.0)
    track = FaceTrack(0.0, duration_s, box, np.array([0.0]), np.array([box], np.float32))
    face = np.zeros((64, 64, 3), np.uint8)
    label, spoken_s = f"Person {number}", float(speaking.sum())
    return Person(number, label, duration_s, spoken_s, None, (track,), face, np.ones_like(speaking), speaking)


def voice(store: PcmStore) -> IsolatedVoice:
    """The sound as somebody's voice, with an agreement for every second."""
    seconds = range(int(store.duration_s))
    spans = tuple(ConfidenceSpan(s, s + 1.0, 0.2 + s % 7 / 10, Judgement(1.0, 0.1, 1.0)) for s in seconds)
    return IsolatedVoice(1, store, ((0.0, store.duration_s),), PersonConfidence(1, 0.8, spans), None)


class Bench:
    """The time line with a document, a worker and a sound."""

    def __init__(self, store: PcmStore) -> None:
        self.document = Document()
        self.runner = JobRunner()
        self.runner.start()
        self.client = EngineClient(self.runner, self.document, lambda: 0.0, Shelf())
        self.feed = LaneFeed(self.document, self.client, SpectrogramChoice(Settings()))
        self.client.voices.stop()  # nothing but pictures is computed here
        look = Look()
        look.use("dark")
        self.view = TimelineView(self.document, look, self.feed)
        self.view.view_moved.connect(self.feed.show)
        self.view.resize(1440, 360)
        self.view.show()
        sound = AudioInfo(0, "pcm", RATE_HZ, CHANNELS, "stereo", 0.0)
        media = MediaInfo(store.path, store.duration_s, None, (sound,))
        self.document.set_media(media)
        everybody = tuple(person(number, store.duration_s) for number in range(1, PEOPLE + 1))
        self.document.set_analysis(FaceAnalysis(media, everybody, (), "benchmark"))

    @property
    def lanes(self) -> list[LaneKind]:
        """The lanes that show something."""
        return [kind for kind in LANES if self.feed.lane(kind) is not None]

    def wait(self, until: Callable[[], bool]) -> float:
        """Run the window until something holds; milliseconds that it took."""
        loop, start = QEventLoop(), time.perf_counter()
        timer = QTimer()
        timer.setTimerType(Qt.TimerType.PreciseTimer)
        timer.timeout.connect(lambda: loop.quit() if until() or time.perf_counter() - start > MOST_S else None)
        timer.start(1)
        loop.exec()
        return 1e3 * (time.perf_counter() - start)

    def shows_something(self) -> bool:
        """Whether every place of all lanes is covered by some tile."""
        start_s, end_s = self.view.visible_s()
        middle_s = (start_s + end_s) / 2
        places = (start_s, middle_s, np.nextafter(end_s, 0.0))
        kinds = self.lanes
        return all(
            any(tile.key.start_s <= at < tile.key.end_s for tile in self.feed.drawn(kind, start_s, end_s))
            for kind in kinds
            for at in places
        )

    def is_full(self) -> bool:
        """Whether all lanes have all tiles of the level that the view wants."""
        start_s, end_s = self.view.visible_s()
        kinds = self.lanes
        for kind in kinds:
            lane, level = self.feed.lane(kind), self.feed.level(kind)
            assert lane is not None
            keys = keys_between(lane.sound, lane.picture, level, start_s, end_s)
            if not all(self.feed.tiles.get(key) for key in keys):
                return False
        return True

    def act(self, action: Callable[[], object]) -> tuple[float, float]:
        """Do something; milliseconds until every lane shows something, and until all is full."""
        action()
        self.wait(lambda: not self.view.is_moving)
        something = self.wait(self.shows_something)
        return something, something + self.wait(self.is_full)

    def scroll(self, seconds: float, length_s: float) -> list[tuple[float, float]]:
        """Move the view by a hundredth of its width per tick; milliseconds between ticks, and of computing in them."""
        gaps: list[tuple[float, float]] = []
        last, last_cpu = time.perf_counter(), time.thread_time()
        at_s = 0.0
        loop, timer = QEventLoop(), QTimer()
        timer.setTimerType(Qt.TimerType.PreciseTimer)
        end = last + seconds

        def tick() -> None:
            nonlocal last, last_cpu, at_s
            now, cpu = time.perf_counter(), time.thread_time()
            gaps.append((1e3 * (now - last), 1e3 * (cpu - last_cpu)))
            last, last_cpu = now, cpu
            at_s = (at_s + length_s / 100) % (self.document.duration_s - length_s)
            self.view.show_stretch(at_s, at_s + length_s)
            self.view.set_playhead(at_s + length_s / 2, follow=False)
            if now > end:
                loop.quit()

        timer.timeout.connect(tick)
        timer.start(TICK_MS)
        loop.exec()
        return gaps[1:]


def resident_mb(pid: int) -> float:
    """Memory that a process holds."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


def spread(values: list[float]) -> dict[str, float]:
    """Median and worst, rounded."""
    return {"median": round(float(np.median(values)), 1), "worst": round(max(values), 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hours", type=float, default=2.0)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    arguments = parser.parse_args()
    QSettings.setDefaultFormat(QSettings.Format.IniFormat)
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, tempfile.mkdtemp())
    QCoreApplication.setAttribute(Qt.ApplicationAttribute.AA_ForceRasterWidgets)  # as the application does
    app = QApplication([])
    app.setStyle("Fusion")
    Collector(app)
    store = synthetic(arguments.folder, arguments.hours)
    bench = Bench(store)
    rng = random.Random(1)
    found: dict[str, object] = {}
    start = time.perf_counter()
    bench.wait(lambda: time.perf_counter() - start > STARTING_S)
    bench.document.set_source(store)
    bench.document.pick(1)
    something = bench.wait(bench.shows_something)
    found["open"] = {"something": round(something), "full": round(something + bench.wait(bench.is_full))}
    bench.document.add_result(bench.document.key(1), voice(store))
    bench.wait(bench.is_full)
    for name, length_s in (("jump_10_s", 10.0), ("jump_5_min", 300.0)):
        starts = [rng.uniform(0.0, store.duration_s - length_s) for _ in range(JUMPS)]
        times = [bench.act(lambda at=at, length=length_s: bench.view.show_stretch(at, at + length)) for at in starts]
        found[name] = {"something": spread([t[0] for t in times]), "full": spread([t[1] for t in times])}
    times = [bench.act(lambda: bench.view.zoom(1.5)) for _ in range(JUMPS)]
    times += [bench.act(lambda: bench.view.zoom(1 / 1.5)) for _ in range(JUMPS)]
    found["zoom"] = {"something": spread([t[0] for t in times]), "full": spread([t[1] for t in times])}
    times = [bench.act(lambda s=scale: bench.feed.choice.choose(scale=s)) for scale in ("log", "linear", "mel")]
    found["scale"] = {"something": spread([t[0] for t in times]), "full": spread([t[1] for t in times])}
    for name, length_s in (("scroll_10_s", 10.0), ("scroll_5_min", 300.0), ("scroll_1_h", 3600.0)):
        gaps, busy = np.array(bench.scroll(arguments.seconds, length_s)).T
        found[name] = {
            what: {
                "longest": round(float(values.max()), 1),
                "p99": round(float(np.percentile(values, 99)), 1),
                "median": round(float(np.median(values)), 1),
                "over_50_ms": int(np.sum(values > 50.0)),
            }
            for what, values in (("between_ticks", gaps), ("of_it_computing", busy))
        }
    pids = bench.runner.pids()
    light = pids["light"]
    found["tiles_mb"] = round(bench.feed.tiles.size_bytes / 2**20, 1)
    found["window_mb"] = round(resident_mb(os.getpid()))
    found["worker_mb"] = round(resident_mb(light)) if light is not None else None
    print(json.dumps(found, indent=1))
    bench.client.stop()
    bench.runner.shut_down()


if __name__ == "__main__":
    main()
