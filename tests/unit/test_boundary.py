"""What may be loaded where: the engine's front door brings in neither Qt nor torch, and its types can travel."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from engine import errors
from engine.jobs import CancelToken, Progress
from engine.types import IsolationRequest

HEAVY = ("torch", "torchaudio", "PySide6", "av", "cv2", "dlib", "face_recognition", "scipy", "moviepy")


def test_importing_the_api_loads_nothing_heavy() -> None:
    code = f"import sys, engine.api; print([m for m in {HEAVY!r} if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


@pytest.mark.parametrize("kind", [k for k in vars(errors).values() if isinstance(k, type) and issubclass(k, Exception)])
def test_errors_travel_between_processes(kind: type[Exception]) -> None:
    made = kind("what", "do", details="more") if issubclass(kind, errors.EngineError) else kind()  # type: ignore[call-arg]
    back = pickle.loads(pickle.dumps(made))
    assert type(back) is kind
    assert str(back) == str(made)
    assert getattr(back, "details", "") == getattr(made, "details", "")


def test_requests_travel_between_processes() -> None:
    request = IsolationRequest(Path("a.mp4"), (1, 2))
    assert pickle.loads(pickle.dumps(request)) == request


def test_progress_fraction_stays_in_bounds() -> None:
    assert Progress("x", 5, 4).fraction == 1.0
    assert Progress("x", 1, 0).fraction == 0.0


def test_cancel_tokens_listen_outside_too() -> None:
    wish = [False]
    token = CancelToken(lambda: wish[0])
    token.checkpoint()
    wish[0] = True
    with pytest.raises(errors.JobCancelled):
        token.checkpoint()
