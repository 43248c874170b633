"""The proxy for the eye: tone is kept, fine detail is lost, and more of it from farther away."""

import math

import pytest
import torch

from halftone_utils import screens
from halftone_utils.screens import perception


def checkerboard(side):
    y, x = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    return ((x + y) % 2).float()[None, None]


@pytest.mark.parametrize("sigma", [0.0, 0.4, 1.25, 3.0])
@pytest.mark.parametrize("tone", [0.0, 0.3, 1.0])
def test_a_flat_picture_stays_flat(sigma, tone):
    seen = perception.integrate(torch.full((1, 1, 16, 16), tone), sigma)
    assert (seen - tone).abs().max() < 1e-6


@pytest.mark.parametrize("sigma", [0.4, 1.25, 3.0])
def test_the_mean_tone_stays_about_what_it_was(sigma):
    pictures = torch.rand(3, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    seen = perception.integrate(pictures, sigma)
    assert (seen.mean((1, 2, 3)) - pictures.mean((1, 2, 3))).abs().max() < 0.02


def test_a_fine_checkerboard_becomes_flat_grey():
    seen = perception.integrate(checkerboard(32), 1.25)
    assert (seen - 0.5).abs().max() < 0.01


def test_a_halftone_becomes_the_tones_it_stands_for():
    ramp = screens.ramp(128)
    printed = screens.am_screen(ramp, 4.0)
    seen = perception.integrate(printed, 4.0)
    assert (printed - ramp).abs().mean() > 0.3
    assert (seen - perception.integrate(ramp, 4.0)).abs().mean() < 0.02


def test_no_blur_changes_nothing():
    picture = torch.rand(2, 1, 9, 7)
    assert torch.equal(perception.integrate(picture, 0.0), picture)


def test_the_blur_of_a_point_is_a_gaussian_of_the_width_asked_for():
    point = torch.zeros(1, 1, 41, 41)
    point[..., 20, 20] = 1
    seen = perception.integrate(point, 2.0)[0, 0]
    x = torch.arange(41) - 20.0
    assert abs(float(seen.sum()) - 1) < 1e-5
    for axis in (0, 1):  # cut at three sigma, hence a little narrower
        assert abs(float((seen.sum(axis) * x**2).sum()) - 4.0) < 0.15


def test_restored_contrast_spans_0_to_1_in_each_picture_by_itself():
    pictures = torch.rand(3, 1, 16, 16) * torch.tensor([1.0, 0.5, 0.1]).view(3, 1, 1, 1)
    seen = perception.integrate(pictures, 1.0, restore_contrast=True)
    assert (seen.amin((1, 2, 3)) == 0).all()
    assert torch.allclose(seen.amax((1, 2, 3)), torch.ones(3))
    alone = perception.integrate(pictures[2:], 1.0, restore_contrast=True)
    assert torch.allclose(alone[0], seen[2], atol=1e-6)


@pytest.mark.parametrize("sigma", [-0.1, float("nan"), float("inf"), 3.1])
def test_a_blur_below_0_or_wider_than_the_picture_is_refused(sigma):
    with pytest.raises(ValueError, match="sigma is"):
        perception.integrate(torch.rand(1, 1, 10, 10), sigma)


def test_an_arc_minute_seen_from_far_is_a_gaussian_of_that_full_width():
    sigma = perception.blur_of_distance(1.0, pixel=0.25, acuity=1.0)
    width = 1000 * math.tan(math.pi / 180 / 60) / 0.25  # pixels
    assert math.isclose(math.exp(-((width / 2) ** 2) / (2 * sigma**2)), 0.5, rel_tol=1e-9)
    assert math.isclose(perception.blur_of_distance(3.0), 3 * perception.blur_of_distance(1.0))


@pytest.mark.parametrize("wrong", [{"distance": 0}, {"distance": 1, "pixel": -1}])
def test_a_distance_or_a_pixel_of_nothing_is_refused(wrong):
    with pytest.raises(ValueError, match="all are above 0"):
        perception.blur_of_distance(**wrong)
