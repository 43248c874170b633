"""Direct binary search ends where no toggle and no swap brings the halftone closer for the eye."""

import numpy as np
import pytest
import torch
from scipy.signal import fftconvolve
from skimage.data import camera

from halftone_utils import screens
from halftone_utils.screens.direct_binary_search import eye_autocorrelation


def seen_error(printed, picture, distance=3500):
    """What the search lowers: the error's power behind the eye's point spread."""
    error = (printed - picture).double().squeeze().numpy()
    return float((error * fftconvolve(error, eye_autocorrelation(distance), "same")).sum())


@pytest.fixture(scope="module")
def photograph():
    return torch.from_numpy(camera()[100:484:8, 100:484:8].copy()).float()[None, None] / 255


def test_it_comes_closer_for_the_eye_than_every_other_kind(photograph):
    searched = seen_error(screens.direct_binary_search(photograph), photograph)
    for kind in screens.KINDS:
        if kind != "direct-binary-search":
            arguments = {"ruling": 4} if kind == "am" else {}
            printed = screens.halftone(photograph, kind, **arguments)
            assert searched < seen_error(printed, photograph), kind


def test_no_toggle_and_no_swap_is_left_that_would_help(photograph):
    picture = photograph[..., :14, :12]
    dots = screens.direct_binary_search(picture)
    reached = seen_error(dots, picture)
    height, width = dots.shape[2:]
    for y in range(height):
        for x in range(width):
            neighbours = [
                (i, j)
                for i in range(max(0, y - 1), min(height, y + 2))
                for j in range(max(0, x - 1), min(width, x + 2))
                if (i, j) == (y, x) or dots[0, 0, i, j] != dots[0, 0, y, x]
            ]
            for i, j in neighbours:
                changed = dots.clone()
                changed[0, 0, y, x] = 1 - dots[0, 0, y, x]
                if (i, j) != (y, x):
                    changed[0, 0, i, j] = 1 - dots[0, 0, i, j]
                assert seen_error(changed, picture) > reached - 1e-7


def test_the_first_pattern_is_seeded(photograph):
    first = screens.direct_binary_search(photograph, seed=1)
    assert torch.equal(first, screens.direct_binary_search(photograph, seed=1))
    assert not torch.equal(first, screens.direct_binary_search(photograph, seed=2))


def test_from_farther_away_the_eye_takes_in_more_pixels():
    near, far = eye_autocorrelation(2000), eye_autocorrelation(6000)
    assert near.shape < far.shape
    for eye in (near, far):
        assert eye.max() == eye[len(eye) // 2, len(eye) // 2] == 1
        assert np.array_equal(eye, eye.T)


@pytest.mark.parametrize("distance", [999, 10001, float("nan")])
def test_a_distance_out_of_range_is_refused(distance):
    with pytest.raises(ValueError, match="distance is"):
        screens.direct_binary_search(screens.ramp(8), distance)
