"""A model written from `docs/model_contract.md` alone: a voice is as loud as its mouth moves. No torch, no weights."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from engine.audio.fullband import mask_of
from engine.contract import SAMPLES_PER_VIDEO_FRAME, Crops, Declaration, FloatArray, WindowMasks

STILL = 0.1  # gain while the mouth does not move
DECLARATION = Declaration(
    licence="CC0-1.0",
    code_licence="Apache-2.0",
    trained_on="nothing",
    people=2,
    lips=Crops(32, "grey", mean=0.42, std=0.17),
    margin_frames=1,
)


@dataclass
class LipGate:
    """Lets the sound through while a mouth moves; where nobody is seen it stays as it is."""

    declaration: Declaration = DECLARATION
    device: str = "cpu"
    warnings: list[str] = field(default_factory=list)

    def masks(
        self,
        mixture: FloatArray,
        lips: FloatArray,
        seen: FloatArray,
        lag: FloatArray | None,
        attributes: FloatArray | None = None,
    ) -> WindowMasks:
        people, margin = len(lips), self.declaration.margin_frames
        frames = len(mixture) // SAMPLES_PER_VIDEO_FRAME
        moved = np.abs(np.diff(lips, axis=1)).mean(tuple(range(2, lips.ndim)))  # (P, M - 1)
        moved *= seen[:, 1:] * seen[:, :-1]
        around = np.stack([moved[:, k : k + frames] for k in range(2 * margin)]).mean(0)  # (P, frames)
        gain = np.clip(around / (around.max(1, keepdims=True) + 1e-6), STILL, 1)
        gain[seen[:, margin : margin + frames] == 0] = 1
        grid = self.declaration.grid
        nothing = (people, len(mixture) // grid.hop_samples)
        return WindowMasks(
            mask_of(np.repeat(gain, SAMPLES_PER_VIDEO_FRAME, 1).astype(np.float32) * mixture, mixture, grid),
            match=np.zeros((*nothing, 2 * margin + 1), np.float32),
            activity=np.ones(nothing, np.float32),
            quality=np.zeros(nothing, np.float32),
        )

    def lag_probabilities(self, match: FloatArray) -> FloatArray:
        return np.asarray(np.eye(match.shape[-1])[match.shape[-1] // 2], np.float32)

    def close(self) -> None:
        """Nothing is held."""
