"""The shelf of guests: added whole or not at all, checked, repaired, removed."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from engine import device, registry
from engine.errors import DeviceError, InputError, JobCancelled, ModelError, UsageError
from engine.guests import environment, pythons, shelf
from engine.guests.catalogue import GUESTS, GuestSpec
from engine.guests.environment import READY, Environment
from engine.guests.files import guest_file
from engine.guests.process import SIDE
from engine.guests.pythons import system
from engine.guests.record import folder_of
from engine.jobs import CancelToken, Progress
from engine.separator import open_model
from engine.types import DeviceInfo, Download
from tests.unit.guests.conftest import GAIN, NAME, WEIGHTS, weights_of
from tests.unit.guests.test_download import Server, in_turn, serve, status


def row() -> registry.ModelInfo:
    return next(row for row in registry.list_models() if row.name == NAME)


def files() -> list[str]:
    """All files of the guest but those of its environment."""
    folder = folder_of(NAME)
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and "environment" not in path.relative_to(folder).parts
    )


def weights() -> Path:
    return folder_of(NAME) / "weights" / "gain.json"


def test_a_guest_that_is_not_there_is_listed_and_told(guest: GuestSpec) -> None:
    assert (row().installed, row().guest, row().sha256, row().size_bytes) == (False, True, "", 0)
    assert row().declaration == guest.declaration
    assert registry.model_spec(NAME).name == NAME
    for use in (registry.fingerprint, registry.verify, lambda name: open_model(name, "cpu")):
        with pytest.raises(ModelError) as caught:
            use(NAME)
        assert str(caught.value) == f"The model {NAME} is not installed. Run “avsep models add {NAME}”."


def test_a_guest_is_added_and_used(guest: GuestSpec, host: Server) -> None:
    seen: list[Progress] = []
    shelf.add(NAME, on_progress=seen.append)
    assert files() == ["installed.json", "weights/gain.json"]
    assert [progress.stage for progress in seen][-1] == f"Trying {NAME}"
    assert all(0 <= progress.completed <= progress.total for progress in seen)
    assert row().installed and row().sha256 == guest.weights[0].sha256 == shelf.verify(NAME)
    assert row().size_bytes > len(WEIGHTS)
    assert registry.calibration(NAME) == guest.declaration.calibration
    assert registry.declaration(NAME) == guest.declaration
    model = open_model(NAME, "cpu")
    mixture = np.random.default_rng(0).standard_normal(16_000).astype(np.float32)
    mask = model.masks(mixture, np.ones((1, 25, 48, 48), np.float32), np.ones((1, 25), np.float32), None).mask
    assert np.allclose(mask[:, :, 5:-5], GAIN, atol=1e-4)


def test_adding_again_fetches_nothing(guest: GuestSpec, host: Server) -> None:
    shelf.add(NAME)
    before = weights().stat().st_mtime_ns
    shelf.add(NAME, offline=True)
    assert len(host.requests) == 1
    assert weights().stat().st_mtime_ns == before


def test_a_stop_keeps_what_came_and_counts_as_nothing(guest: GuestSpec, host: Server) -> None:
    cancel = CancelToken()

    def stop_midway(progress: Progress) -> None:
        if progress.stage.startswith("Downloading") and progress.fraction > 0.4:
            cancel.cancel()

    with pytest.raises(JobCancelled):
        shelf.add(NAME, on_progress=stop_midway, cancel=cancel)
    assert not row().installed
    assert files() == ["weights/gain.json.part", "weights/gain.json.part.json"]
    with pytest.raises(ModelError, match="is not complete"):
        shelf.open_guest(NAME)
    shelf.add(NAME)
    assert row().installed
    first, second = host.ranges()
    assert first is None
    assert second is not None and int(second.removeprefix("bytes=").removesuffix("-")) > 0.4 * len(WEIGHTS)


def test_a_file_with_another_hash_is_not_kept(guest: GuestSpec, host: Server) -> None:
    host.answer = serve(weights_of(0.7), '"two"')
    with pytest.raises(ModelError, match="is not the expected file"):
        shelf.add(NAME)
    assert files() == []
    assert not row().installed


def test_the_next_address_is_asked(guest: GuestSpec, host: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    file = dataclasses.replace(guest.weights[0], urls=(f"{host.url}.gone", host.url))
    monkeypatch.setitem(GUESTS, NAME, dataclasses.replace(guest, weights=(file,)))
    host.answer = in_turn(status(404), host.answer)
    shelf.add(NAME)
    assert [Path(path).suffix for path in host.paths] == [".gone", ".bin"]
    assert row().installed


def test_weights_that_do_not_load_are_not_installed(guest: GuestSpec, tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text('{"gain": ')
    with pytest.raises(ModelError, match="JSONDecodeError"):
        shelf.add(NAME, from_=broken)
    assert not row().installed
    shelf.add(NAME)
    assert row().sha256 == guest.weights[0].sha256


@pytest.mark.parametrize("given", ["the file", "its folder"])
def test_a_local_file_stands_in_for_the_download(guest: GuestSpec, host: Server, tmp_path: Path, given: str) -> None:
    file = tmp_path / "from a browser" / "gain.json"
    file.parent.mkdir()
    file.write_bytes(WEIGHTS)
    shelf.add(NAME, from_=file if given == "the file" else file.parent, wheels=tmp_path, offline=True)
    assert host.requests == []
    assert row().sha256 == guest.weights[0].sha256
    assert (row().declaration.licence, row().published) == ("CC0-1.0", "nothing")
    assert file.read_bytes() == WEIGHTS


def test_of_other_weights_nothing_is_claimed(guest: GuestSpec, tmp_path: Path) -> None:
    other = tmp_path / "mine.json"
    other.write_bytes(weights_of(0.25))
    shelf.add(NAME)
    published = registry.fingerprint(NAME)
    shelf.add(NAME, from_=other)
    assert registry.fingerprint(NAME) != published
    assert (row().declaration.licence, row().published) == ("NOASSERTION", "")
    assert "not the weights that its authors publish" in row().declaration.trained_on
    shelf.add(NAME)  # they are what is installed, so they stay
    assert weights().read_bytes() == weights_of(0.25)


def test_files_of_the_user_that_are_not_there_are_told_before_anything_is_made(
    guest: GuestSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InputError, match="was not found"):
        shelf.add(NAME, from_=tmp_path / "nowhere.json")
    with pytest.raises(InputError, match=r"has no file gain\.json"):
        shelf.add(NAME, from_=tmp_path)
    two = (guest.weights[0], dataclasses.replace(guest.weights[0], name="more.json"))
    monkeypatch.setitem(GUESTS, NAME, dataclasses.replace(guest, weights=two))
    with pytest.raises(UsageError, match="several weights files"):
        shelf.add(NAME, from_=Path(__file__))
    assert not folder_of(NAME).exists()


def test_offline_asks_nobody(guest: GuestSpec, host: Server) -> None:
    with pytest.raises(ModelError, match="not allowed"):
        shelf.add(NAME, offline=True)
    assert host.requests == []
    assert not row().installed


def test_two_at_once_do_not_meet(guest: GuestSpec) -> None:
    told = []

    def meanwhile(progress: Progress) -> None:
        for change in (shelf.add, shelf.remove):
            with pytest.raises(ModelError) as caught:
                change(NAME)
            told.append(caught.value.message)

    shelf.add(NAME, on_progress=meanwhile)
    assert set(told) == {f"The model {NAME} is being added or removed elsewhere."}
    assert row().installed


def test_removing_leaves_nothing(guest: GuestSpec) -> None:
    shelf.add(NAME)
    shelf.remove(NAME)
    assert not folder_of(NAME).exists()
    assert (row().installed, shelf.size_bytes(NAME)) == (False, 0)
    with pytest.raises(ModelError, match="is not installed"):
        shelf.remove(NAME)


def test_what_is_half_there_can_be_removed(guest: GuestSpec, host: Server) -> None:
    host.answer = status(404)
    with pytest.raises(ModelError):
        shelf.add(NAME)
    assert folder_of(NAME).exists() and not row().installed
    shelf.remove(NAME)
    assert not folder_of(NAME).exists()


def test_changed_weights_are_not_used(guest: GuestSpec, host: Server) -> None:
    shelf.add(NAME)
    weights().write_bytes(weights_of(0.7))
    for use in (registry.verify, lambda name: open_model(name, "cpu")):
        with pytest.raises(ModelError, match="has changed since it was installed") as caught:
            use(NAME)
        assert caught.value.remedy == f"Run “avsep models add {NAME}”."
    assert shelf.downloads(NAME) == (Download("weights", len(WEIGHTS), "127.0.0.1"),)
    shelf.add(NAME)
    assert len(host.requests) == 2
    shelf.verify(NAME)
    open_model(NAME, "cpu")


def test_a_change_that_hides_its_time_is_found_by_verify(guest: GuestSpec) -> None:
    shelf.add(NAME)
    before = weights().stat()
    weights().write_bytes(weights_of(0.7))
    os.utime(weights(), ns=(before.st_atime_ns, before.st_mtime_ns))
    open_model(NAME, "cpu")
    with pytest.raises(ModelError, match="has changed"):
        shelf.verify(NAME)


def test_a_file_that_is_touched_is_read_and_used(guest: GuestSpec) -> None:
    shelf.add(NAME)
    os.utime(weights())
    open_model(NAME, "cpu")


@pytest.mark.parametrize("lost", ["environment/" + READY, "weights/gain.json", "installed.json"])
def test_what_is_lost_is_made_again_and_the_rest_kept(guest: GuestSpec, host: Server, lost: str) -> None:
    shelf.add(NAME)
    (folder_of(NAME) / lost).unlink()
    assert not row().installed
    with pytest.raises(ModelError, match="is not complete"):
        open_model(NAME, "cpu")
    shelf.add(NAME)
    assert row().installed
    assert len(host.requests) == (2 if lost.startswith("weights") else 1)


@pytest.fixture
def processes(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """All that are started from here on."""
    started: list[object] = []
    honest = subprocess.Popen

    class Counted(honest):  # type: ignore[type-arg, valid-type, misc]
        def __init__(self, *arguments: object, **options: object) -> None:
            started.append(arguments[0] if arguments else options["args"])
            super().__init__(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(subprocess, "Popen", Counted)
    pythons._ask_version.cache_clear()
    return started


def test_listing_starts_no_process_and_reads_a_record_twice_at_most(
    guest: GuestSpec, monkeypatch: pytest.MonkeyPatch, processes: list[object]
) -> None:
    assert not row().installed
    assert processes == []
    shelf.add(NAME)
    assert processes != []
    processes.clear()
    pythons._ask_version.cache_clear()
    read: list[str] = []
    honest = shelf.read_record
    monkeypatch.setattr(shelf, "read_record", lambda spec: (read.append(spec.name), honest(spec))[1])
    assert row().installed
    assert read.count(NAME) == 2  # for what it is, and for what its pace is known by
    assert shelf.installed(NAME) is not None
    registry.fingerprint(NAME)
    assert registry.model_spec("default").name == "compact"
    assert processes == []


def test_a_python_of_another_version_is_found_before_it_is_used(
    guest: GuestSpec, host: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf.add(NAME)
    with monkeypatch.context() as patch:
        patch.setattr(environment, "version_of", lambda python: (3, 99))
        assert row().installed  # to see that, it would have to be started
        for use in (registry.verify, lambda name: open_model(name, "cpu")):
            with pytest.raises(ModelError) as caught:
                use(NAME)
            assert str(caught.value) == f"The model {NAME} is not complete. Run “avsep models add {NAME}”."
        assert shelf.downloads(NAME)[0].what == "Python packages"
        shelf.add(NAME)  # makes the environment again
        open_model(NAME, "cpu")
    assert len(host.requests) == 1


def test_a_python_that_is_gone_is_seen_at_once(
    guest: GuestSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf.add(NAME)
    monkeypatch.setattr(Environment, "python", tmp_path / "gone")
    assert not row().installed
    with pytest.raises(ModelError, match="is not complete"):
        open_model(NAME, "cpu")


def test_what_hinders_a_guest_is_told_and_nothing_is_begun(
    guest: GuestSpec, host: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert row().hindrance == ""
    for change, says in (
        ({"systems": ("nothing-x86",)}, f"There are no packages of the model {NAME} for this system ({system()})."),
        ({"program": tmp_path / "gone.py"}, "This copy of AVSep lacks “gone.py”, which runs a guest engine."),
    ):
        monkeypatch.setitem(GUESTS, NAME, dataclasses.replace(guest, **change))  # type: ignore[arg-type]
        assert row().hindrance.startswith(says)
        with pytest.raises(ModelError) as caught:
            shelf.add(NAME)
        assert str(caught.value) == row().hindrance
    assert not folder_of(NAME).exists()
    with pytest.raises(ModelError, match=r"lacks “gone\.py”"):
        registry.fingerprint(NAME)
    with monkeypatch.context() as patch:
        patch.setitem(GUESTS, NAME, guest)
        shelf.add(NAME)
        patch.setitem(GUESTS, NAME, dataclasses.replace(guest, program=tmp_path / "gone.py"))
        assert row().installed  # as far as the files in its folder go
        shelf.remove(NAME)
    monkeypatch.setitem(GUESTS, NAME, dataclasses.replace(guest, systems=("nothing-x86",)))
    shelf.add(NAME, wheels=tmp_path)  # packages of the user's own may exist
    assert row().installed
    monkeypatch.setattr(shelf, "SIDE", tmp_path / "side.py")
    assert row().hindrance == ""  # it is added already
    shelf.remove(NAME)
    assert "lacks “side.py”" in row().hindrance


def test_a_bundle_without_a_python_is_hindered_while_nothing_is_installed(
    guest: GuestSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf.add(NAME)
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert row().installed and row().hindrance == ""
    shelf.remove(NAME)
    assert row().hindrance.startswith("This needs Python 3.11 or newer, and none was found on this computer.")
    with pytest.raises(ModelError, match="none was found"):
        shelf.add(NAME)


def test_an_installed_guest_can_be_the_default(guest: GuestSpec) -> None:
    shelf.add(NAME)
    registry.set_default_model(NAME)
    default = registry.list_models()[0]
    assert (default.name, default.stands_for, default.guest) == ("default", NAME, False)
    assert (default.sha256, default.declaration) == (row().sha256, guest.declaration)
    assert registry.model_spec("default").guest
    registry.verify("default")
    open_model("default", "cpu")
    weights().unlink()
    assert registry.model_spec("default").name == "compact"
    assert f"since the model that you chose ({NAME}) is not installed" in registry.list_models()[0].title
    shelf.add(NAME)
    assert registry.model_spec("default").name == NAME
    registry.remove_model(NAME)
    assert registry.list_models()[0].title == "The best model that ships (compact)"


def test_what_a_guest_runs_is_found_in_a_bundle_and_beside_us(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    beside = Path(shelf.__file__).parent
    assert guest_file("side.py") == beside / "side.py" == SIDE
    assert all(spec.program.is_file() for spec in GUESTS.values())
    monkeypatch.setattr(sys, "_MEIPASS", str(tmp_path), raising=False)
    assert guest_file("side.py") == beside / "side.py"
    unpacked = tmp_path / "engine" / "guests" / "programs" / "a.py"
    assert guest_file("programs/a.py") == unpacked  # where it should be
    unpacked.parent.mkdir(parents=True)
    unpacked.write_text("")
    assert guest_file("programs/a.py") == unpacked


@pytest.mark.parametrize("damage", ["", "[]", '{"device": "cpu", "weights": {}}'])
def test_a_damaged_record_is_none(guest: GuestSpec, damage: str) -> None:
    shelf.add(NAME)
    (folder_of(NAME) / "installed.json").write_text(damage)
    assert not row().installed


def test_what_would_be_fetched(guest: GuestSpec, tmp_path: Path) -> None:
    packages = Download("Python packages", 2_000_000, "the Python package index")
    file = Download("weights", len(WEIGHTS), "127.0.0.1")
    assert shelf.downloads(NAME) == (packages, file)
    assert shelf.downloads(NAME, wheels=tmp_path) == (file,)
    assert shelf.downloads(NAME, from_=tmp_path) == (packages,)
    shelf.add(NAME)
    assert shelf.downloads(NAME) == ()


def test_a_guest_without_support_for_the_gpu_says_so(guest: GuestSpec, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf.add(NAME)
    monkeypatch.setattr(device, "device_info", lambda device="auto": DeviceInfo("cuda:0", "a GPU", ""))
    model = shelf.open_guest(NAME)
    assert (model.device, model.warnings) == (
        "cpu",
        [f"The model {NAME} was installed without support for cuda:0, so it runs on the CPU."],
    )
    with pytest.raises(DeviceError, match="without support for cuda:0"):
        shelf.open_guest(NAME, "cuda:0")


def test_the_environment_is_built_for_this_machine(guest: GuestSpec, monkeypatch: pytest.MonkeyPatch) -> None:
    both = {"cpu": ("tiny==1",), "cuda": ("tiny==1", "driver==2")}
    sizes = {"cpu": 1, "cuda": 2}
    monkeypatch.setitem(GUESTS, NAME, dataclasses.replace(guest, requirements=both, package_bytes=sizes))
    monkeypatch.setattr(device, "device_info", lambda device="auto": DeviceInfo("cuda:0", "a GPU", ""))
    assert shelf.downloads(NAME)[0].size_bytes == 2
    shelf.add(NAME)
    assert shelf.open_guest(NAME).device == "cuda:0"
    monkeypatch.setattr(device, "device_info", lambda device="auto": DeviceInfo("cpu", "", ""))
    assert row().installed  # also when the GPU is gone
    assert shelf.open_guest(NAME).device == "cpu"


def test_the_folder_is_that_of_the_application(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AVSEP_DATA_DIR", raising=False)
    assert folder_of("x").parts[-3:] == ("avsep", "guests", "x")


def test_names_that_are_no_guest_are_refused(guest: GuestSpec) -> None:
    for change in (shelf.add, shelf.remove, shelf.open_guest, shelf.installed):
        with pytest.raises(UsageError, match="no guest engine called 'tiny'"):
            change("tiny")
    with pytest.raises(UsageError, match="is a guest engine"):
        registry.build(NAME)
    with pytest.raises(UsageError, match=f"Use one of .*{NAME}"):
        registry.model_spec("nonsense")
