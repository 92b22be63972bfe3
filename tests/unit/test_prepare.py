"""A training set out of folders: what is kept, what is left out and why, and that a stopped run loses nothing."""

from __future__ import annotations

import csv
import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from engine.cli import main
from engine.data import clip as clip_module
from engine.data.clip import Source, Taken, follow_face, take_in
from engine.data.clip_store import ClipStore
from engine.data.morph import FACTORS, add_morphs
from engine.data.pack import Pack, add_attributes, write_pack
from engine.data.pool import for_each
from engine.data.prepare import Prepared, _Job, _take_in, prepare, take_in_all
from engine.errors import EngineError, InputError, JobCancelled, OutputError, OutputExistsError, UsageError
from engine.jobs import CancelToken, Progress
from engine.media.reader import Frame
from engine.vision import landmarks
from tests.helpers.faces import LOOKS, ClipPerson, write_clip
from tests.helpers.media_files import Picture, Sound, text_as_video, write_media

SECONDS = 1.2
PACK_FILES = ("clips.csv", "audio.i16", "lips.f16", "mouths.u8", "attributes.f16")
PICTURES = ("mouths_96.u8", "faces_224.u8")


def film(path: Path, *, fps: Fraction = Fraction(25), people: int = 1, loud: float = 0.1) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(4)
    faces = [
        ClipPerson(LOOKS[k], (320.0 + 300 * (k - (people - 1) / 2), 150), 140, rng.random(round(SECONDS * fps)))
        for k in range(people)
    ]
    sound = (loud * rng.standard_normal((round(SECONDS * 48_000), 1))).astype(np.float32)
    write_clip(path, faces, sound, duration_s=SECONDS, fps=fps)
    return path


