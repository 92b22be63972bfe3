"""Pack the corpora that the first models are trained on, with their fixed speaker-disjoint splits.

python -m tests.helpers.pack_corpora DATA_FOLDER PACK_FOLDER

DATA_FOLDER holds `av/vasp`, `av/grid` and `speech/...`; the model card of each checkpoint names sources and licences.
"""

from __future__ import annotations

import sys
from pathlib import Path

from engine.data.clip import Source
from engine.data.layouts import media_below
from engine.data.prepare import take_in_all

_VASP = {"val": "5 13", "test": "3 9 16 20", "train": "1 2 4 6 7 8 10 11 12 14 15 17 18 19"}
_GRID = {"val": "5 30", "test": "31 32 33 34", "train": "1 2 3 4"}
_LIBRI_VAL = 3


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


def main() -> None:
    data, pack = Path(sys.argv[1]), Path(sys.argv[2])
    made = take_in_all(sources(data), pack, with_morphs=True, workers=2)
    print(f"{len(made.clips)} clips")
    for rejected in made.rejected:
        print(f"left out {rejected.path.relative_to(data)}: {rejected.why}")


if __name__ == "__main__":
    main()
