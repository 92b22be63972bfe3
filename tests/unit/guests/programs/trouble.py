"""A guest in trouble. Arguments: when ("load" or "call"), which trouble, and a file for what it tells the test."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

print('{"kind": "loaded"}', flush=True)
os.write(1, b"a line of a library below\n")


class Trouble:
    def __init__(self, when, what, note):
        self.when = when
        self.what = getattr(self, what)
        self.note = Path(note)

    def separate(self, mixture, streams, seen):
        self.voices = np.repeat(mixture[None], len(streams), 0)
        return self.what() if self.when == "call" else self.voices

    def tell(self, text):
        part = self.note.with_suffix(".part")
        part.write_text(text)
        part.replace(self.note)

    def chatter(self):
        print("é ☃ 50 %", 3 * '{"kind": "separated"}', flush=True)
        os.system("echo from a program below")
        assert sys.stdin.read() == ""
        return self.voices

    def not_a_number(self):
        self.voices[0, :7] = np.nan
        self.voices[-1, -1] = np.inf
        return self.voices

    def shorter(self):
        return self.voices[:, 1:]

    def one_voice(self):
        return self.voices[0]

    def other_numbers(self):
        return self.voices.astype(np.float64)

    def nothing(self):
        return None

    def error(self):
        raise ValueError("no lips in the picture")

    def memory(self):
        np.ones(10**15)

    def hang(self):
        self.tell(str(os.getpid()))
        time.sleep(600)

    def slow(self):
        time.sleep(1.5)
        return self.voices

    def spin(self):
        while True:
            pass

    def child(self):
        asleep = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        self.tell(str(asleep.pid))
        time.sleep(600)

    def leave(self):
        sys.exit(3)

    def die(self):
        print("last words")
        os.kill(os.getpid(), signal.SIGKILL)

    def die_once(self):
        if not self.note.exists():
            self.tell("died")
            os.kill(os.getpid(), signal.SIGKILL)
        return self.voices

    def crash(self):
        os.kill(os.getpid(), signal.SIGSEGV)

    def grow(self):
        held = np.ones(40_000_000)
        time.sleep(600)
        return held

    def break_in(self):
        for number in range(3, 64):
            with contextlib.suppress(OSError):
                os.write(number, b"not of the protocol\n")
        return self.voices

    def flood(self):
        for _ in range(50):
            os.write(2, 100_000 * b"x")
        return self.voices

    def flood_and_leave(self):
        self.flood()
        print("last words", file=sys.stderr)
        sys.exit(3)

    def surroundings(self):
        self.tell(json.dumps({"variables": dict(os.environ), "path": sys.path, "folder": str(Path.cwd())}))
        return self.voices


def load(arguments, device):
    trouble = Trouble(*arguments)
    if trouble.when == "load":
        trouble.what()
    return trouble
