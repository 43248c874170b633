"""The illusion index of any module, by pictures whose answers are known."""

import math

import pytest
import torch
from torch import nn

from halftone_utils import studies
from halftone_utils.digits import datasets
from halftone_utils.digits.datasets import as_float
from halftone_utils.engine.files import RESULTS
from halftone_utils.results import store
from halftone_utils.studies import distance, experiments, index

HALVES = torch.full((4, 1, 64, 64), 0.3)
HALVES[:2, :, :, 32:] = 0.7  # two are brighter at the right, two at the left
HALVES[2:, :, :, :32] = 0.7


class Smooth(nn.Module):
    """Answers 1 where the right half is brighter, else 0; but 2 for a picture full of edges."""

    def forward(self, images):
        edges = (images.diff(dim=-1).abs() > 0.5).float().mean((1, 2, 3)) > 0.05
        left, right = (half.mean((1, 2, 3)) for half in images.chunk(2, dim=-1))
        return nn.functional.one_hot(torch.where(edges, 2, (right > left).long()), 3).float()


def test_a_network_that_any_dot_puts_off_has_the_illusion_once_the_dots_are_blurred():
    labels = torch.tensor([1, 1, 0, 1])  # the last is read wrong by all
    found = index.illusion_index(Smooth(), HALVES, labels, sigmas=(0.0, 8.0))
    near, afar = (row for _, row in found.iterrows())
    assert (near["original"], near["halftone"], near["index"]) == (75, 0, 0)
    assert afar["n"] == 4
    assert afar["index"] == 100
    assert near["counted"] == 3
    assert 0 <= near["low"] <= near["index"] <= near["high"] <= 100


def test_colour_is_screened_by_luminance_and_the_batch_does_not_matter():
    labels, colour = torch.tensor([1, 1, 0, 0]), HALVES.repeat(1, 3, 1, 1)
    grey, three = (
        index.illusion_index(Smooth(), x, labels, sigmas=(0.0, 2.0)) for x in (HALVES, colour)
    )
    one = index.illusion_index(Smooth(), HALVES, labels, sigmas=(0.0, 2.0), batch=1)
    assert grey.equals(three)
    assert grey.equals(one)


def test_none_counted_is_no_number():
    found = index.illusion_index(Smooth(), HALVES, torch.tensor([2, 2, 2, 2]), sigmas=(0.0,))
    assert math.isnan(found["index"][0])


def test_it_says_what_the_study_of_distance_says():
    images, labels = datasets.load("validation", 32, 200)
    from halftone_utils.digits import points

    model = experiments.published("lenet")
    found = index.illusion_index(
        model, as_float(images), labels, points.load("strong").halftone, sigmas=(0.0, 1.4)
    )
    study = store.read(RESULTS / "distance-lenet-32-original-s0.json")
    (row,) = (row for row in study.where(shown="halftone-strong", sigma=1.4) if row.get("illusion"))
    assert found["index"][1] == pytest.approx(100 * row["n_correct"] / row["n"], abs=6)
    assert {*distance.SIGMAS} >= {0.0, 1.4}


@pytest.mark.parametrize(
    ("pictures", "labels", "said"),
    [
        (
            torch.zeros(2, 2, 8, 8),
            torch.zeros(2).long(),
            r"pictures are .* \(2, 2, 8, 8\)",
        ),
        (torch.zeros(2, 1, 8, 8).byte(), torch.zeros(2).long(), "floats"),
        (torch.full((2, 1, 8, 8), 1.5), torch.zeros(2).long(), r"pictures leave \[0, 1\]"),
        (torch.full((2, 1, 8, 8), math.nan), torch.zeros(2).long(), r"pictures leave \[0, 1\]"),
        (torch.zeros(2, 1, 8, 8), torch.zeros(3).long(), r"labels are \(3,\); one for each of 2"),
        (torch.zeros(0, 1, 8, 8), torch.zeros(0).long(), "labels are"),
    ],
)
def test_what_cannot_be_taken_is_one_sentence(pictures, labels, said):
    with pytest.raises(ValueError, match=said):
        index.illusion_index(Smooth(), pictures, labels)


def test_the_command_reads_the_reports_networks():
    found = studies.index.index("lenet", n=50, kind="floyd-steinberg")
    assert [*found["sigma"]] == [*distance.SIGMAS]
    with pytest.raises(ValueError, match="kind is 'dots'; it is one of"):
        studies.index.index("lenet", kind="dots")
