"""Device choice: what is there, what is not, and what running out of memory becomes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from engine import device
from engine.errors import DeviceError, UsageError


def _pretend_cuda(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: bool(names))
    monkeypatch.setattr(torch.cuda, "device_count", lambda: len(names))
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda index: names[index])


def test_auto_without_cuda_is_the_cpu_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    _pretend_cuda(monkeypatch)
    info = device.device_info("auto")
    assert info.device == "cpu"
    assert "core" in info.why and "CUDA" in info.why
    assert info.name


def test_auto_prefers_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    _pretend_cuda(monkeypatch, "Card A", "Card B")
    assert device.device_info("auto").device == "cuda:0"
    assert device.device_info("cuda").device == "cuda:0"
    assert device.device_info("cuda:1").name == "Card B"
    assert device.device_info("cpu").device == "cpu"


@pytest.mark.parametrize("name", ["cuda:2", "cuda:99"])
def test_a_missing_device_names_those_that_exist(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    _pretend_cuda(monkeypatch, "Card A", "Card B")
    with pytest.raises(DeviceError, match=r"cuda:0 \(Card A\); cuda:1 \(Card B\)") as caught:
        device.device_info(name)
    assert name in caught.value.message


def test_cuda_without_any_points_to_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    _pretend_cuda(monkeypatch)
    with pytest.raises(DeviceError, match="There is no device cuda") as caught:
        device.device_info("cuda")
    assert "cpu" in caught.value.remedy


@pytest.mark.parametrize("name", ["", "gpu", "cuda:", "cuda:x", "CPU", "cuda:-1", "cpu\n"])
def test_an_unknown_name_is_wrong_use(name: str) -> None:
    with pytest.raises(UsageError):
        device.device_info(name)


def test_precision_follows_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    assert device.pick_precision(torch.device("cpu")) == "float32"
    for supported, expected in ((True, "bfloat16"), (False, "float32")):
        monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda *, including_emulation, _s=supported: _s)
        assert device.pick_precision(torch.device("cuda:0")) == expected


def test_inference_records_no_gradient_and_honours_the_precision() -> None:
    weight = torch.ones(4, 4, requires_grad=True)
    with device.inference(torch.device("cpu")):
        product = weight @ weight
    assert product.is_inference() and not product.requires_grad and product.dtype == torch.float32
    with device.inference(torch.device("cpu"), precision="bfloat16"):
        assert (weight @ weight).dtype == torch.bfloat16


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"), "ran out of memory"),
        (torch.AcceleratorError("CUDA error: an illegal memory access\nmore"), "an illegal memory access"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"), "ran out of memory"),
    ],
)
def test_device_failures_become_sentences(error: Exception, words: str) -> None:
    with pytest.raises(DeviceError, match=words) as caught, device.device_errors(torch.device("cpu")):
        raise error
    assert caught.value.remedy and caught.value.details


def test_other_errors_pass_unchanged() -> None:
    with pytest.raises(RuntimeError, match="shapes differ"), device.device_errors(torch.device("cpu")):
        raise RuntimeError("shapes differ")


def test_sibling_threads_count_as_one_core(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for cpu, siblings in enumerate(["0,2", "1,3", "0,2", "1,3"]):
        folder = tmp_path / f"cpu{cpu}" / "topology"
        folder.mkdir(parents=True)
        (folder / "thread_siblings_list").write_text(siblings + "\n")
    monkeypatch.setattr(device.os, "sched_getaffinity", lambda _: {0, 1, 2, 3}, raising=False)
    assert device._affinity_cores(tmp_path) == 2
    monkeypatch.setattr(device.os, "sched_getaffinity", lambda _: {0, 2}, raising=False)
    assert device._affinity_cores(tmp_path) == 1


@pytest.mark.parametrize(("text", "expected"), [("150000 100000\n", 2), ("max 100000\n", None), ("", None)])
def test_container_quota(tmp_path: Path, text: str, expected: int | None) -> None:
    path = tmp_path / "cpu.max"
    path.write_text(text)
    assert device._cgroup_quota(path) == expected
    assert device._cgroup_quota(tmp_path / "missing") is None


def test_threads_follow_the_cores_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    before = torch.get_num_threads()
    try:
        monkeypatch.setattr(device, "physical_cores", lambda: 3)
        monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
        assert device.configure_threads() == 3
        torch.set_num_threads(1)
        monkeypatch.setenv("OMP_NUM_THREADS", "1")
        assert device.configure_threads() == 1
    finally:
        torch.set_num_threads(before)


def test_the_module_itself_does_not_load_torch() -> None:
    code = "import sys, engine.device; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_real_out_of_memory_becomes_a_sentence() -> None:
    chosen = device.torch_device("cuda")
    with pytest.raises(DeviceError, match="ran out of memory"), device.inference(chosen):
        torch.empty(2**45, device=chosen)
