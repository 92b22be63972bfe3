"""Batches, the loop, checkpoints: determinism, exact resume, refusal of damaged files."""

from __future__ import annotations

import dataclasses
import json
import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from engine.checkpoint import load_weights, read_card, save_weights
from engine.config import CompactConfig, TrainConfig, from_dict, read_train_config, to_dict
from engine.data.mixtures import Mixer
from engine.data.pack import Pack
from engine.data.recipe import draw_recipe, read_recipes, write_recipes
from engine.errors import InputError, JobCancelled, ModelError, OutputError, UsageError
from engine.jobs import CancelToken, Progress
from engine.models.compact import CompactSeparator
from engine.train.batch import draw_ahead
from engine.train.loop import run, schedule
from tests.helpers.packs import write_small_pack

ROOT = Path(__file__).resolve().parents[2]
CONFIG = """
pack = "{pack}"
run_dir = "{run}"
steps = 6
window_frames = 64
mixtures_per_step = 2
blind_per_step = 1
warm_up_steps = 2
validate_every = 3
validation_mixtures = 2
checkpoint_every = 2
first_corpus = "film"
embedders = "{run}/embedders.pt"
embedder_steps = 3
{more}
[corpora]
film = 1.0
[model]
{model}
"""
COMPACT = """
complex_channels = 4
channels = 8
visual_channels = 8
visual_blocks = 1
context_blocks = 1
modulated_blocks = 1
heads = 2
"""
CAFFNET = """
channels = 8
visual_blocks = 1
complex_maps = [2, 3]
heads = 2
"""
SYSTEMS = {
    "compact": ("", COMPACT),
    "compact, lips first": ("lip_steps = 2", COMPACT),
    "compact, adversarial": ('correlation = "adversarial"', COMPACT),
    "caffnet-c, cmc": ('architecture = "caffnet"\ncorrelation = "cmc"', CAFFNET),
    "caffnet, triplet": (
        'architecture = "caffnet"\ncorrelation = "triplet"',
        CAFFNET + "complex_domain = false\naudio_blocks = 1",
    ),
}


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small_pack(tmp_path_factory.mktemp("pack"))


def _config(pack: Path, folder: Path, system: str = "compact", more: str = "") -> Path:
    path = folder / "train.toml"
    setting, model = SYSTEMS[system]
    path.write_text(CONFIG.format(pack=pack, run=folder / "run", more=setting + "\n" + more, model=model))
    return path


def test_batches_repeat_and_mixtures_are_sums(pack: Path, tmp_path: Path) -> None:
    config = read_train_config(_config(pack, tmp_path))
    mixer = Mixer(Pack(pack), config)
    first, again = mixer.batch(3), mixer.batch(3)
    for name, value in vars(first).items():
        np.testing.assert_array_equal(value, getattr(again, name))
    assert first.mixture.shape == (2, 64 * 160)
    assert first.lips.shape == (2, 2, 16 + 20, 240)
    assert np.abs(first.lag).max() <= config.max_shift_frames
    blind = first.blind_targets.sum(1) - first.blind_mixture
    assert np.abs(blind).max() < 1e-4
    assert not np.array_equal(first.mixture, mixer.batch(4).mixture)


def test_a_voice_without_a_face_sounds_but_shows_no_lips(pack: Path, tmp_path: Path) -> None:
    mixer = Mixer(Pack(pack), dataclasses.replace(read_train_config(_config(pack, tmp_path)), unseen_share=0.5))
    found = 0
    for step in range(8):
        batch = mixer.batch(step)
        for item, face in np.argwhere(batch.unseen):
            found += 1
            assert face == 1
            assert not batch.lips[item, face].any() and not batch.seen[item, face].any()
            assert np.abs(batch.targets[item, face]).max() > 0
            assert batch.seen[item, 0].any()
    assert found > 2


