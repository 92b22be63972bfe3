"""Sound at the model's rate."""

from __future__ import annotations

import sys
import types
from functools import cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from engine.contract import MODEL_RATE_HZ

FloatArray = NDArray[np.float32]


@cache
def _torchaudio() -> Any:
    """Import torchaudio, also where its compiled part does not fit a CPU-only torch.

    WORKAROUND(torchaudio 2.11's Linux wheel links to CUDA): without its extension, which only alignment and the
    transducer loss need, the rest works; remove when the wheel loads beside a CPU torch.
    """
    try:
        import torchaudio
    except OSError:
        for name in [m for m in sys.modules if m == "torchaudio" or m.startswith("torchaudio.")]:
            del sys.modules[name]
        stand_in: Any = types.ModuleType("torchaudio._extension")
        stand_in._IS_TORCHAUDIO_EXT_AVAILABLE = False
        stand_in._check_cuda_version = lambda: None
        stand_in.fail_if_no_align = lambda function: function
        sys.modules["torchaudio._extension"] = stand_in
        import torchaudio
    return torchaudio


def to_mono_16k(sound: FloatArray, sample_rate_hz: int) -> FloatArray:
    """Average the channels and bring them to 16 kHz (windowed sinc).

    Args:
        sound: (n, channels) float32 at any whole rate.

    Returns:
        (ceil(n * 16000 / rate),) float32.
    """
    mono = torch.from_numpy(np.ascontiguousarray(sound.mean(1)))
    if sample_rate_hz != MODEL_RATE_HZ:
        mono = _torchaudio().functional.resample(mono, sample_rate_hz, MODEL_RATE_HZ)
    return mono.numpy()
