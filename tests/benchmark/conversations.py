"""Turn-taking conversations through the product: does each face get its own voice, its whole voice and nobody else's?

python -m tests.benchmark.conversations DATA_FOLDER OUT_FOLDER [--model NAME] [--list FILE] [--only ID ...]

Every conversation of tests/data/conversations.csv becomes a video in OUT_FOLDER (made once), goes through
`avsep separate FILE --everyone`, and is scored against the true voices. Printed is a row per person, then means with
95 % intervals over conversations; everything is in OUT_FOLDER/scores.json.

Per person, who is matched to their tile by where the face is, never by the sound:

- own_level_db: level of the separated voice over the true voice while this person alone has a turn; wanted within +-1.
- rest_db: energy of everyone else (mixture - voice) over that of the mixture there: what is left behind of the person.
- others_db: energy of the separated voice over that of the mixture while others have a turn and this person has none;
  wanted -20 or less. Below -60 counts as -60.
- si_sdr_mixture, si_sdri: over the whole conversation.
- largest_click: at the turns' edges (50 ms to both sides), the largest jump between neighbouring samples of the
  separated voice over that of the mixture at the same edge; the worst edge. Where the mixture is nearly silent, a
  tenth of its largest jump at any edge stands for its own.
- found: the product found one person in this tile, and only one. Where it found several, the one longest to be seen is
  scored; where none, the scores are null.

Stretches are shorter by 100 ms at both ends, and 20 ms frames in which nobody of those talking is louder than -40 dB of
their own level do not count.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from engine.confidence import Judgement, together
from engine.errors import EngineError
from engine.metrics import bootstrap_ci95, si_sdr
from tests.benchmark.real_clips import avsep
from tests.helpers.conversation import (
    RATE_HZ,
    TILE_PX,
    Conversation,
    FloatArray,
    Made,
    Mask,
    make,
    read_conversations,
    shrunk,
)

LIST = Path(__file__).parents[1] / "data/conversations.csv"
OWN_LEVEL_DB = 1.0
OTHERS_DB = -20.0
METRICS = ("own_level_db", "rest_db", "others_db", "si_sdr_mixture", "si_sdri", "largest_click")
SHARES = ("found", "own_level_kept", "others_quiet")
SPAN_S = 5
_NOBODY_ELSE_DB = 20.0  # the mixture is this voice alone: there is nothing to improve
_EDGE_S = 0.1
_FRAME_S = 0.02
_SILENCE_DB = -40.0
_CLICK_S = 0.05
_CLICK_FLOOR = 0.1
_FLOOR_DB = -60.0


@dataclass(frozen=True)
class Score:
    """Scores of one person's voice; see the module. None where there is nothing to score."""

    own_level_db: float | None
    rest_db: float | None
    others_db: float | None
    si_sdr_mixture: float
    si_sdri: float | None
    largest_click: float | None


def score(conversation: Conversation, person: int, estimate: FloatArray | None, voices: FloatArray) -> Score:
    """Score a separated voice.

    Args:
        estimate: (T,) at 48 kHz; None where the person was not found.
        voices: (P, T), the true voices.
    """
    mixture, voice = voices.sum(0), voices[person]
    before = si_sdr(mixture, voice)
    if estimate is None:
        return Score(None, None, None, before, None, None)
    talking = conversation.talking(RATE_HZ)
    audible = np.stack([_audible(v, turns) for v, turns in zip(voices, talking, strict=True)])
    own, others = talking[person], np.delete(talking, person, 0).any(0)
    edge = round(_EDGE_S * RATE_HZ)
    alone = shrunk(own & ~others, edge) & audible[person]
    silent = shrunk(others & ~own, edge) & np.delete(audible, person, 0).any(0)
    leak_db, rest_db = _ratio_db(estimate, mixture, silent), _ratio_db(mixture - estimate, mixture, alone)
    return Score(
        _ratio_db(estimate, voice, alone),
        None if rest_db is None else max(rest_db, _FLOOR_DB),
        None if leak_db is None else max(leak_db, _FLOOR_DB),
        before,
        si_sdr(estimate, voice) - before,
        largest_click(conversation, estimate, mixture),
    )


def largest_click(conversation: Conversation, estimate: FloatArray, mixture: FloatArray) -> float:
    """The largest jump of a voice at a turn's edge over the mixture's there."""
    near = round(_CLICK_S * RATE_HZ)
    edges = sorted({round(t * RATE_HZ) for turn in conversation.turns for t in (turn.at_s, turn.end_s)})
    jumps = [
        [float(np.abs(np.diff(sound[max(0, at - near) : at + near])).max()) for at in edges]
        for sound in (estimate, mixture)
    ]
    floor = _CLICK_FLOOR * max(jumps[1])
    return float(max(own / max(there, floor) for own, there in zip(*jumps, strict=True)))


