"""A drawing becomes a digit as MNIST has them, wherever and however large it was drawn."""

import pytest
import torch

from halftone_utils.digits import datasets, handwriting
from halftone_utils.networks import training
from halftone_utils.studies import experiments

SEVEN = [[(60, 60), (160, 60), (100, 190)]]
ONE = [[(110, 40), (105, 200)]]


def digit(strokes, side=224, width=18):
    return handwriting.as_mnist(handwriting.ink(strokes, side, width))


@pytest.mark.parametrize("strokes", [SEVEN, ONE, [[(10, 10)]]], ids=["seven", "one", "dot"])
def test_it_fills_the_box_and_its_mass_is_in_the_middle(strokes):
    image = digit(strokes)
    assert image.shape == (1, 1, 28, 28)
    assert image.dtype == torch.uint8
    rows, columns = (image[0, 0] > 0).nonzero(as_tuple=True)
    height, width = (int(i.max() - i.min()) + 1 for i in (rows, columns))
    assert max(height, width) in (19, 20)
    mass = image[0, 0].float()
    for axis in (0, 1):
        profile = mass.sum(axis)
        centre = (profile * (torch.arange(28) + 0.5)).sum() / profile.sum()
        assert centre == pytest.approx(14, abs=1)


def test_where_and_how_large_it_was_drawn_does_not_matter():
    moved = [[(x + 30, y + 20) for x, y in SEVEN[0]]]
    twice = [[(2 * x, 2 * y) for x, y in SEVEN[0]]]
    assert torch.equal(digit(SEVEN), digit(moved))
    apart = (digit(SEVEN).float() - digit(twice, 448, 36).float()).abs()
    assert apart.mean() < 4


def test_every_published_network_reads_what_was_drawn():
    drawn = torch.cat([datasets.resize(digit(strokes), 32) for strokes in (SEVEN, ONE)])
    networks = experiments.all_published()
    assert len(networks) >= 4
    for experiment, model in networks:
        assert training.predict(model, drawn).tolist() == [7, 1], experiment.stem


def test_an_empty_drawing_is_named():
    for strokes in ([], [[]]):
        with pytest.raises(ValueError, match="Nothing is drawn yet"):
            digit(strokes)
