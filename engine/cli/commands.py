"""The commands: each asks the engine and gives a JSON object and a text for people."""

from __future__ import annotations

import argparse
import math
import os
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine import api
from engine.cache import output_error, write_then_rename
from engine.cli.ahead import estimate_json, separation_request
from engine.cli.console import Json, printable, table
from engine.errors import OutputExistsError, UsageError
from engine.export.report import result_json
from engine.isolation.job import names
from engine.jobs import CancelToken, ProgressCallback
from engine.types import AudioInfo, FaceAnalysis, MediaInfo, Outlook, Person, SeparationRequest, SeparationResult
from engine.values import clock


@dataclass(frozen=True)
class Answer:
    """What a command gives: the JSON object of the contract, the same for reading, and the exit code.

    One of several processes that train is told to be silent, so that the answer comes once.
    """

    data: Json
    text: str
    exit_code: int = 0
    silent: bool = False


def probe(args: argparse.Namespace) -> Answer:
    """`avsep probe`."""
    media = api.probe(args.video)
    video = media.video
    data: Json = {
        "duration_s": media.duration_s,
        "video": None
        if video is None
        else {
            "index": video.index,
            "codec": video.codec,
            "width": video.width,
            "height": video.height,
            "avg_fps": video.avg_fps,
            "is_vfr": video.is_vfr,
            "rotation_deg": video.rotation_deg,
            "start_s": video.start_s,
        },
        "audio": [_audio_json(stream) for stream in media.audio],
    }
    return Answer(data, _probe_text(media))


def faces(args: argparse.Namespace, on_progress: ProgressCallback, cancel: CancelToken) -> Answer:
    """`avsep faces`."""
    analysis = api.find_faces(args.video, on_progress=on_progress, cancel=cancel)
    thumbnails: dict[int, Path] = {}
    if args.thumbnails is not None:
        thumbnails = _write_thumbnails(args.thumbnails, analysis.people, overwrite=args.overwrite)
    data: Json = {"people": [_person_json(person, thumbnails.get(person.id)) for person in analysis.people]}
    return Answer(data, _faces_text(analysis))


def separate(
    args: argparse.Namespace, foreseen: Outlook | None, on_progress: ProgressCallback, cancel: CancelToken
) -> Answer:
    """`avsep separate`; `foreseen` is what was reckoned before."""
    person_ids: tuple[int, ...] = ()
    if args.person:
        person_ids = _person_ids(args.video, args.person, on_progress, cancel)
    request = separation_request(args, person_ids)
    result = api.separate(request, on_progress=on_progress, cancel=cancel)
    return Answer(result_json(result) | {"estimate": estimate_json(foreseen)}, _separate_text(result, request))


def prepare(args: argparse.Namespace, on_progress: ProgressCallback, cancel: CancelToken) -> Answer:
    """`avsep prepare`."""
    from engine.data.imagined import imagine_lips
    from engine.data.prepare import prepare as make
    from engine.data.sync import measure_delays

    made = make(
        args.sources,
        args.output,
        layout=args.layout,
        corpus=args.corpus,
        audio_only=args.audio_only,
        val=args.val,
        test=args.test,
        seed=args.seed,
        with_morphs=args.morph,
        with_pictures=args.pictures,
        retry=args.retry,
        workers=args.workers,
        on_progress=on_progress,
        cancel=cancel,
    )
    sync = measure_delays(args.output, on_progress=on_progress, cancel=cancel)
    imagined = None
    if args.imagine_lips:
        imagined = imagine_lips(args.output, seed=args.seed, on_progress=on_progress, cancel=cancel)
    whole, splits = made.extent(), {name: made.extent(name) for name in ("train", "val", "test")}
    data: Json = {
        **asdict(whole),
        "rejected": [{"path": str(item.path), "why": item.why} for item in made.rejected],
        "splits": {name: asdict(part) for name, part in splits.items()},
        "sync": None if sync is None else asdict(sync),
        "imagined": None if imagined is None else asdict(imagined),
        "output": str(args.output),
    }
    rows = [
        [printable(name), str(part.clips), f"{part.hours:.2f}", str(part.speakers)]
        for name, part in {**splits, "together": whole}.items()
    ]
    notes = [f"Left out {len(made.rejected)} files; the reasons are in rejected.csv."] if made.rejected else []
    if sync is not None:
        share = 100 * sync.within_a_frame
        notes.append(
            f"Pictures are in step with the sound to a frame in {share:.0f} % of the clips; delays.csv has all."
        )
    if imagined is not None:
        told = 100 * imagined.explained
        notes.append(f"Imagined lips for {imagined.hours:.2f} h; a voice tells {told:.0f} % of how lips move.")
    return Answer(data, "\n".join([table(rows, header=["Split", "Clips", "Hours", "Speakers"]), *notes]))