def spans(
    conversation: Conversation, person: int, estimate: FloatArray, voices: FloatArray, told: Mapping[int, Judgement]
) -> list[dict[str, Any]]:
    """Confidence and truth over spans of 5 s in which the person talks for a second and somebody else can be heard.

    Args:
        told: judgement by second.

    Returns:
        quality_db (the improvement that the product believes in) and visible over the span, si_sdri in dB, and right:
        better than the mixture and nearer to the person's own voice than to any other.
    """
    talking, mixture, found = conversation.talking(RATE_HZ), voices.sum(0), []
    for second in range(0, int(conversation.seconds) - SPAN_S + 1, SPAN_S):
        at = slice(second * RATE_HZ, (second + SPAN_S) * RATE_HZ)
        before = si_sdr(mixture[at], voices[person, at])
        if talking[person, at].sum() >= RATE_HZ and before < _NOBODY_ELSE_DB:
            own = si_sdr(estimate[at], voices[person, at])
            others = [si_sdr(estimate[at], v[at]) for n, v in enumerate(voices) if n != person and v[at].any()]
            judged = together([told[s] for s in range(second, second + SPAN_S)])
            found.append(
                {
                    "quality_db": judged.improvement_db,
                    "visible": judged.visible,
                    "si_sdri": own - before,
                    "right": bool(own > before and all(own > other for other in others)),
                }
            )
    return found


