"""The one inference step: a window of sound and the faces beside it -> a mask and an agreement per face."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from engine.config import sight
from engine.consistency import share_out
from engine.contract import SAMPLES_PER_VIDEO_FRAME, Asked, Declaration, SeparationModel, WindowMasks
from engine.device import configure_threads, inference, torch_device
from engine.errors import DeviceError, UsageError
from engine.guests.shelf import open_guest
from engine.jobs import CancelToken
from engine.models.separated import Separated
from engine.registry import build, declaration, fingerprint, model_spec

FloatArray = NDArray[np.float32]
WINDOWS_AT_ONCE = 8  # 48 s of sound on a graphics card


def open_model(name: str, device: str, cancel: CancelToken | None = None) -> SeparationModel:
    """Load a model of the shelf onto a device.

    Args:
        cancel: of the job, which a guest hears in the middle of a call.

    Raises:
        UsageError, ModelError, DeviceError: as `Separator.load`, or for guests `open_guest`.
    """
    spec = model_spec(name)
    return open_guest(spec.name, device, cancel) if spec.guest else Separator.load(name, device)


@lru_cache(maxsize=2)  # a model, and AVSep's own beside it
def _network(name: str, fingerprint: str, device: torch.device) -> Any:
    """A network of the shelf on a device, loaded once by the jobs of a process while its weights are the same."""
    return build(name).to(device)


@dataclass
class Separator:
    """A network of the project, of any architecture, on a device: a `SeparationModel`.

    Running out of memory halves the work, then moves it to the CPU, and says so.
    """

    model: Any
    device: torch.device
    declaration: Declaration
    warnings: list[str] = field(default_factory=list)
    _tight: bool = field(default=False, init=False)

    @classmethod
    def load(cls, name: str, device: str) -> Separator:
        """Load a model of the shelf onto a device.

        Raises:
            UsageError, ModelError, DeviceError: as `engine.registry.build` and `engine.device.torch_device`; also a
                UsageError where the model sees pictures.
        """
        configure_threads()
        where = torch_device(device)
        model = _network(name, fingerprint(name), where)
        if any(sight(model.config)):
            raise UsageError(
                f"The model {name} sees pictures of mouth and face; films are analysed as landmarks and face vectors.",
                'Use a model with lips = "landmarks" and face = "attributes" or "none".',
            )
        return cls(model, where, declaration(name))

    def close(self) -> None:
        """The network stays loaded for the next job."""

    @property
    def windows_at_once(self) -> int:
        """A graphics card is hardly busy with one window; a processor is no quicker with several."""
        return 1 if self.device.type == "cpu" or self._tight else WINDOWS_AT_ONCE

    def masks_together(self, windows: Sequence[Asked]) -> list[WindowMasks]:
        """Several windows in one call (`engine.contract.TakesWindows`); one by one from where the memory is too small.

        Raises:
            DeviceError: not even the CPU has the memory for one.
        """
        if len(windows) > 1 and not self._tight:
            try:
                return self._run(windows)
            except DeviceError as error:
                self._warn(f"{error.message} Going on with one stretch at a time.")
                self._tight = True
        return [self.masks(one.mixture, one.lips, one.seen, one.lag) for one in windows]

    def masks(
        self,
        mixture: FloatArray,
        lips: FloatArray,
        seen: FloatArray,
        lag: FloatArray | None,
        attributes: FloatArray | None = None,
    ) -> WindowMasks:
        """Separate one window for all faces (`SeparationModel.masks`).

        Raises:
            DeviceError: not even the CPU has the memory.
        """
        try:
            return self._run([Asked(mixture, lips, seen, lag)], attributes)[0]
        except DeviceError as error:
            if self.device.type == "cpu":
                raise
            if len(mixture) >= 2 * 64 * SAMPLES_PER_VIDEO_FRAME:
                self._warn(f"{error.message} Going on with half as much at a time.")
                return self._in_halves(mixture, lips, seen, lag, attributes)
            self._warn(f"{error.message} Going on with the CPU, which is slower.")
            self.device = torch.device("cpu")
            _network.cache_clear()  # the next job tries the device again
            self.model.to(self.device)
            return self.masks(mixture, lips, seen, lag, attributes)

    def _in_halves(
        self,
        mixture: FloatArray,
        lips: FloatArray,
        seen: FloatArray,
        lag: FloatArray | None,
        attributes: FloatArray | None,
    ) -> WindowMasks:
        frames = len(mixture) // SAMPLES_PER_VIDEO_FRAME
        half, margin = frames // 2, 2 * self.declaration.margin_frames
        cut = half * SAMPLES_PER_VIDEO_FRAME
        first = self.masks(mixture[:cut], lips[:, : half + margin], seen[:, : half + margin], lag, attributes)
        second = self.masks(mixture[cut:], lips[:, half:], seen[:, half:], lag, attributes)
        return WindowMasks(
            np.concatenate([first.mask, second.mask], 2),
            np.concatenate([first.match, second.match], 1),
            np.concatenate([first.activity, second.activity], 1),
            np.concatenate([first.quality, second.quality], 1),
        )

    def _run(self, windows: Sequence[Asked], attributes: FloatArray | None = None) -> list[WindowMasks]:
        """Windows of one length with P faces each, in one call of the network."""

        def there(values: Sequence[FloatArray | None]) -> torch.Tensor | None:
            known = [value for value in values if value is not None]
            return torch.from_numpy(np.concatenate(known)).to(self.device) if known else None

        faces = len(windows[0].lips)
        seen = np.concatenate([one.seen for one in windows])
        with inference(self.device):
            out: Separated = self.model(
                there([one.mixture[None] for one in windows]),
                there([one.lips for one in windows]),
                there([seen]),
                faces=faces,
                lag=there([one.lag for one in windows]),
                attributes=there([attributes]),
            )
            rows, frames, lags = len(seen), out.mask.shape[-1], 2 * self.declaration.margin_frames + 1
            match = out.match if out.match.numel() else torch.zeros(rows, frames, lags)
            activity = torch.sigmoid(out.activity) if out.activity.numel() else torch.ones(rows, frames)
            quality = out.quality if out.quality.numel() else torch.zeros(rows, frames)
            never = torch.from_numpy(~seen.any(1))  # a face never seen says nothing: the sound stays as it is
            out.mask[never], activity[never] = 1.0, 1.0
            parts = [slice(first, first + faces) for first in range(0, rows, faces)]
            mask = torch.cat([share_out(out.mask[part], activity[part], ~never[part]) for part in parts])
            told = (mask.cpu(), *(values.float().cpu() for values in (match, activity, quality)))
            return [WindowMasks(*(values[part].numpy() for values in told)) for part in parts]

    def _warn(self, sentence: str) -> None:
        if sentence not in self.warnings:
            self.warnings.append(sentence)

    def lag_probabilities(self, match: FloatArray) -> FloatArray:
        """See `SeparationModel`; evidence grows with the number of windows, up to four."""
        affinity = getattr(self.model, "affinity", None)
        if affinity is None:  # frame-locked: no delay
            return np.asarray(np.eye(match.shape[-1])[match.shape[-1] // 2], np.float32)
        kappa = float(affinity.log_kappa.detach().exp())
        logits = kappa * min(len(match), 4) * match.mean((0, 1)) + affinity.lag_prior.detach().cpu().numpy()
        weights = np.exp(logits - logits.max())
        return np.asarray(weights / weights.sum(), np.float32)
