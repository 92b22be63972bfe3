"""The main job: from a request to files with measured guarantees."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from engine import api
from engine.cache import content_key, in_use
from engine.casting import recast
from engine.errors import InputChangedError, InputError, ModelError, NoPictureError, NoSoundError, UsageError
from engine.export.levels import VoiceLevel, measure_voice
from engine.export.mix import Mix
from engine.export.people import check_choice, choose_people
from engine.export.report import Json, write_report
from engine.export.staging import staging
from engine.export.target import PlannedFile, Target, check_close_ups, check_space, find_target, plan_files
from engine.export.timeline import TimelineSound, write_timeline
from engine.export.usage import peak_rss_mb
from engine.export.verify import Reader, null_test_db, offset_samples, open_encoded, open_sounds, total_of
from engine.jobs import CancelToken, Progress, ProgressCallback
from engine.registry import fingerprint, verify
from engine.types import (
    AudioInfo,
    FaceAnalysis,
    FloatArray,
    IsolationRequest,
    IsolationResult,
    MediaInfo,
    OutputFile,
    Person,
    SeparationRequest,
    SeparationResult,
)

REST_TITLE = "Everyone else"
ORIGINAL_TITLE = "Original"
NULL_TEST_LIMIT_DB = -120.0


@dataclass
class _Run:
    """What one job passes from step to step."""

    request: SeparationRequest
    on_progress: ProgressCallback
    cancel: CancelToken
    stages: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measure a step, in seconds, under a key of `stages`."""
        self.cancel.checkpoint()
        start = time.perf_counter()
        yield
        self.stages[name] = time.perf_counter() - start

    def report(self, title: str, total: int) -> Callable[[int], None]:
        """A callback for samples done that reports progress and stops when asked to."""

        def on_block(done: int) -> None:
            self.on_progress(Progress(title, min(done, total), total))
            self.cancel.checkpoint()

        return on_block


def separate(request: SeparationRequest, *, on_progress: ProgressCallback, cancel: CancelToken) -> SeparationResult:
    """Isolate voices and write them to files; see `engine.api.separate`.

    Everything that can be known beforehand is checked before the work. Files are written and checked in a hidden
    folder beside their place and moved there at the end, the report last.
    """
    began = time.perf_counter()
    run = _Run(request, on_progress, cancel)
    _check_numbers(request)
    check_choice(request)
    with run.stage("probe_s"):
        key = content_key(request.video)
        media = api.probe(request.video)
        sound = sound_stream(media, request)
        target = find_target(request)
        if (target.kind == "video" or request.close_up is not None) and media.video is None:
            raise NoPictureError(
                f"“{request.video.name}” has no picture to show.", "Choose a sound file or a folder for the result."
            )
        range_s = clip_range(request.range_s, media)
        api.device_info(request.device)
        _check_model(request.model)
    with run.stage("faces_s"):
        found = api.find_faces(request.video, on_progress=on_progress, cancel=cancel)
        analysis = recast(found, request.cast)
        people = choose_people(analysis, request)
        files = plan_files(target, request, people)
        unseen = check_close_ups(target, request, people, range_s or (0.0, media.duration_s))
        check_space(target, request, sound, media.duration_s, len(people))
    with run.stage("isolate_s"):
        isolation = api.isolate(_isolation_request(request, people, range_s), on_progress=on_progress, cancel=cancel)
        stores = [isolation.source, *(voice.voice for voice in isolation.voices)]
        run.on_progress = in_use(on_progress, *(store.path.parent for store in stores))
    with run.stage("measure_s"):
        mix, levels = _mix(run, isolation, people, range_s)
    new_folder = target.kind == "folder" and not target.folder.exists()
    with staging(target.folder, whole=new_folder) as place:
        with run.stage("write_s"):
            notes = unseen + _write(run, place.folder, files, mix, people, analysis, sound.language)
        with run.stage("verify_s"):
            null_db, offset, doubts = _verify(run, place.folder, files, target, mix)
        wall_s = time.perf_counter() - began
        result = SeparationResult(
            model=isolation.model,
            device=isolation.device,
            duration_s=mix.source.duration_s,
            wall_s=wall_s,
            real_time_factor=wall_s / mix.source.duration_s,
            stages=run.stages,
            peak_rss_mb=peak_rss_mb(),
            sample_rate_hz=mix.source.sample_rate_hz,
            channels=mix.source.channels,
            null_test_db=null_db,
            offset_samples=offset,
            outputs=tuple(_output(file, target, request, people) for file in files),
            confidence=tuple(voice.confidence for voice in isolation.voices),
            warnings=(*isolation.warnings, *(level.note for level in levels if level.note), *notes, *doubts),
        )
        if files[-1].kind == "report":
            card = None if request.model.endswith(".safetensors") else api.model_info(isolation.model)
            write_report(place.folder / files[-1].name, result, media, card, _voices_json(people, levels))
        _check_unchanged(request.video, key)
        cancel.checkpoint()
        place.publish([file.name for file in files], overwrite=request.overwrite)
    return result


