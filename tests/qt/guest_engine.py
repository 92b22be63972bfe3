"""The fake engine, with voices by a guest in trouble: a real process behind a real runner.

What goes wrong is in the file's name: "WHEN-WHAT.mp4", as tests/unit/guests/programs/trouble.py takes them.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from fake_engine import *  # noqa: F403 - all that the window asks for, but for what follows
from fake_engine import RATE
from fake_engine import isolate as honest

from engine.guests.process import Program
from engine.guests.runner import Limits, Runner
from engine.jobs import ignore_progress

PROGRAMS = Path(__file__).parents[1] / "unit" / "guests" / "programs"
LIMITS = Limits(load_s=20.0, call_s=2.0, call_per_s=0.0, memory_bytes=400_000_000)


def isolate(request, *, on_progress=ignore_progress, cancel=None):
    when, _, what = request.video.stem.partition("-")
    program = Program("borrowed", Path(sys.executable), PROGRAMS / "trouble.py", (when, what, f"{request.video}.note"))
    with Runner(program, LIMITS) as runner:
        runner.separate(
            np.ones(RATE, np.float32), np.ones((1, 25, 4), np.float32), np.ones((1, 25), np.float32), cancel
        )
    return honest(request, on_progress=on_progress, cancel=cancel)
