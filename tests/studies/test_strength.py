"""Curves count what each network reads, and gain networks on the same halftones."""

import pytest
import torch
from constant import Constant

from halftone_utils.digits import datasets, points
from halftone_utils.networks import training
from halftone_utils.results import table
from halftone_utils.studies import strength


@pytest.fixture
def constant(monkeypatch):
    """Networks that answer their seed; which were asked for."""
    asked = []

    def trained(experiment):
        asked.append(experiment.stem)
        return Constant(experiment.seed), 1.0

    monkeypatch.setattr(strength, "trained", trained)
    return asked


def test_each_iteration_and_its_view_from_afar_is_read_by_each_network():
    models = {("lenet", 3): Constant(3), ("vgg16", 7): Constant(7)}
    rows = strength.iteration_rows(points.load("talk"), models, 2, 30)
    labels = datasets.load("validation", 32, 30)[1]
    assert len(rows) == 2 * 2 * 3
    assert {row["iteration"] for row in rows} == {0, 1, 2}
    assert {row["from_afar"] for row in rows} == {False, True}
    for row in rows:
        assert (row["n"], row["n_correct"]) == (30, int((labels == row["seed"]).sum()))


def test_a_curve_keeps_the_networks_that_were_measured_before(results, constant):
    few = {"iterations": 1, "n": 20}
    strength.strength("curve", networks=("lenet",), **few)
    found = strength.strength("curve", networks=("vgg16", "alexnet"), **few)
    assert [*table.curve(found, False).columns] == [("lenet", 0), ("vgg16", 0), ("alexnet", 0)]
    assert found.measured["target"] == 81.46  # by LeNet alone, which was there already
    assert found.config["point"]["name"] == "talk"
    assert "iterations" not in found.config["point"]
    constant.clear()
    for changed, named in (
        ({"n": 30}, "n .20, not 30."),
        ({"iterations": 2}, "iterations .1, not"),
    ):
        with pytest.raises(ValueError, match=named):
            strength.strength("curve", **{**few, **changed})
    assert constant == []  # refused before anything was trained


def test_the_iteration_is_chosen_over_all_seeds_of_the_file(results, constant, monkeypatch):
    known = []
    choose = strength.choose_iterations
    monkeypatch.setattr(
        strength,
        "choose_iterations",
        lambda rows, target: known.append(rows) or choose(rows, target),
    )
    for seeds in ((0, 1), (2,), (2,)):
        strength.strength("curve", networks=("lenet",), seeds=seeds, iterations=1, n=20)
    assert [{row["seed"] for row in rows} for rows in known] == [{0, 1}, {0, 1, 2}, {0, 1, 2}]
    assert len(known[1]) == len(known[2]) == 3 * 2 * 2


def test_weights_are_compared_at_the_frozen_iterations(results, constant):
    found = strength.strength("weights", networks=("lenet",), ratios=(0.1, 0.01), n=10)
    assert found.study == "weights"
    assert "beta" not in found.config["point"]
    assert found.config["point"]["iterations"] == points.load("talk").iterations
    assert found.measured == {"frozen": 0.01}
    assert [*table.curve(found, True).index] == [0.01, 0.1]


def test_what_is_not_drawn_by_style_transfer_has_no_curve(constant):
    with pytest.raises(ValueError, match="strong-32 is drawn by a screen"):
        strength.strength("curve", point="strong")
    with pytest.raises(ValueError, match="architecture is 'resnet'"):
        strength.strength("curve", networks=("resnet",))
    assert constant == []


def test_large_pictures_are_read_in_the_precision_of_their_test_sets(monkeypatch):
    fast = []

    def count(model, images, labels, *, fast: bool, seen=fast):
        seen.append(fast)
        return 0

    monkeypatch.setattr(training, "count_right", count)
    for size in (32, 256):
        drawn = torch.zeros(1, 1, size, size)
        point = points.load("talk", size)
        strength.curve_rows({("lenet", 0): Constant(0)}, point, drawn, torch.tensor([0]))
    assert fast == [False, False, True, True]
