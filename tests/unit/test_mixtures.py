"""Training mixtures: the same for a seed and step; every share shows its effect, and 0 leaves what was drawn before."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch

from engine.config import CompactConfig, MixConfig, TrainConfig, from_dict, read_train_config, to_dict
from engine.data.mixtures import Batch, Mixer
from engine.data.noise import SOUND, TABLE, Noise, add_noise
from engine.data.pack import Pack
from engine.errors import InputError, UsageError
from engine.models.compact import CompactSeparator
from engine.train.batch import tensors
from engine.train.lesson import Lesson
from tests.helpers.pack_corpora import noise_files
from tests.helpers.packs import write_small_pack

STEPS = range(12)
PLAIN = MixConfig(bystander_share=0, hiss_share=0, listener_share=0, gap_share=0)
EVERYTHING = MixConfig(
    single_share=0.2,
    three_talker_share=0.3,
    four_talker_share=0.2,
    noise_share=0.5,
    room_share=0.5,
    level_share=0.5,
    jitter_share=0.4,
    repeat_share=0.4,
    gap_share=0.4,
    face_loss_share=0.3,
    turn_share=0.3,
    landmark_noise=0.01,
    common_talker_share=0.4,
)


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Pack:
    folder = tmp_path_factory.mktemp("mixtures")
    write_small_pack(folder / "pack", speakers=8)
    rng = np.random.default_rng(9)
    for number in range(3):
        soundfile.write(folder / f"{number}.wav", 0.1 * rng.standard_normal(12_000 + number), 16_000)
    assert add_noise(folder / "pack", sorted(folder.glob("*.wav"))) == []
    return Pack(folder / "pack")


def _mixer(pack: Pack, mix: MixConfig, **more: Any) -> Mixer:
    settings = {"unseen_share": 0.0, "shift_share": 0.0, "mixtures_per_step": 4, "blind_per_step": 1, **more}
    film = {"corpora": {"film": 1.0}, "first_corpus": "film"}
    return Mixer(pack, TrainConfig(str(pack.folder), "r", steps=100, window_frames=64, mix=mix, **film, **settings))


def _batches(pack: Pack, mix: MixConfig = PLAIN, **more: Any) -> Batch:
    """The batches of `STEPS`, one after the other."""
    mixer = _mixer(pack, mix, **more)
    batches = [mixer.batch(step) for step in STEPS]
    names = [field.name for field in dataclasses.fields(Batch)]
    return Batch(**{name: np.concatenate([getattr(batch, name) for batch in batches]) for name in names})


def _with(**shares: Any) -> MixConfig:
    return dataclasses.replace(PLAIN, **shares)


def _db(sound: Any) -> Any:
    return 10 * np.log10(np.mean(np.asarray(sound, float) ** 2, -1) + 1e-12)


def _left(batch: Batch) -> Any:
    """What the mixture has beside its targets."""
    return batch.mixture - batch.targets.sum(1)


def test_what_is_drawn_by_default_has_not_changed(tmp_path: Path) -> None:
    """Weighted sums over six batches, as the mixer gave them before it had rooms, recorded noise and the rest."""
    folder = write_small_pack(tmp_path / "pack")
    film = {"corpora": {"film": 1.0}, "first_corpus": "film"}
    sizes = {"window_frames": 64, "mixtures_per_step": 4, "blind_per_step": 2}
    mixer = Mixer(Pack(folder), TrainConfig(str(folder), "r", steps=100, **film, **sizes))  # type: ignore[arg-type]
    before = {
        "mixture": 657.9148988341542,
        "targets": -275.648520706405,
        "lips": 11.472406823379604,
        "seen": -8.061475552389501,
        "lag": 14.309515381231549,
        "silent": -0.8196716261326915,
        "unseen": -0.6857804329894465,
        "attributes": -6.627521179741406,
        "same_person": -6.627521179741406,
        "blind_mixture": -360.25837390603544,
        "blind_targets": 216.6635717110521,
    }
    for name, wanted in before.items():
        total = 0.0
        for step in range(6):
            values = np.asarray(getattr(mixer.batch(step), name), float).ravel()
            total += float(values @ np.cos(np.arange(len(values))))
        assert total == pytest.approx(wanted, abs=1e-3), name  # sums of about 1e5 float32 values


def test_with_everything_on_a_seed_and_step_give_one_batch(pack: Pack) -> None:
    first, again, other = (_mixer(pack, EVERYTHING, seed=seed) for seed in (3, 3, 4))
    for name, value in vars(first.batch(7)).items():
        np.testing.assert_array_equal(value, getattr(again.batch(7), name))
        assert value.dtype in (np.float32, np.int64, np.bool_, np.uint8) and np.isfinite(value).all()
    assert not np.array_equal(first.batch(7).mixture, first.batch(8).mixture)
    assert not np.array_equal(first.batch(7).mixture, other.batch(7).mixture)


def test_a_plain_mixture_is_the_sum_of_two_filmed_voices(pack: Pack) -> None:
    batch = _batches(pack)
    assert np.abs(_left(batch)).max() < 1e-5
    assert batch.seen[:, :, 10:26].all() and not batch.silent.any() and not batch.unseen.any()
    assert not batch.common.any()


def test_the_ratio_of_the_voices_is_that_of_the_ranges(pack: Pack) -> None:
    narrow = _batches(pack, _with(sir_db=(6, 6), wide_sir_db=(-9, -9), wide_sir_share=0.0)).targets
    np.testing.assert_allclose(_db(narrow[:, 0]) - _db(narrow[:, 1]), 6, atol=1e-2)
    both = _batches(pack, _with(sir_db=(6, 6), wide_sir_db=(-9, -9), wide_sir_share=0.5)).targets
    ratios = np.round(_db(both[:, 0]) - _db(both[:, 1]))
    assert 10 < (ratios == -9).sum() < 38 and set(ratios) == {6.0, -9.0}


def test_a_room_leaves_in_the_targets_what_follows_at_once(pack: Pack) -> None:
    dry, wet = _batches(pack), _batches(pack, _with(room_share=0.5, direct_db=(0, 0), rt60_s=(0.3, 0.3)))
    tails = _db(_left(wet)) - _db(wet.mixture)
    in_room = tails > -60
    assert 10 < in_room.sum() < 38  # of 48
    # At 0.3 s, 10^(-6 * 50 / 300) = -10 dB of the tail's energy come after 50 ms, the tail being half of all.
    assert np.median(tails[in_room]) == pytest.approx(-13.4, abs=1.5)
    np.testing.assert_allclose(_db(wet.targets), _db(dry.targets), atol=1e-2)
    np.testing.assert_array_equal(wet.lips, dry.lips)
    direct_only = _batches(pack, _with(room_share=1.0, direct_db=(0, 0), early_ms=0.0))
    np.testing.assert_allclose(direct_only.targets, dry.targets, atol=1e-5)
    assert np.abs(wet.blind_mixture - wet.blind_targets.sum(1)).max() > 0.1


def test_noise_is_as_far_below_the_voices_as_asked(pack: Pack) -> None:
    noisy = _batches(pack, _with(noise_share=1.0, noise_snr_db=(7, 7)))
    np.testing.assert_allclose(_db(noisy.targets.sum(1)) - _db(_left(noisy)), 7, atol=1e-2)
    blind = noisy.blind_targets.sum(1)
    np.testing.assert_allclose(_db(blind) - _db(noisy.blind_mixture - blind), 7, atol=1e-2)
    some = _db(_left(_batches(pack, _with(noise_share=0.5)))) > -60
    assert 10 < some.sum() < 38
    hissing = _db(_left(_batches(pack, _with(hiss_share=1.0, hiss_snr_db=(8, 8)))))
    np.testing.assert_allclose(hissing, -8, atol=1e-2)


def test_three_and_four_talkers_are_different_people(pack: Pack) -> None:
    for shares, wanted in (({"three_talker_share": 1.0}, 1), ({"four_talker_share": 1.0}, 2)):
        batch = _batches(pack, _with(extra_talker_db=(0, 0), bystander_share=1.0, **shares))
        left = _left(batch)
        np.testing.assert_allclose(_db(left), 10 * np.log10(wanted), atol=0.4)  # voices of noise, uncorrelated
        for item in range(0, len(left), 7):
            further = _heard_in(pack, left[item])[:wanted]
            filmed = [_whose_face(pack, face) for face in batch.attributes[item]]
            assert len({*further, *filmed}) == 2 + wanted
    mixed = _db(_left(_batches(pack, _with(three_talker_share=0.3, four_talker_share=0.3, extra_talker_db=(0, 0)))))
    counts = [(mixed < -60).sum(), (np.abs(mixed) < 1).sum(), (np.abs(mixed - 3) < 1).sum()]
    assert sum(counts) == 48 and min(counts) > 5


def _heard_in(pack: Pack, sound: Any) -> list[str]:
    """Speakers of the clips that a sound holds a stretch of, the surest first."""
    size = 1 << int(np.ceil(np.log2(len(pack.audio) + len(sound))))
    spectrum = np.fft.rfft(sound, size).conj()
    match = np.abs(np.fft.irfft(np.fft.rfft(pack.audio.astype(float), size) * spectrum, size))
    peaks = {}
    for clip in pack.clips:
        best = match[clip.audio_start : clip.audio_start + clip.audio_samples].max()
        peaks[clip.speaker] = max(peaks.get(clip.speaker, 0.0), float(best))
    return sorted(peaks, key=peaks.__getitem__, reverse=True)


def _whose_face(pack: Pack, face: Any) -> str:
    assert pack.attributes is not None
    return pack.clips[int(np.abs(pack.attributes.astype(float) - face).sum(1).argmin())].speaker


def test_one_talker_alone_is_the_whole_mixture(pack: Pack) -> None:
    batch = _batches(pack, _with(single_share=1.0, bystander_share=1.0, three_talker_share=1.0, face_loss_share=1.0))
    np.testing.assert_array_equal(batch.mixture, batch.targets[:, 0])
    assert batch.silent.tolist() == batch.unseen.tolist() == [[False, True]] * 48
    assert not batch.lips[:, 1].any() and not batch.seen[:, 1].any() and not batch.attributes[:, 1].any()
    assert batch.seen[:, 0].any(1).all()
    assert 10 < _batches(pack, _with(single_share=0.5)).silent[:, 1].sum() < 38


def test_a_listener_is_silent_and_seen(pack: Pack) -> None:
    batch = _batches(pack, _with(listener_share=1.0))
    assert (batch.silent.sum(1) == 1).all() and not batch.unseen.any()
    assert not batch.targets[batch.silent].any() and batch.targets[~batch.silent].any(1).all()


def test_in_turns_one_talks_and_the_other_rests(pack: Pack) -> None:
    whole = _batches(pack)
    in_turns = _batches(pack, _with(turn_share=1.0, overlap_s=(-0.2, -0.2)))
    assert np.abs(_left(in_turns)).max() < 1e-5 and not in_turns.silent.any()
    loud = _db(in_turns.targets.reshape(48, 2, 64, 160)) > -60
    assert not (loud[:, 0] & loud[:, 1]).any(), "a pause of 0.2 s lies between them"
    assert loud.mean((0, 2)).min() > 0.15 and loud.mean((0, 2)).max() < 0.75
    assert 10 < (loud[:, 0].argmax(1) < loud[:, 1].argmax(1)).sum() < 38, "either may begin"
    inner = loud & np.roll(loud, 3, 2) & np.roll(loud, -3, 2)
    samples = np.repeat(inner, 160, 2)
    np.testing.assert_allclose(in_turns.targets[samples], whole.targets[samples], atol=1e-5)
    talks = loud.reshape(48, 2, 16, 4).any(3)
    rests = ~np.repeat(talks, 1, 2)
    for who in (-1, 1):
        rests &= ~np.roll(talks, 2 * who, 2)
    motion = np.abs(in_turns.lips[:, :, 10:26, 80:160]).mean(3)
    before = np.abs(whole.lips[:, :, 10:26, 80:160]).mean(3)
    assert motion[rests].mean() < 0.2 * before[rests].mean()
    np.testing.assert_allclose(motion[inner[:, :, ::4]].mean(), before[inner[:, :, ::4]].mean(), rtol=0.2)
    over = _db(_batches(pack, _with(turn_share=1.0, overlap_s=(0.3, 0.3))).targets.reshape(48, 2, 64, 160)) > -60
    assert (over[:, 0] & over[:, 1]).any(1).all(), "0.3 s are talked at once"
    some = _db(_batches(pack, _with(turn_share=0.5)).targets.reshape(48, 2, 8, -1)).min((1, 2)) < -60
    assert 10 < some.sum() < 38


def test_lips_rest_when_the_sound_does_though_they_are_shifted(pack: Pack) -> None:
    batch = _batches(pack, _with(turn_share=1.0, overlap_s=(-0.2, -0.2)), shift_share=1.0)
    loud = _db(batch.targets.reshape(48, 2, 16, 640)) > -60
    moves = np.abs(batch.lips[..., 80:160]).mean(3)
    for item in range(48):
        for who in range(2):
            shifted = moves[item, who, 10 + batch.lag[item, who] :][:16]
            if batch.seen[item, who].all():
                assert shifted[loud[item, who]].mean() > shifted[~loud[item, who]].mean()


def test_a_lost_face_is_like_a_voice_without_one(pack: Pack) -> None:
    whole, lost = _batches(pack), _batches(pack, _with(face_loss_share=1.0))
    assert (lost.unseen.sum(1) == 1).all() and set(np.argwhere(lost.unseen)[:, 1]) == {0, 1}
    for shown in (lost.lips, lost.seen, lost.attributes, lost.same_person):
        assert not shown[lost.unseen].any()
    np.testing.assert_array_equal(lost.targets, whole.targets)
    np.testing.assert_array_equal(lost.mixture, whole.mixture)
    np.testing.assert_array_equal(lost.lips[~lost.unseen], whole.lips[~lost.unseen])
    assert 10 < _batches(pack, _with(face_loss_share=0.5)).unseen.sum() < 38


def test_pictures_jitter_and_freeze_while_the_sound_stays(pack: Pack) -> None:
    base = _batches(pack)
    for shares in ({"jitter_share": 0.5}, {"repeat_share": 0.5}):
        moved = _batches(pack, _with(**shares))
        np.testing.assert_array_equal(moved.mixture, base.mixture)
        changed = np.abs(moved.lips - base.lips).max((2, 3)) > 0.02
        assert 24 < changed.sum() < 72  # of 96 faces
    frozen = _batches(pack, _with(repeat_share=1.0, burst_frames=(6, 6)))
    still = (np.abs(np.diff(frozen.lips[..., :80], axis=2)).max(-1) < 1e-6) & (frozen.seen[:, :, 1:] > 0)
    assert (still.sum(2) == 6).mean() > 0.5  # the others froze where nothing is seen, or in part
    inner = still[:, :, 1:] & still[:, :, :-1]
    assert np.abs(frozen.lips[:, :, 1:-1, 80:160][inner]).max() < 1e-6


def test_pictures_move_as_far_as_asked(pack: Pack) -> None:
    base, off = _batches(pack).lips[..., :80], []
    for reach in (0.0, 0.1, 1.0):
        moved = _batches(pack, _with(jitter_share=1.0, jitter_frames=reach)).lips[..., :80]
        off.append(float(np.abs(moved - base).mean()))
    assert off[0] == 0 and 5 < off[2] / off[1] < 11 and off[2] > 0.05


def test_a_gap_is_not_seen(pack: Pack) -> None:
    for share, fewest, most in ((1.0, 18, 24), (0.5, 4, 18)):
        gaps = 0
        for step in range(24):
            # The first face of a step: the draws before it are the same.
            base, gone = (_mixer(pack, mix).batch(step) for mix in (PLAIN, _with(gap_share=share, burst_frames=(5, 5))))
            missing = np.flatnonzero((base.seen[0, 0] > 0) & (gone.seen[0, 0] == 0))
            gaps += len(missing) > 0
            assert not len(missing) or missing[-1] - missing[0] < 5
            assert not gone.lips[gone.seen == 0].any()
        assert fewest <= gaps <= most  # some lie where the clip has no pictures


def test_landmark_noise_has_the_spread_asked_for(pack: Pack) -> None:
    base, noisy = _batches(pack), _batches(pack, _with(landmark_noise=0.05))
    spread = _mixer(pack, PLAIN).spread_of_lips()[:80]
    off = (noisy.lips - base.lips)[base.seen > 0]
    np.testing.assert_allclose(off[:, :80].std(0), 0.05 * spread, rtol=0.15)
    assert np.abs(off[:, 80:]).max() > 0
    assert not noisy.lips[base.seen == 0].any()


def test_levels_are_those_of_the_range_and_ratios_stay(pack: Pack) -> None:
    base, moved = _batches(pack), _batches(pack, _with(level_share=1.0))
    levels = _db(moved.mixture)
    assert levels.min() >= -35.01 and levels.max() <= -14.99 and np.ptp(levels) > 10
    gain = (levels - _db(base.mixture))[:, None]
    np.testing.assert_allclose(_db(moved.targets) - _db(base.targets), np.repeat(gain, 2, 1), atol=1e-2)
    some = _db(_batches(pack, _with(level_share=0.5)).mixture) < -10
    assert 10 < some.sum() < 38


def test_two_mixtures_with_a_common_talker(pack: Pack) -> None:
    mix = _with(common_talker_share=1.0, room_share=0.5, level_share=0.5, noise_share=0.5, jitter_share=0.5)
    mixer = _mixer(pack, mix, mixtures_per_step=5, unseen_share=0.5)
    for step in STEPS:
        batch = mixer.batch(step)
        assert batch.common.tolist() == [True, True, True, True, False]
        assert not batch.unseen[:4].any() and not batch.silent[:4].any()
        voices, faces = batch.targets[:4].reshape(8, -1), batch.attributes[:4].reshape(8, -1)
        for a1, b1, a2, b2 in (range(4), range(4, 8)):  # the rows of an example, as the loss reads them
            np.testing.assert_array_equal(voices[b1], voices[b2])
            np.testing.assert_array_equal(faces[a1], faces[a2])
            assert abs(np.corrcoef(voices[a1], voices[a2])[0, 1]) < 0.5
            assert not np.array_equal(faces[a1], faces[b1])
    half = np.concatenate([_mixer(pack, _with(common_talker_share=0.5)).batch(step).common for step in STEPS])
    assert 10 < half.sum() < 38
    np.testing.assert_array_equal(half[::2], half[1::2])


def test_the_person_of_two_mixtures_is_heard_in_two_clips(pack: Pack, monkeypatch: pytest.MonkeyPatch) -> None:
    mixer = _mixer(pack, _with(common_talker_share=1.0))
    drawn, film = [], mixer._film

    def noted(*given: Any) -> Any:
        drawn.append(film(*given))
        return drawn[-1]

    monkeypatch.setattr(mixer, "_film", noted)
    for step in STEPS:
        mixer.batch(step)
    assert len(drawn) == 3 * 2 * len(STEPS)
    for a1, b, a2 in zip(drawn[::3], drawn[1::3], drawn[2::3], strict=True):
        assert a1.clip.speaker == a2.clip.speaker != b.clip.speaker and a1.clip.name != a2.clip.name


@pytest.mark.parametrize("mix", [EVERYTHING, _with(single_share=1.0), _with(face_loss_share=1.0)])
def test_a_network_learns_from_such_batches(pack: Pack, mix: MixConfig) -> None:
    sizes = {"complex_channels": 4, "channels": 8, "visual_channels": 8, "heads": 2}
    blocks = {"visual_blocks": 1, "context_blocks": 1, "modulated_blocks": 1}
    config = CompactConfig(**sizes, **blocks)
    torch.manual_seed(1)
    network = CompactSeparator(config)
    network.set_scale(torch.from_numpy(_mixer(pack, mix).spread_of_lips()))
    loss, _ = Lesson(network, config.stft)(tensors(_mixer(pack, mix).batch(0), torch.device("cpu")), 0.5)
    loss.backward()
    assert torch.isfinite(loss)
    assert all(torch.isfinite(p.grad).all() for p in network.parameters() if p.grad is not None)


def test_settings_are_read_from_a_table_and_bad_ones_refused(tmp_path: Path) -> None:
    path = tmp_path / "train.toml"
    path.write_text('pack = "p"\nrun_dir = "r"\nunseen_share = 0.1\n[mix]\nroom_share = 0.3\nrt60_s = [0.2, 0.4]\n')
    config = read_train_config(path)
    assert config.mix == MixConfig(room_share=0.3, rt60_s=(0.2, 0.4)) and config.unseen_share == 0.1
    assert from_dict(TrainConfig, json.loads(json.dumps(to_dict(config)))) == config
    path.write_text('pack = "p"\nrun_dir = "r"\n[mix]\nroom = 0.3\n')
    with pytest.raises(UsageError, match="room"):
        read_train_config(path)
    bad: list[dict[str, Any]] = [
        {"noise_share": 1.5},
        {"noise_snr_db": (20, 0)},
        {"sir_db": (1, 2, 3)},
        {"three_talker_share": 0.6, "four_talker_share": 0.6},
        {"burst_frames": (0, 3)},
        {"rt60_s": (0.0, 0.3)},
        {"landmark_noise": -0.1},
    ]
    for values in bad:
        with pytest.raises(UsageError):
            MixConfig(**values)


def test_noise_is_added_to_a_pack_in_use(pack: Pack, tmp_path: Path) -> None:
    folder = write_small_pack(tmp_path / "pack")
    kept = {path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in folder.iterdir()}
    tone = 0.1 * np.sin(np.arange(16_000) / 5)
    soundfile.write(tmp_path / "tone.wav", tone, 16_000)
    soundfile.write(tmp_path / "silent.wav", np.zeros(16_000), 16_000)
    with pytest.raises(InputError, match="no noise"):
        _mixer(Pack(folder), _with(noise_share=0.1))
    with pytest.raises(InputError, match="None of the 1"):
        add_noise(folder, [tmp_path / "silent.wav"])
    assert {path.name for path in folder.iterdir()} == set(kept)
    rejected = add_noise(folder, [tmp_path / "silent.wav", tmp_path / "tone.wav"])
    assert [(r.path.name, r.why) for r in rejected] == [("silent.wav", "It is silent.")]
    first = Noise(folder)
    np.testing.assert_allclose(first.audio / 32768, tone, atol=1e-3)
    before = first.audio.tolist()
    soundfile.write(tmp_path / "tone.wav", -0.5 * tone, 16_000)
    add_noise(folder, [tmp_path / "tone.wav", tmp_path / "tone.wav"])
    assert first.audio.tolist() == before  # what a run has mapped stays
    assert len(Noise(folder).clips) == 2
    stretch = Noise(folder).draw(np.random.default_rng(0), 40_000)
    assert stretch.shape == (40_000,) and abs(stretch.mean()) < 0.1 and stretch.std() > 500
    assert {path.name for path in folder.iterdir()} == {*kept, TABLE, SOUND}
    assert {p.name: (p.stat().st_ino, p.stat().st_mtime_ns) for p in folder.iterdir() if p.name in kept} == kept
    (folder / SOUND).write_bytes(b"12")
    with pytest.raises(InputError, match="2 bytes"):
        Noise(folder)


def test_the_fold_for_tests_is_not_trained_on(tmp_path: Path) -> None:
    for name in ("rain/1-22694-A.opus", "rain/5-99-A.opus", "dog/4-1-B.opus", "dog/51-2-A.opus"):
        (tmp_path / "noise" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "noise" / name).touch()
    assert [path.name for path in noise_files(tmp_path)] == ["4-1-B.opus", "1-22694-A.opus"]
