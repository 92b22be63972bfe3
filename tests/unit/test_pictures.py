"""Pictures in training: they stand beside the lips at the same moments, and a network learns from them."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from engine.checkpoint import save_weights
from engine.cli import main
from engine.config import AvBaselineConfig, MixConfig, TrainConfig, to_dict
from engine.data.mixtures import Batch, Mixer, lips_at, mouths_at
from engine.data.pack import DELAYS, Pack, PictureDelay
from engine.data.table import write_table
from engine.errors import UsageError
from engine.models.networks import build_network
from engine.separator import Separator
from engine.train.batch import looks, tensors
from engine.train.lip_reading import teach_lips
from engine.train.loop import run
from engine.train.validation import validate
from tests.helpers.faces import LOOKS, ClipPerson, write_clip
from tests.helpers.packs import BLUE, DARK, GREEN, MOUTH_GAIN, MOUTH_LEVEL, RED, write_small_pack
from tests.unit.test_configs import SHORT, write_config

CPU = torch.device("cpu")
STEPS = range(6)
PLAIN = MixConfig(bystander_share=0, hiss_share=0, listener_share=0, gap_share=0)
SEES = AvBaselineConfig(lips="pixels", face="picture", base_channels=2, lip_channels=8, face_channels=4)
BLIND = AvBaselineConfig(base_channels=2, lip_channels=8, face_channels=4, visual_channels=8)
TINY = {"base_channels": 2, "lip_channels": 8, "face_channels": 4}


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Pack:
    return Pack(write_small_pack(tmp_path_factory.mktemp("pictures"), speakers=6, pictures=True))


def _mixer(pack: Pack, mix: MixConfig = PLAIN, model: AvBaselineConfig = SEES, **more: Any) -> Mixer:
    settings = {"unseen_share": 0.0, "shift_share": 0.0, "mixtures_per_step": 4, "blind_per_step": 1, **more}
    film = {"corpora": {"film": 1.0}, "first_corpus": "film"}
    settings = {"window_frames": 64, "steps": 100, **settings}
    return Mixer(pack, TrainConfig(str(pack.folder), "r", "av-baseline", model, mix=mix, **film, **settings))


def _batches(pack: Pack, mix: MixConfig = PLAIN, model: AvBaselineConfig = SEES, **more: Any) -> Batch:
    """The batches of `STEPS`, one after the other."""
    mixer = _mixer(pack, mix, model, **more)
    batches = [mixer.batch(step) for step in STEPS]
    names = [field.name for field in dataclasses.fields(Batch)]
    return Batch(**{name: np.concatenate([getattr(batch, name) for batch in batches]) for name in names})


def _with(**shares: Any) -> MixConfig:
    return dataclasses.replace(PLAIN, **shares)


def _light(mouths: Any) -> Any:
    """The envelope that mouth pictures (..., 88, 88) show on their bright half."""
    return (mouths[..., 44, :].max(-1).astype(float) - MOUTH_LEVEL) / MOUTH_GAIN


def test_pictures_are_there_when_they_are_wanted_and_change_nothing_else(pack: Pack) -> None:
    everything = _with(listener_share=0.3, gap_share=0.3, jitter_share=0.3, turn_share=0.3, common_talker_share=0.3)
    more = {"unseen_share": 0.3, "shift_share": 0.5}
    sees, blind = (_batches(pack, everything, model, **more) for model in (SEES, BLIND))
    assert sees.mouths.shape == (24, 2, 36, 88, 88) and sees.faces.shape == (24, 2, 3, 224, 224)
    assert sees.mouths.dtype == sees.faces.dtype == np.uint8
    assert blind.mouths.shape == (24, 2, 0, 88, 88) and blind.faces.shape == (24, 2, 0, 224, 224)
    for name in (field.name for field in dataclasses.fields(Batch) if field.name not in ("mouths", "faces")):
        np.testing.assert_array_equal(getattr(sees, name), getattr(blind, name), err_msg=name)
    assert not sees.mouths[sees.seen == 0].any() and sees.mouths[sees.seen > 0].any((1, 2)).all()
    assert sees.unseen.any() and not sees.faces[sees.unseen].any()
    assert sees.faces[~sees.unseen].any((1, 2, 3)).all()
    again = _batches(pack, everything, SEES, **more)
    np.testing.assert_array_equal(again.mouths, sees.mouths)
    np.testing.assert_array_equal(again.faces, sees.faces)


@pytest.mark.parametrize("delay", [0.0, 0.5, -2.3])
def test_every_picture_is_the_nearest_to_its_moment(pack: Pack, tmp_path: Path, delay: float) -> None:
    """At every speed, with a clip's own delay, at fractions of a frame and beyond the clip's ends."""
    folder = shutil.copytree(pack.folder, tmp_path / "pack")
    write_table(folder / DELAYS, PictureDelay, [PictureDelay(clip.name, delay) for clip in pack.clips])
    mixer, rng = _mixer(Pack(folder)), np.random.default_rng(0)
    clip = mixer.filmed["film"][1]
    kept = mixer.pack.mouth_pictures_of(clip)
    for start, speed in ((20.0, 1.0), (33.25, 1.1), (41.63, 0.9), (-4.0, 1.0), (88.0, 1.05)):
        look = mixer._look(rng, rng, clip, start, speed)
        rows = start + (np.arange(36) - 10) * speed + delay
        inside = (rows >= -0.01) & (rows <= 99.01)
        nearest = np.abs(np.arange(100) - rows[:, None] - 1e-6).argmin(1)
        turned = bool(look.mouths[18, 48, 0] > DARK)
        wanted = kept[nearest][:, :, ::-1] if turned else kept[nearest]
        np.testing.assert_array_equal(look.seen > 0, inside)
        np.testing.assert_array_equal(look.mouths, wanted * inside[:, None, None])
        np.testing.assert_array_equal(mouths_at(mixer.pack, clip, rows), kept[nearest] * inside[:, None, None])


@pytest.mark.parametrize("more", [{}, {"shift_share": 1.0}])
def test_pictures_and_lips_and_sound_are_in_step_by_the_stated_lag(pack: Pack, more: dict[str, float]) -> None:
    batch = _batches(pack, **more)
    assert (np.abs(batch.lag).max() > 5) == bool(more)
    checked = 0
    for place in np.ndindex(batch.lag.shape):
        lag, seen, light = batch.lag[place], batch.seen[place] > 0, _light(batch.mouths[place])
        level = np.abs(batch.targets[place]).reshape(-1, 640).mean(1)
        lips = np.abs(batch.lips[place][:, :80]).mean(1)
        assert np.corrcoef(light[seen], lips[seen])[0, 1] > 0.8
        scores = []
        for shift in range(-9, 10):
            rows = slice(10 + shift, 26 + shift)
            scores.append(np.corrcoef(light[rows], level)[0, 1] if seen[rows].all() else -1)
        if seen[10 + lag : 26 + lag].all() and max(scores) > 0.9:
            checked += 1
            assert np.argmax(scores) - 9 == lag
    assert checked > 20


def test_pictures_freeze_and_jitter_and_get_lost_with_the_lips(pack: Pack) -> None:
    frozen = _batches(pack, _with(repeat_share=1.0, burst_frames=(6, 6)))
    still = (np.abs(np.diff(frozen.lips[..., :80], axis=2)).max(-1) < 1e-6) & (frozen.seen[:, :, 1:] > 0)
    assert still.sum() > 100 and not np.diff(frozen.mouths.astype(int), axis=2)[still].any()
    for mix in (_with(jitter_share=1.0, jitter_frames=1.0), _with(gap_share=1.0)):
        batch = _batches(pack, mix)
        assert not batch.mouths[batch.seen == 0].any()
        for place in np.ndindex(batch.lag.shape):
            seen = batch.seen[place] > 0
            lips = np.abs(batch.lips[place][:, :80]).mean(1)
            assert np.corrcoef(_light(batch.mouths[place])[seen], lips[seen])[0, 1] > 0.75


def test_pictures_and_lips_are_mirrored_together(pack: Pack) -> None:
    batch = _batches(pack)
    # The small set's landmark features rise from -1 to 1 times the envelope: mirrored, the signs of x are turned.
    features = np.linspace(-1, 1, 240)
    turned = np.asarray([[np.sign(row[18, :80:2].sum()) for row in pair] for pair in batch.lips]) > 0
    assert features[:80:2].sum() < 0 and 8 < turned.sum() < 40
    left, right = batch.mouths[:, :, 18, 44, 0], batch.mouths[:, :, 18, 44, -1]
    np.testing.assert_array_equal(left > right, turned)
    faces = batch.faces.astype(float)
    assert (faces[..., 10].max((2, 3)) > 0).sum() == (~turned).sum()
    np.testing.assert_array_equal(faces[:, :, 0, 10, 213] > 0, turned)
    lit = np.where(turned[..., None], faces[:, :, :, 10, 213], faces[:, :, :, 10, 10])
    assert (lit[..., 0] > lit[..., 1]).all() and (lit[..., 1] > lit[..., 2]).all()  # still red, green, blue
    brightness = lit.sum(-1) / (RED + GREEN + BLUE)
    assert 0.65 < brightness.min() < 0.85 and 1.15 < brightness.max() < 1.35


def test_mouths_rest_when_their_owner_says_nothing(pack: Pack) -> None:
    listening = _batches(pack, _with(listener_share=1.0))
    for place in np.ndindex(listening.lag.shape):
        shown = _light(listening.mouths[place])[listening.seen[place] > 0]
        assert (np.ptp(shown) == 0) == listening.silent[place]
    turns = _batches(pack, _with(turn_share=1.0, overlap_s=(-0.2, -0.2)), shift_share=1.0)
    for place in np.ndindex(turns.lag.shape):
        rows = 10 + turns.lag[place] + np.arange(16)
        if turns.seen[place][rows].all():
            loud = np.abs(turns.targets[place]).reshape(16, 640).mean(1) > 1e-3
            light = _light(turns.mouths[place])[rows]
            assert np.ptp(light[~loud]) == 0 < np.ptp(light[loud])


def test_what_a_network_is_given(pack: Pack) -> None:
    batch = tensors(_mixer(pack).batch(0), CPU)
    lips, seen, face = looks(batch, SEES)
    assert lips.shape == (8, 36, 88, 88) and seen.shape == (8, 36) and face.shape == (8, 3, 224, 224)
    torch.testing.assert_close(lips[3], batch["mouths"][1, 1].float() / 255)
    torch.testing.assert_close(face[3], batch["faces"][1, 1].float() / 255)
    assert float(lips.min()) >= 0 and float(lips.max()) <= 1
    lips, _, face = looks(batch, BLIND)
    assert torch.equal(lips, batch["lips"].flatten(0, 1)) and torch.equal(face, batch["attributes"].flatten(0, 1))


def test_the_middle_of_a_mouth_and_the_best_face_are_shown_in_validation(pack: Pack) -> None:
    torch.manual_seed(1)
    network = build_network("av-baseline", SEES).eval()
    given: list[dict[str, Any]] = []
    network.register_forward_pre_hook(
        lambda module, args, kwargs: given.append({"lips": args[1], **kwargs}), with_kwargs=True
    )
    scores = validate(network, pack, CPU, count=1)
    assert np.isfinite(scores["film"]["si_sdri"])
    for face in range(2):
        lips, picture = given[0]["lips"][face].numpy(), given[0]["attributes"][face].numpy()
        light = (255 * lips[:, 44, 44:].mean(1) - MOUTH_LEVEL) / MOUTH_GAIN
        matches = []
        for clip in (clip for clip in pack.clips if clip.split == "val"):
            for start in range(100):
                rows, seen = lips_at(pack, clip, np.arange(len(light)) + float(start) - 10)
                matches.append(np.abs(light - rows[:, -1])[seen > 0].max())
        assert min(matches) < 0.02
        np.testing.assert_allclose(picture[:, 100, 100] * 255, (RED, GREEN, BLUE), atol=1e-3)


def test_lips_are_taught_from_pictures(pack: Pack) -> None:
    torch.manual_seed(3)
    mixer = _mixer(pack, lip_steps=1, mixtures_per_step=1, window_frames=16)
    network = build_network("av-baseline", SEES)
    assert np.isfinite(teach_lips(network, mixer, mixer.config, CPU))


def test_a_set_without_pictures_is_told_at_the_start_of_a_run(tmp_path: Path) -> None:
    pack = write_small_pack(tmp_path / "pack")
    changes = SHORT | {"pack": str(pack), "run_dir": str(tmp_path / "run"), "model": TINY}
    changes |= {"device": "cpu", "devices": 1, "precision": "32-true", "embedders": str(tmp_path / "embedders.pt")}
    with pytest.raises(UsageError, match=r"sees pictures; the training set in .* has none") as caught:
        run(write_config("av_baseline_published", tmp_path, changes))
    assert "avsep prepare --pictures" in caught.value.remedy and 'lips = "landmarks"' in caught.value.remedy
    assert not (tmp_path / "embedders.pt").exists()
    for lips, face in (("pixels", "none"), ("landmarks", "picture")):
        with pytest.raises(UsageError, match="has none"):
            _mixer(Pack(pack), model=dataclasses.replace(SEES, lips=lips, face=face))


def test_imagined_lips_have_no_pictures(pack: Pack) -> None:
    config = dataclasses.replace(_mixer(pack).config, corpora={"film": 0.5, "imagined": 0.5})
    with pytest.raises(UsageError, match="no pictures"):
        Mixer(pack, config)


def test_a_model_that_sees_pictures_is_not_given_landmarks(tmp_path: Path) -> None:
    path = tmp_path / "best.safetensors"
    network = build_network("av-baseline", SEES)
    save_weights(path, network, {"architecture": "av-baseline", "config": to_dict(SEES)})
    with pytest.raises(UsageError, match="sees pictures"):
        Separator.load(str(path), "cpu")


def test_the_published_baseline_trains_from_a_prepared_set(tmp_path: Path) -> None:
    """By the commands, and by the file as it is but for its widths and lengths."""
    rng = np.random.default_rng(2)
    sound = (0.1 * rng.standard_normal((3 * 48_000, 1))).astype(np.float32)
    write_clip(tmp_path / "0.mp4", [ClipPerson(LOOKS[1], (320, 150), 140, rng.random(75))], sound, duration_s=3.0)
    rows = ["path,speaker,split"]
    for number, split in enumerate(("train", "train", "val", "val")):
        if number:
            shutil.copyfile(tmp_path / "0.mp4", tmp_path / f"{number}.mp4")
        rows.append(f"{number}.mp4,s{number},{split}")
    (tmp_path / "films.csv").write_text("\n".join(rows) + "\n")
    given = [str(tmp_path / "films.csv"), "-o", str(tmp_path / "set"), "--corpus", "film"]
    assert main(["prepare", *given, "--pictures", "--json"]) == 0
    changes = SHORT | {"pack": str(tmp_path / "set"), "run_dir": str(tmp_path / "run"), "model": TINY}
    changes |= {"device": "cpu", "devices": 1, "precision": "32-true", "mixtures_per_step": 2, "window_frames": 32}
    changes |= {"embedders": str(tmp_path / "embedders.pt"), "embedder_steps": 1}
    assert main(["train", str(write_config("av_baseline_published", tmp_path, changes)), "--json"]) == 0
    state = torch.load(tmp_path / "run/state.pt", weights_only=True)
    assert state["step"] == 2 and all(torch.isfinite(value).all() for value in state["model"].values())
