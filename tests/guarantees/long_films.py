"""Films of any length at little cost: a short clip whose packets are written again and again."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from tests.helpers.faces import LOOKS, ClipPerson, envelope, write_clip

RATE_HZ = 48_000
LOOP_S = 8  # a whole number of pictures and of AAC frames at 48 kHz


def write_loop(path: Path, size: tuple[int, int], *, fps: int = 25, seed: int = 0) -> Path:
    """Two drawn people of whom the left one speaks, 8 s with stereo sound at 48 kHz."""
    chance = np.random.default_rng(seed)
    loudness = np.repeat(chance.uniform(0, 1, LOOP_S * 4), RATE_HZ // 4)
    voice = (chance.standard_normal(LOOP_S * RATE_HZ) * 0.1 * loudness).astype(np.float32)
    noise = chance.standard_normal((LOOP_S * RATE_HZ, 2)).astype(np.float32) * np.float32(0.02)
    width, height = size
    people = [
        ClipPerson(LOOKS[0], (width * 0.25, height * 0.42), height / 3, envelope(voice, RATE_HZ, fps, LOOP_S * fps)),
        ClipPerson(LOOKS[1], (width * 0.75, height * 0.42), height / 3),
    ]
    write_clip(path, people, noise + voice[:, None], duration_s=LOOP_S, size=size, fps=Fraction(fps), seed=seed)
    return path


def write_long_film(path: Path, loop: Path, minutes: float) -> Path:
    """A film that shows a loop over and over, packets copied; as large as the loop is, times its number."""
    with av.open(str(path), "w") as new:
        copies = {}
        with av.open(str(loop)) as old:
            for stream in (old.streams.video[0], old.streams.audio[0]):
                copies[stream.index] = new.add_stream_from_template(stream)
        for number in range(round(minutes * 60 / LOOP_S)):
            with av.open(str(loop)) as old:
                for packet in old.demux(*(old.streams[index] for index in copies)):
                    is_sound = packet.stream.type == "audio"
                    if not packet.size or (is_sound and not 0 <= packet.pts * packet.time_base < LOOP_S):
                        continue
                    shift = round(number * LOOP_S / packet.time_base)
                    packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
                    packet.stream = copies[packet.stream_index]
                    new.mux(packet)
    return path
