"""The guest engines that AVSep knows: whose they are, what they need, where their weights are."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from engine.contract import Crops, Declaration
from engine.guests.files import guest_file
from engine.guests.runner import DEFAULT_LIMITS, Limits


@dataclass(frozen=True)
class WeightsFile:
    """A file that a guest's authors publish.

    Attributes:
        name: of the file.
        urls: where it is, each with a revision where there is one; asked in turn until one gives it.
        size_bytes, sha256: of its content. Where the file was replaced since, nothing is installed.
    """

    name: str
    urls: tuple[str, ...]
    size_bytes: int
    sha256: str

    @property
    def host(self) -> str:
        """Whom the file is fetched from."""
        return urlsplit(self.urls[0]).hostname or self.urls[0]


@dataclass(frozen=True)
class GuestSpec:
    """A guest engine.

    Attributes:
        name: row of the shelf. title: what it is, in a few words.
        requirements: of its Python environment (`engine.guests.environment`) by the kind of device that its torch is
            built for, "cpu" and where there is one "cuda". package_bytes: about how much pip fetches for each.
        package_hosts: whom packages come from, for the question before the download.
        program: what runs in that environment (`engine/guests/side.py`); it is given the paths of the weights.
        weights: files that its authors publish.
        declaration: what it is. limits: what it may take. own_level, least_s: see `engine.guests.model.GuestModel`.
        published: what others published of its quality, on their data.
        systems: what its packages exist for (`engine.guests.environment.system`); empty: any.
    """

    name: str
    title: str
    requirements: Mapping[str, tuple[str, ...]]
    package_bytes: Mapping[str, int]
    package_hosts: str
    program: Path
    weights: tuple[WeightsFile, ...]
    declaration: Declaration
    limits: Limits = DEFAULT_LIMITS
    own_level: bool = False
    least_s: float = 0.0
    published: str = ""
    systems: tuple[str, ...] = ()


# clearvoice asks for numpy < 2, an old librosa and opencv, scikit-learn and more, for all of its models together. The
# modules of this network import torch, einops and rotary_embedding_torch alone. So pip is told to take no package that
# is not named here, and all that these need is named, in the versions that it was tried with.
_CLEARVOICE = (
    "--no-deps",
    "clearvoice==0.1.2",
    "einops==0.8.2",
    "filelock==4.2.11",
    "fsspec==2026.9.0",
    "jinja2==3.1.6",
    "MarkupSafe==3.0.4",
    "mpmath==1.3.0",
    "networkx==3.6.1",
    "numpy==2.4.6",
    "rotary_embedding_torch==0.8.3",
    "setuptools==81.0.0",
    "sympy==1.14.0",
    "typing_extensions==4.16.0",
)
_TORCH = "torch==2.13.0"
_TORCH_CPU = (  # on macOS the package index has no other than that for the CPU
    (_TORCH,)
    if sys.platform == "darwin"
    else ("--extra-index-url https://download.pytorch.org/whl/cpu", f"{_TORCH}+cpu")
)
_TORCH_CUDA = (  # torch 2.13.0 of the package index for Linux, and what its metadata asks for
    _TORCH,
    "cuda-bindings==13.0.3",
    "cuda-pathfinder==1.9.0",
    "nvidia-cublas==13.1.1.3",
    "nvidia-cuda-cupti==13.0.85",
    "nvidia-cuda-nvrtc==13.0.88",
    "nvidia-cuda-runtime==13.0.96",
    "nvidia-cudnn-cu13==9.20.0.48",
    "nvidia-cufft==12.0.0.61",
    "nvidia-cufile==1.15.1.6",
    "nvidia-curand==10.4.0.35",
    "nvidia-cusolver==12.0.4.66",
    "nvidia-cusparse==12.6.3.3",
    "nvidia-cusparselt-cu13==0.8.1",
    "nvidia-nccl-cu13==2.29.7",
    "nvidia-nvjitlink==13.0.88",
    "nvidia-nvshmem-cu13==3.4.5",
    "nvidia-nvtx==13.0.85",
    "triton==3.7.1",
)
_HUGGING_FACE = "https://huggingface.co"

_AV_MOSSFORMER2 = GuestSpec(
    name="av-mossformer2",
    title="ClearVoice AV_MossFormer2_TSE_16K, a guest engine",
    requirements={"cpu": (*_CLEARVOICE, *_TORCH_CPU)}
    | ({"cuda": (*_CLEARVOICE, *_TORCH_CUDA)} if sys.platform == "linux" else {}),
    package_bytes={"cpu": 220_000_000, "cuda": 3_000_000_000},
    package_hosts="the Python package index and download.pytorch.org",
    program=guest_file("programs/av_mossformer2.py"),
    weights=(
        WeightsFile(
            "last_best_checkpoint.pt",
            # The same content twice: in the authors' demonstration, at a revision that stays, and with the model.
            (
                f"{_HUGGING_FACE}/spaces/alibabasglab/ClearVoice/resolve/10c182e12d36698aa7d9af40b023a40f2709b00e"
                "/checkpoints/AV_MossFormer2_TSE_16K/last_best_checkpoint.pt",
                f"{_HUGGING_FACE}/alibabasglab/AV_MossFormer2_TSE_16K/resolve/main/last_best_checkpoint.pt",
            ),
            size_bytes=734_561_014,
            sha256="591a51cfea0a4038b006793308a42b74a661a58b5e0afac20f1def0700b44ae6",
        ),
    ),
    declaration=Declaration(
        licence="Apache-2.0",
        code_licence="Apache-2.0",
        trained_on="large open data sets, by its authors, who do not name them",
        parameters=68_516_407,
        people=1,
        window_s=3.0,
        lips=Crops(112, "grey", mean=0.4161, std=0.1688, width=1.7),  # as far as we can tell from its preparation
        devices=("cpu", "cuda"),
        real_time_factor=13.9,  # in calls of 6 s, half of it computed twice since its windows overlap
    ),
    limits=Limits(load_s=300.0, call_s=60.0, call_per_s=60.0, memory_bytes=6 * 10**9),
    own_level=True,  # trained for a voice of any level
    published="for this network, SI-SNRi of 15.1, 17.7 and 14.0 dB on two talkers of LRS2, LRS3 and VoxCeleb2",
    systems=("linux-x86_64", "linux-arm64", "darwin-arm64", "win32-x86_64"),  # wheels of torch 2.13.0
)

GUESTS = {spec.name: spec for spec in (_AV_MOSSFORMER2,)}
