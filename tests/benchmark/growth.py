"""Time and memory of separation against the length of the file.

    python -m tests.benchmark.growth VIDEO OUT_FOLDER [--times 1 4 16] [--model NAME]

VIDEO is repeated, packet by packet. Faces are found first, so that the time is that of separation: real-time factor,
and peak memory above that of an interpreter that has loaded torch. Neither may grow.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av

from tests.benchmark.real_clips import avsep

_GAP = Fraction(1, 10)  # seconds, so that no packet of a round comes before the last one of the round before
_TORCH = "import torch; from engine.export.usage import peak_rss_mb; print(peak_rss_mb())"


def repeat(source: Path, target: Path, times: int) -> Path:
    """A file that shows another one several times."""
    with av.open(str(target), "w") as out:
        streams: dict[int, av.stream.Stream] = {}
        begin = Fraction(0)
        for _ in range(times):
            with av.open(str(source)) as container:
                if not streams:
                    kept = [s for s in container.streams if s.type in ("video", "audio")]
                    streams = {s.index: out.add_stream_from_template(s) for s in kept}
                length = Fraction(container.duration or 0, av.time_base)
                for packet in container.demux([container.streams[index] for index in streams]):
                    if packet.dts is None or packet.time_base is None:
                        continue
                    shift = round(begin / packet.time_base)
                    packet.pts, packet.dts = (packet.pts or 0) + shift, packet.dts + shift
                    packet.stream = streams[packet.stream_index]
                    out.mux(packet)
                begin += length + _GAP
    return target


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--times", type=int, nargs="+", default=[1, 4, 16])
    parser.add_argument("--model", default="default")
    chosen = parser.parse_args()
    chosen.out.mkdir(parents=True, exist_ok=True)
    torch_mb = float(subprocess.run([sys.executable, "-c", _TORCH], check=True, capture_output=True, text=True).stdout)
    for times in chosen.times:
        video = repeat(chosen.video, chosen.out / f"{chosen.video.stem}_x{times}{chosen.video.suffix}", times)
        avsep("faces", str(video))
        told, _ = avsep(
            *("separate", str(video), "--everyone", "-o", str(chosen.out / f"x{times}"), "--overwrite"),
            *("--model", chosen.model),
        )
        if "error" in told:
            raise SystemExit(told["error"]["message"])
        people = sum(o["kind"] == "voice" for o in told["outputs"])
        print(
            f"{told['duration_s']:7.1f} s, {people} people: {told['real_time_factor']:.2f} x real time, "
            f"peak {told['peak_rss_mb'] - torch_mb:+.0f} MB over torch's {torch_mb:.0f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