def test_lips_are_shifted_by_the_stated_lag(pack: Path, tmp_path: Path) -> None:
    config = read_train_config(_config(pack, tmp_path))
    mixer = Mixer(Pack(pack), config)
    checked = 0
    for step in range(12):
        batch = mixer.batch(step)
        for item, face in np.ndindex(2, 2):
            if batch.silent[item, face] or batch.unseen[item, face]:
                continue
            level = np.abs(batch.targets[item, face]).reshape(-1, 640).mean(1)
            motion = np.abs(batch.lips[item, face]).mean(-1)
            scores = []
            for lag in range(-9, 10):
                rows = motion[10 + lag : 10 + lag + len(level)]
                scores.append(np.corrcoef(rows, level)[0, 1] if rows.std() > 0 else -1)
            best = int(np.argmax(scores)) - 9
            if max(scores) > 0.9:
                checked += 1
                assert best == batch.lag[item, face]
    assert checked >= 10


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_stopped_and_resumed_run_ends_in_the_same_weights(system: str, pack: Path, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    whole = run(_config(pack, tmp_path / "a", system))
    token = CancelToken()

    def stop(progress: Progress) -> None:
        if progress.completed == 4:
            token.cancel()

    with pytest.raises(JobCancelled):
        run(_config(pack, tmp_path / "b", system), on_progress=stop, cancel=token)
    resumed = run(_config(pack, tmp_path / "b", system), resume=True)
    assert whole["step"] == resumed["step"] == 6
    first = torch.load(tmp_path / "a/run/state.pt", weights_only=True)
    second = torch.load(tmp_path / "b/run/state.pt", weights_only=True)
    for part in ("model", "average"):
        for name, value in first[part].items():
            assert torch.equal(value, second[part][name]), name
    curve = (tmp_path / "a/run/curve.csv").read_text().splitlines()
    assert curve[0].startswith("step,minutes") and len(curve) == 3


def test_half_precision_trains_and_stays_finite(pack: Path, tmp_path: Path) -> None:
    for system in ("compact", "caffnet-c, cmc"):
        (tmp_path / system).mkdir()
        run(_config(pack, tmp_path / system, system, 'precision = "bf16-mixed"'))
        weights = load_file(tmp_path / system / "run/best.safetensors")
        assert all(torch.isfinite(value).all() for value in weights.values())
        card = read_card(tmp_path / system / "run/best.safetensors")
        assert all(np.isfinite(score["si_sdri"]) for score in card["validation"].values())


def test_validation_leaves_something_to_hear_and_see(pack: Path, tmp_path: Path) -> None:
    run(_config(pack, tmp_path))
    last = tmp_path / "run/samples/0000006"
    assert {p.suffix for p in last.iterdir()} == {".wav", ".png"}


def test_a_set_with_nobody_to_validate_on_keeps_the_last_weights(pack: Path, tmp_path: Path) -> None:
    own = Path(shutil.copytree(pack, tmp_path / "pack"))
    table = (own / "clips.csv").read_text()
    (own / "clips.csv").write_text(table.replace(",val,", ",test,"))
    assert run(_config(own, tmp_path))["best"]["value"] is None
    assert read_card(tmp_path / "run/best.safetensors")["training"]["step"] == 6
    rows = (tmp_path / "run/curve.csv").read_text().splitlines()
    assert [row.split(",")[0] for row in rows] == ["step", "3", "6"]


@pytest.mark.slow
def test_two_processes_share_their_gradients(pack: Path, tmp_path: Path) -> None:
    config = _config(pack, tmp_path, more="devices = 2")
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2", "--master-port=0", "--standalone"]
    program = f"from pathlib import Path; from engine.train.loop import run; run(Path({str(config)!r}))"
    script = tmp_path / "train.py"
    script.write_text(program)
    subprocess.run([*command, str(script)], check=True, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert torch.load(tmp_path / "run/state.pt", weights_only=True)["step"] == 6


def test_a_run_that_only_makes_nan_stops_with_advice(pack: Path, tmp_path: Path) -> None:
    config = _config(pack, tmp_path, more='init = "nan.safetensors"')
    model = CompactSeparator(read_train_config(config).model)
    save_weights(tmp_path / "nan.safetensors", model, {})
    tensors = {name: torch.full_like(t, torch.nan) for name, t in load_file(tmp_path / "nan.safetensors").items()}
    save_file(tensors, tmp_path / "nan.safetensors")
    text = config.read_text().replace('"nan.safetensors"', f'"{tmp_path / "nan.safetensors"}"')
    config.write_text(text.replace("steps = 6", "steps = 30").replace("validate_every = 3", "validate_every = 30"))
    with pytest.raises(ModelError, match="finite for 20 steps"):
        run(config)


def test_a_run_is_not_overwritten(pack: Path, tmp_path: Path) -> None:
    config = _config(pack, tmp_path)
    run(config)
    with pytest.raises(InputError, match="There is a training run"):
        run(config)


def test_bad_configurations_are_refused(pack: Path, tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text('pack = "x"\nrun_dir = "y"\nstpes = 3\n')
    with pytest.raises(UsageError, match="stpes"):
        read_train_config(path)
    path.write_text("pack = [")
    with pytest.raises(InputError):
        read_train_config(path)
    with pytest.raises(InputError, match="no training set"):
        run(_config(tmp_path / "nowhere", tmp_path))
    with pytest.raises(UsageError, match="max_shift_frames"):
        TrainConfig("p", "r", max_shift_frames=11)


def test_configs_round_trip() -> None:
    config = CompactConfig(channels=32, heads=2)
    assert from_dict(CompactConfig, json.loads(json.dumps(to_dict(config)))) == config


def test_schedule_warms_up_and_decays() -> None:
    config = TrainConfig("p", "r", steps=1000, warm_up_steps=100)
    assert schedule(0, config) == pytest.approx(0.01)
    assert schedule(300, config) == 1.0
    assert schedule(999, config) < 0.02


def test_weights_round_trip_and_damage_is_noticed(tmp_path: Path) -> None:
    config = CompactConfig(complex_channels=4, channels=8, visual_channels=8, heads=2, modulated_blocks=1)
    model = CompactSeparator(config)
    path = tmp_path / "m.safetensors"
    digest = save_weights(path, model, {"config": to_dict(config)}, half=True)
    card = read_card(path)
    assert card["sha256"] == digest
    other = CompactSeparator(from_dict(CompactConfig, card["config"]))
    load_weights(path, other, digest)
    for name, value in load_file(path).items():
        assert torch.equal(other.state_dict()[name].half(), value), name

    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(ModelError, match="damaged"):
        load_weights(path, other, digest)


def test_a_pickled_class_is_refused(tmp_path: Path) -> None:
    from engine.checkpoint import file_sha256

    path = tmp_path / "evil.safetensors"
    path.write_bytes(pickle.dumps({"a": Path("x")}))
    model = CompactSeparator(
        CompactConfig(complex_channels=4, channels=8, visual_channels=8, heads=2, modulated_blocks=1)
    )
    with pytest.raises(ModelError, match="do not fit"):
        load_weights(path, model, file_sha256(path))


def test_recipes_repeat_and_bad_lists_are_named(pack: Path, tmp_path: Path) -> None:
    clips = Pack(pack).clips
    rows = draw_recipe(clips, "film", "val", 5, seed=1)
    assert rows == draw_recipe(clips, "film", "val", 5, seed=1) and len(rows) == 5
    path = tmp_path / "list.csv"
    write_recipes(path, rows)
    assert read_recipes(path) == rows
    path.write_text("id,corpus\n1,2\n")
    with pytest.raises(InputError, match="Line 2"):
        read_recipes(path)
    path.write_text("id,corpus\n")
    with pytest.raises(InputError, match="empty"):
        read_recipes(path)


def test_a_full_disk_stops_the_run_and_keeps_the_last_checkpoint(
    pack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, save, written = _config(pack, tmp_path), torch.save, []

    def full(value: object, path: Path) -> None:
        save(value, path)
        written.append(path)
        if len(written) == 2:
            raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(OutputError, match="state"):
        run(config)
    monkeypatch.undo()
    assert torch.load(tmp_path / "run/state.pt", weights_only=True)["step"] == 2
    assert run(config, resume=True)["step"] == 6


@pytest.mark.parametrize("damage", ["cut", "pickled"])
def test_a_damaged_checkpoint_is_refused(damage: str, pack: Path, tmp_path: Path) -> None:
    config = _config(pack, tmp_path)
    run(config)
    state = tmp_path / "run/state.pt"
    state.write_bytes(state.read_bytes()[:5000] if damage == "cut" else pickle.dumps({"step": Path("x")}, protocol=2))
    with pytest.raises(ModelError, match="damaged"):
        run(config, resume=True)


def test_workers_draw_what_the_process_itself_would(pack: Path, tmp_path: Path) -> None:
    config = read_train_config(_config(pack, tmp_path))
    mixer = Mixer(Pack(pack), config)
    alone = list(draw_ahead(mixer, 2, config, 0))
    helped = list(draw_ahead(mixer, 2, dataclasses.replace(config, workers=2), 0))
    assert len(alone) == len(helped) == 4
    for one, other in zip(alone, helped, strict=True):
        for name, value in vars(one).items():
            np.testing.assert_array_equal(value, getattr(other, name))
    second_of_two = next(draw_ahead(mixer, 2, dataclasses.replace(config, devices=2), 1))
    np.testing.assert_array_equal(second_of_two.mixture, mixer.batch(5).mixture)
