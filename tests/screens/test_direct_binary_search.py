"""Direct binary search ends where no toggle and no swap brings the halftone closer for the eye."""

import pytest
import torch
from scipy.signal import fftconvolve
from skimage.data import camera

from halftone_utils import screens
from halftone_utils.screens.perception import eye_autocorrelation


def seen_error(printed, picture):
    """What the search lowers: the error's power behind the eye's point spread."""
    error = (printed - picture).double().squeeze().numpy()
    return float((error * fftconvolve(error, eye_autocorrelation(3500), "same")).sum())


@pytest.fixture(scope="module")
def photograph():
    return torch.from_numpy(camera()[100:484:8, 100:484:8].copy()).float()[None, None] / 255


def test_it_comes_closer_for_the_eye_than_every_other_kind(photograph):
    searched = seen_error(screens.direct_binary_search(photograph), photograph)
    for kind in screens.KINDS.keys() - {"direct-binary-search"}:
        assert searched < seen_error(screens.halftone(photograph, kind), photograph), kind


def test_no_toggle_and_no_swap_is_left_that_would_help(photograph):
    picture = photograph[..., :12, :10]
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