def _check_numbers(request: SeparationRequest) -> None:
    if not 0.0 <= request.mix_back <= 1.0:
        raise UsageError(f"A mix-back of {request.mix_back:g} is not possible.", "Give a share from 0 to 1.")
    loudness = request.loudness_lufs
    if loudness is not None and not -70.0 < loudness <= 0.0:
        raise UsageError(
            f"A loudness of {loudness:g} LUFS is not possible.", "Give a value above -70 and up to 0, such as -16."
        )


def _check_model(name: str) -> None:
    """Make sure that a model of the shelf, or the weights of a training run, can be used."""
    if name.endswith(".safetensors"):
        verify(name)
        return
    row = api.model_info(name)
    if row.guest:
        fingerprint(name)  # says why it cannot be used
    elif not row.installed:
        usable = [other.name for other in api.list_models() if other.installed]
        raise ModelError(
            f"The model {name} is not installed, or its files are damaged.",
            f"Install it again{', or use ' + ' or '.join(usable) if usable else ''}.",
        )


def sound_stream(media: MediaInfo, request: SeparationRequest) -> AudioInfo:
    """The sound stream that a request means.

    Raises:
        NoSoundError: there is none. UsageError: the one that it names is no sound.
    """
    if not media.audio:
        raise NoSoundError(f"“{request.video.name}” has no sound.", "Choose a file with sound.")
    if request.audio_index is None:
        return media.audio[0]
    for stream in media.audio:
        if stream.index == request.audio_index:
            return stream
    raise UsageError(
        f"Stream {request.audio_index} of “{request.video.name}” is not a sound stream.",
        f"Sound streams are: {', '.join(str(stream.index) for stream in media.audio)}.",
    )


def clip_range(range_s: tuple[float, float] | None, media: MediaInfo) -> tuple[float, float] | None:
    """A wanted range within the file; None where it is the whole file.

    Raises:
        UsageError: it is none, or begins after the end.
    """
    if range_s is None:
        return None
    start, end = range_s
    if math.isnan(start) or math.isnan(end) or start < 0 or end <= start:
        raise UsageError(f"{start:g} to {end:g} s is not a range.", "Give a start of 0 or more and a later end.")
    if start >= media.duration_s:
        raise UsageError(
            f"The range starts at {start:g} s, but “{media.path.name}” ends at {media.duration_s:.2f} s.",
            "Give an earlier start.",
        )
    end = min(end, media.duration_s)
    return None if (start, end) == (0.0, media.duration_s) else (start, end)


def _isolation_request(
    request: SeparationRequest, people: tuple[Person, ...], range_s: tuple[float, float] | None
) -> IsolationRequest:
    return IsolationRequest(
        video=request.video,
        person_ids=tuple(person.id for person in people),
        model=request.model,
        device=request.device,
        range_s=range_s,
        from_s=range_s[0] if range_s else 0.0,
        absent=request.absent,
        audio_index=request.audio_index,
        cast=request.cast,
        checked=True,
    )


def _mix(
    run: _Run, isolation: IsolationResult, people: tuple[Person, ...], range_s: tuple[float, float] | None
) -> tuple[Mix, list[VoiceLevel]]:
    """The mix, with the gains that the wanted loudness asks for."""
    voices = {voice.person_id: voice.voice for voice in isolation.voices}
    stores = tuple(voices[person.id] for person in people)
    mix = Mix(isolation.source, stores, (1.0,) * len(stores), range_s, run.request.mix_back)
    total = isolation.source.n_samples
    levels = [
        measure_voice(
            mix,
            which,
            name=person.label,
            target_lufs=run.request.loudness_lufs,
            on_block=run.report("Measuring the voice", total),
        )
        for which, person in enumerate(people)
    ]
    return replace(mix, gains=tuple(level.gain for level in levels)), levels


def _check_unchanged(video: Path, key: str) -> None:
    """Make sure that the results are of the file as it is, if it is still there."""
    try:
        now = content_key(video)
    except InputError:
        return
    if now != key:
        raise InputChangedError(
            f"“{video.name}” was changed while it was worked on.",
            "Wait until the program that writes it is done, then try again.",
        )


