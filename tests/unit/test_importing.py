"""Networks of the user's own: checked before anything is kept, listed whole, told where damaged, gone when removed."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import struct
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from engine import api, imported, registry
from engine.checkpoint import save_weights
from engine.config import AvBaselineConfig, CaffNetConfig, CompactConfig, ModelConfig, to_dict
from engine.errors import EngineError, InputError, JobCancelled, ModelError, OutputError, UsageError
from engine.jobs import CancelToken, Progress
from engine.models.networks import build_network
from engine.separator import open_model
from engine.types import ModelInfo

TINY = CompactConfig(
    complex_channels=4, channels=8, visual_channels=8, visual_blocks=1, context_blocks=1, modulated_blocks=1, heads=2
)
CARD = {"licence": "CC0-1.0", "trained_on": "noise", "calibration": [0.7, -1.0], "real_time_factor": 0.25}
needs_posix = pytest.mark.skipif(sys.platform == "win32", reason="needs links, pipes and permissions")


def make(path: Path, config: ModelConfig = TINY, architecture: str = "compact", **card: object) -> Path:
    """Weights and card of a network with random numbers."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        network = build_network(architecture, config)
    save_weights(path, network, {"architecture": architecture, "config": to_dict(config), **CARD, **card}, half=True)
    return path


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("nets") / "net.safetensors")


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "data"
    monkeypatch.setenv("AVSEP_DATA_DIR", str(folder))
    return folder


@pytest.fixture
def own(made: Path, tmp_path: Path) -> Path:
    """Weights that may be spoilt, with their card."""
    path = tmp_path / "from somewhere" / "My Net (2).safetensors"
    path.parent.mkdir()
    shutil.copy(made, path)
    shutil.copy(made.with_suffix(".json"), path.with_suffix(".json"))
    return path


def row(name: str) -> ModelInfo | None:
    return next((row for row in api.list_models() if row.name == name), None)


def entries(data: Path) -> list[str]:
    return sorted(path.relative_to(data).as_posix() for path in data.rglob("*"))


def edit(path: Path, **changes: object) -> None:
    """Change the card beside weights; a key with None goes."""
    beside = path.with_suffix(".json")
    card = json.loads(beside.read_text()) | changes
    beside.write_text(json.dumps({key: value for key, value in card.items() if value is not None}))


def edit_config(path: Path, **changes: object) -> None:
    edit(path, config=json.loads(path.with_suffix(".json").read_text())["config"] | changes)


def test_a_network_is_imported_and_used_like_any_other(own: Path, data: Path) -> None:
    seen: list[Progress] = []
    before = own.read_bytes()
    assert api.import_model(own, on_progress=seen.append) == "my-net-2"
    assert own.read_bytes() == before
    assert all(0 <= progress.completed <= progress.total for progress in seen)
    assert seen[-1] == Progress("Trying my-net-2", 1, 1)
    stages = dict.fromkeys(progress.stage.split()[0] for progress in seen)
    assert list(stages) == ["Checking", "Copying", "Trying"]
    folder = "models/my-net-2"
    files = [f"{folder}/{name}" for name in ("imported.json", "my-net-2.json", "my-net-2.safetensors")]
    assert entries(data) == ["models", folder, *files]
    listed = row("my-net-2")
    assert listed is not None and (listed.imported, listed.installed, listed.guest) == (True, True, False)
    assert (listed.declaration.licence, listed.declaration.calibration) == ("CC0-1.0", (0.7, -1.0))
    assert (listed.size_bytes, listed.title) == (len(before), "An imported network (compact)")
    card = json.loads(own.with_suffix(".json").read_text())
    assert listed.sha256 == registry.fingerprint("my-net-2") == card["sha256"]
    shutil.rmtree(own.parent)
    registry.verify("my-net-2")
    lips = np.zeros((1, 45, 240), np.float32)
    model = open_model("my-net-2", "cpu")
    assert model.masks(np.ones(16_000, np.float32), lips, np.ones((1, 45), np.float32), None).mask.shape[0] == 1


