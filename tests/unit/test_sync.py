"""How late the pictures of the clips of a training set come against their sound."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from engine.config import TrainConfig
from engine.data.mixtures import Mixer
from engine.data.pack import DELAYS, Pack
from engine.data.sync import REACH, Sync, measure_delays
from engine.errors import InputError, OutputError
from engine.jobs import CancelToken, JobCancelled
from tests.helpers.packs import write_small_pack

LATE = (0, -4, 0, 3, 0, 0, 6, -2, 0, 0, 1, 0)  # frames, by clip; half of them in step


@pytest.fixture(scope="module")
def shifted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pack of six filmed people, two clips each, whose lips are late as `LATE` says."""
    folder = write_small_pack(tmp_path_factory.mktemp("sync") / "pack", speakers=6)
    pack = Pack(folder)
    lips = np.array(pack.lips)
    for clip, late in zip(pack.clips, LATE, strict=False):
        own = slice(clip.video_start, clip.video_start + clip.video_frames)
        lips[own] = np.roll(lips[own], late, axis=0)
    lips.tofile(folder / "lips.f16")
    return folder


@pytest.fixture(scope="module")
def told(shifted: Path) -> Sync:
    sync = measure_delays(shifted)
    assert sync is not None
    return sync


def test_every_delay_is_found_to_half_a_frame(shifted: Path, told: Sync) -> None:
    pack = Pack(shifted)
    found = [pack.delay_of(clip) for clip in pack.clips]
    assert found[: len(LATE)] == pytest.approx(LATE, abs=0.5)
    assert not any(found[len(LATE) :])  # voices without a face


def test_the_report_counts_who_is_in_step(told: Sync) -> None:
    assert told.clips == len(LATE)
    assert told.within_a_frame == pytest.approx(np.mean(np.abs(LATE) <= 1))
    assert told.correlation > told.before + 0.1


@pytest.mark.parametrize("shift_share", [0.0, 1.0])
def test_training_is_told_the_whole_lag(shift_share: float, shifted: Path, told: Sync) -> None:
    """Lips follow the voice at the lag that the batch tells, the clip's own delay included."""
    config = TrainConfig(pack="", run_dir="", corpora={"film": 1.0}, shift_share=shift_share, first_share=0.0)
    mixer = Mixer(Pack(shifted), config)
    margin = config.model.max_lag_frames
    hits: list[bool] = []
    lags: list[int] = []
    for step in range(4):
        batch = mixer.batch(step)
        rows = zip(batch.targets.reshape(-1, mixer.samples), _rows(batch.lips), _rows(batch.lag), strict=True)
        for voice, lips, lag in rows:
            loud = np.sqrt(np.square(voice.reshape(mixer.frames, -1)).mean(1))
            if not loud.any() or not lips.any():
                continue
            shown = [np.corrcoef(loud, lips[at : at + mixer.frames, 79])[0, 1] for at in range(2 * margin + 1)]
            lags.append(int(lag))
            hits.append(abs(int(np.nanargmax(np.abs(shown))) - margin - lag) <= 1)
    assert len(set(lags)) > 3
    assert np.mean(hits) >= 0.9


def _rows(values: np.ndarray) -> np.ndarray:
    return values.reshape(-1, *values.shape[2:])


def test_noise_stays_with_its_corpus(shifted: Path, tmp_path: Path) -> None:
    """Lips that tell nothing get no delay far off, however their noise falls."""
    folder = write_small_pack(tmp_path / "pack", speakers=8)
    pack = Pack(folder)
    lips = np.array(pack.lips)
    own = slice(pack.clips[0].video_start, pack.clips[0].video_start + pack.clips[0].video_frames)
    lips[own] = np.random.default_rng(2).standard_normal(lips[own].shape)
    lips.tofile(folder / "lips.f16")
    measure_delays(folder)
    assert abs(Pack(folder).delay_of(pack.clips[0])) <= 1


def test_one_person_is_too_few(tmp_path: Path) -> None:
    folder = write_small_pack(tmp_path / "pack", speakers=3)
    assert measure_delays(folder) is None
    assert (folder / DELAYS).is_file() and Pack(folder).delay_of(Pack(folder).clips[0]) == 0


def test_a_delay_beyond_reach_is_the_furthest(shifted: Path) -> None:
    assert all(abs(Pack(shifted).delay_of(clip)) <= REACH + 1 for clip in Pack(shifted).clips)


def _stopped() -> CancelToken:
    token = CancelToken()
    token.cancel()
    return token


@pytest.mark.parametrize("call", [lambda folder: measure_delays(folder, cancel=_stopped())])
def test_a_stop_leaves_the_pack(shifted: Path, told: Sync, call: Callable[[Path], object]) -> None:
    before = (shifted / DELAYS).read_bytes()
    with pytest.raises(JobCancelled):
        call(shifted)
    assert (shifted / DELAYS).read_bytes() == before


def test_no_pack(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no training set"):
        measure_delays(tmp_path)


def test_a_folder_that_cannot_be_written(shifted: Path, told: Sync, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("engine.data.sync.write_table", full)
    with pytest.raises(OutputError):
        measure_delays(shifted)
