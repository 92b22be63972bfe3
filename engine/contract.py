"""The model contract: what a separation model is given, what it returns and what it declares.

`engine.isolation.job` and `engine.evaluate` know models by this module alone; the page for those who bring one is
`docs/model_contract.md`, and `tests/conformance` is what every model must pass.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from engine.config import StftConfig

FloatArray = NDArray[np.float32]
MODEL_RATE_HZ = 16_000  # of the sound that every model is given
SAMPLES_PER_VIDEO_FRAME = MODEL_RATE_HZ // 25  # the sound of one call is a multiple of it
MOUTH_WIDTH = 1.3  # of the mouths that the analysis of a film keeps


@dataclass(frozen=True)
class Landmarks:
    """A stream of `engine.vision.lips.landmark_features`: (M, 240) float32 per person."""


@dataclass(frozen=True)
class Crops:
    """A stream of upright mouth pictures (`engine.vision.lips.mouth_crop`) per person.

    (M, size_px, size_px) float32 for "grey", (M, size_px, size_px, 3) for "rgb": (byte / 255 - mean) / std.

    Attributes:
        width: how much they show across, in distances between the eyes' middles.
    """

    size_px: int
    colour: Literal["grey", "rgb"] = "grey"
    mean: float = 0.0
    std: float = 1.0
    width: float = MOUTH_WIDTH


@dataclass(frozen=True)
class Declaration:
    """What a model says of itself, without being loaded; the defaults say that nothing is known.

    Attributes:
        licence: of the weights. code_licence: of the program. Both as SPDX names, or "".
        trained_on: data, and whose. parameters: numbers in the weights, 0 where it is not told.
        people: most faces that one call takes; with more, the caller takes several calls.
        faces_together: whether a face's voice depends on the other faces of the call, so that all in view are worth
            giving; else only those whose voice is wanted are given.
        window_s: the sound that it looks at at once (a longer call it parts itself); None: all that it is given.
        lips: form of each person's stream. video_rate_hz: its frames per second.
        margin_frames: K, frames of each stream before and after the sound.
        finds_lag: whether `match` and `lag_probabilities` tell the delay of sound and picture.
        judges: whether `quality` tells how good a voice is. What a model does not find or judge, AVSep's own does
            beside it (`engine.isolation.second_opinion`).
        grid: of the masks; its sample rate is that of the sound.
        calibration: slope (per dB) and offset of the logistic curve from `WindowMasks.quality` to agreement 0..1.
        devices: kinds it runs on, "cpu" or "cuda".
        real_time_factor: measured seconds of one CPU core per second of sound and one face; None: not measured.
    """

    licence: str = ""
    code_licence: str = ""
    trained_on: str = ""
    parameters: int = 0
    people: int = 1
    faces_together: bool = False
    window_s: float | None = None
    lips: Landmarks | Crops = field(default_factory=Landmarks)
    video_rate_hz: int = 25
    margin_frames: int = 0
    finds_lag: bool = False
    judges: bool = False
    grid: StftConfig = field(default_factory=StftConfig)
    calibration: tuple[float, float] = (0.5, 0.0)
    devices: tuple[str, ...] = ("cpu",)
    real_time_factor: float | None = None


@dataclass(frozen=True)
class WindowMasks:
    """What a window gives for P faces.

    Attributes:
        mask: (P, F, N) complex64 on the declared grid, N = T / hop; voice = mask * mixture. A model that makes
            waveforms gives `engine.audio.fullband.mask_of` them.
        match: (P, N, 2 K + 1) float32, cosine of sound and lips per audio frame and lag -K..K in video frames, by which
            the pictures come late; zero if the model does not find lags.
        activity: (P, N) float32, how likely the voice sounds, 0..1; one if the model does not tell.
        quality: (P, N) float32, by how many dB the voice is thought to be better than the mixture; zero likewise.
    """

    mask: NDArray[np.complex64]
    match: FloatArray
    activity: FloatArray
    quality: FloatArray


@dataclass(frozen=True)
class Asked:
    """One window of a film as `SeparationModel.masks` takes it: (T,), (P, M, ...), (P, M), (P, 2 K + 1) or None."""

    mixture: FloatArray
    lips: FloatArray
    seen: FloatArray
    lag: FloatArray | None


class SeparationModel(Protocol):
    """A loaded model."""

    @property
    def declaration(self) -> Declaration:
        """What the model says of itself."""

    @property
    def device(self) -> object:
        """Where it runs now; `str` of it names the device."""

    @property
    def warnings(self) -> list[str]:
        """Sentences for the user about what had to be done otherwise, so far."""

    def masks(
        self,
        mixture: FloatArray,
        lips: FloatArray,
        seen: FloatArray,
        lag: FloatArray | None,
        attributes: FloatArray | None = None,
    ) -> WindowMasks:
        """Separate one window for all faces; no argument is changed, and no call depends on an earlier one.

        Args:
            mixture: (T,) float32 at 16 kHz, any level, T a multiple of `SAMPLES_PER_VIDEO_FRAME`.
            lips: (P, M, ...) float32, each person's stream as `declaration.lips` asks; zero where the face is not seen.
                M = T / 640 + 2 K; frame K + k shows t = k / 25 s after the sound's first sample.
            seen: (P, M) float32, 1 where the face is visible, else 0.
            lag: (P, 2 K + 1) probabilities of the delay, from `lag_probabilities`; None lets every window find its own.
            attributes: (P, 128) vectors of who each face is (`engine.data.pack`), which `evaluate` gives and films do
                not; None.

        Raises:
            DeviceError: the device failed, or has not the memory. ModelError: the model failed, or gave what is no
                voice. JobCancelled: the job was cancelled in the middle of a call, as far as the model hears of that.
        """

    def lag_probabilities(self, match: FloatArray) -> FloatArray:
        """One delay for a whole file from the matches of several windows.

        Args:
            match: (windows, N, 2 K + 1) of one face; asked only of models that find lags.

        Returns:
            (2 K + 1,) float32, at least 0, with the sum 1.
        """

    def close(self) -> None:
        """Give back what it holds beside memory, such as a process; called when a job ends."""


@runtime_checkable
class TakesWindows(Protocol):
    """A loaded model that computes several windows of a film in one call, where that is quicker."""

    @property
    def windows_at_once(self) -> int:
        """How many are worth giving on the device where it runs now; 1 for one after the other."""

    def masks_together(self, windows: Sequence[Asked]) -> list[WindowMasks]:
        """What `masks` says of each, up to rounding; all of one length, with as many people, and all or none with lag.

        Raises:
            DeviceError, ModelError, JobCancelled: as `SeparationModel.masks`.
        """
