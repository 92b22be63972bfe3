"""Pack the corpora that the first models are trained on, with their fixed speaker-disjoint splits.

python -m tests.helpers.pack_corpora DATA_FOLDER PACK_FOLDER [--noise-only]

DATA_FOLDER holds `av/vasp`, `av/grid`, `speech/...` and, where there is to be noise, `noise/KIND/FOLD-....opus`
(ESC-10); --noise-only adds the noise to a pack that is there, which may be in use. The model card of each checkpoint
names sources and licences.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from engine.data.clip import Rejected, Source
from engine.data.imagined import imagine_lips
from engine.data.layouts import media_below
from engine.data.noise import add_noise
from engine.data.prepare import take_in_all
from engine.data.sync import measure_delays

_VASP = {"val": "5 13", "test": "3 9 16 20", "train": "1 2 4 6 7 8 10 11 12 14 15 17 18 19"}
_GRID = {"val": "5 30", "test": "31 32 33 34", "train": "1 2 3 4"}
_LIBRI_VAL = 3
_NOISE_FOLDS = ("1", "2", "3", "4")  # ESC-10's fold 5 is for tests


def sources(root: Path) -> list[Source]:
    """Every usable file below `root` with speaker and split, in a fixed order."""
    found: list[Source] = []

    def add(corpus: str, folder: Path, speaker: str, split: str, has_face: bool) -> None:
        for path in media_below(folder):
            who = speaker or f"{corpus}-{path.stem.split('-')[0]}"
            found.append(Source(path, path.relative_to(root).as_posix(), corpus, who, split, has_face))

    for split, ids in _GRID.items():
        for number in ids.split():
            add("grid", root / "av/grid" / f"s{number}", f"grid-s{number}", split, True)
    for split, ids in _VASP.items():
        for number in ids.split():
            add("vasp", root / "av/vasp" / f"ID{number}", f"vasp-ID{number}", split, True)
    add("librispeech", root / "speech/librispeech/train", "", "train", False)
    held_out = media_below(root / "speech/librispeech/test")
    val = sorted({p.name.split("-")[0] for p in held_out})[:_LIBRI_VAL]
    for path in held_out:
        who = path.name.split("-")[0]
        split = "val" if who in val else "test"
        name = path.relative_to(root).as_posix()
        found.append(Source(path, name, "librispeech", f"librispeech-{who}", split, False))
    add("picovoice", root / "speech/picovoice", "", "train", False)
    add("accents", root / "speech/accents", "", "train", False)
    return found


def noise_files(root: Path) -> list[Path]:
    """The recordings of noise below `root` that are for training, in a fixed order; a source is in one fold only."""
    return [path for path in media_below(root / "noise") if path.name.split("-")[0] in _NOISE_FOLDS]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("pack", type=Path)
    parser.add_argument("--noise-only", action="store_true", help="leave the pack as it is and add the noise")
    chosen = parser.parse_args()
    rejects: list[Rejected] = []
    if not chosen.noise_only:
        made = take_in_all(sources(chosen.data), chosen.pack, with_morphs=True, workers=2)
        rejects += made.rejected
        print(f"{len(made.clips)} clips")
        print(measure_delays(chosen.pack))
        print(imagine_lips(chosen.pack))
    if noise := noise_files(chosen.data):
        unusable = add_noise(chosen.pack, noise)
        rejects += unusable
        print(f"{len(noise) - len(unusable)} recordings of noise")
    for rejected in rejects:
        print(f"left out {rejected.path.relative_to(chosen.data)}: {rejected.why}")


if __name__ == "__main__":
    main()
