"""The lip net on mouth pictures."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from engine.checkpoint import count_parameters
from engine.models.lip_pixels import PixelLipEncoder, ShuffleUnit, TemporalBlock


def test_the_published_size() -> None:
    """9.14 M in the release, of which 500 x 512 + 500 are a classifier of words that separation never uses."""
    with torch.device("meta"):
        network = PixelLipEncoder()
    assert round((count_parameters(network) + 500 * 513) / 1e6, 2) == 9.14


def test_frames_shrink_to_three_by_three() -> None:
    with torch.device("meta"):
        network = PixelLipEncoder().eval()
        mouths, seen = torch.empty(2, 7, 88, 88), torch.empty(2, 7)
    stem = network.stem(mouths[:, None])
    assert stem.shape == (2, 24, 7, 22, 22)
    assert network.frame(stem.transpose(1, 2).flatten(0, 1)).shape == (14, 1024, 3, 3)
    assert network(mouths, seen).shape == (2, 512, 7)


def test_a_unit_interleaves_what_passes_with_what_is_worked_on() -> None:
    unit = ShuffleUnit(8, 8).eval()
    x = torch.randn(1, 8, 5, 5)
    y = unit(x)
    assert torch.equal(y[:, ::2], x[:, :4])
    torch.testing.assert_close(y[:, 1::2], unit.worked(x[:, 4:]))
    assert ShuffleUnit(8, 12)(x).shape == (1, 12, 3, 3)


@pytest.mark.parametrize("dilation", [1, 2, 8])
def test_a_temporal_block_sees_both_ways_and_no_farther(dilation: int) -> None:
    torch.manual_seed(0)
    block = TemporalBlock(3, 4, dilation, 0.0).eval()
    x = torch.randn(1, 3, 50, requires_grad=True)
    block(x)[0, :, 25].sum().backward()
    assert x.grad is not None
    reached = x.grad.abs().sum((0, 1)).nonzero()[:, 0].tolist()
    assert reached == [25 + k * dilation for k in (-2, -1, 0, 1, 2)]


def _encoder() -> PixelLipEncoder:
    """With the running statistics of a batch, so that the features are not all but constant."""
    torch.manual_seed(0)
    network = PixelLipEncoder(8)
    norms = [m for m in network.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    for norm in norms:
        norm.momentum = 1.0
    with torch.no_grad():
        network(torch.rand(2, 12, 32, 32), torch.ones(2, 12))
    return network.eval()


def test_a_frame_that_is_not_seen_tells_nothing_by_itself() -> None:
    network = _encoder()
    mouths, seen = torch.rand(1, 12, 32, 32), torch.ones(1, 12)
    seen[0, 4:] = 0
    other = mouths.clone()
    other[0, 6:] = torch.rand(6, 32, 32)  # the 3-D convolution of a seen frame looks two frames ahead
    with torch.no_grad():
        torch.testing.assert_close(network(mouths, seen), network(other, seen))
        assert (network(mouths, torch.ones(1, 12)) - network(other, torch.ones(1, 12))).abs().max() > 1e-4


def test_rows_do_not_touch_each_other() -> None:
    network = _encoder()
    mouths, seen = torch.rand(2, 5, 32, 32), torch.ones(2, 5)
    with torch.no_grad():
        torch.testing.assert_close(network(mouths, seen)[1:], network(mouths[1:], seen[1:]), rtol=1e-4, atol=1e-5)
