"""What each person shows over the film: lips in the form that a model asks for, and whether the face is seen."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.casting import person_key
from engine.contract import Crops, Declaration, FloatArray, Landmarks
from engine.isolation.voice_file import WINDOW_S, window_start_s
from engine.jobs import CancelToken, ProgressCallback
from engine.types import Cast, FaceAnalysis
from engine.vision.lips import RATE_HZ, LipStream, stream_for

WINDOW_FRAMES = WINDOW_S * RATE_HZ
_SURROUNDINGS = 2 * RATE_HZ  # video frames looked at before and after a window to know the resting face
_BRIDGE_S, _RAMP_S = 0.4, 0.08


@dataclass
class Face:
    """One person's lips over the whole file.

    Attributes:
        key: `person_key`, what the person is made of.
        delay_frames: how late the pictures come, as far as it is known; for models that find no delay themselves.
        present: how present the person is at every video frame, 0..1.
    """

    person: int
    key: str
    stream: LipStream
    delay_frames: int = 0

    def __post_init__(self) -> None:
        self.present = _presence(np.asarray(self.stream.visible))

    def at(self, start_frame: int, frames: int, form: Landmarks | Crops) -> tuple[FloatArray, FloatArray]:
        """The stream (frames, ...) and visibility (frames,) from a video frame on; unseen beyond the ends.

        The resting face of landmarks is taken from the surroundings, not from the whole file, as in training: heads
        turn.
        """
        total, around = len(self.stream.visible), _SURROUNDINGS if isinstance(form, Landmarks) else 0
        first, last = max(0, start_frame - around), min(total, start_frame + frames + around)
        whole = self.stream
        near = LipStream(whole.points_px[first:last], whole.visible[first:last], whole.mouths[first:last])
        made = stream_for(form, near)
        lips = np.zeros((frames, *made.shape[1:]), np.float32)
        seen = np.zeros(frames, np.float32)
        low, high = max(start_frame, 0), min(start_frame + frames, total)
        if high > low:
            lips[low - start_frame : high - start_frame] = made[low - first : high - first]
            seen[low - start_frame : high - start_frame] = near.visible[low - first : high - first]
        return lips, seen

    def seen_share(self, k: int) -> float:
        """Share of window k in which the face is visible."""
        start = round(window_start_s(k) * RATE_HZ)
        return float(self.stream.visible[max(start, 0) : max(start + WINDOW_FRAMES, 0)].sum()) / WINDOW_FRAMES


def faces_in(
    analysis: FaceAnalysis, cast: Cast, wanted: Collection[int], windows: Sequence[int], *, everyone: bool
) -> dict[int, Face]:
    """By person of the cast, those who are wanted; on request everyone seen beside them in some of the windows too."""
    from engine.vision.people import load_lips

    faces = {}
    for person in analysis.people:
        if person.id in wanted or everyone:
            face = Face(person.id, person_key(cast, person.id), load_lips(analysis.key, person.id, cast))
            if person.id in wanted or any(face.seen_share(k) > 0 for k in windows):
                faces[person.id] = face
    return faces


def with_mouths(
    analysis: FaceAnalysis,
    declared: Declaration,
    faces: Mapping[int, Face],
    looks: Mapping[int, Iterable[int]],
    on_progress: ProgressCallback,
    cancel: CancelToken,
) -> dict[int, Face]:
    """Faces with the mouths that a model asks for, in the windows in which it looks at each; others as they are."""
    if not isinstance(declared.lips, Crops):
        return dict(faces)
    from engine.vision.crops import cut_mouths

    rows = {person: np.zeros(len(faces[person].stream.visible), bool) for person in looks}
    for person, asked in rows.items():
        for k in looks[person]:
            start = round(window_start_s(k) * RATE_HZ) - declared.margin_frames + faces[person].delay_frames
            asked[max(start, 0) : max(start + WINDOW_FRAMES + 2 * declared.margin_frames, 0)] = True
    streams = {faces[person].key: faces[person].stream for person in looks}
    asked_rows = {faces[person].key: asked for person, asked in rows.items()}
    cut = cut_mouths(analysis, declared.lips, streams, asked_rows, on_progress=on_progress, cancel=cancel)
    return {p: replace(face, stream=cut.get(face.key, face.stream)) for p, face in faces.items()}


def _presence(visible: NDArray[np.bool_]) -> FloatArray:
    """How present a person is at every video frame, 0..1: short gaps are bridged, changes are ramped."""
    bridged = visible.copy()
    edges = np.flatnonzero(np.diff(np.concatenate([[1], bridged.astype(int), [1]])))
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        if end - start <= _BRIDGE_S * RATE_HZ:
            bridged[start:end] = True
    ramp = round(_RAMP_S * RATE_HZ)
    padded = np.pad(bridged.astype(np.float32), ramp, mode="edge")
    return np.convolve(padded, np.ones(2 * ramp + 1, np.float32) / (2 * ramp + 1), "valid").astype(np.float32)
