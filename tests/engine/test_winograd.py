"""Winograd's convolution is the plain one, up to a known rounding."""

import pytest
import torch
import torch.nn.functional as F

from halftone_utils.engine import winograd

SHAPES = [
    # pictures, channels, kernels, height, width
    (3, 16, 16, 4, 4),  # one tile: every side is a border
    (2, 64, 64, 32, 32),
    (1, 64, 128, 36, 20),  # not square, last chunk of strips not full
    (1, 24, 40, 8, 640),  # one strip is more than a chunk
]


def random(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


def plain(x, weight, bias=None):
    y = F.conv2d(x.double(), weight.double(), None if bias is None else bias.double(), padding=1)
    return y if bias is None else y.relu()


@pytest.mark.parametrize(("n", "channels", "kernels", "height", "width"), SHAPES)
def test_it_is_the_plain_convolution(n, channels, kernels, height, width):
    x = random(n, channels, height, width)
    weight, bias = random(kernels, channels, 3, 3) / (9 * channels) ** 0.5, random(kernels)
    transformed = winograd.transform(weight)
    assert transformed.shape == (36, channels, kernels)
    for b in (None, bias):
        expected = plain(x, weight, b)
        got = winograd.convolve(x, transformed, b)
        assert got.shape == expected.shape
        assert got.is_contiguous(memory_format=torch.channels_last)
        assert (got - expected).abs().max() < 5e-5 * expected.std()  # F(4x4, 3x3) in float32


def test_back_to_one_channel_is_the_plain_convolution():
    x, weight = random(2, 64, 10, 14), random(1, 64, 3, 3) / 24
    expected = plain(x, weight)
    assert (winograd.to_one_channel(x, weight) - expected).abs().max() < 1e-5 * expected.std()


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_the_memory_layout_changes_nothing(layout):
    x, weight = random(2, 16, 8, 8), random(16, 16, 3, 3)
    transformed = winograd.transform(weight)
    expected = winograd.convolve(x, transformed)
    assert torch.equal(winograd.convolve(x.contiguous(memory_format=layout), transformed), expected)


def test_a_picture_is_the_same_alone_and_in_company():
    x, transformed = random(5, 64, 32, 32), winograd.transform(random(64, 64, 3, 3) / 24)
    together = winograd.convolve(x, transformed)
    for i in range(5):
        alone = winograd.convolve(x[i : i + 1], transformed)[0]
        assert (alone - together[i]).abs().max() < 1e-5 * together.std()


def test_it_is_not_used_where_it_does_not_apply():
    x, weight = torch.rand(1, 16, 8, 8), torch.rand(16, 16, 3, 3)
    assert winograd.serves(x, weight)
    assert not winograd.serves(x.bfloat16(), weight.bfloat16())
    assert not winograd.serves(x[..., :6], weight)  # sides that are no whole tiles
    assert not winograd.serves(x[:, :2], weight[:, :2])  # too few channels
    assert not winograd.serves(x.requires_grad_(), weight)  # autograd would not see it
    with torch.no_grad():
        assert winograd.serves(x, weight)
