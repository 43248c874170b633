"""Illusions are digits read wrong near and right from afar, of those that blur leaves."""

import pytest
import torch
from constant import Constant

from halftone_utils.digits import datasets
from halftone_utils.digits.datasets import as_float
from halftone_utils.studies import distance


@pytest.fixture
def two_blurs(monkeypatch):
    monkeypatch.setattr(distance, "SIGMAS", (0.0, 1.4))


def test_illusions_are_counted_of_the_originals_that_blur_leaves(two_blurs):
    near = torch.tensor([True, False, False, False])
    afar = torch.tensor([True, True, False, True])
    originals = torch.tensor([[True, True, True, True], [True, True, True, False]])
    rows = distance.rows_of("dots", torch.stack([near, afar]), originals)
    counts = [(r["sigma"], r.get("illusion"), r["n"], r["n_correct"]) for r in rows]
    assert counts == [(0.0, None, 4, 1), (0.0, True, 4, 0), (1.4, None, 4, 3), (1.4, True, 3, 1)]


def test_originals_are_no_illusion_and_none_is_counted_of_none(two_blurs):
    read = torch.ones(2, 3, dtype=torch.bool)
    assert len(distance.rows_of("original", read, read)) == 2
    assert len(distance.rows_of("dots", read, ~read)) == 2


def test_near_is_the_picture_itself_and_afar_has_its_contrast_again():
    images = as_float(datasets.load("validation", 32, 2)[0]) / 2
    assert distance.seen(images, 0.0) is images
    afar = distance.seen(images, 1.4)
    assert (float(afar.min()), float(afar.max())) == (0, 1)


def test_every_set_is_read_through_every_blur_once(results, monkeypatch):
    monkeypatch.setattr(distance.experiments, "ready", lambda experiment: Constant(3))
    found = distance.distance("lenet", n=20)
    threes = int((datasets.load("validation", 32, 20)[1] == 3).sum())
    for shown in distance.SHOWN:
        rows = [row for row in found.where(shown=shown) if "illusion" not in row]
        assert [row["sigma"] for row in rows] == [*distance.SIGMAS]
        assert {row["n_correct"] for row in rows} == {threes}
    assert {row["n_correct"] for row in found.where(illusion=True)} <= {0}
    monkeypatch.setattr(distance.experiments, "ready", None)  # what is there is not measured again
    assert distance.distance("lenet", n=20) == found
