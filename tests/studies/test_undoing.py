"""Filters give back what they say, of each picture by itself."""

import pytest
import torch

from halftone_utils.digits import datasets
from halftone_utils.digits.datasets import as_float
from halftone_utils.studies import undoing


@pytest.fixture(scope="module")
def digits():
    return as_float(datasets.load("validation", 32, 4)[0])


@pytest.mark.parametrize("way", undoing.FILTERS, ids=lambda way: way.kind)
def test_a_filter_gives_pictures_and_treats_each_alone(way, digits):
    found = way(digits)
    assert found.shape == digits.shape
    assert found.dtype == torch.float32
    assert found.min() >= 0
    assert found.max() <= 1
    assert torch.allclose(way(digits[2:3]), found[2:3], atol=1e-6)


def test_a_threshold_undoes_what_moves_no_pixel_past_half_tone(digits):
    bilevel = undoing.threshold(digits)
    noise = 0.4 * torch.rand(digits.shape, generator=torch.Generator().manual_seed(0))
    assert torch.equal(undoing.threshold((bilevel - noise).abs()), bilevel)


def test_a_median_takes_single_dots_away():
    ground = torch.zeros(1, 1, 32, 32)
    dots = ground.clone()
    dots[..., 2::4, 2::4] = 1
    assert torch.equal(undoing.median(dots, 3), ground)


def test_levels_and_sides_are_as_many_as_asked(digits):
    assert len(undoing.quantized(torch.rand(1, 1, 64, 64), 2).unique()) == 4
    flat = torch.full((1, 1, 32, 32), 0.3)
    assert torch.allclose(undoing.down_and_up(flat, 11), flat, atol=1e-6)
    assert torch.equal(undoing.jpeg(torch.ones(1, 1, 32, 32), 75), torch.ones(1, 1, 32, 32))
    near = undoing.jpeg(digits, 95)
    assert 0 < (near - digits).abs().mean() < 0.02


def test_blue_noise_is_drawn_over_the_tones_of_strong():
    images, labels = undoing.pictures("blue-noise", 3)
    assert len(images) == len(labels) == 3
    assert set(images.unique().tolist()) == {0.0, 1.0}
    assert 0.3 < float(images.mean()) < 0.6