def test_rows_come_in_order(own: Path) -> None:
    for name in ("b", "a"):
        api.import_model(own, name=name)
    names = [listed.name for listed in api.list_models()]
    assert names[:5] == ["default", "compact", "tiny", "a", "b"]
    assert all(listed.guest for listed in api.list_models()[5:])


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("net.safetensors", "net"),
        ("Näher dran.safetensors", "naher-dran"),
        ("run 7/best.safetensors", "run-7"),
        ("v1.2.safetensors", "v1.2"),
        (".hidden.safetensors", "hidden"),
        (f"{'x' * 90}.safetensors", "x" * 64),
    ],
)
def test_the_name_is_that_of_the_file_or_of_the_run(made: Path, tmp_path: Path, given: str, name: str) -> None:
    path = tmp_path / given
    path.parent.mkdir(exist_ok=True)
    shutil.copy(made, path)
    shutil.copy(made.with_suffix(".json"), path.with_suffix(".json"))
    assert api.import_model(path) == name


def test_a_file_whose_name_has_no_letters_needs_one(made: Path, tmp_path: Path, data: Path) -> None:
    path = tmp_path / "声.safetensors"
    shutil.copy(made, path)
    with pytest.raises(UsageError, match=r"No name can be made of “声”\. Give one with --name\."):
        api.import_model(path)
    assert not data.exists()


@pytest.mark.parametrize(
    "name",
    [
        *(
            "",
            ".",
            "..",
            ".x",
            "x.",
            "-x",
            "_x",
            "a/b",
            "../x",
            "/x",
            "a\\b",
            "C:x",
            "Name",
            "a b",
            "a\n",
            "ä",
            "x" * 65,
        ),
        *("con", "nul.v2", "x.safetensors"),
    ],
)
def test_names_that_no_folder_should_have_are_refused(own: Path, data: Path, name: str) -> None:
    with pytest.raises(UsageError, match="is not a possible name for a model"):
        api.import_model(own, name=name)
    assert not data.exists()


@pytest.mark.parametrize("name", ["default", "compact", "tiny", "av-mossformer2", "mine"])
def test_names_that_exist_are_refused(own: Path, name: str) -> None:
    api.import_model(own, name="mine")
    with pytest.raises(UsageError, match=f"There is a model called {name} already. Give another name"):
        api.import_model(own, name=name)
    assert imported.imported_names() == ("mine",)


def test_of_two_at_once_one_wins(own: Path, data: Path) -> None:
    def meanwhile(progress: Progress) -> None:
        if progress == Progress("Trying mine", 0, 1):
            api.import_model(own, name="mine")

    with pytest.raises(UsageError, match=r"There is a model called mine already\. Give another name"):
        api.import_model(own, name="mine", on_progress=meanwhile)
    registry.verify("mine")
    assert [path.name for path in (data / "models").iterdir()] == ["mine"]


def header(text: bytes, length: int | None = None) -> bytes:
    return struct.pack("<Q", len(text) if length is None else length) + text


