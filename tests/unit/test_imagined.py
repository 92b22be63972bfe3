"""Imagined lips: they follow the voice they are for, look like a donor's, and become a corpus of the mixer."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from engine.config import TrainConfig
from engine.data.imagined import Imagined, imagine_lips
from engine.data.mixtures import Mixer
from engine.data.pack import IMAGINED, IMAGINED_LIPS, IMAGINED_TABLE, Clip, Pack
from engine.errors import InputError, JobCancelled
from engine.jobs import CancelToken
from tests.helpers.packs import write_small_pack

STEPS = 60


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Pack, Imagined]:
    folder = write_small_pack(tmp_path_factory.mktemp("imagined") / "pack", speakers=6)
    told = imagine_lips(folder, steps=STEPS)
    return Pack(folder), told


def _envelope(pack: Pack, clip: Clip) -> np.ndarray:
    """Loudness of every video frame of a clip, (M,)."""
    sound = pack.audio[clip.audio_start : clip.audio_start + clip.video_frames * 640].astype(float)
    return sound.reshape(clip.video_frames, 640).std(1)


def test_every_voice_without_a_face_gets_lips_in_stretches_of_its_own_sound(made: tuple[Pack, Imagined]) -> None:
    pack, told = made
    voices = [c for c in pack.clips if c.split == "train" and not c.video_frames]
    assert told.clips == len(pack.imagined) >= len(voices) == 4
    assert told.hours == pytest.approx(sum(c.video_frames for c in pack.imagined) / 25 / 3600)
    for clip in pack.imagined:
        (voice,) = [v for v in voices if clip.name.startswith(f"{v.name}@")]
        assert (clip.corpus, clip.speaker, clip.split) == (IMAGINED, voice.speaker, "train")
        assert voice.audio_start <= clip.audio_start
        assert clip.audio_start + clip.audio_samples <= voice.audio_start + voice.audio_samples
        assert clip.audio_samples == 640 * clip.video_frames and clip.video_frames >= 64
        assert pack.lips_of(clip).shape == (clip.video_frames, 240)


def test_the_lips_follow_the_voice_and_not_at_a_delay(made: tuple[Pack, Imagined]) -> None:
    pack, told = made
    assert told.explained > 0.3
    likeness = np.zeros(13)
    for clip in pack.imagined:
        lips, voice = np.asarray(pack.lips_of(clip)[:, 0], float), _envelope(pack, clip)
        likeness += [np.corrcoef(voice[8:-8], np.roll(lips, -d)[8:-8])[0, 1] for d in range(-6, 7)]
    likeness = np.abs(likeness / len(pack.imagined))
    assert np.argmax(likeness) == 6 and likeness[6] > 0.25


def test_motion_is_that_of_the_positions_and_their_size_is_a_donors(made: tuple[Pack, Imagined]) -> None:
    pack, _ = made
    donors = np.concatenate([pack.lips_of(c) for c in pack.clips if c.video_frames]).astype(float)
    for clip in pack.imagined:
        lips = np.asarray(pack.lips_of(clip), float)
        assert np.abs(lips[:, 80:160] - np.gradient(lips[:, :80], axis=0)).max() < 5e-3
        assert 0.3 < lips[:, :80].std(0).mean() / donors[:, :80].std(0).mean() < 3


def test_the_mixer_draws_them_with_their_own_sound_and_no_face_vector(made: tuple[Pack, Imagined]) -> None:
    pack, _ = made
    config = TrainConfig(
        str(pack.folder), "r", window_frames=64, corpora={IMAGINED: 1.0}, first_corpus=IMAGINED, blind_per_step=0
    )
    batch = Mixer(pack, config).batch(3)
    assert np.abs(batch.lips[:, 0]).max() > 0 and np.abs(batch.mixture).max() > 0
    assert not batch.attributes.any()
    assert np.isfinite(batch.lips).all()


def test_the_same_seed_imagines_the_same_and_a_second_call_replaces_the_first(
    made: tuple[Pack, Imagined], tmp_path: Path
) -> None:
    pack, told = made
    folder = tmp_path / "pack"
    shutil.copytree(pack.folder, folder)
    assert imagine_lips(folder, steps=STEPS) == told
    assert (folder / IMAGINED_LIPS).read_bytes() == (pack.folder / IMAGINED_LIPS).read_bytes()
    imagine_lips(folder, steps=2, seed=2)
    assert (folder / IMAGINED_LIPS).read_bytes() != (pack.folder / IMAGINED_LIPS).read_bytes()


def test_cancelling_leaves_what_was_there(made: tuple[Pack, Imagined], tmp_path: Path) -> None:
    folder = tmp_path / "pack"
    shutil.copytree(made[0].folder, folder)
    before = {name: (folder / name).read_bytes() for name in (IMAGINED_TABLE, IMAGINED_LIPS)}
    cancel = CancelToken()
    with pytest.raises(JobCancelled):
        imagine_lips(folder, steps=2, on_progress=lambda p: cancel.cancel(), cancel=cancel)
    assert {name: (folder / name).read_bytes() for name in before} == before


def test_without_voices_or_people_it_says_what_is_missing(tmp_path: Path) -> None:
    folder = write_small_pack(tmp_path / "pack", speakers=3)  # two of them are for validation
    with pytest.raises(InputError, match="1 filmed people and 4 voices"):
        imagine_lips(folder)
