"""A voice in the cache: checking a long one must not bring it into memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

_CHECK = """
import sys, zlib
from pathlib import Path
import numpy as np
from engine.isolation.voice_file import VoiceFile, _written, window_count
from engine.types import PcmStore

def peak_mb():
    told = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in told if line.startswith("VmHWM")) / 1e3

folder = Path(sys.argv[1])
source = PcmStore(folder / "sound.f32", 48_000, 8, 300 * 48_000, "7.1")
voice = VoiceFile.open(folder, source, 1)
windows = list(range(window_count(source)))
for k in windows:
    low, high, _ = _written(k, source)
    voice.done[k] = zlib.crc32(bytes((high - low) * source.channels * 4))
before = peak_mb()
voice.mend(windows)
assert sorted(voice.done) == windows
print(peak_mb() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_checking_a_voice_takes_the_memory_of_a_stretch(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", _CHECK, str(tmp_path)], capture_output=True, text=True, check=True)
    assert float(done.stdout) < 100  # the voice is 461 MB, a window of it 9 MB
