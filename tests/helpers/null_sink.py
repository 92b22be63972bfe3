"""A PulseAudio server of our own, whose one device plays into nothing and can be recorded."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SINK = "test_out"
RATE = 48_000
CHUNK = 480


@contextmanager
def null_sink(home: Path) -> Iterator[dict[str, str] | None]:
    """The environment in which programs play into nothing; None where PulseAudio is missing or does not start."""
    if not (shutil.which("pulseaudio") and shutil.which("parec")):
        yield None
        return
    home.mkdir(mode=0o700, exist_ok=True)
    places = {name: str(home) for name in ("XDG_RUNTIME_DIR", "HOME", "XDG_CONFIG_HOME")}
    environment = {**os.environ, **places}
    server = subprocess.Popen(
        ["pulseaudio", "-n", "--exit-idle-time=-1", "-L", "module-native-protocol-unix auth-anonymous=1",
         "-L", f"module-null-sink sink_name={SINK} rate={RATE} channels=2"],
        env=environment, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield environment if _answers(server, environment) else None
    finally:
        server.terminate()
        server.wait()


def _answers(server: subprocess.Popen[bytes], environment: dict[str, str]) -> bool:
    for _ in range(100):
        if subprocess.run(["pactl", "info"], env=environment, capture_output=True, check=False).returncode == 0:
            return True
        if server.poll() is not None:
            return False
        time.sleep(0.1)
    return False


class Recorder:
    """What the device plays, from now until `stop`, and when each piece of it arrived here."""

    def __init__(self, environment: dict[str, str], channels: int = 2) -> None:
        self._channels = channels
        command = ["parec", "-d", f"{SINK}.monitor", "--format=float32le", f"--rate={RATE}"]
        command += [f"--channels={channels}", "--latency-msec=10"]
        self._process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE)
        self._pieces: list[bytes] = []
        self._times: list[float] = []
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def stop(self) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        """The sound, (frames, channels), and for every frame when it had arrived, in seconds of `time.perf_counter`."""
        self._process.terminate()
        self._process.wait()
        self._thread.join()
        counts = [len(piece) // (4 * self._channels) for piece in self._pieces]
        heard = np.frombuffer(b"".join(self._pieces), "<f4")
        heard = heard[: sum(counts) * self._channels].reshape(-1, self._channels)
        return heard, np.repeat(np.asarray(self._times), counts)

    def _read(self) -> None:
        assert self._process.stdout is not None
        size = 4 * self._channels * CHUNK
        while len(piece := self._process.stdout.read(size)) == size:
            self._pieces.append(piece)
            self._times.append(time.perf_counter())
