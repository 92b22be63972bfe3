"""Where work runs: CPU or CUDA, why, with what precision and how many threads."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from engine.errors import DeviceError, UsageError
from engine.types import DeviceInfo

if TYPE_CHECKING:
    import torch

Precision = Literal["float32", "bfloat16"]

_NAME = re.compile(r"auto|cpu|cuda(?::(\d+))?")
_TOPOLOGY = Path("/sys/devices/system/cpu")


def device_info(device: str = "auto") -> DeviceInfo:
    """Say where work would run and why, in words for a person.

    Args:
        device: "auto" (CUDA if there is one), "cpu", "cuda" or "cuda:N".

    Raises:
        UsageError: `device` is none of these.
        DeviceError: the asked-for CUDA device does not exist; the message names those that do.
    """
    match = _NAME.fullmatch(device)
    if match is None:
        raise UsageError(f"There is no device called {device!r}.", "Use auto, cpu, cuda or cuda:N.")
    if device == "cpu":
        return _cpu("CPU, as asked for")
    names = _cuda_names()
    if device == "auto":
        if names:
            return DeviceInfo("cuda:0", names[0], f"CUDA device 0: {names[0]}")
        return _cpu(f"CPU: {_count(physical_cores(), 'core')}, {_why_no_cuda()}")
    index = int(match[1] or 0)
    if index >= len(names):
        there = "; ".join(f"cuda:{i} ({name})" for i, name in enumerate(names))
        raise DeviceError(
            f"There is no device {device}: " + (f"this machine has {there}." if there else f"{_why_no_cuda()}."),
            f"Use {'cuda:0' if names else 'cpu'}, or auto to let AVSep choose.",
        )
    return DeviceInfo(f"cuda:{index}", names[index], f"CUDA device {index}: {names[index]}, as asked for")


def torch_device(device: str = "auto") -> torch.device:
    """Give the torch device that `device_info` names. Raises like it."""
    import torch

    return torch.device(device_info(device).device)


def pick_precision(device: torch.device) -> Precision:
    """Choose the number format for inference: bfloat16 on CUDA devices that compute in it, else float32."""
    import torch

    if device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False):
        return "bfloat16"
    return "float32"


@contextmanager
def inference(device: torch.device, *, precision: Precision | None = None) -> Iterator[None]:
    """Enter inference mode on a device, in the chosen precision, and turn running out of memory into a sentence.

    Both torch switches hold for the calling thread only, so a job enters this inside its own thread.

    Args:
        precision: overrides `pick_precision`, for models that need float32.

    Raises:
        DeviceError: the device ran out of memory, or the driver reported a failure.
    """
    import torch

    chosen = precision or pick_precision(device)
    with (
        device_errors(device),
        torch.inference_mode(),
        torch.autocast(device.type, dtype=torch.bfloat16, enabled=chosen == "bfloat16"),
    ):
        yield


@contextmanager
def device_errors(device: torch.device) -> Iterator[None]:
    """Turn running out of memory and driver failures inside the block into `DeviceError`."""
    import torch

    try:
        yield
    except torch.OutOfMemoryError as error:
        torch.cuda.empty_cache()
        raise DeviceError(
            f"{device} ran out of memory.",
            "Close other programs that use the graphics card, or run on the CPU with the device set to cpu.",
            details=str(error),
        ) from error
    except (MemoryError, torch.AcceleratorError) as error:
        raise DeviceError(
            f"The work on {device} failed: {_first_line(error)}.",
            "Close other programs, or choose another device.",
            details=str(error),
        ) from error
    except RuntimeError as error:
        # torch reports a failed allocation on the CPU as a plain RuntimeError with this text.
        if "can't allocate memory" not in str(error):
            raise
        raise DeviceError(
            "This machine ran out of memory.", "Close other programs and try again.", details=str(error)
        ) from error


def configure_threads() -> int:
    """Let torch compute on as many threads as there are physical cores, unless OMP_NUM_THREADS says otherwise.

    Returns:
        The number of threads that torch uses now.
    """
    import torch

    if not os.environ.get("OMP_NUM_THREADS"):
        torch.set_num_threads(physical_cores())
    return torch.get_num_threads()


def physical_cores() -> int:
    """Count the physical cores this process may use, at least 1.

    Logical ones of the same core count once, and a CPU quota of a container is honoured. Where the system does not
    tell (Windows), all logical cores count.
    """
    cores = _affinity_cores() or _macos_cores() or os.cpu_count() or 1
    quota = _cgroup_quota()
    return max(1, min(cores, quota) if quota is not None else cores)


def _affinity_cores(topology: Path = _TOPOLOGY) -> int | None:
    """Distinct sets of sibling threads among the CPUs this process may run on (Linux)."""
    if not hasattr(os, "sched_getaffinity"):
        return None
    allowed = os.sched_getaffinity(0)
    cores = set()
    for cpu in allowed:
        try:
            cores.add((topology / f"cpu{cpu}" / "topology" / "thread_siblings_list").read_text().strip())
        except OSError:
            return len(allowed)
    return len(cores) or None


def _macos_cores() -> int | None:
    if platform.system() != "Darwin":
        return None
    try:
        answer = subprocess.run(["sysctl", "-n", "hw.physicalcpu"], capture_output=True, text=True, check=True)
        return int(answer.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None


def _cgroup_quota(path: Path = Path("/sys/fs/cgroup/cpu.max")) -> int | None:
    """CPUs that a container's quota grants, rounded up; None without a quota."""
    try:
        limit, period = path.read_text().split()
        return -(-int(limit) // int(period))
    except (OSError, ValueError):  # no control groups here, or "max"
        return None


def _cuda_names() -> list[str]:
    import torch

    if not torch.cuda.is_available():
        return []
    return [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]


def _why_no_cuda() -> str:
    import torch

    return "no CUDA device" if torch.version.cuda else "this PyTorch is built without CUDA"


def _cpu(why: str) -> DeviceInfo:
    return DeviceInfo("cpu", _cpu_name(), why)


def _cpu_name() -> str:
    """The processor's marketing name where the system tells, else its architecture."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine() or "CPU"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__