def _write(
    run: _Run,
    staging: Path,
    files: tuple[PlannedFile, ...],
    mix: Mix,
    people: tuple[Person, ...],
    analysis: FaceAnalysis,
    language: str,
) -> list[str]:
    """Write all files but the report; sentences about what the user should know of them."""
    from engine.export.stamp import stamp_of
    from engine.media.writer import SoundTrack, write_sound, write_video

    source, media, request = mix.source, analysis.media, run.request
    notes: list[str] = []

    stamp = stamp_of(media, source.sample_rate_hz)

    def track(title: str, blocks: Callable[[], Iterator[FloatArray]]) -> SoundTrack:
        return SoundTrack(
            title, source.sample_rate_hz, source.channels, source.layout, source.n_samples, blocks, language, stamp
        )

    def voice_track(which: int) -> SoundTrack:
        return track(f"Voice: {people[which].label}", lambda: mix.voice_blocks(which))

    rest = track(REST_TITLE, mix.rest_blocks)
    for file in files:
        path = staging / file.name
        if file.kind == "video" and request.close_up is not None:
            from engine.export.close_up import CloseUp, write_close_up

            which = file.person or 0
            first, last = mix.range_samples
            voice = replace(voice_track(which), n_samples=last - first, blocks=partial(mix.voice_in_range, which))
            name = people[which].label if request.close_up_name else ""
            range_s = (first / source.sample_rate_hz, last / source.sample_rate_hz)
            close_up = CloseUp(request.video, analysis, people[which], request.close_up, range_s, name)
            notes += write_close_up(path, close_up, voice, on_progress=run.on_progress, cancel=run.cancel)
        elif file.kind == "video":
            tracks = [voice_track(which) for which in range(len(people))]
            write_video(path, request.video, [*tracks, rest], on_progress=run.on_progress, cancel=run.cancel)
        elif file.kind == "voice":
            voice = voice_track(file.person or 0)
            write_sound(path, voice, on_progress=run.on_progress, cancel=run.cancel)
        elif file.kind == "rest":
            write_sound(path, rest, on_progress=run.on_progress, cancel=run.cancel)
        elif file.kind == "timeline":
            sounds = [
                TimelineSound(REST_TITLE if other.person is None else people[other.person].label, other.name)
                for other in files
                if other.kind in ("voice", "rest")
            ]
            write_timeline(
                path,
                media,
                source,
                sounds,
                with_picture=request.picture == "copy",
                starts_s=stamp.samples / source.sample_rate_hz,
                stamped=any(other.name.endswith(".wav") for other in files),
            )
    return notes


def _verify(
    run: _Run, staging: Path, files: tuple[PlannedFile, ...], target: Target, mix: Mix
) -> tuple[float, int, list[str]]:
    """Null test in dBFS, offset in samples, and sentences about what does not hold."""
    length = mix.source.n_samples
    on_block = run.report("Checking the result", 2 * length)
    voices: list[Reader] = [_voice_reader(mix, which) for which in range(len(mix.voices))]
    rest: Reader = mix.rest
    notes: list[str] = []
    with ExitStack() as stack:
        if target.format in ("wav", "flac"):
            voices = open_sounds([staging / file.name for file in files if file.kind == "voice"], mix, stack)
            for file in files:
                if file.kind == "rest":
                    (rest,) = open_sounds([staging / file.name], mix, stack)
        null_db = null_test_db(mix, voices, rest, on_block=on_block)
        measured = total_of([*voices, rest]) if target.kind != "sound" else voices[0]
        if target.format not in ("wav", "flac"):
            # All tracks go through the same encoder: the first, a voice, speaks for the others.
            span = mix.range_samples if files[0].kind == "video" and run.request.close_up is not None else None
            encoded, note = stack.enter_context(open_encoded(staging / files[0].name, mix, run.cancel, span=span))
            measured = encoded or measured
            notes += [note] if note else []
        offset = offset_samples(measured, mix, on_block=lambda done: on_block(length + done))
    run.on_progress(Progress("Checking the result", 1, 1))
    if offset is None:
        notes.append("The result is silent: there is nothing to check its position by.")
    if null_db > NULL_TEST_LIMIT_DB:
        notes.append(
            f"Voice and everyone else differ from the original by up to {null_db:.0f} dBFS. "
            "Float WAV has no limit at full scale: choose it where every sample counts."
        )
    return null_db, offset or 0, notes


def _voice_reader(mix: Mix, which: int) -> Reader:
    return lambda start, stop: mix.voice(which, start, stop)


def _output(file: PlannedFile, target: Target, request: SeparationRequest, people: tuple[Person, ...]) -> OutputFile:
    path = Path(file.name) if target.kind == "folder" else request.output
    return OutputFile(path, None if file.person is None else people[file.person].id, file.kind)


def _voices_json(people: tuple[Person, ...], levels: list[VoiceLevel]) -> list[Json]:
    return [
        {
            "person": person.id,
            "label": person.label,
            "gain_db": level.gain_db,
            "loudness_lufs_before": level.lufs,
            "sample_peak_before": level.peak,
        }
        for person, level in zip(people, levels, strict=True)
    ]
