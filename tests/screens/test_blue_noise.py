"""A void-and-cluster mask prints even dots: no grid, and next to nothing at low frequencies."""

import numpy as np
import pytest
import torch

from halftone_utils import screens
from halftone_utils.screens import void_and_cluster


def radial_power(tone, side=64):
    """Power over that of white noise of the same tone, and the frequency, of a flat tone."""
    printed = screens.blue_noise(torch.full((1, 1, side, side), tone), side)[0, 0]
    power = torch.fft.fft2(printed - printed.mean()).abs().square() / side**2
    frequency = torch.fft.fftfreq(side)
    radius = (frequency[:, None].square() + frequency.square()).sqrt()
    return power[radius > 0] / (tone * (1 - tone)), radius[radius > 0]


@pytest.mark.parametrize("tone", [1 / 16, 1 / 4, 1 / 2, 7 / 8])
def test_there_is_next_to_no_power_below_the_principal_frequency(tone):
    # Ulichney 1987: the principal frequency is the root of the rarer tone's share, in cycles per
    # pixel; on a square grid it stays at 1/2 from a quarter on (Lau & Ulichney 2006).
    principal = min(min(tone, 1 - tone) ** 0.5, 0.5)
    power, radius = radial_power(tone)
    assert float(power[radius < principal / 2].mean()) < 0.11  # white noise: 1
    assert float(power[radius > principal].mean()) > 0.9
    share = power[radius < principal / 2].sum() / power.sum()
    assert float(share) < 0.025  # white noise: up to 0.2


def test_a_mask_has_each_rank_once_and_so_each_tone_exactly():
    ranks = void_and_cluster.mask(16, 3)
    assert sorted(ranks.flatten().tolist()) == list(range(256))
    for tone in (0.1, 0.5, 0.77):
        printed = screens.blue_noise(torch.full((1, 1, 64, 64), tone))
        assert abs(float(printed.mean()) - tone) <= 0.5 / 64**2 + 1e-6


def test_a_mask_is_fixed_by_its_seed_and_repeats():
    mask = void_and_cluster.mask(16, 0)
    assert np.array_equal(mask, void_and_cluster.mask(16, 0))
    assert not np.array_equal(mask, void_and_cluster.mask(16, 1))
    flat = torch.full((1, 1, 40, 40), 0.3)
    printed = screens.blue_noise(flat, 16)
    assert torch.equal(printed[..., :16, :16], printed[..., 16:32, 16:32])
