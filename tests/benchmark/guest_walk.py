"""The first guest from beginning to end, by command line and window, with its real package and no network.

    xvfb-run -a -s "-screen 0 1600x1000x24" python -m tests.benchmark.guest_walk CLIP OUT WHEELS WEIGHTS

WHEELS holds its packages (docs/guests.md), WEIGHTS is a file in the published form, such as
`tests.helpers.random_av_mossformer2` writes. OUT gets a data folder and a cache of its own, the results and pictures of
the window. By command line: add, list, verify, separate the first seconds of the clip, killed in the middle and gone on
with, absence, remove. By window: choose the guest, pick a person, wait for the selection, export, remove. What does not
hold ends the program.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import av
import numpy as np
import soundfile

NAME = "av-mossformer2"
SECONDS = 9.0
MOST_S = 1800.0


def say(step: str, note: object = "") -> None:
    print(f"{step:28s} {note}", flush=True)


def hold(claim: bool, step: str, note: object = "") -> None:
    if not claim:
        raise SystemExit(f"{step} does not hold: {note}")
    say(step, note)


def beginning(clip: Path, target: Path) -> None:
    """The first seconds of a film, its packets copied."""
    with av.open(str(clip)) as read, av.open(str(target), "w") as write:
        streams = {s: write.add_stream_from_template(s) for s in (read.streams.video[0], read.streams.audio[0])}
        for packet in read.demux(*streams):
            if packet.dts is not None and float(packet.pts * packet.time_base) < SECONDS:
                packet.stream = streams[packet.stream]
                write.mux(packet)


def avsep(*arguments: object) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "engine.cli", *map(str, arguments), "--json"], capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(f"avsep {arguments} ended with {done.returncode}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return dict(json.loads(done.stdout))


def row() -> dict[str, Any]:
    return next(row for row in avsep("models", "list")["models"] if row["name"] == NAME)


def by_command_line(film: Path, out: Path, wheels: Path, weights: Path) -> None:
    hold(not row()["installed"], "not installed before")
    began = time.perf_counter()
    avsep("models", "add", NAME, "--from", weights, "--wheels", wheels, "--offline", "--yes")
    held = row()
    hold(held["installed"], "added", f"{time.perf_counter() - began:.0f} s, {held['size_bytes'] / 1e9:.1f} GB")
    hold(held["pace"] > 1 and not held["pace_measured"], "speed estimated", f"{held['pace']:.1f} s per second")
    hold(avsep("models", "verify", NAME)["models"][0]["verified"], "verified")

    ask = ("separate", film, "--person", 1, "--model", NAME, "--range", "0-4")
    whole = out / "killed.wav"
    began, killed = time.perf_counter(), False
    process = subprocess.Popen(
        [sys.executable, "-m", "engine.cli", *map(str, ask), "-o", str(whole), "--progress", "json"],
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("{") and json.loads(line)["stage"] == "Isolating":
            process.send_signal(signal.SIGKILL)
            killed = True
            break
    process.wait()
    hold(killed and not whole.exists(), "killed after one window", f"{time.perf_counter() - began:.0f} s")
    result = avsep(*ask, "-o", whole)
    hold(whole.exists(), "gone on with", f"{result['wall_s']:.0f} s")
    fresh = out / "fresh.wav"
    os.environ["AVSEP_CACHE_DIR"] = str(out / "cache2")
    result = avsep(*ask, "-o", fresh)
    hold(whole.read_bytes() == fresh.read_bytes(), "the same bytes as undisturbed", f"{result['wall_s']:.0f} s")
    facts = avsep("probe", film)["audio"][0]
    info = soundfile.info(fresh)
    hold((info.samplerate, info.channels) == (facts["sample_rate_hz"], facts["channels"]), "rate and channels")
    hold(result["offset_samples"] == 0 and result["null_test_db"] < -120, "null test", f"{result['null_test_db']:.0f}")
    voice, _ = soundfile.read(fresh, dtype="float32")
    hold(bool(np.isfinite(voice).all() and np.abs(voice).max() > 1e-3), "a voice")
    told = result["confidence"][0]
    hold(0 <= told["mean"] <= 1 and told["mean"] != 0.5, "agreement told by our own model", f"{told['mean']:.2f}")
    for warning in result["warnings"]:
        say("warning", warning)
    measured = row()
    hold(measured["pace_measured"], "speed measured", f"{measured['pace']:.1f} s per second of one voice")
    for policy in ("original", "hold"):
        kept = out / f"{policy}.wav"
        result = avsep(*ask, "--absent", policy, "--mix-back", 0.2, "-o", kept)
        hold(result["null_test_db"] < -120, f"--absent {policy}", f"{result['wall_s']:.0f} s")


def by_window(film: Path, out: Path) -> None:
    from avsep_gui.state.intervals import covers
    from tests.helpers import driving
    from tests.helpers.driving import make_window, pause

    wait = partial(driving.wait, most_s=MOST_S)
    _qapp, window = make_window(out)
    document, shelf = window.document, window.shelf

    def picture(name: str) -> None:
        pause(0.5)
        window.grab().save(str(out / f"{name}.png"))

    window.open_file(film)
    wait(lambda: bool(document.people) and document.source is not None and shelf.row(NAME) is not None)
    shelf.choose(NAME)
    hold(shelf.slow, "the window knows that it is slow", f"{shelf.current.pace:.1f} s per second")
    document.set_range((0.0, 2.0))
    second = document.people[1].id
    document.pick(second)
    took = wait(lambda: covers(document.voice(second).ready, 0.0, 2.0))
    hold(
        not covers(document.voice(second).ready, 0.0, document.duration_s - 0.05),
        "the selection alone",
        f"{took:.0f} s",
    )
    picture("guest_selection")
    target = out / "window.wav"
    window.export_desk.start(target, {"person_ids": (second,), "range_s": (0.0, 2.0), "overwrite": True})
    took = wait(lambda: target.exists())
    hold(soundfile.info(target).frames == document.source.n_samples, "exported by the window", f"{took:.0f} s")
    picture("guest_exported")
    window.close()


def main() -> None:
    clip, out, wheels, weights = (Path(argument).absolute() for argument in sys.argv[1:5])
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    os.environ["AVSEP_DATA_DIR"], os.environ["AVSEP_CACHE_DIR"] = str(out / "data"), str(out / "cache")
    film = out / "film.mp4"
    beginning(clip, film)
    by_command_line(film, out, wheels, weights)
    by_window(film, out)
    avsep("models", "remove", NAME, "--yes")
    hold(not row()["installed"] and not (out / "data" / "guests" / NAME).exists(), "removed without a trace")


if __name__ == "__main__":
    main()
