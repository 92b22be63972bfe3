"""Keep an analysis on disk, so that opening a video again is instant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from engine.cache import write_then_rename
from engine.seals import checksum, read_sealed, write_sealed
from engine.types import FaceAnalysis, FaceTrack, MediaInfo, Person

_ARRAYS = "people.npz"
_INDEX = "people.json"


def save_analysis(folder: Path, analysis: FaceAnalysis) -> None:
    """Write an analysis; the index comes last, so that a half-written entry is never taken for a whole one.

    Raises:
        OutputError: the cache cannot be written.
    """
    arrays: dict[str, Any] = {}
    people: list[dict[str, Any]] = []
    for person in analysis.people:
        name = f"person{person.id}"
        arrays[f"{name}_thumbnail"] = person.thumbnail_rgb
        arrays[f"{name}_visible"] = person.visible
        arrays[f"{name}_speaking"] = person.speaking
        for k, track in enumerate(person.tracks):
            arrays[f"{name}_track{k}_times"] = track.times_s
            arrays[f"{name}_track{k}_boxes"] = track.boxes_px
        people.append(
            {
                "id": person.id,
                "label": person.label,
                "visible_s": person.visible_s,
                "speaking_s": person.speaking_s,
                "av_offset_ms": person.av_offset_ms,
                "tracks": [[track.start_s, track.end_s, *track.box_px] for track in person.tracks],
            }
        )
    with write_then_rename(folder / _ARRAYS) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, **arrays)
    index = {"people": people, "cuts_s": list(analysis.cuts_s), "arrays": checksum(folder / _ARRAYS)}
    write_sealed(folder / _INDEX, index)


def load_analysis(folder: Path, media: MediaInfo, key: str) -> FaceAnalysis | None:
    """Read an analysis back; None when there is none or it is damaged.

    Args:
        folder: the cache entry.
        media: the file as it is now; its path may have changed since.
        key: name of the entry.
    """
    index = read_sealed(folder / _INDEX)
    try:
        if index is None or checksum(folder / _ARRAYS) != index["arrays"]:
            return None
        with np.load(folder / _ARRAYS, allow_pickle=False) as arrays:
            people = tuple(_person(entry, arrays) for entry in index["people"])
    except OSError:
        return None
    return FaceAnalysis(media, people, tuple(float(cut) for cut in index["cuts_s"]), key)


def _person(entry: dict[str, Any], arrays: Any) -> Person:
    name = f"person{entry['id']}"
    tracks = tuple(
        FaceTrack(
            start_s,
            end_s,
            (left, top, right, bottom),
            arrays[f"{name}_track{k}_times"],
            arrays[f"{name}_track{k}_boxes"],
        )
        for k, (start_s, end_s, left, top, right, bottom) in enumerate(entry["tracks"])
    )
    return Person(
        id=int(entry["id"]),
        label=str(entry["label"]),
        visible_s=float(entry["visible_s"]),
        speaking_s=float(entry["speaking_s"]),
        av_offset_ms=None if entry["av_offset_ms"] is None else float(entry["av_offset_ms"]),
        tracks=tracks,
        thumbnail_rgb=arrays[f"{name}_thumbnail"],
        visible=arrays[f"{name}_visible"],
        speaking=arrays[f"{name}_speaking"],
    )
