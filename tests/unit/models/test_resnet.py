"""ResNet-18 of VisualVoice's face net and vocal net."""

from __future__ import annotations

import pytest
import torch

from engine.checkpoint import count_parameters
from engine.models.resnet import BasicBlock, EmbeddingResNet18


@pytest.mark.parametrize(("inputs", "millions"), [(3, 11.24), (2, 11.24)])
def test_face_net_and_vocal_net_have_the_published_size(inputs: int, millions: float) -> None:
    with torch.device("meta"):
        network = EmbeddingResNet18(inputs)
    assert round(count_parameters(network) / 1e6, 2) == millions


def test_picture_is_halved_five_times() -> None:
    with torch.device("meta"):
        network = EmbeddingResNet18(3, 128).eval()
        picture = torch.empty(2, 3, 224, 224)
    assert network.blocks(network.stem(picture)).shape == (2, 512, 7, 7)
    assert network(picture).shape == (2, 128)


def test_a_block_without_a_change_of_shape_passes_its_input_on() -> None:
    block = BasicBlock(4, 4, 1).eval()
    with torch.no_grad():
        block.body[-1].weight.zero_()
    x = torch.randn(1, 4, 5, 6)
    torch.testing.assert_close(block(x), x.relu())


def test_the_pool_takes_the_largest_wherever_it_is() -> None:
    torch.manual_seed(0)
    network = EmbeddingResNet18(2, 8).eval()
    spectrogram = torch.randn(1, 2, 65, 33)
    blocks = network.blocks(network.stem(spectrogram))
    expected = network.out(blocks.flatten(2).max(-1).values)
    torch.testing.assert_close(network(spectrogram), expected)
    assert (network(spectrogram) - network(0.2 * spectrogram)).abs().max() > 1e-4


def test_gradient_reaches_every_parameter() -> None:
    torch.manual_seed(0)
    network = EmbeddingResNet18(3, 8)
    network(torch.randn(3, 3, 40, 40)).square().sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0, name
