"""Sharing out what masks leave: sums, silence, faces that are alone or unseen."""

from __future__ import annotations

import pytest
import torch
from torch.testing import assert_close

from engine.consistency import share_out


def _masks(*values: float) -> torch.Tensor:
    return torch.stack([torch.full((3, 4), v, dtype=torch.complex64) for v in values])


def test_half_of_what_is_left_or_claimed_twice_is_shared_by_size() -> None:
    sounding, known = torch.ones(2, 4), torch.ones(2, dtype=torch.bool)
    assert_close(share_out(_masks(0.6, 0.2), sounding, known), _masks(0.675, 0.225), atol=1e-3, rtol=0)
    assert_close(share_out(_masks(1.0, 1.0), sounding, known), _masks(0.75, 0.75), atol=1e-3, rtol=0)
    exact = _masks(0.75, 0.25)
    assert_close(share_out(exact, sounding, known), exact)


def test_who_is_silent_gets_nothing_and_takes_nothing() -> None:
    activity = torch.tensor([[1.0], [0.0]]).expand(2, 4)
    shared = share_out(_masks(0.5, 0.1), activity, torch.ones(2, dtype=torch.bool))
    assert_close(shared, _masks(0.75, 0.1), atol=1e-3, rtol=0)
    shared = share_out(_masks(1.0, 0.6), activity, torch.ones(2, dtype=torch.bool))
    assert_close(shared, _masks(1.0, 0.6), atol=1e-3, rtol=0)


@pytest.mark.parametrize("faces", [1, 2])
def test_a_face_alone_and_faces_never_seen_keep_their_masks(faces: int) -> None:
    masks = _masks(*(0.4, 1.0)[:faces])
    known = torch.tensor([True, False][:faces])
    assert_close(share_out(masks, torch.ones(faces, 4), known), masks)


def test_the_phase_of_what_is_left_is_kept() -> None:
    masks = torch.stack([torch.full((3, 4), 0.5 + 0.5j), torch.full((3, 4), 0.5 - 0.1j)])
    shared = share_out(masks, torch.ones(2, 4), torch.ones(2, dtype=torch.bool)).sum(0)
    assert_close(shared, torch.full((3, 4), 1 + 0.2j), atol=1e-3, rtol=0)
