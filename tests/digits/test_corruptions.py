"""MNIST-C's corruptions are of the strength that the paper gives, and each digit's own."""

import numpy as np
import pytest
import torch

from halftone_utils.digits import datasets
from halftone_utils.digits.corruptions import CORRUPTIONS, corrupted


@pytest.fixture(scope="module")
def digits():
    return datasets.load("validation", 28, 12)[0]


@pytest.fixture(scope="module")
def dot():
    """A white square of 4 x 4 pixels, above and to the left of the middle."""
    image = torch.zeros(1, 1, 28, 28, dtype=torch.uint8)
    image[..., 8:12, 10:14] = 255
    return image


def centre(images):
    """Where the light of a picture lies, (down, across) from its middle [px]."""
    light = images[0, 0].double()
    y, x = torch.meshgrid(*[torch.arange(28.0).double() - 13.5] * 2, indexing="ij")
    return np.array([float((light * at).sum() / light.sum()) for at in (y, x)])


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_a_corruption_changes_digits_and_each_by_itself(name, digits):
    found = corrupted(digits, name)
    assert found.shape == digits.shape and found.dtype == torch.uint8
    assert all((found != digits).flatten(1).any(1))
    assert corrupted(digits[:3], name).equal(found[:3])


@pytest.mark.parametrize(
    "name", ["scale", "brightness", "stripe", "canny edges"], ids=lambda name: name
)
def test_what_is_not_random_is_the_same_for_every_digit(name, dot):
    found = corrupted(dot.expand(5, -1, -1, -1), name)
    assert (found == found[:1]).all()


def test_noises_have_the_paper_s_strength():
    white = torch.full((40, 1, 28, 28), 255, dtype=torch.uint8)
    shot = corrupted(white, "shot noise") / 255.0
    assert {*(3 * shot).round().unique().tolist()} == {0, 1, 2, 3}
    assert float((shot == 0).float().mean()) == pytest.approx(np.exp(-3), abs=0.01)
    grey = corrupted(white // 2, "impulse noise")
    for extreme in (0, 255):
        assert float((grey == extreme).float().mean()) == pytest.approx(0.17 / 2, abs=0.01)


def test_geometry_is_about_the_middle(dot):
    was = centre(dot)
    assert centre(corrupted(dot, "scale")) == pytest.approx(0.7 * was, abs=0.2)
    assert np.abs(centre(corrupted(dot, "translate")) - was) == pytest.approx([3, 3], abs=0.02)
    turned = centre(corrupted(dot, "rotate"))
    assert np.hypot(*turned) == pytest.approx(np.hypot(*was), abs=0.05)
    assert was @ turned / np.hypot(*was) ** 2 == pytest.approx(np.cos(0.4), abs=0.02)
    sheared = centre(corrupted(dot, "shear"))
    down = was[0] / np.cos(0.4)
    assert sheared[0] == pytest.approx(down, abs=0.05)
    assert abs(sheared[1] - was[1]) == pytest.approx(abs(down) * np.sin(0.4), abs=0.05)


def test_grounds_are_of_the_paper_s_brightness(dot):
    black = torch.zeros_like(dot)
    assert {*corrupted(black, "brightness").unique().tolist()} == {128}
    striped = corrupted(black, "stripe")[0, 0]
    assert all(striped[:, k].eq(255 * (k < 7 or k >= 21)).all() for k in range(28))
    lit = corrupted(dot.expand(30, -1, -1, -1), "fog")[..., 8:12, 10:14].float().mean()
    unlit = corrupted(dot.expand(30, -1, -1, -1), "fog")[..., 20:24, 10:14].float().mean()
    assert float(lit - unlit) == pytest.approx(255 / 4, abs=10)  # a quarter of the contrast is left


def test_blurs_keep_the_light_and_lines_add_some(dot):
    light = float(dot.float().sum())
    for name in ("glass blur", "motion blur"):
        assert float(corrupted(dot, name).float().sum()) == pytest.approx(light, rel=0.03)
    motion = corrupted(dot, "motion blur")
    assert centre(motion)[1] < centre(dot)[1] - 1  # it has a tail on one side
    for name in ("dotted line", "zigzag"):
        black = corrupted(torch.zeros_like(dot).expand(20, -1, -1, -1), name)
        columns = (black > 0).any(2).float().mean((0, 1))
        assert columns[0] == 0 and columns[3] == 1  # the first dot, or the zigzag's first stroke
    spattered = corrupted(torch.zeros_like(dot).expand(20, -1, -1, -1), "spatter")
    assert 50 < int(spattered.max()) <= 63


def test_edges_lie_on_both_sides_of_a_stroke_and_nothing_between():
    stroke = torch.zeros(1, 1, 28, 28, dtype=torch.uint8)
    stroke[..., 11:17] = 255
    edges = corrupted(stroke, "canny edges")[0, 0, 14] > 0
    assert edges[10:12].any() and edges[16:18].any()
    assert not edges[:10].any() and not edges[12:16].any() and not edges[18:].any()


def test_bad_names_and_sizes_are_refused_in_a_sentence(digits):
    with pytest.raises(ValueError, match="corruption is 'frost'; it is one of shot noise"):
        corrupted(digits, "frost")
    with pytest.raises(ValueError, match=r"digits are \(32, 32\) pixels; they are 28 x 28"):
        corrupted(datasets.resize(digits, 32), "fog")
