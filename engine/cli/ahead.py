"""What `avsep separate` says before it begins: time, memory and room that the job will need."""

from __future__ import annotations

import argparse

from engine import api
from engine.cli.console import Console, Json
from engine.errors import EngineError, UsageError
from engine.export.target import size_text
from engine.types import Outlook, SeparationRequest


def separation_request(args: argparse.Namespace, person_ids: tuple[int, ...]) -> SeparationRequest:
    """What the options of `avsep separate` ask for."""
    return SeparationRequest(
        video=args.video,
        output=args.output,
        person_ids=person_ids,
        at=args.at,
        everyone=args.everyone,
        model=args.model,
        device=args.device,
        range_s=args.range,
        mix_back=args.mix_back,
        absent=args.absent,
        loudness_lufs=args.loudness,
        format=args.format,
        overwrite=args.overwrite,
        picture=args.picture,
        audio_index=args.audio_index,
        close_up=args.close_up,
        close_up_name=args.close_up_name,
    )


def outlook(args: argparse.Namespace) -> Outlook | None:
    """What is reckoned; None where the job cannot be done, which it says itself."""
    voices = len(set(args.person)) if args.person else None
    try:
        return api.outlook(separation_request(args, ()), voices=voices)
    except EngineError:
        return None


def tell(args: argparse.Namespace, foreseen: Outlook | None, console: Console) -> None:
    """Say what is reckoned, and what to do where it is long."""
    if foreseen is not None:
        console.note(outlook_text(foreseen))
    slow = slowness(args)
    if slow:
        console.note(slow)


def outlook_text(foreseen: Outlook) -> str:
    """The outlook as a sentence."""
    time = "" if foreseen.wall_s is None else f"{_about(foreseen.wall_s)}, "
    room = f"{size_text(foreseen.output_bytes)} for the result and {size_text(foreseen.cache_bytes)} of working space"
    return f"This will need about {time}{size_text(foreseen.memory_bytes)} of memory, {room}."


def estimate_json(foreseen: Outlook | None) -> Json | None:
    """The outlook beside the result."""
    if foreseen is None:
        return None
    return {
        "wall_s": foreseen.wall_s,
        "memory_mb": foreseen.memory_bytes / 1e6,
        "output_bytes": foreseen.output_bytes,
        "cache_bytes": foreseen.cache_bytes,
    }


def slowness(args: argparse.Namespace) -> str:
    """How long `avsep separate` will take with a model that is slower than real time here; "" with a fast one."""
    try:
        row = api.model_info(args.model)
    except UsageError:  # a training run, or a name that the job itself refuses
        return ""
    if row.pace is None or row.pace <= 1:
        return ""
    duration_s = api.probe(args.video).duration_s
    start_s, end_s = args.range or (0.0, duration_s)
    minutes = (row.seconds_for(start_s, min(end_s, duration_s), duration_s) or 0.0) / 60
    each = " for each voice" if args.everyone or len(args.person or ()) > 1 else ""
    told = "measured here" if row.pace_measured else "estimated"
    less = "" if args.range else " Less with --range A-B."
    return (
        f"Note: {row.name} takes about {row.pace:.0f} s for a second of one voice on this computer ({told}): about "
        f"{max(1, round(minutes))} min{each}.{less}"
    )


def _about(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
