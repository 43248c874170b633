"""The accelerated layers compute, and learn, what PyTorch's own do."""

import pytest
import torch
from torch import nn

from halftone_utils.engine.convolutions import FEWEST, Conv2d, accelerate

LAYERS = {
    "3x3": (12, 16, 24, 16, {"kernel_size": 3, "padding": 1}),
    "3x3, not square": (7, 32, 16, (12, 44), {"kernel_size": 3, "padding": 1}),
    "3x3, no bias": (12, 16, 16, 16, {"kernel_size": 3, "padding": 1, "bias": False}),
    "3x3, stride 2": (2, 16, 16, 8, {"kernel_size": 3, "padding": 1, "stride": 2}),
    "1x1": (2, 16, 24, 5, {"kernel_size": 1}),
    "1x1, stride 2, no bias": (2, 16, 24, 7, {"kernel_size": 1, "stride": 2, "bias": False}),
    "5x5": (2, 3, 8, 9, {"kernel_size": 5}),
}


def random(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(sum(shape)))


def learn(layer: nn.Module, x: torch.Tensor, towards: torch.Tensor) -> list[torch.Tensor]:
    """Output, and gradients of (output * towards) towards input and parameters."""
    x = x.clone().requires_grad_()
    y = layer(x)
    (y * towards.to(y.dtype)).sum().backward()
    return [y.detach(), x.grad, *(p.grad for p in layer.parameters())]


@pytest.mark.parametrize("case", LAYERS.values(), ids=LAYERS)
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_output_and_gradients_are_the_plain_layers(case, layout):
    n, channels, kernels, sides, options = case
    plain = nn.Conv2d(channels, kernels, **options)
    fast = accelerate(nn.Sequential(nn.Conv2d(channels, kernels, **options)))[0]
    fast.load_state_dict(plain.state_dict())
    x = random(n, channels, *(sides if isinstance(sides, tuple) else (sides, sides)))
    towards = random(*plain(x).shape)
    expected = learn(plain.double(), x.double(), towards)
    got = learn(fast.to(memory_format=layout), x.contiguous(memory_format=layout), towards)
    for a, b in zip(got, expected, strict=True):
        assert a.shape == b.shape
        assert (a - b).abs().max() < 1e-4 * b.std()  # float32, and F(4x4, 3x3)


def test_winograd_serves_where_it_can_and_only_there():
    layer, x = Conv2d(16, 16, 3, padding=1), torch.rand(FEWEST, 16, 4, 4)
    assert layer.applies(x)
    assert not layer.applies(x[: FEWEST - 1])  # too few tiles
    assert not layer.applies(x.double())
    assert not layer.applies(torch.rand(FEWEST, 16, 6, 6))  # no whole tiles
    assert not Conv2d(8, 16, 3, padding=1).applies(torch.rand(FEWEST, 8, 4, 4))
    assert not Conv2d(16, 16, 3).applies(x)
    assert not Conv2d(16, 16, 3, padding=1, groups=2).applies(x)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert not layer.applies(x)


def test_a_repeated_step_gives_the_same_bits():
    layer, x = Conv2d(32, 32, 3, padding=1), random(16, 32, 16, 16)
    towards = random(16, 32, 16, 16)
    first = learn(layer, x, towards)
    layer.zero_grad()
    again = learn(layer, x, towards)
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))


def test_a_gradient_that_is_not_asked_for_is_not_computed():
    layer, x = Conv2d(16, 16, 3, padding=1, bias=False), random(12, 16, 16, 16)
    layer(x).sum().backward()
    assert x.grad is None
    layer.weight.requires_grad_(False)
    learnt = layer.weight.grad.clone()
    layer(x.requires_grad_()).sum().backward()
    assert torch.equal(layer.weight.grad, learnt)
    assert x.grad.abs().max() > 0


def test_accelerating_a_network_changes_no_weight():
    network = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Sequential(nn.Conv2d(4, 4, 1)), nn.ReLU())
    before = {k: v.clone() for k, v in network.state_dict().items()}
    accelerate(network)
    assert all(torch.equal(v, before[k]) for k, v in network.state_dict().items())
    assert [type(m) for m in network.modules() if isinstance(m, nn.Conv2d)] == [Conv2d, Conv2d]