def train(args: argparse.Namespace, on_progress: ProgressCallback, cancel: CancelToken) -> Answer:
    """`avsep train`."""
    from engine.train.loop import run

    data = run(args.config, resume=args.resume, on_progress=on_progress, cancel=cancel)
    best = data["best"]
    value = "unknown: nobody to validate on" if best["value"] is None else f"{best['value']:.3g}"
    rank = os.environ.get("RANK", os.environ.get("LOCAL_RANK", "0"))
    text = f"{printable(data['run_dir'])}: step {data['step']}, best {best['metric']} {value}"
    return Answer(data, text, silent=rank != "0")


def evaluate(args: argparse.Namespace, on_progress: ProgressCallback, cancel: CancelToken) -> Answer:
    """`avsep evaluate`."""
    from engine.evaluate import run

    data = run(
        args.mixtures,
        model=args.model,
        root=args.root,
        device=args.device,
        table=args.csv,
        overwrite=args.overwrite,
        on_progress=on_progress,
        cancel=cancel,
    )
    head = [
        "",
        "Scores",
        "SI-SDRi (dB)",
        "SDRi (dB)",
        "PESQ wide",
        "STOI",
        "Wrong talker",
        "Both faces right",
        "One face known: SI-SDRi",
        "Wrong",
    ]
    parts = [
        (name if condition == "corpus" else f"{condition} {name}", part)
        for condition, values in data["by"].items()
        for name, part in values.items()
    ]
    text = table([_score_row(name, part) for name, part in (*parts, ("together", data))], header=head)
    return Answer(data, "\n".join([text, *(f"Note: {printable(warning)}" for warning in data["warnings"])]))


def _score_row(name: str, part: Json) -> list[str]:
    def metric(key: str, form: str) -> str:
        return _with_interval(part["metrics"][key], part["ci95"][key], form)

    def share(key: str) -> str:
        return _with_interval(part[key], part["ci95"][key], ".1%")

    return [
        printable(name),
        str(part["n"]),
        metric("si_sdri", "+.2f"),
        metric("sdri", "+.2f"),
        metric("pesq_wb", ".2f"),
        metric("stoi", ".3f"),
        share("wrong_talker_rate"),
        share("both_faces_right"),
        metric("si_sdri_alone", "+.2f"),
        share("wrong_talker_rate_alone"),
    ]


def _with_interval(value: float | None, interval: tuple[float, float] | None, form: str) -> str:
    if value is None or interval is None:
        return "none"
    return f"{value:{form}} [{interval[0]:{form}}, {interval[1]:{form}}]"


def _person_ids(video: Path, wanted: list[str], on_progress: ProgressCallback, cancel: CancelToken) -> tuple[int, ...]:
    """Ids for what --person was given: ids, or labels in any case."""
    if all(text.isdecimal() for text in wanted):
        return tuple(int(text) for text in wanted)
    people = api.find_faces(video, on_progress=on_progress, cancel=cancel).people
    return tuple(_person_id(people, text, video) for text in wanted)


def _person_id(people: tuple[Person, ...], text: str, video: Path) -> int:
    matches = [person.id for person in people if person.label.casefold() == text.strip().casefold()]
    if not matches and text.isdecimal():
        return int(text)
    if len(matches) != 1:
        raise UsageError(
            f"{'Several people are' if matches else 'Nobody is'} called {text!r} in “{video.name}”.",
            f"Choose by id: {names(people)}." if people else "No face was found in it.",
        )
    return matches[0]


