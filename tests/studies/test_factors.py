"""Trainings that differ in one thing: which, from what start, and none of them twice."""

from dataclasses import fields

import pandas as pd
import pytest
from constant import Constant

from halftone_utils.engine.files import DATA, read_toml
from halftone_utils.networks import architectures, training
from halftone_utils.networks.builders import INPUTS
from halftone_utils.studies import experiments, factors


def test_every_change_is_of_a_recipe_or_of_the_inputs_scale():
    known = {field.name for field in fields(training.Recipe)}
    for architecture, changes in read_toml(DATA / "factors.toml").items():
        assert architecture in architectures.ARCHITECTURES
        assert changes[0] == {}
        for change in changes:
            assert {*change} <= known | {"scale"}
            assert change.get("scale", "per image") in INPUTS
            assert changes.count(change) == 1


def test_a_training_has_the_recipe_but_for_the_change(monkeypatch, tmp_path):
    asked = []
    monkeypatch.setattr(factors, "CACHE", tmp_path)
    monkeypatch.setattr(training, "fit", lambda model, x, y, recipe, **how: asked.append(recipe))
    model = factors.train("lenet", {"shift": 0, "scale": "fixed"}, 0)
    assert isinstance(model[0], type(INPUTS["fixed"]()))
    (recipe,) = asked
    own = architectures.ARCHITECTURES["lenet"].recipes[32]
    assert (recipe.shift, recipe.epochs) == (0, own.epochs)


def test_without_a_change_it_is_the_tables_own_network():
    own, published = factors.train("lenet", {}, 0), experiments.published("lenet")
    for ours, theirs in zip(own.parameters(), published.parameters(), strict=True):
        assert ours.equal(theirs)


def test_what_is_measured_is_not_trained_again(results, monkeypatch):
    trained = []

    def train(architecture, change, seed):
        trained.append(change)
        return Constant(7)

    monkeypatch.setattr(factors, "train", train)
    monkeypatch.setattr(factors, "SHOWN", ("original",))
    monkeypatch.setattr(factors.channel, "RMS", (0.5,))
    monkeypatch.setattr(factors, "changes_of", lambda architecture: [{}, {"shift": 0}])
    first = factors.factors("lenet", n=50)
    monkeypatch.setattr(
        factors, "changes_of", lambda architecture: [{}, {"shift": 0}, {"shift": 1}]
    )
    few = factors.factors("lenet", n=50, first=2)
    assert trained == [{}, {"shift": 0}] and few.rows == first.rows
    again = factors.factors("lenet", n=50)
    assert trained == [{}, {"shift": 0}, {"shift": 1}]
    assert len(again.where(change={})) == len(first.where(change={})) > 2


def test_an_architecture_without_factors_is_named():
    with pytest.raises(ValueError, match="architecture is 'mine'; it is one of lenet, alexnet"):
        factors.factors("mine")


def test_the_spread_is_shared_out_among_what_was_changed():
    effects = {"architecture": {"a": 0, "b": 10}, "change": {"x": 0, "y": 20}, "seed": {0: 0, 1: 2}}
    rows = [
        {"architecture": a, "change": c, "seed": s, "accuracy": 50 + of_a + of_c + of_s}
        for a, of_a in effects["architecture"].items()
        for c, of_c in effects["change"].items()
        for s, of_s in effects["seed"].items()
    ]
    found = factors.shares_of_spread(pd.DataFrame(rows))
    assert found == pytest.approx(
        {"architecture": 25 / 126, "recipe": 100 / 126, "both together": 0, "seed": 1 / 126}
    )


def test_every_change_has_words_of_its_own():
    for changes in read_toml(DATA / "factors.toml").values():
        words = [factors.in_words(change) for change in changes]
        assert len({*words}) == len(words)
