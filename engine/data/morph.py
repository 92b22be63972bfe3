"""Make other voices of a filmed one: pitch and formants move, timing stays, so the lips still fit.

A corpus of some twenty filmed voices is memorised within minutes; each variant is heard as a further talker.
"""

from __future__ import annotations

from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from engine.cache import write_then_rename
from engine.data.pack import SAMPLE_RATE_HZ, Pack, morph_path

FACTORS = (0.84, 0.92, 1.09, 1.19)


def morph(audio: NDArray[np.int16], factor: float) -> NDArray[np.int16]:
    """Multiply pitch and formants by `factor`: play faster, then stretch back (waveform-similarity overlap-add).

    Args:
        audio: (n,) int16 at 16 kHz. factor: 0.5 to 2.

    Returns:
        (n,) int16, same timing.
    """
    import av
    from av.filter import Graph

    graph = Graph()
    source = graph.add_abuffer(sample_rate=SAMPLE_RATE_HZ, format="s16", layout="mono")
    chain = [
        source,
        graph.add("asetrate", str(round(SAMPLE_RATE_HZ * factor))),
        graph.add("aresample", str(SAMPLE_RATE_HZ)),
        graph.add("atempo", f"{1 / factor:.6f}"),
        graph.add("abuffersink"),
    ]
    graph.link_nodes(*chain).configure()
    frame = av.AudioFrame.from_ndarray(audio[None], format="s16", layout="mono")
    frame.sample_rate = SAMPLE_RATE_HZ
    source.push(frame)
    source.push(None)
    parts: list[NDArray[np.int16]] = []
    while True:
        try:
            parts.append(cast(av.AudioFrame, chain[-1].pull()).to_ndarray()[0])
        except (av.BlockingIOError, av.EOFError):
            break
    changed = np.concatenate(parts)[: len(audio)]
    return np.pad(changed, (0, len(audio) - len(changed)))


def add_morphs(folder: Path) -> None:
    """Write `audio_x<factor>.i16` beside a pack's audio: variants of all clips with a face (these come first).

    Variants that are there already are kept.

    Raises:
        InputError: there is no pack. OutputError: the folder is full or cannot be written.
    """
    pack = Pack(folder)
    filmed = [clip for clip in pack.clips if clip.video_frames]
    if filmed != pack.clips[: len(filmed)]:
        raise ValueError("clips with a face must come first in the pack")
    samples = sum(clip.audio_samples for clip in filmed)
    for factor in FACTORS:
        path = morph_path(folder, factor)
        if path.is_file() and path.stat().st_size == 2 * samples:
            continue
        with write_then_rename(path) as part, part.open("wb") as file:
            for clip in filmed:
                original = np.asarray(pack.audio[clip.audio_start : clip.audio_start + clip.audio_samples])
                file.write(morph(original, factor).tobytes())
