"""Test an installed copy of AVSep: no module of ours, no Python of its environment, only its two programs.

    python3 packaging/smoke_test.py [--inside "chroot --userspec=user ROOT"] [--root ROOT] [--out FOLDER]

Runs `avsep --version`, `doctor`, `models verify` and `separate`, then the window, which needs a screen: it does
the main job by mouse and keys (`avsep-gui --self-test`). What was written is read and checked here. `--inside` is put
before each command, so that a copy in another root is tested by a Python outside of it; `--root` is where its files are
seen from here. Prints each figure as measured; exit code 1 with the first thing that is wrong.
"""

from __future__ import annotations

import argparse
import array
import json
import math
import shlex
import shutil
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

SAMPLE_RATE_HZ, CHANNELS, FRAMES = 48000, 2, 768000  # of the sample
LEAST_DB, MOST_DB = -45.0, -10.0  # how loud a voice of it can be
MOST_ALIKE = 0.5  # correlation of two people's voices
NULL_DB = -120.0
TRIES = 3


class Copy:
    """The installed copy, and where its files are seen from here."""

    def __init__(self, given: argparse.Namespace) -> None:
        self.inside = shlex.split(given.inside)
        self.root: Path = given.root
        self.home: str = given.programs
        self.out: str = given.out if given.inside else str(Path(given.out).absolute())

    def run(self, *command: str, wanted: int = 0) -> tuple[str, float]:
        """What a program writes, and how long it takes in seconds."""
        line = [*self.inside, f"{self.home}{command[0]}", *command[1:]]
        began = time.monotonic()
        done = subprocess.run(line, capture_output=True, text=True, check=False)
        took = time.monotonic() - began
        if done.returncode != wanted:
            print(done.stdout, done.stderr, sep="\n", file=sys.stderr)
            raise SystemExit(f"{' '.join(command)}: exit code {done.returncode}, not {wanted}")
        return done.stdout, took

    def json(self, *command: str, wanted: int = 0) -> Any:
        """The object that a command answers with."""
        return json.loads(self.run(*command, "--json", wanted=wanted)[0])

    def file(self, path: str) -> Path:
        """A file of the copy, as it is seen from here."""
        return self.root / path.lstrip("/")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inside", default="", help="command that runs another one where the copy is installed")
    parser.add_argument("--root", type=Path, default=Path("/"), help="the folder that is / there")
    parser.add_argument("--programs", default="", help="folder of the programs, with a slash; else by the PATH")
    parser.add_argument("--sample", help="the sample there; else it is looked for beside the programs here")
    parser.add_argument("--out", default="/tmp/avsep-smoke", help="folder there for what is written; made anew")
    parser.add_argument("--no-window", action="store_true", help="there is no screen")
    given = parser.parse_args()
    copy = Copy(given)
    shutil.rmtree(copy.file(copy.out), ignore_errors=True)
    copy.file(copy.out).mkdir(mode=0o777, parents=True)
    copy.file(copy.out).chmod(0o777)  # for whoever runs the programs there
    command_line(copy, given.sample or sample_beside(given.programs))
    if not given.no_window:
        window(copy)
    print("passed")
    return 0


def sample_beside(programs: str) -> str:
    """The sample of the copy that is installed on this machine."""
    program = shutil.which(f"{programs}avsep")
    must(program, "there is no avsep on the PATH")
    folder = Path(str(program)).resolve().parent
    found = [*folder.rglob("sample/two_talkers.mp4"), *folder.parent.glob("Resources/**/two_talkers.mp4")]
    must(found, f"there is no sample in {folder}")
    return str(found[0])


