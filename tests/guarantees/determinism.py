"""The same input with the same options gives the same bytes, in another process too; CPU and GPU nearly agree."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from tests.guarantees.finding import Finding, Scope
from tests.guarantees.inputs import Film, cast, make, sound

FORMATS = ("voice.wav", "voice.flac", "voice.m4a", "voice.opus", "film.mp4", "film.mov", "film.mkv")
TIMES = ("wall_s", "real_time_factor", "stages", "peak_rss_mb")
DEVICES_AGREE_DB = -60.0  # largest difference of a sample


def same_bytes(scope: Scope) -> list[Finding]:
    """Two runs in processes, caches and folders of their own."""
    same = Finding("Same input, same options, same machine: same bytes")
    film = make(scope.folder, Film("film", sounds=(sound(),), cast=cast(2))).path
    for model in ("tiny",) if scope.short else ("tiny", "default"):
        first, second = (scope.folder / f"{model} {run}" for run in (1, 2))
        for folder in (first, second):
            folder.mkdir()
            _all_formats(film, folder, model, FORMATS[:1] + FORMATS[4:5] if scope.short else FORMATS)
        for path in sorted(path for path in first.rglob("*") if path.is_file() and "cache" not in path.parts):
            name = path.relative_to(first)
            equal = _contents(path) == _contents(second / name)
            same.case(f"{name} by {model}", None if equal else "the bytes differ")
    return [same, *_devices(scope, film)]


def _all_formats(film: Path, folder: Path, model: str, names: tuple[str, ...]) -> None:
    """Export a film in a process and a cache of its own."""
    commands: list[list[str]] = [["--everyone", "-o", str(folder / "all")]]
    commands += [["--person", "1", "-o", str(folder / name)] for name in names]
    code = "import sys, json; from engine.cli import main; sys.exit(any([main(c) for c in json.loads(sys.argv[1])]))"
    calls = [["separate", str(film), "--model", model, "--device", "cpu", *command] for command in commands]
    environment = os.environ | {"AVSEP_CACHE_DIR": str(folder / "cache")}
    subprocess.run([sys.executable, "-c", code, json.dumps(calls)], check=True, capture_output=True, env=environment)


def _contents(path: Path) -> Any:
    """The bytes of a file; of a report, what does not tell how long the work took."""
    if path.name != "report.json":
        return path.read_bytes()
    return {key: value for key, value in json.loads(path.read_text()).items() if key not in TIMES}


def _devices(scope: Scope, film: Path) -> list[Finding]:
    """The voice of a graphics card beside that of the processor; no case where there is none."""
    import torch

    agree = Finding(f"CPU and CUDA give the same voice, to {DEVICES_AGREE_DB:g} dBFS")
    if not torch.cuda.is_available():
        agree.worst = "not tried: no CUDA device"
        return [agree]
    from engine.cli import main

    voices = []
    for device in ("cpu", "cuda"):
        path = scope.folder / f"on {device}.wav"
        code = main(["separate", str(film), "--person", "1", "--device", device, "-o", str(path)])
        agree.case(f"runs on {device}", f"exit code {code}" if code else None)
        voices.append(soundfile.read(path)[0] if code == 0 else np.zeros(1))
    difference = float(np.abs(voices[0] - voices[1]).max())
    db = 20 * math.log10(difference or 1e-10)
    agree.worst = f"{db:.0f} dBFS"
    agree.case("difference", None if db <= DEVICES_AGREE_DB else f"{db:.0f} dBFS")
    return [agree]