def speech(path: Path, seconds: float = 1.0, rate_hz: int = 16_000, value: float | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    sound = 0.1 * np.random.default_rng(5).standard_normal(round(seconds * rate_hz))
    if value is not None:
        sound[len(sound) // 2 :] = value
    soundfile.write(os.fsencode(path), sound, rate_hz, subtype="FLOAT", format="WAV")
    return path


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two filmed speakers with two clips each, and one who is only heard."""
    root = tmp_path_factory.mktemp("corpus") / "talks"
    first = film(root / "ann/1.mp4")
    for name in ("ann/2.mp4", "bob/1.mp4"):
        (root / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(first, root / name)
    film(root / "bob/2.mp4", fps=Fraction(30))
    speech(root / "aaa/1.wav", 2.0)
    return root


@pytest.fixture(scope="module")
def made(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    return prepare([corpus], tmp_path_factory.mktemp("made") / "set", with_morphs=True)


def same_files(first: Path, second: Path, names: tuple[str, ...] = PACK_FILES) -> bool:
    return all((first / name).read_bytes() == (second / name).read_bytes() for name in names)


def finished(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in (folder / "clips").rglob("*.np*")}


class StopAfter:
    """Asks a job to stop once `count` of its units are done."""

    def __init__(self, count: int, stage: str = "") -> None:
        self.count, self.stage, self.cancel = count, stage, CancelToken()

    def __call__(self, progress: Progress) -> None:
        if progress.completed >= self.count and progress.stage.startswith(self.stage):
            self.cancel.cancel()


def test_what_a_training_set_holds(made: Prepared) -> None:
    pack = Pack(made.folder)
    assert tuple(pack.clips) == made.clips and made.rejected == ()
    assert [clip.name for clip in pack.clips] == ["ann/1.mp4", "ann/2.mp4", "bob/1.mp4", "bob/2.mp4", "aaa/1.wav"]
    assert [clip.video_frames for clip in pack.clips] == [30, 30, 30, 30, 0]  # 36 pictures at 30 a second are 30 rows
    assert {clip.speaker for clip in pack.clips} == {"talks-ann", "talks-bob", "talks-aaa"}
    extent = made.extent()
    assert (extent.clips, extent.speakers) == (5, 3) and extent.hours == pytest.approx(6.8 / 3600, rel=0.05)
    assert sorted(made.extent(split).speakers for split in ("train", "val", "test")) == [1, 1, 1]
    heard = pack.clips[-1]
    expected = (0.1 * np.random.default_rng(5).standard_normal(32_000) * 32768).round()
    got = pack.audio[heard.audio_start : heard.audio_start + heard.audio_samples]
    assert len(got) == 32_000 and np.abs(got - expected).max() <= 1
    assert np.abs(pack.lips).max() > 0 and pack.mouths.std() > 5


def test_attributes_are_face_vectors(made: Prepared) -> None:
    pack = Pack(made.folder)
    assert isinstance(pack.attributes, np.memmap) and pack.attributes.shape == (5, 128)
    lengths = np.linalg.norm(pack.attributes.astype(float), axis=1)
    assert (lengths[:4] > 0.8).all() and lengths[4] == 0
    assert np.array_equal(pack.attributes[0], pack.attributes[1])


def test_morphs_are_other_voices_of_the_filmed(made: Prepared, tmp_path: Path) -> None:
    pack = Pack(made.folder)
    filmed = sum(clip.audio_samples for clip in pack.clips if clip.video_frames)
    for factor in FACTORS:
        variant = pack.morph(factor)
        assert variant.shape == (filmed,) and not np.array_equal(variant, pack.audio[:filmed])
        assert variant.astype(float).std() > 0.5 * pack.audio[:filmed].astype(float).std()
    for name in PACK_FILES:
        shutil.copyfile(made.folder / name, tmp_path / name)
    assert np.array_equal(Pack(tmp_path).morph(FACTORS[0]), pack.audio)
    add_morphs(tmp_path)
    assert same_files(tmp_path, made.folder, tuple(f"audio_x{factor}.i16" for factor in FACTORS))


def test_a_set_without_morphs_leaves_none_behind(made: Prepared, corpus: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(made.folder, tmp_path / "set")
    before = finished(folder)
    prepare([corpus], folder)
    assert list(folder.glob("audio_x*")) == [] and finished(folder) == before
    assert same_files(folder, made.folder)


@pytest.fixture(scope="module")
def pictured(corpus: Path, made: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The set `made`, to which pictures were added later."""
    folder = shutil.copytree(made.folder, tmp_path_factory.mktemp("pictured") / "set")
    prepare([corpus], folder, with_pictures=True)
    return folder


def test_pictures_are_added_to_a_set_that_stays_as_it_was(pictured: Path, made: Prepared) -> None:
    assert same_files(pictured, made.folder) and not Pack(made.folder).has_pictures
    pack = Pack(pictured)
    assert pack.has_pictures
    assert [(pictured / name).stat().st_size for name in PICTURES] == [120 * 96 * 96, 4 * 2 * 224 * 224 * 3]
    for clip in pack.clips[:4]:
        mouths, small = pack.mouth_pictures_of(clip), pack.mouths[clip.video_start :][: clip.video_frames]
        assert mouths.shape == (clip.video_frames, 96, 96)
        assert np.abs(mouths[:, ::3, ::3].astype(int) - small).max() <= 2 < small.std()  # both sample the same points
        assert np.abs(np.diff(mouths.astype(float), axis=0)).mean() > 0.2  # it moves
        faces = pack.face_pictures_of(clip)
        assert faces.shape == (2, 224, 224, 3) and faces.std() > 20
        shown = [landmarks.find_boxes(np.asarray(face), upsample=1) for face in faces]
        assert [len(boxes) for boxes in shown] == [1, 1]
    assert pack.mouth_pictures_of(pack.clips[4]).shape == (0, 96, 96)


def test_a_stopped_run_with_pictures_goes_on_and_a_set_without_leaves_none_behind(
    pictured: Path, corpus: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "set"
    stop = StopAfter(2)
    with pytest.raises(JobCancelled):
        prepare([corpus], folder, with_pictures=True, on_progress=stop, cancel=stop.cancel)
    kept = finished(folder)
    assert any("pictures" in name for name in kept)
    prepare([corpus], folder, with_pictures=True)
    assert kept.items() <= finished(folder).items()
    assert same_files(folder, pictured, (*PACK_FILES, *PICTURES))
    kept = finished(folder)
    prepare([corpus], folder)
    assert not Pack(folder).has_pictures and not any((folder / name).exists() for name in PICTURES)
    assert finished(folder) == kept
    hurt = next((folder / "clips").rglob("*-pictures.npz"))
    hurt.write_bytes(hurt.read_bytes()[:5000])
    with pytest.raises(InputError, match="damaged"):
        prepare([corpus], folder, with_pictures=True)
    prepare([corpus], folder, with_pictures=True)
    assert same_files(folder, pictured, (*PACK_FILES, *PICTURES))


def test_speech_has_no_pictures(corpus: Path, tmp_path: Path) -> None:
    prepare([corpus / "aaa/1.wav"], tmp_path / "set", audio_only=True, with_pictures=True, val=0, test=0)
    assert Pack(tmp_path / "set").has_pictures
    assert [(tmp_path / "set" / name).stat().st_size for name in PICTURES] == [0, 0]


@pytest.mark.slow
def test_every_kind_of_bad_clip_is_left_out_with_a_reason(tmp_path: Path, corpus: Path) -> None:
    bad = tmp_path / "bad"
    (bad / "x").mkdir(parents=True)
    shutil.copyfile(corpus / "ann/1.mp4", bad / "x/good.mp4")
    shutil.copyfile(corpus / "ann/1.mp4", bad / "x/odd name\n🎤.mp4")
    film(bad / "x/silent.mp4", loud=0.0)
    film(bad / "x/two.mp4", people=2)
    write_media(bad / "x/faceless.mp4", Picture(), [Sound()])
    write_media(bad / "x/mute.mp4", Picture())
    write_media(bad / "x/slow.mp4", Picture(fps=Fraction(5)), [Sound()])
    write_media(bad / "x/soundless_picture.mp4", None, [Sound()])
    text_as_video(bad / "x/text.mp4")
    (bad / "x/empty.mp4").write_bytes(b"")
    speech(bad / "x/nan.wav", value=float("nan"))
    speech(bad / "x/short.wav", 0.2)
    speech(bad / "x/coarse.wav", rate_hz=4_000)
    (bad / "x/gone.mp4").symlink_to(tmp_path / "nowhere.mp4")
    made = prepare([bad], tmp_path / "set")
    assert [clip.name for clip in made.clips] == ["x/good.mp4", "x/odd name\n🎤.mp4"]
    why = {item.path.name: item.why for item in made.rejected}
    reasons = {
        "silent.mp4": "silent",
        "two.mp4": "Two faces",
        "faceless.mp4": "A face was found in 0",
        "mute.mp4": "no sound",
        "slow.mp4": "5 pictures a second",
        "soundless_picture.mp4": "no picture",
        "text.mp4": "not a video",
        "empty.mp4": "is empty",
        "nan.wav": "not finite",
        "short.wav": "0.20 s",
        "coarse.wav": "4000 Hz",
        "gone.mp4": "not found",
    }
    assert set(why) == set(reasons)
    assert [name for name, reason in reasons.items() if reason not in why[name]] == [], why
    with (tmp_path / "set/rejected.csv").open(newline="", encoding="utf-8") as file:
        assert {Path(row["path"]).name: row["why"] for row in csv.DictReader(file)} == why

    # What was left out is remembered, a changed file is looked at again, and --retry looks at all of them.
    film(bad / "x/silent.mp4")
    (bad / "x/gone.mp4").unlink()
    again = prepare([bad], tmp_path / "set")
    assert {item.path.name for item in again.rejected} == set(reasons) - {"silent.mp4", "gone.mp4"}
    assert len(again.clips) == 3
    reject = next((tmp_path / "set/clips").rglob("*.rejected"))
    reject.write_text("forged")
    assert "forged" in {item.why for item in prepare([bad], tmp_path / "set").rejected}
    assert "forged" not in {item.why for item in prepare([bad], tmp_path / "set", retry=True).rejected}


def test_nothing_usable_is_an_error_with_the_reason(tmp_path: Path) -> None:
    speech(tmp_path / "in/x/a.wav", value=float("inf"))
    speech(tmp_path / "in/x/b.wav", 0.1)
    speech(tmp_path / "in/x/c.wav", 0.1)
    with pytest.raises(InputError, match=r"None of 3 files can be used\. The commonest reason \(2\): .*0\.10 s"):
        prepare([tmp_path / "in"], tmp_path / "set")
    assert (tmp_path / "set/rejected.csv").read_text().count("\n") == 4
    assert not (tmp_path / "set/clips.csv").exists()


def test_names_that_are_no_text_come_through(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number, name in enumerate((b"\xff", b"caf\xe9", b"-dash")):
        speech(tmp_path / "in" / os.fsdecode(name) / "a.wav", 1.0 if number else 0.1)
    assert main(["prepare", str(tmp_path / "in"), "-o", str(tmp_path / "set"), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    short = tmp_path / "in" / os.fsdecode(b"\xff") / "a.wav"
    assert answer["clips"] == 2 and [item["path"] for item in answer["rejected"]] == [str(short)]
    assert {clip.name for clip in Pack(tmp_path / "set").clips} == {os.fsdecode(b"caf\xe9") + "/a.wav", "-dash/a.wav"}


def test_a_file_that_went_away_is_not_held_against_it(tmp_path: Path) -> None:
    away = Source(speech(tmp_path / "in/x/a.wav"), "a", "c", "s", "train", False)
    folder = tmp_path / "set"
    job = _Job(away, ClipStore(folder).key(away), folder, ())
    away.path.rename(tmp_path / "unplugged.wav")
    assert "not found" in _take_in(job, CancelToken())
    (tmp_path / "unplugged.wav").rename(away.path)
    assert len(take_in_all([away], folder).clips) == 1


def test_audio_only_uses_no_picture(corpus: Path, tmp_path: Path) -> None:
    made = prepare([corpus], tmp_path / "set", audio_only=True, with_morphs=True)
    pack = Pack(tmp_path / "set")
    assert len(made.clips) == 5 and pack.lips.shape == (0, 240) and pack.mouths.shape == (0, 32, 32)
    assert pack.attributes is not None and not pack.attributes.any()
    assert np.array_equal(pack.morph(FACTORS[0]), pack.audio)


def test_a_cancelled_run_goes_on_where_it_was(made: Prepared, corpus: Path, tmp_path: Path) -> None:
    folder = tmp_path / "set"
    stop = StopAfter(2)
    with pytest.raises(JobCancelled):
        prepare([corpus], folder, with_morphs=True, on_progress=stop, cancel=stop.cancel)
    kept = finished(folder)
    assert len(kept) >= 2 and not (folder / "clips.csv").exists()
    stop = StopAfter(2, "Writing")
    with pytest.raises(JobCancelled):
        prepare([corpus], folder, with_morphs=True, on_progress=stop, cancel=stop.cancel, workers=2)
    assert {path.name for path in folder.iterdir()} == {"clips", "rejected.csv"}
    seen: list[Progress] = []
    prepare([corpus], folder, with_morphs=True, on_progress=seen.append)
    assert seen[0].completed == seen[0].total == 5
    assert kept.items() <= finished(folder).items()
    assert same_files(folder, made.folder, (*PACK_FILES, *(f"audio_x{factor}.i16" for factor in FACTORS)))


def test_a_killed_run_goes_on_where_it_was(made: Prepared, corpus: Path, tmp_path: Path) -> None:
    folder = tmp_path / "set"
    command = [sys.executable, "-m", "engine.cli", "prepare", str(corpus), "-o", str(folder), "--morph"]
    process = subprocess.Popen(command, start_new_session=True, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not finished(folder) and time.monotonic() < deadline:
        assert process.poll() is None
        time.sleep(0.05)
    process.kill()
    process.wait()
    kept = finished(folder)
    assert kept and not (folder / "clips.csv").exists()
    while time.monotonic() < deadline:  # its workers do not outlive it
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            break
        time.sleep(0.05)
    else:
        pytest.fail("a worker outlived the run that was killed")
    kept = finished(folder)
    prepare([corpus], folder, with_morphs=True)
    assert kept.items() <= finished(folder).items()
    assert same_files(folder, made.folder)


def test_a_full_disk_stops_the_run_and_keeps_what_is_finished(corpus: Path, tmp_path: Path) -> None:
    """No file may grow past a limit: the clip of 2 s of sound fits below it, no filmed one does."""
    resource = pytest.importorskip("resource")
    folder = tmp_path / "set"

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (75_000, 75_000))

    command = [sys.executable, "-m", "engine.cli", "prepare", str(corpus), "-o", str(folder), "--json"]
    run = subprocess.run(command, preexec_fn=limit, capture_output=True, text=True, check=False)
    error = json.loads(run.stdout)["error"]
    assert run.returncode == 1 and error["code"] == "output" and "no space left" in error["message"], run
    kept = finished(folder)
    assert len(kept) == 1 and not [path for path in folder.rglob("*") if path.name.startswith(".avsep")]
    assert len(prepare([corpus], folder).clips) == 5
    assert kept.items() <= finished(folder).items()


def test_too_little_space_for_the_set_is_told_before_it_is_written(
    made: Prepared, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shutil.copytree(made.folder, tmp_path / "set")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=1000))
    with pytest.raises(OutputError, match=r"needs .* GB"):
        prepare([corpus], folder)
    assert same_files(folder, made.folder)


def test_a_damaged_clip_is_made_again(made: Prepared, corpus: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(made.folder, tmp_path / "set")
    hurt = next((folder / "clips").rglob("*.npz"))
    hurt.write_bytes(hurt.read_bytes()[:5000])
    with pytest.raises(InputError, match="damaged"):
        prepare([corpus], folder)
    prepare([corpus], folder)
    assert same_files(folder, made.folder)


def test_a_set_that_was_not_made_here_is_left_alone(made: Prepared, corpus: Path, tmp_path: Path) -> None:
    for name in PACK_FILES:
        shutil.copyfile(made.folder / name, tmp_path / name)
    with pytest.raises(OutputExistsError):
        prepare([corpus], tmp_path)
    assert same_files(tmp_path, made.folder)
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        prepare([corpus], tmp_path / "file")


def test_shares_that_leave_nobody_are_wrong_use(corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nobody to train on"):
        prepare([corpus], tmp_path / "set", val=0.5, test=0.5)


def test_add_attributes_to_an_older_pack(made: Prepared, corpus: Path, tmp_path: Path) -> None:
    for name in PACK_FILES[:-1]:
        shutil.copyfile(made.folder / name, tmp_path / name)
    assert Pack(tmp_path).attributes is None
    stop = StopAfter(2)
    with pytest.raises(JobCancelled):
        add_attributes(tmp_path, corpus, on_progress=stop, cancel=stop.cancel)
    assert Pack(tmp_path).attributes is None
    part = next(tmp_path.glob("*.part"))
    assert part.stat().st_size == 2 * 256
    with part.open("ab") as file:
        file.write(b"half a row")
    seen: list[Progress] = []
    add_attributes(tmp_path, corpus, on_progress=seen.append)
    assert [progress.completed for progress in seen] == [3, 4, 5]
    assert same_files(tmp_path, made.folder) and not part.exists()
    with pytest.raises(InputError):
        shutil.copyfile(made.folder / "clips.csv", tmp_path / "clips.csv")
        (tmp_path / "attributes.f16").unlink()
        add_attributes(tmp_path, tmp_path / "elsewhere")


def test_a_pack_whose_files_do_not_fit_is_refused(made: Prepared, tmp_path: Path) -> None:
    for name in PACK_FILES:
        shutil.copyfile(made.folder / name, tmp_path / name)
    with (tmp_path / "attributes.f16").open("ab") as file:
        file.write(b"x")
    with pytest.raises(InputError, match=r"attributes\.f16 has 1281 bytes"):
        Pack(tmp_path)
    with pytest.raises(InputError, match="no training set"):
        Pack(tmp_path / "elsewhere")


def test_a_pack_is_written_faces_first(tmp_path: Path) -> None:
    source = Source(Path("a"), "a", "c", "s", "train", True)
    blank = Taken(*(np.zeros(s, t) for s, t in (((9,), "i2"), ((3, 240), "f2"), ((3, 32, 32), "u1"), ((128,), "f2"))))
    heard = blank._replace(lips=blank.lips[:0], mouths=blank.mouths[:0])
    with pytest.raises(ValueError, match="face must come first"):
        write_pack([(source, heard, ()), (source, blank, ())], tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_rows_are_on_the_clock_whatever_the_picture_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each picture is as bright as its time; a landmark that reads the brightness must read the clock."""

    def boxes(rgb: NDArray[np.uint8], upsample: int = 0) -> NDArray[np.float32]:
        return np.asarray([[10, 10, 90, 90]], np.float32)

    def points(rgb: NDArray[np.uint8], boxes_px: NDArray[np.float32]) -> NDArray[np.float32]:
        face = np.full((1, 68, 2), 50, np.float32)
        face[0, 36:42, 0], face[0, 42:48, 0], face[0, 0] = 40, 60, rgb.mean()
        return face

    monkeypatch.setattr(clip_module.landmarks, "find_boxes", boxes)
    monkeypatch.setattr(clip_module.landmarks, "shape_68", points)
    irregular = np.cumsum(np.random.default_rng(1).uniform(0.01, 0.09, 40))
    for times in (np.arange(60) / 30, np.arange(48) * 1001 / 24_000, np.arange(50) / 25, 0.08 + irregular):
        level = np.round(times * 100)
        frames = [Frame(float(t), np.full((100, 100, 3), v, np.uint8), 1.0) for t, v in zip(times, level, strict=True)]
        rows, mouths, pictures = follow_face(frames, with_pictures=True)
        clock = np.arange(int(times[-1] * 25 + 1e-2) + 1) / 25
        expected = np.interp(clock, times, level)
        assert len(rows) == len(mouths) == len(clock)
        assert np.abs(rows[:, 0, 0] - expected).max() < 1e-2
        nearest = np.asarray([np.abs(times - t).min() for t in clock])
        assert (np.abs(mouths.mean((1, 2)) - clock * 100) <= 100 * nearest + 1.01).all()
        assert pictures.shape == (len(clock), 96, 96) and np.array_equal(pictures[:, ::3, ::3], mouths)
        assert follow_face(frames).pictures.shape == (0, 96, 96)


def test_a_late_sound_starts_late(tmp_path: Path) -> None:
    late = write_media(tmp_path / "late.mkv", Picture(), [Sound(sample_rate_hz=16_000, start_s=0.5, clicks=(8000,))])
    taken = take_in(Source(late, "late", "c", "s", "", has_face=False))
    assert isinstance(taken, Taken)
    assert abs(int(np.abs(taken.audio.astype(int)).argmax()) - 16_000) <= 32 and not taken.audio[:7900].any()


def die(job: int, cancel: CancelToken) -> int:
    if job == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return job * job


def fail(job: int, cancel: CancelToken) -> int:
    raise OutputError(f"job {job}", "remedy")


def wait_for_the_end(job: int, cancel: CancelToken) -> int:
    while True:
        cancel.checkpoint()
        time.sleep(0.01)


def test_only_the_guilty_job_crashes() -> None:
    results: dict[int, int] = {}
    crashed: list[int] = []
    for_each(die, range(8), workers=2, on_result=results.__setitem__, on_crash=crashed.append, cancel=CancelToken())
    assert crashed == [3] and results == {job: job * job for job in range(8) if job != 3}


def test_an_error_of_a_job_ends_the_work() -> None:
    with pytest.raises(OutputError, match="job") as caught:
        for_each(fail, range(8), workers=1, on_result=print, on_crash=print, cancel=CancelToken())
    assert caught.value.remedy == "remedy" and multiprocessing.active_children() == []


def test_workers_hear_the_wish_to_stop() -> None:
    asked = time.monotonic() + 3
    with pytest.raises(JobCancelled):
        for_each(
            wait_for_the_end,
            range(8),
            workers=1,
            on_result=print,
            on_crash=print,
            cancel=CancelToken(lambda: time.monotonic() > asked),
        )
    assert multiprocessing.active_children() == []


def test_a_machine_without_processes_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.data.pool._begin", fail)  # takes two arguments, so that no worker starts
    with pytest.raises(EngineError, match="No worker process"):
        for_each(die, range(2), workers=1, on_result=print, on_crash=print, cancel=CancelToken())


def test_the_command(corpus: Path, made: Prepared, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = shutil.copytree(made.folder, tmp_path / "set")
    assert main(["prepare", str(corpus), "-o", str(folder), "--json", "--val", "0", "--progress", "json"]) == 0
    out, err = capsys.readouterr()
    answer = json.loads(out)
    assert (answer["clips"], answer["speakers"], answer["rejected"]) == (5, 3, [])
    assert answer["hours"] == pytest.approx(made.extent().hours)
    assert {split: part["speakers"] for split, part in answer["splits"].items()} == {"train": 2, "val": 0, "test": 1}
    assert json.loads(err.splitlines()[0])["stage"] == "Taking in clips"
    assert main(["prepare", str(corpus / "gone"), "-o", str(folder), "--json"]) == 3
    assert main(["prepare", str(corpus), "-o", str(folder), "--workers", "0", "--json"]) == 2
    assert main(["prepare", str(corpus), "-o", str(folder), "--val", "0.6", "--test", "0.4", "--json"]) == 2
    capsys.readouterr()
    assert main(["prepare", str(corpus), "-o", str(folder)]) == 0
    assert "together" in capsys.readouterr().out


def test_lips_are_imagined_on_demand(
    corpus: Path, made: Prepared, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = shutil.copytree(made.folder, tmp_path / "set")
    assert main(["prepare", str(corpus), "-o", str(folder), "--imagine-lips", "--json"]) == 3  # clips of 1.2 s
    assert "0 filmed people and 0 voices" in capsys.readouterr().out
    assert len(Pack(folder).clips) == 5, "the set itself is made"
