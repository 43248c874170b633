"""Even and odd textures differ in the parity of 2x2 cells, and in nothing of lower order."""

from functools import cache

import pytest
import torch

from halftone_utils.captcha import challenge, drawing, iso_tone, legibility, solvers, texture
from halftone_utils.captcha.drawing import Dice, Letters

TEXT, SEED, SCHEME = "HALF7", 3, "iso-dipole"
SIDE = 48
OWN = challenge.SCHEMES[SCHEME].parameters


def halves():
    """The left half figure, the right half ground: two squares of SIDE pixels."""
    ink = torch.zeros(1, 1, SIDE, 2 * SIDE)
    ink[..., :SIDE] = 1
    return Letters(ink, torch.zeros(2 * SIDE, dtype=torch.long))


def second_order(draw, draws):
    """Means (2,) and autocorrelations (2, SIDE, SIDE) of figure and ground over many draws.

    Of pixels that are 1 or -1; by Wiener and Khinchin the transform of the mean power spectrum.
    """
    both = torch.cat([draw(halves(), Dice(f"draw {i}")) for i in range(draws)])
    parts = torch.stack([2 * both[:, 0, :, :SIDE] - 1, 2 * both[:, 0, :, SIDE:] - 1])
    power = torch.fft.fft2(parts).abs().square().mean(1)
    return parts.mean((1, 2, 3)), torch.fft.ifft2(power).real / SIDE**2


@pytest.fixture(scope="module")
def statistics():
    return second_order(lambda letters, dice: drawing.dipole(letters, dice, **OWN), 400)


def test_figure_and_ground_have_one_tone_within_one_percent(statistics):
    means, _ = statistics
    assert means.abs().max() < 0.02  # of -1 to 1


def test_figure_and_ground_have_one_autocorrelation_within_four_percent(statistics):
    _, (figure, ground) = statistics
    assert torch.allclose(torch.stack([figure[0, 0], ground[0, 0]]), torch.ones(2))
    assert (figure - ground).abs().max() < 0.04
    # and so one power spectrum: that of cells which are drawn one by one
    lag = torch.arange(SIDE).minimum(SIDE - torch.arange(SIDE))
    of_a_cell = (1 - lag / OWN["cell"]).clamp_min(0)
    assert (figure - of_a_cell[:, None] * of_a_cell).abs().max() < 0.04


def test_a_scheme_of_second_order_does_not_pass_for_one_of_fourth():
    given = challenge.SCHEMES["iso-tone-angle"].parameters
    _, (figure, ground) = second_order(
        lambda letters, dice: drawing.two_screens(letters, dice, **given), 10
    )
    assert (figure - ground).abs().max() > 0.3


def test_parities_are_those_asked_for():
    odd = torch.rand((40, 60), generator=torch.Generator().manual_seed(0)) < 0.5
    cells = iso_tone.of_parity(odd, torch.Generator().manual_seed(1))
    assert torch.equal(cells[1:, 1:] ^ cells[:-1, 1:] ^ cells[1:, :-1] ^ cells[:-1, :-1], odd)


@cache
def flat(flipped, ink):
    """A wide picture that is all figure or all ground."""
    letters = Letters(
        torch.full((1, 1, 512, 1024), float(ink)), torch.zeros(1024, dtype=torch.long)
    )
    return drawing.dipole(letters, Dice("flat"), cell=4, flipped=flipped, jitter=0, rotate=0)


@pytest.mark.parametrize("flipped", [0.0, 0.02, 0.1])
def test_figures_are_even_and_grounds_odd_less_what_flips_take(flipped):
    for ink, sign in ((1, 1), (0, -1)):
        products = texture.block_products(flat(flipped, ink), (4, 0))[..., 8:-8, 8:-8]
        expected = sign * (1 - 2 * flipped) ** 4
        assert float(products.mean()) == pytest.approx(expected, abs=0.03 if flipped else 1e-6)


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"cell": 3.0},
        {"cell": 5.0, "flipped": 0.0},
        {"rotate": 20.0},
        {"rotate": 20.0, "jitter": 0.2},
    ],
)
def test_a_map_of_parity_finds_letters_and_is_told_nothing_of_the_grid(change):
    letters = challenge.letters_of(TEXT, SCHEME, SEED)
    drawn = drawing.dipole(letters, Dice("any"), **{**OWN, **change})
    assert set(drawn.unique().tolist()) == {0.0, 1.0}
    dark = 1 - texture.PARITIES["parity sigma=4"](drawn)
    pair = torch.stack([dark.flatten(), letters.ink.flatten()])
    assert torch.corrcoef(pair)[0, 1] > 0.7


def test_no_tone_shows_them_and_no_map_of_energy_what_one_of_parity_does():
    image = solvers.as_tensor([challenge.make_captcha(TEXT, SCHEME, SEED)])
    ink = challenge.letters_of(TEXT, SCHEME, SEED).ink
    assert legibility.tone_contrast(image, ink) < 2

    def found_by(map_):
        pair = torch.stack([1 - map_(image).flatten(), ink.flatten()])
        return float(torch.corrcoef(pair)[0, 1].nan_to_num())

    # local energies of an even texture are as large and differ more: that much any map shows
    energies = max(found_by(map_) for map_ in texture.TEXTURES.values())
    assert found_by(texture.PARITIES["parity sigma=4"]) > energies + 0.15


def test_two_classes_are_told_from_one():
    generator = torch.Generator().manual_seed(0)
    one = torch.randn(20_000, generator=generator)
    assert texture.separability(one) == pytest.approx(2 / torch.pi, abs=0.02)
    assert texture.separability(one.sign()) == pytest.approx(1)
    assert texture.separability(torch.ones(9)) == 0
