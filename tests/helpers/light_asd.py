"""An active-speaker network to compare with: Light-ASD, written from its description, with its authors' weights.

Liao et al., "A Light Weight Model for Active Speaker Detection", CVPR 2023. The weights (plain arrays, MIT licence) are
not in the repository.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from scipy.fft import dct
from torch import Tensor
from torch.nn import functional

FloatArray = NDArray[np.float32]
SIDE_PX = 112
_MEAN, _SPREAD = 0.4161, 0.1688
_RATE_HZ, _WINDOW, _STEP, _FFT, _BANDS, _COEFFICIENTS, _LIFTER = 16_000, 400, 160, 512, 26, 13, 22
_ABOVE_BROWS, _BELOW_CHIN, _BESIDE = 0.3, 0.05, 0.05  # from the landmarks' box to a detector's, in shares of it
_PADDING = 0.4


class LightAsd:
    """The network, on the CPU."""

    def __init__(self, weights: Path) -> None:
        with np.load(weights) as stored:
            self._w = {name: torch.from_numpy(stored[name]).float() for name in stored.files}

    @torch.inference_mode()
    def score(self, faces: NDArray[np.uint8], sound: FloatArray) -> FloatArray:
        """How surely the face is that of who speaks, (T,), any range.

        Args:
            faces: (T, 112, 112) grey, at 25 fps (`face_crop`). sound: at 16 kHz from the first picture on, up to 1.
        """
        frames = len(faces)
        cepstrum = np.zeros((4 * frames, _COEFFICIENTS), np.float32)
        found = mfcc(sound * 32768)[: 4 * frames]
        cepstrum[: len(found)] = found
        heard = self._hear(torch.from_numpy(cepstrum.T.copy())[None, None])
        seen = self._see((torch.from_numpy(faces).float() / 255 - _MEAN)[None, None] / _SPREAD)
        out = heard + seen
        for name in ("GRU.gru_forward", "GRU.gru_backward"):
            out = functional.gelu(self._recurrent(out, name)).flip(1)
        logits = out[0] @ self._w["lossAV.FC.weight"].T + self._w["lossAV.FC.bias"]
        return np.asarray((logits[:, 1] - logits[:, 0]).numpy(), np.float32)

    def _recurrent(self, x: Tensor, name: str) -> Tensor:
        cell = torch.nn.GRU(128, 128, batch_first=True)
        own = {k.removeprefix(f"{name}."): v for k, v in self._w.items() if k.startswith(name)}
        cell.load_state_dict(own)
        return cell(x)[0]  # type: ignore[no-any-return]

    def _see(self, x: Tensor) -> Tensor:
        for number in (1, 2, 3):
            x = self._block(x, f"visualEncoder.block{number}", "s", 2 if number == 1 else 1)
            if number < 3:
                x = functional.max_pool3d(x, (1, 3, 3), (1, 2, 2), (0, 1, 1))
        return x.amax((3, 4)).transpose(1, 2)

    def _hear(self, x: Tensor) -> Tensor:
        for number in (1, 2, 3):
            x = self._block(x, f"audioEncoder.block{number}", "m", 1)
            if number < 3:
                x = functional.max_pool2d(x, (1, 3), (1, 2), (0, 1))
        return x.mean(2).transpose(1, 2)

    def _block(self, x: Tensor, name: str, space: str, stride: int) -> Tensor:
        first = [1 if size == 1 else stride for size in self._w[f"{name}.{space}_3.weight"].shape[2:]]
        total = x.new_zeros(())
        for size in (3, 5):
            branch = self._layer(x, name, f"{space}_{size}", first)
            total = total + self._layer(branch, name, f"t_{size}", [1] * len(first))
        return self._layer(total, name, "last", [1] * len(first))

    def _layer(self, x: Tensor, block: str, name: str, stride: list[int]) -> Tensor:
        weight = self._w[f"{block}.{name}.weight"]
        convolve = functional.conv3d if weight.ndim == 5 else functional.conv2d
        x = convolve(x, weight, stride=stride, padding=[size // 2 for size in weight.shape[2:]])
        norm = [self._w[f"{block}.bn_{name}.{part}"] for part in ("running_mean", "running_var", "weight", "bias")]
        return functional.relu(functional.batch_norm(x, *norm, eps=1e-3))


def face_crop(rgb: NDArray[np.uint8], points_px: FloatArray) -> NDArray[np.uint8]:
    """What the network sees of a face, (112, 112) grey, from a picture and its landmarks (68, 2) in its pixels.

    The centre half of a square crop with a padding of 0.4 about a detector's box; the box is told from the landmarks.
    """
    (left, top), (right, bottom) = points_px.min(0), points_px.max(0)
    height, width = bottom - top, right - left
    top, bottom = top - _ABOVE_BROWS * height, bottom + _BELOW_CHIN * height
    reach = max(bottom - top, width * (1 + 2 * _BESIDE)) / 2
    centre = np.array([(left + right) / 2, (top + bottom) / 2 + _PADDING * reach])
    scale = reach * (1 + _PADDING) / SIDE_PX  # picture pixels per crop pixel: half of the padded square
    corner = centre - scale * SIDE_PX / 2
    matrix = np.array([[scale, 0, corner[0]], [0, scale, corner[1]]])
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(grey, matrix, (SIDE_PX, SIDE_PX), flags=flags), np.uint8)


def mfcc(sound: FloatArray) -> FloatArray:
    """Mel cepstrum as the network's authors make it: 25 ms rectangular windows every 10 ms, (frames, 13)."""
    sound = np.append(sound[:1], sound[1:] - 0.97 * sound[:-1])
    count = 1 + max(0, -(-(len(sound) - _WINDOW) // _STEP))
    sound = np.pad(sound, (0, (count - 1) * _STEP + _WINDOW - len(sound)))
    frames = np.lib.stride_tricks.sliding_window_view(sound, _WINDOW)[::_STEP]
    power = np.abs(np.fft.rfft(frames, _FFT)) ** 2 / _FFT
    energy = np.log(power.sum(1).clip(np.finfo(float).eps))
    bands = np.log((power @ _mel_filters().T).clip(np.finfo(float).eps))
    cepstrum = dct(bands, axis=1, norm="ortho")[:, :_COEFFICIENTS]
    cepstrum *= 1 + _LIFTER / 2 * np.sin(np.pi * np.arange(_COEFFICIENTS) / _LIFTER)
    cepstrum[:, 0] = energy
    return np.asarray(cepstrum, np.float32)


def _mel_filters() -> NDArray[np.float64]:
    """Triangles between 0 and 8 kHz, (26, 257)."""
    highest = 2595 * np.log10(1 + _RATE_HZ / 2 / 700)
    edges_hz = 700 * (10 ** (np.linspace(0, highest, _BANDS + 2) / 2595) - 1)
    edges = np.floor((_FFT + 1) * edges_hz / _RATE_HZ)
    bins = np.arange(_FFT // 2 + 1)[None]
    low, middle, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    rising, falling = (bins - low) / (middle - low), (high - bins) / (high - middle)
    return np.where(bins < middle, rising, falling).clip(0) * ((bins >= low) & (bins < high))
