"""The search for the talk's pair: what is shown to whom, what counts as a pair, what is nearest."""

from dataclasses import fields

import pytest
import torch
from constant import Constant

from halftone_utils.digits import datasets, points
from halftone_utils.digits.datasets import as_float
from halftone_utils.engine.files import read_toml
from halftone_utils.networks import architectures, training
from halftone_utils.results import store
from halftone_utils.studies import talk_pair

DOSE = {"beta": 1e3, "iterations": 8}
TRAINING = {"scale": "fixed", "learning_rate": 1e-3, "epochs": 2}


def row(architecture, right, **of):
    return {"architecture": architecture, "training": TRAINING, "n": 100, "n_correct": right, **of}


def result(*rows):
    return store.Result(study="talk pair", stem="talk-pair-s0", config={}, rows=[*rows])


def test_every_training_and_dose_can_be_had():
    of_2018 = read_toml(talk_pair.FILE)
    for change in of_2018["trainings"]:
        asked = {**of_2018["common"], **change}
        assert {*asked} <= {field.name for field in fields(training.Recipe)} | {"scale"}
    for builder in of_2018["builders"].values():
        assert architectures.assemble(builder, 32)(torch.zeros(1, 1, 32, 32)).shape == (1, 10)
    names = {field.name for field in fields(points.StylePoint)}
    assert all({*dose} <= names for dose in of_2018["doses"])


def test_a_network_starts_from_pytorchs_weights_and_is_trained_as_the_row_says(
    monkeypatch, tmp_path
):
    asked = []
    monkeypatch.setattr(talk_pair, "CACHE", tmp_path)
    monkeypatch.setattr(training, "fit", lambda model, x, y, recipe, **how: asked.append(recipe))
    model = talk_pair.train("lenet", {**TRAINING, "momentum": 0.9}, 0)
    own = architectures.assemble("lenet5", 32, 0, scale="fixed", he=False)
    assert model[1].weight.equal(own[1].weight)
    assert model[1].weight.abs().max() <= 0.2  # uniform, to 1 / sqrt of a kernel's 25 pixels
    (recipe,) = asked
    assert (recipe.momentum, recipe.constant, recipe.shift) == (0.9, True, 0)


def test_a_pair_is_of_one_training_at_one_dose_and_reads_originals():
    shown = {"shown": "halftone", "dose": DOSE}
    trained = [row("lenet", 99, shown="original"), row("alexnet", 98, shown="original")]
    found = talk_pair.pairs(
        result(*trained, row("lenet", 80, **shown), row("alexnet", 30, **shown))
    )
    assert [(pair.lenet, pair.alexnet, pair.dose) for pair in found] == [(80, 30, DOSE)]
    assert found[0].off == pytest.approx(30 - 21.46)
    both = result(*trained, row("lenet", 80, **shown), row("alexnet", 30, **shown))
    assert talk_pair.by_kind([both, both]) == {"AlexNet, a script of 2018": [(80, 30)] * 2}
    alone = row("alexnet", 30, **{**shown, "dose": {**DOSE, "iterations": 9}})
    other = row("alexnet", 30, **shown) | {"training": {**TRAINING, "epochs": 3}}
    untrained = row("small-alexnet", 60, shown="original"), row("small-alexnet", 21, **shown)
    without = result(*trained, row("lenet", 80, **shown), alone, other, *untrained)
    assert talk_pair.pairs(without) == []


def test_the_nearest_pair_counts_as_it_reads_other_digits():
    shown, trained = {"shown": "halftone", "dose": DOSE}, []
    for name in ("lenet", "alexnet", "small-alexnet"):
        trained.append(row(name, 99, shown="original"))
    search = [row("lenet", 81, **shown), row("alexnet", 50, **shown)]
    search.append(row("small-alexnet", 22, **shown))
    assert talk_pair.nearest(result(*trained, *search)).network["architecture"] == "small-alexnet"
    assert talk_pair.confirmed(result(*trained, *search)) is None
    again = [
        row("lenet", 85, **shown, further=True),
        row("small-alexnet", 40, **shown, further=True),
    ]
    pair = talk_pair.confirmed(result(*trained, *search, *again))
    assert (pair.lenet, pair.alexnet) == (85, 40)


def test_each_dose_is_drawn_after_each_of_its_iterations():
    images = as_float(datasets.load("validation", 32, 2)[0])
    found = talk_pair.drawn({"ruling": 4.0, "iterations": [1, 2]}, images)
    assert {i: (x.dtype, x.shape) for i, x in found.items()} == dict.fromkeys(
        (1, 2), (torch.uint8, images.shape)
    )
    assert not found[1].equal(found[2])


def test_a_search_goes_on_with_what_is_new(results, monkeypatch):
    loaded = []

    def network(architecture, digit):
        return {
            "architecture": architecture,
            "training": TRAINING,
        }, lambda: loaded.append(architecture) or Constant(digit)

    monkeypatch.setattr(talk_pair, "TRAINED", 0)
    few = {"doses": [{"iterations": [1]}]}
    monkeypatch.setattr(talk_pair, "read_toml", lambda path: few)
    monkeypatch.setattr(talk_pair, "networks", lambda seed, trainings: [network("lenet", 7)])
    talk_pair.talk_pair(n=10, further=5)
    both = [network("lenet", 7), network("alexnet", 1)]
    monkeypatch.setattr(talk_pair, "networks", lambda seed, trainings: both)
    found = talk_pair.talk_pair(n=10, further=5)
    assert loaded == ["lenet", "alexnet", "lenet", "alexnet"]  # search, search, then other digits
    assert len(found.rows) == 2 * 2 + 2
    labels = datasets.load("validation", 32, 15)[1]
    again = talk_pair.confirmed(found)
    assert again.lenet == pytest.approx(100 * float((labels[10:] == 7).float().mean()))
    talk_pair.talk_pair(n=10, further=5)
    assert len(loaded) == 4