def _audible(voice: FloatArray, turns: Mask) -> Mask:
    """Where a voice (T,) is louder than -40 dB of its level in its turns, by frames of 20 ms."""
    frame = round(_FRAME_S * RATE_HZ)
    count = -(-len(voice) // frame)
    padded = np.pad(voice.astype(np.float64), (0, count * frame - len(voice)))
    power = (padded.reshape(count, frame) ** 2).mean(1)
    level = np.mean(voice[turns].astype(np.float64) ** 2)
    return np.repeat(power > level * 10 ** (_SILENCE_DB / 10), frame)[: len(voice)]


def _ratio_db(estimate: FloatArray, reference: FloatArray, where: Mask) -> float | None:
    if not where.any():
        return None
    energies = [float(np.sum(sound[where].astype(np.float64) ** 2)) for sound in (estimate, reference)]
    return float(10 * np.log10((energies[0] + 1e-12) / (energies[1] + 1e-12)))


def people_in_tiles(people: Sequence[Mapping[str, Any]], tiles: int) -> list[list[int]]:
    """Who of `avsep faces --json` sits in each tile, the longest visible first.

    A person whose tracks lie in several tiles sits where they are seen longest.
    """
    found: list[list[int]] = [[] for _ in range(tiles)]
    for person in sorted(people, key=lambda p: -float(p["visible_s"])):
        seen_s = np.zeros(tiles)
        for track in person["tracks"]:
            left, _, right, _ = track["box_px"]
            tile = int((left + right) / 2 // TILE_PX)
            seen_s[min(max(tile, 0), tiles - 1)] += track["end_s"] - track["start_s"]
        found[int(seen_s.argmax())].append(int(person["id"]))
    return found


def separate(conversation: Conversation, made: Made, out: Path, model: str) -> list[dict[str, Any]]:
    """Send a conversation through the product; a row of scores per person."""
    voices = made.true_voices()
    faces, faces_s = avsep("faces", str(made.video))
    done, separate_s = avsep("separate", str(made.video), "--everyone", "-o", str(out), "--model", model, "--overwrite")
    failure = next((answer["error"]["message"] for answer in (faces, done) if "error" in answer), "")
    paths = {o["person"]: out / o["path"] for o in done.get("outputs", ()) if o["kind"] == "voice"}
    told = {c["person"]: {round(s["start_s"]): _judgement(s) for s in c["spans"]} for c in done.get("confidence", ())}
    rows = []
    for person, ids in enumerate(people_in_tiles(faces.get("people", ()), conversation.people)):
        path = paths.get(ids[0]) if ids else None
        scored = score(conversation, person, None if path is None else _read(path, voices.shape[1]), voices)
        own, others = scored.own_level_db, scored.others_db
        rows.append(
            {
                "conversation": conversation.id,
                "corpus": conversation.corpus,
                "people": conversation.people,
                "person": person,
                "product_ids": ids,
                "found": len(ids) == 1 and path is not None,
                **asdict(scored),
                "own_level_kept": None if own is None else abs(own) <= OWN_LEVEL_DB,
                "others_quiet": None if others is None else others <= OTHERS_DB,
                "faces_s": faces_s,
                "separate_s": separate_s,
                "seconds": conversation.seconds,
                "failure": failure,
                "spans": []
                if path is None
                else spans(conversation, person, _read(path, voices.shape[1]), voices, told[ids[0]]),
            }
        )
    return rows


def _judgement(span: Mapping[str, float]) -> Judgement:
    removed = 10 ** (span["removed_db"] / 10)
    return Judgement(removed, removed / 10 ** (span["improvement_db"] / 10), span["visible"])


def _read(path: Path, samples: int) -> FloatArray:
    """A separated voice, (T,) at 48 kHz, cut or filled with silence to `samples`."""
    sound, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    if rate_hz != RATE_HZ:
        raise ValueError(f"{path} has {rate_hz} Hz, its source has {RATE_HZ}")
    mono = sound.mean(1)[:samples]
    return np.asarray(np.pad(mono, (0, samples - len(mono))), np.float32)


def summary(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Mean, 95 % interval over conversations and count of every score; values that are None do not count."""
    out: dict[str, Any] = {"people": len(rows), "conversations": len({row["conversation"] for row in rows})}
    for name in (*METRICS, *SHARES):
        groups: dict[str, list[float]] = {}
        for row in rows:
            if row[name] is not None:
                groups.setdefault(row["conversation"], []).append(float(row[name]))
        values = [value for group in groups.values() for value in group]
        out[name] = (
            {"mean": float(np.mean(values)), "ci95": bootstrap_ci95(list(groups.values())), "n": len(values)}
            if values
            else None
        )
    return out


def summaries(rows: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The summary of every corpus, and of all."""
    parts = {corpus: [row for row in rows if row["corpus"] == corpus] for corpus in sorted({r["corpus"] for r in rows})}
    return {name: summary(part) for name, part in {**parts, "all": list(rows)}.items()}


def row_text(row: Mapping[str, Any]) -> str:
    """A line of the table."""

    def shown(name: str, form: str) -> str:
        return f"{'–':>8}" if row[name] is None else f"{row[name]:{form}}"

    ids = ",".join(map(str, row["product_ids"])) or "none"
    return (
        f"{row['conversation']:10} {row['person']}  id {ids:6} own {shown('own_level_db', '+8.2f')} dB  "
        f"others {shown('others_db', '+8.1f')} dB  SI-SDR {shown('si_sdr_mixture', '+6.2f')} "
        f"i {shown('si_sdri', '+8.2f')} dB  click {shown('largest_click', '8.2f')}  {row['failure']}"
    ).rstrip()


def summary_text(name: str, part: Mapping[str, Any]) -> str:
    """A few lines: every score with its interval."""
    lines = [f"{name}: {part['people']} people in {part['conversations']} conversations"]
    for key in (*METRICS, *SHARES):
        value = part[key]
        if value is None:
            lines.append(f"  {key:16} none")
        elif key in SHARES:
            low, high = value["ci95"]
            lines.append(f"  {key:16} {value['mean']:8.0%}  [{low:.0%}, {high:.0%}]  n {value['n']}")
        else:
            low, high = value["ci95"]
            lines.append(f"  {key:16} {value['mean']:8.2f}  [{low:.2f}, {high:.2f}]  n {value['n']}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description="Score conversations through the product.")
    parser.add_argument("data", type=Path, help="the folder that the list's paths are relative to")
    parser.add_argument("out", type=Path, help="videos, voices and scores; videos are used again")
    parser.add_argument("--model", default="default", help="a name from `avsep models list`")
    parser.add_argument("--list", type=Path, default=LIST, help="the list of turns")
    parser.add_argument("--only", nargs="+", metavar="ID", help="only these conversations")
    args = parser.parse_args()
    listed = read_conversations(args.list)
    unknown = set(args.only or ()) - {conversation.id for conversation in listed}
    if unknown:
        parser.error(f"not in the list: {', '.join(sorted(unknown))}")
    rows: list[dict[str, Any]] = []
    for conversation in listed:
        if args.only and conversation.id not in args.only:
            continue
        folder = args.out / conversation.id
        try:
            made = make(conversation, args.data, folder)
        except EngineError as error:
            raise SystemExit(f"{conversation.id}: {error.message} {error.remedy}") from error
        for row in separate(conversation, made, folder / re.sub(r"\W", "_", args.model), args.model):
            rows.append(row)
            print(row_text(row), flush=True)
        scores = {"model": args.model, "list": args.list.name, "rows": rows, "summary": summaries(rows)}
        (args.out / "scores.json").write_text(json.dumps(scores, indent=1), encoding="utf-8")
    for name, part in summaries(rows).items():
        print(summary_text(name, part))


if __name__ == "__main__":
    main()