def command_line(copy: Copy, sample: str) -> None:
    """The version, the doctor, and the main job."""
    for turn in range(TRIES):
        said, took = copy.run("avsep", "--version")
        tell(f"avsep --version, {'first' if turn == 0 else 'again'}", f"{took:.2f} s ({said.strip()})")
    doctor = copy.json("avsep", "doctor")
    must(doctor["installed_as"] == "bundle" and doctor["build"], f"doctor knows no build: {doctor}")
    must(doctor["self_test"]["passed"], f"doctor: {doctor['self_test']}")
    must(all(there for kind in doctor["codecs"].values() for there in kind.values()), f"doctor: {doctor['codecs']}")
    tell("doctor", f"{doctor['build']}, {doctor['why']}, {doctor['self_test']['real_time_factor']:.2f} x real time")
    must(copy.json("avsep", "models", "verify", "default")["models"][0]["verified"], "the model is damaged")
    must(copy.json("avsep", "probe", f"{sample}.none", wanted=3)["error"]["code"], "a missing file has no code")
    result = copy.json("avsep", "separate", sample, "--everyone", "-o", f"{copy.out}/voices", "--overwrite")
    must(result["offset_samples"] == 0, f"voices are {result['offset_samples']} samples late")
    must(result["null_test_db"] <= NULL_DB, f"voices and rest differ from the original: {result['null_test_db']} dB")
    voices = [copy.file(f"{copy.out}/voices") / one["path"] for one in result["outputs"] if one["kind"] == "voice"]
    must(len(voices) == 2, f"{len(voices)} voices")
    heard = [check_voice(voice) for voice in voices]
    alike = correlation(*heard)
    must(abs(alike) < MOST_ALIKE, f"two people have one voice: {alike:.2f}")
    video = copy.json("avsep", "separate", sample, "--person", "1", "-o", f"{copy.out}/v.mp4", "--overwrite")
    must(video["outputs"][0]["kind"] == "video" and copy.file(f"{copy.out}/v.mp4").stat().st_size > 0, "no video")
    close_up = ("--range", "0-3", "--close-up", "1:1", "--close-up-name")
    filmed = copy.json(
        "avsep", "separate", sample, "--person", "1", *close_up, "-o", f"{copy.out}/c.mp4", "--overwrite"
    )
    must(filmed["outputs"], "no close-up")
    tell("separate --everyone", f"{result['wall_s']:.1f} s for {result['duration_s']:.1f} s, {result['device']}")
    tell("two voices", f"correlation {alike:.2f}, null test {result['null_test_db']:.0f} dB")


def window(copy: Copy) -> None:
    """The window, which drives itself; what it wrote is checked here."""
    for turn in range(TRIES):
        began = time.time()
        copy.run("avsep-gui", "--self-test", f"{copy.out}/window")
        told = json.loads(copy.file(f"{copy.out}/window/self-test.json").read_text())
        must(told["passed"], f"window: {told['problem']}")
        must(told["offset_samples"] == [0] and told["null_test_db"][0] <= NULL_DB, f"window: {told}")
        usable = told["steps"]["window"] - began
        tell(f"window usable, {'first' if turn == 0 else 'again'}", f"{usable:.2f} s")
    check_voice(copy.file(f"{copy.out}/window/voice.wav"))
    steps = told["steps"]
    tell("click to the first sound of the voice", f"{steps['heard'] - steps['picked']:.1f} s")
    tell("click to the whole voice", f"{steps['voice'] - steps['picked']:.1f} s")


def check_voice(path: Path) -> array.array[float]:
    """The first channel of a voice, if it has the sample's length, rate and channels, and is heard."""
    rate, channels, sound = read_float_wav(path)
    must((rate, channels) == (SAMPLE_RATE_HZ, CHANNELS), f"{path.name}: {rate} Hz, {channels} channels")
    must(len(sound) == FRAMES * CHANNELS, f"{path.name}: {len(sound) // channels} samples, not {FRAMES}")
    level = 10 * math.log10(sum(value * value for value in sound) / len(sound) + 1e-20)
    must(LEAST_DB < level < MOST_DB, f"{path.name}: {level:.1f} dB")
    tell(path.name, f"{len(sound) // channels} samples, {rate} Hz, {channels} channels, {level:.1f} dB")
    return sound[::channels]


def read_float_wav(path: Path) -> tuple[int, int, array.array[float]]:
    """Rate, channels and values of a WAV file of 32-bit floats."""
    data = path.read_bytes()
    must(data[:4] in (b"RIFF", b"RF64") and data[8:12] == b"WAVE", f"{path.name} is no WAV file")
    at, rate, channels = 12, 0, 0
    while at < len(data):
        kind, size = data[at : at + 4], struct.unpack("<I", data[at + 4 : at + 8])[0]
        if kind == b"fmt ":
            _, channels, rate, _, _, bits = struct.unpack("<HHIIHH", data[at + 8 : at + 24])
            must(bits == 32, f"{path.name}: {bits} bits")
        if kind == b"data":
            sound = array.array("f", data[at + 8 : at + 8 + size])
            if sys.byteorder == "big":
                sound.byteswap()
            return rate, channels, sound
        at += 8 + size + size % 2
    raise SystemExit(f"{path.name} has no sound")


def correlation(first: array.array[float], second: array.array[float]) -> float:
    """How alike two sounds are, -1 to 1."""
    both = sum(a * b for a, b in zip(first, second, strict=True))
    return both / math.sqrt(sum(a * a for a in first) * sum(b * b for b in second))


def must(holds: object, words: str) -> None:
    """End with a sentence where something does not hold."""
    if not holds:
        raise SystemExit(f"FAILED: {words}")


def tell(name: str, value: str) -> None:
    """One line of what was measured."""
    print(f"{name}: {value}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
