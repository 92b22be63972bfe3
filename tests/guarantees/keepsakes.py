"""What else is in a film, and must be in the video that AVSep writes: turn, chapters, subtitles, other sound, names."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import imageio_ffmpeg

from tests.guarantees.command import avsep
from tests.guarantees.finding import Finding, Scope
from tests.guarantees.inputs import SECONDS, Film, cast, make, sound
from tests.helpers.media_files import Picture, packet_hashes

TITLE, TEXT = "An evening", "Hello there"
CHAPTERS = ((0.0, 1.0, "Opening"), (1.0, 2.0, "Talk"))
NEW_TRACKS = 2  # a voice and everyone else


def rich_films(scope: Scope) -> list[Finding]:
    """A turned film with two sound tracks, subtitles and chapters, into all three containers."""
    kept = Finding("A video keeps picture, turn, start, chapters, subtitles, other sound, languages, title")
    for suffix, subtitles in (("mkv", "srt"), ("mp4", "mov_text")):
        source = _rich(scope.folder, suffix, subtitles)
        for container in ("mkv",) if suffix == "mkv" else ("mp4",) if scope.short else ("mp4", "mov"):
            out = scope.folder / f"from {suffix}.{container}"
            answer = avsep("separate", source, "--person", "1", "--model", "tiny", "-o", out)
            name = f"{suffix} into {container}"
            if answer.exit_code:
                kept.case(name, answer.trouble())
                continue
            for what, read in _READ.items():
                before, after = _read(source, read), _read(out, read)
                kept.case(f"{name}: {what}", None if before == after else f"{after} instead of {before}")
            pictures = [content for content, _ in packet_hashes(source)] == [
                content for content, _ in packet_hashes(out)
            ]
            kept.case(f"{name}: picture", None if pictures else "packets differ")
    return [kept]


def _rich(folder: Path, suffix: str, subtitles: str) -> Path:
    """A film with everything in it; the ffmpeg program adds what is neither picture nor sound."""
    first, second = sound(language="eng", title="Room"), sound(44_100, "mono", language="deu", title="Translation")
    turned = Picture(duration_s=SECONDS, clockwise_deg=90, start_s=0.2)
    plain = make(folder, Film(f"plain {suffix}", f".{suffix}", turned, (first, second), cast(1))).path
    lines, tags = folder / "lines.srt", folder / "tags.txt"
    lines.write_text(f"1\n00:00:00,500 --> 00:00:01,500\n{TEXT}\n\n", encoding="utf-8")
    told = [";FFMETADATA1", f"title={TITLE}"]
    for start_s, end_s, name in CHAPTERS:
        told += [
            "[CHAPTER]",
            "TIMEBASE=1/1000",
            f"START={start_s * 1000:.0f}",
            f"END={end_s * 1000:.0f}",
            f"title={name}",
        ]
    tags.write_text("\n".join(told) + "\n", encoding="utf-8")
    path = folder / f"rich.{suffix}"
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", plain, "-i", lines, "-i", tags]
    command += ["-map", "0", "-map", "1", "-map_metadata", "2", "-map_chapters", "2", "-c", "copy", "-c:s", subtitles]
    names = [("a:0", "eng", "Room"), ("a:1", "deu", "Translation"), ("s:0", "fra", "Lines")]
    for stream, language, title in names:
        command += [f"-metadata:s:{stream}", f"language={language}", f"-metadata:s:{stream}", f"title={title}"]
        command += [f"-metadata:s:{stream}", f"handler_name={title}"]
    subprocess.run([*command, path], check=True)
    return path


def _read(path: Path, read: Callable[[Any, int], Any]) -> Any:
    """A fact of a file; `read` gets the container and how many new sound tracks come before the film's own."""
    with av.open(str(path)) as container:
        return read(container, NEW_TRACKS if path.stem.startswith("from ") else 0)


def _turn(container: Any, new: int) -> Any:
    return next(container.decode(video=0)).rotation


def _start(container: Any, new: int) -> Any:
    """When the first picture appears after the film's own sound, to a millisecond."""
    times = {}
    for stream in (container.streams.video[0], container.streams.audio[new]):
        container.seek(0)
        times[stream.type] = next(frame for frame in container.decode(stream)).time
    return round(times["video"] - times["audio"], 2)


def _chapters(container: Any, new: int) -> Any:
    return [
        (round(float(chapter["start"] * chapter["time_base"]), 2), chapter["metadata"]["title"])
        for chapter in container.chapters()
    ]


def _subtitles(container: Any, new: int) -> Any:
    stream = container.streams.subtitles[0]
    told = [bytes(packet) for packet in container.demux(stream) if TEXT.encode() in bytes(packet)]
    return len(told), _language(stream)


def _other_sound(container: Any, new: int) -> Any:
    """Languages of the film's own sound tracks, and what is in their packets."""
    streams = container.streams.audio[new:]
    packets = {stream.index: 0 for stream in streams}
    for packet in container.demux(streams):
        if packet.size:
            packets[packet.stream_index] = hash((packets[packet.stream_index], bytes(packet)))
    return [(_language(stream), packets[stream.index]) for stream in streams]


def _language(stream: Any) -> str:
    """The language under one code: ISO 639-2 has two for German, and QuickTime knows the other."""
    return {"ger": "deu"}.get(stream.language, stream.language)


def _title(container: Any, new: int) -> Any:
    return container.metadata.get("title")


_READ: dict[str, Callable[[Any, int], Any]] = {
    "turn": _turn,
    "start": _start,
    "chapters": _chapters,
    "subtitles": _subtitles,
    "other sound": _other_sound,
    "title": _title,
}
