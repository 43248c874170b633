"""Filters take dots away and leave letters; maps of texture show what a blur cannot."""

import math
from functools import cache

import pytest
import torch

from halftone_utils import screens
from halftone_utils.captcha import challenge, descreening, solvers, texture

TREATMENTS = {**descreening.FILTERS, **texture.TEXTURES, **texture.PARITIES}
TEXT = "HALF7"
# The best map for each: what differs between its figure and its ground.
MAPS = {
    "iso-tone-angle": ["orientation sigma=4", "Gabor sigma=4", "Gabor regions sigma=6"],
    "iso-tone-ruling": ["local frequency sigma=4", "Gabor sigma=4", "bands sigma=4"],
    "iso-tone-kind": ["coherence sigma=4", "Gabor sigma=4", "ruling and kind sigma=4"],
    "iso-tone-mixed": ["bands, two tones sigma=6"],
    "iso-dipole": [*texture.PARITIES],
}


@cache
def drawn(scheme):
    return solvers.as_tensor([challenge.make_captcha(TEXT, scheme, 3)])


@cache
def ink_of(scheme):
    return challenge.letters_of(TEXT, scheme, 3).ink.flatten()


def agreement(x, scheme):
    """Correlation of darkness with the ink of the letters; 0 for an even picture."""
    ink = ink_of(scheme)
    return float(torch.corrcoef(torch.stack([1 - x.flatten(), ink]))[0, 1].nan_to_num())


@pytest.mark.parametrize("name", TREATMENTS)
def test_a_treatment_is_of_each_picture_alone_and_stays_in_range(name):
    two = torch.cat([drawn("iso-tone-angle"), drawn("lines")])[:, :, :96, :160]
    treated = TREATMENTS[name](two)
    assert treated.shape == two.shape
    assert 0 <= treated.min() <= treated.max() <= 1
    alone = TREATMENTS[name](two[1:])
    assert torch.allclose(alone, treated[1:], atol=1e-4)


@pytest.mark.parametrize(
    ("filter_", "scheme"),
    [
        ("Gaussian sigma=5", "round-dots"),
        ("median side=13", "round-dots"),
        ("bilateral sigma=4 tones=0.7", "round-dots"),
        ("down and up factor=8", "lines"),
        ("closing side=5", "round-dots"),
        ("notch peaks=6", "round-dots"),
    ],
)
def test_a_filter_undoes_a_screen_of_two_tones(filter_, scheme):
    printed = drawn(scheme)
    restored = agreement(descreening.FILTERS[filter_](printed), scheme)
    assert restored > agreement(printed, scheme) + 0.1


@pytest.mark.parametrize("scheme", ["iso-tone-angle", "iso-dipole"])
@pytest.mark.parametrize("filter_", descreening.FILTERS)
def test_no_filter_finds_letters_in_one_tone(filter_, scheme):
    assert agreement(descreening.FILTERS[filter_](drawn(scheme)), scheme) < 0.45


@pytest.mark.parametrize(("scheme", "map_"), [(s, m) for s, found in MAPS.items() for m in found])
def test_a_map_of_texture_finds_them(scheme, map_):
    assert abs(agreement(TREATMENTS[map_](drawn(scheme)), scheme)) > 0.6


def test_a_notch_takes_a_waves_frequency_out_and_leaves_the_rest():
    x = torch.arange(160.0)
    slow = 0.5 + 0.2 * torch.cos(2 * torch.pi * x / 80)
    wave = 0.2 * torch.cos(2 * torch.pi * x / 8)
    given = (slow + wave).expand(1, 1, 160, 160)
    left = descreening.notch(given, peaks=1)
    assert torch.allclose(left, slow.expand(1, 1, 160, 160), atol=1e-3)


def test_the_structure_tensor_tells_angle_and_coherence():
    for angle in (0.0, 20.0, 110.0):
        lines = screens.halftone(
            torch.full((1, 1, 128, 128), 0.5), "am", ruling=6.0, angle=angle, dot="line"
        )
        _, c, s, coherence = texture.structure(lines, 8.0)[0, :, 32:96, 32:96].mean((1, 2))
        turned = torch.rad2deg(torch.atan2(s, c)) / 2 - (angle + 90)  # slopes run across lines
        assert abs((float(turned) + 90) % 180 - 90) < 3
        assert coherence > 0.9


def test_local_frequency_is_a_waves():
    x = torch.arange(200.0)
    for ruling in (6.0, 9.0, 14.0):
        wave = (0.5 + 0.4 * torch.cos(2 * torch.pi * x / ruling)).expand(1, 1, 200, 200)
        found = texture.local_frequency(wave, 12.0)[0, 0, 60:140, 60:140].exp().mean()
        assert float(found) == pytest.approx(math.sin(2 * math.pi / ruling), rel=0.05)


def test_maps_are_dark_on_light():
    ring = torch.ones(1, 1, 60, 60)
    ring[..., 20:40, 20:40] = 0
    for given in (ring, 1 - ring):
        assert texture.dark_on_light(given)[0, 0, 0, 0] == 1
