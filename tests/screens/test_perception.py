"""The proxy for the eye: tone is kept, fine detail is lost, and more of it from farther away."""

import math

import numpy as np
import pytest
import torch

from halftone_utils import screens
from halftone_utils.screens import perception


@pytest.mark.parametrize("sigma", [0.0, 0.4, 3.0])
@pytest.mark.parametrize("tone", [0.0, 0.3, 1.0])
def test_a_flat_picture_stays_flat(sigma, tone):
    seen = perception.integrate(torch.full((1, 1, 16, 16), tone), sigma)
    assert (seen - tone).abs().max() < 1e-6


@pytest.mark.parametrize("sigma", [0.0, 0.4, 1.25, 3.0])
def test_the_mean_tone_stays_about_what_it_was_and_no_blur_changes_nothing(sigma):
    pictures = torch.rand(3, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    seen = perception.integrate(pictures, sigma)
    assert (seen.mean((1, 2, 3)) - pictures.mean((1, 2, 3))).abs().max() < 0.02
    assert torch.equal(seen, pictures) == (sigma == 0)


def test_a_fine_checkerboard_becomes_flat_grey_and_a_halftone_the_tones_it_stands_for():
    y, x = torch.meshgrid(torch.arange(32), torch.arange(32), indexing="ij")
    checkerboard = ((x + y) % 2).float()[None, None]
    assert (perception.integrate(checkerboard, 1.25) - 0.5).abs().max() < 0.01
    ramp = screens.ramp(128)
    printed = screens.am_screen(ramp, 4.0)
    assert (printed - ramp).abs().mean() > 0.3
    seen = perception.integrate(printed, 4.0)
    assert (seen - perception.integrate(ramp, 4.0)).abs().mean() < 0.02


def test_the_blur_of_a_point_is_a_gaussian_of_the_width_asked_for_in_each_map_by_itself():
    point = torch.zeros(2, 3, 41, 41)
    point[1, 2, 20, 20] = -5
    seen = perception.gaussian(point, 2.0)
    assert seen[0].abs().max() == seen[1, :2].abs().max() == 0
    x = torch.arange(41) - 20.0
    assert float(seen[1, 2].sum()) == pytest.approx(-5, abs=1e-4)
    for axis in (0, 1):  # cut at three sigma, hence a little narrower
        assert float((seen[1, 2].sum(axis) * x**2).sum()) / -5 == pytest.approx(4.0, abs=0.15)


def test_restored_contrast_spans_0_to_1_in_each_picture_by_itself():
    pictures = torch.rand(3, 1, 16, 16) * torch.tensor([1.0, 0.5, 0.1]).view(3, 1, 1, 1)
    seen = perception.integrate(pictures, 1.0, restore_contrast=True)
    assert (seen.amin((1, 2, 3)) == 0).all()
    assert torch.allclose(seen.amax((1, 2, 3)), torch.ones(3))
    alone = perception.integrate(pictures[2:], 1.0, restore_contrast=True)
    assert torch.allclose(alone[0], seen[2], atol=1e-6)


def test_the_spectrum_of_a_screen_peaks_at_its_frequency():
    power = perception.power_spectrum(screens.am_screen(torch.full((1, 1, 128, 128), 0.5), 8, 0))
    assert float(power.sum()) == pytest.approx(1)
    y, x = divmod(int(power.argmax()), 64)
    assert {abs(y - 32), abs(x - 32)} <= {0, 8}  # 64 / 8 cycles a tile
    assert perception.power_spectrum(torch.full((1, 1, 64, 64), 0.5)).max() < 1e-6


def test_an_arc_minute_seen_from_far_is_a_gaussian_of_that_full_width():
    sigma = perception.blur_of_distance(1.0, pixel=0.25, acuity=1.0)
    width = 1000 * math.tan(math.pi / 180 / 60) / 0.25  # pixels
    assert math.isclose(math.exp(-((width / 2) ** 2) / (2 * sigma**2)), 0.5, rel_tol=1e-9)
    assert math.isclose(perception.blur_of_distance(3.0), 3 * perception.blur_of_distance(1.0))


def test_from_farther_away_the_eye_takes_in_more_pixels():
    near, far = (perception.eye_autocorrelation(distance) for distance in (2000, 6000))
    assert near.shape < far.shape
    for eye in (near, far):
        assert eye.max() == eye[len(eye) // 2, len(eye) // 2] == 1
        assert np.array_equal(eye, eye.T)


@pytest.mark.parametrize(
    ("function", "arguments", "named"),
    [
        *((perception.integrate, (torch.rand(1, 1, 10, 10), s), "sigma") for s in (-0.1, 3.1)),
        (perception.integrate, (torch.rand(1, 1, 10, 10), math.nan), "sigma"),
        (perception.blur_of_distance, (0,), "distance"),
        (perception.blur_of_distance, (1, -1), "pixel"),
        *((perception.eye_autocorrelation, (d,), "distance") for d in (999, 10001, math.nan)),
    ],
)
def test_a_value_out_of_range_is_refused(function, arguments, named):
    with pytest.raises(ValueError, match=f"{named} is"):
        function(*arguments)
