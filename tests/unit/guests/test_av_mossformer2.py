"""The program of the guest av-mossformer2: what it puts around the package's network, and the network where it is."""

from __future__ import annotations

import importlib
import importlib.util
import os
import pickle
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch

from engine.guests.catalogue import GUESTS
from tests.helpers.random_av_mossformer2 import PROGRAM, write

with_package = pytest.mark.skipif(importlib.util.find_spec("clearvoice") is None, reason="needs the package clearvoice")


@pytest.fixture
def program() -> Iterator[ModuleType]:
    """The program, as its side loads it; modules that it brings in are forgotten after the test."""
    before = set(sys.modules)
    spec = importlib.util.spec_from_file_location("guest_program", PROGRAM)
    assert spec is not None and spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    yield made
    for name in set(sys.modules) - before:
        if name.partition(".")[0] in ("clearvoice", "torchaudio", "fussy", "unlinked"):
            del sys.modules[name]


def added_slowly(signal: torch.Tensor, step: int) -> torch.Tensor:
    """Frames added up one by one."""
    *outer, frames, length = signal.shape
    out = torch.zeros(*outer, step * (frames - 1) + length)
    for k in range(frames):
        out[..., k * step : k * step + length] += signal[..., k, :]
    return out


@pytest.mark.parametrize("shape", [(1, 9, 16), (2, 3, 5, 16), (7, 16), (1, 1, 6), (2, 11, 7)])
@pytest.mark.parametrize("step", [8, 3])
def test_frames_are_added_where_they_belong(program: ModuleType, shape: tuple[int, ...], step: int) -> None:
    signal = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    made = program.overlap_and_add(signal, step)
    assert made.shape == added_slowly(signal, step).shape
    torch.testing.assert_close(made, added_slowly(signal, step))


def test_modules_come_without_their_package(
    program: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    below = tmp_path / "fussy" / "models"
    below.mkdir(parents=True)
    (below.parent / "__init__.py").write_text("raise ImportError('asks for far more')")
    (below / "__init__.py").write_text("")
    (below / "inner.py").write_text("from . import other\nANSWER = other.ANSWER")
    (below / "other.py").write_text("ANSWER = 42")
    monkeypatch.syspath_prepend(str(tmp_path))
    program.stand_in("fussy")
    assert importlib.import_module("fussy.models.inner").ANSWER == 42
    with pytest.raises(ImportError, match="the package nowhere_to_be_found is not installed"):
        program.stand_in("nowhere_to_be_found")


@pytest.mark.parametrize("trouble", ["raise OSError('libc10_cuda.so')", "import nowhere_to_be_found"])
def test_a_module_that_does_not_load_is_replaced(
    program: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    (tmp_path / "unlinked.py").write_text(trouble)
    monkeypatch.syspath_prepend(str(tmp_path))
    program.stand_in_unless_it_works("unlinked")
    assert not hasattr(importlib.import_module("unlinked"), "anything")


def test_a_module_that_loads_is_kept(program: ModuleType) -> None:
    program.stand_in_unless_it_works("json")
    assert sys.modules["json"].loads("[1]") == [1]


def small() -> torch.nn.Module:
    return torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3))


@pytest.mark.parametrize("prefix", ["", "module."])
@pytest.mark.parametrize("wrapped", [True, False])
def test_checkpoints_are_read_in_the_published_forms(
    program: ModuleType, tmp_path: Path, prefix: str, wrapped: bool
) -> None:
    torch.manual_seed(1)
    published, file = small(), tmp_path / "last_best_checkpoint.pt"
    tensors: dict[str, Any] = {f"{prefix}{name}": value for name, value in published.state_dict().items()}
    del tensors[f"{prefix}1.num_batches_tracked"]  # it is not learnt
    torch.save({"model": tensors, "epoch": 3, "optimizer": {"state": {}}} if wrapped else tensors, file)
    network = small()
    network.load_state_dict(program.weights_for(network, file))
    for name, value in network.state_dict().items():
        torch.testing.assert_close(value, published.state_dict()[name])


def test_a_checkpoint_of_another_network_is_refused(program: ModuleType, tmp_path: Path) -> None:
    file = tmp_path / "other.pt"
    torch.save({"model": {"0.weight": torch.zeros(3, 2), "0.bias": torch.zeros(4)}}, file)
    with pytest.raises(ValueError, match=r"other\.pt is not a checkpoint of this network: 5 of 7 .* the first 0\.bias"):
        program.weights_for(small(), file)


def test_nothing_in_a_checkpoint_is_executed(program: ModuleType, tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[object, ...]:
            return os.mkdir, (str(tmp_path / "exploded"),)

    file = tmp_path / "bomb.pt"
    torch.save({"model": {"0.weight": Bomb()}}, file)
    with pytest.raises(pickle.UnpicklingError):
        program.weights_for(small(), file)
    assert not (tmp_path / "exploded").exists()


@with_package
def test_the_network_of_the_package_separates(program: ModuleType, tmp_path: Path) -> None:
    file = tmp_path / "last_best_checkpoint.pt"
    write(file, seed=1)
    guest = program.load([str(file)], "cpu")
    declared = GUESTS["av-mossformer2"].declaration
    assert sum(value.numel() for value in guest.network.parameters()) == declared.parameters
    rng = np.random.default_rng(0)
    sound = rng.standard_normal(12_800).astype(np.float32) * 0.05
    mouths = rng.standard_normal((2, 20, 112, 112)).astype(np.float32)
    voices = guest.separate(sound, mouths, np.ones((2, 20), np.float32))
    assert (voices.shape, voices.dtype) == ((2, 12_800), np.float32)
    assert np.isfinite(voices).all() and voices.any()
    assert np.abs(voices[0] - voices[1]).max() > 0  # it looks at the mouths
    np.testing.assert_array_equal(voices[1:], guest.separate(sound, mouths[1:], np.ones((1, 20), np.float32)))
