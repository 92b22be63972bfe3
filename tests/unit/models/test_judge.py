"""What the network thinks of its own voices."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from engine.config import CompactConfig
from engine.models.compact import CompactSeparator
from engine.models.judge import SPAN_FRAMES, Judge, _same, improvement_db

SMALL = CompactConfig(
    complex_channels=6, channels=12, visual_channels=8, visual_blocks=1, context_blocks=1, modulated_blocks=2, heads=2
)
HOP = 160


def test_the_improvement_against_a_plain_version() -> None:
    torch.manual_seed(0)
    target, error = torch.randn(2, 300 * HOP), torch.randn(2, 300 * HOP) * torch.tensor([[0.4], [0.9]])
    other = torch.randn(2, 300 * HOP)
    told = improvement_db(target + error, target, target + other, HOP)
    assert told.shape == (2, 300)
    for row in range(2):
        for frame in (0, 150, 299):
            span = slice(max(0, frame - SPAN_FRAMES // 2) * HOP, (frame + SPAN_FRAMES // 2 + 1) * HOP)
            wanted = 10 * torch.log10(other[row, span].square().mean() / error[row, span].square().mean())
            assert float(told[row, frame]) == pytest.approx(float(wanted), abs=0.01)


def test_the_improvement_has_a_meaning_in_silence_and_for_one_who_is_alone() -> None:
    mixture = torch.randn(1, 300 * HOP)
    nobody = torch.zeros_like(mixture)

    def told(estimate: torch.Tensor, target: torch.Tensor) -> float:
        return float(improvement_db(estimate, target, mixture, HOP).mean())

    assert told(0.1 * mixture, nobody) == pytest.approx(20, abs=0.1)
    assert told(mixture, nobody) == pytest.approx(0, abs=0.1)
    assert told(nobody, nobody) == told(mixture, mixture) == 25
    assert told(0.9 * mixture, mixture) == pytest.approx(5, abs=0.1), "nothing to take away, and a tenth taken"


def test_the_same_voice_twice_is_noticed() -> None:
    voice = torch.rand(1, 5, 8)
    other = torch.zeros(1, 5, 8)
    seen = torch.ones(3, dtype=torch.bool)
    assert _same(torch.cat([voice, voice]), seen[:2], 2).min() > 0.999
    assert _same(torch.cat([voice, other]), seen[:2], 2).max() < 1e-2
    assert _same(torch.cat([voice, other, 3 * voice]), seen, 3)[[0, 2]].min() > 0.999
    assert _same(torch.cat([voice, voice]), torch.tensor([True, False]), 2)[0].max() == 0, "nobody sees the other"
    assert _same(voice, seen[:1], 1).max() == 0


@pytest.mark.parametrize("frame_locked", [False, True])
def test_a_judgement_and_an_activity_per_face_and_frame(frame_locked: bool) -> None:
    torch.manual_seed(0)
    network = CompactSeparator(dataclasses.replace(SMALL, frame_locked=frame_locked)).eval()
    margin = 2 * SMALL.max_lag_frames
    out = network(torch.randn(1, 48 * HOP), torch.randn(2, 12 + margin, 240), torch.ones(2, 12 + margin), faces=2)
    assert out.quality.shape == out.activity.shape == (2, 48)
    assert torch.isfinite(out.quality).all()


def test_judging_does_not_change_what_is_judged() -> None:
    torch.manual_seed(0)
    cues = torch.randn(2, 8, 30, requires_grad=True)
    judge = Judge()
    judge(cues).sum().backward()
    assert cues.grad is None
    assert judge.out.weight.grad is not None
