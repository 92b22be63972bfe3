"""The delay between sound and lips of every person, once per film, model and sound stream."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from engine.contract import FloatArray, SeparationModel
from engine.isolation.faces import Face
from engine.isolation.voice_file import source_window, window_count
from engine.isolation.windows import answers, call_of
from engine.jobs import CancelToken, Progress, ProgressCallback
from engine.seals import read_sealed, write_sealed
from engine.types import PcmStore
from engine.vision.lips import RATE_HZ

_WINDOWS = 8
_SURE = 0.5  # of the probability, within a frame of the likeliest delay


class Lags:
    """What is known of the delays.

    Attributes:
        known: by `person_key`, (2 K + 1,) probabilities of the pictures coming -K..K frames late.
    """

    def __init__(self, folder: Path, source: PcmStore) -> None:
        self.source = source
        self.file = folder / "lags.json"
        stored = read_sealed(self.file) or {}
        self.known = {person: np.asarray(lag, np.float32) for person, lag in stored.items()}

    def windows(self, face: Face) -> list[int]:
        """The windows that a face's delay is found from; none when it is known."""
        if face.key in self.known:
            return []
        shares = [face.seen_share(k) for k in range(window_count(self.source))]
        best = sorted(np.argsort(shares, kind="stable")[::-1][: 4 * _WINDOWS].tolist())
        picks = np.linspace(0, len(best) - 1, min(_WINDOWS, len(best))).round().astype(int)
        return [best[pick] for pick in picks]

    def estimate(
        self, model: SeparationModel, faces: Iterable[Face], on_progress: ProgressCallback, cancel: CancelToken
    ) -> None:
        """Find the delays that are not known, each from up to eight windows in which the face is seen."""
        unknown = [face for face in faces if face.key not in self.known]
        for face in unknown:
            windows = self.windows(face)
            matches = []
            for number, k in enumerate(windows):
                cancel.checkpoint()
                sound = source_window(self.source, k)
                call = call_of(model.declaration, sound, self.source, [face], None, k)
                matches.append(answers(model, [call])[0][0].match[0])
                on_progress(Progress("Matching lips and sound", number + 1, len(windows)))
            self.known[face.key] = model.lag_probabilities(np.stack(matches))
        if unknown:
            write_sealed(self.file, {person: lag.tolist() for person, lag in self.known.items()})

    def given(self, faces: Iterable[Face]) -> FloatArray:
        """(P, 2 K + 1), as models take them that find delays."""
        return np.stack([self.known[face.key] for face in faces])

    def delay_frames(self, key: str) -> int:
        """How many frames the pictures come late; 0 where the delay is not sure or not known."""
        lag = self.known.get(key)
        if lag is None:
            return 0
        likeliest = int(lag.argmax())
        sure = float(lag[max(likeliest - 1, 0) : likeliest + 2].sum()) >= _SURE
        return likeliest - len(lag) // 2 if sure else 0

    def offset_ms(self, key: str) -> float | None:
        """How late the sound is against the lips, in ms; None when it was not estimated."""
        lag = self.known.get(key)
        if lag is None:
            return None
        reach = len(lag) // 2
        return float(-1000 / RATE_HZ * (lag * np.arange(-reach, reach + 1)).sum() / lag.sum())
