"""The one inference step: a window of sound and the faces beside it -> a mask and an agreement per face."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from engine.config import sight
from engine.consistency import share_out
from engine.contract import SAMPLES_PER_VIDEO_FRAME, Declaration, SeparationModel, WindowMasks
from engine.device import configure_threads, inference, torch_device
from engine.errors import DeviceError, UsageError
from engine.guests.shelf import open_guest
from engine.jobs import CancelToken
from engine.models.separated import Separated
from engine.registry import build, declaration, fingerprint, model_spec

FloatArray = NDArray[np.float32]


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
            return self._run(mixture, lips, seen, lag, attributes)
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

    def _run(
        self,
        mixture: FloatArray,
        lips: FloatArray,
        seen: FloatArray,
        lag: FloatArray | None,
        attributes: FloatArray | None,
    ) -> WindowMasks:
        def there(values: FloatArray | None) -> torch.Tensor | None:
            return None if values is None else torch.from_numpy(np.ascontiguousarray(values)).to(self.device)

        with inference(self.device):
            sound = there(mixture[None])
            out: Separated = self.model(
                sound, there(lips), there(seen), faces=len(lips), lag=there(lag), attributes=there(attributes)
            )
            frames, lags = out.mask.shape[-1], 2 * self.declaration.margin_frames + 1
            match = out.match if out.match.numel() else torch.zeros(len(lips), frames, lags)
            activity = torch.sigmoid(out.activity) if out.activity.numel() else torch.ones(len(lips), frames)
            quality = out.quality if out.quality.numel() else torch.zeros(len(lips), frames)
            never = torch.from_numpy(~seen.any(1))  # a face never seen says nothing: the sound stays as it is
            out.mask[never], activity[never] = 1.0, 1.0
            mask = share_out(out.mask, activity, ~never)
            told = (values.float().cpu().numpy() for values in (match, activity, quality))
            return WindowMasks(mask.cpu().numpy(), *told)

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
