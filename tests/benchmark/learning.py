"""What more steps, talkers or width would bring: the compact network from scratch, one thing changed at a time.

    python -m tests.benchmark.learning PACK DATA_FOLDER RUNS_FOLDER [--only NAME ...]

Resumable; a run of 1000 steps takes twenty minutes of one CPU core. Each ends as a row of docs/learning.csv: scores on
the held-out list. Film alone (no imagined lips, which are made from all filmed people), and speech without a face.
"""

from __future__ import annotations

import argparse
import csv
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from engine import evaluate
from engine.data.pack import TABLE, Clip
from engine.data.table import read_table, write_table
from engine.train import loop

ROOT = Path(__file__).resolve().parents[2]
TABLE_OUT = ROOT / "docs/learning.csv"
HELD_OUT = ROOT / "tests/data/mixtures/held_out.csv"
KEPT = {18: {"grid": 4, "vasp": 14}, 9: {"grid": 2, "vasp": 7}, 5: {"grid": 2, "vasp": 3}}  # talkers by corpus
CONFIG = """
pack = "{pack}"
run_dir = "{run}"
seed = 1
steps = {steps}
decay_from = 0.6
first_share = 0.1
mixtures_per_step = 5
blind_per_step = 1
shift_share = 0.4
warm_up_steps = 100
validate_every = 250
checkpoint_every = 50
[corpora]
grid = 0.5
vasp = 0.5
[model]
channels = {channels}
"""


@dataclass(frozen=True)
class Setting:
    """What is varied: steps, filmed talkers, and width of the magnitude stream."""

    steps: int = 1000
    talkers: int = max(KEPT)
    channels: int = 160


SETTINGS = {
    "base": Setting(),
    "half-talkers": Setting(talkers=9),
    "half-steps": Setting(steps=500),
    "narrow": Setting(channels=112),
    "double-steps": Setting(steps=2000),
    "quarter-talkers": Setting(talkers=5),
    "wide": Setting(channels=224),
}


def thinned(pack: Path, folder: Path, talkers: int) -> Path:
    """The same training set with fewer filmed people (`KEPT`), those with most clips first."""
    if talkers == max(KEPT):
        return pack
    folder.mkdir(parents=True, exist_ok=True)
    clips = read_table(pack / TABLE, Clip)
    kept: set[str] = set()
    for corpus, count in KEPT[talkers].items():
        counts: dict[str, int] = {}
        for clip in clips:
            if clip.corpus == corpus and clip.split == "train":
                counts[clip.speaker] = counts.get(clip.speaker, 0) + 1
        ranked = sorted(counts, key=lambda who: (-counts[who], who))
        kept.update(ranked[:count])
    left_out = lambda c: c.video_frames and c.split == "train" and c.speaker not in kept  # noqa: E731
    write_table(folder / TABLE, Clip, [replace(c, split="left-out") if left_out(c) else c for c in clips])
    for path in pack.iterdir():
        if path.name != TABLE and not (folder / path.name).exists():
            (folder / path.name).symlink_to(path.resolve())
    return folder


def row(name: str, pack: Path, data: Path, runs: Path) -> dict[str, Any]:
    """Train one setting, or go on with it, and score it."""
    setting, folder = SETTINGS[name], runs / name
    folder.mkdir(parents=True, exist_ok=True)
    own_pack = thinned(pack.resolve(), runs / f"pack-{setting.talkers}", setting.talkers)
    text = CONFIG.format(pack=own_pack, run=folder.resolve(), steps=setting.steps, channels=setting.channels)
    config = folder / "train.toml"
    config.write_text(text, encoding="utf-8")
    loop.run(config, resume=True)
    scores = evaluate.run(HELD_OUT, model=str(folder / "best.safetensors"), root=data, device="cpu")
    low, high = scores["ci95"]["si_sdri"]
    with (folder / "curve.csv").open(newline="", encoding="utf-8") as file:
        train_db = list(csv.DictReader(file))[-1]["train_si_sdr_db"]
    return {
        "name": name,
        **asdict(setting),
        "train_si_sdr_db": train_db,
        "si_sdri_db": f"{scores['metrics']['si_sdri']:.2f}",
        "low": f"{low:.2f}",
        "high": f"{high:.2f}",
        "wrong_talker_rate": f"{scores['wrong_talker_rate']:.3f}",
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pack", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("runs", type=Path)
    parser.add_argument("--only", nargs="+", choices=SETTINGS, default=list(SETTINGS))
    chosen = parser.parse_args()
    for name in chosen.only:
        known: list[dict[str, Any]] = []
        if TABLE_OUT.exists():
            with TABLE_OUT.open(newline="", encoding="utf-8") as file:
                known = list(csv.DictReader(file))
        if name in (r["name"] for r in known):
            continue
        known.append(row(name, chosen.pack, chosen.data, chosen.runs))
        with TABLE_OUT.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(known[-1]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(known)
        print(known[-1], flush=True)


if __name__ == "__main__":
    main()