def flip_last(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def turn_into_link(path: Path) -> None:
    target = path.with_name(f"real-{path.name}")
    path.rename(target)
    path.symlink_to(target)


def turn_into_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def with_nan(path: Path) -> None:
    network = build_network("compact", TINY)
    with torch.no_grad():
        next(network.parameters()).fill_(float("nan"))
    save_weights(path, network, {"architecture": "compact", "config": to_dict(TINY)})


HOSTILE: dict[str, tuple[Callable[[Path], object], type[EngineError], str]] = {
    # the file
    "missing": (lambda p: p.unlink(), InputError, "was not found in"),
    "empty": (lambda p: p.write_bytes(b""), InputError, "is empty"),
    "folder": (turn_into_folder, InputError, "is a folder, not a file"),
    "truncated": (lambda p: p.write_bytes(p.read_bytes()[:-1]), InputError, "not a whole safetensors file"),
    "too long": (lambda p: p.write_bytes(p.read_bytes() + b"x"), InputError, "not a whole safetensors file"),
    "short": (lambda p: p.write_bytes(b"\1\0"), InputError, "not a whole safetensors file"),
    "pickle": (lambda p: p.write_bytes(pickle.dumps([1] * 99)), InputError, "not a whole safetensors file"),
    "huge header": (lambda p: p.write_bytes(header(b"{}", 2**40)), InputError, "not a whole safetensors file"),
    "long header": (lambda p: p.write_bytes(header(b"{}" + b" " * 2**24)), InputError, "not a whole safetensors"),
    "no JSON": (lambda p: p.write_bytes(header(b"{,}")), InputError, "not a whole safetensors file"),
    "a list": (lambda p: p.write_bytes(header(b"[]")), InputError, "not a whole safetensors file"),
    "deep": (lambda p: p.write_bytes(header(b"[" * 10**6)), InputError, "not a whole safetensors file"),
    "odd": (lambda p: p.write_bytes(header(b'{"../x": {"shape": [1e999]}}')), InputError, "not a whole safetensors"),
    "no tensors": (lambda p: p.write_bytes(header(b"{}")), ModelError, r"[1-9]\d* are missing, 0 are unknown, 0 have"),
    "path as a tensor": (
        lambda p: p.write_bytes(header(b'{"../../x": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}}')),
        ModelError,
        "1 are unknown",
    ),
    "another hash": (flip_last, ModelError, "is not the file that its description names: its SHA-256 is"),
    "no number": (with_nan, ModelError, "gives values that are not numbers"),
    # the card
    "no card": (lambda p: p.with_suffix(".json").unlink(), InputError, "the description of .*, is not beside it"),
    "card folder": (lambda p: turn_into_folder(p.with_suffix(".json")), InputError, "is a folder, not a file"),
    "card empty": (lambda p: p.with_suffix(".json").write_bytes(b""), InputError, "is empty"),
    "card long": (lambda p: p.with_suffix(".json").write_bytes(b" " * 2**21), InputError, "is too long"),
    "card no JSON": (lambda p: p.with_suffix(".json").write_bytes(b"\xff{"), InputError, "is no description"),
    "card deep": (lambda p: p.with_suffix(".json").write_bytes(b"[" * 10**5), InputError, "is no description"),
    "card a list": (lambda p: p.with_suffix(".json").write_text("[1]"), InputError, "is no description"),
    "no hash": (lambda p: edit(p, sha256=None), InputError, "is no description"),
    "wrong hash": (lambda p: edit(p, sha256="0" * 64), ModelError, "not 000000000000…"),
    "architecture": (lambda p: edit(p, architecture="../x"), ModelError, "the unknown architecture '../x'"),
    "no architecture": (lambda p: edit(p, architecture=[1]), ModelError, "the unknown architecture"),
    "licence": (lambda p: edit(p, licence=[1]), ModelError, "licence is not a text"),
    "long title": (lambda p: edit(p, title="x" * 5000), ModelError, "title is not a text"),
    "calibration": (lambda p: edit(p, calibration=[1]), ModelError, "calibration is not two finite numbers"),
    "calibration NaN": (lambda p: edit(p, calibration=[float("nan"), 0]), ModelError, "calibration is not two finite"),
    "calibration text": (lambda p: edit(p, calibration="12"), ModelError, "calibration is not two finite"),
    "calibration huge": (lambda p: edit(p, calibration=[10**400, 0]), ModelError, "calibration is not two finite"),
    "speed": (lambda p: edit(p, real_time_factor=float("inf")), ModelError, "real_time_factor is not a number above"),
    "speed below": (lambda p: edit(p, real_time_factor=-1), ModelError, "real_time_factor is not a number above 0"),
    "parameters": (lambda p: edit(p, parameters=2.5), ModelError, "parameters is not a count"),
    "config": (lambda p: edit(p, config=[]), ModelError, "config is not a table"),
    "config key": (lambda p: edit_config(p, nonsense=1), ModelError, "is damaged"),
    "config text": (lambda p: edit_config(p, channels="8"), ModelError, "config.channels is not a whole number"),
    "config truth": (lambda p: edit_config(p, channels=True), ModelError, "config.channels is not a whole number"),
    "config huge": (lambda p: edit_config(p, visual_blocks=10**9), ModelError, "config.visual_blocks is not a whole"),
    "config infinite": (lambda p: edit_config(p, dropout=float("inf")), ModelError, "dropout is not a finite number"),
    "config flag": (lambda p: edit_config(p, frame_locked=1), ModelError, "frame_locked is not a truth value"),
    "config zero": (lambda p: edit_config(p, heads=0), ModelError, "is damaged"),
    "config other": (lambda p: edit_config(p, channels=16), ModelError, "have another shape"),
    "config none": (lambda p: edit_config(p, channels=0), ModelError, "cannot be built|have another shape"),
    "grid": (lambda p: edit_config(p, stft=7), ModelError, "config.stft is not a table"),
    "rate": (lambda p: edit_config(p, stft={"sample_rate_hz": 8000}), ModelError, "hears 8000 Hz; AVSep gives"),
    "hop": (lambda p: edit_config(p, stft={"hop_samples": 80}), ModelError, "counts pictures and sound in another way"),
    "lag": (lambda p: edit_config(p, max_lag_frames=4000), ModelError, "max_lag_frames is not at most 100"),
}
if sys.platform != "win32":
    HOSTILE |= {
        "link": (turn_into_link, InputError, "is a link, not a file"),
        "link to nothing": (lambda p: (p.unlink(), p.symlink_to("gone")), InputError, "is a link, not a file"),
        "card link": (lambda p: turn_into_link(p.with_suffix(".json")), InputError, "is a link, not a file"),
        "pipe": (lambda p: (p.unlink(), os.mkfifo(p)), InputError, "is not an ordinary file"),
        "card pipe": (
            lambda p: (p.with_suffix(".json").unlink(), os.mkfifo(p.with_suffix(".json"))),
            InputError,
            "is not an ordinary file",
        ),
    }


@pytest.mark.parametrize("how", HOSTILE)
def test_what_is_not_right_is_refused_and_leaves_nothing(own: Path, data: Path, how: str) -> None:
    change, kind, says = HOSTILE[how]
    change(own)
    with pytest.raises(kind, match=says) as caught:
        api.import_model(own, name="mine")
    assert caught.value.remedy
    assert not data.exists() or entries(data) == []
    assert row("mine") is None


@pytest.mark.parametrize("suffix", [".pt", ".pth", ".ckpt", ".bin", ".json", ""])
def test_other_forms_are_never_read(own: Path, suffix: str) -> None:
    other = own.with_suffix(suffix)
    if not other.exists():
        own.rename(other)
    with pytest.raises(InputError, match=r"is not a \.safetensors file\. Files of other forms .* are never read"):
        api.import_model(other, name="mine")


@pytest.mark.skipif(sys.platform == "win32" or not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may all")
def test_a_file_that_may_not_be_read_is_told(own: Path) -> None:
    own.chmod(0)
    with pytest.raises(InputError, match="permission is missing"):
        api.import_model(own)


def test_impossible_file_names_are_told(tmp_path: Path) -> None:
    for name in (f"{'x' * 400}.safetensors", "a\0b.safetensors"):
        with pytest.raises(InputError, match="is not a possible file name"):
            api.import_model(tmp_path / name)


@pytest.mark.parametrize(("lips", "face"), [("pixels", "attributes"), ("landmarks", "picture")])
def test_networks_that_see_pictures_are_refused(own: Path, data: Path, lips: str, face: str) -> None:
    edit(own, architecture="av-baseline", config=to_dict(AvBaselineConfig(lips=lips, face=face)))
    with pytest.raises(UsageError, match="sees pictures of mouth and face; films are analysed as landmarks"):
        api.import_model(own)
    assert not data.exists()


@pytest.mark.parametrize(
    ("architecture", "config"),
    [
        ("caffnet", CaffNetConfig(channels=8, visual_blocks=1, complex_maps=(2, 3), heads=2)),
        ("av-baseline", AvBaselineConfig(base_channels=4, visual_blocks=1)),
    ],
)
def test_every_architecture_can_be_imported(tmp_path: Path, architecture: str, config: ModelConfig) -> None:
    api.import_model(make(tmp_path / "net.safetensors", config, architecture), name="mine")
    registry.verify("mine")


@pytest.mark.parametrize("stage", ["Checking", "Copying", "Trying"])
def test_a_stop_keeps_nothing(own: Path, data: Path, stage: str) -> None:
    cancel = CancelToken()

    def stop(progress: Progress) -> None:
        if progress.stage.startswith(stage):
            cancel.cancel()

    with pytest.raises(JobCancelled):
        api.import_model(own, on_progress=stop, cancel=cancel)
    assert not data.exists() or entries(data) == []


def test_a_network_that_fails_when_it_runs_is_refused(own: Path, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from engine.separator import Separator

    def fail(*_: object) -> None:
        raise RuntimeError("sizes of tensors must match")

    monkeypatch.setattr(Separator, "masks", fail)
    with pytest.raises(ModelError, match="The network of the model mine does not run"):
        api.import_model(own, name="mine")
    assert entries(data) == []


def test_nothing_is_listed_while_it_is_brought(own: Path) -> None:
    listed = []
    api.import_model(own, name="mine", on_progress=lambda progress: listed.append((progress.fraction, row("mine"))))
    assert all(seen is None for fraction, seen in listed[:-1])
    assert listed[-1][1] is not None


def test_what_a_killed_import_left_is_not_listed_and_goes(own: Path, data: Path) -> None:
    old, new = (data / "models" / f".avsep-{name}" for name in ("old", "new"))
    for left in (old, new):
        (left / "mine").mkdir(parents=True)
        (left / "mine" / "mine.safetensors").write_bytes(b"half")
    os.utime(old, (time.time() - 7200,) * 2)
    assert imported.imported_names() == ()
    api.import_model(own, name="mine")
    assert (old.exists(), new.exists(), imported.imported_names()) == (False, True, ("mine",))


@needs_posix
def test_a_data_folder_that_cannot_be_made_is_told(own: Path, data: Path) -> None:
    data.write_text("a file where the folder should be")
    with pytest.raises(OutputError, match="could not be written"):
        api.import_model(own, name="mine")


def test_a_full_disk_is_told_and_left_as_it_was(own: Path, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=0))
    with pytest.raises(OutputError, match=r"has 0\.0 MB free"):
        api.import_model(own, name="mine")
    assert entries(data) == []


def weights(name: str = "mine") -> Path:
    return imported.weights_of(name)


def flip_quietly(path: Path) -> None:
    before = path.stat()
    flip_last(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


DAMAGE: dict[str, tuple[Callable[[], object], str]] = {
    "no weights": (lambda: weights().unlink(), "is not complete"),
    "no card": (lambda: weights().with_suffix(".json").unlink(), "is not complete"),
    "no record": (lambda: weights().with_name("imported.json").unlink(), "is not complete"),
    "record": (lambda: weights().with_name("imported.json").write_text("[]"), "is not complete"),
    "record deep": (lambda: weights().with_name("imported.json").write_bytes(b"[" * 10**5), "is not complete"),
    "shorter": (lambda: weights().write_bytes(weights().read_bytes()[:-4]), "its weights have"),
    "another bit": (lambda: flip_last(weights()), "the SHA-256 of its weights is another one"),
    "card": (lambda: edit(weights(), calibration=[1, 1]), "has another description than when it was imported"),
    "empty": (lambda: (shutil.rmtree(weights().parent), weights().parent.mkdir()), "is not complete"),
}


@pytest.mark.parametrize("how", DAMAGE)
def test_a_damaged_one_is_listed_as_not_installed_and_told(own: Path, how: str) -> None:
    api.import_model(own, name="mine")
    api.set_default_model("mine")
    change, says = DAMAGE[how]
    change()
    listed = row("mine")
    assert listed is not None and (listed.installed, listed.imported) == (False, True)
    for use in (registry.verify, registry.build, registry.declaration, registry.fingerprint):
        with pytest.raises(ModelError, match=says) as caught:
            use("mine")
        assert caught.value.remedy == "Remove it (“avsep models remove mine”) and import it again."
    assert registry.model_spec("default").name == "compact"
    api.remove_model("mine")
    assert row("mine") is None
    api.import_model(own, name="mine")
    registry.verify("mine")


def test_a_change_that_hides_its_time_is_found_by_verify(own: Path) -> None:
    api.import_model(own, name="mine")
    flip_quietly(weights())
    with pytest.raises(ModelError, match="is damaged: its SHA-256 is"):
        registry.verify("mine")


def test_a_folder_that_moved_is_used(own: Path, data: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    api.import_model(own, name="mine")
    shutil.copytree(data, tmp_path / "copy", copy_function=shutil.copyfile)
    monkeypatch.setenv("AVSEP_DATA_DIR", str(tmp_path / "copy"))
    os.utime(weights(), (1e9, 1e9))
    listed = row("mine")
    assert listed is not None and listed.installed


def test_removing_leaves_nothing(own: Path, data: Path) -> None:
    api.import_model(own, name="mine")
    api.remove_model("mine")
    assert entries(data) == []
    with pytest.raises(UsageError, match="There is no model called 'mine'"):
        api.remove_model("mine")
    with pytest.raises(ModelError, match=r"The model mine is not installed\. There is nothing to remove\."):
        imported.remove_imported("mine")


def test_files_that_cannot_be_deleted_are_told(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    api.import_model(own, name="mine")

    def in_use(path: Path, **_: object) -> None:
        raise PermissionError(13, "in use", str(path))

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", in_use)
        with pytest.raises(OutputError, match=r"is removed, but some of its files could not be deleted\. Delete the"):
            api.remove_model("mine")
    assert row("mine") is None
    api.import_model(own, name="mine")
    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", lambda path, target: in_use(path))
        with pytest.raises(OutputError, match="permission is missing"):
            api.remove_model("mine")
    assert row("mine") is not None


@pytest.mark.parametrize("name", ["default", "compact", "tiny"])
def test_what_comes_with_us_is_not_removed(name: str) -> None:
    with pytest.raises(ModelError, match=f"The model {name} comes with AVSep"):
        api.remove_model(name)


@needs_posix
def test_links_and_odd_folders_are_no_models(own: Path, data: Path, tmp_path: Path) -> None:
    (data / "models" / "Not A Name").mkdir(parents=True)
    for name in ("compact", "default", "av-mossformer2"):  # of a time when these were nobody's
        (data / "models" / name).mkdir()
    (data / "models" / "a-file").write_text("")
    (data / "models" / "a-link").symlink_to(tmp_path)
    listed = [listed.name for listed in api.list_models()]
    assert not {"Not A Name", "a-file", "a-link"} & set(listed) and len(listed) == len(set(listed))
    assert not any(listed.imported for listed in api.list_models())


def test_cards_of_training_runs_may_leave_out_what_is_not_known(tmp_path: Path) -> None:
    path = make(tmp_path / "grid" / "best.safetensors")
    edit(path, licence=None, trained_on=None, calibration=None, real_time_factor=None)
    assert api.import_model(path) == "grid"
    listed = row("grid")
    assert listed is not None and listed.installed and listed.declaration.calibration == (0.5, 0.0)


def test_the_title_is_that_of_the_card(own: Path) -> None:
    edit(own, title="Hears well")
    api.import_model(own, name="mine")
    listed = row("mine")
    assert listed is not None and listed.title == "Hears well"