def _write_thumbnails(folder: Path, people: tuple[Person, ...], *, overwrite: bool) -> dict[int, Path]:
    paths = {person.id: folder / f"person-{person.id}.png" for person in people if person.thumbnail_rgb.size}
    for path in paths.values():
        if path.exists() and not overwrite:
            raise OutputExistsError(f"“{path}” exists already.", "Choose another folder, or add --overwrite.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise output_error(folder, error) from error
    for person in people:
        if person.id in paths:
            with write_then_rename(paths[person.id]) as temporary:
                temporary.write_bytes(_png(person.thumbnail_rgb))
    return paths


def _png(rgb: NDArray[np.uint8]) -> bytes:
    """A picture (h, w, 3) as a PNG file."""
    import cv2

    done, encoded = cv2.imencode(".png", np.ascontiguousarray(rgb[..., ::-1]))
    if not done:
        raise ValueError(f"a picture of shape {rgb.shape} cannot be encoded")
    return bytes(encoded.tobytes())


def _audio_json(stream: AudioInfo) -> Json:
    return {
        "index": stream.index,
        "codec": stream.codec,
        "sample_rate_hz": stream.sample_rate_hz,
        "channels": stream.channels,
        "layout": stream.layout,
        "start_s": stream.start_s,
        "title": stream.title,
        "language": stream.language,
    }


def _person_json(person: Person, thumbnail: Path | None) -> Json:
    return {
        "id": person.id,
        "label": person.label,
        "visible_s": person.visible_s,
        "speaking_s": person.speaking_s,
        "av_offset_ms": person.av_offset_ms,
        "thumbnail": None if thumbnail is None else str(thumbnail),
        "tracks": [
            {"start_s": track.start_s, "end_s": track.end_s, "box_px": [float(edge) for edge in track.box_px]}
            for track in person.tracks
        ],
    }


def _probe_text(media: MediaInfo) -> str:
    rows = [["Length", clock(media.duration_s)]]
    video = media.video
    if video is not None:
        rate = f"{video.avg_fps:.3f}".rstrip("0").rstrip(".")
        turned = f", rotated by {video.rotation_deg} degrees" if video.rotation_deg else ""
        varying = " on average, varying" if video.is_vfr else ""
        rows.append(["Picture", f"{video.width} x {video.height}, {rate} frames/s{varying}{turned}, {video.codec}"])
    else:
        rows.append(["Picture", "none"])
    for stream in media.audio:
        title = "".join(f", {printable(text)}" for text in (stream.title, stream.language) if text)
        rows.append([f"Sound {stream.index}", f"{stream.sample_rate_hz} Hz, {stream.layout}, {stream.codec}{title}"])
    if not media.audio:
        rows.append(["Sound", "none"])
    return table(rows)


def _faces_text(analysis: FaceAnalysis) -> str:
    if not analysis.people:
        return "No face was found."
    rows = [
        [
            str(person.id),
            printable(person.label),
            f"{person.visible_s:.1f} s",
            f"{person.speaking_s:.1f} s",
            clock(person.tracks[0].start_s) if person.tracks else "",
            ", ".join(f"{edge:.0f}" for edge in person.tracks[0].box_px) if person.tracks else "",
        ]
        for person in analysis.people
    ]
    return table(rows, header=["Id", "Name", "Visible", "Speaking", "First seen", "Face (left, top, right, bottom)"])


def _separate_text(result: SeparationResult, request: SeparationRequest) -> str:
    folder = next((True for output in result.outputs if output.kind == "report"), False)
    rows = [
        [output.kind, printable(request.output / output.path if folder else output.path)] for output in result.outputs
    ]
    rows += [
        ["model", f"{result.model} on {result.device}"],
        ["time", f"{result.wall_s:.1f} s for {clock(result.duration_s)} ({result.real_time_factor:.2f} x real time)"],
        ["null test", f"{result.null_test_db:.0f} dBFS"],
        ["offset", f"{result.offset_samples} samples"],
    ]
    rows += [
        [f"person {confidence.person}", f"lips and voice agree {confidence.mean:.0%}"]
        for confidence in result.confidence
        if math.isfinite(confidence.mean)
    ]
    return "\n".join([table(rows), *(f"Note: {printable(warning)}" for warning in result.warnings)])
