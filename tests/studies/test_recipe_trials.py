"""Trials of recipes: trained on one set, read on its validation digits, and kept as they were."""

import pytest

from halftone_utils.engine.configs import config_of
from halftone_utils.networks import training
from halftone_utils.report import sentences
from halftone_utils.results import intervals
from halftone_utils.studies import experiments, recipes
from halftone_utils.studies.experiments import Experiment


def run(**options):
    return recipes.recipes("lenet", **{"rates": (4e-3,), "n": 300, "n_validation": 100, **options})


def test_a_trial_is_kept_with_its_recipe_and_replaced_by_the_same_again(results):
    run()
    run()
    run(small=((32, 200),))
    found = run(shift=0)
    plain, small, unmoved = found.rows
    assert [path.name for path in results.iterdir()] == ["recipes.json"]
    assert (plain["n_train"], plain["n"]) == (300, 100)
    assert 0 <= plain["n_correct"] <= 100
    assert plain["recipe"] == config_of(training.Recipe(epochs=1, learning_rate=4e-3))
    assert small["recipe"]["small"] == [[32, 200]]
    assert unmoved["recipe"]["shift"] == 0
    said = sentences.recipes(found)
    assert len(said) == 3
    share = intervals.percent(plain["n_correct"], 100, form="{} % [{}, {}]")
    assert any(f"{share} of 100 validation digits" in sentence for sentence in said)
    assert sum("shifted by up to 0 px" in sentence for sentence in said) == 1
    assert any("200 at 32 px, then one epoch of 300" in sentence for sentence in said)


def test_a_trial_that_is_an_experiment_of_the_grid_trains_that_one(results, tmp_path, monkeypatch):
    monkeypatch.setattr(experiments, "CHECKPOINTS", tmp_path)
    experiment = Experiment(architecture="lenet", n_train=300)
    epochs, rate = experiment.recipe.epochs, experiment.recipe.learning_rate
    found = run(rates=(rate,), epochs=epochs)
    assert experiment.checkpoint.exists()
    assert f"{epochs} epochs of 300 in batches of 128" in sentences.recipes(found)[0]


def test_what_is_not_allowed_is_named_before_anything_is_trained(results):
    for wrong, named in (
        ({"architecture": "resnet"}, "architecture is 'resnet'; it is one of lenet"),
        ({"size": 64}, "size is 64; it is one of 32, 256"),
        ({"shift": -1}, "shift is -1; it is a whole number from 0"),
        ({"small": ((0, 300),)}, "side of small is 0"),
        ({"train_on": "nothing"}, "train_on is 'nothing'; it is one of original"),
    ):
        with pytest.raises(ValueError, match=named):
            recipes.recipes(**{"architecture": "lenet", "rates": (4e-3,), **wrong})
    assert not results.exists()
