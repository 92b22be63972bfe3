"""The main job on every clip of a folder, with the guarantees read back from the files.

python -m tests.benchmark.real_clips CLIPS_FOLDER OUT_FOLDER [MODEL]

Prints one row per clip: people found, voices written, whether length, rate and channels are the source's, null test,
offset, and seconds of work per second of clip for faces and for the separation.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import soundfile

SUFFIXES = {".mp4", ".avi", ".mov", ".mkv"}


def avsep(*arguments: str) -> tuple[dict[str, Any], float]:
    """Run the command line; its JSON answer and the seconds it took."""
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "engine.cli", *arguments, "--json", "--progress", "none"], capture_output=True, text=True
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer, time.perf_counter() - started


def row(clip: Path, out: Path, model: str) -> str:
    faces, faces_s = avsep("faces", str(clip))
    if "error" in faces or not faces["people"]:
        return f"{clip.name:28s} {faces.get('error', {}).get('message', 'nobody found')}"
    audio = avsep("probe", str(clip))[0]["audio"][0]
    done, separate_s = avsep(
        "separate", str(clip), "--everyone", "-o", str(out / clip.stem), "--model", model, "--overwrite"
    )
    if "error" in done:
        return f"{clip.name:28s} {done['error']['message']}"
    voices = [out / clip.stem / o["path"] for o in done["outputs"] if o["kind"] == "voice"]
    infos = [soundfile.info(v) for v in voices]
    same = all((i.samplerate, i.channels) == (audio["sample_rate_hz"], audio["channels"]) for i in infos)
    lengths = {i.frames for i in infos}
    duration = done["duration_s"]
    full = all(abs(n / audio["sample_rate_hz"] - duration) < 1e-3 for n in lengths)
    pace = f"faces x{faces_s / duration:.2f}  separate x{separate_s / duration:.2f}"
    agreement = ", ".join(f"{c['mean']:.2f}" for c in done["confidence"])
    report = (out / clip.stem / "report.json").is_file()
    return (
        f"{clip.name:28s} {duration:6.1f} s  {len(faces['people'])} people  {len(voices)} voices  "
        f"full {full}  rate+channels {same}  null {done['null_test_db']:.0f} dBFS  offset {done['offset_samples']}  "
        f"report {report}  {pace}  agreement {agreement}"
    )


def main() -> None:
    folder, out = Path(sys.argv[1]), Path(sys.argv[2])
    model = sys.argv[3] if len(sys.argv) > 3 else "default"
    out.mkdir(parents=True, exist_ok=True)
    for clip in sorted(p for p in folder.iterdir() if p.suffix in SUFFIXES):
        print(row(clip, out, model), flush=True)


if __name__ == "__main__":
    main()
